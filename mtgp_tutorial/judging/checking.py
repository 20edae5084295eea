"""Looking at a fit: does it foretell cells as well as it says, and does anything sit on a bound?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from mtgp_tutorial.answers.leaving import block_labels, leave_out
from mtgp_tutorial.arguments import of_kind, whole
from mtgp_tutorial.device import as_array
from mtgp_tutorial.exact.covariance import Cells
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging import findings
from mtgp_tutorial.judging.along import Drawn, whitened
from mtgp_tutorial.judging.residuals import compact_groups, in_order, nearest_before
from mtgp_tutorial.plots import label
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction

LEVELS = np.arange(1, 20) / 20
SHOWN = (0.5, 0.8, 0.9, 0.95)  # levels in the table


@dataclass(frozen=True, eq=False)
class Check:
    """What `check` found. All residuals are in standard deviations: N(0, 1) where the model is right.

    cells: one row for each observed cell, by row (its name in the table's index, its date, or its number) and task, in
        the order of x: "x" (the first input); "value", "mean" and "z", the cell left out alone, data units but for z;
        "block" and "block z", left out with its block; "one step", against the cells before it
        (rows in the order of x, tasks in theirs); "neighbour", that of the nearest cell of the same task before it;
        "at", the row's number.
    table: one row for each task: "cells"; "size" (root mean square) of its one-step errors; "neighbours", their
        correlation over "pairs" of neighbours; "together", that with the task named in "strongest with", in the same
        row; "cell in 50 %" and so on, the shares of cells inside central intervals, left out alone and in blocks;
        "beyond 4 sd", left out alone; "on floor", its noise.
    together: correlations [T, T] of the one-step errors of a row.
    calibration: for levels 0.05 to 0.95 the share of all cells inside ("cell", "block"), and the lowest and the
        highest of the drawn tables ("cell lowest", ...).
    findings: sentences, only those for which the numbers gave cause.
    x_label: of the first input, for figures.

    >>> from mtgp_tutorial import check, fit, icm, simulate
    >>> found = check(fit(icm(simulate.two_sines(30, seed=1))), draws=19)
    >>> type(found).__name__, list(found.cells.index.names), len(found.cells)
    ('Check', ['row', 'task'], 60)
    """

    cells: pd.DataFrame
    table: pd.DataFrame
    together: pd.DataFrame
    calibration: pd.DataFrame
    findings: tuple[str, ...]
    x_label: str


@torch.no_grad()
def check(fit: Fit, blocks: Any = 6, *, draws: int = 499, seed: int = 0) -> Check:
    """Residuals, calibration and bounds of a fit, as tables and as sentences (`plots.checks` draws them).

    blocks: how many (stretches of x with about as many rows each; compact groups, where there are several inputs), or
    labels [N] of rows or [N, T] of cells, as `leave_out` takes them. Parameters, means and units are held throughout,
    and have seen what is left out: a fit that fails here is wrong, one that passes may still be. Tests are those of
    one-step errors, which are independent when the model is right; together they cry wolf on one table in a hundred;
    left-out cells are correlated by construction, so their shares are compared with those of as many `draws` of tables
    from the fit, by `seed`. Cells beyond four standard deviations and what sits on a bound are told, not tested.
    Time and memory of a matrix of all n observed cells, n^3 and n^2; along a long series of Matern kernels time and
    memory of its rows.

    Raises ValueError for blocks that do not fit the table, and draws below 1.

    >>> from mtgp_tutorial import check, fit, icm, simulate
    >>> found = check(fit(icm(simulate.two_sines(30, seed=1))), draws=19)
    >>> found.table["cells"].tolist(), found.table["beyond 4 sd"].tolist()
    ([30, 30], [0, 0])
    """
    of_kind("fit", fit, Fit, "a Fit, as `fit` returns it")
    draws = whole("draws", draws, 1, "how many tables to draw")
    data, cells, labels = fit.model.data, in_order(fit), _labels(fit.model.data, blocks)
    left = {"cell": leave_out(fit), "block": leave_out(fit, labels)}
    sd = {what: as_array((one.sd / fit.model.scale.sd)[cells]) for what, one in left.items()}
    white, drawn = whitened(fit, cells, labels[cells], sd, draws, seed)
    frame = _cells(data, cells, labels, left, white)
    calibration = _calibration(frame, drawn)
    together, rows = _together(frame, data.tasks)
    table = _table(fit, frame, together)
    found = chain(
        findings.of_cells(frame, dict(zip(data.tasks, data.units))),  # first: one wild cell upsets the rest
        findings.of_tests(table, together, rows, fit.model.noise == "full"),
        findings.of_calibration(calibration, draws),
        findings.of_bounds(fit),
        findings.of_climbs(fit),
    )
    return Check(frame, table, together, calibration, tuple(found), label(data.x_name, data.x_unit))


def _labels(data: TaskData, blocks: Any) -> Tensor:
    """A number [N, T] for the block of each cell."""
    if isinstance(blocks, str) and blocks != "row":
        raise ValueError(f'blocks: is {blocks!r}; pass how many, "row", or labels of blocks')
    if isinstance(blocks, int) and not isinstance(blocks, bool):
        different = len(data.x.unique(dim=0))
        if not 2 <= blocks <= different:
            raise ValueError(f"blocks: {blocks} is not from 2 to {different}, the number of different inputs; pass one")
        blocks = compact_groups(as_array(data.x), blocks)
    return block_labels(blocks, data.observed, "blocks")


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
            "z": as_array(((data.y - alone.mean) / alone.sd)[cells]),
            "block": as_array(labels[cells]),
            "block z": as_array(((data.y - block.mean) / block.sd)[cells]),
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
    """Share of residuals [n, S] inside the central interval of each level."""
    return np.array([(np.abs(z) <= limit).mean(0) for limit in stats.norm.ppf(0.5 + LEVELS / 2)])


def _calibration(frame: pd.DataFrame, drawn: Drawn) -> pd.DataFrame:
    found, shares = {}, [{what: _shares(z) for what, z in some.items()} for some in drawn]
    for what, column in (("cell", "z"), ("block", "block z")):
        of_draws = np.concatenate([some[what] for some in shares], 1)
        found[what] = _shares(frame[[column]].to_numpy())[:, 0]
        found[f"{what} lowest"], found[f"{what} highest"] = of_draws.min(1), of_draws.max(1)
    return pd.DataFrame(found, pd.Index(LEVELS, name="level"))


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of values whose mean is 0."""
    return float(a @ b / np.sqrt((a @ a) * (b @ b))) if len(a) else np.nan


def _together(frame: pd.DataFrame, tasks: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Correlation [T, T] of one-step errors in the same row, and how many rows have both."""
    wide = frame.reset_index().pivot(index="at", columns="task", values="one step")[list(tasks)].to_numpy()
    both = [[~np.isnan(wide[:, s] + wide[:, t]) for t in range(len(tasks))] for s in range(len(tasks))]
    r = [[_cosine(wide[b, s], wide[b, t]) for t, b in enumerate(row)] for s, row in enumerate(both)]
    names = list(tasks)
    return pd.DataFrame(r, names, names), pd.DataFrame([[b.sum() for b in row] for row in both], names, names)


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
            shares = pd.Series(_shares(of[[column]].to_numpy())[:, 0], LEVELS)
            row |= {f"{what} in {level:.0%}".replace("%", " %"): shares[level] for level in SHOWN}
        row |= {"beyond 4 sd": int((of["z"].abs() > 4).sum()), "on floor": task in fit.on_floor}
        rows[task] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("task")
