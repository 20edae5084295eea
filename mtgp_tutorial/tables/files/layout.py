"""Lines of a file that are no rows: titles above the names, units below them, and those that somebody leaves out.

A line that seems to be one is named in a refusal, with the argument that leaves it out; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from mtgp_tutorial.arguments import listed
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
    fits = [k for k in range(1, len(rows) - 1) if not lacking[k] and any(values[k + 1 : k + 3])]
    return [rows[k][0] for k in fits if k <= fits[0] + 1]


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
    """TableError for a first row of units: words where the column has values below, and none elsewhere.

    left: lines that are left out already.
    """
    if len(text) < 2:
        return
    first, below = text.iloc[0], text.iloc[1:]
    words = first.dropna().astype(str)
    words = words[~words.isin(["-", "--"])]
    fits = [below[c].dropna().astype(str).map(_is_value) for c in words.index]
    plain = ~words.str.match(r"\W*\d").to_numpy()  # -0.5, $2 and <0.1 are values
    if len(words) > 1 and plain.all() and all(len(fit) and fit.mean() > 0.5 for fit in fits):
        line = int(text.index[0])
        if len(words) == len(text.columns) and any(_no_name(c) or c.startswith("column ") for c in text):
            above, below = skipping(left, *range(1, line)), skipping(left, line)
            raise TableError(
                f"{name}: line {line} looks like names, or units of the names above it ({listed(words, 4)})",
                f"pass {argument('skip', above)} for names, {argument('skip', below)} for units",
                value=[above, below],
            )
        lines = skipping(left, line)
        raise TableError(
            f"{name}: line {line} looks like units ({listed(words, 4)})",
            f"pass {argument('skip', lines)}, which leaves it out (units are read from names such as a [m])",
            value=lines,
        )
