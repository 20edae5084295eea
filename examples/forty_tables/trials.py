"""The trials of the benchmark: which cells of a table are hidden, and which of them are asked for.

    python examples/forty_tables/trials.py            # checks trials.csv.xz
    python examples/forty_tables/trials.py --write    # makes it again

Eight trials a table. Each hides cells of one or several kinds at once, in different columns:

- 0, 1: a gap of 15 % of a column's values, one of 5 % in the next column, and 10 % of the cells of a third.
- 2: the first 15 % of a column (it starts late), and the last 15 % of the next (it ends early).
- 3, 4, 5: gaps of 10 % in two columns; of the cells that the others have in those rows 10, 30, 60 % are hidden, too.
- 6: the same gap of 15 % in a column and in the one that is most correlated with it.
- 7: 10 % of the rows, whole but for one column.

On a map a gap is a disc (the rows nearest to one of them), and start and end are its edges along the first input. Cells
that are hidden and not asked for belong to the holes of trials 3 to 5.
"""

import sys
import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from tables import HERE, specs, table

from mtgp_tutorial import TaskData

FILE = HERE / "trials.csv.xz"
COUNT = 8
PLACES = ((0.3, 0.72), (0.7, 0.2), (0.5, 0.5), (0.4, 0.8), (0.6, 0.25), (0.35, 0.7), (0.55, 0.5), (0.65, 0.5))
SHARES = {3: 0.1, 4: 0.3, 5: 0.6}  # of the others' cells that are hidden in a gap's rows


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


def hidden(name: str, data: TaskData, trial: int) -> pd.DataFrame:
    """Cells of a trial: kind, column, row, asked (1 or 0)."""
    T, draw = data.num_tasks, np.random.default_rng([zlib.crc32(name.encode()), trial])
    a, b, c = ((trial + k) % T for k in range(3))
    first, second = PLACES[trial]
    seen, parts = data.observed.numpy(), []
    if trial < 2:
        parts += [("gap 15", a, gap(data, a, first, 0.15)), ("gap 5", b, gap(data, b, second, 0.05))]
        free = np.setdiff1d(
            np.flatnonzero(seen[:, c]), np.concatenate([rows for _, at, rows in parts if at == c] or [[]])
        )
        parts += [("cells", c, np.sort(draw.choice(free, max(2, round(0.1 * seen[:, c].sum())), replace=False)))]
    elif trial == 2:
        parts += [("late start", a, edge(data, a, 0.15, False)), ("early end", b, edge(data, b, 0.15, True))]
    elif trial in SHARES:
        kind = f"others {100 * SHARES[trial]:.0f}"
        parts += [(kind, a, gap(data, a, first, 0.1)), (kind, b, gap(data, b, second, 0.1))]
    elif trial == 6:
        rows = gap(data, a, first, 0.15)
        parts += [("silent", t, rows[seen[rows, t]]) for t in (a, neighbour(data, a))]
    else:
        rows = gap(data, a, first, 0.1)
        parts += [("row but one", t, rows[seen[rows, t]]) for t in range(T) if t != a]
    cells = [(kind, t, row, 1) for kind, t, rows in parts for row in rows]
    if trial in SHARES:
        asked = {(t, row) for _, t, row, _ in cells}
        for kind, t, rows in parts:
            free = [(u, row) for row in rows for u in range(T) if seen[row, u] and u != t and (u, row) not in asked]
            count = min(len(free), max(1, round(SHARES[trial] * len(free))))
            cells += [(kind, *free[k], 0) for k in np.sort(draw.choice(len(free), count, replace=False))]
    frame = pd.DataFrame(cells, columns=["kind", "column", "row", "asked"])
    return frame.drop_duplicates(["column", "row"])


def made() -> pd.DataFrame:
    """All trials of all tables."""
    parts = []
    for name in specs().index:
        data = table(name)
        for trial in range(COUNT):
            cells = hidden(name, data, trial)
            parts.append(cells.assign(column=[data.tasks[t] for t in cells["column"]], trial=trial, table=name))
    return pd.concat(parts, ignore_index=True)[["table", "trial", "kind", "column", "row", "asked"]]


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
        names = {"x_name": data.x_name} if data.x.shape[1] == 1 else {}
        seen = TaskData(data.x, y, tasks=data.tasks, **names)
        asked = cells["asked"].to_numpy(bool)
        rows, columns = (place[asked] for place in at)
        found.append(Trial(seen, rows, columns, cells["kind"].to_numpy()[asked], data.y.numpy()[rows, columns]))
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        made().to_csv(FILE, index=False, lineterminator="\n")
    elif made().to_csv(index=False) != stored().to_csv(index=False):
        sys.exit(f"{FILE.name}: is not what this program makes")
