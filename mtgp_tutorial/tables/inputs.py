"""Headers of columns, and the inputs of a frame as numbers: columns or the index, dates in a unit that is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from numbers import Number, Real
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.tables.date_formats import CLOCK, READ, odd_cell
from mtgp_tutorial.tables.dates import Calendar, read_dates
from mtgp_tutorial.tables.refusals import TableError, argument, place, refuse_first

PARTS = {  # of a date, by the names of their columns in English, German, French, Spanish and Italian
    "year": "year yr yyyy yy jahr annee année année an año ano anno anio",
    "quarter": "quarter qtr quartal trimestre trim",
    "month": "month mon mo mm monat mois mes mese",
    "week": "week wk isoweek iso_week week_of_year kw woche kalenderwoche semaine semana settimana",
    "doy": "doy day_of_year dayofyear julianday julian_day jday julian yday ddd tag_im_jahr",
    "day": "day dd dy tag jour dia día giorno day_of_month",
    "hour": "hour hr hh stunde heure hora ora time uhrzeit zeit",
    "minute": "minute min mn mi mm minuto minuti",
    "half-hour": "settlement_period period",
    "time": "time uhrzeit zeit hora heure ora uhr clock time_of_day hour",
}
PARTS_OF: dict[str, list[str]] = {}  # what a name may be
for _part, _names in PARTS.items():
    for _name in _names.split():
        PARTS_OF.setdefault(_name, []).append(_part)
LIMITS = {"year": (1000, 2999), "quarter": (1, 4), "month": (1, 12), "week": (1, 53), "doy": (1, 366), "day": (1, 31)}
LIMITS |= {"hour": (0, 24), "minute": (0, 59), "half-hour": (1, 50)}
# parts that make a date together, and how year and part (its first month, its Monday, its day) are written
DAYS = {
    ("year", "quarter"): "%Y-%m",
    ("year", "month"): "%Y-%m",
    ("year", "week"): "%G-%V-%u",
    ("year", "doy"): "%Y-%j",
}
YEAR_MONTH_DAY = ("year", "month", "day")
CLOCKS = (("time",), ("hour", "minute"), ("hour",), ("half-hour",))  # parts of a day


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
    if given.shape[1] > 1 and (joined := _joined(given)) is not None:
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


def bare(header: Hashable) -> str:
    """The name of a column without its unit, in small letters: "Day of year (d)" is day_of_year."""
    return "_".join(words(header))


def words(header: Hashable) -> list[str]:
    """The words of a name without its unit: decimalLongitude is decimal and longitude."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", split_unit(header)[0])
    return re.split(r"[\s_./#-]+", name.strip("# ").lower())


def date_parts(frame: pd.DataFrame, fitting: bool = True) -> dict[str, Hashable]:
    """Which columns are parts of a date by their names and, if fitting, by the numbers in them."""
    found: dict[str, Hashable] = {}
    for c in frame:
        for part in PARTS_OF.get(bare(c), ()):
            number = frame[c].dtype.kind in "iuf"
            fits = number and (not fitting or are_whole(frame[c], *LIMITS.get(part, (0, 0))))
            if part not in found and (are_clock(frame[c]) if part == "time" else fits):
                found[part] = c
                break
    return found


def are_whole(values: pd.Series, low: float, high: float) -> bool:
    """Whether a column holds whole numbers from low to high alone, and none is missing."""
    return values.dtype.kind in "iuf" and bool((values.between(low, high) & (values % 1 == 0)).all())


def _joined(given: pd.DataFrame) -> pd.Series | None:
    """Dates of inputs that are one date together, in any order: year with its parts, a date with its time; else None.

    Raises TableError for a month with a day alone, and for numbers that may be parts of the other, under other names.
    """
    parts = date_parts(given, fitting=False)
    names, columns = set(parts), given[[c for c in given if c not in parts.values()]]
    if given.shape[1] == 2 and names == {"month", "day"}:
        raise TableError(
            f"{argument('x')}: {parts['month']!r} with {parts['day']!r} is no place on a map, and no date without "
            "a year",
            "put a column of years into the table and name the three together, or write dates as 2019-01-07",
        )
    clock = next((shape for shape in CLOCKS if set(shape) <= names), ())
    rest = names - set(clock)
    if columns.shape[1] == 1 and clock and not rest:
        day = _day(columns.iloc[:, 0])
        day = day if day.dtype.kind == "M" else None
        label = columns.columns[0]
    elif columns.shape[1]:
        _refuse_parts(given)
        return None
    else:
        shape = next((one for one in (YEAR_MONTH_DAY, *DAYS) if set(one) == rest), None)
        day = None if shape is None else _date_of(given[[parts[part] for part in shape]], shape)
        label = "date"
    if day is None or not clock:
        return day
    label = f"{label} with {' and '.join(str(parts[part]) for part in clock)}"
    return _with_clock(day, given[[parts[part] for part in clock]], clock).rename(label)


def _refuse_parts(given: pd.DataFrame) -> None:
    """TableError for two inputs of which one may be the month, the day or the hour of the other."""
    if given.shape[1] != 2 or map_columns(given):
        return
    for whole, part in (given.columns, given.columns[::-1]):
        number = given[part]
        dated = given[whole].dtype.kind == "M" or are_whole(given[whole], 1500, 2100)
        if dated and are_whole(number, 0, 366) and given[whole].duplicated().any() and number.nunique() > 1:
            raise TableError(
                f"{argument('x')}: {str(part)!r} ({number.min():g} to {number.max():g}) may be a part of the date in "
                f"{str(whole)!r}, or the second coordinate of a map",
                "call them year and month (or doy, week, hour) in the file if they are one date, x and y if they are a "
                "map",
            )


EAST = {  # words for a coordinate, with those that its partner has in their place
    "longitude": ("latitude", "lat"),
    "long": ("lat", "latitude"),
    "lon": ("lat", "latitude"),
    "lng": ("lat", "latitude"),
    "longitud": ("latitud",),
    "longitudine": ("latitudine",),
    "längengrad": ("breitengrad",),
    "laengengrad": ("breitengrad",),
    "easting": ("northing",),
    "eastings": ("northings",),
    "east": ("north",),
    "rechtswert": ("hochwert",),
    "ostwert": ("nordwert",),
    "x": ("y",),
    "e": ("n",),
}
NORTH = {north for some in EAST.values() for north in some}


def map_columns(frame: pd.DataFrame) -> list[tuple[Hashable, Hashable]]:
    """Pairs of columns that are called like a map's, east first: lon and lat, x_coord and y_coord, UTM_E and UTM_N.

    Both hold numbers, of more than one value.
    """
    named = {tuple(words(c)): c for c in frame if {*words(c)} & ({*EAST} | NORTH)}
    named = {name: c for name, c in named.items() if frame[c].dtype.kind in "iuf" and frame[c].nunique() > 1}
    pairs = []
    for name, c in named.items():
        for k, word in enumerate(name):
            others = [(*name[:k], north, *name[k + 1 :]) for north in EAST.get(word, ())]
            pairs += [(c, named[other]) for other in others if other in named and name != ("e",)]
    return pairs


def _with_clock(day: pd.Series, given: pd.DataFrame, clock: tuple[str, ...]) -> pd.Series:
    """Dates with the time of the day that further columns hold."""
    if clock == ("time",):
        text = (day.dt.strftime("%Y-%m-%d") + " " + given.iloc[:, 0].astype(str)).rename(day.name)
        read = read_dates(text, guess=False)
        assert read is not None
        return pd.Series(read[0], day.index)
    first, *others = (numbers(given[c], "x") for c in given)
    hours = (first - 1) / 2 if clock == ("half-hour",) else first
    for minutes in others:
        hours = hours + minutes / 60
    wrong = ~((hours >= 0) & (hours < 25))
    refuse_first(given.iloc[:, 0], wrong, "is no time of the day", "mend it", cell=True)
    return day + pd.to_timedelta(pd.Series(hours, day.index), unit="h").dt.round("s")


def _day(values: pd.Series) -> pd.Series:
    """A column as dates, or as it is where it holds none."""
    read = None if values.dtype.kind == "M" else read_dates(values.astype(str).astype(object), guess=False)
    return values if read is None else pd.Series(read[0], values.index)


def are_clock(values: pd.Series) -> bool:
    """Whether a column holds times of the day alone, as 9:05, 14:05:30 or 2:05 PM, and none is missing."""
    return values.dtype.kind == "O" and bool(values.notna().all() and values.astype(str).str.fullmatch(CLOCK).all())


def _date_of(given: pd.DataFrame, shape: tuple[str, ...]) -> pd.Series:
    """Dates of columns of numbers: year, month and day, or year and quarter, month, ISO week or day of the year."""
    year, *parts = (numbers(given[c], "x") for c in given)
    wrong = np.any([cell % 1 != 0 for cell in (year, *parts)], axis=0)
    low, high = LIMITS[shape[1]]
    wrong |= ~((parts[0] >= low) & (parts[0] <= high))
    first = 3 * parts[0] - 2 if shape[1] == "quarter" else parts[0]
    if shape == YEAR_MONTH_DAY:
        text, form = [f"{y:.0f}-{m:.0f}-{d:.0f}" for y, m, d in zip(year, *parts)], "%Y-%m-%d"
    else:
        form = DAYS[shape[0], shape[1]]
        text = [f"{y:.0f}-{p:02.0f}{'-1' * form.endswith('u')}" for y, p in zip(year, first)]
    when = pd.to_datetime(pd.Series(text, given.index, name="date"), format=form, errors="coerce")
    wrong |= when.isna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        cells = ", ".join(f"{cell[row]:g}" for cell in (year, *parts))
        which = (
            f"{cells} is no date" if len(parts) > 1 else f"{year[row]:g} has no {given.columns[1]} {parts[0][row]:g}"
        )
        raise TableError(f"{place(given.iloc[:, -1], row)}: {which}", "mend it")
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
    times = Counter(name for name, _ in split)
    return [pair if times[pair[0]] == 1 else (str(c), pair[1]) for c, pair in zip(chosen, split)]
