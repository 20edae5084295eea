"""Parameters that are fitted once for a group of trials, and kept with their scale in a file: a run can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed

from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.hiding import Trial
from mtgp_tutorial.report.keeping import ONCE
from mtgp_tutorial.report.kinds import SHARE
from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.table.data import TaskData

Arms = Mapping[str, Callable[[TaskData], Model]]
Groups = list[list[str]]  # labels of trials
Kept = dict[str, Any]  # "groups", and "parameters" by group and arm


def groups_of(data: TaskData, trials: Sequence[Trial], closed: Groups = ()) -> Groups:  # type: ignore[assignment]
    """Trials in their order, in groups that together hide at most every SHARE-th value of each task, or one trial.

    closed: groups that are fitted, and take no more: parameters must not have seen what is hidden later.
    """
    found, done = [list(group) for group in closed], {label for group in closed for label in group}
    seen, mask = data.observed.numpy(), None
    for trial in trials:
        if trial.label in done:
            continue
        both = trial.mask if mask is None else mask | trial.mask
        if mask is None or ((both & seen).sum(0) > seen.sum(0) / SHARE).any():
            found.append([])
            both = trial.mask
        found[-1].append(trial.label)
        mask = both
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
    try:
        kept = json.loads(path.read_text(encoding="utf8"))
    except ValueError:
        raise not_ours(path) from None
    groups, parameters = (kept.get("groups"), kept.get("parameters")) if isinstance(kept, dict) else (None, None)
    if not isinstance(groups, list) or not isinstance(parameters, dict):
        raise not_ours(path)
    if not (all(map(_labels, groups)) and all(map(_found, parameters.values()))):
        raise not_ours(path)
    return {"groups": groups, "parameters": parameters}


def not_ours(path: Path) -> Refused:
    """How such a file is refused."""
    return Refused(f"{path} is not a file that this command wrote; remove {path.parent}, or add --out NAME")


def _labels(group: Any) -> bool:
    """Whether it can be a group."""
    return isinstance(group, list) and all(isinstance(label, str) for label in group)


def _found(found: Any) -> bool:
    """Whether it can be what `fits` gives for an arm."""
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        return found is None
    scale = [found.get("mean"), found.get("sd")]
    return all(isinstance(one, list) and all(type(number) is float for number in one) for one in scale)


def fits(
    data: TaskData, known: Mapping[str, Trial], groups: Groups, arms: Arms, kept: Kept, seed: int, jobs: int
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
