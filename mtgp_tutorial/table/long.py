"""A long frame, one row for each value, as the rows and tasks of a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mtgp_tutorial.table.guessing import is_error
from mtgp_tutorial.table.headers import column, names_in, numbers_alone, split_unit
from mtgp_tutorial.table.inputs import Inputs, numbers, standard_errors
from mtgp_tutorial.table.refusing import TableError, count, listed, place


class Places(NamedTuple):
    """Where the values of a long frame stand: rows as in `np.full(shape)[at]`."""

    shape: tuple[int, int]  # N, T
    at: tuple[np.ndarray, np.ndarray]  # row and task of each value
    x: np.ndarray  # [N, D]
    again: int  # values of a series at an input it had already


def spread(
    frame: pd.DataFrame, used: Sequence[Hashable], tasks: Any, sd: Any, series: Any, value: Any, inputs: Inputs
) -> tuple[dict[str, Any], Inputs]:
    """y, sd and headers of a frame with one row for each value, and the inputs of the rows that these make.

    Two values of one series at one input become two rows. Rows and tasks stand in the order of their first value.
    """
    series, value = _both(frame, series, value)
    name, names = _names(frame, series, tasks)
    keep = name.isin(names).to_numpy()
    places = _places(inputs.x[keep], name[keep].map(names.index).to_numpy(), len(names))

    def cells_of(c: Hashable, argument: str) -> np.ndarray:
        cells = np.full(places.shape, np.nan)
        cells[places.at] = numbers(frame[c], argument)[keep]
        return cells

    errors, found = sd, None
    if sd is not None and not numbers_alone(frame, sd):
        found = _errors(frame, sd, value)
        errors = cells_of(found, "sd")
    if places.again:
        inputs.notes.append(
            f"rows: {count(places.again, 'value')} of a series at an input it had already; kept as rows of their own"
        )
    inputs.notes.append(f"{series}: names {len(names)} series, values in {value}")
    for c in [c for c in frame if c not in (*used, series, value, found)]:
        why = f"looks like standard errors of {value}; left out; sd={c!r} uses it"
        inputs.notes.append(f"{c}: {why if found is None and is_error(c, frame) else 'not used; left out'}")
    headers = [(task, split_unit(value)[1]) for task in names]
    return {"y": cells_of(value, "value"), "sd": errors, "headers": headers}, inputs._replace(x=places.x)


def _both(frame: pd.DataFrame, series: Any, value: Any) -> tuple[Hashable, Hashable]:
    """The columns of names and of values."""
    if series is None or value is None:
        argument = "series" if series is None else "value"
        raise TableError("series, value: one is not given", "name both columns", argument)
    return column(frame, series, "series"), column(frame, value, "value")


def _names(frame: pd.DataFrame, series: Hashable, tasks: Any) -> tuple[pd.Series, list[str]]:
    """The series of each row, and the names of those that become tasks."""
    if frame[series].isna().any():
        row = int(frame[series].isna().to_numpy().argmax())
        raise TableError(f"{place(frame[series], row)}: is missing", "name each series")
    name = frame[series].astype(str).str.strip()
    names = list(dict.fromkeys(name)) if tasks is None else [str(task) for task in names_in(tasks)]
    if unknown := [task for task in names if task not in set(name)]:
        raise TableError(f"tasks: {unknown[0]!r} is no series", f"name some of {listed(name.unique())}", "tasks")
    return name, names


def _places(x: np.ndarray, task: np.ndarray, num_tasks: int) -> Places:
    """A row for each input; the second value of a task at one input has the second row there."""
    inputs = pd.DataFrame(x)
    copy = inputs.assign(task=task).groupby([*inputs, "task"]).cumcount()
    row = inputs.assign(copy=copy).groupby([*inputs, "copy"], sort=False).ngroup()
    first = row.drop_duplicates().index
    return Places((len(first), num_tasks), (row.to_numpy(), task), x[first], int((copy > 0).sum()))


def _errors(frame: pd.DataFrame, sd: Any, value: Hashable) -> Hashable:
    """The column of standard errors, looked at."""
    if not isinstance(sd, (str, int)):
        raise TableError(
            f"sd: is a {type(sd).__name__}", "with series= and value=, name one column, or pass numbers", "sd"
        )
    found = column(frame, sd, "sd")
    standard_errors(frame[found], numbers(frame[value], "value"))
    return found
