"""What the fields of a table may hold: inputs, values and their names, and known standard errors of the values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_matrix, by_task, count


def as_errors(sd: Any, y: Tensor, tasks: list[str]) -> Tensor | None:
    """Standard errors [N, T], checked; one number, or one for each task (in order or by name), holds for its values."""
    if sd is None:
        return None
    if isinstance(sd, Mapping) or (isinstance(sd, pd.Series) and set(sd.index) <= set(tasks)):
        given = by_task("sd", dict(sd), tasks, "")
        sd = [given.get(task, math.nan) for task in tasks]
    if isinstance(sd, Real) and not isinstance(sd, bool):
        sd = [float(sd)] * len(tasks)
    if _is_vector(sd):
        each = as_matrix(sd, "sd")[:, 0].to(y.device)
        if len(each) != len(tasks):
            raise ValueError(
                f"sd: holds {count(len(each), 'number')} for {count(len(tasks), 'task')}; pass one number, one for "
                "each task, or a matrix [N, T]"
            )
        errors = each.expand(y.shape).where(~y.isnan(), torch.nan)
    else:
        errors = as_matrix(sd, "sd", vector=False)
    _check_errors(errors, y, tasks)
    return errors


def _is_vector(sd: Any) -> bool:
    if isinstance(sd, (list, tuple)):
        return not any(hasattr(one, "__len__") for one in sd)
    return getattr(sd, "ndim", None) == 1 and not isinstance(sd, pd.Series)


def _check_errors(sd: Tensor, y: Tensor, tasks: list[str]) -> None:
    if sd.shape != y.shape or sd.device != y.device:
        raise ValueError(f"sd: has shape {tuple(sd.shape)}, y {tuple(y.shape)}; pass one of each cell, where y is")
    wrong = ~y.isnan() & ~sd.isnan() & ~((sd > 0) & sd.isfinite())
    if bool(wrong.any()):
        row, task = wrong.nonzero()[0].tolist()
        raise ValueError(
            f"sd: is {sd[row, task]:g} at row {row} of {tasks[task]!r}, {int(wrong.sum())} such in all; pass standard "
            "errors above 0, and NaN where none is known"
        )


def input_names(names: Sequence[str], first: str, inputs: int) -> tuple[str, ...]:
    """Names of all inputs; the first is x_name, where that was told."""
    first = names[0] if names and first == "x" else first
    if not names or names[0] != first:  # also where x_name was replaced
        names = [first, *(list(names)[1:] or [f"x {d + 1}" for d in range(1, inputs)])]
    if len(names) != inputs:
        raise ValueError(f"x_names: {count(len(names), 'name')} for {count(inputs, 'column')} of x; pass one for each")
    return tuple(names)


def check_names(names: Any, name: str) -> None:
    """In an order, which a set does not have, and no text, which would become its letters."""
    if isinstance(names, (str, bytes, set, frozenset, Mapping)) or not isinstance(names, Iterable):
        raise ValueError(f"{name}: is {names!r}; pass a list of names, one for each task")


def check_same_rows(x: Any, y: Any, sd: Any, tasks: list[str]) -> None:
    """Rows and tasks are paired by position, so labels must not say otherwise."""
    names = [str(name) for name in y.columns] if isinstance(y, pd.DataFrame) else tasks
    if tasks and tasks != names and set(tasks) == set(names):
        raise ValueError("tasks, y: have the same names in another order; pass y[tasks]")
    for name, other in (("x", x), ("sd", sd)):
        if not isinstance(other, (pd.DataFrame, pd.Series)) or not isinstance(y, pd.DataFrame):
            continue
        if not other.index.equals(y.index):
            raise ValueError(f"{name}, y: have other row labels; bring both to one index, such as {name}.loc[y.index]")
        if name == "sd" and isinstance(sd, pd.DataFrame) and set(sd.columns) == set(y.columns) and list(sd) != list(y):
            raise ValueError("sd, y: have the same columns in another order; pass sd[y.columns]")


def check_table(x: Tensor, y: Tensor, tasks: list[str], units: list[str]) -> None:
    if y.shape[1] == 0:
        raise ValueError("y: has no columns; pass at least one task")
    if x.shape[1] == 0:
        raise ValueError("x: has no columns; pass at least one input")
    if len(x) == 0 or len(x) != len(y):
        raise ValueError(f"x, y: have {len(x)} and {len(y)} rows; pass the same number, at least one")
    if x.device != y.device:
        raise ValueError(f"x, y: are on {x.device} and {y.device}; move both to one device")
    if not x.isfinite().all():
        raise ValueError("x: holds NaN or infinite values; drop or mend these rows (holes belong in y)")
    if y.isinf().any():
        raise ValueError(f"y: holds {count(int(y.isinf().sum()), 'infinite value')}; mark missing cells with NaN")
    for name, given in (("tasks", tasks), ("units", units)):
        if len(given) != y.shape[1]:
            raise ValueError(
                f"{name}: {count(len(given), 'label')} for {count(y.shape[1], 'column')} of y; pass one for each"
            )
    if len(set(tasks)) != len(tasks):
        raise ValueError(f"tasks: {tasks} has a name twice; pass different names")
