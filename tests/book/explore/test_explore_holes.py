"""The figure of holes anywhere in a small table: what its sentences claim, and what mouse and keys do."""

import pytest


def typical(figure):
    return dict(zip(("line", "regression", "ICM"), figure.computed("found.typical")))


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
