"""The study of outages in a year of hours: what is hidden, the rivals from outside, and what is stored."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mtgp_tutorial import datasets

STUDIES = str(Path(__file__).resolve().parents[3] / "book" / "studies")


@pytest.fixture
def hours(monkeypatch):
    monkeypatch.syspath_prepend(STUDIES)
    import hours

    return hours


@pytest.mark.parametrize("length", [6, 24, 72])
def test_two_airports_are_out_in_each_week_one_by_turn(hours, length):
    """A day at least is left before and after, so that no two outages meet; what is scored is hidden, and complete."""
    found = [(week, t) for turn in range(hours.TURNS) for week, t, _ in hours.outages(length, turn)]
    assert len(found) == len(set(found)) == 2 * 51 and {week for week, _ in found} == set(range(51))
    assert [sum(t == one for _, t in found) for one in range(3)] == [34, 34, 34]
    year = hours.table()
    for turn in range(hours.TURNS):
        seen, hidden = hours.hidden_weeks(length, turn)
        for week, t, first in hours.outages(length, turn):
            assert 168 * week + 24 <= first and first + length <= 168 * week + 144
            assert not seen.observed[first : first + length, t].any()
        assert not (seen.observed & hidden.observed).any() and bool(year.observed[hidden.observed.any(1)].all())
        assert torch.equal(hidden.y[hidden.observed], year.y[hidden.observed])
        assert (year.observed & ~seen.observed).sum() >= hidden.observed.sum() > 0.98 * 51 * length


def test_the_wrong_value_is_out_and_no_other(hours):
    before, after = datasets.nyc_temperatures(), hours.table()
    gone = (before.observed & ~after.observed).nonzero().tolist()
    assert gone == [[3068, 1]] and torch.equal(before.y[after.observed], after.y[after.observed])


def test_the_mean_of_the_others_by_hand(hours):
    """One hidden cell of each kind, from sums over the hours that count."""
    seen, hidden = hours.hidden_weeks(24, 1)
    row = int(hidden.observed[:, 1].nonzero()[40])
    y = seen.y.numpy()
    both = (y[:, 0] + y[:, 2]) / 2
    difference, number = y[:, 1] - both, np.arange(len(y))
    alike = (number // 672 == row // 672) & (number % 24 == row % 24)
    for by_hour, rows in ((False, number >= 0), (True, alike)):
        mean, variance = hours.from_others(seen, by_hour)
        assert mean[row, 1].item() == pytest.approx(both[row] + np.nanmean(difference[rows]), rel=1e-12)
        assert 0.5 < variance[row, 1] < 4 and variance[:, 1].unique().numel() == 1
    assert hours.from_others(seen, False)[1][0, 1].item() == pytest.approx(np.nanvar(difference), rel=1e-12)
