"""Trials of a large table: parameters fitted once for many trials, with all that these hide hidden at once.

Where a fit takes minutes and a trial hides a few cells of thousands, fits of their own would differ in next to nothing.
So the trials are put into groups, each model is fitted once for a group, and every trial is predicted by
it from all that this trial leaves seen.

Parameters that are fitted once for a group of trials, and kept with their scale in a file: a run can be resumed.

All trials: fitted, stored, and said one by one where there is no bar.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed

from mtgp_tutorial.answers.predicting import impute, predict
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.result import Fit, ParameterError, with_parameters
from mtgp_tutorial.judging.comparing import compare
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.arms import MODELS, Arms
from mtgp_tutorial.report.holes import SHARE, Trial
from mtgp_tutorial.report.options import ONCE, not_ours, put
from mtgp_tutorial.table.data import Scale, TaskData
from mtgp_tutorial.table.prediction import Prediction


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
    folder, rules = Path(folder), {name: arm for name, arm in arms.items() if name not in MODELS}
    models: Models = {name: arms[name] for name in MODELS if name in arms}  # type: ignore[misc]
    kept, known = kept_in(folder, trials, models), {trial.label: trial for trial in trials}
    groups = kept["groups"] = groups_of(data, trials, kept["groups"])
    for key, found in fits(data, known, groups, models, kept, seed, jobs):
        kept["parameters"][key] = found
        put(folder / ONCE, json.dumps(kept) + "\n")
    tables, failed = [], []
    for k, group in enumerate(groups):
        labels, given = [label for label in group if label in known], _given(models, kept, k, folder / ONCE)
        if len(given) < len(models):
            failed += labels
        elif labels:
            every = {name: rules.get(name) or given[name] for name in arms}
            tables.append(quiet(lambda one: known[one].tables(data), labels, every, store=folder / "trials.csv"))
    if len(trials) - len(failed) < 2:
        raise FitError(TOO_FEW)
    return pd.concat(tables, ignore_index=True), failed


Models = Mapping[str, Callable[[TaskData], Model]]


def quiet(*arguments: Any, **options: Any) -> pd.DataFrame:
    """`compare`, without its warning: arms that have no answer to some trial are named on the page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return compare(*arguments, **options)


def _given(arms: Models, kept: Kept, group: int, path: Path) -> dict[str, Callable[[TaskData], Given]]:
    """Arms of a group of trials at the parameters of this group, without those that could not be fitted."""
    values = {name: kept["parameters"].get(key_of(group, name)) for name in arms}

    def at(name: str) -> Callable[[TaskData], Given]:
        return lambda seen: at_kept_parameters(arms[name](seen), values[name], path)

    return {name: at(name) for name in arms if values[name] is not None}


def at_kept_parameters(model: Model, found: Mapping[str, Any], path: Path) -> Given:
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
    except ParameterError:
        raise not_ours(path) from None


Groups = list[list[str]]  # labels of trials
Kept = dict[str, Any]  # "groups", and "parameters" by group and arm


def groups_of(data: TaskData, trials: Sequence[Trial], closed: Groups = ()) -> Groups:  # type: ignore[assignment]
    """Trials in their order, in groups that together hide at most every SHARE-th value of each task, or one trial.

    closed: groups that are fitted, and take no more: parameters must not have seen what is hidden later.
    """
    found, done = [list(group) for group in closed], {label for group in closed for label in group}
    seen = data.observed.numpy()
    mask = np.ones_like(seen)  # so that the first begins a group
    for trial in [trial for trial in trials if trial.label not in done]:
        mask = mask | trial.mask
        if ((mask & seen).sum(0) > seen.sum(0) / SHARE).any():
            found.append([])
            mask = trial.mask
        found[-1].append(trial.label)
    return found


def key_of(group: int, arm: str) -> str:
    """Under which name a fit is kept."""
    return f"{group + 1}: {arm}"


def kept_in(folder: Path, trials: Sequence[Trial], arms: Iterable[str]) -> Kept:
    """What was kept; empty in place of a group with fits to do and trials that are not asked for any more.

    Fits of that group would not know all that it hides, so its trials become groups anew. The others keep their numbers
    and parameters, for trials are stored by these. Raises Refused for a file that is none of this command's.
    """
    path, labels = folder / ONCE, {trial.label for trial in trials}
    kept = _read(path) if path.is_file() else {"groups": [], "parameters": {}}
    groups, done = kept["groups"], {key for key, found in kept["parameters"].items() if found is not None}
    whole = [set(group) <= labels or all(key_of(k, name) in done for name in arms) for k, group in enumerate(groups)]
    groups = [group if stays else [] for group, stays in zip(groups, whole)]
    names = done & {key_of(k, name) for k, group in enumerate(groups) for name in arms if group}
    return {"groups": groups, "parameters": {name: kept["parameters"][name] for name in sorted(names)}}


def _read(path: Path) -> Kept:
    """What the file holds. Raises Refused unless these are groups of labels, and numbers and values for each fit."""
    try:
        kept = json.loads(path.read_text(encoding="utf8"))
        groups, fitted = kept["groups"], [found for found in kept["parameters"].values() if found is not None]
        kinds: list[tuple[Any, type]] = [(group, list) for group in groups]
        kinds += [(label, str) for group in groups for label in group]
        kinds += [(found["values"], dict) for found in fitted]
        kinds += [(number, float) for found in fitted for number in [*found["mean"], *found["sd"]]]
        good = all(type(value) is kind for value, kind in kinds)
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good:
        raise not_ours(path)
    return {"groups": groups, "parameters": kept["parameters"]}


def fits(
    data: TaskData, known: Mapping[str, Trial], groups: Groups, arms: Models, kept: Kept, seed: int, jobs: int
) -> Iterator[tuple[str, Any]]:
    """What is to be fitted, as it is done: its name, and parameters with their scale, or None where a fit failed."""
    asked = []
    for k, group in enumerate(groups):
        masks = [known[label].mask for label in group if label in known]
        missing = [name for name in arms if key_of(k, name) not in kept["parameters"]]
        if masks and missing:
            table = data.split(torch.as_tensor(np.logical_or.reduce(masks)))[0]
            asked += [(key_of(k, name), arms[name](table), seed) for name in missing]
    for found in Parallel(jobs, return_as="generator")(delayed(_fitted)(*one) for one in asked):
        print(f"  parameters {found[0]}", "are fitted" if found[1] else "could not be fitted", flush=True)
        yield found


def _fitted(key: str, model: Model, seed: int) -> tuple[str, Any]:
    free = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    try:
        fitted = fit(model, seed=seed)
    except FitError:
        return key, None
    scale = {"mean": model.scale.mean.tolist(), "sd": model.scale.sd.tolist()}
    return key, scale | {"values": {name: fitted.model.get_parameter(name).tolist() for name in free}}


TOO_FEW = "hardly a model could be fitted: the optimiser found no summit; leave out odd columns, or rows"


def try_all(
    data: TaskData, trials: list[Trial], arms: Arms, folder: Path, seed: int, jobs: int
) -> tuple[pd.DataFrame, list[str]]:
    """What `compare` returns, and the trials that are left out because an arm could not be fitted on them."""
    known = {trial.label: trial for trial in trials}
    options: dict[str, Any] = {"store": folder / "trials.csv", "seed": seed}

    def tables(label: str) -> tuple[TaskData, TaskData]:
        if not sys.stderr.isatty():
            print(f"  trial {label} ({len(trials)} in all)", flush=True)
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
