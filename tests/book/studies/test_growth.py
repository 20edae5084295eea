"""The studies behind the chapter on speed: small tables again, and what all stored rows must have."""

from pathlib import Path

import numpy as np
import pytest

from mtgp_tutorial import datasets

STUDIES = str(Path(__file__).resolve().parents[3] / "book" / "studies")


@pytest.fixture
def growth(monkeypatch):
    monkeypatch.syspath_prepend(STUDIES)
    import growth

    monkeypatch.setattr(growth, "least_seconds", once)
    return growth


def once(programs):
    """Values without the clock."""
    return {name: program() for name, program in programs.items()}, dict.fromkeys(programs, 1.0)


@pytest.mark.parametrize("series", ["rows", "tasks", "holes", "functions"])
def test_the_first_table_of_a_series_again(growth, series):
    """Every solver of today gives the value that was stored, and those that were timed are still there."""
    trial = next(trial for trial in growth.TRIALS if trial[0] == series)
    stored = datasets.study("growth").query("series == @series and rows == @trial[1] and tasks == @trial[2]")
    stored = stored[stored["holes"] == trial[3]]
    again = growth.rows(*trial)
    assert set(stored["solver"]) <= {row["solver"] for row in again} and len(again) >= 2
    assert sum(row["chosen"] for row in again) <= 1
    values = [row["log likelihood"] for row in again]
    assert np.allclose(values, values[0], rtol=1e-9) and np.isclose(values[0], stored["log likelihood"].iloc[0], 1e-5)


def test_the_truth_of_the_lost_digits(monkeypatch):
    """The gradient by hand agrees with 40 digits; autograd through eigh is worse by the distance of eigenvalues."""
    monkeypatch.syspath_prepend(STUDIES)
    import eigen_gradients

    errors = {row["way"]: row["relative error"] for row in eigen_gradients.rows(5, 1e-6, ["B"])}
    assert errors["by hand"] < 1e-12 < 1e-11 < errors["through eigh"] < 1e-7
    found = eigen_gradients.rows(5, 0.5, ["K", "length-scale"])
    assert len(found) == 4 and all(row["relative error"] < 1e-12 for row in found)
