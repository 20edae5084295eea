"""The figure of readings, a curve, and a walker on the surface of fit plus complexity: what its sentences claim."""

import numpy as np
import pytest

READINGS, WALKER, MAP = ".explore-plot >> nth=0 >> .explore-point", ".explore-wide .explore-point", ".explore-wide svg"
WIGGLY, SMOOTH = (1.53, 0.156), (4.94, 0.572)  # the optima of fig-fitting-summits
CENTRED = "map => map.scrollIntoView({block: 'center', behavior: 'instant'})"


def climbed(figure):
    """Press Climb; where the walker has come to rest."""
    figure.press("Climb")
    return pytest.approx((figure.state["l"], figure.state["noise"]), rel=0.01)


def walk(figure, length, noise):
    """Drag the walker to a length-scale and a noise."""
    figure.place.locator(MAP).evaluate(CENTRED)
    box = figure.place.locator(f"{MAP} .explore-back").bounding_box()
    share = np.log(length / 0.3) / np.log(20 / 0.3), np.log(1.5 / noise) / np.log(1.5 / 0.05)
    goal = box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]
    x, y = figure.centre(WALKER)
    figure.drag_from(x, y, goal[0] - x, goal[1] - y)
    assert (figure.state["l"], figure.state["noise"]) == pytest.approx((length, noise), rel=0.05)


def test_climb_ends_on_the_summit_on_whose_slope_it_starts(playing):
    figure = playing("posterior")
    assert climbed(figure) == WIGGLY
    assert "at the height of the highest" in figure.words()
    walk(figure, 10, 0.5)
    assert climbed(figure) == SMOOTH
    assert "0.5 nats below" in figure.words()


def test_without_the_leftmost_reading_the_wiggly_explanation_is_left(playing):
    """From every side."""
    figure = playing("posterior")
    figure.page.mouse.dblclick(*figure.centre(READINGS, 0))
    assert figure.state["x"] == figure.start["x"][1:]
    for start in ((10, 0.5), (3, 0.16), (5, 0.6), (18, 1.2)):
        walk(figure, *start)
        assert climbed(figure) == (0.881, 0.05)


def test_draws_pass_near_the_readings_and_the_surface_stays_while_the_walker_walks(playing):
    figure = playing("posterior", "#explore&posterior.draws=1&posterior.noise=0.05&posterior.l=1")
    at = [int(np.argmin(np.abs(np.linspace(-6, 6, 129) - x))) for x in figure.start["x"]]
    draws = np.array(figure.computed("found.draws.map(curve => [...curve])"))[:, at]
    assert np.abs(draws - figure.start["y"]).max() < 0.4 and draws.std(0).min() > 0
    levels = figure.shapes()
    figure.place.get_by_role("slider", name="length-scale ℓ").press("ArrowRight")
    after = figure.place.locator(".explore-height").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")
    assert all(path and path in levels for path in after)
