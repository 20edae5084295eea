"""What the fit that fills the table says of the cells that were seen."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from mtgp_tutorial import plots
from mtgp_tutorial.answers.leaving import leave_out
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.report.figures import WIDTH, axis
from mtgp_tutorial.report.rows import where

ODD = 4.0  # standard deviations


class Checks(NamedTuple):
    """Sentences and a figure for the report; odd: cells far from what all others say of them."""

    sentences: list[str]
    figure: Figure
    odd: list[dict[str, str]]


def checks(fit: Fit) -> Checks:
    """Each seen cell against what all others say of it."""
    data, left = fit.model.data, leave_out(fit)
    z = ((data.y - left.mean) / left.sd).numpy()
    seen = ~np.isnan(z)
    shares = [f"{100 * np.mean(np.abs(z[seen]) <= stats.norm.ppf(0.5 + level / 2)):.0f} % in the {100 * level:.0f} % band"
              for level in (0.5, 0.8, 0.95)]
    order = sorted(zip(*np.nonzero(np.abs(np.nan_to_num(z)) > ODD)), key=lambda cell: -abs(z[cell]))
    odd = [{"task": data.tasks[t], "where": where(data, int(i)), "off": f"{z[i, t]:+.1f}"} for i, t in order[:10]]
    return Checks([f"Of the {int(seen.sum())} cells that were seen, {', '.join(shares)}."], _figure(fit, z), odd)


def _figure(fit: Fit, z: np.ndarray) -> Figure:
    """Residuals in the order of the input, and the share below each quantile."""
    data = fit.model.data
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.5), width_ratios=[1.6, 1])
    x, name = axis(data)
    for t in range(data.num_tasks):
        left.plot(x, z[:, t], plots.marker(t), ms=2.5, mew=0, color=plots.style(t)["color"])
    for level in (-2, 2):
        left.axhline(level, color="0.5", lw=0.8, ls="--")
    left.set(xlabel=name, ylabel="residual [sd]")
    values = np.sort(stats.norm.cdf(z[~np.isnan(z)]))
    right.plot([0, 1], [0, 1], color="0.6", lw=1)
    right.plot(np.linspace(0, 1, len(values)), values, color=plots.COLOURS[0], lw=1.8)
    right.set(xlabel="expected share below", ylabel="observed share", aspect="equal")
    if data.calendar is not None:
        figure.autofmt_xdate(rotation=30)
        right.tick_params(axis="x", rotation=0)
    return figure
