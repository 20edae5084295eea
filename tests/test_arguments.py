"""An argument of another type than its own, whatever it holds: one line that begins with its name, and no result."""

import functools
import inspect
import math
from numbers import Integral, Real

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import RBFKernel

import mtgp_tutorial as mtgp
from mtgp_tutorial import TaskData, gaussian, kronecker, scores, simulate, tables

X, Y = np.linspace(0, 1, 6), np.sin(np.arange(12.0).reshape(6, 2) ** 2)
EYE, ONES = torch.eye(2).double(), torch.ones(2).double()
TABLE, HOLES = TaskData(X, Y), TaskData(X, np.where(np.eye(6, 2) > 0, np.nan, Y))
TRIALS = pd.DataFrame({"trial": [0, 1, 2] * 2, "method": [*"aaabbb"], "task": "sea", "MSE": [1.0, 2, 3, 4, 5, 7]})
MODEL = mtgp.icm(TABLE)
VALUES = [  # what a tired person passes
    *(None, True, -1, 2**70, 0.5, 1.5, math.nan, math.inf, "a", "1", b"a", str, len, object()),
    *([], {}, (), [1.0], ["a"], Y, torch.ones(3), pd.DataFrame(Y), pd.Series(["1"]), TABLE, MODEL),
]
NUMBER = lambda value: isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)  # noqa: E731
MAY_BE = {  # an annotation -> whether a value is of it, and might do
    "int": lambda value: NUMBER(value) and isinstance(value, Integral) and value >= 0,
    "float": NUMBER,
    "bool": lambda value: isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "TaskData": lambda value: isinstance(value, TaskData),
    "Tensor": torch.is_tensor,
    "pd.DataFrame": lambda value: isinstance(value, pd.DataFrame),
    "Model": lambda value: value is MODEL,
    "Fit": lambda value: False,
    "Kernel": lambda value: False,
}


@functools.cache
def fitted():
    return mtgp.fit(mtgp.icm(TABLE), starts=1)


def trial(seed):
    return simulate.two_sines(n=8, seed=seed).hide("sine", 0.6, 1)


def of_fit(function, **more):
    return function, lambda: {"fit": fitted(), **more}


RIGHT = [  # a function, and arguments with which it answers
    *((build, lambda: {"data": TABLE}) for build in (mtgp.icm, mtgp.independent, mtgp.lmc)),
    (mtgp.sparse, lambda: {"model": MODEL, "inducing": 3}),
    (mtgp.fit, lambda: {"model": mtgp.icm(TABLE), "starts": 1}),
    (mtgp.at_parameters, lambda: {"model": MODEL}),
    *(of_fit(function, x=X) for function in (mtgp.predict, mtgp.parts, mtgp.latent_functions)),
    *(of_fit(function) for function in (mtgp.impute, mtgp.leave_out, mtgp.correlation_intervals)),
    of_fit(mtgp.sample, x=X, num_samples=1, seed=0),
    of_fit(mtgp.linear, weights=Y),
    of_fit(mtgp.next_cells, wanted=np.vstack([Y, Y[:1]]), x=[0.55]),
    of_fit(mtgp.model_correlation, distances=[0, 0.5]),
    of_fit(mtgp.sample_posterior, draws=8, chains=2),
    (mtgp.empirical_correlation, lambda: {"data": TABLE, "distances": [0, 0.5], "width": 0.2}),
    (mtgp.coregionalization, lambda: {"W": torch.ones(2, 1), "kappa": torch.ones(2)}),
    (mtgp.correlation, lambda: {"B": EYE}),
    (mtgp.detrend, lambda: {"seen": TABLE}),
    (mtgp.Trend, lambda: {"seen": TABLE}),
    (mtgp.choose, lambda: {"results": TRIALS, "score": "MSE"}),
    (mtgp.summarise, lambda: {"results": TRIALS, "baseline": "a", "scores": ["MSE"]}),
    (mtgp.paired, lambda: {"table": TRIALS, "score": "MSE", "pairs": [("a", "b")], "by": ["trial"]}),
    (gaussian.log_likelihood, lambda: {"residual": ONES, "covariance": EYE}),
    (gaussian.posterior, lambda: {"residual": ONES, "covariance": EYE, "cross": EYE, "prior": EYE}),
    (gaussian.sample, lambda: {"mean": ONES, "covariance": EYE, "num_samples": 1, "seed": 0}),
    (kronecker.log_likelihood, lambda: dict.fromkeys(["residual", "K", "B", "Sigma"], EYE)),
    (kronecker.posterior, lambda: dict.fromkeys(["residual", "K", "B", "Sigma", "cross", "prior"], EYE)),
    *((score, lambda: dict.fromkeys(["mean", "variance", "y"], ONES)) for score in (scores.crps, scores.nlpd)),
    (scores.coverage, lambda: dict.fromkeys(["mean", "variance", "y"], ONES)),
    *((score, lambda: {"mean": ONES, "y": ONES}) for score in (scores.mse, scores.mae)),
    (scores.joint_nlpd, lambda: {"mean": ONES, "covariance": EYE, "y": ONES}),
    (scores.smse, lambda: dict.fromkeys(["mean", "y", "train_mean"], ONES)),
    (scores.msll, lambda: dict.fromkeys(["mean", "variance", "y", "train_mean", "train_variance"], ONES)),
    (scores.table, lambda: {"predictions": mtgp.predict(fitted(), X + 2), "truth": TaskData(X + 2, Y), "seen": TABLE}),
    (simulate.two_sines, lambda: {"seed": 0}),
    (simulate.sines, lambda: {"x": X}),
    (simulate.draw_icm, lambda: {"x": X, "kernel": RBFKernel(), "B": EYE, "Sigma": EYE, "seed": 0}),
    (TABLE.hide_random, lambda: {"task": "task 1", "share": 0.5, "seed": 0}),
    (TABLE.hide, lambda: {"task": "task 1", "start": 0.5, "stop": 1.0}),
    (tables.fill, lambda: {"data": HOLES, "method": "mean"}),
    (tables.compare, lambda: {"trial": trial, "trials": [1], "methods": {"mean": tables.plain_methods()["mean"]}}),
    (tables.check, lambda: {"fit": fitted(), "draws": 99}),
    (tables.cutoffs, lambda: {"data": TABLE, "horizon": 1, "count": 1}),
    (tables.explained_shares, lambda: {"seen": HOLES}),
    (tables.plain_methods, dict),
    (tables.seasonal_naive, lambda: {"season": 1.0}),
    (tables.propose_season, lambda: {"seen": TABLE, "periods": [0.4]}),
    (tables.with_trend, lambda: {"build": mtgp.icm}),
    (tables.posterior_averaging, lambda: {"build": mtgp.icm}),
]
# -1 is all cores; a list of tables; what is below 0 by rounding is asked by this module alone
NOT_ALONE = {("compare", "jobs"), ("detrend", "others"), ("sample", "rounding")}


def asked():
    """(function, right arguments, name, kinds) of each argument whose annotation is some of these."""
    for call, right in RIGHT:
        for name, argument in inspect.signature(call).parameters.items():
            kinds = str(argument.annotation).split(" | ")
            if {*kinds} <= {*MAY_BE, "None"} and (call.__name__, name) not in NOT_ALONE:
                yield pytest.param(call, right, name, kinds, id=f"{call.__name__}-{name}")


@pytest.mark.parametrize(("call", "right", "name", "kinds"), list(asked()))
def test_another_type_is_refused_by_the_argument_s_name(call, right, name, kinds):
    for value in VALUES:
        if not any(value is None if kind == "None" else MAY_BE[kind](value) for kind in kinds):
            with pytest.raises(ValueError) as caught:
                call(**(right() | {name: value}))
            place, _, said = str(caught.value).partition(":")
            assert name in place.replace(",", " ").split() and said and "\n" not in said, (value, str(caught.value))


@pytest.mark.parametrize(("call", "right"), RIGHT, ids=[call.__name__ for call, _ in RIGHT])
def test_what_is_right_answers(call, right):
    call(**right())
