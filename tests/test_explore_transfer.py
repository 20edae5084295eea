"""The figure to play with on complete tables: nothing comes from task 2 where the proposition says so."""

import json
from itertools import product

import numpy as np
import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from opening import changed, opened
from stamp import ROOT

SETTLED = "() => new Promise(done => setTimeout(done, 450))"  # the address follows 300 ms after the last change
ALL = "JSON.stringify(document.querySelector('#transfer').explore.state)"
KINDS, NOISES, RHOS, LENGTHS = (0, 1), (0, 0.01, 0.3, 1), (-0.98, 0, 0.5, 0.98), (0.5, 2, 4)
HOLES = ([], [3], [11], [3, 11], [2, 12])
MANY = [dict(zip(("kind", "c", "rho", "l", "off"), one)) for one in product(KINDS, NOISES, RHOS, LENGTHS, HOLES)]
ASK = """changes => {
    const f = MTGP.transfer.compute({...structuredClone(MTGP.transfer.start), ...changes}), cells = f.cells;
    const weights = [...f.weights].map((w, i) => [cells.row[i], cells.task[i], w]);
    const other = Math.max(...weights.map(([row, task, w]) => task ? Math.abs(w) : 0));
    return {silent: f.silent, moved: f.moved, weights, other};
}"""
RESET = """() => {
    const ui = document.querySelector("#transfer").explore;
    ui.change(state => Object.assign(state, structuredClone(ui.start)));
}"""
AXE = "async () => (await axe.run('#transfer', {preload: false})).violations.map(v => [v.id, v.nodes[0].html])"


@pytest.fixture(scope="module")
def page(book, chromium):
    """The chapter, opened once."""
    page, notes = opened(chromium, book[0] / "book" / "sharing.html")
    page.locator("#transfer").scroll_into_view_if_needed()
    yield page
    assert notes == {"outside": [], "failed": [], "console": []}
    page.context.close()


@pytest.fixture
def fresh(page):
    """The figure in its first state, at 1280 pixels."""
    changed(page, 1280, "light")
    page.evaluate(RESET)
    page.evaluate(SETTLED)
    return page


def state(page):
    return json.loads(page.evaluate(ALL))


def curve(page):
    """The drawn mean of task 1."""
    return page.locator("#transfer .explore-task1 .explore-mean").get_attribute("d")


def slide(page, label, value):
    page.get_by_label(label, exact=True).fill(str(value))
    page.evaluate(SETTLED)


def drag(page, name, dy):
    box = page.locator(f"#transfer [aria-label='{name}']").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + dy, steps=3)
    page.mouse.up()
    page.evaluate(SETTLED)


def test_weights_are_those_of_the_figure_before_it(page):
    """The four cases that the chapter draws, by the chapter's own cell."""
    cells = json.loads((ROOT / "book" / "sharing.ipynb").read_text(encoding="utf8"))["cells"]
    names = {"np": np}
    exec(next("".join(cell["source"]) for cell in cells if "def weights(" in "".join(cell["source"])), names)
    B, identity, every = np.array([[1, 0.9], [0.9, 1]]), np.eye(2), np.arange(16)
    for changes, Sigma, seen in (
        ({}, 0 * B, every),
        ({"c": 0.1, "kind": 1}, 0.1 * B, every),
        ({"c": 0.1}, 0.1 * identity, every),
        ({"c": 0.1, "kind": 1, "off": [3]}, 0.1 * B, np.delete(every, 6)),
    ):
        expected, found = names["weights"](B, Sigma, seen, np.arange(8.0), 3.4), np.zeros((8, 2))
        for row, task, weight in page.evaluate(ASK, changes)["weights"]:
            found[row, task] = weight
        assert np.abs(found - expected).max() < 1e-10, changes


def test_silence_is_exact_and_nothing_else_is_silent(page):
    """Where the figure says "exactly nothing", means and weights agree to rounding; elsewhere some weight is there."""
    found = page.evaluate(f"many => many.map({ASK})", MANY)
    silent = [case for case in found if case["silent"]]
    assert 150 < len(silent) < len(found) - 100
    assert max(max(case["moved"], case["other"]) for case in silent) < 1e-10
    assert min(case["other"] for case in found if not case["silent"]) > 1e-5


def test_a_neighbour_that_is_dragged_moves_nothing_without_noise(fresh):
    """A point and the correlation, by mouse and slider; uncorrelated noise moves the curve, cB leaves it still."""
    before = curve(fresh)
    drag(fresh, "task 2 at x = 4", 40)
    slide(fresh, "task correlation rho", -0.5)
    assert state(fresh)["y2"][4] < -0.3 and state(fresh)["rho"] == -0.5  # it was 0.2
    assert curve(fresh) == before
    assert "exactly nothing" in fresh.locator("#transfer .explore-words").inner_text()
    slide(fresh, "c, the variance of the noise", 0.3)
    noisy = curve(fresh)
    drag(fresh, "task 2 at x = 4", -40)
    assert curve(fresh) != noisy
    assert "exactly nothing" not in fresh.locator("#transfer .explore-words").inner_text()
    fresh.locator("#transfer .explore-choice label").nth(1).click()
    fresh.evaluate(SETTLED)
    still = curve(fresh)
    drag(fresh, "task 2 at x = 4", 40)
    slide(fresh, "task correlation rho", 0.9)
    assert curve(fresh) == still


def test_a_hole_lets_the_neighbour_speak_and_a_second_one_silences_it(fresh):
    """By the buttons at the marker; the dots of hidden cells go, and the address holds the situation."""
    dots = fresh.locator("#transfer .explore-dot.explore-task1")
    assert dots.get_attribute("d").count("M") == 8
    fresh.get_by_role("button", name="hole in task 1").click()
    fresh.evaluate(SETTLED)
    words = fresh.locator("#transfer .explore-words")
    assert dots.get_attribute("d").count("M") == 7 and "largest weight on task 2: 0.65" in words.inner_text()
    fresh.get_by_role("button", name="hole in task 2").click()
    fresh.evaluate(SETTLED)
    assert "exactly nothing" in words.inner_text()
    assert fresh.evaluate("location.hash") == "#explore&transfer.off=3,11"
    fresh.locator("#transfer").get_by_role("button", name="Reset").click()
    fresh.wait_for_function("location.hash === ''")
    assert state(fresh)["off"] == []


def test_keys_and_malformed_addresses(fresh):
    """Arrows move a point, Delete hides it; a column is never emptied; what is out of bounds is brought back."""
    point = fresh.locator("#transfer [aria-label='task 1 at x = 0']")
    point.focus()
    point.press("ArrowUp")
    fresh.evaluate(SETTLED)
    assert state(fresh)["y1"][0] == -0.55
    point.press("Delete")
    fresh.evaluate(SETTLED)
    assert state(fresh)["off"] == [0]
    fresh.evaluate(
        "location.hash = '#explore&transfer.off=0,1,2,3,4,5,6,7,8&transfer.rho=7&transfer.kind=0.7&transfer.c=x'"
    )
    fresh.evaluate(SETTLED)
    found = state(fresh)
    assert (found["off"], found["rho"], found["kind"], found["c"]) == ([1, 2, 3, 4, 5, 6, 7, 8], 0.98, 1, 0)


def test_it_is_for_everyone(fresh):
    """axe finds nothing in both themes, and nothing is wider than a small phone."""
    fresh.evaluate(AXE_FILE_PATH.read_text(encoding="utf8"))
    for width, theme in ((1280, "light"), (320, "dark"), (320, "light")):
        changed(fresh, width, theme)
        assert fresh.evaluate("document.documentElement.scrollWidth") == width
        assert fresh.evaluate(AXE) == []
