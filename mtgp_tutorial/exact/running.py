"""Which program runs a recursion over rows: its lines as they stand, the same compiled by numba, or a scan in torch.

On the CPU, microseconds a row for value and gradient by the numbers of the state, 1, 6, 12, 18 and 30: compiled 10, 16,
28, 40, 104; a scan 3, 22, 50, 98, 257; plain numpy 87, 100, 114, 129, 201 (`tools/benchmarks/long_series.py --sizes`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import torch

from mtgp_tutorial.exact import filtering, scanning

COMPILED = 500  # rows from which compiling is worth its half minute, which is spent once and kept in a file
WIDE = 20  # numbers of a state from which the lines as they stand are faster than a scan on the CPU
CPU = torch.device("cpu")
SCANS = {filtering.filtered: scanning.filtered, filtering.adjoint: scanning.adjoint}


def available() -> bool:
    """Whether numba is installed (it is not imported here)."""
    return find_spec("numba") is not None


def runner(function: Callable[..., Any], rows: int, size: int = 0, device: torch.device = CPU) -> Callable[..., Any]:
    """What runs the function for a table of so many rows, a state of so many entries, and a device.

    From COMPILED rows on it is compiled where numba is installed. Where not, and on a device whatever the rows, those
    that have a scan take it.
    """
    compiles = rows >= COMPILED and available()
    scans = device != CPU or (rows >= COMPILED and size < WIDE and not compiles)
    if scans and function in SCANS:
        return partial(SCANS[function], device=device)
    return compiled(function) if compiles else function


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as numba compiles it, kept in a file where there is a folder for it."""
    from numba import njit

    try:
        return njit(cache=True)(function)
    except RuntimeError:  # no folder that it may write to
        return njit(function)
