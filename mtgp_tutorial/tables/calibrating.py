"""Bands scaled by how far off a method is where cells are hidden once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from mtgp_tutorial.arguments import as_array, of_kind, whole
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables.forecasting import NotApplicable, without_values
from mtgp_tutorial.tables.methods import (
    A_METHOD,
    Answering,
    Method,
    fingerprint_of,
    in_places,
    model_of,
    predictions_of,
)

CUT, PRIOR = 3.0, 10  # standardised errors count as 3 at most; runs that say that bands are right
MOST, LEAST = 3, 4  # a column hides at most a third of its values, and keeps four


class HiddenRun(NamedTuple):
    """Standardised errors of neighbouring cells of a column that were hidden together, in refit number `refit`."""

    refit: int
    column: int
    errors: np.ndarray


def calibrated(build: Method, *, refits: int = 4, seed: int = 0, **options: Any) -> Callable[[TaskData], Answering]:
    """A method for `compare` and `fill`: the same mean, with standard deviations multiplied by one factor.

    Seen cells are hidden once more, with the pattern of the missing ones moved along the first input, and the method
    answers without them. The square of the factor is the mean square of the standardised errors there, each cut at 3,
    drawn towards 1 as if ten more runs of cells had one of 1; it is never below 1. Where the method has no answer to
    what is left, that refit counts for nothing. It costs a fit for each, and promises no coverage. (Gneiting et al.
    2007; Kuleshov et al. 2018 on recalibration)

    Args:
        build (function): an entry of the methods of `compare`.
        refits (int): how often cells are hidden. Default: 4.
        seed (int): of the places. Default: 0.
        **options: for `fit`.
    Raises:
        NotApplicable: by the method, where it has no answer to the table.
        ValueError: for what is no method, and for fewer than one refit.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import calibrated, fill, plain_methods
    >>> seen, hidden = datasets.great_lakes().hide("Erie", 1950, 1961)
    >>> line = plain_methods()["interpolation"]
    >>> before, after = fill(seen, line), fill(seen, calibrated(line))
    >>> bool((before.mean == after.mean).all())
    True
    >>> bool((after.sd >= before.sd).all())
    True
    """
    of_kind("build", build, Callable, A_METHOD)  # type: ignore[arg-type]
    refits = whole("refits", refits, 1, "how often cells are hidden once more")

    def made(seen: TaskData) -> Answering:
        part = model_of(build, seen, "build")
        mark = fingerprint_of(part, options)

        def forecast(hidden: TaskData) -> Prediction:
            answer = predictions_of(part, hidden, options)
            return widened(answer, factor(errors_again(build, seen, refits, seed, options)))

        return Answering(forecast, None if mark is None else mark + in_places([refits, seed]))

    return made


def widened(answer: Prediction, by: float) -> Prediction:
    """The same mean; the law around it is wider by a factor."""
    changed: dict[str, Any] = {"variance": answer.variance * by**2}
    if answer.covariance is not None:
        changed["covariance"] = answer.covariance * by**2
    if hasattr(answer, "means"):
        means, variances = answer.components
        changed |= {"means": answer.mean + (means - answer.mean) * by, "variances": variances * by**2}
    return replace(answer, **changed)


def factor(runs: list[HiddenRun]) -> float:
    """By what standard deviations are multiplied: at least 1, and the nearer to it, the fewer runs there are."""
    if not runs:
        return 1.0
    squares = np.minimum(np.abs(np.concatenate([run.errors for run in runs])), CUT) ** 2
    return max(1.0, float(np.sqrt((len(runs) * squares.mean() + PRIOR) / (len(runs) + PRIOR))))


def errors_again(build: Method, seen: TaskData, refits: int, seed: int, options: dict[str, Any]) -> list[HiddenRun]:
    """Standardised errors of the method at cells that are hidden once more, in runs of neighbours.

    Where the method fails, or has no answer, a refit counts for nothing.
    """
    order, found = as_array(seen.x[:, 0]).argsort(kind="stable"), []
    for number, mask in enumerate(hidden_again(seen, refits, seed)):
        less, hidden = seen.split(torch.as_tensor(mask, device=seen.y.device))
        if not mask.any():
            continue
        try:
            answer = predictions_of(model_of(build, less, "build"), without_values(hidden), options)
        except (FitError, NotApplicable):
            continue
        z = as_array(answer.residuals(hidden.y))[order]
        for t, hides in enumerate(mask[order].T):
            found += [HiddenRun(number, t, z[rows, t]) for rows in runs_of(hides) if np.isfinite(z[rows, t]).all()]
    return found


def hidden_again(seen: TaskData, refits: int, seed: int) -> list[np.ndarray]:
    """Masks [N, T] of seen cells, with holes of the table's own kind.

    Each is the pattern of the missing cells, moved along the first input (beyond the end it goes on at the start): by
    even shares of the table, begun at a place that is drawn.
    """
    draw, (N, T) = np.random.default_rng(seed), seen.y.shape
    order = as_array(seen.x[:, 0]).argsort(kind="stable")
    known, values = as_array(seen.observed)[order], as_array(seen.y)[order]
    start, found = draw.uniform(0.5, 1.5), []
    for k in range(refits):
        again = np.roll(~known, round(N * (k + start) / (refits + 1)), axis=0) & known
        for t in range(T):
            room, kept, runs = int(known[:, t].sum()) // MOST, np.zeros(N, bool), runs_of(again[:, t])
            for which in draw.permutation(len(runs)):
                kept[runs[which][: max(room - int(kept.sum()), 0)]] = True
            left = values[known[:, t] & ~kept, t]
            again[:, t] = kept if len(left) >= LEAST and left.min() < left.max() else False
        mask = np.empty((N, T), bool)
        mask[order] = again
        found.append(mask)
    return found


def runs_of(hidden: np.ndarray) -> list[np.ndarray]:
    """Places of neighbours that are hidden, of hidden [N]."""
    parts = np.split(np.arange(len(hidden)), np.flatnonzero(hidden[1:] != hidden[:-1]) + 1)
    return [part for part in parts if len(part) and hidden[part[0]]]
