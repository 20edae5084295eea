"""Weakly informative priors, on standardised data. (The table stands in the ICM chapter, section "Priors".)

Each is a density over the logarithm of a scale, or over a correlation matrix, and `log_prior` is their sum
up to a constant. `fit` adds it to the log marginal likelihood, so its optimum is a posterior mode in
log-scales and correlations.

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

import numpy as np
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.exact.covariance import correlation


def input_spread(x: Tensor) -> Tensor:
    """Range of each input [D]; 1 for an input that takes a single value."""
    spread = x.max(0).values - x.min(0).values
    return torch.where(spread > 0, spread, torch.ones_like(spread))


def spatial_parts(kernel: Kernel) -> list[Kernel]:
    """The parts of a kernel whose length-scale is in units of the inputs (that of a PeriodicKernel has none)."""
    parts = kernel.modules()
    return [part for part in parts if getattr(part, "has_lengthscale", False) and not hasattr(part, "period_length")]


def _log_normal(value: Tensor, median: float, sd: float) -> Tensor:
    """Log density of log(value) ~ N(log median, sd^2), up to a constant, summed."""
    return -0.5 * (((value.log() - math.log(median)) / sd) ** 2).sum()


def log_prior(
    scales: list[Tensor], spread: Tensor, signal: Tensor, noise: Tensor, matrices: list[Tensor], mean: Tensor
) -> Tensor:
    """Log prior density up to a constant, a number.

    scales: length-scales, each [1, 1] or [1, D]; spread: [D]; signal and noise: the free variances of B and
    Sigma, [T], or [1] when tasks share one, [0] without noise; matrices: B (unless singular by construction) and Sigma
    (unless there is none), [T, T]; mean: [T].
    """
    value = -0.5 * (mean**2).sum() + _log_normal(signal, 1.0, 1.0) + _log_normal(noise, 0.05, 1.0)
    for scale in scales:
        reference = spread if scale.shape[-1] == len(spread) else spread.log().mean().exp()
        value = value + _log_normal(scale / reference, 0.3, 1.0)
    for matrix in matrices:
        value = value + torch.linalg.slogdet(correlation(matrix)).logabsdet
    return value


def flat_log_prior(
    mean: np.ndarray, B: np.ndarray, Sigma: np.ndarray, coupled: bool, one_signal: bool, noise: str
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """`log_prior` of means, B and Sigma in numpy, with its derivatives against mean [T], B and Sigma [T, T].

    coupled: whether B has a correlation to put a prior on; one_signal: whether the tasks share the variance.
    """
    value, slopes = -0.5 * float(mean @ mean), []
    for matrix, median, correlated, one in ((B, 1.0, coupled, one_signal), (Sigma, 0.05, True, noise == "shared")):
        if matrix is Sigma and noise == "none":
            slopes.append(np.zeros_like(Sigma))
            continue
        variances = matrix.diagonal()
        off = np.log(variances / median)
        if one:
            off[1:] = 0.0  # each free number once
        value, slope = value - 0.5 * float(off @ off), np.diag(-off / variances)
        if correlated:
            value += np.linalg.slogdet(matrix)[1] - float(np.log(variances).sum())
            slope = slope + np.linalg.inv(matrix) - np.diag(1 / variances)
        slopes.append(slope)
    return value, -mean, slopes[0], slopes[1]
