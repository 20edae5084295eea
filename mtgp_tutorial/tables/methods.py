"""Methods of `compare`: what makes a model or a forecaster of a table, and what that says of hidden rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import fit
from mtgp_tutorial.model import Model
from mtgp_tutorial.objective import objective
from mtgp_tutorial.predicting import impute, predict
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.result import Fit, Several
from mtgp_tutorial.tables.forecasting import Forecaster

Method = Callable[[TaskData], Model | Forecaster]  # an entry of the methods of `compare`
Methods = Mapping[str, Method]
A_METHOD = "a function of a table that makes a model or a forecaster, such as icm"


class Answering(NamedTuple):
    """A `Forecaster` by its function."""

    forecast: Callable[[TaskData], Prediction]
    fingerprint: float | None


def model_of(build: Method, table: TaskData, name: str, *, all_rows: bool = False) -> Model | Forecaster:
    """What a method makes of a table: a forecaster, or a model on its rows. ValueError, under this name, for others.

    A model that is asked on other rows may have no counts, whose exposures there nobody knows.
    """
    model = build(table)
    of_kind(name, model, (Model, Forecaster), A_METHOD)
    if isinstance(model, Model):
        check_rows(name, model, table, all_rows)
        if not all_rows:
            model.normal_alone(name)
    return model


def check_rows(name: str, model: Model, table: TaskData, all_rows: bool = False) -> None:
    """ValueError unless the rows of a model are some of the table's (all_rows: all of them, in their order).

    A model on other inputs would be asked at rows that it does not know; one that has left rows out would not see what
    stands in those that it fills.
    """
    own, given = ([tuple(row) for row in rows.tolist()] for rows in (model.data.x, table.x))
    if own != given and (all_rows or not {*own} <= {*given}):
        raise ValueError(f"{name}: its model has other rows than the table; keep them, with NaN in y")


def predictions_of(part: Model | Forecaster, hidden: TaskData, options: dict[str, Any]) -> Prediction:
    """What a method says of the rows of `hidden`: a forecast, or that of a model, which is fitted with options."""
    return part.forecast(hidden) if isinstance(part, Forecaster) else predictions_at(part, fit(part, **options), hidden)


def predictions_at(model: Model, found: Fit | Several, hidden: TaskData) -> Prediction:
    """Noisy values at the rows of `hidden`, by `impute` where these are the rows of the model, else by `predict`."""
    sd = hidden.sd if model.data.sd is not None else None  # a model that ignores known errors has learned them
    if torch.equal(model.data.x, hidden.x):
        return impute(found, sd=sd)
    return predict(found, hidden.x, sd=sd)


def fingerprint_of(part: Model | Forecaster, options: dict[str, Any]) -> float | None:
    """A number that changes with a part, or None for a forecaster without one."""
    if isinstance(part, Forecaster):
        return getattr(part, "fingerprint", None)
    with torch.no_grad():
        return float(objective(part, options.get("priors", True)))


def in_places(numbers: Tensor | list[float]) -> float:
    """The sum of numbers times their places, so that two that change places show."""
    return sum(place * number for place, number in enumerate(torch.as_tensor(numbers).flatten().tolist(), 1))
