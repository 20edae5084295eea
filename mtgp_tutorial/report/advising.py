"""What to do next: lines that this table gave cause for, and no others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch

from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.report.covering import covered
from mtgp_tutorial.report.deciding import Decision
from mtgp_tutorial.report.hiding import Trial
from mtgp_tutorial.report.kinds import Kind
from mtgp_tutorial.report.options import command
from mtgp_tutorial.report.rows import missing, own_rows
from mtgp_tutorial.report.saying import listed
from mtgp_tutorial.table.data import TaskData

SKEWED = 1.0


def of_trials(asked: argparse.Namespace, more: int, decision: Decision) -> list[str]:
    """On how many there were. more: how many there could be."""
    found, trials = [], decision.scores["trial"].nunique()
    wanted = min(more, 4 * trials)
    if decision.word in ("undecided", "not told apart") and wanted >= 1.5 * trials:
        found.append(
            f"The verdict is open after {trials} trials. This goes on from those that are stored: "
            f"{command(asked, trials=wanted)}"
        )
    if trials < asked.trials:
        found.append(
            f"The table has room for {trials} trials, not {asked.trials}: more would hide the same cells again."
        )
    return found


def of_holes(data: TaskData, kinds: Sequence[Kind], own: bool, trials: Sequence[Trial]) -> list[str]:
    """On what the trials asked, and what the table asks."""
    found = []
    if long := [kind for kind in kinds if kind.shortened]:
        tasks = listed(sorted({task for kind in long for task in kind.asked}))
        found.append(
            f"A hole of {tasks} is longer than a sixth of the table. The trials hide {len(long[0].pattern)} rows of "
            "it, which is an easier question than yours."
        )
    if joined := [trial for trial in trials if trial.joined]:
        tasks = listed(sorted({task for trial in joined for task in trial.asked}))
        found.append(
            f"In {len(joined)} of {len(trials)} trials what was hidden of {tasks} lies beside a hole that is real, for "
            "want of room. The two make a longer hole, which is a harder question than yours."
        )
    if not own and not own_rows(data):
        found.append(
            "The trials hid one task at a time, where the others were seen. For wholly new rows, in which nothing is "
            "seen, they say nothing."
        )
    return found


def of_fit(decision: Decision, fitted: Fit) -> list[str]:
    """On the model that fills the table."""
    found, band = [], covered(decision)
    if band.word == "too narrow":
        found.append(f"{band.share}: quote a wider one, or look for a relation that changes over the table.")
    if band.word == "too wide":
        found.append(f"{band.share}: it is wider than it need be, and fewer cells than 1 in 20 lie outside.")
    if on_floor := fitted.on_floor:
        found.append(
            f"The noise of {listed(on_floor)} is as small as a fit allows: its curve runs through the values. Read "
            "what lies between them with care."
        )
    return found


def of_values(asked: argparse.Namespace, data: TaskData) -> list[str]:
    """On how the values were taken, and what to say of those that were filled."""
    found, log = [], asked.log or []
    if data.sd is not None and asked.errors is None:
        found.append(
            "That the standard errors are known was a guess. This shows what they change: "
            f"{command(asked, errors=['none'], out='NAME')}"
        )
    if skewed := [task for task in _skewed(data) if task not in log]:
        found.append(
            f"{listed(skewed)}: positive and skewed. A logarithm may suit: "
            f"{command(asked, log=[*log, *skewed], out='NAME')}"
        )
    if bool(missing(data).any()):
        found.append(
            "Before you publish a filled value, say that it is one: in filled.csv the column “filled” marks it, and "
            "its band stands beside it."
        )
    return found


def _skewed(data: TaskData) -> list[str]:
    """Tasks whose values are all above 0 and have a skewness above SKEWED."""
    names = []
    for task, column in zip(data.tasks, data.y.T):
        y = column[~column.isnan()]
        z = (y - y.mean()) / y.std(correction=0)
        if bool((y > 0).all()) and float(torch.mean(z**3)) > SKEWED:
            names.append(task)
    return names
