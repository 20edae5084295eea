"""The fits of `compare`: in this process, in others, or on a cluster; and the marks by which a stored one is known."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from mtgp_tutorial.answers.predicting import impute, predict
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.objective import objective
from mtgp_tutorial.judging import scores
from mtgp_tutorial.judging.forecasting import Forecaster
from mtgp_tutorial.judging.store import Key
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData

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
    left, deaths = {one[0]: one for one in asked}, 0
    while left:
        try:
            for found in Parallel(jobs, return_as="generator_unordered")(
                delayed(_fitted)(*one) for one in list(left.values())
            ):
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
