"""Figures show what they are given: looked at through their Axes, not their pixels."""

import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font  # noqa: E402
from seaborn.utils import relative_luminance  # noqa: E402

from mtgp_tutorial import at_parameters, fit, icm, plots, predict, simulate, summarise  # noqa: E402


def test_tasks_draws_band_mean_truth_and_cells():
    data = simulate.two_sines(seed=0)
    seen, hidden = data.hide("lagged sine", 0.5, 1)
    x = torch.linspace(0, 1, 21).double()
    prediction = predict(fit(icm(seen), starts=1), x)
    figure, axes = plt.subplots(1, 2)
    assert plots.tasks(axes, prediction, seen, hidden, simulate.sines(x)) is axes
    for t, ax in enumerate(axes):
        mean, truth = ax.lines
        assert np.allclose(mean.get_ydata(), prediction.mean[:, t]) and np.allclose(
            truth.get_ydata(), simulate.sines(x).y[:, t]
        )
        corners = ax.collections[0].get_paths()[0].vertices
        for i in (0, 10, 20):
            at = corners[np.isclose(corners[:, 0], float(x[i]))][:, 1]
            width = 2 * float(prediction.sd[i, t])
            assert np.isclose(at.max(), prediction.mean[i, t] + width) and np.isclose(
                at.min(), prediction.mean[i, t] - width
            )
        dots = np.ma.compressed(np.ma.masked_invalid(ax.collections[1].get_offsets()[:, 1]))
        assert np.allclose(dots, seen.y[seen.observed[:, t], t])
        assert ax.get_title() == data.tasks[t] and ax.get_xlabel() == "x" and ax.get_ylabel() == "y"
    assert len(axes[0].collections) == 2 and len(axes[1].collections) == 3, "hidden cells only where there are some"
    ax = plots.tasks(plt.figure().subplots(1, 2), predict(fit(icm(seen), starts=1), x, noise=False), seen)[0]
    assert ax.get_ylabel() == "f"
    measured = replace(data, x_name="day", x_unit="d", units=["m", "kg"])
    last = plots.tasks(plt.figure().subplots(2), predict(at_parameters(icm(measured)), x), measured)[1]
    assert (last.get_xlabel(), last.get_ylabel()) == ("day [d]", "y [kg]")
    colours = [tuple(ax.lines[0].get_color()) for ax in axes]
    assert colours[0] != colours[1]
    plt.close(figure)


def test_differences_shows_the_table():
    names = ["a"] * 3 + ["ICM"] * 3
    trials = pd.DataFrame({"trial": [0, 1, 2] * 2, "method": names, "task": "y", "NLPD": [1.0, 2, 3, 4, 6, 7]})
    summary = summarise(trials.assign(coverage=[0.9] * 3 + [0.5] * 3), "a", scores=["NLPD", "coverage"])
    figure, axes = plt.subplots(1, 2)
    assert plots.differences(axes, summary) is axes
    row, bar = summary.loc["NLPD", "ICM"], axes[0].containers[1]  # a container for each method
    assert [text.get_text() for text in axes[0].get_yticklabels()] == ["a", "ICM"]
    assert bar[0].get_ydata().tolist() == [-1] and bar[0].get_xdata()[0] == row["mean difference"]
    left, right = bar[2][0].get_segments()[-1][:, 0]
    width = 2 * 4.302653 * row["standard error"]  # t(0.975, 2)
    assert np.allclose([right + left, right - left], [2 * row["mean difference"], width])
    _, ring = [line for line in axes[0].lines if line.get_markerfacecolor() == "none"]
    assert ring.get_xdata()[0] == row["median"]
    assert axes[1].lines[0].get_xdata().tolist() == [0.9, 0.5]
    assert axes[0].get_xlabel() == "NLPD, less that of\na" and axes[1].get_xlabel() == "coverage"
    plt.close(figure)


def test_heatmap_shows_every_entry():
    fitted = fit(icm(simulate.two_sines(seed=0)), starts=1)
    figure, ax = plt.subplots()
    plots.heatmap(ax, fitted.correlation, "Task correlation", limit=1)
    assert [text.get_text() for text in ax.texts] == [f"{v:.2f}" for v in fitted.correlation.to_numpy().ravel()]
    assert ax.get_title() == "Task correlation" and ax.collections[0].get_clim() == (-1, 1)
    blue, middle, red = ax.collections[0].to_rgba([-1, 0, 1])
    assert blue[2] > blue[0] and red[0] > red[2] and middle[:3].min() > 0.95, "vlag: white where nothing is shared"
    plots.heatmap(axes := figure.add_subplot(), pd.DataFrame([[1, -0.51], [0.25, 4]]), "", digits=1)
    assert [text.get_text() for text in axes.texts] == ["1.0", "-0.5", "0.2", "4.0"]
    assert axes.collections[0].get_clim() == (-4, 4)
    plt.close(figure)


def test_numbers_on_a_heatmap_can_be_read_on_every_colour():
    matrix = pd.DataFrame(np.linspace(-1, 1, 81).reshape(9, 9))
    figure, ax = plt.subplots()
    plots.heatmap(ax, matrix, "", limit=1)
    for text, colour in zip(ax.texts, ax.collections[0].get_facecolors()):
        low, high = sorted(relative_luminance(one) for one in (text.get_color(), colour))
        assert (high + 0.05) / (low + 0.05) >= 4.5, text.get_text()
    plt.close(figure)


def test_tasks_beyond_the_palette_begin_it_again():
    look = [(plots.style(t)["color"], str(plots.style(t)["linestyle"]), plots.marker(t)) for t in range(9)]
    assert len({colour for colour, _, _ in look}) == 8 and len({one[1:] for one in look[:4]}) == 4
    assert look[8] == (look[0][0], look[0][1], look[0][2]) and look[4][1:] == look[0][1:]


def test_labels_carry_units():
    assert plots.label("level", "m") == "level [m]" and plots.label("x", "") == "x"


def test_letters_come_with_the_module():
    """The face of the pages, also where nobody has installed it; a second face where it lacks a letter."""
    with matplotlib.rc_context():
        plots.use_style()
        plots.use_style()
        for weight, file in (("normal", "mtgp-sans-regular.ttf"), ("bold", "mtgp-sans-bold.ttf")):
            path = findfont(FontProperties(family=plots.FACE, weight=weight), fallback_to_default=False)
            assert Path(path).name == file and Path(path).parent == Path(plots.__file__).parent / "fonts"
        assert [font.name for font in fontManager.ttflist].count(plots.FACE) == 2, "told once, not twice"
        assert matplotlib.rcParams["font.family"] == [plots.FACE, "DejaVu Sans"]
        letters = get_font(path).get_charmap()
        assert {ord(letter) for letter in "0aZäßçéñ°±×·−–—’½²µρκΣλ"} <= set(letters)
        figure = plt.figure()
        figure.text(0, 0, "Ž ≥ $\\rho_1 \\otimes K$")
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "error", "Glyph .* missing from"
            )  # what Matplotlib says of a letter that no face has
            figure.canvas.draw()
        plt.close(figure)
