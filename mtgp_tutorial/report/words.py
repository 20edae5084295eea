"""The answer in words: what fills this table, and what the trials say of it and of no other (templates/answer.txt).

What to do next: what this table gave cause for, and nothing else; the sentences stand in templates/todo.html.

Last year's value: what costs nothing, where the input is a time of several years; it never fills the table.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
from scipy import stats

from mtgp_tutorial.judging.comparing import compare
from mtgp_tutorial.judging.forecasting import seasonal_naive
from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.holes import Kind, Trial, own_rows
from mtgp_tutorial.report.options import command
from mtgp_tutorial.report.page import render
from mtgp_tutorial.report.verdict import Decision, covered, in_deviations, interval, over_parts, side
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.trends import Trend

NAMES = {
    "gap": ("gap", "gaps"),
    "start": ("late start", "late starts"),
    "end": ("ragged end", "ragged ends"),
    "scattered": ("set of single cells", "sets of single cells"),
    "disc": ("disc of places", "discs of places"),
}


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def what_is_hidden(kinds: Sequence[Kind], own: bool) -> str:
    """What each trial hides, for "the program hid ..."."""
    if not own:
        return "a sixth of one task, each task in turn (its own choice, for the table has no holes to imitate)"
    count = Counter(kind.place for kind in kinds)
    words = [NAMES[place][0] if n == 1 else f"{n} {NAMES[place][1]}" for place, n in count.items()]
    return f"cells as the table's own holes are ({listed(words)}, with all else that is missing there, moved)"


def answer(decision: Decision, kinds: Sequence[Kind], own: bool, last: pd.DataFrame) -> list[str]:
    """What fills the table, in one sentence; then four on the trials, of which the first is the claim; then others.

    They speak of the tasks that were asked for. own: whether the table has holes; last: what `try_last_year` returned.
    The others: task by task, all hidden cells where more than the asked were, and last year's value.
    """
    tasks = sorted(set(decision.scores.loc[decision.scores["asked"], "task"]))
    found = {task: side(row) for task, row in decision.tasks.iterrows()}
    groups = {word: [task for task in found if found[task] == word] for word in dict.fromkeys(found.values())}
    crps = decision.asked.loc["CRPS"]
    values = {
        "decision": decision,
        "own": own,
        "baseline": BASELINE,
        "tasks": listed(tasks) if own and len(tasks) < 4 else "",  # whose holes were imitated, where these are few
        "mean": crps["mean"],
        "crps": crps.loc[decision.best],
        "interval": interval(crps.loc[decision.best]),
        "error": decision.asked.loc["error"]["mean"],
        "trials": decision.scores["trial"].nunique(),
        "hidden": what_is_hidden(kinds, own),
        "band": covered(decision),
        "sides": [f"{word} for {listed(some)}" for word, some in groups.items()],
        "over_all": None if decision.hidden is None else interval(decision.hidden.loc[("CRPS", decision.best)]),
        "beaten": beaten(last, decision),
    }
    return render("answer.txt", values).strip().split("\n")


SKEWED = 1.0  # skewness of values above 0 from which a logarithm is proposed


def of_trials(asked: argparse.Namespace, more: int, decision: Decision) -> dict[str, Any]:
    """How many there were, and the command that goes on where that may settle the claim. more: how many could be."""
    trials = decision.scores["trial"].nunique()
    wanted = min(more, 4 * trials)
    is_open = decision.word in ("undecided", "open") and wanted >= 1.5 * trials
    return {"trials": trials, "goes_on": command(asked, trials=wanted) if is_open else ""}


def of_holes(data: TaskData, kinds: Sequence[Kind], own: bool, trials: Sequence[Trial]) -> dict[str, Any]:
    """Where the trials asked another question than the table: tasks of long holes, and of holes beside real ones.

    hides: rows that a trial hides of a long one; joined: trials that hide beside a real one; alone: one task at a time.
    """
    long, joined = [kind for kind in kinds if kind.shortened], [trial for trial in trials if trial.joined]

    def tasks(some: Sequence[Kind | Trial]) -> str:
        return listed(sorted({task for one in some for task in one.asked}))

    hides, alone = len(long[0].pattern) if long else 0, not own and not own_rows(data)
    return {"long": tasks(long), "hides": hides, "joined": len(joined), "beside": tasks(joined), "alone": alone}


def of_values(asked: argparse.Namespace, data: TaskData) -> dict[str, Any]:
    """Commands that take the values otherwise: without errors that were a guess, with logarithms of skewed tasks."""
    log, guess = asked.log or [], data.sd is not None and asked.errors is None
    y, above = data.y.numpy(), (data.y.nan_to_num(1.0) > 0).all(0).numpy()
    odd = above & (stats.skew(y, nan_policy="omit") > SKEWED)
    skewed = [task for task, skew in zip(data.tasks, odd) if skew and task not in log]
    return {
        "without_errors": command(asked, errors=["none"], out="NAME") if guess else "",
        "skewed": listed(skewed),
        "with_logarithm": command(asked, log=[*log, *skewed], out="NAME"),
    }


MUCH = 0.5  # share of the variance
ARM = "last year's value"
YEAR = {"years": 1.0, "days": 365.25, "hours": 8766.0, "minutes": 525960.0, "seconds": 31557600.0}


def year_of(data: TaskData) -> float | None:
    """A year in the unit of the input; None where that is no time, has steps above half a year, or spans under two."""
    named = "years" if data.x_name.lower() == "year" else ""
    year = YEAR.get(named if data.calendar is None else data.calendar.unit)
    times = data.x[:, 0].unique()  # in order
    if year is None or data.x.shape[1] > 1 or len(times) < 2 or float(times.diff().median()) > year / 2:
        return None
    return year if float(times[-1] - times[0]) >= 2 * year else None


def try_last_year(data: TaskData, trials: Sequence[Trial], results: pd.DataFrame) -> pd.DataFrame:
    """CRPS, error and trials of each model and of last year's value, on the trials where there is one; else empty.

    results: what `compare` returned for these trials. Scores are in standard deviations, of the asked tasks.
    """
    year, known, found = year_of(data), set(results["trial"]), []
    if year is None:
        return pd.DataFrame()
    for tables in ({trial.label: trial.tables(data)} for trial in trials if trial.label in known):
        try:
            found.append(compare(tables.__getitem__, tables, {ARM: seasonal_naive(year)}, progress=False))
        except ValueError:  # no value was seen a year before some hidden cell
            continue
    if not found:
        return pd.DataFrame()
    last = pd.concat(found, ignore_index=True)
    others = results[results["trial"].isin(last["trial"])]
    scores = in_deviations(pd.concat([others, last], ignore_index=True), list(trials), data)
    scores = scores[scores["asked"]]
    table = pd.DataFrame({score: over_parts(scores, score) for score in ("CRPS", "error")})
    return table.loc[list(dict.fromkeys(scores["arm"]))].assign(trials=last["trial"].nunique())


def beaten(table: pd.DataFrame, decision: Decision) -> str:
    """A sentence where the model that fills the table is no better than last year's value; else nothing."""
    if not len(table) or float(table.loc[decision.fills, "CRPS"]) < float(table.loc[ARM, "CRPS"]):
        return ""
    trials = int(table["trials"].iloc[0])
    return (
        f"{ARM.capitalize()} does better than the model that fills the table ({decision.fills}): over the "
        f"{trials} trial{'s' * (trials > 1)} in which it was known, its CRPS is {table.loc[ARM, 'CRPS']:.2f}, and that "
        f"of the model {table.loc[decision.fills, 'CRPS']:.2f}."
    )


def advice(data: TaskData, table: pd.DataFrame, decision: Decision) -> list[str]:
    """On trend and season, where last year's value does better, or both explain much of what was seen."""
    year = year_of(data)
    found = ["last year's value does better"] if beaten(table, decision) else []
    if explained := _explained(data, year) if year is not None else {}:
        shares = [f"{100 * share:.0f} % of the variance of {task}" for task, share in explained.items()]
        found.append(f"a straight line and a yearly season explain {listed(shares)}")
    if not found:
        return []
    return [
        f"The models here know of no trend and no season, and {listed(found)}. Try them with both removed first, in "
        f"Python: Trend(data, season={year:g}), as in the chapter “Your own table”."
    ]


def _explained(data: TaskData, year: float) -> dict[str, float]:
    """Share of the variance of each task that a line and a season explain by least squares, where that is much."""
    try:
        rest = Trend(data, season=year).remove(data).scale().sd
    except ValueError:  # too few values, or nothing is left
        return {}
    shares = 1 - (rest / data.scale().sd) ** 2
    return {task: share for task, share in zip(data.tasks, shares.tolist()) if share > MUCH}
