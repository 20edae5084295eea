"""Where `fast` and `tables` come in: what the core asks of them, by name.

The core goes on alone, or says what is missing, where a folder is not there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pandas as pd

from mtgp_tutorial.naming import CalendarLike


def _module(folder: str, name: str) -> Any:
    """A module of a folder; None where the folder is not there."""
    try:
        return import_module(f"mtgp_tutorial.{folder}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"mtgp_tutorial.{folder}":
            raise
        return None


def quick_optimiser(model: Any, priors: bool) -> Any:
    """A quicker optimiser, with the methods of `fitting.Optimiser`; None where none knows the model's kernels."""
    quick = _module("fast", "bfgs")
    return None if quick is None else quick.optimiser(model, priors)


def solvers() -> Any:
    """Likelihood and conditioning by the solver that suits a table: `of_model`, `conditioned`, `entries`; or None."""
    return _module("fast", "solvers")


def save_fit(fit: Any, path: Any) -> None:
    """Write a fit to a file. Raises ImportError without `fast`."""
    saving = _module("fast", "saving")
    if saving is None:
        raise ImportError(
            "Fit.save: files are written by mtgp_tutorial.fast, which is not there; install it as a whole"
        )
    saving.save(fit, path)


def read_frame(frame: pd.DataFrame, **asked: Any) -> Any:
    """What `TaskData.from_frame` makes of a frame. Raises ImportError without `tables`."""
    reading = _module("tables", "reading")
    if reading is None:
        raise ImportError("frame: is read by mtgp_tutorial.tables, which is not there; pass arrays to TaskData")
    return reading.read_table(frame, **asked)


def calendar(unit: str, origin: Any = 0, zone: str | None = None) -> CalendarLike | None:
    """How dates become these numbers (`Calendar`, tables/dates.py); None without `tables`."""
    dates = _module("tables", "dates")
    return None if dates is None else dates.Calendar(unit, pd.Timestamp(origin), zone)
