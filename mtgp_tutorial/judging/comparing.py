"""The same models on many trials: seeds, splits or gaps. Fits are stored one by one, so a run can be resumed.

The fits are done in this process, in others or on a cluster, and known again by marks. The file that keeps them has one
writer and every label as it was, and is at no moment half written.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from filelock import FileLock, Timeout
from gpytorch.kernels import Kernel
from tqdm import tqdm

from mtgp_tutorial.answers.predicting import impute, predict
from mtgp_tutorial.arguments import of_kind, swapped
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.flat import objective
from mtgp_tutorial.judging import scores
from mtgp_tutorial.judging.forecasting import Forecaster
from mtgp_tutorial.models.building import icm, independent, lmc
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData

Key = tuple[str, str]  # trial and arm
MAKES_A_MODEL = "a function that makes a model of a table, such as icm"


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
    total = len(labels) * len(arms)
    with opened(store) as kept, tqdm(total=total, unit="fit", disable=None if progress else True) as bar:
        for (label, name), found in all_fits(_asked(trial, labels, arms, kept, bar, options), jobs, client):
            bar.set_postfix_str(f"{label}: {name}")
            bar.update()
            if isinstance(found, str):
                failed.append(f"trial {label}, {name!r}: {found}")
            else:
                kept.add((label, name), found)
    if failed:
        raise FitError(f"compare: {len(failed)} of {total} fits failed; the first: {failed[0]}")
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
            of_kind(f"arms, {name!r}", model, (Model, Forecaster), MAKES_A_MODEL)
            marks = marks_of(model, seen, hidden, options.get("priors", True))
            if kept.holds(key, marks):
                bar.update()
            else:
                yield key, model, seen, hidden, marks, options


Arms = Mapping[str, Callable[[TaskData], Model | Forecaster]]


def two_tables(found: Any, label: Any) -> tuple[TaskData, TaskData]:
    """What a trial gave: two tables, of which the second has what is to be predicted."""
    if not isinstance(found, Sequence) or [type(table) for table in found] != [TaskData, TaskData]:
        raise ValueError(f"trial: gave no two tables for {label!r}; let it return (seen, hidden), as data.hide does")
    seen, hidden = found
    same = (seen.tasks, seen.units) == (hidden.tasks, hidden.units) and not swapped(hidden.x_names, seen.x_names)
    if not same or not bool(hidden.observed.any()):
        raise ValueError(
            f"trial: its hidden table for {label!r} has other tasks, units or inputs than seen, or no cell; mend it"
        )
    return seen, hidden


def check_kinds(trial: Any, trials: Any, arms: Any) -> None:
    of_kind("trial", trial, Callable, "a function of one entry of trials that returns two tables")  # type: ignore[arg-type]
    if isinstance(trials, str) or not isinstance(trials, Iterable):
        raise ValueError(f"trials: is {trials!r}; pass a list of seeds or names, such as range(20)")
    of_kind("arms", arms, Mapping, "a dict of names and functions, such as {'ICM': icm}")
    for name, build in arms.items():
        of_kind(f"arms, {name!r}", build, Callable, MAKES_A_MODEL)  # type: ignore[arg-type]


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
    if isinstance(jobs, bool) or not isinstance(jobs, Integral) or jobs == 0 or jobs < -1:
        raise ValueError(f"jobs: {jobs!r} is neither -1 nor a whole number above 0; pass how many processes may fit")
    if client is not None and (jobs != 1 or not hasattr(client, "submit")):
        raise ValueError(
            f"client: is a {type(client).__name__}, with jobs={jobs}; pass a dask.distributed Client, and no jobs"
        )


Fitted = tuple[Key, pd.DataFrame | str]  # the rows of a fit, or why it failed
DEATHS = 3  # how often a process may be killed without a single fit done in between


def all_fits(asked: Iterator[Any], jobs: int, client: Any) -> Iterator[Fitted]:
    """The fits as they are done, in this process or in others; those of a killed process once more."""
    if client is not None:
        yield from _on_cluster(asked, client)
        return
    if jobs == 1:
        yield from (_fitted(*one) for one in asked)
        return
    from joblib import Parallel, delayed  # a tenth of the module's own import, for those who ask for processes
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    left, deaths = {one[0]: one for one in asked}, 0
    while left:
        try:
            calls = [delayed(_fitted)(*one) for one in left.values()]
            for found in Parallel(jobs, return_as="generator_unordered")(calls):
                del left[found[0]]
                deaths = 0
                yield found
        except TerminatedWorkerError:
            deaths += 1
            if deaths == DEATHS:
                raise RuntimeError(
                    f"compare: processes were killed {DEATHS} times in a row, with {len(left)} fits to do (is the "
                    "memory full?); try fewer jobs"
                ) from None


def _on_cluster(asked: Iterator[Any], client: Any) -> Iterator[Fitted]:
    """The fits as the workers have done them; the scheduler gives those of a lost worker to another."""
    from distributed import as_completed  # an extra, and whoever has a client has it
    from distributed.scheduler import KilledWorker

    try:
        futures = [client.submit(_fitted, *one, pure=False) for one in asked]
        for _, found in as_completed(futures, with_results=True):
            yield found
    except KilledWorker as error:
        raise RuntimeError(
            f"compare: a fit was under way on each of {error.allowed_failures + 1} workers that died (is their memory "
            "full?); try fewer tasks or rows, or larger workers"
        ) from None


def _fitted(
    key: Key,
    model: Model | Forecaster,
    seen: TaskData,
    hidden: TaskData,
    marks: dict[str, float | str],
    options: dict[str, Any],
) -> Fitted:
    """Scores of one fit, a row for each task with hidden cells; or why there is none."""
    if isinstance(model, Forecaster):
        table = scores.table(model.forecast(hidden), hidden, seen).reset_index()
        return key, table.assign(**{"log likelihood": math.nan, "on floor": 0}, **marks)
    try:
        fitted = fit(model, **options)
    except FitError as error:
        return key, str(error)
    sd = hidden.sd if fitted.model.data.sd is not None else None  # an arm that ignores known errors has learned them
    answer = impute(fitted, sd=sd) if torch.equal(seen.x, hidden.x) else predict(fitted, hidden.x, sd=sd)
    table = scores.table(answer, hidden, seen).reset_index()
    return key, table.assign(**{"log likelihood": fitted.log_likelihood, "on floor": len(fitted.on_floor)}, **marks)


def marks_of(model: Model | Forecaster, seen: TaskData, hidden: TaskData, priors: bool) -> dict[str, float | str]:
    """What changes when the model does (numbers, start), or a cell of the two tables (data)."""
    if isinstance(model, Forecaster):
        answer, scale = model.forecast(hidden), seen.scale()  # of the seen table and its own options
        z = ((answer.mean - scale.mean) / scale.sd + answer.variance / scale.sd**2).flatten()
        place = torch.arange(1, len(z) + 1).to(z)  # or two values that change places would not show
        numbers, start = 0, float((place * z).nansum())
    else:
        with torch.no_grad():
            start = float(objective(model, priors))
        numbers = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return {"numbers": numbers, "start": start, "data": _digest(seen, hidden)}


def _digest(*tables: TaskData) -> str:
    """A hash of all cells, to a billionth of the range of their column: a last digit may differ between machines."""
    found = hashlib.sha256()
    for table in tables:
        found.update(repr((table.tasks, table.units)).encode())
        for block in (table.x, table.y) if table.sd is None else (table.x, table.y, table.sd):
            for values in block.T.cpu().numpy():
                seen = values[~np.isnan(values)]
                low, high = (seen.min(), seen.max()) if len(seen) else (0.0, 0.0)
                steps = np.rint((values - low) / max(high - low, np.finfo(float).tiny) * 1e9)
                found.update(f"{low:.9g} {high:.9g} ".encode() + np.nan_to_num(steps, nan=-1).astype("<i8").tobytes())
    return found.hexdigest()[:16]


LABELS = ["trial", "arm", "task"]
NUMBERS = ["MSE", "MAE", "SMSE", "MSLL", "NLPD", "CRPS", "coverage", "log likelihood", "on floor"]
MARKS = ["numbers", "start", "data"]  # change when the model (how many numbers are fitted) or a cell of the tables does
BEFORE = "hidden"  # in place of "data" up to version 0.10: a sum, in which large inputs drowned what was hidden


class StoreError(ValueError):
    """A store that cannot be used: of other data, of another process, or no store at all."""


@contextmanager
def opened(path: str | Path | None) -> Iterator[Store]:
    """A store, under a lock beside its file that falls when its process ends, however it ends.

    Raises StoreError for a folder that is not there, a file that is no store, and one that another process writes.
    """
    if path is None:
        yield Store(None, {})
        return
    target = Path(path).expanduser().resolve()
    if not target.parent.is_dir():
        raise StoreError(f"store: {path} lies in a folder that does not exist; make it, or pass another path")
    try:
        lock = FileLock(f"{target}.lock").acquire(timeout=0)
    except Timeout:
        raise StoreError(f"store: another process writes {target}; wait for it, or pass another path") from None
    with lock:
        yield Store(target, _read(target) if target.exists() else {})


@dataclass
class Store:
    """The rows of each fit, by trial and arm; in a CSV file, unless path is None."""

    path: Path | None
    done: dict[Key, pd.DataFrame]

    def holds(self, key: Key, marks: dict[str, float | str]) -> bool:
        """Whether a fit is done; StoreError where it was done on other data or with another model."""
        if key not in self.done:
            return False
        numbers, start, data = (self.done[key][name] for name in MARKS)
        near = np.allclose(start, marks["start"], rtol=1e-6)
        if not ((numbers == marks["numbers"]).all() and near and (data == marks["data"]).all()):
            label, arm = key
            raise StoreError(
                f"store: {self.path} holds trial {label}, {arm!r}, of other data or another model; pass another path"
            )
        return True

    def add(self, key: Key, table: pd.DataFrame) -> None:
        """Keep the rows of one fit: written beside the file, then put in its place."""
        self.done[key] = table.assign(trial=key[0], arm=key[1])[LABELS + NUMBERS + MARKS]
        if self.path is not None:
            draft = Path(f"{self.path}.part")
            pd.concat(self.done.values()).to_csv(draft, index=False)
            if self.path.exists():
                shutil.copymode(self.path, draft)
            os.replace(draft, self.path)


def _read(path: Path) -> dict[Key, pd.DataFrame]:
    """The stored fits. Only numbers may be missing: a task may be called NA."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, engine="python")
        if list(frame.columns) == LABELS + NUMBERS + [*MARKS[:2], BEFORE]:
            warnings.warn(
                f"store: {path} was written before version 0.11, whose marks miss some changes of the data; its fits "
                "are done again",
                UserWarning,
                stacklevel=5,
            )
            return {}
        for name in NUMBERS + MARKS[:2]:  # by Python: the parser of older pandas misses the last digit
            frame[name] = [float(text or "nan") for text in frame[name]]
        frame = frame.astype({"on floor": int, "numbers": int})
    except (ValueError, KeyError):  # not text, no columns, no numbers
        frame = pd.DataFrame()
    if list(frame.columns) != LABELS + NUMBERS + MARKS or frame.duplicated(LABELS).any() or not _possible(frame):
        raise StoreError(f"store: {path} is not a file that compare wrote; pass another path")
    return {key: rows for key, rows in frame.groupby(["trial", "arm"], sort=False)}  # type: ignore[misc]


def _possible(frame: pd.DataFrame) -> bool:
    """Whether the numbers can be scores; one that was changed to another possible value is not noticed."""
    errors = frame[["MSE", "MAE", "SMSE", "CRPS", "on floor", "numbers"]]
    small = (frame["MAE"] ** 2 > frame["MSE"] * (1 + 1e-9)).any()  # the mean of squares is not below the squared mean
    return not ((errors < 0).any(axis=None) or small or (frame["coverage"] < 0).any() or (frame["coverage"] > 1).any())
