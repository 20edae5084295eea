"""The collapsed bound: a lower bound of the log likelihood through M inducing inputs Z, for tables of many cells.

Q_q = K_q(X, Z) K_q(Z, Z)^-1 K_q(Z, X) stands for K_q, and the bound takes off what it leaves out of the variances:

    log N(r | 0, Q + R) - 1/2 trace(R^-1 (K - Q)),    Q = sum_q Q_q x B_q on the observed cells

R is the noise: a block for each row, of Sigma and known variances at its observed cells. So holes, full Sigma and known
errors are one formula. It is the largest E_q[log p(r | f)] - KL(q | p) over distributions q of u_q(Z), and the log
likelihood when Z holds every row. (Titsias 2009, eq. 9; Alvarez, Luengo, Titsias and Lawrence 2010, several outputs)

With A_q = L_q^-1 K_q(Z, X) and B_q = root_q root_q^T, the features Phi_i = [root_q x A_q[:, i]^T] of a row have
Q = Phi Phi^T; F of them, M for each column of a root. With U_i^T U_i = R_i^-1 all that is factored is
S = I + (U Phi)^T U Phi, [F, F]. Rows pass in chunks: cells x features is never held, but K_q(X, Z) is, for each q.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mtgp_tutorial.approximate.roots import against_B, against_K, root, whitening
from mtgp_tutorial.exact.form import Form, Gradients, Problem, Shape
from mtgp_tutorial.exact.gaussian import LOG_2PI, cholesky

# Variance added to K_q(Z, Z), whose diagonal is 1: u is f with that much noise, so it stays a bound. It is felt where
# the noise is not much larger: the module's floor is 1e-4 of a task's variance.
JITTER = 1e-8
CHUNK = 2**18  # entries of Phi at once


class Bound(Form):
    """Value and gradient. "K_q" is here K_q of Z and X against Z, [M + N, M]."""

    @staticmethod
    def inputs(problem: Problem) -> tuple[Tensor, ...]:
        assert problem.inducing is not None
        return torch.cat([problem.inducing, problem.x]), problem.inducing

    @staticmethod
    def cost(shape: Shape) -> float:
        return 6 * shape.rows * shape.tasks * features(shape) ** 2 + 1e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        columns = shape.inducing * shape.terms + 2 * shape.tasks**2
        return 7 * (shape.rows + shape.inducing) * columns + 4 * features(shape) ** 2 + 4 * CHUNK

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        M = self.Ks[0].shape[1]
        self.U = whitening(self.observed, Sigma, self.problem.variances)  # [N, T, T], 0 at holes
        self.roots = [root(B) for B in self.Bs]  # [T, R_q]
        self.Es = [self.U @ one for one in self.roots]  # [N, T, R_q]
        jitter = JITTER * torch.eye(M).to(residual)
        self.Ls = [cholesky(K[:M] + jitter, "K of the inducing inputs") for K in self.Ks]
        self.As = [torch.linalg.solve_triangular(L, K[M:].mT, upper=False) for L, K in zip(self.Ls, self.Ks)]
        self.left = [1 - (A**2).sum(0) for A in self.As]  # [N], of the variance 1 that Q_q lacks
        e = (self.U @ residual[..., None])[..., 0]
        widths = [M * one.shape[1] for one in self.roots]
        S, b = torch.eye(sum(widths)).to(e), torch.zeros(sum(widths)).to(e)
        for rows in self.chunks():
            Phi = self.features(rows).flatten(0, 1)
            S.addmm_(Phi.mT, Phi)
            b.addmv_(Phi.mT, e[rows].flatten())
        self.L = cholesky(S, "I + Phi^T Phi", overwrite=True)
        self.mean = torch.cholesky_solve(b[:, None], self.L)[:, 0]  # of the features' weights, given r
        self.spans = [slice(end - width, end) for end, width in zip(torch.tensor(widths).cumsum(0).tolist(), widths)]
        parts = [A.mT @ self.mean[at].unflatten(0, (M, -1)) for A, at in zip(self.As, self.spans)]  # [N, R_q]
        self.error = e - sum((E @ part[..., None])[..., 0] for E, part in zip(self.Es, parts))  # [N, T]
        self.weights = (self.U.mT @ self.error[..., None])[..., 0]

    def chunks(self) -> Iterator[slice]:
        """Rows that are done at once."""
        entries = sum(len(A) * E[0].numel() for A, E in zip(self.As, self.Es))  # of a row
        size = max(1, CHUNK // max(1, entries))
        return (slice(start, start + size) for start in range(0, len(self.residual), size))

    def features(self, rows: slice) -> Tensor:
        """U_i Phi_i of some rows, [c, T, F]."""
        pairs = [(A[:, rows].mT[:, None, :, None], E[rows, :, None]) for A, E in zip(self.As, self.Es)]
        return torch.cat([(A * E).flatten(2) for A, E in pairs], 2)

    def value(self) -> Tensor:
        """The bound, in nats; |e|^2 - b S^-1 b is the error's square and the mean's, without a difference."""
        log_det = 2 * self.L.diagonal().log().sum() - 2 * self.U.diagonal(dim1=1, dim2=2)[self.observed].log().sum()
        missed = sum((left * (E**2).sum((1, 2))).sum() for left, E in zip(self.left, self.Es))
        squares = (self.error**2).sum() + (self.mean**2).sum()
        return -0.5 * (int(self.observed.sum()) * LOG_2PI + log_det + squares + missed)

    def gradients(self) -> Gradients:
        """Against K_q [M + N, M], B_q and Sigma. Against Phi it is error x mean - Phi S^-1.

        The bound is the largest E_q[log N(r | f, R)] - KL(q), so R's derivative is that at the best q, held fixed:
        U^T ((error error^T + U Cov_q[f] U^T - I) / 2) U for each row.
        """
        inverse, dSigma = torch.cholesky_inverse(self.L), torch.zeros_like(self.problem.Sigma)
        dAs, droots = [torch.empty_like(A) for A in self.As], [torch.zeros_like(one) for one in self.roots]
        for rows in self.chunks():
            Phi, U, error = self.features(rows), self.U[rows], self.error[rows]
            mixed = Phi @ inverse
            spread = mixed @ Phi.mT + error[:, :, None] * error[:, None] - torch.diag_embed(self.observed[rows].to(U))
            dPhi = error[..., None] * self.mean - mixed
            for A, dA, droot, E, left, at in zip(self.As, dAs, droots, self.Es, self.left, self.spans):
                A, E, left, D = A[:, rows], E[rows], left[rows, None, None], dPhi[..., at].unflatten(2, (len(A), -1))
                dA[:, rows] = torch.einsum("ctmr,ctr->mc", D, E) + A * (E**2).sum((1, 2))
                dE = torch.einsum("ctmr,mc->ctr", D, A) - left * E
                droot += torch.einsum("cst,csr->tr", U, dE)
                spread += left * (E @ E.mT)
            dSigma += 0.5 * (U.mT @ spread @ U).sum(0)
        dKs = [against_K(L, A, dA) for L, A, dA in zip(self.Ls, self.As, dAs)]
        return dKs, [against_B(one, droot) for one, droot in zip(self.roots, droots)], dSigma


def features(shape: Shape) -> float:
    """How many there are at most: M for each column of each root."""
    columns = shape.width if shape.width < shape.tasks or shape.apart else shape.tasks * shape.terms
    return shape.inducing * columns
