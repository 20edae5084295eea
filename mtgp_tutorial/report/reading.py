"""The table as it is modelled: read, with guesses that are said first, sorted, thinned, on a log scale where asked."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from mtgp_tutorial.report.mixed import check_mixed
from mtgp_tutorial.report.refused import Refused, of_one_argument
from mtgp_tutorial.report.rows import take
from mtgp_tutorial.report.writing import with_safe_names
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.reading import proposed_errors, read_table, suspected_codes
from mtgp_tutorial.table.refusing import TableError

FEWEST = 4  # values of a task: one can be hidden, and three stay


def read(asked: argparse.Namespace) -> tuple[TaskData, dict[str, Any]]:
    """The table, and the arguments of `read_table` that gave it, guesses included. Raises ValueError and OSError."""
    given = {"x": asked.input, "tasks": asked.columns, "series": asked.series, "value": asked.value}
    call = {**given, "dates": asked.dates, "without": asked.without}
    call = {name: value for name, value in call.items() if value is not None}
    said: list[str] = []
    if missing := _missing(asked, call, said):
        call["missing"] = missing
    if errors := _errors(asked, call, said):
        call["sd"] = errors
    check_mixed(asked, call)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it stands in the notes, which are printed
            data = read_table(asked.table, **call)
    except TableError as error:
        raise of_one_argument(error, given) from None
    data = replace(data, notes=(*said, *data.notes))
    return _checked(asked.table, prepared(data, every=asked.every, log=asked.log or [])), call


def _missing(asked: argparse.Namespace, call: dict[str, Any], said: list[str]) -> list[str]:
    """Codes of missing values: those of --missing, or what the file suggests, which is said."""
    if asked.missing is not None:
        return [] if asked.missing == ["none"] else asked.missing
    codes = suspected_codes(asked.table, without=call.get("without", ()))
    if codes:
        said.append(f"missing: {', '.join(codes)} read as missing (a guess; --missing none keeps what is a number)")
    return codes


def _errors(asked: argparse.Namespace, call: dict[str, Any], said: list[str]) -> Any:
    """Columns of standard errors: those of --errors, or what the file suggests, which is said."""
    if asked.errors == ["none"]:
        return None
    found = proposed_errors(asked.table, **call)
    if asked.errors is not None:
        return asked.errors[0] if isinstance(found, str) or asked.series else asked.errors
    if isinstance(found, dict) and asked.columns is not None:
        found = {task: name for task, name in found.items() if task in asked.columns}
    if found:
        names = ", ".join(found.values()) if isinstance(found, dict) else found
        said.append(f"standard errors: {names}, taken as known (a guess; --errors none leaves them out)")
    return found


def _checked(path: str, data: TaskData) -> TaskData:
    """Two tasks or more, each with enough values."""
    if data.num_tasks < 2:
        raise Refused(f"{path} has one task, {data.tasks[0]}, and sharing needs two; name columns with --columns")
    for task, count in zip(data.tasks, data.observed.sum(0).tolist()):
        if count < FEWEST:
            raise Refused(f"{path}: {task!r} has {count} values, and it takes {FEWEST}; leave it out with --without")
    data.scale()  # raises where a task does not vary
    return data


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
