"""The colours of tasks keep apart, for eyes without one of the three cones too, on white and on the dark page."""

from itertools import combinations

import numpy as np
import pytest

from mtgp_tutorial import plots

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
EYES = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503]]
)
TURN = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])  # hue-rotate(180deg)


def on_white(colour):
    return colour


def on_dark(colour):
    """What the pages do to a figure when the system is dark: `filter: invert(0.93) hue-rotate(180deg)`."""
    return np.clip(TURN @ (0.07 * colour + 0.93 * (1 - colour)), 0, 1)


def rgb(code):
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(colour):
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def lab(light):
    """CIELAB of linear RGB."""
    x = TO_XYZ @ np.clip(light, 0, 1) / TO_XYZ.sum(1)
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one, other):
    """The smallest distance of two colours, over all eyes and both grounds."""
    seen = ((np.array(eye), ground) for eye in EYES.values() for ground in (on_white, on_dark))
    return min(
        np.linalg.norm(lab(eye @ linear(ground(one))) - lab(eye @ linear(ground(other)))) for eye, ground in seen
    )


@pytest.mark.parametrize("ground", [on_white, on_dark])
def test_every_colour_has_a_contrast_of_three(ground):
    paper = TO_XYZ[1] @ linear(ground(np.ones(3)))
    lights = [TO_XYZ[1] @ linear(ground(rgb(code))) for code in plots.COLOURS]
    contrasts = [(max(light, paper) + 0.05) / (min(light, paper) + 0.05) for light in lights]
    assert min(contrasts) >= 3.2, contrasts


def test_the_dark_ground_is_the_pages():
    assert (255 * on_dark(np.ones(3))).round().tolist() == [18, 18, 18], "#121212"


def test_the_first_four_colours_keep_apart():
    assert min(apart(rgb(one), rgb(other)) for one, other in combinations(plots.COLOURS[:4], 2)) > 24


def test_tasks_with_the_same_marker_and_line_have_colours_that_keep_apart():
    """So of eight tasks any two differ by marker and line, or by a colour that everyone can tell."""
    for s, t in combinations(range(8), 2):
        same = plots.marker(s) == plots.marker(t)
        assert same == (plots.style(s)["linestyle"] == plots.style(t)["linestyle"])
        assert not same or apart(rgb(plots.COLOURS[s]), rgb(plots.COLOURS[t])) > 23, (s, t)


def test_a_pair_of_colours_that_some_confuse_would_be_found():
    assert apart(rgb("#44a05a"), rgb("#d1495b")) < 5, "green and red, without the green cone"
