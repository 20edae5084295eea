"""The answer in words: what fills this table, how far off it was in trials, how sure it is (templates/answer.txt).

What to do next: what this table gave cause for, and nothing else; the sentences stand in templates/todo.html.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats

from mtgp_tutorial.comparison import sentence as claim
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import TWO_SD, Prediction
from mtgp_tutorial.tables.report.deciding import (
    PLAIN,
    Decision,
    Evaluation,
    closer,
    compared,
    covered,
    digits,
    over_cells,
    widths,
)
from mtgp_tutorial.tables.report.holes import Kind, Trial, missing, own_rows
from mtgp_tutorial.tables.report.options import TRIALS, command
from mtgp_tutorial.tables.report.page import render
from mtgp_tutorial.tables.report.trials import IN_WORDS, MEAN, Failed

NAMES = {
    "gap": ("a gap", "gaps"),
    "start": ("a late start", "late starts"),
    "end": ("a ragged end", "ragged ends"),
    "scattered": ("a column with single cells", "columns with single cells"),
    "disc": ("a disc of places", "discs of places"),
}


def enumerated(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def what_is_hidden(kinds: Sequence[Kind], own: bool) -> str:
    """What each trial hides, for "with ..."."""
    if not own:
        return "a sixth of one column at a time, for there are no holes to imitate"
    count = Counter(kind.place for kind in kinds)
    words = [NAMES[place][0] if n == 1 else f"{n} {NAMES[place][1]}" for place, n in count.items()]
    return f"holes like the table's own ({enumerated(words)}) moved to other places"


def what_it_does(method: str, season: bool) -> str:
    """What a method does; season: whether the table has one, which the mean then follows."""
    return IN_WORDS[method] + " in the same part of the season" * (season and method == MEAN)


def described(method: str, season: bool = False) -> str:
    """What a method does, with its name."""
    return f"{what_it_does(method, season)} (“{method}”)"


def answer(
    decision: Decision,
    data: TaskData,
    kinds: Sequence[Kind],
    filled: Prediction,
    judged: Evaluation | None = None,
    failed: Sequence[Failed] = (),
    log: Sequence[str] = (),
    season: bool = False,
) -> tuple[list[str], list[str]]:
    """What fills the table, how far off such values were, and how sure they are; then compared with what.

    The sentences speak of the tasks whose holes were imitated. filled: what fills; judged: what the cells say that
    were hidden from all trials, or None; failed: answers that were missing, or another method's; log: tasks of
    logarithms; season: whether the table has one.
    """
    own = bool(missing(data).any())
    tasks = sorted(set(decision.asked["task"]))
    far = {method: how_far(decision, method) for method in decision.means.index}
    plainest = min((rule for rule in (*PLAIN, "season before") if rule in far), key=far.__getitem__, default="")
    values = {
        "decision": decision,
        "described": partial(described, season=season),
        "gone": int(missing(data).sum()),
        "own": own,
        "tasks": enumerated(tasks) if own and len(tasks) < min(4, data.num_tasks) else "",
        "unasked": enumerated(sorted({task for kind in kinds for task in kind.asked} - {*tasks})) if own else "",
        "off": {method: off_by(decision, method, log) for method in decision.means.index},
        "unit": unit_of(data, tasks, log),
        "trials": decision.scores["trial"].nunique(),
        "hidden": what_is_hidden(kinds, own),
        "beside": verdict(decision, decision.fills, decision.other),
        "added": verdict(decision, decision.reads, decision.alone) if decision.reads else "",
        "closer": {method: enumerated(closer(decision, method)) for method in compared(decision)[1:]},
        "band": covered(decision),
        "mean": MEAN,
        "the_mean": what_it_does(MEAN, season),
        "plainest": plainest,
        "nearer": far.get(plainest, math.inf) < far[decision.fills],
        "judged": judged,
        "impossible": impossible(data, filled, log),
        "follows": enumerated(follows(data)),
        "widths": widths(data, filled, tasks[0], log) if len(tasks) == 1 else "",
        "instead": any(one.instead and one.method == decision.fills for one in failed),
    }
    first, rest = render("answer.txt", values).strip().split("\n---\n")
    return first.split("\n"), rest.split("\n")


def off_by(decision: Decision, method: str, log: Sequence[str] = ()) -> str:
    """How far off the hidden cells of the asked tasks were on average: in the unit of one, as a factor where its
    logarithm was modelled, or in standard deviations."""
    off, tasks = how_far(decision, method), decision.asked["task"].unique()
    if len(tasks) > 1:
        return f"{off:.2f}"
    return f"a factor of {math.exp(off):.2f}" if tasks[0] in log else digits(off)


def how_far(decision: Decision, method: str) -> float:
    """The same as a number: in the unit of one task, or in standard deviations."""
    rows = decision.asked[decision.asked["method"] == method]
    return over_cells(rows, "away" if rows["task"].nunique() > 1 else "off")


def unit_of(data: TaskData, tasks: Sequence[str], log: Sequence[str]) -> str:
    """The unit in which `off_by` speaks."""
    if len(tasks) > 1:
        return "standard deviations of their column"
    return "" if tasks[0] in log else data.units[data.tasks.index(tasks[0])]


def verdict(decision: Decision, first: str, second: str) -> str:
    """What the trials say of the first method by CRPS: better, worse, open, or few, where there is no interval."""
    gain = decision.less(first, second)
    if pd.isna(gain["low"]):
        return "few"
    return "better" if gain["high"] < 0 else "worse" if gain["low"] > 0 else "open"


def impossible(data: TaskData, filled: Prediction, log: Sequence[str] = ()) -> list[tuple[str, int, int, bool]]:
    """Tasks that are nowhere below 0: how many values were filled, how many of these lie below 0, and whether all that
    was seen is above 0. log: tasks of logarithms, which may be below 0."""
    gone, least = torch.as_tensor(missing(data)), data.y.nan_to_num(torch.inf).amin(0)
    below = ((filled.mean < 0) & gone & (least >= 0)).sum(0).tolist()
    named = [(t, task) for t, task in enumerate(data.tasks) if below[t] and task not in log]
    return [(task, int(gone[:, t].sum()), below[t], bool(least[t] > 0)) for t, task in named]


def of_decision(decision: Decision, failed: Sequence[Failed], season: bool = False) -> dict[str, Any]:
    """What how.html says of the choice: sizes with their intervals, and methods that had no answer."""
    reads = decision.reads
    return {
        "beside": said(decision.less(decision.fills, decision.other)),
        "added": said(decision.less(reads, decision.alone)) if reads else "",
        "behind": bool(decision.means.loc[decision.fills, "CRPS"] > decision.means.loc[decision.other, "CRPS"]),
        "failed": without_answer(failed),
        "methods": [(method, what_it_does(method, season)) for method in decision.means.index],
    }


def without_answer(failed: Sequence[Failed]) -> list[dict[str, Any]]:
    """Methods without an answer in some trials: how many and which, why in the first, and whether noise per task
    answered instead."""
    found: dict[tuple[str, bool], list[Failed]] = {}
    for one in failed:
        found.setdefault((one.method, one.instead), []).append(one)
    return [
        {
            "method": method,
            "count": len(of),
            "trials": "; ".join(one.trial for one in of),
            "why": of[0].why.removeprefix("fit: ").partition(";")[0],
            "instead": instead,
        }
        for (method, instead), of in found.items()
    ]


def said(gain: pd.Series) -> str:
    """A row of `paired` in words, by CRPS in standard deviations, with parts of the table where there are several."""
    names = {"stretch": "parts of the table"} if "clusters by stretch" in gain else {}
    return claim(gain, "standard deviations", names)


SKEWED = 1.0  # skewness of values above 0 from which a logarithm is proposed


def of_trials(asked: argparse.Namespace, more: int, decision: Decision) -> dict[str, Any]:
    """How many there were, and the command that goes on where the choice may still change. more: how many could be.

    wanted: more than the table has room for, or 0.
    """
    trials, usual = decision.scores["trial"].nunique(), asked.trials or TRIALS
    further = min(more, 4 * trials)
    gain = decision.less(decision.fills, decision.other)
    is_open = not (gain["high"] < 0 or gain["low"] > 0) and further >= 1.5 * trials
    return {
        "trials": trials,
        "wanted": usual if more <= trials < usual else 0,
        "goes_on": command(asked, trials=further) if is_open else "",
        "fills": decision.fills,
        "other": decision.other,
    }


def of_holes(data: TaskData, kinds: Sequence[Kind], own: bool, trials: Sequence[Trial]) -> dict[str, Any]:
    """Where the trials asked another question than the table: tasks of long holes, and of holes beside real ones.

    hides: rows that a trial hides of a long one; joined: trials that hide beside a real one; alone: one task at a time.
    """
    long, joined = [kind for kind in kinds if kind.shortened], [trial for trial in trials if trial.joined]

    def tasks(some: Sequence[Kind | Trial]) -> str:
        return enumerated(sorted({task for one in some for task in one.asked}))

    hides, alone = len(long[0].pattern) if long else 0, not own and not own_rows(data)
    return {"long": tasks(long), "hides": hides, "joined": len(joined), "beside": tasks(joined), "alone": alone}


SAME, ENOUGH = 0.02, 20  # standard deviations, and rows beyond the number of columns


def follows(data: TaskData) -> list[str]:
    """Tasks that follow from others, as real = nominal - inflation, in all rows in which all were seen."""
    whole = data.y[data.observed.all(1)]
    if len(whole) < ENOUGH + data.num_tasks:
        return []
    sd = whole.std(0)
    z = ((whole - whole.mean(0)) / sd.where(sd > 0, 1.0)).numpy()
    found = []
    for t, task in enumerate(data.tasks):
        if not sd[t] > 0:  # a constant follows from nothing
            continue
        others = np.delete(z, t, 1)
        left = z[:, t] - others @ np.linalg.lstsq(others, z[:, t], rcond=None)[0]
        if others.shape[1] and np.abs(left).max() < SAME:
            found.append(task)
    return found


def of_values(asked: argparse.Namespace, data: TaskData, filled: Prediction) -> dict[str, Any]:
    """Commands that take the values otherwise: without errors that were a guess, with logarithms of positive tasks.

    A logarithm is proposed where values are skewed, or where a band of the filled ones reaches below 0. counts: tasks
    of whole numbers with a 0 among them, and such a band; yes_no: of 0 and 1 alone, and a band beyond them.
    """
    log, guess = asked.log or [], data.sd is not None and asked.errors is None
    y, above = data.y.numpy(), (data.y.nan_to_num(1.0) > 0).all(0).numpy()
    (low, high), gone = filled.band(TWO_SD), torch.as_tensor(missing(data))
    below, beyond = (((bad & gone).any(0)).numpy() for bad in (low < 0, (low < 0) | (high > 1)))
    odd = above & ((stats.skew(y, nan_policy="omit") > SKEWED) | below)
    whole = (np.nan_to_num(y) % 1 == 0).all(0) & (np.nanmin(y, 0) == 0)
    counts, yes_no = whole & below & (np.nanmax(y, 0) > 1), whole & beyond & (np.nanmax(y, 0) == 1)
    skewed = [task for task, skew in zip(data.tasks, odd) if skew and task not in log]
    return {
        "without_errors": command(asked, errors=["none"], out="NAME") if guess else "",
        "skewed": enumerated(skewed),
        "counts": enumerated([task for task, count in zip(data.tasks, counts) if count and task not in log]),
        "yes_no": {task: "bernoulli" for task, two in zip(data.tasks, yes_no) if two},
        "with_logarithm": command(asked, log=[*log, *skewed], out="NAME"),
    }
