"""Two tasks of an LMC: what the sentences beside the figure say, and what mouse, keys and sliders do."""

import pytest
import torch

from mtgp_tutorial import kernels
from mtgp_tutorial.covariance import signal_covariance

HIDDEN = range(8, 17)  # rows of task 2 in the gap
ASK = """(figure, change) => {
    const state = Object.assign(structuredClone(figure.explore.start), change);
    return (%s)(MTGP.lmc.compute(state));
}"""


@pytest.fixture
def figure(playing):
    """The figure in its first state, at 1280 pixels."""
    return playing("lmc")


def ask(figure, what, **change):
    """What a function of all numbers of the picture gives, at the start with some changes."""
    return figure.place.evaluate(ASK % what, change)


def cross(figure, **change):
    return ask(figure, "found => found.rows.map(row => row.cross)", **change)


def test_a_raised_point_of_task_1_lowers_task_2_in_its_row(figure):
    """In each row of the gap; with the fast part gone it raises it."""
    start = figure.state
    for row in HIDDEN:
        y1 = [y + (i == row) for i, y in enumerate(start["y1"])]
        mean = f"found => found.found[1].mean[{12 * row}]"
        assert ask(figure, mean, y1=y1) < ask(figure, mean) - 0.4
        assert ask(figure, mean, y1=y1, sd=[1, 0]) > ask(figure, mean, sd=[1, 0])


def test_correlations_of_f_and_of_y_are_told_apart_and_are_the_module_s(figure):
    """At the start, with much noise, and with nothing but noise."""
    for change in ({}, {"noise": 1}, {"fast": 1.2, "rho": [0.3, -0.5]}, {"sd": [0, 0]}):
        state = figure.start | change
        x, terms = torch.arange(2, dtype=torch.float64), []
        for length, sd, rho in zip((state["slow"], state["fast"]), state["sd"], state["rho"]):
            K, _ = kernels.rbf(((x[:, None] - x) / length) ** 2)
            terms.append((K, sd**2 * torch.tensor([[1, rho], [rho, 1]], dtype=torch.float64)))
        cells = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1])  # task 1 in a row; task 2 in it and in the next
        f, noise = signal_covariance(terms, cells, cells), state["noise"] ** 2
        of_f, of_y = ([float(f[0, i]) / (float(f[0, 0]) + more) for i in (1, 2)] for more in (1e-300, noise))
        found = ask(figure, "found => found.rows.slice(0, 2).map(row => [row.latent, row.cross])", **change)
        assert [row[0] for row in found] == pytest.approx(of_f) and [row[1] for row in found] == pytest.approx(of_y)
    said = figure.place.locator(".explore-words").inner_text()
    same, following = (row for row in ask(figure, "found => found.rows.map(row => [row.latent, row.cross])")[:2])
    for i, name in enumerate(("Correlation of f", "of y")):
        assert f"{name}: {same[i]:.2f} in the same row, {following[i]:.2f} in the next" in said


def test_the_cross_correlation_rises_and_a_short_kernel_is_noise(figure):
    """At the shortest length-scale all dots but the first lie on the slow line, and at 0.3 to two digits."""
    same, following, *_ = cross(figure)
    assert same == pytest.approx(0.9 * (1 - 0.64) / (1 + 0.64 + 0.04)) and following > 2 * same
    for fast, far in ((0.15, 1e-8), (0.3, 0.005)):
        slow = ask(figure, "found => found.rows.map(row => row.adds[0])", fast=fast)
        dots = cross(figure, fast=fast)
        assert dots[0] == pytest.approx(same) and slow[0] - dots[0] > 0.3
        assert dots[1:] == pytest.approx(slow[1:], abs=far)
    # the mean in the gap: spikes at the rows, the slow part between them
    mean, slow = (ask(figure, "found => [...found.found[1].mean]", fast=0.15, view=view) for view in (0, 1))
    between = [abs(mean[12 * row + 6] - slow[12 * row + 6]) for row in HIDDEN[:-1]]
    assert max(between) < 0.02 and max(abs(mean[12 * row] - slow[12 * row]) for row in HIDDEN) > 0.3


def test_one_correlation_for_both_kernels_is_an_icm(figure):
    """The two curves are one up to a factor, and the dots only fall."""
    dots, own = cross(figure, rho=[0.9, 0.9]), ask(figure, "found => found.rows.map(row => row.own)", rho=[0.9, 0.9])
    assert [c / k for c, k in zip(dots, own)] == pytest.approx([0.9] * len(own), abs=1e-12)
    assert dots == sorted(dots, reverse=True)


def test_the_parts_add_up(figure):
    """The means of slow and fast part are those of f, at every point of the grid."""
    whole, slow, fast = (ask(figure, "found => [...found.found[1].mean]", view=view) for view in (0, 1, 2))
    assert [a + b for a, b in zip(slow, fast)] == pytest.approx(whole, abs=1e-12)
