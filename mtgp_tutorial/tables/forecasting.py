"""Forecasts at the end of a table: trials by moved cut-offs.

The forecast that costs nothing: the value a season earlier, to compare others with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor, of_kind, swapped, whole
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.noise import FLOOR
from mtgp_tutorial.prediction import Prediction, prediction
from mtgp_tutorial.trends import check_season


class NotApplicable(ValueError):
    """A rule cannot answer at all from a table: too few values, say.

    `compare` leaves such a method out of that trial, and says so.

    >>> from mtgp_tutorial import TaskData
    >>> from mtgp_tutorial.tables import NotApplicable, plain_methods
    >>> try:
    ...     plain_methods()["mean"](TaskData([0, 1], [[1.0], [1.0]]))
    ... except NotApplicable as error:
    ...     print(str(error).partition(";")[0])
    seen: task 'task 1' has fewer than two different values
    """


@runtime_checkable
class Forecaster(Protocol):
    """What a method of `compare` may return beside a Model: made from the seen table, it answers for the hidden.

    It may have a `fingerprint`, a number that changes with its rule and options, by which a stored forecast is known
    again (else it is made again, to see). Where it has no answer it raises NotApplicable.
    """

    def forecast(self, hidden: TaskData, /) -> Prediction:
        """Predictions of y (noise=True) at the rows of `hidden`, NaN for cells that are not asked.

        hidden has inputs, known errors and, in place of each value that is asked for, 0. Where both tables have the
        same inputs row by row, a row is the seen row of its number, else that with its inputs, or a new one
        (`plain.row_mates`).
        """


@dataclass(frozen=True, eq=False)
class Cutoffs:
    """Trials of forecasts, called with a label: (seen, hidden). `cutoffs` makes them."""

    tables: dict[str, tuple[TaskData, TaskData]]

    @property
    def labels(self) -> list[str]:
        """What to pass to `compare` as trials, in the order of time."""
        return list(self.tables)

    def __call__(self, label: str) -> tuple[TaskData, TaskData]:
        """What was seen at a cut-off, and the next inputs; ValueError for a label that is none."""
        if label not in self.tables:
            raise ValueError(f"label: {label!r} is not one of {', '.join(map(repr, self.tables))}; pass one of these")
        return self.tables[label]


def cutoffs(data: TaskData, horizon: int, count: int) -> Cutoffs:
    """Trials that ask for the `horizon` inputs after a cut-off, from what stood before it; later rows are dropped.

    Cut-offs are a horizon apart, counted back from the last input with a value, so that no two trials hide the same
    row; but they share what the table does slowly, and later ones see what earlier ones hid. An input is a value of the
    first column of x, so that readings at one time stay together.

        trials = cutoffs(data, horizon=8, count=6)
        methods = {"ICM": icm, "naive": seasonal_naive(1.0)}
        results = compare(trials, trials.labels, methods)

    Args:
        data (TaskData): the table.
        horizon (int): how many inputs ahead.
        count (int): how many trials.
    Raises:
        ValueError: when there are too few rows, or a cut-off leaves a task with fewer than two values or hides none.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import cutoffs
    >>> trials = cutoffs(datasets.great_lakes(), horizon=5, count=4)
    >>> seen, hidden = trials(trials.labels[0])
    >>> int(hidden.observed.sum())  # five years of four lakes
    20
    """
    of_kind("data", data, TaskData, "a TaskData")
    horizon = whole("horizon", horizon, 1, "how many inputs to forecast")
    count = whole("count", count, 1, "how many trials")
    x = as_array(data.x[:, 0])
    times = np.unique(x)
    values = x[as_array(data.observed.any(1))]
    ends = int((times <= values.max()).sum()) if len(values) else 0
    if ends <= count * horizon:
        raise ValueError(
            f"data: its {ends} inputs up to the last value are too few for {count} stretches of {horizon} and some "
            "before them; pass a smaller horizon or count"
        )
    tables = {}
    for cut in range(ends - count * horizon, ends, horizon):
        seen = take(data, x < times[cut])
        hidden = take(data, (x >= times[cut]) & (x <= times[cut + horizon - 1]))
        last = repr(float(times[cut - 1])).removesuffix(".0")
        if data.calendar is not None:
            last = str(data.calendar.to_dates([times[cut - 1]])[0]).removesuffix(" 00:00:00")
        few = [task for task, n in zip(seen.tasks, seen.observed.sum(0)) if n < 2]
        if few or not bool(hidden.observed.any()):
            why = f"leaves task {few[0]!r} with fewer than two values" if few else "hides no value"
            raise ValueError(f"data: the cut-off after {last} {why}; pass a smaller count or another horizon")
        tables[f"after {last}"] = seen, hidden
    return Cutoffs(tables)


def seasonal_naive(season: float) -> Callable[[TaskData], SeasonalNaive]:
    """A method for `compare`: the value a season earlier.

    The earlier row is the one nearest to a season before, at most half a (median) step away; of two that are as near
    the earlier. Where no value was seen there, one more season back. Its variance is the mean square of the differences
    over a season of all seen cells of that task, times the seasons back, as for a random walk from season to season; at
    least FLOOR of the task's variance, as for the noise of the models. Known standard errors have no part in it.

    Args:
        season (float): in units of the only input, at least one step.
    Raises:
        ValueError: for a season that is not above 0.
        NotApplicable: by the method, for several inputs, a season below their step and a task without two values a
            season apart; by its forecast, where no season before was seen.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import cutoffs, seasonal_naive
    >>> trials = cutoffs(datasets.great_lakes(), horizon=2, count=4)
    >>> seen, hidden = trials(trials.labels[0])
    >>> seasonal_naive(10)(seen).forecast(hidden).mean.shape[1]
    4
    """
    check_season(season)
    return lambda seen: SeasonalNaive(seen, float(season))


class SeasonalNaive:
    """`seasonal_naive` of a seen table; variances: [T], of one season's difference, squared data units."""

    def __init__(self, seen: TaskData, season: float):
        if (inputs := seen.x.shape[1]) > 1:
            raise NotApplicable(f"seen: has {inputs} inputs, and the season before asks for one; leave it out")
        steps = seen.x[:, 0].unique().diff()
        step = float(steps.median()) if len(steps) else math.inf
        if season < step * (1 - 1e-9):
            raise NotApplicable(f"season: is {season:g}, and the inputs are {step:g} apart; pass one step or more")
        self.seen, self.season, self.reach = seen, season, 0.5 * step * (1 + 1e-9)
        self.variances = torch.stack([self._variance(t) for t in range(seen.num_tasks)])

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions at the rows of `hidden`; NaN where no season before was seen.

        Raises NotApplicable where such a cell is asked for, and ValueError for other tasks or inputs.
        """
        seen, x = self.seen, hidden.x
        check_columns(seen, hidden)
        mean, variance, start = *torch.full((2, *hidden.y.shape), torch.nan).to(hidden.y), seen.x.min()
        for t in range(seen.num_tasks):
            rows, seasons = torch.arange(len(x), device=x.device), 1  # rows without a value so far
            while len(rows := rows[start - (x[rows, 0] - seasons * self.season) <= self.reach]):
                mean[rows, t] = found = self._earlier(x[rows, 0], t, seasons)
                variance[rows, t] = (seasons * self.variances[t]).where(~found.isnan(), torch.nan)
                rows, seasons = rows[found.isnan()], seasons + 1
        lost = mean.isnan() & hidden.observed
        if bool(lost.any()):
            row, t = lost.nonzero()[0].tolist()
            raise NotApplicable(
                f"season: no value of task {seen.tasks[t]!r} was seen whole seasons ({self.season:g}) before "
                f"{seen.x_name} {float(x[row, 0]):g}; pass another season, or a later cut-off"
            )
        return prediction(hidden, x, mean, variance, True, tasks=seen.tasks)

    def _earlier(self, x: Tensor, task: int, seasons: int) -> Tensor:
        """Seen values [M] of a task so many seasons before the times x [M]; NaN where none is."""
        cells = as_array(self.seen.observed[:, task])
        times, first = np.unique(as_array(self.seen.x[:, 0])[cells], return_index=True)
        asked = as_array(x) - seasons * self.season
        after = np.searchsorted(times, asked).clip(max=len(times) - 1)
        before = (after - 1).clip(min=0)
        nearest = np.where(asked - times[before] <= times[after] - asked, before, after)
        values = as_array(self.seen.y[:, task])[cells][first][nearest]
        return as_tensor(np.where(np.abs(times[nearest] - asked) <= self.reach, values, np.nan), x)

    def _variance(self, task: int) -> Tensor:
        """Mean square of the differences over one season."""
        cells = self.seen.observed[:, task]
        values = self.seen.y[cells, task]
        squares = (values - self._earlier(self.seen.x[cells, 0], task, 1)) ** 2
        if not bool(squares.isfinite().any()):
            raise NotApplicable(
                f"season: no two values of {self.seen.tasks[task]!r} are {self.season:g} apart; pass another season"
            )
        return torch.maximum(squares.nanmean(), FLOOR * values.var(correction=0))


def without_values(hidden: TaskData) -> TaskData:
    """What a forecaster is handed: inputs, known errors and, as zeros, which cells are asked for."""
    return replace(hidden, y=torch.where(hidden.observed, 0.0, hidden.y))


def check_columns(seen: TaskData, hidden: TaskData) -> None:
    """ValueError where the hidden table has other tasks or inputs than the seen one."""
    same = hidden.tasks == seen.tasks and hidden.x.shape[1] == seen.x.shape[1]
    if not same or swapped(hidden.x_names, seen.x_names):
        raise ValueError("hidden: has other tasks or inputs than the seen table; pass the same")
