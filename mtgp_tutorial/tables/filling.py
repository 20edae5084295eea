"""The missing cells of a table: one call, and the method that it takes when it is told none."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import torch

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.model import Model, icm
from mtgp_tutorial.predicting import impute
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import doors
from mtgp_tutorial.tables.forecasting import Forecaster
from mtgp_tutorial.tables.methods import A_METHOD, Method, model_of
from mtgp_tutorial.tables.seasonal import season_of


def fill(data: TaskData | pd.DataFrame, method: Method | str | None = None, **options: Any) -> Any:
    """The missing cells of a table; seen cells stay, with variance 0.

    Args:
        data (TaskData or DataFrame): the table. For a frame the answer is a `Filled`, whose `filled` is the frame.
        method (function or str): an entry of the methods of `compare`, such as `choose` names, or its name in
            `plain_methods` or `standard_methods`; a model is fitted and imputes, a rule forecasts. Default: `icm`,
            whose noise is per task where full noise finds no optimum.
        **options: for `fit`; and with a frame `x`, `tasks` and what else `read_table` takes.
    Raises:
        NotApplicable: where a rule has no answer to the table.
        FitError: where a fit fails.
    Warns:
        UserWarning: where noise per task has to answer, and of a season that held-out stretches speak for, of which the
            default knows nothing.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import fill, plain_methods, read_table
    >>> lakes = read_table(datasets.example_csv())
    >>> filled = fill(lakes)
    >>> bool(filled.mean.isfinite().all())
    True
    >>> bool((filled.variance[lakes.observed] == 0).all())
    True
    >>> by_rule = fill(lakes, plain_methods()["regression"])
    """
    if isinstance(data, pd.DataFrame):
        return doors.of_frame(fill, data, method, options)
    of_kind("data", data, TaskData, "a TaskData or a DataFrame")
    doors.check_roles(options)
    answer = _by_icm(data, options) if method is None else _by(doors.by_word(method), data, options)
    doors.warn_below_zero(data, answer)
    return answer


def _by(method: Method, data: TaskData, options: dict[str, Any]) -> Prediction:
    of_kind("method", method, Callable, A_METHOD)  # type: ignore[arg-type]
    model = model_of(method, data, "method", all_rows=True)
    return impute(fit(model, **options)) if isinstance(model, Model) else _forecast(model, data)


def _by_icm(data: TaskData, options: dict[str, Any]) -> Prediction:
    """An ICM as it is when told nothing; with noise per task where full noise has no optimum."""
    if (found := season_of(data)) is not None:
        way = f"seasonal_methods({found.season:g})['ICM, season in the kernel']"
        warnings.warn(
            f"fill: held-out stretches speak for a season of {found.season:g}, of which an ICM knows nothing; "
            f"fill(data, {way}) has it as a term",
            stacklevel=3,
        )
    model = icm(data)
    try:
        return impute(fit(model, **options))
    except FitError as error:
        if model.noise != "full":
            raise
        warnings.warn(f"fill: noise per task answers, for with full noise {error}", UserWarning, stacklevel=3)
        return impute(fit(icm(data, noise="per task"), **options))


def _forecast(rule: Forecaster, data: TaskData) -> Prediction:
    """What a rule says of the missing cells, with the seen ones as they are."""
    seen, zero = data.observed, torch.zeros_like(data.y)
    answer = rule.forecast(replace(data, y=torch.where(seen, torch.nan, zero), sd=None))
    known = {"mean": data.y, "variance": zero, "means": data.y, "variances": zero}
    names = [name for name in known if hasattr(answer, name)]
    found: dict[str, Any] = {name: torch.where(seen, known[name], getattr(answer, name)) for name in names}
    return replace(answer, **found)
