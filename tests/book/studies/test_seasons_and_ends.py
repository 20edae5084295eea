"""The study of changing seasons: what is hidden, and stored rows once more."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "book" / "studies"), str(ROOT / "examples" / "forty_tables")]
import changing_seasons  # noqa: E402
from sources import specs, table  # noqa: E402

from mtgp_tutorial import datasets  # noqa: E402


def test_each_trial_of_a_season_hides_what_it_says():
    """Gaps of half a year, one and two, in four quarters of the record; its first year and its last; 15 % of rows."""
    for name in specs("seasons.csv").index:
        data = table(name)
        year, found = changing_seasons.steps_of(data), []
        for number, (kind, length) in enumerate(changing_seasons.TRIALS):
            named, mask = changing_seasons.hidden(name, data, number)
            rows = np.flatnonzero(mask)
            assert named == kind and len(rows) == round(length * (len(data.x) if kind == "cells" else year))
            if kind != "cells":
                assert (np.diff(rows) == 1).all()
                assert (rows[0] == 0) == (kind == "first year") and (rows[-1] == len(data.x) - 1) == (
                    kind == "last year"
                )
            found.append(rows[0])
        for first in (0, 4, 8):
            assert found[first : first + 4] == sorted(found[first : first + 4])


@pytest.mark.parametrize("number", [1, 13])
def test_a_stored_trial_of_a_season_is_made_again(number, monkeypatch):
    quick = ("interpolation", "season before", "independent", "season in the mean")
    monkeypatch.setattr(changing_seasons, "METHODS", {one: changing_seasons.METHODS[one] for one in quick})
    again = pd.DataFrame(changing_seasons.rows("australian_holidays", number)).set_index("method")
    stored = datasets.study("changing_seasons").query(f"table == 'australian_holidays' and trial == {number}")
    stored = stored.set_index("method").loc[again.index]
    for name in ("cells", "CRPS", "error", "coverage", "sd"):
        np.testing.assert_allclose(again[name].astype(float), stored[name].astype(float), rtol=2e-3, atol=1e-4)
