"""The laws that the module must obey: plain functions that assert, used by pytest and by the planted bugs.

Each is exact algebra held to rounding error, or a fact that a textbook states; none is "small after training".
"""

import math
import tempfile
from pathlib import Path

import gpytorch
import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm, sem

from mtgp_tutorial import (
    TaskData,
    compare,
    detrend,
    exact,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    lmc,
    paired,
    parts,
    predict,
    scores,
    simulate,
    summarise,
)
from mtgp_tutorial.exact.covariance import (
    all_cells,
    coregionalization,
    correlation,
    observation_covariance,
    signal_covariance,
)
from mtgp_tutorial.fits.fitting import objective
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.fits.starting import starting_point
from mtgp_tutorial.models.priors import log_prior

RANDOM = np.random.default_rng


def tensor(values):
    return torch.as_tensor(np.asarray(values), dtype=torch.float64)


def close(a, b, tolerance=1e-9):
    """Equal to the tolerance times the largest entry, or times 1 if that is larger."""
    a, b = (np.asarray(v.detach() if torch.is_tensor(v) else v, dtype=float) for v in (a, b))
    assert a.shape == b.shape, (a.shape, b.shape)
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, np.abs(b).max()))


def random_psd(rng, size, rank=None, extra=0.0):
    root = rng.normal(size=(size, rank or size))
    return tensor(root @ root.T + extra * np.eye(size))


def rbf(x, z, length):
    return np.exp(-0.5 * ((x[:, None] - z[None]) ** 2).sum(-1) / length**2)


def table(rng, rows=7, tasks=3, holes=True):
    """A random table; with holes some cells and one whole row are missing, and no task is empty."""
    y = rng.normal(size=(rows, tasks)) * 10.0 ** np.arange(tasks) + 5
    if holes:
        y[1, 0] = y[2, tasks - 1] = np.nan
        y[4] = np.nan
    return TaskData(np.sort(rng.uniform(0, 3, rows)), y)


def unfitted(model, seed=0, move=0.3):
    """A model at random parameters, wrapped as if it had been fitted."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(move * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return Fit(model.requires_grad_(False), False, math.nan, None)


def dense_numpy(fitted):
    """Standardised covariance of the observed cells, and their residual, by loops over the one equation."""
    model = fitted.model
    x, y = model.unit.x.numpy(), model.unit.y.numpy()
    terms, Sigma = model.terms(model.unit.x), model.Sigma().numpy()
    cells = [(i, t) for i in range(len(x)) for t in range(y.shape[1]) if not np.isnan(y[i, t])]
    C = np.zeros((len(cells), len(cells)))
    for a, (i, s) in enumerate(cells):
        for b, (j, t) in enumerate(cells):
            C[a, b] = sum(float(K[i, j]) * float(B[s, t]) for K, B in terms) + (Sigma[s, t] if i == j else 0)
    mean = np.array([float(base.constant) for base in model.mean.base_means])
    return C, np.array([y[i, t] - mean[t] for i, t in cells]), cells


def models_of(data):
    """One model of every kind on a table, at random parameters."""
    for noise in ("shared", "per task", "full"):
        yield unfitted(independent(data, noise=noise, kernel=MaternKernel(nu=2.5)), 1)
        yield unfitted(independent(data, hyper="shared", noise=noise), 2)
        yield unfitted(icm(data, rank=min(2, data.num_tasks), noise=noise), 3)
        yield unfitted(lmc(data, kernels=[RBFKernel(), MaternKernel(nu=1.5)], rank=[1, data.num_tasks], noise=noise), 4)


# 1 and 2: the one equation; fast forms equal the dense form


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
    value = exact.kronecker_log_likelihood(*inputs)
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
    for ours, dense in zip(
        torch.autograd.grad(exact.log_likelihood(r.flatten(), C), [r, C]),
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
    mean, covariance = exact.posterior(residual.flatten(), C, torch.kron(cross, B), torch.kron(prior, B))
    ours, joint = exact.kronecker_posterior(residual, K, B, Sigma, cross, prior)
    close(ours.flatten(), mean, 1e-8)
    close(joint, covariance, 1e-8)
    close(
        exact.kronecker_posterior(residual, K, B, Sigma, cross, prior.diagonal())[1].flatten(),
        covariance.diagonal(),
        1e-8,
    )


def law_model_likelihood_equals_loops():
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(3), holes=holes)):
            C, residual, _ = dense_numpy(fitted)
            close(fitted.model.log_likelihood(), multivariate_normal(np.zeros(len(C)), C).logpdf(residual))


def law_predictive_is_the_conditional_of_the_joint():
    new = tensor([[-0.5], [1.3], [4.0]])
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(4), holes=holes)):
            mean, covariance = _conditional(fitted, new)
            f, y = (predict(fitted, new, noise=noise, covariance=True) for noise in (False, True))
            sd = np.tile(fitted.model.scale.sd.numpy(), 3)
            close(f.mean.flatten() / sd, (mean + np.tile(fitted.model.scale.mean.numpy(), 3)) / sd, 1e-8)
            close(f.covariance / np.outer(sd, sd), covariance / np.outer(sd, sd), 1e-8)
            close((y.covariance - f.covariance) / np.outer(sd, sd), np.kron(np.eye(3), fitted.model.Sigma()), 1e-8)
            for p in (f, y):
                lean = predict(fitted, new, noise=p.noise)
                close(lean.variance / p.variance, np.ones((3, p.mean.shape[1])), 1e-7)
                close(p.variance.flatten() / sd**2, p.covariance.diagonal() / sd**2, 1e-8)


def _conditional(fitted, new):
    """Latent mean and covariance at new rows, data units, by numpy."""
    model, T = fitted.model, fitted.model.unit.num_tasks
    C, residual, cells = dense_numpy(fitted)
    rows, columns = [i for i, _ in cells], [t for _, t in cells]
    cross, prior = np.zeros((3 * T, len(cells))), np.zeros((3 * T, 3 * T))
    for (K, B), (K_new, _) in zip(model.terms(new, model.unit.x), model.terms(new), strict=True):
        cross += np.kron(K, B)[:, [i * T + t for i, t in zip(rows, columns, strict=True)]]
        prior += np.kron(K_new, B)
    constant = np.tile([float(base.constant) for base in model.mean.base_means], 3)
    sd = np.tile(model.scale.sd.numpy(), 3)
    mean = constant + cross @ np.linalg.solve(C, residual)
    return mean * sd, (prior - cross @ np.linalg.solve(C, cross.T)) * np.outer(sd, sd)


# 3: GPyTorch says the same


def law_gpytorch_says_the_same():
    new = tensor([[-0.5], [1.3], [4.0]])
    for holes in (False, True):
        for fitted in models_of(table(RANDOM(5), holes=holes)):
            model, plain = fitted.model, fitted.model.exact_gp()
            policy = gpytorch.settings.observation_nan_policy("mask" if holes else "ignore")
            with torch.no_grad(), policy, gpytorch.settings.fast_computations(False, False, False):
                mll = gpytorch.mlls.ExactMarginalLogLikelihood(plain.likelihood, plain.train())
                value = (
                    mll(plain(model.unit.x), model.unit.y) * model.unit.y.numel()
                )  # it divides by N T, holes included
                latent = plain.eval()(new)
                observed = plain.likelihood.eval()(latent)
            close(value, model.log_likelihood())
            f, y = (predict(fitted, new, noise=noise, covariance=True) for noise in (False, True))
            sd = model.scale.sd.repeat(3)
            close(latent.mean, model.scale.to_unit(f.mean), 1e-8)
            if not holes:  # with holes GPyTorch's variance is wrong: tests/test_upstream.py
                close(latent.covariance_matrix, f.covariance / torch.outer(sd, sd), 1e-8)
                close(observed.covariance_matrix, y.covariance / torch.outer(sd, sd), 1e-8)


# 4: special cases


def law_independent_is_separate_gps():
    data = table(RANDOM(6))
    joint = unfitted(independent(data), 4)
    new = tensor([[0.2], [2.5]])
    both, total = predict(joint, new), 0.0
    for t in range(3):
        alone = independent(TaskData(data.x, data.y[:, t : t + 1]))
        with torch.no_grad():
            kernel, theirs = alone.kernel.kernels[0], joint.model.kernel.kernels[t]
            kernel.outputscale, kernel.base_kernel.lengthscale = theirs.outputscale, theirs.base_kernel.lengthscale
            alone.likelihood.task_noises = joint.model.likelihood.task_noises[t : t + 1]
            alone.mean.base_means[0].constant = joint.model.mean.base_means[t].constant.detach().clone()
        alone = Fit(alone, False, math.nan, None)
        total += float(alone.model.log_likelihood().detach())
        single = predict(alone, new)
        close(both.mean[:, t], single.mean[:, 0])
        close(both.variance[:, t] / single.variance[:, 0], np.ones(2))
    close(float(joint.model.log_likelihood()), total)


def law_shared_is_an_icm_without_coupling():
    data = table(RANDOM(7), holes=False)
    shared, coupled = unfitted(independent(data, hyper="shared"), 5), icm(data)
    with torch.no_grad():
        scaled, index = shared.model.kernel.kernels[0], coupled.kernel.task_covar_module
        index.covar_factor.zero_()
        index.var = scaled.outputscale.expand(3)
        coupled.kernel.data_covar_module.lengthscale = scaled.base_kernel.lengthscale
        coupled.likelihood.task_noises = shared.model.likelihood.task_noises
        for ours, theirs in zip(coupled.mean.base_means, shared.model.mean.base_means, strict=True):
            ours.constant = theirs.constant.detach().clone()
    close(coupled.log_likelihood(), shared.model.log_likelihood())


def copied_noise_and_mean(target, source):
    """Give one model the noise and the means of another."""
    target.likelihood.load_state_dict(source.likelihood.state_dict())
    for ours, theirs in zip(target.mean.base_means, source.mean.base_means, strict=True):
        ours.constant = theirs.constant.detach().clone()


def law_lmc_with_one_kernel_is_an_icm():
    data, new = table(RANDOM(23)), tensor([[0.4], [2.0]])
    sum_of_one, single = unfitted(lmc(data, kernels=1, rank=2), 6), unfitted(icm(data, rank=2), 7)
    with torch.no_grad():
        single.model.kernel.load_state_dict(sum_of_one.model.kernel.coregional[0].state_dict())
        copied_noise_and_mean(single.model, sum_of_one.model)
    close(sum_of_one.model.log_likelihood(), single.model.log_likelihood())
    close(predict(sum_of_one, new).mean, predict(single, new).mean)
    close(impute(sum_of_one).variance, impute(single).variance)


def law_lmc_with_equal_kernels_is_an_icm_with_the_sum_of_B():
    data = table(RANDOM(24), holes=False)
    both = unfitted(lmc(data, kernels=2, rank=[1, 2]), 8)
    first, second = both.model.kernel.coregional
    with torch.no_grad():
        second.data_covar_module.lengthscale = first.data_covar_module.lengthscale
        (K, B1), (_, B2) = both.model.terms(both.model.unit.x)
        value = exact.kronecker_log_likelihood(both.model.residual(), K, B1 + B2, both.model.Sigma())
    close(both.model.log_likelihood(), value)
    W = [part.task_covar_module.covar_factor.detach().numpy() for part in (first, second)]
    kappa = [part.task_covar_module.var.detach().numpy() for part in (first, second)]
    expected = [w @ w.T + np.diag(k) for w, k in zip(W, kappa)]
    sd = both.model.scale.sd.numpy()
    for Bq, wanted in zip(both.Bs, expected):
        close(Bq, wanted * np.outer(sd, sd))
    close(both.B, sum(both.Bs))
    diagonals = np.stack([np.diag(wanted) for wanted in expected], 1)
    close(both.shares, diagonals / diagonals.sum(1, keepdims=True))


def law_one_hot_lmc_is_independent():
    data, new = table(RANDOM(25)), tensor([[0.4], [2.0]])
    apart, mixed = unfitted(independent(data), 9), unfitted(lmc(data, kernels=3, own=False), 10)
    with torch.no_grad():
        for t, part in enumerate(mixed.model.kernel.coregional):
            scaled = apart.model.kernel.kernels[t]
            part.task_covar_module.covar_factor.zero_()
            part.task_covar_module.covar_factor[t, 0] = -scaled.outputscale.sqrt()  # the sign does not matter
            part.data_covar_module.lengthscale = scaled.base_kernel.lengthscale
        copied_noise_and_mean(mixed.model, apart.model)
    assert float(mixed.model.kernel.coregional[0].task_covar_module.var.abs().max()) == 0
    close(mixed.model.log_likelihood(), apart.model.log_likelihood())
    for noise in (True, False):
        close(predict(mixed, new, noise=noise).mean, predict(apart, new, noise=noise).mean)
        close(predict(mixed, new, noise=noise).variance, predict(apart, new, noise=noise).variance)


def law_parts_and_latent_functions():
    """Against the joint Gaussian of u, of the tasks' own parts v, and of y, written out with loops."""
    data, new = table(RANDOM(26), rows=5), np.array([0.7, 2.2])
    fitted = unfitted(lmc(data, kernels=[RBFKernel(), MaternKernel(nu=0.5)], rank=[2, 1], noise="full"), 11)
    model, C, residual, cells = fitted.model, *dense_numpy(fitted)
    solved = np.linalg.solve(C, residual)
    terms = model.terms(tensor(new[:, None]), model.unit.x)
    u = latent_functions(fitted, new)
    assert u.tasks == ("u1,1", "u1,2", "u2")
    column = 0
    for part, (K, _) in zip(model.kernel.coregional, terms):
        for w in part.task_covar_module.covar_factor.detach().numpy().T:
            cross = np.array([[float(K[m, i]) * w[t] for i, t in cells] for m in range(2)])
            close(u.mean[:, column], cross @ solved)
            close(u.variance[:, column], 1 - np.einsum("mi,im->m", cross, np.linalg.solve(C, cross.T)))
            column += 1
    f, pieces = predict(fitted, new, noise=False), parts(fitted, new)
    mean = model.scale.to_data(torch.stack([base.constant for base in model.mean.base_means]))
    close(sum(piece.mean for piece in pieces) + mean, f.mean)
    sd = model.scale.sd.numpy()
    for piece, (K, B) in zip(pieces, terms):
        for m in range(2):
            for s in range(3):
                cross = np.array([float(K[m, i]) * float(B[s, t]) for i, t in cells])
                close(piece.variance[m, s] / sd[s] ** 2, float(B[s, s]) - cross @ np.linalg.solve(C, cross))


# 5: autokrigeability, with its negatives


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
    return exact.posterior(
        y[seen], covariance, signal_covariance([(cross, B)], new, seen), torch.zeros(len(cross)).double()
    )[0]


def _mean_alone(t, y, K, cross, B, Sigma, rows=slice(None)):
    C = B[t, t] * K[rows][:, rows] + Sigma[t, t] * torch.eye(len(K)).double()[rows][:, rows]
    return B[t, t] * cross[:, rows] @ torch.linalg.solve(C, y[rows, t])


def law_an_empty_row_changes_nothing():
    data = table(RANDOM(9), holes=False)
    padded = TaskData(torch.cat([data.x, tensor([[1.7]])]), torch.cat([data.y, torch.full((1, 3), torch.nan).double()]))
    for seed, (a, b) in enumerate(zip(models_of(data), models_of(padded), strict=True)):
        close(a.model.log_likelihood(), b.model.log_likelihood())
        p, q = (predict(fitted, tensor([[0.3], [2.2]])) for fitted in (a, b))
        close(p.mean / q.mean, np.ones((2, 3)), 1e-8), seed
        close(p.variance / q.variance, np.ones((2, 3)), 1e-7)


# 6: probability


def law_chain_rule_and_leave_one_out():
    rng = RANDOM(11)
    C, y = random_psd(rng, 6, extra=0.5), tensor(rng.normal(size=6))
    mean, covariance = exact.posterior(y[:4], C[:4, :4], C[4:, :4], C[4:, 4:])
    rest = exact.log_likelihood(y[4:] - mean, covariance)
    close(exact.log_likelihood(y, C), exact.log_likelihood(y[:4], C[:4, :4]) + rest)
    inverse = torch.linalg.inv(C)
    for i in range(6):
        others = [j for j in range(6) if j != i]
        mean, variance = exact.posterior(y[others], C[others][:, others], C[[i]][:, others], C[i, i].reshape(1))
        close(mean, (y[i] - (inverse @ y)[i] / inverse[i, i]).reshape(1))
        close(variance, (1 / inverse[i, i]).reshape(1))


# 7: symmetries


def law_symmetries():
    rng = RANDOM(12)
    K, y = random_psd(rng, 5, extra=0.1), tensor(rng.normal(size=(5, 3)))
    W, kappa, Sigma = tensor(rng.normal(size=(3, 2))), tensor(rng.uniform(0.1, 1, 3)), random_psd(rng, 3, extra=0.1)
    B, order, scale = coregionalization(W, kappa), [2, 0, 1], tensor([1e-3, 1.0, 50.0])
    value = exact.kronecker_log_likelihood(y, K, B, Sigma)
    close(B, [[W[s] @ W[t] + (s == t) * kappa[s] for t in range(3)] for s in range(3)])
    rotation = tensor(np.linalg.qr(rng.normal(size=(2, 2)))[0])
    close(coregionalization(W @ rotation, kappa), B)
    close(exact.kronecker_log_likelihood(y[:, order], K, B[order][:, order], Sigma[order][:, order]), value)
    close(exact.kronecker_log_likelihood(y, K / 7, 7 * B, Sigma), value)
    outer = torch.outer(scale, scale)
    close(exact.kronecker_log_likelihood(y * scale, K, B * outer, Sigma * outer), value - 5 * scale.log().sum())
    close(correlation(B * outer), correlation(B))
    close(correlation(B).diagonal(), np.ones(3))


# 8: predict and impute


def law_impute_carries_the_noise_of_its_row():
    data = table(RANDOM(13))
    for fitted in models_of(data):
        diagonal, missing = fitted.model.noise != "full", ~data.observed
        latent = [predict(fitted, data.x, noise=False), impute(fitted, noise=False)]
        close(latent[0].mean / latent[1].mean, np.ones((7, 3)), 1e-8)
        close(latent[0].variance / latent[1].variance, np.ones((7, 3)), 1e-6)
        ours, filled = predict(fitted, data.x), impute(fitted)
        partly = missing & data.observed.any(1, keepdim=True)
        gap = (ours.mean - filled.mean)[partly] / fitted.model.scale.sd.expand(7, 3)[partly]
        assert bool(gap.abs().max() < 1e-9) == diagonal
        close(filled.mean[~missing], data.y[~missing])
        close(filled.variance[~missing], np.zeros(int((~missing).sum())))
        _conditional_of_whole_rows(fitted, filled, missing)


def _conditional_of_whole_rows(fitted, filled, missing):
    """Every missing cell, given the observed ones, from one big covariance of all N T values."""
    model = fitted.model
    C = sum(np.kron(K, B) for K, B in model.terms(model.unit.x)) + np.kron(np.eye(7), model.Sigma())
    gone, seen = missing.flatten().numpy(), ~missing.flatten().numpy()
    r = model.residual().flatten().numpy()
    mean = C[np.ix_(gone, seen)] @ np.linalg.solve(C[np.ix_(seen, seen)], r[seen])
    covariance = C[np.ix_(gone, gone)] - C[np.ix_(gone, seen)] @ np.linalg.solve(
        C[np.ix_(seen, seen)], C[np.ix_(seen, gone)]
    )
    sd = model.scale.sd.repeat(7)[gone]
    offset = (model.scale.to_data(model.mean(model.unit.x))).flatten()[gone]
    close(filled.mean.flatten()[gone] / sd, (mean * sd.numpy() + offset.numpy()) / sd, 1e-8)
    close(filled.variance.flatten()[gone] / sd**2, covariance.diagonal(), 1e-8)


def law_impute_new_rows_conditions_on_them():
    data = table(RANDOM(14), rows=9)
    old = TaskData(data.x[:6], data.y[:6])
    fitted = unfitted(icm(old, noise="full"), 6)
    whole = icm(old, noise="full")
    whole.load_state_dict(fitted.model.state_dict())
    whole.unit = TaskData(data.x, fitted.model.scale.to_unit(data.y))
    whole.data = TaskData(data.x, data.y)
    together = impute(Fit(whole, False, math.nan, None))
    apart = impute(fitted, TaskData(data.x[6:], data.y[6:]))
    close(apart.mean, together.mean[6:], 1e-8)
    close(apart.variance, together.variance[6:], 1e-8)


# 9: optimisation


def law_gradients():
    """Every entry of every parameter's gradient, with and without holes, against central differences."""
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(15), rows=5, holes=holes)):
            model = fitted.model.requires_grad_(True)
            names = [
                name for name, _ in model.named_parameters() if not (model.noise == "full" and "raw_noise" in name)
            ]
            parameters = [model.get_parameter(name) for name in names]
            gradients = torch.autograd.grad(model.log_likelihood(), parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                for entry in range(parameter.numel()):
                    close(gradient.flatten()[entry], _slope(model, parameter, entry), 1e-5)


def _slope(model, parameter, entry, step=1e-5):
    values = []
    with torch.no_grad():
        for move in (step, -2 * step):
            parameter.view(-1)[entry] += move
            values.append(float(model.log_likelihood()))
        parameter.view(-1)[entry] += step
    return (values[0] - values[1]) / (2 * step)


def law_same_optimum_from_parametrisations_that_span_the_same_B():
    two = simulate.two_sines(n=12, seed=3)
    three = simulate.draw_icm(
        np.linspace(0, 4, 10),
        RBFKernel(),
        tensor([[1, 0.8, 0.3], [0.8, 1, 0.5], [0.3, 0.5, 1]]),
        0.05 * torch.eye(3).double(),
        seed=4,
    )[1]
    for data, ranks in ((two, (1, 2)), (three, (2, 3))):
        a, b = (fit(icm(data, rank=rank), priors=False, starts=4) for rank in ranks)
        assert abs(a.log_likelihood - b.log_likelihood) < 1e-3, (a.log_likelihood, b.log_likelihood)


def law_fit_follows_the_scale_of_data_and_inputs():
    data, factor = simulate.two_sines(seed=5), tensor([1e-6, 1e5])
    moved = TaskData(1e4 * data.x + 7, factor * data.y - tensor([3e-6, 3e5]))
    starts = [
        starting_point(icm(one), 0, torch.Generator()).kernel.data_covar_module.lengthscale for one in (data, moved)
    ]
    close(starts[1] / starts[0], [[1e4]], 1e-12)
    a, b = fit(icm(data)), fit(icm(moved))
    close(a.correlation, b.correlation, 1e-4)
    p, q = predict(a, data.x), predict(b, moved.x)
    close(q.mean / factor + 3, p.mean, 1e-4)
    close(q.variance / factor**2, p.variance, 1e-4)
    close(b.log_likelihood, a.log_likelihood - 10 * math.log(1e-6 * 1e5), 1e-4)


def law_predictions_do_not_depend_on_their_companions():
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(19), holes=holes)):
            alone = predict(fitted, tensor([[0.5], [1.0]]), covariance=True)
            beside = predict(fitted, tensor([[0.5], [1.0], [1e9]]), covariance=True)
            sd = fitted.model.scale.sd
            close(beside.mean[:2] / sd, alone.mean / sd)
            close(beside.variance[:2] / sd**2, alone.variance / sd**2)
            T = len(sd)
            outer = torch.outer(sd.repeat(2), sd.repeat(2))
            close(beside.covariance[: 2 * T, : 2 * T] / outer, alone.covariance / outer)


def law_prior_is_the_stated_density():
    rng = RANDOM(16)
    B, Sigma, mean = random_psd(rng, 3, extra=0.3), random_psd(rng, 3, extra=0.1), tensor(rng.normal(size=3))
    scale, spread = tensor([[0.5, 3.0]]), tensor([2.0, 4.0])
    signal, noise = np.diag(B.numpy()), np.diag(Sigma.numpy())
    value = norm.logpdf(mean.numpy()).sum() + norm.logpdf(np.log([0.25, 0.75]), np.log(0.3), 1).sum()
    value += norm.logpdf(np.log(signal), 0, 1).sum() + norm.logpdf(np.log(noise), np.log(0.05), 1).sum()
    value += sum(np.log(np.linalg.det(correlation(matrix).numpy())) for matrix in (B, Sigma))
    constants = -0.5 * math.log(2 * math.pi) * 11
    close(log_prior([scale], spread, B.diagonal(), Sigma.diagonal(), [B, Sigma], mean), value - constants)


def law_a_singular_B_has_no_prior_on_its_correlation():
    data = table(RANDOM(27), holes=False)
    for model, coupled in ((lmc(data, own=False), False), (lmc(data, rank=2, own=False), True), (lmc(data), True)):
        with torch.no_grad():
            model = starting_point(model, 0, torch.Generator())
            value = objective(model, True) - objective(model, False)
            scales = [part.data_covar_module.lengthscale for part in model.kernel.coregional]
            spread, matrices = data.x.max(0).values - data.x.min(0).values, [model.B(), model.Sigma()]
            mean, noise = torch.zeros(3).double(), model.Sigma().diagonal()
            close(value, log_prior(scales, spread, model.B().diagonal(), noise, matrices[not coupled :], mean))


def law_the_prior_does_not_ask_what_is_frozen():
    """The objective of a fitted model, whose parameters are frozen, is the one that its fit reports."""
    data = table(RANDOM(28), holes=False)
    for model in (icm(data), lmc(data), lmc(data, own=False)):
        fitted = fit(model, starts=1)
        close(objective(fitted.model, True), fitted.starts["objective"].max())


def law_a_shared_variance_is_counted_once():
    for data in (simulate.two_sines(n=6, seed=1), table(RANDOM(20), tasks=4, holes=False)):
        model = independent(data, hyper="shared", noise="shared")
        with torch.no_grad():
            model.likelihood.noise, model.kernel.kernels[0].outputscale = 0.05 * math.e, tensor(math.e)
            model.kernel.kernels[0].base_kernel.lengthscale = 0.3 * (data.x.max() - data.x.min())
            prior = objective(model, True) - objective(model, False)
        close(prior, -0.5 - 0.5)  # one standard deviation for each of the two, whatever T


# 10: scores


def law_scores():
    rng = RANDOM(17)
    y, train = tensor(rng.normal(3, 2, 40)), tensor(rng.normal(2, 3, 30))
    mean, variance = train.mean().expand(40), train.var(correction=0).expand(40)
    close(scores.smse(mean, y, train.mean()), 1.0)
    close(scores.msll(mean, variance, y, train.mean(), train.var(correction=0)), 0.0)
    close(scores.nlpd(mean, variance, y), -norm(mean[0], variance[0].sqrt()).logpdf(y).mean())
    close(scores.mse(mean, y), np.mean((y - mean).numpy() ** 2))
    close(scores.mae(mean, y), np.mean(np.abs((y - mean).numpy())))
    integral = [
        quad(lambda z, value=float(v): (norm.cdf(z, 1, 2) - (z >= value)) ** 2, -30, 30, points=[float(v)])[0]
        for v in y[:5]
    ]
    close(scores.crps(torch.ones(5).double(), 4 * torch.ones(5).double(), y[:5]), np.mean(integral), 1e-6)
    inside = scores.coverage(torch.zeros(4).double(), torch.ones(4).double(), tensor([0.0, 1.99, -2.01, 3]))
    close(inside, 0.5)


def law_scores_are_per_task():
    data = table(RANDOM(18), holes=False)
    fitted = unfitted(icm(data), 7)
    seen, hidden = data.split(torch.eye(7, 3) > 0)
    result = scores.table({"a": predict(fitted, data.x)}, hidden, seen)
    for t in range(3):
        y, train = float(data.y[t, t]), np.delete(data.y[:, t].numpy(), t)
        p = predict(fitted, data.x)
        mean, sd = float(p.mean[t, t]), float(p.sd[t, t])
        row = result.loc["a", f"task {t + 1}"]
        close(row["SMSE"], (y - mean) ** 2 / (y - train.mean()) ** 2)
        close(row["NLPD"], -norm(mean, sd).logpdf(y))
        close(row["MSLL"], norm(train.mean(), train.std()).logpdf(y) - norm(mean, sd).logpdf(y))


def law_true_model_is_calibrated():
    """One held-out cell in each of 400 independent draws: cells of one draw would depend on each other."""
    x, B, Sigma, inside = (
        tensor(np.linspace(0, 3, 8))[:, None],
        tensor([[1, 0.7], [0.7, 2]]),
        tensor([[0.1, 0.05], [0.05, 0.2]]),
        [],
    )
    kernel = RBFKernel()
    K = kernel.double()(x).to_dense().detach()
    mask = torch.ones(8, 2, dtype=torch.bool)
    mask[4, 1] = False
    seen, gone = all_cells(mask), all_cells(~mask)
    C = observation_covariance([(K, B)], Sigma, all_cells(torch.ones(8, 2, dtype=torch.bool)))
    a, b = seen[0] * 2 + seen[1], gone[0] * 2 + gone[1]
    for seed in range(400):
        y = simulate.draw_icm(x, kernel, B, Sigma, seed=seed)[1].y.flatten()
        mean, variance = exact.posterior(y[a], C[a][:, a], C[b][:, a], C[b][:, b].diagonal())
        inside.append(float(scores.coverage(mean, variance, y[b])))
    assert abs(np.mean(inside) - 0.9545) < 3.5 * math.sqrt(0.9545 * 0.0455 / 400), np.mean(inside)


# 11: draws


def law_draws():
    B, Sigma, x = tensor([[1, -0.6], [-0.6, 2]]), tensor([[0.3, 0.1], [0.1, 0.2]]), tensor([[0.0], [0.5]])
    state = torch.get_rng_state()
    draws = [simulate.draw_icm(x, RBFKernel(), B, Sigma, seed=seed) for seed in range(3000)]
    assert torch.equal(state, torch.get_rng_state())
    again = simulate.draw_icm(x, RBFKernel(), B, Sigma, seed=7)
    assert torch.equal(again[0].y, draws[7][0].y) and torch.equal(again[1].y, draws[7][1].y)
    latent, noise = (
        torch.stack([f.y.flatten() for f, _ in draws]),
        torch.stack([(y.y - f.y).flatten() for f, y in draws]),
    )
    K = RBFKernel().double()(x).to_dense().detach()
    close(latent.T @ latent / 3000, torch.kron(K, B), 0.1)
    close(noise.T @ noise / 3000, torch.kron(torch.eye(2).double(), Sigma), 0.03)
    close(latent.T @ noise / 3000, torch.zeros(4, 4), 0.08)
    sample = exact.sample(tensor([1.0, 2.0]), tensor([[4, 2], [2, 1.0]]), 4000, seed=1)  # singular on purpose
    close(torch.cov(sample.T), tensor([[4, 2], [2, 1.0]]), 0.1)
    close(sample.mean(0), [1.0, 2.0], 0.1)


def law_two_sines():
    noise = torch.stack(
        [simulate.two_sines(n=5, seed=s).y - simulate.sines(torch.linspace(0, 1, 5).double()).y for s in range(2000)]
    )
    close(torch.cov(noise.reshape(-1, 2).T) * 100, [[1, 0.3], [0.3, 1]], 0.05)
    close(simulate.sines([0.25, 0.35]).y, [[1, math.sin(2 * math.pi * 0.15)], [math.sin(0.7 * math.pi), 1]])


def law_trends_come_from_seen_cells():
    rng = RANDOM(21)
    x = np.sort(rng.uniform(0, 9, 12))
    y = rng.normal(size=(12, 2)) + np.outer(x, [2.0, -1.0])
    data = TaskData(x, y)
    seen, hidden = data.hide("task 1", x[4], x[7])
    rest, gone = detrend(seen, hidden)
    outside = np.r_[0:4, 8:12]
    slope, intercept = np.polyfit(x[outside], y[outside, 0], 1)
    close(gone.y[4:8, 0], y[4:8, 0] - intercept - slope * x[4:8])
    close(rest.y[outside, 0], y[outside, 0] - intercept - slope * x[outside])
    close(rest.y[:, 1], y[:, 1] - np.polyval(np.polyfit(x, y[:, 1], 1), x))
    assert torch.equal(rest.observed, seen.observed) and torch.equal(gone.observed, hidden.observed)
    plane = rng.normal(size=(9, 2))
    close(detrend(TaskData(plane, plane @ [[1.0], [3.0]] + 5))[0].y, np.zeros((9, 1)))


def law_paired_comparisons():
    rng = RANDOM(22)
    a, b = rng.normal(size=8), rng.normal(size=8)
    long = pd.DataFrame({"seed": [*range(8)] * 2, "arm": ["a"] * 8 + ["b"] * 8, "score": [*a, *b]})
    row = paired(long.sample(frac=1, random_state=0), "score", [("a", "b")]).loc["a - b"]
    close(row, [(a - b).mean(), sem(a - b), np.median(a - b), (a < b).mean()])
    counts = long.assign(score=(10 * long["score"]).round().abs().astype("uint8"))
    close(
        paired(counts, "score", [("a", "b")]).iloc[0, 0], np.mean(np.abs(np.round(10 * a)) - np.abs(np.round(10 * b)))
    )
    more = pd.concat([long, pd.DataFrame({"seed": [99], "arm": ["c"], "score": [0.0]})])  # another arm's trial
    close(paired(more, "score", [("a", "b")]), paired(long, "score", [("a", "b")]))
    third = paired(long, "score", [("b", "a")], held_out=0.25).loc["b - a"]
    close(third[:2], [(b - a).mean(), math.sqrt((1 / 8 + 1 / 3) * (b - a).var(ddof=1))])


def law_summaries_weigh_trials_alike():
    """A trial counts once, however many tasks it has; what all arms share cancels; the baseline's sign is minus."""
    rng = RANDOM(23)
    cells = [(trial, arm, task) for trial in range(6) for arm in "abc" for task in range(1 + trial % 2)]
    results = pd.DataFrame(cells, columns=["trial", "arm", "task"]).sample(frac=1, random_state=0)
    results["NLPD"] = rng.normal(size=len(results))
    by_hand = results.pivot_table("NLPD", "trial", "arm")
    found = summarise(results, "b", scores=["NLPD"], held_out=0.2).loc["NLPD"]
    close(found["mean"].loc[["a", "b", "c"]], by_hand.mean())
    assert found.loc["b"].isna().sum() == 4
    for arm in "ac":
        difference = by_hand[arm] - by_hand["b"]
        error = math.sqrt((1 / 6 + 1 / 4) * difference.var())
        values = [difference.mean(), error, difference.median(), (difference < 0).mean()]
        close(found.loc[arm].iloc[1:], values)
    shifted = results.assign(NLPD=results["NLPD"] + 10 * results["trial"])
    close(summarise(shifted, "b", scores=["NLPD"], held_out=0.2).loc["NLPD"].iloc[[0, 2], 1:], found.iloc[[0, 2], 1:])


def law_compare_scores_what_it_says_and_resumes():
    """Holes are imputed, new rows predicted; a stored fit comes back to the last digit and only to its own data."""
    table = simulate.two_sines(n=12, seed=0)
    cases = {"holes": table.hide("sine", 0.5, 1), "rows": (table, simulate.two_sines(n=7, seed=1))}
    arms = {"ICM": lambda data: icm(data, noise="full"), "alone": independent}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.csv"
        compare(cases.get, ["holes"], {"ICM": arms["ICM"]}, store=store)
        found = compare(cases.get, cases, arms, store=store)
        for kept in (None, store):
            assert found.equals(compare(cases.get, cases, arms, store=kept))
        fresh = cases["rows"][1]
        swapped = TaskData(fresh.x, fresh.y.flip(0), fresh.tasks)  # the same values in other places
        for case, models in (
            ((table, simulate.two_sines(n=7, seed=2)), arms),
            ((table, swapped), arms),
            (cases["rows"], {"ICM": icm}),
            (cases["rows"], {"ICM": lambda data: icm(data, noise="full", kernel=MaternKernel())}),
        ):
            try:
                compare(lambda _, case=case: case, ["rows"], models, store=store)
            except ValueError as error:
                assert "other data or another model" in str(error)
            else:
                raise AssertionError("rows of other data or of another model were taken for these")
    found = found.set_index(["trial", "arm", "task"])
    seen, hidden = cases["holes"]
    fitted = fit(icm(seen, noise="full"))
    expected = scores.table(impute(fitted), hidden, seen).iloc[0]
    assert np.allclose(found.loc[("holes", "ICM", "sine"), expected.index].astype(float), expected)
    fitted = fit(independent(table))
    expected = scores.table(predict(fitted, fresh.x), fresh, table)
    assert np.allclose(found.loc[("rows", "alone")][expected.columns].astype(float), expected)


LAWS = [value for name, value in dict(globals()).items() if name.startswith("law_")]
