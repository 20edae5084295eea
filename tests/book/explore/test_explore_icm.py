"""The figure of two tasks of an ICM: what its sentences claim, and what mouse and finger do to it."""

import pytest

POINTS = ".explore-task{} .explore-point"


def at_marker(figure, task):
    """Mean and variance of a task at the marker."""
    return figure.computed(f"[found.together[{task}].mean.at(-1), found.together[{task}].variance.at(-1)]")


def test_a_point_of_task_1_moves_task_2_in_its_gap(playing):
    """And no variance: they do not depend on values."""
    figure = playing("icm")
    before, (mean, variance) = figure.state, at_marker(figure, 1)
    figure.drag(POINTS.format(1), 8, 4, 60)
    after = at_marker(figure, 1)
    assert mean - after[0] > 0.5 and variance == after[1]
    state = figure.state
    assert [i for i in range(14) if state["y1"][i] != before["y1"][i]] == [8]
    assert state["x"] == before["x"] and state["y2"] == before["y2"]


def test_at_no_correlation_task_2_is_alone_and_below_it_goes_the_other_way(playing):
    figure = playing("icm", "#explore&icm.rho=0")
    together, alone = figure.computed("[found.together[1], found.alone[1]].map(p => [...p.mean, ...p.variance])")
    assert together == pytest.approx(alone, abs=1e-12)
    slopes = []
    for rho in (0.9, -0.9):
        figure = playing("icm", f"#explore&icm.rho={rho}")
        before = at_marker(figure, 1)[0]
        figure.drag(POINTS.format(1), 8, 0, 40)
        slopes.append(at_marker(figure, 1)[0] - before)
    assert slopes[0] < -0.3 and slopes[1] > 0.3


@pytest.mark.parametrize(("rho", "share"), [(0.87, 0.493), (0.5, 0.866), (0, 1)])
def test_the_rule_holds_deep_in_a_gap_and_a_correlation_of_087_halves_the_band(playing, rho, share):
    figure = playing("icm", f"#explore&icm.rho={rho}&icm.gap=0,10&icm.noise=0.02")
    assert figure.computed("found.rule") == pytest.approx(share, abs=0.001)
    assert at_marker(figure, 1)[1] ** 0.5 == pytest.approx(share, abs=0.01)


def test_the_gap_its_edges_and_the_marker(playing):
    figure = playing("icm")
    (left, right), plot = figure.state["gap"], figure.place.locator(".explore-plot").bounding_box()
    pixel = 10 / (plot["width"] - 42)  # of x
    figure.drag(".explore-handle path", 1, 1.03 / pixel, 0)  # the grip of the right edge
    assert figure.state["gap"] == pytest.approx([left, right + 1.03], abs=0.1)
    assert figure.place.locator(".explore-task2 .explore-point.explore-hidden").count() == 6
    box = figure.place.locator(".explore-gap").bounding_box()
    figure.drag_from(box["x"] + 20, box["y"] + 10, -2.06 / pixel, 0)
    assert figure.state["gap"] == pytest.approx([left - 2.06, right - 1.03], abs=0.1)
    plot = figure.place.locator(".explore-plot").bounding_box()
    figure.page.mouse.click(plot["x"] + 30 + 0.31 * (plot["width"] - 42), plot["y"] + 170)
    assert figure.state["at"] == pytest.approx(3.1, abs=0.1)


def test_a_finger_takes_the_nearest_point_and_scrolls_elsewhere(playing):
    figure = playing("icm", width=390, has_touch=True)
    (x, y), before, top = figure.centre(POINTS.format(1), 8), figure.state, figure.page.evaluate("scrollY")
    figure.swipe(x + 9, y - 17, 0, 60)  # 19 pixels beside it
    after = figure.state
    assert before["y1"][8] - after["y1"][8] > 1 and figure.page.evaluate("scrollY") == top
    box = figure.place.locator(".explore-gap").bounding_box()
    figure.swipe(box["x"] + box["width"] / 2, box["y"] + box["height"] - 12, 0, -120)
    assert figure.page.evaluate("scrollY") > top + 50  # up over the gap is a way to scroll
    assert figure.state["gap"] == after["gap"]


@pytest.mark.slow
def test_memory_after_a_thousand_drags(playing):
    """Elements and listeners stay as many, and the heap does not grow by more than a megabyte."""
    figure = playing("icm")

    def drags(n):
        for k in range(n):
            figure.drag(POINTS.format(1), k % 14, 0, 12 if k % 28 < 14 else -12, steps=2)

    drags(28)
    nodes, listeners, heap = figure.memory()
    drags(1008)
    after = figure.memory()
    assert after[0] <= nodes + 50 and after[1] <= listeners + 5 and after[2] < heap + 1e6, (
        nodes,
        listeners,
        heap,
        after,
    )
