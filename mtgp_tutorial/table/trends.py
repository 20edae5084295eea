"""Straight-line trends, estimated from what was seen and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from mtgp_tutorial.table.data import TaskData


def detrend(seen: TaskData, *others: TaskData) -> list[TaskData]:
    """The tables less one least-squares line for each task, fitted to the observed cells of `seen` alone.

    The line is linear in every column of x. Raises ValueError when a task has fewer than D + 2 observed cells or
    inputs that do not fix a line, and when another table has other tasks, units or another number of inputs.

    >>> from mtgp_tutorial import TaskData, detrend
    >>> data = TaskData([0, 1, 2, 3], [[5.0], [7.0], [9.0], [11.0]])
    >>> [flat] = detrend(data)
    >>> flat.y.abs().max().item() < 1e-12
    True
    """
    for table in (seen, *others):
        if not isinstance(table, TaskData):
            raise ValueError(f"seen, others: one is a {type(table).__name__}; pass TaskData")
        if (table.tasks, table.units, table.x.shape[1]) != (seen.tasks, seen.units, seen.x.shape[1]):
            raise ValueError(f"others: a table has other tasks, units or inputs than seen ({', '.join(seen.tasks)})")
    centre = seen.x.mean(0)
    spread = (seen.x - centre).abs().max(0).values
    width = torch.where(spread > 0, spread, torch.ones_like(spread))

    def design(x: Tensor) -> Tensor:
        return torch.cat([torch.ones_like(x[:, :1]), (x - centre) / width], dim=1)

    lines = []
    for task, cells, y in zip(seen.tasks, seen.observed.T, seen.y.T):
        A = design(seen.x[cells])
        if len(A) < A.shape[1] + 1 or int(torch.linalg.matrix_rank(A)) < A.shape[1]:
            raise ValueError(
                f"seen: the {len(A)} observed cells of task {task!r} do not fix a line; observe more inputs"
            )
        lines.append(torch.linalg.lstsq(A, y[cells, None]).solution[:, 0])
    return [replace(table, y=table.y - design(table.x) @ torch.stack(lines, 1)) for table in (seen, *others)]
