"""Counts, and yes or no: sites are the best normal law there is, the gradient is that of the bound, in every form."""

import warnings
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
import scipy
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from pytest import raises, warns
from scipy import special, stats

from laws.common import RANDOM, climbed_by_scipy, close, dense_objective, in_each_form, prior_by_hand, tensor, unfitted
from mtgp_tutorial import (
    Bernoulli,
    NegativeBinomial,
    Poisson,
    TaskData,
    at_parameters,
    fit,
    icm,
    impute,
    independent,
    latent_functions,
    leave_out,
    lmc,
    load,
    parts,
    predict,
    sample,
    scores,
    sites,
)
from mtgp_tutorial.conditioning import Conditioned, Evidence
from mtgp_tutorial.covariance import all_cells
from mtgp_tutorial.likelihoods import CellLaw, Likelihood, Normal
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import free_sizes, free_vector
from mtgp_tutorial.priors import log_prior
from mtgp_tutorial.starts import starting_point
from mtgp_tutorial.tables import compare, plain_methods

TASKS = ["level", "flow", "eggs", "wasps", "ill"]


def mixed(rows=14, seed=0):
    """Two readings, two counts and a yes or no on shared functions, with holes; and exposures."""
    rng = RANDOM(seed)
    x = np.sort(rng.uniform(0, 10, rows))
    f = np.sin(x)[:, None] * [1, -1, 0.8, 0.6, 2] + np.array([5, 0, 1.5, 0.5, 0])
    e = rng.uniform(0.5, 3, rows)
    y = np.column_stack([f[:, :2] + 0.3 * rng.normal(size=(rows, 2)), rng.poisson(e * np.exp(f[:, 2]))])
    y = np.column_stack([y, rng.poisson(np.exp(f[:, 3]) * rng.gamma(2, 0.5, rows)), rng.uniform(size=rows) < 0.5])
    y[rng.uniform(size=y.shape) < 0.15] = np.nan
    y[3] = np.nan
    return TaskData(x, y, tasks=TASKS), e


def likelihoods(e, overdispersed=False):
    """Of `mixed`."""
    return {"eggs": Poisson(exposure=e, overdispersed=overdispersed), "wasps": NegativeBinomial(), "ill": "bernoulli"}


def models(seed=0):
    """A model of each family on it, at random parameters; noise of each kind, and overdispersed."""
    data, e = mixed(seed=seed)
    for model in (
        icm(data, likelihood=likelihoods(e), kernel=MaternKernel(nu=2.5)),
        icm(data, likelihood=likelihoods(e, True), rank=2),
        icm(data, noise="full", likelihood=likelihoods(e)),
        icm(data, noise="rank 1", likelihood=likelihoods(e)),
        independent(data, likelihood=likelihoods(e)),
        independent(data, noise="shared", hyperparameters="shared", likelihood=likelihoods(e)),
        lmc(data, likelihood=likelihoods(e), kernels=[RBFKernel(), MaternKernel(nu=1.5)], rank=[1, 2]),
        lmc(data, likelihood=likelihoods(e), kappa=False, noise="full"),
    ):
        yield unfitted(model, seed)


def bound_of(model, mean, root):
    """The bound of q(g) = N(mean, root root^T) of all observed cells, from its definition, in torch."""
    cells = all_cells(model.unit.observed)
    C = model.covariance(cells)
    read = torch.tensor([model.laws[t].read for t in cells[1].tolist()])
    known = model.variances().where(torch.tensor([not law.read for law in model.laws]), 0.0)[cells]
    prior = C - torch.diag(known) + 1e-12 * torch.eye(len(C))
    prior = prior - torch.diag(torch.where(read, model.Sigma().diagonal()[cells[1]], 0.0))
    variance, y = (root**2).sum(1), model.unit.y[cells]
    total = torch.zeros((), dtype=torch.float64)
    for t, law in enumerate(model.laws):
        at = cells[1] == t
        m, v = mean[at], variance[at]
        if law.read:
            s = model.Sigma()[t, t]
            total = total - 0.5 * ((2 * torch.pi * s).log() + ((y[at] - m) ** 2 + v) / s).sum()
        else:
            counts, size = (each[cells][at] for each in (model.data.y, model.sizes))
            total = total + law.expected(counts, m + model.scale.mean[t], v, size)[0].sum()
    L = torch.linalg.cholesky(prior)
    off = torch.linalg.solve_triangular(L, (mean - model.means()[cells[1]])[:, None], upper=False)
    half = torch.linalg.solve_triangular(L, root, upper=False)
    logs = 2 * (L.diagonal().log().sum() - root.diagonal().abs().log().sum())
    return total - 0.5 * ((half**2).sum() + (off**2).sum() - len(mean) + logs)


def law_no_normal_law_has_a_higher_bound():
    """Full-covariance ones found by L-BFGS from ten starts, of counts and yes or no beside a reading."""
    data, e = mixed(6)
    kept = TaskData(data.x, data.y[:, [0, 2, 4]], tasks=[TASKS[k] for k in (0, 2, 4)])
    model = unfitted(icm(kept, likelihood={"eggs": Poisson(exposure=e), "ill": "bernoulli"}), 1).model
    ours, n, rng = float(model.log_likelihood()), int(kept.observed.sum()), RANDOM(0)
    below = torch.tril_indices(n, n)

    def loss(vector):
        p = tensor(vector).requires_grad_()
        root = torch.zeros(n, n, dtype=torch.float64).index_put(tuple(below), p[n:])
        value = -bound_of(model, p[:n], root)
        return float(value.detach()), torch.autograd.grad(value, p)[0].numpy()

    best = -np.inf
    for _ in range(10):
        start = np.concatenate([rng.normal(size=n), (0.5 * np.eye(n) + 0.1 * np.tril(rng.normal(size=(n, n))))[*below]])
        options = {"maxiter": 3000, "maxfun": 10**5, "maxcor": 60, "ftol": 1e-15, "gtol": 1e-8}
        best = max(best, -scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=options).fun)
    assert ours - 1e-6 < best < ours + 1e-8, (ours, best)


def law_the_gradient_is_that_of_the_bound():
    """By hand and by autograd, by the cheapest solver and the dense one, against differences (of fourth order)."""
    for fitted in models():
        model = fitted.model
        for name, p in model.named_parameters():
            p.requires_grad_(bool(p.isfinite().all()) and name not in model.kind.fixed)
        target, vector = Objective(model, True), free_vector(model)
        target.gains = 1e-12, 1e-12
        value, slope = target(vector)
        close(-dense_objective(model, True), value)
        if model.kernel.coregional and model.noise == "per task":
            close(log_prior(model), prior_by_hand(model))
        (-dense_objective(model, True)).backward()
        close(torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad]), slope, 1e-6)
        h, own = 5e-4, [i for i, name in enumerate(names_of(model)) if "dispersion" in name or "constant" in name]
        for way in (*np.eye(len(vector))[own], *RANDOM(1).normal(size=(3, len(vector))) / len(vector) ** 0.5):
            steps = [target(vector + k * h * way)[0] for k in (-2, -1, 1, 2)]
            close(np.dot(steps, [1, -8, 8, -1]) / (12 * h), slope @ way, 1e-6)


def names_of(model):
    """Of each number in the vector of free parameters."""
    return [name for name, size in free_sizes(model) for _ in range(size)]


def law_every_form_has_the_same_counts():
    """Bound, predictions, missing cells, parts and latent functions, of the core and of each solver, Markov too."""
    for fitted in models(1):
        slow = replace(fitted, solver="dense")
        value, said = float(slow.model.log_likelihood(solver="dense")), list(answers(slow))
        for quick in in_each_form(fitted):
            close(float(quick.model.log_likelihood()), value)
            conditioned, cells = quick.conditioned(), quick.model.sites.cells
            close(conditioned.diagonal(cells), conditioned.row_blocks().diagonal(dim1=1, dim2=2)[cells])
            for one, other in zip(answers(quick), said, strict=True):
                close(one, other, 1e-6)


def answers(fitted):
    """What a fit says."""
    x = tensor([0.5, 5.0, 11.0])
    for noise in (True, False):
        for found in (predict(fitted, x, noise=noise, exposure={"eggs": [1.0, 2.0, 3.0]}), impute(fitted, noise=noise)):
            yield from (found.mean, found.variance)
    for part in parts(fitted, x):
        yield from (part.mean, part.variance)
    if fitted.model.kernel.coregional:
        yield latent_functions(fitted, x).mean


class Reading(Likelihood):
    """A normal reading with the error 0.3, as sites see it: by Gauss and Hermite."""

    word = "reading"

    def faults(self, y):
        return y.isinf()

    def start(self, y, size):
        return y / size, torch.full_like(y, 2.0)

    def log_density(self, y, g, size):
        return -0.5 * ((y - g) ** 2 / 0.09 + np.log(2 * np.pi * 0.09))

    def slope(self, y, g, size):
        return (y - g) / 0.09


def law_a_normal_reading_as_a_site_is_exact():
    """The evidence of the same table with a known error, after one step."""
    data, _ = mixed()
    y = data.y[:, :2]
    model = unfitted(icm(TaskData(data.x, y), likelihood={"task 2": Reading()})).model
    sd = torch.stack([torch.full_like(y[:, 0], torch.nan), torch.full_like(y[:, 1], 0.3)], 1)
    exact, means = icm(TaskData(data.x, y, sd=sd), noise="per task"), model.means()
    C = model.covariance(cells := all_cells(model.unit.observed)) - torch.diag(model.variances()[cells])
    values = torch.stack([model.unit.y[:, 0], y[:, 1] - model.scale.mean[1]], 1)
    own = torch.diag(0.09 * (cells[1] == 1).double())
    normal = torch.distributions.MultivariateNormal(means[cells[1]], C + own)
    close(model.log_likelihood(), normal.log_prob(values[cells]))
    assert model.sites.steps <= 3 and exact.sites.settle(lambda y, v: None, exact.laws)[1] == 0


def law_a_long_length_scale_with_a_slope_is_the_glm_of_a_covariate():
    """What is expected solves the GLM's score equations, and is its rate where counts are large."""
    rng, x = RANDOM(5), np.linspace(-1, 1, 40)
    e = rng.uniform(50, 400, 40)
    y, X = rng.poisson(e * np.exp(0.3 + 0.8 * x)), np.column_stack([np.ones(40), x])
    beta = np.array([np.log(y.sum() / e.sum()), 0.0])
    for _ in range(20):
        rate = e * np.exp(X @ beta)
        beta += np.linalg.solve((X.T * rate) @ X, X.T @ (y - rate))
    model = icm(TaskData(x, y[:, None]), likelihood={"task 1": Poisson(exposure=e)}, kernel=RBFKernel())
    model.requires_grad_(False).kernel.data_covar_module.lengthscale = 1e3
    model.kernel.task_covar_module.covar_factor.fill_(1e4)
    said = predict(at_parameters(model), x, exposure={"task 1": e}).mean[:, 0].numpy()
    close(X.T @ (y - said) / y.sum(), np.zeros(2), 1e-6)
    close(said / (e * np.exp(X @ beta)), np.ones(40), 1e-3)


def law_a_fit_goes_on_from_its_sites():
    """An evaluation beside an earlier one takes fewer steps than a cold one, and says the same."""
    for fitted in models(2):
        model, rng = fitted.model.requires_grad_(True), RANDOM(3)
        for name, p in model.named_parameters():
            p.requires_grad_(bool(p.isfinite().all()) and name not in model.kind.fixed)
        warm, vector = Objective(model, True), free_vector(model)
        warm(vector)
        warm(vector + 3.0)  # another run, elsewhere
        beside, before = vector + 1e-4 * rng.normal(size=len(vector)), warm.sites.steps
        value, slope = warm(beside)
        cold = Objective(model, True)
        close(value, cold(beside)[0], 1e-5)
        assert warm.sites.steps - before <= 2 < cold.sites.steps
        assert np.abs(slope - cold(beside)[1]).max() < 1e-2 * max(1, np.abs(slope).max())


def law_sites_that_do_not_settle_are_told():
    """By a warning with what a step would still gain."""
    model, most = next(models()).model, sites.MOST
    model.put_sites(*model.sites.first)
    sites.MOST = 1
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.log_likelihood()
    finally:
        sites.MOST = most
    assert [str(one.message)[:19] for one in told] == ["sites: after 1 step"]
    close(model.log_likelihood(), next(models()).model.log_likelihood())


def law_residuals_of_counts_are_normal():
    """Of y drawn from their own law, whatever the law; those of what was left out know the cell's law."""
    rng, n = RANDOM(6), 20000
    mean, variance, size = rng.normal(size=n), rng.uniform(0.1, 1, n), rng.integers(1, 9, n).astype(float)
    g = mean + variance**0.5 * rng.normal(size=n)
    for law in (Poisson(), NegativeBinomial(dispersion=0.5), Bernoulli()):
        z = CellLaw(law, mean, variance, size).residuals(law.draw(g, size, rng), 1)
        assert stats.kstest(z, "norm").pvalue > 0.01
    fitted = next(models())
    left, data = leave_out(fitted), fitted.model.data
    z, read = left.residuals(data.y), (data.y - left.mean) / left.sd
    assert torch.equal(z.isnan(), ~data.observed) and torch.equal(z[:, :2].nan_to_num(), read[:, :2].nan_to_num())
    yes = CellLaw(Bernoulli(), *(one[:, 4].numpy() for one in (left.latent_mean, left.latent_variance, left.sizes)))
    low, high = (special.ndtri(yes.cdf(data.y[:, 4].numpy() + k)) for k in (-1, 0))
    seen = data.observed[:, 4].numpy()
    assert ((low < z[:, 4].numpy()) & (z[:, 4].numpy() < high))[seen].all()


def law_counts_up_to_a_million_converge():
    """In one column, from sites of their own; and a bound that never falls."""
    y = np.array([0, 0, 1, 10**6, 3, 10**5, 0, 1000, 10**6, 0, 17, 2])[:, None]
    for law in (Poisson(), NegativeBinomial()):
        for length, width in ((0.01, 5.0), (0.5, 5.0), (0.5, 8.0), (3.0, 5.0)):
            model = icm(TaskData(np.arange(12) / 4, y), likelihood={"task 1": law})
            model.kernel.data_covar_module.lengthscale = length
            model.kernel.task_covar_module.covar_factor.data.fill_(width)
            bounds = [one.bound for one in steps_of(model)]
            assert len(bounds) < 100 and bounds[-1] >= max(bounds) - 1e-9 * abs(max(bounds)), len(bounds)


def steps_of(model):
    """All places where the sites stood, in turn; the last one is still."""
    found, stand = [], model.sites.stand

    def stood(*arguments):
        found.append(one := stand(*arguments))
        return one

    model.sites.stand = stood
    with torch.no_grad():
        model.log_likelihood()
    assert min(one.gain for one in found) < 1e-12
    return found


def law_a_likelihood_is_the_one_of_its_name():
    """Densities as SciPy has them, slopes as autograd has them, and 20 points as a fine grid."""
    counts, g, size, yes = (tensor(each) for each in ([0, 1, 3, 8], [-1, 0.5, 1.2, 2], [8, 9, 10, 9], [0, 1, 1, 0]))
    rate, share, d = size * g.exp(), g.sigmoid(), 0.7
    for law, y, wanted in (
        (Bernoulli(), yes, stats.bernoulli(share).logpmf(yes)),
        (Poisson(), counts, stats.poisson(rate).logpmf(counts)),
        (NegativeBinomial(dispersion=d), counts, stats.nbinom(1 / d, 1 / (1 + d * rate)).logpmf(counts)),
    ):
        close(law.log_density(y, g, size), wanted)
        at = g.clone().requires_grad_()
        close(law.slope(y, g, size), torch.autograd.grad(law.log_density(y, at, size).sum(), at)[0])
        v, z = tensor([0.1, 0.5, 1, 2]), torch.linspace(-9, 9, 4001).double()
        w = torch.exp(-0.5 * z**2) / torch.exp(-0.5 * z**2).sum()
        grid = law.log_density(y[:, None], g[:, None] + v.sqrt()[:, None] * z, size[:, None]) @ w
        value, by_mean, by_variance = law.expected(y, g, v, size)
        close(value, grid, 1e-5)
        m, s = g.clone().requires_grad_(), v.clone().requires_grad_()
        slopes = torch.autograd.grad(law.expected(y, m, s, size)[0].sum(), (m, s))
        close(by_mean, slopes[0])
        close(by_variance, slopes[1])
    law, h = NegativeBinomial(dispersion=d), 1e-5
    ends = [replace(law, dispersion=d * np.exp(k)).log_density(y, g, size) for k in (-h, h)]
    close(law.by_dispersion(y, g, size), (ends[1] - ends[0]) / (2 * h), 1e-6)


def law_the_law_of_a_cell_is_the_integral():
    """cdf, density, quantiles, moments and CRPS against a fine grid, small counts and large ones."""
    z = np.linspace(-12, 12, 5001)
    w = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
    cases = ((-2, 0.5, 3), (0.3, 0.8, 1), (1, 0.01, 7), (6, 0.4, 12), (9, 1, 1), (0, 4, 1))
    for law in (Poisson(), NegativeBinomial(dispersion=0.3), Bernoulli()):
        for mean, variance, size in cases:
            g, rate = mean + variance**0.5 * z, size * np.exp(mean) if law.exposed else 0.5
            k = np.unique(np.floor(rate * np.linspace(0, 2, 9)))
            own = CellLaw(law, *(np.full(len(k), float(one)) for one in (mean, variance, size)))
            close(own.cdf(k), law.below(k[:, None], g, size) @ w, 2e-5)
            density = law.log_density(tensor(k)[:, None], tensor(g), tensor(size)).numpy()
            close(np.exp(own.log_density(k)), np.exp(density) @ w, 1e-8)
            for level in (0.025, 0.5, 0.9):
                top = own.quantile(level)
                assert (own.cdf(top) >= level).all() and ((own.cdf(top - 1) < level) | (top == 0)).all()
            if rate < 50 and variance < 1:
                of_whole_numbers(law, mean, variance, size)


def of_whole_numbers(law, mean, variance, size):
    """Probabilities add up, have the moments that are said, and give the score."""
    each = np.arange(500.0 if law.exposed else 2.0)
    own = CellLaw(law, *(np.full(len(each), float(one)) for one in (mean, variance, size)))
    p = np.exp(own.log_density(each))
    said = [float(one) for one in law.moments(*(tensor([one]) for one in (mean, variance, size)))]
    close([p.sum(), p @ each, p @ each**2 - (p @ each) ** 2], [1, *said], 1e-4)
    wanted = [((np.cumsum(p) - (each >= y)) ** 2).sum() for y in each[:2]]
    two = CellLaw(law, *(np.full(2, float(one)) for one in (mean, variance, size)))
    close(two.crps(each[:2]), wanted, 1e-4)


def law_crps_of_wide_laws_is_the_sum_over_all_counts():
    """Latent variances at which most of the mass lies in few counts, and the tail reaches thousands."""
    for law, mean, variance, y in (
        (Poisson(), 1.0, 2.0, 0.0),
        (Poisson(), 1.0, 2.0, 6.0),
        (Poisson(), 3.0, 1.0, 0.0),
        (NegativeBinomial(dispersion=2.0), 1.0, 0.5, 3.0),
        (Poisson(), 8.0, 1e-4, 3000.0),
    ):
        k = np.arange(20000.0)
        each = CellLaw(law, *(np.full(len(k), one) for one in (mean, variance, 1.0)))
        wanted = ((each.cdf(k) - (k >= y)) ** 2).sum()
        one = CellLaw(law, np.array([mean]), np.array([variance]), np.ones(1))
        close(one.crps(np.array([y]))[0], wanted, 2e-4)


def law_draws_of_counts_have_their_moments():
    """Of new rows and of missing cells; what was seen stays."""
    for fitted in list(models())[:3]:
        x, e = tensor([0.5, 5.0]), {"eggs": 2.0}
        draws, said = sample(fitted, x, 4000, seed=1, noise=True, exposure=e), predict(fitted, x, exposure=e)
        close((draws.mean(0) - said.mean) / said.sd, np.zeros((2, 5)), 0.15)
        close(draws.var(0)[:, [0, 1, 4]] / said.variance[:, [0, 1, 4]], np.ones((2, 3)), 0.2)
        assert bool((draws[:, :, 2:] % 1 == 0).all())
        data = fitted.model.data
        filled = sample(fitted, data, 3, seed=1, noise=True)
        assert torch.equal(filled[0][data.observed], data.y[data.observed])
        above = said.probability(above={"eggs": 3, "level": 5.0})
        close(above[:, [0, 2]], (draws > tensor([5.0, 0, 3, 0, 0])).double().mean(0)[:, [0, 2]], 0.04)
        assert bool(above[:, [1, 3, 4]].isnan().all())


def law_draws_of_large_counts_go_on_beyond_whole_numbers_of_64_bits():
    """Whole, with mean and variance of the rate, and as many below a quantile as it says."""
    for law, share, above in ((Poisson(), 0.0, 0.5), (NegativeBinomial(dispersion=0.5), 0.5, special.gammaincc(2, 2))):
        for rate in (1e12, 1e16, 1e22):
            drawn = law.draw(np.full(20000, np.log(rate)), 1.0, RANDOM(0))
            z = (drawn - rate) / np.sqrt(rate + share * rate**2)
            close([z.mean(), z.var(), (z > 0).mean()], [0, 1, above], 0.04)
            assert (drawn % 1 == 0).all()
    eggs = TaskData(range(12), [[0], [10**6]] * 6, tasks=["eggs"])
    fitted, wide = at_parameters(icm(eggs, likelihood={"eggs": "poisson"})), {"eggs": 1e19}
    draws = sample(fitted, [20.0], 4000, seed=0, noise=True, exposure=wide)
    close((draws <= predict(fitted, [20.0], exposure=wide).quantile(0.9)).double().mean(), 0.9, 0.02)


def law_answers_have_the_dispersion_that_was_fitted():
    """Moments, draws, bands, what is left out, and the text of a fit; not that of the start."""
    fitted, x = next(models()), tensor([0.5, 5.0])
    with torch.no_grad():
        fitted.model.raw_dispersion.fill_(np.log(3.0))
    said = predict(fitted, x)
    m, v = said.latent_mean[:, 3], said.latent_variance[:, 3]
    rate = (m + v / 2).exp()
    close(said.variance[:, 3], rate + rate**2 * (4 * v.exp() - 1))
    draws = sample(fitted, x, 20000, seed=1, noise=True)[:, :, 3]
    close((draws == 0).double().mean(0), 1 - said.probability(above=0)[:, 3], 0.01)
    close([one.laws[3].dispersion for one in (impute(fitted), leave_out(fitted))], [3.0, 3.0])
    assert "wasps: negative binomial of dispersion 3" in repr(at_parameters(fitted.model))


def law_counts_are_kept():
    """In a file, with the sites as they stood: no step is made again, and answers differ by the order of sums alone."""
    for fitted in models():
        fitted = at_parameters(fitted.model)
        with TemporaryDirectory() as folder:
            fitted.save(f"{folder}/one.fit")
            again = load(f"{folder}/one.fit")
        one, other = impute(fitted), impute(again)
        close((other.mean - one.mean) / one.sd.clamp_min(1e-3), torch.zeros_like(one.mean), 1e-11)
        close(other.variance / one.variance.clamp_min(1e-9), one.variance / one.variance.clamp_min(1e-9), 1e-11)
        assert again.model.sites.steps == 1 and repr(again) == repr(fitted)


def law_noise_spans_the_normal_tasks():
    """Sigma of counts is 0 but where an overdispersion was asked for, and the text of a fit says whose noise it is."""
    data, e = mixed(60)
    full = icm(data, noise="full", likelihood=likelihoods(e))
    Sigma = unfitted(full).model.Sigma()
    assert bool((Sigma[2:] == 0).all()) and bool((Sigma[:2, :2] != 0).all())
    fitted = at_parameters(full)
    assert "noise: full of level, flow" in repr(fitted) and fitted.on_floor == []
    assert fitted.noise_correlation.columns.tolist() == ["level", "flow"]
    wide = icm(data, likelihood=likelihoods(e, True))
    said = repr(at_parameters(wide))
    assert "noise: per task of level, flow, eggs" in said and "eggs: overdispersed poisson, wasps: neg" in said
    assert wide.noise == "per task" and [bool(v > 0) for v in wide.Sigma().diagonal()] == [
        True,
        True,
        True,
        False,
        False,
    ]
    alone = icm(TaskData(data.x, data.y[:, 2:3]), likelihood={"task 1": "poisson"})
    assert alone.noise == "none"


def law_fits_with_counts_are_as_high_as_scipy_s():
    """From the same starts, with a dispersion that is fitted."""
    data, e = mixed(20, 3)
    part = TaskData(data.x, data.y[:, [0, 2, 3]], tasks=["level", "eggs", "wasps"])
    model = icm(part, likelihood={"eggs": Poisson(exposure=e), "wasps": NegativeBinomial()})
    end, first = fit(model, starts=2), starting_point(model, 0, torch.Generator())
    top, slow = end.starts["objective"].max(), max(climbed_by_scipy(model, True, [free_vector(first)]))
    assert abs(top - slow) < 0.02, (top, slow)
    assert end.model.laws[2].dispersion != 0.1 and end.log_likelihood < 0
    model.log_likelihood()  # moves the sites, and no start
    assert fit(model, starts=2).starts.equals(end.starts)


def law_counts_are_scored_by_their_law():
    """NLPD, CRPS and coverage of the columns are those of the law of each cell."""
    fitted = next(models())
    seen, hidden = fitted.model.data.hide("eggs", 3.0, 6.0)
    model, e = icm(seen, likelihood=likelihoods(fitted.model.sizes[:, 2])), fitted.model.sizes[:, 2]
    found = impute(at_parameters(model))
    row = scores.table(found, hidden, seen).loc["eggs"]
    cells = hidden.observed[:, 2]
    at = (found.latent_mean, found.latent_variance, model.sizes)
    law, y = CellLaw(Poisson(), *(one[cells, 2].numpy() for one in at)), hidden.y[cells, 2].numpy()
    close([row["NLPD"], row["CRPS"]], [-law.log_density(y).mean(), law.crps(y).mean()])
    low, high = found.band(0.9545)
    close(row["coverage"], ((low <= hidden.y) & (hidden.y <= high))[cells, 2].double().mean())
    close(row["MAE"], (found.mean - hidden.y)[cells, 2].abs().mean())
    assert bool((e > 0).all()) and bool(found.band(0.5)[0][cells, 2].remainder(1).eq(0).all())
    assert bool((found.variance[seen.observed] == 0).all()) and torch.equal(
        found.mean[seen.observed], seen.y[seen.observed]
    )


def law_a_count_that_was_always_alike_is_scored():
    """All zeros, or all yes: scores as of any other count, beside a reading whose scores stay what they were."""
    y = np.column_stack([np.sin(range(8)), [0, 0, 0, 0, 0, 0, 2, 1], [1] * 8])
    hidden = torch.zeros(8, 3, dtype=torch.bool)
    hidden[6:] = True
    seen, truth = TaskData(range(8), y, tasks=["level", "eggs", "ill"]).split(hidden)
    build = partial(icm, likelihood={"eggs": "poisson", "ill": "bernoulli"})
    found = impute(at_parameters(build(seen)))
    table = scores.table(found, truth, seen)
    law = CellLaw(Poisson(), *(one[6:, 1].numpy() for one in (found.latent_mean, found.latent_variance, found.sizes)))
    close(table.loc["eggs", ["NLPD", "CRPS"]], [-law.log_density(y[6:, 1]).mean(), law.crps(y[6:, 1]).mean()])
    close(table.loc["eggs", "SMSE"], ((found.mean[6:, 1] - truth.y[6:, 1]) ** 2).sum() / 5)
    assert table["MSLL"].isna().tolist() == [False, True, True] and np.isnan(table.loc["ill", "SMSE"])
    level, trained = (found.mean[6:, 0], found.variance[6:, 0], truth.y[6:, 0]), seen.y[:6, 0]
    close(table.loc["level", "MSLL"], scores.msll(*level, trained.mean(), trained.var(correction=0)))
    methods = {"counts": build, "rule": plain_methods()["interpolation"]}
    with warns(UserWarning, match="'rule' on trial '0': seen: task 'eggs' has fewer than two different values"):
        both = compare(lambda k: (seen, truth), [0], methods, starts=1, progress=False)
    assert both["method"].tolist() == ["counts"] * 3


def law_a_count_is_left_out_with_its_site():
    """Cell by cell, row by row and in blocks: what a fit of the same sites without them predicts."""
    for fitted in models():
        model, data = fitted.model, fitted.model.data
        fitted.conditioned()
        cells = [(2, 2), (2, 0), (7, 3), (7, 4), (8, 4)]
        blocks = np.arange(data.y.numel()).reshape(data.y.shape)
        for cell in cells:
            blocks[cell] = -1
        for by, together in (("cell", [(7, 3)]), ("row", [(7, t) for t in range(5)]), (blocks, cells)):
            left = leave_out(fitted, by)
            hidden = torch.zeros_like(data.observed)
            hidden[[row for row, _ in together], [t for _, t in together]] = True
            residual = model.residual().where(~hidden, torch.nan)
            others = Conditioned(
                Evidence(model.unit.x, residual, model.variances()), model.kernel.terms(), model.Sigma()
            )
            rows = torch.arange(len(residual))
            asked = all_cells(hidden & data.observed)
            mean, reduction = others.posterior(model.unit.x, model.kernel.terms(), rows, asked)
            prior = (model.B() + model.Sigma()).diagonal()[asked[1]] - reduction
            for place, m, v in zip(zip(*asked), mean, prior):
                row, t = place
                if not model.laws[t].read:
                    close(left.latent_mean[place], m + model.means()[t] + model.scale.mean[t], 1e-7)
                    close(left.latent_variance[place], v, 1e-7)
                else:
                    close(left.variance[place], v * model.scale.sd[t] ** 2, 1e-7)
        assert torch.equal(left.mean.isnan(), ~data.observed)


def law_compare_takes_counts_on_the_same_rows():
    """Their scores are those of the table; on other rows, whose exposures nobody knows, they are refused."""
    data, e = mixed(20, 3)
    data = TaskData(data.x, data.y[:, [0, 2]], tasks=["level", "eggs"])

    def build(seen):
        return icm(seen, likelihood={"eggs": Poisson(exposure=e)})

    found = compare(lambda k: data.hide("eggs", k, k + 2), [3], {"counts": build}, starts=1, progress=False)
    seen, hidden = data.hide("eggs", 3, 5)
    wanted = scores.table(impute(fit(build(seen), starts=1)), hidden, seen).loc["eggs"]
    close(found.loc[0, ["NLPD", "CRPS", "coverage"]].astype(float), wanted[["NLPD", "CRPS", "coverage"]], 1e-6)
    assert np.isnan(found.loc[0, "MSLL"])
    other = replace(data, x=data.x + 0.1)
    with raises(ValueError, match="eggs"):
        compare(lambda k: (data, other), [3], {"counts": build}, progress=False)


def law_a_likelihood_is_normal_where_none_is_told():
    """The model of no likelihood, of an empty dict and of the word are one."""
    data, _ = mixed()
    one, *others = (icm(data, likelihood=said) for said in (None, {}, {"eggs": "normal"}))
    for other in others:
        assert float(one.log_likelihood()) == float(other.log_likelihood()) and not other.counts
        assert all(isinstance(law, Normal) for law in other.laws)
