"""The figure to which readings are added: what its sentences claim."""

import numpy as np
import pytest

READINGS = ".explore-plot >> nth=0 >> .explore-point"


def test_a_reading_narrows_the_band_where_it_is_and_not_far_away(playing):
    figure = playing("readings")
    before = np.array(figure.computed("[...found.variance]"))
    figure.place.get_by_role("button", name="Add a reading").click()
    after, places = np.array(figure.computed("[...found.variance]")), np.linspace(0, 12, 129)
    added = figure.state["x"][-1]
    there, far = np.argmin(np.abs(places - added)), np.abs(places - added) > 5
    assert added == places[np.argmax(np.where(places <= 10, before, 0))]
    assert after[there] < 0.05 < before[there] and np.abs(after - before)[far].max() < 1e-3
    figure.place.get_by_role("button", name="Remove the last").click()
    assert figure.state["x"] == figure.start["x"]


def test_a_click_adds_a_reading_and_a_key_removes_it(playing):
    figure = playing("readings")
    box = figure.place.locator(".explore-back").first.bounding_box()
    figure.page.mouse.click(box["x"] + box["width"] * 11 / 12, box["y"] + box["height"] / 4)
    assert (figure.state["x"][-1], figure.state["y"][-1]) == pytest.approx((11, 1.6), abs=0.05)
    figure.place.locator(READINGS).nth(10).focus()
    figure.page.keyboard.press("Delete")
    assert figure.state["x"] == figure.start["x"]
