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


def of_length_scales(logs: np.ndarray, log_spread: np.ndarray) -> tuple[float, np.ndarray]:
    """log(l / spread) ~ N(log 0.3, 1) of one kernel's log length-scales, and its slope."""
    off = logs - log_ranges(log_spread, logs.size) - math.log(0.3)
    return -0.5 * float((off**2).sum()), -off


def of_matrix(M: np.ndarray, median: float, free: int, coupled: bool) -> tuple[float, np.ndarray]:
    """log M_tt ~ N(log median, 1) of the first `free` variances, and |R| of a coupled matrix; with the slope [T, T]."""
    if not free:
        return 0.0, np.zeros_like(M)
    variances = M.diagonal()
    off = np.log(variances / median)
    off[free:] = 0.0  # each free number once
    value, slope = -0.5 * float(off @ off), np.diag(-off / variances)
    if coupled:
        value += np.linalg.slogdet(M)[1] - float(np.log(variances).sum())
        slope = slope + _inverse(M) - np.diag(1 / variances)
    return value, slope


def _inverse(M: np.ndarray) -> np.ndarray:
    """M^-1; no numbers where M is singular to the last digit, as at some starts without kappa."""
    try:
        return np.linalg.inv(M)
    except np.linalg.LinAlgError:
        return np.full_like(M, np.nan)


def of_moments(
    mean: np.ndarray, B: np.ndarray, Sigma: np.ndarray, coupled: bool, free: tuple[int, int]
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """The prior of means [T], B and Sigma [T, T], and its slopes.

    coupled: whether B has a correlation to put a prior on; free: how many variances of B and of Sigma are free.
    """
    by_B, by_Sigma = of_matrix(B, 1.0, free[0], coupled), of_matrix(Sigma, 0.05, free[1], True)
    return -0.5 * float(mean @ mean) + by_B[0] + by_Sigma[0], -mean, by_B[1], by_Sigma[1]


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
        mean, B, Sigma, *logs = (as_array(tensor.detach()) for tensor in tensors)
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
