"""Fitting: what it returns, what it leaves alone, and what it reads out."""

import math
import sys

import gpytorch
import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import RBFKernel
from laws.common import climbed_by_scipy
from refusals import refusing
from tqdm import tqdm

from mtgp_tutorial import (
    FitError,
    TaskData,
    at_parameters,
    correlation,
    fit,
    fitting,
    icm,
    impute,
    independent,
    lmc,
    predict,
    sample,
    sample_posterior,
    simulate,
)
from mtgp_tutorial.climbing import Run, optimised
from mtgp_tutorial.gaussian import NotPositiveDefiniteError, cholesky
from mtgp_tutorial.noise import FLOOR
from mtgp_tutorial.objective import Objective, objective
from mtgp_tutorial.parameters import free_vector
from mtgp_tutorial.starts import starting_point

COLUMNS = ["objective", "evaluations", "converged", "joined"]


def test_the_argument_and_the_global_generator_stay_as_they_were():
    state = torch.get_rng_state()
    model = icm(simulate.two_sines(seed=1), noise="full")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fitted = fit(model, starts=4, seed=3)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state()) and torch.get_default_dtype() == torch.float32
    again = fit(model, starts=4, seed=3)
    assert again.log_likelihood == fitted.log_likelihood and again.starts.equals(fitted.starts)


def test_it_reports_its_starts_and_takes_the_best():
    fitted = fit(icm(simulate.two_sines(seed=1)), priors=False, starts=5)
    assert list(fitted.starts.columns) == COLUMNS and len(fitted.starts) == 5
    best = fitted.starts["objective"].max()
    assert np.isclose(float(objective(fitted.model, False)), best, rtol=1e-12)
    gradients = [p for p in fitted.model.requires_grad_(True).parameters()]
    slope = torch.cat(
        [
            g.flatten()
            for g in torch.autograd.grad(objective(fitted.model, False), gradients, allow_unused=True)
            if g is not None
        ]
    )
    assert slope.abs().max() < 1e-2, "an optimum has no slope"


@pytest.mark.filterwarnings("ignore:sample_posterior. the chains have not mixed:UserWarning")
def test_progress_shows_in_terminals_alone(capsys, monkeypatch):
    model = icm(simulate.two_sines(seed=1))
    fit(model, progress=True)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    fitted = fit(model)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    fit(model, progress=True, starts=2)
    shown = capsys.readouterr()
    assert shown.out == "" and "2 starts" in shown.err and " iterations" in shown.err
    for asked in (False, True):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        sample_posterior(fitted, draws=8, chains=2, progress=asked)
        assert (" steps" in capsys.readouterr().err) == asked


def test_tables_are_labelled_and_in_data_units():
    data = simulate.two_sines(n=30, seed=2)
    data = TaskData(data.x, torch.tensor([1.0, 100.0]) * data.y, tasks=["a", "b"], units=["m", "cm"])
    fitted = fit(icm(data, noise="full"))
    for table in (fitted.B, fitted.Sigma, fitted.correlation, fitted.noise_correlation):
        assert list(table.index) == list(table.columns) == ["a", "b"]
    assert 0.003 < fitted.Sigma.loc["a", "a"] < 0.03 and 30 < fitted.Sigma.loc["b", "b"] < 300
    expected = fitted.B.to_numpy() / np.sqrt(np.outer(*[np.diag(fitted.B)] * 2))
    pd.testing.assert_frame_equal(fitted.correlation, pd.DataFrame(expected, index=["a", "b"], columns=["a", "b"]))
    assert np.allclose(correlation(torch.tensor(fitted.Sigma.to_numpy())), fitted.noise_correlation)
    index = fitted.model.kernel.task_covar_module
    W, kappa, sd = index.covar_factor, index.var, fitted.model.scale.sd
    assert np.allclose(fitted.B, (W @ W.T + torch.diag(kappa)) * torch.outer(sd, sd)), (
        "B is W W^T plus diag(kappa), whole"
    )


def tensor_of(n, seed):
    return torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_noise_floor_is_seen():
    x = torch.linspace(0, 1, 8).double()
    exactly = TaskData(x, torch.stack([torch.sin(3 * x), torch.cos(3 * x)], 1))
    fitted = fit(independent(exactly), priors=False)
    assert fitted.on_floor == ["task 1", "task 2"]
    variances = np.diag(fitted.Sigma) / fitted.model.scale.sd.numpy() ** 2
    assert (variances >= FLOOR).all() and (variances < 1.01 * FLOOR).all()
    assert fit(independent(simulate.two_sines(n=40, noise_sd=0.5, seed=0))).on_floor == []
    rough = TaskData(x, torch.stack([torch.sin(3 * x), tensor_of(8, seed=1)], 1))
    assert fit(independent(rough), priors=False).on_floor == ["task 1"], "the other task has its own noise"


def test_every_kind_of_noise_spans_what_its_name_says():
    data = simulate.two_sines(n=60, noise_sd=0.4, noise_correlation=0.9, seed=3)
    shared, each, full = (fit(icm(data, noise=kind)) for kind in ("shared", "per task", "full"))
    unit = shared.Sigma / np.outer(*[shared.model.scale.sd.numpy()] * 2)
    assert np.isclose(unit.iloc[0, 0], unit.iloc[1, 1]) and shared.Sigma.iloc[0, 1] == each.Sigma.iloc[0, 1] == 0
    assert full.noise_correlation.iloc[0, 1] > 0.7
    assert full.log_likelihood > each.log_likelihood + 5


def test_any_kernel_with_variance_one_can_be_used():
    data = simulate.two_sines(n=20, seed=4)
    kernels = gpytorch.kernels
    product = kernels.RBFKernel() * kernels.PeriodicKernel()
    for kernel in (kernels.MaternKernel(nu=1.5), kernels.RQKernel(), kernels.PeriodicKernel(), product):
        before = {name: value.clone() for name, value in kernel.state_dict().items()}
        fitted = fit(icm(data, kernel=kernel), starts=1)
        assert fitted.starts["converged"].all()
        assert all(torch.equal(before[n], v) for n, v in kernel.state_dict().items())
    wide = TaskData(np.random.default_rng(0).normal(size=(15, 2)), data.y[:15])
    assert len(fit(icm(wide, kernel=kernels.RBFKernel(ard_num_dims=2))).length_scales) == 2


def test_what_the_user_set_on_a_kernel_is_kept():
    data, kernels = simulate.two_sines(n=20, seed=4), gpytorch.kernels
    frozen = kernels.RBFKernel()
    frozen.lengthscale = 0.123
    frozen.raw_lengthscale.requires_grad_(False)
    assert np.isclose(fit(icm(data, kernel=frozen), starts=2).length_scales[0], 0.123)
    for constraint in (gpytorch.constraints.Interval(1, 10), gpytorch.constraints.GreaterThan(0.5)):
        length = fit(icm(data, kernel=kernels.RBFKernel(lengthscale_constraint=constraint)), starts=2).length_scales[0]
        assert float(constraint.lower_bound) <= length <= float(constraint.upper_bound)
    years = torch.arange(60.0).double()
    wave = torch.stack([torch.sin(2 * torch.pi * years / 10), torch.cos(2 * torch.pi * years / 10)], 1)
    wave = TaskData(1900 + years, wave + 0.1 * torch.randn(60, 2, generator=torch.Generator().manual_seed(0)))
    periodic = kernels.PeriodicKernel()
    periodic.period_length = 9.5
    fitted = fit(icm(wave, kernel=periodic), starts=1)
    assert abs(fitted.model.kernel.data_covar_module.period_length.item() - 10) < 0.05


def test_frozen_parameters_are_kept():
    model = icm(simulate.two_sines(n=20, seed=4))
    with torch.no_grad():
        model.likelihood.task_noises = torch.tensor([0.03, 0.07]).double()
        model.kernel.task_covar_module.covar_factor[:, 0] = torch.tensor([0.9, -0.4], dtype=torch.float64)
        model.mean.base_means[0].constant = 0.25
    frozen = (model.likelihood.raw_task_noises, model.kernel.task_covar_module.covar_factor)
    for parameter in (*frozen, model.mean.base_means[0].raw_constant):
        parameter.requires_grad_(False)
    found = fit(model).model
    assert np.allclose(found.Sigma().diagonal(), [0.03, 0.07])
    assert found.kernel.task_covar_module.covar_factor.flatten().tolist() == [0.9, -0.4]
    assert found.mean.base_means[0].constant.item() == 0.25 and found.mean.base_means[1].constant.item() != 0.0


def test_an_optimum_on_a_bound_counts():
    """Two equal tasks drive kappa to its bound, where the gradient is not zero: still the best start, and no error."""
    x, rng = np.linspace(0, 1, 40), np.random.default_rng(1)
    twin = np.sin(6 * x) + 0.5 * rng.normal(size=40)
    data = TaskData(x, np.column_stack([twin, twin, np.cos(9 * x) + rng.normal(size=40)]))
    fitted = fit(icm(data), priors=False)
    assert float(objective(fitted.model, False)) > fitted.starts["objective"].max() - 0.02
    noise = rng.normal(size=(40, 1))
    rows = np.column_stack([np.tile(np.sin(6 * x)[:, None] + 0.5 * noise, 2), np.cos(9 * x) + rng.normal(size=40)])
    fit(icm(TaskData(x, rows + 1e-4 * rng.normal(size=rows.shape)), noise="full"), priors=False)


def test_joint_samples_have_the_predicted_moments():
    fitted = fit(icm(simulate.two_sines(seed=5)))
    x = torch.linspace(0, 1, 4).double()
    draws, joint = sample(fitted, x, 6000, seed=0), predict(fitted, x, noise=False, covariance=True)
    assert draws.shape == (6000, 4, 2) and torch.equal(draws, sample(fitted, x, 6000, seed=0))
    sd = joint.covariance.diagonal().sqrt()
    empirical = torch.cov(draws.reshape(6000, 8).T)
    assert ((empirical - joint.covariance) / torch.outer(sd, sd)).abs().max() < 0.06
    assert ((draws.mean(0) - joint.mean).flatten() / sd).abs().max() < 0.06


def ends_of(heights):
    """In the place of `optimised`: runs that have ended at these heights, converged or not."""

    def ended(target, starts, max_iterations, bar, known=()):
        runs = [Run(start, number) for number, start in enumerate(starts)]
        for run, (height, converged) in zip(runs, heights):
            run.height, run.converged = height, converged
        return runs

    return ended


@pytest.mark.parametrize("below, accepted", [(10.0, False), (0.02, False), (0.005, True), (0.0, True)])
def test_a_converged_start_counts_only_near_the_highest(monkeypatch, below, accepted):
    """The highest run has not converged; a converged one lies so many nats below."""
    model = icm(simulate.two_sines(n=6, seed=1))
    monkeypatch.setattr(fitting, "optimised", ends_of([(3.0, False), (3.0 - below, True)]))
    if not accepted:
        with pytest.raises(FitError, match="start 0 came to 3.0 nats") as caught:
            fit(model, starts=2)
        assert set(caught.value.parameters) == {name for name, _ in model.named_parameters()}
        return
    assert fit(model, starts=2).starts["converged"].tolist() == [False, True]


def test_a_climb_without_a_height_is_never_the_highest(monkeypatch):
    monkeypatch.setattr(fitting, "optimised", ends_of([(math.nan, False), (3.0, False)]))
    with pytest.raises(FitError, match="start 1 came to 3.0 nats"):
        fit(icm(simulate.two_sines(n=6, seed=1)), starts=2)


def test_a_fit_without_a_single_height_says_so(monkeypatch):
    monkeypatch.setattr(fitting, "optimised", ends_of([(math.nan, False), (math.nan, False)]))
    with pytest.raises(FitError, match="at no start is the covariance positive definite"):
        fit(icm(simulate.two_sines(n=6, seed=1)), starts=2)


def test_impute_knows_the_fitted_table_again():
    data = simulate.two_sines(n=8, seed=1).hide("sine", 0.6, 1)[0]
    fitted = fit(icm(data, noise="full"), starts=1)
    again = TaskData(data.x.clone(), data.y.clone(), data.tasks)
    assert torch.equal(impute(fitted).mean, impute(fitted, again).mean)
    assert torch.equal(impute(fitted).variance, impute(fitted, again).variance)


def test_there_are_as_many_starts_as_were_asked_for():
    data = simulate.two_sines(n=7, seed=2)
    for build, default in ((icm, 3), (independent, 3), (lmc, 8)):
        assert len(fit(build(data)).starts) == default
        for starts in (1, 2, 5):
            assert len(fit(build(data), starts=starts).starts) == starts, (build, starts)
    assert [len(fit(build(data), priors=False).starts) for build in (icm, lmc)] == [6, 8]


def test_a_climb_that_comes_to_a_known_summit_stops_there():
    """And the bar hears of each iteration; one that goes beside another stops where the two have met."""
    model = icm(simulate.two_sines(n=10, seed=3), noise="full", kernel=RBFKernel())
    flat, start = Objective(model, False), free_vector(starting_point(model, 0, torch.Generator()))
    with tqdm(disable=True) as bar:
        (whole,) = optimised(flat, [start], 1000, bar)
        (again,) = optimised(flat, [start], 1000, bar, [whole])
        pair = optimised(flat, [start, start + 1e-3], 1000, bar)
    end = again.end()
    assert again.met is whole and end.joined == 0 and end.objective == again.height < whole.height
    assert whole.end().joined == 0
    assert again.evaluations < whole.evaluations - 5 and not np.array_equal(again.vector, whole.vector)
    ended = [run for run in pair if run.met is None]
    assert len(ended) == 1 and {run.joined() for run in pair} == set(ended)
    assert abs(ended[0].height - whole.height) < 1e-6


def test_hand_made_fits_have_no_starts_and_keep_their_floor():
    data = simulate.two_sines(n=6, seed=1)
    own = at_parameters(icm(data), {"kernel.task_covar_module.var": [0.0, 0.3]})
    assert own.model.kappas()[0].tolist() == [0.0, 0.3], "kappa alone may be 0"
    by_hand = at_parameters(icm(data, noise="shared"), {"likelihood.noise": 0.05})
    assert list(by_hand.starts.columns) == COLUMNS and len(by_hand.starts) == 0
    assert np.allclose(np.diag(by_hand.model.Sigma()), 0.05)
    with refusing(ValueError, match="the floor, which is fixed"):
        at_parameters(icm(data, noise="full"), {"likelihood.noise": 0.05})


def test_a_small_covariance_is_as_good_as_a_large_one():
    for scale in (1e-30, 1.0, 1e30):
        assert torch.allclose(cholesky(scale * torch.eye(3).double()), scale**0.5 * torch.eye(3).double())
        with pytest.raises(NotPositiveDefiniteError):
            cholesky(scale * torch.ones(2, 2).double())


def random_model(seed):
    """A model of a random table, two in three with holes: an LMC, an ICM with full noise, or independent tasks."""
    rng = np.random.default_rng(seed)
    rows, tasks = int(rng.integers(12, 31)), int(rng.integers(2, 4))
    x = np.sort(rng.uniform(0, 10, rows))
    y = rng.uniform(0.1, 0.6) * rng.normal(size=(rows, tasks))
    for length in (rng.uniform(1.5, 4), rng.uniform(0.3, 1)):
        K = np.exp(-0.5 * (np.subtract.outer(x, x) / length) ** 2) + 1e-9 * np.eye(rows)
        y += np.linalg.cholesky(K) @ rng.normal(size=(rows, 2)) @ rng.normal(size=(2, tasks))
    y[rng.random(y.shape) < (0, 0.1, 0.3)[seed % 3]] = np.nan
    data, kernel = TaskData(x, y), gpytorch.kernels.MaternKernel(nu=1.5)
    if seed % 4 < 2:
        return lmc(data, kernels=[kernel, kernel] if seed % 8 < 4 else 2)
    return icm(data, noise="full", kernel=kernel) if seed % 4 == 2 else independent(data, kernel=kernel)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_no_default_fit_is_lower_than_that_of_scipy_from_the_same_starts(seed):
    model, priors = random_model(seed), seed % 5 > 0
    found = fit(model, priors=priors).starts
    first = starting_point(model, 0, torch.Generator())
    starts = fitting._starts(model, first, Objective(first, priors), len(found), 0)
    assert found["objective"].max() > max(climbed_by_scipy(model, priors, starts)) - 0.01


@pytest.mark.parametrize("ask", [fit, at_parameters])
def test_the_argument_that_went_says_what_to_do(ask):
    with pytest.raises(TypeError, match="^fast: is no argument of .* any more; leave it out"):
        ask(icm(simulate.two_sines(n=6, seed=1)), fast=False)
