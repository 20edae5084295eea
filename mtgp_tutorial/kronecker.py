"""A complete table with one kernel is T problems of size N (book: icm-split).

Whitened with Sigma, K kron B + I kron Sigma falls apart: with P^T Sigma P = I and P^T B P = diag(lam) the columns of
z = r P are independent, with covariances S_j = lam_j K + I.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.arguments import tensors
from mtgp_tutorial.gaussian import LOG_2PI, NotPositiveDefiniteError, check_matrices, lower_factor

__all__ = ["log_likelihood", "posterior"]


def whitened_by_noise(B: Tensor, Sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """lam [T], P [T, T] and log |Sigma|, with P^T Sigma P = I and P^T B P = diag(lam)."""
    try:
        L = lower_factor(Sigma)
    except NotPositiveDefiniteError:
        sentence = "Sigma: is not positive definite to working precision; add noise to every task"
        raise NotPositiveDefiniteError(sentence) from None
    half = torch.linalg.solve_triangular(L, B, upper=False)
    lam, Q = torch.linalg.eigh(torch.linalg.solve_triangular(L, half.mT, upper=False))
    if not bool(lam[0] >= -1e-8 * lam[-1].abs()):
        raise NotPositiveDefiniteError(
            f"B: not positive semi-definite (relative to Sigma, {lam[0]:.3g}); pass W W^T + diag(kappa)"
        )
    return lam.clamp_min(0), torch.linalg.solve_triangular(L.mT, Q, upper=True), 2 * L.diagonal().log().sum()


def log_likelihood(residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Tensor:
    """log N(vec residual | 0, K kron B + I kron Sigma) in nats, for a complete table.

    Differentiable once in all four. T Cholesky factorisations of size N instead of one of size N T.

    Args:
        residual (Tensor [N, T]): values less their means.
        K (Tensor [N, N]): kernel of the inputs.
        B (Tensor [T, T]): covariance of the tasks.
        Sigma (Tensor [T, T]): covariance of the noise.
    Raises:
        NotPositiveDefiniteError: as `log_likelihood` does.
        ValueError: as that does, too.

    >>> import torch
    >>> from mtgp_tutorial import gaussian, kronecker
    >>> K = torch.tensor([[1.0, 0.5], [0.5, 1.0]]).double()
    >>> B, Sigma = 2 * K, torch.eye(2).double()
    >>> r = torch.ones(2, 2).double()
    >>> whole = torch.kron(K, B) + torch.kron(torch.eye(2), Sigma)
    >>> split = kronecker.log_likelihood(r, K, B, Sigma)
    >>> torch.allclose(split, gaussian.log_likelihood(r.flatten(), whole))
    True
    """
    _check(residual, K, B, Sigma)
    return _LogLikelihood.apply(residual, K, B, Sigma)


class _LogLikelihood(Function):
    """With the gradient by hand: through eigh autograd has none where two lam are equal.

    With C^-1 r as a table A [N, T]: (A B A^T - sum_j lam_j S_j^-1) / 2 against K, and so on.
    """

    @staticmethod
    def forward(ctx: Any, residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Tensor:
        lam, P, factors, log_det = _split(K, B, Sigma)
        A = torch.cholesky_solve((residual @ P).mT[:, :, None], factors)[:, :, 0].mT @ P.mT
        ctx.save_for_backward(A, K, B, lam, P, factors)
        return -0.5 * ((residual * A).sum() + log_det + residual.numel() * LOG_2PI)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        A, K, B, lam, P, factors = ctx.saved_tensors
        inverses = torch.cholesky_inverse(factors)  # of each S_j
        of_I, of_K = inverses.diagonal(dim1=1, dim2=2).sum(1), (inverses * K).sum((1, 2))
        dK = 0.5 * (A @ B @ A.mT - (lam[:, None, None] * inverses).sum(0))
        dB, dSigma = 0.5 * (A.mT @ K @ A - P * of_K @ P.mT), 0.5 * (A.mT @ A - P * of_I @ P.mT)
        return -grad * A, grad * dK, grad * dB, grad * dSigma


def posterior(
    residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor, cross: Tensor, prior: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean [M, T] and covariance of the latent f at M new inputs, for a complete table.

    Args:
        residual (Tensor [N, T]): values less their means.
        K (Tensor [N, N]): kernel of the inputs.
        B (Tensor [T, T]): covariance of the tasks.
        Sigma (Tensor [T, T]): covariance of the noise.
        cross (Tensor [M, N]): kernel of new and old inputs.
        prior (Tensor [M, M] or [M]): kernel of the new inputs, and then the covariance is [M*T, M*T], point-major; or
            its diagonal, and then variances [M, T] come back.
    Raises:
        NotPositiveDefiniteError: as `log_likelihood` does.
        ValueError: as that does, too.

    >>> import torch
    >>> from mtgp_tutorial import kronecker
    >>> K = torch.tensor([[1.0, 0.5], [0.5, 1.0]]).double()
    >>> B, Sigma = 2 * K, torch.eye(2).double()
    >>> r = torch.ones(2, 2).double()
    >>> mean, covariance = kronecker.posterior(r, K, B, Sigma, K, K)
    >>> tuple(mean.shape), tuple(covariance.shape)
    ((2, 2), (4, 4))
    """
    tensors(cross=cross, prior=prior, K=K, B=B)
    M, T = len(cross), len(B)
    check_matrices(cross=(cross, (M, len(K))), prior=(prior, (M,) if prior.dim() == 1 else (M, M)))
    _check(residual, K, B, Sigma)
    _, P, factors, _ = _split(K, B, Sigma)
    z, load = residual @ P, B @ P
    half = torch.linalg.solve_triangular(factors, cross.mT.expand(T, -1, -1), upper=False)  # [T, N, M]
    of_z = torch.linalg.solve_triangular(factors, z.mT[:, :, None], upper=False)
    mean = (half.mT @ of_z)[:, :, 0].mT @ load.mT
    if prior.dim() == 2:
        reduction = torch.einsum("jmn,sj,tj->msnt", half.mT @ half, load, load).reshape(M * T, M * T)
        return mean, torch.kron(prior, B) - reduction
    return mean, torch.outer(prior, B.diagonal()) - torch.einsum("jm,sj->ms", (half**2).sum(1), load**2)


def _split(K: Tensor, B: Tensor, Sigma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """lam [T], P [T, T], the factors of all S_j [T, N, N], and the log determinant of the whole covariance."""
    lam, P, log_det_Sigma = whitened_by_noise(B, Sigma)
    factors = lower_factor(lam[:, None, None] * K + torch.eye(len(K)).to(K), "lambda K + I")
    return lam, P, factors, 2 * factors.diagonal(dim1=1, dim2=2).log().sum() + len(K) * log_det_Sigma


def _check(residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> None:
    tensors(residual=residual, K=K, B=B)
    N, T = len(K), len(B)
    check_matrices(residual=(residual, (N, T)), K=(K, (N, N)), B=(B, (T, T)), Sigma=(Sigma, (T, T)))
