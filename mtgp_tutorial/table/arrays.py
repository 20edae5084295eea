"""Whatever holds numbers, as a float64 matrix."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import TableError
from mtgp_tutorial.table.dates import read_dates

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
        raise ValueError(f"{name}: has {matrix.dim()} dimensions; pass {wanted}")
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
