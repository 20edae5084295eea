"""The kinds of holes that a table has: what is missing, in which rows, and how it lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mtgp_tutorial.report.rows import missing, own_rows, runs, spread_out
from mtgp_tutorial.table.data import TaskData

SHORT = 2  # a run of so many rows is a hole of single cells
SHARE = 6  # at most every so-manieth row is hidden in one trial
Runs = dict[tuple[int, int], list[str]]  # tasks by first row and length of their hole


class Kind(NamedTuple):
    """Holes of one kind. asked: the tasks whose holes these are; pattern [L, T]: True where their rows are missing."""

    place: str  # "gap", "start", "end", "scattered", "disc"
    asked: tuple[str, ...]
    pattern: np.ndarray
    shortened: bool = False  # the hole is longer than what a trial may hide


def kinds_of(data: TaskData) -> tuple[list[Kind], bool]:
    """What the trials imitate, and whether it is the table's own: a complete table has nothing to imitate."""
    longest = max(2, len(data.x) // SHARE)
    found = [] if own_rows(data) else _along(data, longest) if data.x.shape[1] == 1 else _on_map(data, longest)
    if found:
        return found, True
    place = "gap" if data.x.shape[1] == 1 else "disc"
    pattern = np.ones((longest, 1)) * np.eye(data.num_tasks, dtype=bool)[:, None]
    return [Kind(place, (task,), pattern[t].astype(bool)) for t, task in enumerate(data.tasks)], False


def _along(data: TaskData, longest: int) -> list[Kind]:
    """Holes along one sorted input: gaps, the longest late start, the longest ragged end, and single cells."""
    gone, n = missing(data), len(data.x)
    gaps: Runs = {}
    ends: dict[str, Runs] = {"start": {}, "end": {}}
    single: list[Kind] = []
    for task, column in zip(data.tasks, gone.T):
        short: list[int] = []
        for start, length in runs(column):
            if start + length == n or (start == 0 and length > SHORT):
                ends["start" if start == 0 else "end"].setdefault((start, length), []).append(task)
            elif length <= SHORT:
                short += range(start, start + length)
            else:
                gaps.setdefault((start, length), []).append(task)
        if short:
            single.append(Kind("scattered", (task,), gone[short]))
    found = [_cut("gap", gone[start : start + length], tasks, longest) for (start, length), tasks in gaps.items()]
    for place, edges in ends.items():
        if edges:  # one edge, that of the task that is missing longest, with all others that are
            start, length = max(edges, key=lambda hole: hole[1])
            found.append(_cut(place, gone[start : start + length], edges[start, length], longest))
    return found + single


def _cut(place: str, pattern: np.ndarray, tasks: list[str], longest: int) -> Kind:
    """No longer than a trial may hide: of a ragged end its last rows, of other holes the first."""
    kept = pattern[-longest:] if place == "end" else pattern[:longest]
    return Kind(place, tuple(tasks), kept, len(kept) < len(pattern))


def _on_map(data: TaskData, longest: int) -> list[Kind]:
    """Holes between several inputs: a disc where missing rows lie together, else single rows."""
    gone, found = missing(data), []
    z = spread_out(data)
    apart = np.linalg.norm(z[:, None] - z, axis=2) + np.diag(np.full(len(z), np.inf))
    nearest = apart.argmin(1)
    for task, column in zip(data.tasks, gone.T):
        rows = np.flatnonzero(column)
        if len(rows):
            together = column[nearest[rows]].mean() > (1 + column.mean()) / 2  # halfway from chance to certainty
            pattern = gone[rows][:longest] if together else gone[rows]
            found.append(Kind("disc" if together else "scattered", (task,), pattern, len(pattern) < len(rows)))
    return found
