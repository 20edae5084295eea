"""Residuals of a fit, in standard deviations, and those of tables drawn from the fit itself.

With C the covariance of the observed cells, r their residual and a = C^-1 r, there are three kinds:

    cell left out    each cell against all others, C^-1 r over the root of the diagonal of C^-1
    block left out   the same for blocks: how the fit fills a gap
    one step         each cell against those before it, in the order of x: w = L^-1 r with C = L L^T

All are N(0, 1) where the model is right. The first two are correlated by construction, since a cell is among the others
of its neighbour; the last are independent, so only they give tests by a formula.
(The one-step errors of a Kalman filter are called innovations; Rasmussen and Williams 2006, eq. 5.12, for the first)

For a fit in the Markov solver they are the same numbers, without a matrix of all cells.

There a block that is too large for a matrix of its cells is hidden, and one more pass over the rows says what its
errors are then, for the table and for tables drawn from the fit. Those go through in chunks of HELD numbers: one pass
over the rows for all 499 up to some 17,000 cells with their holes, one for each chunk above.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, generator
from mtgp_tutorial.covariance import Cells, all_cells
from mtgp_tutorial.fast.markov import Markov
from mtgp_tutorial.fast.solvers import MANY, state_space_of
from mtgp_tutorial.fast.state_space import StateSpace
from mtgp_tutorial.fast.whitening import coloured, one_step_ahead, smoothed, weighed
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


@torch.no_grad()
def dense_one_step(fit: Fit, U: Tensor, cells: Cells) -> Tensor:
    """w [n] = L^-1 r = U^-1 a: each cell less its mean given the cells before it, over the standard deviation."""
    return torch.linalg.solve_triangular(U, fit.conditioned().weights[cells][:, None], upper=True)[:, 0]


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

    Halves along the input that is widest, in units of its range, and halves these again. Rows at one x stay together.
    """
    places, which = np.unique(x, axis=0, return_inverse=True)
    unit, labels = places / np.maximum(np.ptp(places, axis=0), 1e-300), np.zeros(len(places), dtype=int)
    for k, group in enumerate(halved(unit, np.arange(len(places)), count)):
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
    if x.shape[1] == 1 and (np.diff(x[:, 0]) >= 0).all():
        return np.arange(-1, len(x) - 1)
    unit = x / np.where(np.ptp(x, axis=0) > 0, np.ptp(x, axis=0), 1)
    found = [int(np.argmin(((unit[i] - unit[i - 1 :: -1]) ** 2).sum(1))) for i in range(1, len(x))]  # later ones first
    return np.array([-1, *(i - 1 - back for i, back in enumerate(found, start=1))], dtype=int)


HELD = 2**23  # numbers of drawn tables that are held at once (64 MiB, a few times)
Drawn = Iterator[dict[str, np.ndarray]]  # residuals [n, S] of drawn tables: each "cell" left out, and with its "block"


def whitened(
    fit: Fit, cells: Cells, labels: Tensor, sd: dict[str, np.ndarray], draws: int, seed: int
) -> tuple[np.ndarray, Drawn]:
    """One-step errors [n] of the cells, and the residuals of `draws` tables drawn from the fit, some at a time.

    labels [n]: blocks. sd [n] of "cell" and "block": of cells given all others outside, in standardised units.
    """
    long = state_space_of(fit.conditioned())
    if long is not None:
        series = Along(fit, *long, cells, labels)
        return one_step_ahead(series.system)[series.cells], series.drawn(sd, draws, seed)
    U = precision_root(fit, cells)
    weights = drawn_weights(U, draws, seed)
    found = {"cell": left_out(U, weights), "block": left_out(U, weights, labels)}
    drawn = {what: as_array(z) for what, z in found.items()}
    return as_array(dense_one_step(fit, U, cells)), iter([drawn])


class Along:
    """A fit's system, and where its observed cells [n], in the order of x, stand in it. labels [n]: blocks."""

    def __init__(self, fit: Fit, solver: Markov, place: Tensor, cells: Cells, labels: Tensor):
        self.conditioned, self.system, self.of = fit.conditioned(), solver.system, cells
        self.cells = solver.position[as_array(place[cells[0]])], as_array(cells[1])
        codes = as_array(labels)
        self.blocks = [np.flatnonzero(codes == code) for code in np.unique(codes)]

    def drawn(self, sd: dict[str, np.ndarray], draws: int, seed: int) -> Drawn:
        """Of so many tables: see `whitened`."""
        own, n = generator(seed), len(self.cells[0])
        for start in range(0, draws, chunk := max(1, HELD // self.system.y.size)):
            normals = torch.randn(n, min(chunk, draws - start), dtype=torch.float64, generator=own).numpy()
            e = np.zeros((*self.system.y.shape, normals.shape[1]))
            e[self.cells] = normals
            weights = weighed(self.system, e)[self.cells]
            errors = self.left_out(weights, e)
            yield {"cell": weights * sd["cell"][:, None], "block": errors / sd["block"][:, None]}

    def left_out(self, weights: np.ndarray, e: np.ndarray) -> np.ndarray:
        """Errors [n, S] of cells given all outside their block, of the tables r = L e with C^-1 r = weights [n, S]."""
        errors, r = np.empty_like(weights), None
        for block in self.blocks:
            if len(block) <= MANY:
                inverse = self.conditioned.inverse((self.of[0][block], self.of[1][block]))
                factor = lower_factor(inverse, "inverse covariance of a block")
                errors[block] = as_array(torch.cholesky_solve(torch.from_numpy(weights[block]).to(factor), factor))
                continue
            r, of = coloured(self.system, e) if r is None else r, (self.cells[0][block], self.cells[1][block])
            errors[block] = r[of] if len(block) == len(weights) else self.hidden(r, of)
        return errors

    def hidden(self, r: np.ndarray, block: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """r of a block less its mean given all other cells."""
        system, y = self.system, np.where(self.system.seen > 0, self.system.y, np.nan)
        y[block] = np.nan
        others = StateSpace(system.x, y, system.variances, system.parts, system.Sigma, system.device)
        rows = slice(int(block[0].min()), int(block[0].max()) + 1)
        return r[block] - smoothed(others, r, rows)[block[0] - rows.start, block[1]]
