"""Whatever holds numbers, as a float64 matrix; the ends of a stretch, which may be dates, as numbers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import TableError, count
from mtgp_tutorial.tables.dates import Calendar, read_dates

DATES = (datetime.date, np.datetime64, pd.Period)
DURATIONS = (datetime.timedelta, np.timedelta64)


def as_matrix(value: Any, name: str, *, vector: bool = True) -> Tensor:
    """Return a copy of `value` as a float64 matrix; a vector becomes one column, if one may be passed.

    A masked array's masked entries become NaN. Raises ValueError when it is not numeric (text that looks like a number,
    dates and complex numbers are not), or has neither one nor two dimensions.
    """
    _check_entries(value, name)
    try:
        if value.is_complex() if torch.is_tensor(value) else np.iscomplexobj(value):
            raise ValueError("it holds complex numbers")
        if isinstance(value, (pd.DataFrame, pd.Series)):
            value = value.to_numpy(dtype=float, na_value=np.nan)
        if np.ma.isMaskedArray(value):
            value = np.ma.filled(value.astype(float), np.nan)
        if not torch.is_tensor(value):
            value = torch.as_tensor(np.array(value, dtype=float))
        matrix = value.detach().to(dtype=torch.float64, copy=True)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"{name}: not a numeric array ({reason}); pass numbers only") from None
    if matrix.dim() not in ((1, 2) if vector else (2,)):
        wanted = "a vector or a matrix" if vector else "a matrix [N, T], one column for each task"
        raise ValueError(f"{name}: has {count(matrix.dim(), 'dimension')}; pass {wanted}")
    return matrix if matrix.dim() == 2 else matrix[:, None]


def _check_entries(value: Any, name: str) -> None:
    """Refuse what numpy would take for numbers: text such as "1_000", dates as nanoseconds, named fields as columns."""
    if torch.is_tensor(value):
        if value.layout is not torch.strided:
            raise ValueError(f"{name}: is a sparse tensor; pass {name}.to_dense()")
        return
    if getattr(value, "dtype", None) is not None and getattr(value.dtype, "names", None):
        raise ValueError(f"{name}: is a structured array; pass pd.DataFrame({name}), or a matrix")
    for where, column in _columns(value):
        for row, entry in enumerate(column):
            if isinstance(entry, str) and _is_date(entry):
                raise ValueError(
                    f"{name}: {where}holds dates as text, first {entry!r} in row {row}; TaskData.from_frame, or the "
                    "calendar of a table (calendar=), turns them into numbers"
                )
            if isinstance(entry, (str, bytes)):
                raise ValueError(
                    f"{name}: {where}holds text, first {entry!r} in row {row}; pass numbers only (pd.to_numeric "
                    "makes them of text)"
                )
            if isinstance(entry, DURATIONS):
                raise ValueError(f"{name}: {where}holds durations; divide them by a unit, such as pd.Timedelta(days=1)")
            if isinstance(entry, DATES):
                raise ValueError(
                    f"{name}: {where}holds dates; pass numbers only, or take TaskData.from_frame or read_table, which "
                    "make numbers of dates"
                )


def _is_date(text: str) -> bool:
    """Whether text is written as a date, read in one way or in two."""
    try:
        return read_dates(pd.Series([text], dtype=object), guess=False) is not None
    except TableError:
        return True


def _columns(value: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The columns that are not numbers by their type, each with words for where it stands."""
    if isinstance(value, pd.DataFrame):
        for place, label in enumerate(value.columns):
            if value.dtypes.iloc[place].kind not in "iufbc":
                yield f"column {label!r} ", value.iloc[:, place].astype(object).to_numpy()
        return
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufbc":
            array = np.array(value, dtype=object)
    except (TypeError, ValueError, RuntimeError):  # rows of unequal length, say: not for this check
        return
    if array.dtype.kind not in "iufbc" and array.ndim in (1, 2):
        yield from zip([""], [array]) if array.ndim == 1 else ((f"column {n} ", one) for n, one in enumerate(array.T))


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
