"""What a model says about a table: means, variances, bands, and a data frame with names, dates and units."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, by_task, count, listed, probability, tensors
from mtgp_tutorial.naming import CalendarLike, labels, rows, span

TWO_SD = math.erf(2**0.5)  # share of a normal law within two standard deviations, 0.954


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
    calendar: CalendarLike | None = None
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

    def law_scores(
        self, t: int, cells: Tensor, y: Tensor, train_mean: Tensor, train_variance: Tensor
    ) -> dict[str, float]:
        """Scores of one task beyond its mean and variance, by the names of `scores.table`; of a normal law none.

        Args:
            t (int): the task's number.
            cells (Tensor [M]): True for the rows that are scored.
            y (Tensor [n]): the values of these.
            train_mean (Tensor): of the training cells.
            train_variance (Tensor): of the training cells.
        """
        return {}

    def shifted(self, trend: Tensor) -> Self:
        """With a trend added: to the mean alone, as it is held for known.

        Args:
            trend (Tensor [M, T]): in data units.
        """
        return replace(self, mean=self.mean + trend)

    def take(self, where: slice) -> Self:
        """Some of the rows, without the joint covariance.

        Args:
            where (slice): the rows.
        """
        index = None if self.index is None else self.index[where]
        by_row: dict[str, Any] = {name: v[..., where, :] for name, v in vars(self).items() if torch.is_tensor(v)}
        return replace(self, **by_row | {"covariance": None, "cells": None, "index": index})

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


def mean_distance(mean: Tensor, variance: Tensor) -> Tensor:
    """E|Y| of Y ~ N(mean, variance); of a variance of 0 |mean|."""
    sd = variance.sqrt()
    z = (mean / sd).nan_to_num()  # 0 / 0 where it hits; infinite, and here the largest number, where it misses
    return 2 * sd * torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) + mean * (2 * torch.special.ndtr(z) - 1)
