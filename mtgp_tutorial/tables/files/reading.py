"""From a file to a TaskData: which columns are inputs, tasks and series, each guess a sentence in its notes.

Columns become dates, numbers or text; those that tell nothing are left out, and values far from all others are named.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.arguments import count
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.tables.column_roles import (
    DATE_WORDS,
    ROW_NUMBERS,
    check_mixed,
    date_in_words,
    guessed_series,
    guessed_value,
    is_error,
    parts_in_words,
    remedy,
    whole_years,
    without_row_numbers,
)
from mtgp_tutorial.tables.date_formats import manner
from mtgp_tutorial.tables.dates import read_dates
from mtgp_tutorial.tables.files.idle_columns import idle_columns
from mtgp_tutorial.tables.files.layout import check_units
from mtgp_tutorial.tables.files.numbers import at_once, blank, codes_in, decimal_mark, read_numbers, suspected_words
from mtgp_tutorial.tables.files.text import File, parse
from mtgp_tutorial.tables.input_rules import KNOWN, chosen_inputs, place_of
from mtgp_tutorial.tables.inputs import (
    column,
    errors_beside,
    is_number,
    named_errors,
    names_in,
    split_unit,
    words,
)
from mtgp_tutorial.tables.refusals import TableError, argument


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
    sheet: str | None = None,
) -> TaskData:
    """Read a table: CSV in any common dialect, or a workbook; wide or long. Every guess is a sentence in `notes`.

    Columns are named by header or by name without the unit. A column of text without two equal names gives the index.
    Columns that tell nothing (empty, constant, a copy of another or of the input, a part of its dates, row numbers) are
    left out unless `tasks` names them, as are repeated lines. A workbook of Excel is read where pandas' reader
    (openpyxl for .xlsx, xlrd for .xls) is installed.

    Args:
        path (str, Path or file): the table.
        x (column or list): the inputs, as in `TaskData.from_frame`. Default: a date with its time, a date in parts
            (year and month, ...), the only column of dates, a pair of coordinates, a column with a known name (year,
            depth, ...), or the first column; where two of these may be meant it is asked for. Fiscal years (FY1990/91,
            1920-21) stand at 1 January of their first year.
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
        sheet (str): the sheet of a workbook. Default: the only one that holds a table.
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
    table, said, *_ = _read(parse(path, skip, sheet), x, tasks, series, value, sd, dates, missing, without)
    if said is not None:
        warnings.warn(said, UserWarning, stacklevel=2)
    return table


class Traced(NamedTuple):
    """A table, and where its cells stand in its file.

    cells [N, T]: the place of each cell in the text of `file`, counted along its lines; NaN where no line holds it.
    first: for each line the one that it repeats, itself for most. long: the headers of the inputs, the series and the
    value of a long file; None for a wide one. decimal: the mark of the file.
    """

    table: TaskData
    file: File
    cells: torch.Tensor
    first: np.ndarray
    long: tuple[list[str], str, str] | None
    decimal: str


def traced(path: str | Path | File, *, skip: Any = None, sheet: str | None = None, **how: Any) -> Traced:
    """What `read_table` reads from these arguments, with the place of each cell; it warns of nothing."""
    file = parse(path, skip, sheet)
    table, _, typed, frame, roles = _read(file, **how)
    kept, first, names = np.flatnonzero(~typed.duplicated()), np.arange(len(typed)), list(file.text)
    if len(kept) < len(first):
        first = kept[typed.groupby([*typed], dropna=False, sort=False).ngroup()]
    header = {c: str(c) if c in names else split_unit(c)[0] for c in frame}  # without a sign of its numbers
    errors = [column(frame, c, "sd") for c in named_errors(frame, roles["sd"]) if not is_number(frame, c)]
    body = [c for c in frame if frame[c].dtype.kind == "f" and c not in roles["x"]]
    # places are read as the values were; half a place more, since whole numbers might be taken for those of the rows
    at = {c: 1.0 if c in errors else kept * len(names) + names.index(header[c]) + 0.5 for c in body}
    places = TaskData.from_frame(frame.assign(**at), **roles)
    if places.tasks != table.tasks or not torch.equal(places.x, table.x) or (first[kept] != kept).any():
        raise AssertionError(f"{file.name}: the cells of the table are not found in the file")
    series, value = roles["series"], roles["value"]
    long = None if series is None else ([header[c] for c in roles["x"]], header[series], header[value])
    left = [column(file.text, name, "without") for name in names_in(how.get("without"))]
    decimal, _ = decimal_mark(blank(file.text.drop(columns=left), how.get("missing", ())), file.mark)
    return Traced(table, file, places.y.floor(), first, long, decimal)


def _read(
    file: File,
    x: Any = None,
    tasks: Any = None,
    series: str | None = None,
    value: str | None = None,
    sd: Any = None,
    dates: str | None = None,
    missing: Iterable[Any] = (),
    without: Iterable[str] = (),
) -> tuple[TaskData, str | None, pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """The table, what is said of far values, the typed columns, and the frame and arguments for `from_frame`."""
    typed, notes = typed_columns(file, dates, missing, without, x, series, (tasks, value), sd)
    columns = {"tasks": tasks if series is None and value is None else None, "x": x, "series": series, "value": value}
    for what, names in columns.items():
        for name in names_in(names):
            column(typed, name, what)
    chosen = chosen_inputs(typed, x, notes)
    frame = typed.loc[~typed.duplicated()]
    if len(frame) < len(typed):
        notes.append(f"rows: {count(len(typed) - len(frame), 'repeated line')} left out")
    if series is None and value is None and tasks is None:
        series = guessed_series(frame, chosen, notes)
    if value is None or series is not None:
        check_mixed(frame, chosen, series, [*names_in(tasks), *names_in(value)] if series is None else [])
    if series is None and value is None:
        frame = _wide(frame, chosen, tasks, sd, x is None, notes)
    else:
        series = None if series is None else str(column(frame, series, "series"))
        value = guessed_value(frame, chosen, series, sd, value)
    roles = {"x": chosen, "tasks": tasks, "sd": sd, "series": series, "value": value}
    table = TaskData.from_frame(frame, **roles)
    index = None if frame.index.name == "line" else table.index
    if x is not None:
        told = " and ".join(map(str, chosen)) + ", a map" * (table.x.shape[1] > 1)
        notes.append(f"input: {told}")
    said = far_values(pd.DataFrame(table.y.numpy(), columns=list(table.tasks)))
    notes += [*table.notes, *([said] if said else [])]
    return replace(table, index=index, notes=tuple(notes)), said, typed, frame, roles


def suspected_codes(
    file: File, without: Iterable[str] = (), x: Any = None, **reading: Any
) -> tuple[list[str], pd.DataFrame]:
    """Words and numbers of the file that seem to stand for missing values, for `missing` of `read_table`.

    Words such as "?" among numbers, and numbers such as -999 (`codes_in`). A proposal, with the typed columns that it
    leaves. reading: as `typed_columns` takes it. Raises TableError for shorter numbers, such as -99, and for one that
    is a reading in another column.
    """
    left = [column(file.text, name, "without") for name in without]
    codes = suspected_words(blank(file.text.drop(columns=left)))
    frame, _ = typed_columns(file, missing=codes, without=without, x=x, **reading)
    inputs = chosen_inputs(frame, x, [])
    found = {c: codes_in(frame[c]) for c in frame if frame[c].dtype.kind == "f" and c not in inputs}
    long = list(dict.fromkeys(code for some, _ in found.values() for code in some))
    codes += [f"{code:.12g}" for code in long]
    for c, (_, short) in found.items():
        if short:
            code, times = f"{short[0]:g}", count(int((frame[c] == short[0]).sum()), "time")
            raise TableError(
                f"column {str(c)!r}: {code} stands {times}, away from all other values, and may stand for a missing "
                "value",
                f"pass {argument('missing', *codes, code)} if it does, or {argument('missing', *(codes or ['none']))} "
                "if it is a value",
                value=[*codes, code],
            )
    for c, (some, _) in found.items():
        same = frame[c].isin(long)
        if same.any() and not some and (frame[c].notna() & ~same).sum() > 2:
            code = frame[c][same].iloc[0]
            raise TableError(
                f"column {str(c)!r}: {code:g} is a value here, and seems to stand for a missing value in another "
                "column",
                f"leave cells empty where a value is missing, and pass {argument('missing', 'none')}",
            )
        frame[c] = frame[c].mask(same)
    return codes, frame


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
    frame: pd.DataFrame, chosen: list[Hashable], tasks: Any, sd: Any, guessed: bool, notes: list[str]
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
    _, century = manner(dates)
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
    lead = next((c for c in text if c.lower() not in ROW_NUMBERS and not first and text[c].nunique() > 1), None)
    read, units = {}, {}
    for name in text:
        if name in names:
            read[name] = text[name]
            continue
        read[name], sign = _one(text[name], decimal, dates, name in first, name == lead, notes, [*missing])
        if sign and not split_unit(name)[1]:
            units[name] = f"{name} [{sign}]"
            notes.append(f"{name}: {sign} at each number, taken as its unit")
    frame = pd.DataFrame(read, index=text.index).rename(columns=units)
    named = [*first, *names, *(name for other in others for name in names_in(other)), *named_errors(frame, sd)]
    parts_in_words(frame, [name for name in named if name not in first])
    if not first and (told := date_in_words(frame, named, dates)) is not None:
        frame[told[0]] = told[1]
        notes.append(f"{told[0]}: {told[2]}")
    short = whole_years(frame, named, century)
    if dates is not None and not short and not any(frame[c].dtype.kind == "M" for c in frame):
        raise TableError(
            f"{argument('dates')}: is {dates!r}, and {str((first or [*frame])[0])!r} holds no dates",
            f"leave it out, or name another {argument('x')}",
        )
    return without_row_numbers(frame, bool(first), named, notes), notes


def _one(
    text: pd.Series, decimal: str, dates: str | None, is_input: bool, leads: bool, notes: list[str], missing: list[Any]
) -> tuple[pd.Series, str]:
    """A column as dates, numbers or text, and the sign of its numbers."""
    value = at_once(text) if decimal == "." else None
    found = None
    # 20190107 may be a date where its name or place says so
    if value is None or is_input or leads or place_of(text.name) < len(KNOWN) or {*words(text.name)} & DATE_WORDS:
        found = read_dates(text, dates, wide=is_input)
    if found is not None:
        notes.append(f"{text.name}: {found[1]}")
        return pd.Series(found[0], index=text.index, name=text.name), ""
    if value is not None and {*words(text.name)} & CLOCKED and (since := _since_1970(value)) is not None:
        notes.append(f"{text.name}: dates, {since.name} since 1970 (UTC): {text.dropna().iloc[0]} is {since.iloc[0]}")
        return since.rename(text.name), ""
    if text.isna().all():
        return text.astype(float), ""
    return (value, "") if value is not None else read_numbers(text, decimal, missing) or (text, "")


CLOCKED = {"time", "timestamp", "unix", "epoch", "ts", "date", "datetime"}


def _since_1970(value: pd.Series) -> pd.Series | None:
    """Dates of numbers that count seconds or milliseconds since 1970, from 2001 to 2039; None where they do not."""
    for unit, name, size in (("s", "seconds", 1e9), ("ms", "milliseconds", 1e12)):
        if value.notna().any() and value.dropna().between(size, 2.2 * size).all():
            return pd.to_datetime(value.round(), unit=unit).rename(name)
    return None


def far_values(frame: pd.DataFrame) -> str | None:
    """A sentence on values such as -999 that stand far from all others of their column; None where there are none."""
    found = [(c, code) for c in frame for some in codes_in(frame[c]) for code in some]
    if not found:
        return None
    each = [f"{c}: {code:g} stands {count(int((frame[c] == code).sum()), 'time')}" for c, code in found]
    every = list(dict.fromkeys(f"{code:.12g}" for _, code in found))
    return f"{', '.join(each)}, far from all other values; kept as a value; missing={every} reads it as missing"
