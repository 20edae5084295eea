"""A long frame, one row for each value, as the rows and tasks of a table."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.table.guessing import is_error
from mtgp_tutorial.table.headers import column, names_in, numbers_alone, split_unit
from mtgp_tutorial.table.inputs import Inputs, numbers, standard_errors
from mtgp_tutorial.table.refusing import TableError, count, listed, place


def spread(
    frame: pd.DataFrame, used: Sequence[Hashable], tasks: Any, sd: Any, series: Any, value: Any, inputs: Inputs
) -> tuple[dict[str, Any], Inputs]:
    """y, sd and headers of a frame with one row for each value, and the inputs of the rows that these make.

    Two values of one series at one input become two rows. Rows and tasks stand in the order of their first value.
    """
    if series is None or value is None:
        raise TableError(
            "series, value: one is not given", "name both columns", "series" if series is None else "value"
        )
    series, value = column(frame, series, "series"), column(frame, value, "value")
    if frame[series].isna().any():
        raise TableError(
            f"{place(frame[series], int(frame[series].isna().to_numpy().argmax()))}: is missing", "name each series"
        )
    name = frame[series].astype(str).str.strip()
    names = list(dict.fromkeys(name)) if tasks is None else [str(task) for task in names_in(tasks)]
    if unknown := [task for task in names if task not in set(name)]:
        raise TableError(f"tasks: {unknown[0]!r} is no series", f"name some of {listed(name.unique())}", "tasks")
    keep = name.isin(names).to_numpy()
    rows = pd.DataFrame(inputs.x[keep]).assign(name=name.to_numpy()[keep])
    copy = rows.groupby(list(rows.columns)).cumcount()
    row = rows.drop(columns="name").assign(copy=copy).groupby([*range(inputs.x.shape[1]), "copy"], sort=False).ngroup()
    shape, at = (int(row.max()) + 1, len(names)), (row.to_numpy(), rows["name"].map(names.index).to_numpy())
    first = row.drop_duplicates().index

    def cells_of(c: Hashable, argument: str) -> np.ndarray:
        cells = np.full(shape, np.nan)
        cells[at] = numbers(frame[c], argument)[keep]
        return cells

    errors, found = sd, None
    if sd is not None and not numbers_alone(frame, sd):
        if not isinstance(sd, (str, int)):
            raise TableError(
                f"sd: is a {type(sd).__name__}", "with series= and value=, name one column, or pass numbers", "sd"
            )
        found = column(frame, sd, "sd")
        standard_errors(frame[found], numbers(frame[value], "value"))
        errors = cells_of(found, "sd")
    headers = [(task, split_unit(value)[1]) for task in names]
    if (again := int((copy > 0).sum())) > 0:
        inputs.notes.append(
            f"rows: {count(again, 'value')} of a series at an input it had already; kept as rows of their own"
        )
    inputs.notes.append(f"{series}: names {len(names)} series, values in {value}")
    for c in [c for c in frame if c not in (*used, series, value, found)]:
        why = f"looks like standard errors of {value}; left out; sd={c!r} uses it"
        inputs.notes.append(f"{c}: {why if found is None and is_error(c, frame) else 'not used; left out'}")
    return {"y": cells_of(value, "value"), "sd": errors, "headers": headers}, inputs._replace(
        x=rows.iloc[first, :-1].to_numpy()
    )
