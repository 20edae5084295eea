"""Tables of observations with holes: parts of them, their standardised units and the way back."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import (
    as_array,
    as_matrix,
    by_task,
    count,
    generator,
    listed,
    of_kind,
    one_of,
    probability,
    whole,
)
from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.prediction import Scale, input_frame, label, labels, rows, span


@dataclass(frozen=True, eq=False, repr=False)
class TaskData:
    """N rows of D inputs and T tasks; NaN in `y` marks a cell that was not observed.

    Arrays, tensors and data frames of any real type are copied to float64. `from_frame` and `read_table` fill `index`,
    `calendar` and `notes`.

    Args:
        x (array [N, D] or [N]): the inputs.
        y (array [N, T]): the values; a data frame brings its own column names.
        tasks (list of T str): names of the columns of y. Default: those of a data frame, or "task 1", "task 2", ...
        units (list of T str): of the columns of y. Default: none.
        x_name (str): labels the first input in figures; where it is left out x_names may. Default: "x".
        x_unit (str): the same. Default: none.
        sd (array [N, T]): known standard errors of the values, in data units, NaN where none is known, and of no effect
            where y has a hole: their squares stand on the diagonal of the covariance, beside the learned noise (book:
            known-noise). One number is that of all observed cells, a list [T] or a dict {task: number} those of the
            tasks. Default: none.
        index (pd.Index): names of the N rows. Default: those of a data frame y, unless they only count.
        calendar (Calendar): how dates became the first input. Default: they did not.
        notes (tuple of str): how the table was read. Default: none.
        x_names (list of D str): names of all inputs. Default: x_name, "x 2", ...
        source (Source): the frame that was read, for `tables.filled_frame`. Default: none.
    Raises:
        ValueError: with one sentence, for mismatched shapes, no tasks, no inputs, infinite values, NaN in x, standard
            errors that are not above 0, and names that do not fit.

    >>> import pandas as pd
    >>> from mtgp_tutorial import TaskData
    >>> columns = {"level": [1.2, None, 1.4], "flow": [10, 20, 30]}
    >>> frame = pd.DataFrame(columns)
    >>> data = TaskData([0, 1, 2], frame, units=["m", "m3/s"])
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
    sd: Tensor | None = None
    index: pd.Index | None = None
    calendar: Calendar | None = None
    notes: tuple[str, ...] = ()
    x_names: Sequence[str] = ()
    source: Any = None

    def __post_init__(self) -> None:
        _check_names(self.tasks, "tasks")
        _check_names(self.units, "units")
        tasks = list(self.tasks)
        _check_same_rows(self.x, self.y, self.sd, tasks)
        if isinstance(self.y, pd.DataFrame) and not tasks:
            tasks = [str(name) for name in self.y.columns]
        index = self.index
        if index is None and isinstance(self.y, pd.DataFrame) and not isinstance(self.y.index, pd.RangeIndex):
            index = self.y.index
        given = self.x if self.calendar is None else self.calendar.inputs(self.x)
        x, y = as_matrix(given, "x"), as_matrix(self.y, "y", vector=False)
        tasks = tasks or [f"task {t + 1}" for t in range(y.shape[1])]
        units = list(self.units) or [""] * y.shape[1]
        _check_table(x, y, tasks, units)
        sd = _as_errors(self.sd, y, tasks)
        if index is not None and len(index) != len(y):
            raise ValueError(f"index: has {len(index)} names for {len(y)} rows; pass one for each, or none")
        x_names = _input_names(self.x_names, self.x_name, x.shape[1])
        table = {"x": x, "y": y, "sd": sd, "tasks": tuple(tasks), "units": tuple(units), "index": index}
        for name, value in {**table, "notes": tuple(self.notes), "x_names": x_names, "x_name": x_names[0]}.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        missing = int((~self.observed).sum())
        head = f"TaskData: {count(len(self.y), 'row')}, {count(self.num_tasks, 'task')}: {listed(labels(self))}"
        holes = f"{missing:,} of {count(self.y.numel(), 'cell')} missing" if missing else "no cell missing"
        lines = [head, span(self), holes]
        if self.sd is not None:
            lines.append(f"known standard errors: {count(int((self.observed & ~self.sd.isnan()).sum()), 'cell')}")
        return "\n  ".join([*lines, *self.notes])

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        x: Any = None,
        tasks: Any = None,
        units: Any = None,
        sd: Any = None,
        **reading: Any,
    ) -> TaskData:
        """A table from a data frame, wide (a column for each task) or long (a row for each value).

        In a long one two values of one series at one input become two rows. Rows stay in their order and keep their
        index; a row without values stays, as a question. What is left out stands in `notes`.

        Args:
            frame (pd.DataFrame): the table.
            x (column or list): the inputs. Where the first is a date (timestamps, periods, ISO text, or columns that
                are one together: "date" and "time", "year" and "quarter" or "month", and "day") it becomes a number by
                `calendar`. Default: the index where it holds dates or numbers that do not only count, else as in
                `read_table`.
            tasks (list of columns): the values. Default: all others of numbers but those that look like standard errors
                (`level_se` beside `level`).
            units (list, or dict by task): as in `read_table`. Default: from headers such as `level (m)`.
            sd (dict or columns): known standard errors: a dict {task: column or number}, or columns such as `level_se`;
                in a long table a column. Default: none.
            **reading: for `read_table`, such as series and value of a long table, missing, date_format and calendar.
        Raises:
            TableError: a ValueError with the place, for unknown columns, text among numbers and rows without input.

        >>> frame = pd.DataFrame({"day": ["2023-04-01", "2023-04-02"]})
        >>> frame["level (m)"], frame["by"] = [1.5, None], ["Kim", "Noor"]
        >>> data = TaskData.from_frame(frame, x="day")
        >>> data.tasks, data.units, data.notes[-1]
        (('level',), ('m',), 'by: text; left out')
        """
        from mtgp_tutorial.tables.reading import read_table  # which makes tables, too

        of_kind("frame", frame, pd.DataFrame, "a pandas DataFrame")
        return read_table(frame, x, tasks, units=units, sd=sd, **reading)

    def to_frame(self) -> pd.DataFrame:
        """What `from_frame` takes: a column for each task (with its unit) and for its known standard errors.

        Rows have the user's index, else the inputs for an index (as dates where there is a calendar); inputs that are
        not the index are columns before the tasks.
        """
        index = rows(self)
        y = pd.DataFrame(as_array(self.y), index, labels(self))
        if self.sd is not None:
            names = [label(f"{task}_se", unit) for task, unit in zip(self.tasks, self.units)]
            sd = pd.DataFrame(as_array(self.sd), index, names)
            y = pd.concat([y, sd.loc[:, sd.notna().any().to_numpy()]], axis=1)
        return y if self._rows_are_inputs() else pd.concat([input_frame(self).set_axis(index), y], axis=1)

    def _rows_are_inputs(self) -> bool:
        """Whether the rows are named by their inputs."""
        if self.index is None:
            return True
        levels = [self.index.get_level_values(k) for k in range(self.index.nlevels)]
        try:
            first = levels[0] if self.calendar is None else self.calendar.inputs(levels[0])
            found = np.column_stack([np.asarray(level, dtype=float) for level in (first, *levels[1:])])
        except (TypeError, ValueError):
            return False
        return bool(np.array_equal(found, as_array(self.x)))

    @property
    def num_tasks(self) -> int:
        """T, the number of columns of y."""
        return self.y.shape[1]

    @property
    def observed(self) -> Tensor:
        """[N, T], True where a cell was observed."""
        return ~torch.isnan(self.y)

    def task_index(self, task: str) -> int:
        """Column of the named task.

        Args:
            task (str): one of `tasks`.
        Raises:
            ValueError: for an unknown name.
        """
        one_of("task", task, self.tasks)
        return list(self.tasks).index(task)

    def to(self, device: Any) -> TaskData:
        """The same table on another device.

        Args:
            device (str or torch.device): such as "cuda".
        """
        moved = replace(self)
        for name in ("x", "y") if self.sd is None else ("x", "y", "sd"):
            object.__setattr__(moved, name, getattr(moved, name).to(device))
        return moved

    def split(self, mask: Tensor) -> tuple[TaskData, TaskData]:
        """Two tables of the same rows: the cells outside the mask, and those in it.

        Args:
            mask (Tensor [N, T]): True or False for each cell.
        Raises:
            ValueError: for another type or shape.
        """
        if not torch.is_tensor(mask) or mask.dtype != torch.bool or mask.shape != self.y.shape:
            raise ValueError(f"mask: pass a tensor of True and False with the shape {tuple(self.y.shape)} of y")

        def only(kept: Tensor) -> TaskData:
            sd = None if self.sd is None else self.sd.where(kept, torch.nan)
            return replace(self, y=self.y.where(kept, torch.nan), sd=sd)

        return only(~mask), only(mask)

    def hide(self, task: str, start: Any, stop: Any, dim: int = 0) -> tuple[TaskData, TaskData]:
        """Hide one task's cells with start <= x[:, dim] <= stop; returns (seen, hidden).

        Args:
            task (str): whose cells.
            start (number or date): where the first input is a date, a date, or a year as text: "2021" is all of that
                year.
            stop (number or date): as start.
            dim (int): which input. Default: 0.
        Raises:
            ValueError: where the task has no observed cell there, where start is after stop, and for another dim.
        """
        if whole("dim", dim, 0, "the number of a column of x") >= self.x.shape[1]:
            raise ValueError(f"dim: {dim} is not a column of x, which has {self.x.shape[1]}; pass one of them")
        low, high = _interval(start, stop, self.calendar if dim == 0 else None)
        mask = torch.zeros_like(self.observed)
        inside = (self.x[:, dim] >= low) & (self.x[:, dim] <= high)
        mask[:, self.task_index(task)] = inside & self.observed[:, self.task_index(task)]
        if not mask.any():
            raise ValueError(
                f"start, stop: {task!r} has no observed cell from {start} to {stop}; pass another interval"
            )
        return self.split(mask)

    def hide_random(self, task: str, share: float, *, seed: int) -> tuple[TaskData, TaskData]:
        """Hide a random share of one task's observed cells; returns (seen, hidden).

        Args:
            task (str): whose cells.
            share (float): above 0 and below 1.
            seed (int): of the draw.
        Raises:
            ValueError: for another share, and for one that hides none or all of the task's cells.
        """
        share, column = probability(share, "share"), self.task_index(task)
        seen = self.observed[:, column].nonzero().squeeze(1).cpu()
        hides = round(share * len(seen))
        if not 0 < hides < len(seen):
            raise ValueError(f"share: {share} of {len(seen)} cells hides none or all of {task!r}; pass another share")
        order = torch.randperm(len(seen), generator=generator(seed))
        mask = torch.zeros(self.y.shape, dtype=torch.bool)
        mask[seen[order[:hides]], column] = True
        return self.split(mask.to(self.y.device))

    def scale(self) -> Scale:
        """Mean and standard deviation (divisor n) of each task's observed cells.

        One cell tells no standard deviation: such a task takes the geometric mean of the others', whatever their units.

        Raises:
            ValueError: for a task without any observation, for one whose two or more values are all equal (or differ by
                rounding alone), and when no task has two values.
        Warns:
            UserWarning: of a task with one cell.
        """
        seen = self.observed
        columns = [self.y[seen[:, t], t] for t in range(self.num_tasks)]
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
        if once := [task for task, one in zip(self.tasks, sd.isnan().tolist()) if one]:
            warnings.warn(
                f"y: task {once[0]!r} has one observed cell, which tells no spread, so that its bands and scores take "
                "that of the other tasks, in their units; add observations or drop the task",
                stacklevel=2,
            )
        sd = torch.where(sd.isnan(), sd[~sd.isnan()].log().mean().exp(), sd)
        return Scale(torch.stack([column.mean() for column in columns]), sd)

    def standardise(self) -> tuple[TaskData, Scale]:
        """The table with each task at mean 0 and standard deviation 1, and the way back."""
        scale = self.scale()
        sd = None if self.sd is None else self.sd / scale.sd
        return replace(self, y=scale.to_unit(self.y), units=["sd"] * self.num_tasks, sd=sd, source=None), scale


def take(data: TaskData, rows: slice | np.ndarray) -> TaskData:
    """Some rows of a table, by a mask or in the order in which they are named, with all that belongs to them."""
    where = rows if isinstance(rows, slice) else torch.as_tensor(rows).to(data.x.device)
    sd, index = None if data.sd is None else data.sd[where], None if data.index is None else data.index[rows]
    source = None if data.source is None else data.source.take(rows, len(data.y))
    return replace(data, x=data.x[where], y=data.y[where], sd=sd, index=index, source=source)


def scale_of(data: TaskData, at: Sequence[int]) -> Scale:
    """The scale of some tasks, by their numbers; of the others, whose values may all be alike, the mean and 1."""
    scale = Scale(data.y.nanmean(0), torch.ones_like(data.y[0]))
    if at:
        tasks, units = [data.tasks[t] for t in at], [""] * len(at)
        own = replace(data, y=data.y[:, at], sd=None, tasks=tasks, units=units).scale()
        scale.mean[at], scale.sd[at] = own.mean, own.sd
    return scale


def _interval(start: Any, stop: Any, calendar: Calendar | None) -> tuple[float, float]:
    """Both ends as numbers; a year as text, such as "2021", begins as start and ends as stop. Raises ValueError."""
    ends = (start, stop) if calendar is None else (calendar.end("start", start), calendar.end("stop", stop))
    if not all(hasattr(one, "__float__") for one in ends):
        raise ValueError(f"start, stop: are {start!r} and {stop!r}; pass numbers, in the unit of x")
    for name, end in zip(("start", "stop"), ends):
        if end != end:
            raise ValueError(f"{name}: is missing; pass a number{'' if calendar is None else ' or a date'}")
    if ends[0] > ends[1]:
        raise ValueError(f"start: {start} is after stop, {stop}; exchange them")
    return float(ends[0]), float(ends[1])


def _as_errors(sd: Any, y: Tensor, tasks: list[str]) -> Tensor | None:
    """Standard errors [N, T], checked; one number, or one for each task (in order or by name), holds for its values."""
    if sd is None:
        return None
    if isinstance(sd, Mapping) or (isinstance(sd, pd.Series) and set(sd.index) <= set(tasks)):
        given = by_task("sd", dict(sd), tasks, "")
        sd = [given.get(task, math.nan) for task in tasks]
    if isinstance(sd, Real) and not isinstance(sd, bool):
        sd = [float(sd)] * len(tasks)
    lists = isinstance(sd, (list, tuple)) and not any(hasattr(one, "__len__") for one in sd)
    if lists or (getattr(sd, "ndim", None) == 1 and not isinstance(sd, pd.Series)):
        each = as_matrix(sd, "sd")[:, 0].to(y.device)
        if len(each) != len(tasks):
            raise ValueError(
                f"sd: holds {count(len(each), 'number')} for {count(len(tasks), 'task')}; pass one number, one for "
                "each task, or a matrix [N, T]"
            )
        errors = each.expand(y.shape).where(~y.isnan(), torch.nan)
    else:
        errors = as_matrix(sd, "sd", vector=False)
    _check_errors(errors, y, tasks)
    return errors


def _check_errors(sd: Tensor, y: Tensor, tasks: list[str]) -> None:
    if sd.shape != y.shape or sd.device != y.device:
        raise ValueError(f"sd: has shape {tuple(sd.shape)}, y {tuple(y.shape)}; pass one of each cell, where y is")
    wrong = ~y.isnan() & ~sd.isnan() & ~((sd > 0) & sd.isfinite())
    if bool(wrong.any()):
        row, task = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"sd: is {sd[row, task]:g} at row {row} of {tasks[task]!r}, {int(wrong.sum())} such in all; pass standard "
            "errors above 0, and NaN where none is known"
        )


def _input_names(names: Sequence[str], first: str, inputs: int) -> tuple[str, ...]:
    """Names of all inputs; the first is x_name, where that was told."""
    first = names[0] if names and first == "x" else first
    if not names or names[0] != first:  # also where x_name was replaced
        names = [first, *(list(names)[1:] or [f"x {d + 1}" for d in range(1, inputs)])]
    if len(names) != inputs:
        raise ValueError(f"x_names: {count(len(names), 'name')} for {count(inputs, 'column')} of x; pass one for each")
    return tuple(names)


def _check_names(names: Any, name: str) -> None:
    """In an order, which a set does not have, and no text, which would become its letters."""
    if isinstance(names, (str, bytes, set, frozenset, Mapping)) or not isinstance(names, Iterable):
        raise ValueError(f"{name}: is {names!r}; pass a list of names, one for each task")


def _check_same_rows(x: Any, y: Any, sd: Any, tasks: list[str]) -> None:
    """Rows and tasks are paired by position, so labels must not say otherwise."""
    names = [str(name) for name in y.columns] if isinstance(y, pd.DataFrame) else tasks
    if tasks and tasks != names and set(tasks) == set(names):
        raise ValueError("tasks, y: have the same names in another order; pass y[tasks]")
    for name, other in (("x", x), ("sd", sd)):
        if not isinstance(other, (pd.DataFrame, pd.Series)) or not isinstance(y, pd.DataFrame):
            continue
        if not other.index.equals(y.index):
            raise ValueError(f"{name}, y: have other row labels; bring both to one index, such as {name}.loc[y.index]")
        if name == "sd" and isinstance(sd, pd.DataFrame) and set(sd.columns) == set(y.columns) and list(sd) != list(y):
            raise ValueError("sd, y: have the same columns in another order; pass sd[y.columns]")


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
        raise ValueError(f"y: holds {count(int(y.isinf().sum()), 'infinite value')}; mark missing cells with NaN")
    for name, given in (("tasks", tasks), ("units", units)):
        if len(given) != y.shape[1]:
            raise ValueError(
                f"{name}: {count(len(given), 'label')} for {count(y.shape[1], 'column')} of y; pass one for each"
            )
    if len(set(tasks)) != len(tasks):
        raise ValueError(f"tasks: {tasks} has a name twice; pass different names")
