"""The figure of holes anywhere in a small table: what its sentences claim, and what mouse and keys do."""

import pytest

METHODS = ["line across", "regression", "ICM, held, \u00b1 2 sd"]


def typical(figure):
    return dict(zip(("line", "regression", "ICM"), figure.computed("found.typical")))


def rows(figure):
    figure.settle()
    return [row.split("\t") for row in figure.place.locator(".explore-scores tbody tr").all_inner_texts()]


def test_what_the_text_says_of_a_regression(playing):
    """Better than the line in one deep hole, worse with holes everywhere; over the hundred tables."""
    figure = playing("holes")
    figure.press("one hole")
    found = typical(figure)
    assert found["regression"] < 0.9 * found["line"]
    figure.press("holes everywhere")
    found = typical(figure)
    assert found["line"] < 0.9 * found["regression"] and found["ICM"] < 0.9 * found["line"]
    assert "1 of 14 rows complete" in figure.words()


@pytest.mark.parametrize("truth", [0, 1])
def test_below_a_correlation_of_about_04_the_line_is_the_best(playing, truth):
    """With holes everywhere, and with the ICM's held at 0.8; where it holds none, it is about as good."""
    figure = playing("holes", f"#explore&holes.truth={truth}")
    figure.press("holes everywhere")
    best = {}
    for rho in (0, 0.3, 0.5, 0.7):
        figure.slide("correlation of the columns", rho)
        found = typical(figure)
        best[rho] = min(found, key=found.get)
    assert best == {0: "line", 0.3: "line", 0.5: "ICM", 0.7: "ICM"}
    figure.slide("correlation of the columns", 0)
    harm = typical(figure)
    figure.slide("correlation the ICM holds", 0)
    found = typical(figure)
    assert harm["ICM"] > 1.1 * harm["line"] and 0.95 < found["ICM"] / found["line"] < 1.05


def test_the_table_shows_the_errors_and_the_lowest_in_bold(playing):
    figure = playing("holes", "#explore&holes.rho=0.2&holes.draw=4")
    here, many = figure.computed("found.here"), figure.computed("found.typical")
    assert [row[0].strip() for row in rows(figure)] == METHODS
    assert [row[1:] for row in rows(figure)] == [[f"{a:.2f}", f"{b:.2f}"] for a, b in zip(here, many)]
    bold = figure.place.locator(".explore-scores tbody tr").evaluate_all(
        "rows => rows.map(row => Number(getComputedStyle(row.lastElementChild).fontWeight) > 500)"
    )
    assert bold == [value == min(many) for value in many]


def test_cells_are_hidden_by_mouse_and_keys_and_presets_are_seen(playing):
    figure = playing("holes")
    pressed = figure.place.get_by_role("button", name="one hole", exact=True)
    assert pressed.get_attribute("aria-pressed") == "true"
    cell = figure.place.get_by_role("button", name="hide column 3 at x = 2", exact=True)
    cell.click()
    assert figure.state["off"] == [5, 6, 7, 8, 9, 29] and "6 of 42 cells hidden" in figure.words()
    assert pressed.get_attribute("aria-pressed") == "false"
    cell.press("Enter")
    figure.settle()
    assert figure.state == figure.start and pressed.get_attribute("aria-pressed") == "true"
    rings = figure.place.locator(".explore-hollow").evaluate_all("all => all.map(one => one.getAttribute('d'))")
    assert [ring.count("M") for ring in rings] == [5, 0, 0]


def test_a_new_table_has_other_readings_and_the_same_hundred(playing):
    figure = playing("holes")
    before = rows(figure)
    figure.press("New draw")
    after = rows(figure)
    assert [row[2] for row in after] == [row[2] for row in before] and after != before
