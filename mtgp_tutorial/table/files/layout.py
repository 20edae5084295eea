"""Lines of a file that are no rows: titles above the names, units below them, and those that somebody leaves out.

A line that seems to be one is named in a refusal, with the argument that leaves it out; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from mtgp_tutorial.arguments import TableError, argument, listed

VALUE = re.compile(
    r"[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?|\d{1,4}([-/.])\d{1,2}(\2\d{1,4})?([T ].*)?|", re.IGNORECASE
)  # no name
Row = tuple[int, list[str]]  # number of the line in the file, its fields


def lines_of(skip: Any) -> set[int]:
    """Numbers of lines that are left out: 2, [1, 2], or text such as "1-3,8". TableError for anything else."""
    words = [skip] if isinstance(skip, (str, int)) else list(skip) if isinstance(skip, Iterable) else []
    found: set[int] = set()
    for word in [part.strip() for one in words for part in str(one).split(",")]:
        ends = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", word)
        low, high = (int(ends[1]), int(ends[2] or ends[1])) if ends else (0, 0)
        if not 1 <= low <= high:
            raise TableError(f"{argument('skip')}: is {skip!r}", "pass numbers of lines, as '2' or '1-3,8'")
        found |= set(range(low, high + 1))
    if skip is not None and not words and not isinstance(skip, Iterable):
        raise TableError(f"{argument('skip')}: is a {type(skip).__name__}", "pass numbers of lines, as '2' or '1-3,8'")
    return found


def names_below(rows: Sequence[Row]) -> int | None:
    """The line in which the names of the columns seem to stand, where that is not the first; None where nothing tells.

    It is as wide as most lines, has names alone, each once, and values stand in the line below it.
    """
    widths = [len(row) for _, row in rows]
    usual = max(set(widths), key=widths.count)
    for k, ((number, names), (_, below)) in enumerate(zip(rows, rows[1:])):
        fits = len(names) == usual == len(below) and usual > 1 and len(set(names)) == usual
        if fits and not any(map(VALUE.fullmatch, names)) and any(cell and VALUE.fullmatch(cell) for cell in below):
            return number if k else None
    return None


def refuse_titles(name: str, first: int, number: int) -> None:
    """TableError: names stand in the line of this number, and lines from `first` on above it."""
    above = f"{first}-{number - 1}" if number - 1 > first else str(first)
    raise TableError(
        f"{name}: names seem to be in line {number}", f"pass {argument('skip', above)}, which leaves out what is above"
    )


def check_titles(name: str, rows: Sequence[Row]) -> None:
    """TableError for a first line that is a title: it leaves half of its fields empty, and names stand below."""
    number, names = rows[0]
    if sum(not cell for cell in names) >= max(1.5, 0.5 * len(names)) and (below := names_below(rows[:50])) is not None:
        refuse_titles(name, number, below)


def check_units(name: str, text: pd.DataFrame) -> None:
    """TableError for a first row of units: words where the column has values below, and none elsewhere."""
    if len(text) < 2:
        return
    first, below = text.iloc[0], text.iloc[1:]
    words = first.dropna().astype(str)
    words = words[~words.isin(["-", "--"])]
    fits = [below[c].dropna().astype(str).map(lambda cell: bool(VALUE.fullmatch(cell))) for c in words.index]
    plain = ~words.str.match(r"[<>~≈]|\d").to_numpy()  # <0.1 is a value
    if len(words) > 1 and plain.all() and all(len(fit) and fit.mean() > 0.5 for fit in fits):
        line = text.index[0]
        raise TableError(
            f"{name}: line {line} looks like units ({listed(words, 4)})",
            f"pass {argument('skip', str(line))}, which leaves it out (units are read from names such as a [m])",
        )
