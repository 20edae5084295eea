"""What lies behind f: its part through each kernel, and the latent functions u that W mixes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mtgp_tutorial import exact
from mtgp_tutorial.answers.predicting import query
from mtgp_tutorial.exact.covariance import all_cells, observation_covariance, signal_covariance
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.table.data import Prediction


def parts(fit: Fit, x: Any) -> list[Prediction]:
    """The part of each task's latent f that runs through each kernel, without the mean, at new rows x [M, D] (or [M]).

    Q predictions in data units; their means add up to that of f less the task's mean. What the data say of a part
    depends on the others: the variances do not add up. Raises ValueError as `predict` does. (book: lmc)
    """
    x, data, sd = query(fit, x), fit.model.data, fit.model.scale.sd
    seen = all_cells(fit.model.unit.observed)
    wanted = all_cells(torch.ones(len(x), data.num_tasks, dtype=torch.bool, device=x.device))
    found = []
    for K, B in fit.model.terms(x, fit.model.unit.x):
        mean, variance = _given_data(fit, signal_covariance([(K, B)], wanted, seen), B.diagonal()[wanted[1]])
        shape = (len(x), data.num_tasks)
        variance = variance.clamp_min(0).reshape(shape) * sd**2
        found.append(Prediction(x, mean.reshape(shape) * sd, variance, data.tasks, data.units, noise=False))  # type: ignore[arg-type]
    return found


def latent_functions(fit: Fit, x: Any) -> Prediction:
    """The latent functions u_qr (prior variance 1) at new rows x [M, D] (or [M]), one for each column of each W_q.

    A column's sign is not identified, nor are the columns of one W_q up to rotation: flip or rotate before you
    interpret. Raises ValueError as `predict` does, and for independent models, which mix nothing. (book: lmc-latent)
    """
    x, model = query(fit, x), fit.model
    if not hasattr(model.kernel, "coregional"):
        raise ValueError("fit: is of an independent model, which has no latent functions to mix; pass an icm or an lmc")
    rows, tasks = all_cells(model.unit.observed)
    mean, variance, names = [], [], []
    for q, (part, (K, _)) in enumerate(zip(model.kernel.coregional, model.terms(x, model.unit.x))):
        for r, column in enumerate(part.task_covar_module.covar_factor.T):
            at = _given_data(fit, K[:, rows] * column[tasks], torch.ones_like(x[:, 0]))
            mean.append(at[0])
            variance.append(at[1].clamp_min(0))
            names.append(f"u{q + 1}" if part.task_covar_module.covar_factor.shape[1] == 1 else f"u{q + 1},{r + 1}")
    return Prediction(x, torch.stack(mean, 1), torch.stack(variance, 1), tuple(names), ("",) * len(names), noise=False)


def _given_data(fit: Fit, cross: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of unknowns, by their covariance with the observed cells and their prior variances."""
    model = fit.model
    seen = all_cells(model.unit.observed)
    observed = observation_covariance(model.terms(model.unit.x), model.Sigma(), seen)
    return exact.posterior(model.residual()[seen], observed, cross, prior)
