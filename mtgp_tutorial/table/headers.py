"""Headers of columns: names, units, and columns that look like standard errors of another."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

import pandas as pd

from mtgp_tutorial.table.refusing import TableError, listed

ERROR = re.compile(r"(.+?)[ _.-]+(?:se|sd|std|std_?err(?:or)?|sigma|error|err|uncertainty|unc)", re.IGNORECASE)


def split_unit(header: Any) -> tuple[str, str]:
    """Name and unit of a header such as `level (m)` or `level [m]`; no unit where it has none."""
    found = re.fullmatch(r"\s*(.*?\S)\s*[(\[]([^()\[\]]+)[)\]]\s*", str(header))
    return (found[1], found[2].strip()) if found else (str(header).strip(), "")


def names_in(names: Any) -> list[Any]:
    """One name, several or none (None), as a list."""
    return [] if names is None else [names] if isinstance(names, (str, int, float)) else list(names)


def is_number(frame: pd.DataFrame, one: Any) -> bool:
    """Whether this is a number, and not the name of a column."""
    return isinstance(one, Real) and not isinstance(one, bool) and one not in frame.columns


def numbers_alone(frame: pd.DataFrame, sd: Any) -> bool:
    """Whether standard errors are given as numbers and not as columns: one, one for each task, or an array."""
    if isinstance(sd, (Mapping, list, tuple)):
        return len(sd) > 0 and all(is_number(frame, one) for one in (sd.values() if isinstance(sd, Mapping) else sd))
    return is_number(frame, sd) or (not isinstance(sd, (pd.DataFrame, pd.Series, pd.Index)) and hasattr(sd, "ndim"))


def column(frame: pd.DataFrame, name: Hashable, argument: str) -> Hashable:
    """The column of a frame that has this header, or this name before its unit."""
    found = [c for c in frame.columns if c == name] or [c for c in frame.columns if split_unit(c)[0] == name]
    if len(found) != 1:
        raise TableError(
            f"{argument}: {name!r} is {'no column' if not found else 'the name of several columns'}",
            f"pass one of {listed(map(repr, frame.columns))}",
            argument,
        )
    return found[0]


def errors_beside(frame: pd.DataFrame) -> dict[Hashable, Hashable]:
    """Columns that look like standard errors of another one: {"level (m)": "level_se"}."""
    names = {split_unit(c)[0].lower(): c for c in frame.columns}
    pairs = {c: ERROR.fullmatch(split_unit(c)[0]) for c in frame.columns}
    return {names[m[1].lower()]: c for c, m in pairs.items() if m and m[1].lower() in names}


def tasks_of(chosen: Sequence[Hashable]) -> list[tuple[str, str]]:
    """Names and units of the tasks; headers stay whole where two would have one name."""
    split = [split_unit(c) for c in chosen]
    names = [name for name, _ in split]
    return [pair if names.count(pair[0]) == 1 else (str(c), pair[1]) for c, pair in zip(chosen, split)]
