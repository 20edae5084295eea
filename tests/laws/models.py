"""Models against loops, against GPyTorch, and against each other."""

import math
from dataclasses import replace
from functools import partial

import gpytorch
import numpy as np
import torch
from scipy.stats import multivariate_normal

from laws.common import (
    RANDOM,
    close,
    copied_noise_and_mean,
    dense_numpy,
    models_of,
    table,
    tensor,
    unfitted,
)
from mtgp_tutorial import TaskData, at_parameters, icm, impute, independent, kronecker, lmc, predict
from mtgp_tutorial.covariance import correlation
from mtgp_tutorial.noise import EACH, FACTOR, FLOOR, KINDS, SHARED, noises_of
from mtgp_tutorial.priors import input_spread, log_prior
from mtgp_tutorial.result import Fit
from mtgp_tutorial.starts import OF_SEVERAL, STARTS, starting_point


def law_model_likelihood_equals_loops():
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(3), holes=holes)):
            C, residual, _ = dense_numpy(fitted)
            close(fitted.model.log_likelihood(), multivariate_normal(np.zeros(len(C)), C).logpdf(residual))


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
            if not holes:  # with holes GPyTorch's variance is wrong: tests/core/test_upstream.py
                close(latent.covariance_matrix, f.covariance / torch.outer(sd, sd), 1e-8)
                close(observed.covariance_matrix, y.covariance / torch.outer(sd, sd), 1e-8)


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
    shared, coupled = unfitted(independent(data, hyperparameters="shared"), 5), icm(data)
    with torch.no_grad():
        scaled, index = shared.model.kernel.kernels[0], coupled.kernel.task_covar_module
        index.covar_factor.zero_()
        index.var = scaled.outputscale.expand(3)
        coupled.kernel.data_covar_module.lengthscale = scaled.base_kernel.lengthscale
        coupled.likelihood.task_noises = shared.model.likelihood.task_noises
        for ours, theirs in zip(coupled.mean.base_means, shared.model.mean.base_means, strict=True):
            ours.constant = theirs.constant.detach().clone()
    close(coupled.log_likelihood(), shared.model.log_likelihood())


def law_lmc_with_one_kernel_is_an_icm():
    data, new = table(RANDOM(23)), tensor([[0.4], [2.0]])
    for kappa in (True, False):
        sum_of_one = unfitted(lmc(data, kernels=1, rank=2, kappa=kappa), 6)
        single = unfitted(icm(data, rank=2, kappa=kappa), 7)
        W = single.model.kernel.task_covar_module.covar_factor
        assert torch.allclose(single.model.B(), W @ W.T, atol=1e-12) is not kappa
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
        value = kronecker.log_likelihood(both.model.residual(), K, B1 + B2, both.model.Sigma())
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
    apart, mixed = unfitted(independent(data), 9), unfitted(lmc(data, kernels=3, kappa=False), 10)
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


def law_an_empty_row_changes_nothing():
    data = table(RANDOM(9), holes=False)
    padded = TaskData(torch.cat([data.x, tensor([[1.7]])]), torch.cat([data.y, torch.full((1, 3), torch.nan).double()]))
    for seed, (a, b) in enumerate(zip(models_of(data), models_of(padded), strict=True)):
        close(a.model.log_likelihood(), b.model.log_likelihood())
        p, q = (predict(fitted, tensor([[0.3], [2.2]])) for fitted in (a, b))
        close(p.mean / q.mean, np.ones((2, 3)), 1e-8), seed
        close(p.variance / q.variance, np.ones((2, 3)), 1e-7)


def law_gradients():
    """Every entry of every parameter's gradient, with and without holes, against central differences."""
    for holes in (True, False):
        for fitted in models_of(table(RANDOM(15), rows=5, holes=holes)):
            model = fitted.model.requires_grad_(True)
            names = [name for name, _ in model.named_parameters() if name not in model.kind.fixed]
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


def law_the_floor_and_what_passes_setters_is_in_double_precision():
    for kind in ("shared", "per task"):
        noise = KINDS[kind]
        likelihood = noise.likelihood(3)
        for parameter in likelihood.parameters():
            parameter.data.fill_(-800.0)  # an exponential of 0
        assert noise.matrix(likelihood).diagonal().tolist() == [1e-4] * 3
    full = KINDS["full"].likelihood(3)
    full.task_noise_covar_factor.data.zero_()
    close(KINDS["full"].matrix(full).diagonal() / 1e-4, np.ones(3), 1e-15)
    for kind in ("shared", "per task", "full"):
        noise = KINDS[kind]
        likelihood = noise.likelihood(3)
        for name, value in noise.start(0.3 * torch.ones(3).double(), torch.eye(3).double()).items():
            likelihood.get_parameter(name).data.copy_(value)
        close(noise.matrix(likelihood), 0.3 * np.eye(3), 1e-15)
    starts = starting_point(icm(table(RANDOM(36)), noise="full"), 2, torch.Generator().manual_seed(0))
    close(starts.Sigma().diagonal(), 3 * [STARTS[2][1]], 1e-15)


def law_a_noise_of_rank_r_is_gpytorch_s():
    """L L^T + sigma^2 I; of rank T with sigma^2 on its floor it is full noise, prior and all."""
    data = table(RANDOM(38))
    for r in (1, 2, 3):
        fitted = unfitted(icm(data, noise=f"rank {r}"), r)
        likelihood = fitted.model.likelihood
        L = likelihood.task_noise_covar_factor
        assert type(likelihood) is gpytorch.likelihoods.MultitaskGaussianLikelihood and L.shape == (3, r)
        close(fitted.model.Sigma(), L @ L.T + likelihood.noise * torch.eye(3))
        variances = np.log(fitted.model.Sigma().diagonal() / 0.05)
        R = correlation(fitted.model.Sigma())
        without = unfitted(icm(data, noise="shared"), r)  # another noise, the same signal
        without.model.kernel.load_state_dict(fitted.model.kernel.state_dict())
        for ours, theirs in zip(without.model.mean.base_means, fitted.model.mean.base_means, strict=True):
            ours.load_state_dict(theirs.state_dict())
        rest = log_prior(without.model) + 0.5 * np.log(without.model.Sigma()[0, 0] / 0.05) ** 2
        of_R = torch.linalg.slogdet(R)[1] if r == 3 else 0.0
        close(log_prior(fitted.model), rest - 0.5 * (variances**2).sum() + of_R)
    full = icm(data, noise="full")
    with torch.no_grad():
        full.kernel.load_state_dict(fitted.model.kernel.state_dict())
        full.likelihood.task_noise_covar_factor.copy_(L)
        for ours, theirs in zip(full.mean.base_means, fitted.model.mean.base_means, strict=True):
            ours.load_state_dict(theirs.state_dict())
        likelihood.raw_noise.fill_(-800.0)
        close(fitted.model.log_likelihood(), full.log_likelihood())
        close(log_prior(fitted.model), log_prior(full))


def law_a_noise_of_rank_r_starts_near_what_it_is_told_in_whatever_order():
    """sigma^2 is the mean of what r directions leave; a permutation of the tasks permutes the start."""
    v, R = tensor([0.1, 0.2, 0.4]), tensor([[1.0, 0.5, 0.2], [0.5, 1.0, -0.3], [0.2, -0.3, 1.0]])
    wanted = R * torch.outer(v, v).sqrt()
    values, vectors = torch.linalg.eigh(wanted)
    for r, kind in enumerate([noises_of(3)[f"rank {r}"] for r in (1, 2)], 1):
        raw = kind.start(v, R)
        L, rest = raw["task_noise_covar_factor"], FLOOR + raw["raw_noise"].exp()
        close(rest, values[: 3 - r].mean()[None])
        close((L @ L.T + rest * torch.eye(3)) @ vectors[:, 3 - r :], vectors[:, 3 - r :] * values[3 - r :])
    data, order = table(RANDOM(39)), [2, 0, 1]
    turned = TaskData(data.x, data.y[:, order])
    for number in range(3):
        one, other = (
            starting_point(icm(each, noise="rank 1"), number, torch.Generator()).Sigma() for each in (data, turned)
        )
        close(other, one[order][:, order])


def law_what_single_precision_leaves_of_the_floor_is_the_floor():
    """By name and through GPyTorch's setter, which makes a number single; a smaller one is still refused."""
    each, model = "likelihood.task_noises", icm(table(RANDOM(37)), noise="per task")
    for value in (9.9999997e-5, 1e-4):
        close(at_parameters(model, {each: value}).model.Sigma().diagonal() / 1e-4, np.ones(3), 2e-6)
    plain = icm(table(RANDOM(37)), noise="shared").exact_gp()
    plain.likelihood.noise = 1e-4
    close(plain.likelihood.noise / 1e-4, np.ones(1), 2e-6)
    for value in (9e-5, 9.99e-5):
        for put in (partial(at_parameters, model, {each: value}), partial(setattr, plain.likelihood, "noise", value)):
            try:
                put()
            except (ValueError, RuntimeError) as error:  # or GPyTorch's own words, of the setter
                assert put.func is setattr or "outside its constraint" in str(error)
                continue
            raise AssertionError(f"{value} is taken")


def law_starts_are_what_they_say():
    """Each kernel five times shorter than the one before; B from the data's correlation, alike for all kernels or each
    from another of its directions on; draws beyond the fixed starts alone."""
    data = table(RANDOM(41), holes=False)
    y = lmc(data).unit.y
    spread = input_spread(lmc(data).unit.x)
    R = correlation(y.T @ y / len(y) + 1e-6 * torch.eye(3).double())
    for number, (fraction, noise, turn) in enumerate(OF_SEVERAL):
        start = starting_point(lmc(data, rank=[1, 2]), number, torch.Generator())
        lengths = [part.data_covar_module.lengthscale[0] for part in start.kernel.coregional]
        close(lengths[0], fraction * spread.log().mean().exp().expand(1), 1e-12)
        close(lengths[0] / lengths[1], 5 * torch.ones(1), 1e-12)
        share = (1 - noise) * R / (2 if turn is None else 1)
        values, vectors = (each.flip(-1) for each in torch.linalg.eigh(share))
        for q, part in enumerate(start.kernel.coregional):
            at = [(r + (0 if turn is None else q + turn)) % 3 for r in range(q + 1)]
            W = part.task_covar_module.covar_factor
            close(W @ W.T, vectors[:, at] @ values[at].diag() @ vectors[:, at].T, 1e-10)
            left = (share - W @ W.T).diagonal() / (1 if turn is None else 2)
            close(part.task_covar_module.var, left.clamp_min(0.025), 1e-10)
    beyond = [starting_point(icm(data), number, torch.Generator().manual_seed(3)) for number in (0, 4, 5)]
    draws = torch.Generator().manual_seed(3)
    stretch = torch.randn(1, generator=draws, dtype=torch.float64)
    lengths = [start.kernel.data_covar_module.lengthscale[0] for start in beyond]
    close(lengths[1] / lengths[0], (0.5 * stretch).exp(), 1e-12)
    disturbance = 0.1 * torch.randn(3, 3, generator=draws, dtype=torch.float64)
    R = (1 - STARTS[0][1]) * correlation(y.T @ y / len(y) + 1e-6 * torch.eye(3).double())
    values, vectors = torch.linalg.eigh(R + disturbance @ disturbance.T)
    W = beyond[1].kernel.task_covar_module.covar_factor
    close(W @ W.T, values[-1] * vectors[:, -1:] @ vectors[:, -1:].T, 1e-10)
    close(lengths[2] / lengths[1], STARTS[1][0] / STARTS[0][0] * torch.ones(1), 1e-12)


def law_noise_is_full_where_rows_are_many_for_the_columns():
    """By default, in an ICM: from forty rows with several values on, and ten a task; a hole counts by its row alone."""
    y = RANDOM(71).normal(size=(60, 6))

    def noise(rows, tasks=3, hide=(), **options):
        some = y[:rows, :tasks].copy()
        for cell in hide:
            some[cell] = np.nan
        return icm(TaskData(np.arange(rows), some), **options).noise

    assert noise(39) == "per task" and noise(40) == noise(40, hide=[(4, 1)]) == "full"
    assert noise(40, hide=[(4, 1), (4, 2)]) == "per task"  # thirty-nine rows with several values
    assert noise(50, 5) == noise(60, 6) == "full" and noise(49, 5) == noise(59, 6) == "per task"
    assert noise(40, noise="per task") == "per task" and noise(20, noise="full") == "full"
    try:
        noise(40, noise="")
    except ValueError as error:
        assert str(error).startswith("noise: '' is not one of")
    else:
        raise AssertionError("an empty word is the default")
    apart = np.where(np.arange(60)[:, None] % 3 == np.arange(3), y[:, :3], np.nan)
    assert icm(TaskData(np.arange(60), apart)).noise == "per task"


def law_every_kind_of_noise_has_its_names():
    """A parameter of another name would have no density in an average, and no way to the floor in a run."""
    data = table(RANDOM(44), known=True)
    data = replace(data, sd=data.sd.nan_to_num(1.0))
    for word, kind in noises_of(3).items():
        model = icm(data, noise=word)
        free = {name for name, p in model.named_parameters() if p.requires_grad and name.startswith("likelihood.")}
        assert (
            free == {f"likelihood.{name}" for name in kind.start(torch.ones(3), torch.eye(3))} <= {SHARED, EACH, FACTOR}
        )
