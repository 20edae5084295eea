"""The report: on the command line, with its exit codes, and of a data frame in a notebook.

The run itself: trials, claim, the filled table, and the page.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gpytorch
import matplotlib
import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import __version__, plots
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.model import Model
from mtgp_tutorial.predicting import impute
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables.filling import fill
from mtgp_tutorial.tables.forecasting import NotApplicable
from mtgp_tutorial.tables.report import deciding, page, words
from mtgp_tutorial.tables.report.holes import PLACES, missing
from mtgp_tutorial.tables.report.options import FIT, HOW, REPORT, Refused, command, in_options, put
from mtgp_tutorial.tables.report.planning import Job, prepare
from mtgp_tutorial.tables.report.tables import write_filled
from mtgp_tutorial.tables.report.trials import FULL, ICM, in_words, try_all
from mtgp_tutorial.tables.store import StoreError

DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 130


def from_command_line(asked: argparse.Namespace) -> int:
    """The command; returns its exit code: 0 done, 1 no fit or no file, 2 refused, 130 stopped by Ctrl-C."""
    refusals: tuple[type[Exception], ...] = (ValueError, OSError, MemoryError)
    code = REFUSED
    try:
        with as_a_program():
            job = prepare(asked)
            code, refusals = FAILED, (FitError, NotApplicable, Refused, StoreError, OSError)  # others write, too
            run(job)
    except KeyboardInterrupt:
        stopped = "stopped; fits that were done are kept, and the same command goes on"
        print(f"\nreport: {stopped}:\n{command(asked)}", file=sys.stderr)
        return STOPPED
    except refusals as error:
        print(f"report: {in_options(error)}", file=sys.stderr)
        return code
    return DONE


@contextmanager
def as_a_program() -> Iterator[None]:
    """Figures that need no screen, in the style of the book, and one thread; a caller's own are put back."""
    backend, threads = matplotlib.get_backend(), torch.get_num_threads()
    try:
        with matplotlib.rc_context():
            matplotlib.use("Agg")
            plots.use_style()
            matplotlib.rcParams["text.parse_math"] = False  # a name with a dollar is no formula
            torch.set_num_threads(1)  # several processes, or several runs, share the cores better so
            yield
    finally:
        matplotlib.use(backend)
        torch.set_num_threads(threads)


def run(job: Job) -> None:
    """Do the job and write its files. Raises FitError where hardly a model could be fitted."""
    began, asked, data = time.monotonic(), job.asked, job.data
    results, failed = try_all(job.tried, job.trials, job.methods, job.folder, asked.seed, asked.jobs, job.instead)
    decision = deciding.decide(results, job.trials, data)
    judged = deciding.evaluate(
        data, job.held_out_cells, job.methods, decision.fills, decision.other, asked.seed, job.instead
    )
    model = job.methods[decision.model](data)
    assert isinstance(model, Model)  # `decision.model` is one of MODELS
    fitted = fit(model, seed=asked.seed)
    (job.folder / FIT).unlink(missing_ok=True)  # of an earlier call, in which another method filled
    if decision.fills == decision.model:
        fitted.save(job.folder / FIT)
        answer, checks = impute(fitted), page.checked(fitted, decision)
    else:
        ways = job.methods[decision.fills], job.instead[decision.fills]
        answer, cells = fill(data, ways[0], seed=asked.seed), deciding.hidden_once(data, *ways, asked.seed)
        checks = None if cells is None else page.checked_by_hiding(cells)
    source = {"table": asked.table, "how": job.call, "every": asked.every}
    write_filled(job.folder / "filled.csv", data, answer, asked.log or [], **source)
    code = repeat(job, decision)
    put(job.folder / "repeat.py", code)
    decided = words.of_decision(decision, failed, bool(job.season))
    with matplotlib.rc_context({"font.size": 10.5}):
        sections = {
            "columns": page.grid(deciding.by_column(decision, data, answer, asked.log or [])),
            "beside": words.enumerated([f"“{method}”" for method in deciding.compared(decision)[1:]]),
            "lengths": page.grid(deciding.by_length(decision)),
            "places": page.grid(deciding.by_place(decision)),
            "reading": page.reading(data),
            "trials": page.trials(decision, dict(decided["methods"])),
            "filled": page.filled(data, answer, decision),
            "together": page.together(fitted, decision.model) if data.num_tasks > 1 else None,
            "checks": checks,
            "todo": _todo(job, decision, answer, fitted),
        }
    again = {"code": code, "versions": versions(), "took": in_words(time.monotonic() - began)}
    (bold, *said), rest = words.answer(
        decision, data, job.kinds, answer, judged, failed, asked.log or [], bool(job.season)
    )
    first = next(iter(job.methods))
    top = {
        "first": first if first in (ICM, FULL) else "",
        "bold": minus(bold),
        "sentences": [*map(minus, said)],
        "rest": [*map(minus, rest)],
        "season": job.season,
        "decided": decided,
        "judged": judged,
        "ends": decision.asked["place"].isin([PLACES["start"], PLACES["end"]]).any(),
    }
    values = {"job": job, "command": command(asked), "decision": decision, **sections, **again, **top}
    for name in (HOW, REPORT):
        put(job.folder / name, page.render(name, values))
    print("", bold, *said, *rest, "", sep="\n")
    where, took = (job.folder / REPORT).absolute(), in_words(time.monotonic() - began)
    print(f"{where} ({took}), with filled.csv, {HOW} and trials.csv beside it")


def _todo(job: Job, decision: deciding.Decision, answer: Prediction, fitted: Fit) -> dict[str, Any]:
    """What to do next: each value is empty where the table gave no cause for it."""
    holes = words.of_holes(job.data, job.kinds, job.own, job.trials)
    trials, values = words.of_trials(job.asked, job.more, decision), words.of_values(job.asked, job.data, answer)
    floor = words.enumerated(fitted.on_floor) if decision.fills == decision.model else ""
    rest = {"band": deciding.covered(decision), "floor": floor, "filled": bool(missing(job.data).any())}
    return {**trials, **holes, **values, **rest}


def repeat(job: Job, decision: deciding.Decision) -> str:
    """The program that does the same."""
    return page.render("repeat.txt", {"job": job, "decision": decision, "folder": str(job.folder), "repr": repr}) + "\n"


def versions() -> str:
    """Of what the numbers depend on."""
    found = [f"mtgp_tutorial {__version__}", f"Python {platform.python_version()}"]
    return ", ".join([*found, *(f"{one.__name__} {one.__version__}" for one in (torch, gpytorch, np, pd))])


def minus(sentence: str) -> str:
    """Numbers below 0 with the sign that a page has for them, and a terminal may not."""
    return re.sub(r"(?<=\s)-(?=\d)", "−", sentence)
