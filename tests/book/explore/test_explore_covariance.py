"""The figure of a covariance matrix beside a draw: what its sentences claim, and what mouse and keys do."""

import numpy as np
import pytest

ENTRIES = "rect.explore-positive, rect.explore-negative"
DRAWN = """(map, part) => [...map.querySelectorAll(part)].filter(one => one.getAttribute("display") !== "none")
    .map(one => ({ x: +one.getAttribute("x"), y: +one.getAttribute("y"),
        kind: one.getAttribute("class"), share: +one.getAttribute("fill-opacity") }))"""


def drawn(figure, part):
    figure.settle()
    return figure.place.locator(".explore-map").evaluate(DRAWN, part)


def matrix(figure):
    C = figure.computed("[...found.C]")
    return np.reshape(C, (int(len(C) ** 0.5), -1))


def cell(figure, task, x):
    return figure.place.get_by_role("button", name=f"hide task {task} at x = {x}", exact=True)


def test_a_hole_takes_a_row_and_a_column_and_all_else_stays(playing):
    figure = playing("covariance")
    before = matrix(figure)
    assert len(drawn(figure, ENTRIES)) == 256
    cell(figure, 2, 5).click()
    assert figure.state["off"] == [12] and cell(figure, 2, 5).get_attribute("aria-pressed") == "true"
    assert np.array_equal(matrix(figure), np.delete(np.delete(before, 12, 0), 12, 1))
    assert len(drawn(figure, ENTRIES)) == 225 and len(drawn(figure, ".explore-strip")) == 30
    assert figure.words().startswith("C: 15 \u00d7 15.")
    rings = figure.place.locator(".explore-hollow").evaluate_all("all => all.map(one => one.getAttribute('d'))")
    assert [ring.count("M") for ring in rings] == [0, 1]
    cell(figure, 2, 5).click()
    assert figure.state["off"] == [] and np.array_equal(matrix(figure), before)


@pytest.mark.parametrize("order", [0, 1])
def test_colours_are_the_entries_and_strips_the_tasks(playing, order):
    """Red above zero and blue below, as full as the entry is large; a strip at each side says whose row it is."""
    figure = playing("covariance", f"#explore&covariance.rho=-0.7&covariance.order={order}&covariance.off=3,9")
    C, squares = matrix(figure), drawn(figure, ENTRIES)
    assert [one["kind"] for one in squares] == [f"explore-{'negative' if v < 0 else 'positive'}" for v in C.ravel()]
    shares = np.minimum(1, np.abs(C.ravel()))
    assert [one["share"] for one in squares] == pytest.approx(shares, abs=0.001)
    tasks = [f"explore-strip explore-task{1 + (one > 7)}" for one in figure.computed("found.cells")]
    strips = drawn(figure, ".explore-strip")
    above, beside = [one for one in strips if one["y"] < 26], [one for one in strips if one["x"] < 26]
    assert [one["kind"] for one in above] == [one["kind"] for one in beside] == tasks
    assert [one["x"] for one in above] == [one["x"] for one in squares[:14]]
    assert [one["y"] for one in beside] == [one["y"] for one in squares[::14]]


def test_the_noise_alone_changes_the_diagonal_alone(playing):
    """The answer below the figure: of each slider which entries change."""
    figure = playing("covariance")
    before, changed = matrix(figure), {}
    sliders = {"correlation \u03c1": 0.3, "length-scale \u2113": 2, "sd of the noise": 0.5}
    sliders["sd of f\u2081, standard deviation of task 1"] = 1.3
    for label, value in sliders.items():
        figure = playing("covariance")
        figure.slide(label, value)
        changed[label.split(",")[0]] = np.abs(matrix(figure) - before) > 1e-6
    diagonal, off = np.eye(16, dtype=bool), np.kron([[0, 1], [1, 0]], np.ones((8, 8), bool)).astype(bool)
    assert np.array_equal(changed["sd of the noise"], diagonal)
    assert not changed["correlation \u03c1"][~off].any() and changed["correlation \u03c1"][off].any()
    assert not changed["length-scale \u2113"][diagonal].any()
    assert not changed["sd of f\u2081"][8:, 8:].any() and changed["sd of f\u2081"][:8, :8].diagonal().all()


def test_a_drag_along_cells_hides_them_and_keys_do(playing):
    figure = playing("covariance")
    box, last = cell(figure, 1, 2).bounding_box(), cell(figure, 1, 4).bounding_box()
    figure.drag_from(box["x"] + 5, box["y"] + 5, last["x"] - box["x"], 0, steps=12)
    assert figure.state["off"] == [1, 2, 3]
    cell(figure, 1, 3).focus()
    for key, off in (("Enter", [1, 3]), ("ArrowDown", [1, 3]), ("Enter", [1, 3, 10]), ("ArrowRight", [1, 3, 10])):
        figure.page.keyboard.press(key)
        assert figure.state["off"] == off
    assert figure.page.evaluate("document.activeElement.getAttribute('aria-label')") == "hide task 2 at x = 4"
    assert figure.place.locator(".explore-cells [tabindex='0']").count() == 1
