"""Weakly informative priors, on standardised data. (The table stands in the chapter "Priors and averaging".)

Each is a density over the logarithm of a scale, or over a correlation matrix, up to a constant. `fit` adds their sum to
the log marginal likelihood, so its optimum is a posterior mode in log-scales and correlations.

    length-scale   log(l / spread) ~ N(log 0.3, 1)     spread: range of that input
    B              log B_tt ~ N(0, 1)                  a task's signal is about as large as its data's spread
    Sigma          log Sigma_tt ~ N(log 0.05, 1)
    correlations   density proportional to |R| (LKJ with eta = 2), for B and for Sigma (not for one of rank r < T)
    mean           N(0, 1)
    dispersion     log d ~ N(log 0.1, 1)               of a negative binomial

For rank < T the matrices B are not all of the positive definite ones; kappa > 0 keeps their correlation
non-singular, and the same function is used as a penalty on those that can be reached. Of several kernels
the sum B = sum_q B_q is meant. Without kappa and with fewer columns than tasks B is singular, and only its
variances have a prior.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

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


class Constants(NamedTuple):
    """What no parameter changes: log medians [D] or [1] of length-scales, and whether B has a correlation."""

    log_lengths: list[Tensor]
    coupled: bool


def constants(model: Model) -> Constants:
    """That of a model."""
    medians = [(0.3 * typical_range(part, model.unit.x)).log() for part in spatial_parts(model.kernel)]
    return Constants(medians, model.coupled())


def log_prior(
    model: Model, B: Tensor | None = None, Sigma: Tensor | None = None, of: Constants | None = None
) -> Tensor:
    """Log prior density of a model's parameters up to a constant, a number; of stacks of them one for each.

    B, Sigma, of: those of the model, where they are known.
    """
    B, Sigma, of = model.B() if B is None else B, model.Sigma() if Sigma is None else Sigma, of or constants(model)
    noisy, numbers = model.noisy, [model.means()]
    if len(noisy) < len(B.mT):
        Sigma = Sigma[..., noisy, :][..., noisy]
    numbers += [
        part.lengthscale[..., 0, :].log() - log for part, log in zip(spatial_parts(model.kernel), of.log_lengths)
    ]
    of_B, free = B.diagonal(0, -2, -1).log(), len(model.kind.free(noisy))
    numbers.append(of_B[..., :1] if model.one_signal else of_B)
    if free:
        numbers.append(Sigma.diagonal(0, -2, -1)[..., :free].log() - math.log(0.05))
    if len(model.raw_dispersion):
        numbers.append(model.raw_dispersion - math.log(0.1))
    lead = max((each.shape[:-1] for each in numbers), key=len)
    value = -0.5 * torch.cat([each.expand(*lead, -1) for each in numbers], -1).square().sum(-1)
    value = value + log_det_correlation(B) if of.coupled else value
    return value + log_det_correlation(Sigma) if model.kind.whole else value


def log_det_correlation(M: Tensor) -> Tensor:
    """log |R| [..] of the correlation matrices R of M [.., T, T]; its slope has no number where M is singular."""
    return _LogDetCorrelation.apply(M)


class _LogDetCorrelation(Function):
    @staticmethod
    def forward(ctx: Any, M: Tensor) -> Tensor:
        ctx.save_for_backward(M)
        return torch.linalg.slogdet(M)[1] - M.diagonal(0, -2, -1).log().sum(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, G: Tensor) -> Tensor:
        (M,) = ctx.saved_tensors
        return G[..., None, None] * (torch.linalg.inv_ex(M)[0] - torch.diag_embed(1 / M.diagonal(0, -2, -1)))


def typical_range(part: Kernel, x: Tensor) -> Tensor:
    """Range of each input [D] that it sees; their geometric mean where one length-scale is that of all."""
    x = x if part.active_dims is None else x[:, part.active_dims]
    spread = input_spread(x)
    return spread if part.lengthscale.shape[-1] == len(spread) else spread.log().mean().exp()
