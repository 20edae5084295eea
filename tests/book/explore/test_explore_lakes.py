"""The figure of the Great Lakes: what the sentences beside it claim, and what drags, keys and boxes do."""

import pytest

ALL_FOUR = [1, 1, 1, 1]


def widths(playing, *off):
    """Mean sd of what is hidden from Erie from 1932 to 1943, together and alone, when these lakes are silent."""
    figure = playing("lakes", f"#explore&lakes.off={','.join(map(str, off))}")
    mean = "found[0].{}.reduce((sum, one) => sum + Math.sqrt(one.variance), 0) / 12"
    return [figure.computed(mean.format(name)) for name in ("together", "alone")]


def test_what_the_text_says(playing):
    """One lake doubles Erie's band, no other widens it by a quarter; with all four silent it is as wide as alone."""
    own, alone = widths(playing, 1, 0, 0, 0)
    assert own < 0.2 * alone
    assert widths(playing, 1, 0, 0, 1)[0] > 2 * own
    assert max(widths(playing, 1, 1, 0, 0)[0], widths(playing, 1, 0, 1, 0)[0]) < 1.25 * own
    for one_is_read in ((1, 1, 1, 0), (1, 1, 0, 1), (1, 0, 1, 1)):
        together, alone = widths(playing, *one_is_read)
        assert together < 0.6 * alone
    assert [f"{widths(playing, 1, 0, 0, silent)[0]:.2f}" for silent in (0, 1)] == ["0.04", "0.09"]  # as the answer says
    together, alone = widths(playing, *ALL_FOUR)
    assert f"{together:.2f}" == f"{alone:.2f}" == "0.27"
    assert together == pytest.approx(alone, rel=0.02)


def at(box, year):
    """Pixels of a year in a panel, near its upper edge, where no grip is."""
    return box["x"] + box["width"] * (year - 1917) / 93, box["y"] + 8


def test_a_drag_hides_a_stretch_and_moves_it(playing):
    figure = playing("lakes")
    box = figure.box(number=2)
    (x, y), (end, _) = at(box, 1960), at(box, 1980)
    figure.drag_from(end, y, x - end, 0)  # backwards
    state = figure.state
    assert (state["off"], state["from"][2], state["to"][2], state["lake"]) == ([1, 0, 1, 0], 1960, 1980, 2)
    figure.drag_from(at(box, 1970)[0], y, at(box, 1985)[0] - at(box, 1970)[0], 0)  # the stretch as a whole
    assert (figure.state["from"][2], figure.state["to"][2]) == (1975, 1995)
    figure.page.mouse.click(*at(box, 1940))  # a click alone hides nothing
    assert (figure.state["from"][2], figure.state["to"][2]) == (1975, 1995)
    assert figure.words().startswith("Ontario without 1975 to 1995, in 1985:")
    for t, rings in enumerate((12, 0, 21, 0)):
        hollow = figure.place.locator(".explore-hollow").nth(t).get_attribute("d")
        assert hollow.count("M") == rings


def test_keys_and_boxes_hide_and_show(playing):
    figure = playing("lakes")
    edge = figure.place.get_by_label("right edge of the stretch hidden from Erie")
    for key, last in (("ArrowRight", 1944), ("Shift+ArrowLeft", 1934), ("Shift+ArrowLeft", 1932)):
        edge.press(key)
        assert figure.state["to"][0] == last
    assert edge.get_attribute("aria-valuenow") == "1932"
    figure.place.get_by_label("St. Clair", exact=True).check()
    assert figure.state["off"] == [1, 0, 0, 1] and figure.state["lake"] == 3
    figure.place.get_by_label("St. Clair", exact=True).uncheck()
    figure.place.get_by_label("Erie", exact=True).uncheck()
    figure.settle()
    assert not edge.is_visible()
    assert figure.words() == "Nothing is hidden: drag across the years of a lake."
