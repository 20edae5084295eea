"""The dense form: the whole covariance of the observed cells. It serves any table."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mtgp_tutorial.exact.covariance import Cells, signal_covariance
from mtgp_tutorial.exact.form import Crosses, Form, Gradients, Shape
from mtgp_tutorial.exact.gaussian import LOG_2PI, cholesky


class Dense(Form):
    """C in T x T blocks, cells sorted by task: block (s, t) is sum_q B_q[s, t] K_q + [same row] Sigma[s, t].

    Known variances stand on its diagonal. They do not change with the parameters, so no gradient knows of them.
    """

    @staticmethod
    def cost(shape: Shape) -> float:
        return shape.cells**3 + (200 + 250 * shape.terms) * shape.cells**2 + 5e5 * shape.terms * shape.tasks**2 + 6e6

    @staticmethod
    def matrices(shape: Shape) -> float:
        return 3 * shape.cells**2 + shape.terms * (5 * shape.rows**2 + 2 * shape.rows * shape.cells)

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        tasks, rows = self.observed.mT.nonzero(as_tuple=True)
        self.cells, self.rows = (rows, tasks), [column.nonzero()[:, 0] for column in self.observed.unbind(1)]
        ends = torch.tensor([0] + [len(rows) for rows in self.rows]).cumsum(0).tolist()
        self.places = [slice(a, b) for a, b in zip(ends, ends[1:])]
        # K_q between all rows and those of task t
        self.columns = [[self.take(K, rows, 1) for rows in self.rows] for K in self.Ks]
        self.neighbours, self.numbers = self.cells_of_a_row(), [B.tolist() for B in self.Bs]
        C = residual.new_zeros(len(rows), len(rows))
        for s, t, block in self.blocks(C):
            for columns, B in zip(self.columns, self.numbers):
                block.add_(self.take(columns[t], self.rows[s], 0), alpha=B[s][t])
        a, b, one, other = self.neighbours
        C[a, b] += Sigma[one, other]
        if self.problem.variances is not None:
            C.diagonal().add_(self.problem.variances[self.cells])
        self.L = cholesky(C, overwrite=True)
        self.r = residual[self.cells]
        self.a = torch.cholesky_solve(self.r[:, None], self.L)[:, 0]
        self.weights = torch.zeros_like(residual).index_put(self.cells, self.a)

    def take(self, K: Tensor, rows: Tensor, dim: int) -> Tensor:
        """Some rows (or columns) of a matrix; itself where it is all of them."""
        return K if len(rows) == K.shape[dim] else K.index_select(dim, rows)

    def cells_of_a_row(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All pairs of cells in one row: their places in C, and their tasks."""
        place = torch.zeros_like(self.observed, dtype=torch.long)
        place[self.cells] = torch.arange(len(self.cells[0]), device=place.device)
        i, s, t = (self.observed[:, :, None] & self.observed[:, None, :]).nonzero(as_tuple=True)
        return place[i, s], place[i, t], s, t

    def blocks(self, matrix: Tensor) -> Iterator[tuple[int, int, Tensor]]:
        """The blocks on and above the diagonal; the factorisation reads no others."""
        for t in range(len(self.rows)):
            for s in range(t + 1):
                yield s, t, matrix[self.places[s], self.places[t]]

    def value(self) -> Tensor:
        return -0.5 * (self.r @ self.a + 2 * self.L.diagonal().log().sum() + len(self.r) * LOG_2PI)

    def gradients(self) -> Gradients:
        """Against C it is G = (a a^T - C^-1) / 2; every block of C that K_q or B_q enters adds its share."""
        G = torch.cholesky_inverse(self.L).mT.addmm_(self.a[:, None], self.a[None], beta=-0.5, alpha=0.5)
        dBs = [torch.zeros_like(B) for B in self.Bs]
        halves = [[torch.zeros_like(column) for column in columns] for columns in self.columns]
        for s, t, block in self.blocks(G):
            for columns, B, dB, half in zip(self.columns, self.numbers, dBs, halves):
                dB[s, t] = dB[t, s] = (block * self.take(columns[t], self.rows[s], 0)).sum()
                share = B[s][t] / 2 if s == t else B[s][t]  # the rest comes with the mirror image
                if len(block) == len(half[t]):
                    half[t].add_(block, alpha=share)
                else:
                    half[t].index_add_(0, self.rows[s], block, alpha=share)
        dKs = []
        for K, half in zip(self.Ks, halves):
            whole = torch.zeros_like(K)
            for rows, part in zip(self.rows, half):
                whole.add_(part) if len(rows) == len(K) else whole.index_add_(1, rows, part)
            dKs.append(whole + whole.mT)
        a, b, one, other = self.neighbours
        dSigma = torch.zeros_like(self.problem.Sigma).index_put((one, other), G[a, b], accumulate=True)
        return dKs, dBs, dSigma

    def explained(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        cross = signal_covariance(list(crosses), cells, self.cells)
        half = torch.linalg.solve_triangular(self.L, cross.mT, upper=False)
        return half.mT @ half if joint else (half**2).sum(0)
