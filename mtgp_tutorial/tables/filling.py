"""The missing cells of a table: one call, and the method that it takes when it is told none."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from mtgp_tutorial import scores
from mtgp_tutorial.arguments import as_array, of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.model import Model, icm
from mtgp_tutorial.predicting import impute
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables.forecasting import Forecaster, check_season
from mtgp_tutorial.tables.methods import A_METHOD, Method, model_of
from mtgp_tutorial.tables.seasonal import Season, season_of, seasonal_methods

STRETCHES, TRIALS = 6, 2  # of a column's record, of which two stretches of half that length are hidden each time
STARTS = 2  # of the fit with a season


def fill(
    data: TaskData, method: Method | None = None, *, season: float | str | None = "auto", **options: Any
) -> Prediction:
    """The missing cells of a table; seen cells stay, with variance 0.

    Told nothing, it fits an `icm`. Where `propose_season` finds a season, stretches of every column are hidden, twice;
    if an ICM that knows the season predicts them better by their mean CRPS, it fills, and the answer says so: it is
    then `Seasonal`, a Prediction with the season's length.

    Args:
        data (TaskData): the table.
        method (function): an entry of the methods of `compare`, such as `choose` names; a model is fitted and imputes,
            a rule forecasts. Default: `icm`, whose noise is per task where full noise finds no optimum.
        season (float): a period in units of the first input, which is used unasked; None: no season. Default: "auto",
            that of which stretches of the table tell.
        **options: for `fit`.
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
    of_kind("data", data, TaskData, "a TaskData")
    if season != "auto" and season is not None:
        check_season(season)  # type: ignore[arg-type]
    if method is not None:
        if season not in ("auto", None):
            raise ValueError(f"season: is {season!r} beside a method; leave it out, for a method has its own")
        return _by_method(data, method, options)
    if season is None:
        return _by_icm(data, options)
    return _by_season(data, season, options)


@dataclass(frozen=True, eq=False, repr=False)
class Seasonal(Prediction):
    """What a model with a season says.

    Attributes:
        season (float): its length, in units of the first input.
        share (float): CRPS of held-out stretches of the table, over what it is without the season. Default: none were
            asked.
    """

    season: float = math.nan
    share: float | None = None

    def __repr__(self) -> str:
        why = "" if self.share is None else f": held-out stretches have {self.share:.2f} of the CRPS without it"
        told = f"with a season of {self.season:g}{why}; fill(data, season=None) is without"
        return f"{super().__repr__()}\n  {told}"


def _by_season(data: TaskData, season: Any, options: dict[str, Any]) -> Prediction:
    """A model with the season that is asked for, or that held-out stretches tell of; else an ICM."""
    share = None
    if season == "auto":
        found = season_of(data)
        share = None if found is None else _share(data, found, options)
        if share is None or share >= 1:
            return _by_icm(data, options)
        season = found
    answer = _by_method(data, _with_season(season), {"starts": STARTS} | options)
    known = {field.name: getattr(answer, field.name) for field in fields(Prediction)}
    return Seasonal(**known, season=float(getattr(season, "season", season)), share=share)


def _with_season(season: float | Season) -> Method:
    return seasonal_methods(season)["ICM, season in the kernel"]


def _share(data: TaskData, found: Season, options: dict[str, Any]) -> float | None:
    """CRPS of held-out stretches with a season, over that without; None where no fit tells."""
    once, sd = options | {"starts": 1, "progress": False}, data.scale().sd
    errors = np.zeros(2)
    try:
        for hidden in held_stretches(data, options.get("seed", 0)):
            seen, asked = data.split(torch.as_tensor(hidden) & data.observed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answers = _by_method(seen, _with_season(found), once), _by_icm(seen, once)
            for k, answer in enumerate(answers):
                for t in range(data.num_tasks):
                    rows = asked.observed[:, t]
                    said = answer.mean[rows, t], answer.variance[rows, t], asked.y[rows, t]
                    errors[k] += float(scores.crps(*said) * rows.sum() / sd[t]) if bool(rows.any()) else 0.0
    except (FitError, ValueError, MemoryError):
        return None
    return float(errors[0] / errors[1])


def held_stretches(data: TaskData, seed: int) -> Iterator[np.ndarray]:
    """Cells [N, T] to hide, TRIALS times: of each column two stretches out of twelve, half a record apart."""
    N, T = data.y.shape
    stretch = np.empty(N, dtype=int)
    for number, rows in enumerate(np.array_split(as_array(data.x[:, 0]).argsort(kind="stable"), 2 * STRETCHES)):
        stretch[rows] = number % STRETCHES
    for first in np.random.default_rng(seed).permutation(STRETCHES)[:TRIALS]:
        yield stretch[:, None] == (first + np.arange(T)) % STRETCHES


def _by_method(data: TaskData, method: Method, options: dict[str, Any]) -> Prediction:
    """What a method says: a model is fitted and imputes, a rule forecasts."""
    of_kind("method", method, Callable, A_METHOD)  # type: ignore[arg-type]
    model = model_of(method, data, "method", all_rows=True)
    return impute(fit(model, **options)) if isinstance(model, Model) else _forecast(model, data)


def _by_icm(data: TaskData, options: dict[str, Any]) -> Prediction:
    """An ICM as it is when told nothing; with noise per task where full noise has no optimum."""
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
