"""Intervals of task correlations: against a profile by dense numpy, and what changes nothing."""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from scipy import linalg, optimize, stats
from torch.nn.utils import parameters_to_vector

from laws.common import RANDOM, close, rbf, tensor, unfitted
from mtgp_tutorial import TaskData, at_parameters, correlation, correlation_intervals, fit, icm, lmc, simulate
from mtgp_tutorial.intervals import EDGE, allowed, arctanh_of, freed, within, worth
from mtgp_tutorial.objective import Objective


def drawn(n=12, rho=0.6, tasks=2, seed=3):
    kernel = RBFKernel().double()
    kernel.lengthscale = 0.15
    B = torch.full((tasks, tasks), rho).double() + (1 - rho) * torch.eye(tasks).double()
    y = simulate.draw_icm(np.linspace(0, 1, n), kernel, B, 0.05 * torch.eye(tasks).double(), seed=seed)[1].y
    return TaskData(np.linspace(0, 1, n), y)


def objective_of(data):
    """Log posterior of (log length, log B [2], log Sigma [2], mean [2]) at a correlation, from the dense covariance."""
    x, y = data.x.numpy(), data.standardise()[0].y.numpy()

    def value(point, rho):
        B = np.exp(np.add.outer(point[1:3], point[1:3]) / 2) * np.array([[1, rho], [rho, 1]])
        C = np.kron(rbf(x, x, np.exp(point[0])), B) + np.kron(np.eye(len(x)), np.diag(np.exp(point[3:5])))
        r = (y - point[5:]).ravel()
        L = linalg.cholesky(C, lower=True)
        likelihood = -np.log(L.diagonal()).sum() - 0.5 * (linalg.solve_triangular(L, r, lower=True) ** 2).sum()
        off = np.concatenate([[point[0] - np.log(0.3)], point[1:3], point[3:5] - np.log(0.05), point[5:]])
        return likelihood - 0.5 * off @ off + np.log1p(-(rho**2))

    return value


def law_intervals_are_those_of_the_profile():
    """Every other parameter maximised by itself at each correlation, from the dense covariance; ends by bisection."""
    data = drawn()
    value, start = objective_of(data), np.array([np.log(0.15), 0, 0, np.log(0.05), np.log(0.05), 0, 0])

    def height(rho):
        return -optimize.minimize(lambda point: -value(point, rho), start, method="BFGS").fun

    fitted = fit(icm(data, kernel=RBFKernel()))
    rho = fitted.correlation.iloc[0, 1]
    for drop in (0.5, 1.5):
        found = within(fitted, drop).loc[("task 1", "task 2")]
        left = lambda at, drop=drop: height(at) - height(rho) + drop  # noqa: E731
        low, high = (optimize.brentq(left, rho, end, xtol=1e-5) for end in (-0.9, 0.999))
        close([found["correlation"], found["low"], found["high"]], [rho, low, high], 1e-3)
    level = 0.8
    same = within(fitted, allowed(worth(fitted), level))
    close(correlation_intervals(fitted, level), same)


def law_rows_are_worth_what_independent_rows_are():
    """m independent rows: the nats allowed are those at which a test of correlation 0 turns, and chi2 / 2 for many."""
    name, model = "kernel.data_covar_module.lengthscale", icm(TaskData(np.arange(9.0), RANDOM(90).normal(size=(9, 2))))
    close([worth(at_parameters(model, {name: length})) for length in (1e-2, 1e6)], [9, 1], 1e-9)
    two = np.array([[1, np.exp(-0.5)], [np.exp(-0.5), 1]])  # distance 1, length-scale 1
    pair = icm(TaskData([0.0, 1.0], RANDOM(90).normal(size=(2, 2))), kernel=RBFKernel())
    close(worth(at_parameters(pair, {name: 1.0})), 4 / (two**2).sum())
    close(allowed(1e7, 0.9), stats.chi2.ppf(0.9, 1) / 2, 1e-5)
    rng = RANDOM(91)  # two rows more than m = 8: a mean of its own, and no prior
    r = np.array([np.corrcoef(rng.normal(size=(2, 10)))[0, 1] for _ in range(20_000)])
    given_up = -10 / 2 * np.log1p(-(r**2))
    for level in (0.5, 0.9, 0.95):
        close((given_up <= allowed(8, level)).mean(), level, 0.01)


def law_intervals_do_not_see_order_sign_or_unit_of_tasks():
    """Nor which gradient is used; and they hold the estimate."""
    data = drawn(n=15, tasks=3, seed=5)
    fitted = fit(icm(data, kernel=RBFKernel()))
    found = correlation_intervals(fitted)
    close(found["correlation"], fitted.correlation.to_numpy()[np.triu_indices(3, 1)], 0)
    assert list(found.index) == [("task 1", "task 2"), ("task 1", "task 3"), ("task 2", "task 3")]
    assert ((found["low"] < found["correlation"]) & (found["correlation"] < found["high"])).all()
    other = TaskData(data.x, data.y[:, [2, 0, 1]] * tensor([1.0, -100.0, 1.0]) + 7, tasks=["c", "a", "b"])
    turned = correlation_intervals(fit(icm(other, kernel=RBFKernel())))
    for name, pair, sign in (("c", ("task 1", "task 3"), -1), ("b", ("task 1", "task 2"), -1)):
        row = turned.loc[("c", "a") if name == "c" else ("a", "b")]
        ends = sorted(sign * row[["low", "high"]])
        close(ends, found.loc[pair, ["low", "high"]], 1e-3)
    close(turned.loc[("c", "b"), ["low", "high"]], found.loc[("task 2", "task 3"), ["low", "high"]], 1e-3)

    class Own(RBFKernel):
        """Not one of the closed kernels, so that autograd has the gradient."""

    slow = correlation_intervals(fit(icm(data, kernel=Own()), starts=2))
    close(slow, found, 1e-3)


def law_the_slope_of_a_correlation_is_its_difference():
    """Of one column of W and of two, with kappa and without, at parameters of any kind."""
    data = drawn(tasks=3)
    for model in (icm(data), icm(data, rank=2, noise="full"), lmc(data, kernels=1, rank=[2], kappa=False)):
        model = freed(unfitted(model, 4).model)
        vector = parameters_to_vector([p for p in model.parameters() if p.requires_grad]).detach().numpy()
        for s, t in ((0, 1), (2, 0)):
            value = arctanh_of(Objective(model, True), s, t)
            close(value(vector)[0], np.arctanh(EDGE * correlation(model.B())[s, t].item()), 1e-12)
            moves = 1e-6 * np.eye(len(vector))
            by_difference = [(value(vector + one)[0] - value(vector - one)[0]) / 2e-6 for one in moves]
            close(value(vector)[1], by_difference, 1e-7)


def law_an_end_takes_few_evaluations():
    """No place is asked about twice, and steps have a unit: some 11 for each of six ends."""
    asked = []

    def counted(loss, vector):
        asked.append(vector.copy())
        return evaluation(loss, vector)

    fitted, evaluation = fit(icm(drawn(n=15, tasks=3, seed=5)), starts=1), Objective.__call__
    Objective.__call__ = counted
    try:
        correlation_intervals(fitted)
    finally:
        Objective.__call__ = evaluation
    assert len(asked) < 2 * len(asked[0]) + 1 + 6 * 15
    assert all(not np.array_equal(one, other) for one, other in zip(asked, asked[1:]))
