"""What fills the table, how far off such values were, and what is said of bands: from the scores of the trials.

Cells that were hidden from all trials judge the choice once.

A table is filled in any case, so `choose` needs no certainty. A claim is a size with its interval, by `paired`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from mtgp_tutorial.comparison import choose, paired
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.naming import labels
from mtgp_tutorial.prediction import TWO_SD, Prediction
from mtgp_tutorial.tables.filling import fill
from mtgp_tutorial.tables.forecasting import NotApplicable
from mtgp_tutorial.tables.methods import Method, Methods
from mtgp_tutorial.tables.report.holes import PLACES, Trial, missing, runs, where
from mtgp_tutorial.tables.report.trials import MEAN, MODELS, ONE_COLUMN, Failed, try_one

SCORES = ("CRPS", "error", "NLPD", "coverage")


@dataclass(frozen=True, eq=False)
class Decision:
    """What the trials say of the cells that were asked for.

    fills: the method that fills the table, by `choose`; other: the best of all others; alone: the best method that sees
    one column; reads: the best that sees the others (None for one column); model: what fills, if that is a model, else
    the best of these by CRPS.
    scores: one row for each trial, method and task, in standard deviations of the task; only methods that answered in
    all trials. means: of SCORES by method, over parts of the table; left_out: methods that had no answer in some trial.
    """

    fills: str
    other: str
    alone: str
    reads: str | None
    model: str
    scores: pd.DataFrame
    means: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def asked(self) -> pd.DataFrame:
        """The scores of the tasks whose holes a trial imitates."""
        return self.scores[self.scores["asked"]]

    def less(self, first: str, second: str, score: str = "CRPS") -> pd.Series:
        """The row of `paired`: first less second, parts of the table as clusters."""
        asked = _plain(self.asked).groupby(["trial", "stretch", "method"])[score].mean().reset_index()
        cluster = part_of(self.asked)
        row = paired(asked, score, [(first, second)], by=["trial"], cluster=None if cluster == "trial" else cluster)
        if self.asked["stretch"].nunique() == 1:  # one part: nothing to tell
            row = row.assign(low=np.nan, high=np.nan, clusters=1)
        return row.iloc[0]


def decide(results: pd.DataFrame, trials: Sequence[Trial], data: TaskData) -> Decision:
    """The choice on what `compare` returned for these trials."""
    scores = in_deviations(results, trials, data)
    counts = scores.groupby("method", sort=False)["trial"].nunique()
    whole = [str(method) for method in counts.index if counts[method] == scores["trial"].nunique()]
    scores = scores[scores["method"].isin(whole)]
    asked = scores[scores["asked"]]
    means = pd.DataFrame({score: over_parts(asked, score) for score in SCORES}).loc[whole]
    fills = choose(_plain(asked), cluster=part_of(asked))

    def best(of: Sequence[str]) -> str | None:
        among = means.loc[[method for method in whole if method in of], "CRPS"]
        return str(among.idxmin()) if len(among) else None

    other, alone = best([method for method in whole if method != fills]), best(ONE_COLUMN)
    reads, model = best([method for method in whole if method not in ONE_COLUMN]), best(MODELS)
    left_out = tuple(str(method) for method in counts.index if method not in whole)
    model = fills if fills in MODELS else str(model)
    return Decision(fills, str(other), str(alone), reads, model, scores, means, left_out)


def part_of(scores: pd.DataFrame) -> str:
    """The column that counts: parts of the table, or trials, where all trials lie in one part."""
    return "stretch" if scores["stretch"].nunique() > 1 else "trial"


def in_deviations(results: pd.DataFrame, trials: Sequence[Trial], data: TaskData) -> pd.DataFrame:
    """Scores in standard deviations of each task, with the stretch, the hidden cells, and whether they were asked.

    off: the mean absolute error in the unit of the task, away: in its standard deviations; rows: the length of the hole
    that hiding made or made longer; place: of the hole.
    """
    known, gone = {trial.label: trial for trial in trials}, missing(data)
    one_input = data.x.shape[1] == 1  # on a map no hole has a length
    names = dict(zip(labels(data), data.tasks))
    spread = dict(zip(data.tasks, data.scale().sd.tolist()))
    table = results[results["trial"].isin(known)].assign(task=lambda frame: frame["task"].map(names))
    sd = table["task"].map(spread)
    places = [(known[trial].mask[:, t], t) for trial, t in zip(table["trial"], table["task"].map(data.tasks.index))]
    return table.assign(
        error=np.sqrt(table["MSE"]) / sd,
        off=table["MAE"],
        away=table["MAE"] / sd,
        CRPS=table["CRPS"] / sd,
        NLPD=table["NLPD"] - np.log(sd),
        stretch=table["trial"].map({name: trial.stretch for name, trial in known.items()}),
        cells=[int(cells.sum()) for cells, _ in places],
        rows=[longest(cells, gone[:, t]) if one_input else 1 for cells, t in places],
        place=[PLACES[known[trial].place] for trial in table["trial"]],
        asked=[task in known[trial].asked for trial, task in zip(table["trial"], table["task"])],
    )


def longest(hidden: np.ndarray, gone: np.ndarray) -> int:
    """Rows of the longest hole of a task that has hidden cells [N] in it, with what was missing there [N] anyway."""
    found = [length for start, length in runs(hidden | gone) if hidden[start : start + length].any()]
    return max(found, default=0)


def _plain(scores: pd.DataFrame) -> pd.DataFrame:
    """Tasks by number: no [unit] in a name, since all scores are in standard deviations."""
    return scores.assign(task=[f"task {k}" for k in pd.factorize(scores["task"])[0]])


def over_parts(scores: pd.DataFrame, score: str) -> pd.Series:
    """The mean score of each method: over the tasks of a trial, the trials of a stretch, then the stretches."""
    trials = scores.groupby(["method", "stretch", "trial"])[score].mean()
    return trials.groupby(["method", "stretch"]).mean().groupby("method").mean()


def digits(value: float) -> str:
    """A number to three digits, and whole where it has more: 0.0312, 4.07, 1,240."""
    places = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{min(max(places, 0), 4)}f}".replace("-", "−")


def over_cells(scores: pd.DataFrame, score: str) -> float:
    """The mean score, each row weighed by its hidden cells."""
    return float(np.average(scores[score], weights=scores["cells"]))


LENGTHS = (2, 5, 12, 30)  # rows; the last group has no end


PLAIN = ("interpolation", MEAN)


def compared(decision: Decision) -> list[str]:
    """What fills, the best other method, and the two plainest."""
    plain = [rule for rule in PLAIN if rule in decision.means.index]
    return list(dict.fromkeys([decision.fills, decision.other, *plain]))


def closer(decision: Decision, method: str) -> list[str]:
    """The asked tasks in which this method's values were closer than those of what fills, over all hidden cells."""
    of = {name: decision.asked[decision.asked["method"] == name] for name in (method, decision.fills)}
    off = pd.DataFrame(
        {n: {task: over_cells(one, "off") for task, one in rows.groupby("task")} for n, rows in of.items()}
    )
    return [str(task) for task in off.index[off[method] < off[decision.fills]]]


def by_column(decision: Decision, data: TaskData, answer: Prediction, log: Sequence[str] = ()) -> pd.DataFrame:
    """For each asked task, over the hidden cells of all trials: the mean absolute error of the methods that are
    `compared`, in its unit, and the share in the band of what fills; and how wide the bands of `answer` are in its
    holes, from the narrowest to the widest. Of a task in `log`, whose logarithm was modelled, errors are factors."""
    names = dict(zip(data.tasks, labels(data)))
    found = []
    for task, rows in decision.asked.groupby("task", sort=False):
        row: dict[str, Any] = {"column": f"{task}, as a factor" if task in log else names[str(task)]}
        for method in compared(decision):
            off = over_cells(rows[rows["method"] == method], "off")
            row[method] = math.exp(off) if task in log else off
        fills = rows[rows["method"] == decision.fills]
        inside = over_cells(fills, "coverage")
        row["in the 95 % band"] = f"{100 * inside:.0f} % of {int(fills['cells'].sum())}"
        found.append(row | {"band of a filled value": widths(data, answer, str(task), log)})
    return pd.DataFrame(found)


def widths(data: TaskData, answer: Prediction, task: str, log: Sequence[str] = ()) -> str:
    """Half of the bands in the holes of a task, from the narrowest to the widest, in words; nothing without a hole."""
    t, (low, high) = data.tasks.index(task), answer.band(TWO_SD)
    half = ((high - low) / 2)[:, t][torch.as_tensor(missing(data)[:, t])]
    if not len(half):
        return ""
    ends = [f"{math.exp(one):.2f}" if task in log else digits(float(one)) for one in half.aminmax()]
    return ("×/÷ " if task in log else "± ") + " to ".join(dict.fromkeys(ends))


def by_length(decision: Decision) -> pd.DataFrame:
    """The same in standard deviations, by the length of the hole in rows; empty for one length."""
    edges = [0, *LENGTHS, np.inf]
    names = [f"{low + 1:.0f} to {high:.0f}" for low, high in zip(edges, LENGTHS)] + [f"above {LENGTHS[-1]}"]
    return _grouped(decision, "rows of the hole", pd.cut(decision.asked["rows"], edges, labels=names))


def by_place(decision: Decision) -> pd.DataFrame:
    """The same by the place of the hole; empty for one."""
    return _grouped(decision, "hole", decision.asked["place"])


def _grouped(decision: Decision, name: str, groups: pd.Series) -> pd.DataFrame:
    found = []
    for group, rows in decision.asked.groupby(groups, observed=True):
        of = {method: rows[rows["method"] == method] for method in compared(decision)}
        first = of[decision.fills]
        row = {name: str(group), "trials": first["trial"].nunique()}
        row |= {method: over_cells(one, "away") for method, one in of.items()}
        inside = over_cells(first, "coverage")
        found.append(row | {"in the 95 % band": f"{100 * inside:.0f} % of {int(first['cells'].sum())}"})
    return pd.DataFrame(found) if len(found) > 1 else pd.DataFrame()


DUE, RARE, PARTS = 0.95, 0.01, 3  # share in the band, probability of a false word, parts of the table that it takes


class Covered(NamedTuple):
    """Hidden cells of the asked tasks; "too narrow", "too wide" or nothing; and how many lay in the band, in words."""

    cells: int
    word: str
    share: str


def covered(decision: Decision) -> Covered:
    """The band of what fills the table.

    Cells that were hidden together err together, so a word takes more than a binomial test at 1 %: "too narrow" that no
    more than half of the parts of the table reach the due share, "too wide" that all of them do.
    """
    of = decision.asked[decision.asked["method"] == decision.fills]
    of = of.assign(inside=of["coverage"] * of["cells"])
    cells, inside = int(of["cells"].sum()), round(of["inside"].sum())
    parts = of.groupby("stretch")[["inside", "cells"]].sum()
    reach = (parts["inside"] / parts["cells"] >= DUE - 1e-9).mean()
    enough = len(parts) >= PARTS
    narrow = enough and stats.binom.cdf(inside, cells, DUE) < RARE and reach <= 0.5
    wide = enough and stats.binom.sf(inside - 1, cells, DUE) < RARE and reach == 1
    word = "too narrow" if narrow else "too wide" if wide else ""
    return Covered(cells, word, f"{100 * inside / cells:.0f} % of {cells} hidden values lay in the 95 % band")


class Evaluation(NamedTuple):
    """On cells that were hidden from all trials: number, CRPS of what fills and of another method, and coverage.

    failed: fits without an optimum; without an answer of both methods the scores are NaN.
    """

    cells: int
    fills: float
    other: float
    inside: float
    failed: tuple[Failed, ...] = ()


def evaluate(
    data: TaskData, cells: np.ndarray | None, methods: Methods, fills: str, other: str, seed: int, instead: Methods
) -> Evaluation | None:
    """The choice, judged once, beside the best other method; None for a small table.

    cells [N, T]: those that judge; instead: as for `try_all`.
    """
    if cells is None:
        return None
    trial = Trial("judge", tuple(data.tasks), cells, slice(None), "the table")
    answers = [
        try_one(lambda _: trial.tables(data), "judge", method, methods, instead, seed=seed) for method in (fills, other)
    ]
    failed, found = tuple(one for _, one in answers if one), [rows for rows, _ in answers if rows is not None]
    if len(found) < len(answers):
        return Evaluation(int(cells.sum()), np.nan, np.nan, np.nan, failed)
    first, second = (in_deviations(rows, [trial], data) for rows in found)
    inside = over_cells(first, "coverage")
    return Evaluation(int(cells.sum()), over_cells(first, "CRPS"), over_cells(second, "CRPS"), inside, failed)


FIFTHS = 5  # of the seen cells, hidden one after the other


def hidden_once(data: TaskData, method: Method, instead: Method, seed: int) -> pd.DataFrame | None:
    """Each seen cell, and what a method says of it when a fifth of them is hidden; None where it has no answer.

    z: how far the value lies from the mean, in standard deviations. instead: the method that answers where a fit finds
    no optimum.
    """
    rows, tasks = data.observed.nonzero(as_tuple=True)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    found = []
    for at in np.array_split(order.numpy(), FIFTHS):
        cells = rows[at], tasks[at]
        seen = data.split(torch.zeros_like(data.observed).index_put(cells, torch.tensor(True)))[0]
        try:
            answer = fill(seen, method, seed=seed)
        except FitError:
            answer = fill(seen, instead, seed=seed)
        except NotApplicable:
            return None
        named = {"task": [data.tasks[t] for t in cells[1]], "row": [where(data, row) for row in cells[0].tolist()]}
        values = {"value": data.y, "mean": answer.mean, "z": answer.residuals(data.y)}
        found.append(pd.DataFrame({**named, **{name: one[cells].numpy() for name, one in values.items()}}))
    return pd.concat(found, ignore_index=True)
