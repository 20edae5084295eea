"""The figure of a hole in one of three tables: drags and rows that work, and that it says what it has seen."""

import pytest

METHODS = ("line across", "own curve", "regression", "regression + GP", "ICM, full noise", "half and half")


def at(box, x, first, last):
    """Pixels of an input in the panel, near its upper edge, where no grip is."""
    return box["x"] + box["width"] * (x - first) / (last - first), box["y"] + 8


def scores(figure):
    """The rows of the table: method, CRPS, how many in the band; and which are bold."""
    figure.settle()
    rows = figure.place.locator(".explore-scores tbody tr")
    weights = rows.locator("td:nth-child(2)").evaluate_all(
        "cells => cells.map(cell => getComputedStyle(cell).fontWeight)"
    )
    return [row.split("\t") for row in rows.all_inner_texts()], [int(weight) > 500 for weight in weights]


def test_a_drag_makes_a_hole_and_moves_it(playing):
    figure = playing("hole")
    box = figure.box()
    (x, y), (end, _) = (at(box, year, 1917, 2010) for year in (1960, 1980))
    figure.drag_from(end, y, x - end, 0)  # backwards
    assert (figure.state["from"], figure.state["to"]) == ([42, 20, 40], [62, 29, 59])
    far = at(box, 1985, 1917, 2010)[0] - at(box, 1970, 1917, 2010)[0]
    figure.drag_from(at(box, 1970, 1917, 2010)[0], y, far, 0)  # the hole as a whole
    assert (figure.state["from"][0], figure.state["to"][0]) == (57, 77)
    figure.page.mouse.click(*at(box, 1940, 1917, 2010))  # a click alone does nothing
    assert (figure.state["from"][0], figure.state["to"][0]) == (57, 77)
    assert figure.words().startswith("Erie without 1975 to 1995;")
    rings, dots = (
        figure.place.locator(f"{kind}:visible").get_attribute("d") for kind in (".explore-hollow", ".explore-dot")
    )
    assert (rings.count("M"), dots.count("M")) == (21, 71)


@pytest.mark.parametrize("state", ["", "hole.table=2&hole.column=0,2,0"])
def test_the_table_shows_the_scores_and_the_lowest_in_bold(playing, state):
    figure = playing("hole", f"#explore&{state}" if state else "")
    rows, bold = scores(figure)
    crps = figure.computed("found.methods.map((method) => method.crps)")
    inside = figure.computed("found.methods.map((method) => method.inside)")
    n = figure.computed("found.hidden.length")
    assert [row[0].strip() for row in rows] == list(METHODS)
    assert [row[1:] for row in rows] == [[f"{value:.3f}", f"{k} of {n}"] for value, k in zip(crps, inside)]
    assert bold == [value == min(crps) for value in crps]
    assert f"lowest: {METHODS[crps.index(min(crps))]}, {min(crps):.3f}" in figure.words()


def test_where_the_plain_regression_is_the_best_of_the_six(playing):
    """GDP without all that follows 2005 Q3, as the answer below the figure says."""
    figure = playing("hole", "#explore&hole.table=2&hole.column=0,2,0&hole.from=14,20,103&hole.to=25,29,118")
    assert figure.words().startswith("GDP without 2005 Q4 to 2009 Q3;") and "lowest: regression, " in figure.words()


def test_with_nothing_seen_beside_it_the_regression_is_the_line(playing):
    rows, _ = scores(playing("hole", "#explore&hole.others=2"))
    assert rows[0][1:] == rows[2][1:]


def test_rows_choose_the_method_with_mouse_and_keys(playing):
    figure = playing("hole")
    before = figure.shapes()
    figure.place.locator(".explore-scores").get_by_text("own curve", exact=True).click()
    assert figure.state["method"] == 1 and figure.shapes() != before
    assert "own curve: CRPS " in figure.words()
    figure.page.keyboard.press("ArrowDown")
    assert figure.state["method"] == 2
    assert figure.place.evaluate("() => document.activeElement.parentNode.textContent") == "regression"
