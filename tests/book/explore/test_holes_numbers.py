"""The numbers of the figure of holes anywhere: its methods say what the module's do, at held hyper-parameters."""

import numpy as np
import pytest
import torch
from scripts import CLOSE, loaded, source

from mtgp_tutorial import TaskData, gaussian, kernels
from mtgp_tutorial.covariance import noise_covariance, signal_covariance
from mtgp_tutorial.tables import plain_methods

SOURCE = source("holes")
START = {"truth": 0, "off": [5, 6, 7, 8, 9], "rho": 0.8, "assumed": 0.8, "draw": 1}
EVERYWHERE = [1, 2, 5, 8, 9, 12, 14, 17, 18, 21, 25, 27, 29, 32, 35, 36, 38]
CHANGES = [
    {},
    {"off": EVERYWHERE},
    {"off": EVERYWHERE, "truth": 1, "rho": 0.3, "assumed": 0.99, "draw": 4},
    {"off": [9, 10, 11, 12, 13], "assumed": 0, "draw": 2},
    {"off": [0, 14, 28, 1, 16, 30, 13, 27, 41], "rho": 0.99, "draw": 9},
    {"off": list(range(2, 14)), "truth": 1, "rho": 0},
    {"off": [*range(0, 12), *range(16, 24), 30, 35], "draw": 5},
    {"off": list(range(9)), "draw": 3},  # five complete rows, one fewer than two columns need
]
STATES = [START | change for change in CHANGES]
ASK = """states => states.map(state => {
    const { f, y, answers, sd, here, typical, lines } = MTGP.holes.compute(state);
    return { f: [...f], y: [...y], answers, sd, here, typical, lines };
})"""
NORMALS = """seeds => seeds.map(seed => [...MTGP.gaussian.normals(98, seed)])"""


def number(value):
    return torch.as_tensor(value, dtype=torch.float64)


X = np.arange(1.0, 15)
K = kernels.matern32(((number(X)[:, None] - number(X)) / 3) ** 2)[0]


def table(state, z):
    """f and y [14, 3] of 98 normals, as the text says how they are made."""
    z, rho = np.array(z), state["rho"]
    first, own, errors = z[:14], z[14:56].reshape(3, 14), z[56:].reshape(3, 14)
    if state["truth"]:
        root = np.linalg.cholesky(K.numpy())
        common, own = root @ first, own @ root.T
    else:
        common = np.sqrt(2) * np.sin(2 * np.pi * X / (10 * np.exp(z[2] / 4)) + np.arctan2(z[0], z[1]))
        walks = own.cumsum(1)
        own = (walks - walks.mean(1, keepdims=True)) / np.sqrt((14**2 - 1) / (6 * 14))
    f = (np.sqrt(rho) * common + np.sqrt(1 - rho) * own).T
    return f, f + 0.2 * errors.T


def conditioned(state, y, seen):
    """Mean and variance of all cells [42], row by row, by the module's dense algebra."""
    B = torch.full((3, 3), state["assumed"], dtype=torch.float64).fill_diagonal_(1)
    terms, Sigma = [(K, B)], 0.04 * torch.eye(3).double()
    read, every = tuple(torch.tensor(part) for part in np.nonzero(seen)), torch.arange(42)
    wanted = every // 3, every % 3
    C = signal_covariance(terms, read, read) + noise_covariance(Sigma, read, read)
    cross = signal_covariance(terms, wanted, read) + noise_covariance(Sigma, wanted, read)
    mean, variance = gaussian.posterior(number(y)[read], C, cross, torch.full((42,), 1.04, dtype=torch.float64))
    return mean.reshape(14, 3).numpy(), variance.reshape(14, 3).numpy()


def answers(state, z):
    """Means of the three methods [3, k] and the ICM's sds [k] at the hidden cells, the readings there, and lines."""
    f, y = table(state, z)
    rows, tasks = np.array(state["off"]) % 14, np.array(state["off"]) // 14
    gone = np.zeros((14, 3), bool)
    gone[rows, tasks] = True
    seen, hidden = TaskData(X, y).split(torch.tensor(gone))
    rules = plain_methods()
    means = [rules[name](seen).forecast(hidden).mean.numpy() for name in ("interpolation", "regression")]
    mean, variance = conditioned(state, y, ~gone)
    said = np.array([one[rows, tasks] for one in (*means, mean)])
    lines = int((means[0] == means[1]).sum())  # where nothing is seen in the row
    return f, y, said, np.sqrt(variance[rows, tasks]), y[rows, tasks], lines


@pytest.fixture(scope="module")
def expected(blank):
    page, found = loaded(blank, SOURCE), []
    many = page.evaluate(NORMALS, list(range(1001, 1101)))
    for state, z in zip(STATES, page.evaluate(NORMALS, [state["draw"] for state in STATES])):
        f, y, said, sd, truth, lines = answers(state, z)
        others = [answers(state, one) for one in many]
        squares = np.mean([((one[2] - one[4]) ** 2).mean(1) for one in others], 0)
        here = np.sqrt(((said - truth) ** 2).mean(1))
        found.append({"f": f.T.ravel(), "y": y.T.ravel(), "answers": said, "sd": sd, "here": here})
        found[-1] |= {"typical": np.sqrt(squares), "lines": lines}
    return found


def worst(found, expected):
    far = 0.0
    for one, wanted in zip(found, expected):
        for key, value in wanted.items():
            far = max(far, float(np.abs(np.array(one[key], float) - value).max()))
    return far


def test_methods_and_errors_are_those_of_the_module(blank, expected):
    """Of each table, and over the hundred tables."""
    assert worst(loaded(blank, SOURCE).evaluate(ASK, STATES), expected) < CLOSE
    assert [one["lines"] for one in expected] != [0] * len(STATES)
