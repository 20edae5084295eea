"""The figure of what to read next: numbers by dense algebra, what its sentences claim, what mouse and keys do to it."""

import numpy as np
import pytest
import torch
from scripts import loaded, source

from mtgp_tutorial import gaussian

SOURCE = source("next")
N, NOISE, LENGTH = 13, 0.3, 2.0
RHO = np.array([[1, 0.9, 0.6], [0.9, 1, 0.55], [0.6, 0.55, 1]])
GIVEN = [0, 2, 11, 14, 25, 26, 32, 38]
X, TASK = np.tile(np.arange(13.0), 3), np.repeat(range(3), 13)
STATES = [
    {"wanted": wanted, "stretch": stretch, "price": price, "bought": bought, "mark": 1, "draw": draw, "at": 19}
    for wanted, stretch, price, bought, draw in [
        (0, [3.5, 9.5], [0.5, 0.1], [], 1),
        (0, [0.5, 4.5], [1, 0.05], [20, 6], 2),
        (1, [3.5, 9.5], [0.5, 0.1], [34], 3),
        (1, [-0.5, 12.5], [0.3, 0.9], [7, 20, 33, 8], 4),
        (2, [3.5, 9.5], [0.5, 0.1], [19], 5),
        (2, [5.5, 6.5], [0.05, 1], [6, 19, 12, 13], 6),
    ]
]
ASK = """states => states.map(state => {
    const found = MTGP.next.compute(state), { cells, middle, left, gain, rate, best, spent, y, before } = found;
    const [mean, variance, values] = [found.mean, found.variance, y].map(list => Array.from(list));
    return { cells, middle, left, gain, rate, best, spent, y: values, mean, variance, before: before.left };
})"""


def covariance(x, task, other_x, other_task):
    """Of f."""
    return RHO[np.ix_(task, other_task)] * np.exp(-0.5 * (x[:, None] - other_x) ** 2 / LENGTH**2)


def left_over(K, A, seen):
    """Covariance of the sums A f, when the cells seen were read with noise: everything factorised anew."""
    S = K[np.ix_(seen, seen)] + NOISE**2 * np.eye(len(seen))
    across = A @ K[:, seen]
    return A @ K @ A.T - across @ np.linalg.solve(S, across.T)


def wanted(state, x, task):
    """Weights [K, n] of the sums whose variances add up, over all cells."""
    rows = np.flatnonzero((state["stretch"][0] < np.arange(N)) & (np.arange(N) < state["stretch"][1]))
    A = np.zeros((len(rows), len(x)))
    A[range(len(rows)), rows] = 1
    if state["wanted"] == 2:
        A[range(len(rows)), N + rows] = -1
    return A / np.sqrt(len(rows)) if state["wanted"] == 1 else A.mean(0, keepdims=True)


def dense(state, y):
    """Everything that is shown, for the values y of all cells; each gain by reading the cell and factorising anew."""
    K, A, seen = covariance(X, TASK, X, TASK), wanted(state, X, TASK), GIVEN + state["bought"]
    left = np.trace(left_over(K, A, seen))
    gain = [0 if c in seen else left - np.trace(left_over(K, A, [*seen, c])) for c in range(3 * N)]
    price = np.array([1, *state["price"]])[TASK]
    S, grid = K[np.ix_(seen, seen)] + NOISE**2 * np.eye(len(seen)), np.linspace(-0.5, 12.5, 121)
    first = covariance(grid, np.zeros(121, int), X[seen], TASK[seen])
    prior = np.ones(121)
    if state["wanted"] == 2:
        first = first - covariance(grid, np.ones(121, int), X[seen], TASK[seen])
        prior = 2 - 2 * RHO[0, 1] * prior
    mean, variance = gaussian.posterior(*(torch.tensor(v) for v in (y[seen], S, first, prior)))
    middle = wanted({**state, "wanted": 2 * (state["wanted"] == 2)}, X, TASK) if state["wanted"] != 1 else A[:1]
    middle = float((middle @ K[:, seen] @ np.linalg.solve(S, y[seen]))[0])
    return {
        "cells": seen,
        "left": left,
        "gain": gain,
        "rate": gain / price,
        "best": int(np.argmax(gain / price)),
        "spent": price[state["bought"]].sum(),
        "before": np.trace(left_over(K, A, GIVEN)),
        "mean": mean.numpy(),
        "variance": variance.numpy(),
        "middle": middle,
    }


def worst(found):
    far = 0.0
    for answer, state in zip(found, STATES, strict=True):
        for key, value in dense(state, np.array(answer["y"])).items():
            if np.shape(answer[key]) != np.shape(value):
                return np.inf
            far = max(far, float(np.abs(np.subtract(answer[key], value, dtype=float)).max()))
    return far


def computed(blank, source=SOURCE):
    return loaded(blank, source).evaluate(ASK, STATES)


def test_numbers_are_those_of_dense_algebra(blank):
    """Each gain is what is left before less what is left after, with the cell among the readings."""
    assert worst(computed(blank)) < 1e-10


def test_values_are_draws_from_the_model(blank):
    """Of 99 draws: mean 0, and the covariance of readings, within five standard errors."""
    computed(blank)
    ys = np.array(
        blank.evaluate(
            """() => Array.from({length: 99}, (_, i) =>
                Array.from(MTGP.next.compute({...structuredClone(MTGP.next.start), draw: i}).y))"""
        )
    )
    C = covariance(X, TASK, X, TASK) + NOISE**2 * np.eye(39)
    z = np.linalg.solve(np.linalg.cholesky(C), ys.T)
    assert abs(z.mean()) < 5 / np.sqrt(z.size) and abs(z.var() - 1) < 5 * np.sqrt(2 / z.size)


def cell(figure, number):
    """Where a cell stands on the page."""
    back = figure.place.locator(".explore-back").nth(1 + number // N).bounding_box()
    return back["x"] + (number % N + 0.5) / N * back["width"], back["y"] + 0.73 * back["height"]


def sd(figure):
    return figure.computed("Math.sqrt(found.left)")


def test_a_click_reads_a_cell_and_the_band_shrinks(playing):
    """As much as it was told; a second click takes the reading back, and what was read at the start stays."""
    figure = playing("next")
    before, told = sd(figure), figure.computed("Math.sqrt(found.left - found.gain[20])")
    box = figure.place.locator(".explore-task1 .explore-filled").first
    high = box.bounding_box()["height"]
    figure.page.mouse.click(*cell(figure, 20))
    assert figure.state["bought"] == [20] and sd(figure) == pytest.approx(told, abs=1e-12) and told < 0.7 * before
    assert box.bounding_box()["height"] < 0.7 * high
    words = figure.words()
    assert "1 bought for 0.50" in words and f"{told:.3f}" in words and f"{before:.3f}" in words
    figure.page.mouse.click(*cell(figure, 2))
    assert figure.state["bought"] == [20]
    figure.page.mouse.click(*cell(figure, 20))
    assert figure.state["bought"] == [] and sd(figure) == before


def test_the_same_by_keys_and_by_finger(playing):
    figure = playing("next")
    cursor = figure.place.locator(".explore-cursor")
    cursor.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter", "ArrowUp", "ArrowUp", "ArrowUp", " "):
        figure.page.keyboard.press(key)
    assert figure.state["bought"] == [33, 7] and figure.state["at"] == 7
    assert cursor.get_attribute("aria-valuetext") == "task 1 at x = 7, read"
    assert cursor.locator("path").evaluate("path => getComputedStyle(path).visibility") == "visible"
    figure = playing("next", width=390, has_touch=True)
    figure.page.touchscreen.tap(*cell(figure, 20))
    assert figure.state["bought"] == [20]


def test_the_best_cell_is_marked_and_follows_the_price(playing):
    """A reading of task 2 is the better buy up to a price of 0.75, and takes off 0.76 of what one of task 1 does."""
    figure = playing("next")
    figure.place.get_by_role("button", name="Mark the best cell").click()
    ring = figure.place.locator(".explore-plot .explore-task2 .explore-rule")
    ring.wait_for()  # it has a size once it is drawn
    box, (x, y) = ring.bounding_box(), cell(figure, 20)
    assert abs(box["x"] + box["width"] / 2 - x) < 2 and abs(box["y"] + box["height"] / 2 - y) < 3
    assert "Best: task 2 at x = 7" in figure.words()
    assert figure.computed("found.gain[20] / found.gain[7]") == pytest.approx(0.76, abs=0.005)
    assert figure.computed("[20, 7].map(c => found.gain.every(g => g <= found.gain[c] || c === 20))") == [True, True]
    for price, best in ((0.75, 20), (0.8, 7)):
        figure.slide("price of task 2, task 1 costs 1", price)
        assert figure.computed("found.best") == best


def test_each_wanted_sum_wants_another_cell(playing):
    """At the first prices; of the difference one reading shows little and its neighbour then much more."""
    best = [playing("next", f"#explore&next.wanted={kind}").computed("found.best") for kind in range(3)]
    assert best == [20, 34, 19]
    steps = []
    for bought in ("", "19", "19,6"):
        steps.append(sd(playing("next", f"#explore&next.wanted=2&next.bought={bought}")))
    assert steps[0] - steps[1] < 0.02 and steps[1] - steps[2] > 0.07
