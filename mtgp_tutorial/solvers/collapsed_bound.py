"""The collapsed bound: a lower bound of the log likelihood through M inducing inputs Z, for tables of many cells.

Q_q = K_q(X, Z) K_q(Z, Z)^-1 K_q(Z, X) stands for K_q, and the bound takes off what it leaves out of the variances:

    log N(r | 0, Q + R) - 1/2 trace(R^-1 (K - Q)),    Q = sum_q Q_q x B_q on the observed cells

R is the noise: a block for each row, of Sigma and known variances at its observed cells. So holes, full Sigma and known
errors are one formula. It is the largest E_q[log p(r | f)] - KL(q | p) over distributions q of u_q(Z), and the log
likelihood when Z holds every row. (Titsias 2009, eq. 9; Alvarez, Luengo, Titsias and Lawrence 2010, several outputs)

With A_q = L_q^-1 K_q(Z, X) and B_q = root_q root_q^T, the features Phi_i = [root_q x A_q[:, i]^T] of a row have
Q = Phi Phi^T; F of them, M for each column of a root. With U_i^T U_i = R_i^-1 all that is factored is
S = I + (U Phi)^T U Phi, [F, F]. Rows pass in chunks: cells x features is never held, but K_q(X, Z) is, for each q.

What the collapsed bound says of unknowns: the posterior of the Gaussian model whose covariance is Q + R.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from mtgp_tutorial.covariance import Cells
from mtgp_tutorial.gaussian import LOG_2PI, NotPositiveDefiniteError, lower_factor
from mtgp_tutorial.solvers.solver import Gradients, Problem, Shape, Solver, SolverTerm

# Variance added to K_q(Z, Z), whose diagonal is 1: u is f with that much noise, so it stays a bound. It is felt where
# the noise is not much larger: the module's floor is 1e-4 of a task's variance.
JITTER = 1e-8
CHUNK = 2**18  # entries of Phi at once


class CollapsedBound(Solver):
    """The bound and what it answers. "K_q" is here K_q of Z and X against Z, [M + N, M]."""

    @staticmethod
    def inputs(problem: Problem) -> tuple[Tensor, ...]:
        assert problem.inducing is not None
        return torch.cat([problem.inducing, problem.x]), problem.inducing

    @staticmethod
    def cost(shape: Shape) -> float:
        return 6 * shape.rows * shape.tasks * most_features(shape) ** 2 + 1e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        columns = shape.inducing * shape.terms + 2 * shape.tasks**2
        return 7 * (shape.rows + shape.inducing) * columns + 4 * most_features(shape) ** 2 + 4 * CHUNK

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        M = self.Ks[0].shape[1]
        self.U = whitening(self.observed, Sigma, self.problem.variances)  # [N, T, T], 0 at holes
        self.roots = [root_of_B(B) for B in self.Bs]  # [T, R_q]
        self.Es = [self.U @ one for one in self.roots]  # [N, T, R_q]
        jitter = JITTER * torch.eye(M).to(residual)
        self.Ls = [lower_factor(K[:M] + jitter, "K of the inducing inputs") for K in self.Ks]
        self.As = [torch.linalg.solve_triangular(L, K[M:].mT, upper=False) for L, K in zip(self.Ls, self.Ks)]
        self.left = [1 - (A**2).sum(0) for A in self.As]  # [N], of the variance 1 that Q_q lacks
        e = (self.U @ residual[..., None])[..., 0]
        widths = [M * one.shape[1] for one in self.roots]
        S, b = torch.eye(sum(widths)).to(e), torch.zeros(sum(widths)).to(e)
        for rows in self.chunks():
            Phi = self.features(rows).flatten(0, 1)
            S.addmm_(Phi.mT, Phi)
            b.addmv_(Phi.mT, e[rows].flatten())
        self.L = lower_factor(S, "I + Phi^T Phi", overwrite=True)
        self.mean = torch.cholesky_solve(b[:, None], self.L)[:, 0]  # of the features' weights, given r
        self.spans = [slice(end - width, end) for end, width in zip(accumulate(widths), widths)]
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

    def posterior(
        self, x: Tensor, terms: Sequence[SolverTerm], rows: Tensor | None, cells: Cells, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """As `Solver.posterior`. The reduction is what u tells, and the noise of a row where it is shared; what Q lacks
        of an unknown's own variance stays in it."""
        size = len(cells[0]) if joint else max(1, CHUNK // max(1, len(self.L)))
        parts = [self.some(x, terms, rows, (a, b), joint) for a, b in zip(cells[0].split(size), cells[1].split(size))]
        mean, reduction = zip(*parts)
        return torch.cat(mean), torch.cat(reduction)

    def some(
        self, x: Tensor, terms: Sequence[SolverTerm], rows: Tensor | None, cells: Cells, joint: bool
    ) -> tuple[Tensor, Tensor]:
        """The posterior of some cells: their features, less what the noise of their rows says of these."""
        phi = self.features_of(x, terms, cells)
        mean, told = phi @ self.mean, phi
        reduction = phi @ phi.mT if joint else (phi**2).sum(1)
        if rows is not None:
            own = rows[cells[0]]
            shared = self.problem.Sigma[cells[1]] * (own >= 0)[:, None]  # of its noise with the row's, [k, T]
            g = (self.U[own] @ shared[..., None])[..., 0]
            pairs = [(A[:, own].mT[:, :, None], (g[:, None] @ E[own])) for A, E in zip(self.As, self.Es)]
            told = phi - torch.cat([(A * E).flatten(1) for A, E in pairs], 1)
            mean = mean + (g * self.error[own]).sum(1)
            reduction = reduction + ((own[:, None] == own) * (g @ g.mT) if joint else (g**2).sum(1))
        half = torch.linalg.solve_triangular(self.L, told.mT, upper=False)
        return mean, reduction - (half.mT @ half if joint else (half**2).sum(0))

    def features_of(self, x: Tensor, terms: Sequence[SolverTerm], cells: Cells) -> Tensor:
        """phi [k, F] of unknowns: A_q at their inputs times J, with B_q = J root_q^T; 0 for kernels not in `terms`."""
        used, place = cells[0].unique(return_inverse=True)
        phi, known = x.new_zeros(len(place), len(self.L)), [term.kernel for term in self.problem.terms]
        for term in terms:
            q = known.index(term.kernel)
            across = term.kernel(x[used], self.problem.inducing).mT
            A = torch.linalg.solve_triangular(self.Ls[q], across, upper=False).mT[place]
            J = (term.B @ torch.linalg.pinv(self.roots[q]).mT)[cells[1]]
            phi[:, self.spans[q]] = (A[:, :, None] * J[:, None]).flatten(1)
        return phi

    def inverse(self, cells: Cells) -> Tensor:
        raise ValueError(
            "fit: has the sparse bound, which has no exact leave-one-out; hide cells (TaskData.hide) and impute them, "
            "or fit without sparse"
        )


def most_features(shape: Shape) -> float:
    """How many there are at most: M for each column of each root."""
    columns = shape.width if shape.width < shape.tasks or shape.separate else shape.tasks * shape.terms
    return shape.inducing * columns


RANK = 1e-12  # an eigenvalue of B this small, next to the largest, counts as 0; below 0 by more than 1e-8 it is refused


def root_of_B(B: Tensor) -> Tensor:
    """root [T, R_q] of B = root root^T, R_q its rank; raises NotPositiveDefiniteError for what is no covariance."""
    if not bool(B.isfinite().all()):
        raise NotPositiveDefiniteError("B: holds NaN or infinite values, so it is no covariance; pass finite ones")
    values, vectors = torch.linalg.eigh(B)
    if not bool(values[0] >= -1e-8 * values[-1]):
        raise NotPositiveDefiniteError(
            f"B: has the eigenvalue {float(values[0]):.3g}, so it is no covariance; pass one with none below 0"
        )
    kept = values > RANK * values[-1]
    return vectors[:, kept] * values[kept].sqrt()


def against_B(root: Tensor, slope: Tensor) -> Tensor:
    """Derivative against B, symmetric, from that against its root [T, R_q].

    What depends on root root^T alone has the slope 2 D root. That says nothing of D outside the root's span, where B
    does not move either: D is the symmetric matrix of least norm.
    """
    X = slope @ torch.linalg.pinv(root)
    inside = root @ torch.linalg.pinv(root)
    return 0.5 * (X + X.mT - inside @ X)


def against_K(L: Tensor, A: Tensor, dA: Tensor) -> Tensor:
    """From A = L^-1 K(Z, X) to [M + N, M] of K(Z, Z) and K(X, Z).

    A turned by an orthogonal matrix changes nothing, so dA A^T is symmetric, and K(Z, Z) counts through its inverse.
    """
    of_X = torch.linalg.solve_triangular(L.mT, dA, upper=True)
    inner = torch.linalg.solve_triangular(L.mT, dA @ A.mT, upper=True)
    of_Z = -0.5 * torch.linalg.solve_triangular(L, inner, upper=False, left=False)
    return torch.cat([(of_Z + of_Z.mT) / 2, of_X.mT])


def whitening(observed: Tensor, Sigma: Tensor, variances: Tensor | None) -> Tensor:
    """U_i [T, T] of each row, 0 at holes: U_i^T U_i is the inverse noise covariance of its observed cells.

    observed: [N, T]; variances: known ones [N, T], or None. Raises NotPositiveDefiniteError for a noise covariance that
    has no Cholesky factor.
    """
    both, eye = observed[:, :, None] & observed[:, None], torch.eye(len(Sigma)).to(Sigma)
    noise = torch.where(both, Sigma, eye)  # a hole stands alone
    if variances is not None:
        noise = noise + torch.diag_embed(variances * observed)
    L, info = torch.linalg.cholesky_ex(noise)
    if bool((info > 0).any()):
        row = int((info > 0).nonzero()[0])
        raise NotPositiveDefiniteError(f"Sigma: is not positive definite on the cells of row {row}; add noise")
    return torch.linalg.solve_triangular(L, torch.diag_embed(observed.to(Sigma)), upper=False)
