"""The same models on many trials: seeds, splits or gaps. Fits are stored one by one, so a run can be resumed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import Kernel
from tqdm import tqdm

from mtgp_tutorial.answers.predicting import impute, predict
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.objective import objective
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging import scores
from mtgp_tutorial.models.building import icm, independent, lmc
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData

Arms = Mapping[str, Callable[[TaskData], Model]]
COLUMNS = ["trial", "arm", "task", "MSE", "MAE", "SMSE", "MSLL", "NLPD", "CRPS", "coverage"]
COLUMNS += ["log likelihood", "on floor", "numbers", "start", "hidden"]  # numbers: how many are fitted


def standard_arms(kernel: Kernel | None = None) -> dict[str, Callable[[TaskData], Model]]:
    """The five models that the book compares, by name; kernel: of the inputs, variance 1 (default RBFKernel()).

    The LMC has two such kernels, rank 1 and noise per task.
    """
    return {
        "independent, own": lambda data: independent(data, kernel=kernel),
        "independent, shared": lambda data: independent(data, hyper="shared", kernel=kernel),
        "ICM": lambda data: icm(data, kernel=kernel),
        "ICM, full noise": lambda data: icm(data, noise="full", kernel=kernel),
        "LMC": lambda data: lmc(data, kernels=2 if kernel is None else [kernel, kernel]),
    }


def compare(
    trial: Callable[[Any], tuple[TaskData, TaskData]],
    trials: Iterable[Any],
    arms: Arms | None = None,
    *,
    store: str | Path | None = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Fit every arm on every trial and score it; one row for each trial, arm and task with hidden cells.

    trial: takes an entry of `trials` (a seed, a name) and returns two tables, seen and hidden. Where both stand on the
    same rows the hidden cells are filled in by `impute`, elsewhere `predict` is scored. arms: functions from the seen
    table to a model (default: `standard_arms()`). options go to `fit`. progress: a bar, in terminals only.

    store: a CSV file that takes every fit as soon as it is done. Call again, and what it holds is not done again; rows
    that are not asked for stay in it. One process at a time, and one file for each choice of options, which are not
    stored. Raises ValueError when a stored row belongs to other data or another model, and FitError when fits failed,
    after all others are done and stored.
    """
    labels, arms = list(trials), dict(standard_arms() if arms is None else arms)
    _check_names(labels, arms)
    done, failed = _load(store), []
    with tqdm(total=len(labels) * len(arms), unit="fit", disable=None if progress else True) as bar:
        for label in labels:
            seen, hidden = trial(label)
            for name, build in arms.items():
                bar.set_postfix_str(f"{label}: {name}")
                model, key = build(seen), (str(label), name)
                marks = _marks(model, hidden, options.get("priors", True))
                if key in done:
                    _check_marks(done[key], marks, store)
                else:
                    try:
                        done[key] = _scored(fit(model, **options), seen, hidden).assign(trial=label, arm=name, **marks)
                        _save(store, done)
                    except FitError as error:
                        failed.append(f"trial {label}, {name!r}: {error}")
                bar.update()
    if failed:
        raise FitError(f"compare: {len(failed)} of {len(labels) * len(arms)} fits failed; the first: {failed[0]}")
    tables = [done[str(label), name].assign(trial=label) for label in labels for name in arms]
    return pd.concat(tables, ignore_index=True)[COLUMNS[:-2]]


def _check_names(labels: list[Any], arms: Arms) -> None:
    if not labels or not arms:
        raise ValueError("trials, arms: one of them is empty; pass at least one of each")
    names = [str(label) for label in labels]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"trials: {name!r} stands there twice; pass every trial once")


def _scored(fitted: Fit, seen: TaskData, hidden: TaskData) -> pd.DataFrame:
    """Scores of one fit, a row for each task with hidden cells."""
    answer = impute(fitted) if torch.equal(seen.x, hidden.x) else predict(fitted, hidden.x)
    table = scores.table(answer, hidden, seen).reset_index()
    return table.assign(**{"log likelihood": fitted.log_likelihood, "on floor": len(fitted.on_floor)})


def _marks(model: Model, hidden: TaskData, priors: bool) -> dict[str, float]:
    """Numbers that change when the model, the seen cells or the hidden cells do."""
    with torch.no_grad():
        start = float(objective(model, priors))
    numbers = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    place = torch.arange(1, hidden.y.numel() + 1).to(hidden.y)  # or two values that change places would not show
    values = hidden.y.flatten() + hidden.x.sum(1).repeat_interleave(hidden.num_tasks)
    return {"numbers": numbers, "start": start, "hidden": float((place * values).nansum())}


def _check_marks(stored: pd.DataFrame, marks: dict[str, float], store: str | Path | None) -> None:
    if not np.allclose(stored[list(marks)], list(marks.values()), rtol=1e-6):
        trial, arm = stored.iloc[0][["trial", "arm"]]
        raise ValueError(
            f"store: {store} holds trial {trial}, {arm!r}, of other data or another model; pass another path"
        )


def _load(store: str | Path | None) -> dict[tuple[str, str], pd.DataFrame]:
    """The stored fits by trial and arm; none without a file."""
    if store is None or not Path(store).exists():
        return {}
    frame = pd.read_csv(store, dtype={"trial": str, "arm": str}, engine="python")
    if list(frame.columns) != COLUMNS:
        raise ValueError(f"store: {store} is not a file that compare wrote; pass another path")
    return {key: rows for key, rows in frame.groupby(["trial", "arm"], sort=False)}


def _save(store: str | Path | None, done: dict[tuple[str, str], pd.DataFrame]) -> None:
    """Write all rows beside the file, then put them in its place: at no moment is it half written."""
    if store is not None:
        draft = Path(f"{store}.part")
        pd.concat(done.values())[COLUMNS].to_csv(draft, index=False)
        os.replace(draft, store)
