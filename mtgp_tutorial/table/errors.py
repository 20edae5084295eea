"""Known standard errors, in every form in which they are passed: columns, a frame, numbers, an array."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.table.arrays import as_matrix
from mtgp_tutorial.table.headers import column, errors_beside, is_number, names_in
from mtgp_tutorial.table.inputs import numbers, standard_errors
from mtgp_tutorial.table.refusing import TableError, count, listed


def as_errors(sd: Any, y: Tensor, tasks: list[str]) -> Tensor | None:
    """Standard errors [N, T]; one number, or one for each task (in order or by name), holds for all observed cells."""
    if sd is None:
        return None
    if isinstance(sd, Mapping) or (isinstance(sd, pd.Series) and set(sd.index) <= set(tasks)):
        if unknown := [task for task in sd.keys() if task not in tasks]:
            raise ValueError(f"sd: {unknown[0]!r} is not one of {', '.join(map(repr, tasks))}; pass some of these")
        sd = [sd.get(task, math.nan) for task in tasks]
    if isinstance(sd, Real) and not isinstance(sd, bool):
        sd = [float(sd)] * len(tasks)
    if not _is_vector(sd):
        return as_matrix(sd, "sd", vector=False)
    each = as_matrix(sd, "sd")[:, 0].to(y.device)
    if len(each) != len(tasks):
        raise ValueError(
            f"sd: holds {count(len(each), 'number')} for {count(len(tasks), 'task')}; pass one number, one for each "
            "task, or a matrix [N, T]"
        )
    return each.expand(y.shape).where(~y.isnan(), torch.nan)


def _is_vector(sd: Any) -> bool:
    if isinstance(sd, (list, tuple)):
        return not any(hasattr(one, "__len__") for one in sd)
    return getattr(sd, "ndim", None) == 1 and not isinstance(sd, pd.Series)


def check_errors(sd: Tensor, y: Tensor, tasks: list[str]) -> None:
    if sd.shape != y.shape or sd.device != y.device:
        raise ValueError(f"sd: has shape {tuple(sd.shape)}, y {tuple(y.shape)}; pass one of each cell, where y is")
    wrong = ~y.isnan() & ~sd.isnan() & ~((sd > 0) & sd.isfinite())
    if bool(wrong.any()):
        row, task = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"sd: is {sd[row, task]:g} at row {row} of {tasks[task]!r}, {int(wrong.sum())} such in all; pass standard "
            "errors above 0, and NaN where none is known"
        )


def errors_of(frame: pd.DataFrame, given: Any, y: np.ndarray) -> np.ndarray:
    """Standard errors of one task [N]: a column, or one number for all of its values."""
    if is_number(frame, given):
        return np.where(np.isnan(y), np.nan, float(given))
    return standard_errors(frame[given], y)


def error_columns(frame: pd.DataFrame, sd: Any) -> dict[Hashable, Any]:
    """Which column holds the standard errors of which, or the number that all of them are."""
    if isinstance(sd, dict):
        return {
            column(frame, task, "sd"): c if is_number(frame, c) else column(frame, c, "sd") for task, c in sd.items()
        }
    beside = {c: of for of, c in errors_beside(frame).items()}
    pairs = {}
    for name in names_in(sd):
        c = column(frame, name, "sd")
        if c not in beside:
            raise TableError(f"sd: {c!r} does not say whose errors it holds", "pass a dict {task: column}", "sd")
        pairs[beside[c]] = c
    return pairs


def aligned_errors(
    sd: pd.DataFrame, frame: pd.DataFrame, chosen: Sequence[Hashable], headers: list[tuple[str, str]]
) -> np.ndarray:
    """A frame of standard errors, brought to the order of rows and tasks by its index and columns."""
    if not sd.index.equals(frame.index):
        if not (sd.index.is_unique and frame.index.is_unique) or set(sd.index) != set(frame.index):
            raise TableError("sd: has another index than frame", "pass one row for each, with the same index", "sd")
        sd = sd.reindex(frame.index)
    known = {c: next((k for k in (c, name) if k in sd.columns), None) for c, (name, _) in zip(chosen, headers)}
    if unknown := [c for c in sd.columns if c not in known.values()]:
        raise TableError(f"sd: {unknown[0]!r} is not one of the tasks", f"name some of {listed(chosen)}", "sd")
    none = np.full(len(frame), np.nan)
    return np.column_stack([none if k is None else numbers(sd[k], "sd") for k in known.values()])
