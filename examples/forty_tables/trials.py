"""The trials of the benchmark: which cells of a table are hidden, and which of them are asked for.

    python examples/forty_tables/trials.py            # checks trials.csv.xz
    python examples/forty_tables/trials.py --write    # makes it again

Eight trials a table. Each hides cells of one or several kinds at once, in different columns:

- 0, 1: a gap of 15 % of a column's values, one of 5 % in the next column, and 10 % of the cells of a third (of two
  columns: of the first, elsewhere).
- 2: the first 15 % of a column (it starts late), and the last 15 % of the next (it ends early).
- 3, 4, 5: gaps of 10 % in two columns; of the cells that the others have in those rows 10, 30, 60 % are hidden, too.
- 6: the same gap of 15 % in a column and in the one that is most correlated with it.
- 7: 10 % of the rows, one after the other, whole but for one column.

On a map a gap is a disc (the rows nearest to one of them), and start and end are its edges along the first input. Cells
that are hidden and not asked for belong to the holes of trials 3 to 5.
"""

import sys
import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from sources import HERE, made_of, specs, table

from mtgp_tutorial import TaskData

FILE = HERE / "trials.csv.xz"
COUNT = 8
PLACES = ((0.3, 0.72), (0.7, 0.2), (0.5, 0.5), (0.4, 0.8), (0.6, 0.25), (0.35, 0.7), (0.55, 0.5), (0.65, 0.5))
SHARES = {3: 0.1, 4: 0.3, 5: 0.6}  # of the others' cells that are hidden in a gap's rows


Part = tuple[str, int, np.ndarray]  # kind, column, rows


class Trial(NamedTuple):
    """What is seen of a table, and the cells that are asked for: rows, columns (numbers) and kinds, in order.

    truth: their values, for scoring alone.
    """

    seen: TaskData
    rows: np.ndarray
    columns: np.ndarray
    kinds: np.ndarray
    truth: np.ndarray


def gap(data: TaskData, column: int, place: float, share: float) -> np.ndarray:
    """Rows of a gap of that share of a column's values, at least two, around a place in their order."""
    rows = np.flatnonzero(data.observed[:, column])
    count = max(2, round(share * len(rows)))
    if data.x.shape[1] == 1:
        first = min(max(round(place * len(rows)) - count // 2, 1), len(rows) - count - 1)
        return rows[first : first + count]
    x = data.x.numpy()[rows]
    centre = x[np.argsort(x[:, 0], kind="stable")[round(place * (len(rows) - 1))]]
    away = (((x - centre) / x.std(0)) ** 2).sum(1)
    return np.sort(rows[np.argsort(away, kind="stable")[:count]])


def edge(data: TaskData, column: int, share: float, last: bool) -> np.ndarray:
    """Rows of the first values of a column along the first input, or of the last."""
    rows = np.flatnonzero(data.observed[:, column])
    order = rows[np.argsort(data.x.numpy()[rows, 0], kind="stable")]
    count = max(2, round(share * len(rows)))
    return np.sort(order[-count:] if last else order[:count])


def neighbour(data: TaskData, column: int) -> int:
    """The other column of the largest absolute correlation with this one."""
    found = pd.DataFrame(data.y.numpy()).corr().abs()[column].drop(column)
    return int(found.idxmax())


def parts(data: TaskData, trial: int, draw: np.random.Generator) -> list[Part]:
    """What a trial asks for."""
    T, seen = data.num_tasks, data.observed.numpy()
    a, b, c = ((trial + k) % T for k in range(3))
    first, second = PLACES[trial]
    if trial < 2:
        two = [("gap 15", a, gap(data, a, first, 0.15)), ("gap 5", b, gap(data, b, second, 0.05))]
        gaps = np.concatenate([np.empty(0, int), *(rows for _, t, rows in two if t == c)])  # of two columns, c is a
        free = np.setdiff1d(np.flatnonzero(seen[:, c]), gaps)
        single = draw.choice(free, max(2, round(0.1 * seen[:, c].sum())), replace=False)
        return [*two, ("cells", c, np.sort(single))]
    if trial == 2:
        return [("late start", a, edge(data, a, 0.15, False)), ("early end", b, edge(data, b, 0.15, True))]
    if trial in SHARES:
        kind = f"others {100 * SHARES[trial]:.0f}"
        return [(kind, a, gap(data, a, first, 0.1)), (kind, b, gap(data, b, second, 0.1))]
    rows = gap(data, a, first, 0.15 if trial == 6 else 0.1)
    tasks = (a, neighbour(data, a)) if trial == 6 else [t for t in range(T) if t != a]
    return [("silent" if trial == 6 else "row but one", t, rows[seen[rows, t]]) for t in tasks]


def beside(data: TaskData, part: Part, asked: set, share: float, draw: np.random.Generator) -> list[tuple[int, int]]:
    """Columns and rows of that share of the cells beside a part, of those that are not asked for themselves."""
    _, column, rows = part
    seen, T = data.observed.numpy(), data.num_tasks
    free = [(t, row) for row in rows for t in range(T) if seen[row, t] and t != column and (t, row) not in asked]
    count = min(len(free), max(1, round(share * len(free))))
    return [free[k] for k in np.sort(draw.choice(len(free), count, replace=False))]


def hidden(name: str, data: TaskData, trial: int) -> pd.DataFrame:
    """Cells of a trial: kind, column, row, asked (1 or 0)."""
    draw = np.random.default_rng([zlib.crc32(name.encode()), trial])
    found = parts(data, trial, draw)
    cells = [(kind, t, row, 1) for kind, t, rows in found for row in rows]
    asked = {(t, row) for _, t, row, _ in cells}
    for part in found if trial in SHARES else ():
        cells += [(part[0], *cell, 0) for cell in beside(data, part, asked, SHARES[trial], draw)]
    frame = pd.DataFrame(cells, columns=["kind", "column", "row", "asked"])
    return frame.drop_duplicates(["column", "row"])


def made() -> pd.DataFrame:
    """All trials of all tables."""
    every = []
    for name in specs().index:
        data = table(name)
        for trial in range(COUNT):
            cells = hidden(name, data, trial)
            every.append(cells.assign(column=[data.tasks[t] for t in cells["column"]], trial=trial, table=name))
    return pd.concat(every, ignore_index=True)[["table", "trial", "kind", "column", "row", "asked"]]


def stored() -> pd.DataFrame:
    """trials.csv.xz."""
    return pd.read_csv(FILE)


def trials(name: str, data: TaskData | None = None) -> list[Trial]:
    """The eight trials of a table; data: in its place, of the same shape (to see whether hidden values matter)."""
    data, every = data or table(name), stored()
    found = []
    for _, cells in every[every["table"] == name].groupby("trial"):
        at = cells["row"].to_numpy(), cells["column"].map(data.tasks.index).to_numpy()
        hide = np.zeros(tuple(data.y.shape), dtype=bool)
        hide[at] = True
        y = np.where(hide, np.nan, data.y.numpy())
        seen = made_of(data.x, y, data.tasks, data.x_name)
        asked = cells["asked"].to_numpy(bool)
        rows, columns = (place[asked] for place in at)
        found.append(Trial(seen, rows, columns, cells["kind"].to_numpy()[asked], data.y.numpy()[rows, columns]))
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        made().to_csv(FILE, index=False, lineterminator="\n")
    elif made().to_csv(index=False) != stored().to_csv(index=False):
        sys.exit(f"{FILE.name}: is not what this program makes")
