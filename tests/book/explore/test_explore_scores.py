"""The figure of a reading in a normal prediction: its scores are the module's, and what its sentences claim."""

import math

import numpy as np
import pytest
import torch
from scripts import loaded, source

from mtgp_tutorial import scores

SOURCE = source("scores")
STATES = [{"y": y, "sd": sd} for y in (-4, -1.3, 0, 0.02, 2, 3.9) for sd in (0.4, 0.95, 1, 3)]
ASK = """states => states.map(state => {
    const { error, inside, crps, nlpd, right, mean, curves } = MTGP.scores.compute(state);
    const drawn = [curves.crps, curves.nlpd].map(curve => Array.from(curve));
    return { error, inside, crps, nlpd, right, mean, curves: drawn };
})"""
GRID, WEIGHTS = np.polynomial.hermite_e.hermegauss(301)  # readings with sd 1, for means over them


def of_module(y, sd):
    """CRPS, NLPD, error and coverage of readings [n] under N(0, sd^2)."""
    zero, variance, y = (torch.tensor(v, dtype=torch.float64) for v in ([0], [sd**2], list(y)))
    one = [torch.stack([f(zero, variance, v[None]) for v in y]).numpy() for f in (scores.crps, scores.nlpd)]
    error, inside = scores.mae(zero, y[:1]), scores.coverage(zero, variance, y[:1])
    return *one, float(error), float(inside)


def worst(found):
    """The largest difference between the script and the module, over all states."""
    far = 0.0
    places = np.linspace(-4, 4, 201)
    for answer, state in zip(found, STATES, strict=True):
        y, sd = state["y"], state["sd"]
        crps, nlpd, error, inside = of_module([y], sd)
        right = of_module([y], 1)
        pairs = [(answer["crps"], crps[0]), (answer["nlpd"], nlpd[0]), (answer["error"], error)]
        pairs += [(float(answer["inside"]), inside)]
        pairs += [(answer["right"]["crps"], right[0][0]), (answer["right"]["nlpd"], right[1][0])]
        if y == 2:  # the rest does not depend on the reading
            curves = of_module(places, sd)
            pairs += [(np.array(answer["curves"][i]), curves[i]) for i in (0, 1)]
            mean, weights = of_module(GRID, sd), WEIGHTS / WEIGHTS.sum()
            pairs += [(answer["mean"]["nlpd"], mean[1] @ weights)]
            pairs += [(answer["mean"]["inside"], math.erf(2 * sd / math.sqrt(2)))]
            wide = np.linspace(-9, 9, 1801)
            density = np.exp(-0.5 * wide**2) / math.sqrt(2 * math.pi) * 0.01
            pairs += [(answer["mean"]["crps"], of_module(wide, sd)[0] @ density)]
            pairs += [(answer["mean"]["error"], math.sqrt(2 / math.pi))]
        far = max(far, *(float(np.abs(np.subtract(a, b)).max()) for a, b in pairs))
    return far


def computed(blank):
    return loaded(blank, SOURCE).evaluate(ASK, STATES)


def test_scores_are_those_of_the_module(blank):
    """And their means over readings are sums over the module's."""
    assert worst(computed(blank)) < 1e-10


def test_what_the_text_says(playing):
    """Far out the CRPS grows as the error does, the NLPD ever faster; where each is lowest for a reading at 2."""
    figure = playing("scores")
    assert figure.place.locator(".explore-scores td:nth-child(2)").all_inner_texts() == ["1.00", "yes", "0.60", "1.42"]
    curves = "Array.from(found.curves.{})"
    crps, nlpd = (np.array(figure.computed(curves.format(name))) for name in ("crps", "nlpd"))
    assert np.diff(crps)[-20:] == pytest.approx(0.04, rel=0.01)  # the step of the grid
    assert np.all(np.diff(nlpd, 2) > 0) and nlpd[-1] - nlpd[-2] > 1.9 * (nlpd[150] - nlpd[149])
    sds = [round(0.4 + 0.05 * i, 2) for i in range(53)]
    lowest = figure.place.evaluate(
        """(figure, sds) => ["crps", "nlpd"].map(name => [2, 0].map(mean => {
            const of = sds.map(sd => MTGP.scores.compute({ y: 2, sd })).map(found => (mean ? found : found.mean)[name]);
            return sds[of.indexOf(Math.min(...of))];
        }))""",
        sds,
    )
    assert lowest == [[2.4, 1], [2, 1]]
