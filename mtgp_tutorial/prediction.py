"""What a model says about a table: means, variances, bands, and data frames with names, dates and units.

Also the units of a model, `Scale`, and the names that tables and predictions share.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, by_task, count, listed, probability, swapped, tensors
from mtgp_tutorial.calendars import Calendar

if TYPE_CHECKING:
    from mtgp_tutorial.data import TaskData

TWO_SD = math.erf(2**0.5)  # share of a normal law within two standard deviations, 0.954


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of each task's observed cells.

    Args:
        mean (Tensor [T]): in data units.
        sd (Tensor [T]): in data units.

    >>> from mtgp_tutorial import TaskData
    >>> scale = TaskData([0, 1], [[1, 10], [3, 30]]).scale()
    >>> scale.mean.tolist(), scale.sd.tolist()
    ([2.0, 20.0], [1.0, 10.0])
    >>> scale.to_data(scale.to_unit(scale.mean)).tolist()
    [2.0, 20.0]
    """

    mean: Tensor
    sd: Tensor

    def to_unit(self, y: Tensor) -> Tensor:
        """Data units to standardised units.

        Args:
            y (Tensor [..., T]): the tasks on the last axis.
        """
        return (y - self.mean) / self.sd

    def to_data(self, y: Tensor) -> Tensor:
        """Standardised units back to data units.

        Args:
            y (Tensor [..., T]): the tasks on the last axis.
        """
        return y * self.sd + self.mean


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Gaussian predictions for T tasks at M inputs, in data units.

    Attributes:
        x (Tensor [M, D]): inputs.
        mean (Tensor [M, T]): of each cell.
        variance (Tensor [M, T]): of each cell.
        tasks (tuple of T str): their names.
        units (tuple of T str): their units.
        noise (bool): whether it speaks of the observed y (True) or of the latent f (False).
        covariance (Tensor [k, k]): the joint one of the k cells that `cells` names, where it was asked for. Default:
            None.
        cells (pd.MultiIndex): row number and task of these cells, in this order: from `predict` all M*T, point-major
            (m*T + t belongs to input m and task t), from `impute` the missing ones. Default: None.
        index (pd.Index): that of the table whose rows these are. Default: None.
        calendar (Calendar): that of the table whose rows these are, or of the table that was fitted. Default: None.
        x_names (tuple of D str): names of the inputs. Default: none.

    >>> from mtgp_tutorial import fit, icm, predict, simulate
    >>> found = predict(fit(icm(simulate.two_sines(seed=1))), [0.25, 0.5])
    >>> found.tasks, tuple(found.mean.shape), found.noise
    (('sine', 'lagged sine'), (2, 2), True)
    >>> bool((found.sd > 0).all())
    True
    """

    x: Tensor
    mean: Tensor
    variance: Tensor
    tasks: tuple[str, ...]
    units: tuple[str, ...]
    noise: bool
    covariance: Tensor | None = None
    cells: pd.MultiIndex | None = None
    index: pd.Index | None = None
    calendar: Calendar | None = None
    x_names: Sequence[str] = ()
    band_label: ClassVar[str] = "mean ± 2 sd"  # what band(TWO_SD) is

    def __post_init__(self) -> None:
        names = self.x_names or ("x", *(f"x {d + 1}" for d in range(1, self.x.shape[1])))
        object.__setattr__(self, "x_names", tuple(names))

    def __repr__(self) -> str:
        what = "observed y" if self.noise else "latent f"
        head = f"Prediction of the {what}: {count(len(self.mean), 'row')}, {count(len(self.tasks), 'task')}"
        lines = [f"{head}: {listed(labels(self))}", span(self)]
        if self.cells is not None:
            lines.append(f"joint covariance of {count(len(self.cells), 'cell')}")
        return "\n  ".join(lines)

    @property
    def sd(self) -> Tensor:
        """Standard deviations [M, T], in data units."""
        return self.variance.sqrt()

    def quantile(self, level: float) -> Tensor:
        """Where P(Y <= y) is `level`, [M, T].

        Args:
            level (float): above 0 and below 1.
        """
        return self.mean + statistics.NormalDist().inv_cdf(probability(level, "level")) * self.sd

    def band(self, level: float = 0.95) -> tuple[Tensor, Tensor]:
        """Both ends [M, T] of the central interval: as much lies below it as above.

        Args:
            level (float): the share inside. Default: 0.95.
        """
        level = probability(level, "level")
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def probability(self, above: Any) -> Tensor:
        """P(Y > above) [M, T].

        Args:
            above (number, array [M, T] or dict by task): in data units; NaN comes back for a task that a dict leaves
                out, and where there is no prediction.
        """
        bound = self._bounds(above)
        means, variances = self.components
        return passed(means, variances, bound).mean(0)

    def _bounds(self, above: Any) -> Tensor:
        """`above` for each cell, [M, T]."""
        if isinstance(above, Mapping):
            given = by_task("above", above, self.tasks, "")
            above = [given.get(task, math.nan) for task in self.tasks]
        try:
            values = np.asarray("" if above is None else above, dtype=float)  # numpy takes None for NaN
            return torch.as_tensor(values).to(self.mean).expand(self.mean.shape)
        except (TypeError, ValueError, RuntimeError):
            shape = tuple(self.mean.shape)
            raise ValueError(f"above: is {above!r}; pass a number, a dict by task or an array {shape}") from None

    @property
    def components(self) -> tuple[Tensor, Tensor]:
        """Means and variances [D, M, T] of the normal laws in equal parts that make up the law, here one."""
        return self.mean[None], self.variance[None]

    def residuals(self, y: Tensor) -> Tensor:
        """How far values lie from the mean, in standard deviations [M, T].

        Args:
            y (Tensor [M, T]): values, in data units.
        """
        tensors(y=y)
        return (y - self.mean) / self.sd

    def log_density(self, y: Tensor) -> Tensor:
        """Log density of values [M, T], in the units of the data; of counts their log probability.

        Args:
            y (Tensor [M, T]): values, in data units.
        """
        return log_density_of(self.mean, self.variance, y)

    def crps(self, y: Tensor) -> Tensor:
        """Continuous ranked probability score of values [M, T], in data units; of yes or no the Brier score.

        Args:
            y (Tensor [M, T]): values, in data units.
        """
        return crps_of(self.mean, self.variance, y)

    def shifted(self, trend: Tensor) -> Self:
        """With a trend added: to the mean alone, as it is held for known.

        Args:
            trend (Tensor [M, T]): in data units.
        """
        return replace(self, mean=self.mean + trend)

    def take(self, where: slice | np.ndarray, tasks: slice | None = None) -> Self:
        """Some of the rows, and of the tasks, without the joint covariance.

        Args:
            where (slice, or array): the rows, by a mask or by their numbers.
            tasks (slice): of them. Default: all.
        """
        tasks = slice(None) if tasks is None else tasks
        fields: dict[str, Any] = vars(self) | {"covariance": None, "cells": None}
        fields |= {name: fields[name][tasks] for name in ("tasks", "units", "laws") if name in fields}
        by_row = {name: v[..., where, :] for name, v in fields.items() if torch.is_tensor(v)}
        by_cell = {name: v[..., tasks] for name, v in by_row.items() if name != "x"}
        return replace(self, **fields | by_row | by_cell | {"index": None if self.index is None else self.index[where]})

    def to_frame(self) -> pd.DataFrame:
        """Means and standard deviations, columns (task with its unit, "mean" or "sd").

        Rows have the index of the table whose rows these are, else the inputs for an index (as dates where there is a
        calendar).
        """
        columns = pd.MultiIndex.from_product([labels(self), ["mean", "sd"]], names=["task", "value"])
        both = np.stack([as_array(v) for v in (self.mean, self.sd)], axis=2)
        return pd.DataFrame(both.reshape(len(both), -1), rows(self), columns)


def passed(means: Tensor, variances: Tensor, bound: Tensor) -> Tensor:
    """P(Y > bound) of normal laws; of what is known 0 or 1, and NaN without a law or a bound."""
    known = variances <= 0
    z = (means - bound) / variances.where(~known, 1.0).sqrt()
    return torch.where(known, (z > 0).to(z), torch.special.ndtr(z)).where(~z.isnan(), torch.nan)


def log_density_of(mean: Tensor, variance: Tensor, y: Tensor) -> Tensor:
    """Of y under N(mean, variance)."""
    return -0.5 * ((y - mean) ** 2 / variance + variance.log() + math.log(2 * math.pi))


def crps_of(mean: Tensor, variance: Tensor, y: Tensor) -> Tensor:
    """Continuous ranked probability score of y under N(mean, variance)."""
    return mean_distance(y - mean, variance) - variance.sqrt() / math.sqrt(math.pi)


def mean_distance(mean: Tensor, variance: Tensor) -> Tensor:
    """E|Y| of Y ~ N(mean, variance); of a variance of 0 |mean|."""
    sd = variance.sqrt()
    z = (mean / sd).nan_to_num()  # 0 / 0 where it hits; infinite, and here the largest number, where it misses
    return 2 * sd * torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) + mean * (2 * torch.special.ndtr(z) - 1)


def prediction(
    table: TaskData, x: Tensor, mean: Tensor, variance: Tensor, noise: bool, *, new: bool = False, **more: Any
) -> Prediction:
    """A Prediction in data units for the rows of a table, or new ones beside it, with its names; more: other fields."""
    rows = {"index": None if new else table.index, "calendar": table.calendar, "x_names": table.x_names}
    return Prediction(x, mean, variance, **{"tasks": table.tasks, "units": table.units, "noise": noise, **rows, **more})


def label(name: str, unit: str) -> str:
    """`name [unit]`, or the name alone.

    Args:
        name (str): of a task or input.
        unit (str): empty where there is none.

    >>> from mtgp_tutorial import plots
    >>> plots.label("Erie", "m"), plots.label("x", "")
    ('Erie [m]', 'x')
    """
    return f"{name} [{unit}]" if unit else name


def labels(table: TaskData | Prediction) -> list[str]:
    """The tasks with their units."""
    return [label(*pair) for pair in zip(table.tasks, table.units)]


def same_columns(one: Any, other: Any) -> bool:
    """Whether two tables, predictions or trends have the same tasks, units and inputs; these may be named otherwise."""
    return (one.tasks, one.units, len(one.x_names)) == (other.tasks, other.units, len(other.x_names)) and not swapped(
        one.x_names, other.x_names
    )


def input_frame(table: TaskData | Prediction) -> pd.DataFrame:
    """The inputs [N, D] by their names, the first as dates where there is a calendar."""
    x = pd.DataFrame(as_array(table.x), columns=list(table.x_names))
    if table.calendar is not None:
        x[table.x_names[0]] = table.calendar.to_dates(x.iloc[:, 0])
    return x


def rows(table: TaskData | Prediction) -> pd.Index:
    """Names of the rows: the user's index, else the inputs."""
    if table.index is not None:
        return table.index
    x = input_frame(table)
    return pd.Index(x.iloc[:, 0]) if x.shape[1] == 1 else pd.MultiIndex.from_frame(x)


def span(table: TaskData | Prediction) -> str:
    """The range of each input: as dates, or as numbers."""
    x = input_frame(table)
    ends = []
    for name in x:
        low, high = x[name].min(), x[name].max()
        if table.calendar is not None and isinstance(low, pd.Timestamp):
            whole = bool((x[name] == x[name].dt.normalize()).all())
            low, high = (f"{end:{'%Y-%m-%d' if whole else '%Y-%m-%d %H:%M:%S'}}" for end in (low, high))
            ends.append(f"{name}: {low} to {high} ({table.calendar.label})")
        else:
            ends.append(f"{name}: {low:.6g} to {high:.6g}")
    return "; ".join(ends)


def check_row_labels(name: str, given: Any, table: TaskData | None, x: Any = None) -> None:
    """ValueError for a frame or series of a table's rows, then of x's, with other labels, unless they only count."""
    labelled = (pd.DataFrame, pd.Series)
    if not isinstance(given, labelled):
        return
    N = 0 if table is None else len(table.x)
    old, new = given.index[:N], given.index[N:]
    right = table is None or any(map(old.equals, (pd.RangeIndex(len(old)), rows(table))))
    if isinstance(x, labelled):
        right &= any(map(new.equals, (x.index, pd.RangeIndex(len(new)), pd.RangeIndex(N, N + len(new)))))
    if not right:
        raise ValueError(
            f"{name}: has other row labels than the rows it is for; put it into their order, and pass {name}.to_numpy()"
        )
