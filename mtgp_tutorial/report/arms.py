"""The models that the report compares, and the baseline.

The Python that does what the command did, for those who want to go on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gpytorch.kernels import Kernel, MaternKernel, RBFKernel

from mtgp_tutorial.judging.comparing import standard_arms
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.holes import own_rows
from mtgp_tutorial.table.data import TaskData

KERNELS = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5, "rbf": None}
BASELINE, LMC = "independent, shared", "LMC"
# the line of Python that builds each arm, for the program that repeats the report
CODE = {
    BASELINE: 'independent(data, hyper="shared", kernel=kernel)',
    "ICM": "icm(data, kernel=kernel)",
    "ICM, full noise": 'icm(data, noise="full", kernel=kernel)',
    LMC: "lmc(data, kernels=[kernel, kernel])",
}


def kernel(name: str, inputs: int) -> Kernel:
    """A kernel by its name on the command line; with several inputs, each has a length-scale of its own."""
    width, nu = inputs if inputs > 1 else None, KERNELS[name]
    return RBFKernel(ard_num_dims=width) if nu is None else MaternKernel(nu=nu, ard_num_dims=width)


def kernel_code(name: str, inputs: int) -> str:
    """The same as a line of Python."""
    nu, width = KERNELS[name], f"ard_num_dims={inputs}" if inputs > 1 else ""
    return f"RBFKernel({width})" if nu is None else f"MaternKernel(nu={nu}{', ' * bool(width)}{width})"


def arms_for(data: TaskData, name: str, *, lmc: bool = True) -> dict[str, Callable[[TaskData], Model]]:
    """The baseline and what shares, by name.

    Full noise needs rows that hold several values, the LMC three tasks or more, and time (lmc).
    """
    arms = standard_arms(kernel(name, data.x.shape[1]))
    wanted = [BASELINE, "ICM", *(["ICM, full noise"] * (not own_rows(data))), *([LMC] * (lmc and data.num_tasks > 2))]
    return {arm: arms[arm] for arm in wanted}


PROGRAM = '''"""What the command did, step by step; run it where the command was run."""

from gpytorch.kernels import {kernel}

from mtgp_tutorial import {compare}fit, {builder}, impute, read_table, report

data = read_table({call})
data = report.prepared(data{more})
print(data)
kernel = {kernel_code}
fitted = fit({build}, seed={seed})
print(fitted.correlation.round(2).to_string())
report.write_filled({filled!r}, data, impute(fitted){log})

# the trials; those that the file of the store holds are not fitted again
trials = report.plan(data, report.kinds_of(data)[0], {trials}, seed={seed})
models = report.arms_for(data, {name!r}, lmc={lmc})
{results}
print(report.decide(results, trials, data).asked.round(3).to_string())
'''
EACH = """tables = {{trial.label: trial.tables(data) for trial in trials}}
results = compare(tables.get, tables, models, store={store!r}, seed={seed})"""
AT_ONCE = "results, _ = report.try_once(data, trials, models, {folder!r}, {seed}, 1)"  # parameters for many trials


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
        results=(AT_ONCE if at_once else EACH).format(folder=folder, store=f"{folder}/trials.csv", seed=seed),
    )
