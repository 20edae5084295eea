"""Weakly informative priors, on standardised data. (The table stands in the chapter "Priors and averaging".)

Each is a density over the logarithm of a scale, or over a correlation matrix, up to a constant. `fit` adds their sum to
the log marginal likelihood, so its optimum is a posterior mode in log-scales and correlations.

    length-scale   log(l / spread) ~ N(log 0.3, 1)     spread: range of that input
    B              log B_tt ~ N(0, 1)                  a task's signal is about as large as its data's spread
    Sigma          log Sigma_tt ~ N(log 0.05, 1)
    correlations   density proportional to |R| (LKJ with eta = 2), for B and for Sigma
    mean           N(0, 1)
    dispersion     log d ~ N(log 0.1, 1)               of a negative binomial

For rank < T the matrices B are not all of the positive definite ones; kappa > 0 keeps their correlation
non-singular, and the same function is used as a penalty on those that can be reached. Of several kernels
the sum B = sum_q B_q is meant. Without kappa and with fewer columns than tasks B is singular, and only its
variances have a prior.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

if TYPE_CHECKING:
    from mtgp_tutorial.model import Model


def input_spread(x: Tensor) -> Tensor:
    """Range of each input [D]; 1 for an input that takes a single value."""
    spread = x.max(0).values - x.min(0).values
    return torch.where(spread > 0, spread, torch.ones_like(spread))


def spatial_parts(kernel: Kernel) -> list[Kernel]:
    """The parts of a kernel whose length-scale is in units of the inputs (that of a PeriodicKernel has none)."""
    parts = kernel.modules()
    return [part for part in parts if getattr(part, "has_lengthscale", False) and not hasattr(part, "period_length")]


def log_prior(model: Model) -> Tensor:
    """Log prior density of a model's parameters up to a constant, a number."""
    B, Sigma, T = model.B(), model.Sigma(), model.data.num_tasks
    value = -0.5 * (model.means() ** 2).sum()
    for part in spatial_parts(model.kernel):
        value = value + log_normal(part.lengthscale[0], 0.3 * typical_range(part, model.unit.x))
    value = value + log_normal(B.diagonal()[: 1 if model.one_signal else T], 1.0)
    value = value + log_normal(Sigma.diagonal()[model.kind.free(model.noisy)], 0.05)
    value = value + log_normal(model.raw_dispersion.exp(), 0.1)
    if model.coupled():
        value = value + log_det_correlation(B)
    return value + log_det_correlation(Sigma[model.noisy][:, model.noisy]) if model.kind.correlated else value


def log_normal(scales: Tensor, median: float | Tensor) -> Tensor:
    """log s ~ N(log median, 1), as a density over log s."""
    return -0.5 * ((scales / median).log() ** 2).sum()


def log_det_correlation(M: Tensor) -> Tensor:
    """log |R| of the correlation matrix R of M [T, T]."""
    return torch.linalg.slogdet(M)[1] - M.diagonal().log().sum()


def typical_range(part: Kernel, x: Tensor) -> Tensor:
    """Range of each input [D]; their geometric mean where one length-scale is that of all."""
    spread = input_spread(x)
    return spread if part.lengthscale.numel() == len(spread) else spread.log().mean().exp()
