"""Arguments that are no tables: kinds, whole numbers, seeds, tensors. One sentence for each that is none."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import pandas as pd
import torch


def of_kind(name: str, value: Any, kind: type | tuple[type, ...], advice: str) -> None:
    """Raise ValueError, which ends in "pass `advice`", unless the value is of the kind."""
    if not isinstance(value, kind):
        raise ValueError(f"{name}: is a {type(value).__name__}; pass {advice}")


def whole(name: str, value: Any, least: int, advice: str) -> int:
    """The value as an int; ValueError unless it is a whole number, and at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        above = f"above {least - 1}" if least else "from 0 on"
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
