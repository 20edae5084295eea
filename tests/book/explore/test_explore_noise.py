"""The figure to play with on one row of which task 2 was not read: what the noise says there."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from stamp import ROOT

from mtgp_tutorial import plots

ASK = """changes => {
    const state = {...structuredClone(MTGP.noise.start), ...changes}, up = structuredClone(state);
    up.y1[state.row] += 1;
    const [now, then] = [state, up].map(one => MTGP.noise.compute(one)), sd = (one, i) => Math.sqrt(one.variance[i]);
    const of = kind => ({cost: now[kind], sd: sd(now.full[kind], 0), along: sd(now.full.along[1], 105),
        follows: then.full[kind].mean[0] - now.full[kind].mean[0]});
    return {y: of("y"), f: of("f"), ceiling: now.ceiling};
}"""
CASES = ((0.9, 2, 0.5, 0.8), (-0.5, 0.5, 0.5, 0.8), (0.95, 4, 0.1, -0.3), (-0.95, 1, 1, 0.95), (0, 2, 0.5, 0.8))


@pytest.fixture
def figure(playing):
    """The figure in its first state, at 1280 pixels."""
    return playing("noise")


def test_costs_are_those_of_the_figure_before_it(figure):
    """Of y, beside a seen cell and in a new row, by the chapter's own cell; none is above the ceiling."""
    cells = json.loads((ROOT / "book" / "noise.ipynb").read_text(encoding="utf8"))["cells"]
    names = {"np": np, "plt": plt, "plots": plots}
    exec(next("".join(cell["source"]) for cell in cells if "def expected_nlpd(" in "".join(cell["source"])), names)
    for question, seen in (("hole beside a seen cell", 1), ("new row, one task", 0)):
        for r, length, sd, rho in CASES:
            expected = names["cost"](r, question, length, (sd, sd), rho)
            found = figure.page.evaluate(ASK, {"r": r, "l": length, "sd": sd, "rho": rho, "seen": seen})
            assert abs(found["y"]["cost"] - expected) < 1e-9, (question, r, length)
            assert -1e-12 < found["y"]["cost"] <= found["ceiling"] + 1e-12


def test_what_the_text_says(figure):
    """How far y and f follow, what is left without the seen cell, and what a short length-scale does."""
    cases = {}, {"seen": 0}, {"l": 0.3}, {"l": 0.3, "r": 0}, {"l": 0.3, "r": 0, "rho": 0}
    first, unread, short, through_B, apart = (figure.page.evaluate(ASK, case) for case in cases)
    assert first["y"]["follows"] > 0.85 and 0 < first["f"]["follows"] < 0.25 * first["y"]["follows"]
    assert unread["y"]["cost"] < 0.02 < 0.7 < first["y"]["cost"]
    assert min(short["y"]["follows"], short["f"]["follows"]) > 0.6
    uncorrelated = figure.page.evaluate(ASK, {"r": 0})  # at the length-scale of the start the neighbours have said it
    assert max(uncorrelated["y"]["follows"], uncorrelated["f"]["follows"]) < 0.15
    assert abs(through_B["y"]["follows"] - through_B["f"]["follows"]) < 1e-12
    assert through_B["f"]["follows"] > 0.6 and abs(apart["f"]["follows"]) < 1e-12  # by B, and by B alone
    assert first["y"]["sd"] < 0.5 * first["y"]["along"]  # narrower than a new row's band
