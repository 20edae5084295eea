"""Weakly informative priors, on standardised data. (The table stands in the ICM chapter, section "Priors".)

Each is a density over the logarithm of a scale, or over a correlation matrix. Their sum is taken up to a constant, in
numpy and with its slopes; `log_prior` is the same for autograd. `fit` adds it to the log marginal likelihood, so its
optimum is a posterior mode in log-scales and correlations.

    length-scale   log(l / spread) ~ N(log 0.3, 1)     spread: range of that input
    B              log B_tt ~ N(0, 1)                  a task's signal is about as large as its data's spread
    Sigma          log Sigma_tt ~ N(log 0.05, 1)
    correlations   density proportional to |R| (LKJ with eta = 2), for B and for Sigma
    mean           N(0, 1)

For rank < T the matrices B are not all of the positive definite ones; kappa > 0 keeps their correlation
non-singular, and the same function is used as a penalty on those that can be reached. Of several kernels
the sum B = sum_q B_q is meant. Without kappa and with fewer columns than tasks B is singular, and only its
variances have a prior.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.arguments import as_array, as_tensor

MEDIANS = 1.0, 0.05  # of the variances of B and of Sigma


def input_spread(x: Tensor) -> Tensor:
    """Range of each input [D]; 1 for an input that takes a single value."""
    spread = x.max(0).values - x.min(0).values
    return torch.where(spread > 0, spread, torch.ones_like(spread))


def spatial_parts(kernel: Kernel) -> list[Kernel]:
    """The parts of a kernel whose length-scale is in units of the inputs (that of a PeriodicKernel has none)."""
    parts = kernel.modules()
    return [part for part in parts if getattr(part, "has_lengthscale", False) and not hasattr(part, "period_length")]


def log_ranges(log_spread: np.ndarray, size: int) -> np.ndarray:
    """What so many log length-scales are compared with: the inputs' [D], or their mean for one length-scale of all."""
    return log_spread if size == len(log_spread) else log_spread.mean(keepdims=True)


def of_length_scales(logs: np.ndarray, log_spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log(l / spread) ~ N(log 0.3, 1) of one kernel's log length-scales [..., 1, D] or [..., 1, 1], and its slope."""
    off = logs - log_ranges(log_spread, logs.shape[-1]) - math.log(0.3)
    return -0.5 * (off**2).sum((-2, -1)), -off


def of_moments(
    mean: np.ndarray,
    B: np.ndarray,
    Sigma: np.ndarray,
    coupled: bool,
    free: tuple[int, int],
    inverted: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The prior of means [..., T], B and Sigma [..., T, T], and its slopes.

    log M_tt ~ N(log median, 1) of the free variances, and |R| of the correlations, for M = B and Sigma together.
    coupled: whether B has a correlation to put a prior on; free: how many variances of B and of Sigma are free, the
    first ones. inverted: log determinants [2, ...] and inverses [2, ..., T, T] of B and Sigma, where they are known.
    """
    count = 2 if free[1] else 1
    M = np.array([B, Sigma])[:count]
    log_dets, inverses = inverted or (np.linalg.slogdet(M)[1], inverse(M))
    variances = M.diagonal(0, -2, -1)
    logs = np.log(variances)
    off = logs.copy()
    for each, median, counted in zip(off, MEDIANS, free):
        each -= math.log(median)
        each[..., counted:] = 0.0  # each free number once
    by_matrix = np.zeros((2, *B.shape))
    slopes = by_matrix[:count].reshape(*variances.shape[:-1], -1)[..., :: B.shape[-1] + 1]  # its diagonals
    value, slopes[...] = -0.5 * ((off**2).sum((0, -1)) + (mean**2).sum(-1)), -off / variances
    first = 0 if coupled else 1
    value = value + (log_dets[first:count] - logs[first:].sum(-1)).sum(0)
    slopes[first:] -= 1 / variances[first:]
    by_matrix[first:count] += inverses[first:count]
    return value, -mean, by_matrix[0], by_matrix[1]


def inverse(M: np.ndarray) -> np.ndarray:
    """M^-1 of each; no numbers where M is singular to the last digit, as at some starts without kappa."""
    try:
        return np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return np.stack([inverse(one) for one in M]) if M.ndim > 2 else np.full_like(M, np.nan)


def log_prior(
    scales: list[Tensor], spread: Tensor, mean: Tensor, B: Tensor, Sigma: Tensor, coupled: bool, free: tuple[int, int]
) -> Tensor:
    """Log prior density up to a constant, a number, once differentiable.

    scales: length-scales, each [1, 1] or [1, D]; spread: [D]; the others as `of_moments` has them.
    """
    return _LogPrior.apply(as_array(spread.log()), coupled, free, mean, B, Sigma, *(scale.log() for scale in scales))


class _LogPrior(Function):
    """The sum of all, with the slopes that the flat form has."""

    @staticmethod
    def forward(ctx: Any, log_spread: np.ndarray, coupled: bool, free: tuple[int, int], *tensors: Tensor) -> Tensor:
        mean, B, Sigma, *logs = (as_array(tensor) for tensor in tensors)
        value, *slopes = of_moments(mean, B, Sigma, coupled, free)
        for each in logs:
            more, slope = of_length_scales(each, log_spread)
            value, slopes = value + more, [*slopes, slope]
        ctx.slopes = [as_tensor(slope, tensor) for slope, tensor in zip(slopes, tensors)]
        return tensors[0].new_tensor(value)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        return None, None, None, *(grad * slope for slope in ctx.slopes)
