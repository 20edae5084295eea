"""What a model says about a table.

A table or prediction for people: as a data frame with names, dates and units, and as a few lines of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from torch import Tensor

from mtgp_tutorial.arguments import as_array, count, listed
from mtgp_tutorial.table.dates import Calendar

if TYPE_CHECKING:
    from mtgp_tutorial.table.data import TaskData


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Gaussian predictions for T tasks at M inputs, in data units.

    x: [M, D], mean: [M, T], variance: [M, T]. `noise` tells whether it speaks of the observed
    y (True) or of the latent f (False). `covariance`, where it was asked for, is the joint [k, k]
    of the k cells that `cells` names, in this order, by row number and task: from `predict` all
    M*T, point-major (m*T + t belongs to input m and task t), from `impute` the missing ones. `index` and `calendar` are
    those of the table whose rows these are, or of the table that was fitted.

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

    def to_frame(self) -> pd.DataFrame:
        """Means and standard deviations, columns (task with its unit, "mean" or "sd").

        Rows have the index of the table whose rows these are, else the inputs for an index (as dates where there is a
        calendar).
        """
        columns = pd.MultiIndex.from_product([labels(self), ["mean", "sd"]], names=["task", "value"])
        both = np.stack([as_array(v) for v in (self.mean, self.sd)], axis=2)
        return pd.DataFrame(both.reshape(len(both), -1), rows(self), columns)


def label(name: str, unit: str) -> str:
    """`name [unit]`, or the name alone.

    >>> from mtgp_tutorial import plots
    >>> plots.label("Erie", "m"), plots.label("x", "")
    ('Erie [m]', 'x')
    """
    return f"{name} [{unit}]" if unit else name


def labels(table: TaskData | Prediction) -> list[str]:
    """The tasks with their units."""
    return [label(*pair) for pair in zip(table.tasks, table.units)]


def inputs(table: TaskData | Prediction) -> pd.DataFrame:
    """The inputs [N, D] by their names, the first as dates where there is a calendar."""
    x = pd.DataFrame(as_array(table.x), columns=list(table.x_names))
    if table.calendar is not None:
        x[table.x_names[0]] = table.calendar.to_dates(x.iloc[:, 0])
    return x


def rows(table: TaskData | Prediction) -> pd.Index:
    """Names of the rows: the user's index, else the inputs."""
    if table.index is not None:
        return table.index
    x = inputs(table)
    return pd.Index(x.iloc[:, 0]) if x.shape[1] == 1 else pd.MultiIndex.from_frame(x)


def span(table: TaskData | Prediction) -> str:
    """The range of each input: as dates, or as numbers."""
    x = inputs(table)
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
