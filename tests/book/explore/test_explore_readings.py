"""The figure of the crew's readings of Lake Erie: what its sentences claim."""

import numpy as np
import pytest

from mtgp_tutorial import datasets

READINGS = ".explore-plot >> nth=0 >> .explore-point"
PLACES = np.linspace(1915, 2015, 201)


def test_a_reading_narrows_the_band_where_it_is_and_not_far_away(playing):
    figure = playing("readings", "#explore&readings.l=3")
    before = np.array(figure.computed("[...found.variance]"))
    figure.place.get_by_role("button", name="Add a reading").click()
    after, added = np.array(figure.computed("[...found.variance]")), figure.state["x"][-1]
    inside = (PLACES >= 1918) & (PLACES <= 2009)
    assert added == pytest.approx(PLACES[np.argmax(np.where(inside, before, 0))], abs=0.5)
    there, far = np.argmin(np.abs(PLACES - added)), np.abs(PLACES - added) > 30
    assert after[there] < 0.15 * before[there] and np.abs(after - before)[far].max() < 0.1
    figure.place.get_by_role("button", name="Remove the last").click()
    assert figure.state["x"] == figure.start["x"]


def test_a_reading_that_is_dragged_leaves_the_band_as_wide(playing):
    figure = playing("readings")
    before = figure.computed("[...found.variance]")
    figure.place.locator(READINGS).nth(8).focus()
    figure.page.keyboard.press("ArrowUp")
    assert figure.state["y"] != figure.start["y"] and figure.computed("[...found.variance]") == before


def test_a_click_adds_a_reading_and_a_key_removes_it(playing):
    figure = playing("readings")
    box = figure.place.locator(".explore-back").first.bounding_box()
    figure.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 11)
    assert (figure.state["x"][-1], figure.state["y"][-1]) == pytest.approx((1965, 90), abs=2)
    figure.place.locator(READINGS).nth(24).focus()
    figure.page.keyboard.press("Delete")
    assert figure.state["x"] == figure.start["x"]


def test_the_three_guesses_miss_as_far_as_on_the_board(playing):
    """So its readings, its hidden levels and its kernel are those of the table."""
    study = datasets.study("one_crew").query("plan == 'one crew' and order == 'EMOS' and lake == 'Erie'")
    stored = study.set_index("method")["MAE"]
    for years in (3, 10, 30):
        figure = playing("readings", f"#explore&readings.l={years}&readings.truth=1")
        assert figure.computed("found.error") == pytest.approx(100 * stored[f"own curve, {years} years"], rel=1e-3)
        assert figure.words().endswith(f"hidden levels by {100 * stored[f'own curve, {years} years']:.1f} cm.")
