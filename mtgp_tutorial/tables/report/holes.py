"""Where a table has holes, and of which kinds: what is missing, in which rows, and how it lies.

Where holes of a kind can go: stretches of rows, regions of a map, folds of single rows; no two overlap.

Trials: cells that are hidden as the table's own holes are, in stretches that do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import NamedTuple

import numpy as np
import torch

from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.tables.residuals import halved

MANY, VIEW = 3000, 300  # rows from which a figure would be a smear, and how many it shows then


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
    """Whether tasks have rows of their own: over half of each task's values stand alone in their row.

    Then an empty cell is no hole. A short record beside a long one has a hole: its own values stand beside others.
    """
    seen = data.observed
    alone = seen & (seen.sum(1, keepdim=True) == 1)
    return data.num_tasks > 1 and bool((alone.sum(0) > seen.sum(0) / 2).all())


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


SHORT = 2  # a run of so many rows is a hole of single cells
SHARE = 6  # at most every so-manieth row is hidden in one trial
Runs = dict[tuple[int, int], list[str]]  # tasks by first row and length of their hole


class Kind(NamedTuple):
    """Holes of one kind. asked: the tasks whose holes these are; pattern [L, T]: True where their rows are missing."""

    place: str  # "gap", "start", "end", "scattered", "disc"
    asked: tuple[str, ...]
    pattern: np.ndarray
    shortened: bool = False  # the hole is longer than what a trial may hide

    def columns(self, data: TaskData) -> list[int]:
        """The numbers of the asked tasks in a table."""
        return [data.tasks.index(task) for task in self.asked]


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
    """Holes along one sorted input: gaps, the longest late start, the longest ragged end, and single cells.

    None is longer than a trial may hide: of a ragged end these are its last rows, of other holes the first.
    """
    gone, n = missing(data), len(data.x)
    holes: dict[str, Runs] = {"gap": {}, "start": {}, "end": {}}
    single: list[Kind] = []
    for task, column in zip(data.tasks, gone.T):
        short: list[int] = []
        for start, length in runs(column):
            place = "start" if start == 0 and length > SHORT else "end" if start + length == n else "gap"
            if place == "gap" and length <= SHORT:
                short += range(start, start + length)
            else:
                holes[place].setdefault((start, length), []).append(task)
        if short:
            single.append(Kind("scattered", (task,), gone[short]))
    found = []
    for place, at in holes.items():
        # one edge, that of the task that is missing longest, with all others that are
        for start, length in at if place == "gap" else sorted(at, key=lambda hole: -hole[1])[:1]:
            edge = min(longest, max(SHORT, (n - length) // 3))  # of a short record a third
            most = longest if place == "gap" else edge
            pattern = gone[start : start + length]
            kept = pattern[-most:] if place == "end" else pattern[:most]
            found.append(Kind(place, tuple(at[start, length]), kept, len(kept) < length))
    return found + single


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


FOLDS = 16  # of single cells
ROUNDS = 4  # how often each stretch is visited; a hole as long as its stretch fits once
WANTED, CLUSTERS = 20, 5  # trials of all kinds that the stretches should have room for, and how few there may be
Place = tuple[np.ndarray, np.ndarray, slice, str]  # rows [L], what they hide [L, T], rows that are kept, stretch


def stretches_for(data: TaskData, kinds: Sequence[Kind]) -> int:
    """Into how many stretches the rows are cut: as many as the longest hole allows, unless fewer give more room."""
    n = len(data.x)
    long = {(k.place, k.asked, k.pattern.tobytes()): k for k in kinds if k.place != "scattered"}  # equal ones share it
    length = max([len(kind.pattern) for kind in long.values()], default=1)
    most, wanted = max(1, n // length), math.ceil(WANTED / len(long or kinds))
    free = [(len(kind.pattern), np.r_[0, np.cumsum(_free(data, kind))]) for kind in long.values()]

    def room(stretches: int) -> int:
        bounds = np.linspace(0, n, stretches + 1).astype(int)
        starts = [up[bounds[1:] - size + 1] - up[bounds[:-1]] for size, up in free]
        return min([wanted, *(int(np.minimum(ROUNDS, one).sum()) for one in starts)])

    counts = range(most, min(CLUSTERS, most) - 1, -1)
    return next((stretches for stretches in counts if room(stretches) == wanted), None) or max(counts, key=room)


def joins_real(data: TaskData, kind: Kind) -> np.ndarray:
    """For each first row of the pattern, whether it would overlap a real hole of an asked task, or touch one."""
    n, length = len(data.x), len(kind.pattern)
    gone = missing(data)[:, kind.columns(data)] & (not own_rows(data))
    before = int(kind.place != "start")  # the rows before a late start are dropped, as are those after a ragged end
    after = length + int(kind.place != "end")
    start, up = np.arange(n - length + 1), np.r_[0, np.cumsum(gone.any(1))]
    return up[np.minimum(start + after, n)] > up[np.maximum(start - before, 0)]


def _possible(data: TaskData, kind: Kind) -> np.ndarray:
    """For each first row of the pattern, whether half of the table is left to learn from, and a gap has two sides.

    Of a record that begins after a third of the table, or ends as early, half of its own rows are left.
    """
    n, length = len(data.x), len(kind.pattern)
    start = np.arange(n - length + 1)
    if kind.place not in ("start", "end"):
        return (start > 0) & (start < n - length)
    dropped = start if kind.place == "start" else n - length - start
    gone = missing(data)[:, kind.columns(data)].all(1)
    before = int(np.argmin(gone if kind.place == "start" else np.flip(gone)))  # rows before the record, or after it
    return dropped <= (n / 2 if before <= n / 3 else (n + before) / 2)


def _free(data: TaskData, kind: Kind) -> np.ndarray:
    """First rows away from real holes; where there are none, all that are possible. A disc may lie anywhere."""
    if kind.place == "disc":
        return np.ones(len(data.x) - len(kind.pattern) + 1, dtype=bool)
    possible = _possible(data, kind)
    away = possible & ~joins_real(data, kind)
    return away if away.any() else possible


def _stretches(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator) -> Iterator[Place]:
    """The pattern in other rows. A ragged end moves to an earlier end, and the rows after it are dropped."""
    possible = _starts(data, kind, stretches)
    for _ in range(ROUNDS):
        for s in rng.permutation(stretches):
            if len(possible[s]):
                start = int(rng.choice(possible[s]))
                stop = start + len(kind.pattern)
                kept = slice(start if kind.place == "start" else 0, stop if kind.place == "end" else len(data.x))
                yield np.arange(start, stop), kind.pattern, kept, f"stretch {s + 1}"


def _starts(data: TaskData, kind: Kind, stretches: int) -> list[np.ndarray]:
    """First rows for each stretch: those away from real holes, unless these leave too few stretches; then all."""
    n, length = len(data.x), len(kind.pattern)
    bounds = np.linspace(0, n, stretches + 1).astype(int)

    def within(allowed: np.ndarray) -> list[np.ndarray]:
        return [a + np.flatnonzero(allowed[a : b - length + 1]) for a, b in zip(bounds, bounds[1:])]

    every, away = within(_possible(data, kind)), within(_free(data, kind))
    enough = min(CLUSTERS, sum(len(starts) > 0 for starts in every))
    return away if sum(len(starts) > 0 for starts in away) >= enough else every


def _scattered(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator) -> Iterator[Place]:
    """Single rows of one fold, each with all that is missing in one row of the pattern; a sixth of the task at most."""
    n, seen = len(data.x), data.observed[:, kind.columns(data)[0]].numpy()
    most = max(1, min(len(kind.pattern), int(seen.sum()) // 6))
    for f, fold in enumerate(np.array_split(rng.permutation(n), FOLDS)):
        rows = fold[seen[fold]][:most]
        yield rows, kind.pattern[rng.integers(0, len(kind.pattern), len(rows))], slice(0, n), f"fold {f + 1}"


def _discs(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator) -> Iterator[Place]:
    """The rows of a region that are nearest to one of its own and hold the task, each with a row of the pattern."""
    n, seen = len(data.x), data.observed[:, kind.columns(data)[0]].numpy()
    z = spread_out(data)
    regions = [region[seen[region]] for region in halved(z, np.arange(n), stretches)]
    for _ in range(ROUNDS):
        for s in rng.permutation(len(regions)):
            if len(regions[s]):
                apart = np.linalg.norm(z[regions[s]] - z[rng.choice(regions[s])], axis=1)
                rows = regions[s][np.argsort(apart, kind="stable")][: len(kind.pattern)]
                yield rows, kind.pattern[: len(rows)], slice(0, n), f"region {s + 1}"


FEWEST = 3  # cells that a task keeps in every trial


@dataclass(frozen=True, eq=False)
class Trial:
    """What one trial hides. asked: the tasks whose hole it imitates; mask [N, T]; rows: those that are kept at all.

    stretch: the part of the table that it hides in. Trials of one stretch count as one cluster. joined: whether what it
    hides lies beside a real hole of the same task, for want of room, so that the two make a longer one. place: as for
    `Kind`.
    """

    label: str
    asked: tuple[str, ...]
    mask: np.ndarray
    rows: slice
    stretch: str
    joined: bool = False
    place: str = "gap"

    def tables(self, data: TaskData) -> tuple[TaskData, TaskData]:
        """Seen and hidden, for `compare`."""
        return take(data, self.rows).split(torch.as_tensor(self.mask[self.rows]))


def plan(data: TaskData, kinds: list[Kind], trials: int, seed: int) -> list[Trial]:
    """Up to so many trials, the kinds in turn, each task once before any comes again. More, or fewer, begin the same.

    Raises ValueError where not even two trials can be made.
    """
    known: set[tuple] = set()
    stretches = stretches_for(data, kinds)
    streams = [_trials(data, kind, stretches, np.random.default_rng([seed, k]), known) for k, kind in enumerate(kinds)]
    order = _each_task_first(kinds, np.random.default_rng(seed).permutation(len(streams)).tolist())
    turns = zip_longest(*(streams[k] for k in order))  # one of each, again and again, until all have ended
    made = list(islice((one for turn in turns for one in turn if one is not None), trials))
    if len(made) < 2:
        raise ValueError(
            f"the table has {len(data.x)} rows, too few to hide holes like its own and keep {FEWEST} values of each "
            "task; pass a longer table"
        )
    return [Trial(f"{k + 1}: {label}", *rest) for k, (label, *rest) in enumerate(made)]  # type: ignore[arg-type]


def _each_task_first(kinds: Sequence[Kind], order: Sequence[int]) -> list[int]:
    """The same order, but that kinds which ask a task for the first time come before all others."""
    asked: set[str] = set()
    first = []
    for k in order:
        if not asked >= {*kinds[k].asked}:
            first.append(k)
            asked |= {*kinds[k].asked}
    return first + [k for k in order if k not in first]


TENTH, ENOUGH = 0.1, 200  # share of the seen cells that judge the choice, and seen cells from which some do


def held_out_cells(data: TaskData, kinds: list[Kind], seed: int) -> np.ndarray | None:
    """Cells [N, T] like the table's own holes, about a tenth of those that were seen; None for a small table.

    They are the cells of trials of their own, of another seed than those that follow. Where all holes are late starts
    and ragged ends, these are made longer by their own length, a fifth of the record at most.
    """
    seen = data.observed.numpy()
    if seen.sum() < ENOUGH:
        return None
    found = np.zeros_like(seen)
    for trial in plan(data, kinds, 8 * FOLDS, seed + 1):
        grown = found | trial.mask
        whole = trial.rows == slice(0, len(data.x)) and (seen & ~grown).sum(0).min() >= FEWEST
        if whole and (grown & seen).sum(0).max() <= 2 * TENTH * seen.sum(0).max():
            found = grown
        if (found & seen).sum() >= TENTH * seen.sum():
            break
    found = found & seen if found.any() else _longer_edges(data, kinds)
    return found if found.any() else None


def _longer_edges(data: TaskData, kinds: Sequence[Kind]) -> np.ndarray:
    """[N, T], True at the first or last values of a record that begins late or ends early."""
    seen = data.observed.numpy()
    found = np.zeros_like(seen)
    for kind in [kind for kind in kinds if kind.place in ("start", "end")]:
        for t in kind.columns(data):
            rows = np.flatnonzero(seen[:, t])
            count = min(len(kind.pattern), int(2 * TENTH * len(rows)), len(rows) - FEWEST)
            found[rows[:count] if kind.place == "start" else rows[len(rows) - count :], t] = True
    return found


def _trials(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator, known: set[tuple]) -> Iterator[tuple]:
    """What a trial needs but its number: the places of one kind that hide enough and leave enough, each once.

    known: what other kinds have hidden, for gaps of one task may be equal; it grows.
    """
    seen = data.observed.numpy()
    asked = kind.columns(data)
    usual = float(kind.pattern[:, asked].sum(0) @ seen[:, asked].mean(0))  # what it hides at a place like any other
    least = max(1, int(usual) // 2) if kind.place != "scattered" else 1
    joins = joins_real(data, kind) if kind.place in ("gap", "start", "end") else None
    places = {"scattered": _scattered, "disc": _discs}.get(kind.place, _stretches)
    for rows, pattern, kept, stretch in places(data, kind, stretches, rng):
        mask = np.zeros(seen.shape, dtype=bool)
        mask[rows] = pattern
        hidden = at_same_input(data, mask) & seen  # a second reading there would give the hidden one away
        left = (seen & ~hidden)[kept].sum(0).min()
        key = (kind.asked, hidden.tobytes(), kept.start, kept.stop)
        if hidden[:, asked].sum() >= least and left >= FEWEST and key not in known:
            known.add(key)
            joined = joins is not None and bool(joins[rows[0]])
            yield _words(data, kind, hidden), kind.asked, hidden, kept, stretch, joined, kind.place


PLACES = {"gap": "gap", "start": "late start", "end": "ragged end", "scattered": "single cells", "disc": "disc"}


def _words(data: TaskData, kind: Kind, hidden: np.ndarray) -> str:
    """The trial as its reader may find it: place, task, first and last row."""
    rows = np.flatnonzero(hidden.any(1))
    tasks = ", ".join(kind.asked[:3]) + (" and others" if len(kind.asked) > 3 else "")
    if data.x.shape[1] > 1:
        return f"{PLACES[kind.place]} of {tasks}, {len(rows)} places around {where(data, int(rows[0]))}"
    return f"{PLACES[kind.place]} of {tasks}, {where(data, int(rows[0]))} to {where(data, int(rows[-1]))}"
