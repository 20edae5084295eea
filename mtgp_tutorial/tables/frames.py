"""From a data frame to the fields of a TaskData: which columns are tasks and which are standard errors."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import kind_of, listed
from mtgp_tutorial.tables.column_roles import guessed_in_frame, spread, without_row_numbers
from mtgp_tutorial.tables.dates import Calendar
from mtgp_tutorial.tables.inputs import (
    column,
    errors_beside,
    inputs_of,
    is_number,
    named_errors,
    names_in,
    numbers,
    numbers_alone,
    only_counts,
    standard_errors,
    tasks_of,
)
from mtgp_tutorial.tables.refusals import TableError, argument

COMMAS = r"\s*[-+−]?\d[\d.,' ]*,\d+\s*%?"  # a number as text, with a decimal comma or with thousands grouped


def fields(
    frame: pd.DataFrame, x: Any, tasks: Any, units: Any, sd: Any, series: Any, value: Any, calendar: Any
) -> dict[str, Any]:
    """Arguments of TaskData for a frame; see `TaskData.from_frame`."""
    if not isinstance(frame, pd.DataFrame):
        raise TableError(f"frame: is {kind_of(frame)}", "pass a pandas DataFrame")
    if not frame.columns.is_unique:
        raise TableError(f"frame: has two columns named {frame.columns[frame.columns.duplicated()][0]!r}", "rename one")
    if not len(frame):
        raise TableError("frame: has no rows", "pass at least one")
    if calendar is not None and not isinstance(calendar, Calendar):
        raise TableError(f"calendar: is {kind_of(calendar)}", "pass that of a table, data.calendar")
    long = series is not None or value is not None
    named = {"series": series, "value": value} if long else {"tasks": tasks}
    taken = [column(frame, name, what) for what, names in named.items() for name in names_in(names)]
    notes: list[str] = []
    if x is None and only_counts(frame.index):
        x = guessed_in_frame(frame.drop(columns=taken), notes)
    used = [column(frame, name, "x") for name in names_in(x)]
    if x is not None and not used:
        raise TableError(f"{argument('x')}: is an empty list", "name at least one column")
    if tasks is None:
        frame = without_row_numbers(frame, True, [*used, series, value, *named_errors(frame, sd)], notes)
    inputs = inputs_of(frame, used, calendar, notes)
    if long:
        table = spread(frame, used, tasks, sd, series, value, inputs["x"], notes)
    else:
        table = _wide(frame, used, tasks, sd, notes)
    names, found = zip(*table.pop("headers"))
    return {**inputs, **table, "tasks": names, "units": _units(units, names, found), "notes": tuple(notes)}


def _wide(frame: pd.DataFrame, used: Sequence[Hashable], tasks: Any, sd: Any, notes: list[str]) -> dict[str, Any]:
    """y, sd and headers of a frame with one column for each task, and its index unless that only counts."""
    if isinstance(sd, pd.Series) and not only_counts(sd.index):
        sd = sd.to_dict()
    direct = isinstance(sd, pd.DataFrame) or sd is None or (numbers_alone(frame, sd) and not isinstance(sd, dict))
    named = {} if direct else error_columns(frame, sd)
    taken = [*used, *(c for c in named.values() if not is_number(frame, c))]
    if tasks is None:
        chosen = _numeric(frame, taken, notes)
    else:
        chosen = [column(frame, name, "tasks") for name in names_in(tasks)]
        notes += [f"{c}: not named in tasks; left out" for c in frame if c not in (*taken, *chosen)]
    if not chosen:
        others = [c for c in frame if c not in taken]
        raise TableError(
            f"{argument('tasks')}: no column of numbers is left beside the input",
            f"name some of {listed(others)}" if others else "pass a table with one",
        )
    headers = tasks_of(chosen)
    y = np.column_stack([numbers(frame[c], "tasks") for c in chosen])
    if isinstance(sd, pd.DataFrame):
        sd = aligned_errors(sd, frame, chosen, headers)
    elif not direct:
        sd = errors_of(frame, named, chosen, y)
    counts = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return {"y": y, "sd": sd, "headers": headers, "index": None if counts else frame.index}


def _numeric(frame: pd.DataFrame, taken: Sequence[Hashable], notes: list[str]) -> list[Hashable]:
    """The other columns that hold numbers; what is left out is said."""
    chosen = []
    beside = {c: of for of, c in errors_beside(frame).items() if of not in taken}
    for c in [c for c in frame.columns if c not in taken]:
        values = frame[c]
        kind = pd.api.types.infer_dtype(values, skipna=True)
        if c in beside:
            notes.append(
                f"{c}: looks like standard errors of {beside[c]}; left out; sd={{{beside[c]!r}: {c!r}}} uses it"
            )
        elif kind in ("integer", "floating", "mixed-integer-float", "decimal", "mixed-integer", "mixed"):
            chosen.append(c)
        elif values.isna().all():
            notes.append(f"{c}: empty; left out")
        elif kind == "string" and (comma := values.dropna().astype(str).str.fullmatch(COMMAS)).mean() > 0.5:
            raise TableError(
                f"column {str(c)!r}: {values.dropna()[comma].iloc[0]!r} is a number with a comma, as text, one of "
                f"{int(comma.sum())}",
                "make it a number (read_table, or pd.read_csv with decimal=',', does), or name the tasks without it",
                "tasks",
            )
        else:
            if kind == "string" and pd.to_numeric(values.dropna(), errors="coerce").notna().mean() > 0.5:
                kind = "numbers as text (pd.to_numeric makes them numbers)"
            word = {"string": "text", "categorical": "text", "boolean": "true or false", "datetime64": "dates"}
            notes.append(f"{c}: {word.get(kind, kind)}; left out")
    return chosen


def _units(units: Any, tasks: Sequence[str], found: Sequence[str]) -> Any:
    """The user's units, a list or by name, else those of the headers."""
    if units is None:
        return list(found)
    if isinstance(units, dict):
        if unknown := [name for name in units if name not in tasks]:
            raise TableError(f"units: {unknown[0]!r} is not one of the tasks", f"name some of {listed(tasks)}", "units")
        return [units.get(task, unit) for task, unit in zip(tasks, found)]
    return list(units) if isinstance(units, (list, tuple)) else units


def errors_of(
    frame: pd.DataFrame, named: Mapping[Hashable, Any], chosen: Sequence[Hashable], y: np.ndarray
) -> np.ndarray:
    """Standard errors [N, T]: of each task a column, or one number for all of its values, or none."""
    if extra := [c for c in named if c not in chosen]:
        raise TableError(f"{argument('sd')}: {extra[0]!r} is not one of the tasks", f"name some of {listed(chosen)}")
    found = np.full(y.shape, np.nan)
    for c, given in named.items():
        t = list(chosen).index(c)
        if is_number(frame, given):
            found[~np.isnan(y[:, t]), t] = float(given)
        else:
            found[:, t] = standard_errors(frame[given], y[:, t])
    return found


def error_columns(frame: pd.DataFrame, sd: Any) -> dict[Hashable, Any]:
    """Which column holds the standard errors of which, or the number that all of them are."""
    if isinstance(sd, dict):
        return {
            column(frame, task, "sd"): c if is_number(frame, c) else column(frame, c, "sd") for task, c in sd.items()
        }
    beside = {c: of for of, c in errors_beside(frame).items()}
    pairs = {}
    for name in names_in(sd):
        c = column(frame, name, "sd")
        if c not in beside:
            raise TableError(
                f"{argument('sd')}: {c!r} does not say whose errors it holds", "pass a dict {task: column}"
            )
        pairs[beside[c]] = c
    return pairs


def aligned_errors(
    sd: pd.DataFrame, frame: pd.DataFrame, chosen: Sequence[Hashable], headers: list[tuple[str, str]]
) -> np.ndarray:
    """A frame of standard errors, brought to the order of rows and tasks by its index and columns."""
    if not sd.index.equals(frame.index):
        if not (sd.index.is_unique and frame.index.is_unique) or set(sd.index) != set(frame.index):
            raise TableError(
                f"{argument('sd')}: has another index than frame", "pass one row for each, with the same index"
            )
        sd = sd.reindex(frame.index)
    known = {c: next((k for k in (c, name) if k in sd.columns), None) for c, (name, _) in zip(chosen, headers)}
    if unknown := [c for c in sd.columns if c not in known.values()]:
        raise TableError(f"{argument('sd')}: {unknown[0]!r} is not one of the tasks", f"name some of {listed(chosen)}")
    none = np.full(len(frame), np.nan)
    return np.column_stack([none if k is None else numbers(sd[k], "sd") for k in known.values()])
