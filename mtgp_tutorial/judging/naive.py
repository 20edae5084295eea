"""The forecast that costs nothing: the value a season earlier, to compare others with."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real

import torch
from torch import Tensor

from mtgp_tutorial.models.noise import FLOOR
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction


def seasonal_naive(season: float) -> Callable[[TaskData], SeasonalNaive]:
    """An arm for `compare`: the value a season earlier. season: in units of the first input, at least one step.

    The earlier row is the one nearest to a season before, at most half a (median) step away; other inputs must be the
    same. Where no value was seen there, one more season back. Its variance is the mean square of the differences over a
    season of all seen cells of that task, times the seasons back, as for a random walk from season to season; at
    least FLOOR of the task's variance, as for the noise of the models. Known standard errors have no part in it.

    >>> from mtgp_tutorial import cutoffs, datasets, seasonal_naive
    >>> trials = cutoffs(datasets.great_lakes(), horizon=2, count=4)
    >>> seen, hidden = trials(trials.labels[0])
    >>> seasonal_naive(10)(seen).forecast(hidden).mean.shape[1]
    4
    """
    if isinstance(season, bool) or not isinstance(season, Real) or not 0 < season < math.inf:
        raise ValueError(f"season: is {season!r}; pass a period above 0, in units of the first input")
    return lambda seen: SeasonalNaive(seen, float(season))


class SeasonalNaive:
    """The seasonal naive forecast from a seen table; variances: [T], of one season's difference, squared data units.

    Raises ValueError for a season below the step of the inputs, and for a task without two values a season apart.
    """

    def __init__(self, seen: TaskData, season: float):
        steps = seen.x[:, 0].unique().diff()
        step = float(steps.median()) if len(steps) else math.inf
        if season < step * (1 - 1e-9):
            raise ValueError(f"season: is {season:g}, and the inputs are {step:g} apart; pass one step or more")
        self.seen, self.season, self.reach = seen, season, 0.5 * step * (1 + 1e-9)
        self.variances = torch.stack([self._variance(t) for t in range(seen.num_tasks)])

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions at the rows of `hidden`; NaN where no season before was seen.

        Raises ValueError where such a cell has a value to be scored, and for other tasks or inputs.
        """
        seen, x = self.seen, hidden.x
        if hidden.tasks != seen.tasks or x.shape[1] != seen.x.shape[1]:
            raise ValueError("hidden: has other tasks or inputs than the seen table; pass the same")
        mean, variance = torch.full_like(hidden.y, torch.nan), torch.full_like(hidden.y, torch.nan)
        longest = math.ceil(float(x[:, 0].max() - seen.x[:, 0].min() + self.reach) / self.season)
        for t in range(seen.num_tasks):
            for seasons in range(1, longest + 1):
                found = self._earlier(x, t, seasons)
                new = mean[:, t].isnan() & ~found.isnan()
                mean[new, t], variance[new, t] = found[new], seasons * self.variances[t]
        lost = mean.isnan() & hidden.observed
        if bool(lost.any()):
            row, t = lost.nonzero()[0].tolist()
            raise ValueError(
                f"season: no value of task {seen.tasks[t]!r} was seen whole seasons ({self.season:g}) before "
                f"{seen.x_name} {float(x[row, 0]):g}; pass another season, or a later cut-off"
            )
        tasks, units = tuple(seen.tasks), tuple(hidden.units)
        return Prediction(x, mean, variance, tasks, units, True, index=hidden.index, calendar=hidden.calendar)

    def _earlier(self, x: Tensor, task: int, seasons: int) -> Tensor:
        """Seen values [M] of a task so many seasons before the inputs x [M, D]; NaN where there is none."""
        cells = self.seen.observed[:, task]
        inputs, values = self.seen.x[cells], self.seen.y[cells, task]
        away = (x[:, None, 0] - seasons * self.season - inputs[:, 0]).abs()
        elsewhere = (x[:, None, 1:] != inputs[:, 1:]).any(-1)
        nearest = away.masked_fill(elsewhere, torch.inf).min(1)
        return values[nearest.indices].where(nearest.values <= self.reach, torch.nan)

    def _variance(self, task: int) -> Tensor:
        """Mean square of the differences over one season."""
        cells = self.seen.observed[:, task]
        values = self.seen.y[cells, task]
        squares = (values - self._earlier(self.seen.x[cells], task, 1)) ** 2 if len(values) else values
        if not bool(squares.isfinite().any()):
            raise ValueError(
                f"season: no two values of {self.seen.tasks[task]!r} are {self.season:g} apart; pass another season"
            )
        return torch.maximum(squares.nanmean(), FLOOR * values.var(correction=0))
