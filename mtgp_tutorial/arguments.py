"""Arguments and what is wrong with them: kinds, whole numbers, seeds, tensors, whatever holds numbers."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd
import torch
from torch import Tensor


def kind_of(value: Any) -> str:
    """What a value is, in a sentence: "a list", "an int"."""
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOaeio" or name == "ndarray" else f"a {name}"


def shown(value: Any) -> str:
    """A value in a sentence: as Python writes it where that is short, else what it is."""
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else kind_of(value)


def of_kind(name: str, value: Any, kind: type | tuple[type, ...], advice: str) -> None:
    """Raise ValueError, which ends in "pass `advice`", unless the value is of the kind."""
    if not isinstance(value, kind):
        if isinstance(value, pd.DataFrame):
            made = f"TaskData.from_frame({name})"
            other = advice if "numpy" in advice else f"{advice}, and {made} for a table"
            advice = made if "TaskData" in advice else other
        raise ValueError(f"{name}: is {kind_of(value)}; pass {advice}")


def flags(**values: Any) -> None:
    """Raise ValueError for the first that is neither True nor False."""
    for name, value in values.items():
        of_kind(name, value, (bool, np.bool_), "True or False")


def one_of(name: str, value: Any, words: Sequence[str]) -> None:
    """Raise ValueError unless the value is one of these words."""
    if not isinstance(value, str) or value not in words:
        raise ValueError(f"{name}: {shown(value)} is not one of {', '.join(map(repr, words))}; pass one of these")


def by_task(name: str, given: Any, tasks: Sequence[str], example: str) -> Mapping[str, Any]:
    """A dict by some of these tasks, empty for None. Raises ValueError for anything else."""
    given = {} if given is None else given
    of_kind(name, given, Mapping, f"a dict by task, such as {example}")
    if unknown := [task for task in given if task not in tasks]:
        raise ValueError(f"{name}: {unknown[0]!r} is not one of {', '.join(map(repr, tasks))}; pass some of these")
    return given


def probability(value: Any, name: str) -> float:
    """A number between 0 and 1. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ValueError(f"{name}: {shown(value)} is not between 0 and 1; pass a share such as 0.9")
    return float(value)


def finite(name: str, value: Any, advice: str) -> float:
    """The value as a float; ValueError unless it is one number, neither NaN nor infinite."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name}: {shown(value)} is not a finite number; pass {advice}")
    return float(value)


def whole(name: str, value: Any, least: int, advice: str) -> int:
    """The value as an int; ValueError unless it is a whole number, and at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        above = "above 0" if least == 1 else f"from {least} on"
        raise ValueError(f"{name}: {shown(value)} is not a whole number {above}; pass {advice}")
    return int(value)


def generator(seed: Any) -> torch.Generator:
    """A private generator on the CPU; ValueError for a seed that is not a whole number from 0 to 2^63 - 1."""
    if whole("seed", seed, 0, "one, such as 0") >= 2**63:
        raise ValueError(f"seed: {seed} is more than 2^63 - 1; pass a smaller one")
    return torch.Generator().manual_seed(int(seed))


def tensors(**values: Any) -> None:
    """Raise ValueError for the first value that is no tensor: arithmetic on others would mix types and precisions."""
    for name, value in values.items():
        array = f"{name}.to_numpy()" if isinstance(value, (pd.DataFrame, pd.Series)) else name
        of_kind(name, value, torch.Tensor, f"a tensor, such as torch.as_tensor({array})")


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
            if isinstance(entry, (str, bytes)):
                raise ValueError(
                    f"{name}: {where}holds text, first {entry!r} in row {row}; pass numbers only (pd.to_numeric makes "
                    "them of text, TaskData.from_frame or the calendar of a table of dates)"
                )
            if isinstance(entry, DURATIONS):
                raise ValueError(f"{name}: {where}holds durations; divide them by a unit, such as pd.Timedelta(days=1)")
            if isinstance(entry, DATES):
                raise ValueError(
                    f"{name}: {where}holds dates; pass numbers only, or take TaskData.from_frame or read_table, which "
                    "make numbers of dates"
                )


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


def swapped(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the same names stand in another order; columns are paired by position, and other names say nothing."""
    return list(names) != list(wanted) and sorted(names) == sorted(wanted)


def as_array(tensor: Tensor) -> np.ndarray:
    """The same numbers for numpy, which computes on the CPU."""
    return tensor.detach().cpu().numpy()


def as_tensor(array: np.ndarray, like: Tensor) -> Tensor:
    """The same numbers for torch, on the device of `like`."""
    return torch.from_numpy(array).to(like.device)


def listed(names: Any, most: int = 8) -> str:
    """Names as a list in a sentence, the first few of many."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 row", "2 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


P = ParamSpec("P")
R = TypeVar("R")


def went(name: str, instead: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function that says what replaced an argument, in the release in which it went. (Remove in the next.)"""

    def of(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def told(*args: P.args, **given: P.kwargs) -> R:
            if name in given:
                raise TypeError(f"{name}: is no argument of {function.__name__} any more; {instead}")
            return function(*args, **given)

        return told

    return of
