"""The Kronecker solvers of several problems on one table at once, in numpy and LAPACK alone (book: icm-split).

`fit` looks at dozens of vectors of parameters and runs from several, and all share one table. At ten rows a call
costs more than the arithmetic in it, so a stack of problems costs little more than one. At hundreds of rows it is
what stands beside LAPACK's work that costs: so no triangle is mirrored, and no inverse is built for a value alone.

Holes, the same for all, are a correction of rank m, as in `LowRankCorrection`: with V_j = S_j^-1 and p_j the loads of
the m holes on problem j, J_mm is the sum of p_j V_j[m, m] p_j = F F^T. The whitened inverse has the blocks V_jk, V_j
where j = k and 0 elsewhere, less H_j^T H_k with H_j = F^-1 p_j V_j[m]. Each way has these in coordinates of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.gaussian import LOG_2PI, NotPositiveDefiniteError
from mtgp_tutorial.solvers.kronecker_solvers import EPSILON, whiten
from mtgp_tutorial.solvers.solver import Problem, Solver

Holes = tuple[np.ndarray, np.ndarray]  # rows [m] and tasks [m]
NO_HOLES: Holes = (np.empty(0, int), np.empty(0, int))


class Batched:
    """N problems with residuals [N, n, T], K [N, n, n], B and Sigma [N, T, T]; `value` [N] in nats.

    What a residual is at a hole is of no matter. Raises NotPositiveDefiniteError where one of them has no value.
    """

    def __init__(self, residual: np.ndarray, K: np.ndarray, B: np.ndarray, Sigma: np.ndarray, holes: Holes):
        self.K, self.identity, self.holes = K, np.eye(B.shape[-1]), holes
        lam, P, log_dets = zip(*(whiten(one, other) for one, other in zip(B, Sigma)))
        self.lam, self.P = np.array(lam), np.array(P)
        self.log_det_Sigma = np.array(log_dets)
        log_det = self.factor() + residual.shape[1] * self.log_det_Sigma
        z = residual @ self.P
        self.a = self.solve(z)  # [N, n, T]: column j is S_j^-1 z_j
        seen = z[0].size
        if len(holes[0]):
            log_det, seen = log_det + self.correct(residual), seen - len(holes[0])
        self.value = -0.5 * (inner(z, self.a) + log_det + seen * LOG_2PI)

    @staticmethod
    def cost(N: int, n: int, T: int, m: int, slopes: bool) -> float:
        """Of N problems with m holes each, as `Solver.cost` counts; slopes: with gradients, not the values alone."""
        raise NotImplementedError

    def factor(self) -> np.ndarray:
        """Factors all S_j = lam_j K + I; returns sum_j log |S_j| [N]."""
        raise NotImplementedError

    def solve(self, z: np.ndarray) -> np.ndarray:
        """Column j of the result is S_j^-1 z_j, [N, n, T]."""
        raise NotImplementedError

    def roots(self) -> np.ndarray:
        """R_j [N, T, m, n] with R_j R_j^T = V_j[m, m]."""
        raise NotImplementedError

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """sum_j lam_j V_jj [N, n, n], tr(V_jk) and tr(V_jk K), [N, T, T]; V_jk: the inverse, whitened."""
        raise NotImplementedError

    def correct(self, residual: np.ndarray) -> np.ndarray:
        """With its holes at their conditional means the complete table has the weights of the cells that are seen.

        Returns log |J_mm| [N].
        """
        rows, tasks = self.holes
        self.loads = transposed(self.P[:, tasks])[..., None]  # [N, T, m, 1]
        roots = self.loads * self.roots()
        wide = roots.transpose(0, 2, 1, 3).reshape(*roots.shape[::2], -1)  # [N, m, T n]: the sum over T is one product
        self.F = [factored(one, "inverse covariance of the holes") for one in wide @ transposed(wide)]
        missing = (self.P[:, tasks] * self.a[:, rows]).sum(2)
        fill = np.zeros_like(residual)
        fill[:, rows, tasks] = [-dpotrs(F, one, lower=1)[0] for F, one in zip(self.F, missing)]
        self.a += self.solve(fill @ self.P)
        return 2 * np.array([np.log(F.diagonal()).sum() for F in self.F])

    def gradients(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Against K [N, n, n], B and Sigma [N, T, T], and means of the tasks [N, T].

        K has a fixed diagonal: the first has the right product with every symmetric matrix that has zeros there, and
        need not be symmetric itself.
        """
        of_K, of_I, traces = self.sums()
        a, back = self.a, transposed(self.P)
        dK = 0.5 * ((a * self.lam[:, None]) @ transposed(a) - of_K)
        dB = self.P @ (0.5 * (transposed(a) @ self.K @ a - traces)) @ back
        dSigma = self.P @ (0.5 * (transposed(a) @ a - of_I)) @ back
        return dK, dB, dSigma, (a.sum(1)[:, None] @ back)[:, 0]


class BatchedEigen(Batched):
    """One eigendecomposition K = Q diag(s) Q^T each, after which every S_j is diagonal."""

    @staticmethod
    def cost(N: int, n: int, T: int, m: int, slopes: bool) -> float:
        each = 4.5 * n**3 + 1000 * n**2 + 5e4 * n + 5e5 + (m > 0) * (0.7 * n**3 + 200 * n**2)
        return N * each * (1 if slopes else 0.85) + cost_with_holes(N, n, T, m)

    def factor(self) -> np.ndarray:
        try:
            self.s, self.Q = np.linalg.eigh(self.K)
        except np.linalg.LinAlgError as error:
            raise NotPositiveDefiniteError(f"K: {error}; pass a covariance function") from None
        spectrum = self.s[:, :, None] * self.lam[:, None] + 1  # [N, n, T]
        if not (spectrum > 0).all():
            raise NotPositiveDefiniteError("lambda K + I: K has an eigenvalue far below 0; pass a covariance function")
        self.d = 1 / spectrum
        return np.log(spectrum).sum((1, 2))

    def solve(self, z: np.ndarray) -> np.ndarray:
        return self.Q @ (self.d * (transposed(self.Q) @ z))

    def roots(self) -> np.ndarray:
        return np.sqrt(transposed(self.d))[:, :, None] * self.Q[:, None, self.holes[0]]

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights = transposed(self.d @ self.lam[:, :, None])  # [N, 1, n]
        of_I, traces = (each * self.identity for each in (self.d.sum(1)[:, None], self.s[:, None] @ self.d))
        if not len(self.holes[0]):
            return (self.Q * weights) @ transposed(self.Q), of_I, traces
        rotated = self.loads * self.roots() * np.sqrt(transposed(self.d))[:, :, None]
        H = np.array([[dtrtrs(F, one, lower=1)[0] for one in each] for F, each in zip(self.F, rotated)])
        own = (np.sqrt(self.lam)[:, :, None, None] * H).reshape(len(H), -1, H.shape[-1])
        middle = weights * np.eye(H.shape[-1]) - transposed(own) @ own
        return self.Q @ middle @ transposed(self.Q), of_I - pairs(H, H), traces - pairs(H * self.s[:, None, None], H)


class BatchedCholesky(Batched):
    """T Cholesky factorisations each: the better way for few tasks and many rows. Lower triangles only."""

    @staticmethod
    def cost(N: int, n: int, T: int, m: int, slopes: bool) -> float:
        each = 0.8 * n**3 + 400 * n**2 + 8e5 if slopes else 0.3 * n**3 + 130 * n**2 + 5.5e5
        return N * T * (each + (m > 0) * 3e5) + cost_with_holes(N, n, T, m)

    def factor(self) -> np.ndarray:
        self.factors = [[self._factored(lam, K) for lam in own] for own, K in zip(self.lam, self.K)]
        return np.array([2 * sum(np.log(L.diagonal()).sum() for L in own) for own in self.factors])

    def _factored(self, lam: float, K: np.ndarray) -> np.ndarray:
        S = lam * K
        S.flat[:: len(S) + 1] += 1
        return factored(S.T, "lambda K + I")  # the transpose has LAPACK's order of columns

    def solve(self, z: np.ndarray) -> np.ndarray:
        found = np.empty_like(z)
        for i, own in enumerate(self.factors):
            for j, L in enumerate(own):
                found[i, :, j] = dpotrs(L, z[i, :, j], lower=1)[0]
        return found

    def roots(self) -> np.ndarray:
        """L_j^-1 times unit columns, which is 0 above the first hole."""
        rows, first = self.holes[0], self.holes[0].min()
        found = np.zeros((*self.lam.shape, len(rows), self.K.shape[-1]))
        units = np.zeros((len(rows), self.K.shape[-1] - first))
        units[np.arange(len(rows)), rows - first] = 1
        for i, own in enumerate(self.factors):
            for j, L in enumerate(own):
                found[i, j, :, first:] = dtrtrs(L[first:, first:], units.T, lower=1)[0].T
        return found

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The first as twice a triangle, which has the same product with a symmetric matrix without a diagonal."""
        totals, of_I, of_K = np.zeros_like(self.K), np.zeros_like(self.P), np.zeros_like(self.P)
        for i, K in enumerate(self.K):
            columns = []
            for j, lam in enumerate(self.lam[i]):
                inverse = dpotri(self.factors[i][j], lower=1, overwrite_c=1)[0].T
                diagonal = inverse.diagonal()
                of_I[i, j, j] = diagonal.sum()
                of_K[i, j, j] = 2 * (inverse.ravel() @ K.ravel()) - diagonal @ K.diagonal()
                columns.append(self._of_holes(inverse))
                inverse *= 2 * lam
                totals[i] += inverse
            if len(self.holes[0]):
                H = np.array([dtrtrs(self.F[i], one, lower=1)[0] for one in self.loads[i] * np.array(columns)])
                own = (np.sqrt(self.lam[i])[:, None, None] * H).reshape(-1, len(K))
                dsyrk(-2.0, own.T, beta=1.0, c=totals[i].T, lower=1, overwrite_c=1)
                of_I[i] -= pairs(H[None], H[None])[0]
                of_K[i] -= pairs((H @ K)[None], H[None])[0]
        return totals, of_I, of_K

    def _of_holes(self, upper: np.ndarray) -> np.ndarray:
        """Rows [m, n] of a symmetric matrix of which one triangle is there."""
        rows = self.holes[0]
        return np.where(np.arange(len(upper)) < rows[:, None], upper[:, rows].T, upper[rows])


def log_likelihoods(y: np.ndarray, holes: Holes, means: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Tensor:
    """log N(y | means, K kron B + I kron Sigma) [N] of the cells seen, differentiable once in all that is a Tensor.

    By the cheaper of the two ways. y: [n, T], or [N, n, T]; means [N, T]; the others as in `Batched`.
    """
    return _LogLikelihoods.apply(y, holes, means, K, B, Sigma)


class _LogLikelihoods(Function):
    @staticmethod
    def forward(ctx: Any, y: np.ndarray, holes: Holes, *tensors: Tensor) -> Tensor:
        means, K, B, Sigma = (as_array(each) for each in tensors)
        residual = y - means[:, None]
        sizes = (*residual.shape, len(holes[0]), any(ctx.needs_input_grad))
        way = min((BatchedEigen, BatchedCholesky), key=lambda way: way.cost(*sizes))
        ctx.found = way(residual, K, B, Sigma, holes)
        return torch.from_numpy(ctx.found.value)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, G: Tensor) -> tuple[Any, ...]:
        dK, dB, dSigma, dmeans = (torch.from_numpy(each) for each in ctx.found.gradients())
        each = G[:, None, None]
        return None, None, G[:, None] * dmeans, each * dK, each * dB, each * dSigma


def goes_batched(problem: Problem, solver: type[Solver]) -> bool:
    """Whether that is possible and cheaper than the solver of choice.

    It takes one kernel or tasks that share nothing, no known variances, and matrices in the CPU's memory.
    """
    if problem.solver or solver.by_length or problem.variances is not None or problem.x.device.type != "cpu":
        return False
    shape = problem.shape()
    if len(problem.terms) > 1:
        return problem.separate
    return cost(shape.rows, shape.tasks, shape.rows * shape.tasks - shape.cells) < solver.cost(shape)


def cost(rows: int, tasks: int, holes: int) -> float:
    """Value and gradient of one problem, as `Solver.cost` counts."""
    return min(way.cost(1, rows, tasks, holes, True) for way in (BatchedEigen, BatchedCholesky))


def cost_with_holes(N: int, n: int, T: int, m: int) -> float:
    """What a call costs, and holes in both ways."""
    return 5e6 + (m > 0) * 3e6 + N * m * n * T * (3.4 * m + 750)


def factored(matrix: np.ndarray, name: str) -> np.ndarray:
    """Its lower Cholesky factor, in its own place where it has LAPACK's order; see `cholesky` for what raises."""
    scale = matrix.diagonal().copy()
    L, fails = dpotrf(matrix, lower=1, clean=1, overwrite_a=1)
    if fails or not (L.diagonal() ** 2 > len(L) * EPSILON * scale).all():
        raise NotPositiveDefiniteError(f"{name}: is not positive definite to working precision")
    return L


def pairs(H: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Products [N, T, T] of the matrices [N, T, m, n] of one problem with those of each."""
    flat = (len(H), H.shape[1], -1)
    return H.reshape(flat) @ transposed(other.reshape(flat))


def inner(stack: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sum of the products of entries [N] of matrices [N, n, m] and [N, n, m], or [n, m]."""
    return np.einsum("aij,aij->a" if other.ndim == 3 else "aij,ij->a", stack, other)


def transposed(stack: np.ndarray) -> np.ndarray:
    """Each matrix of a stack [..., N, M] transposed."""
    return stack.swapaxes(-1, -2)
