"""The table as it is modelled: read, with guesses that are said first, thinned, on a log scale where asked, sorted."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.report.rows import take
from mtgp_tutorial.report.writing import with_safe_names
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.reading import read_table


def read(asked: argparse.Namespace) -> tuple[TaskData, dict[str, Any]]:
    """The table, and the arguments of `read_table` that gave it, guesses included. Raises ValueError and OSError."""
    call: dict[str, Any] = {
        "x": asked.input,
        "tasks": asked.columns,
        "series": asked.series,
        "value": asked.value,
        "sd": asked.errors,
        "dates": asked.dates,
        "missing": [float(code) for code in asked.missing] if asked.missing else None,
        "without": asked.without,
    }
    call = {name: value for name, value in call.items() if value is not None}
    return prepared(read_table(Path(asked.table), **call), every=asked.every, log=asked.log or []), call


def prepared(data: TaskData, *, every: int | None = None, log: Sequence[str] = ()) -> TaskData:
    """The table sorted by its first input, every so-manieth row of it, with logarithms of some tasks and safe names.

    Standard errors of a logarithm are those of the value over the value. Raises ValueError for a task that is not
    there or not above 0.
    """
    data = with_safe_names(take(data, np.argsort(data.x[:, 0].numpy(), kind="stable")))
    if every is not None:
        data = take(data, slice(None, None, every))
        data = replace(data, notes=(*data.notes, f"rows: every {every}. row was taken, as asked"))
    return _logged(data, log) if log else data


def _logged(data: TaskData, log: Sequence[str]) -> TaskData:
    y, sd = data.y.clone(), None if data.sd is None else data.sd.clone()
    for task in log:
        if task not in data.tasks:
            raise Refused(f"--log: {task!r} is not one of the tasks {', '.join(data.tasks)}; name one of these")
        t = data.task_index(task)
        low = y[:, t][~y[:, t].isnan()].min()
        if not low > 0:
            raise Refused(f"--log: {task!r} holds {low:g}, and only a value above 0 has a logarithm; leave it out of --log")
        if sd is not None:
            sd[:, t] = sd[:, t] / y[:, t]
        y[:, t] = torch.log(y[:, t])
    units = tuple("log" + f" {unit}" * bool(unit) if task in log else unit for task, unit in zip(data.tasks, data.units))
    return replace(data, y=y, sd=sd, units=units, notes=(*data.notes, f"logarithms: of {', '.join(log)}, as asked"))
