"""Looking at a fit: does it foretell cells as well as it says, and does anything sit on a bound?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np
import pandas as pd
import scipy
import torch

from mtgp_tutorial.arguments import as_array, of_kind, whole
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.leave_one_out import leave_out
from mtgp_tutorial.memory import check_memory
from mtgp_tutorial.prediction import label
from mtgp_tutorial.priors import spatial_parts, typical_range
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables.residuals import compact_groups, in_order, nearest_before, whitened

LEVELS = np.arange(1, 20) / 20
BLOCKS = 6  # groups of rows that are left out in turn
ALARM = 0.01  # chance that any of the tests speaks up on a table drawn from the fit itself
NEAR_ONE, NO_KAPPA = 0.99, 1e-4  # a task correlation; kappa as a share of the task's variance
SHORT = 0.01  # nats below the best at which a run has not come to the same optimum


@dataclass(frozen=True, eq=False)
class Check:
    """What `check` found. All residuals are in standard deviations: N(0, 1) where the model is right.

    Attributes:
        cells (pd.DataFrame): one row for each observed cell, by row (its name in the table's index, its date, or its
            number) and task, in the order of x: "at", the row's number; "x" (the first input); "value"; "mean" and "z",
            left out alone; "block" and "block z", left out with its block; "one step", against the cells before it
            (rows in the order of x, tasks in theirs); "neighbour", that of the nearest cell of the same task before it.
        calibration (pd.DataFrame): for levels 0.05 to 0.95 the share of all cells inside ("cell", "block"), and the
            lowest and the highest of the drawn tables ("cell lowest", ...).
        findings (tuple of str): sentences, only those for which the numbers gave cause.
        tasks (tuple of str): in the order of the table.
        x_label (str): of the first input, for figures.

    >>> from mtgp_tutorial import fit, icm, simulate
    >>> from mtgp_tutorial.tables import check
    >>> found = check(fit(icm(simulate.two_sines(30, seed=1))), draws=19)
    >>> list(found.cells.index.names), len(found.cells)
    (['row', 'task'], 60)
    """

    cells: pd.DataFrame
    calibration: pd.DataFrame
    findings: tuple[str, ...]
    tasks: tuple[str, ...]
    x_label: str


@torch.no_grad()
def check(fit: Fit, *, draws: int = 499, seed: int = 0) -> Check:
    """Residuals, calibration and bounds of a fit, as tables and as sentences (`plots.checks` draws them).

    Cells are left out alone, and in six blocks of rows: stretches of x, or compact groups where there are several
    inputs. Parameters, means and units are held, and have seen what is left out: a fit that fails here is wrong, one
    that passes may still be. Tests are those of one-step errors, which are independent when the model is right;
    together they cry wolf on one table in a hundred. Left-out cells are correlated by construction, so their shares are
    compared with those of tables drawn from the fit. Cells beyond four standard deviations and what sits on a bound are
    told, not tested. Time and memory are those of a matrix of all n observed cells, n^3 and n^2: of a long series check
    a stretch.

    Args:
        fit (Fit): of the table.
        draws (int): tables drawn from the fit. Default: 499.
        seed (int): of the draws. Default: 0.
    Raises:
        ValueError: for counts, and draws below 1.
        MemoryError: where the matrices exceed the memory.

    >>> from mtgp_tutorial import fit, icm, simulate
    >>> from mtgp_tutorial.tables import check
    >>> found = check(fit(icm(simulate.two_sines(30, seed=1))), draws=19)
    >>> bool((found.cells["z"].abs() < 4).all())
    True
    """
    draws = whole("draws", draws, 1, "how many tables to draw")
    of_kind("fit", fit, Fit, "what fit(model) returned")
    fit.model.normal_alone("check", "leave the task out, or look at leave_out(fit).residuals(y)")
    data, cells = fit.model.data, in_order(fit)
    n = len(cells[0])
    remedy = "fit and check a stretch of the rows, such as every fourth"
    check_memory(3 * n * (n + draws), f"fit: {n} cells in check", data.x.device, remedy)
    blocks, (rows, tasks) = compact_groups(as_array(data.x), BLOCKS), map(as_array, cells)
    alone, block = leave_out(fit), leave_out(fit, blocks)
    white, drawn = whitened(fit, cells, torch.as_tensor(blocks[rows]), draws, seed)
    frame = pd.DataFrame(
        {
            "x": as_array(data.x[cells[0], 0]),
            "value": as_array(data.y[cells]),
            "mean": as_array(alone.mean[cells]),
            "z": as_array(alone.residuals(data.y)[cells]),
            "block": blocks[rows],
            "block z": as_array(block.residuals(data.y)[cells]),
            "one step": white,
            "neighbour": np.nan,
            "at": rows,
        },
        pd.MultiIndex.from_arrays([_names(data)[rows], [data.tasks[t] for t in tasks]], names=["row", "task"]),
    )
    for t in range(data.num_tasks):
        of = np.flatnonzero(tasks == t)
        before = nearest_before(as_array(data.x)[rows[of]])
        frame.iloc[of[1:], frame.columns.get_loc("neighbour")] = white[of[before[1:]]]
    calibration = pd.DataFrame(index=pd.Index(LEVELS, name="level"))
    for what, column in (("cell", "z"), ("block", "block z")):
        calibration[what], shares = _shares(frame[column].to_numpy()), _shares(drawn[what])
        calibration[f"{what} lowest"], calibration[f"{what} highest"] = shares.min(1), shares.max(1)
    found = chain(
        of_cells(frame, dict(zip(data.tasks, data.units))),  # first: one wild cell upsets the rest
        of_tests(frame, data.tasks, fit.model.kind.correlated),
        of_calibration(calibration, draws),
        of_bounds(fit),
        of_runs(fit),
    )
    return Check(frame, calibration, tuple(found), tuple(data.tasks), label(data.x_name, data.x_unit))


def _names(data: TaskData) -> pd.Index:
    """Of the rows: those of the user's index, else dates, else numbers."""
    if data.index is not None:
        return data.index
    return pd.RangeIndex(len(data.x)) if data.calendar is None else data.calendar.to_dates(as_array(data.x[:, 0]))


def _shares(z: np.ndarray) -> np.ndarray:
    """Share of residuals [n] or [n, S] inside the central interval of each level."""
    return np.array([(np.abs(z) <= limit).mean(0) for limit in scipy.stats.norm.ppf(0.5 + LEVELS / 2)])


def of_tests(cells: pd.DataFrame, tasks: Sequence[str], full: bool) -> Iterator[str]:
    """On one-step errors: their size, neighbours, and the tasks of one row.

    Exact tests where the parameters are given; parameters that were fitted to these cells make them milder.
    """
    chance = ALARM / (2 * len(tasks) + math.comb(len(tasks), 2))
    for task in tasks:
        own = cells.xs(task, level="task")
        size = math.sqrt((own["one step"] ** 2).mean())
        below = scipy.stats.chi2.cdf(size**2 * len(own), len(own))
        if 2 * min(below, 1 - below) < chance:
            larger, narrow = ("larger", "narrow") if size > 1 else ("smaller", "wide")
            yield (
                f"{task}: its one-step errors are {larger} than the fit says (size {size:.2f} where 1 is due); "
                f"its bands are too {narrow}."
            )
        if r := _correlation(own[["one step", "neighbour"]], chance):
            yield (
                f"{task}: its one-step errors at neighbours are correlated ({r:+.2f} where 0 is due); "
                "look at the kernel and its length-scale."
            )
    wide = cells.reset_index().pivot(index="at", columns="task", values="one step")
    for s, t in combinations(tasks, 2):
        if r := _correlation(wide[[s, t]], chance):
            advice = "the relation between these tasks is not the fitted one" if full else 'try noise="full"'
            yield f"{s} and {t}: their one-step errors in a row are correlated ({r:+.2f} where 0 is due); {advice}."


def _correlation(pairs: pd.DataFrame, chance: float) -> float:
    """That of two columns of N(0, 1), in rows that have both; 0 if independent ones may well have it."""
    a, b = pairs.dropna().to_numpy().T
    r = float(a @ b / np.sqrt((a @ a) * (b @ b))) if len(a) else 0.0
    return r if 2 * scipy.stats.norm.sf(abs(r) * math.sqrt(len(a))) < chance else 0.0


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
    far = cells[cells["z"].abs() > 4].sort_values("z", key=np.abs, ascending=False)
    due = 2 * scipy.stats.norm.sf(4) * len(cells)
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
    R, variances, names = fit.correlation, fit.model.B().diagonal(), fit.model.data.tasks
    for s, t in combinations(names, 2):
        if abs(R.loc[s, t]) >= NEAR_ONE:
            yield f"{s} and {t}: their task correlation is {R.loc[s, t]:+.3f}, next to its bound."
    for q, kappa in enumerate(fit.model.kappas(), 1):
        for name, own, variance in zip(names, kappa, variances):
            if 0 < own < NO_KAPPA * variance:  # exactly 0 is by construction
                of = f" of kernel {q}" if len(fit.model.kappas()) > 1 else ""
                yield f"{name}: the fit leaves this task nothing of its own (its kappa{of} is at 0)."


def _length_scales(fit: Fit) -> Iterator[str]:
    """Length-scales longer than the range of their input, or shorter than the spacing of rows."""
    x = fit.model.data.x
    steps = max(len(x.unique(dim=0)) - 1, 1) ** (1 / x.shape[1])
    for q, part in enumerate(spatial_parts(fit.model.kernel), 1):
        lengths, ranges = (one.flatten().tolist() for one in (part.lengthscale, typical_range(part, x)))
        for d, (length, reach) in enumerate(zip(lengths, ranges), 1):
            spacing = reach / steps
            which = f"length-scale{f' {d}' if len(lengths) > 1 else ''} of kernel {q}"
            if length > reach:
                yield f"The {which}, {length:.3g}, is longer than the range of the inputs, {reach:.3g}."
            elif length < spacing:
                yield f"The {which}, {length:.3g}, is shorter than the spacing of the rows, about {spacing:.3g}."


def of_runs(fit: Fit) -> Iterator[str]:
    """Runs of which one alone came to the best optimum."""
    heights = fit.starts["objective"].to_numpy(dtype=float)[fit.starts["joined"].to_numpy(dtype=int)]
    ordered = np.sort(-heights)  # NaN, of a run that failed, last
    below = ordered - ordered[:1]
    if len(below) > 1 and not below[1] < SHORT:
        gap = f", the next {below[1]:.2g} nats below it" if np.isfinite(below[1]) else ""
        yield f"Of {len(below)} runs one came to the best optimum{gap}; more starts may find a higher one."
