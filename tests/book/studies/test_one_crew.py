"""The study of one crew on four lakes: what its plans leave unread, and stored rows once more."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "book" / "studies"))
import one_crew  # noqa: E402

from mtgp_tutorial import datasets  # noqa: E402

SCORES = ["MAE", "CRPS", "NLPD", "coverage"]


def test_what_each_plan_reads():
    """One crew: one lake a year; two: also the next; silent: each lake lacks 27 years, and no year is whole."""
    year = torch.arange(len(datasets.great_lakes().x))
    gone = torch.arange(4) != (year[:, None] // 2) % 4  # as a reader would write it
    assert torch.equal(one_crew.hidden("one crew", (0, 1, 2, 3)), gone)
    for plan, orders in one_crew.PLANS.items():
        for order in orders:
            read = ~one_crew.hidden(plan, order)
            if plan == "silent":
                assert ((~read).sum(0) == 27).all() and not read.all(1).any()
                assert [int((~read[:, t]).long().argmax()) for t in order] == [0, 21, 43, 65]
                continue
            years = {"one year": 1, "four years": 4}.get(plan, 2)
            first = [order[n // years % 4] for n in year.tolist()]
            both = [{t, first[n + years]} if plan == "two crews" else {t} for n, t in enumerate(first[:-years])]
            assert [set(row.nonzero()[:, 0].tolist()) for row in read[:-years]] == both


@pytest.mark.parametrize("plan, order", [("one crew", (0, 1, 2, 3)), ("two crews", (2, 0, 3, 1))])
def test_a_stored_order_is_made_again(plan, order, monkeypatch):
    quick = ("straight line", "own curve, 3 years", "EM", "ICM")
    monkeypatch.setattr(one_crew, "METHODS", {name: one_crew.METHODS[name] for name in quick})
    again = one_crew.rows(plan, order).set_index(["plan", "order", "method", "lake"])
    stored = datasets.study("one_crew").set_index(again.index.names).loc[again.index]
    assert len(again) == 4 * len(quick)
    np.testing.assert_allclose(again[SCORES], stored[SCORES], rtol=2e-3, atol=1e-3)


def test_all_orders_are_stored_and_full_noise_needs_two_readings_of_a_year():
    """With one crew both noises of ICM and LMC give the same answer, with two they do not."""
    stored = datasets.study("one_crew")
    trials = {plan: len(orders) for plan, orders in one_crew.PLANS.items()}
    assert dict(stored.groupby("plan")["order"].nunique()) == trials and set(stored["method"]) == {*one_crew.METHODS}
    assert len(stored) == sum(trials.values()) * len(one_crew.METHODS) * 4 and np.isfinite(stored[SCORES]).all(
        axis=None
    )
    wide = stored.pivot_table(index=["plan", "order", "lake"], columns="method", values="CRPS")
    for model in ("ICM", "LMC"):
        apart = (wide[model] - wide[f"{model}, full noise"]).abs().groupby("plan").max()
        assert apart["one crew"] < 1e-3 < 1e-2 < apart["two crews"]
