"""The same models on many trials: seeds, splits or gaps. Fits are stored one by one, so a run can be resumed.

The fits are done in this process, in others or on a cluster, and known again by fingerprints. Tables and models are
made as they are handed out, so that memory grows with the rows of results alone.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from gpytorch.kernels import Kernel
from torch import Tensor
from tqdm import tqdm

from mtgp_tutorial import scores
from mtgp_tutorial.arguments import kind_of, of_kind, swapped
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.model import Model, icm, independent, lmc
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables.forecasting import Forecaster, NotApplicable, without_values
from mtgp_tutorial.tables.methods import A_METHOD, Methods, fingerprint_of, in_places, model_of, predictions_at
from mtgp_tutorial.tables.store import COLUMNS, JOINT, LABELS, NUMBERS, Key, Store, digest, opened


def standard_methods(kernel: Kernel | None = None) -> dict[str, Callable[[TaskData], Model]]:
    """The five models that the book compares, by name. Noise is per task but in "ICM, full noise".

    Args:
        kernel (Kernel): of the inputs, variance 1; the LMC has two of them, and rank 1. Default: Matern 3/2, with a
            length-scale for each input.

    >>> from mtgp_tutorial import simulate
    >>> from mtgp_tutorial.tables import standard_methods
    >>> methods = standard_methods()
    >>> list(methods)[1:]
    ['independent, shared', 'ICM', 'ICM, full noise', 'LMC']
    >>> methods["ICM, full noise"](simulate.two_sines(seed=1)).noise
    'full'
    """
    return {
        "independent, own": lambda data: independent(data, kernel=kernel),
        "independent, shared": lambda data: independent(data, hyperparameters="shared", kernel=kernel),
        "ICM": lambda data: icm(data, noise="per task", kernel=kernel),
        "ICM, full noise": lambda data: icm(data, noise="full", kernel=kernel),
        "LMC": lambda data: lmc(data, kernels=2 if kernel is None else [kernel, kernel]),
    }


def compare(
    trial: Callable[[Any], tuple[TaskData, TaskData]],
    trials: Iterable[Any],
    methods: Methods | None = None,
    *,
    store: str | Path | None = None,
    jobs: int = 1,
    client: Any = None,
    progress: bool = True,
    joint: bool = False,
    **options: Any,
) -> pd.DataFrame:
    """Fit every method on every trial and score it; one row for each trial, method and task with hidden cells.

    Where both tables of a trial stand on the same rows the hidden cells are filled in by `impute`, elsewhere `predict`
    is scored; with the standard errors of the hidden cells, where the method knows those of the seen ones. The column
    "interpolated" counts the cells that a rule has left to the interpolation. A method without an answer to a table (it
    raises NotApplicable) is left out of that trial, with a warning; attrs["left out"] of the result says why, by trial
    and method. Models with counts are asked where both tables stand on the same rows (their "MSLL" is NaN, and
    "NLPD" that of a probability, no density: `scores.table`).

    Args:
        trial (function): takes an entry of `trials` and returns two tables, seen and hidden.
        trials (list): seeds or names, for example.
        methods (dict): by name, functions from the seen table to a model, or to a `Forecaster`, such as `plain_methods`
            and `seasonal_naive` make. Default: `standard_methods()`.
        store (str or Path): a CSV file that takes every fit as soon as it is done. Call again, and what it holds is not
            done again; rows that are not asked for stay in it. Take one file for each choice of options, which are not
            stored. Default: nothing is stored.
        jobs (int): how many processes fit at once, -1 for one on each core. Default: 1.
        client (dask.distributed Client): in place of jobs; the workers of its cluster fit then (they and the scheduler
            need this release of the module, workers best one thread each), and this process stores. Default: none.
        progress (bool): a bar, in terminals only. Default: True.
        joint (bool): adds the column "joint NLPD", of the hidden cells of a task together (nats per cell,
            `scores.joint_nlpd`), NaN where a method has no one covariance for them; it takes the covariance of all
            cells that a model is asked for. Default: False.
        **options: for `fit`.
    Raises:
        ValueError: for a store that another process writes, for what is no store, for a stored row of other data or
            another model, and for a method whose model has other inputs than its table, or lacks rows that are to be
            filled.
        OSError: in one sentence, where the store cannot be written, as on a full disk; what it held stays in it.
        FitError: when fits failed, after all others are done and stored.
        RuntimeError: when processes are killed again and again; one costs the fits under way, which are done again.
    Warns:
        UserWarning: of methods without an answer.

    >>> from mtgp_tutorial import icm, independent, simulate
    >>> from mtgp_tutorial.tables import compare
    >>> def trial(seed):
    ...     return simulate.two_sines(seed=seed).hide("sine", 0.4, 0.6)
    >>> methods = {"alone": independent, "ICM": icm}
    >>> results = compare(trial, [1, 2], methods, starts=1)
    >>> results[["trial", "method"]].to_numpy().tolist()
    [[1, 'alone'], [1, 'ICM'], [2, 'alone'], [2, 'ICM']]
    """
    methods = standard_methods() if methods is None else methods
    check_kinds(trial, trials, methods)
    labels, methods = list(trials), dict(methods)
    check_labels(labels, methods)
    check_jobs(jobs, client)
    failed: list[str] = []
    left_out: dict[Key, str] = {}
    total = len(labels) * len(methods)
    with opened(store) as kept, tqdm(total=total, unit="fit", disable=None if progress else True) as bar:
        for (label, name), found in all_fits(_asked(trial, labels, methods, kept, bar, joint, options), jobs, client):
            bar.set_postfix_str(f"{label}: {name}")
            bar.update()
            if isinstance(found, NotApplicable):
                left_out[label, name] = str(found)
            elif isinstance(found, FitError):
                failed.append(f"trial {label}, {name!r}: {found}")
            else:
                kept.add((label, name), found)
    if failed:
        raise FitError(f"compare: {len(failed)} of {total} fits failed; the first: {failed[0]}")
    return _together(kept, labels, methods, left_out, [JOINT] if joint else [])


def _together(
    kept: Store, labels: list[Any], methods: Methods, left_out: dict[Key, str], more: list[str]
) -> pd.DataFrame:
    """All rows in the order of trials and methods, and what was left out."""
    if left_out:
        (label, name), why = next(iter(left_out.items()))
        total = len(labels) * len(methods)
        sentence = f"methods: {len(left_out)} of {total} answers are left out; {name!r} on trial {label!r}: {why}"
        if len(left_out) == total:
            raise NotApplicable(sentence)
        warnings.warn(f"{sentence} (all: the result's attrs['left out'])", UserWarning, stacklevel=4)
    answered = [(label, name) for label in labels for name in methods if (str(label), name) not in left_out]
    found = [(label, kept.done[str(label), name]) for label, name in answered]
    results = pd.DataFrame([row for _, rows in found for row in rows], columns=COLUMNS)[LABELS + NUMBERS + more]
    results["trial"] = pd.concat([pd.Series([label] * len(rows)) for label, rows in found], ignore_index=True)
    if left_out:
        results.attrs["left out"] = left_out
    return results


def _asked(
    trial: Any, labels: list[Any], methods: Methods, kept: Store, bar: tqdm, joint: bool, options: dict[str, Any]
) -> Iterator[Any]:
    """What is to be done: the arguments of `_fitted`, for each trial and method that the store does not hold."""
    for label in labels:
        seen, hidden = two_tables(trial(label), label)
        same, tasks = torch.equal(seen.x, hidden.x), int(hidden.observed.any(0).sum())
        for name, build in methods.items():
            key = str(label), name
            try:
                model = model_of(build, seen, f"methods, {name!r}", all_rows=same)
                fingerprints = fingerprints_of(model, seen, hidden, key in kept.done, options)
            except NotApplicable as error:
                yield key, error, seen, hidden, {}, joint, options
                continue
            if kept.holds(key, fingerprints, tasks, joint):
                bar.update()
            else:
                yield key, model, seen, hidden, fingerprints, joint, options


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


def check_kinds(trial: Any, trials: Any, methods: Any) -> None:
    of_kind("trial", trial, Callable, "a function of one entry of trials that returns two tables")  # type: ignore[arg-type]
    if isinstance(trials, str) or not isinstance(trials, Iterable):
        raise ValueError(f"trials: is {trials!r}; pass a list of seeds or names, such as range(20)")
    of_kind("methods", methods, Mapping, "a dict of names and functions, such as {'ICM': icm}")
    for name, build in methods.items():
        of_kind(f"methods, {name!r}", build, Callable, A_METHOD)  # type: ignore[arg-type]


def check_labels(labels: list[Any], methods: Methods) -> None:
    if not labels or not methods:
        raise ValueError("trials, methods: one of them is empty; pass at least one of each")
    for name in methods:
        if not isinstance(name, str):
            raise ValueError(f"methods: {name!r} is no name; pass texts")
    names = Counter(str(label) for label in labels)
    for name, count in names.items():
        if count > 1:
            raise ValueError(f"trials: {name!r} stands there twice; pass every trial once")
    for name in [*names, *methods]:
        if "\n" in name or "\r" in name:
            raise ValueError(f"trials, methods: {name!r} has a line break; pass names of one line")


def check_jobs(jobs: int, client: Any) -> None:
    if isinstance(jobs, bool) or not isinstance(jobs, Integral) or jobs == 0 or jobs < -1:
        raise ValueError(f"jobs: {jobs!r} is neither -1 nor a whole number above 0; pass how many processes may fit")
    if client is not None and (jobs != 1 or not hasattr(client, "submit")):
        raise ValueError(f"client: is {kind_of(client)}, with jobs={jobs}; pass a dask.distributed Client, and no jobs")


Fitted = tuple[Key, pd.DataFrame | FitError | NotApplicable]  # the rows of a fit, or why there are none
DEATHS = 3  # how often a process may be killed without a single fit done in between
AHEAD = 300  # fits whose tables and models are made before the first of them is done; more where many fit at once


def all_fits(asked: Iterator[Any], jobs: int, client: Any) -> Iterator[Fitted]:
    """The fits as they are done, in this process or in others; those of a killed process once more."""
    if client is not None:
        yield from _on_cluster(asked, client)
        return
    if jobs == 1:
        yield from (_fitted(*one) for one in asked)
        return
    from joblib import Parallel, delayed, effective_n_jobs  # a tenth of the module's import, for who asks for processes
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    left: dict[Key, Any] = {}
    some, deaths = max(AHEAD, 50 * effective_n_jobs(jobs)), 0
    while left := left or {one[0]: one for one in islice(asked, some)}:
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
                    f"compare: processes were killed {DEATHS} times in a row, with {len(left)} fits handed out (is the "
                    "memory full?); try fewer jobs"
                ) from None


def _on_cluster(asked: Iterator[Any], client: Any) -> Iterator[Fitted]:
    """The fits as the workers have done them; the scheduler gives those of a lost worker to another."""
    from distributed import as_completed  # an extra, and whoever has a client has it
    from distributed.scheduler import KilledWorker

    def submitted(count: int) -> list[Any]:
        return [client.submit(_fitted, *one, pure=False) for one in islice(asked, count)]

    try:
        futures = as_completed(submitted(max(AHEAD, 2 * sum(client.nthreads().values()))), with_results=True)
        for _, found in futures:
            futures.update(submitted(1))
            yield found
    except KilledWorker as error:
        raise RuntimeError(
            f"compare: a fit was under way on each of {error.allowed_failures + 1} workers that died (is their memory "
            "full?); try fewer tasks or rows, or larger workers"
        ) from None


def _fitted(
    key: Key,
    model: Model | Forecaster | NotApplicable,
    seen: TaskData,
    hidden: TaskData,
    fingerprints: dict[str, float | str],
    joint: bool,
    options: dict[str, Any],
) -> Fitted:
    """Scores of one fit, a row for each task with hidden cells; or why there is none."""
    if isinstance(model, NotApplicable):
        return key, model
    try:
        if isinstance(model, Forecaster):
            table = _forecast(model, seen, hidden, fingerprints)
            return key, table.assign(**{JOINT: _joint(getattr(model, "joint", None) if joint else None, hidden)})
        fitted = fit(model, **options)
    except (FitError, NotApplicable) as error:
        return key, error
    answer = predictions_at(model, fitted, hidden, covariance=joint)
    table = scores.table(answer, hidden, seen).reset_index()
    numbers: dict[str, Any] = {
        "log likelihood": fitted.log_likelihood,
        "on floor": len(fitted.on_floor),
        "interpolated": 0,
    }
    numbers[JOINT] = _joint(partial(_part, answer) if joint else None, hidden)
    return key, table.assign(**numbers, **fingerprints)


def _joint(law: Callable[[TaskData], tuple[Tensor, Tensor]] | None, hidden: TaskData) -> list[float]:
    """The joint NLPD of each task with hidden cells; NaN without a law of mean and covariance of all of them."""
    tasks = hidden.observed.any(0).nonzero()[:, 0].tolist()
    if law is None:
        return [math.nan] * len(tasks)
    found = []
    for t in tasks:
        own = torch.arange(hidden.num_tasks, device=hidden.y.device) == t
        asked = replace(hidden, y=torch.where(own, hidden.y, torch.nan))
        try:
            found.append(float(scores.joint_nlpd(*law(without_values(asked)), hidden.y[asked.observed])))
        except (NotApplicable, NotPositiveDefiniteError):
            found.append(math.nan)
    return found


def _part(answer: Prediction, asked: TaskData) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the cells of `asked` that have a value."""
    assert answer.cells is not None and answer.covariance is not None
    place = {cell: k for k, cell in enumerate(answer.cells)}
    wanted = [place[row, asked.tasks[t]] for row, t in asked.observed.nonzero().tolist()]
    return answer.mean[asked.observed], answer.covariance[wanted][:, wanted]


def _forecast(
    model: Forecaster, seen: TaskData, hidden: TaskData, fingerprints: dict[str, float | str]
) -> pd.DataFrame:
    """Scores of one forecast."""
    asked = without_values(hidden)
    answer, counted = model.forecast(asked), getattr(model, "interpolated", lambda asked: [0] * asked.num_tasks)(asked)
    if "start" not in fingerprints:
        fingerprints = {**fingerprints, "start": _start(answer, seen)}
    interpolated = [count for count, asks in zip(counted, hidden.observed.any(0)) if asks]
    table = scores.table(answer, hidden, seen).reset_index().assign(interpolated=interpolated, **fingerprints)
    return table.assign(**{"log likelihood": math.nan, "on floor": 0})


def fingerprints_of(
    model: Model | Forecaster, seen: TaskData, hidden: TaskData, stored: bool, options: dict[str, Any]
) -> dict[str, float | str]:
    """What changes when the model does (numbers, start), or a cell of the two tables (data).

    A forecaster without a `fingerprint` has its answer for a start; unless there is a stored one to compare it with,
    that is left to whoever makes the forecast.
    """
    fingerprints: dict[str, float | str] = {"numbers": 0, "data": digest(seen, hidden)}
    if isinstance(model, Model):
        fingerprints["numbers"] = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    start = fingerprint_of(model, options)
    if isinstance(model, Forecaster) and start is None and stored:
        start = _start(model.forecast(without_values(hidden)), seen)
    return fingerprints if start is None else {**fingerprints, "start": float(start)}


def _start(answer: Prediction, seen: TaskData) -> float:
    """One number that changes with a forecast."""
    scale = seen.scale()
    standardised = (answer.mean - scale.mean) / scale.sd + answer.variance / scale.sd**2
    return in_places(torch.where(standardised.isnan(), 0.0, standardised))  # NaN at cells that are not asked for
