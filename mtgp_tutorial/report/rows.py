"""Rows of a table, and where it has holes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from mtgp_tutorial.table.data import TaskData

MANY, VIEW = 3000, 300  # rows from which a figure would be a smear, and how many it shows then


def take(data: TaskData, rows: slice | np.ndarray) -> TaskData:
    """Some rows of the table, in the order in which they are named."""
    where = rows if isinstance(rows, slice) else torch.as_tensor(rows)
    sd = None if data.sd is None else data.sd[where]
    return replace(
        data, x=data.x[where], y=data.y[where], sd=sd, index=None if data.index is None else data.index[rows]
    )


def missing(data: TaskData) -> np.ndarray:
    """[N, T], True at the holes. An empty cell whose task was seen in another row at the same input is none."""
    return ~at_same_input(data, data.observed.numpy())


def at_same_input(data: TaskData, cells: np.ndarray) -> np.ndarray:
    """[N, T], True where a row with the same input has one of these cells [N, T]."""
    place = np.unique(data.x.numpy(), axis=0, return_inverse=True)[1].reshape(-1)
    found = np.zeros_like(cells)
    np.logical_or.at(found, place, cells)
    return found[place]


def runs(column: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of True in a column [N]: first row and length of each."""
    edge = np.flatnonzero(np.diff(np.r_[0, column.astype(int), 0]))
    return [(int(start), int(stop - start)) for start, stop in zip(edge[::2], edge[1::2])]


def in_view(data: TaskData) -> slice:
    """The rows that a figure along one input has room for: all, or of a long table VIEW around its longest hole."""
    n, holes = len(data.x), [hole for column in missing(data).T for hole in runs(column)]
    if n <= MANY:
        return slice(0, n)
    start, length = max(holes, key=lambda hole: hole[1], default=(0, 0))
    first = min(max(0, start + length // 2 - VIEW // 2), n - VIEW)
    return slice(first, first + VIEW)


def spread_out(data: TaskData) -> np.ndarray:
    """Inputs [N, D] with standard deviation 1 each, for distances; an input that does not vary stays 0."""
    x = (data.x - data.x.mean(0)).numpy()
    spread = x.std(0)
    return x / np.where(spread > 0, spread, 1.0)


def own_rows(data: TaskData) -> bool:
    """Whether tasks have rows of their own: over half of the rows hold one value, and an empty cell is no hole."""
    return data.num_tasks > 1 and float((data.observed.sum(1) == 1).double().mean()) > 0.5


def asked_for(data: TaskData) -> list[str]:
    """Tasks with holes, those with most first; none where the tasks have rows of their own."""
    count = np.zeros(data.num_tasks) if own_rows(data) else missing(data).sum(0)
    return [data.tasks[t] for t in np.argsort(-count, kind="stable") if count[t]]


def where(data: TaskData, row: int) -> str:
    """The place of a row, as text: its date, or its inputs."""
    if data.calendar is not None:
        when = data.calendar.to_dates(data.x[row : row + 1, 0].numpy())[0]
        day = f"{when:%Y-%m-%d}" if when == when.normalize() else f"{when:%Y-%m-%d %H:%M}"
        return ", ".join([day, *(f"{v:.6g}" for v in data.x[row, 1:].tolist())])
    return ", ".join(f"{v:.6g}" for v in data.x[row].tolist())
