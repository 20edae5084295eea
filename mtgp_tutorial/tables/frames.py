"""From the columns of a frame to the fields of a table, and back: the frame that was read, with its holes filled."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import as_array, by_task, count, listed
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables.refusals import TableError

ERROR = re.compile(r"(.+?)[ _.-]+(?:se|sd|std|std_?err(?:or)?|sigma|error|err|uncertainty|unc)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Source:
    """The frame that a table was read from; a long one has a further line for each cell that had none.

    rows [n]: for each row of the frame the row of the table, -1 for none. columns: for each task its column. who [n]:
    in a long frame the task of each row, else None.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    columns: Mapping[str, Hashable]
    who: Any = None

    def take(self, rows: Any, length: int) -> Source:
        """That of some rows of a table of this length."""
        kept = np.arange(length)[rows]
        place = np.full(length + 1, -1)  # the last for rows of the frame that the table does not have
        place[kept] = np.arange(len(kept))
        return replace(self, rows=place[self.rows])


@dataclass
class Roles:
    """What the columns of a table are; long: series and value of a long one; errors: a column or a number for each."""

    inputs: list[str]
    long: list[str]
    tasks: list[str]
    errors: dict[str, Any]

    @property
    def numbers(self) -> list[str]:
        """Columns of values and of their errors."""
        errors = [error for error in self.errors.values() if isinstance(error, str)]
        return [*(self.long[1:] or self.tasks), *errors]


def headers_of(given: pd.DataFrame) -> dict[str, Any]:
    """The columns by their names as text."""
    found = {" ".join(map(str, c)) if isinstance(c, tuple) else str(c): c for c in given}
    if len(found) < given.shape[1]:
        twice = [str(c) for c, again in zip(given, given.columns.astype(str).duplicated()) if again]
        raise TableError(f"names: two columns are named {twice[0]!r}", remedy="rename one, or leave that line out")
    if not len(given):
        raise TableError("path: the table has no rows", remedy="pass one with at least one")
    return found


def split_unit(header: Any) -> tuple[str, str]:
    """Name and unit of a header such as `level (m)` or `level [m]`; no unit where it has none, or a serial number."""
    found = re.fullmatch(r"\s*(.*?\S)\s*[(\[]([^()\[\]]+)[)\]]\s*", str(header))
    return (found[1], "" if ":" in found[2] else found[2].strip()) if found else (str(header).strip(), "")


def words_in(header: str) -> list[str]:
    """The words of a name without its unit, in small letters."""
    return re.split(r"[^\w]+|_", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", split_unit(header)[0]).strip("# ").lower())


def names_in(names: Any) -> list[Any]:
    """One name, several or none (None), as a list."""
    return [] if names is None else [names] if isinstance(names, (str, int, float)) else list(names)


def column(cells: pd.DataFrame, name: Any, argument: str) -> str:
    """The column that has this header, or this name before its unit. argument: what names it."""
    told = " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
    found = [c for c in cells if c == told] or [c for c in cells if split_unit(c)[0] == told]
    if len(found) != 1:
        told = f"{argument}: {name!r} is {'no column' if not found else 'the name of several columns'}"
        raise TableError(told, remedy=f"pass one of {listed(map(repr, cells.columns))}")
    return str(found[0])


def errors_beside(cells: pd.DataFrame) -> dict[str, str]:
    """Columns that look like standard errors of another one: {"level_se": "level (m)"}."""
    names = {split_unit(c)[0].lower(): c for c in cells}
    pairs = {c: ERROR.fullmatch(split_unit(c)[0]) for c in cells}
    return {c: names[m[1].lower()] for c, m in pairs.items() if m and m[1].lower() in names}


def roles_of(cells: pd.DataFrame, x: Any, series: Any, value: Any, tasks: Any, sd: Any) -> Roles:
    """What somebody said of the columns."""
    inputs = [column(cells, name, "x") for name in names_in(x)]
    if x is not None and not inputs:
        raise TableError("x: is an empty list", remedy="name at least one column")
    if (series is None) != (value is None):
        raise TableError("series, value: one is not given", remedy="name both columns, or none")
    long = [] if series is None else [column(cells, series, "series"), column(cells, value, "value")]
    wanted = [] if long else [column(cells, name, "tasks") for name in names_in(tasks)]
    if not isinstance(sd, Mapping):  # names of columns
        columns = [column(cells, name, "sd") for name in names_in(sd)]
        of = dict.fromkeys(columns, long[1]) if long else errors_beside(cells)
        if unknown := [c for c in columns if c not in of]:
            raise TableError(f"sd: {unknown[0]!r} does not say whose errors these are", [], "pass {task: column}")
        sd = {of[c]: c for c in columns}
    errors = {
        column(cells, task, "sd"): error if isinstance(error, Real) else column(cells, error, "sd")
        for task, error in sd.items()
    }
    if wanted and (extra := [c for c in errors if c not in wanted]):
        raise TableError(f"sd: {extra[0]!r} is not one of the tasks", remedy=f"name some of {listed(wanted)}")
    return Roles(inputs, long, wanted, errors)


def with_index(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str], pd.Index | None]:
    """The frame with its index among its columns, the names of these, and the index, unless it only counts."""
    index = frame.index
    if index.name is None and index.equals(pd.RangeIndex(len(index))):
        return frame, [], None
    levels = index.to_frame(index=False)
    dated = [level.dtype.kind == "M" or isinstance(level.dtype, pd.PeriodDtype) for _, level in levels.items()]
    names = [str(name or ("date" if date else "x")) for name, date in zip(index.names, dated)]
    if {*names} & {*frame}:
        return frame, [], index
    return pd.concat([levels.set_axis(names, axis=1).set_axis(index), frame], axis=1), names, index


def assembled(
    given: pd.DataFrame, headers: Mapping[str, Any], roles: Roles, at: Any, y: pd.DataFrame, who: Any, **own: Any
) -> TaskData:
    """A table of inputs at [N, D] and columns y of values and standard errors.

    who: the series of each row of a long one, else None. own: tasks, units and x_names as they were given, and fields.
    """
    columns, tasks, units = roles.long[1:] or roles.tasks, own.pop("tasks"), own.pop("units")
    split, known = [split_unit(c) for c in columns], [roles.errors.get(c, np.nan) for c in columns]
    each = [
        y[error] if isinstance(error, str) else np.where(y[c].isna(), np.nan, error) for c, error in zip(columns, known)
    ]
    values, errors = y[columns].to_numpy(), np.column_stack(each)
    if who is None:
        names = [name for name, _ in split]
        short = [name if names.count(name) == 1 else c for c, name in zip(columns, names)]
        source = Source(given, np.arange(len(y)), {task: headers[c] for task, c in zip(short, columns)})
    else:
        place, first, short = _spread(who, at, tasks, own["notes"])
        task = pd.Index(short).get_indexer(who)
        wide, kept = np.full((2, len(first), len(short)), np.nan), task >= 0
        wide[:, place[kept], task[kept]] = values[kept, 0], errors[kept, 0]
        at, (values, errors), split, own["index"] = at[first], wide, split * len(short), None
        have = np.zeros(values.shape, dtype=bool)
        have[place[kept], task[kept]] = True
        row, t = (~have).nonzero()  # cells without a line of their own
        more = given.iloc[first[row]][[headers[c] for c in (*roles.inputs, roles.long[0]) if c in headers]]
        written = dict(zip(who, given[headers[roles.long[0]]]))
        more[headers[roles.long[0]]] = [written[short[k]] for k in t]
        lines = pd.concat([given, more], ignore_index=isinstance(given.index, pd.RangeIndex)) if len(t) else given
        series = np.append(who, np.array(short, dtype=object)[t])
        source = Source(lines, np.append(place, row), dict.fromkeys(short, headers[columns[0]]), series)
    found = [unit for _, unit in split]
    if isinstance(units, Mapping):
        units = [by_task("units", units, short, "").get(task, unit) for task, unit in zip(short, found)]
    sd: Any = None if np.isnan(errors).all() else errors
    (name, unit), names = split_unit(own["x_names"][0]), [split_unit(c)[0] for c in own.pop("x_names")]
    units = found if units is None else units
    return TaskData(at, values, short, units, name, unit, sd, x_names=names, source=source, **own)


def _spread(who: pd.Series, at: np.ndarray, tasks: Any, notes: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """For each row of a long table its row in the wide one, -1 for none; the first of each of these; and the tasks.

    A row for each input; the second value of a task at one input has the second row there.
    """
    if who.isna().any():
        raise TableError(f"{place_of(who, int(who.isna().argmax()))}: is missing", remedy="name each series")
    names = list(dict.fromkeys(who)) if tasks is None else [str(task) for task in names_in(tasks)]
    if unknown := [task for task in names if task not in set(who)]:
        raise TableError(f"tasks: {unknown[0]!r} is no series", remedy=f"name some of {listed(who.unique())}")
    kept = who.isin(names).to_numpy()
    inputs = pd.DataFrame(at[kept])
    copy = inputs.assign(task=who.to_numpy()[kept]).groupby([*inputs, "task"]).cumcount()
    group = inputs.assign(copy=copy).groupby([*inputs, "copy"], sort=False).ngroup()
    if again := int((copy > 0).sum()):
        notes.append(f"rows: {count(again, 'value')} of a series at an input it had already; kept as rows of their own")
    notes.append(f"{who.name}: names {len(names)} series")
    place = np.full(len(who), -1)
    place[kept] = group
    return place, np.flatnonzero(kept)[group.drop_duplicates().index], names


def place_of(cells: pd.Series, row: int) -> str:
    """Where a cell stands: "column 'level', line 7", or whatever the index of the rows is called."""
    return f"column {str(cells.name)!r}, {cells.index.name or 'row'} {cells.index[row]}"


def filled_frame(data: TaskData, prediction: Prediction, bands: bool = False) -> pd.DataFrame:
    """The frame that a table was read from, with its holes filled: its own columns, order and index.

    A long frame has a further row for each cell that had none.

    Args:
        data (TaskData): a table of `read_table` or `TaskData.from_frame`.
        prediction (Prediction): of its rows, as `fill` and `impute` give it.
        bands (bool): with three further columns for each that was filled, `level low` and `level high`, the ends of
            the 95 % band, and `level filled`, True where a value was filled in. Default: False.
    Raises:
        ValueError: for a table that was made otherwise, or whose values were changed, and for other rows.

    >>> import pandas as pd
    >>> from mtgp_tutorial import TaskData
    >>> from mtgp_tutorial.tables import fill, filled_frame
    >>> b = [3, 1, None, 4, 6]
    >>> frame = pd.DataFrame({"day": range(5), "a": range(5), "b": b})
    >>> data = TaskData.from_frame(frame, "day")
    >>> bool(filled_frame(data, fill(data))["b"].notna().all())
    True
    """
    source = data.source
    if source is None:
        raise ValueError("data: was read from no frame; make it by read_table or from_frame, or take to_frame()")
    if prediction.mean.shape != data.y.shape or tuple(prediction.tasks) != tuple(data.tasks):
        raise ValueError("prediction: is of other rows or tasks than data; pass what fill or impute says of data")
    frame, rows, columns = source.frame.copy(), source.rows, [source.columns[task] for task in data.tasks]
    answers = [as_array(one) for one in (prediction.mean, *prediction.band())]
    seen, y = as_array(data.observed), as_array(data.y)
    for c in dict.fromkeys(columns):
        task = data.tasks[columns.index(c)]
        t = pd.Index(data.tasks).get_indexer([task] * len(rows) if source.who is None else source.who)
        here = (rows >= 0) & (t >= 0)
        hole = here & ~seen[rows, t]
        old = frame[c].to_numpy(dtype=float, na_value=np.nan)
        if not np.allclose(np.where(here & ~hole, y[rows, t], old), old, rtol=1e-6, equal_nan=True):
            raise ValueError(
                f"data: {c!r} has other values than the frame that was read; fill the table as it was read"
            )
        middle, low, high = (np.where(hole, answer[rows, t], np.nan) for answer in answers)
        if hole.any():
            kind = frame[c].dtype if frame[c].dtype.kind == "f" else float
            frame[c] = pd.Series(np.where(hole, middle, old), frame.index).astype(kind)
        if bands and hole.any():
            frame = frame.assign(**{f"{c} low": low, f"{c} high": high, f"{c} filled": hole})
    return frame
