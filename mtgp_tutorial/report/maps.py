"""Tables whose inputs are two coordinates, drawn as maps."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mtgp_tutorial import plots
from mtgp_tutorial.report.figures import WIDTH, short
from mtgp_tutorial.report.rows import missing
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction


def filled(data: TaskData, answer: Prediction, tasks: Sequence[str]) -> Figure:
    """A map for each task, two beside each other: dots were seen, rings were filled, and larger where less is known."""
    across = min(2, len(tasks))
    down = -(-len(tasks) // across)
    width = WIDTH if across == 2 else 4.0
    figure, axes = plt.subplots(down, across, figsize=(width, down * width / across * _height(data)), squeeze=False)
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
        dots = ax.scatter(x[known], y[known], c=mean[known], s=size, lw=0, **colours)
        if hole.any():
            wide = size * (1 + 3 * sd[hole] / sd[hole].max())
            ax.scatter(x[hole], y[hole], c=mean[hole], s=wide, lw=0.7, edgecolor="#d1495b", **colours)
        ax.set_title(plots.label(short(task), data.units[t]))
        _frame(ax, data)
        figure.colorbar(dots, ax=ax, shrink=0.8, pad=0.02)
    return figure


def _frame(ax: plt.Axes, data: TaskData) -> None:
    """Both coordinates to one scale, few numbers."""
    ax.set_aspect(_stretch(data))
    ax.locator_params(nbins=3)


def _stretch(data: TaskData) -> float:
    """Length of a unit upwards over one sideways: degrees of longitude are shorter."""
    if data.x_name.lower() in ("longitude", "lon", "lng") and float(data.x[:, 1].abs().max()) <= 90:
        return float(1 / np.cos(np.radians(data.x[:, 1].mean())))
    return 1.0


def _height(data: TaskData) -> float:
    """Height of a panel over its width."""
    wide, tall = np.ptp(data.x.numpy(), axis=0)
    return float(np.clip(0.35 + tall / wide * _stretch(data) * 0.75, 0.6, 1.6))
