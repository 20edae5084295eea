"""The one equation, the row order, autokrigeability and other algebra on matrices."""

import math

import numpy as np
import torch
from scipy.stats import multivariate_normal

from laws.common import (
    RANDOM,
    close,
    random_psd,
    rbf,
    tensor,
)
from mtgp_tutorial import gaussian, kronecker
from mtgp_tutorial.covariance import (
    all_cells,
    coregionalization,
    correlation,
    observation_covariance,
    signal_covariance,
)


def law_one_equation():
    rng = RANDOM(1)
    x = rng.uniform(0, 2, (6, 2))
    kernels = [lambda a, b: math.exp(-0.5 * sum((a - b) ** 2) / 0.3), lambda a, b: math.exp(-abs(a - b).sum())]
    Bs, Sigma = [random_psd(rng, 3), random_psd(rng, 3, 1)], random_psd(rng, 3)
    terms = [(tensor([[k(a, b) for b in x] for a in x]), B) for k, B in zip(kernels, Bs, strict=True)]
    mask = torch.ones(6, 3, dtype=torch.bool)
    mask[2, 1] = mask[4, 0] = False
    cells = [(i, t) for i in range(6) for t in range(3) if mask[i, t]]
    loop = [
        [
            sum(k(x[i], x[j]) * float(B[s, t]) for k, B in zip(kernels, Bs, strict=True))
            + (i == j) * float(Sigma[s, t])
            for j, t in cells
        ]
        for i, s in cells
    ]
    close(observation_covariance(terms, Sigma, all_cells(mask)), loop)


def law_row_order_is_point_major():
    rng = RANDOM(2)
    K, B, Sigma = random_psd(rng, 4), random_psd(rng, 3), random_psd(rng, 3)
    cells = all_cells(torch.ones(4, 3, dtype=torch.bool))
    close(observation_covariance([(K, B)], Sigma, cells), torch.kron(K, B) + torch.kron(torch.eye(4).double(), Sigma))


def law_kronecker_equals_dense():
    for seed, (rows, tasks, rank) in enumerate([(1, 1, 1), (6, 2, 1), (5, 3, 2), (4, 8, 3), (7, 4, 4)]):
        rng = RANDOM(10 + seed)
        K, B = tensor(rbf(*[rng.uniform(0, 2, (rows, 1))] * 2, 0.7)), random_psd(rng, tasks, rank)
        Sigma, residual = random_psd(rng, tasks, extra=0.1), tensor(rng.normal(size=(rows, tasks)))
        _same_value_and_gradient(residual, K, B, Sigma)
        _same_value_and_gradient(
            residual, K, torch.eye(tasks).double(), Sigma.diagonal().mean() * torch.eye(tasks).double()
        )
        _same_posterior(rng, residual, K, B, Sigma)


def _same_value_and_gradient(residual, K, B, Sigma):
    """Values by scipy, gradients against autograd through a plain dense Cholesky."""
    inputs = [v.clone().requires_grad_() for v in (residual, K, B, Sigma)]
    value = kronecker.log_likelihood(*inputs)
    gradients = torch.autograd.grad(value, inputs)
    r, K, B, Sigma = [v.clone().requires_grad_() for v in (residual, K, B, Sigma)]
    C = torch.kron(K, B) + torch.kron(torch.eye(len(K)).double(), Sigma)
    close(value, multivariate_normal(np.zeros(len(C)), C.detach().numpy()).logpdf(r.detach().numpy().ravel()), 1e-8)
    plain = torch.distributions.MultivariateNormal(torch.zeros(len(C)).double(), C, validate_args=False).log_prob(
        r.flatten()
    )
    for ours, dense in zip(gradients, torch.autograd.grad(plain, [r, K, B, Sigma]), strict=True):
        # a gradient with respect to a symmetric matrix is defined up to its antisymmetric part
        close(_symmetric(ours), _symmetric(dense), 1e-8)
    close(gaussian.log_likelihood(r.flatten(), C), plain, 1e-8)
    for ours, dense in zip(
        torch.autograd.grad(gaussian.log_likelihood(r.flatten(), C), [r, C]),
        torch.autograd.grad(plain_again(r, C), [r, C]),
        strict=True,
    ):
        close(_symmetric(ours), _symmetric(dense), 1e-8)


def plain_again(r, C):
    return -0.5 * (r.flatten() @ torch.linalg.solve(C, r.flatten()) + torch.logdet(C) + len(C) * math.log(2 * math.pi))


def _symmetric(matrix):
    return (matrix + matrix.T) / 2 if matrix.dim() == 2 and matrix.shape[0] == matrix.shape[1] else matrix


def _same_posterior(rng, residual, K, B, Sigma):
    rows, tasks = residual.shape
    cross, prior = tensor(rng.normal(size=(3, rows))), random_psd(rng, 3, extra=5.0)
    C = torch.kron(K, B) + torch.kron(torch.eye(rows).double(), Sigma)
    mean, covariance = gaussian.posterior(residual.flatten(), C, torch.kron(cross, B), torch.kron(prior, B))
    ours, joint = kronecker.posterior(residual, K, B, Sigma, cross, prior)
    close(ours.flatten(), mean, 1e-8)
    close(joint, covariance, 1e-8)
    close(
        kronecker.posterior(residual, K, B, Sigma, cross, prior.diagonal())[1].flatten(),
        covariance.diagonal(),
        1e-8,
    )


def law_autokrigeability():
    rng = RANDOM(8)
    x, new = rng.uniform(0, 3, (6, 1)), rng.uniform(0, 3, (4, 1))
    K, cross, B = tensor(rbf(x, x, 0.5)), tensor(rbf(new, x, 0.5)), random_psd(rng, 3, extra=0.2)
    y, full = tensor(rng.normal(size=(6, 3))), torch.ones(6, 3, dtype=torch.bool)
    only_first = tensor([[0.4, 0, 0], [0, 0.3, 0.1], [0, 0.1, 0.5]])
    only_first[0, :] = only_first[:, 0] = 0.3 * B[0]  # row 0 proportional to B's, the others not
    only_first += torch.diag(tensor([0, 1.0, 1.0]))
    for Sigma, stays in [
        (0.3 * B, [0, 1, 2]),
        (1e-13 * B, [0, 1, 2]),
        (only_first, [0]),
        (0.2 * torch.eye(3).double(), []),
    ]:
        for t in range(3):
            difference = (_mean_of(t, y, full, K, cross, B, Sigma) - _mean_alone(t, y, K, cross, B, Sigma)).abs().max()
            assert (difference < 1e-7) == (t in stays), (t, stays, float(difference))
    hole = full.clone()
    hole[2, 1] = False  # a hole in task 1: its own mean changes, that of task 0 does not
    before, after = (_mean_of(0, y, mask, K, cross, B, 0.3 * B) for mask in (full, hole))
    close(after, before, 1e-8)
    alone = _mean_alone(1, y, K, cross, B, 0.3 * B, rows=hole[:, 1])
    assert (_mean_of(1, y, hole, K, cross, B, 0.3 * B) - alone).abs().max() > 1e-3


def _mean_of(t, y, mask, K, cross, B, Sigma):
    seen = all_cells(mask)
    new = torch.arange(len(cross)), torch.full((len(cross),), t)
    covariance = observation_covariance([(K, B)], Sigma, seen)
    return gaussian.posterior(
        y[seen], covariance, signal_covariance([(cross, B)], new, seen), torch.zeros(len(cross)).double()
    )[0]


def _mean_alone(t, y, K, cross, B, Sigma, rows=slice(None)):
    C = B[t, t] * K[rows][:, rows] + Sigma[t, t] * torch.eye(len(K)).double()[rows][:, rows]
    return B[t, t] * cross[:, rows] @ torch.linalg.solve(C, y[rows, t])


def law_chain_rule_and_leave_one_out():
    rng = RANDOM(11)
    C, y = random_psd(rng, 6, extra=0.5), tensor(rng.normal(size=6))
    mean, covariance = gaussian.posterior(y[:4], C[:4, :4], C[4:, :4], C[4:, 4:])
    rest = gaussian.log_likelihood(y[4:] - mean, covariance)
    close(gaussian.log_likelihood(y, C), gaussian.log_likelihood(y[:4], C[:4, :4]) + rest)
    inverse = torch.linalg.inv(C)
    for i in range(6):
        others = [j for j in range(6) if j != i]
        mean, variance = gaussian.posterior(y[others], C[others][:, others], C[[i]][:, others], C[i, i].reshape(1))
        close(mean, (y[i] - (inverse @ y)[i] / inverse[i, i]).reshape(1))
        close(variance, (1 / inverse[i, i]).reshape(1))


def law_symmetries():
    rng = RANDOM(12)
    K, y = random_psd(rng, 5, extra=0.1), tensor(rng.normal(size=(5, 3)))
    W, kappa, Sigma = tensor(rng.normal(size=(3, 2))), tensor(rng.uniform(0.1, 1, 3)), random_psd(rng, 3, extra=0.1)
    B, order, scale = coregionalization(W, kappa), [2, 0, 1], tensor([1e-3, 1.0, 50.0])
    value = kronecker.log_likelihood(y, K, B, Sigma)
    close(B, [[W[s] @ W[t] + (s == t) * kappa[s] for t in range(3)] for s in range(3)])
    rotation = tensor(np.linalg.qr(rng.normal(size=(2, 2)))[0])
    close(coregionalization(W @ rotation, kappa), B)
    close(kronecker.log_likelihood(y[:, order], K, B[order][:, order], Sigma[order][:, order]), value)
    close(kronecker.log_likelihood(y, K / 7, 7 * B, Sigma), value)
    outer = torch.outer(scale, scale)
    close(kronecker.log_likelihood(y * scale, K, B * outer, Sigma * outer), value - 5 * scale.log().sum())
    close(correlation(B * outer), correlation(B))
    close(correlation(B).diagonal(), np.ones(3))
