"""Levels, straight lines and seasons, estimated from what was seen and from nothing else, and put back afterwards."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from typing import TypeVar

import torch
from torch import Tensor

from mtgp_tutorial.arguments import flags, kind_of, of_kind, shown, whole
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import Prediction, same_columns

Table = TypeVar("Table", TaskData, Prediction)
RANK = 1e-8  # columns of the design that are nearer than this to a combination of others do not count


class UnfixedError(ValueError):
    """The observed cells of a task do not fix its trend: too few, at too few inputs, or less than a season."""


class Trend:
    """A level for each task, a straight line and a season, by least squares on the observed cells of `seen` alone.

    Cells weigh alike, also where `seen` has standard errors.

        trend = Trend(seen, season=1.0, harmonics=2)
        fitted = fit(icm(trend.remove(seen)))
        filled = trend.restore(impute(fitted))

    A season that repeats exactly belongs here. One that changes from year to year belongs into the kernel, as a product
    with a kernel that forgets (the period is a parameter, and held fixed here; without the second last line it is
    fitted, from where it stands, and a likelihood has many optima in a period):

        season = PeriodicKernel().double()
        season.period_length = 1.0
        season.raw_period_length.requires_grad_(False)
        icm(seen, kernel=season * MaternKernel(nu=2.5))

    Args:
        seen (TaskData): the table of the trend.
        line (bool): whether the trend is linear in every column of x, or a level only. Default: True.
        season (float): a period, in units of the first input (1.0 where that is a year). Default: no season.
        harmonics (int): how many waves are fitted: sine and cosine of the season, its half, third, ... A wave that
            turns once in two steps of a regular grid (the second harmonic of a year of quarters) shows one phase there,
            so it has one column, with its peak at the first input. Default: 1.
    Raises:
        UnfixedError: a ValueError, when a task has no more observed cells than its trend has numbers, when its inputs
            do not fix these, and when its cells span less than one season.
        ValueError: for arguments that are none.

    >>> import torch
    >>> from mtgp_tutorial import Trend, datasets
    >>> data = datasets.us_macro()
    >>> trend = Trend(data)
    >>> back = trend.restore(trend.remove(data))
    >>> bool(torch.allclose(back.y, data.y))
    True
    """

    def __init__(self, seen: TaskData, *, line: bool = True, season: float | None = None, harmonics: int = 1):
        of_kind("seen", seen, TaskData, "a TaskData")
        check_trend(line, season, harmonics)
        self.line, self.season, self.harmonics = line, season, harmonics if season is not None else 0
        self.tasks, self.units, self.x_names = seen.tasks, seen.units, seen.x_names
        self.centre = seen.x.mean(0)
        spread = (seen.x - self.centre).abs().max(0).values
        self.width = torch.where(spread > 0, spread, torch.ones_like(spread))
        self.first, self.step = seen.x[:, 0].min(), grid_step(seen.x[:, 0])
        fits = zip(seen.tasks, seen.observed.T, seen.y.T)
        self.numbers = torch.stack([self._least_squares(task, seen.x[cells], y[cells]) for task, cells, y in fits], 1)

    def at(self, x: Tensor) -> Tensor:
        """The trend [M, T] in data units: what to add to draws [S, M, T] of `sample`, for example.

        Args:
            x (Tensor [M, D]): inputs.
        """
        return self._design(x) @ self.numbers

    def remove(self, table: TaskData) -> TaskData:
        """The table less the trend.

        Args:
            table (TaskData): with the tasks, units and inputs of the trend.
        Raises:
            ValueError: for others.
        """
        of_kind("table", table, TaskData, "a TaskData")
        self._check_fits(table)
        return replace(table, y=table.y - self.at(table.x), source=None)

    def restore(self, answer: Table) -> Table:
        """A prediction (or a table) of what was left, with the trend added: its mean is in the user's units again.

        Variances and covariances stay as they are: the uncertainty of the trend itself is not counted. It is small
        between the data and grows beyond them.

        Args:
            answer (Prediction or TaskData): of what `remove` left.
        Raises:
            ValueError: as `remove` does.
        """
        of_kind("answer", answer, (Prediction, TaskData), "a Prediction or a TaskData")
        self._check_fits(answer)
        if isinstance(answer, TaskData):
            return replace(answer, y=answer.y + self.at(answer.x))  # type: ignore[call-arg]
        return answer.shifted(self.at(answer.x))

    def _design(self, x: Tensor) -> Tensor:
        """One column for the level, one for each input of a line, two for each harmonic (one at two steps a turn)."""
        columns = [torch.ones_like(x[:, :1])]
        if self.line:
            columns.append((x - self.centre) / self.width)
        if self.season is not None:
            turns = 2 * math.pi * (x[:, :1] - self.centre[0]) / self.season
            for h in range(1, self.harmonics + 1):
                if abs(self.season / h - 2 * self.step) < 1e-6 * self.step:
                    columns.append(torch.cos(math.pi * (x[:, :1] - self.first) / self.step))
                else:
                    columns += [torch.cos(h * turns), torch.sin(h * turns)]
        return torch.cat(columns, dim=1)

    def _least_squares(self, task: str, x: Tensor, y: Tensor) -> Tensor:
        """The numbers of one task's trend, from its observed cells."""
        A = self._design(x)
        if len(A) < A.shape[1] + 1 or int(torch.linalg.matrix_rank(A, rtol=RANK)) < A.shape[1]:
            raise UnfixedError(
                f"seen: the {len(A)} observed cells of task {task!r} do not fix the {A.shape[1]} numbers of its trend; "
                "observe more inputs, or take a simpler trend"
            )
        span = float(x[:, 0].max() - x[:, 0].min())
        if self.season is not None and span * len(A) / (len(A) - 1) < 0.999 * self.season:  # twelve months show a year
            raise UnfixedError(
                f"season: is {self.season}, and the observed cells of task {task!r} span {span:.6g}; pass a season "
                "that they show at least once"
            )
        return torch.linalg.lstsq(A, y[:, None]).solution[:, 0]

    def _check_fits(self, other: TaskData | Prediction) -> None:
        if not same_columns(other, self):
            raise ValueError(
                f"table, answer: has other tasks, units or inputs than the table of the trend ({', '.join(self.tasks)})"
            )


def grid_step(x: Tensor) -> float:
    """The step of the regular grid on which inputs [N] lie, with gaps or not; NaN where they lie on none."""
    gaps = x.unique().diff()
    if not len(gaps):
        return math.nan
    step = float(gaps.min())
    turns = (x - x.min()) / step
    return step if bool(((turns - turns.round()).abs() < 1e-4).all()) else math.nan


def detrend(seen: TaskData, *others: TaskData) -> list[TaskData]:
    """The tables less one least-squares line for each task, fitted to the observed cells of `seen` alone.

    The line is linear in every column of x. `Trend` also knows seasons, and the way back.

    Args:
        seen (TaskData): the table of the line.
        *others (TaskData): tables that lose the same line.
    Returns:
        All tables, `seen` first.
    Raises:
        ValueError: when a task has fewer than D + 2 observed cells or inputs that do not fix a line, and when another
            table has other tasks, units or another number of inputs.

    >>> from mtgp_tutorial import TaskData, detrend
    >>> data = TaskData([0, 1, 2, 3], [[5.0], [7.0], [9.0], [11.0]])
    >>> [flat] = detrend(data)
    >>> flat.y.abs().max().item() < 1e-12
    True
    """
    for table in (seen, *others):
        if not isinstance(table, TaskData):
            raise ValueError(f"seen, others: one is {kind_of(table)}; pass TaskData")
    trend = Trend(seen)
    if not all(same_columns(table, seen) for table in others):
        raise ValueError(f"others: a table has other tasks, units or inputs than seen ({', '.join(seen.tasks)})")
    return [trend.remove(table) for table in (seen, *others)]


def check_season(season: float) -> None:
    """ValueError unless it is a period above 0."""
    if isinstance(season, bool) or not isinstance(season, Real) or not 0 < season < math.inf:
        raise ValueError(f"season: is {shown(season)}; pass a period above 0, in units of the first input")


def check_trend(line: bool, season: float | None, harmonics: int) -> None:
    """Raise ValueError for what makes no trend."""
    flags(line=line)
    if season is not None:
        check_season(season)
    if whole("harmonics", harmonics, 1, "how many waves") != 1 and season is None:
        raise ValueError(f"harmonics: is {harmonics}, and there is no season; pass its period as season")
