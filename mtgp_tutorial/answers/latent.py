"""What lies behind f: its part through each kernel, and the latent functions u that W mixes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from mtgp_tutorial.answers.asking import names_of_rows, query
from mtgp_tutorial.exact.form import Term
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.table.prediction import Prediction


@torch.no_grad()
def parts(fit: Fit, x: Any) -> list[Prediction]:
    """The part of each task's latent f that runs through each kernel, without the mean, at new rows x [M, D] (or [M]).

    Q predictions in data units; their means add up to that of f less the task's mean. What the data say of a part
    depends on the others: the variances do not add up. Raises ValueError as `predict` does. (book: lmc)

    >>> from mtgp_tutorial import fit, lmc, parts, predict, simulate
    >>> fitted = fit(lmc(simulate.two_sines(seed=1)), starts=1)
    >>> first, second = parts(fitted, [0.2, 0.8])
    >>> rest = predict(fitted, [0.2, 0.8], noise=False).mean - first.mean - second.mean
    >>> bool((rest[0] - rest[1]).abs().max() < 1e-8)  # each task's mean is left
    True
    """
    x, data, sd = query(fit, x), fit.model.data, fit.model.scale.sd
    found = []
    for term in fit.model.kernel.terms():
        mean, variance = _given_data(fit, x, term, term.B.diagonal())
        part = Prediction(x, mean * sd, variance * sd**2, data.tasks, data.units, noise=False)  # type: ignore[arg-type]
        found.append(replace(part, **names_of_rows(data, new=True)))
    return found


@torch.no_grad()
def latent_functions(fit: Fit, x: Any) -> Prediction:
    """The latent functions u_qr (prior variance 1) at new rows x [M, D] (or [M]), one for each column of each W_q.

    A column's sign is not identified, nor are the columns of one W_q up to rotation: flip or rotate before you
    interpret. Raises ValueError as `predict` does, and for independent models, which mix nothing. (book: lmc-latent)

    >>> from mtgp_tutorial import fit, icm, latent_functions, simulate
    >>> u = latent_functions(fit(icm(simulate.two_sines(seed=1))), [0.2, 0.8])
    >>> u.tasks, tuple(u.mean.shape), bool((u.sd < 1).all())
    (('u1',), (2, 1), True)
    """
    x, model = query(fit, x), fit.model
    if not hasattr(model.kernel, "coregional"):
        raise ValueError("fit: is of an independent model, which has no latent functions to mix; pass an icm or an lmc")
    mean, variance, names = [], [], []
    for q, (part, term) in enumerate(zip(model.kernel.coregional, model.kernel.terms())):
        W = part.task_covar_module.covar_factor  # u_q and the cells: K_q times W_q^T
        R = W.shape[1]
        at = _given_data(fit, x, term._replace(B=W.mT), torch.ones(R).to(x))
        mean.append(at[0])
        variance.append(at[1])
        names += [f"u{q + 1}" if R == 1 else f"u{q + 1},{r + 1}" for r in range(R)]
    found = Prediction(x, torch.cat(mean, 1), torch.cat(variance, 1), tuple(names), ("",) * len(names), noise=False)
    return replace(found, **names_of_rows(model.data, new=True))


def _given_data(fit: Fit, x: Tensor, term: Term, prior: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance [M, S] of S unknowns at each input, by their covariance with the cells and prior variances."""
    mean, explained = fit.conditioned().posterior(x, [term])
    shape = (len(x), len(prior))
    prior = torch.outer(term.kernel.variances(x), prior)  # type: ignore[attr-defined]
    return mean.reshape(shape), (prior - explained.reshape(shape)).clamp_min(0)
