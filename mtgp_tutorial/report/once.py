"""Trials of a large table: parameters fitted once for many trials, with all that these hide hidden at once.

Where a fit takes minutes and a trial hides a few cells of thousands, fits of their own would differ in next to nothing.
So the trials are put into groups, each model is fitted once for a group (`parameters`), and every trial is predicted by
it from all that this trial leaves seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mtgp_tutorial.answers.predicting import impute, predict
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.fits.given import with_parameters
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging.trials import compare
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.hiding import Trial
from mtgp_tutorial.report.keeping import ONCE, put
from mtgp_tutorial.report.parameters import Arms, Kept, fits, groups_of, kept_in, key_of, not_ours
from mtgp_tutorial.report.trying import TOO_FEW
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction
from mtgp_tutorial.table.scale import Scale


@dataclass(eq=False)
class Given:
    """An arm of `compare`: a model at parameters that were fitted before, on what a trial leaves seen."""

    fitted: Fit
    answer: Prediction | None = None

    def forecast(self, hidden: TaskData) -> Prediction:
        """As `compare` asks a fitted model; asked twice for one trial, it answers once. No factor is kept."""
        if self.answer is None:
            seen = self.fitted.model.data
            sd = None if seen.sd is None else hidden.sd
            same = torch.equal(seen.x, hidden.x)
            self.answer = impute(self.fitted, sd=sd) if same else predict(self.fitted, hidden.x, sd=sd)
            self.fitted.__dict__.pop("_kept", None)
        return self.answer


def try_once(
    data: TaskData, trials: Sequence[Trial], arms: Arms, folder: str | Path, seed: int, jobs: int
) -> tuple[pd.DataFrame, list[str]]:
    """What `try_all` returns. jobs: processes that fit parameters; predictions are made here, and stored one by one.

    Raises FitError where fewer than two trials have all their models.
    """
    folder = Path(folder)
    kept, known = kept_in(folder, trials, arms), {trial.label: trial for trial in trials}
    groups = groups_of(data, trials, kept["groups"])
    kept["groups"] = groups
    for key, found in fits(data, known, groups, arms, kept, seed, jobs):
        kept["parameters"][key] = found
        put(folder / ONCE, json.dumps(kept) + "\n")
    tables, failed = [], []
    for k, group in enumerate(groups):
        labels, given = [label for label in group if label in known], _given(arms, kept, k, folder / ONCE)
        if len(given) < len(arms):
            failed += labels
        elif labels:
            store = folder / "trials.csv"
            tables.append(compare(lambda one: known[one].tables(data), labels, given, store=store))
    if len(trials) - len(failed) < 2:
        raise FitError(TOO_FEW)
    return pd.concat(tables, ignore_index=True), failed


def _given(arms: Arms, kept: Kept, group: int, path: Path) -> dict[str, Callable[[TaskData], Given]]:
    """Arms of a group of trials at the parameters of this group, without those that could not be fitted."""
    values = {name: kept["parameters"].get(key_of(group, name)) for name in arms}

    def at(name: str) -> Callable[[TaskData], Given]:
        return lambda seen: moved(arms[name](seen), values[name], path)

    return {name: at(name) for name in arms if values[name] is not None}


def said(trials: Sequence[Trial], data: TaskData) -> str:
    """How the trials were made, for the page."""
    cut = any(trial.rows != slice(0, len(data.x)) for trial in trials)
    return (
        "The table is too large for fits in each trial: the parameters of each model were fitted once for many trials, "
        "from the cells that none of these hides, and each trial was then predicted by them from all that it leaves "
        "seen. Standard errors take the parameters as they are."
        + cut
        * " Where a trial drops the rows beyond a moved start or end, the parameters have seen these rows."
    )


def moved(model: Model, found: Mapping[str, Any], path: Path) -> Given:
    """The model at kept parameters. They hold in the scale of the table that they were fitted to, not of its own.

    path: where they were kept. Raises Refused where they are not all that this model fits, or do not fit it.
    """
    free = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    if set(found["values"]) != free or {len(found["mean"]), len(found["sd"])} != {model.data.num_tasks}:
        raise not_ours(path)
    mean, sd = (model.data.y.new_tensor(found[name]) for name in ("mean", "sd"))
    known = None if model.data.sd is None else model.data.sd / sd
    model.scale = Scale(mean, sd)
    model.unit = replace(model.unit, y=model.scale.to_unit(model.data.y), sd=known)
    try:
        return Given(with_parameters(model, found["values"]))
    except ValueError as error:
        if not str(error).startswith("parameters:"):
            raise
        raise not_ours(path) from None
