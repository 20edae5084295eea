"""The solver of wide tables: columns that share R functions, and have the rest each for itself.

With noise per task and B_q = W_q W_q^T + diag(kappa_q), column t of the table is

    y_t = sum_r W_tr g_r + (its own part),    own part ~ N(0, D_t),    D_t = sum_q kappa_qt K_q + sigma_t^2 I

on the rows where it was seen; each g_r belongs to one kernel, g_r ~ N(0, K_q), and there are R in all. So C is
block-diagonal by column plus a part of rank R N: T matrices of a column's size and one of size R N are factored,
whatever the holes, where the whole C has the size of all cells. (Woodbury; Rasmussen and Williams 2006, eq. A.9. The
gradient is the mean, over what the data say of the g_r, of that of columns whose g_r are known: Fisher's identity.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from mtgp_tutorial.covariance import Cells
from mtgp_tutorial.gaussian import LOG_2PI, lower_factor
from mtgp_tutorial.solvers.solver import Crosses, Gradients, Problem, Shape, Solver

LOST = 1e5  # times: a difference that is so much smaller than what it is taken from
AT_ONCE = 2**22  # entries of the columns' matrices that are worked on at once


class ByColumns(Solver):
    """P_t = D_t^-1 for each column [T, N, N], 0 at holes; half^T half [R N, R N] is the covariance of the g_r given the
    table."""

    by_factor = True

    @classmethod
    def loads(cls, problem: Problem) -> list[Tensor]:
        """W_q [T, R_q] and kappa_q [T] of each term."""
        return [each for term in problem.terms for each in term.factor or ()]

    @classmethod
    def with_loads(cls, problem: Problem, loads: Sequence[Tensor]) -> Problem:
        factors = zip(loads[::2], loads[1::2])
        return problem._replace(terms=[one._replace(factor=factor) for one, factor in zip(problem.terms, factors)])

    @staticmethod
    def cost(shape: Shape) -> float:
        if shape.latent == 0:
            return torch.inf
        wide = shape.latent * shape.rows
        each = 7 * shape.rows**3 + (40 + 12 * shape.latent**2 + 10 * shape.terms) * shape.rows**2
        return shape.tasks * each + 12 * wide**3 + 5e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        return shape.tasks * shape.rows**2 + 6 * AT_ONCE + 8 * (shape.latent * shape.rows) ** 2

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        loads, N = self.loads(self.problem), len(residual)
        self.W, self.kappas = torch.cat(loads[::2], 1), torch.stack(loads[1::2])  # [T, R], [Q, T]
        self.kernel = [q for q, W in enumerate(loads[::2]) for _ in range(W.shape[1])]  # of each shared function
        R, noise = len(self.kernel), Sigma.diagonal()[:, None].expand(-1, N)
        if self.problem.variances is not None:
            noise = noise + self.problem.variances.mT
        self.P, self.log_det = residual.new_empty(len(noise), N, N), residual.new_zeros(())
        S = residual.new_zeros(R, R, N, N)
        for some in self.chunks():
            seen = self.observed.mT[some].to(residual)
            own = sum(kappa[some, None, None] * K for kappa, K in zip(self.kappas, self.Ks))
            D = own * seen[:, :, None] * seen[:, None, :]
            D.diagonal(dim1=1, dim2=2).add_(torch.where(seen > 0, noise[some], 1.0))  # a hole: 1, apart from all else
            L = lower_factor(D, "kappa K + sigma^2 I")
            self.log_det += 2 * L.diagonal(dim1=1, dim2=2).log().sum()
            self.P[some] = torch.cholesky_inverse(L)
            self.P[some].diagonal(dim1=1, dim2=2).sub_(1 - seen)
            S += torch.einsum("tr,tq,tij->rqij", self.W[some], self.W[some], self.P[some])
        self.S = S.transpose(1, 2).reshape(R * N, R * N)
        self.share(self.through(residual))

    def share(self, u: Tensor) -> None:
        """V = half^T half and the mean g [N, R] of the shared functions, and the weights; u [N, T]: D^-1 r."""
        R, N = len(self.kernel), len(u)
        roots = [Q * s.clamp_min(0).sqrt() for s, Q in map(torch.linalg.eigh, self.Ks)]
        H = torch.block_diag(*[roots[q] for q in self.kernel])  # H H^T is their prior covariance
        M = H.mT @ self.S @ H
        M.diagonal().add_(1)
        self.L = lower_factor(M, "what the shared functions have", overwrite=True)
        self.log_det = self.log_det + 2 * self.L.diagonal().log().sum()
        self.half = torch.linalg.solve_triangular(self.L, H.mT, upper=False)
        self.g = (self.half.mT @ (self.half @ (u @ self.W).mT.reshape(-1))).view(R, N).mT
        self.weights = self.through((self.residual - self.g @ self.W.mT) * self.observed)

    def chunks(self) -> Iterator[slice]:
        """The tasks, some at a time."""
        T, size = len(self.W), max(1, AT_ONCE // len(self.residual) ** 2)
        return (slice(first, min(first + size, T)) for first in range(0, T, size))

    def through(self, values: Tensor) -> Tensor:
        """P_t on each column of a table [N, T]."""
        return torch.einsum("tij,jt->it", self.P, values)

    def value(self) -> Tensor:
        count = int(self.observed.sum())
        return -0.5 * ((self.residual * self.weights).sum() + self.log_det + count * LOG_2PI)

    def gradients(self) -> Gradients:
        """Against K_q, W_q and kappa_q in the place of B_q, and Sigma, whose diagonal alone is asked for."""
        (R, N), a = (len(self.kernel), len(self.residual)), self.weights
        V = (self.half.mT @ self.half).view(R, N, R, N).transpose(1, 2)
        dKs, dW = self.of_shared(a @ self.W), a.mT @ self.g
        dkappas, dnoise = torch.empty_like(self.kappas), torch.empty_like(self.kappas[0])
        for some in self.chunks():
            W, P, r = self.W[some], self.P[some], a.mT[some]
            seen_of_V = torch.einsum("tr,rqij->tqij", W, V)
            dW[some] -= torch.einsum("tij,tqij->tq", P, seen_of_V)
            G = 0.5 * (r[:, :, None] * r[:, None, :] + P @ torch.einsum("tq,tqij->tij", W, seen_of_V) @ P - P)
            dnoise[some] = G.diagonal(dim1=1, dim2=2).sum(1)
            for q, (kappa, K) in enumerate(zip(self.kappas, self.Ks)):
                dkappas[q, some] = torch.einsum("tij,ij->t", G, K)
                dKs[q] += torch.einsum("t,tij->ij", kappa[some], G)
        dWs = dW.split([self.kernel.count(q) for q in range(len(self.Ks))], 1)
        return dKs, [each for pair in zip(dWs, dkappas) for each in pair], torch.diag(dnoise)

    def of_shared(self, alpha: Tensor) -> list[Tensor]:
        """What the prior of the g_r says against each K_q; alpha [N, R]: K_q^-1 g_r."""
        R, N = len(self.kernel), len(alpha)
        less = (self.half @ self.S).view(-1, R, N)  # by half, whose square loses digits where the noise is small
        S, found = self.S.view(R, N, R, N), [torch.zeros_like(K) for K in self.Ks]
        for r, q in enumerate(self.kernel):
            found[q] += 0.5 * (torch.outer(alpha[:, r], alpha[:, r]) - S[r, :, r] + less[:, r].mT @ less[:, r])
        return found

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """cross C^-1 cross^T: what P alone gives, less what runs through the shared functions; where that difference
        has lost its digits, by squares."""
        if joint:
            return self.by_squares(crosses, cells, True)
        outputs, which = cells[1].unique(return_inverse=True)
        alone, found = torch.empty(2, len(cells[0])).to(self.P)
        for k, s in enumerate(outputs.tolist()):
            at = (which == k).nonzero()[:, 0]
            Ks, loads = [K[cells[0][at]] for K, _ in crosses], [B[s] for _, B in crosses]
            pairs = [(one, other, b * c) for one, b in zip(Ks, loads) for other, c in zip(Ks, loads)]
            alone[at] = sum(((one @ self.combined(load[None])[0]) * other).sum(1) for one, other, load in pairs)
            of_each = [one @ self.combined((b[:, None] * self.W).mT) for one, b in zip(Ks, loads)]  # [R, k, N]
            H = torch.cat(list(torch.stack(of_each).sum(0)), 1)
            found[at] = alone[at] - ((H @ self.half.mT) ** 2).sum(1)
        if bool((lost := alone > LOST * found).any()):
            found[lost] = self.by_squares(crosses, (cells[0][lost], cells[1][lost]), False)
        return found

    def combined(self, loads: Tensor) -> Tensor:
        """sum_t loads[r, t] P_t, [R, N, N]."""
        some = loads.abs().amax(0).nonzero()[:, 0]
        return torch.einsum("rt,tij->rij", loads[:, some], self.P[some])

    def by_squares(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """The same of each unknown, or of all pairs, column after column and without a difference: with g the shared
        functions that explain its covariances with the cells best, what they leave of these, and |H^-1 g|^2."""
        k, (R, N) = len(cells[0]), (len(self.kernel), len(self.residual))

        def crossed() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
            for t, P in enumerate(self.P):
                yield torch.stack([K[cells[0]] * B[cells[1], t, None] for K, B in crosses]).sum(0), P, self.W[t]

        through = sum((W[:, None] * (cross @ P)[:, None] for cross, P, W in crossed()), torch.zeros(k, R, N).to(self.P))
        u = through.flatten(1) @ self.half.mT
        v = torch.linalg.solve_triangular(self.L.mT, u.mT, upper=True).mT  # H^-1 g
        g, total = (u @ self.half).view(k, R, N), v @ v.mT if joint else (v**2).sum(1)
        for cross, P, W in crossed():
            rest = cross - torch.einsum("r,krn->kn", W, g)
            total += rest @ P @ rest.mT if joint else (rest @ P * rest).sum(1)
        return total

    def row_blocks(self) -> Tensor:
        (R, N), T = (len(self.kernel), len(self.residual)), len(self.W)
        blocks = []
        for i in range(N):
            F = (self.W[:, :, None] * self.P[:, i, None, :]).reshape(T, R * N) @ self.half.mT
            blocks.append(torch.diag(self.P[:, i, i]) - F @ F.mT)
        return torch.stack(blocks)
