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

import math
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


def log_prior(model: Model, B: Tensor | None = None, Sigma: Tensor | None = None) -> Tensor:
    """Log prior density of a model's parameters up to a constant, a number; of stacks of them one for each.

    B, Sigma: those of the model, where they are known.
    """
    B, Sigma, noisy = model.B() if B is None else B, model.Sigma() if Sigma is None else Sigma, model.noisy
    logs = [part.lengthscale[..., 0, :].log() - scale for part, scale in length_scales(model)]
    of_B, of_Sigma = B.diagonal(0, -2, -1).log(), Sigma.diagonal(0, -2, -1)[..., noisy].log()
    logs += [of_B[..., : 1 if model.one_signal else None], model.raw_dispersion - math.log(0.1), model.means()]
    logs += [of_Sigma[..., : len(model.kind.free(noisy))] - math.log(0.05)]
    lead = torch.broadcast_shapes(*(each.shape[:-1] for each in logs))
    value = -0.5 * (torch.cat([each.expand(*lead, -1) for each in logs], -1) ** 2).sum(-1)
    if model.coupled():
        value = value + torch.linalg.slogdet(B)[1] - of_B.sum(-1)
    if not model.kind.correlated:
        return value
    return value + torch.linalg.slogdet(Sigma[..., noisy, :][..., noisy])[1] - of_Sigma.sum(-1)


def length_scales(model: Model) -> list[tuple[Kernel, Tensor]]:
    """The parts of the kernel with a length-scale, and the logarithms of their medians [D] or [1]."""
    return [(part, (0.3 * typical_range(part, model.unit.x)).log()) for part in spatial_parts(model.kernel)]


def typical_range(part: Kernel, x: Tensor) -> Tensor:
    """Range of each input [D]; their geometric mean where one length-scale is that of all."""
    spread = input_spread(x)
    return spread if part.lengthscale.shape[-1] == len(spread) else spread.log().mean().exp()
