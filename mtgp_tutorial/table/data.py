"""Tables of observations with holes, and what a model says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.table.arrays import as_matrix


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of each task's observed cells, both [T], in data units.

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
        """Data units to standardised units, over the last axis."""
        return (y - self.mean) / self.sd

    def to_data(self, y: Tensor) -> Tensor:
        """Standardised units back to data units, over the last axis."""
        return y * self.sd + self.mean


@dataclass(frozen=True, eq=False)
class TaskData:
    """N rows of D inputs and T tasks; NaN in `y` marks a cell that was not observed.

    x: [N, D] (or [N]), y: [N, T]. Arrays, tensors and data frames of any real type are
    copied to float64. `tasks` and `units` name the T columns of y; a data frame brings its
    own column names. `x_name` and `x_unit` label the first input in figures.

    Raises ValueError, with one sentence, for mismatched shapes, no tasks, no inputs,
    infinite values, NaN in x, and names that do not fit.

    >>> import pandas as pd
    >>> from mtgp_tutorial import TaskData
    >>> frame = pd.DataFrame({"level": [1.2, None, 1.4], "flow": [10, 20, 30]})
    >>> data = TaskData([0, 1, 2], frame, units=["m", "m3/s"], x_name="day")
    >>> data.tasks, data.observed.sum(0).tolist()
    (('level', 'flow'), [2, 3])
    >>> seen, hidden = data.hide("flow", 1, 2)
    >>> seen.observed.sum(0).tolist(), hidden.observed.sum(0).tolist()
    ([2, 1], [0, 2])
    """

    x: Tensor
    y: Tensor
    tasks: Sequence[str] = ()
    units: Sequence[str] = ()
    x_name: str = "x"
    x_unit: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.tasks, str) or isinstance(self.units, str):
            raise ValueError(
                f"tasks, units: are {self.tasks!r} and {self.units!r}; pass lists of names, one for each task"
            )
        tasks = list(self.tasks)
        if isinstance(self.y, pd.DataFrame) and not tasks:
            tasks = [str(name) for name in self.y.columns]
        x, y = as_matrix(self.x, "x"), as_matrix(self.y, "y", vector=False)
        tasks = tasks or [f"task {t + 1}" for t in range(y.shape[1])]
        units = list(self.units) or [""] * y.shape[1]
        _check_table(x, y, tasks, units)
        for name, value in {"x": x, "y": y, "tasks": tuple(tasks), "units": tuple(units)}.items():
            object.__setattr__(self, name, value)

    @property
    def num_tasks(self) -> int:
        """T, the number of columns of y."""
        return self.y.shape[1]

    @property
    def observed(self) -> Tensor:
        """[N, T], True where a cell was observed."""
        return ~torch.isnan(self.y)

    def task_index(self, task: str) -> int:
        """Column of the named task; ValueError for an unknown name."""
        if task not in self.tasks:
            raise ValueError(f"task: {task!r} is not one of {', '.join(map(repr, self.tasks))}; pass one of these")
        return list(self.tasks).index(task)

    def to(self, device: Any) -> TaskData:
        """The same table on another device."""
        moved = replace(self)
        object.__setattr__(moved, "x", moved.x.to(device))
        object.__setattr__(moved, "y", moved.y.to(device))
        return moved

    def split(self, mask: Tensor) -> tuple[TaskData, TaskData]:
        """Two tables of the same rows: the cells outside the mask (True or False, [N, T]), and those in it."""
        if not torch.is_tensor(mask) or mask.dtype != torch.bool or mask.shape != self.y.shape:
            raise ValueError(f"mask: pass a tensor of True and False with the shape {tuple(self.y.shape)} of y")
        nan = torch.full_like(self.y, torch.nan)
        return replace(self, y=torch.where(mask, nan, self.y)), replace(self, y=torch.where(mask, self.y, nan))

    def hide(self, task: str, start: float, stop: float, dim: int = 0) -> tuple[TaskData, TaskData]:
        """Hide one task's cells with start <= x[:, dim] <= stop; returns (seen, hidden)."""
        if not 0 <= dim < self.x.shape[1]:
            raise ValueError(f"dim: {dim} is not a column of x, which has {self.x.shape[1]}; pass one of them")
        mask = torch.zeros_like(self.observed)
        inside = (self.x[:, dim] >= start) & (self.x[:, dim] <= stop)
        mask[:, self.task_index(task)] = inside & self.observed[:, self.task_index(task)]
        if not mask.any():
            raise ValueError(f"start, stop: {task!r} has no observed cell from {start} to {stop}; pass another stretch")
        return self.split(mask)

    def hide_random(self, task: str, share: float, *, seed: int) -> tuple[TaskData, TaskData]:
        """Hide a random share (0 to 1) of one task's observed cells; returns (seen, hidden)."""
        if not 0 < share < 1:
            raise ValueError(f"share: {share} is not between 0 and 1; pass the fraction of cells to hide")
        column = self.task_index(task)
        rows = self.observed[:, column].nonzero().squeeze(1).cpu()
        if not 0 < round(share * len(rows)) < len(rows):
            raise ValueError(f"share: {share} of {len(rows)} cells hides none or all of {task!r}; pass another share")
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
        mask = torch.zeros(self.y.shape, dtype=torch.bool)
        mask[rows[order[: round(share * len(rows))]], column] = True
        return self.split(mask.to(self.y.device))

    def scale(self) -> Scale:
        """Mean and standard deviation (divisor n) of each task's observed cells.

        A task with one observed cell takes the geometric mean of the other tasks' standard
        deviations. Raises ValueError for a task without any observation, for one whose two or
        more values are all equal (or differ by rounding alone), and when no task has two values.
        """
        columns = [self.y[self.observed[:, t], t] for t in range(self.num_tasks)]
        for name, column in zip(self.tasks, columns, strict=True):
            if len(column) == 0:
                raise ValueError(f"y: task {name!r} has no observed cell; drop the task or add an observation")
            spread, size = float(column.max() - column.min()), float(column.abs().max())
            if len(column) > 1 and not max(1e-13 * size, 1e-150) < spread < 1e150:
                raise ValueError(
                    f"y: all {len(column)} values of task {name!r} are {column[0]:g}, or differ by {spread:.3g}, "
                    "which is rounding error or out of range; drop the task or rescale it"
                )
        sd = torch.stack(
            [column.std(correction=0) if len(column) > 1 else column.new_tensor(torch.nan) for column in columns]
        )
        if sd.isnan().all():
            raise ValueError("y: no task has two observed cells, so nothing tells the scale; add observations")
        sd = torch.where(sd.isnan(), sd[~sd.isnan()].log().mean().exp(), sd)
        return Scale(torch.stack([column.mean() for column in columns]), sd)

    def standardise(self) -> tuple[TaskData, Scale]:
        """The table with each task at mean 0 and standard deviation 1, and the way back."""
        scale = self.scale()
        return replace(self, y=scale.to_unit(self.y), units=["sd"] * self.num_tasks), scale


def _check_table(x: Tensor, y: Tensor, tasks: list[str], units: list[str]) -> None:
    if y.shape[1] == 0:
        raise ValueError("y: has no columns; pass at least one task")
    if x.shape[1] == 0:
        raise ValueError("x: has no columns; pass at least one input")
    if len(x) == 0 or len(x) != len(y):
        raise ValueError(f"x, y: have {len(x)} and {len(y)} rows; pass the same number, at least one")
    if x.device != y.device:
        raise ValueError(f"x, y: are on {x.device} and {y.device}; move both to one device")
    if not x.isfinite().all():
        raise ValueError("x: holds NaN or infinite values; drop or mend these rows (holes belong in y)")
    if y.isinf().any():
        raise ValueError(f"y: holds {int(y.isinf().sum())} infinite values; mark missing cells with NaN")
    for name, labels in (("tasks", tasks), ("units", units)):
        if len(labels) != y.shape[1]:
            raise ValueError(f"{name}: {len(labels)} labels for {y.shape[1]} columns of y; pass one for each")
    if len(set(tasks)) != len(tasks):
        raise ValueError(f"tasks: {tasks} has a name twice; pass different names")


@dataclass(frozen=True, eq=False)
class Prediction:
    """Gaussian predictions for T tasks at M inputs, in data units.

    x: [M, D], mean: [M, T], variance: [M, T]. `noise` tells whether it speaks of the observed
    y (True) or of the latent f (False). `covariance`, where it was asked for, is the joint [k, k]
    of the k cells that `cells` names, in this order, by row number and task: from `predict` all
    M*T, point-major (m*T + t belongs to input m and task t), from `impute` the missing ones.

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

    @property
    def sd(self) -> Tensor:
        """Standard deviations [M, T], in data units."""
        return self.variance.sqrt()
