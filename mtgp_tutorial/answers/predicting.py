"""What a fitted model says about new rows (`predict`, `sample`) and about missing cells (`impute`)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mtgp_tutorial import exact
from mtgp_tutorial.exact.covariance import (
    Cells,
    Term,
    all_cells,
    noise_covariance,
    observation_covariance,
    signal_covariance,
)
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.table.arrays import as_matrix
from mtgp_tutorial.table.data import Prediction, TaskData


def predict(fit: Fit, x: Any, *, noise: bool = True, covariance: bool = False) -> Prediction:
    """Predictions at new rows x [M, D] (or [M]), which share no noise with the rows of the data.

    noise: of the observed y (True) or of the latent f (False). covariance: also the joint [M*T, M*T].
    Raises ValueError for x of another width or on another device than the data. (book: predict)
    """
    x = query(fit, x)
    mean, spread = _at_new_rows(fit, x, noise, covariance)
    return _in_data_units(fit, x, mean, spread, noise, covariance)


def impute(fit: Fit, table: TaskData | None = None, *, noise: bool = True) -> Prediction:
    """Predictions for every cell of rows that were partly observed, given all that was observed.

    Without a table (or with the fitted one) the rows are those of the fitted data; another table brings
    further rows, and what it holds is conditioned on as well. The noise of a row's observed cells
    speaks through Sigma. With noise=True an observed cell is known: its mean is its value, its variance 0.
    Raises ValueError for a table with other tasks, another width, on another device, or with a row that
    repeats a fitted one (it would count twice). (book: predict)
    """
    model = fit.model
    x, y, start = model.unit.x, model.unit.y, 0
    if table is not None and not _same(table, model.data):
        _check_further(fit, table)
        x, start = torch.cat([x, table.x]), len(x)
        y = torch.cat([y, model.scale.to_unit(table.y)])
    wanted = torch.zeros_like(y, dtype=torch.bool)
    wanted[start:] = True
    mean, variance = _dense(fit, x, y - model.mean(x), x, all_cells(wanted), same_rows=noise)
    mean, variance = mean.reshape(-1, y.shape[1]) + model.mean(x[start:]), variance.reshape(-1, y.shape[1])
    if noise:
        known = ~torch.isnan(y[start:])
        mean = torch.where(known, y[start:], mean)
        variance = torch.where(known, 0.0, variance + model.Sigma().diagonal())
    return _in_data_units(fit, x[start:], mean, variance, noise)


def sample(fit: Fit, x: Any, num_samples: int, *, seed: int, noise: bool = False) -> Tensor:
    """Joint posterior draws [S, M, T] at new rows x, in data units; drawn on the CPU from `seed`.

    noise: of the observed y (True) or of the latent f (False). Raises ValueError as `predict` does.
    """
    mean, covariance = _at_new_rows(fit, query(fit, x), noise, True)
    draws = exact.sample(mean.flatten(), covariance, num_samples, seed=seed)
    return fit.model.scale.to_data(draws.reshape(num_samples, *mean.shape))


def _at_new_rows(fit: Fit, x: Tensor, noise: bool, covariance: bool) -> tuple[Tensor, Tensor]:
    """Mean [M, T], and variances [M, T] or the joint covariance [M*T, M*T]; standardised units."""
    model, Sigma, (M, T) = fit.model, fit.model.Sigma(), (len(x), fit.model.unit.num_tasks)
    terms = model.terms(model.unit.x)
    if bool(model.unit.observed.all()) and len(terms) == 1:
        (K, B), (cross, _) = terms[0], model.terms(x, model.unit.x)[0]
        prior = _joint_terms(fit, x)[0][0] if covariance else torch.ones(M).to(K)
        mean, spread = exact.kronecker_posterior(model.residual(), K, B, Sigma, cross, prior)
    else:
        cells = all_cells(torch.ones(M, T, dtype=torch.bool, device=x.device))
        mean, spread = _dense(fit, model.unit.x, model.residual(), x, cells, covariance=covariance)
        mean, spread = mean.reshape(M, T), spread if covariance else spread.reshape(M, T)
    if noise:
        spread = spread + (torch.kron(torch.eye(M).to(Sigma), Sigma) if covariance else Sigma.diagonal())
    return mean + model.mean(x), spread


def _dense(
    fit: Fit,
    x: Tensor,
    residual: Tensor,
    x_new: Tensor,
    new: Cells,
    *,
    covariance: bool = False,
    same_rows: bool = False,
) -> tuple[Tensor, Tensor]:
    """Latent posterior of the cells `new` of x_new, given the observed cells of residual [N, T].

    same_rows: x_new are the rows of x, and what is wanted is y, so the noise of a row is shared.
    """
    model, Sigma = fit.model, fit.model.Sigma()
    seen = all_cells(~torch.isnan(residual))
    cross = signal_covariance(model.terms(x_new, x), new, seen)
    if same_rows:
        cross = cross + noise_covariance(Sigma, new, seen)
    prior = signal_covariance(_joint_terms(fit, x_new), new, new) if covariance else model.B().diagonal()[new[1]]
    observed = observation_covariance(model.terms(x), Sigma, seen)
    return exact.posterior(residual[seen], observed, cross, prior)


def _joint_terms(fit: Fit, x: Tensor) -> list[Term]:
    """Terms of new inputs among themselves, one column at a time: no input may cost another its digits."""
    columns = [fit.model.terms(x, one[None]) for one in x]
    return [(torch.cat([column[q][0] for column in columns], dim=1), B) for q, (_, B) in enumerate(columns[0])]


def _in_data_units(
    fit: Fit, x: Tensor, mean: Tensor, spread: Tensor, noise: bool, covariance: bool = False
) -> Prediction:
    """Wrap standardised results; spread is [M, T], or [M*T, M*T] when covariance is True."""
    scale, data = fit.model.scale, fit.model.data
    joint = None
    if covariance:
        sd = scale.sd.repeat(len(x))
        joint, spread = spread * torch.outer(sd, sd), spread.diagonal().reshape(mean.shape)
    # a latent value that is all but known may have a variance of rounding error below zero
    variance = spread.clamp_min(0) * scale.sd**2
    return Prediction(x, scale.to_data(mean), variance, data.tasks, data.units, noise, joint)  # type: ignore[arg-type]


def query(fit: Fit, x: Any) -> Tensor:
    """Inputs as a matrix [M, D] that fits the data's width and device."""
    data = fit.model.data
    x = as_matrix(x, "x")
    if x.shape[1] != data.x.shape[1]:
        raise ValueError(f"x: has {x.shape[1]} columns, the data has {data.x.shape[1]}; pass the same inputs")
    if x.device != data.x.device:
        raise ValueError(f"x: is on {x.device}, the data on {data.x.device}; move one of them")
    if len(x) == 0 or not x.isfinite().all():
        raise ValueError("x: has no rows, or holds NaN or infinite values; pass finite inputs")
    return x


def _check_further(fit: Fit, table: TaskData) -> None:
    """Further rows must fit the data, and none may be a fitted row with the same values."""
    data = fit.model.data
    if table.tasks != data.tasks:
        raise ValueError(f"table: has the tasks {table.tasks}, the fit {data.tasks}; pass the same, in this order")
    same_x = (query(fit, table.x)[:, None, :] == data.x).all(-1)
    both = table.observed[:, None, :] & data.observed
    same_y = ((table.y[:, None, :] == data.y) | ~both).all(-1) & both.any(-1)
    if bool((same_x & same_y).any()):
        row = int((same_x & same_y).any(1).nonzero()[0])
        raise ValueError(f"table: its row {row} repeats a fitted row; pass new rows only, or no table")


def _same(a: TaskData, b: TaskData) -> bool:
    """The same rows with the same cells."""
    return (
        a.x.shape == b.x.shape
        and torch.equal(a.x, b.x)
        and torch.equal(a.y.nan_to_num(), b.y.nan_to_num())
        and torch.equal(a.observed, b.observed)
    )
