"""Interpolation of one task: a Brownian motion held at the seen values; with several inputs, weights by distance."""

from __future__ import annotations

import torch
from torch import Tensor

from mtgp_tutorial.judging.drift import Answer
from mtgp_tutorial.judging.forecasting import Unanswered
from mtgp_tutorial.table.data import TaskData

BLOCK = 1000  # rows that are compared with all seen ones at once


def bridge(seen: TaskData, t: int, x: Tensor, joint: bool) -> Answer:
    """A Brownian motion held at the seen values, those of one input averaged; its rate: mean of squared steps / time.

    With several inputs, each in its standard deviations: mean weighted by the inverse squared distance; the variance
    is the mean square of what each seen input's value differs from that of the others. Raises Unanswered for values at
    a single input, and for the covariance with several inputs.
    """
    cells = seen.observed[:, t]
    at, which = seen.x[cells].unique(dim=0, return_inverse=True)
    y = x.new_zeros(len(at)).index_add(0, which, seen.y[cells, t]) / torch.bincount(which).to(x)
    if len(at) < 2:
        raise Unanswered(f"seen: all values of task {seen.tasks[t]!r} have the same input; a bridge takes two inputs")
    if x.shape[1] == 1:
        return _between(at[:, 0], y, x[:, 0].contiguous(), joint)
    if joint:
        raise Unanswered(f"hidden: the bridge of {x.shape[1]} inputs has no covariance of cells; take forecast(hidden)")
    width = at.std(0, correction=0)
    width = torch.where(width > 0, width, 1.0)
    alone = _weighted(at / width, y, at / width, True)
    return _weighted(at / width, y, x / width, False), ((y - alone) ** 2).mean().expand(len(x))


def _between(at: Tensor, y: Tensor, x: Tensor, joint: bool) -> Answer:
    """Mean and (co)variance of a Brownian motion that is y at the sorted inputs `at`, at inputs x [m]."""
    width, n = at.diff(), len(at)
    rate = (y.diff() ** 2 / width).mean()
    after = torch.searchsorted(at, x)  # 0: before the first, n: beyond the last
    low, high = (after - 1).clamp(0, n - 2), after.clamp(1, n - 1)
    share = ((x - at[low]) / (at[high] - at[low])).clamp(0, 1)
    first, last = after == 0, after == n
    near = torch.where(first, at[0] - x, x - at[(after - 1).clamp(min=0)])  # from the value that holds it
    free = torch.where(first | last, 1.0, 1 - share)
    mean = (1 - share) * y[low] + share * y[high]
    if not joint:
        return mean, rate * near * free
    same = after[:, None] == after
    return mean, rate * same * torch.minimum(near[:, None], near) * torch.minimum(free[:, None], free)


def _weighted(at: Tensor, y: Tensor, x: Tensor, apart: bool) -> Tensor:
    """Means [m] of y weighted by the inverse squared distance; at an input of its own, its value.

    apart: x is `at`, and each is without its own value.
    """
    found = []
    for start in range(0, len(x), BLOCK):
        squares = ((x[start : start + BLOCK, None] - at) ** 2).sum(-1)
        if apart:
            squares.diagonal(start).fill_(torch.inf)
        nearest = squares.min(1, keepdim=True).values
        weights = torch.where(nearest > 0, nearest / squares, (squares == 0).to(y))  # relative: none overflows
        found.append((weights @ y) / weights.sum(1))
    return torch.cat(found)
