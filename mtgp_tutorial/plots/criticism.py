"""The four panels in which a fit is criticised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from scipy import stats

from mtgp_tutorial.plots.look import marker, style


def checks(axes: Sequence[Axes] | Any, checked: Any) -> Sequence[Axes]:
    """Four panels of a `Check`: residuals against x, calibration, quantiles, and neighbours; a colour for each task.

    Each cell left out alone; shares of cells inside central intervals, with a band from the lowest to the highest of
    tables drawn from the fit; one-step errors, sorted, against those due; and each against its neighbour's.
    Raises ValueError unless there are four panels.

    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import check, fit, icm, plots, simulate
    >>> found = check(fit(icm(simulate.two_sines(20, seed=1)), starts=1), draws=19)
    >>> axes = plots.checks(Figure().subplots(2, 2), found)
    """
    panels = list(getattr(axes, "flat", axes))
    if len(panels) != 4:
        raise ValueError(f"axes: are {len(panels)}; pass four, such as those of plt.subplots(2, 2)")
    for t, (task, cells) in enumerate(checked.cells.groupby("task", sort=False)):
        dots = {"marker": marker(t), "s": 12, "color": style(t)["color"], "label": task}
        errors = cells["one step"].sort_values()
        due = stats.norm.ppf((pd.Series(range(len(errors))) + 0.5) / len(errors))
        for ax, across, up in (
            (panels[0], cells["x"], cells["z"]),
            (panels[2], due, errors),
            (panels[3], cells["neighbour"], cells["one step"]),
        ):
            ax.scatter(across, up, **dots)
    shares = checked.calibration
    for k, (what, name) in enumerate((("cell", "cells alone"), ("block", "blocks"))):
        line, colour = style(k), style(k)["color"]
        panels[1].fill_between(
            shares.index, shares[f"{what} lowest"], shares[f"{what} highest"], color=colour, alpha=0.2, lw=0
        )
        panels[1].plot(shares.index, shares[what], label=name, **line)
    for ax in panels[1:3]:
        ax.axline((0, 0), slope=1, color="0.5", lw=1)
    for height in (-4, 4):
        panels[0].axhline(height, color="0.5", lw=1, ls="--")
    panels[0].set(title="left out alone", xlabel=checked.x_label, ylabel="residual [sd]")
    panels[1].set(title="calibration", xlabel="nominal level", ylabel="share inside")
    panels[2].set(title="quantiles", xlabel="due", ylabel="one-step error [sd]")
    panels[3].set(title="neighbours", xlabel="one-step error before it [sd]", ylabel="one-step error [sd]")
    panels[1].legend(loc="upper left")
    panels[2].legend(loc="upper left")  # a corner that is empty whatever the data
    return axes
