"""Bad input gets one clear sentence that names the argument, and no result."""

import datetime
import functools
import pickle
import warnings
from dataclasses import replace

import gpytorch
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from refusals import refusing

from mtgp_tutorial import (
    Fit,
    FitError,
    NegativeBinomial,
    NotPositiveDefiniteError,
    Poisson,
    PosteriorSamples,
    TaskData,
    Trend,
    at_parameters,
    choose,
    coregionalization,
    correlation,
    correlation_intervals,
    detrend,
    empirical_correlation,
    fit,
    gaussian,
    icm,
    impute,
    independent,
    kronecker,
    latent_functions,
    leave_out,
    linear,
    lmc,
    memory,
    model_correlation,
    next_cells,
    paired,
    plots,
    predict,
    sample,
    sample_posterior,
    scores,
    sentence,
    simulate,
    sparse,
    summarise,
)
from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.solvers import by_columns, collapsed_bound
from mtgp_tutorial.solvers import choice as solvers
from mtgp_tutorial.tables import (
    check,
    compare,
    cutoffs,
    fill,
    linear_pool,
    propose_season,
    seasonal_naive,
    with_trend,
)

RBFKernel = gpytorch.kernels.RBFKernel

X, Y = np.linspace(0, 1, 4), np.arange(8.0).reshape(4, 2) ** 2
NAN = float("nan")
EYE, SKEW = torch.eye(2).double(), torch.tensor([[1.0, 0.9], [0, 1]]).double()
TWO_INPUTS = TaskData([[0, 0], [1, 1], [2, 0], [3, 1]], Y)
NEW = pd.DataFrame({"x": [2.0, 3.0]}, index=[*"ab"])
BACKWARDS = pd.DataFrame(np.ones((5, 2)), index=range(4, -1, -1))
SEASONS = TaskData(1950 + np.arange(9) / 4, np.arange(18.0).reshape(9, 2) ** 2)  # two years of quarters
TRIALS = pd.DataFrame({"seed": [0, 1, 2] * 2, "method": [*"aaabbb"], "MSE": [1.0, 2, 3, 4, 5, 7]})
RESULTS = TRIALS.rename(columns={"seed": "trial"}).assign(task="sea [m]", SMSE=1.0)
ONE = RESULTS.assign(one=1, NLPD=0.0, CRPS=0.0, coverage=0.9)
IN_UNITS = pd.concat([RESULTS, RESULTS.assign(task="air [°C]")])


def table(**changes):
    return TaskData(**{"x": X, "y": Y, **changes})


def hide(seed):
    return simulate.two_sines(n=8, seed=seed).hide("sine", 0.6, 1)


def on_a_map(names):
    return TaskData([[0, 0], [1, 1], [2, 0], [3, 1]], Y, x_name=names[0], x_names=[*names])


def foretold_on_a_map(names):
    data = on_a_map(names)
    return Prediction(data.x, data.y, data.y, data.tasks, data.units, True, x_names=data.x_names)


def other_way_round(seed):
    return on_a_map("EN"), on_a_map("NE")


def nothing():
    return table(y=np.full((4, 2), NAN))


def counted(law="poisson", noise=None, **changes):
    """The second task is a count."""
    return icm(table(**changes), noise=noise, likelihood={"task 2": law})


def count_of(seen):
    return icm(seen, likelihood={"task 2": "poisson"})


def both_counts(**changes):
    """A count, and yes or no."""
    data = table(y=[[1, 0], [0, 1], [3, 1], [2, 0]])
    return at_parameters(icm(data, likelihood={"task 1": "poisson", "task 2": "bernoulli"}, **changes))


def draw_cells(**changes):
    """Draws of the missing cells of a count."""
    fitted = at_parameters(counted(y=with_values([1, NAN, 2, 3]).y))
    return sample(fitted, fitted.model.data, 2, seed=0, noise=True, **changes)


def score_counts(values, law="poisson"):
    """Scores of values of the second task, in new rows."""
    fitted, truth = at_parameters(counted(law, y=with_values([1, 0, 1, 0]).y)), replace(with_values(values), x=X + 9)
    return scores.table(predict(fitted, truth.x), truth, fitted.model.data)


def of_rates():
    return predict(at_parameters(counted()), X, noise=False)


def axes(number=1):
    return plt.figure().subplots(1, number, squeeze=False)[0]


def with_text(text):
    return pd.DataFrame({"a": X, "b": [1.0, None, text, 3.0]})


def with_values(column):
    return table(y=np.column_stack([Y[:, 0], column]))


@pytest.fixture(scope="module")
def fitted():
    return fit(icm(simulate.two_sines(seed=0)), starts=1)


def few_inducing():
    """A sparse fit."""
    return fit(sparse(icm(simulate.two_sines(8, seed=1)), 4), starts=1)


@functools.cache
def few_draws():
    """A fit with priors."""
    return fit(icm(table()), starts=1)


def next_of(wanted=Y, candidates=None, fitted=None, x=(0.5,), **changes):
    """A question for the next cell, with one new row."""
    wanted = np.vstack([wanted, Y[:1]]) if np.shape(wanted) == (4, 2) else wanted
    return next_cells(few_draws() if fitted is None else fitted, wanted, candidates, x=x, **changes)


def nothing_free():
    """A fit that says what was frozen: all."""
    fitted = few_draws()
    return replace(fitted, frozen=tuple(name for name, _ in fitted.model.named_parameters()))


def with_own_kernel():
    """A fit whose kernel has no closed form."""
    return Fit(
        icm(table(), kernel=RBFKernel() * gpytorch.kernels.CosineKernel()).requires_grad_(False), True, 0.0, None
    )


@functools.cache
def averaged(rank=1):
    """Averaged over the fit's own parameters, twice."""
    fitted = fit(icm(table(), rank=rank), starts=1)
    vector = torch.nn.utils.parameters_to_vector(fitted.model.parameters()).numpy()
    return PosteriorSamples(fitted, np.stack([vector, vector]), np.arange(2), 1.0, 0)


CASES = [
    ("x, y: have 4 and 3 rows", lambda: table(y=Y[:3])),
    ("y: has no columns", lambda: table(y=np.zeros((4, 0)))),
    ("x, y: have 0 and 0 rows", lambda: table(x=X[:0], y=Y[:0])),
    ("y: holds 1 infinite value;", lambda: with_values([0, 1, np.inf, 2])),
    ("x: holds NaN or infinite", lambda: table(x=[0, 1, NAN, 2])),
    (
        "x: holds dates; pass numbers only, or take TaskData.from_frame or read_table",
        lambda: table(x=pd.to_datetime(["2000-01-01", None, "2001-01-01", "2002-01-01"])),
    ),
    ("x: holds dates", lambda: table(x=[datetime.date(2000, 1, day) for day in range(1, 5)])),
    ("x: holds dates", lambda: table(x=pd.period_range("2000", periods=4, freq="M"))),
    ("x: holds durations; divide them by a unit", lambda: table(x=pd.to_timedelta([1, 2, 3, 4], unit="D"))),
    ("y: column 'b' holds dates", lambda: table(y=pd.DataFrame({"a": X, "b": pd.to_datetime(["2000"] * 4)}))),
    ("y: column 'b' holds text, first '1_000' in row 2", lambda: table(y=with_text("1_000"))),
    ("y: column 1 holds text, first '2' in row 0", lambda: table(y=[[1, "2"]] * 4)),
    ("y: column 0 holds text, first b'1' in row 0", lambda: table(y=np.array([[b"1", b"2"]] * 4))),
    ("x, y: have other row labels", lambda: table(x=pd.Series(X, [*"abcd"]), y=pd.DataFrame(Y, [*"dcba"]))),
    ("sd, y: have other row labels", lambda: table(y=pd.DataFrame(Y), sd=pd.DataFrame(Y + 1, [3, 2, 1, 0]))),
    ("sd, y: have the same columns in another order", lambda: table(y=pd.DataFrame(Y), sd=pd.DataFrame(Y + 1)[[1, 0]])),
    ("y: not a numeric array", lambda: table(y=[[1, 2], [3], [4, 5], [6, 7]])),
    ("tasks: is 'ab'; pass a list of names", lambda: table(tasks="ab")),
    ("tasks: is None", lambda: table(tasks=None)),
    ("units: is {'a': 'm', 'b': 's'}", lambda: table(units={"a": "m", "b": "s"})),
    ("start, stop: are 'a' and 1; pass numbers", lambda: table().hide("task 1", "a", 1)),
    ("x: column 0 spans 1e.308, whose square is out of range", lambda: icm(table(x=X * 1e308))),
    ("x: column 0 spans 1e-320, whose square", lambda: icm(table(x=X * 1e-320))),
    ("kernel: has a batch_shape", lambda: icm(table(), kernel=RBFKernel(batch_shape=torch.Size([2])))),
    ("model: all its parameters are frozen", lambda: fit(icm(table()).requires_grad_(False))),
    ("seed: .* is more than 2.63", lambda: simulate.two_sines(seed=2**70)),
    ("B: is no covariance", lambda: correlation(torch.tensor([[1.0, 2], [2, 1]]))),
    ("B: is no covariance", lambda: correlation(torch.tensor([[1.0, 0.5], [0, 1]]))),
    ("Sigma: is not symmetric", lambda: simulate.draw_icm(X, RBFKernel(), EYE, SKEW, seed=0)),
    ("B: is not symmetric", lambda: simulate.draw_icm(X, RBFKernel(), SKEW, EYE, seed=0)),
    ("kernel: its variance is not 1", lambda: simulate.draw_icm(X, RBFKernel() + RBFKernel(), EYE, EYE, seed=0)),
    ("covariance: is not symmetric", lambda: gaussian.cholesky(SKEW)),
    ("covariance: has shape .2, 3.; pass .2, 2.", lambda: gaussian.cholesky(torch.ones(2, 3))),
    ("mean: has shape .3, 1., y .3,.; pass a value for each", lambda: scores.mse(torch.ones(3, 1), torch.ones(3))),
    ("y: has shape .0,.", lambda: scores.mae(torch.ones(0), torch.ones(0))),
    ("y: holds NaN", lambda: scores.mse(torch.ones(3), torch.full((3,), NAN))),
    ("variance: holds NaN, or", lambda: scores.coverage(torch.ones(3), torch.full((3,), NAN), torch.ones(3))),
    ("variance: holds .* a variance below 0", lambda: scores.coverage(torch.ones(3), -torch.ones(3), torch.ones(3))),
    ("variance: holds 0, under which there is no density", lambda: scores.nlpd(*torch.tensor([[1.0], [0], [1]]))),
    ("variance: has shape .2,.", lambda: scores.nlpd(torch.ones(3), torch.ones(2), torch.ones(3))),
    ("mean: has shape .3, 1.", lambda: scores.joint_nlpd(torch.ones(3, 1), torch.eye(3), torch.ones(3))),
    ("matrix: is an ndarray; pass a data frame", lambda: plots.heatmap(axes()[0], np.eye(2), "")),
    ("matrix: is empty, or holds something that is not a number", lambda: plots.heatmap(axes()[0], with_text("1"), "")),
    (
        "axes: is an Axes; pass a list of Axes",
        lambda: plots.differences(axes()[0], summarise(RESULTS, "a", scores=["MSE"])),
    ),
    ("scores: is empty", lambda: summarise(RESULTS, "a", scores=[])),
    ("methods: is a list; pass a dict", lambda: compare(hide, [1], [icm])),
    ("methods, 'a': is an int; pass a function", lambda: compare(hide, [1], {"a": 5})),
    (
        "methods, 'a': is a TaskData; pass a function of a table that makes a model or a forecaster",
        lambda: compare(hide, [1], {"a": lambda one: one}),
    ),
    ("trial: is a tuple; pass a function", lambda: compare(hide(1), [1], {"a": icm})),
    ("trials: is 'ab'; pass a list", lambda: compare(hide, "ab", {"a": icm})),
    ("trial: gave no two tables for 1", lambda: compare(lambda seed: None, [1], {"a": icm})),
    (
        "trial: its hidden table for 1 has .* no cell",
        lambda: compare(lambda seed: (table(), nothing()), [1], {"a": icm}),
    ),
    ("mask: pass a tensor of True and False", lambda: table().split(torch.tensor([True, False]))),
    ("dim: 3 is not a column of x", lambda: table().hide("task 1", 0, 1, dim=3)),
    ("share: 0.99 of 4 cells hides none or all", lambda: table().hide_random("task 1", 0.99, seed=0)),
    ("y: all 4 values of task 'task 2' are 0.3, or differ by", lambda: icm(with_values([0.1 + 0.2, 0.3, 0.3, 0.3]))),
    ("y: all 4 values of task 'task 2' .* out of range", lambda: icm(with_values([0, 1e200, 2e200, 0]))),
    ("kernel: has the variance 0", lambda: independent(table(), kernel=gpytorch.kernels.LinearKernel())),
    ("kernel: does not fit inputs of 1 column", lambda: icm(table(), kernel=RBFKernel(ard_num_dims=3))),
    (
        "kernel: carries a prior",
        lambda: icm(table(), kernel=RBFKernel(lengthscale_prior=gpytorch.priors.GammaPrior(3, 6))),
    ),
    (
        "kernel: carries a prior",  # of a scale that the sum would drop
        lambda: icm(
            table(),
            kernel=gpytorch.kernels.ScaleKernel(RBFKernel(), outputscale_prior=gpytorch.priors.GammaPrior(3, 6))
            + RBFKernel(),
        ),
    ),
    ("y: not a numeric array .it holds complex numbers", lambda: table(y=Y * 1j)),
    ("tasks: 1 label for 2 columns", lambda: table(tasks=["a"])),
    ("tasks: .* has a name twice", lambda: table(tasks=["a", "a"])),
    ("units: 3 labels for 2 columns", lambda: table(units=["m", "m", "m"])),
    ("task: 'Erie' is not one of 'task 1', 'task 2'", lambda: table().hide("Erie", 0, 1)),
    ("start, stop: 'task 1' has no observed cell from 7 to 9", lambda: table().hide("task 1", 7, 9)),
    ("share: 1.5 is not between 0 and 1", lambda: table().hide_random("task 1", 1.5, seed=0)),
    ("y: task 'task 2' has no observed cell", lambda: icm(with_values([NAN] * 4))),
    ("y: all 2 values of task 'task 2' are 3", lambda: independent(with_values([3.0, NAN, 3.0, NAN]))),
    ("y: no task has two observed cells", lambda: icm(TaskData([0.0], [[1.0, 2.0]]))),
    ("rank: 0 is not a whole number from 1 to T = 2", lambda: icm(table(), rank=0)),
    ("rank: 3 is not a whole number from 1 to T = 2", lambda: icm(table(), rank=3)),
    (
        "kernel: has the variance 0.693, not 1",
        lambda: icm(table(), kernel=gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())),
    ),
    ("noise: 'rank 3' is not one of .*'rank 1' to 'rank 2'", lambda: icm(table(), noise="rank 3")),
    ("fit: has noise='rank 1'", lambda: sample_posterior(fit(icm(table(), noise="rank 1"), starts=1))),
    ("kernel: uses active_dims", lambda: icm(table(), kernel=gpytorch.kernels.RBFKernel(active_dims=[0]))),
    ("likelihood: 'eggs' is not one of 'task 1', 'task 2'", lambda: icm(table(), likelihood={"eggs": "poisson"})),
    ("likelihood: 'gamma' of 'task 2' is not one of", lambda: lmc(table(), likelihood={"task 2": "gamma"})),
    ("y: task 'task 2' has 0.5 at row 1, 1 such", lambda: counted(y=with_values([1, 0.5, 2, 3]).y)),
    ("y: task 'task 2' has -1 at row 0", lambda: counted("negative binomial", y=with_values([-1, 1, 2, 3]).y)),
    ("y: task 'task 2' has 9 at row 1, 3 such", lambda: counted("bernoulli")),
    ("y: task 'task 2' has no observed cell", lambda: counted(y=with_values([NAN] * 4).y)),
    ("sd: 'task 2' is poisson", lambda: counted(sd=0.1)),
    ("exposure: is -1 at row 3", lambda: counted(Poisson(exposure=[1, 2, 3, -1]))),
    ("exposure: has shape .3, 1.; pass one for each", lambda: counted(Poisson(exposure=[1, 2, 3]))),
    ("exposure: has other row labels", lambda: counted(Poisson(exposure=pd.DataFrame(X + 1, index=[*"abcd"])))),
    (
        "exposure: has other row labels",
        lambda: predict(at_parameters(counted()), NEW, exposure={"task 2": pd.Series([1.0, 2.0], [*"ba"])}),
    ),
    ("sd: has other row labels", lambda: predict(few_draws(), NEW, sd=pd.DataFrame(Y[:2] + 1, [*"ba"]))),
    (
        "sd: has other row labels",
        lambda: sample(few_draws(), NEW, 2, seed=0, noise=True, sd=pd.DataFrame(Y[:2], [1, 0])),
    ),
    ("sd: has other row labels", lambda: impute(few_draws(), sd=pd.DataFrame(Y + 1, [*"dcba"]))),
    ("weights: has other row labels", lambda: linear(few_draws(), pd.DataFrame(Y).iloc[::-1])),
    ("wanted: has other row labels", lambda: next_of(BACKWARDS)),
    ("candidates: has other row labels", lambda: next_of(candidates=BACKWARDS > 0)),
    ("cost: has other row labels", lambda: next_of(cost=BACKWARDS)),
    ("sd: has other row labels", lambda: next_of(sd=BACKWARDS)),
    ("noise: 'full' spans .*, and there is none; leave", lambda: both_counts(noise="full")),
    ("overdispersed: is a str; pass True or False", lambda: counted(Poisson(overdispersed="no"))),
    ("exposure: is given beside a table", lambda: draw_cells(exposure={"task 2": 2.0})),
    ("truth: task 'task 2' has 1.5 at row 1, 2 such", lambda: score_counts([1, 1.5, -2, NAN])),
    ("truth: task 'task 2' has 2 at row 0", lambda: score_counts([2, 1, 0, NAN], "bernoulli")),
    ("y: task 'task 2' has -1 at row 0", lambda: leave_out(at_parameters(counted())).residuals(-torch.ones(4, 2))),
    ("y: is an ndarray; pass a tensor", lambda: predict(few_draws(), X).residuals(Y)),
    ("noise: 'full' spans the normal tasks", lambda: counted(Poisson(overdispersed=True), noise="full")),
    ("exposure: is an int; pass a dict by task", lambda: predict(at_parameters(counted()), X, exposure=2)),
    ("exposure: 'eggs' is not one of 'task 1', ", lambda: predict(at_parameters(counted()), X, exposure={"eggs": 2})),
    ("exposure: 'task 1' is normal, which has", lambda: predict(at_parameters(counted()), X, exposure={"task 1": 2})),
    ("y: task 'task 2' has 2e.09 at row 1, 1 such in all", lambda: counted(y=with_values([1, 2e9, 2, 3]).y)),
    ("dispersion: is 1e.06 for 'task 2'; start from", lambda: counted(NegativeBinomial(dispersion=1e6))),
    ("dispersion: is 0 for 'task 2'", lambda: counted(NegativeBinomial(dispersion=0))),
    ("covariance: task 'task 2' is poisson", lambda: predict(at_parameters(counted()), X, covariance=True)),
    ("sd: 'task 2' is bernoulli, whose", lambda: predict(both_counts(), X, sd=[[NAN, 1.0]] * 4)),
    ("table: task 'task 2' is poisson", lambda: impute(at_parameters(counted()), table(x=X + 2))),
    ("exact_gp: task 'task 2' is poisson", lambda: counted().exact_gp()),
    ("model_correlation: task", lambda: model_correlation(at_parameters(counted()), [0, 1])),
    ("correlation_intervals: task 'task 2' is poisson", lambda: correlation_intervals(at_parameters(counted()))),
    ("check: task 'task 2' is poisson", lambda: check(at_parameters(counted()))),
    ("Trend.restore: task 'task 2' is poisson", lambda: Trend(table()).restore(impute(at_parameters(counted())))),
    ("components: task 'task 2' is poisson", lambda: impute(at_parameters(counted())).components),
    ("above: 'eggs' is not one of", lambda: impute(at_parameters(icm(table()))).probability(above={"eggs": 1})),
    ("above: is 'many'; pass a number", lambda: impute(at_parameters(counted())).probability(above="many")),
    ("prediction: is of the log rate of 'task 2'", lambda: plots.tasks(axes(2), of_rates(), table())),
    ("builds: task 'task 2' is poisson", lambda: linear_pool(lambda seen: counted(), icm)(table())),
    ("W, kappa: have shapes", lambda: coregionalization(torch.ones(2, 1), torch.ones(3))),
    ("W: holds NaN or infinite values", lambda: coregionalization(torch.full((2, 1), NAN), torch.ones(2))),
    ("kappa: holds -1", lambda: coregionalization(torch.ones(2, 1), torch.tensor([1.0, -1]))),
    ("B: has the variance 0", lambda: correlation(torch.zeros(2, 2))),
    ("noise_sd, noise_correlation: are 0.1, 1", lambda: simulate.two_sines(noise_correlation=1, seed=0)),
    ("kernels: is 0; pass their number", lambda: lmc(table(), kernels=0)),
    ("kernels: is 'RBF'", lambda: lmc(table(), kernels="RBF")),
    ("kernel: is <class", lambda: lmc(table(), kernels=[RBFKernel])),
    ("inducing: asks for 0 inducing inputs, and the rows with values have 4", lambda: sparse(icm(table()), 0)),
    ("inducing: asks for 5 inducing inputs, and the rows with values have 4", lambda: sparse(icm(table()), 5)),
    ("inducing: has 2 columns, the data 1; pass inputs", lambda: sparse(icm(table()), [[0.0, 1.0]])),
    ("inducing: holds NaN or infinite values; pass finite", lambda: sparse(icm(table()), [0.0, NAN])),
    ("fit: has the sparse bound, for which no coverage", lambda: correlation_intervals(few_inducing())),
    (
        "fit: has no priors, so its parameters have no posterior",
        lambda: sample_posterior(fit(icm(table()), priors=False)),
    ),
    ("fit: all its parameters are frozen; pass what fit", lambda: sample_posterior(nothing_free())),
    ("fit: has a sum of kernels, a kernel of your own or a bound", lambda: sample_posterior(with_own_kernel())),
    ("level: 95 is not between 0 and 1; pass a share", lambda: averaged().intervals(95)),
    ("level: 0 is not between 0 and 1", lambda: predict(averaged(), X).band(0)),
    ("fit: is averaged, and columns of a W of several turn", lambda: latent_functions(averaged(rank=2), X)),
    ("fit: is a PosteriorSamples; pass what fit.model. returned", lambda: check(averaged())),
    ("fit: is a PosteriorSamples; pass a Fit", lambda: correlation_intervals(averaged())),
    ("fit: has the sparse bound, which has no exact leave-one-out", lambda: leave_out(few_inducing(), "row")),
    ("impute them, or fit without sparse$", lambda: check(few_inducing())),
    ("rank: has 3 entries for 2 kernels", lambda: lmc(table(), rank=[1, 1, 1])),
    ("fit: is of an independent model", lambda: latent_functions(fit(independent(table()), starts=1), [0.5])),
    ("data: its 9 inputs up to the last value are too few for 3 stretches of 3", lambda: cutoffs(SEASONS, 3, 3)),
    ("data: the cut-off after 1950 leaves task 'task 1' with fewer", lambda: cutoffs(SEASONS, 4, 2)),
    (
        "data: the cut-off after 0.33.* hides no value",
        lambda: cutoffs(replace(table(), y=[[0, 0], [1, 1], [NAN, NAN], [3, 3]]), 1, 2),
    ),
    ("label: 'x' is not one of 'after 1951'", lambda: cutoffs(SEASONS, 4, 1)("x")),
    ("season: is 0.1, and the inputs are 0.25 apart", lambda: seasonal_naive(0.1)(SEASONS)),
    ("season: no two values of 'task 1' are 3 apart", lambda: seasonal_naive(3)(SEASONS)),
    (
        "season: no value of task 'task 1' was seen .* before x 1950;",
        lambda: seasonal_naive(1)(SEASONS).forecast(SEASONS),
    ),
    ("hidden: has other tasks or inputs", lambda: seasonal_naive(1)(SEASONS).forecast(TWO_INPUTS)),
    ("harmonics: is 2, and there is no season", lambda: Trend(SEASONS, harmonics=2)),
    ("seen: the 9 observed cells of task 'task 1' do not fix the 4 numbers", lambda: Trend(SEASONS, season=0.25)),
    ("season: is 9, and the observed cells of task 'task 1' span 2;", lambda: Trend(SEASONS, season=9)),
    ("table: is an ndarray; pass a TaskData", lambda: Trend(table()).remove(Y)),
    ("answer: is an ndarray; pass a Prediction", lambda: Trend(table()).restore(Y)),
    ("seen: the 2 observed cells of task 'task 2' do not", lambda: detrend(with_values([1.0, NAN, 2.0, NAN]))),
    ("table: has no column 'CRPS'", lambda: paired(TRIALS, "CRPS", [("a", "b")])),
    ("pairs: 'c' is not a method", lambda: paired(TRIALS, "MSE", [("a", "c")])),
    ("'b' share 2 of 3 trials", lambda: paired(TRIALS.iloc[:5], "MSE", [("a", "b")])),
    ("by: is 'seed'", lambda: paired(TRIALS, "MSE", [("a", "b")], by="seed")),
    ("by: seed does not name a trial", lambda: paired(pd.concat([TRIALS, TRIALS]), "MSE", [("a", "b")])),
    ("pairs: is .'a', 'b'.", lambda: paired(TRIALS, "MSE", ("a", "b"))),
    ("table: the column 'MSE' does not hold finite", lambda: paired(TRIALS.replace(7.0, np.inf), "MSE", [("a", "b")])),
    ("'CRPS' is not a column of the results", lambda: summarise(RESULTS, "a", scores=["CRPS"])),
    (
        "results: has one trial, which has no error",
        lambda: choose(RESULTS[RESULTS["trial"] == RESULTS["trial"][0]], "MSE"),
    ),
    ("cluster: 'x' is no column", lambda: choose(RESULTS, "MSE", cluster="x")),
    (
        "held_out: is 0.2 with 2 clusterings; pass one",
        lambda: paired(
            TRIALS.assign(x=TRIALS["seed"], y=TRIALS["seed"]), "MSE", [("a", "b")], cluster=["x", "y"], held_out=0.2
        ),
    ),
    ("lacks a score in trial", lambda: summarise(RESULTS.iloc[:-1], "a", scores=["MSE"])),
    ("'a' is their only method", lambda: summarise(RESULTS[RESULTS["method"] == "a"], "a", scores=["MSE"])),
    ("axes: are 0 for the scores MSE", lambda: plots.differences([], summarise(RESULTS, "a", scores=["MSE"]))),
    ("or has it twice", lambda: summarise(pd.concat([RESULTS, RESULTS]), "a", scores=["MSE"])),
    ("score: is coverage, of which less is not better; pass one", lambda: choose(ONE, "coverage")),
    ("scores: MSE of tasks in m and °C has no mean", lambda: summarise(IN_UNITS, "a", scores=["SMSE", "MSE"])),
    ("others: a table has other tasks, units", lambda: detrend(table(), table(units=["m", "m"]))),
    ("has other tasks, units or inputs", lambda: Trend(on_a_map("EN")).remove(on_a_map("NE"))),
    ("has other tasks, units or inputs", lambda: Trend(on_a_map("EN")).restore(foretold_on_a_map("NE"))),
    (
        "trial: its hidden table for 1 has other tasks, units or inputs",
        lambda: compare(other_way_round, [1], {"a": icm}),
    ),
    ("seen: has 2 inputs, and the season before asks for one", lambda: seasonal_naive(2)(on_a_map("EN"))),
    ("cluster: 'MSE' changes within a trial", lambda: paired(TRIALS, "MSE", [("a", "b")], cluster="MSE")),
    (
        "cluster: 'one' changes within a trial, or is the same in all; pass a column",
        lambda: summarise(ONE, "a", cluster=["trial", "one"]),
    ),
    ("distances: are none, not finite or not increasing", lambda: empirical_correlation(table(), [1, 0])),
    ("width: is 0", lambda: empirical_correlation(table(), [0, 1], width=0)),
    ("data: has 2 inputs; pass a table with one", lambda: empirical_correlation(TWO_INPUTS, [0, 1])),
    ("fit: is of a table with 2 inputs", lambda: model_correlation(at_parameters(icm(TWO_INPUTS)), [0, 1])),
    ("data: task 'task 2' does not vary", lambda: empirical_correlation(with_values([1.0, 1, 1, NAN]), [0, 1])),
    ("held_out: is 1", lambda: paired(TRIALS, "MSE", [("a", "b")], held_out=1)),
    ("there is no prediction or no observed cell", lambda: scores.table({}, table(), table())),
    ("with_trend: task 'task 2' is poisson", lambda: fill(with_values([1, NAN, 4, 2]), with_trend(count_of))),
    ("periods: is .0.; pass lengths above 0", lambda: propose_season(table(), [0])),
    ("periods: the input 'x' has no calendar", lambda: propose_season(table())),
    ("build: is an int; pass", lambda: with_trend(3)),
    ("gain: is a list; pass a row of what paired", lambda: sentence([1], "m")),
    ("season: is 'year'", lambda: fill(table(), season="year")),
    ("season: is 1", lambda: fill(table(), count_of, season=1.0)),
    ("gain: is the row of the baseline", lambda: sentence({"mean difference": NAN}, "m")),
    (
        "names: 'lake' is no clustering of this row; it has none",
        lambda: sentence(paired(TRIALS, "MSE", [("a", "b")]).iloc[0], "m", {"lake": "lakes"}),
    ),
    ("sd: is given with noise=False", lambda: predict(few_draws(), X, sd=np.ones((4, 2)), noise=False)),
    ("sd: holds errors that are not above 0", lambda: predict(few_draws(), X, sd=np.zeros((4, 2)))),
    ("sd: has shape .4, 1.; pass one of each cell", lambda: predict(few_draws(), X, sd=np.ones((4, 1)))),
    ("weights: has shape .4, 1.; pass .4, 2., with a line", lambda: linear(few_draws(), Y[:, :1])),
    ("weights: has shape .4, 2.; pass .5, 2., with a line", lambda: linear(few_draws(), Y, x=[0.5])),
    ("weights: is nan at row 0 of 'task 1'", lambda: linear(few_draws(), Y * NAN)),
    ("weights: has lines of unequal length", lambda: linear(few_draws(), [[1, 2], [3]])),
    ("weights: is an ndarray of booleans; pass", lambda: linear(few_draws(), Y > 1)),
    (
        "weights: has the columns task 2, task 1",
        lambda: linear(few_draws(), pd.DataFrame(Y, columns=["task 2", "task 1"])),
    ),
    ("linear: task 'task 2' is poisson", lambda: linear(at_parameters(counted()), Y)),
    ("fit: is a PosteriorSamples; pass what fit", lambda: linear(averaged(), Y)),
    ("next_cells: task 'task 2' is poisson", lambda: next_of(fitted=at_parameters(counted()))),
    ("fit: is a PosteriorSamples; pass what fit", lambda: next_of(fitted=averaged())),
    ("fit: has the sparse bound, for which a reading", lambda: next_of(fitted=few_inducing())),
    ("wanted: is a str of text; pass an array", lambda: next_of("Erie")),
    ("wanted: is 1e.170 at row 0 of 'task 2'", lambda: next_of(Y * 1e170)),
    ("wanted: has shape .3, 2.; pass .5, 2.", lambda: next_of(Y[:3])),
    ("wanted: holds booleans .K, R, T.", lambda: next_of(np.ones((2, 5, 2), dtype=bool))),
    ("wanted: names no cell; pass some", lambda: next_of(np.zeros((5, 2)))),
    ("wanted: names no cell that was not observed", lambda: next_of(np.eye(5, 2), noise=True)),
    ("candidates: no cell is left to read; pass some", lambda: next_cells(few_draws(), Y)),
    ("candidates: is an ndarray of numbers; pass an array of booleans", lambda: next_of(candidates=np.ones((5, 2)))),
    ("candidates: row 0 of 'task 2' was observed", lambda: next_of(candidates=np.eye(5, 2, 1, dtype=bool))),
    ("count: asks for 3 readings, and there are 2 candidates", lambda: next_of(count=3)),
    ("cost: 'task 3' is not one of", lambda: next_of(cost={"task 3": 1.0})),
    ("cost: is nan at row 4 of 'task 1'; .* or candidates", lambda: next_of(cost=np.full((5, 2), NAN))),
    ("cost: holds 0; pass prices above 0", lambda: next_of(cost={"task 1": 0})),
    ("cost: has shape ..; pass .5, 2.", lambda: next_of(cost=2.0)),
    ("sd: has shape .4, 2.; pass one of each", lambda: next_of(sd=np.ones((4, 2)))),
    ("x: has 2 columns", lambda: next_of(x=np.zeros((1, 2)))),
    ("noise: 'none' leaves 8 values", lambda: icm(table(), noise="none")),
    ("exact_gp: the table has known standard errors", lambda: icm(table(sd=1.0)).exact_gp()),
    ("sd: is inf at row 0 of 'task 1'", lambda: table(sd=np.inf)),
    ("sd: has shape .4, 1.", lambda: table(sd=np.ones((4, 1)))),
    ("index: has 3 names for 4 rows", lambda: table(index=pd.Index([*"abc"]))),
    ("x_names: 1 name for 2 columns of x", lambda: replace(TWO_INPUTS, x_name="a", x_names=["a"])),
    ("x, y: are on meta and cpu", lambda: table(x=torch.zeros(4, 1, device="meta"))),
    ("unit: 'weeks' is not one of 'seconds', 'minutes', 'hours', 'days', 'years'", lambda: Calendar("weeks")),
    ("B, Sigma: have shapes", lambda: simulate.draw_icm(X, RBFKernel(), EYE, torch.eye(3).double(), seed=0)),
    (
        "noise_correlation: the model has noise='none'",
        lambda: at_parameters(icm(table(sd=1.0), noise="none")).noise_correlation,
    ),
]


@pytest.mark.parametrize(("message", "call"), CASES, ids=[message[:40] for message, _ in CASES])
def test_one_sentence_and_no_result(message, call):
    with refusing(ValueError, message):
        call()


def test_questions_that_cannot_be_answered(fitted):
    length = "kernel.data_covar_module.lengthscale"
    for message, call in [
        ('by: \'year\' is neither "cell" nor "row"', lambda: leave_out(fitted, "year")),
        (
            r"by: has shape .3,.; pass a label for each row, .10., or for each cell, .10, 2.",
            lambda: leave_out(fitted, [1, 2, 3]),
        ),
        ("by: has other row labels", lambda: leave_out(fitted, pd.Series(range(10), range(9, -1, -1)))),
        ("by: lacks 2 labels", lambda: leave_out(fitted, [NAN, None, *range(8)])),
        ("x: is a table, whose missing y are drawn", lambda: sample(fitted, fitted.model.data, 2, seed=0)),
        ("x: has 2 columns, the data has 1", lambda: sample(fitted, np.zeros((3, 2)), 2, seed=0)),
        (
            f"parameters: '{length}' cannot be -1 .outside its constraint",
            lambda: at_parameters(fitted.model, {length: -1}),
        ),
        (
            "parameters: 'kernel.length' cannot be 1 .the model has no such",
            lambda: at_parameters(fitted.model, {"kernel.length": 1}),
        ),
        ("parameters: 'noise' cannot be 1 .it is no parameter", lambda: at_parameters(fitted.model, {"noise": 1})),
        (
            "parameters: 'likelihood.task_noises' cannot be .1, 2, 3.* .it takes one number, or numbers of shape .2,",
            lambda: at_parameters(fitted.model, {"likelihood.task_noises": [1, 2, 3]}),
        ),
        (
            "parameters: 'likelihood.task_noises' cannot be 1e-05 .outside",
            lambda: at_parameters(fitted.model, {"likelihood.task_noises": 1e-5}),
        ),
        (
            f"parameters: '{length}' cannot be 'long' .it takes numbers",
            lambda: at_parameters(fitted.model, {length: "long"}),
        ),
    ]:
        with refusing(ValueError, message):
            call()


def test_panels_show_the_tasks_of_their_prediction(fitted):
    data, prediction = fitted.model.data, predict(fitted, X)
    in_mm = replace(data, units=["mm", "mm"])
    flat = replace(prediction, x=torch.ones(4, 2))
    for message, call in [
        ("axes: is an Axes; pass a list of Axes", lambda: plots.tasks(axes()[0], prediction, data)),
        ("axes: are 1 for 2 tasks", lambda: plots.tasks(axes(1), prediction, data)),
        ("axes: are 2 for 2 tasks, or not flat", lambda: plots.tasks([axes(2), axes(2)], prediction, data)),
        ("prediction: is a Fit", lambda: plots.tasks(axes(2), fitted, data)),
        ("seen: has the tasks task 1, ", lambda: plots.tasks(axes(2), prediction, table())),
        (
            "seen: has the tasks sine .mm., lagged sine .mm., the prediction sine, lagged",
            lambda: plots.tasks(axes(2), prediction, in_mm),
        ),
        ("hidden: has the tasks", lambda: plots.tasks(axes(2), prediction, data, table())),
        ("truth: has the tasks", lambda: plots.tasks(axes(2), prediction, data, None, table())),
        ("prediction: its inputs are not one sorted column", lambda: plots.band(axes()[0], flat)),
        ("t: 2 is not the number of a task; pass one from 0 to 1", lambda: plots.band(axes()[0], prediction, 2)),
    ]:
        with refusing(ValueError, match=message):
            call()
    plt.close("all")


def test_units_are_not_mixed(fitted):
    data = fitted.model.data
    in_mm, fresh = replace(data, x=data.x + 2, units=["mm", "mm"]), replace(data, x=data.x + 2)
    with refusing(ValueError, match="table: has the units .'mm', 'mm'., the fit"):
        impute(fitted, in_mm)
    with refusing(ValueError, match="seen: has the tasks sine .mm., lagged sine .mm., truth sine, lagged"):
        scores.table(predict(fitted, fresh.x), fresh, in_mm)
    with refusing(
        ValueError, match="predictions: has the tasks sine, lagged sine, truth sine .mm., lagged sine .mm.; take"
    ):
        scores.table(predict(fitted, fresh.x), in_mm, replace(data, units=["mm", "mm"]))
    with refusing(ValueError, match="x: is a table; pass its inputs"):
        predict(fitted, data)


def test_queries_that_do_not_fit(fitted):
    with refusing(ValueError, match="x: has 2 columns, the data has 1"):
        predict(fitted, np.zeros((3, 2)))
    with refusing(ValueError, match="NaN or infinite"):
        predict(fitted, [0.0, NAN])
    with refusing(ValueError, match="x: is on meta, the data on cpu"):
        predict(fitted, torch.zeros(3, 1, device="meta"))
    data = fitted.model.data
    with refusing(ValueError, match="table: its row 1 repeats a fitted row"):
        impute(fitted, TaskData([7.0, *data.x[3:5, 0]], data.y[2:5], tasks=data.tasks))


def test_tables_of_scores_that_would_mislead(fitted):
    data = fitted.model.data
    fresh = simulate.two_sines(n=7, seed=1)
    with refusing(ValueError, match="holds cells that were seen in training"):
        scores.table({"a": predict(fitted, data.x)}, data, data)
    with refusing(ValueError, match="predictions, 'a': knew cells that are scored"):
        scores.table({"a": impute(fitted)}, data, fresh)
    with refusing(ValueError, match="predictions, 'a': has other rows or tasks"):
        scores.table({"a": predict(fitted, [0.0, 1.0])}, fresh, data)
    with refusing(ValueError, match="predictions, 'a': is of the latent f"):
        scores.table({"a": predict(fitted, fresh.x, noise=False)}, fresh, data)


def test_matrices_that_do_not_fit():
    eye, two = torch.eye(3, dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    y = torch.zeros(3, dtype=torch.float64)
    skew = eye.clone()
    skew[0, 1] = 0.5
    for message, call in [
        ("covariance: has shape .3, 3.; pass .4, 4.", lambda: gaussian.log_likelihood(torch.zeros(4).double(), eye)),
        ("residual: has shape .3, 1.", lambda: gaussian.log_likelihood(y[:, None], eye)),
        ("residual: holds NaN", lambda: gaussian.log_likelihood(y * NAN, eye)),
        ("covariance: is not symmetric", lambda: gaussian.log_likelihood(y, skew)),
        ("cross: has shape .2, 2.", lambda: gaussian.posterior(y, eye, two, two)),
        (
            "residual: has shape .2, 3.",
            lambda: kronecker.log_likelihood(torch.ones(2, 3).double(), eye, two, two),
        ),
        ("Sigma: has shape .3, 3.", lambda: kronecker.log_likelihood(torch.ones(3, 2).double(), eye, two, eye)),
        (
            "cross: has shape .2, 2.",
            lambda: kronecker.posterior(torch.ones(3, 2).double(), eye, two, two, two, two),
        ),
        ("kappa: holds nan", lambda: coregionalization(torch.ones(2, 1), torch.tensor([1.0, NAN]))),
    ]:
        with refusing(ValueError, match=message):
            call()


def test_covariances_that_are_none():
    twice = torch.tensor([[0.0], [1.0], [1.0], [2.0]], dtype=torch.float64)
    K = gpytorch.kernels.RBFKernel().double()(twice).to_dense().detach()
    y = torch.arange(4.0, dtype=torch.float64)
    indefinite, one = torch.tensor([[1.0, 2], [2, 1]], dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    for message, call in (
        ("covariance", lambda: gaussian.log_likelihood(y, K)),
        ("covariance", lambda: gaussian.posterior(y, K, K, K)),
        ("^Sigma:", lambda: kronecker.log_likelihood(torch.ones(4, 2).double(), K, one, indefinite)),
        ("^B:", lambda: kronecker.log_likelihood(torch.ones(4, 2).double(), K, indefinite, one)),
        ("eigenvalue", lambda: gaussian.sample(torch.zeros(2).double(), indefinite, 1, seed=0)),
        ("eigenvalue", lambda: gaussian.sample(y[:2], 1e6 * one - 1e6 * (1 + 1e-7) * one.flip(0), 1, seed=0)),
        ("^Sigma:", lambda: simulate.draw_icm([0.0, 1.0], RBFKernel(), one, indefinite, seed=0)),
        ("B: holds NaN", lambda: collapsed_bound.root_of_B(one * NAN)),
        ("B: has the eigenvalue -1", lambda: collapsed_bound.root_of_B(indefinite)),
        (
            "Sigma: is not .* of row 1",
            lambda: collapsed_bound.whitening(torch.eye(2).bool(), torch.diag(one[0] - one[1]), None),
        ),
    ):
        with refusing(NotPositiveDefiniteError, match=message):
            call()


def test_a_fit_that_fails_raises_with_its_parameters():
    message = r"the best of 2 starts has not converged in 1 iterations .start \d came to -\d+\.\d nats.; allow more"
    with pytest.raises(FitError, match=message) as caught:
        fit(icm(simulate.two_sines(seed=0)), starts=2, max_iterations=1)
    assert len(str(caught.value)) < 200
    assert str(caught.value).endswith("nats); allow more iterations, or take a lower rank or fewer kernels")
    assert caught.value.parameters["kernel.task_covar_module.covar_factor"].shape == (2, 1)
    assert set(pickle.loads(pickle.dumps(caught.value)).parameters) == set(caught.value.parameters)


def test_a_table_that_is_too_large_is_refused_before_work_begins(monkeypatch):
    data, mib = simulate.two_sines(n=400, seed=0), 2**20
    monkeypatch.setattr(memory, "total_and_free", lambda device: (5 * mib, 5 * mib))
    sentence = r"data: 800 observed cells need about 0\.\d GiB, and there are 0\.0 GiB free of 0\.0; take "
    with refusing(MemoryError, match=sentence):
        fit(icm(data))
    with refusing(MemoryError, match=sentence):
        predict(at_parameters(icm(data)), [0.5])
    monkeypatch.setattr(memory, "total_and_free", lambda device: (2000 * mib, 5 * mib))
    with pytest.warns(ResourceWarning, match=sentence.replace("of 0", "of 2")) as warned:
        fit(icm(data), starts=1)
    assert warned[0].filename.endswith("fitting.py"), "the line that asked, not the one that warns"


def test_too_many_cells_to_choose_from_are_refused_before_work_begins(monkeypatch):
    fitted = few_draws()
    next_of(fitted=fitted)
    monkeypatch.setattr(memory, "total_and_free", lambda device: (2**10, 2**10))
    with refusing(MemoryError, match="candidates, wanted: 12 cells need about 0.0 GiB, and .* name fewer"):
        next_of(np.ones((5, 2)), fitted=fitted)
    with refusing(MemoryError, match="weights: 8 cells that count need about 0.0 GiB, and .* name fewer"):
        linear(fitted, np.ones((4, 2)))


def test_the_road_that_a_wide_table_is_sent_is_one(monkeypatch):
    """Full noise of many columns with holes needs all cells at once; noise per task does not, nor do groups."""
    rng, mib = np.random.default_rng(0), 2**20
    y = np.outer(np.cumsum(rng.normal(size=40)), rng.normal(size=40)) + rng.normal(size=(40, 40))
    y[rng.uniform(size=y.shape) < 0.4] = np.nan
    data = TaskData(np.arange(40.0), y)
    monkeypatch.setattr(memory, "total_and_free", lambda device: (20 * mib, 20 * mib))
    monkeypatch.setattr(by_columns, "AT_ONCE", 2**16)
    road = (
        "take noise='per task', which goes column by column, or the tasks in groups of ten, a model for each, or fewer"
    )
    with refusing(MemoryError, match=f"{road} rows$"):
        fit(icm(data, noise="full"))
    assert fit(icm(data, noise="per task"), starts=1).starts["converged"].all()
    assert fit(icm(TaskData(data.x, data.y[:, :10]), noise="full"), starts=1).starts["converged"].all()


def test_a_fit_that_takes_hours_says_so_first(monkeypatch):
    model = icm(simulate.two_sines(seed=0))
    monkeypatch.setattr(solvers, "OPERATIONS", 1e6)
    with pytest.warns(UserWarning, match=r"fit: the table is large, about \d+ s of a core for each evaluation"):
        fit(model, starts=1)
    wide = icm(TaskData(np.arange(8.0), np.random.default_rng(0).normal(size=(8, 21))))
    with pytest.warns(UserWarning, match=r"shows it; the tasks in groups of ten, a model for each, take less\)$"):
        fit(wide, starts=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.setattr(solvers, "OPERATIONS", 2.5e10)
        fit(model, starts=1)


def test_what_a_kernel_raises_in_a_fit_is_raised():
    class Broken(RBFKernel):
        def forward(self, x1, x2, diag=False, **params):
            if not diag:
                raise ValueError("my kernel is broken")
            return super().forward(x1, x2, diag=diag, **params)

    with pytest.raises(ValueError, match="my kernel is broken"):
        fit(icm(simulate.two_sines(n=8, seed=0), kernel=Broken()))


def test_the_dense_solver_has_no_bound_and_others_are_unknown():
    model = sparse(icm(simulate.two_sines(n=8, seed=0)), 4)
    with refusing(ValueError, match="solver: is 'dense', which knows no bound of a sparse model"):
        model.log_likelihood(solver="dense")
    with refusing(ValueError, match="solver: is 'fast'; pass 'dense'"):
        model.conditioned(solver="fast")


def test_a_kernels_variance_is_checked_without_a_matrix_of_all_rows():
    class Diagonal(RBFKernel):
        def forward(self, x1, x2, diag=False, **params):
            assert diag, "a model of many rows would fill the memory before it is checked"
            return super().forward(x1, x2, diag=diag, **params)

    assert icm(simulate.two_sines(n=20, seed=0), kernel=Diagonal()).data.y.shape == (20, 2)


def test_memory_is_that_of_the_machine_or_of_its_container(monkeypatch, tmp_path):
    total, free = memory.total_and_free(torch.device("cpu"))
    assert 2**28 < free <= total < 2**50
    limit, used = tmp_path / "max", tmp_path / "current"
    limit.write_text("300000000"), used.write_text("100000000")
    monkeypatch.setattr(memory, "CONTAINERS", [(limit, used)])
    assert memory.total_and_free(torch.device("cpu")) == (300_000_000, 200_000_000)
    limit.write_text("max")
    assert memory.total_and_free(torch.device("cpu"))[0] == total
    older, held = tmp_path / "limit_in_bytes", tmp_path / "usage_in_bytes"
    older.write_text("300000000"), held.write_text("50000000")
    monkeypatch.setattr(memory, "CONTAINERS", [(limit, used), (older, held)])
    assert memory.total_and_free(torch.device("cpu")) == (300_000_000, 250_000_000), "a limit beside its own use"
