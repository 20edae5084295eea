"""Fit a model by L-BFGS on its exact marginal likelihood, from several starts."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from mtgp_tutorial.covariance import correlation
from mtgp_tutorial.exact import NotPositiveDefiniteError
from mtgp_tutorial.models import IndependentKernel, Model
from mtgp_tutorial.noise import FLOOR, set_noise_matrix
from mtgp_tutorial.priors import input_spread, length_scales, log_prior

# starting points: length-scale as a fraction of the inputs' range, noise as a fraction of the variance
STARTS = [(0.2, 0.1), (0.6, 0.3), (0.05, 0.02)]


class FitError(RuntimeError):
    """No start of the optimiser ended in a usable optimum."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model and how it was reached. Matrices are labelled tables in data units.

    log_likelihood: in nats, of the data in its own units (without the prior). starts: one row a start
    (objective: log likelihood plus log prior of the standardised data; evaluations; converged).
    """

    model: Model
    priors: bool
    log_likelihood: float
    starts: pd.DataFrame

    def _table(self, matrix: Tensor) -> pd.DataFrame:
        names = list(self.model.data.tasks)
        return pd.DataFrame(matrix.detach().cpu().numpy(), index=names, columns=names)

    def _in_data_units(self, matrix: Tensor) -> pd.DataFrame:
        return self._table(matrix * torch.outer(self.model.scale.sd, self.model.scale.sd))

    @property
    def B(self) -> pd.DataFrame:
        """sum_q B_q [T, T]: covariance of the latent functions at one input, data units."""
        return self._in_data_units(self.model.B())

    @property
    def correlation(self) -> pd.DataFrame:
        """Task correlation [T, T] of the latent functions at one input (book: task-correlation)."""
        return self._table(correlation(self.model.B()))

    @property
    def Sigma(self) -> pd.DataFrame:
        """Noise covariance [T, T], data units."""
        return self._in_data_units(self.model.Sigma())

    @property
    def noise_correlation(self) -> pd.DataFrame:
        """Correlation [T, T] of the noise of one row."""
        return self._table(correlation(self.model.Sigma()))

    @property
    def on_floor(self) -> list[str]:
        """Tasks whose noise the fit would make smaller if the floor allowed it (within 1 % of it)."""
        smallest = torch.linalg.eigvalsh(self.model.Sigma())[0]
        variances = self.model.Sigma().diagonal()
        return [t for t, v in zip(self.model.data.tasks, variances, strict=True) if v < 1.01 * FLOOR or smallest < 1.01 * FLOOR]

    @property
    def length_scales(self) -> list[float]:
        """Length-scales of the kernel's parts, in units of the inputs; one list for all."""
        return [float(v) for scale in length_scales(self.model.kernel) for v in scale.detach().flatten()]


def objective(model: Model, priors: bool) -> Tensor:
    """Exact log marginal likelihood of the standardised table, plus the log prior if asked for."""
    value = model.log_likelihood()
    if priors:
        x = model.unit.x
        value = value + log_prior(length_scales(model.kernel), input_spread(x), model.B(), model.Sigma(), model.mean(x)[0])
    return value


def fit(model: Model, *, priors: bool = True, starts: int = 3, seed: int = 0, max_iterations: int = 1000) -> Fit:
    """Maximise the exact log marginal likelihood (plus `log_prior` when priors is True); returns a new, fitted copy.

    The first starts come from the data's covariance with the length-scales and noises in STARTS; more are
    drawn around them with `seed`. The best converged start wins. Raises FitError, with the parameter values, when none is usable.
    """
    if isinstance(starts, bool) or not isinstance(starts, int) or starts < 1:
        raise ValueError(f"starts: {starts!r} is not a whole number above 0; pass how many starts to try")
    generator = torch.Generator().manual_seed(seed)
    runs = [_climb(_initialised(model, number, generator), priors, max_iterations) for number in range(starts)]
    table = pd.DataFrame([record for _, record in runs]).rename_axis("start")
    usable = table.index[table["converged"] & np.isfinite(table["objective"])]
    if len(usable) == 0:
        values = {name: p.detach().cpu().tolist() for name, p in runs[0][0].named_parameters()}
        raise FitError(f"fit: none of {starts} starts converged in {max_iterations} iterations ({runs[0][1]['message']}); "
                       f"allow more iterations or check the data; the first ended at {values}")
    best = runs[table["objective"][usable].idxmax()][0]
    with torch.no_grad():
        log_scale = (best.unit.observed * best.scale.sd.log()).sum()
        value = float(best.log_likelihood() - log_scale)
    return Fit(best.requires_grad_(False), priors, value, table.drop(columns="message"))


def _initialised(model: Model, number: int, generator: torch.Generator) -> Model:
    """A copy of the model at its numbered start; the draws disturb only starts after the first."""
    model = copy.deepcopy(model)
    fraction, noise = STARTS[number % len(STARTS)]
    def jitter(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) if number else torch.zeros(*shape)
    if number >= len(STARTS):
        fraction *= math.exp(0.5 * float(jitter(1)))
    spread = input_spread(model.unit.x)
    with torch.no_grad():
        for part in model.kernel.modules():
            if getattr(part, "has_lengthscale", False):
                target = spread if part.raw_lengthscale.shape[-1] == len(spread) else spread.log().mean().exp()
                part.lengthscale = fraction * target.expand_as(part.raw_lengthscale)
        y = model.unit.y.nan_to_num()
        start = (1 - noise) * correlation(y.T @ y / len(y) + 1e-6 * torch.eye(y.shape[1]).to(y))
        set_noise_matrix(model.likelihood, noise * torch.eye(len(start)).to(y))
        _start_signal(model, start, 0.1 * jitter(*start.shape).to(y))
        for mean in model.mean.base_means:
            mean.constant = 0.0
    return model


def _start_signal(model: Model, B: Tensor, disturbance: Tensor) -> None:
    """Set variances, or W and kappa, from a start value B [T, T]: leading eigenvectors, and what is left."""
    if isinstance(model.kernel, IndependentKernel):
        for kernel in model.kernel.kernels:
            kernel.outputscale = B.diagonal().mean()
        return
    index = model.kernel.task_covar_module
    values, vectors = torch.linalg.eigh(B + disturbance @ disturbance.T)
    rank = index.covar_factor.shape[-1]
    index.covar_factor.data.copy_(vectors[:, -rank:] * values[-rank:].sqrt())
    index.var = (B - index.covar_factor @ index.covar_factor.T).diagonal().clamp_min(0.05)


def _bounds(model: Model) -> list[tuple[float, float]]:
    """Box on the raw parameters: scales within e^12 of their start, factors and means within 1e3."""
    box = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            box += [(float(v) - 12, float(v) + 12) for v in parameter.detach().flatten()]
    return box


def _climb(model: Model, priors: bool, max_iterations: int) -> tuple[Model, dict[str, Any]]:
    """L-BFGS-B from where the model stands; the model moves, the record says how it went."""
    parameters = [p for p in model.parameters() if p.requires_grad]

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        vector_to_parameters(torch.as_tensor(vector).to(parameters[0].device), parameters)
        value = -objective(model, priors)
        gradient = parameters_to_vector(torch.autograd.grad(value, parameters))
        return float(value.detach()), gradient.cpu().numpy()

    start = parameters_to_vector(parameters).detach().cpu().numpy()
    try:
        result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=_bounds(model),
                          options={"maxiter": max_iterations, "maxfun": 2 * max_iterations, "ftol": 1e-13, "gtol": 1e-5})
    except NotPositiveDefiniteError as error:
        return model, {"objective": math.nan, "evaluations": 0, "converged": False, "message": str(error)}
    vector_to_parameters(torch.as_tensor(result.x).to(parameters[0].device), parameters)
    converged = bool(result.success) or float(np.abs(result.jac).max()) < 1e-3
    return model, {"objective": -float(result.fun), "evaluations": int(result.nfev), "converged": converged, "message": str(result.message)}
