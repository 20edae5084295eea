"""Last year's value: what costs nothing, where the input is a time of several years; it never fills the table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mtgp_tutorial.judging.naive import seasonal_naive
from mtgp_tutorial.judging.trials import compare
from mtgp_tutorial.report.deciding import Decision, in_deviations, over_parts
from mtgp_tutorial.report.hiding import Trial
from mtgp_tutorial.report.saying import listed
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.trends import Trend

MUCH = 0.5  # share of the variance
ARM = "last year's value"
YEAR = {"years": 1.0, "days": 365.25, "hours": 8766.0, "minutes": 525960.0, "seconds": 31557600.0}


def year_of(data: TaskData) -> float | None:
    """A year in the unit of the input; None where that is no time, has steps above half a year, or spans under two."""
    if data.calendar is not None:
        year = YEAR[data.calendar.unit]
    elif data.x_name.lower() == "year":
        year = 1.0
    else:
        return None
    times = data.x[:, 0].unique()  # in order
    short = data.x.shape[1] == 1 and len(times) > 1 and float(times.diff().median()) <= year / 2
    return year if short and float(times[-1] - times[0]) >= 2 * year else None


def try_last_year(data: TaskData, trials: Sequence[Trial], results: pd.DataFrame) -> pd.DataFrame:
    """CRPS, error and trials of each model and of last year's value, on the trials where there is one; else empty.

    results: what `compare` returned for these trials. Scores are in standard deviations, of the asked tasks.
    """
    year, found = year_of(data), []
    for trial in trials if year is not None else []:
        if trial.label in set(results["trial"]):
            found += _scored(data, trial, year)  # type: ignore[arg-type]
    if not found:
        return pd.DataFrame()
    last = pd.concat(found, ignore_index=True)
    others = results[results["trial"].isin(last["trial"])]
    scores = in_deviations(pd.concat([others, last], ignore_index=True), list(trials), data)
    scores = scores[scores["asked"]]
    table = pd.DataFrame({score: over_parts(scores, score) for score in ("CRPS", "error")})
    return table.loc[list(dict.fromkeys(scores["arm"]))].assign(trials=last["trial"].nunique())


def _scored(data: TaskData, trial: Trial, year: float) -> list[pd.DataFrame]:
    """Scores of one trial; none where no value was seen a year before some hidden cell."""
    seen, hidden = trial.tables(data)
    try:
        seasonal_naive(year)(seen).forecast(hidden)
    except ValueError:
        return []
    return [compare(lambda label: (seen, hidden), [trial.label], {ARM: seasonal_naive(year)}, progress=False)]


def beaten(table: pd.DataFrame, decision: Decision) -> str:
    """A sentence where the model that fills the table is no better than last year's value; else nothing."""
    if not len(table) or float(table.loc[decision.fills, "CRPS"]) < float(table.loc[ARM, "CRPS"]):
        return ""
    trials = int(table["trials"].iloc[0])
    return (
        f"{ARM.capitalize()} does better than the model that fills the table ({decision.fills}): over the "
        f"{trials} trial{'s' * (trials > 1)} in which it was known, its CRPS is {table.loc[ARM, 'CRPS']:.2f}, and that "
        f"of the model {table.loc[decision.fills, 'CRPS']:.2f}."
    )


def advice(data: TaskData, table: pd.DataFrame, decision: Decision) -> list[str]:
    """On trend and season, where last year's value does better, or both explain much of what was seen."""
    year = year_of(data)
    found = ["last year's value does better"] if beaten(table, decision) else []
    if explained := _explained(data, year) if year is not None else {}:
        shares = [f"{100 * share:.0f} % of the variance of {task}" for task, share in explained.items()]
        found.append(f"a straight line and a yearly season explain {listed(shares)}")
    if not found:
        return []
    return [
        f"The models here know of no trend and no season, and {listed(found)}. Try them with both removed first, in "
        f"Python: Trend(data, season={year:g}), as in the chapter “Your own table”."
    ]


def _explained(data: TaskData, year: float) -> dict[str, float]:
    """Share of the variance of each task that a line and a season explain by least squares, where that is much."""
    try:
        rest = Trend(data, season=year).remove(data).scale().sd
    except ValueError:  # too few values, or nothing is left
        return {}
    shares = 1 - (rest / data.scale().sd) ** 2
    return {task: share for task, share in zip(data.tasks, shares.tolist()) if share > MUCH}
