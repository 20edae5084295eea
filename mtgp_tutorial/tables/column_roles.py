"""Which columns of a file are inputs and which name series, where nobody says.

A long frame, one row for each value, as the rows and tasks of a table.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count, kind_of, listed
from mtgp_tutorial.tables.date_formats import MONTHS, READ, WHOLE_NAME, odd_cell
from mtgp_tutorial.tables.dates import read_dates
from mtgp_tutorial.tables.inputs import (
    YEAR_AND,
    YEAR_MONTH_DAY,
    are_clock,
    are_hours,
    column,
    errors_beside,
    names_in,
    numbers,
    numbers_alone,
    split_unit,
    standard_errors,
)
from mtgp_tutorial.tables.refusals import TableError, argument, refuse_first

EAST, NORTH = ("longitude", "long", "lon", "lng"), ("latitude", "lat")
PAIRS = (*product(EAST, NORTH), ("easting", "northing"), ("x", "y"))
KNOWN = ("date datum time datetime timestamp day week week_ending month quarter year age depth hour t x").split()
DATES = "date datum datetime timestamp week_ending month quarter year".split()  # whose text is taken for dates
SERIES = (
    "series station site location quantity variable task name sensor gauge country region species element id".split()
)
ERRORS = (*"se sd error err sigma stderr std uncertainty std_err std_error standard_error".split(), "standard error")
ROW_NUMBERS = ("column 1", "Unnamed: 0", "rownames", "index")  # a first column without a name, as R and pandas write it


def without_row_numbers(frame: pd.DataFrame, known: bool, named: Sequence[Hashable], notes: list[str]) -> pd.DataFrame:
    """The frame without a first column that only counts its rows, unless it is named or the only input there may be.

    One without a name is left out, too, where rows that it counted are gone or stand in another order.
    known: whether the input is known already; named: all columns that somebody named.
    """
    first, rest = frame.columns[0], frame.iloc[:, 1:]
    number = frame[first]
    if first not in ROW_NUMBERS or first in named or number.dtype.kind not in "iuf" or rest.empty:
        return frame
    labels = first != "index" and number.is_unique and (number % 1 == 0).all() and number.min() >= 0
    if not (labels or counts(number)):
        return frame
    if not (known or known_inputs(rest, []) or sum(rest[c].dtype.kind == "M" for c in rest) == 1):
        return frame
    notes.append(f"{first}: {'counts' if counts(number) else 'numbers'} the rows; left out")
    return rest


def counts(values: pd.Series) -> bool:
    """Whether a column is 0, 1, 2, ... or 1, 2, 3, ..."""
    return any(np.array_equal(values, np.arange(start, start + len(values))) for start in (0, 1))


def parts_in_words(frame: pd.DataFrame, taken: Collection[Hashable]) -> None:
    """Months by name become 1 to 12, and Q1 to Q4 1 to 4, in columns of that name beside years, unless taken."""
    names = {split_unit(c)[0].lower(): c for c in frame if c not in taken}
    words = {"month": (WHOLE_NAME, MONTHS), "quarter": ("q[1-4]", {f"q{k}": k for k in range(1, 5)})}
    for part, (pattern, known) in words.items():
        text = frame[names[part]].astype(str).str.lower() if {"year", part} <= set(names) else pd.Series(["none"])
        if text.str.fullmatch(pattern).all():
            frame[names[part]] = text.str[:3].map(known).astype(float)


def known_inputs(frame: pd.DataFrame, notes: list[str]) -> list[Hashable]:
    """The columns that are the input by their names; none where no name is known."""
    names = {split_unit(c)[0].lower(): c for c in reversed(list(frame))}
    number = {name for name, c in names.items() if frame[c].dtype.kind == "f"}
    if {"date", "time"} <= set(names) and _are_days(frame[names["date"]]) and are_clock(frame[names["time"]]):
        notes.append(f"input: {names['date']} with {names['time']}")
        return [names["date"], names["time"]]
    known = next((names[name] for name in KNOWN if name in names and frame[names[name]].dtype.kind in "fM"), None)
    if "year" in number and known is not None and counts(frame[known]) and frame[names["year"]].is_unique:
        known = names["year"]
    year = [names[part] for part in YEAR_MONTH_DAY if part in number]
    parts = [[names["year"], names[part]] for part in YEAR_AND if {"year", part} <= number]
    if len(year) == 3 and frame[year[2]].isin(range(1, 32)).all() and frame.duplicated(year[:2]).any():
        parts = [year]
    hour = [names["hour"]] if "hour" in number and are_hours(frame[names["hour"]]) else []
    if hour and "date" in names and known == names["date"] and _are_days(frame[known]):
        parts = [[known]]
    if some := next(iter(parts), []):
        some += hour if frame.duplicated(some).any() else []
        dated = known is not None and frame[known].dtype.kind == "M"
        if not dated or frame[known].nunique() < len(frame[some].drop_duplicates()):
            notes.append(f"input: {' with '.join(map(str, some))}")
            return some
    for pair in PAIRS:
        whole = set(pair) <= number and (known is None or frame[[names[name] for name in pair]].notna().all(axis=None))
        if whole and (known is None or frame[known].dtype.kind != "M"):
            notes.append(f"input: {names[pair[0]]} and {names[pair[1]]}, a map")
            return [names[name] for name in pair]
    if known is not None:
        notes.append(f"input: {known}")
    return [] if known is None else [known]


def _are_days(values: pd.Series) -> bool:
    """Whether a column holds dates without a time of the day."""
    if values.dtype.kind != "M" or values.dt.tz is not None:
        return False
    return bool((values.dropna().dt.normalize() == values.dropna()).all())


def date_in_words(
    frame: pd.DataFrame, taken: Sequence[Hashable], dates: str | None = None, guess: bool = True
) -> tuple[Hashable, pd.DatetimeIndex, str] | None:
    """A column of text that holds dates where no other column is an input: its name, its dates, how they are written.

    One whose name says so or, where the first column is text, the first that holds any. None where there is none, and
    where other columns hold dates. frame: typed columns; taken: those that are something else. Raises TableError as
    `read_dates` does.
    """
    if known_inputs(frame, []) or any(frame[c].dtype.kind == "M" for c in frame):
        return None
    text = [c for c in frame if frame[c].dtype.kind == "O" and c not in taken]
    some = sorted((c for c in text if split_unit(c)[0].lower() in DATES), key=_known)
    first = next((c for c in frame if c not in ROW_NUMBERS), None)
    if first in text:
        some += [c for c in text if c not in some]
    for c in some:
        if (found := read_dates(frame[c].astype(object), dates, guess=guess)) is not None:
            return c, *found
    return None


def _known(c: Hashable) -> int:
    """The place of a column's name among the known ones, their number for another."""
    name = split_unit(c)[0].lower()
    return KNOWN.index(name) if name in KNOWN else len(KNOWN)


def chosen_inputs(frame: pd.DataFrame, x: Any, notes: list[str]) -> list[Hashable]:
    """The columns of a file that are the input: those that x names or, where it is None, by name or place."""
    if x is not None:
        return [column(frame, name, "x") for name in names_in(x)]
    if known := known_inputs(frame, notes):
        return known
    first = frame.columns[0]
    if frame[first].dtype.kind not in "fM":
        moments = [c for c in frame if frame[c].dtype.kind == "M"]
        if len(moments) != 1:
            first = min((c for c in frame if frame[c].dtype.kind == "O"), key=_known)
            row = odd_cell(frame[first])
            raise TableError(
                f"column {str(first)!r} is neither numbers nor dates ({frame.index.name or 'row'} {frame.index[row]}: "
                f"{frame[first].iloc[row]!r}), and no other column looks like an input",
                f"write dates as {READ}, or name the input with {argument('x', sets=True)} (columns: "
                f"{listed(frame.columns)})",
            )
        notes.append(f"input: {moments[0]}")
        return moments
    notes.append(f"input: {first}, the first column")
    return [first]


def guessed_in_frame(frame: pd.DataFrame, notes: list[str]) -> list[Hashable]:
    """The columns of a frame that are the input, by name or as the only dates. TableError where nothing tells."""
    typed = pd.DataFrame({c: _typed(frame[c]) for c in frame}, frame.index)
    if known := known_inputs(typed, notes):
        return known
    moments = [c for c in typed if typed[c].dtype.kind == "M"]
    if len(moments) == 1:
        notes.append(f"input: {moments[0]}, the only column of dates")
        return moments
    if not moments and (words := date_in_words(typed, [], guess=False)) is not None:
        notes.append(f"input: {words[0]}")
        return [words[0]]
    dates = f" (x={moments[0]!r} looks like dates)" if moments else ""
    raise TableError(
        f"{argument('x')}: is not given, and the index only counts rows",
        f"name one or more of {listed(frame.columns)}{dates}",
    )


def _typed(values: pd.Series) -> pd.Series:
    """A column as floats, dates or text, for a look at what it holds."""
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if values.dtype.kind == "M":
        return values
    if values.dtype.kind in "iuf":
        return pd.Series(values.to_numpy(dtype=float, na_value=np.nan), values.index)
    if kind == "period":
        return pd.Series(pd.PeriodIndex(values).to_timestamp(), values.index)
    if kind in ("date", "datetime", "datetime64"):
        return pd.to_datetime(values, utc=kind != "date", errors="coerce")
    try:
        found = read_dates(values.astype(object), guess=False, wide=False) if kind == "string" else None
    except TableError:
        if split_unit(values.name)[0].lower() in KNOWN:
            raise
        return values
    return values if found is None else pd.Series(found[0], values.index)


def guessed_series(frame: pd.DataFrame, chosen: list[Hashable], notes: list[str]) -> str | None:
    """The column that names the series of a long table: text whose names repeat, once for each input at most."""
    text = [c for c in frame if frame[c].dtype.kind == "O" and c not in chosen and frame[c].notna().all()]
    body = _values(frame, chosen)
    if len(text) != 1 or len(body) != 1:
        return None
    name = text[0]
    told = str(name).lower() in SERIES or str(body[0]).lower() == "value" or frame.duplicated(chosen).any()
    if not (told and tells_apart(frame, chosen, name, 0.98)):
        return None
    notes.append(f"long table: {name} names the tasks")
    return str(name)


def telling(frame: pd.DataFrame, inputs: Sequence[Hashable]) -> Hashable | None:
    """The first column of text that, with the inputs, tells nearly all rows apart."""
    words = [c for c in frame if frame[c].dtype.kind == "O" and c not in inputs]
    return next((c for c in words if tells_apart(frame, inputs, c, 0.95)), None)


def tells_apart(frame: pd.DataFrame, inputs: Sequence[Hashable], name: Hashable, share: float) -> bool:
    """Whether a column has words that come again and again and, with the inputs, tell this share of the rows apart."""
    several = 1 < frame[name].nunique() <= max(2, len(frame) // 2)
    return several and (~frame.duplicated([*inputs, name])).mean() >= share


def remedy(frame: pd.DataFrame, chosen: Sequence[Hashable]) -> str:
    """What to do about rows that repeat an input: series where text tells them apart, a year for months and days."""
    parts = {split_unit(c)[0].lower() for c in frame} & set(YEAR_MONTH_DAY)
    if parts == {"month", "day"}:
        return f"put a column of years beside month and day, or name another input with {argument('x', sets=True)}"
    series, values = telling(frame, chosen), _values(frame, chosen)
    if series is None or not values:
        return (
            f"name the input with {argument('x', sets=True)}, one column or two, or the column that names the series "
            f"with {argument('series', sets=True)}"
        )
    others = f" (or another of {listed(values[1:])})" if len(values) > 1 else ""
    return (
        f"{str(series)!r} tells them apart: pass {argument('series', str(series))} with "
        f"{argument('value', str(values[0]))}{others}"
    )


def guessed_value(
    frame: pd.DataFrame, chosen: list[Hashable], series: Hashable | None, sd: Any, value: str | None
) -> str:
    """The column of values of a long table."""
    if value is not None:
        return str(column(frame, value, "value"))
    body = _values(frame, {*chosen, series, *names_in(sd)})
    if len(body) != 1:
        raise TableError(
            f"{argument('value')}: is not given, and {len(body)} columns may hold values ({listed(body)})", "name one"
        )
    return str(body[0])


def _values(frame: pd.DataFrame, taken: Collection[Hashable]) -> list[Hashable]:
    """The other columns of numbers, without those that look like standard errors."""
    return [c for c in frame if frame[c].dtype.kind == "f" and c not in taken and not is_error(c, frame)]


def is_error(name: Hashable, frame: pd.DataFrame) -> bool:
    """Whether a column of a long table looks like standard errors."""
    return name in errors_beside(frame).values() or split_unit(name)[0].lower() in ERRORS


def spread(
    frame: pd.DataFrame,
    used: Sequence[Hashable],
    tasks: Any,
    sd: Any,
    series: Any,
    value: Any,
    x: np.ndarray,
    notes: list[str],
) -> dict[str, Any]:
    """y, sd and headers of a frame with one row for each value, and the inputs x of the rows that these make.

    Two values of one series at one input become two rows. Rows and tasks stand in the order of their first value.
    """
    if series is None or value is None:
        lacking = "series" if series is None else "value"
        raise TableError(f"{argument('series')}, {argument('value')}: one is not given", "name both columns", lacking)
    series, value = column(frame, series, "series"), column(frame, value, "value")
    name, names = _names(frame, series, tasks)
    keep = name.isin(names).to_numpy()
    task = name[keep].map(names.index).to_numpy()
    row, first, again = _rows(x[keep], task)

    def cells_of(c: Hashable, what: str) -> np.ndarray:
        cells = np.full((len(first), len(names)), np.nan)
        cells[row, task] = numbers(frame[c], what)[keep]
        return cells

    errors, found = sd, None
    if sd is not None and not numbers_alone(frame, sd):
        found = _errors(frame, sd, value)
        errors = cells_of(found, "sd")
    if again:
        notes.append(f"rows: {count(again, 'value')} of a series at an input it had already; kept as rows of their own")
    notes.append(f"{series}: names {len(names)} series, values in {value}")
    for c in [c for c in frame if c not in (*used, series, value, found)]:
        why = f"looks like standard errors of {value}; left out; sd={c!r} uses it"
        notes.append(f"{c}: {why if found is None and is_error(c, frame) else 'not used; left out'}")
    headers = [(task, split_unit(value)[1]) for task in names]
    return {"x": x[keep][first], "y": cells_of(value, "value"), "sd": errors, "headers": headers}


def _names(frame: pd.DataFrame, series: Hashable, tasks: Any) -> tuple[pd.Series, list[str]]:
    """The series of each row, and the names of those that become tasks."""
    refuse_first(frame[series], frame[series].isna(), "is missing", "name each series")
    name = frame[series].astype(str).str.strip()
    names = list(dict.fromkeys(name)) if tasks is None else [str(task) for task in names_in(tasks)]
    if unknown := [task for task in names if task not in set(name)]:
        raise TableError(f"{argument('tasks')}: {unknown[0]!r} is no series", f"name some of {listed(name.unique())}")
    return name, names


def _rows(x: np.ndarray, task: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The row of each value, the first value of each row, and how many have a task at an input that it had already.

    A row for each input; the second value of a task at one input has the second row there.
    """
    inputs = pd.DataFrame(x)
    copy = inputs.assign(task=task).groupby([*inputs, "task"]).cumcount()
    row = inputs.assign(copy=copy).groupby([*inputs, "copy"], sort=False).ngroup()
    return row.to_numpy(), row.drop_duplicates().index.to_numpy(), int((copy > 0).sum())


def _errors(frame: pd.DataFrame, sd: Any, value: Hashable) -> Hashable:
    """The column of standard errors, looked at."""
    if not isinstance(sd, (str, int)):
        raise TableError(
            f"{argument('sd')}: is {kind_of(sd)}",
            f"with {argument('series', sets=True)} and {argument('value', sets=True)}, name one column, or pass "
            "numbers",
        )
    found = column(frame, sd, "sd")
    standard_errors(frame[found], numbers(frame[value], "value"))
    return found
