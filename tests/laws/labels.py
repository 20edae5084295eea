"""Arguments, labels and names reach what they are for: an ignored word or a swapped column turns a check red."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel, PeriodicKernel, RBFKernel
from scipy.stats import multivariate_normal

from laws.common import RANDOM, close, dense_numpy, random_psd, table, tensor, unfitted
from mtgp_tutorial import (
    Poisson,
    TaskData,
    at_parameters,
    icm,
    linear,
    predict,
    sample,
    scores,
    simulate,
)
from mtgp_tutorial.comparison import IN_UNITS
from mtgp_tutorial.kernels import ICMKernel, IndependentKernel, LMCKernel
from mtgp_tutorial.mixture import mixture
from mtgp_tutorial.objective import objective
from mtgp_tutorial.starts import at_candidates, candidates
from mtgp_tutorial.tables import standard_methods


def law_methods_are_what_their_names_say():
    data = table(RANDOM(1), holes=False)
    expected = {
        "independent, own": (IndependentKernel, "per task", 3),
        "independent, shared": (IndependentKernel, "per task", 1),
        "ICM": (ICMKernel, "per task", 1),
        "ICM, full noise": (ICMKernel, "full", 1),
        "LMC": (LMCKernel, "per task", 2),
    }
    holed = table(RANDOM(1), rows=42)  # of which the default of `icm` is full noise
    assert icm(holed).noise == "full"
    for kernel, nu in ((None, 1.5), (MaternKernel(nu=0.5), 0.5)):
        methods = standard_methods(kernel)
        assert list(methods) == list(expected) and methods["ICM"](holed).noise == "per task"
        for name, build in methods.items():
            model = build(data)
            terms = model.kernel.terms()
            assert (type(model.kernel), model.noise, len(terms)) == expected[name], name
            assert all(type(term.kernel) is MaternKernel and term.kernel.nu == nu for term in terms), name


def law_seeds_count():
    """Another seed, another draw; the same seed, the same."""
    x, B = np.linspace(0, 1, 6), torch.eye(2).double()
    model = icm(simulate.two_sines(seed=1))
    fitted, data = unfitted(icm(simulate.two_sines(seed=1))), simulate.two_sines(n=40, seed=0)
    for draw in (
        lambda seed: simulate.two_sines(seed=seed).y,
        lambda seed: simulate.draw_icm(x, RBFKernel(), B, B, seed=seed)[0].y,
        lambda seed: simulate.draw_icm(x, RBFKernel(), B, B, seed=seed)[1].y,
        lambda seed: data.hide_random("sine", 0.5, seed=seed)[0].y.nan_to_num(),
        lambda seed: sample(fitted, x, 2, seed=seed),
        lambda seed: tensor(at_candidates(model, candidates(model, seed))),
    ):
        assert torch.equal(draw(3), draw(3)) and not torch.equal(draw(3), draw(4))


def law_each_score_has_its_column():
    """The table of one prediction, column by column and task by task, in the order of the tasks."""
    rng = RANDOM(4)
    seen = TaskData(rng.uniform(0, 1, 8), rng.normal(size=(8, 2)) * [1, 5] + [0, 30], ["a", "b"], ["m", "s"])
    truth = TaskData(rng.uniform(0, 1, 5), rng.normal(size=(5, 2)) * [1, 5] + [0, 30], ["a", "b"], ["m", "s"])
    answer = predict(unfitted(icm(seen), 2), truth.x)
    found = scores.table(answer, truth, seen)
    assert list(found.index) == ["a [m]", "b [s]"]
    for t, label in enumerate(found.index):
        m, v, y, known = answer.mean[:, t], answer.variance[:, t], truth.y[:, t], seen.y[:, t]
        mean, variance = known.mean(), known.var(correction=0)
        expected = {
            "MSE": ((y - m) ** 2).mean(),
            "MAE": (y - m).abs().mean(),
            "SMSE": ((y - m) ** 2).mean() / ((y - mean) ** 2).mean(),
            "NLPD": -torch.distributions.Normal(m, v.sqrt()).log_prob(y).mean(),
            "coverage": ((y - m).abs() < 2 * v.sqrt()).double().mean(),
        }
        trivial = -torch.distributions.Normal(mean, variance.sqrt()).log_prob(y).mean()
        expected |= {"MSLL": expected["NLPD"] - trivial}
        assert set(found.columns) == {*expected, "CRPS"}
        close(found.loc[label, list(expected)].astype(float), [float(value) for value in expected.values()])


def law_scores_know_units_and_mixtures():
    """In another unit the differences of some change; of a mixture all but those of the mean are its own."""
    rng = RANDOM(6)
    x, before, y = tensor([[2.0], [3.0]]), rng.normal(size=(8, 2)), rng.normal(size=(2, 2))
    differences = []
    for unit in (1.0, 1000.0):
        seen, truth = TaskData(rng.uniform(0, 1, 8), unit * before), TaskData(x, unit * y)
        answers = [predict(unfitted(icm(seen), seed), x) for seed in (1, 2)]
        answers = [
            replace(one, mean=unit * tensor(y + k), variance=tensor(y**2) * unit**2) for k, one in enumerate(answers)
        ]
        both = scores.table({"one": answers[0], "other": answers[1]}, truth, seen)
        differences.append(both.loc["one"] - both.loc["other"])
    moved = ~np.isclose(*differences, rtol=1e-6)
    assert set(both.columns[moved.all(0)]) == set(both.columns[moved.any(0)]) == set(IN_UNITS)
    many = mixture(answers)
    own = scores.table(many, truth, seen)
    same = own == scores.table(replace(answers[0], mean=many.mean, variance=many.variance), truth, seen)
    assert (
        set(own.columns[same.all()]) >= {"MSE", "MAE", "SMSE"} and not same[["MSLL", "NLPD", "CRPS"]].to_numpy().any()
    )
    one = replace(answers[0], covariance=None, cells=None)
    close(scores.table(mixture([one, one]), truth, seen), scores.table(one, truth, seen), 1e-9)  # whatever is scored


def law_units_of_other_columns_change_nothing_without_a_word():
    """A task that was seen once takes their spread, and that is said; one that was seen twice has its own."""
    rng = RANDOM(8)
    for times in (1, 2, 5):
        y, sd = rng.normal(size=(8, 2)), []
        y[times:, 1] = np.nan
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            for unit in (1.0, 1000.0):
                fitted = unfitted(icm(TaskData(np.arange(8.0), y * [unit, 1.0]), noise="per task"), 1)
                sd.append(float(predict(fitted, [9.0]).sd[0, 1]))
        assert bool(said) == (times == 1) == (not np.isclose(*sd))


def law_on_floor_names_the_tasks_of_the_direction():
    """Sigma with one direction on the floor: (0, 0.6, 0.8) of three tasks, or a single task."""
    data = table(RANDOM(5), holes=False)
    V = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    for directions, names in (((1,), ["task 2", "task 3"]), ((0,), ["task 1"]), ((), [])):
        above = np.array([0.0 if k in directions else 0.3 for k in range(3)])
        root = V @ np.diag(np.sqrt(above))
        fitted = at_parameters(icm(data, noise="full"), {"likelihood.task_noise_covar_factor": root})
        assert fitted.on_floor == names, (directions, fitted.on_floor)
    shared = np.array([0.5, 0.5, 0.5**0.5])  # a quarter of it in each of two tasks, which is more than a sixth
    root = np.linalg.cholesky(0.3 * (np.eye(3) - np.outer(shared, shared)) + 1e-14 * np.eye(3))
    fitted = at_parameters(icm(data, noise="full"), {"likelihood.task_noise_covar_factor": root})
    assert fitted.on_floor == ["task 1", "task 2", "task 3"]


def law_log_likelihood_is_that_of_the_data_in_their_units():
    """Holes included: the density of the observed cells in data units, by SciPy."""
    for seed, holes in ((6, True), (7, False)):
        data = table(RANDOM(seed), holes=holes)
        fitted = at_parameters(unfitted(icm(data), seed).model)
        C, _, cells = dense_numpy(fitted)
        model = fitted.model
        sd = np.array([float(model.scale.sd[t]) for _, t in cells])
        mean = np.array([float(model.scale.mean[t] + model.scale.sd[t] * model.means()[t]) for _, t in cells])
        y = np.array([float(data.y[i, t]) for i, t in cells])
        close(fitted.log_likelihood, multivariate_normal(mean, C * np.outer(sd, sd)).logpdf(y), 1e-8)


def law_length_scales_have_their_prior():
    """One length-scale of several inputs is measured by the geometric mean of their ranges; a period's has no prior."""
    rng = RANDOM(8)
    x = rng.uniform(0, 1, (9, 2)) * [1, 100]
    data, spread = TaskData(x, rng.normal(size=(9, 2))), np.ptp(x, axis=0)
    for kernel, ranges in ((RBFKernel(), [math.sqrt(spread.prod())]), (RBFKernel(ard_num_dims=2), spread)):
        model = icm(data, kernel=kernel)
        part = model.kernel.data_covar_module
        heights = []
        for size in (0.3, 0.3 * math.e):
            part.lengthscale = tensor([[size * width for width in ranges]])
            with torch.no_grad():
                heights.append(float(objective(model, True) - objective(model, False)))
        close(heights[0] - heights[1], 0.5 * len(ranges), 1e-8)
    model = icm(TaskData(x[:, :1], rng.normal(size=(9, 2))), kernel=PeriodicKernel())
    heights = []
    for size in (0.3, 3.0):
        model.kernel.data_covar_module.lengthscale = size
        with torch.no_grad():
            heights.append(float(objective(model, True) - objective(model, False)))
    close(*heights)


def law_labelled_rows_are_those_they_name():
    """Weights, known errors and exposures with the labels of their rows, or that count, are taken as arrays are."""
    data, index, x = table(RANDOM(45)), pd.Index([*"abcdefg"]), pd.DataFrame({"x": [0.7, 5.0]}, index=[*"pq"])
    fitted, N = unfitted(icm(replace(data, index=index)), 3), len(data.y)
    W, sd = RANDOM(1).normal(size=(N + 2, 3)), RANDOM(2).uniform(1, 2, size=(2, 3))
    for labels in ([*index, *x.index], [*index, 0, 1], range(N + 2), [*range(N), *x.index]):
        close(linear(fitted, pd.DataFrame(W, labels), x=x).mean, linear(fitted, W, x=x).mean)
    close(linear(fitted, pd.DataFrame(W, [*index, 8, 7]), x=x.to_numpy()).mean, linear(fitted, W, x=x).mean)
    close(linear(fitted, W.astype(np.longdouble), x=x).mean, linear(fitted, W, x=x).mean)
    inputs = unfitted(icm(data), 3)
    own = data.to_frame().index  # the inputs, where rows have no other names
    close(linear(inputs, pd.DataFrame(W[:N], own)).mean, linear(inputs, W[:N]).mean)
    close(predict(fitted, x, sd=pd.DataFrame(sd, x.index)).sd, predict(fitted, x, sd=sd).sd)
    eggs = TaskData(range(7), [[2], [0], [5], [1], [3], [4], [2]], tasks=["eggs"], index=index)
    e = np.arange(1.0, 8.0)
    frames = (pd.Series(e, index), pd.DataFrame(e, index), pd.DataFrame(e))
    models = [icm(eggs, likelihood={"eggs": Poisson(exposure=one)}) for one in (e, *frames)]
    assert len({one.log_likelihood().item() for one in models}) == 1
    counted = at_parameters(models[0])
    said = [predict(counted, x, exposure={"eggs": one}).mean for one in ([1.0, 2.0], pd.Series([1.0, 2.0], x.index))]
    close(*said)


def law_a_prediction_has_the_labels_of_its_table():
    rng = RANDOM(9)
    data = TaskData(rng.uniform(0, 1, 6), random_psd(rng, 6)[:, :2], ["left", "right"], ["m", "kg"])
    new = predict(unfitted(icm(data), 1), np.array([0.2, 0.7]))
    assert (new.tasks, new.units, new.noise) == (("left", "right"), ("m", "kg"), True)
    fitted = unfitted(icm(data, noise="full"), 1)
    for frame in (fitted.B, fitted.Sigma, fitted.correlation, fitted.noise_correlation):
        assert list(frame.index) == list(frame.columns) == ["left", "right"]
    sd = fitted.model.scale.sd
    close(fitted.B, fitted.model.B() * torch.outer(sd, sd))
    close(fitted.Sigma, fitted.model.Sigma() * torch.outer(sd, sd))
