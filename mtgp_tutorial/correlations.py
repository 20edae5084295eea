"""Correlation against distance: what the table shows before a fit, and what a fit says of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_matrix, finite, of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.result import Fit, fitted

BLOCK = 1000  # rows that are paired with all others at once


def empirical_correlation(data: TaskData, distances: Any, *, width: float | None = None) -> pd.DataFrame:
    """Correlation of y_s(x) with y_t(x + h) in the table, for each distance h.

    Values less their task's mean, over their task's standard deviation, multiplied and averaged over all pairs of
    observed cells whose inputs are h apart, to within half of `width`. The distance 0 is for cells of the same row
    alone, so that what a row shares as noise stands out there: the drop from 0 to the next distances is the nugget. A
    negative h asks for t before s; a curve that is not symmetric shows a lag. Long distances rest on few independent
    stretches; where pairs are few a value can pass 1, as the standard deviations are those of whole columns. (book:
    empirical-correlation)

    Args:
        data (TaskData): of one input.
        distances (array [K]): in units of x.
        width (float): in units of x. Default: the smallest step of the distances.
    Returns:
        One row for each distance, a column (s, t) for each pair with s not after t; NaN where no pair has that
            distance.
    Raises:
        ValueError: for a table with several inputs, a task without two different values, and distances that are not
            finite and increasing.

    >>> from mtgp_tutorial import datasets, empirical_correlation
    >>> seen = empirical_correlation(datasets.great_lakes(), range(3))
    >>> seen["Erie", "Erie"].round(2).tolist()  # at 0, 1 and 2 years
    [1.0, 0.86, 0.69]
    """
    of_kind("data", data, TaskData, "the table itself, such as fit.model.data")
    h = as_matrix(distances, "distances")[:, 0]
    if data.x.shape[1] != 1:
        raise ValueError(f"data: has {data.x.shape[1]} inputs; pass a table with one")
    if not len(h) or not bool(h.isfinite().all()) or bool((h.diff() <= 0).any()):
        raise ValueError("distances: are none, not finite or not increasing; pass numbers such as range(10)")
    width = float(h.diff().min()) if width is None and len(h) > 1 else width
    width = finite("width", width, advice := "how far from a distance a pair may lie, above 0")
    if width <= 0:
        raise ValueError(f"width: is {width}; pass {advice}")
    if names := [task for task, column in zip(data.tasks, data.y.T) if len(column[~column.isnan()].unique()) < 2]:
        raise ValueError(f"data: task {names[0]!r} does not vary; leave it out")
    z = data.standardise()[0].y.nan_to_num()
    seen = data.observed.to(z)
    products, counts = z.new_zeros(2, len(h), data.num_tasks, data.num_tasks)
    everyone = torch.arange(len(z), device=z.device)
    for rows in everyone.split(BLOCK):
        apart = data.x[:, 0] - data.x[rows]  # [i, j]: x_j - x_i
        same = rows[:, None] == everyone
        for k, step in enumerate(h):
            chosen = (same if step == 0 else ((apart - step).abs() <= width / 2) & ~same).to(z)
            products[k] += z[rows].mT @ chosen @ z
            counts[k] += seen[rows].mT @ chosen @ seen
    return _labelled(products / counts.where(counts > 0, torch.nan), h, data.tasks)


@torch.no_grad()
def model_correlation(fit: Fit, distances: Any) -> pd.DataFrame:
    """What a fit says of the correlation of y_s(x) with y_t(x + h): to be drawn over `empirical_correlation`.

    (sum_q B_q[s, t] k_q(h) + [h = 0] Sigma[s, t]) over the square root of the variances of y_s and y_t, noise included;
    the distance 0 is a cell of the same row; known standard errors, which differ from cell to cell, are left out. For
    stationary kernels of one input: k_q is taken between the first row of the table and inputs beyond it.

    Args:
        fit (Fit): of one input.
        distances (array [K]): in units of x.
    Returns:
        A table as that of `empirical_correlation`.
    Raises:
        ValueError: for several inputs.

    >>> from mtgp_tutorial import fit, icm, model_correlation, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> said = model_correlation(fitted, [0, 0.1, 0.2])
    >>> said.columns.tolist()[:2]
    [('sine', 'sine'), ('sine', 'lagged sine')]
    >>> said["sine", "sine"].is_monotonic_decreasing
    True
    """
    h = as_matrix(distances, "distances").to(fitted(fit).model.data.x)
    fit.model.normal_alone("model_correlation")
    x = fit.model.data.x
    if x.shape[1] != 1:
        raise ValueError(f"fit: is of a table with {x.shape[1]} inputs; pass one with a single input")
    B, Sigma = fit.model.B(), fit.model.Sigma()
    signal = sum(K[0][:, None, None] * B_q for K, B_q in fit.model.terms(x[:1], x[:1] + h))
    covariance = signal + (h[:, :, None] == 0) * Sigma
    variances = (B + Sigma).diagonal()
    return _labelled(covariance / torch.outer(variances, variances).sqrt(), h[:, 0], fit.model.data.tasks)


def _labelled(values: Tensor, h: Tensor, tasks: Sequence[str]) -> pd.DataFrame:
    """[K, T, T] as a table with a column for each pair."""
    first, second = np.triu_indices(len(tasks))
    columns = pd.MultiIndex.from_tuples(combinations_with_replacement(tasks, 2), names=["s", "t"])
    return pd.DataFrame(as_array(values[:, first, second]), pd.Index(as_array(h), name="distance"), columns)
