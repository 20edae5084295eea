"""How large a gain is, with an interval over what differs as a whole, and in words (book: crossed)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from mtgp_tutorial.arguments import of_kind

COUNTS = ("lower", "trials", "clusters")  # columns that begin so are counts
LEVEL, POINTS = 0.95, 15  # of an interval; points of the grid for each clustering
FEWEST, HEAVY = 3, 0.4  # clusters for an interval; half widths by which one trial may move the mean


def sentence(gain: pd.Series | Mapping[str, Any], unit: str, names: Mapping[str, str] | None = None) -> str:
    """What a row of `paired` or `summarise` says of its first arm, in words: a size, an interval, and counts.

    Where there is no interval (`paired` says when), the median of the trials stands in the place of the mean. The worst
    trial is named where it is ten times as far behind as the median is from zero.

    Args:
        gain (pd.Series or dict): such a row, of a score of which less is better.
        unit (str): of the score ("nats").
        names (dict of str): for each clustering of the call, by its column, what its clusters are called in the plural
            ({"lake": "lakes"}); the first is counted. Default: none.
    Raises:
        ValueError: for the row of the baseline, and for a name that is no clustering of the row.

    >>> from mtgp_tutorial import datasets, paired, sentence
    >>> runs = datasets.study("great_lakes")
    >>> arms = [("ICM", "independent, shared")]
    >>> by = ["lake", "start"]
    >>> row = paired(runs, "NLPD", arms, by=by, cluster=by).iloc[0]
    >>> names = {"lake": "lakes", "start": "stretches"}
    >>> said = sentence(row, "nats", names)
    >>> said.partition(", in ")[0]
    'ahead by 1.4 nats (0.51 to 2.3; 4 lakes, 4 stretches)'
    >>> said.partition(", in ")[2]
    '16 of 16 trials and 4 of 4 lakes'
    """
    of_kind("gain", gain, (pd.Series, Mapping), "a row of what paired or summarise returned")
    names = names or {}
    if pd.isna(gain["mean difference"]):
        raise ValueError("gain: is the row of the baseline, which differs from nothing; pass that of another arm")
    row = {key: int(value) if key.startswith(COUNTS) else value for key, value in dict(gain).items()}
    for name in names:
        if f"clusters by {name}" not in row:
            known = [key.removeprefix("clusters by ") for key in row if key.startswith("clusters by ")]
            raise ValueError(f"names: {name!r} is no clustering of this row; it has {', '.join(known) or 'none'}")
    mean, low, high, median = (float(row[key]) for key in ("mean difference", "low", "high", "median"))
    counts = [f"{row[f'clusters by {name}']} {noun}" for name, noun in names.items()]
    ahead = f"in {row['lower']} of {row['trials']} trials"
    ahead += f" and {row[f'lower by {next(iter(names))}']} of {counts[0]}" if names else ""
    worst = f"; the worst trial is {_way(row['worst'])}" if row["worst"] > 10 * abs(median) else ""
    if np.isnan(low):
        fewest = min(value for key, value in row.items() if key.startswith("clusters"))
        few = fewest < FEWEST
        why = f"too few for an interval: {fewest}" if few else f"the mean, {_way(mean)}, hangs on one of them"
        why = why if row["standard error"] > 0 else "all trials are alike"
        return f"ahead {ahead}, by the median {_way(median, unit)}{worst}; {why}"
    ends = f"{_way(high)} to {_way(low)}" if low < 0 < high else f"{_size(min(-low, high, key=abs))} to "
    ends += "" if low < 0 < high else _size(max(-low, high, key=abs))
    by = f"{'ahead' if mean < 0 else 'behind'} by {_size(mean)} {unit}".rstrip()
    return (
        f"{by} ({'; '.join([ends, *filter(None, [', '.join(counts)])])}), {'' if mean < 0 else 'ahead '}{ahead}{worst}"
    )


def gain(difference: pd.Series, clusterings: Mapping[str, pd.Series], held_out: float = 0.0) -> dict[str, Any]:
    """One pair of arms, first less second, a value a trial: what `paired` returns as a row, but for its errors.

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
    means = [difference.groupby(label).mean() for label in labels]
    d = (means[0] if len(means) == 1 else difference).to_numpy(float)
    mean, low, high = _interval(d, labels if len(labels) > 1 else [], held_out)
    rest = np.delete(d, np.abs(d - np.median(d)).argmax())
    if abs(d.mean() - rest.mean()) > HEAVY * (high - low) / 2:
        low = high = np.nan
    if min(len(difference), *map(len, means), len(d)) < FEWEST:
        low = high = np.nan
    row = {"mean difference": mean, "low": low, "high": high}
    row |= {"median": difference.median(), "worst": difference.max()}
    row |= {"lower": int((difference < 0).sum()), "trials": len(difference)}
    for name, one in zip(clusterings, means):
        row |= {f"clusters by {name}": len(one), f"lower by {name}": int((one < 0).sum())}
    return row


def _interval(d: NDArray[Any], labels: Sequence[pd.Series], held_out: float) -> tuple[float, float, float]:
    """Mean and ends of the interval; the ends are NaN where the values are equal."""
    n = len(d)
    blocks = [np.equal.outer(code, code).astype(float) for code in (pd.factorize(label)[0] for label in labels)]
    blocks = [block for block in blocks if block.sum() > n]  # a cluster a trial is the rest itself
    points = POINTS if len(blocks) < 3 else POINTS // 2
    grid = np.tan((np.arange(points) + 0.5) / points * np.pi / 2) ** 2  # ratios, squared
    V = np.eye(n)[None]
    if blocks:
        V = V + np.tensordot(np.array(list(itertools.product(grid, repeat=len(blocks)))), blocks, 1)
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

    def end(share: float) -> float:
        def away(value: float) -> float:
            return float(weight @ scipy.stats.t.cdf((value - m) / scale, n - 1)) - share

        return float(scipy.optimize.brentq(away, m.min() - far, m.max() + far))

    return float(weight @ m), end((1 - LEVEL) / 2), end((1 + LEVEL) / 2)


def _size(value: float) -> str:
    return f"{abs(value):,.0f}" if abs(value) >= 99.5 else f"{abs(value):.2g}"


def _way(value: float, unit: str = "") -> str:
    return " ".join(filter(None, [_size(value), unit, "ahead" if value < 0 else "behind"]))
