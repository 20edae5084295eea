"""The numbers of the figure of a hole: its methods say and score what the module's do at the same parameters."""

import copy
import sys
from dataclasses import replace

import holes  # tools/holes.py
import numpy as np
import pytest
import torch
from scipy import stats
from scripts import CLOSE, loaded, source
from situations import ROOT, kept

from mtgp_tutorial import impute
from mtgp_tutorial.tables import plain_methods

sys.path.insert(0, str(ROOT / "examples" / "forty_tables"))
import score  # noqa: E402  (examples/forty_tables/score.py)

SOURCE = source("hole")
ASK = """([states, numbers]) => states.map(state => {
    const { hidden, methods } = MTGP.hole.compute(state, undefined, numbers);
    const laws = (parts) => parts.map((law) => [Array.from(law.mean), Array.from(law.variance)]);
    return { hidden, methods: methods.map((method) => ({ ...method, parts: laws(method.parts) })) };
})"""
SITUATIONS = [  # table, column, from, to, others
    (0, 0, 14, 25, 0),
    (0, 3, 40, 80, 1),
    (1, 2, 20, 29, 2),
    (1, 0, 49, 60, 0),
    (2, 0, 40, 59, 0),
    (2, 2, 0, 19, 1),
    (2, 1, 100, 118, 2),
]
STATES = [
    {"table": table, "column": [column] * 3, "from": [first] * 3, "to": [last] * 3, "others": others, "method": 0}
    for table, column, first, last, others in SITUATIONS
]


@pytest.fixture(scope="module")
def tables():
    return holes.tables()


@pytest.fixture(scope="module")
def fits(tables):
    return {name: holes.fitted(data) for name, data in tables.items()}


@pytest.fixture(scope="module")
def numbers(tables, fits):
    """What the tool stores, with all digits."""
    return [holes.numbers(name, data, fits[name]) for name, data in tables.items()]


def situation(tables, state):
    """Name and table of a state, its column, the columns beside the hole, and what is seen, as a table."""
    name = list(tables)[state["table"]]
    data, t = tables[name], state["column"][0]
    beside = holes.beside(t, state["others"], data.num_tasks)
    rows = slice(state["from"][0], state["to"][0] + 1)
    gone = torch.zeros_like(data.observed)
    gone[rows] = True
    gone[:, beside] = False
    y = data.y.masked_fill(gone, torch.nan)
    return name, data, t, beside, replace(data, y=y), list(range(len(data.x)))[rows]


def asked(data, t, rows):
    """The hole's cells, with 0 for each value."""
    y = torch.full_like(data.y, torch.nan)
    y[rows, t] = 0.0
    return replace(data, y=y)


def at_parameters_of(fit, seen):
    """The answers of `impute` for a seen table, at the parameters of the fit to all of it."""
    given = copy.deepcopy(fit)
    given.model.data = replace(given.model.data, y=seen.y)
    given.model.unit = replace(given.model.unit, y=given.model.scale.to_unit(seen.y))
    found = impute(given)
    return found.mean, found.sd**2


def answers(tables, fits, state):
    """Of the module for a state: laws of the methods that are one, [5, 2, m], in standard units, and the hidden
    values."""
    name, data, t, beside, seen, rows = situation(tables, state)
    methods, hole = plain_methods(kernels=("matern32",)), asked(data, t, rows)
    kriging = methods["regression + GP"](seen)
    law = holes.residual(data, t, state["others"])
    width = float(data.x[seen.observed[:, t]].std(correction=0))  # of the seen rows, by which the module divides
    kriging.residuals[t, tuple(beside)] = law._replace(length=law.length / width)
    forecasts = [rule.forecast(hole) for rule in (methods["interpolation"](seen), methods["regression"](seen), kriging)]
    line, regression, gp = [(one.mean, one.variance) for one in forecasts]
    own, full = [at_parameters_of(fits[name][key], seen) for key in ("own", "icm")]
    level, sd = (float(value[t]) for value in (data.scale().mean, data.scale().sd))
    laws = [[(m[rows, t] - level) / sd, v[rows, t] / sd**2] for m, v in (line, own, regression, gp, full)]
    return np.array([[part.numpy() for part in law] for law in laws]), ((data.y[rows, t] - level) / sd).numpy()


@pytest.fixture(scope="module")
def expected(tables, fits):
    return [answers(tables, fits, state) for state in STATES]


def mixed(parts):
    """Laws [D, 2, m] of one method -> 2.5 and 97.5 % quantiles [2, m], by bisection with SciPy's normal law."""
    low, high = (np.full((2, parts.shape[2]), end) for end in (-50.0, 50.0))
    for _ in range(70):
        middle = (low + high) / 2
        below = stats.norm.cdf(middle[:, None], parts[:, 0], np.sqrt(parts[:, 1])).mean(1) < [[0.025], [0.975]]
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return low


def computed(blank, source, numbers, states=STATES):
    return loaded(blank, source).evaluate(ASK, [states, numbers])


def worst(found, expected):
    """The largest difference of means, variances, bands and CRPS between the script and the module."""
    far = 0.0
    for answer, state, (laws, y) in zip(found, STATES, expected):
        if answer["hidden"] != list(range(state["from"][0], state["to"][0] + 1)):
            return np.inf
        for method, parts in zip(answer["methods"], [*laws[:, None], laws[[3, 4]]]):
            if np.shape(method["parts"]) != parts.shape:
                return np.inf
            band, sds = mixed(parts), np.sqrt(parts[:, 1])
            if method["inside"] != int(((band[0] <= y) & (y <= band[1])).sum()):
                return np.inf
            crps = score.of_mixture(parts[:, 0], sds, y)[1].mean()
            pairs = [(method["parts"], parts), (method["mean"], parts[:, 0].mean(0)), (method["crps"], crps)]
            pairs += [([method["low"], method["high"]], band)]
            far = max(far, *(float(np.abs(np.array(a, float) - b).max()) for a, b in pairs))
    return far


def test_answers_bands_and_scores_are_those_of_the_module(blank, numbers, expected):
    assert worst(computed(blank, SOURCE, numbers), expected) < CLOSE


def test_stored_numbers_are_what_the_tool_makes(numbers):
    """The tables to the last digit of what is stored; parameters to a thousandth, as optimisers end elsewhere."""
    for stored, again in zip(kept("hole"), holes.rounded(numbers), strict=True):
        assert stored.keys() == again.keys()
        for key in ("name", "columns", "first", "step", "y", "scale"):
            assert stored[key] == again[key]
        for key in ("icm", "own"):
            for part, value in stored[key].items():
                assert np.array(value) == pytest.approx(np.array(again[key][part]), abs=1e-3, rel=1e-3), (key, part)
        for laws in zip(sum(stored["drift"], []), sum(again["drift"], []), strict=True):
            assert laws[0] == pytest.approx(laws[1], rel=1e-3)


def test_the_tables_are_those_of_the_benchmark(tables):
    """But for digits that are not stored: the rows and columns of examples/forty_tables/tables.csv."""
    from sources import table

    for name, own in (("great_lakes", "Great Lakes"), ("us_macro", "US economy")):
        assert tables[own].tasks == table(name).tasks and torch.equal(tables[own].x, table(name).x)
        assert torch.allclose(tables[own].y, table(name).y, rtol=0, atol=1e-4)
