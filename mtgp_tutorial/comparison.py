"""Paired comparison of models over seeds, gaps or splits: what may be claimed, in numbers and words, and what to use.

A claim is the size of a gain, with an interval over what differs as a whole (book: crossed).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from mtgp_tutorial.arguments import finite, of_kind, shown
from mtgp_tutorial.scores import SCORES

USUAL = ("MSE", "NLPD", "CRPS", "coverage")
IN_UNITS = [name for name in SCORES if SCORES[name].unit.startswith("y")]  # have no mean over tasks in several units
COUNTS = ("lower", "trials", "clusters")  # columns that begin so are counts
LEVEL, POINTS = 0.95, 15  # of an interval; points of the grid for each clustering
FEWEST, HEAVY = 3, 0.4  # clusters for an interval; half widths by which one trial may move the mean
ERRORS = 1.0  # standard errors by which an earlier method may be behind and is chosen all the same


def paired(
    table: pd.DataFrame,
    score: str,
    pairs: Sequence[tuple[str, str]],
    *,
    by: Sequence[str] = ("seed",),
    cluster: str | Sequence[str] | None = None,
    held_out: float = 0.0,
) -> pd.DataFrame:
    """For each pair of methods (first, second): first - second in one score, as a size with its interval and counts.

    One clustering is averaged within its clusters first, and the interval is Student's. With several it is that of a
    model with an effect of each (book: crossed); the standard error and "clusters" are then those of the clustering
    whose Student interval is the widest. low and high are NaN below three trials or clusters, where all differences are
    equal, and where one value (a cluster's mean; with several clusterings a trial) moves the mean by more than 0.4 half
    widths, as only one of seven or more can: of such a mean no interval holds.

    Args:
        table (pd.DataFrame): one row for each trial and method, with the columns "method", `score` and those of `by`.
        score (str): a column.
        pairs (list of (str, str)): methods, first and second.
        by (list of str): the columns that name a trial. Default: ("seed",).
        cluster (str or list of str): the column that says which trials could only have turned out differently together
            (the gaps of one stretch of years, say), or a list of such columns, which may cross (lake and stretch) or
            nest. They say of what the interval speaks: of further lakes and further stretches. What is the reader's own
            and stays the same, such as the columns of the table, is no sample: average over it. Default: each trial
            stands for itself.
        held_out (float): for random splits that overlap. 0 speaks of this table's other splits; the share of the target
            task's cells that each split hides speaks of another table of such rows, by Nadeau and Bengio (2003): the
            variance of a mean of k clusters is then (1/k + share/(1 - share)) S^2. Default: 0.0.
    Returns:
        One row a pair, below zero where the first method is better on a score of which less is better: "mean
            difference", "standard error", "low" and "high" (a 95 % interval), "median", "worst" (the largest), "lower"
            (trials below zero), "trials" and "clusters". For each clustering X: "clusters by X" and "lower by X"
            (clusters with a mean below zero), and for several its "error by X". `sentence` puts a row in words.
    Raises:
        ValueError: for unknown columns and methods, scores that are not finite numbers, a trial that a method lacks or
            has twice or that lies in two clusters, fewer than two trials or clusters, and held_out beside several
            clusterings.

    >>> from mtgp_tutorial import datasets, paired
    >>> runs = datasets.study("great_lakes")
    >>> methods = [("ICM", "independent, shared")]
    >>> by, cluster = ["lake", "start"], ["lake", "cluster"]
    >>> found = paired(runs, "CRPS", methods, by=by, cluster=cluster)
    >>> row = found.iloc[0]
    >>> names = ["mean difference", "low", "high", "lower"]
    >>> [round(float(row[name]), 2) for name in names]
    [-0.14, -0.23, -0.05, 16.0]
    """
    _check(table, score, pairs, by, held_out)
    clusterings = _clusterings(table, by, cluster)
    if held_out and len(clusterings) > 1:
        raise ValueError(f"held_out: is {held_out} with {len(clusterings)} clusterings; pass one, or none, beside it")
    wide = table.pivot(index=list(by), columns="method", values=score)
    rows = {f"{a} - {b}": gain(_difference(wide, a, b), clusterings, held_out) for a, b in pairs}
    return pd.DataFrame.from_dict(rows, orient="index")


def summarise(
    results: pd.DataFrame,
    baseline: str,
    *,
    scores: Sequence[str] = USUAL,
    cluster: str | Sequence[str] | None = None,
    held_out: float = 0.0,
) -> pd.DataFrame:
    """What `compare` returned, as one table: a row for each score and method, methods in their order.

    Scores are averaged over the tasks of a trial, then over trials ("mean"); the other columns are those of `paired`
    for method - baseline, empty for the baseline itself.

    Args:
        results (pd.DataFrame): what `compare` returned.
        baseline (str): the method to compare with.
        scores (list of str): columns of results. Default: ("MSE", "NLPD", "CRPS", "coverage").
        cluster (str or list of str): as in `paired`. Default: each trial stands for itself.
        held_out (float): as in `paired`. Default: 0.0.
    Raises:
        ValueError: for unknown columns and methods, a single method, a method that lacks a score or has it twice, a
            trial in two clusters, fewer than two trials, and for MSE, MAE or CRPS of tasks with different units, which
            have no mean.

    >>> import pandas as pd
    >>> from mtgp_tutorial import summarise
    >>> numbers = [1.0, 0.7, 1.2, 0.8, 0.9, 0.7, 1.1, 0.8]
    >>> methods = ["alone", "ICM"] * 4
    >>> results = pd.DataFrame({"method": methods, "NLPD": numbers})
    >>> results["task"] = "level"
    >>> results["trial"] = results.index // 2
    >>> summary = summarise(results, "alone", scores=["NLPD"])
    >>> row = summary.loc["NLPD", "ICM"]
    >>> names = ["mean difference", "low", "high"]
    >>> [round(float(row[name]), 2) for name in names]
    [-0.3, -0.43, -0.17]
    """
    methods, blocks = _check_results(results, baseline, scores), {}
    names = _clusterings(results, ["trial"], cluster)
    for score in scores:
        trials = results.groupby([*dict.fromkeys(["method", "trial", *names])])[score].mean().reset_index()
        block = pd.DataFrame({"mean": trials.groupby("method")[score].mean()}).loc[methods]
        pairs = [(method, baseline) for method in methods if method != baseline]
        differences = paired(trials, score, pairs, by=["trial"], cluster=cluster, held_out=held_out)
        block = block.join(differences.set_axis([method for method, _ in pairs]))
        for name in [name for name in block if name.startswith(COUNTS)]:  # whole, and NaN for the baseline
            whole = [int(count) if count == count else np.nan for count in block[name]]
            block[name] = pd.Series(whole, block.index, dtype=object)
        blocks[score] = block
    return pd.concat(blocks, names=["score", "method"])


def choose(results: pd.DataFrame, score: str = "CRPS", *, cluster: str | None = None) -> str:
    """The method to use now: that of the smallest mean, or an earlier one behind it by at most one standard error.

    The error is that of the mean of the paired differences. A table is filled in any case, so a choice needs no
    certainty; it is no claim that the chosen method is better. One standard error is the usual rule (Breiman et al.,
    1984); `claim_worlds` has what it costs in made worlds.

    Args:
        results (pd.DataFrame): what `compare` returned, methods in the order in which you would take them without any
            trial: the simplest first (`plain_methods`, then `standard_methods`), or before them one that has done well
            elsewhere.
        score (str): of which less is better. Default: "CRPS".
        cluster (str): a column, as in `paired`; scores are averaged over the tasks of a trial, then over the trials of
            a cluster. Default: each trial stands for itself.
    Raises:
        ValueError: as `summarise` does, for a single trial or cluster, which has no error, and for coverage.

    >>> import pandas as pd
    >>> from mtgp_tutorial import choose
    >>> results = pd.DataFrame({"method": ["alone", "ICM", "LMC"] * 3})
    >>> results["trial"], results["task"] = results.index // 3, "level"
    >>> results["CRPS"] = [1.0, 0.7, 0.7, 1.2, 0.8, 0.75, 0.9, 0.8, 0.85]
    >>> choose(results)
    'ICM'
    """
    of_kind("results", results, pd.DataFrame, "what compare returned")
    of_kind("score", score, str, "the name of a column")
    if score in SCORES and not SCORES[score].lower:
        raise ValueError(
            f"score: is {score}, of which less is not better; pass one of which it is, such as {USUAL[2]!r}"
        )
    of_kind("cluster", cluster, (str, NoneType), "the name of a column, or None")
    methods = _check_results(results, next(iter(results.get("method", [])), ""), [score])
    _clusterings(results, ["trial"], cluster)
    trials = results.groupby(list(dict.fromkeys(["method", cluster or "trial", "trial"])))[score].mean()
    means = trials.groupby(["method", cluster or "trial"]).mean().unstack("method")[methods]
    if len(means) < 2:
        raise ValueError(
            f"results: has one {'trial' if cluster is None else 'cluster'}, which has no error; pass two or more"
        )
    behind = means.sub(means[means.mean().idxmin()], axis=0)
    return str(next(method for method in means if behind[method].mean() <= ERRORS * behind[method].sem()))


def _check_results(results: pd.DataFrame, baseline: str, scores: Sequence[str]) -> list[str]:
    """The methods, in their order."""
    of_kind("results", results, pd.DataFrame, "what compare returned")
    of_kind("scores", scores, (list, tuple), f"a list of its scores, such as [{USUAL[1]!r}]")
    of_kind("baseline", baseline, str, "the name of a method")
    if missing := [name for name in ("method", "trial", "task", *scores) if name not in results]:
        name = missing[0]
        raise ValueError(
            f"results, scores: {name!r} is not a column of the results; pass what compare returns, and a list of "
            "its scores"
        )
    if not len(scores):
        raise ValueError(f"scores: is empty; pass at least one, such as {USUAL[1]!r}")
    methods = list(dict.fromkeys(results["method"]))
    if baseline not in methods:
        raise ValueError(f"baseline: {baseline!r} is not a method; pass one of {', '.join(map(repr, methods))}")
    if len(methods) < 2:
        raise ValueError(f"results: {baseline!r} is their only method; pass those of two methods or more")
    counts = results.groupby(["trial", "task", "method"]).size().unstack()
    gone = results[list(scores)].isna().any(axis=1)
    odd = [*results.loc[gone, ["trial", "method"]].itertuples(index=False, name=None)]
    odd += [(place[0], method) for method in methods for place in counts.index[counts[method] != 1]]
    if odd:
        trial, method = odd[0]
        raise ValueError(
            f"results: {method!r} lacks a score in trial {trial!r} or has it twice; leave out the method or the trial"
        )
    labels = [re.search(r" \[([^\[\]]*)\]$", str(task)) for task in results["task"].unique()]
    units = sorted({label[1] if label else "no unit" for label in labels})
    mixed = [score for score in scores if score in IN_UNITS]
    if len(units) > 1 and mixed:
        raise ValueError(
            f"scores: {mixed[0]} of tasks in {' and '.join(units)} has no mean; "
            "pass scores without units, such as ['SMSE', 'NLPD', 'coverage'], or the rows of one task"
        )
    return methods


def _check(table: pd.DataFrame, score: str, pairs: Sequence[tuple[str, str]], by: Sequence[str], share: float) -> None:
    of_kind("table", table, pd.DataFrame, "a data frame with a row for each trial and method")
    of_kind("score", score, str, "the name of a column")
    share = finite("held_out", share, "the share of cells that a split hides, from 0 to below 1")
    if not isinstance(by, (list, tuple)) or not by or "method" in by:
        raise ValueError(f"by: is {shown(by)}; pass a list of the columns that name a trial, such as ['seed']")
    each = pairs if isinstance(pairs, (list, tuple)) else [pairs]
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in each):
        raise ValueError(f"pairs: is {shown(pairs)}; pass a list of pairs of methods, such as [('a', 'b')]")
    missing = [name for name in ("method", score, *by) if name not in table]
    if missing:
        raise ValueError(f"table: has no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}")
    if not 0 <= share < 1:
        raise ValueError(f"held_out: is {share}; pass the share of cells that a split hides, from 0 to below 1")
    if table[score].dtype.kind not in "iuf" or np.isinf(table[score]).any():
        raise ValueError(f"table: the column {score!r} does not hold finite numbers; pass one that does")
    if table.duplicated(["method", *by]).any():
        raise ValueError(f"by: {', '.join(by)} does not name a trial: a method has several rows for one; add a column")


def _difference(wide: pd.DataFrame, first: str, second: str) -> pd.Series:
    for method in (first, second):
        if method not in wide:
            raise ValueError(
                f"pairs: {method!r} is not a method of the table; it has {', '.join(map(repr, wide.columns))}"
            )
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
    of_kind("cluster", cluster, (str, list, tuple, NoneType), "a column that groups trials, or a list of such columns")
    names = [cluster] if isinstance(cluster, str) else list(cluster or [])
    unknown = [name for name in names if name not in table]
    if unknown:
        raise ValueError(f"cluster: {unknown[0]!r} is no column; the table has {', '.join(map(str, table.columns))}")
    trials, found = table.assign(**{f"{name} ": table[name] for name in names}).groupby(list(by), dropna=False), {}
    for name in names:
        labels = trials[f"{name} "]
        if (labels.nunique(dropna=False) > 1).any() or labels.first().nunique() < 2:
            raise ValueError(
                f"cluster: {name!r} changes within a trial, or is the same in all; pass a column that groups trials"
            )
        found[name] = labels.first()
    return found


def sentence(gain: pd.Series | Mapping[str, Any], unit: str, names: Mapping[str, str] | None = None) -> str:
    """What a row of `paired` or `summarise` says of its first method, in words: a size, an interval, and counts.

    Where there is no interval (`paired` says when), the median of the trials stands in the place of the mean. The worst
    trial is named where it is ten times as far on the worse side as the median is from zero.

    Args:
        gain (pd.Series or dict): such a row, of a score of which less is better.
        unit (str): of the score ("nats").
        names (dict of str): for each clustering of the call, by its column, what its clusters are called in the plural
            ({"lake": "lakes"}); the first is counted. Default: none.
    Raises:
        ValueError: for the row of the baseline, and for a name that is no clustering of the row.

    >>> from mtgp_tutorial import datasets, paired, sentence
    >>> runs = datasets.study("great_lakes")
    >>> methods = [("ICM", "independent, shared")]
    >>> by = ["lake", "start"]
    >>> row = paired(runs, "NLPD", methods, by=by, cluster=by).iloc[0]
    >>> names = {"lake": "lakes", "start": "stretches"}
    >>> said = sentence(row, "nats", names)
    >>> said.partition(", in ")[0]
    'better by 1.4 nats (0.51 to 2.3; 4 lakes, 4 stretches)'
    >>> said.partition(", in ")[2]
    '16 of 16 trials and 4 of 4 lakes'
    """
    of_kind("gain", gain, (pd.Series, Mapping), "a row of what paired or summarise returned")
    names = names or {}
    if pd.isna(gain["mean difference"]):
        raise ValueError("gain: is the row of the baseline, which differs from nothing; pass that of another method")
    row = {key: int(value) if key.startswith(COUNTS) else value for key, value in dict(gain).items()}
    for name in names:
        if f"clusters by {name}" not in row:
            known = [key.removeprefix("clusters by ") for key in row if key.startswith("clusters by ")]
            raise ValueError(f"names: {name!r} is no clustering of this row; it has {', '.join(known) or 'none'}")
    mean, low, high, median = (float(row[key]) for key in ("mean difference", "low", "high", "median"))
    counts = [f"{row[f'clusters by {name}']} {noun}" for name, noun in names.items()]
    counted = f"in {row['lower']} of {row['trials']} trials"
    counted += f" and {row[f'lower by {next(iter(names))}']} of {counts[0]}" if names else ""
    worst = f"; the worst trial is {_way(row['worst'])}" if row["worst"] > 10 * abs(median) else ""
    if np.isnan(low):
        fewest = min(value for key, value in row.items() if key.startswith("clusters"))
        if not row["standard error"] > 0:
            why = "all trials are alike"
        elif fewest < FEWEST:
            why = f"too few for an interval: {fewest}"
        else:
            why = f"the mean, {_way(mean)}, hangs on one of them"
        return f"better {counted}, the median {_way(median, unit)}{worst}; {why}"
    nearer, further = sorted([abs(low), abs(high)])
    ends = f"{_way(high)} to {_way(low)}" if low < 0 < high else f"{_size(nearer)} to {_size(further)}"
    inside = f"{ends}; {', '.join(counts)}" if counts else ends
    by = f"{'better' if mean < 0 else 'worse'} by {_size(mean)} {unit}".rstrip()
    return f"{by} ({inside}), {'' if mean < 0 else 'better '}{counted}{worst}"


def gain(difference: pd.Series, clusterings: Mapping[str, pd.Series], held_out: float = 0.0) -> dict[str, Any]:
    """One pair of methods, first less second, a value a trial: a row of `paired`.

    clusterings: for each the label of each trial. They may cross (lake and stretch) or nest (lake and basin).

    None: Student's interval of the trials; one: of the means of its clusters. Several: the model is d = m + an effect
    of each cluster of each clustering + rest, all normal. Given the ratio of each effect's standard deviation to that
    of the rest, m has Student's distribution; the ratios have half-Cauchy priors of scale 1 and are summed out on a
    grid of equally likely ones, weighed by their likelihood; m and the logarithm of the rest's standard deviation have
    flat priors. There is no interval where one value, a cluster's mean or with several clusterings a trial, moves the
    plain mean by more than HEAVY half widths (below seven values none can).

    held_out: beside one clustering or none; the variance of the mean is then (1/k + share/(1 - share)) S^2.
    """
    labels = [clusterings[name].reindex(difference.index) for name in clusterings]
    means = {name: difference.groupby(label).mean() for name, label in zip(clusterings, labels)} or {"": difference}
    shares = {name: 1 / len(one) + held_out / (1 - held_out) for name, one in means.items()}  # (book: nadeau-bengio)
    errors = {name: math.sqrt(shares[name]) * one.std() for name, one in means.items()}
    widest = max(means, key=lambda name: scipy.stats.t.ppf((1 + LEVEL) / 2, len(means[name]) - 1) * errors[name])
    d = (means[widest] if len(means) == 1 else difference).to_numpy(float)
    mean, low, high = _interval(d, labels if len(labels) > 1 else [], held_out)
    rest = np.delete(d, np.abs(d - np.median(d)).argmax())
    hangs = abs(d.mean() - rest.mean()) > HEAVY * (high - low) / 2
    if hangs or min(len(difference), *map(len, means.values())) < FEWEST:
        low = high = np.nan
    row = {"mean difference": mean, "standard error": errors[widest], "low": low, "high": high}
    row |= {"median": difference.median(), "worst": difference.max()}
    row |= {"lower": int((difference < 0).sum()), "trials": len(difference)}
    for name in clusterings:
        row |= {f"clusters by {name}": len(means[name]), f"lower by {name}": int((means[name] < 0).sum())}
    if len(clusterings) > 1:
        row |= {f"error by {name}": error for name, error in errors.items()}
    return row | {"clusters": len(means[widest])}


def _interval(d: NDArray[Any], labels: Sequence[pd.Series], held_out: float) -> tuple[float, float, float]:
    """Mean and ends of the interval; the ends are NaN where the values are equal."""
    n = len(d)
    blocks = [np.equal.outer(code, code).astype(float) for code in (pd.factorize(label)[0] for label in labels)]
    blocks = [block for block in blocks if block.sum() > n]  # a cluster a trial is the rest itself
    points = POINTS if len(blocks) < 3 else POINTS // 2
    grid = np.tan((np.arange(points) + 0.5) / points * np.pi / 2) ** 2  # ratios, squared
    ratios = np.array(list(itertools.product(grid, repeat=len(blocks))))
    V = np.eye(n) + np.tensordot(ratios, np.reshape(blocks, (-1, n, n)), 1)
    ones = np.linalg.solve(V, np.ones((1, n, 1)))[..., 0]
    precision = ones.sum(-1)
    m = ones @ d / precision
    left = d - m[:, None]
    squares = (left * np.linalg.solve(V, left[..., None])[..., 0]).sum(-1)
    if not squares.max() > 1e-24 * np.abs(d).max():
        return float(d.mean()), np.nan, np.nan
    log = -0.5 * (np.linalg.slogdet(V)[1] + np.log(precision) + (n - 1) * np.log(squares))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    scale = np.sqrt(squares / (n - 1) * (1 / precision + held_out / (1 - held_out)))  # (book: nadeau-bengio)
    far = scipy.stats.t.ppf(1 - (1 - LEVEL) / 8, n - 1) * scale.max()

    def away(value: float, share: float) -> float:
        return float(weight @ scipy.stats.t.cdf((value - m) / scale, n - 1)) - share

    shares, inside = ((1 - LEVEL) / 2, (1 + LEVEL) / 2), (m.min() - far, m.max() + far)
    low, high = (float(scipy.optimize.brentq(away, *inside, args=(share,))) for share in shares)
    return float(weight @ m), low, high


def _size(value: float) -> str:
    return f"{abs(value):,.0f}" if abs(value) >= 99.5 else f"{abs(value):.2g}"


def _way(value: float, unit: str = "") -> str:
    return " ".join(filter(None, [_size(value), unit, "better" if value < 0 else "worse"]))
