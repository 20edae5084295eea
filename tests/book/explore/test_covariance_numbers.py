"""The numbers of the figure of a covariance matrix: matrix and draw are the module's, with holes, in both orders."""

import numpy as np
import pytest
import torch
from scripts import CLOSE, loaded, source

from mtgp_tutorial import kernels
from mtgp_tutorial.covariance import observation_covariance

SOURCE = source("covariance")
START = {"l": 1.5, "rho": 0.8, "sd": [1, 1], "noise": 0.2, "off": [], "order": 0, "pick": [2, 11], "draw": 3}
CHANGES = [
    {},
    {"off": [12]},
    {"order": 1, "off": [3, 11, 14], "rho": -0.6, "sd": [0.4, 1.5]},
    {"l": 5, "noise": 0.02, "draw": 7, "pick": [4, 4]},
    {"l": 0.3, "sd": [1.5, 0.7], "order": 1, "rho": 1, "draw": 20},
    {"off": list(range(14)), "noise": 0.7},
]
STATES = [START | change for change in CHANGES]
ASK = """states => states.map(state => {
    const found = MTGP.covariance.compute(state), { cells, C, f, y } = found;
    const picked = MTGP.covariance.entry(found, state);
    return { cells, C: [...C], f: f.map((one) => [...one]), y, value: picked.value, words: picked.words };
})"""
NORMALS = """states => { const { coarseFirst, normals } = MTGP.gaussian;
    return [coarseFirst(129), states.map(({ draw }) => [2 * draw, 2 * draw + 1].map(one => [...normals(129, one)])),
        states.map(({ draw }) => [...normals(16, 5000 + draw)])]; }"""


def number(value):
    return torch.as_tensor(value, dtype=torch.float64)


def kernel(x, length):
    return kernels.rbf(((number(x)[:, None] - number(x)) / length) ** 2)[0]


def matrix(state):
    """Cells in their order, B, and the module's covariance of the readings."""
    numbers = [t * 8 + i for i in range(8) for t in range(2)] if state["order"] else range(16)
    cells = [cell for cell in numbers if cell not in state["off"]]
    (a, b), rho = state["sd"], state["rho"]
    B = number([[a * a, rho * a * b], [rho * a * b, b * b]])
    rows, tasks = torch.tensor(cells) % 8, torch.tensor(cells) // 8
    terms, Sigma = [(kernel(np.arange(8) + 1, state["l"]), B)], state["noise"] ** 2 * torch.eye(2).double()
    return cells, B, observation_covariance(terms, Sigma, (rows, tasks)).numpy()


@pytest.fixture(scope="module")
def expected(blank):
    """Of each state all that the figure shows."""
    order, normals, errors = loaded(blank, SOURCE).evaluate(NORMALS, STATES)
    answers = []
    for state, z, e in zip(STATES, normals, errors):
        cells, B, C = matrix(state)
        line = 0.5 + np.arange(129) / 16
        K = kernel(line, state["l"]).numpy()[np.ix_(order, order)]
        functions = np.zeros((2, 129))
        functions[:, order] = np.array(z) @ np.linalg.cholesky(K + 1e-8 * np.eye(129)).T
        (a, b), rho = state["sd"], state["rho"]
        f = np.array([[a, 0], [b * rho, b * np.sqrt(1 - rho**2)]]) @ functions  # a root of B
        y = f[:, 8::16].ravel() + state["noise"] * np.array(e)
        answers.append({"cells": cells, "C": C.ravel(), "f": f, "y": y})
    return answers


def worst(found, expected):
    far = 0.0
    for state, one, wanted in zip(STATES, found, expected):
        if one["cells"] != wanted["cells"]:
            return np.inf
        pairs = [(one[key], wanted[key]) for key in ("C", "f", "y")]
        if set(state["pick"]) <= set(wanted["cells"]):
            at = [wanted["cells"].index(cell) for cell in state["pick"]]
            pairs.append((one["value"], wanted["C"].reshape(len(wanted["cells"]), -1)[tuple(at)]))
        far = max(far, *(float(np.abs(np.array(a, float) - np.array(b, float)).max()) for a, b in pairs))
    return far


def test_matrix_and_draw_are_those_of_the_module(blank, expected):
    assert worst(loaded(blank, SOURCE).evaluate(ASK, STATES), expected) < CLOSE
