"""Exact Gaussian inference on matrices, float64: the dense form, and the Kronecker form.

The dense form serves any table. The Kronecker form serves complete tables with one kernel,
where the covariance of the point-major vector is K kron B + I kron Sigma; whitened with Sigma
it falls apart into T independent problems of size N (book: icm-split).
Both likelihoods carry analytic gradients.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

LOG_2PI = math.log(2 * math.pi)


class NotPositiveDefiniteError(ValueError):
    """A covariance matrix that has no usable Cholesky factor."""


def _check(**expected: tuple[Tensor, tuple[int, ...]]) -> None:
    """Raise ValueError unless each tensor has its shape and holds finite numbers, and square ones are symmetric."""
    for name, (value, shape) in expected.items():
        if value.shape != torch.Size(shape):
            raise ValueError(f"{name}: has shape {tuple(value.shape)}; pass {tuple(shape)} to fit the others")
        if not bool(value.isfinite().all()):
            raise ValueError(f"{name}: holds NaN or infinite values; leave out cells that were not observed")
        symmetric = name not in ("residual", "cross") and value.dim() == 2
        if symmetric and bool((value - value.mT).abs().max() > 1e-8 * value.abs().max()):
            raise ValueError(f"{name}: is not symmetric; pass a covariance matrix")


def cholesky(matrix: Tensor, name: str = "covariance") -> Tensor:
    """Lower factor of a positive definite matrix [..., n, n]; never adds jitter.

    Raises NotPositiveDefiniteError when a pivot, relative to its diagonal entry, is not above
    rounding error (n times 2.2e-16): what is left of that variable after the earlier ones.
    """
    factor, info = torch.linalg.cholesky_ex(matrix)
    size = matrix.shape[-1]
    left = factor.diagonal(dim1=-2, dim2=-1) ** 2 / matrix.diagonal(dim1=-2, dim2=-1)
    if bool((info > 0).any()) or not bool((left > size * torch.finfo(matrix.dtype).eps).all()):
        raise NotPositiveDefiniteError(
            f"{name}: the {size} x {size} matrix is not positive definite to working precision; "
            "look for duplicate inputs without noise, or add noise"
        )
    return factor


class _LogLikelihood(Function):
    """log N(r | 0, C) with d/dC = (a a^T - C^-1) / 2 and d/dr = -a, where C a = r."""

    @staticmethod
    def forward(ctx: Any, residual: Tensor, covariance: Tensor) -> Tensor:
        factor = cholesky(covariance)
        weights = torch.cholesky_solve(residual[:, None], factor)[:, 0]
        ctx.save_for_backward(weights, factor)
        log_det = 2 * factor.diagonal().log().sum()
        return -0.5 * (residual @ weights + log_det + len(residual) * LOG_2PI)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        weights, factor = ctx.saved_tensors
        inverse = torch.cholesky_inverse(factor)
        return -grad * weights, 0.5 * grad * (torch.outer(weights, weights) - inverse)


def log_likelihood(residual: Tensor, covariance: Tensor) -> Tensor:
    """log N(residual | 0, covariance) in nats; residual [n], covariance [n, n].

    Differentiable once in both. Raises NotPositiveDefiniteError, and ValueError for shapes that do not fit, NaN and
    matrices that are not symmetric. (Rasmussen and Williams 2006, eq. 2.30)
    """
    n = len(residual)
    _check(residual=(residual, (n,)), covariance=(covariance, (n, n)))
    return _LogLikelihood.apply(residual, covariance)


def posterior(residual: Tensor, covariance: Tensor, cross: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [m] and covariance of m unknowns, given n values with mean zero.

    residual: [n]; covariance: [n, n] of the values; cross: [m, n] of unknowns and values;
    prior: [m, m] of the unknowns, or its diagonal [m]: then only variances [m] come back.
    Raises as `log_likelihood` does. (Rasmussen and Williams 2006, eqs. 2.23 and 2.24)
    """
    n, m = len(residual), len(cross)
    _check(residual=(residual, (n,)), covariance=(covariance, (n, n)), cross=(cross, (m, n)))
    _check(prior=(prior, (m,) if prior.dim() == 1 else (m, m)))
    factor = cholesky(covariance)
    half = torch.linalg.solve_triangular(factor, cross.T, upper=False)
    mean = half.T @ torch.linalg.solve_triangular(factor, residual[:, None], upper=False)[:, 0]
    explained = half.T @ half if prior.dim() == 2 else (half**2).sum(0)
    return mean, prior - explained


def sample(mean: Tensor, covariance: Tensor, num_samples: int, *, seed: int) -> Tensor:
    """Draws [S, n] from N(mean, covariance); the covariance [n, n] may be singular.

    The standard normals are drawn on the CPU by a generator of their own, so that the same seed gives the
    same draw on every device. Raises NotPositiveDefiniteError for a clearly negative eigenvalue.
    """
    _check(mean=(mean, (len(mean),)), covariance=(covariance, (len(mean), len(mean))))
    values, vectors = torch.linalg.eigh(covariance)
    if values[0] < -1e-8 * values[-1].abs():
        raise NotPositiveDefiniteError(
            f"covariance: its eigenvalues run from {values[0]:.3g} to {values[-1]:.3g}; pass a matrix with none below 0"
        )
    generator = torch.Generator().manual_seed(seed)
    normals = torch.randn(num_samples, len(mean), dtype=torch.float64, generator=generator).to(mean.device)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T  # symmetric: no sign for LAPACK to choose
    return mean + normals @ root


def _split(residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> tuple[Tensor, ...]:
    """Whiten with Sigma = L L^T and diagonalise: P^T Sigma P = I, P^T B P = diag(lam).

    Returns lam [T], P [T, T], log |Sigma|, z [T, N] (rows: T independent problems) and the
    Cholesky factors [T, N, N] of their covariances lam_j K + I.
    """
    N, T = len(K), len(B)
    _check(residual=(residual, (N, T)), K=(K, (N, N)), B=(B, (T, T)), Sigma=(Sigma, (T, T)))
    factor = cholesky(Sigma, "Sigma")
    identity = torch.eye(len(Sigma), dtype=K.dtype, device=K.device)
    inverse = torch.linalg.solve_triangular(factor, identity, upper=False)
    lam, vectors = torch.linalg.eigh(inverse @ B @ inverse.T)
    if lam[0] < -1e-8 * lam[-1].abs():
        raise NotPositiveDefiniteError(
            f"B: not positive semi-definite (relative to Sigma, {lam[0]:.3g}); pass W W^T + diag(kappa)"
        )
    lam = lam.clamp_min(0)
    P = inverse.T @ vectors
    covariances = lam[:, None, None] * K + torch.eye(len(K), dtype=K.dtype, device=K.device)
    log_det = 2 * factor.diagonal().log().sum()
    return lam, P, log_det, (residual @ P).T, cholesky(covariances, "lambda K + I")


class _KroneckerLogLikelihood(Function):
    """Gradients in closed form: autograd through eigh fails when eigenvalues are equal."""

    @staticmethod
    def forward(ctx: Any, residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Tensor:
        lam, P, log_det_sigma, z, factors = _split(residual, K, B, Sigma)
        a = torch.cholesky_solve(z[:, :, None], factors)[:, :, 0]
        ctx.save_for_backward(K, B, lam, P, a, factors)
        log_det = 2 * factors.diagonal(dim1=-2, dim2=-1).log().sum() + len(K) * log_det_sigma
        return -0.5 * ((z * a).sum() + log_det + residual.numel() * LOG_2PI)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        K, B, lam, P, a, factors = ctx.saved_tensors
        weights = (P @ a).T  # [N, T]: the inverse covariance applied to the residual
        inverses = torch.cholesky_inverse(factors)
        trace_I = inverses.diagonal(dim1=-2, dim2=-1).sum(-1)
        trace_K = (inverses * K).sum((-2, -1))
        grad_K = weights @ B @ weights.T - (lam[:, None, None] * inverses).sum(0)
        grad_B = weights.T @ K @ weights - P * trace_K @ P.T
        grad_Sigma = weights.T @ weights - P * trace_I @ P.T
        return -grad * weights, 0.5 * grad * grad_K, 0.5 * grad * grad_B, 0.5 * grad * grad_Sigma


def kronecker_log_likelihood(residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Tensor:
    """log N(vec residual | 0, K kron B + I kron Sigma) in nats, for a complete table.

    residual: [N, T], K: [N, N], B and Sigma: [T, T]. Differentiable once in all four.
    T Cholesky factorisations of size N instead of one of size N T. Raises as `log_likelihood` does.
    """
    return _KroneckerLogLikelihood.apply(residual, K, B, Sigma)


def kronecker_posterior(
    residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor, cross: Tensor, prior: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean [M, T] and covariance of the latent f at M new inputs, for a complete table.

    cross: [M, N] kernel of new and old inputs; prior: [M, M] kernel of the new inputs, and then the
    covariance is [M*T, M*T], point-major; or its diagonal [M], and then variances [M, T] come back.
    Raises as `log_likelihood` does.
    """
    M = len(cross)
    _check(cross=(cross, (M, len(K))), prior=(prior, (M,) if prior.dim() == 1 else (M, M)))
    lam, P, _, z, factors = _split(residual, K, B, Sigma)
    back = Sigma @ P  # f = g back^T, with g the T independent posteriors
    a = torch.cholesky_solve(z[:, :, None], factors)[:, :, 0]
    mean = cross @ (lam[:, None] * a).T @ back.T
    half = torch.linalg.solve_triangular(factors, cross.T.expand(len(lam), -1, -1), upper=False)
    if prior.dim() == 1:
        variances = lam[:, None] * prior - lam[:, None] ** 2 * (half**2).sum(1)
        return mean, variances.T @ (back.T**2)
    covariances = lam[:, None, None] * prior - lam[:, None, None] ** 2 * (half.mT @ half)
    size = mean.numel()
    return mean, torch.einsum("jmn,sj,tj->msnt", covariances, back, back).reshape(size, size)
