"""Figures of the book: Axes in, Axes out. Nothing is computed here but bands, and nothing is shown.

First the look: a colour, a line and a marker for each task, and the letters. Then the panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from matplotlib.axes import Axes
from matplotlib.font_manager import fontManager
from scipy import stats
from seaborn.utils import relative_luminance

from mtgp_tutorial.arguments import as_array, listed, of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.likelihoods import KINDS
from mtgp_tutorial.prediction import TWO_SD, Prediction, label, labels

__all__ = ["tasks", "band", "heatmap", "differences", "checks"]
__all__ += ["inputs", "use_style", "style", "marker", "role", "label"]

# One colour, line and marker for each task, in every figure. All colours have a contrast of 3 or more on white and,
# turned over as the pages do, on dark. The first four keep apart for readers who see no red, no green or no blue; the
# next four share lines and markers with them, each with one from which it keeps apart (tests/plots/test_palette.py).
COLOURS = ["#4b3fa8", "#a87b00", "#44a05a", "#882255", "#d1495b", "#00889c", "#5a5a5a", "#3a8fd0"]
LINES = ["-", (0, (6, 1.5)), (0, (6, 1.5, 1, 1.5)), (0, (1.5, 1))]
MARKERS = ["o", "s", "^", "D"]
ROLES = {"ICM, full noise": 1, "ICM": 0, "LMC": 2, "regression + GP": 5, "regression": 3, "half and half": 4}
ALONE = 6  # all that see one column

FACE = "MTGP Sans"  # the face of the pages' labels, under a name of its own (fonts/OFL.txt)
LOOK: Any = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": [FACE, "DejaVu Sans"],  # the second where the first lacks a letter
    "font.size": 11.5,  # a figure 6.4 inches wide has it at 8.8 pixels on a phone
    "axes.titlesize": "medium",
    "figure.labelsize": "medium",
    "axes.titlelocation": "left",
    "axes.edgecolor": "0.35",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "axes.formatter.min_exponent": 4,  # 0.01, not a power whose exponent nobody can read
    "mathtext.fontset": "custom",  # letters of a formula as on the pages, with serifs; its digits as around it
    "mathtext.rm": FACE,
    "mathtext.sf": FACE,
    "mathtext.bf": f"{FACE}:bold",
    "mathtext.it": "STIXGeneral:italic",
    "mathtext.cal": "STIXGeneral:italic",
    "mathtext.fallback": "stix",
}


def style(t: int) -> dict[str, Any]:
    """Colour and line of task t, for `Axes.plot`.

    Args:
        t (int): the task's number.

    >>> from mtgp_tutorial import plots
    >>> plots.style(0)
    {'color': '#4b3fa8', 'linestyle': '-'}
    """
    return {"color": COLOURS[t % len(COLOURS)], "linestyle": LINES[t % len(LINES)]}


def marker(t: int) -> str:
    """Marker of task t, for `Axes.scatter`.

    Args:
        t (int): the task's number.

    >>> from mtgp_tutorial import plots
    >>> plots.marker(0), plots.marker(4)
    ('o', 'o')
    """
    return MARKERS[t % len(MARKERS)]


def role(method: str) -> int:
    """The number of a model's colour, line and marker, the same in every figure: that of the role its name begins with.

    Grey for all that see one column: mean, interpolation, independent GPs.

    Args:
        method (str): the model's name.

    >>> from mtgp_tutorial import plots
    >>> plots.role("ICM"), plots.role("ICM, full noise")
    (0, 1)
    >>> plots.style(plots.role("LMC"))["color"]
    '#44a05a'
    """
    return next((t for name, t in ROLES.items() if method.startswith(name)), ALONE)


def use_style() -> None:
    """The book's look: its letters, white figures at twice the screen's resolution; silences a notice of torch.sparse.

    >>> import matplotlib as mpl
    >>> from mtgp_tutorial import plots
    >>> with mpl.rc_context():  # outside a `with` it lasts
    ...     plots.use_style()
    ...     mpl.rcParams["axes.spines.top"]
    False
    """
    if FACE not in fontManager.get_font_names():  # the letters that the module brings along, told once
        for path in sorted((Path(__file__).parent / "fonts").glob("*.ttf")):
            fontManager.addfont(path)
    mpl.rcParams.update(LOOK)
    torch.sparse.check_sparse_tensor_invariants.disable()  # else linear_operator's use of them warns
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside Jupyter there is nothing to set
        return
    set_matplotlib_formats("retina")


def inputs(table: TaskData | Prediction) -> Any:
    """The first input [N], as Matplotlib takes it: dates where there is a calendar, else numbers.

    Args:
        table (TaskData or Prediction): whose input.

    >>> from mtgp_tutorial import datasets, plots
    >>> from mtgp_tutorial.tables import read_table
    >>> plots.inputs(read_table(datasets.example_csv()))[0].year
    1918
    """
    x = as_array(table.x[:, 0])
    return x if table.calendar is None else table.calendar.to_dates(x)


def tasks(
    axes: Sequence[Axes] | Any,
    prediction: Prediction,
    seen: TaskData,
    hidden: TaskData | None = None,
    truth: TaskData | None = None,
) -> Sequence[Axes]:
    """One panel for each task: mean, band of two standard deviations, data; one colour for each task.

    Filled dots were seen, open ones hidden; a dashed line is the noise-free truth.

    Args:
        axes (T Axes): a panel for each task.
        prediction (Prediction): at one input, sorted.
        seen (TaskData): a table without units goes with any.
        hidden (TaskData): the cells that were left out. Default: none.
        truth (TaskData): without noise. Default: none.
    Raises:
        ValueError: for other inputs, for tables with other tasks or units than the prediction, and unless there is one
            panel for each task.

    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import fit, icm, plots, predict, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> axes = Figure().subplots(2)
    >>> grid = [i / 50 for i in range(51)]
    >>> found, truth = predict(fit(icm(data)), grid), simulate.sines(grid)
    >>> panels = plots.tasks(axes, found, data, truth=truth)
    >>> [line.get_label() for line in panels[0].lines]
    ['mean', 'true function']
    """
    _check_lines(prediction)
    of_kind("axes", axes, (Sequence, np.ndarray), "a list of Axes, one for each task: [ax] for one")
    if len(axes) != len(prediction.tasks) or not all(isinstance(ax, Axes) for ax in axes):
        problem = f"are {len(axes)} for {len(prediction.tasks)} tasks, or not flat"
        raise ValueError(f"axes: {problem}; pass a list of Axes, one for each task")
    for name, table in {"seen": seen, "hidden": hidden, "truth": truth}.items():
        if table is not None:
            _check_labels(name, table, prediction)
    for task, unit in zip(prediction.tasks, prediction.units):
        if unit and unit not in seen.units and unit in {kind.latent for kind in KINDS.values()}:
            raise ValueError(f"prediction: is of the {unit} of {task!r}, and seen of values; predict with noise=True")
    for t, ax in enumerate(axes):
        band(ax, prediction, t)
        ax.plot(inputs(prediction), as_array(prediction.mean[:, t]), color=style(t)["color"], lw=2, label="mean")
        if truth is not None:
            ax.plot(inputs(truth), as_array(truth.y[:, t]), "--", color="0.25", lw=1.2, label="true function")
        dots: dict[str, Any] = {"marker": marker(t), "zorder": 3}
        ax.scatter(inputs(seen), as_array(seen.y[:, t]), s=14, color="0.1", label="seen", **dots)
        if hidden is not None and bool(hidden.observed[:, t].any()):
            dots |= {"s": 16, "facecolor": "white", "edgecolor": "0.1"}
            ax.scatter(inputs(hidden), as_array(hidden.y[:, t]), label="hidden", **dots)
        ax.set(title=seen.tasks[t], xlabel=label(seen.x_name, seen.x_unit))
        ax.set_ylabel(label("y" if prediction.noise else "f", seen.units[t]))
    return axes


def band(ax: Axes, prediction: Prediction, t: int = 0) -> Axes:
    """Band of two standard deviations on either side of the mean of task t, in the task's colour.

    Of an averaged prediction the central band that holds as much, 95.4 %.

    Args:
        ax (Axes): where to draw.
        prediction (Prediction): at one input, sorted.
        t (int): the task's number. Default: 0.
    Raises:
        ValueError: for a prediction whose inputs are not one sorted column, and for a t that is no task's number.

    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import fit, icm, plots, predict, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> found = predict(fitted, [0, 0.5, 1], noise=False)
    >>> ax = plots.band(Figure().subplots(), found, t=1)
    >>> ax.get_legend_handles_labels()[1]
    ['latent f, mean ± 2 sd']
    """
    _check_lines(prediction)
    if t not in range(len(prediction.tasks)):
        raise ValueError(f"t: {t!r} is not the number of a task; pass one from 0 to {len(prediction.tasks) - 1}")
    what, alpha = ("observed y", 0.25) if prediction.noise else ("latent f", 0.5)
    low, high = (as_array(end[:, t]) for end in prediction.band(TWO_SD))
    name = f"{what}, {prediction.band_label}"
    ax.fill_between(inputs(prediction), low, high, color=style(t)["color"], alpha=alpha, lw=0, label=name)
    return ax


def _check_lines(prediction: Prediction) -> None:
    of_kind("prediction", prediction, Prediction, "what predict or impute returned")
    if prediction.x.shape[1] != 1 or bool((prediction.x.diff(dim=0) < 0).any()):
        raise ValueError("prediction: its inputs are not one sorted column; predict at sorted x [M] to draw lines")


def _check_labels(name: str, table: TaskData, prediction: Prediction) -> None:
    of_kind(name, table, TaskData, "a TaskData")
    if table.tasks != prediction.tasks or (any(table.units) and table.units != prediction.units):
        raise ValueError(
            f"{name}: has the tasks {listed(labels(table))}, the prediction {listed(labels(prediction))}; pass the same"
        )


def differences(axes: Sequence[Axes] | Any, summary: pd.DataFrame) -> Sequence[Axes]:
    """A panel for each score of `summarise`: differences from the baseline and their 95 % intervals; ring: median.

    Where a mean has no interval (`paired` says when), the ring stands alone. Left of the line is better. Of twenty such
    intervals one misses. Coverage is shown itself, beside 0.954, the aim.

    Args:
        axes (list of Axes): a panel for each score.
        summary (pd.DataFrame): what `summarise` returned.
    Raises:
        ValueError: unless there is one panel for each score.

    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import plots, summarise
    >>> numbers = [1.0, 0.7, 1.2, 0.8, 0.9, 0.7, 1.1, 0.8]
    >>> methods = ["alone", "ICM"] * 4
    >>> results = pd.DataFrame({"method": methods, "NLPD": numbers})
    >>> results["task"] = "level"
    >>> results["trial"] = results.index // 2
    >>> summary = summarise(results, "alone", scores=["NLPD"])
    >>> [ax] = plots.differences([Figure().subplots()], summary)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['alone', 'ICM']
    """
    of_kind("axes", axes, (Sequence, np.ndarray), "a list of Axes, one for each score: [ax] for one")
    scores = list(summary.index.unique("score"))
    if len(axes) != len(scores):
        raise ValueError(f"axes: are {len(axes)} for the scores {', '.join(scores)}; pass one for each")
    for ax, score in zip(axes, scores):
        block = summary.loc[score]
        height = -pd.Series(range(len(block)), block.index)
        if score == "coverage":
            ax.plot(block["mean"], height, "o", color=COLOURS[0])
            ax.axvline(0.954, color="0.5", lw=1)
            ax.set(xlabel=score)
        else:
            for method, (mean, low, high, median) in block[["mean difference", "low", "high", "median"]].iterrows():
                look = {"color": COLOURS[role(str(method))], "fmt": marker(role(str(method)))}
                ax.errorbar(mean, height[method], xerr=[[mean - low], [high - mean]], capsize=3, **look)
                ax.plot(median, height[method], "o", mfc="none", color=look["color"], ms=9)
            ax.axvline(0, color="0.5", lw=1)
            baseline = block.index[block["mean difference"].isna()][0]
            ax.set(xlabel=f"{score}, less that of\n{baseline}")
        ax.set_yticks(height, list(block.index))
        ax.locator_params(axis="x", nbins=4)
        ax.ticklabel_format(axis="x", scilimits=(-2, 3))
    return axes


def checks(axes: Sequence[Axes] | Any, checked: Any) -> Sequence[Axes]:
    """Four panels of a `Check`: residuals against x, calibration, quantiles, and neighbours; a colour for each task.

    Each cell left out alone; shares of cells inside central intervals, with a band from the lowest to the highest of
    tables drawn from the fit; one-step errors, sorted, against those due; and each against its neighbour's.

    Args:
        axes (four Axes): the panels.
        checked (Check): what `check` found.
    Raises:
        ValueError: unless there are four panels.

    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import fit, icm, plots, simulate
    >>> from mtgp_tutorial.tables import check
    >>> fitted = fit(icm(simulate.two_sines(20, seed=1)), starts=1)
    >>> found = check(fitted, draws=19)
    >>> axes = plots.checks(Figure().subplots(2, 2), found)
    """
    panels = list(getattr(axes, "flat", axes))
    if len(panels) != 4:
        raise ValueError(f"axes: are {len(panels)}; pass four, such as those of plt.subplots(2, 2)")
    for task, cells in checked.cells.groupby("task", sort=False):
        t = checked.tasks.index(task)
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


def heatmap(ax: Axes, matrix: pd.DataFrame, title: str, *, limit: float | None = None, digits: int = 2) -> Axes:
    """Seaborn heat map of a labelled matrix; colours run from -limit to limit.

    Args:
        ax (Axes): where to draw.
        matrix (pd.DataFrame): of numbers.
        title (str): above it.
        limit (float): the strongest colour. Default: its largest entry.
        digits (int): after the point. Default: 2.
    Raises:
        ValueError: for what is no data frame of numbers.

    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import plots
    >>> names = ["a", "b"]
    >>> matrix = pd.DataFrame([[1, 0.5], [0.5, 1]], names, names)
    >>> ax = plots.heatmap(Figure().subplots(), matrix, "Correlation")
    >>> [text.get_text() for text in ax.texts]
    ['1.00', '0.50', '0.50', '1.00']
    """
    of_kind(
        "matrix", matrix, pd.DataFrame, "a data frame, such as fit.B; of an array, pd.DataFrame(matrix, names, names)"
    )
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in matrix.dtypes) or matrix.empty:
        raise ValueError("matrix: is empty, or holds something that is not a number; pass numbers only")
    limit = float(matrix.abs().to_numpy().max()) if limit is None else limit
    look = {"cmap": "vlag", "center": 0, "square": True, "cbar": False}
    sns.heatmap(matrix, ax=ax, annot=True, fmt=f".{digits}f", vmin=-limit, vmax=limit, **look)
    for text, colour in zip(ax.texts, ax.collections[0].get_facecolors()):  # type: ignore[attr-defined]
        text.set_color("black" if relative_luminance(colour) > 0.18 else "white")  # whichever has more contrast
    ax.set_title(title)
    ax.tick_params(length=0)
    return ax
