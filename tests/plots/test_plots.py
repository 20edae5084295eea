"""Figures show what they are given: looked at through their Axes, not their pixels."""

import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font  # noqa: E402
from seaborn.utils import relative_luminance  # noqa: E402

from mtgp_tutorial import fit, icm, plots, predict, simulate, summarise  # noqa: E402


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
    seen_dots, open_dots = axes[1].collections[1:]
    assert seen_dots.get_sizes() == [14] and open_dots.get_sizes() == [16]
    grey, white = matplotlib.colors.to_rgba("0.1"), matplotlib.colors.to_rgba("white")
    assert tuple(seen_dots.get_facecolor()[0]) == tuple(open_dots.get_edgecolor()[0]) == grey
    assert tuple(open_dots.get_facecolor()[0]) == white and seen_dots.get_zorder() == open_dots.get_zorder() == 3
    assert (mean.get_linewidth(), truth.get_linewidth(), truth.get_linestyle(), truth.get_color()) == (
        2,
        1.2,
        "--",
        "0.25",
    )
    ax = plots.tasks(plt.figure().subplots(1, 2), predict(fit(icm(seen), starts=1), x, noise=False), seen)[0]
    assert ax.get_ylabel() == "f"
    latent = plots.band(plt.figure().gca(), predict(fit(icm(seen), starts=1), x, noise=False))
    assert axes[0].collections[0].get_alpha() == 0.25 and latent.collections[0].get_alpha() == 0.5
    assert list(axes[0].collections[0].get_linewidth()) == [0]
    names = [text.get_label() for text in [*axes[1].collections, *axes[1].lines]]
    assert names == ["observed y, mean ± 2 sd", "seen", "hidden", "mean", "true function"]
    assert latent.collections[0].get_label() == "latent f, mean ± 2 sd"
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
    empty, ring = [line for line in axes[0].lines if line.get_markerfacecolor() == "none"]
    assert ring.get_xdata()[0] == row["median"] and np.isnan(empty.get_xdata()[0])
    assert axes[1].lines[0].get_xdata().tolist() == [0.9, 0.5]
    assert axes[0].get_xlabel() == "NLPD, less that of\na" and axes[1].get_xlabel() == "coverage"
    assert bar[0].get_color() == axes[1].lines[0].get_color() == plots.COLOURS[0] and bar[0].get_marker() == "o"
    assert ring.get_markeredgecolor() == plots.COLOURS[plots.role("ICM")]
    assert empty.get_markeredgecolor() == plots.COLOURS[plots.role("a")] != ring.get_markeredgecolor()
    assert ring.get_markersize() == 9 and ring.get_marker() == "o"
    assert [cap.get_markersize() for cap in bar[1]] == [6, 6], "caps of three points to either side"
    assert axes[0].xaxis.get_major_locator()._nbins == 4
    assert axes[0].xaxis.get_major_formatter()._powerlimits == (-2, 3)
    plt.close(figure)


def test_heatmap_shows_every_entry():
    fitted = fit(icm(simulate.two_sines(seed=0)), starts=1)
    figure, ax = plt.subplots()
    plots.heatmap(ax, fitted.correlation, "Task correlation", limit=1)
    assert [text.get_text() for text in ax.texts] == [f"{v:.2f}" for v in fitted.correlation.to_numpy().ravel()]
    assert ax.get_title() == "Task correlation" and ax.collections[0].get_clim() == (-1, 1)
    blue, middle, red = ax.collections[0].to_rgba([-1, 0, 1])
    assert blue[2] > blue[0] and red[0] > red[2] and middle[:3].min() > 0.95, "vlag: white where nothing is shared"
    assert ax.get_aspect() == 1 and len(figure.axes) == 1
    assert {tick.tick1line.get_markersize() for tick in ax.xaxis.get_major_ticks()} == {0}
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


def test_differences_have_grey_lines_at_nothing_and_at_the_aim():
    columns = ["mean", "mean difference", "low", "high", "median"]
    rows = [[0.5, np.nan, np.nan, np.nan, np.nan], [0.4, -0.1, -0.14, -0.07, -0.08]]
    index = pd.MultiIndex.from_product([["NLPD", "coverage"], ["base", "other"]], names=["score", "method"])
    figure, axes = plt.subplots(1, 2)
    plots.differences(axes, pd.DataFrame(rows * 2, index, columns))
    for ax, at in zip(axes, (0, 0.954)):
        line = [one for one in ax.lines if list(one.get_xdata()) == [at, at]]
        assert len(line) == 1 and line[0].get_color() == "0.5" and line[0].get_linewidth() == 1
        assert [text.get_text() for text in ax.get_yticklabels()] == ["base", "other"]
    assert axes[0].get_xlabel() == "NLPD, less that of\nbase" and axes[1].get_xlabel() == "coverage"
    dots = axes[0].containers[1]
    assert np.allclose(dots[0].get_xdata()[0], -0.1) and np.allclose(axes[0].lines[-2].get_xdata()[0], -0.08)
    bar = dots[2][0].get_segments()[-1]
    assert np.allclose(bar[:, 0], [-0.14, -0.07])
    plt.close(figure)


def test_labels_carry_units():
    assert plots.label("level", "m") == "level [m]" and plots.label("x", "") == "x"


def test_the_style_is_the_books():
    with matplotlib.rc_context():
        plots.use_style()
        look = {name: matplotlib.rcParams[f"axes.spines.{name}"] for name in ("top", "right", "left", "bottom")}
        assert look == {"top": False, "right": False, "left": True, "bottom": True}
        assert matplotlib.rcParams["figure.facecolor"] == matplotlib.rcParams["savefig.facecolor"] == "white"
        assert matplotlib.rcParams["font.size"] == 11.5 and not matplotlib.rcParams["legend.frameon"]
        assert matplotlib.rcParams["figure.constrained_layout.use"]


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


def test_a_role_has_one_colour_and_the_longest_name_decides():
    roles = ["ICM", "ICM, full noise", "LMC", "regression", "regression + GP", "half and half", "interpolation"]
    assert len({plots.COLOURS[plots.role(method)] for method in roles}) == len(roles)
    assert plots.role("ICM, season") == plots.role("ICM") and plots.role("ICM, full noise, priors") == plots.role(
        roles[1]
    )
    assert {plots.role(method) for method in ("mean", "independent, own", "shared, ML")} == {
        plots.role("interpolation")
    }
