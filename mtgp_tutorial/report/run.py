"""python -m mtgp_tutorial report: what is asked, what is refused, and what happens on Ctrl-C.

The run itself: trials, verdict, the filled table, and the page.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import time
from collections.abc import Sequence
from typing import Any

import gpytorch
import matplotlib
import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import __version__, plots
from mtgp_tutorial.answers.predicting import impute
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging.comparing import StoreError
from mtgp_tutorial.report import page, trial_fits, words
from mtgp_tutorial.report.arms import BASELINE, CODE, kernel_code
from mtgp_tutorial.report.options import Refused, command, parsed, put, sentence
from mtgp_tutorial.report.planning import Job, in_words, prepare
from mtgp_tutorial.report.tables import write_filled
from mtgp_tutorial.report.trial_fits import try_all, try_once
from mtgp_tutorial.report.verdict import Decision, decide
from mtgp_tutorial.report.words import advice, beaten, try_last_year

DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 0 done, 1 no model could be fitted, 2 refused, 130 stopped by Ctrl-C."""
    asked = parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        with matplotlib.rc_context():  # a caller's figures keep their own look
            return _report(asked)
    except KeyboardInterrupt:
        print(
            f"\nreport: stopped; fits that were done are kept, and the same command goes on:\n{command(asked)}",
            file=sys.stderr,
        )
        return STOPPED


def _report(asked: argparse.Namespace) -> int:
    matplotlib.use("Agg")
    plots.use_style()
    torch.set_num_threads(1)  # several processes, or several runs, share the cores better so
    refusals: tuple[type[Exception], ...] = (ValueError, OSError, MemoryError)
    code = REFUSED
    try:
        job = prepare(asked)
        code, refusals = FAILED, (FitError, Refused, StoreError)  # the last: another process writes, or other data
        run(job)
    except refusals as error:
        print(f"report: {sentence(error)}", file=sys.stderr)
        return code
    return DONE


def run(job: Job) -> None:
    """Do the job and write its three files. Raises FitError where hardly a model could be fitted."""
    began, asked, data = time.monotonic(), job.asked, job.data
    trying = try_once if job.at_once else try_all
    results, failed = trying(data, job.trials, job.arms, job.folder, asked.seed, asked.jobs)
    decision = decide(results, job.trials, data)
    last = try_last_year(data, job.trials, results)
    fills = fit(job.arms[decision.fills](data), seed=asked.seed)
    shared = fills if decision.fills == decision.best else fit(job.arms[decision.best](data), seed=asked.seed)
    answer = impute(fills)
    write_filled(job.folder / "filled.csv", data, answer, asked.log or [])
    kernel, build = kernel_code(asked.kernel, data.x.shape[1]), CODE[decision.fills]
    values = {"asked": asked, "job": job, "folder": str(job.folder), "kernel": kernel, "build": build, "repr": repr}
    code = page.render("repeat.txt", values) + "\n"
    put(job.folder / "repeat.py", code)
    with matplotlib.rc_context({"text.parse_math": False, "font.size": 10.5}):  # a name with a dollar is no formula
        parts = [
            page.reading(data),
            page.trials(decision, failed, last, trial_fits.said(job.trials, data) if job.at_once else ""),
            page.filled(data, answer, decision),
            page.together(shared, decision.best),
            page.checked(fills, decision),
        ]
    if todo := _todo(job, decision, last, fills):
        parts.append(page.section("What to do next", [page.lines(todo)]))
    parts.append(again(job, code, time.monotonic() - began))
    _tell(job, decision, last, parts)
    where, took = (job.folder / "report.html").absolute(), in_words(time.monotonic() - began)
    print(f"{where} ({took}), with filled.csv and trials.csv beside it")


def _tell(job: Job, decision: Decision, last: pd.DataFrame, parts: list[dict[str, Any]]) -> None:
    """The verdict in sentences: on top of the page, which is written, and here."""
    sentences = words.sentences(decision, job.kinds, job.own)
    further = [words.by_task(decision), words.on_hidden(decision), beaten(last, decision)]
    further = [line for line in further if line]
    values: dict[str, Any] = {"file": job.asked.table, "bold": words.bold(decision, job.own)}
    values |= {"sentences": [*map(minus, sentences)], "further": [*map(minus, further)]}
    put(job.folder / "report.html", page.render("report.html", {**values, "sections": parts}))
    print("", words.bold(decision, job.own), *sentences, *further, "", sep="\n")


def _todo(job: Job, decision: Decision, last: pd.DataFrame, fills: Fit) -> list[str]:
    """What to do next."""
    asked, data = job.asked, job.data
    todo = [*words.of_trials(asked, job.more, decision), *words.of_holes(data, job.kinds, job.own, job.trials)]
    todo += advice(data, last, decision)
    return [*todo, *words.of_fit(decision, fills), *words.of_values(asked, data)]


def minus(sentence: str) -> str:
    """Numbers below 0 with the sign that a page has for them, and a terminal may not."""
    return re.sub(r"(?<=\s)-(?=\d)", "−", sentence)


def again(job: Job, code: str, duration: float) -> dict[str, Any]:
    """How to repeat it."""
    asked = job.asked
    modules = (torch, gpytorch, np, pd)
    versions = [f"mtgp_tutorial {__version__}", f"Python {platform.python_version()}"]
    versions += [f"{one.__name__} {one.__version__}" for one in modules]
    lines = [
        f"Versions: {', '.join(versions)}.",
        f"Seed {asked.seed} (--seed), kernel {asked.kernel} (--kernel), priors on, baseline “{BASELINE}”.",
        f"This call took {in_words(duration)}. Trials that were done before are kept in trials.csv and not done again.",
    ]
    parts = [page.code(command(asked), wraps=True), page.lines(lines), page.text("Or in Python (repeat.py):")]
    return page.section("To repeat it", [*parts, page.code(code)])
