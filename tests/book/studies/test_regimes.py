"""The study of a column that changed: what a split does, and stored rows once more."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "book" / "studies"))
import regimes  # noqa: E402

from mtgp_tutorial import datasets  # noqa: E402

SCORES = ["MAE", "CRPS", "NLPD", "coverage"]


def test_a_split_moves_the_late_readings_into_a_column_of_their_own():
    lakes = datasets.great_lakes()
    y, late = regimes.split(lakes, {"Ontario": 1960}).y, lakes.x[:, 0] >= 1960
    assert torch.equal(y[late, 4], lakes.y[late, 2]) and torch.equal(y[~late, 2], lakes.y[~late, 2])
    assert y[~late, 4].isnan().all() and y[late, 2].isnan().all()
    assert torch.equal(y[:, [0, 1, 3]], lakes.y[:, [0, 1, 3]])


def test_each_side_answers_only_from_its_own_side():
    """Late readings of the other lakes, made wild, leave the early answers as they are, and change the late ones."""
    seen, truth = regimes.LAKES.hide("Ontario", 1970, 1984)
    gone, late = seen.y.clone(), seen.x[:, 0] >= 1960
    gone[late, 0] += torch.linspace(0, 3, int(late.sum()))
    wild = type(seen)(seen.x, gone, seen.tasks, seen.units)
    answer, asked = regimes.each_side(regimes.METHODS["regression"]), regimes.without_values(truth)
    before, after = (answer(one, asked).mean[:, 2] for one in (seen, wild))
    hidden = truth.observed[:, 2]
    assert (before[hidden] - after[hidden]).abs().max() > 0.01
    unread, early = regimes.LAKES.hide("Ontario", 1930, 1944)
    wild = type(seen)(seen.x, torch.where(late[:, None], unread.y + gone - seen.y, unread.y), seen.tasks, seen.units)
    asked, hidden = regimes.without_values(early), early.observed[:, 2]
    same = [answer(one, asked).mean[hidden, 2] for one in (unread, wild)]
    assert torch.allclose(*same, rtol=0, atol=1e-9)


def test_a_stored_gap_is_made_again():
    again = regimes.gap("Ontario", 1980).set_index("method")
    stored = (
        datasets.study("regimes").query("kind == 'gap' and lake == 'Ontario' and which == '1980'").set_index("method")
    )
    np.testing.assert_allclose(again[SCORES], stored.loc[again.index, SCORES], rtol=2e-3, atol=1e-3)
    assert again["year"].dropna().unique().tolist() == [1960]


def test_all_trials_are_stored():
    stored, when = datasets.study("regimes"), datasets.study("regimes_when")
    gaps = stored.query("kind == 'gap'").groupby(["lake", "which"]).size()
    assert len(gaps) == 4 * len(regimes.STARTS) and (gaps == 8).all()
    crew = stored.query("kind == 'one crew'").groupby("which").size()
    assert len(crew) == 24 and (crew == 6 * 4).all() and np.isfinite(stored[SCORES]).all(axis=None)
    assert len(when) == 4 * 8 and when.groupby("lake")["height"].idxmax().map(when["year"])["Ontario"] == 1960
