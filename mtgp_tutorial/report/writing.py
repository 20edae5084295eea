"""filled.csv: the table with its holes filled, and names that no spreadsheet takes for a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mtgp_tutorial.report.keeping import put
from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.report.rows import missing
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction

FORMULA = ("=", "+", "-", "@")
EXTRA = ("low", "high", "filled")  # columns of filled.csv beside each task


def safe(name: str) -> str:
    """A name on one line that a spreadsheet reads as text: an apostrophe before what it would take for a formula."""
    line = " ".join(name.split())
    return "'" + line if line.startswith(FORMULA) else line


def with_safe_names(data: TaskData) -> TaskData:
    """The table with such names, and a note on those that had to change. Refused where filled.csv has no room."""
    tasks, x_names = [safe(task) for task in data.tasks], [safe(name) for name in data.x_names]
    pairs = zip([*data.x_names, *data.tasks], [*x_names, *tasks])
    changed = [f"{old!r} is called {new!r}" for old, new in pairs if old != new]
    notes = [f"names: {', '.join(changed)}, so that no spreadsheet takes it for a formula"] if changed else []
    columns = [*x_names, *(f"{task} {extra}".strip() for task in tasks for extra in ("", *EXTRA))]
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise Refused(f"column {twice[0]!r} would stand twice in filled.csv; rename it in the file")
    return replace(data, tasks=tasks, x_name=x_names[0], x_names=x_names, notes=(*data.notes, *notes))


def filled_table(data: TaskData, answer: Prediction, log: Sequence[str] = ()) -> pd.DataFrame:
    """The inputs, and for each task its value, the ends of its band where it was filled, and whether it was.

    Where a task was seen in another row at the same input, its cell stays empty.

    data: the table as it was modelled; answer: `impute` of it. Observed values are unchanged. The band is two standard
    deviations to either side; numbers that were computed are rounded to a ten-thousandth of the task's spread. log:
    tasks whose logarithm was modelled, and whose filled value is the median.
    """
    table, spread, gone = inputs(data), data.scale().sd.tolist(), missing(data)
    for t, task in enumerate(data.tasks):
        mean, sd, y = answer.mean[:, t].numpy(), answer.sd[:, t].numpy(), data.y[:, t].numpy()
        hole, back = gone[:, t], np.exp if task in log else np.asarray
        size = spread[t] * (float(np.exp(np.nanmedian(y))) if task in log else 1.0)
        places = 4 - math.floor(math.log10(size))
        middle, low, high = (np.round(back(mean + k * sd), places) for k in (0, -2, 2))
        table[task] = np.where(hole, middle, back(y))
        table[f"{task} low"], table[f"{task} high"] = np.where(hole, low, np.nan), np.where(hole, high, np.nan)
        table[f"{task} filled"] = np.where(hole, "yes", "no")
    return table


def write_filled(path: str | Path, data: TaskData, answer: Prediction, log: Sequence[str] = ()) -> None:
    """`filled_table` as a CSV file."""
    put(Path(path), filled_table(data, answer, log).to_csv(index=False, float_format="%.12g"))


def inputs(data: TaskData) -> pd.DataFrame:
    """Names of the rows, where they have some, and the inputs by name; dates as dates."""
    table = pd.DataFrame(data.x.numpy(), columns=list(data.x_names))
    if data.calendar is not None:
        when = data.calendar.to_dates(data.x[:, 0].numpy())
        days = bool((when == when.normalize()).all())
        table[data.x_names[0]] = when.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S")
    if data.index is not None and data.index.name is not None and safe(str(data.index.name)) not in table:
        table.insert(0, safe(str(data.index.name)), [safe(str(row)) for row in data.index])
    return table
