"""The figure to play with on complete tables: nothing comes from task 2 where the proposition says so."""

import json
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pytest
from stamp import ROOT

from mtgp_tutorial import plots

KINDS, NOISES, RHOS, LENGTHS = (0, 1), (0, 0.01, 0.3, 1), (-0.98, 0, 0.5, 0.98), (0.5, 2, 4)
HOLES = ([], [3], [11], [3, 11], [2, 12])
MANY = [dict(zip(("kind", "c", "rho", "l", "off"), one)) for one in product(KINDS, NOISES, RHOS, LENGTHS, HOLES)]
ASK = """changes => {
    const f = MTGP.transfer.compute({...structuredClone(MTGP.transfer.start), ...changes}), cells = f.cells;
    const weights = [...f.weights].map((w, i) => [cells.row[i], cells.task[i], w]);
    const other = Math.max(...weights.map(([row, task, w]) => task ? Math.abs(w) : 0));
    return {silent: f.silent, moved: f.moved, weights, other};
}"""


@pytest.fixture
def figure(playing):
    """The figure in its first state, at 1280 pixels."""
    return playing("transfer")


def test_weights_are_those_of_the_figure_before_it(figure):
    """The four cases that the chapter draws, by the chapter's own cell."""
    cells = json.loads((ROOT / "book" / "sharing.ipynb").read_text(encoding="utf8"))["cells"]
    names = {"np": np, "plt": plt, "plots": plots}
    exec(next("".join(cell["source"]) for cell in cells if "def weights(" in "".join(cell["source"])), names)
    B, identity, every = np.array([[1, 0.9], [0.9, 1]]), np.eye(2), np.arange(16)
    for changes, Sigma, seen in (
        ({}, 0 * B, every),
        ({"c": 0.1, "kind": 1}, 0.1 * B, every),
        ({"c": 0.1}, 0.1 * identity, every),
        ({"c": 0.1, "kind": 1, "off": [3]}, 0.1 * B, np.delete(every, 6)),
    ):
        expected, found = names["weights"](B, Sigma, seen, np.arange(8.0), 3.4), np.zeros((8, 2))
        for row, task, weight in figure.page.evaluate(ASK, changes)["weights"]:
            found[row, task] = weight
        assert np.abs(found - expected).max() < 1e-10, changes


def test_silence_is_exact_and_nothing_else_is_silent(figure):
    """Where the figure says "exactly nothing", means and weights agree to rounding; elsewhere some weight is there."""
    found = figure.page.evaluate(f"many => many.map({ASK})", MANY)
    silent = [case for case in found if case["silent"]]
    assert 150 < len(silent) < len(found) - 100
    assert max(max(case["moved"], case["other"]) for case in silent) < 1e-10
    assert min(case["other"] for case in found if not case["silent"]) > 1e-5
