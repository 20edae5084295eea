"""Where holes of a kind can go: stretches of rows, regions of a map, folds of single rows; no two overlap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from mtgp_tutorial.report.kinds import Kind
from mtgp_tutorial.report.rows import missing, own_rows, spread_out
from mtgp_tutorial.table.data import TaskData

FOLDS = 16  # of single cells
ROUNDS = 4  # how often each stretch is visited; a hole as long as its stretch fits once
WANTED, CLUSTERS = 20, 5  # trials of all kinds that the stretches should have room for, and how few there may be
Place = tuple[np.ndarray, slice, str]  # mask [N, T], rows that are kept, stretch


def count(data: TaskData, kinds: Sequence[Kind]) -> int:
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

    best = most
    for stretches in range(most, min(CLUSTERS, most) - 1, -1):
        if room(stretches) > room(best):
            best = stretches
        if room(best) == wanted:
            break
    return best


def places(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator) -> Iterator[Place]:
    """Places for one kind, the rows cut into so many stretches."""
    if kind.place == "scattered":
        return _scattered(data, kind, rng)
    if kind.place == "disc":
        return _discs(data, kind, stretches, rng)
    return _stretches(data, kind, stretches, rng)


def joins_real(data: TaskData, kind: Kind) -> np.ndarray:
    """For each first row of the pattern, whether it would overlap a real hole of an asked task, or touch one."""
    n, length = len(data.x), len(kind.pattern)
    asked = [data.tasks.index(task) for task in kind.asked]
    gone = missing(data)[:, asked] & (not own_rows(data))
    before = int(kind.place != "start")  # the rows before a late start are dropped, as are those after a ragged end
    after = length + int(kind.place != "end")
    start, up = np.arange(n - length + 1), np.r_[0, np.cumsum(gone.any(1))]
    return up[np.minimum(start + after, n)] > up[np.maximum(start - before, 0)]


def _possible(data: TaskData, kind: Kind) -> np.ndarray:
    """For each first row of the pattern, whether half of the table is left to learn from, and a gap has two sides."""
    n, length = len(data.x), len(kind.pattern)
    start = np.arange(n - length + 1)
    if kind.place == "end":
        return start + length >= n / 2
    return start <= n / 2 if kind.place == "start" else (start > 0) & (start < n - length)


def _free(data: TaskData, kind: Kind) -> np.ndarray:
    """First rows away from real holes; where there are none, all that are possible. A disc may lie anywhere."""
    if kind.place == "disc":
        return np.ones(len(data.x) - len(kind.pattern) + 1, dtype=bool)
    away = _possible(data, kind) & ~joins_real(data, kind)
    return away if away.any() else _possible(data, kind)


def _stretches(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator) -> Iterator[Place]:
    """The pattern in other rows. A ragged end moves to an earlier end, and the rows after it are dropped."""
    n, length = len(data.x), len(kind.pattern)
    possible = _starts(data, kind, stretches)
    for _ in range(ROUNDS):
        for s in rng.permutation(stretches):
            if not len(possible[s]):
                continue
            start = int(rng.choice(possible[s]))
            stop = start + length
            mask = np.zeros((n, data.num_tasks), dtype=bool)
            mask[start:stop] = kind.pattern
            yield (
                mask,
                slice(start if kind.place == "start" else 0, stop if kind.place == "end" else n),
                f"stretch {s + 1}",
            )


def _starts(data: TaskData, kind: Kind, stretches: int) -> list[np.ndarray]:
    """First rows for each stretch: those away from real holes, unless these leave too few stretches; then all."""
    n, length = len(data.x), len(kind.pattern)
    bounds = np.linspace(0, n, stretches + 1).astype(int)

    def within(allowed: np.ndarray) -> list[np.ndarray]:
        return [a + np.flatnonzero(allowed[a : b - length + 1]) for a, b in zip(bounds, bounds[1:])]

    every, away = within(_possible(data, kind)), within(_free(data, kind))
    enough = min(CLUSTERS, sum(len(starts) > 0 for starts in every))
    return away if sum(len(starts) > 0 for starts in away) >= enough else every


def _scattered(data: TaskData, kind: Kind, rng: np.random.Generator) -> Iterator[Place]:
    """Single rows of one fold, each with all that is missing in one row of the pattern; a sixth of the task at most."""
    n, t = len(data.x), data.tasks.index(kind.asked[0])
    seen = data.observed[:, t].numpy()
    order = rng.permutation(n)
    for f, fold in enumerate(np.array_split(order, FOLDS)):
        rows = fold[seen[fold]][: max(1, min(len(kind.pattern), int(seen.sum()) // 6))]
        mask = np.zeros((n, data.num_tasks), dtype=bool)
        mask[rows] = kind.pattern[rng.integers(0, len(kind.pattern), len(rows))]
        yield mask, slice(0, n), f"fold {f + 1}"


def _discs(data: TaskData, kind: Kind, stretches: int, rng: np.random.Generator) -> Iterator[Place]:
    """The rows of a region that are nearest to one of its own and hold the task, each with a row of the pattern."""
    n, t = len(data.x), data.tasks.index(kind.asked[0])
    z, seen = spread_out(data), data.observed[:, t].numpy()
    regions = _regions(z, np.arange(n), stretches)
    for _ in range(ROUNDS):
        for s in rng.permutation(len(regions)):
            rows = regions[s][seen[regions[s]]]
            if len(rows):
                apart = np.linalg.norm(z[rows] - z[rng.choice(rows)], axis=1)
                rows = rows[np.argsort(apart, kind="stable")][: len(kind.pattern)]
                mask = np.zeros((n, data.num_tasks), dtype=bool)
                mask[rows] = kind.pattern[: len(rows)]
                yield mask, slice(0, n), f"region {s + 1}"


def _regions(z: np.ndarray, rows: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows cut into parts of as many rows each, again and again across the input in which they spread most."""
    if count == 1:
        return [rows]
    first = count // 2
    along = z[rows][:, np.ptp(z[rows], axis=0).argmax()]
    order = rows[np.argsort(along, kind="stable")]
    cut = round(len(rows) * first / count)
    return [*_regions(z, order[:cut], first), *_regions(z, order[cut:], count - first)]
