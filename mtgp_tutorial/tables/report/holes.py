"""Where a table has holes, of which kinds they are, and trials: the same holes, hidden at other places of the table.

Along one input the rows are cut into parts, on a map into regions, single cells into folds. Trials of one part could
only have turned out differently together; they count as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np
import torch

from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.tables.residuals import halved

SHORT, SHARE = 2, 6  # a run of so many rows is single cells; at most every so-manieth row is hidden in one trial
INDEPENDENT, PARTS, FOLDS, ROUNDS = 8, 20, 16, 4  # parts that a choice takes, and at most; visits to each
FEWEST = 3  # cells that a task keeps in every trial
TENTH, ENOUGH = 0.1, 200  # share of the seen cells that judge the choice, and seen cells from which some do
PLACES = {"gap": "gap", "start": "late start", "end": "ragged end", "scattered": "single cells", "disc": "disc"}


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


def own_rows(data: TaskData) -> bool:
    """Whether over half of each task's values stand alone in their row: then an empty cell is no hole."""
    alone = data.observed & (data.observed.sum(1, keepdim=True) == 1)
    return data.num_tasks > 1 and bool((alone.sum(0) > data.observed.sum(0) / 2).all())


class Kind(NamedTuple):
    """Holes of one kind, a key of PLACES. asked: the tasks whose holes these are; pattern [L, T]: True where their rows
    are missing, as many as a trial may hide; rows: how many the hole has."""

    place: str
    asked: tuple[str, ...]
    pattern: np.ndarray
    rows: int


def kinds_of(data: TaskData) -> tuple[list[Kind], bool]:
    """What the trials imitate, and whether it is the table's own: a complete table has nothing to imitate."""
    longest, line = max(2, len(data.x) // SHARE), data.x.shape[1] == 1
    if not own_rows(data) and (found := (_along if line else _on_map)(data, longest)):
        return found, True
    each = zip(data.tasks, np.eye(data.num_tasks, dtype=bool))
    return [Kind("gap" if line else "disc", (t,), np.tile(row, (longest, 1)), 0) for t, row in each], False


def _along(data: TaskData, longest: int) -> list[Kind]:
    """Gaps, the longest late start, the longest ragged end, and single cells. Of what is longer the last rows count in
    a ragged end, else the first."""
    gone, n, single = missing(data), len(data.x), []
    holes: dict[str, dict[tuple[int, int], list[str]]] = {"gap": {}, "start": {}, "end": {}}
    for task, column in zip(data.tasks, gone.T):
        short: list[int] = []
        for start, length in runs(column):
            place = "start" if start == 0 and length > SHORT else "end" if start + length == n else "gap"
            if place == "gap" and length <= SHORT:
                short += range(start, start + length)
            else:
                holes[place].setdefault((start, length), []).append(task)
        single += [Kind("scattered", (task,), gone[short], 1)] if short else []
    found = []
    for place, at in holes.items():
        for start, length in at if place == "gap" else sorted(at, key=lambda hole: -hole[1])[:1]:
            most = longest if place == "gap" else min(longest, max(SHORT, (n - length) // 3))  # of a record a third
            pattern = gone[start : start + length][-most if place == "end" else 0 :][:most]
            found.append(Kind(place, tuple(at[start, length]), pattern, length))
    return found + single


def _on_map(data: TaskData, longest: int) -> list[Kind]:
    """A disc where missing rows lie together, else single rows."""
    gone, z, found = missing(data), _spread_out(data), []
    nearest = (np.linalg.norm(z[:, None] - z, axis=2) + np.diag(np.full(len(z), np.inf))).argmin(1)
    for task, column in zip(data.tasks, gone.T):
        if len(rows := np.flatnonzero(column)):
            disc = column[nearest[rows]].mean() > (1 + column.mean()) / 2  # halfway from chance to certainty
            place, most, size = ("disc", longest, len(rows)) if disc else ("scattered", len(rows), 1)
            found.append(Kind(place, (task,), gone[rows][:most], size))
    return found


def _spread_out(data: TaskData) -> np.ndarray:
    x = (data.x - data.x.mean(0)).numpy()  # for distances
    return x / np.where(x.std(0) > 0, x.std(0), 1.0)


class Trial(NamedTuple):
    """What one trial hides. asked: the tasks whose hole it imitates; mask [N, T]; rows: those that are kept at all;
    part: of the table, in which it hides; length: of the hole, in rows."""

    label: str
    asked: tuple[str, ...]
    mask: np.ndarray
    rows: slice
    part: str
    length: int

    def tables(self, data: TaskData) -> tuple[TaskData, TaskData]:  # seen and hidden
        return take(data, self.rows).split(torch.as_tensor(self.mask[self.rows]))


def plan(data: TaskData, kinds: Sequence[Kind], trials: int, seed: int) -> list[Trial]:
    """Up to so many trials: the kinds in turn, each task once before any comes again. ValueError for fewer than two."""
    rng, known = np.random.default_rng(seed), set[tuple[str, bytes, int]]()
    length = max([len(kind.pattern) for kind in kinds if kind.place != "scattered"], default=1)
    used = {"part": rng.random(max(1, min(PARTS, len(data.x) // length))), "fold": rng.random(FOLDS)}
    order = rng.permutation(len(kinds)).tolist()
    first = {task: k for k in reversed(order) for task in kinds[k].asked}
    order.sort(key=lambda k: k not in first.values())
    streams = [_trials(data, kinds[k], used, [seed, k], known) for k in order]
    made = list(islice((one for turn in zip_longest(*streams) for one in turn if one is not None), trials))
    if len(made) < 2:
        least = data.tasks[int(data.observed.sum(0).argmin())]
        few = f"{len(data.x)} rows, too few to hide holes like its own and keep {FEWEST} values of each column"
        raise ValueError(f"the table has {few}; pass a longer one, or leave {least!r} out")
    return [Trial(f"{k}: {label}", *rest) for k, (label, *rest) in enumerate(made, start=1)]


def held_out_cells(data: TaskData, kinds: Sequence[Kind], seed: int) -> np.ndarray | None:
    """Cells [N, T] that judge the choice: those of trials of another seed, but of late starts and ragged ends, a tenth
    of what was seen; None for a small table."""
    seen = data.observed.numpy()
    found = np.zeros_like(seen)
    for trial in plan(data, kinds, 8 * FOLDS, seed + 1) if seen.sum() >= ENOUGH else ():
        grown = found | trial.mask
        whole = trial.rows == slice(0, len(data.x)) and (seen & ~grown).sum(0).min() >= FEWEST
        if whole and grown.sum(0).max() <= 2 * TENTH * seen.sum(0).max():
            found = grown
        if found.sum() >= TENTH * seen.sum():
            break
    return found if found.any() else None


Used = dict[str, np.ndarray]  # how often trials of all kinds have hidden in each part, and in each fold; it grows
Places = Iterator[tuple[np.ndarray, np.ndarray, slice, tuple[str, int]]]  # rows [L], what they hide [L, T], rows kept


def _trials(data: TaskData, kind: Kind, used: Used, seed: list[int], known: set) -> Iterator[tuple]:
    """What a trial needs but its number: places of one kind that hide enough, leave enough, and are no other kind's."""
    seen, single, asked = data.observed.numpy(), kind.place == "scattered", [data.tasks.index(t) for t in kind.asked]
    usual = float(kind.pattern[:, asked].sum(0) @ seen[:, asked].mean(0))  # what it hides at a place like any other
    places = _single_cells if single else _discs if kind.place == "disc" else _along_rows
    for rows, pattern, kept, (name, number) in places(data, kind, asked, used, np.random.default_rng(seed)):
        mask = np.zeros(seen.shape, dtype=bool)
        mask[rows] = pattern
        hidden = at_same_input(data, mask) & seen  # a second reading there would give the hidden one away
        enough = hidden[:, asked].sum() >= (1 if single else max(1, int(usual) // 2))
        key = (str(kind.asked), hidden.tobytes(), kept.start + len(seen) * kept.stop)
        if enough and (seen & ~hidden)[kept].sum(0).min() >= FEWEST and key not in known:
            known.add(key)
            used[name][number] += 1
            at, tasks = data.x[hidden.any(1), 0].tolist(), " ".join(", ".join(kind.asked[:3]).split())  # on one line
            label = f"{PLACES[kind.place]} of {tasks}, {len(at)} from {_shown(data, at[0])} to {_shown(data, at[-1])}"
            yield label, kind.asked, hidden, kept, f"{name} {number + 1}", 1 if single else len(pattern)


def _shown(data: TaskData, x: float) -> str:
    """An input, as a date where it is one."""
    return f"{x:.10g}" if data.calendar is None else str(data.calendar.to_dates([x])[0]).removesuffix(" 00:00:00")


def _turns(usable: Sequence[int], used: np.ndarray) -> Iterator[int]:
    """These parts again and again, each time the least used first."""
    for _ in range(ROUNDS):
        left = {*usable}
        while left:
            yield (part := min(left, key=used.__getitem__))
            left.remove(part)


def _along_rows(data: TaskData, kind: Kind, at: list[int], used: Used, rng: np.random.Generator) -> Places:
    """The pattern in other rows, away from real holes where there is room. What lies beyond a moved end is dropped."""
    n, length = len(data.x), len(kind.pattern)
    bounds = np.linspace(0, n, len(used["part"]) + 1).astype(int)
    away, starts = (
        [a + np.flatnonzero(allowed[a : max(a, b - length + 1)]) for a, b in zip(bounds, bounds[1:])]
        for allowed in _starts(data, kind, at)
    )
    usable, free = ([part for part, some in enumerate(found) if len(some)] for found in (starts, away))
    if len(free) >= min(INDEPENDENT, len(usable)):
        usable, starts = free, away
    for part in _turns(usable, used["part"]):
        start = int(rng.choice(starts[part]))
        kept = slice(start if kind.place == "start" else 0, start + length if kind.place == "end" else n)
        yield np.arange(start, start + length), kind.pattern, kept, ("part", part)


def _starts(data: TaskData, kind: Kind, at: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """For each first row of the pattern, whether it keeps away from real holes, and whether it is possible at all: a
    gap has two sides, and half of the table is left, or of a record that begins late half of its own rows."""
    n, length, place = len(data.x), len(kind.pattern), kind.place
    gone, start = missing(data)[:, at] & (not own_rows(data)), np.arange(n - length + 1)
    possible = (start > 0) & (start < n - length)
    if place != "gap":
        lone, dropped = (gone.all(1), start) if place == "start" else (np.flip(gone.all(1)), n - length - start)
        before = int(np.argmin(lone))  # rows beyond the record
        possible = dropped <= (n / 2 if before <= n / 3 else (n + before) / 2)
    up, first, last = np.r_[0, np.cumsum(gone.any(1))], start - (place != "start"), start + length + (place != "end")
    return possible & (up[np.minimum(last, n)] == up[np.maximum(first, 0)]), possible


def _single_cells(data: TaskData, kind: Kind, at: list[int], used: Used, rng: np.random.Generator) -> Places:
    """Single rows of one fold, a sixth of the task at most, each with what is missing in one row of the pattern."""
    n, seen = len(data.x), data.observed[:, at[0]].numpy()
    most = max(1, min(len(kind.pattern), int(seen.sum()) // SHARE))
    folds = np.array_split(np.random.default_rng(n).permutation(n), FOLDS)  # the same for all tasks
    for part in _turns(range(FOLDS), used["fold"]):
        rows = rng.permutation(folds[part][seen[folds[part]]])[:most]
        yield rows, kind.pattern[rng.integers(0, len(kind.pattern), len(rows))], slice(0, n), ("fold", part)


def _discs(data: TaskData, kind: Kind, at: list[int], used: Used, rng: np.random.Generator) -> Places:
    """The rows of a region that are nearest to one of its own and hold the task, each with a row of the pattern."""
    n, seen, z = len(data.x), data.observed[:, at[0]].numpy(), _spread_out(data)
    regions = [region[seen[region]] for region in halved(z, np.arange(n), len(used["part"]))]
    for part in _turns([part for part, region in enumerate(regions) if len(region)], used["part"]):
        apart = np.linalg.norm(z[regions[part]] - z[rng.choice(regions[part])], axis=1)
        rows = regions[part][np.argsort(apart, kind="stable")][: len(kind.pattern)]
        yield rows, kind.pattern[: len(rows)], slice(0, n), ("part", part)
