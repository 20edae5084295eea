"""What a form is said to cost and to hold: constants read off a machine, each in its place for small shapes.

A slip in one costs time or a wrong refusal, never a wrong number, so no law sees it.
"""

import math
import subprocess
import sys

import pytest

from mtgp_tutorial.solvers.batched import BatchedCholesky, BatchedEigen
from mtgp_tutorial.solvers.by_columns import ByColumns
from mtgp_tutorial.solvers.collapsed_bound import CollapsedBound
from mtgp_tutorial.solvers.dense import Dense, Projected, Separate
from mtgp_tutorial.solvers.kronecker_solvers import KroneckerCholesky, KroneckerEigen, LowRankCorrection
from mtgp_tutorial.solvers.markov import Markov
from mtgp_tutorial.solvers.solver import Shape

COMPLETE = Shape(rows=10, tasks=3, cells=30, terms=1, separate=False, width=3)
HOLES = COMPLETE._replace(cells=28)
TWO = COMPLETE._replace(terms=2)
DISTINCT = COMPLETE._replace(separate=True)
NARROW = TWO._replace(width=2)  # kappa = 0
FEW, FEW_NARROW, FEW_APART = (one._replace(inducing=4) for one in (TWO, NARROW, DISTINCT._replace(terms=3)))

WIDE = HOLES._replace(latent=2)

LONG = Shape(rows=5000, tasks=3, cells=10_000, terms=1, separate=False, width=3, state=6)

COST = {
    (Dense, COMPLETE): 1.4 * 30**3 + 370 * 30**2 + 5e5 * 9 + 1.8e7,
    (Dense, TWO): 1.4 * 30**3 + 490 * 30**2 + 1e6 * 9 + 1.8e7,
    (KroneckerCholesky, COMPLETE): 3 * (1.1 * 10**3 + 500 * 10**2 + 2.4e6) + 1.2e7,
    (KroneckerEigen, COMPLETE): 6 * 10**3 + 1000 * 10**2 + 1.3e7,
    (LowRankCorrection, HOLES): 6.7 * 10**3 + 1400 * 10**2 + 4.5 * 4 * 30 + 1.8 * 2 * 300 + 400 * 2 * 30 + 2.3e7,
    (Separate, DISTINCT): 3 * (1.1 * 10**3 + 770 * 10**2 + 1.4e7) + 1e6,
    (Projected, NARROW): 1.4 * 20**3 + 490 * 20**2 + 1e6 * 4 + 1.8e7 + 2e7,
    (ByColumns, WIDE): 3 * (7 * 10**3 + (40 + 12 * 4 + 10) * 10**2) + 12 * 20**3 + 5e7,
    (CollapsedBound, FEW): 6 * 30 * 24**2 + 1e7,
    (CollapsedBound, FEW_NARROW): 6 * 30 * 8**2 + 1e7,
    (CollapsedBound, FEW_APART): 6 * 30 * 12**2 + 1e7,
}
STACKED = {  # N problems of n rows and T tasks with m holes, with slopes or without
    (BatchedEigen, (2, 10, 3, 0, True)): 2 * (4.5 * 10**3 + 1000 * 10**2 + 1e6) + 5e6,
    (BatchedEigen, (2, 10, 3, 4, False)): 1.7 * (5.2 * 10**3 + 1200 * 10**2 + 1e6) + 8e6 + 240 * (3.4 * 4 + 750),
    (BatchedCholesky, (2, 10, 3, 0, False)): 6 * (0.3 * 10**3 + 130 * 10**2 + 5.5e5) + 5e6,
    (BatchedCholesky, (2, 10, 3, 4, True)): 6 * (0.8 * 10**3 + 400 * 10**2 + 1.1e6) + 8e6 + 240 * (3.4 * 4 + 750),
}
ENTRIES = {
    (Markov, LONG): 5000 * (36 + 9) + 2 * 5000 * 114 + 40 * (2**15 // 6) * 36,
    (Dense, COMPLETE): 3 * 900 + 5 * 100 + 2 * 300,
    (Dense, TWO): 3 * 900 + 2 * (5 * 100 + 2 * 300),
    (KroneckerCholesky, COMPLETE): 10 * 100,
    (KroneckerEigen, COMPLETE): 9 * 100,
    (LowRankCorrection, HOLES): 11 * 100 + 5 * 2 * 30 + 3 * 4,
    (Separate, DISTINCT): 6 * 100 + 8 * 100,
    (Projected, NARROW): 3 * 400 + 2 * (5 * 100 + 2 * 200),
    (ByColumns, WIDE): 3 * 100 + 6 * 2**22 + 8 * 20**2,
    (CollapsedBound, FEW): 7 * 14 * (8 + 18) + 4 * 24**2 + 4 * 2**18,
}


@pytest.mark.parametrize(("form", "shape"), COST)
def test_cost(form, shape):
    assert math.isclose(form.cost(shape), COST[form, shape], rel_tol=1e-12)


@pytest.mark.parametrize(("way", "sizes"), STACKED)
def test_cost_of_a_stack(way, sizes):
    assert math.isclose(way.cost(*sizes), STACKED[way, sizes], rel_tol=1e-12)


@pytest.mark.parametrize(("form", "shape"), ENTRIES)
def test_entries_held(form, shape):
    assert form.matrices(shape) == ENTRIES[form, shape]


def test_correlations_at_many_distances_take_the_memory_of_one():
    """In its own process, by how many MiB it grew (120 with an older torch); 40 masks at once would be 610."""
    code = (
        "import resource, numpy as np; from mtgp_tutorial import TaskData, empirical_correlation\n"
        "data = TaskData(np.arange(4000.0), np.random.default_rng(0).normal(size=(4000, 2)))\n"
        "most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "empirical_correlation(data, [0, 1]); before = most()\n"
        "empirical_correlation(data, range(40)); print(most() - before)\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300


def test_a_form_that_does_not_apply_is_never_the_cheapest():
    for form in (KroneckerCholesky, KroneckerEigen):
        assert form.cost(HOLES) == form.cost(TWO) == math.inf
    assert LowRankCorrection.cost(COMPLETE) == LowRankCorrection.cost(TWO._replace(cells=28)) == math.inf
    assert Separate.cost(COMPLETE) == ByColumns.cost(HOLES) == math.inf
    assert Projected.cost(TWO) == Projected.cost(NARROW._replace(cells=28)) == math.inf
    assert Markov.cost(LONG._replace(cells=1999)) == Markov.cost(LONG._replace(state=0)) == math.inf


@pytest.mark.parametrize(
    ("installed", "state", "of_a_row"),
    [
        (True, 6, 8e5 + 3e3 * 36 + 120 * 216),
        (False, 20, 5.8e6 + 3e3 * 400 + 120 * 8000),
    ],
    ids=["compiled", "plain"],
)
def test_cost_of_a_long_series(monkeypatch, installed, state, of_a_row):
    """A row costs less where numba is installed."""
    monkeypatch.setattr("mtgp_tutorial.solvers.markov.available", lambda: installed)
    assert Markov.cost(LONG._replace(state=state)) == 5000 * of_a_row
