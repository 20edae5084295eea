"""Conditioning: what observed cells say of others, from one Cholesky factor of C (book: predict).

All answers ask this. `solvers` gives the same by other factors, where they cost less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mtgp_tutorial.covariance import Cells, all_cells, noise_covariance, observation_covariance, signal_covariance
from mtgp_tutorial.gaussian import LOG_2PI, lower_factor
from mtgp_tutorial.kernels import Term, covariance_of_inputs


class Evidence(NamedTuple):
    """What is conditioned on, standardised units: x [N, D], residual [N, T] with NaN at holes.

    variances [N, T]: known ones of the values, 0 where none is known; None where there are none at all.
    """

    x: Tensor
    residual: Tensor
    variances: Tensor | None


class Conditioned:
    """What the observed cells say, under some terms and Sigma [T, T]."""

    weights: Tensor  # C^-1 r [N, T], 0 at holes

    def __init__(self, given: Evidence, terms: Sequence[Term], Sigma: Tensor):
        self.x, self.Sigma, self.cells = given.x, Sigma, all_cells(~given.residual.isnan())
        Ks = [(covariance_of_inputs(kernel, given.x), B) for kernel, B in terms]
        self.L = lower_factor(observation_covariance(Ks, Sigma, self.cells, given.variances))
        self.r = given.residual[self.cells]
        solved = torch.cholesky_solve(self.r[:, None], self.L)[:, 0]
        self.weights = torch.zeros_like(given.residual).index_put(self.cells, solved)

    def value(self) -> Tensor:
        """log N(r | 0, C) of the cells, in nats."""
        log_det = 2 * self.L.diagonal().log().sum()
        return -0.5 * (self.r @ self.weights[self.cells] + log_det + len(self.r) * LOG_2PI)

    def posterior(
        self,
        x: Tensor,
        terms: Sequence[Term],
        rows: Tensor | None = None,
        cells: Cells | None = None,
        joint: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Mean [k] of unknowns at x [M, D], and cross C^-1 cross^T, the reduction of their variance: [k], or [k, k] if
        joint.

        terms: their covariance with the cells, B_q [S, T] for S outputs. rows [M]: whose noise they share, -1 for none.
        cells: which (input m, output s); all of them, point-major, by default.
        """
        if cells is None:
            cells = all_cells(torch.ones(len(x), len(terms[0].B), dtype=torch.bool, device=x.device))
        Ks = [(covariance_of_inputs(kernel, x, self.x), B) for kernel, B in terms]
        cross = signal_covariance(Ks, cells, self.cells)
        if rows is not None:
            cross = cross + noise_covariance(self.Sigma, (rows[cells[0]], cells[1]), self.cells)
        half = torch.linalg.solve_triangular(self.L, cross.mT, upper=False)
        return cross @ self.weights[self.cells], half.mT @ half if joint else (half**2).sum(0)

    def inverse(self, cells: Cells) -> Tensor:
        """Block [k, k] of C^-1 for cells (row i, task t) that were observed."""
        same = (self.cells[0][:, None] == cells[0]) & (self.cells[1][:, None] == cells[1])
        units = same.to(self.L)
        return units.mT @ torch.cholesky_solve(units, self.L)

    def diagonal(self, cells: Cells) -> Tensor:
        """Entries [k] on the diagonal of C^-1, of observed cells."""
        return self.inverse(cells).diagonal()

    def row_blocks(self) -> Tensor:
        """Blocks [N, T, T] of C^-1 for the observed cells of each row, the identity at holes."""
        (rows, tasks), inverse = self.cells, torch.cholesky_inverse(self.L)
        blocks = torch.eye(self.weights.shape[1]).to(self.L).repeat(len(self.weights), 1, 1)
        a, b = (rows[:, None] == rows).nonzero(as_tuple=True)
        return blocks.index_put((rows[a], tasks[a], tasks[b]), inverse[a, b])

    def left_out(self, block: Cells) -> tuple[Tensor, Tensor]:
        """Errors and variances [k] of observed cells given all others. (Rasmussen and Williams 2006, eq. 5.12)"""
        left = torch.cholesky_inverse(lower_factor(self.inverse(block), "inverse covariance of a block"))
        return left @ self.weights[block], left.diagonal()

    def draws(
        self, x: Tensor, rows: Tensor | None, cells: Cells, noise: bool, count: int, own: torch.Generator
    ) -> Tensor | None:
        """Joint draws [count, k] without the mean, where they need no covariance matrix; here they always do: None."""
        return None
