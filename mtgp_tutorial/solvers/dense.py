"""The dense solver: the whole covariance of the observed cells. It serves any table.

The separate solver: tasks that share no covariance, one by one.

The projected solver: fewer latent functions than tasks, on a complete table.

With kappa = 0 every B_q lies in the span of R < T columns. Whitened with Sigma = L L^T and rotated into that span, V
[T, R], the table is R tasks with unit noise, and T - R columns outside that are noise alone. (Exact for any W and any
Sigma; Bruinsma et al. 2020 build a restricted model on the same projection.)
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from mtgp_tutorial.covariance import Cells, signal_covariance
from mtgp_tutorial.gaussian import LOG_2PI, lower_factor
from mtgp_tutorial.solvers.solver import Crosses, Gradients, Problem, Shape, Solver, SolverTerm


class Dense(Solver):
    """C in T x T blocks, cells sorted by task: block (s, t) is sum_q B_q[s, t] K_q + [same row] Sigma[s, t].

    Known variances stand on its diagonal. They do not change with the parameters, so no gradient knows of them.
    """

    @staticmethod
    def cost(shape: Shape) -> float:
        n, Q, T = shape.cells, shape.terms, shape.tasks
        return 1.4 * n**3 + (250 + 120 * Q) * n**2 + 5e5 * Q * T**2 + 1.8e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        return 3 * shape.cells**2 + shape.terms * (5 * shape.rows**2 + 2 * shape.rows * shape.cells)

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        tasks, rows = self.observed.mT.nonzero(as_tuple=True)
        self.cells, self.rows = (rows, tasks), [column.nonzero()[:, 0] for column in self.observed.unbind(1)]
        ends = accumulate((len(rows) for rows in self.rows), initial=0)
        self.places = [slice(a, b) for a, b in pairwise(ends)]
        self.place = torch.zeros_like(self.observed, dtype=torch.long)  # of each cell in C
        self.place[self.cells] = torch.arange(len(rows), device=rows.device)
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
        self.L = lower_factor(C, overwrite=True)
        self.r = residual[self.cells]
        self.a = torch.cholesky_solve(self.r[:, None], self.L)[:, 0]
        self.weights = torch.zeros_like(residual).index_put(self.cells, self.a)

    def take(self, K: Tensor, rows: Tensor, dim: int) -> Tensor:
        """Some rows (or columns) of a matrix; itself where it is all of them."""
        return K if len(rows) == K.shape[dim] else K.index_select(dim, rows)

    def cells_of_a_row(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All pairs of cells in one row: their places in C, and their tasks."""
        i, s, t = (self.observed[:, :, None] & self.observed[:, None, :]).nonzero(as_tuple=True)
        return self.place[i, s], self.place[i, t], s, t

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

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        cross = signal_covariance(crosses, cells, self.cells)
        half = torch.linalg.solve_triangular(self.L, cross.mT, upper=False)
        return half.mT @ half if joint else (half**2).sum(0)

    def diagonal(self, cells: Cells) -> Tensor:
        units = torch.zeros(len(cells[0]), len(self.r)).to(self.r).mT  # by columns, as the solver takes them
        units[self.place[cells], torch.arange(len(cells[0]))] = 1.0
        return (torch.linalg.solve_triangular(self.L, units, upper=False) ** 2).sum(0)

    def row_blocks(self) -> Tensor:
        a, b, one, other = self.neighbours
        entries = torch.cholesky_inverse(self.L)[a, b]
        whole = self.residual.new_zeros(*self.residual.shape, self.residual.shape[1])
        return whole.index_put((self.cells[0][a], one, other), entries)


class Separate(Solver):
    """T dense problems of one task each: sum_q B_q[t, t] K_q + Sigma[t, t] I, holes or not."""

    @staticmethod
    def cost(shape: Shape) -> float:
        size = shape.cells / shape.tasks
        return shape.tasks * (1.1 * size**3 + 770 * size**2 + 1.4e7) + 1e6 if shape.separate else torch.inf

    @staticmethod
    def matrices(shape: Shape) -> float:
        return (shape.tasks + 3) * (shape.cells / shape.tasks) ** 2 + 8 * shape.terms * shape.rows**2

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        # the numbers of the terms that each task has a part in
        self.mine = [[q for q, B in enumerate(self.Bs) if B[t, t] != 0] for t in range(residual.shape[1])]
        self.tasks = [self.alone(t) for t in range(residual.shape[1])]
        self.weights = torch.cat([task.weights for task in self.tasks], 1)

    def alone(self, t: int) -> Dense:
        """The problem of task t, with its terms."""
        column = slice(t, t + 1)
        terms = [self.problem.terms[q]._replace(B=self.Bs[q][column, column]) for q in self.mine[t]]
        known = None if self.problem.variances is None else self.problem.variances[:, column]
        own = self.problem._replace(residual=self.problem.residual[:, column], terms=terms, variances=known)
        return Dense(own._replace(Sigma=self.problem.Sigma[column, column]), [self.Ks[q] for q in self.mine[t]])

    def value(self) -> Tensor:
        return sum(task.value() for task in self.tasks)  # type: ignore[return-value]

    def gradients(self) -> Gradients:
        dKs, dBs = [torch.zeros_like(K) for K in self.Ks], [torch.zeros_like(B) for B in self.Bs]
        dSigma = torch.zeros_like(self.problem.Sigma)
        for t, task in enumerate(self.tasks):
            own_dKs, own_dBs, own_dSigma = task.gradients()
            dSigma[t, t] = own_dSigma[0, 0]
            for q, dK, dB in zip(self.mine[t], own_dKs, own_dBs):
                dKs[q] += dK
                dBs[q][t, t] = dB[0, 0]
        return dKs, dBs, dSigma

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """An unknown of output t depends on task t alone."""
        total = torch.zeros(len(cells[0]), *([len(cells[0])] if joint else [])).to(self.residual)
        for t, task in enumerate(self.tasks):
            at = (cells[1] == t).nonzero()[:, 0]
            own = [(K, B[t : t + 1, t : t + 1]) for K, B in crosses]
            part = task.variance_reduction(own, (cells[0][at], torch.zeros_like(at)), joint)
            total[(at[:, None], at) if joint else at] = part
        return total

    def row_blocks(self) -> Tensor:
        return torch.diag_embed(torch.cat([task.row_blocks()[:, 0] for task in self.tasks], 1))


class Projected(Solver):
    """The dense solver of R columns instead of T."""

    @staticmethod
    def cost(shape: Shape) -> float:
        if shape.width >= shape.tasks or shape.cells < shape.rows * shape.tasks or shape.known_variances:
            return torch.inf
        return Dense.cost(shape._replace(tasks=shape.width, cells=shape.rows * shape.width)) + 2e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        return Dense.matrices(shape._replace(tasks=shape.width, cells=shape.rows * shape.width))

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        L, R = lower_factor(Sigma, "Sigma"), self.problem.shape().width
        self.root = torch.linalg.solve_triangular(L, torch.eye(len(L)).to(L), upper=False)
        self.V = torch.linalg.eigh(self.root @ sum(self.Bs) @ self.root.mT)[1][:, -R:]
        self.inside = self.root.mT @ self.V  # [T, R]
        r, z = residual @ self.root.mT, residual @ self.inside
        terms = [SolverTerm(term.kernel, self.inside.mT @ term.B @ self.inside) for term in self.problem.terms]
        self.core = Dense(Problem(self.problem.x, z, terms, torch.eye(R).to(L)), self.Ks)
        self.outside = r - z @ self.V.mT
        self.rest = torch.eye(len(L)).to(L) - self.V @ self.V.mT
        self.weights = (self.core.weights @ self.V.mT + self.outside) @ self.root
        log_det, noise_alone = 2 * L.diagonal().log().sum(), (len(L) - R) * LOG_2PI
        self.beyond = (self.outside**2).sum() + len(residual) * (log_det + noise_alone)

    def value(self) -> Tensor:
        return self.core.value() - 0.5 * self.beyond

    def gradients(self) -> Gradients:
        dKs, dBs, dSigma = self.core.gradients()
        identity = torch.eye(len(self.residual)).to(self.residual)
        return dKs, [self.lift(K, dB) for K, dB in zip(self.Ks, dBs)], self.lift(identity, dSigma)

    def lift(self, K: Tensor, inner: Tensor) -> Tensor:
        """From R columns to T: what the columns outside add, alone and together with those inside."""
        mixed = self.V @ self.core.weights.mT @ K @ self.outside
        alone = self.outside.mT @ K @ self.outside - K.diagonal().sum() * self.rest
        return self.root.mT @ (self.V @ inner @ self.V.mT + 0.5 * (mixed + mixed.mT + alone)) @ self.root

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        inside = self.core.variance_reduction([(K, B @ self.inside) for K, B in crosses], cells, joint)
        pairs = [(one, other) for one in crosses for other in crosses]
        outer = self.root.mT @ self.rest @ self.root  # 0 for what runs through the latent functions
        if joint:
            return inside + signal_covariance([(K @ J.mT, B @ outer @ A.mT) for (K, B), (J, A) in pairs], cells, cells)
        each = [((K * J).sum(1), (B @ outer * A).sum(1)) for (K, B), (J, A) in pairs]
        return inside + sum(k[cells[0]] * b[cells[1]] for k, b in each)

    def row_blocks(self) -> Tensor:
        return self.inside @ self.core.row_blocks() @ self.inside.mT + self.root.mT @ self.rest @ self.root
