"""From a file to a TaskData: which columns are inputs, tasks and series, each guess a sentence in its notes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from mtgp_tutorial.table.columns import blank, decimal_mark, far_value, read_numbers
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.frames import YEAR_AND, column, errors_beside, split_unit
from mtgp_tutorial.table.parsing import parse
from mtgp_tutorial.table.refusing import TableError, count, listed
from mtgp_tutorial.table.spelling import ORDERS, read_dates

PAIRS = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("easting", "northing"), ("x", "y"))
KNOWN = ("date datum time datetime timestamp day week week_ending month quarter year age depth hour t x").split()
SERIES = (
    "series station site location quantity variable task name sensor gauge country region species element id".split()
)

ERRORS = ("se", "sd", "error", "err", "sigma", "stderr", "std", "uncertainty")  # alone, beside one column of values


class _Columns(NamedTuple):
    """A file's columns as numbers, dates (timestamps) or text, and sentences on how they were read."""

    frame: pd.DataFrame
    notes: list[str]


def read_table(
    path: str | Path,
    *,
    x: Any = None,
    tasks: Any = None,
    series: str | None = None,
    value: str | None = None,
    sd: Any = None,
    dates: str | None = None,
    missing: Iterable[Any] = (),
    without: Iterable[str] = (),
) -> TaskData:
    """Read a table of text: CSV in any common dialect, wide or long. Every guess is a sentence in `notes`.

    x, tasks, series, value, sd: columns, as in `TaskData.from_frame`, by header or by name without the unit. Not
    given, the inputs are year and quarter (or month), a pair of coordinates, a column with a known name (date, year,
    depth, ...), or the first column. dates: "day-first" or "month-first", where the file does not tell. missing: what
    stands for a missing value, such as ["-999", "?"], beside blank, NA, NaN, N/A, null and None. without: columns to
    leave out. A column of text without two equal names gives the index. Columns that tell nothing (empty, constant, a
    copy of another or of the input) are left out unless `tasks` names them, as are repeated lines.

    Raises TableError, a ValueError with one sentence that names the line and the column, for what cannot be read in
    one way. See `suspected_codes` and `proposed_errors` for what it notes and does not do.
    """
    frame, notes = _columns(path, dates, missing, without, x, series)
    wanted = [*_list(x), *_list(tasks), *_list(series), *_list(value)]
    for name in wanted:
        column(frame, name, "x, tasks, series, value")
    chosen = _inputs(frame, series, notes) if x is None else [column(frame, name, "x") for name in _list(x)]
    _check_order(dates, frame, chosen)
    before = len(frame)
    frame = frame.loc[~frame.duplicated()]
    if len(frame) < before:
        notes.append(f"rows: {count(before - len(frame), 'repeated line')} left out")
    if series is None and value is None and tasks is None:
        series = _series(frame, chosen, notes)
    if series is None and value is None:
        frame = _wide(Path(path).name, frame, chosen, tasks, sd, x is None, notes)
    else:
        series = None if series is None else column(frame, series, "series")
        value = _value(frame, chosen, series, sd, value)
    table = TaskData.from_frame(frame, chosen, tasks, sd=sd, series=series, value=value)
    index = None if frame.index.name == "line" else table.index
    return replace(table, index=index, notes=(*notes, *table.notes))


def suspected_codes(path: str | Path, *, without: Iterable[str] = (), **roles: Any) -> list[str]:
    """Words and numbers of the file that seem to stand for missing values, for `missing` of `read_table`.

    Words such as "?" among numbers, and numbers such as -999 at the edge of a column and twice the range of all other
    values away from them. A proposal: nothing is replaced before somebody says so.
    """
    frame, mark, _ = parse(path)
    text = blank(frame.drop(columns=[column(frame, name, "without") for name in without]))
    codes: dict[str, None] = {}
    words = "? - -- . .. * x #n/a #na #value! #div/0! n.a. n.d. nd missing unknown none recorded fehlt k.a. (null) <na>".split()
    for name in text:
        cells = text[name].dropna().astype(str)
        found = cells[cells.str.lower().isin(words)]
        if len(found) < 0.5 * len(cells):
            codes |= dict.fromkeys(found)
    text = blank(text, codes)
    decimal, _ = decimal_mark(text, mark)
    for name in text:
        try:
            read = read_numbers(text[name], decimal)
        except TableError:
            continue
        if read is not None and (code := far_value(read[0])) is not None:
            codes[f"{code:g}"] = None
    return list(codes)


def proposed_errors(path: str | Path, **options: Any) -> dict[str, str] | str | None:
    """What to pass as `sd` to `read_table` if columns such as `level_se` are the standard errors they seem to be.

    A dict {task: column} for a wide file, the name of a column for a long one, None where nothing looks like it. options:
    the other arguments of `read_table`.
    """
    names = {key: options.get(key) for key in ("x", "series")}
    frame, _ = _columns(path, options.get("dates"), options.get("missing", ()), options.get("without", ()), **names)
    x, series = (options.get("x"), options.get("series"))
    chosen = _inputs(frame, series, []) if x is None else [column(frame, name, "x") for name in _list(x)]
    if series is not None or _series(frame, chosen, []) is not None:
        errors = [str(c) for c in frame if _is_error(c, frame)]
        return errors[0] if len(errors) == 1 else None
    return {str(of): str(c) for of, c in errors_beside(frame).items()} or None


def _list(names: Any) -> list[Any]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _columns(
    path: str | Path, dates: str | None, missing: Iterable[Any], without: Iterable[str], x: Any, series: Any
) -> _Columns:
    """Each column of a file as what it holds."""
    if dates is not None and dates not in ORDERS:
        raise TableError(f"dates: is {dates!r}", "pass 'day-first' or 'month-first'", "dates", list(ORDERS))
    if isinstance(missing, str):
        raise TableError(f"missing: is {missing!r}", f"pass a list, [{missing!r}]", "missing")
    text, mark, notes = parse(path)
    text = text.drop(columns=[column(text, name, "without") for name in _list(without)])
    text = blank(text, missing)
    decimal, said = decimal_mark(text, mark)
    notes += [said] if said else []
    names = {column(text, name, "series") for name in _list(series)}
    first = [column(text, name, "x") for name in _list(x)]
    read, units = {}, {}
    for name in text:
        if name in names:
            read[name] = text[name]
            continue
        read[name], sign = _one(text[name], decimal, dates, name in first, notes)
        if sign and not split_unit(name)[1]:
            units[name] = f"{name} [{sign}]"
            notes.append(f"{name}: {sign} at each number, taken as its unit")
    return _Columns(pd.DataFrame(read, index=text.index).rename(columns=units), notes)


def _one(text: pd.Series, decimal: str, dates: str | None, is_input: bool, notes: list[str]) -> tuple[pd.Series, str]:
    """A column as dates, numbers or text, and the sign of its numbers."""
    date_like = is_input or split_unit(text.name)[0].lower() in KNOWN
    plain = pd.to_numeric(text, errors="coerce").notna().sum() == text.notna().sum()  # 20190107 may be a date
    found = None if plain and not date_like else read_dates(text, dates)
    if found is not None:
        notes.append(f"{text.name}: {found[1]}")
        return pd.Series(found[0], index=text.index, name=text.name), ""
    if text.isna().all():
        return text.astype(float), ""
    value = read_numbers(text, decimal)
    return (text, "") if value is None else value


def _inputs(frame: pd.DataFrame, series: str | None, notes: list[str]) -> list[Hashable]:
    """The columns that are the input, by name or place."""
    names = {split_unit(c)[0].lower(): c for c in reversed(list(frame))}
    number = {name for name, c in names.items() if frame[c].dtype.kind == "f"}
    for part in YEAR_AND:
        if {"year", part} <= number:
            notes.append(f"input: {names['year']} with {names[part]}")
            return [names["year"], names[part]]
    known = next((names[name] for name in KNOWN if name in names and frame[names[name]].dtype.kind in "fM"), None)
    for pair in PAIRS:
        if set(pair) <= number and (known is None or frame[known].dtype.kind != "M"):
            notes.append(f"input: {names[pair[0]]} and {names[pair[1]]}, a map")
            return [names[name] for name in pair]
    first = known if known is not None else frame.columns[0]
    if frame[first].dtype.kind not in "fM":
        moments = [c for c in frame if frame[c].dtype.kind == "M"]
        if len(moments) != 1:
            raise TableError(
                f"column {str(first)!r} is neither numbers nor dates, and no other column looks like an input",
                f"name one with x= (columns: {listed(frame.columns)})",
                "x",
            )
        first = known = moments[0]
    notes.append(f"input: {first}" + ("" if known is not None else ", the first column"))
    return [first]


def _check_order(dates: str | None, frame: pd.DataFrame, chosen: list[Hashable]) -> None:
    if dates is not None and frame[chosen[0]].dtype.kind != "M":
        raise TableError(
            f"dates: is {dates!r}, and {str(chosen[0])!r} holds no dates", "leave it out, or name another x", "dates"
        )


def _series(frame: pd.DataFrame, chosen: list[Hashable], notes: list[str]) -> str | None:
    """The column that names the series of a long table: text whose names repeat, once for each input at most."""
    text = [c for c in frame if frame[c].dtype.kind == "O" and c not in chosen and frame[c].notna().all()]
    body = [c for c in frame if frame[c].dtype.kind == "f" and c not in chosen and not _is_error(c, frame)]
    if len(text) != 1 or len(body) != 1:
        return None
    name = text[0]
    several = 1 < frame[name].nunique() <= max(2, len(frame) // 2)
    once = frame.duplicated([*chosen, name]).sum() <= 0.02 * len(frame)
    told = str(name).lower() in SERIES or str(body[0]).lower() == "value" or frame.duplicated(chosen).any()
    if not (several and once and told):
        return None
    notes.append(f"long table: {name} names the tasks")
    return str(name)


def _is_error(name: Hashable, frame: pd.DataFrame) -> bool:
    """Whether a column of a long table looks like standard errors."""
    return name in errors_beside(frame).values() or split_unit(name)[0].lower() in ERRORS


def _value(frame: pd.DataFrame, chosen: list[Hashable], series: Hashable | None, sd: Any, value: str | None) -> str:
    """The column of values of a long table."""
    if value is not None:
        return str(column(frame, value, "value"))
    taken = {*chosen, series, *_list(sd)}
    body = [c for c in frame if frame[c].dtype.kind == "f" and c not in taken and not _is_error(c, frame)]
    if len(body) != 1:
        raise TableError(
            f"value: is not given, and {len(body)} columns may hold values ({listed(body)})", "name one", "value"
        )
    return str(body[0])


def _wide(
    path: str, frame: pd.DataFrame, chosen: list[Hashable], tasks: Any, sd: Any, guessed: bool, notes: list[str]
) -> pd.DataFrame:
    """A wide frame without columns that tell nothing, its rows named where a column of text names them."""
    again = int(frame.duplicated(chosen).sum())
    if guessed and again > len(frame) / 3:
        raise TableError(
            f"column {str(chosen[0])!r}: {again} of {len(frame)} rows repeat an input, so it does not tell the rows apart",
            "name the input with x=, one column or two, or the column that names the series with series=",
            "x",
        )
    if again:
        notes.append(f"rows: {count(again, 'row')} at an input that another has too; kept as readings of their own")
    errors = list(sd.values()) if isinstance(sd, dict) else _list(sd)
    taken = [*chosen, *(column(frame, name, "sd") for name in errors)]
    if tasks is None:
        frame = frame.drop(columns=_idle(frame, chosen, taken, notes))
    named = [c for c in frame if frame[c].dtype.kind == "O" and frame[c].notna().all() and frame[c].is_unique]
    if named and len(frame) > 2 and named[0] not in chosen:
        notes.append(f"{named[0]}: names of the rows")
        return frame.set_index(named[0])
    return frame


def _idle(frame: pd.DataFrame, chosen: list[Hashable], taken: list[Hashable], notes: list[str]) -> list[Hashable]:
    """Columns of numbers that tell nothing, and a note for each."""
    idle: list[Hashable] = []
    kept = [c for c in chosen if frame[c].dtype.kind == "f"]
    beside = errors_beside(frame)
    for c in [c for c in frame if c not in taken and c not in beside.values() and frame[c].dtype.kind == "f"]:
        seen = frame[c].dropna()
        twin = next((d for d in kept if _same(frame[c], frame[d])), None)
        if not len(seen):
            why = "no value"
        elif len(seen) > 1 and seen.nunique() == 1:
            why = f"always {seen.iloc[0]:g}"
        elif twin is not None:
            why = f"equals {twin!r} wherever both have a value"
        else:
            kept.append(c)
            if (code := far_value(frame[c])) is not None:
                times = int((frame[c] == code).sum())
                notes.append(
                    f"{c}: {code:g} stands {count(times, 'time')}, far from all other values; kept as a value; "
                    f"missing=['{code:g}'] reads it as missing"
                )
            continue
        notes.append(f"{c}: {why}; left out")
        idle.append(c)
    return idle


def _same(a: pd.Series, b: pd.Series) -> bool:
    """Whether two columns agree wherever both have a value, nearly all of their rows."""
    both = a.notna() & b.notna()
    return (
        len(a) > 2
        and bool((a[both] == b[both]).all())
        and bool(both.sum() > 0.8 * max(a.notna().sum(), b.notna().sum()))
    )
