"""Models that are fitted by the collapsed bound, and where their inducing inputs stand."""

from __future__ import annotations

import copy
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_matrix, kind_of, of_kind
from mtgp_tutorial.model import Model
from mtgp_tutorial.priors import input_spread


class SparseModel(Model):
    """A model whose log likelihood is the collapsed bound (`bound`) through inducing inputs [M, D].

    exact: the model that it is a copy of.
    """

    bounded = True

    def __init__(self, exact: Model, inducing: Tensor):
        torch.nn.Module.__init__(self)
        self.__dict__.update(copy.deepcopy(exact.__dict__))
        self.inducing: Tensor
        self.register_buffer("inducing", inducing)

    def note(self) -> str:
        return f"sparse: {len(self.inducing)} inducing inputs"


def sparse(model: Model, inducing: Any = 64) -> Model:
    """A copy of the model, whose log likelihood is the collapsed lower bound through M inducing inputs.

    For any model of the book, with holes, several inputs, full noise and known standard errors; `fit`, `predict`,
    `impute`, `sample`, `parts`, `latent_functions` and saved fits take it like any other. Value and gradient cost N T
    F^2 operations with F features: M for each column of a root of each B_q, so T M for each kernel with a kappa.
    `Fit.log_likelihood` is the bound then: at most the log likelihood at the same parameters, which it becomes when
    every row's inputs are inducing ones. Bounds with other numbers of inducing inputs, or beside a log likelihood, do
    not rank models; held-out scores do. Leave-one-out, `check` and `correlation_intervals` need the exact model.
    (Titsias 2009)

    Args:
        model (Model): the exact one.
        inducing (int or array [M, D]): how many, chosen from the rows with values: quantiles of one input; of several,
            the row nearest the middle, then each time the row farthest from those chosen (in ranges of the inputs). Or
            the inputs in data units, dates where the table has dates. They stay fixed in a fit. Default: 64.
    Raises:
        ValueError: for no model, for no or too many inducing inputs (more than rows that differ), for another width and
            for values that are not finite.

    >>> from mtgp_tutorial import fit, icm, predict, simulate, sparse
    >>> model = icm(simulate.two_sines(50, seed=1))
    >>> few = fit(sparse(model, inducing=8), starts=1)
    >>> few.log_likelihood < fit(model, starts=1).log_likelihood
    True
    >>> len(few.model.inducing), len(predict(few, [0.3, 0.7]).mean)
    (8, 2)
    """
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table")
    if type(model) not in (Model, SparseModel):
        raise ValueError(f"model: is {kind_of(model)}; pass one as icm, lmc or independent make it")
    model.normal_alone("sparse")
    rows = model.unit.x[model.unit.observed.any(1)].unique(dim=0)
    if isinstance(inducing, Integral) and not isinstance(inducing, bool):
        number, Z = int(inducing), None
    else:
        calendar = model.data.calendar
        Z = as_matrix(inducing if calendar is None else calendar.inputs(inducing), "inducing").to(rows.device)
        number = len(Z)
        if Z.shape[1] != rows.shape[1]:
            raise ValueError(
                f"inducing: has {Z.shape[1]} columns, the data {rows.shape[1]}; pass inputs like the data's"
            )
        if not bool(Z.isfinite().all()):
            raise ValueError("inducing: holds NaN or infinite values; pass finite inputs")
    if not 1 <= number <= len(rows):
        raise ValueError(
            f"inducing: asks for {number} inducing inputs, and the rows with values have {len(rows)} that differ; pass "
            f"1 to {len(rows)}"
        )
    return SparseModel(model, inducing_places(rows, number) if Z is None else Z)


def inducing_places(rows: Tensor, number: int) -> Tensor:
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
