"""From a data frame to the fields of a TaskData: which columns are inputs, tasks and standard errors."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mtgp_tutorial.table.dates import Calendar
from mtgp_tutorial.table.refusing import TableError, count, listed, place
from mtgp_tutorial.table.spelling import read_dates

ERROR = re.compile(r"(.+?)[ _.-]+(?:se|sd|std|std_?err(?:or)?|sigma|error|err|uncertainty|unc)", re.IGNORECASE)
YEAR_AND = {"quarter": (4, 3), "month": (12, 1)}  # beside a year: how many there are, months in one


class Inputs(NamedTuple):
    """Numbers [N, D] of the inputs, their names, the unit of the first, its calendar, and how they were read."""

    x: np.ndarray
    names: tuple[str, ...]
    unit: str
    calendar: Calendar | None
    notes: list[str]


def fields(
    frame: pd.DataFrame, x: Any, tasks: Any, units: Any, sd: Any, series: Hashable | None, value: Hashable | None
) -> dict[str, Any]:
    """Arguments of TaskData for a frame; see `TaskData.from_frame`."""
    if not isinstance(frame, pd.DataFrame):
        raise TableError(f"frame: is a {type(frame).__name__}", "pass a pandas DataFrame")
    if not frame.columns.is_unique:
        raise TableError(f"frame: has two columns named {frame.columns[frame.columns.duplicated()][0]!r}", "rename one")
    if not len(frame):
        raise TableError("frame: has no rows", "pass at least one")
    inputs, used = _inputs(frame, x)
    if series is None and value is None:
        table, index = _wide(frame, used, tasks, sd, inputs.notes)
    else:
        table, inputs = _long(frame, used, tasks, sd, series, value, inputs)
        index = None
    names, found = zip(*table.pop("headers"))
    return {
        **table,
        "x": inputs.x,
        "tasks": names,
        "units": _units(units, names, found),
        "x_name": inputs.names[0],
        "x_names": inputs.names,
        "x_unit": inputs.unit,
        "index": index,
        "calendar": inputs.calendar,
        "notes": tuple(inputs.notes),
    }


def split_unit(header: Any) -> tuple[str, str]:
    """Name and unit of a header such as `level (m)` or `level [m]`; no unit where it has none."""
    found = re.fullmatch(r"\s*(.*?\S)\s*[(\[]([^()\[\]]*)[)\]]\s*", str(header))
    return (found[1], found[2].strip()) if found else (str(header).strip(), "")


def column(frame: pd.DataFrame, name: Hashable, argument: str) -> Hashable:
    """The column of a frame that has this header, or this name before its unit."""
    found = [c for c in frame.columns if c == name] or [c for c in frame.columns if split_unit(c)[0] == name]
    if len(found) != 1:
        raise TableError(
            f"{argument}: {name!r} is {'no column' if not found else 'the name of several columns'}",
            f"pass one of {listed(map(repr, frame.columns))}",
            argument,
        )
    return found[0]


def errors_beside(frame: pd.DataFrame) -> dict[Hashable, Hashable]:
    """Columns that look like standard errors of another one: {"level (m)": "level_se"}."""
    names = {split_unit(c)[0].lower(): c for c in frame.columns}
    pairs = {c: ERROR.fullmatch(split_unit(c)[0]) for c in frame.columns}
    return {names[m[1].lower()]: c for c, m in pairs.items() if m and m[1].lower() in names}


def _listing(names: Any) -> list[Hashable]:
    """One name or several, as a list."""
    return [names] if isinstance(names, (str, int, float, tuple)) else list(names)


def _inputs(frame: pd.DataFrame, x: Any) -> tuple[Inputs, list[Hashable]]:
    """The inputs of each row, and the columns they were taken from."""
    if x is None:
        index = frame.index
        if isinstance(index, pd.RangeIndex) and index.name is None and (index.start, index.step) == (0, 1):
            raise TableError(
                "x: is not given, and the index only counts rows", f"name columns, of {listed(frame.columns)}", "x"
            )
        given, used = index.to_frame(index=False).set_axis(index), []
        if index.nlevels == 1 and index.name is None:
            given.columns = pd.Index(["x" if pd.api.types.is_numeric_dtype(index.dtype) else "date"])
    else:
        used = [column(frame, name, "x") for name in _listing(x)]
        if not used:
            raise TableError("x: is an empty list", "name at least one column", "x")
        given = frame[used]
    names, units = zip(*map(split_unit, given.columns))
    part = YEAR_AND.get(str(names[1]).lower()) if len(names) == 2 and names[0].lower() == "year" else None
    if part is not None:
        given, names = _year_and(given, *part).to_frame(), ("date",)
    first, calendar, notes = _first(given.iloc[:, 0], names[0])
    rest = [numbers(given.iloc[:, k], "x") for k in range(1, given.shape[1])]
    values = np.column_stack([first, *rest])
    for k, row in zip(*np.isnan(values).T.nonzero()):
        missing = int(np.isnan(values).any(axis=1).sum())
        raise TableError(
            f"{place(given.iloc[:, k], row)}: is missing, {missing} in all", "fill or drop rows without input"
        )
    return Inputs(values, names, units[0], calendar, notes), used


def _first(values: pd.Series, name: str) -> tuple[np.ndarray, Calendar | None, list[str]]:
    """Numbers of the first input, which may be a date; its calendar, and what to say."""
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax())
        raise TableError(
            f"{place(values, row)}: is missing, {int(values.isna().sum())} in all", "fill or drop rows without input"
        )
    kind = pd.api.types.infer_dtype(values)
    if kind in ("string", "categorical"):
        text = values.astype(object)
        read = read_dates(text, guess=False)
        if read is None:
            raise TableError(
                f"{place(values, 0)}: {text.iloc[0]!r} is neither a number nor a date", "name another x", "x"
            )
        values = pd.Series(read[0])
    elif kind not in ("datetime64", "datetime", "date", "period"):
        return numbers(values, "x"), None, []
    calendar = Calendar.of(values)
    note = f"{name}: dates as numbers, {calendar.label}, chosen by their median spacing"
    return calendar.to_numbers(values), calendar, [note + (f" (zone {calendar.zone})" if calendar.zone else "")]


def _year_and(given: pd.DataFrame, most: int, months: int) -> pd.Series:
    """Dates of two columns, year and quarter or month."""
    year, part = (numbers(given.iloc[:, k], "x") for k in range(2))
    wrong = ~((part >= 1) & (part <= most) & (part % 1 == 0) & (year % 1 == 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise TableError(
            f"{place(given.iloc[:, 1], row)}: {given.iloc[row].tolist()} is no year with its part", "mend it"
        )
    parts = {"year": year.astype(int), "month": (months * (part.astype(int) - 1) + 1), "day": 1}
    return pd.Series(pd.to_datetime(pd.DataFrame(parts)).to_numpy(), given.index, name="date")


def numbers(values: pd.Series, argument: str) -> np.ndarray:
    """A column as floats, NaN where missing. TableError at the first cell that is no number, or infinite."""
    missing = values.isna().to_numpy()
    if values.dtype.kind in "iuf" or (values.dtype.kind == "b" and values.dtype != object):
        found = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        good = np.array([isinstance(cell, Number) or hasattr(cell, "as_tuple") for cell in values.astype(object)])
        if not (good | missing).all():
            row = int((~(good | missing)).argmax())
            raise TableError(
                f"{place(values, row)}: {values.iloc[row]!r} is not a number",
                f"mend it, or name the columns that hold numbers with {argument}=",
                argument,
            )
        found = np.array([np.nan if gone else float(cell) for cell, gone in zip(values.astype(object), missing)])
    if np.isinf(found).any():
        row = int(np.isinf(found).argmax())
        raise TableError(f"{place(values, row)}: is infinite", "put NaN where a value is missing")
    return found


def _wide(
    frame: pd.DataFrame, used: Sequence[Hashable], tasks: Any, sd: Any, notes: list[str]
) -> tuple[dict[str, Any], pd.Index | None]:
    """y, sd and headers of a frame with one column for each task, and its index unless that only counts."""
    named = {} if isinstance(sd, pd.DataFrame) or sd is None else _error_columns(frame, sd)
    if tasks is None:
        chosen = _numeric(frame, [*used, *named.values()], notes)
    else:
        chosen = [column(frame, name, "tasks") for name in _listing(tasks)]
    if not chosen:
        raise TableError(
            "tasks: no column of numbers is left beside the input", f"name some of {listed(frame.columns)}", "tasks"
        )
    headers = _headers(chosen)
    y = np.column_stack([numbers(frame[c], "tasks") for c in chosen])
    errors = None
    if isinstance(sd, pd.DataFrame):
        errors = _aligned(sd, frame, chosen, headers)
    elif sd is not None:
        if extra := [c for c in named if c not in chosen]:
            raise TableError(f"sd: {extra[0]!r} is not one of the tasks", f"name some of {listed(chosen)}", "sd")
        none = np.full(len(frame), np.nan)
        errors = np.column_stack([numbers(frame[named[c]], "sd") if c in named else none for c in chosen])
    counts = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return {"y": y, "sd": errors, "headers": headers}, None if counts else frame.index


def _numeric(frame: pd.DataFrame, taken: Sequence[Hashable], notes: list[str]) -> list[Hashable]:
    """The other columns that hold numbers; what is left out is said."""
    chosen = []
    beside = {c: of for of, c in errors_beside(frame).items() if of not in taken}
    for c in [c for c in frame.columns if c not in taken]:
        values = frame[c]
        kind = pd.api.types.infer_dtype(values, skipna=True)
        if c in beside:
            notes.append(
                f"{c}: looks like standard errors of {beside[c]}; left out; sd={{{beside[c]!r}: {c!r}}} uses it"
            )
        elif kind in ("integer", "floating", "mixed-integer-float", "decimal", "mixed-integer", "mixed"):
            chosen.append(c)
        elif values.isna().all():
            notes.append(f"{c}: empty; left out")
        else:
            word = {"string": "text", "categorical": "text", "boolean": "true or false", "datetime64": "dates"}
            notes.append(f"{c}: {word.get(kind, kind)}; left out")
    return chosen


def _headers(chosen: Sequence[Hashable]) -> list[tuple[str, str]]:
    """Names and units of the tasks; headers stay whole where two would have one name."""
    split = [split_unit(c) for c in chosen]
    names = [name for name, _ in split]
    return [pair if names.count(pair[0]) == 1 else (str(c), pair[1]) for c, pair in zip(chosen, split)]


def _units(units: Any, tasks: Sequence[str], found: Sequence[str]) -> list[str]:
    """The user's units, a list or by name, else those of the headers."""
    if units is None:
        return list(found)
    if isinstance(units, dict):
        if unknown := [name for name in units if name not in tasks]:
            raise TableError(f"units: {unknown[0]!r} is not one of the tasks", f"name some of {listed(tasks)}", "units")
        return [units.get(task, unit) for task, unit in zip(tasks, found)]
    return units if isinstance(units, str) else list(units)


def _error_columns(frame: pd.DataFrame, sd: Any) -> dict[Hashable, Hashable]:
    """Which column holds the standard errors of which."""
    if isinstance(sd, dict):
        return {column(frame, task, "sd"): column(frame, c, "sd") for task, c in sd.items()}
    beside = {c: of for of, c in errors_beside(frame).items()}
    pairs = {}
    for name in _listing(sd):
        c = column(frame, name, "sd")
        if c not in beside:
            raise TableError(f"sd: {c!r} does not say whose errors it holds", "pass a dict {task: column}", "sd")
        pairs[beside[c]] = c
    return pairs


def _aligned(
    sd: pd.DataFrame, frame: pd.DataFrame, chosen: Sequence[Hashable], headers: list[tuple[str, str]]
) -> np.ndarray:
    """A frame of standard errors, brought to the order of rows and tasks by its index and columns."""
    if not sd.index.equals(frame.index):
        if not (sd.index.is_unique and frame.index.is_unique) or set(sd.index) != set(frame.index):
            raise TableError("sd: has another index than frame", "pass one row for each, with the same index", "sd")
        sd = sd.reindex(frame.index)
    known = {c: next((k for k in (c, name) if k in sd.columns), None) for c, (name, _) in zip(chosen, headers)}
    if unknown := [c for c in sd.columns if c not in known.values()]:
        raise TableError(f"sd: {unknown[0]!r} is not one of the tasks", f"name some of {listed(chosen)}", "sd")
    none = np.full(len(frame), np.nan)
    return np.column_stack([none if k is None else numbers(sd[k], "sd") for k in known.values()])


def _long(
    frame: pd.DataFrame, used: Sequence[Hashable], tasks: Any, sd: Any, series: Any, value: Any, inputs: Inputs
) -> tuple[dict[str, Any], Inputs]:
    """y, sd and headers of a frame with one row for each value, and the inputs of the rows that these make.

    Two values of one series at one input become two rows. Rows and tasks stand in the order of their first value.
    """
    if series is None or value is None:
        raise TableError(
            "series, value: one is not given", "name both columns", "series" if series is None else "value"
        )
    series, value = column(frame, series, "series"), column(frame, value, "value")
    if frame[series].isna().any():
        raise TableError(
            f"{place(frame[series], int(frame[series].isna().to_numpy().argmax()))}: is missing", "name each series"
        )
    name = frame[series].astype(str).str.strip()
    names = list(dict.fromkeys(name)) if tasks is None else [str(task) for task in _listing(tasks)]
    if unknown := [task for task in names if task not in set(name)]:
        raise TableError(f"tasks: {unknown[0]!r} is no series", f"name some of {listed(name.unique())}", "tasks")
    keep = name.isin(names).to_numpy()
    rows = pd.DataFrame(inputs.x[keep]).assign(name=name.to_numpy()[keep])
    copy = rows.groupby(list(rows.columns)).cumcount()
    row = rows.drop(columns="name").assign(copy=copy).groupby([*range(inputs.x.shape[1]), "copy"], sort=False).ngroup()
    shape, at = (int(row.max()) + 1, len(names)), (row.to_numpy(), rows["name"].map(names.index).to_numpy())
    first = row.drop_duplicates().index

    def spread(c: Hashable, argument: str) -> np.ndarray:
        cells = np.full(shape, np.nan)
        cells[at] = numbers(frame[c], argument)[keep]
        return cells

    if sd is not None and not isinstance(sd, (str, int)):
        raise TableError(f"sd: is a {type(sd).__name__}", "with series= and value=, name one column", "sd")
    errors = None if sd is None else spread(column(frame, sd, "sd"), "sd")
    headers = [(task, split_unit(value)[1]) for task in names]
    if (again := int((copy > 0).sum())) > 0:
        inputs.notes.append(
            f"rows: {count(again, 'value')} of a series at an input it had already; kept as rows of their own"
        )
    inputs.notes.append(f"{series}: names {len(names)} series, values in {value}")
    return {"y": spread(value, "value"), "sd": errors, "headers": headers}, inputs._replace(
        x=rows.iloc[first, :-1].to_numpy()
    )
