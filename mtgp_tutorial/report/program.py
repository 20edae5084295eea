"""The Python that does what the command did, for those who want to go on from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mtgp_tutorial.report.arms import CODE, kernel_code

PROGRAM = '''"""What the command did, step by step; run it where the command was run."""

from gpytorch.kernels import {kernel}

from mtgp_tutorial import {compare}fit, {builder}, impute, read_table
from mtgp_tutorial.report import arms, deciding, hiding, kinds, {once}reading, writing

data = read_table({call})
data = reading.prepared(data{more})
print(data)
kernel = {kernel_code}
fitted = fit({build}, seed={seed})
print(fitted.correlation.round(2).to_string())
writing.write_filled({filled!r}, data, impute(fitted){log})

# the trials; those that the file of the store holds are not fitted again
trials = hiding.plan(data, kinds.kinds_of(data)[0], {trials}, seed={seed})
models = arms.arms_for(data, {name!r}, lmc={lmc})
{results}
print(deciding.decide(results, trials, data).asked.round(3).to_string())
'''
EACH = """tables = {{trial.label: trial.tables(data) for trial in trials}}
results = compare(tables.get, tables, models, store={store!r}, seed={seed})"""
AT_ONCE = "results, _ = once.try_once(data, trials, models, {folder!r}, {seed}, 1)"  # parameters for many trials


def program(
    path: str,
    call: dict[str, Any],
    *,
    every: int | None,
    log: Sequence[str],
    kernel: str,
    inputs: int,
    fills: str,
    lmc: bool,
    at_once: bool,
    trials: int,
    seed: int,
    folder: str,
) -> str:
    """The program as text. call: the arguments of `read_table`, as they were settled; fills: the arm that fills."""
    given = ", ".join([repr(path), *(f"{name}={value!r}" for name, value in call.items())])
    code = kernel_code(kernel, inputs)
    chosen = {"every": every, "log": list(log)}
    more = "".join(f", {name}={value!r}" for name, value in chosen.items() if value)
    return PROGRAM.format(
        kernel=code.split("(")[0],
        builder=CODE[fills].split("(")[0],
        call=given,
        more=more,
        kernel_code=code,
        build=CODE[fills],
        seed=seed,
        filled=f"{folder}/filled.csv",
        log=f", log={list(log)!r}" if log else "",
        trials=trials,
        name=kernel,
        lmc=lmc,
        compare="" if at_once else "compare, ",
        once="once, " if at_once else "",
        results=(AT_ONCE if at_once else EACH).format(folder=folder, store=f"{folder}/trials.csv", seed=seed),
    )
