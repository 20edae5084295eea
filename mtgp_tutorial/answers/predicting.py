"""What a fitted model says about new rows (`predict`) and missing cells (`impute`), and draws of both (`sample`)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial import exact
from mtgp_tutorial.answers.asking import further_rows, named, query
from mtgp_tutorial.exact.covariance import Cells, all_cells, noise_covariance, signal_covariance
from mtgp_tutorial.exact.forms import Conditioned
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import Prediction, TaskData


@torch.no_grad()
def predict(fit: Fit, x: Any, *, noise: bool = True, covariance: bool = False) -> Prediction:
    """Predictions at new rows x [M, D] (or [M]), which share no noise with the rows of the data.

    noise: of the observed y (True) or of the latent f (False). covariance: also the joint [M*T, M*T].
    Raises ValueError for x of another width or on another device than the data. (book: predict)
    """
    x = query(fit, x)
    cells = all_cells(torch.ones(len(x), fit.model.data.num_tasks, dtype=torch.bool, device=x.device))
    mean, spread = _posterior(fit.model, fit.conditioned(), x, cells, noise, None, covariance)
    variance = spread.diagonal() if covariance else spread
    shape = (len(x), fit.model.data.num_tasks)
    return _in_data_units(fit, x, mean.reshape(shape), variance.reshape(shape), noise, spread, cells, covariance)


@torch.no_grad()
def impute(fit: Fit, table: TaskData | None = None, *, noise: bool = True, covariance: bool = False) -> Prediction:
    """Predictions for every cell of rows that were partly observed, given all that was observed.

    Without a table (or with the fitted one) the rows are those of the fitted data; another table brings
    further rows, and what it holds is conditioned on as well. The noise of a row's observed cells
    speaks through Sigma. With noise=True an observed cell is known: its mean is its value, its variance 0.
    covariance: also the joint one of the missing cells, which the result's `cells` names.
    Raises ValueError for a table with other tasks, another width, on another device, or with a row that
    repeats a fitted one (it would count twice). (book: predict)
    """
    model, (x, y, rows, conditioned) = fit.model, further_rows(fit, table)
    missing = all_cells(y.isnan())
    wanted = missing if noise else all_cells(torch.ones_like(y, dtype=torch.bool))
    mean, variance = y.clone(), torch.zeros_like(y)
    mean[wanted], variance[wanted] = _posterior(model, conditioned, x, wanted, noise, rows, False)
    joint = torch.zeros(0)
    if covariance:
        joint = _posterior(model, conditioned, x, missing, noise, rows, True)[1]
        variance[missing] = joint.diagonal()
    return _in_data_units(fit, x, mean, variance, noise, joint, missing, covariance)


@torch.no_grad()
def sample(fit: Fit, x: Any, num_samples: int, *, seed: int, noise: bool = False) -> Tensor:
    """Joint posterior draws [S, M, T] in data units, drawn on the CPU from `seed`.

    x: new rows [M, D] (or [M]); noise: of the observed y (True) or of the latent f (False). Or a table, as `impute`
    takes it, with noise=True: then its missing cells are drawn, and what was observed stays.
    Raises ValueError as `predict` and `impute` do, and for a table with noise=False.
    """
    model, rows = fit.model, None
    if isinstance(x, TaskData):
        if not noise:
            raise ValueError(
                "x: is a table, whose missing y are drawn; pass noise=True, or its inputs for the latent f"
            )
        inputs, y, rows, conditioned = further_rows(fit, x)
    else:
        inputs, conditioned = query(fit, x), fit.conditioned()
        y = torch.full((len(inputs), model.data.num_tasks), torch.nan).to(inputs)
    wanted, filled = all_cells(y.isnan()), y.repeat(num_samples, 1, 1)
    if len(wanted[0]):
        mean, covariance = _posterior(model, conditioned, inputs, wanted, noise, rows, True)
        filled[:, *wanted] = exact.sample(mean, covariance, num_samples, seed=seed)
    return model.scale.to_data(filled)


def _posterior(
    model: Model, conditioned: Conditioned, x: Tensor, cells: Cells, noise: bool, rows: Tensor | None, joint: bool
) -> tuple[Tensor, Tensor]:
    """Mean [k] and variances [k], or covariance [k, k], of cells of the rows x; standardised units.

    rows: which rows of the table these are, whose noise they share; None for new ones.
    """
    terms, Sigma = model.kernel.terms(), model.Sigma()
    used, place = cells[0].unique(return_inverse=True)
    x, cells = x[used], (place, cells[1])
    shared = rows[used] if noise and rows is not None else None
    mean, explained = conditioned.posterior(x, terms, shared, cells, joint)
    if joint:
        prior = signal_covariance([(term.kernel.among(x), term.B) for term in terms], cells, cells)  # type: ignore[attr-defined]
        prior = prior + noise_covariance(Sigma, cells, cells) if noise else prior
    else:
        prior = (model.B() + Sigma if noise else model.B()).diagonal()[cells[1]]
    return mean + model.means()[cells[1]], prior - explained


def _in_data_units(
    fit: Fit, x: Tensor, mean: Tensor, variance: Tensor, noise: bool, joint: Tensor, cells: Cells, covariance: bool
) -> Prediction:
    """Wrap standardised results: mean and variance [M, T], and the joint covariance of `cells` where it is wanted."""
    scale, data = fit.model.scale, fit.model.data
    sd = scale.sd[cells[1]]
    # a value that is all but known may have a variance of rounding error below zero
    variance = variance.clamp_min(0) * scale.sd**2
    names: pd.MultiIndex | None = named(cells, data.tasks) if covariance else None  # type: ignore[arg-type]
    given = joint * torch.outer(sd, sd) if covariance else None
    return Prediction(x, scale.to_data(mean), variance, data.tasks, data.units, noise, given, names)  # type: ignore[arg-type]
