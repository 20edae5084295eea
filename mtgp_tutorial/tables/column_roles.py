"""Which columns of a file are numbers of rows, parts of a date or names of series, where nobody says; long frames."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count, kind_of, listed
from mtgp_tutorial.tables.date_formats import MONTHS, plain
from mtgp_tutorial.tables.dates import read_dates, two_digits
from mtgp_tutorial.tables.input_rules import (
    DATES,
    KNOWN,
    Look,
    counts,
    known_as,
    known_inputs,
    parts_of_a_date,
    place_of,
    quoted,
)
from mtgp_tutorial.tables.inputs import (
    PARTS,
    PARTS_OF,
    YEAR_MONTH_DAY,
    are_clock,
    are_whole,
    bare,
    column,
    date_parts,
    errors_beside,
    names_in,
    numbers,
    numbers_alone,
    split_unit,
    standard_errors,
)
from mtgp_tutorial.tables.refusals import TableError, argument, refuse_first

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
        short = len(value) > 0 and are_whole(value, 0, 99)
        if not short or not (others or (value.diff() < -50).any()):
            continue
        if century is None:
            refuse_first(frame[c].map("{:02.0f}".format), [True], "is a year of two digits", two_digits(), cell=True)
        frame[c] = century + (frame[c] - century) % 100
        return True
    return False


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
            f"column {quoted(keys)}: {again} of {len(frame)} rows repeat it, and {str(two[0])!r} and {str(two[1])!r} "
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
    some = [c for c in frame if frame[c].dtype.kind == "f" and c not in errors and bare(c) not in ERRORS]
    return [c for c in some if frame[c].nunique() > 1] or some


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
