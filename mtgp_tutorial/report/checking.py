"""How well the fit that fills the table foretells what was seen, and how sure its correlations are."""

from __future__ import annotations

from typing import NamedTuple

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from mtgp_tutorial import plots
from mtgp_tutorial.answers.intervals import correlation_intervals
from mtgp_tutorial.exact.markov import Markov
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging.checking import check
from mtgp_tutorial.report.deciding import Decision
from mtgp_tutorial.report.figures import WIDTH, short

LARGEST = 4000  # cells that are checked, as time and memory grow with their cube and square; long series have no limit
MOST, LONGEST = 8, 10_000  # tasks whose correlations get intervals, and cells: each end is a search of its own
FULL = "ICM, full noise"
ODD = 4.0  # standard deviations


class Checks(NamedTuple):
    """Sentences, a figure, and the cells far from what all others say of them."""

    sentences: list[str]
    figure: Figure
    odd: pd.DataFrame


def checks(fit: Fit, decision: Decision) -> Checks | None:
    """What `check` finds, and what the trials say of its advice; None for a table that is too large for it."""
    if int(fit.model.data.observed.sum()) > LARGEST and not isinstance(fit.conditioned().form, Markov):
        return None
    found = check(fit)
    figure, axes = plt.subplots(2, 2, figsize=(WIDTH, WIDTH))
    plots.checks(axes, found)
    if (names := axes[1, 0].get_legend()) is not None:  # below all panels, as there may be many
        handles, labels = axes[1, 0].get_legend_handles_labels()
        names.remove()
        figure.legend(handles, [short(label) for label in labels], loc="outside lower center", ncols=3)
    inside = [f"{100 * found.table[f'cell in {level} %'].mean():.0f} % in the {level} % band" for level in (50, 80, 95)]
    shares = f"Each seen cell against what all others say of it, averaged over tasks: {', '.join(inside)}."
    odd = found.cells[found.cells["z"].abs() > ODD].reset_index()
    odd = odd.sort_values("z", key=abs, ascending=False)[["task", "row", "value", "mean", "z"]].head(10)
    sentences = [shares, *(advised(line, decision) for line in found.findings or ("Nothing else was found.",))]
    return Checks(sentences, figure, odd.astype({"row": str}))


def advised(finding: str, decision: Decision) -> str:
    """A finding; where it advises full noise, what the trials said of the arm that has it."""
    crps = decision.asked.loc["CRPS"]
    if FULL not in crps.index:
        return finding
    verdict = "undecided" if decision.word == "undecided" else crps.loc[FULL, "verdict"]
    return finding.replace(
        'try noise="full"', f"the arm “{FULL}” allows for this; its verdict in the trials: {verdict}"
    )


def intervals(fit: Fit) -> pd.DataFrame | None:
    """An interval for each correlation; None where there are too many tasks or cells, or an end cannot be found."""
    if fit.model.data.num_tasks > MOST or int(fit.model.data.observed.sum()) > LONGEST:
        return None
    try:
        return correlation_intervals(fit)
    except (ValueError, FitError):
        return None
