"""Trials: cells that are hidden as the table's own holes are, in stretches that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from mtgp_tutorial.report import moving
from mtgp_tutorial.report.kinds import Kind
from mtgp_tutorial.report.rows import at_same_input, take, where
from mtgp_tutorial.table.data import TaskData

FEWEST = 3  # cells that a task keeps in every trial


@dataclass(frozen=True, eq=False)
class Trial:
    """What one trial hides. asked: the tasks whose hole it imitates; mask [N, T]; rows: those that are kept at all.

    stretch: the part of the table that it hides in. Trials of one stretch count as one cluster. joined: whether what it
    hides lies beside a real hole of the same task, for want of room, so that the two make a longer one.
    """

    label: str
    asked: tuple[str, ...]
    mask: np.ndarray
    rows: slice
    stretch: str
    joined: bool = False

    def tables(self, data: TaskData) -> tuple[TaskData, TaskData]:
        """Seen and hidden, for `compare`."""
        return take(data, self.rows).split(torch.as_tensor(self.mask[self.rows]))


def plan(data: TaskData, kinds: list[Kind], trials: int, seed: int) -> list[Trial]:
    """Up to so many trials, the kinds in turn. More trials, or fewer, begin with the same ones.

    Raises ValueError where not even two trials can be made.
    """
    known: set[tuple] = set()
    stretches = moving.count(data, kinds)
    streams = [_trials(data, kind, stretches, np.random.default_rng([seed, k]), known) for k, kind in enumerate(kinds)]
    order = np.random.default_rng(seed).permutation(len(streams))  # many gaps of one task shall not push others out
    made = list(islice(_in_turn([streams[k] for k in order]), trials))
    if len(made) < 2:
        raise ValueError(
            f"the table has {len(data.x)} rows, too few to hide holes like its own and keep {FEWEST} values of each "
            "task; pass a longer table"
        )
    return [Trial(f"{k + 1}: {label}", *rest) for k, (label, *rest) in enumerate(made)]  # type: ignore[arg-type]


def _in_turn(streams: list[Iterator[tuple]]) -> Iterator[tuple]:
    """One of each, again and again, until all have ended."""
    while streams:
        for stream in list(streams):
            one = next(stream, None)
            if one is None:
                streams.remove(stream)
            else:
                yield one


def _trials(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator, known: set[tuple]) -> Iterator[tuple]:
    """What a trial needs but its number: the places of one kind that hide enough and leave enough, each once.

    known: what other kinds have hidden, for gaps of one task may be equal; it grows.
    """
    seen = data.observed.numpy()
    asked = [data.tasks.index(task) for task in kind.asked]
    usual = float(kind.pattern[:, asked].sum(0) @ seen[:, asked].mean(0))  # what it hides at a place like any other
    least = max(1, int(usual) // 2) if kind.place != "scattered" else 1
    joins = moving.joins_real(data, kind) if kind.place in ("gap", "start", "end") else None
    for mask, rows, stretch in moving.places(data, kind, stretches, rng):
        hidden = at_same_input(data, mask) & seen  # a second reading there would give the hidden one away
        left = (seen & ~hidden)[rows].sum(0).min()
        key = (kind.asked, hidden.tobytes(), rows.start, rows.stop)
        if hidden[:, asked].sum() >= least and left >= FEWEST and key not in known:
            known.add(key)
            joined = joins is not None and bool(joins[mask.any(1).argmax()])
            yield _words(data, kind, hidden), kind.asked, hidden, rows, stretch, joined


def _words(data: TaskData, kind: Kind, hidden: np.ndarray) -> str:
    """The trial as its reader may find it: place, task, first and last row."""
    rows = np.flatnonzero(hidden.any(1))
    tasks = ", ".join(kind.asked[:3]) + (" and others" if len(kind.asked) > 3 else "")
    words = {"gap": "gap", "start": "late start", "end": "ragged end", "scattered": "single cells", "disc": "disc"}
    if data.x.shape[1] > 1:
        return f"{words[kind.place]} of {tasks}, {len(rows)} places around {where(data, int(rows[0]))}"
    return f"{words[kind.place]} of {tasks}, {where(data, int(rows[0]))} to {where(data, int(rows[-1]))}"
