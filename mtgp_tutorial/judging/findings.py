"""Sentences on a fit, each only where a number gives cause for it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from mtgp_tutorial.device import as_array
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.models.priors import input_spread, spatial_parts

ALARM = 0.01  # chance that any of the tests speaks up on a table drawn from the fit itself
NEAR_ONE, NO_KAPPA = 0.99, 1e-4  # a task correlation; kappa as a share of the task's variance
SHORT = 0.01  # nats below the best at which a climb has not come to the same summit


def of_tests(table: pd.DataFrame, together: pd.DataFrame, rows: pd.DataFrame, full: bool) -> Iterator[str]:
    """On one-step errors: their size, neighbours, and the tasks of one row. `rows` counts the latter.

    Exact tests where the parameters are given; parameters that were fitted to these cells make them milder.
    """
    T, names = len(table), list(table.index)
    chance = ALARM / (2 * T + T * (T - 1) / 2)
    for task, row in table.iterrows():
        square = row["size"] ** 2 * row["cells"]
        if 2 * min(stats.chi2.cdf(square, row["cells"]), stats.chi2.sf(square, row["cells"])) < chance:
            larger, narrow = ("larger", "narrow") if row["size"] > 1 else ("smaller", "wide")
            yield (
                f"{task}: its one-step errors are {larger} than the fit says (size {row['size']:.2f} where 1 is due); "
                f"its bands are too {narrow}."
            )
        if _no_chance(row["neighbours"], row["pairs"], chance):
            yield (
                f"{task}: its one-step errors at neighbours are correlated ({row['neighbours']:+.2f} where 0 is due); "
                "look at the kernel and its length-scale."
            )
    for s, t in combinations(range(T), 2):
        if _no_chance(together.iloc[s, t], rows.iloc[s, t], chance):
            advice = "the relation between these tasks is not the fitted one" if full else 'try noise="full"'
            yield (
                f"{names[s]} and {names[t]}: their one-step errors in the same row are correlated "
                f"({together.iloc[s, t]:+.2f} where 0 is due); {advice}."
            )


def _no_chance(r: float, pairs: float, chance: float) -> bool:
    """Whether a correlation of that many independent pairs would hardly come up by chance."""
    return bool(2 * stats.norm.sf(abs(r) * math.sqrt(pairs)) < chance)


def of_calibration(calibration: pd.DataFrame, draws: int) -> Iterator[str]:
    """Where a share of cells in their central intervals is beyond those of all drawn tables."""
    for what, name in (("cell", "cells left out one by one"), ("block", "cells left out in blocks")):
        for level, beyond, word, sign in ((0.95, "lowest", "narrow", -1), (0.5, "highest", "wide", 1)):
            share, limit = calibration.loc[level, what], calibration.loc[level, f"{what} {beyond}"]
            if sign * (share - limit) > 1e-12:
                yield (
                    f"Of the {name}, {share:.0%} lie inside their {level:.0%} intervals; {draws} tables drawn from the "
                    f"fit have {'at least' if sign < 0 else 'at most'} {limit:.0%}: the intervals are too {word}."
                )


def of_cells(cells: pd.DataFrame, units: dict[str, str]) -> Iterator[str]:
    """Cells that lie more than four standard deviations from what all others say of them."""
    far = cells[cells["z"].abs() > 4]
    far = far.loc[far["z"].abs().sort_values(ascending=False).index]
    due = 2 * stats.norm.sf(4) * len(cells)
    for (row, task), cell in far.iterrows():
        unit = f" {units[task]}" if units[task] else ""
        yield (
            f"{task} at {row}: its value {cell['value']:.6g}{unit} lies {abs(cell['z']):.1f} standard deviations "
            f"{'above' if cell['z'] > 0 else 'below'} what all other cells say, {cell['mean']:.6g}{unit} "
            f"({len(far)} such in the table, {due:.2g} due)."
        )


def of_bounds(fit: Fit) -> Iterator[str]:
    """What sits on a bound: noise, length-scales, correlations, kappa."""
    for task in fit.on_floor:
        yield f"{task}: its noise is on the floor, so that the curve goes through the values."
    yield from _length_scales(fit)
    R, B, names = fit.correlation, as_array(fit.model.B()), list(fit.model.data.tasks)
    for s, t in combinations(range(len(names)), 2):
        if abs(R.iloc[s, t]) >= NEAR_ONE:
            yield f"{names[s]} and {names[t]}: their task correlation is {R.iloc[s, t]:+.3f}, next to its bound."
    for q, kappa in enumerate(as_array(one.detach()) for one in fit.model.kappas()):
        for t, name in enumerate(names):
            if 0 < kappa[t] < NO_KAPPA * B[t, t]:  # exactly 0 is by construction
                of = f" of kernel {q + 1}" if len(fit.model.kappas()) > 1 else ""
                yield f"{name}: its kappa{of} is at 0: what this task has, the columns of W share."


def _length_scales(fit: Fit) -> Iterator[str]:
    """Length-scales longer than the range of their input, or shorter than the spacing of rows."""
    x = fit.model.data.x
    spread, different = as_array(input_spread(x)), len(np.unique(as_array(x), axis=0))
    for q, part in enumerate(spatial_parts(fit.model.kernel)):
        lengths = as_array(part.lengthscale.detach()).ravel()
        ranges = spread if len(lengths) == len(spread) else np.exp(np.log(spread).mean(keepdims=True))
        for d, (length, whole) in enumerate(zip(lengths, ranges)):
            spacing = whole / max(different - 1, 1) ** (1 / x.shape[1])
            which = f"length-scale {d + 1} of kernel {q + 1}" if len(lengths) > 1 else f"length-scale of kernel {q + 1}"
            if length > whole:
                yield f"The {which}, {length:.3g}, is longer than the range of the inputs, {whole:.3g}."
            elif length < spacing:
                yield f"The {which}, {length:.3g}, is shorter than the spacing of the rows, about {spacing:.3g}."


def of_climbs(fit: Fit) -> Iterator[str]:
    """Climbs of which one alone came to the best summit."""
    heights = fit.starts["objective"].to_numpy(dtype=float)
    if len(heights) > 1:
        below = np.nanmax(heights) - heights
        if int((below < SHORT).sum()) == 1:
            nearest = np.sort(below[np.isfinite(below)])[1:2]
            gap = f", the next {nearest[0]:.2g} nats below it" if len(nearest) else ""
            yield (f"Of {len(heights)} climbs one came to the best summit{gap}; more starts may find a higher one.")
