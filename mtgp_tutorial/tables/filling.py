"""The missing cells of a table: one call, and the method that it takes when it is told none."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import scores
from mtgp_tutorial.arguments import as_array, of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.leave_one_out import leave_out
from mtgp_tutorial.model import Model, icm
from mtgp_tutorial.noise import usual_noise
from mtgp_tutorial.predicting import impute
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables import doors
from mtgp_tutorial.tables.methods import A_METHOD, Method, model_of
from mtgp_tutorial.tables.seasonal import Season, changing, propose_season, season_of
from mtgp_tutorial.trends import Trend, UnfixedError, check_season

STRETCHES = 6  # of a table, that are left out in turn; two pieces of each column
STARTS = 1  # of the fit with a season in the kernel
MOST = 800  # seen cells of a table whose season is in the kernel: up to a minute


def fill(
    data: TaskData | pd.DataFrame,
    method: Method | str | None = None,
    *,
    season: float | str | None = "auto",
    **options: Any,
) -> Any:
    """The missing cells of a table; seen cells stay, with variance 0.

    Told nothing, it fits an `icm`. Where `propose_season` finds a season by hiding stretches of the table, a model that
    knows it is fitted, too (of more than 800 cells: an ICM of what the season leaves). If that is nearer to stretches
    that are left out, by their mean CRPS, it fills, and the answer says so: it then has `season`, the length, and
    `share`, its CRPS over that of the ICM.

    Args:
        data (TaskData or DataFrame): the table. For a frame the answer is a `Filled`, whose `filled` is the frame.
        method (function or str): an entry of the methods of `compare`, such as `choose` names, or its name in
            `plain_methods` or `standard_methods`; a model is fitted and imputes, a rule forecasts. Default: `icm`,
            whose noise is per task where full noise finds no optimum.
        season (float): a period in units of the first input, which is used unasked; None: no season; "auto": that of
            which stretches of the table tell, if there is one. Default: "auto".
        **options: for `fit`; and with a frame `x`, `tasks` and what else `read_table` takes.
    Raises:
        NotApplicable: where a rule has no answer to the table.
        FitError: where a fit fails.
        ValueError: for what is no season, and for one beside a method.
    Warns:
        UserWarning: where noise per task has to answer.

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
        return doors.of_frame(partial(fill, season=season), data, method, options)
    of_kind("data", data, TaskData, "a TaskData or a DataFrame")
    if told := {"x", "tasks"} & {*options}:
        raise ValueError(
            f"{max(told)}: goes with a data frame, and data is a TaskData; leave it out, or pass the frame"
        )
    if not (season is None or isinstance(season, str) and season == "auto"):
        check_season(season)  # type: ignore[arg-type]
    if method is not None:
        if season not in ("auto", None):
            raise ValueError(f"season: is {season!r} beside a method; leave it out, for a method has its own")
        answer = _by_method(data, doors.by_word(method), options)
    elif season is None:
        answer = impute(_icm(data, options))
    else:
        answer = _by_what_is_found(data, options) if season == "auto" else _with_season(data, season, options)[0]
    doors.warn_below_zero(data, answer)
    return answer


@dataclass(frozen=True, eq=False, repr=False)
class Seasonal(Prediction):
    """What a model with a season says.

    Attributes:
        season (float): its length, in units of the first input.
        share (float): CRPS of stretches that are left out, over what it is without the season. Default: none were
            asked.
    """

    season: float = math.nan
    share: float | None = None

    @property
    def note(self) -> str:
        """What was found, and how to say no."""
        why = "" if self.share is None else f": left-out stretches have {self.share:.2f} of the CRPS without it"
        return f"\n  with a season of {self.season:g}{why}; fill(data, season=None) is without"

    def __repr__(self) -> str:
        return super().__repr__() + self.note


def _by_what_is_found(data: TaskData, options: dict[str, Any]) -> Prediction:
    """By an ICM, or by one with the season that is found, if that is nearer to stretches that are left out."""
    plain, found = _icm(data, options, level=4), season_of(data)
    if found is not None:
        try:
            answer, left = _with_season(data, found, options)
        except (FitError, UnfixedError):
            return impute(plain)
        if (share := left / crps_left_out(plain, data)) < 1:
            return replace(answer, share=share)
    return impute(plain)


def _with_season(data: TaskData, season: Any, options: dict[str, Any]) -> tuple[Seasonal, float]:
    """By a season in the kernel, taken off a large table; and the CRPS of what is left out."""
    found = season if isinstance(season, Season) else propose_season(data, [season])
    period, harmonics = (float(season), 1) if found is None else (found.season, found.harmonics)
    if int(data.observed.sum()) <= MOST:
        fitted = fit(changing(data, period, noise=usual_noise(data)[0]), **{"starts": STARTS} | options)
        answer = impute(fitted)
    else:
        trend = Trend(data, line=False, season=period, harmonics=harmonics)
        fitted = _icm(trend.remove(data), options, level=4)
        answer = trend.restore(impute(fitted))
        answer = replace(answer, mean=data.y.where(data.observed, answer.mean))  # to the bit
    return Seasonal(**vars(answer), season=period), crps_left_out(fitted, data)


def crps_left_out(fitted: Fit, data: TaskData) -> float:
    """Mean CRPS, in sd of the table's columns, of stretches of each column from all other cells; each cell once.

    A sixth of the cells at a time: of each column two stretches of a twelfth, half a record apart and elsewhere than
    the others'. The parameters have seen them.
    """
    stretch = np.empty(len(data.x), dtype=int)
    for number, rows in enumerate(np.array_split(as_array(data.x[:, 0]).argsort(kind="stable"), 2 * STRETCHES)):
        stretch[rows] = number
    left, cells = leave_out(fitted, by=(stretch[:, None] + np.arange(data.num_tasks)) % STRETCHES), data.observed
    sd = data.scale().sd.expand(data.y.shape)[cells]
    y = fitted.model.data.y[cells]
    return float(scores.crps(left.mean[cells] / sd, left.variance[cells] / sd**2, y / sd))


def _by_method(data: TaskData, method: Method, options: dict[str, Any]) -> Prediction:
    """What a method says: a model is fitted and imputes; a rule forecasts the missing cells, and the seen ones stay."""
    of_kind("method", method, Callable, A_METHOD)  # type: ignore[arg-type]
    made = model_of(method, data, "method", all_rows=True)
    if isinstance(made, Model):
        return impute(fit(made, **options))
    seen, zero = data.observed, torch.zeros_like(data.y)
    answer = made.forecast(replace(data, y=torch.where(seen, torch.nan, zero), sd=None))
    known = {"mean": data.y, "variance": zero, "means": data.y, "variances": zero}
    names = [name for name in known if hasattr(answer, name)]
    found: dict[str, Any] = {name: torch.where(seen, known[name], getattr(answer, name)) for name in names}
    return replace(answer, **found)


def _icm(data: TaskData, options: dict[str, Any], level: int = 3) -> Fit:
    """An ICM as it is when told nothing; with noise per task where full noise has no optimum."""
    model = icm(data)
    try:
        return fit(model, **options)
    except FitError as error:
        if not model.kind.correlated:
            raise
        warnings.warn(f"fill: noise per task answers, for with full noise {error}", UserWarning, stacklevel=level)
        return fit(icm(data, noise="per task"), **options)
