"""Panels of a prediction: mean, band, data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.plots.look import marker, style
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction
from mtgp_tutorial.table.showing import label


def inputs(table: TaskData | Prediction) -> Any:
    """The first input [N], as Matplotlib takes it: dates where there is a calendar, else numbers.

    >>> from mtgp_tutorial import datasets, plots, read_table
    >>> plots.inputs(read_table(datasets.example_csv()))[0].year
    1918
    """
    x = _numbers(table.x[:, 0])
    return x if table.calendar is None else table.calendar.to_dates(x)


def tasks(
    axes: Sequence[Axes] | Any,
    prediction: Prediction,
    seen: TaskData,
    hidden: TaskData | None = None,
    truth: TaskData | None = None,
) -> Sequence[Axes]:
    """One panel for each task: mean, band of two standard deviations, data; one colour for each task.

    Filled dots were seen, open ones hidden; a dashed line is the noise-free truth. Inputs: one, sorted. Raises
    ValueError for other inputs, for tables with other tasks or units than the prediction (a table without units goes
    with any), and unless there is one panel for each task.

    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import fit, icm, plots, predict, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> axes = Figure().subplots(2)
    >>> grid = [i / 50 for i in range(51)]
    >>> panels = plots.tasks(axes, predict(fit(icm(data)), grid), data, truth=simulate.sines(grid))
    >>> [line.get_label() for line in panels[0].lines]
    ['mean', 'true function']
    """
    _check_lines(prediction)
    _check_axes(axes, len(prediction.tasks))
    for name, table in {"seen": seen, "hidden": hidden, "truth": truth}.items():
        if table is not None:
            _check_labels(name, table, prediction)
    for t, ax in enumerate(axes):
        band(ax, prediction, t)
        ax.plot(inputs(prediction), _numbers(prediction.mean[:, t]), color=style(t)["color"], lw=2, label="mean")
        name = "true function"
        if truth is not None:
            ax.plot(inputs(truth), _numbers(truth.y[:, t]), "--", color="0.25", lw=1.2, label=name)
        dots = {"marker": marker(t), "zorder": 3}
        ax.scatter(inputs(seen), _numbers(seen.y[:, t]), s=14, color="0.1", label="seen", **dots)
        if hidden is not None and bool(hidden.observed[:, t].any()):
            ax.scatter(
                inputs(hidden),
                _numbers(hidden.y[:, t]),
                s=16,
                facecolor="white",
                edgecolor="0.1",
                label="hidden",
                **dots,
            )
        ax.set(
            title=seen.tasks[t],
            xlabel=label(seen.x_name, seen.x_unit),
            ylabel=label("f" if not prediction.noise else "y", seen.units[t]),
        )
    return axes


def band(ax: Axes, prediction: Prediction, t: int = 0) -> Axes:
    """Band of two standard deviations on either side of the mean of task t, in the task's colour.

    Raises ValueError for a prediction whose inputs are not one sorted column, and for a t that is no task's number.

    >>> from matplotlib.figure import Figure
    >>> from mtgp_tutorial import fit, icm, plots, predict, simulate
    >>> found = predict(fit(icm(simulate.two_sines(seed=1))), [0, 0.5, 1], noise=False)
    >>> ax = plots.band(Figure().subplots(), found, t=1)
    >>> ax.get_legend_handles_labels()[1]
    ['latent f, mean ± 2 sd']
    """
    _check_lines(prediction)
    if t not in range(len(prediction.tasks)):
        raise ValueError(f"t: {t!r} is not the number of a task; pass one from 0 to {len(prediction.tasks) - 1}")
    x, mean, sd = inputs(prediction), _numbers(prediction.mean[:, t]), _numbers(prediction.sd[:, t])
    what, alpha = ("observed y", 0.25) if prediction.noise else ("latent f", 0.5)
    ax.fill_between(
        x, mean - 2 * sd, mean + 2 * sd, color=style(t)["color"], alpha=alpha, lw=0, label=f"{what}, mean ± 2 sd"
    )
    return ax


def _check_lines(prediction: Prediction) -> None:
    of_kind("prediction", prediction, Prediction, "what predict or impute returned")
    if prediction.x.shape[1] != 1 or bool((prediction.x.diff(dim=0) < 0).any()):
        raise ValueError("prediction: its inputs are not one sorted column; predict at sorted x [M] to draw lines")


def _check_axes(axes: Any, wanted: int) -> None:
    of_kind("axes", axes, (Sequence, np.ndarray), "a list of Axes, one for each task: [ax] for one")
    if len(axes) != wanted or not all(isinstance(ax, Axes) for ax in axes):
        raise ValueError(
            f"axes: are {len(axes)} for {wanted} tasks, or not flat; pass a list of Axes, one for each task"
        )


def _check_labels(name: str, table: TaskData, prediction: Prediction) -> None:
    of_kind(name, table, TaskData, "a TaskData")
    if table.tasks != prediction.tasks or (any(table.units) and table.units != prediction.units):
        raise ValueError(
            f"{name}: has the tasks {table.tasks} in {table.units}, the prediction {prediction.tasks} in "
            f"{prediction.units}; pass the same"
        )


def _numbers(values: torch.Tensor) -> Any:
    return values.detach().cpu().numpy()
