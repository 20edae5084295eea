"""Which columns of a file are inputs and which name series, where nobody says.

A long frame, one row for each value, as the rows and tasks of a table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count, kind_of, listed
from mtgp_tutorial.tables.date_formats import MONTHS, READ, odd_cell, plain
from mtgp_tutorial.tables.dates import read_dates, two_digits
from mtgp_tutorial.tables.inputs import (
    CLOCKS,
    DAYS,
    PARTS,
    PARTS_OF,
    YEAR_MONTH_DAY,
    are_clock,
    bare,
    column,
    coordinates,
    date_parts,
    errors_beside,
    names_in,
    numbers,
    numbers_alone,
    split_unit,
    standard_errors,
    words,
)
from mtgp_tutorial.tables.refusals import TableError, argument, refuse_first

KNOWN = "date time datetime timestamp day week week_ending month quarter year age depth hour t x".split()  # in order
DATES = "date datum fecha data datetime timestamp week_ending".split()
ALSO = dict.fromkeys(DATES, "date") | {name: "year" for name in PARTS["year"].split()}  # what other names mean
AXES = {"depth": "depth", "tiefe": "depth", "profondeur": "depth", "profundidad": "depth", "age": "age", "alter": "age"}
TEXT_DATES = (*DATES, *(name for part in ("month", "quarter", "year", "week") for name in PARTS[part].split()))
DATE_WORDS = {*TEXT_DATES, "time", "zeit", "day", "yyyymmdd", "dt"}  # in the name of a column whose digits may be dates
SERIES = "series station site location quantity variable task name sensor gauge country region species element".split()
PLACES = "id station site location sensor gauge cast well plot buoy station_id site_id site_no station_no".split()
ERRORS = (*"se sd sdev stdev error err sigma stderr std unc uncertainty std_err std_error standard_error".split(),)
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
    if not (known or known_inputs(rest, [])):
        return frame
    notes.append(f"{first}: {'counts' if counts(number) else 'numbers'} the rows; left out")
    return rest


def counts(values: pd.Series) -> bool:
    """Whether a column is 0, 1, 2, ... or 1, 2, 3, ..."""
    return any(np.array_equal(values, np.arange(start, start + len(values))) for start in (0, 1))


def parts_in_words(frame: pd.DataFrame, taken: Collection[Hashable]) -> None:
    """Months by name become 1 to 12, and Q1 to Q4 1 to 4, in columns of that name beside years, unless taken."""
    names = {part: c for c in frame if c not in taken for part in PARTS_OF.get(bare(c), ())[:1]}
    known = {"month": MONTHS, "quarter": {f"q{k}": k for k in range(1, 5)}}
    for part in {"month", "quarter"} & set(names) if "year" in names else ():
        text = plain(frame[names[part]].astype(str)).str.lower().str.rstrip(".")
        if text.isin(list(known[part])).all():
            frame[names[part]] = text.map(known[part]).astype(float)


def whole_years(frame: pd.DataFrame, taken: Collection[Hashable], century: int | None) -> bool:
    """Put the century before years of two digits, 98, 99, 0, and beside months: whether there are any.

    century: the first of the hundred years. Raises TableError where it is not said.
    """
    others = [
        part for part, c in date_parts(frame).items() if c not in taken and part in ("quarter", "month", "week", "doy")
    ]
    for c in [c for c in frame if known_as(c) == "year" and c not in taken and frame[c].dtype.kind == "f"]:
        value = frame[c].dropna()
        if not len(value) or not (value.between(0, 99) & (value % 1 == 0)).all():
            continue
        if not (others or (value.diff() < -50).any()):
            continue
        if century is None:
            refuse_first(frame[c].map("{:02.0f}".format), [True], "is a year of two digits", two_digits(), cell=True)
        frame[c] = century + (frame[c] - century) % 100
        return True
    return False


class Look:
    """What the rules ask of a frame: its dates, its parts of a date, its pairs of coordinates, its known names."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.dates = [c for c in frame if frame[c].dtype.kind == "M" and frame[c].notna().any()]
        self.numbers = [c for c in frame if frame[c].dtype.kind == "f"]
        self.known = sorted((c for c in (*self.dates, *self.numbers) if place_of(c) < len(KNOWN)), key=place_of)

    @cached_property
    def parts(self) -> dict[str, Hashable]:
        return date_parts(self.frame)

    @cached_property
    def map(self) -> list[Hashable]:
        """Two coordinates, where another column of numbers is left."""
        pairs = coordinates(self.frame)
        return list(pairs[0]) if pairs and len(self.numbers) > 2 else []

    def rows(self, columns: Sequence[Hashable]) -> int:
        """How many rows these columns tell apart."""
        return int((~self.frame.duplicated(list(columns))).sum())

    def increases(self, c: Hashable) -> bool:
        return bool(self.frame[c].is_unique and self.frame[c].is_monotonic_increasing)


def date_and_time(look: Look) -> list[Hashable] | None:
    """Days in one column and a clock, hours or half-hours in another."""
    days = [c for c in look.dates if _are_days(look.frame[c])]
    day = next((c for c in look.known if c in days), days[0] if len(days) == 1 else None)
    clock = next((shape for shape in CLOCKS if set(shape) <= set(look.parts)), None)
    if day is None or clock is None:
        return None
    some = [day, *(look.parts[part] for part in clock)]
    repeats = look.rows([day]) < len(look.frame)
    return some if clock == ("time",) or repeats and look.rows(some) > look.rows([day]) else None


def parts_of_a_date(look: Look) -> list[Hashable] | None:
    """Year with quarter, month, ISO week or day, and the hour; not where a column of dates tells as many rows apart."""
    parts = {part: c for part, c in look.parts.items() if not (part == "hour" and look.frame[c].dtype.kind == "O")}
    shapes = [[parts[part] for part in shape] for shape in (*DAYS, YEAR_MONTH_DAY) if set(shape) <= set(parts)]
    if not shapes:
        return None
    some = max(shapes, key=look.rows)
    for clock in CLOCKS:
        if set(clock) <= set(parts) and look.rows(some) < len(look.frame):
            more = [*some, *(parts[part] for part in clock)]
            some = more if look.rows(more) > look.rows(some) else some
    return None if any(look.rows([c]) >= look.rows(some) for c in look.dates) else some


def dates_alone(look: Look) -> list[Hashable] | None:
    """The only column of dates, or the first by a known name; beside a depth, a year or a map it is asked for."""
    named = [c for c in look.known if c in look.dates]
    if not look.dates or len(look.dates) > 1 and not named:
        return None
    date = (named or look.dates)[0]
    year = look.frame[date].dt.year
    others = [[c] for c in look.known if known_as(c) in ("depth", "year") and c in look.numbers and _varies(look, c)]
    others = [one for one in others if not (look.frame[one[0]] == year).all()]
    if look.map and look.rows([date]) < look.rows([date, *look.map]):
        _ask([[date, *look.map]], "rows repeat a date and a place on a map")
    others += [look.map] if look.map else []
    if others:
        _ask([[date], *others], f"{str(date)!r} and {_quoted(others[0])} may both be the input")
    return [date]


def places(look: Look) -> list[Hashable] | None:
    """Two coordinates; asked where a column of times increases with the rows, as of something that moves."""
    times = [
        c for c in look.known if known_as(c) not in ("x", "depth", "age") and c in look.numbers and c not in look.map
    ]
    moving = [c for c in times if look.increases(c)]
    if not look.map or moving and len(look.numbers) == 3:  # t, x, y: a path
        return None
    if moving:
        _ask([[moving[0]], look.map], f"{str(moving[0])!r} and {_quoted(look.map)} may both be the input")
    return look.map


def known_name(look: Look) -> list[Hashable] | None:
    """A column called year, depth, t, ...; a count of the rows gives way to a year, and depth and age are asked."""
    numbers = [c for c in look.known if c in look.numbers]
    years = [c for c in numbers if known_as(c) == "year" and look.frame[c].is_unique]
    if numbers and years and counts(look.frame[numbers[0]]):
        return years[:1]
    axes = [c for c in numbers if known_as(c) in ("age", "depth")]
    if len(axes) == 2 and axes[0] == numbers[0] and all(look.increases(c) for c in axes):
        _ask([[c] for c in axes], f"{str(axes[0])!r} and {str(axes[1])!r} may both be the input")
    return numbers[:1] or None


RULES: dict[
    str, Callable[[Look], list[Hashable] | None]
] = {  # what is asked for the input, in this order; the first that answers is taken, and said
    "a date with its time": date_and_time,
    "a date in parts": parts_of_a_date,
    "dates": dates_alone,
    "a map": places,
    "a known name": known_name,
}


def known_inputs(frame: pd.DataFrame, notes: list[str]) -> list[Hashable]:
    """The columns that are the input by `RULES`; none where no rule answers. TableError where two readings fit."""
    look = Look(frame)
    for what, rule in RULES.items():
        if some := rule(look):
            said = f"{some[0]} and {some[-1]}, a map" if what == "a map" else " with ".join(map(str, some))
            notes.append(
                f"input: {said}{', the only column of dates' if what == 'dates' and not _dated(some[0]) else ''}"
            )
            return some
    return []


def _dated(c: Hashable) -> bool:
    return place_of(c) < len(KNOWN)


def _quoted(columns: Sequence[Hashable]) -> str:
    return " with ".join(repr(str(c)) for c in columns)


def _ask(readings: Sequence[Sequence[Hashable]], problem: str) -> None:
    """TableError: what may be the input, each reading as an argument."""
    raise TableError(
        f"{argument('x')}: is not given, and {problem}",
        f"pass {' or '.join(argument('x', *map(str, one)) for one in readings)}",
        "x",
        [[str(c) for c in one] for one in readings],
    )


def _varies(look: Look, c: Hashable) -> bool:
    return look.frame[c].nunique() > 1


def _are_days(values: pd.Series) -> bool:
    """Whether a column holds dates without a time of the day."""
    if values.dtype.kind != "M" or values.dt.tz is not None:
        return False
    return bool((values.dropna().dt.normalize() == values.dropna()).all())


def date_in_words(
    frame: pd.DataFrame, taken: Sequence[Hashable], dates: str | None = None, guess: bool = True
) -> tuple[Hashable, pd.DatetimeIndex, str] | None:
    """A column of text that holds dates where no other column does: its name, its dates, how they are written.

    One whose name says so or, where the first column is text and no other has the name of an input, the first that
    holds any. frame: typed columns; taken: those that are something else. Raises TableError as `read_dates` does.
    """
    look = Look(frame)
    if look.dates or parts_of_a_date(look) or look.map:
        return None
    text = [c for c in frame if frame[c].dtype.kind == "O" and c not in taken]
    some = sorted((c for c in text if bare(c) in TEXT_DATES), key=place_of)
    first = next((c for c in frame if c not in ROW_NUMBERS), None)
    if first in text and not look.known:
        some += [c for c in text if c not in some]
    for c in some:
        if (found := read_dates(frame[c].astype(object), dates, guess=guess)) is not None:
            return c, *found
    return None


def known_as(header: Hashable) -> str:
    """The known name of a column: Jahr is year, depth_cm is depth; its own where it has none."""
    first, *unit = words(header)
    if first in AXES and set(unit) <= set("cm m mm km ft bp ka kyr yr ma".split()):
        return AXES[first]
    return bare(header) if bare(header) in KNOWN else ALSO.get(bare(header), bare(header))


def place_of(header: Hashable) -> int:
    """The place of a column's name among the known ones, their number for another."""
    name = known_as(header)
    return KNOWN.index(name) if name in KNOWN else len(KNOWN)


def chosen_inputs(frame: pd.DataFrame, x: Any, notes: list[str]) -> list[Hashable]:
    """The columns of a file that are the input: those that x names or, where it is None, by name or place."""
    if x is not None:
        return [column(frame, name, "x") for name in names_in(x)]
    if known := known_inputs(frame, notes):
        return known
    first, moments = frame.columns[0], [c for c in frame if frame[c].dtype.kind == "M"]
    if moments and frame[first].dtype.kind != "M":
        _ask([[c] for c in moments[:3]], f"{_quoted(moments[:3])} hold dates")
    if frame[first].dtype.kind not in "fM":
        first = min((c for c in frame if frame[c].dtype.kind == "O"), key=place_of)
        row = odd_cell(frame[first])
        raise TableError(
            f"column {str(first)!r} is neither numbers nor dates ({frame.index.name or 'row'} {frame.index[row]}: "
            f"{frame[first].iloc[row]!r}), and no other column looks like an input",
            f"write dates as {READ}, or name the input with {argument('x', sets=True)} (columns: "
            f"{listed(frame.columns)})",
        )
    notes.append(f"input: {first}, the first column")
    return [first]


def guessed_in_frame(frame: pd.DataFrame, notes: list[str]) -> list[Hashable]:
    """The columns of a frame that are the input, by name or as the only dates. TableError where nothing tells."""
    typed = pd.DataFrame({c: _typed(frame[c]) for c in frame}, frame.index)
    if (dates := date_in_words(typed, [], guess=False)) is not None:
        typed[dates[0]] = dates[1]
    if known := known_inputs(typed, notes):
        return known
    moments = [c for c in typed if typed[c].dtype.kind == "M"]
    told = f" (x={moments[0]!r} looks like dates)" if moments else ""
    raise TableError(
        f"{argument('x')}: is not given, and the index only counts rows",
        f"name one or more of {listed(frame.columns)}{told}",
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
        if place_of(values.name) < len(KNOWN):
            raise
        return values
    return values if found is None else pd.Series(found[0], values.index)


def guessed_series(frame: pd.DataFrame, chosen: list[Hashable], notes: list[str]) -> str | None:
    """The column that names the series of a long table: text whose names repeat, once for each input at most."""
    text = [c for c in frame if frame[c].dtype.kind == "O" and c not in chosen and frame[c].notna().all()]
    body = _values(frame, chosen)
    if len(text) != 1 or len(body) != 1 or are_clock(frame[text[0]]):
        return None
    name = text[0]
    told = bare(name) in (*SERIES, *PLACES) or str(body[0]).lower() == "value" or frame.duplicated(chosen).any()
    if not (told and tells_apart(frame, chosen, name, 0.98)):
        return None
    notes.append(f"long table: {name} names the tasks")
    return str(name)


def tells_apart(frame: pd.DataFrame, inputs: Sequence[Hashable], name: Hashable, share: float) -> bool:
    """Whether a column has words that come again and again and, with the inputs, tell this share of the rows apart."""
    several = 1 < frame[name].nunique() <= max(2, len(frame) // 2)
    return several and (~frame.duplicated([*inputs, name])).mean() >= share


def check_mixed(frame: pd.DataFrame, chosen: list[Hashable], series: str | None, named: Collection[Hashable]) -> None:
    """TableError for rows of several series that would become one: a column tells them apart, or two together.

    series: the column that was named for it; named: columns that somebody named as something else.
    """
    keys = [*chosen] if series is None else [*chosen, column(frame, series, "series")]
    again = int(frame.duplicated(keys).sum())
    text = [c for c in frame if frame[c].dtype.kind == "O" and c not in (*keys, *named) and not are_clock(frame[c])]
    ids = [c for c in frame if frame[c].dtype.kind == "f" and bare(c) in PLACES and c not in (*keys, *named)]
    if series is None:
        for c in [*text, *ids]:
            told = bare(c) in (*SERIES, *PLACES) and again < 0.1 * len(frame)
            if (told or again >= 0.1 * len(frame)) and tells_apart(frame, chosen, c, 0.95):
                _refuse_mixed(frame, chosen, c, again)
    two = next((two for two in combinations([*text, *keys[len(chosen) :]], 2) if tells_two(frame, chosen, two)), None)
    if again > 0.3 * len(frame) and two is not None:
        raise TableError(
            f"column {_quoted(keys)}: {again} of {len(frame)} rows repeat it, and {str(two[0])!r} and {str(two[1])!r} "
            "together tell them apart",
            f"join the two in one column of the file, and name that with {argument('series', sets=True)}",
        )


def tells_two(frame: pd.DataFrame, chosen: Sequence[Hashable], two: Sequence[Hashable]) -> bool:
    """Whether two columns of words tell nearly all rows apart together."""
    return bool((~frame.duplicated([*chosen, *two])).mean() >= 0.95 and frame[list(two)].nunique().min() > 1)


def _refuse_mixed(frame: pd.DataFrame, chosen: Sequence[Hashable], series: Hashable, again: int) -> None:
    """TableError: this column names several series, with both readings where no input repeats."""
    values = [c for c in _values(frame, chosen) if c != series]
    if not values:
        return
    told = f"pass {argument('series', str(series))} with {argument('value', str(values[0]))}"
    if len(errors := [c for c in frame if frame[c].dtype.kind == "f" and bare(c) in ERRORS]) == 1:
        told += f" and {argument('sd', str(errors[0]))}"
    told += f" (or another of {listed(values[1:])})" if len(values) > 1 else ""
    told += "" if again > len(frame) / 3 else f", or {argument('without', str(series))} if all rows are of one series"
    names = [f"{name:g}" if isinstance(name, float) else name for name in frame[series].dropna().unique()]
    what = f"{again} of {len(frame)} rows repeat an input" if again else f"{str(series)!r} holds {listed(names, 3)}"
    raise TableError(
        f"column {str(chosen[0])!r}: {what}, so that these may be several series",
        f"{str(series)!r} tells them apart: {told}",
        "series",
        str(series),
    )


def remedy(frame: pd.DataFrame) -> str:
    """What to do about rows that repeat an input: a year for months and days, else another input or series."""
    if set(date_parts(frame)) & set(YEAR_MONTH_DAY) == {"month", "day"}:
        return f"put a column of years beside month and day, or name another input with {argument('x', sets=True)}"
    holed = next((c for c in frame if frame[c].dtype.kind in "OM" and 0 < frame[c].notna().mean() <= 0.5), None)
    if holed is not None:
        return f"write {str(holed)!r} into each row if it stands once for those below it (it is empty in most rows)"
    return (
        f"name the input with {argument('x', sets=True)}, one column or two, or the column that names the series "
        f"with {argument('series', sets=True)}"
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
    errors = {*errors_beside(frame).values(), *taken}
    return [c for c in frame if frame[c].dtype.kind == "f" and c not in errors and bare(c) not in ERRORS]


def is_error(name: Hashable, frame: pd.DataFrame) -> bool:
    """Whether a column of a long table looks like standard errors."""
    return bare(name) in ERRORS or name in errors_beside(frame).values()


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
