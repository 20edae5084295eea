"""All trials: fitted, stored, and said one by one where there is no bar; and the cells that judge the choice once."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import plots
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.judging.comparing import compare
from mtgp_tutorial.judging.forecasting import Unanswered
from mtgp_tutorial.report.arms import Arms
from mtgp_tutorial.report.holes import Trial
from mtgp_tutorial.report.options import stored
from mtgp_tutorial.table.data import TaskData

TOO_FEW = "hardly a model could be fitted: the optimiser found no summit; leave out odd columns, or rows"


def quiet(*arguments: Any, **options: Any) -> pd.DataFrame:
    """`compare`, without its warning: arms that have no answer to some trial are named on the page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return compare(*arguments, **options)


def try_all(
    data: TaskData, trials: Sequence[Trial], arms: Arms, folder: str | Path, seed: int, jobs: int = 1
) -> tuple[pd.DataFrame, list[str]]:
    """What `compare` returns, and the trials that are left out because an arm could not be fitted on them.

    Each fit is kept in trials.csv of the folder as soon as it is done, and not done again. Raises FitError where fewer
    than two trials are left.
    """
    known = {trial.label: trial for trial in trials}
    options: dict[str, Any] = {"store": Path(folder) / "trials.csv", "seed": seed}
    done, began = {label for label, _ in stored(options["store"])}, time.monotonic()

    def tables(label: str) -> tuple[TaskData, TaskData]:
        if not sys.stderr.isatty():
            print(f"  trial {label} ({len(known)} in all{_left(label, list(known), done, began)})", flush=True)
        return known[label].tables(data)

    try:
        return quiet(tables, known, arms, jobs=jobs, **options), []
    except FitError:
        found, failed = {}, []
    for label in known:  # those that are stored are not fitted again
        try:
            found[label] = quiet(lambda one: known[one].tables(data), [label], arms, progress=False, **options)
        except FitError:
            failed.append(label)
    if len(found) < 2:
        raise FitError(TOO_FEW)
    return pd.concat(found.values(), ignore_index=True), failed


def _left(label: str, labels: list[str], done: set[str], began: float) -> str:
    """How long the trials from this one on take, by those that have run since; done: those of an earlier call."""
    here = labels.index(label)
    ran, left = (sum(one not in done for one in part) for part in (labels[:here], labels[here:]))
    return f"; about {in_words((time.monotonic() - began) / ran * left)} left" if ran and left else ""


def in_words(duration: float) -> str:
    """A duration as people say it."""
    if duration < 90:
        return f"{max(1, round(duration))} s"
    return f"{round(duration / 60)} min" if duration < 5400 else f"{duration / 3600:.1f} hours"


class Judged(NamedTuple):
    """On cells that were hidden from all trials: number, CRPS of what fills and of the best rule, and coverage."""

    cells: int
    fills: float
    rule: float
    inside: float


def judge(data: TaskData, cells: np.ndarray | None, arms: Arms, fills: str, rule: str, seed: int) -> Judged | None:
    """The choice, judged once, beside the best plain rule; None for a small table, or where either has no answer.

    cells [N, T]: those that judge.
    """
    if cells is None:
        return None
    both = {name: arms[name] for name in dict.fromkeys((fills, rule))}
    seen, hidden = data.split(torch.as_tensor(cells))
    try:
        results = quiet(lambda _: (seen, hidden), ["judge"], both, progress=False, seed=seed)
    except (FitError, Unanswered):
        return None
    names = [plots.label(*pair) for pair in zip(data.tasks, data.units)]
    at = results["task"].map(names.index)
    weights = at.map(dict(enumerate(cells.sum(0))))
    size = results["CRPS"] / at.map(dict(enumerate(data.scale().sd.tolist())))
    of = {name: results["arm"] == name for name in both}
    if not all(rows.any() for rows in of.values()):
        return None
    first, second = (float(np.average(size[of[name]], weights=weights[of[name]])) for name in (fills, rule))
    inside = float(np.average(results["coverage"][of[fills]], weights=weights[of[fills]]))
    return Judged(int(cells.sum()), first, second, inside)
