"""Bands that hold: a method's standard deviations, scaled by how far off it was where cells were hidden once more."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.tables.forecasting import NotApplicable, without_values
from mtgp_tutorial.tables.methods import Method, model_of, predictions_of

MOST, LEAST = 3, 4  # a column hides at most a third of its values, and keeps four


class Run(NamedTuple):
    """Standardised errors of neighbouring cells of a column that were hidden together, in refit number `refit`."""

    refit: int
    column: int
    errors: np.ndarray


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
            room, kept = int(known[:, t].sum()) // MOST, np.zeros(N, bool)
            runs = [rows for rows in np.split(np.arange(N), _starts(again[:, t])) if again[rows[0], t]] if N else []
            for which in draw.permutation(len(runs)):
                rows = runs[which][: max(room - int(kept.sum()), 0)]
                kept[rows] = True
            left = values[known[:, t] & ~kept, t]
            again[:, t] = kept if len(left) >= LEAST and left.min() < left.max() else False
        mask = np.empty((N, T), bool)
        mask[order] = again
        found.append(mask)
    return found


def _starts(hidden: np.ndarray) -> np.ndarray:
    """Where hidden [N] changes."""
    return np.flatnonzero(hidden[1:] != hidden[:-1]) + 1


def errors_again(build: Method, seen: TaskData, refits: int, seed: int, options: dict[str, Any]) -> list[Run]:
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
            for rows in np.split(np.arange(len(hides)), _starts(hides)):
                if hides[rows[0]] and np.isfinite(z[rows, t]).all():
                    found.append(Run(number, t, z[rows, t]))
    return found
