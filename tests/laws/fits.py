"""The objective, its priors, and the optimiser."""

import math

import numpy as np
import torch
from gpytorch.constraints import GreaterThan, Interval, Positive
from gpytorch.kernels import MaternKernel, PeriodicKernel, RBFKernel, RQKernel
from scipy.optimize import minimize, rosen, rosen_der
from scipy.stats import norm
from torch.nn.utils import parameters_to_vector
from tqdm import tqdm

from laws.common import (
    RANDOM,
    close,
    dense_objective,
    height,
    prior_by_hand,
    table,
    tensor,
    unfitted,
)
from mtgp_tutorial import TaskData, fit, icm, independent, lmc, predict, simulate, sparse
from mtgp_tutorial.climbing import Run, met, minimised, near, optimised
from mtgp_tutorial.covariance import correlation
from mtgp_tutorial.fitting import DISTINCT, best_candidates, best_of_each_task
from mtgp_tutorial.objective import Objective, objective
from mtgp_tutorial.parameters import box_around, coordinates, meaning
from mtgp_tutorial.priors import log_prior
from mtgp_tutorial.starts import (
    Candidates,
    at_candidates,
    candidates,
    data_correlation,
    starting_point,
    takes_candidates,
)


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


def law_the_unit_of_one_input_changes_no_answer():
    """Of two inputs, one of them in another unit: the same likelihood, and the same predictions."""
    rng = RANDOM(7)
    x, unit, new = rng.uniform(0, 5, (14, 2)), tensor([1.0, 100.0]), rng.uniform(0, 5, (3, 2))
    y = np.sin(x[:, :1] + [0, 1]) + 0.3 * x[:, 1:] + 0.1 * rng.normal(size=(14, 2))
    y[3, 0] = y[8, 1] = np.nan
    for build in (icm, independent, lmc):
        a, b = (fit(build(TaskData(at, y)), starts=2) for at in (tensor(x), unit * tensor(x)))
        close(a.log_likelihood, b.log_likelihood, 1e-6)
        p, q = predict(a, new), predict(b, unit * tensor(new))
        close(p.mean, q.mean, 1e-6)
        close(p.variance, q.variance, 1e-6)


def law_the_default_kernel_is_matern_of_order_three_halves():
    """Of one input the same fit as with the kernel named; of two, a length-scale for each."""
    data = simulate.two_sines(seed=3)
    named = MaternKernel(nu=1.5)
    for build, how in (
        (icm, {"kernel": named}),
        (independent, {"kernel": named}),
        (lmc, {"kernels": [named, named]}),
    ):
        a, b = fit(build(data), starts=1), fit(build(data, **how), starts=1)
        assert a.log_likelihood == b.log_likelihood and np.array_equal(a.length_scales, b.length_scales)
    two = TaskData(RANDOM(3).normal(size=(8, 2)), RANDOM(4).normal(size=(8, 2)))
    assert all(term.kernel.lengthscale.shape == (1, 2) for term in lmc(two).kernel.terms())


def law_prior_is_the_stated_density():
    rng = RANDOM(16)
    x = np.column_stack([np.linspace(0, 2, 9), rng.permutation(np.linspace(1, 5, 9))])
    model = icm(TaskData(x, rng.normal(size=(9, 3))), rank=2, noise="full", kernel=RBFKernel(ard_num_dims=2))
    model = unfitted(model, 16, move=0.8).model
    model.kernel.data_covar_module.lengthscale = tensor([[0.5, 3.0]])
    B, Sigma, mean = model.B().numpy(), model.Sigma().numpy(), model.means().numpy()
    value = norm.logpdf(mean).sum() + norm.logpdf(np.log([0.25, 0.75]), np.log(0.3), 1).sum()
    value += norm.logpdf(np.log(np.diag(B)), 0, 1).sum() + norm.logpdf(np.log(np.diag(Sigma)), np.log(0.05), 1).sum()
    value += sum(np.log(np.linalg.det(correlation(tensor(matrix)).numpy())) for matrix in (B, Sigma))
    constants = -0.5 * math.log(2 * math.pi) * 11
    close(log_prior(model), value - constants)
    alike = unfitted(icm(TaskData(x, rng.normal(size=(9, 3))), noise="shared", kernel=RBFKernel()), 16).model
    before = log_prior(alike)
    alike.kernel.data_covar_module.lengthscale *= math.e  # of one for both inputs: measured by the mean of log ranges
    off = math.log(alike.kernel.data_covar_module.lengthscale.item() / 0.3 / 8**0.5)  # ranges 2 and 4
    close(log_prior(alike) - before, 0.5 * ((off - 1) ** 2 - off**2))


def law_a_singular_B_has_no_prior_on_its_correlation():
    data = table(RANDOM(27), holes=False)
    for model, coupled in ((lmc(data, kappa=False), False), (lmc(data, rank=2, kappa=False), True), (lmc(data), True)):
        with torch.no_grad():
            model = starting_point(model, 5, torch.Generator().manual_seed(1))
            close(objective(model, True) - objective(model, False), prior_by_hand(model, coupled))


def law_B_is_coupled_when_its_rank_is_full():
    """W of R columns and a kappa for some tasks: positive definite for almost all W when they are T together."""
    data = table(RANDOM(29), holes=False)
    for absent, rank, coupled in (([0], 1, True), ([0, 1], 1, False), ([0, 1], 2, True), ([0, 1, 2], 3, True)):
        model = icm(data, rank=rank)
        with torch.no_grad():
            model.kernel.task_covar_module.raw_var[absent] = -math.inf
            model.kernel.task_covar_module.covar_factor.copy_(tensor(RANDOM(1).normal(size=(3, rank))))
        assert model.coupled() == coupled == bool(torch.linalg.eigvalsh(model.B())[0] > 1e-9), (absent, rank)


def law_the_objective_of_vectors_is_the_models():
    """Value and every slope, one vector and several, against the core: every model, noise and kernel, with holes."""
    for width in (1, 2):
        for holes in (False, True):
            rng = RANDOM(50 + width)
            y = table(rng, rows=9, holes=holes).y
            data = TaskData(rng.uniform(0, 3, (9, width)), y)
            for noise in ("shared", "per task", "full"):
                for model in (
                    independent(data, noise=noise, kernel=MaternKernel(nu=2.5)),
                    independent(data, hyperparameters="shared", noise=noise),
                    icm(data, rank=2, noise=noise, kernel=RQKernel()),
                    icm(data, noise=noise, kernel=MaternKernel(nu=0.5, ard_num_dims=width)),
                    lmc(data, kernels=[RQKernel(), MaternKernel(nu=1.5, ard_num_dims=width)], rank=[1, 2], noise=noise),
                    lmc(data, kappa=False, noise=noise),
                ):
                    _against_the_core(model)
            opened = icm(data, noise="full")
            opened.likelihood.raw_noise.requires_grad_(True)  # what stands fixed at the floor
            _against_the_core(opened)


def _against_the_core(model):
    free = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with torch.no_grad():
        for parameter in free:
            parameter.add_(0.3 * tensor(RANDOM(parameter.numel()).normal(size=parameter.shape)))
    for priors in (False, True):
        value = dense_objective(model, priors)
        slopes = parameters_to_vector(torch.autograd.grad(value, free))
        flat, vector = Objective(model, priors), parameters_to_vector(free).detach().numpy()
        minus, downhill = flat(vector)
        close(-minus, value, 1e-11)
        close(height(flat, vector), value, 1e-11)
        close(-downhill, slopes, 1e-10)
        way = RANDOM(7).normal(size=len(vector)) * 1e-5
        close((flat(vector + way)[0] - flat(vector - way)[0]) / 2e-5, downhill @ way / 1e-5, 1e-5)
        values, downhill = flat.many(np.array([vector + 0.1, vector]))
        close(values[1], value, 1e-11)
        close(downhill[1], slopes, 1e-10)


def law_the_prior_does_not_ask_what_is_frozen():
    """The objective of a fitted model, whose parameters are frozen, is the one that its fit reports."""
    data = table(RANDOM(28), holes=False)
    for model in (icm(data), lmc(data), lmc(data, kappa=False)):
        fitted = fit(model, starts=1)
        close(objective(fitted.model, True), fitted.starts["objective"].max())


def law_a_shared_variance_is_counted_once():
    for data in (simulate.two_sines(n=6, seed=1), table(RANDOM(20), tasks=4, holes=False)):
        model = independent(data, hyperparameters="shared", noise="shared")
        with torch.no_grad():
            model.likelihood.noise, model.kernel.kernels[0].outputscale = 0.05 * math.e, tensor(math.e)
            model.kernel.kernels[0].base_kernel.lengthscale = 0.3 * (data.x.max() - data.x.min())
            prior = objective(model, True) - objective(model, False)
        close(prior, -0.5 - 0.5)  # one standard deviation for each of the two, whatever T


def law_more_candidates_find_more():
    """Seeds on which one start, and the three of old, ended on a lower optimum."""
    for seed, short in ((6, 0.099), (7, 0.0439), (15, 0.0995)):
        model = icm(simulate.two_sines(seed=seed), noise="full", kernel=RBFKernel())
        one, many = (fit(model, priors=False, starts=starts).starts["objective"].max() for starts in (1, None))
        assert short - 1e-3 < many - one, (seed, many - one)


def law_a_fit_does_not_depend_on_order_or_units():
    """Tasks and rows permuted, inputs and values in other units: the same height, and the same predictions."""
    for seed in range(1, 3):
        rng = RANDOM(200 + seed)
        x, T = np.sort(rng.uniform(0, 5, 12)), 2 + seed % 3
        y = np.sin(x[:, None] + rng.uniform(0, 3, T)) + 0.3 * rng.normal(size=(12, T))
        y[3, 0] = y[7, T - 1] = np.nan
        rows, tasks, units = rng.permutation(12), rng.permutation(T), 10.0 ** np.arange(T)
        new = np.array([0.5, 2.2, 6.0])
        a = fit(icm(TaskData(x, y), noise="full"))
        b = fit(icm(TaskData(x[rows], y[rows][:, tasks]), noise="full"))
        c = fit(icm(TaskData(100 * x + 7, y * units - 3), noise="full"))
        p, q, r = predict(a, new), predict(b, new), predict(c, 100 * new + 7)
        for other, mean in ((b, q.mean[:, np.argsort(tasks)]), (c, (r.mean + 3) / tensor(units))):
            assert abs(a.starts["objective"].max() - other.starts["objective"].max()) < 1e-4
            assert float(((mean - p.mean) / p.sd).abs().max()) < 1e-3


def law_each_task_has_its_best_run():
    """Independent tasks, joined: the height is the sum of what each task reaches alone, whatever it came with."""
    for seed in range(3):
        data = table(RANDOM(70 + seed), rows=8, holes=bool(seed % 2))
        model = independent(data, hyperparameters="own", noise="per task")
        flat, rng = Objective(model, bool(seed)), RANDOM(seed)
        ends = [rng.normal(size=sum(size for _, size in flat.free)) for _ in range(4)]
        joined = best_of_each_task(model, ends, flat)
        for t in range(3):  # the piece of t comes from one vector, and no other one raises it
            pieces = [float(flat.at(vector).kernel.kernels[t].raw_outputscale) for vector in ends]
            assert float(flat.at(joined).kernel.kernels[t].raw_outputscale) in pieces
        alone = [[height(flat, with_task(flat, ends[0], vector, t)) for vector in ends] for t in range(3)]
        expected = sum(max(heights) for heights in alone) - 2 * height(flat, ends[0])
        close(height(flat, joined), expected)


def with_task(flat, vector, other, t):
    """A vector with the parameters of task t from another one."""
    T, own = flat.y.shape[1], []
    for name, size in flat.free:
        its = name.startswith((f"kernel.kernels.{t}.", f"mean.base_means.{t}."))
        own += [*(np.arange(T) == t)] if name == "likelihood.raw_task_noises" else [its] * size
    return np.where(own, other, vector)


def placed(flat, lengths, noise, *numbers):
    """One vector: length-scales, variances of the noise, and correlation of the noise, of the tasks, and scale."""
    one = [np.array([number]) for number in numbers]
    return at_candidates(flat.model, Candidates(np.array([lengths]), noise[None], *one))[0]


def some(model, count, seed):
    """The first `count` candidates of a seed."""
    return Candidates(*(each[:count] for each in candidates(model, seed)))


def law_candidates_are_what_they_say():
    """Length-scales, Sigma and B of a place; the default place is the default start; the chosen are apart and high."""
    data = table(RANDOM(60), rows=9, holes=False)
    for noise in ("shared", "per task", "full"):
        model = icm(data, rank=2, noise=noise)
        flat = Objective(model, True)
        R = data_correlation(model)
        here = flat.at(placed(Objective(model, True), [0.3], np.full(3, 0.2), -0.4, 0.5, 2.0))
        spread = float(data.x.max() - data.x.min())
        close(here.kernel.data_covar_module.lengthscale, [[0.3 * spread]])
        sign = np.where(np.linalg.eigh(R)[1][:, -1] < 0, -1.0, 1.0)
        correlation = np.eye(3) - 0.2 * (np.outer(sign, sign) - np.eye(3)) if noise == "full" else np.eye(3)
        above = 0.2 - 1e-4
        close(here.Sigma(), above * correlation + 1e-4 * np.eye(3), 1e-12)
        wanted = 2 * 0.8 * (0.5 * np.eye(3) + 0.5 * np.outer(sign, sign))
        off = here.B().numpy() - wanted
        close(off - np.diag(np.diag(off)), np.zeros((3, 3)), 0.81)  # of rank 2, as near as it comes
        default = placed(Objective(model, True), [0.2], np.full(3, 0.1), 0.0, 0.0, 1.0)
        start = starting_point(model, 0, torch.Generator())
        close(meaning(flat.at(default))[1], meaning(start)[1], 1e-9)
        every = at_candidates(model, some(model, 16, 0))
        chosen = best_candidates(flat, every, 4)
        heights = [height(flat, each) for each in chosen]
        assert heights == sorted(heights, reverse=True)
        assert heights[0] == max(height(flat, each) for each in every)
        for i, one in enumerate(chosen):
            for other in chosen[:i]:
                assert np.abs(meaning(flat.at(one))[0] - meaning(flat.at(other))[0]).max() > DISTINCT


def law_a_place_of_independent_tasks_gives_each_its_own_numbers():
    data = table(RANDOM(61), rows=9, holes=False)
    flat = Objective(independent(data, noise="per task"), True)
    noise = np.array([0.1, 0.2, 0.3])
    model = flat.at(placed(flat, [0.3], noise, 0.0, 0.0, 2.0))
    for kernel in model.kernel.kernels:
        close(kernel.base_kernel.lengthscale, [[0.3 * float(data.x.max() - data.x.min())]], 1e-12)
        close(kernel.outputscale, 2 * (1 - 0.2), 1e-5)
    close(model.Sigma(), np.diag(noise), 1e-12)


def law_places_stay_in_their_ranges():
    """Length-scales, noises, correlations and scales of 64 places; half of them keep the data's own correlation."""
    for noise in ("shared", "per task", "full"):
        model = icm(simulate.two_sines(n=12, seed=2), rank=2, noise=noise)
        flat, R, found = Objective(model, True), data_correlation(model)[0, 1], []
        for vector in at_candidates(model, some(model, 64, 0)):
            here = flat.at(vector)
            B, Sigma = here.B().numpy(), here.Sigma().numpy()
            spoken = Sigma[0, 1] / np.sqrt(Sigma[0, 0] * Sigma[1, 1])
            length, kappa = here.kernel.data_covar_module.lengthscale.item(), float(here.kappas()[0][0])
            found.append([length, Sigma[0, 0], B[0, 0] - kappa, B[0, 1] / (B[0, 0] - kappa), spoken])
        (shortest, quietest, smallest, rho, against), (longest, loudest, largest, together, along) = np.sort(
            found, axis=0
        )[[0, -1]]
        kept = np.isclose(np.array(found)[:, 3], R)
        assert 0.4 / 11 < shortest < 0.04 and 0.6 < longest <= 0.7
        assert (1.9e-4 if noise == "per task" else 2.9e-3) < quietest < 4e-3 and 0.25 < loudest <= 0.9
        assert 0.2 < smallest < 0.6 and 4 < largest < 5 and 0 < rho and 0.9 < together < 0.98
        assert 25 < kept.sum() < 39, "half of them"
        assert (-0.99 < against < -0.9 and 0.9 < along < 0.99) if noise == "full" else against == along == 0


def law_coordinates_are_log_variances_and_arctanh_of_correlations():
    M = np.array([[0.25, 0.03, 0.0], [0.03, 4.0, -1.0], [0.0, -1.0, 1.0]])
    expected = [*np.log([0.25, 4, 1]), *np.arctanh(0.999 * np.array([0.03, 0.0, -0.5]))]
    close(coordinates(M), expected, 1e-12)
    assert coordinates(np.zeros((1, 1)))[0] < -200  # a variance of 0, without a warning


def law_constraints_of_a_users_own_stay_with_autograd():
    data = simulate.two_sines(n=6, seed=1)
    for constraint, flat in ((None, True), (Positive(), True), (GreaterThan(0.05), False), (Interval(0.1, 2), False)):
        model = icm(data, kernel=RBFKernel(lengthscale_constraint=constraint))
        assert takes_candidates(model) == flat, constraint
    assert not takes_candidates(icm(data, kernel=PeriodicKernel())) and takes_candidates(
        independent(data, kernel=RQKernel())
    )


def law_natural_coordinates_do_not_see_rotations():
    """W and the noise factor may be turned; a run from beside an optimum stops there and reports its height."""
    data = table(RANDOM(61), rows=9, holes=False)
    model = icm(data, rank=2, noise="full")
    flat, vector = Objective(model, True), at_candidates(model, some(model, 2, 1))[0]
    turned, start = vector.copy(), 0
    for name, size in flat.free:
        if name.endswith("factor"):
            shape = model.get_parameter(name).shape
            Q = np.linalg.qr(RANDOM(size).normal(size=(shape[1], shape[1])))[0]
            turned[start : start + size] = (vector[start : start + size].reshape(shape) @ Q).ravel()
        start += size
    assert np.abs(turned - vector).max() > 0.1
    close(meaning(flat.at(turned))[1], meaning(flat.at(vector))[1], 1e-10)
    top = height(flat, vector)

    def at(vector, height):
        run = Run(vector)
        run.height = height
        return run

    assert near(flat, at(turned, top - 0.01), at(vector, top))
    assert not near(flat, at(turned, top - 0.03), at(vector, top))
    moved = turned.copy()
    moved[-1] += 1.0
    assert not near(flat, at(moved, top), at(vector, top))
    # two that differ in the correlation of the noise alone
    one = Objective(model, True)
    with_, against = (placed(one, [0.3], np.full(3, 0.2), rho, 0.0, 1.0) for rho in (0.5, -0.5))
    assert not near(flat, at(with_, top), at(against, top))


def optimum_of(flat, fitted):
    """The vector of a fit's parameters."""
    return np.concatenate([fitted.model.get_parameter(name).detach().numpy().ravel() for name, _ in flat.free])


def law_what_goes_batched_is_nearly_complete_and_short():
    """One kernel with few holes or tasks that share nothing, no cells with errors of their own, and no long series."""
    data = table(RANDOM(65), rows=9, holes=False)
    with_hole = TaskData(data.x, data.y.index_put((torch.tensor([2]), torch.tensor([1])), tensor(math.nan)))
    with_errors = TaskData(data.x, data.y, sd=torch.full_like(data.y, 0.1))
    wide = tensor(RANDOM(67).normal(size=(100, 10)))
    half = TaskData(torch.arange(100).double(), torch.where(wide > 0, wide, math.nan))
    long = TaskData(torch.arange(700).double(), tensor(RANDOM(66).normal(size=(700, 3))))
    exponential = MaternKernel(nu=0.5)
    for model, batched in (
        (icm(data), True),
        (independent(data), True),
        (independent(data, noise="full"), False),
        (lmc(data), False),
        (icm(with_hole), True),
        (independent(with_hole), True),
        (icm(half), False),
        (independent(half), True),
        (icm(with_errors), False),
        (sparse(icm(data), 4), False),
        (icm(long, kernel=RBFKernel()), True),
        (icm(long, kernel=exponential), False),
        (independent(long, kernel=exponential), False),
    ):
        assert Objective(model, True).kronecker == batched, (type(model.kernel), model.noise, model.data)


def law_a_run_ends_at_one_as_high_alone():
    """Met is who has come to the same place as high or higher; one that goes up from there has met nobody."""
    flat = Objective(starting_point(icm(simulate.two_sines(seed=6), noise="full"), 0, torch.Generator()), False)
    top = optimum_of(flat, fit(icm(simulate.two_sines(seed=6), noise="full"), priors=False))
    optimum, beside, far = (Run(vector) for vector in (top, top + 1e-3, top + 3e-2 * RANDOM(4).normal(size=len(top))))
    for run in (optimum, beside, far):
        run.height, run.converged = height(flat, run.vector), True
    assert optimum.height > beside.height > optimum.height - 0.01 > far.height + 0.02
    assert met(flat, beside, [beside, optimum]) is optimum and met(flat, optimum, [beside, optimum]) is None
    assert met(flat, far, [optimum]) is None, "the way up to it may be free: that is no reason to stop"
    level = Run(top)
    level.height = optimum.height
    assert met(flat, optimum, [level]) is level
    level.met = optimum
    assert met(flat, optimum, [level]) is None, "one that has stopped"


def law_starts_tell_each_run_s_own_end():
    """One that has joined another ends below that one's end, and its row says where: what it saw itself."""
    joined = 0
    for seed, build in enumerate((icm, lmc, icm, independent)):
        found = fit(build(table(RANDOM(90 + seed), rows=12)), priors=False).starts
        stopped = found["joined"] != found.index
        assert (found["objective"] <= found["objective"].to_numpy()[found["joined"]]).all()
        assert (found[stopped]["objective"].to_numpy() != found["objective"].to_numpy()[found[stopped]["joined"]]).all()
        joined += stopped.sum()
    assert joined > 4


def law_runs_side_by_side_are_those_of_one_alone():
    """Values and slopes of many vectors are those of each; one without a value takes none from the others."""
    data = table(RANDOM(64), rows=9, holes=False)
    with_hole = TaskData(data.x, data.y.index_put((torch.tensor([2]), torch.tensor([1])), tensor(math.nan)))
    for model in (*(icm(each, rank=2, noise="full") for each in (data, with_hole)), lmc(with_hole)):
        flat, asked = Objective(model, True), at_candidates(model, some(model, 8, 1))
        asked[3] = 800.0  # no number
        with np.errstate(all="ignore"):
            values, slopes = flat.many(asked)
        assert values[3] == -math.inf or math.isnan(values[3])
        for i in (0, 1, 2, 4, 5, 6, 7):
            value, slope = flat(asked[i])
            close(values[i], -value, 1e-11)
            close(slopes[i], -slope, 1e-9)


def law_the_search_for_a_minimum_finds_those_of_scipy():
    """200 functions with one minimum in their box, or on its edge: as low as SciPy's L-BFGS-B, and never outside."""
    ours = theirs = 0
    for seed in range(200):
        function, start, low, high = problem_with_a_minimum(seed)
        end, asked = searched(function, start, low, high)
        bounds, options = np.stack([low, high]).T, {"maxcor": 50, "ftol": 1e-13, "gtol": 1e-5, "maxfun": 5000}
        found = minimize(function, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        assert end.value <= found.fun + 1e-7 * max(1, abs(found.fun)), seed
        assert (low <= end.x).all() and (end.x <= high).all(), seed
        ours, theirs = ours + asked, theirs + found.nfev
    assert ours < 1.5 * theirs, (ours, theirs)


def problem_with_a_minimum(seed):
    """A quadratic, Rosenbrock's valley, a log-sum-exp or a quartic: the function with its slope, a start and a box."""
    rng = RANDOM(seed)
    P = int(rng.integers(2, 4 if seed % 4 == 1 else 25))  # the valley has a second minimum from 4 numbers on
    A, b, start = rng.normal(size=(P, P)), 3 * rng.normal(size=P), rng.normal(size=P)
    A = A @ A.T + 0.01 * np.eye(P)
    low, high = ((-1, 1), (-12, 12), (-12, 12), (-0.5, 12))[seed % 4]

    def function(x):
        shares = np.exp(A @ x - b - np.logaddexp.reduce(A @ x - b))
        return (
            (0.5 * x @ A @ x - b @ x, A @ x - b),
            (rosen(x), rosen_der(x)),
            (np.logaddexp.reduce(A @ x - b) + 0.05 * x @ x, A @ shares + 0.1 * x),
            ((x**4).sum() / 4 + 0.5 * x @ A @ x - b @ x, x**3 + A @ x - b),
        )[seed % 4]

    return function, np.clip(start, low, high), np.full(P, float(low)), np.full(P, float(high))


def searched(function, start, low, high):
    """Where `minimised` ends, and how often it asked."""
    search, asked = minimised(start, low, high, lambda here: False), 1
    vector = next(search)
    while True:
        try:
            vector, asked = search.send(function(vector)), asked + 1
        except StopIteration as end:
            return end.value, asked


def law_a_search_turns_back_from_where_there_is_no_value():
    """The minimum lies near the edge of what has a value; and a start without one is where the search ends."""

    def function(x):
        inside = x[0] < 1
        return (x[0] - 0.9) ** 2 - 1e-6 * math.log(1 - x[0]) if inside else math.inf, np.array(
            [2 * (x[0] - 0.9) + 1e-6 / (1 - x[0])] if inside else [0.0]
        )

    box = np.array([-50.0]), np.array([50.0])
    end, _ = searched(function, np.array([-20.0]), *box)
    close(end.x, [0.9], 1e-4)
    end, asked = searched(function, np.array([2.0]), *box)
    assert asked == 1 and end.value == math.inf


def law_a_noise_comes_to_its_floor_from_anywhere():
    """The box ends 1e-10 above the floor, however large the noise was at the start; that of a kappa ends at 1e-7."""
    names = ("likelihood.raw_task_noises", "kernel.task_covar_module.raw_var", "mean.base_means.0.raw_constant")
    close(box_around(np.zeros(3), [(name, 1) for name in names])[0], [math.log(1e-10), math.log(1e-7), -12])
    x = np.linspace(0, 1, 12)
    exactly = TaskData(x, np.column_stack([np.sin(3 * x), np.cos(3 * x)]))
    for noise in ("shared", "per task"):
        start, ends = starting_point(icm(exactly, noise=noise), 0, torch.Generator()), []
        for level in (0.3, 0.01):
            flat = Objective(start, False)
            vector = placed(flat, [0.5], np.full(2, level), 0.0, 0.0, 1.0)
            (run,) = optimised(flat, [vector], 1000, tqdm(disable=True))
            ends.append(np.diag(flat.at(run.vector).Sigma()))
        assert np.max(ends) < 1e-4 + 1e-8, (noise, ends)
