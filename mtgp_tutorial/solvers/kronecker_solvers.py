"""The Kronecker solvers: a complete table with one kernel is T problems of size N. Few holes are a correction to it.

Of the S_j = lam_j K + I of `kronecker`, `KroneckerCholesky` factors each; `KroneckerEigen` takes K = Q diag(s) Q^T
once, after which every S_j is diagonal: dearer for few tasks, the same price for many.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.linalg.lapack import dpotrf, dsygvd
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor
from mtgp_tutorial.covariance import Cells, all_cells
from mtgp_tutorial.gaussian import LOG_2PI, NotPositiveDefiniteError, lower_factor
from mtgp_tutorial.solvers.solver import Crosses, Gradients, Shape, Solver

EPSILON = np.finfo(float).eps


def whiten(B: np.ndarray, Sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """lam [T], P [T, T] and log |Sigma|, with P^T Sigma P = I and P^T B P = diag(lam): B p = lam Sigma p."""
    L, no_factor = dpotrf(Sigma, lower=1)
    if no_factor or not (L.diagonal() ** 2 > len(L) * EPSILON * Sigma.diagonal()).all():
        raise NotPositiveDefiniteError("Sigma: is not positive definite to working precision; add noise to every task")
    lam, P, no_vectors = dsygvd(B, Sigma)
    if no_vectors or not lam[0] >= -1e-8 * abs(lam[-1]):
        raise NotPositiveDefiniteError(
            f"B: not positive semi-definite (relative to Sigma, {lam[0]:.3g}); pass W W^T + diag(kappa)"
        )
    return np.maximum(lam, 0), P, 2 * float(np.log(L.diagonal()).sum())


class KroneckerCholesky(Solver):
    """T Cholesky factorisations of size N."""

    @staticmethod
    def cost(shape: Shape) -> float:
        complete = shape.terms == 1 and shape.cells == shape.rows * shape.tasks and not shape.known_variances
        return shape.tasks * (1.1 * shape.rows**3 + 500 * shape.rows**2 + 2.4e6) + 1.2e7 if complete else torch.inf

    @staticmethod
    def matrices(shape: Shape) -> float:
        return (shape.tasks + 7) * shape.rows**2

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        lam, P, log_det_Sigma = whiten(as_array(self.Bs[0]), as_array(Sigma))
        self.lam, self.P = as_tensor(lam, residual), as_tensor(P, residual)
        self.log_det = self.decompose(self.Ks[0]) + len(residual) * log_det_Sigma
        self.weights = self.solve(residual)

    def decompose(self, K: Tensor) -> Tensor:
        """Factor all S_j; returns the sum of their log determinants."""
        self.L = []
        for lam in self.lam.tolist():
            S = lam * K
            S.diagonal().add_(1)
            self.L.append(lower_factor(S, "lambda K + I", overwrite=True))
        return 2 * sum(L.diagonal().log().sum() for L in self.L)  # type: ignore[return-value]

    def solve(self, residual: Tensor) -> Tensor:
        """C^-1 r [N, T] of a complete residual: S_j^-1 on each column of r P, and back."""
        z = residual @ self.P
        columns = [torch.cholesky_solve(z[:, [j]], L) for j, L in enumerate(self.L)]
        return torch.cat(columns, 1) @ self.P.mT

    def halves(self, cross: Tensor) -> Iterator[Tensor]:
        """For each j a matrix h [N, M] with h^T h = cross S_j^-1 cross^T; cross: [M, N]."""
        return (torch.linalg.solve_triangular(L, cross.mT, upper=False) for L in self.L)

    def sums(self) -> tuple[Tensor, Tensor, Tensor]:
        """sum_j lam_j S_j^-1 [N, N], and on the diagonals of two matrices [T, T] tr(S_j^-1) and tr(S_j^-1 K)."""
        total, buffer, of_I, of_K = torch.zeros_like(self.Ks[0]), torch.empty_like(self.L[0]), [], []
        for lam, L in zip(self.lam.tolist(), self.L):
            inverse = torch.cholesky_inverse(L, out=buffer).mT  # symmetric, and mT has the memory layout of K
            total.add_(inverse, alpha=lam)
            of_I.append(inverse.trace())
            of_K.append(inverse.flatten() @ self.Ks[0].flatten())
        return total, torch.diag(torch.stack(of_I)), torch.diag(torch.stack(of_K))

    def value(self) -> Tensor:
        return -0.5 * ((self.residual * self.weights).sum() + self.log_det + self.residual.numel() * LOG_2PI)

    def gradients(self) -> Gradients:
        """With C^-1 r as a table A: (A B A^T - sum_j lam_j S_j^-1) / 2 against K, and so on."""
        K, B, A, P = self.Ks[0], self.Bs[0], self.weights, self.P
        weighted, traces_I, traces_K = self.sums()
        dK = weighted.addmm_(A @ B, A.mT, beta=-0.5, alpha=0.5)
        dB = 0.5 * (A.mT @ K @ A - P @ traces_K @ P.mT)
        dSigma = 0.5 * (A.mT @ A - P @ traces_I @ P.mT)
        return [dK], [dB], dSigma

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """The unknown (m, s) sees problem j through sum_q (B_q P)[s, j] K_q[m]."""
        outputs, which = cells[1].unique(return_inverse=True)
        cells, loads = (cells[0], which), [B[outputs] @ self.P for _, B in crosses]
        grams: dict[tuple[int, int], list[Tensor]] = {}
        for halves in zip(*(self.halves(K) for K, _ in crosses)):
            for q, left in enumerate(halves):
                for p, right in enumerate(halves):
                    grams.setdefault((q, p), []).append(left.mT @ right if joint else (left * right).sum(0))
        pattern = "jmn,sj,tj->msnt" if joint else "jm,sj,sj->ms"
        total = sum(torch.einsum(pattern, torch.stack(each), loads[q], loads[p]) for (q, p), each in grams.items())
        return total[*cells, :, :][:, *cells] if joint else total[cells]  # type: ignore[index]

    def diagonals(self) -> Tensor:
        """Those of all S_j^-1, [N, T]."""
        return torch.stack([torch.cholesky_inverse(L).diagonal() for L in self.L], 1)

    def row_blocks(self) -> Tensor:
        return (self.P * self.diagonals()[:, None]) @ self.P.mT


class KroneckerEigen(KroneckerCholesky):
    """One eigendecomposition of K: S_j^-1 = Q diag(d_j) Q^T with d = 1 / (lam s + 1)."""

    @staticmethod
    def cost(shape: Shape) -> float:
        complete = KroneckerCholesky.cost(shape) < torch.inf
        return 6 * shape.rows**3 + 1000 * shape.rows**2 + 1.3e7 if complete else torch.inf

    @staticmethod
    def matrices(shape: Shape) -> float:
        return 9 * shape.rows**2

    def decompose(self, K: Tensor) -> Tensor:
        self.s, self.Q = torch.linalg.eigh(K)
        spectrum = self.lam * self.s[:, None] + 1  # [N, T]
        if not bool((spectrum > 0).all()):
            raise NotPositiveDefiniteError("lambda K + I: K has an eigenvalue far below 0; pass a covariance function")
        self.d = 1 / spectrum
        return spectrum.log().sum()

    def solve(self, residual: Tensor) -> Tensor:
        return self.Q @ (self.d * (self.Q.mT @ residual @ self.P)) @ self.P.mT

    def halves(self, cross: Tensor) -> Iterator[Tensor]:
        rotated = self.Q.mT @ cross.mT
        return (d.sqrt()[:, None] * rotated for d in self.d.unbind(1))

    def diagonals(self) -> Tensor:
        return self.Q**2 @ self.d

    def sums(self) -> tuple[Tensor, Tensor, Tensor]:
        weighted = (self.Q * (self.d @ self.lam)) @ self.Q.mT
        return weighted, torch.diag(self.d.sum(0)), torch.diag(self.s @ self.d)


class LowRankCorrection(KroneckerEigen):
    """The solution for the complete table, corrected for its holes: without the dense matrix.

    Let C be the covariance of the complete table, J = C^-1 (by `KroneckerEigen`), m the missing cells. By block
    inversion the inverse for the observed cells is J - J_:m (J_mm)^-1 J_m:, with zeros at m, and |C_oo| = |C| |J_mm|.
    So it serves, with a correction whose rank is their number. (Rasmussen and Williams 2006, eqs. A.11 and
    A.12)
    """

    @staticmethod
    def cost(shape: Shape) -> float:
        N, T, m = shape.rows, shape.tasks, shape.rows * shape.tasks - shape.cells
        if shape.terms > 1 or m == 0 or shape.known_variances:
            return torch.inf
        return 6.7 * N**3 + 1400 * N**2 + (4.5 * m + 1.8 * N + 400) * m * N * T + 2.3e7

    @staticmethod
    def matrices(shape: Shape) -> float:
        N, T, m = shape.rows, shape.tasks, shape.rows * shape.tasks - shape.cells
        return 11 * N**2 + 5 * m * N * T + 3 * m**2

    def factor(self, residual: Tensor, Sigma: Tensor) -> None:
        """With its holes at their conditional mean the complete table has the weights of the observed cells."""
        self.missing = all_cells(~self.observed)
        super().factor(residual, Sigma)
        rows, tasks = self.missing
        self.root = self.d.sqrt().mT * self.P[tasks][:, :, None] * self.Q[rows][:, None]  # [m, T, N]
        wide = self.root.flatten(1)  # root root^T over T and N is J_mm
        self.F = lower_factor(wide @ wide.mT, "inverse covariance of the missing cells")
        fill = -torch.cholesky_solve(self.weights[self.missing][:, None], self.F)[:, 0]
        self.residual = residual.index_put(self.missing, fill)
        self.weights = self.solve(self.residual).index_put(self.missing, torch.zeros_like(fill))
        self.log_det = self.log_det + 2 * self.F.diagonal().log().sum()

    def value(self) -> Tensor:
        return super().value() + 0.5 * len(self.F) * LOG_2PI

    def sums(self) -> tuple[Tensor, Tensor, Tensor]:
        """Those of the complete table less those of the correction U^T U, with U = F^-1 J_m: [m, T, N]."""
        U = torch.linalg.solve_triangular(self.F, self.root.flatten(1), upper=False).view_as(self.root)
        U.mul_(self.d.sqrt().mT)
        traces_I = torch.diag(self.d.sum(0)) - torch.einsum("ari,aqi->rq", U, U)
        traces_K = torch.diag(self.s @ self.d) - torch.einsum("ari,aqi->rq", U * self.s, U)
        of_K = U.mul_(self.lam.sqrt()[:, None]).flatten(0, 1)
        weighted = self.Q @ (torch.diag(self.d @ self.lam) - of_K.mT @ of_K) @ self.Q.mT
        return weighted, traces_I, traces_K

    def variance_reduction(self, crosses: Crosses, cells: Cells, joint: bool) -> Tensor:
        """cross J cross^T less H H^T with H = cross J_:m F^-T."""
        both = torch.zeros(len(cells[0]), len(self.F)).to(self.F)
        for K, B in crosses:
            for load, half, root in zip((B @ self.P).unbind(1), self.halves(K), self.root.unbind(1)):
                both += load[cells[1]][:, None] * (half.mT @ root.mT)[cells[0]]
        H = torch.linalg.solve_triangular(self.F, both.mT, upper=False)
        whole = super().variance_reduction(crosses, cells, joint)
        return whole - (H.mT @ H if joint else (H**2).sum(0))

    def row_blocks(self) -> Tensor:
        both = (self.root * self.d.sqrt().mT) @ self.Q.mT  # J_m:, tasks whitened: [m, T, N]
        H = torch.linalg.solve_triangular(self.F, both.flatten(1), upper=False).view_as(both)
        return super().row_blocks() - self.P @ torch.einsum("arn,aqn->nrq", H, H) @ self.P.mT
