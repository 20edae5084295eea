"""The numbers of the figure of the Great Lakes: its answers are those of `impute`, at the same parameters."""

import copy
from dataclasses import replace

import lakes  # tools/lakes.py
import numpy as np
import pytest
import torch
from scripts import CLOSE, loaded, source
from situations import kept

from mtgp_tutorial import impute

SOURCE = source("lakes")
ASK = """([states, numbers]) => states.map(state => MTGP.lakes.compute(state, undefined, numbers).map(lake => ({
    rows: lake.rows,
    ...Object.fromEntries(["together", "alone"].map(name => [name, lake[name].map(one => [one.mean, one.variance])])),
})))"""
ALL_FOUR = [1, 1, 1, 1]
SITUATIONS = [  # off, from, to, the crew's choice
    ([1, 0, 0, 0], [1932] * 4, [1943] * 4, 3),
    ([1, 0, 0, 1], [1950] * 4, [1961] * 4, 3),
    (ALL_FOUR, [1932] * 4, [1943] * 4, 3),
    (ALL_FOUR, [1918, 1950, 1920, 2009], [1930, 1950, 2009, 2009], 3),
    ([0, 1, 1, 0], [1918, 1918, 1960, 1918], [1918, 2009, 1990, 1918], 3),
    (ALL_FOUR, [1918] * 4, [2009] * 4, 3),
    ([1, 0, 0, 0], [1936] * 4, [1941] * 4, 0),
    ([0, 1, 0, 0], [1950] * 4, [1961] * 4, 1),
    ([0] * 4, [1936] * 4, [1941] * 4, 2),
]
VISITS = (1, 2, 4, 0)  # years
STATES = [{"off": off, "from": first, "to": last, "lake": 0, "crew": crew} for off, first, last, crew in SITUATIONS]


@pytest.fixture(scope="module")
def fits():
    return lakes.fitted()


@pytest.fixture(scope="module")
def numbers(fits):
    """What the tool stores, with all digits of the parameters."""
    return lakes.numbers(fits) | {name: lakes.parameters(one) for name, one in fits.items()}


def hidden(state):
    """Which cells [N, T] a state hides."""
    years, T, visit = np.arange(1918, 2010)[:, None], np.arange(4), VISITS[state["crew"]]
    stretch = np.array(state["off"]) * (state["from"] <= years) * (years <= np.array(state["to"]))
    return (stretch > 0) | (visit > 0) & ((years - 1918) // max(visit, 1) % 4 != T)


@pytest.fixture(scope="module")
def expected(fits):
    """For each state and model the means and variances [N, T] of `impute`, at the parameters of the fit to all."""
    found = []
    for state in STATES:
        gone = torch.as_tensor(hidden(state))
        for name, fit in fits.items():
            given = copy.deepcopy(fit)
            y = given.model.data.y.numpy().round(4)
            y = torch.as_tensor(y).masked_fill(gone, torch.nan)
            given.model.data = replace(given.model.data, y=y)
            given.model.unit = replace(given.model.unit, y=given.model.scale.to_unit(y))
            found.append((state, name, impute(given) if not gone.all() else prior(given)))
    return found


def prior(given):
    """With nothing observed `impute` has nothing to go by: mean and variance before any data."""
    model = given.model
    variance = (model.B() + model.Sigma()).diagonal().detach() * model.scale.sd**2
    mean = model.scale.to_data(model.means().detach())
    return type("", (), {"mean": mean.expand(92, 4), "sd": variance.sqrt().expand(92, 4)})


def worst(blank, source, fits, numbers, expected):
    """The largest difference between the script's answers and the module's, as a share of the largest prior entry."""
    answers, far = loaded(blank, source).evaluate(ASK, [STATES, numbers]), 0.0
    for number, (state, name, right) in enumerate(expected):
        model = fits[name].model
        largest = float((model.B() + model.Sigma()).diagonal().max())
        for t, lake in enumerate(answers[number // len(fits)]):
            rows, sd = np.flatnonzero(hidden(state)[:, t]), float(model.scale.sd[t])
            if lake["rows"] != rows.tolist():
                return np.inf
            mean, variance = np.array(lake[name]).reshape(-1, 2).T
            off = (mean - right.mean[rows, t].numpy()) / sd, (variance - right.sd[rows, t].numpy() ** 2) / sd**2
            far = max(far, *(np.abs(one).max(initial=0) / largest for one in off))
    return far


def test_answers_are_those_of_impute(blank, fits, numbers, expected):
    assert worst(blank, SOURCE, fits, numbers, expected) < CLOSE


def test_stored_numbers_are_what_the_tool_makes(fits):
    """The table to the last digit; B, Sigma, means and length-scale to a thousandth, as optimisers end elsewhere."""
    stored, again = kept("lakes"), lakes.numbers(fits)
    for key in ("lakes", "first", "y", "scale"):
        assert stored[key] == again[key]
    for name in fits:
        for key, value in matrices(stored[name]).items():
            assert value == pytest.approx(matrices(again[name])[key], abs=1e-3), (name, key)


def matrices(model):
    """B and Sigma instead of V and d, whose signs are free."""
    back = np.linalg.inv(model["V"])
    return {"B": back @ np.diag(model["d"]) @ back.T, "Sigma": back @ back.T, "rest": [model["l"], *model["means"]]}
