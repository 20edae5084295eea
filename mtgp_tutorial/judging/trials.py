"""The same models on many trials: seeds, splits or gaps. Fits are stored one by one, so a run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from gpytorch.kernels import Kernel
from tqdm import tqdm

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.judging.asking import Arms, check_jobs, check_kinds, check_names, two_tables
from mtgp_tutorial.judging.doing import all_fits, marks_of
from mtgp_tutorial.judging.forecasting import Forecaster
from mtgp_tutorial.judging.store import LABELS, NUMBERS, Store
from mtgp_tutorial.models.building import icm, independent, lmc
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData


def standard_arms(kernel: Kernel | None = None) -> dict[str, Callable[[TaskData], Model]]:
    """The five models that the book compares, by name; kernel: of the inputs, variance 1 (default RBFKernel()).

    The LMC has two such kernels, rank 1 and noise per task.

    >>> from gpytorch.kernels import MaternKernel
    >>> from mtgp_tutorial import simulate, standard_arms
    >>> arms = standard_arms(MaternKernel(nu=1.5))
    >>> list(arms)
    ['independent, own', 'independent, shared', 'ICM', 'ICM, full noise', 'LMC']
    >>> arms["ICM, full noise"](simulate.two_sines(seed=1)).noise
    'full'
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
    jobs: int = 1,
    client: Any = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Fit every arm on every trial and score it; one row for each trial, arm and task with hidden cells.

    trial: takes an entry of `trials` (a seed, a name) and returns two tables, seen and hidden. Where both stand on the
    same rows the hidden cells are filled in by `impute`, elsewhere `predict` is scored; with the standard errors of the
    hidden cells, where the arm knows those of the seen ones. arms: functions from the seen
    table to a model, or to an object whose `forecast(hidden)` returns a Prediction, such as `seasonal_naive` (default:
    `standard_arms()`). options go to `fit`. jobs: how many processes fit at once, -1 for one on each core. client: a
    dask.distributed Client, in place of jobs; the workers of its cluster fit then (they and the
    scheduler need this release of the module, workers best one thread each), and this process stores. progress: a bar,
    in terminals only.

    store: a CSV file that takes every fit as soon as it is done. Call again, and what it holds is not done again; rows
    that are not asked for stay in it. Take one file for each choice of options, which are not stored. A process or
    worker that is killed costs the fits that were under way, and they are done again.

    Raises ValueError for a store that another process writes and for a stored row of other data or another model,
    FitError when fits failed, after all others are done and stored, and RuntimeError when processes are killed again
    and again. Warns (UserWarning) of a store of version 0.10 or before, whose fits are done again.

    >>> from mtgp_tutorial import compare, icm, independent, simulate
    >>> def trial(seed):
    ...     return simulate.two_sines(seed=seed).hide("sine", 0.4, 0.6)
    >>> results = compare(trial, [1, 2], {"alone": independent, "ICM": icm}, starts=1)
    >>> results[["trial", "arm", "task"]].to_numpy().tolist()
    [[1, 'alone', 'sine'], [1, 'ICM', 'sine'], [2, 'alone', 'sine'], [2, 'ICM', 'sine']]
    """
    arms = standard_arms() if arms is None else arms
    check_kinds(trial, trials, arms)
    labels, arms = list(trials), dict(arms)
    check_names(labels, arms)
    check_jobs(jobs, client)
    failed: list[str] = []
    with (
        Store(store) as kept,
        tqdm(total=len(labels) * len(arms), unit="fit", disable=None if progress else True) as bar,
    ):
        for (label, name), found in all_fits(_asked(trial, labels, arms, kept, bar, options), jobs, client):
            bar.set_postfix_str(f"{label}: {name}")
            bar.update()
            if isinstance(found, str):
                failed.append(f"trial {label}, {name!r}: {found}")
            else:
                kept.add((label, name), found)
    if failed:
        raise FitError(f"compare: {len(failed)} of {len(labels) * len(arms)} fits failed; the first: {failed[0]}")
    tables = [
        kept.done[str(label), name].assign(trial=pd.Series([label] * len(kept.done[str(label), name])).array)
        for label in labels
        for name in arms
    ]
    return pd.concat(tables, ignore_index=True)[LABELS + NUMBERS]


def _asked(trial: Any, labels: list[Any], arms: Arms, kept: Store, bar: tqdm, options: dict[str, Any]) -> Iterator[Any]:
    """What is to be done: the arguments of `_fitted`, for each trial and arm that the store does not hold."""
    for label in labels:
        seen, hidden = two_tables(trial(label), label)
        for name, build in arms.items():
            model, key = build(seen), (str(label), name)
            of_kind(
                f"arms, {name!r}", model, (Model, Forecaster), "a function that makes a model of a table, such as icm"
            )
            marks = marks_of(model, seen, hidden, options.get("priors", True))
            if kept.holds(key, marks):
                bar.update()
            else:
                yield key, model, seen, hidden, marks, options
