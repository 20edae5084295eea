"""Fit a model by L-BFGS on its exact marginal likelihood, from several starts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial.exact import NotPositiveDefiniteError, forms
from mtgp_tutorial.fits.flat import Flat, can_be_flat
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.fits.starting import starting_point
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.models.priors import input_spread, log_prior, spatial_parts


class FitError(RuntimeError):
    """No start of the optimiser ended in a usable optimum. parameters: by name, where the highest start ended."""

    def __init__(self, message: str, parameters: dict[str, Tensor] | None = None):
        super().__init__(message)
        self.parameters = parameters or {}


def objective(model: Model, priors: bool) -> Tensor:
    """Exact log marginal likelihood of the standardised table, plus the log prior if asked for."""
    problem = model.problem()
    value = forms.log_likelihood(problem)
    if not priors:
        return value
    B, Sigma = sum(term.B for term in problem.terms), problem.Sigma  # computed once, for the data and the prior
    return (
        value
        + log_prior(
            [part.lengthscale for part in spatial_parts(model.kernel)],
            input_spread(model.unit.x),
            B.diagonal()[:1] if model.one_signal else B.diagonal(),  # type: ignore[union-attr]
            Sigma.diagonal()[:1] if model.noise == "shared" else Sigma.diagonal(),  # each free number once
            [B, Sigma] if model.coupled() else [Sigma],  # type: ignore[list-item]
            model.means(),
        )
    )


def fit(
    model: Model,
    *,
    priors: bool = True,
    starts: int | None = None,
    seed: int = 0,
    max_iterations: int = 1000,
    progress: bool = False,
) -> Fit:
    """Maximise the exact log marginal likelihood (plus `log_prior` when priors is True); returns a new, fitted copy.

    starts: how many (default: 3, and 6 for several kernels). The first come from the data's covariance with the
    length-scales and noises in starting.STARTS; more are drawn around them with `seed`. The best start wins. Only
    what is frozen in the model (requires_grad False) keeps its value. progress: show starts and iterations, in
    terminals only. Raises MemoryError for a table that cannot fit into memory, and FitError when the best start has
    not converged, unless a converged one is within 0.01 nats of it.
    """
    if starts is None:
        starts = 6 if len(getattr(model.kernel, "coregional", [])) > 1 else 3
    if isinstance(starts, bool) or not isinstance(starts, Integral) or starts < 1:
        raise ValueError(f"starts: {starts!r} is not a whole number above 0; pass how many starts to try")
    with torch.no_grad():
        forms.check_size(model.problem())
    generator, runs = torch.Generator().manual_seed(seed), []
    with tqdm(unit=" iterations", disable=None if progress else True) as bar:
        for number in range(starts):
            bar.set_description(f"start {number + 1} of {starts}")
            runs.append(_climb(starting_point(model, number, generator), priors, max_iterations, bar))
    table = pd.DataFrame([record for _, record in runs]).rename_axis("start")
    best = _best(runs, table, max_iterations)
    with torch.no_grad():
        value = float(best.log_likelihood() - best.log_scale())
    return Fit(best.requires_grad_(False), priors, value, table.drop(columns="message"))


def _best(runs: list[tuple[Model, dict[str, Any]]], table: pd.DataFrame, max_iterations: int) -> Model:
    """The model at the highest objective, if that start (or one as high) converged; FitError otherwise."""
    heights = table["objective"].fillna(-math.inf)
    usable = heights[table["converged"] & (heights > heights.max() - 0.01)]
    if len(usable):
        return runs[int(usable.idxmax())][0]
    top = int(heights.idxmax())
    reached = f"start {top} came to {heights[top]:.1f} nats" if heights[top] > -math.inf else table["message"][top]
    raise FitError(
        f"fit: the best of {len(runs)} starts has not converged in {max_iterations} iterations ({reached}); allow more "
        "iterations, or take a lower rank or fewer kernels",
        {name: p.detach().cpu().clone() for name, p in runs[top][0].named_parameters()},
    )


def _bounds(model: Model) -> list[tuple[float, float]]:
    """Box on the raw parameters: logarithms of scales, W, L and means stay within 12 of where they start."""
    raw = parameters_to_vector([p for p in model.parameters() if p.requires_grad]).detach()
    return [(value - 12, value + 12) for value in raw.tolist()]


def _by_autograd(model: Model, priors: bool, parameters: Sequence[Tensor]) -> Callable[[np.ndarray], Any]:
    """Minus the objective and its gradient through GPyTorch's modules, for kernels that are not closed."""

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        vector_to_parameters(torch.as_tensor(vector).to(parameters[0].device), parameters)
        value = -objective(model, priors)
        gradient = parameters_to_vector(torch.autograd.grad(value, parameters))
        return float(value.detach()), gradient.cpu().numpy()

    return loss


def _climb(model: Model, priors: bool, max_iterations: int, bar: tqdm) -> tuple[Model, dict[str, Any]]:
    """L-BFGS-B from where the model stands; the model moves, the record says how it went.

    Fifty correction pairs instead of ten: with few parameters and long valleys (kappa near 0, rotations
    of W) they take a fifth of the evaluations.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    loss = Flat(model, priors) if can_be_flat(model) else _by_autograd(model, priors, parameters)

    def step(_: np.ndarray) -> None:
        bar.update()

    start, bounds = parameters_to_vector(parameters).detach().cpu().numpy(), _bounds(model)
    try:
        result = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=step,
            options={
                "maxiter": max_iterations,
                "maxfun": 2 * max_iterations,
                "maxcor": 50,
                "ftol": 1e-13,
                "gtol": 1e-5,
            },
        )
    except NotPositiveDefiniteError as error:
        return model, {"objective": math.nan, "evaluations": 0, "converged": False, "message": str(error)}
    vector_to_parameters(torch.as_tensor(result.x).to(parameters[0].device), parameters)
    low, high = np.array(bounds).T
    slope = result.x - np.clip(result.x - result.jac, low, high)  # zero at a bound that the gradient points out of
    converged = bool(result.success) or float(np.abs(slope).max()) < 1e-2
    return model, {
        "objective": -float(result.fun),
        "evaluations": int(result.nfev),
        "converged": converged,
        "message": str(result.message),
    }
