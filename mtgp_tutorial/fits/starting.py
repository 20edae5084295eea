"""Where the optimiser starts: from the data's covariance, at several length-scales and noises."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.exact.covariance import correlation
from mtgp_tutorial.models.kernels import IndependentKernel
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.models.noise import set_noise_variance
from mtgp_tutorial.models.priors import input_spread, spatial_parts

# length-scale as a fraction of the inputs' range, noise as a fraction of the variance
STARTS = [(0.2, 0.1), (0.6, 0.3), (0.05, 0.02), (0.01, 0.1)]
RATIO = 5.0  # between the length-scales at which one kernel and the next start


def starting_point(model: Model, number: int, generator: torch.Generator) -> Model:
    """A copy of the model at its numbered start; the draws disturb only starts beyond STARTS.

    Several kernels start at different length-scales, each RATIO times shorter than the one before. Parameters that
    are frozen (requires_grad False) keep their values.
    """
    model = copy.deepcopy(model)
    frozen = {name: p.detach().clone() for name, p in model.named_parameters() if not p.requires_grad}
    (fraction, noise), beyond = STARTS[number % len(STARTS)], number >= len(STARTS)

    def jitter(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) if beyond else torch.zeros(*shape)

    stretch = math.exp(0.5 * float(jitter(1)))
    with torch.no_grad():
        for q, kernel in enumerate(_groups(model)):
            _start_length_scales(kernel, stretch * fraction / RATIO**q, model.unit.x)
        y = model.unit.y.nan_to_num()
        start = (1 - noise) * correlation(y.T @ y / len(y) + 1e-6 * torch.eye(y.shape[1]).to(y))
        set_noise_variance(model.likelihood, noise)
        _start_signal(model, start, jitter)
        for mean in model.mean.base_means:
            mean.constant = 0.0
        for name, value in frozen.items():
            model.get_parameter(name).copy_(value)
    return model


def _groups(model: Model) -> list[Kernel]:
    """Kernels that start at length-scales of their own."""
    return [model.kernel] if isinstance(model.kernel, IndependentKernel) else list(model.kernel.coregional)


def _start_length_scales(kernel: Kernel, fraction: float, x: Tensor) -> None:
    spread = input_spread(x)
    for part in spatial_parts(kernel):
        target = spread if part.raw_lengthscale.shape[-1] == len(spread) else spread.log().mean().exp()
        part.lengthscale = _allowed(part, fraction * target.expand_as(part.raw_lengthscale))


def _allowed(part: Kernel, length_scale: Tensor) -> Tensor:
    """The length-scale, moved inside the bounds that the kernel's owner may have set."""
    lower, upper = part.raw_lengthscale_constraint.lower_bound, part.raw_lengthscale_constraint.upper_bound
    return length_scale.clamp(min=float(lower.max()) * 1.01, max=float(upper.min()) * 0.99)


def _start_signal(model: Model, B: Tensor, jitter: Callable[..., Tensor]) -> None:
    """Set variances, or each W and kappa, from a start value of B [T, T]: leading eigenvectors, and what is left."""
    if isinstance(model.kernel, IndependentKernel):
        for kernel in model.kernel.kernels:
            kernel.outputscale = B.diagonal().mean()
        return
    parts = model.kernel.coregional
    for part in parts:
        index, share, disturbance = part.task_covar_module, B / len(parts), 0.1 * jitter(*B.shape).to(B)
        values, vectors = torch.linalg.eigh(share + disturbance @ disturbance.T)
        rank = index.covar_factor.shape[-1]
        index.covar_factor.data.copy_(vectors[:, -rank:] * values[-rank:].clamp_min(0).sqrt())
        index.var = (share - index.covar_factor @ index.covar_factor.T).diagonal().clamp_min(0.05 / len(parts))
