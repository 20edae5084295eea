"""The dense solver is the specification: what the others say equals it, form by form, and fits are as high."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, PeriodicKernel, RBFKernel, RQKernel

from laws.common import (
    RANDOM,
    climbed_by_scipy,
    close,
    dense_numpy,
    dense_objective,
    in_each_form,
    tensor,
    unfitted,
)
from mtgp_tutorial import (
    TaskData,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    leave_out,
    lmc,
    parts,
    predict,
    sample,
    simulate,
    sparse,
)
from mtgp_tutorial.fitting import _starts
from mtgp_tutorial.noise import FLOOR, KINDS
from mtgp_tutorial.objective import Objective, objective
from mtgp_tutorial.parameters import meaning
from mtgp_tutorial.starts import at_candidates, candidates, matrices_of, starting_point

KERNELS = (RBFKernel, *(partial(MaternKernel, nu=nu) for nu in (0.5, 1.5, 2.5)), RQKernel, PeriodicKernel)
NOISES = [word for word, kind in KINDS.items() if kind.learned]


def random_table(seed):
    """6 to 14 rows, 1 to 4 tasks, one or two inputs; holes, rows at the same x, units far apart, known errors."""
    rng = RANDOM(seed)
    N, T, D = int(rng.integers(6, 15)), 1 + seed % 4, 1 if seed % 3 else 2
    x = rng.uniform(0, 10, (N, D))
    x[1] = x[0] if seed % 4 == 0 else x[1]
    y = np.sin(x[:, :1] + rng.uniform(0, 1, T)) * rng.normal(size=T) + 0.3 * rng.normal(size=(N, T))
    y = y * 10 ** rng.uniform(-2, 3, T)
    y[3:][rng.uniform(size=(N - 3, T)) < 0.2 * (seed % 3)] = np.nan
    sd = np.where(rng.uniform(size=y.shape) < 0.3, np.nan, np.abs(y) * 0.05 + 1e-3) if seed % 5 == 0 else None
    return TaskData(x, y, sd=sd)


def random_models(seed):
    """A model of each family on such a table, somewhere off its start; the kind of noise goes round."""
    data, noise, kernel = random_table(seed), NOISES[seed % len(NOISES)], KERNELS[seed % len(KERNELS)]()
    for model in (
        icm(data, noise=noise, kernel=kernel),
        independent(data, noise=noise, kernel=kernel),
        independent(data, hyperparameters="shared", noise=noise, kernel=kernel),
        lmc(data, kernels=[kernel, MaternKernel(nu=1.5)], kappa=bool(seed % 3), noise=noise),
    ):
        yield unfitted(model, seed, move=0.4)


def law_the_dense_likelihood_is_the_one_equation():
    """Its likelihood by loops, in numpy."""
    for seed in range(10):
        for fitted in random_models(seed):
            C, residual, _ = dense_numpy(fitted)
            value = -0.5 * (residual @ np.linalg.solve(C, residual) + np.linalg.slogdet(2 * np.pi * C)[1])
            close(fitted.model.log_likelihood(solver="dense"), value)


def law_each_solver_says_what_the_dense_one_says():
    """Predictions with their joint covariances, missing cells, what is left out, parts, latent functions, draws."""
    for seed in range(20):
        new = np.vstack([RANDOM(seed).uniform(-1, 12, (3, 1 if seed % 3 else 2)), random_table(seed).x[:1]])
        for fitted in random_models(seed):
            answers = list(answers_of(replace(fitted, solver="dense"), new))
            value = fitted.model.log_likelihood(solver="dense")
            for quick in in_each_form(fitted):
                close(quick.model.log_likelihood(), value)
                for one, other in zip(answers_of(quick, new), answers, strict=True):
                    assert torch.equal(one.isnan(), other.isnan())
                    close(one.nan_to_num(), other.nan_to_num(), 1e-8)


def answers_of(fitted, new):
    """All that a fit says, in standardised units."""
    sd, T = fitted.model.scale.sd, fitted.model.data.num_tasks
    blocks = np.arange(len(fitted.model.data.x)) // 3
    answers = [predict(fitted, new, noise=noise, covariance=True) for noise in (True, False)]
    answers += [impute(fitted, noise=noise, covariance=True) for noise in (True, False)]
    answers += [impute(fitted, replace(fitted.model.data, x=fitted.model.data.x + 0.1))]
    for one in answers:
        yield from (fitted.model.scale.to_unit(one.mean), one.variance / sd**2)
        if one.covariance is not None and len(one.cells):
            of = sd[[fitted.model.data.tasks.index(task) for task in one.cells.get_level_values(1)]]
            yield one.covariance / torch.outer(of, of)
    for by in ("cell", "row", blocks):
        left = leave_out(fitted, by)
        yield from (fitted.model.scale.to_unit(left.mean), left.variance / sd**2)
    for part in parts(fitted, new):
        yield from (part.mean / sd, part.variance / sd**2)
    if fitted.model.kernel.coregional:
        u = latent_functions(fitted, new)
        yield from (u.mean, u.variance)
    draws = sample(fitted, new[:1], 4, seed=1, noise=True)
    assert draws.shape == (4, 1, T)
    yield fitted.model.scale.to_unit(draws)


def law_every_objective_has_the_dense_one_s_slope():
    """Value and slope against every parameter, with priors and without, through autograd and by hand."""
    for seed in range(20):
        for fitted in random_models(seed):
            model = fitted.model
            for name, p in model.named_parameters():
                p.requires_grad_(bool(p.isfinite().all()) and name not in model.kind.fixed)
            free = [p for p in model.parameters() if p.requires_grad]
            vector = torch.cat([p.detach().flatten() for p in free]).numpy()
            for priors in (False, True):
                value = dense_objective(model, priors)
                slope = torch.cat([each.flatten() for each in torch.autograd.grad(value, free)])
                again = objective(model, priors)
                close(again, value)
                close(torch.cat([each.flatten() for each in torch.autograd.grad(again, free)]), slope, 1e-8)
                minus, down = Objective(model, priors)(vector)
                close(-minus, value)
                close(-down, slope, 1e-8)


def law_candidates_are_set_as_gpytorch_sets_them():
    """Vectors, heights and what they mean: many at once, and one by one through the setters of GPyTorch's modules."""
    for seed in (1, 2, 3, 4, 7):
        data = random_table(seed)
        for model in (icm(data, noise="full"), icm(data, noise="shared"), independent(data), lmc(data)):
            first = starting_point(model, 0, torch.Generator())
            where = type(candidates(model, 0))(*(each[:8] for each in candidates(model, 0)))
            target, heights, spread = Objective(first, True), [], data.x.max(0).values - data.x.min(0).values
            found = at_candidates(first, where)
            matrices = zip(found, where.lengths, *map(tensor, (*matrices_of(first, where), where.noise)))
            for vector, lengths, B, R, noise in matrices:
                with torch.no_grad():
                    set_by_hand(first, lengths, B, R, noise, spread)
                close(meaning(target.at(vector))[1], meaning(first)[1], 1e-8)
                heights.append(float(dense_objective(first, True).detach()))
            close(target.many(found, slopes=False)[0], heights, 1e-6)


def set_by_hand(model, lengths, B, R, noise, spread):
    """A candidate, one number after the other."""
    parts = model.kernel.coregional
    for one, length in zip(parts or model.kernel.kernels, lengths if parts else [lengths[0]] * len(noise)):
        kernel = one.data_covar_module if parts else one.base_kernel
        kernel.lengthscale = length * (spread if kernel.lengthscale.numel() > 1 else spread.log().mean().exp())
    for one in parts:
        values, vectors = torch.linalg.eigh(B / len(parts))
        W = vectors[:, -1:] * values[-1].sqrt()
        one.task_covar_module.covar_factor.copy_(W)
        one.task_covar_module.var = (B / len(parts) - W @ W.T).diagonal().clamp_min(0.05 / len(parts))
    for one in () if parts else model.kernel.kernels:
        one.outputscale = B.diagonal().mean()
    likelihood = model.likelihood
    if model.noise == "full":
        likelihood.task_noise_covar_factor.copy_((noise - FLOOR).sqrt()[:, None] * torch.linalg.cholesky(R))
    elif model.noise == "shared":
        likelihood.noise = noise[:1]
    else:
        likelihood.task_noises = noise
    for one in model.mean.base_means:
        one.constant = 0.0


def law_fits_are_as_high_as_scipy_s():
    """By default and from the same starts; tests/core/test_fitting.py has forty tables."""
    for seed in (0, 3):
        data = simulate.two_sines(seed=seed)
        for model in (icm(data), icm(data, noise="full"), independent(data), lmc(data)):
            first = starting_point(model, 0, torch.Generator())
            found = fit(model).starts["objective"]
            slow = max(climbed_by_scipy(model, True, _starts(model, first, Objective(first, True), len(found), 0)))
            assert found.max() > slow - 0.01, (seed, found.max(), slow)


def law_a_fit_answers_by_the_solver_that_it_names():
    """Dense, or the cheapest."""
    fitted = fit(icm(simulate.two_sines(seed=1)), starts=1)
    dense = replace(fitted, solver="dense")
    assert hasattr(fitted.conditioned(), "solver") and not hasattr(dense.conditioned(), "solver")
    close(predict(dense, tensor([0.3])).mean, predict(fitted, tensor([0.3])).mean)


def law_many_candidates_are_for_small_tables_with_one_kernel():
    """256 where many cost little more than one, else 64: also of what is done one by one."""
    data, errors = random_table(1), random_table(5)
    for model, count in (
        (icm(data), 256),
        (independent(data), 256),
        (independent(data, noise="full"), 64),
        (lmc(data), 64),
        (sparse(icm(data), 3), 64),
        (icm(errors), 64),
        (icm(TaskData(np.arange(33), RANDOM(1).normal(size=(33, 2)))), 64),
    ):
        assert len(candidates(model, 0).scale) == count, (model.noise, model.data)
