"""All trials: fitted, stored, and said one by one where there is no bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.judging.trials import compare
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.hiding import Trial
from mtgp_tutorial.table.data import TaskData

TOO_FEW = "hardly a model could be fitted: the optimiser found no summit; leave out odd columns, or rows"
Arms = Mapping[str, Callable[[TaskData], Model]]


def try_all(
    data: TaskData, trials: list[Trial], arms: Arms, folder: Path, seed: int, jobs: int
) -> tuple[pd.DataFrame, list[str]]:
    """What `compare` returns, and the trials that are left out because an arm could not be fitted on them."""
    known, store = {trial.label: trial for trial in trials}, folder / "trials.csv"

    def tables(label: str) -> tuple[TaskData, TaskData]:
        if not sys.stderr.isatty():
            print(f"  trial {label} ({len(trials)} in all)", flush=True)
        return known[label].tables(data)

    try:
        return compare(tables, known, arms, store=store, jobs=jobs, seed=seed), []
    except FitError:
        found, failed = {}, []
    for label in known:  # those that are stored are not fitted again
        try:
            found[label] = compare(
                lambda one: known[one].tables(data), [label], arms, store=store, seed=seed, progress=False
            )
        except FitError:
            failed.append(label)
    if len(found) < 2:
        raise FitError(TOO_FEW)
    return pd.concat(found.values(), ignore_index=True), failed
