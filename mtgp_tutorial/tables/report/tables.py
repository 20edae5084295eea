"""The table as it is modelled: read, with guesses that are said first, sorted, thinned, on a log scale where asked.

filled.csv: the file with its holes filled, and names that no spreadsheet takes for a formula.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.prediction import TWO_SD, Prediction
from mtgp_tutorial.tables.files.excel import reader_of
from mtgp_tutorial.tables.files.numbers import COINS, POINT, THOUSANDS
from mtgp_tutorial.tables.files.reading import Traced, proposed_errors, suspected_codes, traced, typed_columns
from mtgp_tutorial.tables.files.text import File, parse
from mtgp_tutorial.tables.input_rules import chosen_inputs
from mtgp_tutorial.tables.inputs import split_unit
from mtgp_tutorial.tables.report import EARLIER
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
    read = traced(file, **call)
    header(read)  # may be refused
    data = prepared(replace(read.table, notes=(*said, *read.table.notes)), every=asked.every, log=asked.log or [])
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
EXTRA = ("low", "high", "filled")  # columns of filled.csv for each task, behind those of the file
SIGNED = re.compile(rf"^((?:{COINS})?\s?).*?(\s?(?:[%‰]|{COINS})?)$")  # what stands before a number and behind it


def guarded(name: str) -> str:
    """A name that a spreadsheet reads as text: an apostrophe before what it would take for a formula."""
    return "'" + name if name.startswith(FORMULA) else name


def safe(name: str) -> str:
    """The same, on one line."""
    return guarded(" ".join(name.split()))


def with_safe_names(data: TaskData) -> TaskData:
    """The table with such names, and a note on those that had to change."""
    tasks, x_names = [safe(task) for task in data.tasks], [safe(name) for name in data.x_names]
    pairs = zip([*data.x_names, *data.tasks], [*x_names, *tasks])
    changed = [f"{old!r} is called {new!r}" for old, new in pairs if old != new]
    notes = [f"names: {', '.join(changed)}, so that no spreadsheet takes it for a formula"] if changed else []
    return replace(data, tasks=tasks, x_name=x_names[0], x_names=x_names, notes=(*data.notes, *notes))


def header(read: Traced) -> list[str]:
    """The names of filled.csv: those of the file, and three for each task, or for the values of a long file.

    Refused where one would stand twice.
    """
    groups = read.table.tasks if read.long is None else [split_unit(read.long[2])[0]]
    names = [*map(guarded, read.file.text), *(f"{safe(name)} {extra}" for name in groups for extra in EXTRA)]
    if len({*names}) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise Refused(f"column {twice!r} would stand twice in filled.csv; rename it in the file")
    return ["" if name == f"column {k}" else name for k, name in enumerate(names, start=1)]  # as blank ones are called


def filled_values(data: TaskData, answer: Prediction, log: Sequence[str] = ()) -> np.ndarray:
    """[3, N, T]: the value of each cell by `answer` and the ends of its band, in the units of the file.

    data: the table as it was modelled; answer: `impute` of it. The band is the central 95.4 %, for a normal law two
    standard deviations to either side; numbers are rounded to a ten-thousandth of the task's spread. log: tasks whose
    logarithm was modelled, and whose value is the median.
    """
    found = np.stack([one.numpy() for one in (answer.mean, *answer.band(TWO_SD))])
    median = answer.quantile(0.5).numpy()
    for t, (task, size) in enumerate(zip(data.tasks, data.scale().sd.tolist())):
        if task in log:
            found[0, :, t] = median[:, t]
            found[:, :, t] = np.exp(found[:, :, t])
            size *= float(np.exp(np.nanmedian(data.y[:, t])))
        found[:, :, t] = np.round(found[:, :, t], 4 - math.floor(math.log10(size)))
    return found


def write_filled(
    path: str | Path,
    data: TaskData,
    answer: Prediction,
    log: Sequence[str] = (),
    *,
    table: str | Path | None = None,
    how: Mapping[str, Any] | None = None,
    every: int | None = None,
) -> None:
    """The file line by line, with its holes filled, and for each task low, high and filled (yes or no).

    Whatever else a cell holds stands as it was read. A cell of a long table that has no line gets one at the end. Where
    a task was seen in another row at the same input there is no hole.

    data: the table as it was modelled, by `prepared` with this every and log; answer: `impute` of it; table: the file;
    how: the arguments of `read_table`. Raises Refused where the file holds another table by now.
    """
    if table is None:
        raise ImportError(EARLIER.format("write_filled"))
    read = traced(table, **(how or {}))
    again = prepared(read.table, every=every, log=log)
    if not torch.equal(again.x, data.x) or not np.array_equal(again.y, data.y, equal_nan=True):
        raise Refused(f"{table} has changed since it was read; run the command again, with --out and a new folder")
    cells = prepared(replace(read.table, y=read.cells, sd=None), every=every).y.numpy()
    lines = [header(read), *_filled_lines(read, data, cells, filled_values(data, answer, log))]
    mark = "," if read.file.mark == " " or reader_of(Path(table)) is not None else read.file.mark
    remark, out = any(str(line[0]).startswith("#") for line in lines), io.StringIO()  # no line may be read as one
    rows = csv.writer(out, delimiter=mark, lineterminator="\n", quoting=csv.QUOTE_ALL if remark else csv.QUOTE_MINIMAL)
    rows.writerows(lines)
    put(Path(path), out.getvalue())


def _filled_lines(read: Traced, data: TaskData, cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What stands below the header. cells [N, T]: places in the file; values [3, N, T]: what fills the holes."""
    holes, width = missing(data), read.file.text.shape[1]
    text, cells = _with_own_lines(read, cells, np.argwhere(holes & np.isnan(cells)))
    beside = np.full((len(text), data.num_tasks if read.long is None else 1, 3), ["", "", "no"], dtype=object)
    done = np.zeros(text.shape, dtype=bool)
    # where no number of the file tells, a point before three digits may group thousands; a zero behind them does
    unclear = read.decimal == "." and not any(POINT.fullmatch(cell) for cell in text.flat if cell)
    for t, seen in enumerate(data.observed.T.numpy()):
        like = SIGNED.sub(r"\1{}\2", text.flat[int(cells[seen, t][0])])
        for n in np.flatnonzero(holes[:, t]):
            place = divmod(int(cells[n, t]), width)
            found = [one + "0" * bool(unclear and THOUSANDS.fullmatch(one)) for one in map(shortest, values[:, n, t])]
            middle, low, high = (one.replace(".", read.decimal) for one in found)
            text[place], done[place] = like.format(middle), True
            beside[place[0], t if read.long is None else 0] = low, high, "yes"
    first = np.r_[read.first, len(read.first) : len(text)]  # a repeated line is filled as that which it repeats
    return np.hstack([np.where(done[first], text[first], text), beside[first].reshape(len(text), -1)])


def _with_own_lines(read: Traced, cells: np.ndarray, lone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The text of the file with a line at the end for each of these cells [K, 2] of a long table, and all places.

    Its inputs are spelt as in another line of its row. Names of rows are text to a spreadsheet.
    """
    names, text, cells = list(read.file.text), read.file.text.to_numpy(dtype=object, copy=True), cells.copy()
    if read.table.index is not None:
        k = names.index(str(read.table.index.name))
        text[:, k] = [guarded(name) for name in text[:, k]]
    if not len(lone):
        return text, cells
    assert read.long is not None  # each cell of a wide table has its place
    inputs, (series, value) = [names.index(c) for c in read.long[0]], map(names.index, read.long[1:])
    added = np.full((len(lone), len(names)), None, dtype=object)
    for k, (n, t) in enumerate(lone):
        added[k, inputs] = text[int(np.nanmax(cells[n])) // len(names), inputs]
        added[k, series] = read.table.tasks[t]
    cells[tuple(lone.T)] = (len(text) + np.arange(len(lone))) * len(names) + value
    return np.vstack([text, added]), cells


def shortest(value: float) -> str:
    """The fewest digits that are read as the same number: 0.1, and 5 for 5.0."""
    return next(text for digits in (12, 15, 16, 17) if float(text := f"{value:.{digits}g}") == value)
