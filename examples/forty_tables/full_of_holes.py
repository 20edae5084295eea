"""Trials of tables full of holes: what is hidden of each table, and which of these cells are asked for.

    python examples/forty_tables/full_of_holes.py            # checks holes.csv.xz
    python examples/forty_tables/full_of_holes.py --write    # makes it again

Two trials of each of ten kinds, on the tables of tables.csv and of further.csv; no method has a part in them:

- "cells 20", "cells 40": so many per cent of all cells, at random.
- "staggered half", "staggered tenth": each column is silent for three tenths of the rows, and its silence overlaps that
  of the next column by a half, or by a tenth.
- "visit one", "visit half": each row keeps one column, or half of them.
- "block but one": three tenths of the rows, one after the other, keep one column.
- "rows inside", "rows at an end": a tenth of the rows is wholly empty, single ones inside, or the first or the last.
- "high values": a cell is the likelier to be missing, the higher its rank in its column; a quarter of all cells. Holes
  of the other kinds do not depend on the values, which is the best case of every model here.

A column keeps at least four values, of which two differ. Of the hidden cells at most sixty are asked for. On a map the
order of rows is that of the first input. A line of the file has the rows of a column that are hidden, and those of them
that are asked for, as numbers from 0 and ranges of them.
"""

import sys
import zlib
from collections.abc import Callable

import numpy as np
import pandas as pd
from sources import HERE, specs, table

from mtgp_tutorial import TaskData

FILE = HERE / "holes.csv.xz"
COUNT, ASKED, LEAST = 2, 60, 4  # trials of a kind; cells that are asked for, at most; values that a column keeps


def at_random(data: TaskData, share: float, draw: np.random.Generator) -> np.ndarray:
    """A share of all cells, [N, T]."""
    return draw.uniform(size=tuple(data.y.shape)) < share


def staggered(data: TaskData, overlap: float, draw: np.random.Generator) -> np.ndarray:
    """Silences of three tenths of the rows, column after column in an order that is drawn."""
    N, T = data.y.shape
    length = max(2, round(0.3 * N))
    step, first = round((1 - overlap) * length), int(draw.integers(N))
    hidden = np.zeros((N, T), bool)
    for k, t in enumerate(draw.permutation(T)):
        hidden[(first + k * step + np.arange(length)) % N, t] = True
    return hidden


def visits(data: TaskData, share: float, draw: np.random.Generator) -> np.ndarray:
    """All but some columns of each row, which are drawn anew."""
    N, T = data.y.shape
    kept = max(1, round(share * T))
    return draw.uniform(size=(N, T)).argsort(1).argsort(1) >= kept


def block(data: TaskData, share: float, draw: np.random.Generator) -> np.ndarray:
    """Rows one after the other that keep one column."""
    N, T = data.y.shape
    length = max(2, round(share * N))
    first, keeps = int(draw.integers(N - length + 1)), int(draw.integers(T))
    rows = (np.arange(N) >= first) & (np.arange(N) < first + length)
    return rows[:, None] & (np.arange(T) != keeps)


def inside(data: TaskData, share: float, draw: np.random.Generator) -> np.ndarray:
    """Whole rows, none of them the first or the last."""
    N, T = data.y.shape
    rows = 1 + draw.choice(N - 2, max(2, round(share * N)), replace=False)
    return np.isin(np.arange(N), rows)[:, None] & np.ones(T, bool)


def at_an_end(data: TaskData, share: float, draw: np.random.Generator) -> np.ndarray:
    """The first rows or the last, whole."""
    N, T = data.y.shape
    count = max(2, round(share * N))
    rows = np.arange(N) >= N - count if draw.integers(2) else np.arange(N) < count
    return rows[:, None] & np.ones(T, bool)


def high(data: TaskData, share: float, draw: np.random.Generator) -> np.ndarray:
    """Cells with a probability of twice the share times their rank, from 0 to 1, in their column."""
    rank = pd.DataFrame(data.y.numpy()).rank(pct=True).to_numpy()
    return draw.uniform(size=rank.shape) < 2 * share * rank


KINDS: dict[str, tuple[Callable[[TaskData, float, np.random.Generator], np.ndarray], float]] = {
    "cells 20": (at_random, 0.2),
    "cells 40": (at_random, 0.4),
    "staggered half": (staggered, 0.5),
    "staggered tenth": (staggered, 0.1),
    "visit one": (visits, 0.0),
    "visit half": (visits, 0.5),
    "block but one": (block, 0.3),
    "rows inside": (inside, 0.1),
    "rows at an end": (at_an_end, 0.1),
    "high values": (high, 0.25),
}


def masks(name: str, data: TaskData, kind: str, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells that a trial hides, and those that it asks for, [N, T] each."""
    draw = np.random.default_rng([zlib.crc32(name.encode()), zlib.crc32(kind.encode()), number])
    make, share = KINDS[kind]
    order = np.argsort(data.x.numpy()[:, 0], kind="stable")
    hidden = np.empty(tuple(data.y.shape), bool)
    hidden[order] = make(data, share, draw)
    hidden &= data.observed.numpy()
    for t, column in enumerate(data.y.numpy().T):
        for row in draw.permutation(np.flatnonzero(hidden[:, t])):
            seen = column[~hidden[:, t] & ~np.isnan(column)]
            if len(seen) >= LEAST and seen.min() < seen.max():
                break
            hidden[row, t] = False
    asked, cells = np.zeros_like(hidden), np.flatnonzero(hidden)
    asked.flat[draw.choice(cells, min(ASKED, len(cells)), replace=False)] = True
    return hidden, asked


def ranges(rows: np.ndarray) -> str:
    """Row numbers as "3 5-9 12"."""
    parts = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1) if len(rows) else []
    return " ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def numbers(text: str) -> np.ndarray:
    """The row numbers of `ranges`."""
    ends = [(part.split("-") * 2)[:2] for part in text.split()]
    return np.concatenate([np.arange(int(first), int(last) + 1) for first, last in ends] or [np.empty(0, int)])


def made() -> pd.DataFrame:
    """All trials of all tables."""
    lines = []
    for name in (*specs().index, *specs("further.csv").index):
        data = table(name)
        for kind in KINDS:
            for number in range(COUNT):
                both = masks(name, data, kind, number)
                for task, *columns in zip(data.tasks, *(mask.T for mask in both)):
                    if columns[0].any():
                        lines.append([name, kind, number, task, *(ranges(np.flatnonzero(one)) for one in columns)])
    return pd.DataFrame(lines, columns=["table", "kind", "trial", "column", "hidden", "asked"])


def stored() -> pd.DataFrame:
    """holes.csv.xz."""
    return pd.read_csv(FILE, dtype={"hidden": str, "asked": str}, keep_default_na=False)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        made().to_csv(FILE, index=False, lineterminator="\n")
    elif made().to_csv(index=False) != stored().to_csv(index=False):
        sys.exit(f"{FILE.name}: is not what this program makes")
