"""What a table may hold. Each check raises ValueError with one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from torch import Tensor


def input_names(names: Sequence[str], first: str, inputs: int) -> tuple[str, ...]:
    """Names of all inputs; the first is x_name."""
    if not names or names[0] != first:  # also where x_name was replaced
        names = [first, *(list(names)[1:] or [f"x {d + 1}" for d in range(1, inputs)])]
    if len(names) != inputs:
        raise ValueError(f"x_names: {len(names)} names for {inputs} columns of x; pass one for each")
    return tuple(names)


def check_names(names: Any, name: str) -> None:
    """In an order, which a set does not have, and no text, which would become its letters."""
    if isinstance(names, (str, bytes, set, frozenset, Mapping)) or not isinstance(names, Iterable):
        raise ValueError(f"{name}: is {names!r}; pass a list of names, one for each task")


def check_same_rows(x: Any, y: Any, sd: Any) -> None:
    """Rows are paired by position, so labels must not say otherwise."""
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
        raise ValueError(f"y: holds {int(y.isinf().sum())} infinite values; mark missing cells with NaN")
    for name, labels in (("tasks", tasks), ("units", units)):
        if len(labels) != y.shape[1]:
            raise ValueError(f"{name}: {len(labels)} labels for {y.shape[1]} columns of y; pass one for each")
    if len(set(tasks)) != len(tasks):
        raise ValueError(f"tasks: {tasks} has a name twice; pass different names")
