"""The figures of the report: what was seen, trials, the filled table or map, correlations. Figures in, text out."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Sequence

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage

from mtgp_tutorial import plots
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import TWO_SD, Prediction
from mtgp_tutorial.tables.report.deciding import Decision
from mtgp_tutorial.tables.report.holes import missing, own_rows, runs

WIDTH, PIXELS = 5.6, 175  # inches, and pixels an inch: sharp at twice the width of a page, readable on a phone


def as_png(figure: Figure) -> str:
    """The figure as the address of a picture that stands in the page itself."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=PIXELS, format="png", bbox_inches="tight", pad_inches=0.04)
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def short(name: str) -> str:
    """A name that a figure has room for."""
    if len(name) <= 26:
        return name
    return textwrap.shorten(name, 26, placeholder="…") if " " in name else f"{name[:25]}…"


def few_dates(ax: plt.Axes, data: TaskData) -> None:
    """Dates that do not run into each other."""
    if data.calendar is not None:
        place = mdates.AutoDateLocator(minticks=3, maxticks=6)
        ax.xaxis.set_major_locator(place)
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(place))


def axis(data: TaskData) -> tuple[np.ndarray, str]:
    """The first input as it is drawn, dates as dates, and its label."""
    x = plots.inputs(data)
    if data.calendar is not None:
        return np.asarray(x.tz_localize(None)), ""
    return x, plots.label(short(data.x_name), data.x_unit)


def seen(data: TaskData) -> Figure:
    """Which cells were seen: a tick for each, a line for each task."""
    figure, ax = plt.subplots(figsize=(WIDTH, 0.8 + 0.24 * data.num_tasks))
    x, name = axis(data)
    for t, column in enumerate(data.observed.numpy().T):
        ax.plot(x[column], np.full(column.sum(), -t), "|", ms=7, color=plots.style(t)["color"])
    ax.set_yticks(-np.arange(data.num_tasks), [short(task) for task in data.tasks])
    ax.set(xlabel=name, ylim=(-data.num_tasks + 0.4, 0.6))
    few_dates(ax, data)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return figure


def dots(decision: Decision) -> Figure:
    """Differences from the best that a column does alone: a dot for each trial, their mean and its 95 % interval."""
    methods = [method for method in decision.means.index if method != decision.alone]
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 1.2 + 0.38 * len(methods)), sharey=True)
    trials = decision.asked.groupby(["method", "trial"])[["CRPS", "error"]].mean()
    for ax, score in zip(axes, ("CRPS", "error")):
        for k, method in enumerate(methods):
            difference = (trials.loc[method, score] - trials.loc[decision.alone, score]).to_numpy()
            row = decision.less(method, decision.alone, score)
            place = -k + np.linspace(-0.22, 0.22, len(difference))
            ax.plot(difference, place, "o", ms=4, mew=0, alpha=0.5, color=plots.style(plots.role(method))["color"])
            mean = float(row["mean difference"])
            reach = [[mean - row["low"]], [row["high"] - mean]]
            ax.errorbar(mean, -k, xerr=reach, fmt="D", ms=5, color="0.1", capsize=3)
        ax.axvline(0, color="0.5", lw=1)
        ax.set(xlabel=f"{score}, less that of\n{decision.alone}", ylim=(-len(methods) + 0.4, 0.6))
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_yticks(-np.arange(len(methods)), methods)
    return figure


def panels(data: TaskData, answer: Prediction, tasks: Sequence[str]) -> Figure:
    """A panel for each of these tasks: what was seen, and mean and band in the holes."""
    figure, axes = plt.subplots(len(tasks), 1, figsize=(WIDTH, 0.5 + 1.45 * len(tasks)), sharex=True, squeeze=False)
    (x, name), apart = axis(data), own_rows(data)  # rows of the other tasks: one band, no holes
    gone, seen_cells, ends = missing(data), data.observed.numpy(), answer.band(TWO_SD)
    for task, ax in zip(tasks, axes[:, 0]):
        t = data.tasks.index(task)
        mean, low, high = (one[:, t].numpy() for one in (answer.mean, *ends))
        hole, known = gone[:, t], seen_cells[:, t]
        ax.plot(x[known], mean[known], plots.marker(t), ms=2.8, mew=0, color="0.25")
        if apart:
            _hole(ax, x[hole], (mean[hole], low[hole], high[hole]), slice(None), len(x), plots.style(t)["color"])
        for start, length in [] if apart else runs(hole):
            around = slice(max(0, start - 1), start + length + 1)
            _hole(ax, x, (mean, low, high), around, length, plots.style(t)["color"])
        ax.set_title(plots.label(short(task), data.units[t]))
        ax.locator_params(axis="y", nbins=4)
    axes[-1, 0].set_xlabel(name)
    few_dates(axes[-1, 0], data)
    return figure


def _hole(ax: plt.Axes, x: np.ndarray, found: Sequence[np.ndarray], rows: slice, length: int, colour: str) -> None:
    """Mean and band of one hole, from the value before it to the value after it; a short one as a bar.

    found: mean, and both ends of the band.
    """
    mean, low, high = found
    if length > 2:
        ax.fill_between(x[rows], low[rows], high[rows], color=colour, alpha=0.25, lw=0)
        ax.plot(x[rows], mean[rows], color=colour, lw=1.5)
        return
    inner = slice(rows.stop - 1 - length, rows.stop - 1)
    reach = mean[inner] - low[inner], high[inner] - mean[inner]
    ax.errorbar(x[inner], mean[inner], reach, fmt="o", ms=3, lw=1.2, color=colour, alpha=0.8)


def intervals(table: pd.DataFrame) -> Figure:
    """Correlations of the pairs that are strongest, each with its interval. table: of `correlation_intervals`."""
    strongest = table.reindex(table["correlation"].abs().sort_values(ascending=False).index)[:15]
    figure, ax = plt.subplots(figsize=(WIDTH, 0.8 + 0.26 * len(strongest)))
    place = -np.arange(len(strongest))
    ax.hlines(place, strongest["low"], strongest["high"], color=plots.COLOURS[0], lw=3, alpha=0.5)
    ax.plot(strongest["correlation"], place, "o", ms=5, color="0.1")
    ax.axvline(0, color="0.5", lw=1)
    ax.set_yticks(place, [f"{short(s)}, {short(t)}" for s, t in strongest.index])
    ax.set(xlim=(-1.03, 1.03), xlabel="correlation")
    return figure


def correlations(matrix: pd.DataFrame) -> Figure:
    """A heat map, tasks that go together side by side."""
    order = leaves_list(linkage(matrix.to_numpy(), "average")) if len(matrix) > 2 else np.arange(len(matrix))
    names = [short(name) for name in matrix.index[order]]
    size = min(WIDTH, 1.6 + 0.42 * len(matrix))
    figure, ax = plt.subplots(figsize=(size, size))
    plots.heatmap(ax, matrix.iloc[order, order].set_axis(names).set_axis(names, axis=1), "", limit=1.0, digits=1)
    room = 300 / len(matrix)  # points for a row
    for text in ax.texts:
        text.set(fontsize=min(9.5, room / 1.3), visible=room > 12)  # smaller numbers nobody reads; colours say it
    ax.tick_params(labelsize=max(5.0, min(9.5, room)))
    return figure


def maps(data: TaskData, answer: Prediction, tasks: Sequence[str]) -> Figure:
    """A map for each task, two beside each other: dots were seen, rings were filled, and larger where less is known."""
    wide, tall = np.ptp(data.x.numpy(), axis=0)
    across = 1 if wide > 2 * tall * _stretch(data) else min(2, len(tasks))
    down = -(-len(tasks) // across)
    width = WIDTH if across == 2 or len(tasks) > 1 else 4.0
    height = width / across * float(np.clip(0.35 + tall / wide * _stretch(data) * 0.75, 0.32, 1.6))  # of a panel
    figure, axes = plt.subplots(down, across, figsize=(width, down * height), squeeze=False)
    for ax in axes.flat[len(tasks) :]:
        ax.set_visible(False)
    for task, ax in zip(tasks, axes.flat):
        t = data.tasks.index(task)
        mean, sd, hole = answer.mean[:, t].numpy(), answer.sd[:, t].numpy(), missing(data)[:, t]
        known = data.observed[:, t].numpy()
        low, high = np.quantile(mean, [0.02, 0.98])
        colours = {"cmap": "viridis", "vmin": low, "vmax": high}
        x, y = data.x[:, 0].numpy(), data.x[:, 1].numpy()
        size = max(4.0, min(16.0, 2500 / len(x)))
        points = ax.scatter(x[known], y[known], c=mean[known], s=size, lw=0, **colours)
        if hole.any():
            sizes = size * (1 + 3 * sd[hole] / sd[hole].max())
            ax.scatter(x[hole], y[hole], c=mean[hole], s=sizes, lw=0.7, edgecolor="#d1495b", **colours)
        ax.set_title(plots.label(short(task), data.units[t]))
        ax.set_aspect(_stretch(data))  # both coordinates to one scale
        ax.locator_params(nbins=3)
        figure.colorbar(points, ax=ax, shrink=0.8, pad=0.02)
    return figure


def _stretch(data: TaskData) -> float:
    """Length of a unit upwards over one sideways: degrees of longitude are shorter."""
    if data.x_name.lower() in ("longitude", "lon", "lng") and float(data.x[:, 1].abs().max()) <= 90:
        return float(1 / np.cos(np.radians(data.x[:, 1].mean())))
    return 1.0
