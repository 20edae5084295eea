"""Bad input gets one clear sentence that names the argument, and no result."""

import gpytorch
import numpy as np
import pytest
import torch

from mtgp_tutorial import (
    FitError,
    NotPositiveDefiniteError,
    TaskData,
    choose_device,
    coregionalization,
    correlation,
    exact,
    fit,
    icm,
    impute,
    independent,
    predict,
    scores,
    simulate,
)
from mtgp_tutorial.noise import noise_likelihood

X, Y = np.linspace(0, 1, 4), np.arange(8.0).reshape(4, 2) ** 2
NAN = float("nan")


def table(**changes):
    return TaskData(**{"x": X, "y": Y, **changes})


def with_values(column):
    return table(y=np.column_stack([Y[:, 0], column]))


@pytest.fixture(scope="module")
def fitted():
    return fit(icm(simulate.two_sines(seed=0)), starts=1)


CASES = [
    ("x, y: have 4 and 3 rows", lambda: table(y=Y[:3])),
    ("y: has 1 dimensions", lambda: table(y=Y[:, 0])),
    ("x: has 3 dimensions", lambda: table(x=np.zeros((4, 1, 1)))),
    ("y: has no columns", lambda: table(y=np.zeros((4, 0)))),
    ("x: has no columns", lambda: table(x=np.zeros((4, 0)))),
    ("x, y: have 0 and 0 rows", lambda: table(x=X[:0], y=Y[:0])),
    ("y: holds 1 infinite values", lambda: with_values([0, 1, np.inf, 2])),
    ("x: holds NaN or infinite", lambda: table(x=[0, 1, NAN, 2])),
    ("x: holds NaN or infinite", lambda: table(x=[0, 1, np.inf, 2])),
    ("x: not a numeric array", lambda: table(x=["a", "b", "c", "d"])),
    ("y: holds complex numbers", lambda: table(y=Y * 1j)),
    ("tasks: 1 labels for 2 columns", lambda: table(tasks=["a"])),
    ("tasks: .* has a name twice", lambda: table(tasks=["a", "a"])),
    ("units: 3 labels for 2 columns", lambda: table(units=["m", "m", "m"])),
    ("task: 'Erie' is not one of 'task 1', 'task 2'", lambda: table().hide("Erie", 0, 1)),
    ("start, stop: 'task 1' has no observed cell from 7 to 9", lambda: table().hide("task 1", 7, 9)),
    ("share: 1.5 is not between 0 and 1", lambda: table().hide_random("task 1", 1.5, seed=0)),
    ("y: task 'task 2' has no observed cell", lambda: icm(with_values([NAN] * 4))),
    ("y: all 4 values of task 'task 2' are 3", lambda: icm(with_values([3.0] * 4))),
    ("y: all 2 values of task 'task 2' are 3", lambda: independent(with_values([3.0, NAN, 3.0, NAN]))),
    ("y: no task has two observed cells", lambda: icm(TaskData([0.0], [[1.0, 2.0]]))),
    ("rank: 0 is not a whole number from 1 to T = 2", lambda: icm(table(), rank=0)),
    ("rank: 3 is not a whole number from 1 to T = 2", lambda: icm(table(), rank=3)),
    ("rank: 1.5 is not a whole number", lambda: icm(table(), rank=1.5)),
    ("noise: 'fulll' is not one of 'shared', 'per task', 'full'", lambda: icm(table(), noise="fulll")),
    ("noise: 'none' is not one of", lambda: noise_likelihood("none", 2)),
    ("hyper: 'both' is neither 'own' nor 'shared'", lambda: independent(table(), hyper="both")),
    (
        "kernel: holds a ScaleKernel",
        lambda: icm(table(), kernel=gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())),
    ),
    ("kernel: uses active_dims", lambda: icm(table(), kernel=gpytorch.kernels.RBFKernel(active_dims=[0]))),
    ("starts: 0 is not a whole number above 0", lambda: fit(icm(table()), starts=0)),
    ("W, kappa: have shapes", lambda: coregionalization(torch.ones(2, 1), torch.ones(3))),
    ("kappa: holds -1", lambda: coregionalization(torch.ones(2, 1), torch.tensor([1.0, -1]))),
    ("B: has the variance 0", lambda: correlation(torch.zeros(2, 2))),
    ("n, noise_correlation: are 0 and 0.3", lambda: simulate.two_sines(n=0, seed=0)),
    ("n, noise_correlation: are 10 and 1", lambda: simulate.two_sines(noise_correlation=1, seed=0)),
    (
        "truth: has no observed cell",
        lambda: scores.table({}, with_values([NAN] * 4).split(torch.ones(4, 2).bool())[0], table()),
    ),
]


@pytest.mark.parametrize(("message", "call"), CASES, ids=[message[:40] for message, _ in CASES])
def test_one_sentence_and_no_result(message, call):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_queries_that_do_not_fit(fitted):
    with pytest.raises(ValueError, match="x: has 2 columns, the data has 1"):
        predict(fitted, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="NaN or infinite"):
        predict(fitted, [0.0, NAN])
    with pytest.raises(ValueError, match="x: is on meta, the data on cpu"):
        predict(fitted, torch.zeros(3, 1, device="meta"))
    with pytest.raises(ValueError, match="table: has the tasks"):
        impute(fitted, table())
    data = simulate.two_sines(seed=0)
    with pytest.raises(ValueError, match="knew cells of 'sine'"):
        scores.table({"a": impute(fitted)}, data, data)
    with pytest.raises(ValueError, match="other rows or tasks"):
        scores.table({"a": predict(fitted, [0.0, 1.0])}, data, data)


def test_covariances_that_are_none():
    twice = torch.tensor([[0.0], [1.0], [1.0], [2.0]], dtype=torch.float64)
    K = gpytorch.kernels.RBFKernel().double()(twice).to_dense().detach()
    y = torch.arange(4.0, dtype=torch.float64)
    indefinite, one = torch.tensor([[1.0, 2], [2, 1]], dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    for call in (
        lambda: exact.log_likelihood(y, K),
        lambda: exact.posterior(y, K, K, K),
        lambda: exact.kronecker_log_likelihood(torch.ones(4, 2).double(), K, one, indefinite),
        lambda: exact.kronecker_log_likelihood(torch.ones(4, 2).double(), K, indefinite, one),
        lambda: exact.sample(torch.zeros(2).double(), indefinite, 1, seed=0),
        lambda: simulate.draw_icm([0.0, 1.0], gpytorch.kernels.RBFKernel(), one, indefinite, seed=0),
    ):
        with pytest.raises(NotPositiveDefiniteError):
            call()


def test_a_fit_that_fails_raises_with_its_parameters():
    with pytest.raises(FitError, match=r"none of 2 starts converged in 1 iterations.*covar_factor"):
        fit(icm(simulate.two_sines(seed=0)), starts=2, max_iterations=1)


def test_a_device_that_is_not_there(monkeypatch):
    monkeypatch.setenv("MTGP_DEVICE", "cuda:7")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="MTGP_DEVICE: asks for 'cuda:7'"):
            choose_device(10)
    monkeypatch.setenv("MTGP_DEVICE", "cpu")
    assert choose_device(10**9) == "cpu"
