"""report.html and how.html, with their figures inside; no script, and no address but of each other.

What their sections hold, from what the run found; the sentences stand in templates.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mtgp_tutorial import plots
from mtgp_tutorial.arguments import count
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.fast.intervals import correlation_intervals
from mtgp_tutorial.fast.solvers import state_space_of
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.naming import labels
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables.checking import WantsFullNoise, check
from mtgp_tutorial.tables.report import figures
from mtgp_tutorial.tables.report.deciding import SCORES, Decision, digits
from mtgp_tutorial.tables.report.figures import WIDTH, as_png, short
from mtgp_tutorial.tables.report.holes import VIEW, asked_for, in_view, missing, own_rows, runs, where
from mtgp_tutorial.tables.report.trials import FULL

Part = dict[str, Any]  # what a section, a picture or a table has, by name


def render(name: str, values: dict[str, Any]) -> str:
    """The template of this name with these values; in a page all of them are text, whatever they hold. ImportError."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    place = PackageLoader("mtgp_tutorial.tables.report", "templates")
    is_page = name.endswith(".html")
    templates = Environment(loader=place, autoescape=is_page, undefined=StrictUndefined, trim_blocks=True)
    return templates.get_template(name).render(values)


def picture(figure: Figure) -> Part:
    """A figure, and how much of the page's width it takes: a small one takes less."""
    return {"address": as_png(figure), "share": min(100, round(100 * figure.get_figwidth() / WIDTH))}


def grid(frame: pd.DataFrame) -> Part:
    """A table; its columns of text are set to the left, and its numbers have three digits."""
    words = [f for f in range(frame.shape[1]) if not pd.api.types.is_numeric_dtype(frame.iloc[:, f].dtype)]

    def text(value: Any) -> str:
        if pd.isna(value):
            return ""
        return digits(value) if isinstance(value, float) else str(value)

    rows = [[text(value) for value in row] for row in frame.itertuples(index=False)]
    return {"names": [str(name) for name in frame.columns], "text": words, "rows": rows}


PANELS = 8  # tasks that are drawn


def trials(decision: Decision, what: dict[str, str]) -> Part:
    """How the methods did on what was hidden. what: each of them does."""
    means = decision.means[list(SCORES)].rename_axis("method").reset_index()
    means.insert(1, "what it does", means["method"].map(what))
    return {"dots": picture(figures.dots(decision)), "means": grid(means)}


def filled(data: TaskData, answer: Prediction, decision: Decision) -> Part:
    """The filled table, drawn where it has one input or two. part: which rows are drawn, where not all are."""
    on_map, gone, part, figure = data.x.shape[1] == 2, bool(missing(data).any()), "", None
    order = asked_for(data) or list(data.tasks)  # most missing first
    if data.x.shape[1] <= 2:
        rows = slice(0, len(data.x)) if on_map else in_view(data)
        if rows != slice(0, len(data.x)):
            which = "those around the longest hole" if gone else "the first"
            part = f"Drawn are {VIEW} of {len(data.x)} rows, {which}."
        draw = figures.maps if on_map else figures.panels
        figure = picture(draw(take(data, rows), answer.take(rows), order[:PANELS]))
    found = {"model": decision.fills, "gone": gone, "on_map": on_map, "part": part, "figure": figure}
    return {**found, "drawn": min(PANELS, len(order)), "tasks": len(order)}


def together(shared: Fit, name: str) -> Part:
    """Correlations of the tasks: the pairs with their intervals, or a heat map."""
    data, intervals, several = shared.model.data, _intervals(shared), len(shared.model.data.x_names) > 1
    names = cycle([f"{one} " for one in data.x_names] if several else [""])
    return {
        "model": name,
        "scales": ", ".join(f"{name}{v:.3g}" for name, v in zip(names, shared.length_scales)),
        "unit": data.x_unit or (data.calendar.unit if data.calendar is not None else "units of the input"),
        "intervals": None if intervals is None else picture(figures.intervals(intervals)),
        "heat": picture(figures.correlations(shared.correlation)) if intervals is None else None,
        "pairs": 0 if intervals is None else len(intervals),
    }


def _intervals(fit: Fit) -> pd.DataFrame | None:
    """An interval for each correlation; None where there are too many tasks or cells, or an end cannot be found."""
    if fit.model.data.num_tasks > MOST or int(fit.model.data.observed.sum()) > LONGEST:
        return None
    try:
        return correlation_intervals(fit)
    except (ValueError, FitError):
        return None


def reading(data: TaskData) -> Part:
    """What the program understood, which cells were seen, and the holes. own: the tasks have rows of their own."""
    holes = _holes(data)
    seen = picture(figures.seen(data)) if data.x.shape[1] == 1 else None
    return {"notes": notes(data), "seen": seen, "own": own_rows(data), "holes": grid(holes.head(20)), "all": len(holes)}


def notes(data: TaskData) -> list[str]:
    """The notes of the table, and its size."""
    gone = int(missing(data).sum())
    found = [*data.notes, f"columns of values: {', '.join(labels(data))}"]
    if data.sd is not None:
        found.append(f"standard errors: known for {int((~data.sd.isnan() & data.observed).sum())} values")
    if again := int((~data.observed).sum()) - gone:
        found.append(
            f"{again} empty cells, whose task was seen in another row at the same input, are no holes, and stay empty"
        )
    return [*found, f"{len(data.x)} rows, {count(data.num_tasks, 'task')}, {gone} of {data.y.numel()} cells missing"]


def _holes(data: TaskData) -> pd.DataFrame:
    """Task, first row, last row and length of each hole along one input; of several inputs the number of each task."""
    gone = missing(data)
    if data.x.shape[1] > 1:
        counts = [(task, int(column.sum())) for task, column in zip(data.tasks, gone.T) if column.any()]
        return pd.DataFrame(counts, columns=["task", "missing"])
    found = [(task, a, n) for task, column in zip(data.tasks, gone.T) for a, n in runs(column)]
    found.sort(key=lambda hole: -hole[2])
    rows = [(task, where(data, a), where(data, a + n - 1), n) for task, a, n in found]
    return pd.DataFrame(rows, columns=["task", "from", "to", "rows"])


LARGEST = 4000  # cells that are checked, as time and memory grow with their cube and square; long series have no limit
MOST, LONGEST = 8, 10_000  # tasks whose correlations get intervals, and cells: each end is a search of its own
ODD = 4.0  # standard deviations


def checked(fit: Fit, decision: Decision) -> Part | None:
    """What the fit that fills says of the cells that were seen, and the trials of its advice; None for a table that is
    too large.

    odd: cells far from what all others say of them.
    """
    if int(fit.model.data.observed.sum()) > LARGEST and state_space_of(fit.conditioned()) is None:
        return None
    found = check(fit)
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, WIDTH))
    plots.checks(axes, found)
    if (names := axes[1, 0].get_legend()) is not None:  # below all panels, as there may be many
        handles, tasks = axes[1, 0].get_legend_handles_labels()
        names.remove()
        figure.legend(handles, [short(task) for task in tasks], loc="outside lower center", ncols=3)
    findings = [advised(line, decision) for line in found.findings or ("Nothing else was found.",)]
    cells = found.cells[["value", "mean", "z"]].reset_index()
    return {**_far(cells), "how": "all", "findings": findings, "figure": picture(figure)}


def checked_by_hiding(cells: pd.DataFrame) -> Part:
    """The same of a method that is no model, from what `hidden_once` found."""
    return {**_far(cells), "how": "hidden", "findings": [], "figure": None}


def _far(cells: pd.DataFrame) -> Part:
    """The share of the cells in their bands, and those that lay far off."""
    far = cells[cells["z"].abs() > ODD].sort_values("z", key=abs, ascending=False).head(10)
    inside = f"{100 * (cells['z'].abs() <= 2).mean():.0f} %"
    return {"inside": inside, "odd": grid(far[["task", "row", "value", "mean", "z"]].astype({"row": str}))}


def advised(finding: str, decision: Decision) -> str:
    """A finding; where it advises full noise, what the trials said of the method that has it."""
    crps = decision.means["CRPS"]
    if not isinstance(finding, WantsFullNoise) or FULL not in crps.index:
        return finding
    full, icm = crps.loc[FULL], crps.loc["ICM"]
    said = f"its CRPS in the trials is {full:.3f}, that of the ICM {icm:.3f}"
    return f"{finding.problem}; the method “{FULL}” allows for this; {said}."
