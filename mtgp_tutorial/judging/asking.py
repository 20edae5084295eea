"""What `compare` is asked for, checked: trials, arms, names, processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.judging.forecasting import Forecaster
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData

Arms = Mapping[str, Callable[[TaskData], Model | Forecaster]]


def two_tables(found: Any, label: Any) -> tuple[TaskData, TaskData]:
    """What a trial gave: two tables, of which the second has what is to be predicted."""
    if not isinstance(found, Sequence) or [type(table) for table in found] != [TaskData, TaskData]:
        raise ValueError(f"trial: gave no two tables for {label!r}; let it return (seen, hidden), as data.hide does")
    seen, hidden = found
    if (seen.tasks, seen.units) != (hidden.tasks, hidden.units) or not bool(hidden.observed.any()):
        raise ValueError(
            f"trial: its hidden table for {label!r} has other tasks or units than seen, or no cell; mend it"
        )
    return seen, hidden


def check_kinds(trial: Any, trials: Any, arms: Any) -> None:
    of_kind("trial", trial, Callable, "a function of one entry of trials that returns two tables")  # type: ignore[arg-type]
    if isinstance(trials, str) or not isinstance(trials, Iterable):
        raise ValueError(f"trials: is {trials!r}; pass a list of seeds or names, such as range(20)")
    of_kind("arms", arms, Mapping, "a dict of names and functions, such as {'ICM': icm}")
    for name, build in arms.items():
        of_kind(f"arms, {name!r}", build, Callable, "a function that makes a model of a table, such as icm")  # type: ignore[arg-type]


def check_names(labels: list[Any], arms: Arms) -> None:
    if not labels or not arms:
        raise ValueError("trials, arms: one of them is empty; pass at least one of each")
    for name in arms:
        if not isinstance(name, str):
            raise ValueError(f"arms: {name!r} is no name; pass texts")
    names = [str(label) for label in labels]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"trials: {name!r} stands there twice; pass every trial once")
    for name in [*names, *arms]:
        if "\n" in name or "\r" in name:
            raise ValueError(f"trials, arms: {name!r} has a line break; pass names of one line")


def check_jobs(jobs: int, client: Any) -> None:
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0 or jobs < -1:
        raise ValueError(f"jobs: {jobs!r} is neither -1 nor a whole number above 0; pass how many processes may fit")
    if client is not None and (jobs != 1 or not hasattr(client, "submit")):
        raise ValueError(
            f"client: is a {type(client).__name__}, with jobs={jobs}; pass a dask.distributed Client, and no jobs"
        )
