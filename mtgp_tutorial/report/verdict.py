"""The model that fills the table, and what may be claimed of it: two questions with a rule for each.

A table is filled in any case, so `choose` needs no certainty. A claim does: its verdict is that of `summarise`.

How many hidden cells lay in the 95 % band, and whether that is more or fewer than chance allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from mtgp_tutorial.judging.paired import paired, summarise
from mtgp_tutorial.plots import label
from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.holes import Trial
from mtgp_tutorial.table.data import TaskData

FEWEST = 8  # trials, below which there is no verdict
ERRORS = 0.5  # standard errors by which a simpler arm may be behind and is chosen all the same
SCORES = ("CRPS", "error", "NLPD", "coverage")


@dataclass(frozen=True, eq=False)
class Decision:
    """What the trials say. fills: the arm that fills the table, by `choose`. best: that arm if it shares, else the one
    of the smallest mean CRPS that does.

    word: the verdict on `best`: "wins", "loses", "not told apart" or "undecided"; why: what is lacking for one. scores:
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
    """The choice and the verdict on what `compare` returned for these trials."""
    scores = in_deviations(results, trials, data)
    asked = scores[scores["asked"]]
    summary = summary_of(asked)
    crps = summary.loc["CRPS"].drop(index=BASELINE)
    fills = choose(crps_by_part(asked))
    best = fills if fills != BASELINE else str(crps["mean"].idxmin())
    word, why = str(crps.loc[best, "verdict"]), ""
    count, clusters = asked["trial"].nunique(), int(crps.loc[best, "clusters"])
    if count < FEWEST:
        word, why = "undecided", f"{count} trials are too few for a verdict; it takes {FEWEST}"
    elif word == "no verdict":
        word, why = "undecided", f"the trials fall in {clusters} parts of the table, too few for a verdict"
    hidden = summary_of(scores) if not scores["asked"].all() else None
    return Decision(word, why, best, fills, scores, summary, hidden, by_task(asked, best, word))


def choose(means: pd.DataFrame) -> str:
    """The arm of the smallest mean, or a simpler one that is behind it by at most half a standard error.

    means: a score of which less is better, a row for each part of the table (two or more), a column for each arm, the
    simplest first. The error is that of the mean of the paired differences.

    >>> choose(pd.DataFrame({"alone": [1.0, 1.2, 0.9], "ICM": [0.7, 0.8, 0.8], "LMC": [0.7, 0.75, 0.85]}))
    'ICM'
    """
    best = means.mean().idxmin()
    behind = means.sub(means[best], axis=0)
    return str(next(arm for arm in means if behind[arm].mean() <= ERRORS * behind[arm].sem()))


def crps_by_part(asked: pd.DataFrame) -> pd.DataFrame:
    """The mean CRPS of each arm in each part of the table; in each trial, where all trials lie in one part."""
    part = "stretch" if asked["stretch"].nunique() > 1 else "trial"
    trials = asked.groupby(["arm", "stretch", "trial"])["CRPS"].mean()
    return trials.groupby(["arm", part]).mean().unstack("arm")[list(dict.fromkeys(asked["arm"]))]


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
    plain = scores.assign(task=[f"task {k}" for k in pd.factorize(scores["task"])[0]])  # no [unit] in a name
    means = pd.concat({score: over_parts(plain, score) for score in SCORES}, names=["score", "arm"])
    if scores["stretch"].nunique() > 1:
        return summarise(plain, BASELINE, scores=SCORES, cluster="stretch").assign(mean=means)
    return summarise(plain, BASELINE, scores=SCORES).assign(verdict="no verdict", clusters=1, mean=means)


def over_parts(scores: pd.DataFrame, score: str) -> pd.Series:
    """The mean score of each arm: over the tasks of a trial, the trials of a stretch, then the stretches."""
    trials = scores.groupby(["arm", "stretch", "trial"])[score].mean()
    return trials.groupby(["arm", "stretch"]).mean().groupby("arm").mean()


def by_task(asked: pd.DataFrame, arm: str, word: str) -> pd.DataFrame:
    """The CRPS of each asked task, arm less baseline, with Holm's correction over the tasks; empty for one task."""
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
