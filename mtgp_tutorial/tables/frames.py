"""From the columns of a frame to the fields of a table, and back: the frame that was read, with its holes filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import as_array, count, listed
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables.dates import iso_dates
from mtgp_tutorial.tables.refusals import TableError

ERROR = re.compile(r"(.+?)[ _.-]+(?:se|sd|std|std_?err(?:or)?|sigma|error|err|uncertainty|unc)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Source:
    """The frame that a table was read from.

    rows [n]: for each row of the frame the row of the table, -1 for none. columns: for each task its column. who [n]:
    in a long frame the task of each row, else None. keys: its columns of the inputs and of the series.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    columns: Mapping[str, Hashable]
    who: Any = None
    keys: Sequence[Any] = ()

    def take(self, rows: Any, length: int) -> Source:
        """That of some rows of a table of this length."""
        kept = np.arange(length)[rows]
        place = np.full(length + 1, -1)  # the last for rows of the frame that the table does not have
        place[kept] = np.arange(len(kept))
        return replace(self, rows=place[self.rows])


@dataclass
class Roles:
    """What the columns of a table are; long: series and value of a long one; sd: errors that are no columns."""

    inputs: list[str]
    long: list[str]
    tasks: list[str]
    errors: dict[str, str]
    sd: Any = None

    @property
    def values(self) -> list[str]:
        """Columns of values."""
        return self.long[1:] or self.tasks

    @property
    def taken(self) -> list[str]:
        """Columns that are no input."""
        return [*self.long, *self.tasks, *self.errors.values()]


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
    """Name and unit of a header such as `level (m)` or `level [m]`; no unit where it has none."""
    found = re.fullmatch(r"\s*(.*?\S)\s*[(\[]([^()\[\]]+)[)\]]\s*", str(header))
    return (found[1], found[2].strip()) if found else (str(header).strip(), "")


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
    """Columns that look like standard errors of another one, by that: {"level (m)": "level_se"}."""
    names = {split_unit(c)[0].lower(): c for c in cells}
    pairs = {c: ERROR.fullmatch(split_unit(c)[0]) for c in cells}
    return {names[m[1].lower()]: c for c, m in pairs.items() if m and m[1].lower() in names}


def roles_of(cells: pd.DataFrame, x: Any, series: Any, value: Any, tasks: Any, sd: Any) -> Roles:
    """What somebody said of the columns."""
    inputs = [column(cells, name, "x") for name in names_in(x)]
    if x is not None and not inputs:
        raise TableError("x: is an empty list", remedy="name at least one column")
    if (series is None) != (value is None):
        raise TableError("series, value: one is not given", remedy="name both columns, or none")
    long = [] if series is None else [column(cells, series, "series"), column(cells, value, "value")]
    wanted = [] if long else [column(cells, name, "tasks") for name in names_in(tasks)]
    errors: dict[str, str] = {}
    if isinstance(sd, Mapping):
        pairs = {task: one for task, one in sd.items() if not isinstance(one, Real)}
        errors = {column(cells, task, "sd"): column(cells, one, "sd") for task, one in pairs.items()}
        sd = {task: one for task, one in sd.items() if task not in pairs}
    elif isinstance(sd, str) and long:
        errors, sd = {long[1]: column(cells, sd, "sd")}, None
    elif isinstance(sd, str) or isinstance(sd, (list, tuple)) and any(isinstance(one, str) for one in sd):
        raise TableError(f"sd: {sd!r} does not say whose errors these are", remedy="pass a dict {task: column}")
    if wanted and (extra := [c for c in errors if c not in wanted]):
        raise TableError(f"sd: {extra[0]!r} is not one of the tasks", remedy=f"name some of {listed(wanted)}")
    return Roles(inputs, long, wanted, errors, sd)


def index_as_input(
    frame: pd.DataFrame, x: Any, is_plain: Callable[[pd.DataFrame], bool]
) -> tuple[pd.DataFrame, Any, pd.Index | None]:
    """The frame, with its index among the columns where that is the input; the input; and names of the rows, if any.

    is_plain: whether columns tell the input. They do before an index of whole numbers without a name, as rows that
    were dropped leave it.
    """
    index = frame.index
    if isinstance(index, pd.RangeIndex) and index.name is None and (index.start, index.step) == (0, 1):
        return frame, x, None
    levels = index.to_frame(index=False)
    dated = [level.dtype.kind == "M" or isinstance(level.dtype, pd.PeriodDtype) for _, level in levels.items()]
    names = [str(name or ("date" if date else "x")) for name, date in zip(index.names, dated)]
    levels = levels.set_axis(names, axis=1).set_axis(index)
    if x is None:
        kinds = [pd.api.types.infer_dtype(level, skipna=True) for _, level in levels.items()]
        bare = index.nlevels == 1 and index.name is None and kinds[0] == "integer"
        tells = all(map(_tells, kinds, [level for _, level in levels.items()])) and not {*names} & {*frame}
        if not tells or bare and is_plain(frame):
            return frame, x, index
        x = names
    elif not [name for name in names_in(x) if name in levels and name not in frame]:
        return frame, x, index
    return pd.concat([levels, frame], axis=1), x, index


def _tells(kind: str, level: pd.Series) -> bool:
    """Whether a level of an index holds dates or numbers."""
    if kind == "string":
        return bool(iso_dates(level.astype(str)).notna().all())
    return kind in ("integer", "floating", "decimal", "datetime", "date", "datetime64", "period")


class Given(NamedTuple):
    """A frame as it was read, its columns by their names as text, the series of its rows if it is long, and names."""

    frame: pd.DataFrame
    headers: Mapping[str, Any]
    who: pd.Series | None
    labels: pd.Index | None
    notes: list[str]


def assembled(
    given: Given, roles: Roles, at: Any, y: pd.DataFrame, x: Sequence[str], tasks: Any, units: Any, calendar: Any
) -> TaskData:
    """A table of inputs at [N, D], called x, and columns y of values and standard errors."""
    frame, headers, who, index, notes = given
    columns, values = roles.values, y[roles.values].to_numpy()
    errors = {c: y[error].to_numpy() for c, error in roles.errors.items()}
    if who is None:
        split = [split_unit(c) for c in columns]
        short = [name if [one for one, _ in split].count(name) == 1 else c for c, (name, _) in zip(columns, split)]
        source = Source(frame, np.arange(len(y)), {task: headers[c] for task, c in zip(short, columns)})
        found, known = [unit for _, unit in split], [errors.get(c) for c in columns]
    else:
        place, first, short = _spread(who, at, tasks, notes)
        task = pd.Index(short).get_indexer(who)
        at, index, found = at[first], None, [split_unit(columns[0])[1]] * len(short)

        def spread(cells: np.ndarray) -> np.ndarray:
            wide = np.full((len(first), len(short)), np.nan)
            wide[place[task >= 0], task[task >= 0]] = cells[task >= 0]
            return wide

        values, known = spread(values[:, 0]), [one for cells in errors.values() for one in spread(cells).T]
        keys = [headers[c] for c in (*roles.inputs, roles.long[0])]
        source = Source(frame, place, dict.fromkeys(short, headers[columns[0]]), who.to_numpy(), keys)
    (name, unit), names = split_unit(x[0]), [split_unit(c)[0] for c in x]
    sd, units, said = _errors(roles, values, known, short, y.index), _units(units, short, found), tuple(notes)
    return TaskData(at, values, short, units, name, unit, sd, index, calendar, said, names, source)


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


def _errors(
    roles: Roles, values: np.ndarray, errors: Sequence[np.ndarray | None], short: list[str], index: pd.Index
) -> Any:
    """Standard errors for TaskData: [N, T] where columns hold some, else as they were given."""
    sd = roles.sd
    if isinstance(sd, pd.DataFrame):
        if not sd.index.equals(index):
            if not (sd.index.is_unique and index.is_unique) or set(sd.index) != set(index):
                raise TableError("sd: has another index than frame", remedy="pass a row for each, with the same index")
            sd = sd.reindex(index)
        sd = sd.rename(columns=lambda c: str(c) if str(c) in short else split_unit(c)[0])
        if unknown := [c for c in sd if c not in short]:
            raise TableError(f"sd: {unknown[0]!r} is not one of the tasks", remedy=f"name some of {listed(short)}")
        return sd.reindex(columns=short)
    if isinstance(sd, Mapping):
        sd = {task if task in short else split_unit(task)[0]: one for task, one in sd.items()} or None
    if not any(one is not None for one in errors):
        return sd
    number = [np.where(np.isnan(column), np.nan, (sd or {}).get(task, np.nan)) for task, column in zip(short, values.T)]
    return np.column_stack([given if one is None else one for one, given in zip(errors, number)])


def _units(units: Any, tasks: Sequence[str], found: Sequence[str]) -> Any:
    """The user's units, a list or by name, else those of the headers."""
    if isinstance(units, Mapping):
        if unknown := [name for name in units if name not in tasks]:
            raise TableError(f"units: {unknown[0]!r} is not one of the tasks", remedy=f"name some of {listed(tasks)}")
        return [units.get(task, unit) for task, unit in zip(tasks, found)]
    return found if units is None else list(units) if isinstance(units, (list, tuple)) else units


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
    frame = source.frame.copy() if source.who is None else _with_lines(source, data)
    rows, who = source.rows, source.who
    if who is not None:
        rows, who = frame.pop("\0row").to_numpy(), frame.pop("\0task").to_numpy()
    answers = [as_array(one) for one in (prediction.mean, *prediction.band())]
    seen, y, inside = as_array(data.observed), as_array(data.y), rows >= 0
    for c in dict.fromkeys(source.columns[task] for task in data.tasks):
        mine = [t for t, task in enumerate(data.tasks) if source.columns[task] == c]
        t = np.full(len(rows), mine[0]) if who is None else pd.Index(data.tasks).get_indexer(who)
        here = inside & (t >= 0)
        hole = here & ~seen[rows, t]
        old = pd.to_numeric(frame[c], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        own = np.where(here & ~hole, y[rows, t], old)
        if not np.allclose(own, old, rtol=1e-6, equal_nan=True) and frame[c].dtype.kind in "iuf":
            raise ValueError(
                f"data: {c!r} has other values than the frame that was read; fill the table as it was read"
            )
        middle, low, high = (np.where(hole, answer[rows, t], np.nan) for answer in answers)
        if hole.any():
            kind = frame[c].dtype if frame[c].dtype.kind == "f" else float
            frame[c] = pd.Series(np.where(hole, middle, own), frame.index).astype(kind)
        if bands and hole.any():
            frame = frame.assign(**{f"{c} low": low, f"{c} high": high, f"{c} filled": hole})
    return frame


def _with_lines(source: Source, data: TaskData) -> pd.DataFrame:
    """A long frame with a line for each missing cell that had none, and the row and the task of each line."""
    frame = source.frame.assign(**{"\0row": source.rows, "\0task": source.who})
    have = {*zip(source.rows.tolist(), source.who)}
    first = {row: line for line, row in reversed([*enumerate(source.rows.tolist())])}
    holes = [(row, data.tasks[t]) for row, t in (~data.observed).nonzero().tolist()]
    lack = [(row, task) for row, task in holes if (row, task) not in have and row in first]
    more = frame.iloc[[first[row] for row, _ in lack]][[c for c in source.keys if c in frame]]
    written = dict(zip(source.who, source.frame[source.keys[-1]]))
    rows, tasks = [row for row, _ in lack], [task for _, task in lack]
    more = more.assign(**{source.keys[-1]: [written[task] for task in tasks], "\0row": rows, "\0task": tasks})
    return pd.concat([frame, more], ignore_index=isinstance(frame.index, pd.RangeIndex)) if lack else frame
