"""What the program understood of the table: the notes, what was seen, the holes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mtgp_tutorial.report import figures, page
from mtgp_tutorial.report.rows import missing, own_rows, runs, where
from mtgp_tutorial.table.data import TaskData


def reading(data: TaskData) -> dict[str, Any]:
    """What the program understood, which cells were seen, and the holes."""
    parts = [page.lines(notes(data))]
    if data.x.shape[1] == 1:
        parts.append(
            page.picture(
                figures.seen(data), "What was seen: a tick for each value.", "Ticks at the values of each task"
            )
        )
    holes = _holes(data)
    if own_rows(data):
        parts.append(page.text("The tasks have rows of their own, so an empty cell is no hole."))
    elif len(holes):
        parts.append(page.grid(holes.head(20)))
        if len(holes) > 20:
            parts.append(page.text(f"The 20 longest of {len(holes)} holes."))
    return page.section("How the table was read", parts)


def notes(data: TaskData) -> list[str]:
    """The notes of the table, and its size."""
    gone, tasks = int(missing(data).sum()), [figures.plots.label(*pair) for pair in zip(data.tasks, data.units)]
    known = (
        []
        if data.sd is None
        else [f"standard errors: known for {int((~data.sd.isnan() & data.observed).sum())} values"]
    )
    again = int((~data.observed).sum()) - gone
    twice = [
        f"{again} empty cells, whose task was seen in another row at the same input, are no holes, and stay empty"
    ] * (again > 0)
    size = f"{len(data.x)} rows, {data.num_tasks} tasks, {gone} of {data.y.numel()} cells missing"
    return [*data.notes, f"tasks: {', '.join(tasks)}", *known, *twice, size]


def _holes(data: TaskData) -> pd.DataFrame:
    """Task, first row, last row and length of each hole along one input; of several inputs the number of each task."""
    gone = missing(data)
    if data.x.shape[1] > 1:
        rows = [(task, int(column.sum())) for task, column in zip(data.tasks, gone.T) if column.any()]
        return pd.DataFrame(rows, columns=["task", "missing"])
    found = [
        (task, where(data, a), where(data, a + n - 1), n)
        for task, column in zip(data.tasks, gone.T)
        for a, n in runs(column)
    ]
    return pd.DataFrame(found, columns=["task", "from", "to", "rows"]).sort_values(
        "rows", ascending=False, kind="stable"
    )
