"""report.html: one file, with its figures inside; no script, no address of anything else.

The sections of the report, from what the run found.

What the program understood of the table: the notes, what was seen, the holes.

How well the fit that fills the table foretells what was seen, and how sure its correlations are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mtgp_tutorial import plots
from mtgp_tutorial.answers.correlation import correlation_intervals
from mtgp_tutorial.exact.markov import Markov
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging.checking import WantsFullNoise, check
from mtgp_tutorial.report import figures
from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.figures import WIDTH, as_png, short
from mtgp_tutorial.report.holes import VIEW, asked_for, in_view, missing, own_rows, runs, take, where
from mtgp_tutorial.report.verdict import SCORES, Decision
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction

Part = dict[str, Any]


def render(name: str, values: dict[str, Any]) -> str:
    """The template of this name with these values; in a page all of them are text, whatever they hold. ImportError."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    place = PackageLoader("mtgp_tutorial.report", "templates")
    is_page = name.endswith(".html")
    templates = Environment(loader=place, autoescape=is_page, undefined=StrictUndefined, trim_blocks=True)
    return templates.get_template(name).render(values)


def picture(figure: Figure, caption: str, alt: str) -> Part:
    """A figure, what to see in it, and what it shows to those who cannot; a small one takes less of the page."""
    share = min(100, round(100 * figure.get_figwidth() / WIDTH))
    return {"kind": "picture", "address": as_png(figure), "caption": caption, "alt": alt, "share": share}


def text(words: str) -> Part:
    """A paragraph."""
    return {"kind": "text", "text": words}


def lines(words: Sequence[str]) -> Part:
    """A list."""
    return {"kind": "list", "lines": list(words)}


def code(words: str, *, wraps: bool = False) -> Part:
    """What may be typed."""
    return {"kind": "code", "text": words, "wraps": wraps}


def grid(frame: pd.DataFrame) -> Part:
    """A table; its columns of text are set to the left, and its numbers have three decimals or, missing, nothing."""
    words = [f for f in range(frame.shape[1]) if not pd.api.types.is_numeric_dtype(frame.iloc[:, f].dtype)]
    rows = [
        ["" if pd.isna(value) else f"{value:.3f}" if isinstance(value, float) else str(value) for value in row]
        for row in frame.itertuples(index=False)
    ]
    return {"kind": "table", "names": [str(name) for name in frame.columns], "text": words, "rows": rows}


def section(title: str, parts: Sequence[Part]) -> dict[str, Any]:
    """A heading and what stands below it."""
    return {"title": title, "parts": list(parts)}


PANELS = 8  # tasks that are drawn


def trials(decision: Decision, failed: list[str], last: pd.DataFrame, fitted: str) -> dict[str, Any]:
    """How the models did on what was hidden. last: what `try_last_year` returned; fitted: how, where not as usual."""
    caption = "Each dot is a trial; left of the line sharing was better. Diamond: mean, with its 95 % interval."
    parts = [
        text(
            "Error is the root mean squared error of a trial's hidden cells. CRPS scores the whole predicted "
            "distribution, as an error does a value. Both are in standard deviations of the task, and less is better. "
            "The CRPS decides: it asks for the band as well as for the value, and one cell far off cannot outweigh all "
            "others, as it can in the NLPD (the negative log density, in nats)."
        ),
        picture(figures.dots(decision), caption, "Paired differences of CRPS and error for each trial and model"),
        grid(_verdicts(decision)),
        text(
            f"The baseline, “{BASELINE}”, models each task alone with one kernel for all. Trials that hide in one part "
            "of the table count as one: means are taken within the parts first. The model that fills is that of the "
            "smallest mean CRPS, or a simpler one (higher up in the list) that is behind it by at most half a standard "
            "error: one has to be taken, sure or not. The verdict is for what may be claimed. Wins and loses: the mean "
            "difference is beyond its 95 % interval, with Holm's correction for several models, and the median agrees. "
            "It speaks of this table only."
        ),
    ]
    if fitted:
        parts.append(text(fitted))
    if len(last):
        parts.append(
            text(
                f"The value a year before was known in {int(last['trials'].iloc[0])} of the trials. This is how all did"
                " on these; last year's value is here to compare with, and never fills the table."
            )
        )
        parts.append(grid(last[["CRPS", "error"]].rename_axis("model").reset_index()))
    if failed:
        parts.append(text(f"Left out, because a model could not be fitted: trial {'; trial '.join(failed)}."))
    return section("Trials: what hiding showed", parts)


def _verdicts(decision: Decision) -> pd.DataFrame:
    """A row for each model: its means, and the verdict on its CRPS."""
    crps = decision.asked.loc["CRPS"]
    means = decision.asked["mean"].astype(float).unstack("score").loc[crps.index, list(SCORES)]
    pairs = zip(crps["mean difference"], crps["standard error"])
    differences = ["" if pd.isna(d) else f"{d:+.3f} ± {e:.3f}" for d, e in pairs]
    verdict = crps["verdict"]
    if decision.word == "undecided":
        verdict = verdict.where(verdict == "baseline", "undecided")
    return means.assign(**{"CRPS, difference": differences, "verdict": verdict}).rename_axis("model").reset_index()


def filled(data: TaskData, answer: Prediction, decision: Decision) -> dict[str, Any]:
    """The filled table, drawn."""
    gone, on_map = bool(missing(data).any()), data.x.shape[1] == 2
    order = asked_for(data) or list(data.tasks)  # most missing first
    words = f"Model: {decision.fills}. "
    if gone:
        words += (
            "Bands are two standard deviations to either side: they hold a new reading with 95 %. filled.csv has four "
            "columns for each task: the value (as it was read, where it was seen), low and high (the ends of the band, "
            "where it was filled), and filled (yes or no)."
        )
    else:
        words += "The table has no holes, so filled.csv holds it as it was read."
    parts = [text(words)]
    if data.x.shape[1] <= 2:
        rows = slice(0, len(data.x)) if on_map else in_view(data)
        if rows != slice(0, len(data.x)):
            which = "those around the longest hole" if gone else "the first"
            parts.append(text(f"Drawn are {VIEW} of {len(data.x)} rows, {which}."))
        shown = replace(answer, x=answer.x[rows], mean=answer.mean[rows], variance=answer.variance[rows])
        figure = (figures.filled_map if on_map else figures.filled)(take(data, rows), shown, order[:PANELS])
        caption = "What was seen."
        if gone and on_map:
            caption = "Ringed places were filled, the larger the less is known."
        elif gone:
            caption = "Grey: seen. Coloured: filled."
        parts.append(picture(figure, caption, "Seen values and filled ones, a panel for each task"))
    if len(order) > PANELS:
        parts.append(text(f"Drawn are {PANELS} of {len(order)} tasks; filled.csv has all."))
    return section("The filled table", parts)


def together(shared: Fit, name: str) -> dict[str, Any]:
    """Correlations of the tasks."""
    data, intervals = shared.model.data, _intervals(shared)
    unit = data.x_unit or (data.calendar.unit if data.calendar is not None else "units of the input")
    words = (
        f"Correlations of the smooth parts of the tasks under {name}, not of the raw columns. Length-scales: "
        f"{', '.join(f'{v:.3g}' for v in shared.length_scales)} ({unit})."
    )
    if intervals is None:
        heat = figures.correlations(shared.correlation)
        drawn = picture(heat, "Task correlations as fitted.", "Heat map of task correlations")
    else:
        caption = "Dot: as fitted. Bar: 90 % interval. " + ("The 15 strongest pairs." if len(intervals) > 15 else "")
        drawn = picture(figures.intervals(intervals), caption, "Task correlations with intervals")
    return section("How the tasks hang together", [text(words), drawn])


def _intervals(fit: Fit) -> pd.DataFrame | None:
    """An interval for each correlation; None where there are too many tasks or cells, or an end cannot be found."""
    if fit.model.data.num_tasks > MOST or int(fit.model.data.observed.sum()) > LONGEST:
        return None
    try:
        return correlation_intervals(fit)
    except (ValueError, FitError):
        return None


def reading(data: TaskData) -> dict[str, Any]:
    """What the program understood, which cells were seen, and the holes."""
    parts = [lines(notes(data))]
    if data.x.shape[1] == 1:
        parts.append(
            picture(figures.seen(data), "What was seen: a tick for each value.", "Ticks at the values of each task")
        )
    holes = _holes(data)
    if own_rows(data):
        parts.append(text("The tasks have rows of their own, so an empty cell is no hole."))
    elif len(holes):
        parts.append(grid(holes.head(20)))
        if len(holes) > 20:
            parts.append(text(f"The 20 longest of {len(holes)} holes."))
    return section("How the table was read", parts)


def notes(data: TaskData) -> list[str]:
    """The notes of the table, and its size."""
    gone, tasks = int(missing(data).sum()), [plots.label(*pair) for pair in zip(data.tasks, data.units)]
    found = [*data.notes, f"tasks: {', '.join(tasks)}"]
    if data.sd is not None:
        found.append(f"standard errors: known for {int((~data.sd.isnan() & data.observed).sum())} values")
    if again := int((~data.observed).sum()) - gone:
        found.append(
            f"{again} empty cells, whose task was seen in another row at the same input, are no holes, and stay empty"
        )
    return [*found, f"{len(data.x)} rows, {data.num_tasks} tasks, {gone} of {data.y.numel()} cells missing"]


def _holes(data: TaskData) -> pd.DataFrame:
    """Task, first row, last row and length of each hole along one input; of several inputs the number of each task."""
    gone = missing(data)
    if data.x.shape[1] > 1:
        rows = [(task, int(column.sum())) for task, column in zip(data.tasks, gone.T) if column.any()]
        return pd.DataFrame(rows, columns=["task", "missing"])
    found = [
        (task, where(data, a), where(data, a + n - 1), n)
        for task, column in zip(data.tasks, gone.T)
        for a, n in runs(column)
    ]
    return pd.DataFrame(found, columns=["task", "from", "to", "rows"]).sort_values(
        "rows", ascending=False, kind="stable"
    )


LARGEST = 4000  # cells that are checked, as time and memory grow with their cube and square; long series have no limit
MOST, LONGEST = 8, 10_000  # tasks whose correlations get intervals, and cells: each end is a search of its own
FULL = "ICM, full noise"
ODD = 4.0  # standard deviations


def checked(fit: Fit, decision: Decision) -> dict[str, Any]:
    """What the fit says of the cells that were seen, and the trials of its advice; little of a table that is large."""
    if int(fit.model.data.observed.sum()) > LARGEST and not isinstance(fit.conditioned().form, Markov):
        return section("Checks", [text("The table is too large for the checks of every cell.")])
    found = check(fit)
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, WIDTH))
    plots.checks(axes, found)
    if (names := axes[1, 0].get_legend()) is not None:  # below all panels, as there may be many
        handles, labels = axes[1, 0].get_legend_handles_labels()
        names.remove()
        figure.legend(handles, [short(label) for label in labels], loc="outside lower center", ncols=3)
    inside = [f"{100 * found.table[f'cell in {level} %'].mean():.0f} % in the {level} % band" for level in (50, 80, 95)]
    shares = f"Each seen cell against what all others say of it, averaged over tasks: {', '.join(inside)}."
    findings = [advised(line, decision) for line in found.findings or ("Nothing else was found.",)]
    caption = (
        "Residuals of each cell given all others; shares inside central intervals, with what tables drawn from the fit "
        "show; one-step errors against those due; and each against its neighbour's."
    )
    parts = [lines([shares, *findings]), picture(figure, caption, "Residuals, calibration and neighbours")]
    odd = found.cells[found.cells["z"].abs() > ODD].reset_index()
    if len(odd):
        odd = odd.sort_values("z", key=abs, ascending=False)[["task", "row", "value", "mean", "z"]].head(10)
        parts.append(text("Cells far from what all others say (z: in standard deviations):"))
        parts.append(grid(odd.astype({"row": str})))
    return section("Checks", parts)


def advised(finding: str, decision: Decision) -> str:
    """A finding; where it advises full noise, what the trials said of the arm that has it."""
    crps = decision.asked.loc["CRPS"]
    if not isinstance(finding, WantsFullNoise) or FULL not in crps.index:
        return finding
    verdict = "undecided" if decision.word == "undecided" else crps.loc[FULL, "verdict"]
    return f"{finding.problem}; the arm “{FULL}” allows for this; its verdict in the trials: {verdict}."
