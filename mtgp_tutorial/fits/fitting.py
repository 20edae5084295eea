"""Fit a model by L-BFGS on its exact marginal likelihood, from several starts."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from mtgp_tutorial.exact import forms
from mtgp_tutorial.fits.climbing import climb
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.fits.starting import starting_point
from mtgp_tutorial.models.model import Model


class FitError(RuntimeError):
    """No start of the optimiser ended in a usable optimum. parameters: by name, where the highest start ended."""

    def __init__(self, message: str, parameters: dict[str, Tensor] | None = None):
        super().__init__(message)
        self.parameters = parameters or {}


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
            runs.append(climb(starting_point(model, number, generator), priors, max_iterations, bar))
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
