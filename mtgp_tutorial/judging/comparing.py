"""Paired comparison of models over seeds, gaps or splits."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

SCORES = ("MSE", "NLPD", "CRPS", "coverage")


def paired(
    table: pd.DataFrame,
    score: str,
    pairs: Sequence[tuple[str, str]],
    *,
    by: Sequence[str] = ("seed",),
    held_out: float = 0.0,
) -> pd.DataFrame:
    """For each pair of arms (first, second): first - second in one score, and how sure its mean is.

    table: one row for each trial and arm, with the columns "arm", `score` and those of `by`, which name a trial.
    held_out: share of the cells that each split hides, when the splits are random and overlap; the standard error
    is then that of Nadeau and Bengio (2003), sqrt((1/J + share/(1 - share)) S^2) for J splits. 0 for separate trials:
    S / sqrt(J). Returns one row a pair: mean difference, standard error, median, share of trials with first lower.

    Raises ValueError for unknown columns and arms, scores that are not finite numbers, a trial that an arm lacks or
    has twice, fewer than two trials.
    """
    _check(table, score, pairs, by, held_out)
    wide = table.pivot(index=list(by), columns="arm", values=score)
    return pd.DataFrame({f"{a} - {b}": _row(_difference(wide, a, b), held_out) for a, b in pairs}).T


def summarise(
    results: pd.DataFrame, baseline: str, *, scores: Sequence[str] = SCORES, held_out: float = 0.0
) -> pd.DataFrame:
    """What `compare` returned, as one table: a row for each score and arm, arms in their order.

    Scores are averaged over the tasks of a trial, then over trials ("mean"); the other columns are those of `paired`
    for arm - baseline, NaN for the baseline itself. held_out: as in `paired`, for random splits that overlap.

    Raises ValueError for unknown columns and arms, a single arm, an arm that lacks a score or has it twice, fewer than
    two trials, and for MSE, MAE or CRPS of tasks with different units, which have no mean.
    """
    _check_results(results, baseline, scores)
    arms, blocks = list(dict.fromkeys(results["arm"])), {}
    for score in scores:
        trials = results.groupby(["arm", "trial"])[score].mean().reset_index()
        block = pd.DataFrame({"mean": trials.groupby("arm")[score].mean()}).loc[arms]
        pairs = [(arm, baseline) for arm in arms if arm != baseline]
        differences = paired(trials, score, pairs, by=["trial"], held_out=held_out)
        blocks[score] = block.join(differences.set_axis([arm for arm, _ in pairs]))
    return pd.concat(blocks, names=["score", "arm"])


def _check_results(results: pd.DataFrame, baseline: str, scores: Sequence[str]) -> None:
    missing = [name for name in ("arm", "trial", "task", *scores) if name not in results]
    if missing or isinstance(scores, str):
        name = scores if isinstance(scores, str) else missing[0]
        raise ValueError(
            f"results, scores: {name!r} is no column or no list; pass what compare returns, and its scores"
        )
    if baseline not in set(results["arm"]):
        raise ValueError(f"baseline: {baseline!r} is not an arm; pass one of {', '.join(results['arm'].unique())}")
    if results["arm"].nunique() < 2:
        raise ValueError(f"results: {baseline!r} is their only arm; pass those of two arms or more")
    counts = results.groupby(["trial", "task", "arm"]).size().unstack()
    if results[list(scores)].isna().any(axis=None) or not (counts == 1).all(axis=None):
        raise ValueError("results: an arm lacks a score of a trial or has it twice; pass what compare returns")
    labels = [re.search(r" \[([^\[\]]*)\]$", str(task)) for task in results["task"].unique()]
    units = sorted({label[1] if label else "no unit" for label in labels})
    mixed = [score for score in scores if score in ("MSE", "MAE", "CRPS")]
    if len(units) > 1 and mixed:
        raise ValueError(
            f"scores: {mixed[0]} of tasks in {' and '.join(units)} has no mean; "
            "pass scores without units, such as ['SMSE', 'NLPD', 'coverage'], or the rows of one task"
        )


def _check(table: pd.DataFrame, score: str, pairs: Sequence[tuple[str, str]], by: Sequence[str], share: float) -> None:
    if isinstance(by, str) or not len(by) or "arm" in by:
        raise ValueError(f"by: is {by!r}; pass a list of the columns that name a trial, such as ['seed']")
    if isinstance(pairs, str) or any(isinstance(pair, str) or len(pair) != 2 for pair in pairs):
        raise ValueError(f"pairs: is {pairs!r}; pass a list of pairs of arms, such as [('a', 'b')]")
    missing = [name for name in ("arm", score, *by) if name not in table]
    if missing:
        raise ValueError(f"table: has no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}")
    if not 0 <= share < 1:
        raise ValueError(f"held_out: is {share}; pass the share of cells that a split hides, from 0 to below 1")
    if table[score].dtype.kind not in "iuf" or np.isinf(table[score]).any():
        raise ValueError(f"table: the column {score!r} does not hold finite numbers; pass one that does")
    if table.duplicated(["arm", *by]).any():
        raise ValueError(f"by: {', '.join(by)} does not name a trial: an arm has several rows for one; add a column")


def _difference(wide: pd.DataFrame, first: str, second: str) -> pd.Series:
    for arm in (first, second):
        if arm not in wide:
            raise ValueError(f"pairs: {arm!r} is not an arm of the table; it has {', '.join(map(repr, wide.columns))}")
    two = wide[[first, second]].astype(float).dropna(how="all")
    difference = two.iloc[:, 0] - two.iloc[:, 1]
    if difference.isna().any() or len(difference) < 2:
        raise ValueError(
            f"table: {first!r} and {second!r} share {difference.notna().sum()} of {len(difference)} trials; "
            "pass a table in which both have all, at least two"
        )
    return difference


def _row(difference: pd.Series, held_out: float) -> dict[str, float]:
    inflation = 1 / len(difference) + held_out / (1 - held_out)
    return {
        "mean difference": difference.mean(),
        "standard error": math.sqrt(inflation) * difference.std(),
        "median": difference.median(),
        "share lower": (difference < 0).mean(),
    }
