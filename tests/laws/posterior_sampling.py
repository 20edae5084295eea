"""Fits that are averaged over the posterior of their parameters: the density, the draws, and what mixtures answer."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import integrate, optimize, stats

from laws.common import RANDOM, close, height, table, tensor, unfitted
from mtgp_tutorial import (
    Mixture,
    PosteriorSamples,
    Prediction,
    TaskData,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    leave_out,
    lmc,
    load,
    parts,
    plots,
    predict,
    sample,
    sample_posterior,
    scores,
    simulate,
)
from mtgp_tutorial.mixture import normal_scores
from mtgp_tutorial.noise import FLOOR
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import free_vector
from mtgp_tutorial.posterior_sampling import EVERY, WARM, Target, Walk, diagnosed
from mtgp_tutorial.reparametrisation import Reparametrisation, _factor, _split
from mtgp_tutorial.result import Fit, no_runs


def as_fit(model, seed=0):
    """A model at random parameters, as a fit with priors of which is free what was."""
    frozen = tuple(name for name, p in model.named_parameters() if not p.requires_grad)
    return Fit(unfitted(model, seed).model, True, float("nan"), no_runs(), frozen)


def averaged(fitted, moves, seed=0):
    """Averaged over parameters that are moved by this much from those of the fit; no sampler."""
    rng, names = RANDOM(seed), [name for name, _ in fitted.model.named_parameters() if name not in fitted.frozen]
    vector = np.concatenate([fitted.model.get_parameter(name).numpy().ravel() for name in names])
    vectors = vector + np.array(moves)[:, None] * rng.normal(size=(len(moves), len(vector)))
    return PosteriorSamples(fitted, vectors, np.arange(len(moves)) % 2, 1.0, 0)


MODELS = (
    lambda data: icm(data, noise="full"),
    lambda data: lmc(data, kernels=2, rank=2),
    lambda data: lmc(data, kernels=2, kappa=False, noise="shared"),
    lambda data: independent(data),
    lambda data: independent(data, hyperparameters="shared"),
)


def law_averaging_over_equal_draws_is_the_plug_in():
    data = table(RANDOM(101), rows=8)
    for build in MODELS:
        fitted = as_fit(build(data), 3)
        for moves in ([0.0], [0.0] * 4):
            same, further = averaged(fitted, moves), [0.3, 2.2]
            for one, other in (
                (predict(same, further, covariance=True), predict(fitted, further, covariance=True)),
                (impute(same, covariance=True), impute(fitted, covariance=True)),
                (leave_out(same, "row"), leave_out(fitted, "row")),
                *zip(parts(same, further), parts(fitted, further)),
            ):
                for name in ("mean", "variance", "covariance"):
                    ours, theirs = getattr(one, name), getattr(other, name)
                    assert (ours is None) == (theirs is None)
                    if ours is not None:
                        close(ours.nan_to_num(), theirs.nan_to_num(), 1e-10)
            gap = ~data.observed
            close(sample(same, data, 8, seed=1, noise=True)[:, data.observed], data.y[data.observed].expand(8, -1), 0)
            low, high = impute(same).band(0.9)
            sd = impute(fitted).sd
            close((high - low)[gap], 2 * stats.norm.ppf(0.95) * sd[gap], 1e-7)
            plain, mean = impute(fitted), impute(fitted).mean
            close(plain.band(0.9)[0][gap], mean[gap] + stats.norm.ppf(0.05) * sd[gap], 1e-9)
            close(plain.quantile(0.7)[gap], mean[gap] + stats.norm.ppf(0.7) * sd[gap], 1e-9)


def law_the_variance_of_a_mixture_is_the_total_variance():
    """Mean, variance and covariance by loops over the draws; the joint covariance is one; draws have its moments."""
    data = table(RANDOM(102), rows=8)
    many = averaged(as_fit(icm(data, noise="full"), 4), [0.4] * 6)
    each, found = [impute(one, covariance=True) for one in many.fits()], impute(many, covariance=True)
    cells = [(row, data.tasks.index(task)) for row, task in found.cells]
    means = np.array([[float(one.mean[cell]) for cell in cells] for one in each])
    within = sum(one.covariance.numpy() for one in each) / 6
    between = sum(np.outer(m, m) for m in means) / 6 - np.outer(means.mean(0), means.mean(0))
    close([found.mean[cell] for cell in cells], means.mean(0))
    close(found.covariance, within + between, 1e-9)
    close(found.covariance.diagonal(), [found.variance[cell] for cell in cells])
    scale = np.sqrt(np.diag(within))
    assert np.linalg.eigvalsh(found.covariance.numpy() / np.outer(scale, scale)).min() > -1e-8
    draws = sample(many, [0.5], 6000, seed=0, noise=True)[:, 0]
    answer = predict(many, [0.5])
    z = (draws.mean(0) - answer.mean[0]) / (answer.sd[0] / 6000**0.5)
    assert z.abs().max() < 4.5 and (draws.std(0) / answer.sd[0] - 1).abs().max() < 0.08
    few = torch.cat([sample(many, [0.5], 1, seed=seed, noise=True)[:, 0] for seed in range(400)])  # not of the first
    z = (few.mean(0) - answer.mean[0]) / (answer.sd[0] / 400**0.5)
    assert z.abs().max() < 4 and (few.std(0) / answer.sd[0] - 1).abs().max() < 0.25
    assert torch.equal(sample(many, [0.5], 7, seed=3), sample(many, [0.5], 7, seed=3))
    assert sample(many, [0.5], 0, seed=3).shape == (0, 1, 3)


def law_the_density_of_coordinates_is_that_of_variances_and_correlations():
    """By determinants of Jacobians: of (log b, a) against (s, log b), and of (log variances, R) against the factor."""
    rng = RANDOM(103)
    for R in (1, 2, 3):
        z = tensor(rng.normal(size=R + 1))
        W, log_kappa, density = _split(z[None, None, :-1], z[None, -1:])
        jacobian = torch.autograd.functional.jacobian(_in_the_ball, z)
        r = float(W.norm() / (W.norm() ** 2 + log_kappa.exp()).sqrt())
        of_a = -0.5 * np.log(-np.log(r)) - (R - 1) * np.log(r)  # uniform direction, (-log r)^(-1/2) for the length
        close(float(density), of_a + float(torch.linalg.slogdet(jacobian)[1]), 1e-6)
    for T in (1, 2, 4):
        x = tensor(rng.normal(size=T * (T + 1) // 2))
        jacobian = torch.autograd.functional.jacobian(lambda z, T=T: _of_noise(z, T)[0], x)
        close(float(_of_noise(x, T)[1]), float(torch.linalg.slogdet(jacobian)[1]), 1e-8)


def _in_the_ball(z):
    """a [R] and log B_tt of one task, from its coordinates."""
    W, log_kappa, _ = _split(z[None, None, :-1], z[None, -1:])
    b = (W**2).sum(-1) + log_kappa.exp()
    return torch.cat([(W / b.sqrt()[..., None]).ravel(), b.log().ravel()])


def _of_noise(z, T):
    """Log variances and correlations of Sigma, from the coordinates of its factor, and their log density."""
    floor = tensor([[1e-2]])
    at = tuple(map(torch.as_tensor, np.tril_indices(T)))
    x = torch.zeros(1, T, T, dtype=torch.float64).index_put((torch.zeros(len(z), dtype=torch.long), *at), z)
    L, density = _factor(x, floor)
    S = L[0] @ L[0].mT + floor * torch.eye(T)
    v = S.diagonal()
    return torch.cat([v.log(), (S / torch.outer(v, v).sqrt())[np.tril_indices(T, -1)]]), density


def law_without_data_each_correlation_is_uniform_before_its_prior():
    """Of one column: P(|a_s a_t| <= c) = c for two lengths with this density, by quadrature."""

    def within(r, c):
        return stats.gamma(0.5).sf(max(0.0, -np.log(min(1.0, c / r)))) * (-np.log(r)) ** -0.5 / np.sqrt(np.pi)

    for c in (0.1, 0.4, 0.8):
        close(integrate.quad(within, 0, c, (c,))[0] + integrate.quad(within, c, 1, (c,))[0], c, 1e-6)


def law_shares_lengths_and_floors_have_their_densities():
    """Against sums by hand: the split among kernels, a W without kappa, and noise above its floor."""
    data, rng = table(RANDOM(110), rows=8), RANDOM(111)

    def beyond(model):
        coordinates = Reparametrisation(model)
        z = tensor(rng.normal(size=(1, int(coordinates.used.sum()))))
        vector, density = coordinates.placed(z)
        torch.nn.utils.vector_to_parameters(vector[0], [p for p in model.parameters() if p.requires_grad])
        return float(density), [term.B.diagonal().detach().numpy() for term in model.kernel.terms()]

    model = independent(data)
    density, _ = beyond(model)
    raw = model.likelihood.raw_task_noises.detach().numpy()
    close(density, np.log(np.exp(raw) / (np.exp(raw) + FLOOR)).sum())  # d log(variance) / d raw
    model = lmc(data, kernels=2, rank=2, kappa=False)
    density, (first, second) = beyond(model)
    raw = model.likelihood.raw_task_noises.detach().numpy()
    of_noise = np.log(np.exp(raw) / (np.exp(raw) + FLOOR)).sum()
    share = first / (first + second)
    of_length = -np.log(first).sum() - np.log(second).sum()  # b^(-R / 2): log b flat, directions uniform
    close(density, of_noise + of_length + np.log(share * (1 - share)).sum(), 1e-8)


def law_the_target_is_likelihood_prior_and_density():
    """At the coordinates of a model, with slopes as differences say, for every kind of model."""
    data = table(RANDOM(104), rows=8)
    for build in MODELS:
        model = build(data)
        fitted = unfitted(build(data), 5).model
        for name, p in model.named_parameters():
            p.data.copy_(fitted.get_parameter(name))
        target, flat, stored = Target(model), Objective(model, True), free_vector(model)
        z = target.coordinates.coordinates()
        close(height(flat, target.vectors(z[None])[0]), height(flat, stored), 1e-4)
        value, slope = target.many(z[None])
        more = Reparametrisation(model).placed(tensor(z[None]))[1]
        close(value, height(flat, target.vectors(z[None])[0]) + more.numpy(), 1e-10)
        steps = 1e-5 * np.eye(len(z))
        differences = (target.many(z + steps)[0] - target.many(z - steps)[0]) / 2e-5
        close(slope[0], differences, 1e-6)


class Normal:
    """Independent normal laws of variance 1 and 9."""

    def many(self, z):
        return -0.5 * (z**2 / [1, 9]).sum(1), -z / [1, 9]


def law_a_walk_leaves_a_normal_law_as_it_is():
    """With steps so long that a leapfrog alone would give the first variance as 1 / (1 - 1.2^2 / 4) = 1.6."""
    walk = Walk(Normal(), np.zeros(2), np.diag([1.0, 3.0]), 64, RANDOM(112))
    walk.step, found = 1.2, []
    for _ in range(400):
        chance = walk.move()
        assert (chance <= 1).all() and (chance >= 0).all()
        found.append(walk.here())
    draws = np.concatenate(found)
    assert np.abs(draws.mean(0) / [1, 3]).max() < 0.06 and np.abs(draws.var(0) / [1, 9] - 1).max() < 0.08
    assert abs((draws[:, 0] ** 4).mean() / 3 - 1) < 0.15 and abs(np.corrcoef(draws.T)[0, 1]) < 0.06


def law_draws_are_those_of_quadrature():
    """A length-scale and a noise, all else held: mean and sd of predictions on a grid of both.

    Of six seeds the largest difference was 0.04 sd, which is what 1,200 draws that follow each other leave to chance.
    """
    rng = RANDOM(105)
    x = np.linspace(0, 1, 12)
    data = TaskData(x, np.sin(5 * x)[:, None] + 0.3 * rng.normal(size=(12, 1)))
    model = independent(data)
    free = ("raw_lengthscale", "raw_task_noises")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.rpartition(".")[2] in free)
    fitted = fit(model, starts=1)
    found = sample_posterior(fitted, draws=1200, chains=8, seed=1)
    held = [name for name, _ in fitted.model.named_parameters() if name.rpartition(".")[2] not in free]
    for one in (next(found.fits()), list(found.fits())[-1]):  # what was frozen did not move
        assert all(torch.equal(one.model.get_parameter(n), model.get_parameter(n)) for n in held)
    target, at, cells = Target(_with_free(fitted, free)), predict(found, [0.45, 1.2]), []
    grid = np.array(np.meshgrid(np.linspace(-4, 1.5, 30), np.linspace(-9, 1, 30))).reshape(2, -1).T
    order = [name.rpartition(".")[2] for name, _ in target.objective.free]
    z = grid if order[0] == "raw_lengthscale" else grid[:, ::-1]
    values = target.many(np.ascontiguousarray(z))[0]
    weights = np.exp(values - values.max())
    heavy = weights > 1e-5
    weights = weights[heavy] / weights[heavy].sum()
    spread = PosteriorSamples(fitted, target.vectors(np.ascontiguousarray(z[heavy])), np.zeros(heavy.sum()), 1.0, 0)
    cells = [(one.mean.numpy(), one.variance.numpy()) for one in (predict(f, [0.45, 1.2]) for f in spread.fits())]
    means, variances = (np.array(each) for each in zip(*cells))
    mean = np.tensordot(weights, means, 1)
    sd = np.sqrt(np.tensordot(weights, variances + means**2, 1) - mean**2)
    assert (np.abs(at.mean.numpy() - mean) / sd).max() < 0.08 and np.abs(at.sd.numpy() / sd - 1).max() < 0.08


def _with_free(fitted, free):
    model = fitted.model.requires_grad_(False)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.rpartition(".")[2] in free)
    return model


def law_an_averaged_fit_is_kept():
    """Written and read it answers to the bit; seeds are kept; other seeds draw others."""
    fitted = fit(icm(simulate.two_sines(seed=1)), starts=1)
    first, again, other = (sample_posterior(fitted, draws=16, chains=2, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first.vectors, again.vectors) and not np.array_equal(first.vectors, other.vectors)
    assert first.vectors.shape == (16, 9) and first.chains.tolist() == [0] * 8 + [1] * 8
    with tempfile.TemporaryDirectory() as folder:
        first.save(Path(folder) / "a.npz")
        loaded = load(Path(folder) / "a.npz")
        fitted.save(Path(folder) / "b.npz")
        assert (
            isinstance(load(Path(folder) / "b.npz"), Fit) and load(Path(folder) / "b.npz").frozen == fitted.frozen == ()
        )
    assert isinstance(loaded, PosteriorSamples) and (loaded.accepted, loaded.evaluations) == (
        first.accepted,
        first.evaluations,
    )
    assert torch.equal(predict(loaded, [0.3]).means, predict(first, [0.3]).means)
    assert loaded.draws.equals(first.draws) and loaded.chains.tolist() == first.chains.tolist()


def law_numbers_of_draws_are_those_of_their_fits():
    data = table(RANDOM(106), rows=8)
    many = averaged(as_fit(icm(data, noise="full"), 6), [0.2] * 8)
    draws = many.draws
    for row, one in zip(draws.itertuples(index=False), many.fits()):
        sd = np.sqrt(np.diag(one.B))
        expected = [*one.length_scales, *sd, *one.correlation.to_numpy()[np.triu_indices(3, 1)]]
        noise = [*np.sqrt(np.diag(one.Sigma)), *one.noise_correlation.to_numpy()[np.triu_indices(3, 1)]]
        close(np.array(row) / [*expected, *noise], np.ones(13), 1e-9)
    assert list(draws)[:5] == [
        "length-scale 1",
        *(f"signal of task {t}" for t in (1, 2, 3)),
        "signal of task 1 and task 2",
    ]
    intervals = many.intervals(0.5)
    close(intervals["low"], draws.quantile(0.25)), close(intervals["high"], draws.quantile(0.75))


def law_draws_stand_chain_after_chain():
    """More draws of one seed begin with the same in each run; shares and sizes stand under their names."""
    fitted = fit(icm(simulate.two_sines(12, seed=3)), starts=1)
    moved, plain = [], Walk.move

    def counted(self):
        chance = plain(self)
        moved.append(chance.mean())
        return chance

    Walk.move = counted
    try:
        with warnings.catch_warnings(record=True) as warned:  # so few draws have not mixed
            warnings.simplefilter("always")
            few, more = (sample_posterior(fitted, draws=draws, chains=2, seed=5) for draws in (8, 12))
            other = sample_posterior(fitted, draws=8, chains=2, seed=6)
    finally:
        Walk.move = plain
    assert few.chains.tolist() == [0] * 4 + [1] * 4 and more.chains.tolist() == [0] * 6 + [1] * 6
    close(few.vectors, more.vectors[[0, 1, 2, 3, 6, 7, 8, 9]], 1e-12)
    assert np.abs(few.vectors - other.vectors).min() > 0
    close(few.accepted, np.mean(moved[WARM : WARM + EVERY * 4]))
    worst = few.mixing["R-hat"].idxmax()
    largest = few.mixing.loc[worst, "R-hat"]
    unmixed = f"sample_posterior: the chains have not mixed (R-hat {largest:.2f} of {worst}); ask for more draws"
    assert unmixed in [str(one.message) for one in warned]
    for name, row in few.mixing.iterrows():
        close(row[["R-hat", "ESS"]].astype(float), diagnosed(few.draws[name].to_numpy(), few.chains))
    said = repr(few).split("\n  ")[:3]
    assert said == [
        "PosteriorSamples: 8 draws of 2 chains",
        f"accepted: {100 * few.accepted:.0f} %, evaluations: {few.evaluations}",
        f"largest R-hat: {few.mixing['R-hat'].max():.2f}, least effective size: {few.mixing['ESS'].min():.0f}",
    ]


def law_chains_that_mix_are_told_from_those_that_do_not():
    """An AR(1) of coefficient c has n (1 - c) / (1 + c) effective draws; runs about two means have a large R-hat."""
    rng = RANDOM(107)
    for c in (0.0, 0.5, 0.9):
        runs, n = np.repeat(np.arange(4), 4000), 4000
        x = rng.normal(size=(4, n))
        for k in range(1, n):
            x[:, k] = c * x[:, k - 1] + (1 - c**2) ** 0.5 * x[:, k]
        hat, size = diagnosed(x.ravel(), runs)
        assert abs(hat - 1) < 0.01 and 0.75 < size / (4 * n * (1 - c) / (1 + c)) < 1.3, (c, size)
    x = rng.normal(size=(2, 400)) + np.array([[0.0], [3.0]])
    hat, size = diagnosed(x.ravel(), np.repeat([0, 1], 400))
    within, between = x.var(1, ddof=1).mean(), 2.25 * 4 / 3  # four halves about 0 and 3
    assert abs(hat - (1 + between / within) ** 0.5) < 0.1 and size < 8


def law_scores_of_a_mixture_are_integrals():
    """NLPD, CRPS, quantiles and coverage against numeric integration of its density."""
    rng = RANDOM(108)
    data = TaskData([0.0, 1.0, 2.0], rng.normal(size=(3, 2)))
    hidden = data.split(torch.tensor([[True, False], [True, True], [False, True]]))[1]
    means, variances = tensor(rng.normal(size=(5, 3, 2))), tensor(rng.uniform(0.1, 2, (5, 3, 2)))
    mean = means.mean(0)
    found = Mixture(data.x, mean, variances.mean(0) + ((means - mean) ** 2).mean(0), data.tasks, data.units, True,
                    means=means, variances=variances)  # fmt: skip
    plain = Prediction(data.x, mean, found.variance, data.tasks, data.units, True)
    seen = TaskData(np.arange(10.0, 14.0), rng.normal(size=(4, 2)), data.tasks)
    rows, gaussian = scores.table(found, hidden, seen), scores.table(plain, hidden, seen)
    for t, task in enumerate(data.tasks):
        each = []
        for i in np.flatnonzero(hidden.observed[:, t].numpy()):
            law = [stats.norm(float(m), float(v) ** 0.5) for m, v in zip(means[:, i, t], variances[:, i, t])]
            y = float(hidden.y[i, t])
            below = integrate.quad(lambda u, law=law: _cdf(u, law) ** 2, -15, y, epsabs=1e-10, limit=200)[0]
            above = integrate.quad(lambda u, law=law: (1 - _cdf(u, law)) ** 2, y, 15, epsabs=1e-10, limit=200)[0]
            inside = abs(2 * _cdf(y, law) - 1) <= stats.norm.cdf(2) - stats.norm.cdf(-2)
            each.append([-np.log(np.mean([one.pdf(y) for one in law])), below + above, inside])
            for level in (0.025, 0.5, 0.9):
                expected = optimize.brentq(lambda u, law=law, level=level: _cdf(u, law) - level, -20, 20)
                close(found.quantile(level)[i, t], expected, 1e-8)
        close(rows.loc[task, ["NLPD", "CRPS", "coverage"]].to_numpy(float), np.mean(each, 0), 1e-6)
        same = ["MSE", "MAE", "SMSE"]
        close(rows.loc[task, same].to_numpy(float), gaussian.loc[task, same].to_numpy(float))
        shift = rows.loc[task, "NLPD"] - rows.loc[task, "MSLL"]
        close(shift, gaussian.loc[task, "NLPD"] - gaussian.loc[task, "MSLL"])


def _cdf(y, law):
    return np.mean([one.cdf(y) for one in law])


def law_latent_functions_of_draws_have_the_sign_of_the_optimum():
    data = table(RANDOM(109), rows=8)
    fitted = as_fit(icm(data), 7)
    turned = averaged(fitted, [0.0, 0.0])
    names = [name for name, _ in fitted.model.named_parameters() if name not in fitted.frozen]
    sizes = [fitted.model.get_parameter(name).numel() for name in names]
    at = np.repeat(["covar_factor" in name for name in names], sizes)
    turned.vectors[1, at] *= -1  # the same B
    close(latent_functions(turned, [0.4]).mean, latent_functions(fitted, [0.4]).mean, 1e-10)


def law_residuals_of_a_mixture_are_normal_scores():
    """Of the mean of the draws' cdfs, each cell left out alone and in blocks; far out, too."""
    data = table(RANDOM(108), rows=8)
    many = averaged(fit(icm(data, noise="full"), starts=1), [0.0, 0.6])
    for by in ("cell", np.arange(8) // 3):
        z = leave_out(many, by).residuals(data.y)
        each = [leave_out(one, by).residuals(data.y).numpy() for one in many.fits()]
        close(z, stats.norm.ppf(np.mean([stats.norm.cdf(one) for one in each], 0)), 1e-8)
    far = normal_scores(tensor([[9.0, -30.0, 50.0], [9.5, -31.0, 60.0]]))
    close(far, [stats.norm.isf(np.mean(stats.norm.sf([9.0, 9.5]))), -stats.norm.isf(stats.norm.sf(30) / 2), 50.0], 1e-8)


def law_the_band_of_a_mixture_is_drawn_by_its_quantiles():
    """Ends where the mean of the draws' cdfs is 0.0228 and 0.9772, by scipy's root finder; the label says so."""
    many = averaged(as_fit(icm(table(RANDOM(109), rows=8)), 4), [0.0, 0.9, 0.9])
    said = predict(many, [0.5, 1.5])
    ax = plots.band(Figure().subplots(), said, 1)
    path, (label,) = ax.collections[0].get_paths()[0], ax.get_legend_handles_labels()[1]
    for m, x in enumerate((0.5, 1.5)):
        law = stats.norm(said.means[:, m, 1].numpy(), said.variances[:, m, 1].sqrt().numpy())
        ends = [
            optimize.brentq(lambda y, law, p: law.cdf(y).mean() - p, -99, 99, (law, stats.norm.cdf(z))) for z in (-2, 2)
        ]
        drawn = path.vertices[np.isclose(path.vertices[:, 0], x), 1]
        close([drawn.min(), drawn.max()], ends, 1e-7)
    assert label == "observed y, central 95.4 %"
