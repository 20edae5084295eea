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
from mtgp_tutorial.report.arms import BASELINE, LMC, program
from mtgp_tutorial.report.options import Refused, command, parsed, put, sentence
from mtgp_tutorial.report.page import checks, intervals
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
    try:
        job = prepare(asked)
    except (ValueError, OSError, MemoryError) as error:
        return _say_no(error, REFUSED)
    try:
        run(job)
    except (FitError, Refused, StoreError) as error:  # StoreError: another process that writes, or other data
        return _say_no(error, FAILED)
    return DONE


def _say_no(error: Exception, code: int) -> int:
    print(f"report: {sentence(error)}", file=sys.stderr)
    return code


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
    code = repeat(job, decision)
    put(job.folder / "repeat.py", code)
    with matplotlib.rc_context({"text.parse_math": False, "font.size": 10.5}):  # a name with a dollar is no formula
        parts = [
            page.reading(data),
            page.trials(decision, failed, last, trial_fits.said(job.trials, data) if job.at_once else ""),
            page.filled(data, answer, decision),
            page.together(shared, decision.best, intervals(shared)),
            page.checked(checks(fills, decision)),
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
    put(job.folder / "report.html", page.render({**values, "sections": parts}))
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


def repeat(job: Job, decision: Decision) -> str:
    """The program that does the same."""
    asked = job.asked
    return program(
        asked.table,
        job.call,
        every=asked.every,
        log=asked.log or [],
        kernel=asked.kernel,
        inputs=job.data.x.shape[1],
        fills=decision.fills,
        lmc=LMC in job.arms,
        at_once=job.at_once,
        trials=asked.trials,
        seed=asked.seed,
        folder=str(job.folder),
    )


def again(job: Job, code: str, duration: float) -> dict[str, Any]:
    """How to repeat it."""
    asked = job.asked
    versions = {
        "mtgp_tutorial": __version__,
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "gpytorch": gpytorch.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
    }
    lines = [
        f"Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}.",
        f"Seed {asked.seed} (--seed), kernel {asked.kernel} (--kernel), priors on, baseline “{BASELINE}”.",
        f"This call took {in_words(duration)}. Trials that were done before are kept in trials.csv and not done again.",
    ]
    return page.section(
        "To repeat it",
        [
            page.code(command(asked), wraps=True),
            page.lines(lines),
            page.text("Or in Python (repeat.py):"),
            page.code(code),
        ],
    )
