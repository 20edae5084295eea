"""The same models on many trials: seeds, splits or gaps. Fits are stored one by one, so a run can be resumed.

The fits are done in this process, in others or on a cluster. Tables and models are made as they are handed out, so that
memory grows with the rows of results alone.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from gpytorch.kernels import Kernel
from tqdm import tqdm

from mtgp_tutorial import scores
from mtgp_tutorial.arguments import flags, kind_of, of_kind, went, whole
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.model import Model, icm, independent, lmc
from mtgp_tutorial.prediction import Prediction, same_columns
from mtgp_tutorial.tables.forecasting import Forecaster, NotApplicable, without_values
from mtgp_tutorial.tables.methods import A_METHOD, Methods, fingerprint_of, in_places, model_of, predictions_at
from mtgp_tutorial.tables.store import COLUMNS, LABELS, NUMBERS, Key, Store, digest, opened


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


@went("joint", "take scores.joint_nlpd of impute(fitted, covariance=True)")
def compare(
    trial: Callable[[Any], tuple[TaskData, TaskData]],
    trials: Iterable[Any],
    methods: Methods | None = None,
    *,
    store: str | Path | None = None,
    jobs: int = 1,
    client: Any = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Fit every method on every trial and score it; one row for each trial, method and task with hidden cells.

    Where both tables of a trial stand on the same rows the hidden cells are filled in by `impute`, elsewhere (not for
    counts) `predict` is scored; with the standard errors of the hidden cells, where the method knows those of the seen
    ones. A method without an answer to a table (it raises NotApplicable) is left out of that trial, with a warning;
    attrs["left out"] of the result says why, by trial and method.

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
        **options: for `fit`.
    Raises:
        ValueError: for a store that another process writes, for what is no store, for a stored row of other data or
            another model, and for a method whose model has other rows than its table.
        OSError: where the store cannot be written, as on a full disk; what it held stays in it.
        FitError: when fits failed, after all others are done and stored.
        RuntimeError: when a process is killed, as where the memory is full.
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
    flags(progress=progress)
    labels = _checked(trial, trials, methods, jobs, client)
    failed: list[str] = []
    left_out: dict[Key, str] = {}
    total = len(labels) * len(methods)
    with opened(store) as kept, tqdm(total=total, unit="fit", disable=None if progress else True) as bar:

        def asked() -> Iterator[Any]:  # the arguments of `_fitted` for what the store does not hold
            for label in labels:
                seen, hidden = two_tables(trial(label), label)
                same, tasks = torch.equal(seen.x, hidden.x), int(hidden.observed.any(0).sum())
                for name, build in methods.items():
                    key = str(label), name
                    try:
                        model = model_of(build, seen, f"methods, {name!r}", all_rows=same)
                        marks = _fingerprints(model, seen, hidden, key in kept.done, options)
                        done = kept.holds(key, marks, tasks)
                    except NotApplicable as error:
                        left_out[key], done = str(error), True
                    if done:
                        bar.update()
                    else:
                        yield key, model, seen, hidden, marks, options

        for key, found in _all_fits(asked(), jobs, client):
            bar.set_postfix_str(": ".join(key))
            bar.update()
            if isinstance(found, NotApplicable):
                left_out[key] = str(found)
            elif isinstance(found, FitError):
                failed.append(f"trial {key[0]}, {key[1]!r}: {found}")
            else:
                kept.add(key, found)
    if failed:
        raise FitError(f"compare: {len(failed)} of {total} fits failed; the first: {failed[0]}")
    return _together(kept, labels, methods, left_out)


def _together(kept: Store, labels: list[Any], methods: Methods, left_out: dict[Key, str]) -> pd.DataFrame:
    """All rows in the order of trials and methods, and what was left out."""
    if left_out:
        (label, name), why = next(iter(left_out.items()))
        total = len(labels) * len(methods)
        sentence = f"methods: {len(left_out)} of {total} answers are left out; {name!r} on trial {label!r}: {why}"
        if len(left_out) == total:
            raise NotApplicable(sentence)
        warnings.warn(f"{sentence} (all: the result's attrs['left out'])", UserWarning, stacklevel=4)
    by_name = dict(zip(map(str, labels), labels))
    answered = [(label, name) for label in by_name for name in methods if (label, name) not in left_out]
    found = pd.DataFrame([row for key in answered for row in kept.done[key]], columns=COLUMNS)
    results = found[LABELS + NUMBERS].assign(trial=found["trial"].map(by_name))
    if left_out:
        results.attrs["left out"] = left_out
    return results


def _checked(trial: Any, trials: Any, methods: Any, jobs: int, client: Any) -> list[Any]:
    """The labels of the trials; ValueError for arguments that are of no use."""
    of_kind("trial", trial, Callable, "a function of one entry of trials that returns two tables")  # type: ignore[arg-type]
    of_kind("methods", methods, Mapping, "a dict of names and functions, such as {'ICM': icm}")
    for name, build in methods.items():
        of_kind(f"methods, the name {name!r}", name, str, "a text")
        of_kind(f"methods, {name!r}", build, Callable, A_METHOD)  # type: ignore[arg-type]
    if isinstance(trials, str) or not isinstance(trials, Iterable):
        raise ValueError(f"trials: is {trials!r}; pass a list of seeds or names, such as range(20)")
    labels = list(trials)
    if not labels or not methods:
        raise ValueError("trials, methods: one of them is empty; pass at least one of each")
    label, times = Counter(map(str, labels)).most_common(1)[0]
    if times > 1:
        raise ValueError(f"trials: {label!r} stands there twice; pass every trial once")
    if jobs != -1:
        whole("jobs", jobs, 1, "how many processes may fit, or -1 for one on each core")
    if client is not None and (jobs != 1 or not hasattr(client, "submit")):
        raise ValueError(f"client: is {kind_of(client)}, with jobs={jobs}; pass a dask.distributed Client, and no jobs")
    return labels


def two_tables(found: Any, label: Any) -> tuple[TaskData, TaskData]:
    """What a trial gave: two tables, of which the second has what is to be predicted."""
    if not isinstance(found, Sequence) or [type(table) for table in found] != [TaskData, TaskData]:
        raise ValueError(f"trial: gave no two tables for {label!r}; let it return (seen, hidden), as data.hide does")
    seen, hidden = found
    if not same_columns(seen, hidden) or not bool(hidden.observed.any()):
        raise ValueError(
            f"trial: its hidden table for {label!r} has other tasks, units or inputs than seen, or no cell; mend it"
        )
    return seen, hidden


Marks = dict[str, float | str]  # by which a stored row is known again
Fitted = tuple[Key, pd.DataFrame | FitError | NotApplicable]  # the rows of a fit, or why there are none
AHEAD = 300  # fits whose tables and models are made before the first of them is done; more where many fit at once


def _all_fits(asked: Iterator[Any], jobs: int, client: Any) -> Iterator[Fitted]:
    """The fits as they are done, in this process or in others."""
    if client is not None:
        yield from _on_cluster(asked, client)
    elif jobs == 1:
        yield from (_fitted(*one) for one in asked)
    else:
        from joblib import Parallel, delayed, effective_n_jobs  # a tenth of the module's import, for who asks for them

        some = max(AHEAD, 50 * effective_n_jobs(jobs))
        try:
            while calls := [delayed(_fitted)(*one) for one in islice(asked, some)]:
                yield from Parallel(jobs, return_as="generator_unordered")(calls)
        except BrokenProcessPool:
            raise RuntimeError(
                "compare: a process was killed (is the memory full?); try fewer jobs: with a store, what is done stays"
            ) from None


def _on_cluster(asked: Iterator[Any], client: Any) -> Iterator[Fitted]:
    """The fits as the workers have done them; the scheduler gives those of a lost worker to another."""
    from distributed import as_completed  # an extra, and whoever has a client has it

    def submitted(count: int) -> list[Any]:
        return [client.submit(_fitted, *one, pure=False) for one in islice(asked, count)]

    futures = as_completed(submitted(max(AHEAD, 2 * sum(client.nthreads().values()))), with_results=True)
    for _, found in futures:
        futures.update(submitted(1))
        yield found


def _fitted(
    key: Key, model: Model | Forecaster, seen: TaskData, hidden: TaskData, marks: Marks, options: dict[str, Any]
) -> Fitted:
    """Scores of one fit, a row for each task with hidden cells; or why there is none."""
    numbers: dict[str, Any] = {"log likelihood": math.nan, "on floor": 0}
    try:
        if isinstance(model, Forecaster):
            answer = model.forecast(without_values(hidden))
            marks = {"start": _start(answer, seen), **marks}
        else:
            fitted = fit(model, **options)
            answer = predictions_at(model, fitted, hidden)
            numbers = {"log likelihood": fitted.log_likelihood, "on floor": len(fitted.on_floor)}
    except (FitError, NotApplicable) as error:
        return key, error
    return key, scores.table(answer, hidden, seen).reset_index().assign(**numbers, **marks)


def _fingerprints(
    model: Model | Forecaster, seen: TaskData, hidden: TaskData, stored: bool, options: dict[str, Any]
) -> Marks:
    """What changes when the model does (numbers, start), or a cell of the two tables (data).

    A forecaster without a `fingerprint` has its answer for a start; unless there is a stored one to compare it with,
    that is left to whoever makes the forecast.
    """
    start, free = fingerprint_of(model, options), 0
    if isinstance(model, Model):
        free = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    elif start is None and stored:
        start = _start(model.forecast(without_values(hidden)), seen)
    known = {} if start is None else {"start": float(start)}
    return {"numbers": free, "data": digest(seen, hidden), **known}


def _start(answer: Prediction, seen: TaskData) -> float:
    """One number that changes with a forecast."""
    scale = seen.scale()
    standardised = (answer.mean - scale.mean) / scale.sd + answer.variance / scale.sd**2
    return in_places(torch.where(standardised.isnan(), 0.0, standardised))  # NaN at cells that are not asked for
