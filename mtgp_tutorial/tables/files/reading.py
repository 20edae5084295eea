"""From a file to a TaskData: which columns are inputs, tasks and series, each guess a sentence in its notes.

Columns become dates, numbers or text; those that tell nothing are left out, and values far from all others are named.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mtgp_tutorial.arguments import count
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.tables.column_roles import (
    KNOWN,
    ROW_NUMBERS,
    chosen_inputs,
    counts,
    check_mixed,
    date_in_words,
    guessed_series,
    guessed_value,
    is_error,
    parts_in_words,
    remedy,
    without_row_numbers,
)
from mtgp_tutorial.tables.dates import manner, read_dates
from mtgp_tutorial.tables.files.layout import check_units
from mtgp_tutorial.tables.files.text import File, blank, decimal_mark, far_value, parse, read_numbers
from mtgp_tutorial.tables.inputs import column, errors_beside, is_number, named_errors, names_in, split_unit
from mtgp_tutorial.tables.refusals import TableError, argument

WORDS = (  # that stand for a missing value, beside those that always do
    "? - -- . .. * x #n/a #na #value! #div/0! n.a. n.d. nd missing unknown none recorded fehlt k.a. (null) <na>"
).split()


NUMBERS = "obs id row no nr index".split()  # columns that count rows, beside an input
PARTS = "year quarter month day hour minute day_of_week day_of_year".split()  # of a date, as pandas calls them


def read_table(
    path: str | Path | File,
    *,
    x: Any = None,
    tasks: Any = None,
    series: str | None = None,
    value: str | None = None,
    sd: Any = None,
    dates: str | None = None,
    missing: Iterable[Any] = (),
    without: Iterable[str] = (),
    skip: Any = None,
) -> TaskData:
    """Read a table: CSV in any common dialect, or a workbook; wide or long. Every guess is a sentence in `notes`.

    Columns are named by header or by name without the unit. A column of text without two equal names gives the index.
    Columns that tell nothing (empty, constant, a copy of another or of the input, a part of its dates, row numbers) are
    left out unless `tasks` names them, as are repeated lines. Of a workbook of Excel the first sheet with two columns
    or more is read, where pandas' reader (openpyxl for .xlsx, xlrd for .xls) is installed.

    Args:
        path (str, Path or file): the table.
        x (column or list): the inputs, as in `TaskData.from_frame`. Default: date and time (or hour), year and quarter
            (or month, ISO week, doy, or month and day, with an hour), a pair of coordinates, a column with a known name
            (date, year, depth, ...), or the first column. Fiscal years (FY1990/91, 1920-21) stand at 1 January of their
            first year.
        tasks (list of columns): as in `TaskData.from_frame`. Default: all others of numbers.
        series (column): of the names, in a long table. Default: the table is wide.
        value (column): of the values, in a long table. Default: the table is wide.
        sd (columns or numbers): known standard errors, as in `TaskData.from_frame`. Default: none.
        dates (str): what the file does not tell of its dates: "day-first" or "month-first", and for years of two digits
            (07.01.19, Jan-10) "two-digit", 1950 to 2049, or the first of another hundred years, "1900"; both joined:
            "day-first,1900". Default: what the file tells.
        missing (list): what stands for a missing value, such as ["-999", "?"], beside blank, NA, NaN, N/A, null and
            None. Default: none.
        without (list of columns): what to leave out. Default: none.
        skip (int, list or str): lines of the file to leave out, such as titles and units, by number: 2, [1, 2] or
            "1-3,8". Default: none.
    Raises:
        TableError: a ValueError with one sentence that names the line and the column, for what cannot be read in one
            way.
    Warns:
        UserWarning: of a value such as -999 that stands far from all others of its task: it is kept.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import read_table
    >>> data = read_table(datasets.example_csv())
    >>> data.tasks, int((~data.observed).sum())
    (('Erie', 'Michigan-Huron', 'Ontario', 'St. Clair'), 33)
    >>> data.to_frame().index[0]
    Timestamp('1918-07-01 00:00:00')
    """
    file = parse(path, skip)
    frame, notes = typed_columns(file, dates, missing, without, x, series, (tasks, value), sd)
    columns = {"tasks": tasks if series is None and value is None else None, "x": x, "series": series, "value": value}
    for what, names in columns.items():
        for name in names_in(names):
            column(frame, name, what)
    chosen = chosen_inputs(frame, x, notes)
    if dates is not None and not any(frame[c].dtype.kind == "M" for c in frame):
        raise TableError(
            f"{argument('dates')}: is {dates!r}, and {str(chosen[0])!r} holds no dates",
            f"leave it out, or name another {argument('x')}",
        )
    before = len(frame)
    frame = frame.loc[~frame.duplicated()]
    if len(frame) < before:
        notes.append(f"rows: {count(before - len(frame), 'repeated line')} left out")
    if series is None and value is None and tasks is None:
        series = guessed_series(frame, chosen, notes)
    if value is None or series is not None:
        check_mixed(frame, chosen, series, [*names_in(tasks), *names_in(value)] if series is None else [])
    if series is None and value is None:
        frame = _wide(file.name, frame, chosen, tasks, sd, x is None, notes)
    else:
        series = None if series is None else str(column(frame, series, "series"))
        value = guessed_value(frame, chosen, series, sd, value)
    table = TaskData.from_frame(frame, chosen, tasks, sd=sd, series=series, value=value)
    index = None if frame.index.name == "line" else table.index
    if said := far_values(pd.DataFrame(table.y.numpy(), columns=list(table.tasks))):
        warnings.warn(said, UserWarning, stacklevel=2)
        table = replace(table, notes=(*table.notes, said))
    return replace(table, index=index, notes=(*notes, *table.notes))


def suspected_codes(file: File, without: Iterable[str] = ()) -> list[str]:
    """Words and numbers of the file that seem to stand for missing values, for `missing` of `read_table`.

    Words such as "?" among numbers, and numbers such as -999 at the edge of a column and twice the range of all other
    values away from them. A proposal: nothing is replaced before somebody says so.
    """
    text = blank(file.text.drop(columns=[column(file.text, name, "without") for name in without]))
    codes: dict[str, None] = {}
    for name in text:
        cells = text[name].dropna().astype(str)
        found = cells[cells.str.lower().isin(WORDS)]
        if len(found) < 0.5 * len(cells):
            codes |= dict.fromkeys(found)
    text = blank(text, codes)
    decimal, _ = decimal_mark(text, file.mark)
    for name in text:
        try:
            read = read_numbers(text[name], decimal)
        except TableError:
            continue
        if read is not None and (code := far_value(read[0])) is not None:
            codes[f"{code:g}"] = None
    return list(codes)


def proposed_errors(frame: pd.DataFrame, chosen: list[Hashable], series: str | None) -> dict[str, str] | str | None:
    """What to pass as `sd` to `read_table` if columns such as `level_se` are the standard errors they seem to be.

    A dict {task: column} for a wide file, the name of a column for a long one, None where nothing looks like it.
    frame: the file as `typed_columns` gives it; chosen: its inputs; series: the column that names them, as was asked.
    """
    if series is not None or guessed_series(frame, chosen, []) is not None:
        errors = [str(c) for c in frame if is_error(c, frame)]
        return errors[0] if len(errors) == 1 else None
    return {str(of): str(c) for of, c in errors_beside(frame).items()} or None


def _wide(
    path: str, frame: pd.DataFrame, chosen: list[Hashable], tasks: Any, sd: Any, guessed: bool, notes: list[str]
) -> pd.DataFrame:
    """A wide frame without columns that tell nothing, its rows named where a column of text names them."""
    again = int(frame.duplicated(chosen).sum())
    if guessed and again > len(frame) / 3:
        raise TableError(
            f"column {str(chosen[0])!r}: {again} of {len(frame)} rows repeat an input, so it does not tell rows apart",
            remedy(frame),
        )
    if again:
        notes.append(f"rows: {count(again, 'row')} at an input that another has too; kept as readings of their own")
    errors = [name for name in named_errors(frame, sd) if not is_number(frame, name)]
    taken = [*chosen, *(column(frame, name, "sd") for name in errors)]
    if tasks is None:
        frame = frame.drop(columns=idle_columns(frame, chosen, taken, notes))
    named = [c for c in frame if frame[c].dtype.kind == "O" and frame[c].notna().all() and frame[c].is_unique]
    if named and len(frame) > 2 and named[0] not in chosen:
        notes.append(f"{named[0]}: names of the rows")
        return frame.set_index(named[0])
    return frame


def typed_columns(
    file: File,
    dates: str | None = None,
    missing: Iterable[Any] = (),
    without: Iterable[str] = (),
    x: Any = None,
    series: Any = None,
    others: Sequence[Any] = (),
    sd: Any = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Each column of a file as what it holds. others: further columns that somebody named; sd: of standard errors."""
    manner(dates)
    if isinstance(missing, str):
        raise TableError(f"{argument('missing')}: is {missing!r}", f"pass a list, [{missing!r}]")
    left = [column(file.text, name, "without") for name in names_in(without)]
    notes = [*file.notes, *(f"{name}: left out, as was asked" for name in left)]
    text = blank(file.text.drop(columns=left), missing)
    check_units(file.name, text, file.left)
    decimal, said = decimal_mark(text, file.mark)
    notes += [said] if said else []
    names = {column(text, name, "series") for name in names_in(series)}
    first = [column(text, name, "x") for name in names_in(x)]
    lead = next((c for c in text if c.lower() not in ROW_NUMBERS and not first), None)  # the input, if none is known
    read, units = {}, {}
    for name in text:
        if name in names:
            read[name] = text[name]
            continue
        read[name], sign = _one(text[name], decimal, dates, name in first, name == lead, notes)
        if sign and not split_unit(name)[1]:
            units[name] = f"{name} [{sign}]"
            notes.append(f"{name}: {sign} at each number, taken as its unit")
    frame = pd.DataFrame(read, index=text.index).rename(columns=units)
    named = [*first, *names, *(name for other in others for name in names_in(other)), *named_errors(frame, sd)]
    parts_in_words(frame, [name for name in named if name not in first])
    if not first and (words := date_in_words(frame, named, dates)) is not None:
        frame[words[0]] = words[1]
        notes.append(f"{words[0]}: {words[2]}")
    return without_row_numbers(frame, bool(first), named, notes), notes


def _one(
    text: pd.Series, decimal: str, dates: str | None, is_input: bool, leads: bool, notes: list[str]
) -> tuple[pd.Series, str]:
    """A column as dates, numbers or text, and the sign of its numbers."""
    date_like = is_input or leads or split_unit(text.name)[0].lower() in KNOWN
    plain = pd.to_numeric(text, errors="coerce").notna().sum() == text.notna().sum()  # 20190107 may be a date
    found = None if plain and not date_like else read_dates(text, dates, wide=is_input)
    if found is not None:
        notes.append(f"{text.name}: {found[1]}")
        return pd.Series(found[0], index=text.index, name=text.name), ""
    if text.isna().all():
        return text.astype(float), ""
    value = read_numbers(text, decimal)
    return (text, "") if value is None else value


def idle_columns(
    frame: pd.DataFrame, chosen: list[Hashable], taken: list[Hashable], notes: list[str]
) -> list[Hashable]:
    """Columns of numbers that tell nothing, and a note for each."""
    idle: list[Hashable] = []
    kept = [c for c in chosen if frame[c].dtype.kind == "f"]
    beside, dates = errors_beside(frame), frame[chosen[0]]
    for c in [c for c in frame if c not in taken and c not in beside.values() and frame[c].dtype.kind == "f"]:
        seen = frame[c].dropna()
        twin = next((d for d in kept if _same(frame[c], frame[d])), None)
        name = split_unit(c)[0].lower().replace("weekday", "day_of_week")
        if not len(seen):
            why = "no value"
        elif len(seen) > 1 and seen.nunique() == 1:
            why = f"always {seen.iloc[0]:g}"
        elif twin is not None:
            why = f"equals {twin!r} wherever both have a value"
        elif name in (*KNOWN, *NUMBERS) and len(frame) > 2 and counts(frame[c]):
            why = "counts the rows"
        elif name in PARTS and dates.dtype.kind == "M" and (frame[c] == getattr(dates.dt, name)).all():
            why = f"a part of {str(chosen[0])!r}"
        else:
            kept.append(c)
            continue
        notes.append(f"{c}: {why}; left out")
        idle.append(c)
    return idle


def far_values(frame: pd.DataFrame) -> str | None:
    """A sentence on values such as -999 that stand far from all others of their column; None where there are none."""
    found = {c: code for c in frame if (code := far_value(frame[c])) is not None}
    if not found:
        return None
    each = [f"{c}: {code:g} stands {count(int((frame[c] == code).sum()), 'time')}" for c, code in found.items()]
    codes = list(dict.fromkeys(f"{code:g}" for code in found.values()))
    return f"{', '.join(each)}, far from all other values; kept as a value; missing={codes} reads it as missing"


def _same(a: pd.Series, b: pd.Series) -> bool:
    """Whether two columns agree wherever both have a value, nearly all of their rows."""
    both = a.notna() & b.notna()
    nearly_all = both.sum() > 0.8 * max(a.notna().sum(), b.notna().sum())
    return len(a) > 2 and bool(nearly_all and (a[both] == b[both]).all())
