"""What a model says about a table.

A table or prediction for people: as a data frame with names, dates and units, and as a few lines of text.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, count, listed, probability
from mtgp_tutorial.tables.dates import Calendar

if TYPE_CHECKING:
    from mtgp_tutorial.data import TaskData

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
    calendar: Calendar | None = None
    x_names: Sequence[str] = ()

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

    def to_frame(self) -> pd.DataFrame:
        """Means and standard deviations, columns (task with its unit, "mean" or "sd").

        Rows have the index of the table whose rows these are, else the inputs for an index (as dates where there is a
        calendar).
        """
        columns = pd.MultiIndex.from_product([labels(self), ["mean", "sd"]], names=["task", "value"])
        both = np.stack([as_array(v) for v in (self.mean, self.sd)], axis=2)
        return pd.DataFrame(both.reshape(len(both), -1), rows(self), columns)


@dataclass(frozen=True, eq=False, repr=False)
class Mixture(Prediction):
    """The average of Gaussian predictions, one for each draw of the parameters.

    All else is as in a `Prediction`: mean, variance and covariance are the mixture's (the mean of variances, and the
    variance of means). Its band is no longer mean plus or minus two sd: take `band`.

    Attributes:
        means (Tensor [D, M, T]): of each draw.
        variances (Tensor [D, M, T]): of each draw.

    >>> from mtgp_tutorial import average, fit, icm, predict, simulate
    >>> averaged = average(fit(icm(simulate.two_sines(seed=1))))
    >>> found = predict(averaged, [0.25, 0.5])
    >>> low, high = found.band(0.95)
    >>> bool((low < found.mean).all()), bool((found.mean < high).all())
    (True, True)
    >>> tuple(found.means.shape)
    (80, 2, 2)
    """

    means: Tensor = field(kw_only=True)
    variances: Tensor = field(kw_only=True)

    def cdf(self, y: Tensor) -> Tensor:
        """P(Y <= y) [M, T]; of what is known a step.

        Args:
            y (Tensor [M, T]): values.
        """
        return cdf_of(self.means, self.variances, y)

    def quantile(self, level: float) -> Tensor:
        """Where the cdf is `level` [M, T], by bisection.

        Args:
            level (float): above 0 and below 1.
        """
        level = probability(level, "level")
        sd = self.variances.sqrt()
        low, high = (self.means - 40 * sd).amin(0), (self.means + 40 * sd).amax(0)
        for _ in range(80):
            middle = (low + high) / 2
            below = self.cdf(middle) < level
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return (low + high) / 2


def cdf_of(means: Tensor, variances: Tensor, y: Tensor) -> Tensor:
    """P(Y <= y) of a mixture of normal laws, over the first dimension; where a variance is 0 a step."""
    known = variances == 0
    z = (y - means) / variances.where(~known, 1.0).sqrt()
    return torch.where(known, (y >= means).to(z), torch.special.ndtr(z)).mean(0)


def normal_scores(z: Tensor) -> Tensor:
    """Where N(0, 1) has the cdf of a mixture whose normal laws have the residuals z [D, ...]; from its nearer tail.

    Beyond what doubles can hold of a tail, the nearest residual.
    """
    below, above = (0.5 * torch.special.erfc(side * z / 2**0.5).mean(0) for side in (-1, 1))  # ndtr is 0 from -8.5 on
    found = torch.where(below < above, torch.special.ndtri(below), -torch.special.ndtri(above))
    return torch.where(found.isinf(), z.gather(0, z.abs().argmin(0, keepdim=True))[0], found)


def mixture(answers: Sequence[Prediction]) -> Mixture:
    """The average of predictions of the same cells, each of one draw."""
    first = answers[0]
    means, variances = (torch.stack([getattr(one, name) for one in answers]) for name in ("mean", "variance"))
    moments = {"mean": means.mean(0), "variance": variances.mean(0) + means.var(0, correction=0)}
    if first.covariance is not None and first.cells is not None:
        places = first.cells.get_level_values(0), first.cells.get_level_values(1).map(first.tasks.index)
        at, tasks = (torch.as_tensor(np.array(place)) for place in places)
        off = (means - moments["mean"])[:, at, tasks]
        joint = torch.stack([one.covariance for one in answers if one.covariance is not None])
        moments["covariance"] = joint.mean(0) + off.mT @ off / len(answers)
    kept = {one.name: getattr(first, one.name) for one in fields(Prediction)}
    return Mixture(**{**kept, **moments}, means=means, variances=variances)


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
