"""Forecasts at the end of a table: trials by moved cut-offs.

The forecast that costs nothing: the value a season earlier, to compare others with.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Protocol, runtime_checkable

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor, of_kind, swapped, whole
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.noise import FLOOR
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.questions import prediction


class NotApplicable(ValueError):
    """A rule cannot answer at all from a table: too few values, or no joint law.

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
    again (else it is made again, to see); and `interpolated(hidden)`, how many asked cells of each task it has left to
    another rule. What it cannot answer at all it says by raising NotApplicable.
    """

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions of y (noise=True) at the rows of `hidden`, NaN for cells that are not asked.

        hidden has inputs, known errors and, in place of each value that is asked for, 0. Where both tables have the
        same inputs row by row, a row is the seen row of its number, else that with its inputs, or a new one
        (`plain.row_mates`).
        """


@dataclass(frozen=True, eq=False)
class Cutoffs:
    """Trials of forecasts, called with a label: (seen, hidden). `cutoffs` makes them.

    labels: names of the trials, in the order of time. stretch: for each, the stretch of rows that it belongs to.
    """

    data: TaskData
    horizon: int
    task: str | None
    cuts: dict[str, int]  # how many of the inputs are seen
    stretch: dict[str, str]

    @property
    def labels(self) -> list[str]:
        """What to pass to `compare` as trials."""
        return list(self.cuts)

    def __call__(self, label: str) -> tuple[TaskData, TaskData]:
        """What was seen at a cut-off, and the next `horizon` inputs; ValueError for a label that is none."""
        if label not in self.cuts:
            raise ValueError(f"label: {label!r} is not one of {', '.join(map(repr, self.cuts))}; pass one of these")
        times, cut = self.data.x[:, 0].unique(), self.cuts[label]
        known = take(self.data, as_array(self.data.x[:, 0] <= times[cut + self.horizon - 1]))
        ahead = known.x[:, 0] >= times[cut]
        if self.task is None:
            return take(known, as_array(~ahead)), take(known, as_array(ahead))
        mask = torch.zeros_like(known.observed)
        mask[:, known.task_index(self.task)] = ahead
        return known.split(mask & known.observed)


def cutoffs(data: TaskData, horizon: int, count: int, *, each: int = 1, task: str | None = None) -> Cutoffs:
    """Trials that ask for the `horizon` inputs after a cut-off, from what stood before it; later rows are dropped.

    Cut-offs are counted back from the last input with a value. Those of one stretch overlap, and count as one cluster.
    An input is a value of the first column of x, so that readings at one time stay together.

        trials = cutoffs(data, horizon=8, count=6, each=2)
        methods = {"ICM": icm, "naive": seasonal_naive(1.0)}
        results = compare(trials, trials.labels, methods)
        results["stretch"] = results["trial"].map(trials.stretch)
        summarise(results, "naive", cluster="stretch")

    Later trials see what earlier ones hid, and stretches side by side share what the table does slowly: clusters make
    the standard error honest for the overlap, not for that.

    Args:
        data (TaskData): the table.
        horizon (int): how many inputs ahead.
        count (int): stretches of rows that share no hidden row.
        each (int): cut-offs in each stretch, horizon / each inputs apart (rounded down). Default: 1.
        task (str): hide this task alone, the others stay seen to the end of the horizon. Default: all are hidden.
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
    count = whole("count", count, 1, "how many stretches")
    if whole("each", each, 1, "how many cut-offs a stretch has") > horizon:
        raise ValueError(f"each: {each} cut-offs do not fit a horizon of {horizon}; pass at most as many")
    values = data.observed.any(1) if task is None else data.observed[:, data.task_index(task)]
    times = data.x[:, 0].unique()  # in order
    ends = int((times <= data.x[values, 0].max()).sum()) if bool(values.any()) else 0
    length = horizon + (each - 1) * (horizon // each)
    first = ends - count * length
    if first < 1:
        raise ValueError(
            f"data: its {ends} inputs up to the last value are too few for {count} stretches of {length} and something "
            "before them; pass a smaller horizon or count"
        )
    cuts: dict[str, int] = {}
    stretch: dict[str, str] = {}
    for block in range(count):
        starts = [first + block * length + i * (horizon // each) for i in range(each)]
        names = [_name(data, float(times[cut - 1])) for cut in starts]
        cuts.update(zip(names, starts))
        stretch.update(dict.fromkeys(names, names[0]))
    trials = Cutoffs(data, horizon, task, cuts, stretch)
    _check_trials(trials)
    return trials


def _check_trials(trials: Cutoffs) -> None:
    for label in trials.labels:
        seen, hidden = trials(label)
        few = [task for task, n in zip(seen.tasks, seen.observed.sum(0)) if n < 2]
        if few or not bool(hidden.observed.any()):
            why = f"leaves task {few[0]!r} with fewer than two values" if few else "hides no value"
            raise ValueError(f"data: the cut-off {label} {why}; pass a smaller count or another horizon")


def _name(data: TaskData, last: float) -> str:
    """A trial by the last input that it sees."""
    if data.calendar is None:
        return f"after {last!r}".removesuffix(".0")
    return f"after {data.calendar.to_dates([last])[0]}".removesuffix(" 00:00:00")


def seasonal_naive(season: float) -> Callable[[TaskData], SeasonalNaive]:
    """A method for `compare`: the value a season earlier.

    The earlier row is the one nearest to a season before, at most half a (median) step away; other inputs must be the
    same. Of two that are as near the earlier counts. Where no value was seen there, one more season back. Its variance
    is the mean square of the differences over a season of all seen cells of that task, times the seasons back, as for a
    random walk from season to season; at least FLOOR of the task's variance, as for the noise of the models. Known
    standard errors have no part in it.

    Args:
        season (float): in units of the first input, at least one step.
    Raises:
        ValueError: for a season that is not above 0.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import cutoffs, seasonal_naive
    >>> trials = cutoffs(datasets.great_lakes(), horizon=2, count=4)
    >>> seen, hidden = trials(trials.labels[0])
    >>> seasonal_naive(10)(seen).forecast(hidden).mean.shape[1]
    4
    """
    check_season(season)
    return lambda seen: SeasonalNaive(seen, float(season))


def check_season(season: float) -> None:
    """ValueError unless it is a period above 0."""
    if isinstance(season, bool) or not isinstance(season, Real) or not 0 < season < math.inf:
        raise ValueError(f"season: is {season!r}; pass a period above 0, in units of the first input")


class SeasonalNaive:
    """The seasonal naive forecast from a seen table; variances: [T], of one season's difference, squared data units.

    Raises NotApplicable, a ValueError, for a season below the step of the inputs, and for a task without two values a
    season apart.
    """

    def __init__(self, seen: TaskData, season: float):
        steps = seen.x[:, 0].unique().diff()
        step = float(steps.median()) if len(steps) else math.inf
        if season < step * (1 - 1e-9):
            raise NotApplicable(f"season: is {season:g}, and the inputs are {step:g} apart; pass one step or more")
        self.seen, self.season, self.reach = seen, season, 0.5 * step * (1 + 1e-9)
        self.start, inputs = seen.x[:, 0].min(), _by_time(seen.x)
        cells = (inputs.assign(value=pd.Series(as_array(y))).dropna() for y in seen.y.T)
        self.readings = [frame.drop_duplicates(list(inputs)) for frame in cells]
        self.variances = torch.stack([self._variance(t) for t in range(seen.num_tasks)])

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions at the rows of `hidden`; NaN where no season before was seen.

        Raises NotApplicable where such a cell is asked for, and ValueError for other tasks or inputs.
        """
        seen, x = self.seen, hidden.x
        check_columns(seen, hidden)
        mean, variance = torch.full_like(hidden.y, torch.nan), torch.full_like(hidden.y, torch.nan)
        for t in range(seen.num_tasks):
            rows, seasons = torch.arange(len(x), device=x.device), 1  # rows without a value so far
            while len(rows := rows[self.start - (x[rows, 0] - seasons * self.season) <= self.reach]):
                found = self._earlier(x[rows], t, seasons)
                mean[rows, t] = found
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
        """Seen values [M] of a task so many seasons before the inputs x [M, D]; NaN where none is."""
        asked = _by_time(x)
        asked["time"] -= seasons * self.season
        place = list(asked)[1:] or None
        near: dict[str, Any] = {"direction": "nearest", "tolerance": self.reach}
        found = pd.merge_asof(asked, self.readings[task], on="time", by=place, **near)["value"]
        return as_tensor(found.set_axis(asked.index).sort_index().to_numpy(copy=True), x)

    def _variance(self, task: int) -> Tensor:
        """Mean square of the differences over one season."""
        cells = self.seen.observed[:, task]
        values = self.seen.y[cells, task]
        squares = (values - self._earlier(self.seen.x[cells], task, 1)) ** 2
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


def _by_time(x: Tensor) -> pd.DataFrame:
    """Inputs [M, D] in the order of the first, "time", with their row numbers for an index.

    The others are where a reading was taken: they are compared by their bits, with 0 for -0.
    """
    first, *others = as_array(x + 0.0).T.copy()
    columns: dict[Any, Any] = {"time": first}
    columns |= {number: other.view("int64") for number, other in enumerate(others, 1)}
    return pd.DataFrame(columns).sort_values("time", kind="stable")
