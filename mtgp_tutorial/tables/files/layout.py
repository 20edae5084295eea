"""Lines of a file that are no rows: titles above the names, units below them, and those that somebody leaves out.

A line that seems to be one is named in a refusal, with the argument that leaves it out; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.tables.date_formats import COMPILED, ROLLING
from mtgp_tutorial.tables.refusals import TableError, argument

VALUE = re.compile(
    r"[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?|\d{1,4}([-/.])\d{1,2}(\2\d{1,4})?([T ].*)?|", re.IGNORECASE
)  # no name
Row = tuple[int, list[str]]  # number of the line in the file, its fields


def lines_of(skip: Any) -> set[int]:
    """Numbers of lines that are left out: 2, [1, 2], or text such as "1-3,8". TableError for anything else."""
    words = [] if skip is None else list(skip) if isinstance(skip, Iterable) and not isinstance(skip, str) else [skip]
    found: set[int] = set()
    for word in [part.strip() for one in words for part in str(one).split(",")]:
        ends = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", word)
        low, high = (int(ends[1]), int(ends[2] or ends[1])) if ends else (0, 0)
        if not 1 <= low <= high:
            raise TableError(f"{argument('skip')}: is {skip!r}", "pass numbers of lines, as '2' or '1-3,8'")
        found |= set(range(low, high + 1))
    return found


def names_below(rows: Sequence[Row]) -> list[int]:
    """The line in which the names of the columns seem to stand, where that is not the first: one, or two that may be.

    It is as wide as most lines and has names alone, each once; values stand in the line below it or below its units,
    which may be the names. The first line has names where at most one is lacking.
    """
    widths = [len(row) for _, row in rows]
    usual = max(set(widths), key=widths.count)
    lacking = [usual if len(row) != usual or len(set(row)) < usual else sum(map(_no_name, row)) for _, row in rows]
    if usual < 2 or lacking[0] <= ("" in rows[0][1]):
        return []
    values = [len(row) == usual and any(map(_is_value, filter(None, row))) for _, row in rows]
    fits = [k for k in range(1, len(rows) - 1) if not lacking[k] and any(values[k + 1 : k + 4])]
    first = next((number, row) for number, row in rows if len(row) == usual)
    if not fits and widths[0] < usual - 1 and not _no_name(first[1][0]):  # years across: 1998, 1999, ... are names
        return [first[0]]
    return [rows[k][0] for k in fits if k <= fits[0] + 1]


def begins_data(first: str, body: Sequence[Row]) -> bool:
    """Whether the first cell of a first line is a date or a number like those below it, so that the line is data."""
    below = [row[0] for _, row in body[:20] if row and row[0]]
    if not first or not below:
        return False
    forms = [re.compile(r"[-+]?\d*\.?\d+"), *(COMPILED[name] for name in COMPILED if name not in ROLLING)]
    form = next((form for form in forms if form.fullmatch(first)), None)
    return form is not None and sum(form.fullmatch(cell) is not None for cell in below) > 0.8 * len(below)


def check_across(name: str, text: pd.DataFrame) -> None:
    """TableError for a file that lies on its side: names that are dates or years, over rows that words name."""
    forms = [COMPILED[form] for form in COMPILED if form not in ROLLING] + [re.compile(r"(?:1[5-9]|20)\d\d")]
    dated = [c for c in text if any(form.fullmatch(str(c)) for form in forms)]
    first = text.iloc[:, 0].dropna().astype(str)
    if len(dated) > max(2, 0.5 * text.shape[1]) and first.map(_is_value).mean() < 0.5:
        raise TableError(
            f"{name}: the names of {len(dated)} columns are dates ({listed(dated, 3)}), so that the table lies on its "
            "side",
            "transpose it (a row for each date, a column for each series) and pass that",
        )


def _is_value(cell: str) -> bool:
    return VALUE.fullmatch(cell) is not None


def _no_name(cell: str) -> bool:
    return _is_value(cell) or re.fullmatch(r"-+|%|\(.*\)|\[.*\]", cell) is not None


def skipping(left: Iterable[int], *more: int) -> str:
    """Lines that are left out already, and more of them, as `skip` takes them: "1-3,8"."""
    ends: list[list[int]] = []
    for line in sorted({*left, *more}):
        if ends and line == ends[-1][1] + 1:
            ends[-1][1] = line
        else:
            ends.append([line, line])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ends)


def refuse_titles(name: str, numbers: Sequence[int]) -> None:
    """TableError: names stand in a line of these numbers. Nothing where there is none."""
    above = [skipping(range(1, number)) for number in numbers]
    if numbers:
        raise TableError(
            f"{name}: names seem to be in line {' or '.join(map(str, numbers))}",
            f"pass {' or '.join(argument('skip', lines) for lines in above)}, which leaves out what is above",
            value=above[0] if len(above) == 1 else above,
        )


def check_titles(name: str, rows: Sequence[Row]) -> None:
    """TableError for a first line that is a title: it leaves half of its fields empty, and names stand below."""
    names = rows[0][1]
    if sum(not cell for cell in names) >= max(1.5, 0.5 * len(names)):
        refuse_titles(name, names_below(rows[:50]))


def check_units(name: str, text: pd.DataFrame, left: Iterable[int]) -> None:
    """TableError for first rows of units: words that stand once, where half of the columns have values below.

    left: lines that are left out already.
    """
    if len(text) < 2:
        return
    number = next((k for k in range(min(3, len(text) - 1)) if not _has_words(text.iloc[k], text.iloc[k + 1 :])), 3)
    if not number:
        return
    said, lines = text.iloc[0].dropna().astype(str), [int(line) for line in text.index[:number]]
    words = said[~said.isin(["-", "--"])]
    if any(c in words for c in text.columns[1:] if c.startswith("column ")):  # the first may be names of rows
        raise TableError(
            f"{name}: line {lines[0]} has names for columns that have none above it ({listed(words, 4)})",
            "write the names in one line, as Outdoor Temp",
        )
    if len(words) == len(text.columns) and any(_no_name(c) or c.startswith("column ") for c in text):
        above, below = skipping(left, *range(1, lines[0])), skipping(left, *lines)
        raise TableError(
            f"{name}: line {lines[0]} looks like names, or units of the names above it ({listed(words, 4)})",
            f"pass {argument('skip', above)} for names, {argument('skip', below)} for units",
            value=[above, below],
        )
    leave = skipping(left, *lines)
    raise TableError(
        f"{name}: line{'s' * (number > 1)} {listed(lines)} look{'s' * (number == 1)} like units ({listed(words, 4)})",
        f"pass {argument('skip', leave)}, which leaves it out (units are read from names such as a [m])",
        value=leave,
    )


def _has_words(first: pd.Series, below: pd.DataFrame) -> bool:
    """Whether a row holds words that are no values, not codes of missing values, and stand over values."""
    words = first.dropna().astype(str)
    words = words[~words.isin(["-", "--"])]
    if all(re.fullmatch(r"\d+[sdn]", word) for word in words) and len(words) == len(first):
        return True  # widths and kinds of columns, as in the files of the USGS
    if len(words) < 2 or words.map(lambda word: bool(_is_value(word) or DATA.match(word))).any():
        return False
    cells = {c: below[c].dropna().astype(str) for c in words.index}
    if any((cells[c] == word).any() for c, word in words.items()):
        return False
    fits = [len(some) > 0 and some.map(_is_value).mean() > 0.5 for some in cells.values()]
    return sum(fits) > max(1, 0.5 * len(fits))


DATA = re.compile(r"[<>$€£¥(-]*\d[\d.,]*(?:\W.{0,3}|[A-Za-z]?)$|\W*\d{1,4}[-/.]\d|[<>]")  # -0.5, $2, 12.3* and <0.1
