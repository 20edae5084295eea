"""The table as it is modelled: read, with guesses that are said first, sorted, thinned, on a log scale where asked.

filled.csv: the table with its holes filled, and names that no spreadsheet takes for a formula.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.naming import input_frame
from mtgp_tutorial.prediction import TWO_SD, Prediction
from mtgp_tutorial.tables.files.reading import proposed_errors, read_table, suspected_codes, typed_columns
from mtgp_tutorial.tables.files.text import File, parse
from mtgp_tutorial.tables.input_rules import chosen_inputs
from mtgp_tutorial.tables.report.holes import missing
from mtgp_tutorial.tables.report.options import Refused, put

FEWEST = 4  # values of a task: one can be hidden, and three stay


def read_asked(asked: argparse.Namespace) -> tuple[TaskData, dict[str, Any]]:
    """The table, and the arguments of `read_table` that gave it, guesses included. Raises ValueError and OSError.

    Each task has enough values.
    """
    said: list[str] = []
    file = parse(asked.table, asked.skip, asked.sheet)
    how = {"dates": asked.dates, "without": asked.without or (), "x": asked.input, "series": asked.series}
    how["others"] = (asked.columns, asked.value)
    codes, frame = _missing(asked, file, how, said)
    inputs = chosen_inputs(frame, asked.input, [])
    errors = _errors(asked, frame, inputs, said)
    call = {"x": asked.input, "tasks": asked.columns, "series": asked.series, "value": asked.value}
    call |= {"dates": asked.dates, "without": asked.without, "missing": codes or None, "sd": errors or None}
    call |= {"skip": asked.skip, "sheet": asked.sheet}
    call = {name: value for name, value in call.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it stands in the notes, which are printed
        data = read_table(file, **call)
    data = prepared(replace(data, notes=(*said, *data.notes)), every=asked.every, log=asked.log or [])
    for task, count in zip(data.tasks, data.observed.sum(0).tolist()):
        if count < FEWEST:
            raise Refused(
                f"{asked.table}: {task!r} has {count} values, and it takes {FEWEST}; leave it out with --without"
            )
    data.scale()  # raises where a task does not vary
    return data, call


def _missing(
    asked: argparse.Namespace, file: File, how: dict[str, Any], said: list[str]
) -> tuple[list[str], pd.DataFrame]:
    """Codes of missing values, those of --missing or what the file suggests, which is said; and the typed columns."""
    if asked.missing is not None:
        codes = [] if asked.missing == ["none"] else asked.missing
        return codes, typed_columns(file, missing=codes, **how)[0]
    codes, frame = suspected_codes(file, **how)
    if codes:
        said.append(f"missing: {', '.join(codes)} read as missing (a guess; --missing none keeps what is a number)")
    return codes, frame


def _errors(asked: argparse.Namespace, frame: pd.DataFrame, inputs: list[Hashable], said: list[str]) -> Any:
    """Columns of standard errors: those of --errors, or what the file suggests, which is said."""
    if asked.errors == ["none"]:
        return None
    found = proposed_errors(frame, inputs, asked.series)
    if asked.errors is not None:
        return asked.errors[0] if isinstance(found, str) or asked.series else asked.errors
    if isinstance(found, dict) and asked.columns is not None:
        found = {task: name for task, name in found.items() if task in asked.columns}
    if found:
        names = ", ".join(found.values()) if isinstance(found, dict) else found
        said.append(f"standard errors: {names}, taken as known (a guess; --errors none leaves them out)")
    return found


def prepared(data: TaskData, *, every: int | None = None, log: Sequence[str] = ()) -> TaskData:
    """The table with safe names, sorted by its first input, every so-manieth row of it, with logarithms of some tasks.

    Standard errors of a logarithm are those of the value over the value. Raises ValueError for a task that is not
    there or not above 0.
    """
    data = with_safe_names(take(data, np.argsort(data.x[:, 0].numpy(), kind="stable")))
    if every is not None:
        data = take(data, slice(None, None, every))
        data = replace(data, notes=(*data.notes, f"rows: one in {every} was taken (--every {every})"))
    return _logged(data, log) if log else data


def _logged(data: TaskData, log: Sequence[str]) -> TaskData:
    y, sd = data.y.clone(), None if data.sd is None else data.sd.clone()
    for task in log:
        if task not in data.tasks:
            raise Refused(f"--log: {task!r} is not one of the tasks {', '.join(data.tasks)}; name one of these")
        t = data.task_index(task)
        low = float(np.nanmin(y[:, t]))
        if not low > 0:
            raise Refused(f"--log: {task!r} holds {low:g}, and only a value above 0 has a logarithm; leave it out")
        if sd is not None:
            sd[:, t] = sd[:, t] / y[:, t]
        y[:, t] = torch.log(y[:, t])
    units = [f"log {unit}".strip() if task in log else unit for task, unit in zip(data.tasks, data.units)]
    return replace(data, y=y, sd=sd, units=units, notes=(*data.notes, f"logarithms: of {', '.join(log)} (--log)"))


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
    if len({*columns}) < len(columns):
        raise Refused(
            f"column {Counter(columns).most_common(1)[0][0]!r} would stand twice in filled.csv; rename it in the file"
        )
    return replace(data, tasks=tasks, x_name=x_names[0], x_names=x_names, notes=(*data.notes, *notes))


def filled_table(data: TaskData, answer: Prediction, log: Sequence[str] = ()) -> pd.DataFrame:
    """The inputs, and for each task its value, the ends of its band where it was filled, and whether it was.

    Where a task was seen in another row at the same input, its cell stays empty.

    data: the table as it was modelled; answer: `impute` of it. Observed values are unchanged, and to twelve digits
    where a logarithm was modelled. The band is the central 95.4 %, for a normal law two standard deviations to either
    side; numbers that were computed are rounded to a ten-thousandth of the task's spread. log: tasks whose logarithm
    was modelled, and whose filled value is the median.
    """
    table, spread, gone = named_inputs(data), data.scale().sd.tolist(), missing(data)
    middles, median, ends = answer.mean, answer.quantile(0.5), answer.band(TWO_SD)
    for t, task in enumerate(data.tasks):
        y = data.y[:, t].numpy()
        hole, back = gone[:, t], np.exp if task in log else np.asarray
        seen = np.array([float(f"{value:.12g}") for value in back(y)]) if task in log else y
        size = spread[t] * (float(np.exp(np.nanmedian(y))) if task in log else 1.0)
        places = 4 - math.floor(math.log10(size))
        found = (median if task in log else middles, *ends)
        middle, low, high = (np.round(back(one[:, t].numpy()), places) for one in found)
        table[task] = np.where(hole, middle, seen)
        table[f"{task} low"], table[f"{task} high"] = np.where(hole, low, np.nan), np.where(hole, high, np.nan)
        table[f"{task} filled"] = np.where(hole, "yes", "no")
    return table


def write_filled(path: str | Path, data: TaskData, answer: Prediction, log: Sequence[str] = ()) -> None:
    """`filled_table` as a CSV file, numbers with all their digits."""
    text = filled_table(data, answer, log).apply(
        lambda column: column.map(shortest, na_action="ignore") if column.dtype.kind == "f" else column
    )
    put(Path(path), text.to_csv(index=False))


def shortest(value: float) -> str:
    """The fewest digits that are read as the same number: 0.1, and 5 for 5.0."""
    return next(text for digits in (12, 15, 16, 17) if float(text := f"{value:.{digits}g}") == value)


def named_inputs(data: TaskData) -> pd.DataFrame:
    """Names of the rows, where they have some, and the inputs by name; dates as dates."""
    table = input_frame(data)
    if data.calendar is not None:
        when = table[data.x_names[0]]
        days = bool((when == when.dt.normalize()).all())
        table[data.x_names[0]] = when.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S")
    if data.index is not None and data.index.name is not None and safe(str(data.index.name)) not in table:
        table.insert(0, safe(str(data.index.name)), [safe(str(row)) for row in data.index])
    return table
