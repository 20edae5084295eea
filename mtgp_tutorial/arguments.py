"""Arguments and what is wrong with them: kinds, whole numbers, seeds, tensors, devices; and tables that are refused."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor


def kind_of(value: Any) -> str:
    """What a value is, in a sentence: "a list", "an int"."""
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOaeio" or name == "ndarray" else f"a {name}"


def of_kind(name: str, value: Any, kind: type | tuple[type, ...], advice: str) -> None:
    """Raise ValueError, which ends in "pass `advice`", unless the value is of the kind."""
    if not isinstance(value, kind):
        raise ValueError(f"{name}: is {kind_of(value)}; pass {advice}")


def probability(value: Any, name: str) -> float:
    """A number between 0 and 1. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < 1:
        raise ValueError(f"{name}: {value!r} is not between 0 and 1; pass a share such as 0.9")
    return float(value)


def finite(name: str, value: Any, advice: str) -> float:
    """The value as a float; ValueError unless it is one number, neither NaN nor infinite."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name}: {value!r} is not a finite number; pass {advice}")
    return float(value)


def whole(name: str, value: Any, least: int, advice: str) -> int:
    """The value as an int; ValueError unless it is a whole number, and at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        above = "above 0" if least == 1 else f"from {least} on"
        raise ValueError(f"{name}: {value!r} is not a whole number {above}; pass {advice}")
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


WORTH_A_GPU = 2000  # observed cells; a rule of thumb, not a measurement


def choose_device(num_cells: int) -> str:
    """What to run on: "cuda", a GPU, when there is one and the table has at least WORTH_A_GPU cells, else "cpu".

    The environment variable MTGP_DEVICE overrides it.

    Args:
        num_cells (int): observed cells of the table.
    Raises:
        ValueError: for no whole number, and when MTGP_DEVICE names no device, or asks for CUDA where there is none.

    >>> from mtgp_tutorial import choose_device
    >>> choose_device(100).split(":")[0] in ("cpu", "cuda")
    True
    """
    num_cells = whole("num_cells", num_cells, 0, "the number of observed cells, such as int(data.observed.sum())")
    forced = os.environ.get("MTGP_DEVICE", "")
    if forced and not re.fullmatch(r"cpu|cuda(:\d+)?", forced):
        raise ValueError(f"MTGP_DEVICE: is {forced!r}; set it to cpu, cuda or cuda:N, or unset it")
    if forced.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"MTGP_DEVICE: asks for {forced!r}, and torch sees no CUDA device; unset it")
    if forced:
        return forced
    return "cuda" if num_cells >= WORTH_A_GPU and torch.cuda.is_available() else "cpu"


def swapped(names: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the same names stand in another order; columns are paired by position, and other names say nothing."""
    return list(names) != list(wanted) and sorted(names) == sorted(wanted)


def as_array(tensor: Tensor) -> np.ndarray:
    """The same numbers for numpy, which computes on the CPU."""
    return tensor.detach().cpu().numpy()


def as_tensor(array: np.ndarray, like: Tensor) -> Tensor:
    """The same numbers for torch, on the device of `like`."""
    return torch.from_numpy(array).to(like.device)


MARKED = re.compile("\x02(.*?)\x03", re.DOTALL)  # an argument in the text of a TableError


def argument(name: str, *values: str, sets: bool = False) -> str:
    """An argument of `read_table` or `from_frame` in a message: named alone, or as what sets it (to these values)."""
    return f"\x02{json.dumps([name, sets or bool(values), values])}\x03"


def in_python(name: str, sets: bool, values: Sequence[str]) -> str:
    """x, x=, dates="day-first", missing=['?']."""
    if not values:
        return f"{name}=" if sets else name
    return f"{name}={list(values)!r}" if name in ("missing", "without") else f'{name}="{values[0]}"'


class TableError(ValueError):
    """A table is refused. Message: "{problem}; {remedy}".

    `said` is for programs whose users call the arguments otherwise.

    Args:
        problem (str): what is wrong, and where.
        remedy (str): what to do.
        option (str): the argument of `read_table` or `from_frame` that settles it ("dates", "x", "missing", ...), None
            where only the file can be mended. Default: the first that the message marks (`argument`).
        value (any): what to pass there, where one is known. Default: none.

    >>> import pandas as pd
    >>> from mtgp_tutorial import TableError, TaskData
    >>> frame = pd.DataFrame({"day": [1, 2], "level": [1.5, "about 2"]})
    >>> try:
    ...     TaskData.from_frame(frame, x="day", tasks=["level"])
    ... except TableError as error:
    ...     print(error.problem)
    column 'level', row 1: 'about 2' is not a number
    """

    def __init__(self, problem: str, remedy: str, option: str | None = None, value: Any = None) -> None:
        marked = MARKED.search(problem + remedy)
        self.texts, self.value = (problem, remedy), value
        self.option = json.loads(marked[1])[0] if option is None and marked else option
        self.problem, self.remedy = self.said(in_python)
        super().__init__(f"{self.problem}; {self.remedy}")

    def said(self, spell: Callable[[str, bool, Sequence[str]], str]) -> tuple[str, str]:
        """Problem and remedy in the words of a program.

        Args:
            spell (function): writes an argument: of its name, whether it is set, and to which values.
        """
        problem, remedy = (MARKED.sub(lambda one: spell(*json.loads(one[1])), text) for text in self.texts)
        return problem, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors of several arguments have to say how they travel to another process."""
        return type(self), (*self.texts, self.option, self.value)


def place(column: pd.Series, row: int | np.intp) -> str:
    """Where a cell stands: "column 'level', line 7", or whatever the index of the rows is called."""
    label = column.index[row]
    if column.name is None:  # a list of dates, no table
        return f"entry {label}"
    return f"column {str(column.name)!r}, {column.index.name or 'row'} {label}"


def refuse_first(column: pd.Series, wrong: Any, problem: str, remedy: str, *, cell: bool = False) -> None:
    """TableError at the first cell that is wrong [N], where one is; cell: its text stands before the problem."""
    for row in np.flatnonzero(wrong):
        told = f"{column.iloc[row]!r} {problem}" if cell else problem
        raise TableError(f"{place(column, row)}: {told}", remedy)


def listed(names: Any, most: int = 8) -> str:
    """Names as a list in a sentence, the first few of many."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 row", "2 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
