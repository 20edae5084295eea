"""The columns of a file as what they hold: dates, numbers or text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mtgp_tutorial.table.columns import blank, decimal_mark, read_numbers
from mtgp_tutorial.table.guessing import KNOWN, without_row_numbers
from mtgp_tutorial.table.headers import column, names_in, split_unit
from mtgp_tutorial.table.parsing import parse
from mtgp_tutorial.table.refusing import TableError
from mtgp_tutorial.table.spelling import ORDERS, read_dates


def typed_columns(
    path: str | Path,
    dates: str | None,
    missing: Iterable[Any],
    without: Iterable[str],
    x: Any,
    series: Any,
    others: Sequence[Any] = (),
) -> tuple[pd.DataFrame, list[str]]:
    """Each column of a file as what it holds. others: further columns that somebody named."""
    if dates is not None and dates not in ORDERS:
        raise TableError(f"dates: is {dates!r}", "pass 'day-first' or 'month-first'", "dates", list(ORDERS))
    if isinstance(missing, str):
        raise TableError(f"missing: is {missing!r}", f"pass a list, [{missing!r}]", "missing")
    text, mark, notes = parse(path)
    left = [column(text, name, "without") for name in names_in(without)]
    notes += [f"{name}: left out, as was asked" for name in left]
    text = text.drop(columns=left)
    text = blank(text, missing)
    decimal, said = decimal_mark(text, mark)
    notes += [said] if said else []
    names = {column(text, name, "series") for name in names_in(series)}
    first = [column(text, name, "x") for name in names_in(x)]
    read, units = {}, {}
    for name in text:
        if name in names:
            read[name] = text[name]
            continue
        read[name], sign = _one(text[name], decimal, dates, name in first, notes)
        if sign and not split_unit(name)[1]:
            units[name] = f"{name} [{sign}]"
            notes.append(f"{name}: {sign} at each number, taken as its unit")
    frame = pd.DataFrame(read, index=text.index).rename(columns=units)
    named = [*first, *names, *(name for other in others for name in names_in(other))]
    return without_row_numbers(frame, bool(first), named, notes), notes


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
