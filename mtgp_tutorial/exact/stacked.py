"""The split form of several problems on one complete table at once, in numpy and LAPACK alone (book: icm-split).

`fit` looks at dozens of vectors of parameters and climbs from several, and all share one table. At ten rows a call
costs more than the arithmetic in it, so a stack of problems costs little more than one. At hundreds of rows it is
what stands beside LAPACK's work that costs: so no triangle is mirrored, and no inverse is built for a value alone.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from mtgp_tutorial.exact.gaussian import LOG_2PI, NotPositiveDefiniteError
from mtgp_tutorial.exact.split import EPSILON, whiten


class Stacked:
    """N problems with residuals [N, n, T], K [N, n, n], B and Sigma [N, T, T]; `value` [N] in nats.

    Raises NotPositiveDefiniteError where one of them has no value.
    """

    a: np.ndarray  # [N, n, T]: column j is S_j^-1 z_j

    def __init__(self, residual: np.ndarray, K: np.ndarray, B: np.ndarray, Sigma: np.ndarray):
        self.K, self.identity = K, np.eye(B.shape[-1])
        lam, P, log_dets = zip(*(whiten(one, other) for one, other in zip(B, Sigma)))
        self.lam, self.P = np.array(lam), np.array(P)
        self.z = residual @ self.P
        self.log_det_Sigma = np.array(log_dets)
        log_det = self.factor() + residual.shape[1] * self.log_det_Sigma
        self.value = -0.5 * (inner(self.z, self.a) + log_det + self.z[0].size * LOG_2PI)

    def factor(self) -> np.ndarray:
        """Sets a, with S_j = lam_j K + I; returns sum_j log |S_j| [N]."""
        raise NotImplementedError

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """sum_j lam_j S_j^-1 [N, n, n], tr(S_j^-1) and tr(S_j^-1 K), [N, T]."""
        raise NotImplementedError

    def inverted(self) -> tuple[np.ndarray, np.ndarray]:
        """Log determinants [2, N] and inverses [2, N, T, T] of B and Sigma, by the way."""
        log_det_B = np.log(self.lam).sum(1) + self.log_det_Sigma
        inverse_of_B = (self.P / self.lam[:, None]) @ transposed(self.P)
        return np.array([log_det_B, self.log_det_Sigma]), np.array([inverse_of_B, self.P @ transposed(self.P)])

    def gradients(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Against K [N, n, n], B and Sigma [N, T, T], and means of the tasks [N, T].

        K has a fixed diagonal: the first has the right product with every symmetric matrix that has zeros there, and
        need not be symmetric itself.
        """
        of_K, of_I, traces = self.sums()
        a, back = self.a, transposed(self.P)
        dK = 0.5 * ((a * self.lam[:, None]) @ transposed(a) - of_K)
        dB = self.P @ (0.5 * (transposed(a) @ self.K @ a - traces[:, None] * self.identity)) @ back
        dSigma = self.P @ (0.5 * (transposed(a) @ a - of_I[:, None] * self.identity)) @ back
        return dK, dB, dSigma, (a.sum(1)[:, None] @ back)[:, 0]


class BySpectra(Stacked):
    """One eigendecomposition K = Q diag(s) Q^T each, after which every S_j is diagonal."""

    def factor(self) -> np.ndarray:
        try:
            self.s, self.Q = np.linalg.eigh(self.K)
        except np.linalg.LinAlgError as error:
            raise NotPositiveDefiniteError(f"K: {error}; pass a covariance function") from None
        spectrum = self.s[:, :, None] * self.lam[:, None] + 1  # [N, n, T]
        if not (spectrum > 0).all():
            raise NotPositiveDefiniteError("lambda K + I: K has an eigenvalue far below 0; pass a covariance function")
        self.d = 1 / spectrum
        self.a = self.Q @ (self.d * (transposed(self.Q) @ self.z))
        return np.log(spectrum).sum((1, 2))

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights = self.d @ self.lam[:, :, None]
        traces = self.s[:, None] @ self.d
        return (self.Q * transposed(weights)) @ transposed(self.Q), self.d.sum(1), traces[:, 0]


class ByFactors(Stacked):
    """T Cholesky factorisations each: the better way for few tasks and many rows. Lower triangles only."""

    def factor(self) -> np.ndarray:
        N, n, T = self.z.shape
        self.a, self.factors, log_det = np.empty_like(self.z), [], np.empty(N)
        for i in range(N):
            own = [self._factored(lam, self.K[i]) for lam in self.lam[i]]
            for j, L in enumerate(own):
                self.a[i, :, j] = dpotrs(L, self.z[i, :, j], lower=1)[0]
            log_det[i] = 2 * sum(np.log(L.diagonal()).sum() for L in own)
            self.factors.append(own)
        return log_det

    def _factored(self, lam: float, K: np.ndarray) -> np.ndarray:
        S = lam * K
        S.flat[:: len(S) + 1] += 1
        scale = S.diagonal().copy()
        L, fails = dpotrf(S.T, lower=1, clean=1, overwrite_a=1)  # the transpose has LAPACK's order of columns
        if fails or not (L.diagonal() ** 2 > len(L) * EPSILON * scale).all():
            raise NotPositiveDefiniteError("lambda K + I: is not positive definite to working precision")
        return L

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The first as twice a triangle, which has the same product with a symmetric matrix without a diagonal."""
        totals, of_I, of_K = np.zeros_like(self.K), np.empty_like(self.lam), np.empty_like(self.lam)
        for i, K in enumerate(self.K):
            for j, lam in enumerate(self.lam[i]):
                inverse = dpotri(self.factors[i][j], lower=1, overwrite_c=1)[0].T
                diagonal = inverse.diagonal()
                of_I[i, j] = diagonal.sum()
                of_K[i, j] = 2 * (inverse.ravel() @ K.ravel()) - diagonal @ K.diagonal()
                inverse *= 2 * lam
                totals[i] += inverse
        return totals, of_I, of_K


def stacked(residual: np.ndarray, K: np.ndarray, B: np.ndarray, Sigma: np.ndarray) -> Stacked:
    """The cheaper of the two ways for tables of this shape."""
    n, T = residual.shape[1:]
    by_factors = n > 64 and T * (1.4 * n**3 + 100 * n**2 + 2e4) < 9 * n**3 + 300 * n**2 + 3e4
    return (ByFactors if by_factors else BySpectra)(residual, K, B, Sigma)


def inner(stack: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Sum of the products of entries [N] of matrices [N, n, m] and [N, n, m], or [n, m]."""
    return np.einsum("aij,aij->a" if other.ndim == 3 else "aij,ij->a", stack, other)


def transposed(stack: np.ndarray) -> np.ndarray:
    """Each matrix of a stack [..., N, M] transposed."""
    return stack.swapaxes(-1, -2)
