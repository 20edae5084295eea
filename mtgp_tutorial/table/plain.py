"""A table as plain values and arrays, and back: what a file can hold without running code when it is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.dates import Calendar

Arrays = dict[str, np.ndarray]


def table_as_plain(data: TaskData) -> tuple[dict[str, Any], Arrays]:
    """Words of a table, for JSON, and its arrays x, y and (where there is one) sd.

    Raises ValueError for names that are not texts and for an index of a kind that `index_as_plain` does not know.
    """
    for name in (*data.tasks, *data.units, data.x_name, data.x_unit, *data.notes):
        if not isinstance(name, str):
            raise ValueError(f"tasks, units, x_name, notes: {name!r} is no text; name it by one")
    words = {
        "tasks": list(data.tasks),
        "units": list(data.units),
        "x_name": data.x_name,
        "x_unit": data.x_unit,
        "notes": list(data.notes),
        "index": None if data.index is None else index_as_plain(data.index),
        "calendar": None if data.calendar is None else _calendar_as_plain(data.calendar),
    }
    return words, {
        name: getattr(data, name).cpu().numpy() for name in ("x", "y", "sd") if getattr(data, name) is not None
    }


def table_from_plain(words: dict[str, Any], arrays: Arrays) -> TaskData:
    """The table again, on the CPU."""
    index, calendar = words["index"], words["calendar"]
    given: dict[str, Any] = {name: torch.as_tensor(arrays[name]) for name in ("x", "y", "sd") if name in arrays}
    return TaskData(
        **given | {name: words[name] for name in ("tasks", "units", "x_name", "x_unit", "notes")},
        index=None if index is None else index_from_plain(index),
        calendar=None if calendar is None else _calendar_from_plain(calendar),
    )


def index_as_plain(index: pd.Index) -> dict[str, Any]:
    """A pandas index as words and whole numbers.

    Known are RangeIndex, DatetimeIndex (also with a zone), PeriodIndex, and indices of integers, floats or texts
    without gaps. Raises ValueError for all others.
    """
    kind, plain = type(index), {"kind": type(index).__name__, "dtype": str(index.dtype), "name": index.name}
    if kind is pd.RangeIndex:
        plain["values"] = [index.start, index.stop, index.step]
    elif kind in (pd.DatetimeIndex, pd.PeriodIndex):
        zone = getattr(index, "tz", None)
        plain |= {"values": index.asi8.tolist(), "freq": index.freqstr, "zone": None if zone is None else str(zone)}
        plain["unit"] = getattr(index, "unit", None)
    elif kind is pd.Index and index.inferred_type in ("integer", "floating", "string") and not index.hasnans:
        plain["values"] = index.tolist()
    try:
        kept = isinstance(index.name, (str, int, type(None))) and "values" in plain
        again = index_from_plain(plain) if kept else None
        kept = again is not None and again.dtype == index.dtype and again.equals(index)
    except (ValueError, TypeError, KeyError):  # a zone or a step that has no name
        kept = False
    if not kept:
        raise ValueError(
            f"index: is a {kind.__name__} of {index.dtype} called {index.name!r}, and a file holds texts, numbers, "
            "dates and periods with a text for a name; pass one of these, or none"
        )
    return plain


def index_from_plain(plain: dict[str, Any]) -> pd.Index:
    """The index again."""
    kind, values, name = plain["kind"], plain["values"], plain["name"]
    if kind == "RangeIndex":
        return pd.RangeIndex(*values, name=name)
    if kind == "PeriodIndex":
        return pd.PeriodIndex(pd.arrays.PeriodArray(np.array(values, dtype="int64"), dtype=plain["dtype"]), name=name)
    if kind == "DatetimeIndex":
        when = pd.DatetimeIndex(np.array(values, dtype="int64").view(f"M8[{plain['unit']}]"))
        when = when if plain["zone"] is None else when.tz_localize("UTC").tz_convert(plain["zone"])
        return pd.DatetimeIndex(when, freq=plain["freq"], name=name)
    return pd.Index(values, dtype=plain["dtype"], name=name)


def _calendar_as_plain(calendar: Calendar) -> dict[str, Any]:
    origin = pd.Timestamp(calendar.origin)
    return {"unit": calendar.unit, "origin": origin.isoformat(), "steps": origin.unit, "zone": calendar.zone}


def _calendar_from_plain(plain: dict[str, Any]) -> Calendar:
    return Calendar(plain["unit"], pd.Timestamp(plain["origin"]).as_unit(plain["steps"]), plain["zone"])
