"""Paired comparison of models over seeds, gaps or splits."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy

from mtgp_tutorial.arguments import of_kind

SCORES = ("MSE", "NLPD", "CRPS", "coverage")
LEVEL, FEWEST = 0.05, 4  # of a verdict: its error of the first kind, and the clusters it takes


def paired(
    table: pd.DataFrame,
    score: str,
    pairs: Sequence[tuple[str, str]],
    *,
    by: Sequence[str] = ("seed",),
    cluster: str | Sequence[str] | None = None,
    held_out: float = 0.0,
) -> pd.DataFrame:
    """For each pair of arms (first, second): first - second in one score, how sure its mean is, and the verdict.

    table: one row for each trial and arm, with the columns "arm", `score` and those of `by`, which name a trial.
    cluster: the column that says which trials could only have turned out differently together (the gaps of one stretch
    of years, say); differences are averaged within a cluster first. A list of columns tries several clusterings: each
    has its error in a column of its own, and that with the widest 95 % interval counts. Default: a trial is a cluster.
    held_out: share of the target task's cells that each split hides, when the splits are random and overlap; the
    standard error is then that of Nadeau and Bengio (2003), sqrt((1/k + share/(1 - share)) S^2) for k clusters. 0 for
    separate trials: S / sqrt(k).

    Returns one row a pair: mean difference, standard error, median and share lower (of trials), clusters, and the
    verdict on a score of which less is better: "wins" (the first arm) or "loses" when the difference is more than
    t(0.975, k - 1) standard errors, after Holm's correction for several pairs, and the median has its sign; else "not
    told apart"; "no verdict" below four clusters. Coverage has none.

    Raises ValueError for unknown columns and arms, scores that are not finite numbers, a trial that an arm lacks or
    has twice or that lies in two clusters, fewer than two trials or clusters.

    >>> from mtgp_tutorial import datasets, paired
    >>> runs, arms = datasets.study("great_lakes"), [("ICM", "independent, shared")]
    >>> by, cluster = ["lake", "start"], ["lake", "cluster"]
    >>> row = paired(runs, "CRPS", arms, by=by, cluster=cluster).iloc[0]
    >>> round(float(row["mean difference"]), 1), str(row["verdict"])
    (-0.1, 'wins')
    """
    _check(table, score, pairs, by, held_out)
    clusterings = _clusterings(table, by, cluster)
    wide = table.pivot(index=list(by), columns="arm", values=score)
    rows = {f"{a} - {b}": _row(_difference(wide, a, b), clusterings, held_out) for a, b in pairs}
    result = pd.DataFrame.from_dict(rows, orient="index")
    return result.assign(verdict="" if score == "coverage" else _verdicts(result))


def summarise(
    results: pd.DataFrame,
    baseline: str,
    *,
    scores: Sequence[str] = SCORES,
    cluster: str | Sequence[str] | None = None,
    held_out: float = 0.0,
) -> pd.DataFrame:
    """What `compare` returned, as one table: a row for each score and arm, arms in their order.

    Scores are averaged over the tasks of a trial, then over trials ("mean"); the other columns are those of `paired`
    for arm - baseline, with all arms as the family of Holm's correction. cluster, held_out: as in `paired`.

    Raises ValueError for unknown columns and arms, a single arm, an arm that lacks a score or has it twice, a trial in
    two clusters, fewer than two trials, and for MSE, MAE or CRPS of tasks with different units, which have no mean.

    >>> import pandas as pd
    >>> from mtgp_tutorial import summarise
    >>> numbers = [1.0, 0.7, 1.2, 0.8, 0.9, 0.7, 1.1, 0.8]
    >>> results = pd.DataFrame({"arm": ["alone", "ICM"] * 4, "task": "level", "NLPD": numbers})
    >>> results["trial"] = results.index // 2
    >>> summary = summarise(results, "alone", scores=["NLPD"])
    >>> row = summary.loc["NLPD", "ICM"]
    >>> round(float(row["mean difference"]), 3), str(row["verdict"])
    (-0.3, 'wins')
    """
    _check_results(results, baseline, scores)
    names = list(_clusterings(results, ["trial"], cluster)) if cluster else []
    arms, blocks = list(dict.fromkeys(results["arm"])), {}
    for score in scores:
        trials = results.groupby([*dict.fromkeys(["arm", "trial", *names])])[score].mean().reset_index()
        block = pd.DataFrame({"mean": trials.groupby("arm")[score].mean()}).loc[arms]
        pairs = [(arm, baseline) for arm in arms if arm != baseline]
        differences = paired(trials, score, pairs, by=["trial"], cluster=cluster, held_out=held_out)
        block = block.join(differences.set_axis([arm for arm, _ in pairs]))
        blocks[score] = block.astype({"clusters": "Int64"}).fillna({"verdict": "baseline"})
    return pd.concat(blocks, names=["score", "arm"])


def _check_results(results: pd.DataFrame, baseline: str, scores: Sequence[str]) -> None:
    of_kind("results", results, pd.DataFrame, "what compare returned")
    missing = [name for name in ("arm", "trial", "task", *scores) if name not in results]
    if missing or isinstance(scores, str):
        name = scores if isinstance(scores, str) else missing[0]
        raise ValueError(
            f"results, scores: {name!r} is no column or no list; pass what compare returns, and its scores"
        )
    if not len(scores):
        raise ValueError(f"scores: is empty; pass at least one, such as {SCORES[1]!r}")
    arms = list(dict.fromkeys(results["arm"]))
    if baseline not in arms:
        raise ValueError(f"baseline: {baseline!r} is not an arm; pass one of {', '.join(map(repr, arms))}")
    if len(arms) < 2:
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
    of_kind("table", table, pd.DataFrame, "a data frame with a row for each trial and arm")
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


def _clusterings(table: pd.DataFrame, by: Sequence[str], cluster: str | Sequence[str] | None) -> dict[str, pd.Series]:
    """For each clustering that is tried, the label of each trial; without any, each trial is a cluster."""
    names = [cluster] if isinstance(cluster, str) else list(cluster or [])
    unknown = [name for name in names if name not in table]
    if unknown:
        raise ValueError(f"cluster: {unknown[0]!r} is no column; the table has {', '.join(map(str, table.columns))}")
    trials, found = table.assign(**{f"{name} ": table[name] for name in names}).groupby(list(by), dropna=False), {}
    for name in names:
        labels = trials[f"{name} "]
        if (labels.nunique(dropna=False) > 1).any() or labels.first().nunique() < 2:
            raise ValueError(f"cluster: {name!r} has two labels in a trial, or one in all; pass what groups trials")
        found[name] = labels.first()
    return found


def _row(difference: pd.Series, clusterings: dict[str, pd.Series], held_out: float) -> dict[str, float | int]:
    means = {name: difference.groupby(labels.reindex(difference.index)).mean() for name, labels in clusterings.items()}
    means = means or {"": difference}
    shares = {name: 1 / len(mean) + held_out / (1 - held_out) for name, mean in means.items()}  # (book: nadeau-bengio)
    errors = {name: math.sqrt(shares[name]) * mean.std() for name, mean in means.items()}
    widest = max(means, key=lambda name: scipy.stats.t.ppf(1 - LEVEL / 2, len(means[name]) - 1) * errors[name])
    return {
        "mean difference": means[widest].mean(),
        "standard error": errors[widest],
        "median": difference.median(),
        "share lower": (difference < 0).mean(),
        **({f"error by {name}": error for name, error in errors.items()} if len(errors) > 1 else {}),
        "clusters": len(means[widest]),
    }


def _verdicts(rows: pd.DataFrame) -> list[str]:
    """The rule of the book, by Student's t for each row and Holm's correction for all."""
    mean, error, clusters = rows["mean difference"], rows["standard error"], rows["clusters"]
    p = pd.Series(
        2 * scipy.stats.t.sf(mean.abs() / error.where(error > 0, np.finfo(float).tiny), clusters - 1), rows.index
    )
    p = p[clusters >= FEWEST].sort_values()
    adjusted = (p * np.arange(len(p), 0, -1)).cummax()
    sure = (adjusted.reindex(rows.index) < LEVEL) & (np.sign(mean) == np.sign(rows["median"]))
    words = np.where(sure, np.where(mean < 0, "wins", "loses"), "not told apart")
    return list(np.where(clusters >= FEWEST, words, "no verdict"))
