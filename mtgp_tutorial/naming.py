"""A table or a prediction for people: tasks with their units, and rows by their inputs, as numbers or as dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from mtgp_tutorial.arguments import as_array

if TYPE_CHECKING:
    from mtgp_tutorial.data import TaskData
    from mtgp_tutorial.prediction import Prediction


class CalendarLike(Protocol):
    """What a table asks of its calendar: dates as its first input. (tables/dates.py has one.)"""

    @property
    def unit(self) -> str:
        """That of the numbers: "days"."""

    @property
    def label(self) -> str:
        """What the numbers are: "days since 2019-01-07"."""

    def inputs(self, x: Any) -> Any:
        """x as it is if it holds numbers, else the numbers of its dates. Raises ValueError for what are no dates."""

    def to_dates(self, numbers: Any) -> pd.DatetimeIndex:
        """Dates of numbers [N]."""

    def end(self, name: str, date: Any) -> float:
        """An end of an interval, "start" or "stop", as a number. Raises ValueError, under this name, for others."""

    def shown(self, number: float) -> str:
        """A number as a date, for a sentence."""


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
