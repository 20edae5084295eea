"""Cells of a table as tensors, and the scores of a model on those that are held out."""

from __future__ import annotations

import numpy as np
import torch
from bound import Bound
from table import Table
from torch import Tensor


def cells(table: Table, begin: int, end: int, device: str = "cpu") -> tuple[Tensor, Tensor, Tensor]:
    """x [n, D], task [n], y [n] of cells begin to end; ValueError where one holds a value that is not finite."""
    parts = [np.array(column[begin:end]) for column in (table.x, table.task, table.y)]
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError(f"table: cells {begin} to {end} hold a value that is not finite; mend or remove it")
    x, task, y = (torch.from_numpy(part).to(device) for part in parts)
    return x, task, y


def held_out(model: Bound, table: Table, device: str = "cpu") -> tuple[float, float]:
    """Mean NLPD in nats, and coverage of 95 % intervals, on the cells that no batch holds."""
    x, task, y = cells(table, table.seen, len(table.y), device)
    return score(*model.predict(x, task), y)


def score(mean: Tensor, variance: Tensor, y: Tensor) -> tuple[float, float]:
    """Mean NLPD in nats, and coverage of 95 % intervals, of Gaussian predictions [n]."""
    z2 = (y - mean) ** 2 / variance
    return float(0.5 * (z2 + (2 * torch.pi * variance).log()).mean()), float((z2 < 1.96**2).double().mean())
