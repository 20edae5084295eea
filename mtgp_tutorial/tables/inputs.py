"""The inputs of a frame as numbers: columns or the index, with dates in a unit that is chosen and said.

Headers of columns: names, units, and columns that look like standard errors of another.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from numbers import Number, Real
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.tables.date_formats import CLOCK, READ, odd_cell
from mtgp_tutorial.tables.dates import Calendar, read_dates
from mtgp_tutorial.tables.refusals import TableError, argument, place, refuse_first

# beside a year: how many there are, how year and first month (or ISO week and its Monday, or day) make a date
YEAR_AND = {"quarter": (4, "%Y-%m"), "month": (12, "%Y-%m"), "week": (53, "%G-%V-%u"), "doy": (366, "%Y-%j")}
YEAR_MONTH_DAY = ("year", "month", "day")


def only_counts(index: pd.Index) -> bool:
    """Whether an index is the one that pandas makes where nobody names the rows."""
    return isinstance(index, pd.RangeIndex) and index.name is None and (index.start, index.step) == (0, 1)


def inputs_of(
    frame: pd.DataFrame, used: Sequence[Hashable], calendar: Calendar | None, notes: list[str]
) -> dict[str, Any]:
    """The inputs of each row, from columns or else the index, as arguments of TaskData; dates are told in notes."""
    if used:
        given = frame[list(used)]
    else:
        index = frame.index
        given = index.to_frame(index=False).set_axis(index)
        if index.nlevels == 1 and index.name is None:
            given.columns = pd.Index(["x" if pd.api.types.is_numeric_dtype(index.dtype) else "date"])
    names, units = zip(*map(split_unit, given.columns))
    missing = given.isna().to_numpy()
    lost = f"is missing, {missing.any(axis=1).sum()} in all"
    for k, gone in enumerate(missing.T):
        refuse_first(given.iloc[:, k], gone, lost, "fill or drop rows without input")
    if (joined := _joined(given, [name.lower() for name in names])) is not None:
        given, names = joined.to_frame(), ("date",)
    first, calendar = _first(given.iloc[:, 0], names[0], calendar, notes)
    x = np.column_stack([first, *(numbers(given.iloc[:, k], "x") for k in range(1, given.shape[1]))])
    return {"x": x, "x_name": names[0], "x_names": names, "x_unit": units[0], "calendar": calendar}


def _first(
    values: pd.Series, name: str, calendar: Calendar | None, notes: list[str]
) -> tuple[np.ndarray, Calendar | None]:
    """Numbers of the first input, which may be a date, and its calendar, where none is given."""
    kind = pd.api.types.infer_dtype(values)
    if kind in ("string", "categorical"):
        text = values.astype(object)
        read = read_dates(text, guess=False)
        if read is None:
            row = odd_cell(text)
            raise TableError(
                f"{place(values, row)}: {text.iloc[row]!r} is neither a number nor a date",
                f"write dates as {READ}, or name another {argument('x')}",
            )
        values = pd.Series(read[0])
    elif kind not in ("datetime64", "datetime", "date", "period"):
        if kind == "integer" and (read := read_dates(values.astype(str), guess=False)) is not None:
            example = values.iloc[0]
            raise TableError(
                f"{place(values, 0)}: {example} looks like a date, {read[0][0]:%Y-%m-%d}, and stands for a number",
                "make it a date (pd.to_datetime of the text), or a float if it is a number",
                "x",
            )
        return numbers(values, "x"), calendar
    why = "chosen by their median spacing" if calendar is None else "as the calendar says"
    calendar = Calendar.of(values) if calendar is None else calendar
    zone = f" (zone {calendar.zone})" if calendar.zone else ""
    notes.append(f"{name}: dates as numbers, {calendar.label}, {why}{zone}")
    return calendar.to_numbers(values), calendar


def _joined(given: pd.DataFrame, names: Sequence[str]) -> pd.Series | None:
    """Dates of inputs that are one date together, in any order: year with its parts, date with time; else None."""
    parts = dict(zip(names, given.columns))
    if len(names) == 2 and set(names) == {"date", "time"} and are_clock(given[parts["time"]]):
        day, clock = _day(given[parts["date"]]), given[parts["time"]].astype(str)
        when = day.dt.strftime("%Y-%m-%d") if day.dtype.kind == "M" else day.astype(str)
        return (when + " " + clock).rename(f"{parts['date']} with {parts['time']}")
    if "hour" in parts and are_hours(hour := given[parts["hour"]]):
        others = [name for name in names if name != "hour"]
        rest = given[[parts[name] for name in others]]
        day = _day(rest.iloc[:, 0]) if others == ["date"] else _joined(rest, others)
        if day is not None and day.dtype.kind == "M":
            return (day + pd.to_timedelta(hour.astype(float), unit="h")).rename(f"{day.name} with {hour.name}")
    if len(names) == 2 and set(names) == {"month", "day"}:
        raise TableError(
            f"{argument('x')}: {parts['month']!r} with {parts['day']!r} is no place on a map, and no date without "
            "a year",
            "put a column of years into the table and name the three together, or write dates as 2019-01-07",
        )
    if len(names) == 3 and set(names) == set(YEAR_MONTH_DAY):
        return _year_month_day(given[[parts[name] for name in YEAR_MONTH_DAY]])
    part = next((part for part in YEAR_AND if set(names) == {"year", part} and len(names) == 2), None)
    return None if part is None else _year_and(given[[parts["year"], parts[part]]], *YEAR_AND[part])


def are_clock(values: pd.Series) -> bool:
    """Whether a column holds times of the day alone, as 9:05, 14:05:30 or 2:05 PM, and none is missing."""
    return values.dtype.kind == "O" and bool(values.notna().all() and values.astype(str).str.fullmatch(CLOCK).all())


def are_hours(values: pd.Series) -> bool:
    """Whether a column holds hours of the day, 0 to 24, and none is missing."""
    return values.dtype.kind in "iuf" and bool(values.between(0, 24).all())


def _day(values: pd.Series) -> pd.Series:
    """A column as dates, or as it is where it holds none."""
    read = None if values.dtype.kind == "M" else read_dates(values.astype(str).astype(object), guess=False)
    return values if read is None else pd.Series(read[0], values.index)


def _year_month_day(given: pd.DataFrame) -> pd.Series:
    """Dates of three columns of numbers."""
    parts = pd.DataFrame({part: numbers(given.iloc[:, k], "x") for k, part in enumerate(YEAR_MONTH_DAY)}, given.index)
    when = pd.to_datetime(parts.where((parts % 1 == 0).all(axis=1)), errors="coerce")
    if when.isna().any():
        row = int(when.isna().to_numpy().argmax())
        cells = ", ".join(f"{cell:g}" for cell in parts.iloc[row])
        raise TableError(f"{place(given.iloc[:, 2], row)}: {cells} is no date", "mend it")
    return when.rename("date")


def _year_and(given: pd.DataFrame, most: int, form: str) -> pd.Series:
    """Dates of two columns, year and quarter, month, ISO week (its Monday) or day of the year."""
    year, part = (numbers(given.iloc[:, k], "x") for k in range(2))
    wrong = ~((part >= 1) & (part <= most) & (part % 1 == 0) & (year % 1 == 0))
    first = 3 * part - 2 if most == 4 else part
    text = [f"{y:.0f}-{p:02.0f}{'-1' * form.endswith('u')}" for y, p in zip(year, first)]
    when = pd.to_datetime(pd.Series(text, given.index, name="date"), format=form, errors="coerce")
    wrong |= when.isna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        which = f"{year[row]:g} has no {given.columns[1]} {part[row]:g}"
        raise TableError(f"{place(given.iloc[:, 1], row)}: {which}", "mend it")
    return when


def numbers(values: pd.Series, what: str) -> np.ndarray:
    """A column as floats, NaN where missing. TableError at the first cell that is no number, or infinite.

    what: the argument that names columns such as this one.
    """
    missing = values.isna().to_numpy()
    if values.dtype.kind in "iufb":
        found = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        good = np.array([isinstance(cell, Number) or hasattr(cell, "as_tuple") for cell in values.astype(object)])
        remedy = f"mend it, or name the columns that hold numbers with {argument(what, sets=True)}"
        refuse_first(values, ~(good | missing), "is not a number", remedy, cell=True)
        found = np.array([np.nan if gone else float(cell) for cell, gone in zip(values.astype(object), missing)])
    refuse_first(values, np.isinf(found), "is infinite", "put NaN where a value is missing")
    return found


def standard_errors(values: pd.Series, y: np.ndarray) -> np.ndarray:
    """A column of standard errors beside its values [N]; TableError where a value has one that is not above 0."""
    found = numbers(values, "sd")
    wrong = (found <= 0) & ~np.isnan(y)
    if wrong.any():
        row = int(wrong.argmax())
        raise TableError(
            f"{place(values, row)}: is {found[row]:g}, {int(wrong.sum())} such in all, and a standard error is above 0",
            "correct it, or leave it empty where none is known",
        )
    return found


ERROR = re.compile(r"(.+?)[ _.-]+(?:se|sd|std|std_?err(?:or)?|sigma|error|err|uncertainty|unc)", re.IGNORECASE)


def split_unit(header: Any) -> tuple[str, str]:
    """Name and unit of a header such as `level (m)` or `level [m]`; no unit where it has none."""
    found = re.fullmatch(r"\s*(.*?\S)\s*[(\[]([^()\[\]]+)[)\]]\s*", str(header))
    return (found[1], found[2].strip()) if found else (str(header).strip(), "")


def names_in(names: Any) -> list[Any]:
    """One name, several or none (None), as a list."""
    return [] if names is None else [names] if isinstance(names, (str, int, float)) else list(names)


def is_number(frame: pd.DataFrame, one: Any) -> bool:
    """Whether this is a number, and not the name of a column."""
    return isinstance(one, Real) and not isinstance(one, bool) and one not in frame.columns


def numbers_alone(frame: pd.DataFrame, sd: Any) -> bool:
    """Whether standard errors are given as numbers and not as columns: one, one for each task, or an array."""
    if isinstance(sd, (Mapping, list, tuple)):
        return len(sd) > 0 and all(is_number(frame, one) for one in (sd.values() if isinstance(sd, Mapping) else sd))
    return is_number(frame, sd) or (not isinstance(sd, (pd.DataFrame, pd.Series, pd.Index)) and hasattr(sd, "ndim"))


def named_errors(frame: pd.DataFrame, sd: Any) -> list[Any]:
    """What standard errors name as their columns; nothing where they are numbers alone."""
    if numbers_alone(frame, sd):
        return []
    return list(sd.values()) if isinstance(sd, Mapping) else names_in(sd)


def column(frame: pd.DataFrame, name: Hashable, what: str) -> Hashable:
    """The column of a frame that has this header, or this name before its unit. what: the argument that names it."""
    found = [c for c in frame.columns if c == name] or [c for c in frame.columns if split_unit(c)[0] == name]
    if len(found) != 1:
        raise TableError(
            f"{argument(what)}: {name!r} is {'no column' if not found else 'the name of several columns'}",
            f"pass one of {listed(map(repr, frame.columns))}",
        )
    return found[0]


def errors_beside(frame: pd.DataFrame) -> dict[Hashable, Hashable]:
    """Columns that look like standard errors of another one: {"level (m)": "level_se"}."""
    names = {split_unit(c)[0].lower(): c for c in frame.columns}
    pairs = {c: ERROR.fullmatch(split_unit(c)[0]) for c in frame.columns}
    return {names[m[1].lower()]: c for c, m in pairs.items() if m and m[1].lower() in names}


def tasks_of(chosen: Sequence[Hashable]) -> list[tuple[str, str]]:
    """Names and units of the tasks; headers stay whole where two would have one name."""
    split = [split_unit(c) for c in chosen]
    names = [name for name, _ in split]
    return [pair if names.count(pair[0]) == 1 else (str(c), pair[1]) for c, pair in zip(chosen, split)]
