"""The sections of the report, from what the run found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.report import figures, maps, page
from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.checking import Checks
from mtgp_tutorial.report.deciding import Decision
from mtgp_tutorial.report.rows import VIEW, asked_for, in_view, missing, take
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction

PANELS = 8  # tasks that are drawn


def trials(decision: Decision, failed: list[str], last: pd.DataFrame, fitted: str) -> dict[str, Any]:
    """How the models did on what was hidden. last: what `try_last_year` returned; fitted: how, where not as usual."""
    caption = "Each dot is a trial; left of the line sharing was better. Diamond: mean, with its 95 % interval."
    parts = [
        page.text(
            "Error is the root mean squared error of a trial's hidden cells. CRPS scores the whole predicted "
            "distribution, as an error does a value. Both are in standard deviations of the task, and less is better. "
            "The CRPS decides: it asks for the band as well as for the value, and one cell far off cannot outweigh all "
            "others, as it can in the NLPD (the negative log density, in nats)."
        ),
        page.picture(figures.dots(decision), caption, "Paired differences of CRPS and error for each trial and model"),
        page.grid(_verdicts(decision)),
        page.text(
            f"The baseline, “{BASELINE}”, models each task alone with one kernel for all. Trials that hide in one part "
            "of the table count as one: means are taken within the parts first. The model that fills is that of the "
            "smallest mean CRPS, or a simpler one (higher up in the list) that is behind it by at most half a standard "
            "error: one has to be taken, sure or not. The verdict is for what may be claimed. Wins and loses: the mean "
            "difference is beyond its 95 % interval, with Holm's correction for several models, and the median agrees. "
            "It speaks of this table only."
        ),
    ]
    if fitted:
        parts.append(page.text(fitted))
    if len(last):
        parts.append(
            page.text(
                f"The value a year before was known in {int(last['trials'].iloc[0])} of the trials. This is how all did"
                " on these; last year's value is here to compare with, and never fills the table."
            )
        )
        parts.append(page.grid(last[["CRPS", "error"]].rename_axis("model").reset_index()))
    if failed:
        parts.append(page.text(f"Left out, because a model could not be fitted: trial {'; trial '.join(failed)}."))
    return page.section("Trials: what hiding showed", parts)


def _verdicts(decision: Decision) -> pd.DataFrame:
    """A row for each model: its means, and the verdict on its CRPS."""
    scores = {name: decision.asked.loc[name] for name in ("CRPS", "error", "NLPD", "coverage")}
    crps = scores["CRPS"]
    return pd.DataFrame(
        {
            "model": crps.index,
            **{name: one["mean"].to_numpy(dtype=float) for name, one in scores.items()},
            "CRPS, difference": [
                "" if pd.isna(d) else f"{d:+.3f} ± {e:.3f}"
                for d, e in zip(crps["mean difference"], crps["standard error"])
            ],
            "verdict": [
                word if decision.word != "undecided" or word == "baseline" else "undecided" for word in crps["verdict"]
            ],
        }
    )


def filled(data: TaskData, answer: Prediction, decision: Decision) -> dict[str, Any]:
    """The filled table, drawn."""
    gone = bool(missing(data).any())
    order = asked_for(data) or list(data.tasks)  # most missing first
    tasks, words = order[:PANELS], f"Model: {decision.fills}. "
    on_map = data.x.shape[1] == 2
    words += "Bands are two standard deviations to either side: they hold a new reading with 95 %. " if gone else ""
    parts = [page.text(words + _columns(data))]
    if data.x.shape[1] <= 2:
        rows = slice(0, len(data.x)) if on_map else in_view(data)
        if rows != slice(0, len(data.x)):
            which = "those around the longest hole" if gone else "the first"
            parts.append(page.text(f"Drawn are {VIEW} of {len(data.x)} rows, {which}."))
        shown = replace(answer, x=answer.x[rows], mean=answer.mean[rows], variance=answer.variance[rows])
        figure = (maps if on_map else figures).filled(take(data, rows), shown, tasks)
        ringed = (
            "Ringed places were filled, the larger the less is known." if on_map else "Grey: seen. Coloured: filled."
        )
        parts.append(
            page.picture(
                figure, ringed if gone else "What was seen.", "Seen values and filled ones, a panel for each task"
            )
        )
    if len(order) > PANELS:
        parts.append(page.text(f"Drawn are {PANELS} of {len(order)} tasks; filled.csv has all."))
    return page.section("The filled table", parts)


def _columns(data: TaskData) -> str:
    """What filled.csv holds."""
    if not bool(missing(data).any()):
        return "The table has no holes, so filled.csv holds it as it was read."
    return (
        "filled.csv has four columns for each task: the value (as it was read, where it was seen), low and high (the "
        "ends of the band, where it was filled), and filled (yes or no)."
    )


def together(shared: Fit, name: str, intervals: pd.DataFrame | None) -> dict[str, Any]:
    """Correlations of the tasks."""
    words = f"Correlations of the smooth parts of the tasks under {name}, not of the raw columns"
    data, scales = shared.model.data, shared.length_scales
    unit = data.x_unit or (data.calendar.unit if data.calendar is not None else "units of the input")
    parts = [page.text(f"{words}. Length-scales: {', '.join(f'{v:.3g}' for v in scales)} ({unit}).")]
    if intervals is not None:
        caption = "Dot: as fitted. Bar: 90 % interval. " + ("The 15 strongest pairs." if len(intervals) > 15 else "")
        parts.append(page.picture(figures.intervals(intervals), caption, "Task correlations with intervals"))
    else:
        parts.append(
            page.picture(
                figures.correlations(shared.correlation),
                "Task correlations as fitted.",
                "Heat map of task correlations",
            )
        )
    return page.section("How the tasks hang together", parts)


def checks(found: Checks | None) -> dict[str, Any]:
    """What the fit says of the cells that were seen."""
    if found is None:
        return page.section("Checks", [page.text("The table is too large for the checks of every cell.")])
    caption = (
        "Residuals of each cell given all others; shares inside central intervals, with what tables drawn from the fit "
        "show; one-step errors against those due; and each against its neighbour's."
    )
    parts = [page.lines(found.sentences), page.picture(found.figure, caption, "Residuals, calibration and neighbours")]
    if len(found.odd):
        parts += [page.text("Cells far from what all others say (z: in standard deviations):"), page.grid(found.odd)]
    return page.section("Checks", parts)
