"""Where a chapter runs: one setting for all of it."""

from __future__ import annotations

import os
import re

import numpy as np
import torch
from torch import Tensor

WORTH_A_GPU = 2000  # observed cells; a rule of thumb, not a measurement


def choose_device(num_cells: int) -> str:
    """ "cuda" when there is one and the table has at least WORTH_A_GPU cells, else "cpu".

    The environment variable MTGP_DEVICE overrides it. Raises ValueError when that names no
    device, or asks for CUDA where there is none.

    >>> from mtgp_tutorial import choose_device
    >>> choose_device(100).split(":")[0] in ("cpu", "cuda")
    True
    """
    forced = os.environ.get("MTGP_DEVICE", "")
    if forced and not re.fullmatch(r"cpu|cuda(:\d+)?", forced):
        raise ValueError(f"MTGP_DEVICE: is {forced!r}; set it to cpu, cuda or cuda:N, or unset it")
    if forced.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"MTGP_DEVICE: asks for {forced!r}, and torch sees no CUDA device; unset it")
    if forced:
        return forced
    return "cuda" if num_cells >= WORTH_A_GPU and torch.cuda.is_available() else "cpu"


def as_array(tensor: Tensor) -> np.ndarray:
    """The same numbers for numpy, which computes on the CPU."""
    return tensor.detach().cpu().numpy()


def as_tensor(array: np.ndarray, like: Tensor) -> Tensor:
    """The same numbers for torch, on the device of `like`."""
    return torch.from_numpy(array).to(like.device)
