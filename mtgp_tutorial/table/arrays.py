"""Whatever holds numbers, as a float64 matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor


def as_matrix(value: Any, name: str, *, vector: bool = True) -> Tensor:
    """Return a copy of `value` as a float64 matrix; a vector becomes one column, if one may be passed.

    A masked array's masked entries become NaN. Raises ValueError when it is not numeric (dates and complex
    numbers are not), or has neither one nor two dimensions.
    """
    try:
        if value.is_complex() if torch.is_tensor(value) else np.iscomplexobj(value):
            raise ValueError("it holds complex numbers")
        if isinstance(value, (pd.DataFrame, pd.Series)):
            value = value.to_numpy(na_value=np.nan) if value.ndim == 1 else _numbers(value)
        if np.ma.isMaskedArray(value):
            value = np.ma.filled(value.astype(float), np.nan)
        if not torch.is_tensor(value):
            if np.asarray(value).dtype.kind in "mM":
                raise ValueError("it holds dates")
            value = torch.as_tensor(np.array(value, dtype=float))
        matrix = value.detach().to(dtype=torch.float64, copy=True)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"{name}: not a numeric array ({reason}); pass numbers only") from None
    if matrix.dim() not in ((1, 2) if vector else (2,)):
        wanted = "a vector or a matrix" if vector else "a matrix [N, T], one column for each task"
        raise ValueError(f"{name}: has {matrix.dim()} dimensions; pass {wanted}")
    return matrix if matrix.dim() == 2 else matrix[:, None]


def _numbers(frame: pd.DataFrame) -> np.ndarray:
    """A data frame as floats; dates would become nanoseconds without a word."""
    if any(column.dtype.kind in "mM" for _, column in frame.items()):
        raise ValueError("it holds dates")
    return frame.to_numpy(dtype=float, na_value=np.nan)
