"""The answer in words: what fills this table, how far off it was in trials, what else they say (templates/answer.txt).

What to do next: what this table gave cause for, and nothing else; the sentences stand in templates/todo.html.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats

from mtgp_tutorial.comparison import sentence as claim
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import TWO_SD, Prediction
from mtgp_tutorial.tables.report.deciding import Decision, Evaluation, closer, compared, covered
from mtgp_tutorial.tables.report.holes import Kind, Trial, missing, own_rows
from mtgp_tutorial.tables.report.options import TRIALS, command
from mtgp_tutorial.tables.report.page import render
from mtgp_tutorial.tables.report.trials import HALF, MEAN, Failed

NAMES = {
    "gap": ("gap", "gaps"),
    "start": ("late start", "late starts"),
    "end": ("ragged end", "ragged ends"),
    "scattered": ("set of single cells", "sets of single cells"),
    "disc": ("disc of places", "discs of places"),
}


def enumerated(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def what_is_hidden(kinds: Sequence[Kind], own: bool) -> str:
    """What each trial hides, for "the program hid ..."."""
    if not own:
        return "a sixth of one task, each task in turn (its own choice, for the table has no holes to imitate)"
    count = Counter(kind.place for kind in kinds)
    words = [NAMES[place][0] if n == 1 else f"{n} {NAMES[place][1]}" for place, n in count.items()]
    return f"cells as the table's own holes are ({enumerated(words)}, with all else that is missing there, moved)"


def answer(
    decision: Decision,
    kinds: Sequence[Kind],
    own: bool,
    trials: int,
    judged: Evaluation | None,
    failed: Sequence[Failed] = (),
) -> list[str]:
    """What fills the table and how far off such values were, in one sentence; then what else the trials say.

    They speak of the tasks whose holes were imitated. own: whether the table has holes; judged: what the cells say that
    were hidden from all trials, or None; failed: answers that were missing, or another method's.
    """
    tasks = sorted(set(decision.asked["task"]))
    values = {
        "decision": decision,
        "crps": decision.means["CRPS"],
        "own": own,
        "tasks": enumerated(tasks) if own and len(tasks) < 4 else "",  # whose holes were imitated, where these are few
        "unasked": enumerated(sorted({task for kind in kinds for task in kind.asked} - {*tasks})) if own else "",
        "error": decision.means["error"],
        "trials": trials,
        "hidden": what_is_hidden(kinds, own),
        "beside": said(decision.less(decision.fills, decision.other)),
        "closer": {method: enumerated(closer(decision, method)) for method in compared(decision)[1:]},
        "added": said(decision.less(decision.reads, decision.alone)) if decision.reads else "",
        "band": covered(decision),
        "judged": judged,
        "half": HALF,
        "mean": MEAN,
        "left_out": enumerated(decision.left_out),
        "instead": Counter(one.method for one in failed if one.instead),
    }
    return render("answer.txt", values).strip().split("\n")


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


def of_values(asked: argparse.Namespace, data: TaskData, filled: Prediction) -> dict[str, Any]:
    """Commands that take the values otherwise: without errors that were a guess, with logarithms of positive tasks.

    A logarithm is proposed where values are skewed, or where a band of the filled ones reaches below 0. counts: tasks
    of whole numbers with a 0 among them, and such a band.
    """
    log, guess = asked.log or [], data.sd is not None and asked.errors is None
    y, above = data.y.numpy(), (data.y.nan_to_num(1.0) > 0).all(0).numpy()
    below = ((filled.band(TWO_SD)[0] < 0) & torch.as_tensor(missing(data))).any(0).numpy()
    odd = above & ((stats.skew(y, nan_policy="omit") > SKEWED) | below)
    counts = (np.nan_to_num(y) % 1 == 0).all(0) & (np.nanmin(y, 0) == 0) & below
    skewed = [task for task, skew in zip(data.tasks, odd) if skew and task not in log]
    return {
        "without_errors": command(asked, errors=["none"], out="NAME") if guess else "",
        "skewed": enumerated(skewed),
        "counts": enumerated([task for task, count in zip(data.tasks, counts) if count and task not in log]),
        "with_logarithm": command(asked, log=[*log, *skewed], out="NAME"),
    }
