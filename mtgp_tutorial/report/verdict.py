"""The model that fills the table, and what may be claimed of it: two questions with a rule for each.

A table is filled in any case, so `choose` needs no certainty. A claim is a size with its interval, from `summarise`.

How many hidden cells lay in the 95 % band, and whether that is more or fewer than chance allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from mtgp_tutorial.judging.claims import FEWEST
from mtgp_tutorial.judging.paired import choose, paired, summarise
from mtgp_tutorial.plots import label
from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.holes import Trial
from mtgp_tutorial.table.data import TaskData

SCORES = ("CRPS", "error", "NLPD", "coverage")


@dataclass(frozen=True, eq=False)
class Decision:
    """What the trials say. fills: the arm that fills the table, by `choose`. best: that arm if it shares, else the one
    of the smallest mean CRPS that does.

    word: on which side of zero the interval of `best` lies: "ahead", "behind", "open" (it holds zero) or "undecided"
    (there is none); why: what is lacking for one. scores:
    one row for each trial, arm and task, in standard deviations of the task. asked, hidden: `summarise` of the cells
    that were asked for, and of all hidden ones (None where these are the same); tasks: `paired` for each asked task,
    best less baseline.
    """

    word: str
    why: str
    best: str
    fills: str
    scores: pd.DataFrame
    asked: pd.DataFrame
    hidden: pd.DataFrame | None
    tasks: pd.DataFrame


def decide(results: pd.DataFrame, trials: list[Trial], data: TaskData) -> Decision:
    """The choice and the claim on what `compare` returned for these trials."""
    scores = in_deviations(results, trials, data)
    asked = scores[scores["asked"]]
    summary = summary_of(asked)
    crps = summary.loc["CRPS"].drop(index=BASELINE)
    fills = choose(_plain(asked), cluster=part_of(asked))
    best = fills if fills != BASELINE else str(crps["mean"].idxmin())
    word, parts = side(crps.loc[best]), int(crps.loc[best, "clusters"])
    why = (
        f"the trials fall in {parts} parts of the table, too few for an interval"
        if parts < FEWEST
        else "the mean hangs on one of them"
    )
    why = why if word == "undecided" else ""
    hidden = summary_of(scores) if not scores["asked"].all() else None
    return Decision(word, why, best, fills, scores, summary, hidden, by_task(asked, best, word))


def side(gain: pd.Series) -> str:
    """On which side of zero the interval of a row of `summarise` lies."""
    if pd.isna(gain["low"]):
        return "undecided"
    return "ahead" if gain["high"] < 0 else "behind" if gain["low"] > 0 else "open"


def interval(gain: pd.Series) -> str:
    """The mean difference of a row of `summarise`, and its interval where it has one."""
    ends = "" if pd.isna(gain["low"]) else f" ({gain['low']:+.3f} to {gain['high']:+.3f})"
    return f"{gain['mean difference']:+.3f}{ends}"


def part_of(scores: pd.DataFrame) -> str:
    """The column that counts: parts of the table, or trials, where all trials lie in one part."""
    return "stretch" if scores["stretch"].nunique() > 1 else "trial"


def in_deviations(results: pd.DataFrame, trials: list[Trial], data: TaskData) -> pd.DataFrame:
    """Scores in standard deviations of each task, with the stretch, the hidden cells, and whether they were asked."""
    known = {trial.label: trial for trial in trials}
    names = {label(task, unit): task for task, unit in zip(data.tasks, data.units)}
    spread = dict(zip(data.tasks, data.scale().sd.tolist()))
    table = results[results["trial"].isin(known)].assign(task=lambda frame: frame["task"].map(names))
    sd = table["task"].map(spread)
    return table.assign(
        error=np.sqrt(table["MSE"]) / sd,
        CRPS=table["CRPS"] / sd,
        NLPD=table["NLPD"] - np.log(sd),
        stretch=table["trial"].map({name: trial.stretch for name, trial in known.items()}),
        cells=[
            int(known[trial].mask[:, data.tasks.index(task)].sum())
            for trial, task in zip(table["trial"], table["task"])
        ],
        asked=[task in known[trial].asked for trial, task in zip(table["trial"], table["task"])],
    )


def summary_of(scores: pd.DataFrame) -> pd.DataFrame:
    """`summarise`, trials of one stretch in one cluster; where all lie in one stretch, there is nothing to tell.

    Means are those of `over_parts`, so that they differ by the mean difference.
    """
    plain = _plain(scores)
    means = pd.concat({score: over_parts(plain, score) for score in SCORES}, names=["score", "arm"])
    if scores["stretch"].nunique() > 1:
        return summarise(plain, BASELINE, scores=SCORES, cluster="stretch").assign(mean=means)
    return summarise(plain, BASELINE, scores=SCORES).assign(low=np.nan, high=np.nan, clusters=1, mean=means)


def _plain(scores: pd.DataFrame) -> pd.DataFrame:
    """Tasks by number: no [unit] in a name, since all scores are in standard deviations."""
    return scores.assign(task=[f"task {k}" for k in pd.factorize(scores["task"])[0]])


def over_parts(scores: pd.DataFrame, score: str) -> pd.Series:
    """The mean score of each arm: over the tasks of a trial, the trials of a stretch, then the stretches."""
    trials = scores.groupby(["arm", "stretch", "trial"])[score].mean()
    return trials.groupby(["arm", "stretch"]).mean().groupby("arm").mean()


def by_task(asked: pd.DataFrame, arm: str, word: str) -> pd.DataFrame:
    """The CRPS of each asked task, arm less baseline; empty for one task."""
    counts = asked.groupby("task")[["trial", "stretch"]].nunique().min(axis=1)
    tasks = [task for task in dict.fromkeys(asked["task"]) if counts[task] > 1]
    if asked["task"].nunique() < 2 or not tasks or word == "undecided":
        return pd.DataFrame()
    two = asked[asked["arm"].isin([arm, BASELINE]) & asked["task"].isin(tasks)]
    number = two["task"].map({task: k for k, task in enumerate(tasks)})
    table = two.assign(arm=number.astype(str) + two["arm"].map({arm: " shared", BASELINE: " alone"}))
    pairs = [(f"{k} shared", f"{k} alone") for k in range(len(tasks))]
    return paired(table, "CRPS", pairs, by=["trial"], cluster="stretch").set_axis(tasks).rename_axis("task")


DUE, RARE, PARTS = 0.95, 0.01, 4  # share in the band, probability of a false word, parts of the table that it takes


class Covered(NamedTuple):
    """Hidden cells of the asked tasks; "too narrow", "too wide" or nothing; and how many lay in the band, in words."""

    cells: int
    word: str
    share: str


def covered(decision: Decision) -> Covered:
    """The band of the model that fills the table.

    Cells that were hidden together err together. A word therefore takes two tests at 1 %: binomial over the cells, and
    Student's t over the parts of the table.
    """
    of = decision.scores[decision.scores["asked"] & (decision.scores["arm"] == decision.fills)]
    of = of.assign(inside=of["coverage"] * of["cells"])
    cells, inside = int(of["cells"].sum()), round(of["inside"].sum())
    parts = of.groupby("stretch")[["inside", "cells"]].sum()
    shares = parts["inside"] / parts["cells"]
    away = (shares.mean() - DUE) / max(shares.sem(), 1e-12)
    fewer = max(stats.binom.cdf(inside, cells, DUE), stats.t.cdf(away, len(shares) - 1)) < RARE
    more = max(stats.binom.sf(inside - 1, cells, DUE), stats.t.sf(away, len(shares) - 1)) < RARE
    enough = len(shares) >= PARTS
    word = "too narrow" if enough and fewer else "too wide" if enough and more else ""
    return Covered(cells, word, f"{100 * inside / cells:.0f} % of {cells} hidden cells lay in the 95 % band")
