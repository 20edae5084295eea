"""The split form as two functions of matrices, for a complete table with one kernel (book: icm-split)."""

from __future__ import annotations

import torch
from torch import Tensor

from mtgp_tutorial.arguments import tensors
from mtgp_tutorial.exact.form import Problem, Term
from mtgp_tutorial.exact.gaussian import check
from mtgp_tutorial.exact.split import Split


def _problem(residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Problem:
    tensors(residual=residual, K=K, B=B)
    N, T = len(K), len(B)
    check(residual=(residual, (N, T)), K=(K, (N, N)), B=(B, (T, T)), Sigma=(Sigma, (T, T)))
    return Problem(torch.zeros_like(residual), residual, [Term(lambda x, z=None: K, B)], Sigma)


def kronecker_log_likelihood(residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor) -> Tensor:
    """log N(vec residual | 0, K kron B + I kron Sigma) in nats, for a complete table.

    residual: [N, T], K: [N, N], B and Sigma: [T, T]. Differentiable once in all four.
    T Cholesky factorisations of size N instead of one of size N T. Raises as `log_likelihood` does.

    >>> import torch
    >>> from mtgp_tutorial import exact
    >>> K = torch.tensor([[1.0, 0.5], [0.5, 1.0]]).double()
    >>> B, Sigma, r = 2 * K, torch.eye(2).double(), torch.ones(2, 2).double()
    >>> whole = torch.kron(K, B) + torch.kron(torch.eye(2), Sigma)
    >>> split = exact.kronecker_log_likelihood(r, K, B, Sigma)
    >>> torch.allclose(split, exact.log_likelihood(r.flatten(), whole))
    True
    """
    return Split.log_likelihood(_problem(residual, K, B, Sigma))


def kronecker_posterior(
    residual: Tensor, K: Tensor, B: Tensor, Sigma: Tensor, cross: Tensor, prior: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean [M, T] and covariance of the latent f at M new inputs, for a complete table.

    cross: [M, N] kernel of new and old inputs; prior: [M, M] kernel of the new inputs, and then the
    covariance is [M*T, M*T], point-major; or its diagonal [M], and then variances [M, T] come back.
    Raises as `log_likelihood` does.

    >>> import torch
    >>> from mtgp_tutorial import exact
    >>> K = torch.tensor([[1.0, 0.5], [0.5, 1.0]]).double()
    >>> B, Sigma, r = 2 * K, torch.eye(2).double(), torch.ones(2, 2).double()
    >>> mean, covariance = exact.kronecker_posterior(r, K, B, Sigma, K, K)  # at the same inputs
    >>> tuple(mean.shape), tuple(covariance.shape)
    ((2, 2), (4, 4))
    """
    tensors(cross=cross, prior=prior, K=K, B=B)
    M, T = len(cross), len(B)
    check(cross=(cross, (M, len(K))), prior=(prior, (M,) if prior.dim() == 1 else (M, M)))
    factored = Split(_problem(residual, K, B, Sigma))
    new = Term(lambda x, z: cross, B)
    mean, explained = factored.posterior(torch.zeros(M, 1).to(K), [new], None, None, joint=prior.dim() == 2)
    if prior.dim() == 2:
        return mean.reshape(M, T), torch.kron(prior, B) - explained
    return mean.reshape(M, T), (torch.outer(prior, B.diagonal()).flatten() - explained).reshape(M, T)
