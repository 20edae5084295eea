"""Looking at a fit: does it foretell cells as well as it says, and does anything sit on a bound?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, of_kind, whole
from mtgp_tutorial.covariance import Cells
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.leave_one_out import block_labels, leave_out
from mtgp_tutorial.memory import check_memory
from mtgp_tutorial.mixture import normal_scores
from mtgp_tutorial.naming import label
from mtgp_tutorial.posterior_sampling import PosteriorSamples
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.priors import spatial_parts, typical_range
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables.residuals import Drawn, compact_groups, in_order, nearest_before, whitened

LEVELS = np.arange(1, 20) / 20
SHOWN = (0.5, 0.8, 0.9, 0.95)  # levels in the table


@dataclass(frozen=True, eq=False)
class Check:
    """What `check` found. All residuals are in standard deviations: N(0, 1) where the model is right.

    Attributes:
        cells (pd.DataFrame): one row for each observed cell, by row (its name in the table's index, its date, or its
            number) and task, in the order of x: "x" (the first input); "value", "mean" and "z", the cell left out
            alone, data units but for z; "block" and "block z", left out with its block; "one step", against the cells
            before it (rows in the order of x, tasks in theirs); "neighbour", that of the nearest cell of the same task
            before it; "at", the row's number.
        table (pd.DataFrame): one row for each task: "cells"; "size" (root mean square) of its one-step errors;
            "neighbours", their correlation over "pairs" of neighbours; "together", that with the task named in
            "strongest with", in the same row; "cell in 50 %" and so on, the shares of cells inside central intervals,
            left out alone and in blocks; "beyond 4 sd", left out alone; "on floor", its noise.
        together (pd.DataFrame [T, T]): correlations of the one-step errors of a row.
        calibration (pd.DataFrame): for levels 0.05 to 0.95 the share of all cells inside ("cell", "block"), and the
            lowest and the highest of the drawn tables ("cell lowest", ...).
        findings (tuple of str): sentences, only those for which the numbers gave cause.
        x_label (str): of the first input, for figures.

    >>> from mtgp_tutorial import fit, icm, simulate
    >>> from mtgp_tutorial.tables import check
    >>> found = check(fit(icm(simulate.two_sines(30, seed=1))), draws=19)
    >>> list(found.cells.index.names), len(found.cells)
    (['row', 'task'], 60)
    """

    cells: pd.DataFrame
    table: pd.DataFrame
    together: pd.DataFrame
    calibration: pd.DataFrame
    findings: tuple[str, ...]
    x_label: str


@torch.no_grad()
def check(fit: Fit | PosteriorSamples, blocks: Any = 6, *, draws: int = 499, seed: int = 0) -> Check:
    """Residuals, calibration and bounds of a fit, as tables and as sentences (`plots.checks` draws them).

    Parameters, means and units are held throughout, and have seen what is left out: a fit that fails here is wrong, one
    that passes may still be. Tests are those of one-step errors, which are independent when the model is right;
    together they cry wolf on one table in a hundred; left-out cells are correlated by construction, so their shares are
    compared with those of as many `draws` of tables from the fit. Cells beyond four standard deviations and what sits
    on a bound are told, not tested. Of an averaged fit a residual is the normal score of the mixture's cdf, tables come
    from its draws, each judged by its own, and what sits on a bound is the optimum's. Time and memory are those of a
    matrix of all n observed cells, n^3 and n^2: of a long series check a stretch.

    Args:
        fit (Fit or PosteriorSamples): of the table.
        blocks (int or labels): how many (stretches of x with about as many rows each; compact groups, where there are
            several inputs), or labels [N] of rows or [N, T] of cells, as `leave_out` takes them. Default: 6.
        draws (int): tables drawn from the fit. Default: 499.
        seed (int): of the draws. Default: 0.
    Raises:
        ValueError: for blocks that do not fit the table, and draws below 1.
        MemoryError: where the matrices exceed the memory.

    >>> from mtgp_tutorial import fit, icm, simulate
    >>> from mtgp_tutorial.tables import check
    >>> found = check(fit(icm(simulate.two_sines(30, seed=1))), draws=19)
    >>> found.table["cells"].tolist(), found.table["beyond 4 sd"].tolist()
    ([30, 30], [0, 0])
    """
    draws = whole("draws", draws, 1, "how many tables to draw")
    of_kind("fit", fit, (Fit, PosteriorSamples), "what fit(model) or sample_posterior(fit) returned")
    one, each = (fit.fit, list(fit.fits())) if isinstance(fit, PosteriorSamples) else (fit, [fit])
    one.model.normal_alone("check", "leave the task out, or look at leave_out(fit).residuals(y)")
    data, cells, labels = one.model.data, in_order(one), _labels(one.model.data, blocks)
    n = len(cells[0])
    remedy = "fit and check a stretch of the rows, such as every fourth"
    check_memory(3 * n * (n + draws), f"fit: {n} cells in check", data.x.device, remedy)
    left = {"cell": leave_out(fit), "block": leave_out(fit, labels)}
    white, drawn = _of_each(each, cells, labels[cells], draws, seed)
    frame = _cells(data, cells, labels, left, white)
    calibration = _calibration(frame, drawn)
    together, rows = _together(frame, data.tasks)
    table = _table(one, frame, together)
    found = chain(
        of_cells(frame, dict(zip(data.tasks, data.units))),  # first: one wild cell upsets the rest
        of_tests(table, together, rows, one.model.kind.correlated),
        of_calibration(calibration, draws),
        of_bounds(one),
        of_runs(one),
    )
    return Check(frame, table, together, calibration, tuple(found), label(data.x_name, data.x_unit))


def _of_each(fits: list[Fit], cells: Cells, labels: Tensor, draws: int, seed: int) -> tuple[np.ndarray, list[Drawn]]:
    """`whitened` of one fit; of several the scores of the mixture, and as many tables of each, but for one.

    Where there are fewer tables than fits, they are spread over all: those that follow each other are alike.
    """
    shares = np.diff(np.arange(len(fits) + 1) * draws // len(fits)).tolist()
    both = [whitened(one, cells, labels, share, seed + k) for k, (one, share) in enumerate(zip(fits, shares))]
    white = torch.stack([torch.as_tensor(errors) for errors, _ in both])
    errors = normal_scores(white) if len(fits) > 1 else white[0]
    return as_array(errors), [drawn for _, drawn in both]


def _labels(data: TaskData, blocks: Any) -> Tensor:
    """A number [N, T] for the block of each cell."""
    if isinstance(blocks, str) and blocks != "row":
        raise ValueError(f'blocks: is {blocks!r}; pass how many, "row", or labels of blocks')
    if isinstance(blocks, (int, np.integer)) and not isinstance(blocks, bool):
        different = len(data.x.unique(dim=0))
        if not 2 <= blocks <= different:
            raise ValueError(f"blocks: {blocks} is not from 2 to {different}, the number of different inputs; pass one")
        blocks = compact_groups(as_array(data.x), int(blocks))
    return block_labels(blocks, data, "blocks")


def _cells(
    data: TaskData, cells: Cells, labels: Tensor, left: dict[str, Prediction], white: np.ndarray
) -> pd.DataFrame:
    """The frame `Check.cells`."""
    alone, block = left["cell"], left["block"]
    rows, tasks = (as_array(one) for one in cells)
    frame = pd.DataFrame(
        {
            "x": as_array(data.x[cells[0], 0]),
            "value": as_array(data.y[cells]),
            "mean": as_array(alone.mean[cells]),
            "z": as_array(alone.residuals(data.y)[cells]),
            "block": as_array(labels[cells]),
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
        frame.iloc[of[1:], frame.columns.get_loc("neighbour")] = frame["one step"].to_numpy()[of[before[1:]]]
    return frame


def _names(data: TaskData) -> pd.Index:
    """Of the rows: those of the user's index, else dates, else numbers."""
    if data.index is not None:
        return data.index
    return pd.RangeIndex(len(data.x)) if data.calendar is None else data.calendar.to_dates(as_array(data.x[:, 0]))


def _shares(z: np.ndarray) -> np.ndarray:
    """Share of residuals [n] or [n, S] inside the central interval of each level."""
    return np.array([(np.abs(z) <= limit).mean(0) for limit in scipy.stats.norm.ppf(0.5 + LEVELS / 2)])


def _calibration(frame: pd.DataFrame, drawn: list[Drawn]) -> pd.DataFrame:
    found, shares = {}, [{what: _shares(z) for what, z in some.items()} for some in drawn]
    for what, column in (("cell", "z"), ("block", "block z")):
        of_draws = np.concatenate([some[what] for some in shares], 1)
        found[what] = _shares(frame[column].to_numpy())
        found[f"{what} lowest"], found[f"{what} highest"] = of_draws.min(1), of_draws.max(1)
    return pd.DataFrame(found, pd.Index(LEVELS, name="level"))


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of values whose mean is 0."""
    return float(a @ b / np.sqrt((a @ a) * (b @ b))) if len(a) else np.nan


def _together(frame: pd.DataFrame, tasks: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correlation [T, T] of one-step errors in the same row, and how many rows have both."""
    wide = frame.reset_index().pivot(index="at", columns="task", values="one step")
    wide = wide[list(tasks)].rename_axis(columns=None)
    seen, z = wide.notna().astype(int), wide.fillna(0.0)
    squares = (z**2).T @ seen  # of the first, in rows that have both
    return z.T @ z / np.sqrt(squares * squares.T), seen.T @ seen


def _table(fit: Fit, frame: pd.DataFrame, together: pd.DataFrame) -> pd.DataFrame:
    """The frame `Check.table`."""
    rows = {}
    for task in fit.model.data.tasks:
        of = frame[frame.index.get_level_values("task") == task]
        follow = of.dropna(subset="neighbour")
        row = {"cells": len(of), "size": np.sqrt((of["one step"] ** 2).mean()), "pairs": len(follow)}
        row["neighbours"] = _cosine(follow["one step"].to_numpy(), follow["neighbour"].to_numpy())
        others = together.loc[task].drop(task).dropna()
        row["strongest with"] = others.abs().idxmax() if len(others) else ""
        row["together"] = others[row["strongest with"]] if len(others) else np.nan
        for what, column in (("cell", "z"), ("block", "block z")):
            shares = pd.Series(_shares(of[column].to_numpy()), LEVELS)
            row |= {f"{what} in {level:.0%}".replace("%", " %"): shares[level] for level in SHOWN}
        row |= {"beyond 4 sd": int((of["z"].abs() > 4).sum()), "on floor": task in fit.on_floor}
        rows[task] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("task")


ALARM = 0.01  # chance that any of the tests speaks up on a table drawn from the fit itself
NEAR_ONE, NO_KAPPA = 0.99, 1e-4  # a task correlation; kappa as a share of the task's variance
SHORT = 0.01  # nats below the best at which a run has not come to the same optimum


class WantsFullNoise(str):
    """A finding that noise between tasks may answer. problem: the finding without this advice."""

    problem: str

    def __new__(cls, problem: str) -> WantsFullNoise:
        found = super().__new__(cls, f'{problem}; try noise="full".')
        found.problem = problem
        return found


def of_tests(table: pd.DataFrame, together: pd.DataFrame, rows: pd.DataFrame, full: bool) -> Iterator[str]:
    """On one-step errors: their size, neighbours, and the tasks of one row. `rows` counts the latter.

    Exact tests where the parameters are given; parameters that were fitted to these cells make them milder.
    """
    T, names = len(table), list(table.index)
    chance = ALARM / (2 * T + T * (T - 1) / 2)
    for task, row in table.iterrows():
        square = row["size"] ** 2 * row["cells"]
        if 2 * min(scipy.stats.chi2.cdf(square, row["cells"]), scipy.stats.chi2.sf(square, row["cells"])) < chance:
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
            problem = (
                f"{names[s]} and {names[t]}: their one-step errors in the same row are correlated "
                f"({together.iloc[s, t]:+.2f} where 0 is due)"
            )
            if full:
                yield f"{problem}; the relation between these tasks is not the fitted one."
            else:
                yield WantsFullNoise(problem)


def _no_chance(r: float, pairs: float, chance: float) -> bool:
    """Whether a correlation of that many independent pairs would hardly come up by chance."""
    return bool(2 * scipy.stats.norm.sf(abs(r) * math.sqrt(pairs)) < chance)


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
    R, B, names = fit.correlation, as_array(fit.model.B()), list(fit.model.data.tasks)
    for s, t in combinations(range(len(names)), 2):
        if abs(R.iloc[s, t]) >= NEAR_ONE:
            yield f"{names[s]} and {names[t]}: their task correlation is {R.iloc[s, t]:+.3f}, next to its bound."
    for q, kappa in enumerate(as_array(one.detach()) for one in fit.model.kappas()):
        for t, name in enumerate(names):
            if 0 < kappa[t] < NO_KAPPA * B[t, t]:  # exactly 0 is by construction
                of = f" of kernel {q + 1}" if len(fit.model.kappas()) > 1 else ""
                yield f"{name}: the fit leaves this task nothing of its own (its kappa{of} is at 0)."


def _length_scales(fit: Fit) -> Iterator[str]:
    """Length-scales longer than the range of their input, or shorter than the spacing of rows."""
    x = fit.model.data.x
    different = len(np.unique(as_array(x), axis=0))
    for q, part in enumerate(spatial_parts(fit.model.kernel)):
        lengths = as_array(part.lengthscale.detach()).ravel()
        ranges = as_array(typical_range(part, x)).ravel()
        for d, (length, reach) in enumerate(zip(lengths, ranges)):
            spacing = reach / max(different - 1, 1) ** (1 / x.shape[1])
            which = f"length-scale {d + 1} of kernel {q + 1}" if len(lengths) > 1 else f"length-scale of kernel {q + 1}"
            if length > reach:
                yield f"The {which}, {length:.3g}, is longer than the range of the inputs, {reach:.3g}."
            elif length < spacing:
                yield f"The {which}, {length:.3g}, is shorter than the spacing of the rows, about {spacing:.3g}."


def of_runs(fit: Fit) -> Iterator[str]:
    """Runs of which one alone came to the best optimum."""
    heights = fit.starts["objective"].to_numpy(dtype=float)[fit.starts["joined"].to_numpy(dtype=int)]
    if len(heights) > 1:
        below = np.nanmax(heights) - heights
        if int((below < SHORT).sum()) == 1:
            nearest = np.sort(below[np.isfinite(below)])[1:2]
            gap = f", the next {nearest[0]:.2g} nats below it" if len(nearest) else ""
            yield (f"Of {len(heights)} runs one came to the best optimum{gap}; more starts may find a higher one.")
