"""The run itself: trials, verdict, the filled table, and the page."""

from __future__ import annotations

import platform
import re
import time
from typing import Any

import gpytorch
import matplotlib as mpl
import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import __version__
from mtgp_tutorial.answers.predicting import impute
from mtgp_tutorial.fits.fitting import fit
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.report import advising, once, page, saying, sections, understood
from mtgp_tutorial.report.arms import BASELINE, LMC
from mtgp_tutorial.report.checking import checks, intervals
from mtgp_tutorial.report.deciding import Decision, decide
from mtgp_tutorial.report.keeping import put
from mtgp_tutorial.report.last_year import advice, beaten, try_last_year
from mtgp_tutorial.report.once import try_once
from mtgp_tutorial.report.options import command
from mtgp_tutorial.report.preparing import Job
from mtgp_tutorial.report.program import program
from mtgp_tutorial.report.timing import words
from mtgp_tutorial.report.trying import try_all
from mtgp_tutorial.report.writing import write_filled


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
    with mpl.rc_context({"text.parse_math": False, "font.size": 10.5}):  # a name with a dollar is no formula
        parts = [
            understood.reading(data),
            sections.trials(decision, failed, last, once.said(job.trials, data) if job.at_once else ""),
            sections.filled(data, answer, decision),
            sections.together(shared, decision.best, intervals(shared)),
            sections.checks(checks(fills, decision)),
        ]
    if todo := _todo(job, decision, last, fills):
        parts.append(page.section("What to do next", [page.lines(todo)]))
    parts.append(again(job, code, time.monotonic() - began))
    _tell(job, decision, last, parts)
    where, took = (job.folder / "report.html").absolute(), words(time.monotonic() - began)
    print(f"{where} ({took}), with filled.csv and trials.csv beside it")


def _tell(job: Job, decision: Decision, last: pd.DataFrame, parts: list[dict[str, Any]]) -> None:
    """The verdict in sentences: on top of the page, which is written, and here."""
    sentences = saying.sentences(decision, job.kinds, job.own)
    further = [saying.by_task(decision), saying.on_hidden(decision), beaten(last, decision)]
    further = [line for line in further if line]
    values: dict[str, Any] = {"file": job.asked.table, "bold": saying.bold(decision, job.own)}
    values |= {"sentences": [*map(minus, sentences)], "further": [*map(minus, further)]}
    put(job.folder / "report.html", page.render({**values, "sections": parts}))
    print("", saying.bold(decision, job.own), *sentences, *further, "", sep="\n")


def _todo(job: Job, decision: Decision, last: pd.DataFrame, fills: Fit) -> list[str]:
    """What to do next."""
    asked, data = job.asked, job.data
    todo = [*advising.of_trials(asked, job.more, decision), *advising.of_holes(data, job.kinds, job.own, job.trials)]
    todo += advice(data, last, decision)
    return [*todo, *advising.of_fit(decision, fills), *advising.of_values(asked, data)]


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
        f"This call took {words(duration)}. Trials that were done before are kept in trials.csv and not done again.",
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
