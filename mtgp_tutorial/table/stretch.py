"""A stretch of one input, from start to stop, in numbers or dates."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.table.arrays import as_matrix
from mtgp_tutorial.table.dates import Calendar


def stretch(start: Any, stop: Any, calendar: Calendar | None) -> tuple[float, float]:
    """Both ends as numbers; a year as text, such as "2021", begins as start and ends as stop. Raises ValueError."""
    ends = start, stop
    if calendar is not None:
        ends = _end("start", start, calendar), _end("stop", stop, calendar)
    if not all(hasattr(one, "__float__") for one in ends):
        raise ValueError(f"start, stop: are {start!r} and {stop!r}; pass numbers, in the unit of x")
    for name, end in zip(("start", "stop"), ends):
        if end != end:
            raise ValueError(f"{name}: is missing; pass a number{'' if calendar is None else ' or a date'}")
    if ends[0] > ends[1]:
        raise ValueError(f"start: {shown(ends[0], calendar)} is after stop, {shown(ends[1], calendar)}; exchange them")
    return float(ends[0]), float(ends[1])


def _end(name: str, one: Any, calendar: Calendar) -> float:
    if isinstance(one, str) and re.fullmatch(r"\s*\d{4}\s*", one):
        year = int(one)
        if not 1 <= year <= 9998:
            raise ValueError(f"{name}: {one!r} is no year from 0001 to 9998; pass one of these, or a date")
        one = pd.Timestamp(year=year + (name == "stop"), month=1, day=1, tz=calendar.zone)
        one -= pd.Timedelta(seconds=int(name == "stop"))
    try:
        return float(as_matrix(calendar.inputs([one]), name))
    except ValueError as error:
        raise ValueError(f"{name}: {str(error).removeprefix('dates: ')}") from None


def shown(number: float, calendar: Calendar | None) -> str:
    """A number as a date where there is a calendar, and as it is where that has no such date."""
    plain = f"{number:.10g}"
    try:
        with np.errstate(invalid="ignore"):
            date = None if calendar is None else calendar.to_dates(number)[0]
        return plain if date is None or pd.isna(date) else str(date).removesuffix(" 00:00:00")
    except (ValueError, OverflowError):
        return plain
