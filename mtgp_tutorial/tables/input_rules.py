"""What the input of a file is where nobody says: a table of rules, in the order in which they are asked.

Each rule looks at the typed columns and names the input, or nothing, or refuses with both readings where two fit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.tables.date_formats import READ, odd_cell
from mtgp_tutorial.tables.inputs import (
    CLOCKS,
    DAYS,
    PARTS,
    YEAR_MONTH_DAY,
    bare,
    column,
    date_parts,
    map_columns,
    names_in,
    words,
)
from mtgp_tutorial.tables.refusals import TableError, argument

KNOWN = "date time datetime timestamp day week week_ending month quarter year age depth hour t x".split()  # in order
DATES = "date datum fecha data datetime timestamp week_ending".split()
ALSO = dict.fromkeys(DATES, "date") | {name: "year" for name in PARTS["year"].split()}  # what other names mean
AXES = {"depth": "depth", "tiefe": "depth", "profondeur": "depth", "profundidad": "depth", "age": "age", "alter": "age"}


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


def counts(values: pd.Series) -> bool:
    """Whether a column is 0, 1, 2, ... or 1, 2, 3, ..."""
    return any(np.array_equal(values, np.arange(start, start + len(values))) for start in (0, 1))


class Look:
    """What the rules ask of a frame: its dates, its parts of a date, its pairs of coordinates, its known names."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        moments = [c for c in frame if frame[c].dtype.kind == "M" and frame[c].notna().any()]
        self.dates = [c for c in moments if frame[c].nunique() > 1] or moments  # not the day of the export
        self.numbers = [c for c in frame if frame[c].dtype.kind == "f"]
        self.known = sorted((c for c in (*self.dates, *self.numbers) if place_of(c) < len(KNOWN)), key=place_of)

    @cached_property
    def parts(self) -> dict[str, Hashable]:
        return date_parts(self.frame)

    @cached_property
    def map(self) -> list[Hashable]:
        """Two coordinates, where another column of numbers is left."""
        pairs = map_columns(self.frame)
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
    date, holes = (named or look.dates)[0], look.frame[(named or look.dates)[0]].isna().any()
    numbers = [c for c in look.known if c in look.numbers and look.frame[c].nunique() > 1]
    rivals = [[c] for c in numbers if known_as(c) in ("depth", "year") or holes and look.frame[c].is_unique]
    rivals = [one for one in rivals if not (look.frame[one[0]] == look.frame[date].dt.year).all()]
    rivals += [look.map] if look.map else []
    # profiles, places again and again
    both = [one for one in rivals if 2 * look.rows([date]) <= look.rows([date, *one])]
    if both:
        _ask([[date, *both[-1]]], f"rows repeat {str(date)!r}, and {quoted(both[-1])} tells them apart")
    if rivals:
        _ask([[date], *rivals], f"{str(date)!r} and {quoted(rivals[0])} may both be the input")
    return [date]


def places(look: Look) -> list[Hashable] | None:
    """Two coordinates; asked where a column of times increases with the rows, as of something that moves."""
    times = [c for c in look.known if known_as(c) not in ("x", "depth", "age") and c in look.numbers]
    moving = [c for c in times if c not in look.map and look.increases(c)]
    if not look.map or moving and len(look.numbers) == 3:  # t, x, y: a path
        return None
    if moving:
        _ask([[moving[0]], look.map], f"{str(moving[0])!r} and {quoted(look.map)} may both be the input")
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


Rule = Callable[[Look], list[Hashable] | None]
RULES: dict[str, Rule] = {  # in the order in which they are asked; the first that answers is taken, and said
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
            said = " and ".join(map(str, some)) + ", a map" if what == "a map" else " with ".join(map(str, some))
            alone = what == "dates" and place_of(some[0]) == len(KNOWN)
            notes.append(f"input: {said}{', the only column of dates' * alone}")
            return some
    return []


def chosen_inputs(frame: pd.DataFrame, x: Any, notes: list[str]) -> list[Hashable]:
    """The columns of a file that are the input: those that x names or, where it is None, by name or place."""
    if x is not None:
        return [column(frame, name, "x") for name in names_in(x)]
    if known := known_inputs(frame, notes):
        return known
    first, moments = frame.columns[0], Look(frame).dates
    if moments and frame[first].dtype.kind != "M":
        _ask([[c] for c in moments[:3]], f"{' and '.join(repr(str(c)) for c in moments[:3])} hold dates")
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


def quoted(columns: Sequence[Hashable]) -> str:
    return " with ".join(repr(str(c)) for c in columns)


def _ask(readings: Sequence[Sequence[Hashable]], problem: str) -> None:
    """TableError: what may be the input, each reading as an argument."""
    raise TableError(
        f"{argument('x')}: is not given, and {problem}",
        f"pass {' or '.join(argument('x', *map(str, one)) for one in readings)}",
        "x",
        [[str(c) for c in one] for one in readings],
    )


def _are_days(values: pd.Series) -> bool:
    """Whether dates have no time of the day."""
    return values.dt.tz is None and bool((values.dropna().dt.normalize() == values.dropna()).all())
