"""Residuals of a fit, in standard deviations, and those of tables drawn from the fit itself.

With C the covariance of the observed cells, r their residual and a = C^-1 r, there are three kinds:

    cell left out    each cell against all others, C^-1 r over the root of the diagonal of C^-1
    block left out   the same for blocks: how the fit fills a gap
    one step         each cell against those before it, in the order of x: w = L^-1 r with C = L L^T

All are N(0, 1) where the model is right. The first two are correlated by construction, since a cell is among the others
of its neighbour; the last are independent, so only they give tests by a formula.
(The one-step errors of a Kalman filter are called innovations; Rasmussen and Williams 2006, eq. 5.12, for the first)
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, generator
from mtgp_tutorial.covariance import Cells, all_cells
from mtgp_tutorial.gaussian import lower_factor
from mtgp_tutorial.result import Fit


def in_order(fit: Fit) -> Cells:
    """The observed cells, by rows in the order of the first input (then the second, ...), tasks in theirs."""
    data = fit.model.data
    rows = torch.as_tensor(np.lexsort(as_array(data.x).T[::-1]).copy()).to(data.x.device)
    place, tasks = all_cells(data.observed[rows])
    return rows[place], tasks


@torch.no_grad()
def precision_root(fit: Fit, cells: Cells) -> Tensor:
    """U [n, n], upper triangular, with C^-1 = U U^T: then L = U^-T is the Cholesky factor of C in this order."""
    inverse = fit.conditioned().inverse(cells)
    return lower_factor(inverse.flip(0, 1), "inverse covariance").flip(0, 1)


def left_out(U: Tensor, weights: Tensor, labels: Tensor | None = None) -> Tensor:
    """Residuals [n, S] of S tables with weights C^-1 r [n, S]: of cells, or of blocks with one label [n] each."""
    if labels is None:
        return weights / (U**2).sum(1).sqrt()[:, None]
    z = torch.empty_like(weights)
    for label in labels.unique():
        block = labels == label
        left = torch.cholesky_inverse(lower_factor(U[block] @ U[block].mT, "inverse covariance of a block"))
        z[block] = left @ weights[block] / left.diagonal().sqrt()[:, None]
    return z


def drawn_weights(U: Tensor, draws: int, seed: int) -> Tensor:
    """C^-1 r [n, S] of tables drawn from the fit at the same cells: r = L e, so C^-1 r = U e."""
    return U @ torch.randn(len(U), draws, dtype=torch.float64, generator=generator(seed)).to(U)


def compact_groups(x: np.ndarray, count: int) -> np.ndarray:
    """Labels [N] of groups of about as many different inputs, near each other: stretches, where there is one input.

    Halves along the input that is widest, in units of its range, and halves these again. Rows at one x stay together;
    there are no more groups than different inputs.
    """
    places, which = np.unique(x, axis=0, return_inverse=True)
    unit, labels = places / np.maximum(np.ptp(places, axis=0), 1e-300), np.zeros(len(places), dtype=int)
    for k, group in enumerate(halved(unit, np.arange(len(places)), min(count, len(places)))):
        labels[group] = k
    return labels[which.ravel()]


def halved(places: np.ndarray, rows: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows cut into parts of as many rows each, again and again across the input in which their places spread most."""
    if count == 1:
        return [rows]
    lower, along = count // 2, places[rows, np.ptp(places[rows], axis=0).argmax()]
    rows, cut = rows[np.argsort(along, kind="stable")], round(len(rows) * lower / count)
    return [*halved(places, rows[:cut], lower), *halved(places, rows[cut:], count - lower)]


def nearest_before(x: np.ndarray) -> np.ndarray:
    """For each row [N] but the first the number of the nearest row before it, in units of the ranges; -1 for that."""
    unit = x / np.where(np.ptp(x, axis=0) > 0, np.ptp(x, axis=0), 1)
    found = [int(np.argmin(((unit[i] - unit[i - 1 :: -1]) ** 2).sum(1))) for i in range(1, len(x))]  # later ones first
    return np.array([-1, *(i - 1 - back for i, back in enumerate(found, start=1))], dtype=int)


@torch.no_grad()
def whitened(fit: Fit, cells: Cells, labels: Tensor, draws: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One-step errors [n] of the cells, and residuals [n, S] of S = draws tables drawn from the fit: each "cell" left
    out alone, and with its "block", of which `labels` [n] says the number."""
    U = precision_root(fit, cells)
    weights = drawn_weights(U, draws, seed)
    found = {"cell": left_out(U, weights), "block": left_out(U, weights, labels)}
    one_step = torch.linalg.solve_triangular(U, fit.conditioned().weights[cells][:, None], upper=True)[:, 0]
    return as_array(one_step), {what: as_array(z) for what, z in found.items()}
