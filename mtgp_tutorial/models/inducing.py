"""Models that are fitted by the collapsed bound, and where its inducing inputs stand."""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.models.priors import input_spread
from mtgp_tutorial.table.arrays import as_matrix


def sparse(model: Model, inducing: Any = 64) -> Model:
    """A copy of the model, whose log likelihood is the collapsed lower bound through M inducing inputs.

    For any model of the book, with holes, several inputs, full noise and known standard errors; `fit`, `predict`,
    `impute`, `sample`, `parts`, `latent_functions` and saved fits take it like any other. Value and gradient cost
    N T F^2 operations with F features: M for each column of a root of each B_q, so T M for each kernel with a kappa.
    `Fit.log_likelihood` is the bound then: at most the log likelihood at the same parameters, which it becomes when
    every row's inputs are inducing ones. Bounds with other numbers of inducing inputs, or beside a log likelihood, do
    not rank models; held-out scores do. Leave-one-out, `check` and `correlation_intervals` need the exact model.

    inducing: how many, chosen from the rows with values: quantiles of one input; of several, the row nearest the
    middle, then each time the row farthest from those chosen (in ranges of the inputs). Or inputs [M, D] in data units,
    dates where the table has dates. They stay fixed in a fit. Raises ValueError for no model, for no or too many
    inducing inputs (more than rows that differ), for another width and for values that are not finite.
    (Titsias 2009)

    >>> from mtgp_tutorial import fit, icm, predict, simulate, sparse
    >>> model = icm(simulate.two_sines(50, seed=1))
    >>> few = fit(sparse(model, inducing=8), starts=1)
    >>> few.log_likelihood < fit(model, starts=1).log_likelihood
    True
    >>> tuple(few.model.inducing.shape), tuple(predict(few, [0.3, 0.7]).mean.shape)
    ((8, 1), (2, 2))
    """
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table")
    rows = model.unit.x[model.unit.observed.any(1)].unique(dim=0)
    model = copy.deepcopy(model)
    if isinstance(inducing, Integral) and not isinstance(inducing, bool):
        _check_number(int(inducing), len(rows))
        model.inducing = places(rows, int(inducing))
        return model
    calendar = model.data.calendar
    Z = as_matrix(inducing if calendar is None else calendar.inputs(inducing), "inducing")
    if Z.shape[1] != rows.shape[1]:
        raise ValueError(f"inducing: has {Z.shape[1]} columns, the data {rows.shape[1]}; pass inputs like the data's")
    if not bool(Z.isfinite().all()):
        raise ValueError("inducing: holds NaN or infinite values; pass finite inputs")
    _check_number(len(Z), len(rows))
    model.inducing = Z.to(rows.device)
    return model


def _check_number(number: int, rows: int) -> None:
    if not 1 <= number <= rows:
        raise ValueError(
            f"inducing: asks for {number} inducing inputs, and the rows with values have {rows} that differ; pass 1 to "
            f"{rows}"
        )


def places(rows: Tensor, number: int) -> Tensor:
    """Inducing inputs [M, D] among different rows [N, D], sorted: spread by quantiles, or each far from the others."""
    if rows.shape[1] == 1:
        return rows[torch.linspace(0, len(rows) - 1, number, device=rows.device).round().long()]
    unit = rows / input_spread(rows)
    apart = ((unit - unit.mean(0)) ** 2).sum(1)
    chosen = [int(apart.argmin())]
    apart = torch.full_like(apart, torch.inf)
    while len(chosen) < number:
        apart = torch.minimum(apart, ((unit - unit[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(apart.argmax()))
    return rows[chosen]
