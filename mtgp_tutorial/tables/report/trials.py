"""What the report tries, what it chooses (from fewer than INDEPENDENT parts nothing), and what it claims."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from scipy import stats

from mtgp_tutorial import __version__
from mtgp_tutorial.comparison import choose
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.model import Model, icm
from mtgp_tutorial.noise import usual_noise
from mtgp_tutorial.prediction import Prediction, labels
from mtgp_tutorial.tables.comparing import compare, standard_methods
from mtgp_tutorial.tables.forecasting import Forecaster, NotApplicable
from mtgp_tutorial.tables.methods import Method, Methods, predictions_of
from mtgp_tutorial.tables.mixtures import linear_pool
from mtgp_tutorial.tables.plain import IN_WORDS as RULES_IN_WORDS
from mtgp_tutorial.tables.plain import plain_methods
from mtgp_tutorial.tables.report.holes import INDEPENDENT, Kind, Trial, own_rows
from mtgp_tutorial.tables.seasonal import Season, changing, season_of, with_trend
from mtgp_tutorial.tables.store import digest

ALONE, ICM, FULL, HALF, DRIFT = "independent, shared", "ICM", "ICM, full noise", "half and half", "regression + GP"
RULES = [rule for rule in RULES_IN_WORDS if rule != DRIFT]
IN_WORDS = RULES_IN_WORDS | {
    ICM: "one model of all columns",
    FULL: "one model of all columns, in which the errors of a row may go together",
    HALF: "the average of one model of all columns and a regression on the other columns",
    ALONE: "a smooth function for each column by itself",
    "independent, season": "a smooth function for each column by itself, with a season that is the same in every turn",
    "independent, changing season": "a smooth function for the column by itself, with a season that changes slowly",
    "ICM, season": "one model of all columns, with a season that is the same in every turn",
    "ICM, changing season": "one model of all columns, with a season that changes slowly",
}
MANY, ROWS = 600, 1000  # values above which no two kernels are fitted, and trials are fewer; rows up to which DRIFT is
# values times columns squared, up to which a model of all columns is fitted; share in the band, chance of a false word
WIDE, DUE, RARE = 500_000, 0.95, 0.01


def methods_for(data: TaskData, season: Season | None = None, seed: int = 0) -> tuple[dict[str, Method], list[str]]:
    """The methods for a table, by name, in the order in which `choose` prefers them; and those left out for its size.

    First stands what `fill` takes without a season; then this and the regression with a GP in equal parts; then
    the simplest. season: what `season_of` found, or None; which one it is each method proposes from what it sees.
    """
    models, values, columns = standard_methods(), int(data.observed.sum()), data.num_tasks
    shared, wide, long = columns > 1, columns > 1 and values * columns**2 > WIDE, len(data.x) > ROWS
    usual = ALONE if not shared else FULL if usual_noise(data)[0] == "full" else ICM
    first, name = ALONE if wide else usual, ICM if shared and not wide else "independent"
    slow, rules = f"{name}, changing season", dict[str, Method](plain_methods())
    if season is not None:
        rules["mean"] = _anew(lambda found: plain_methods(found.season)["mean"], rules["mean"])
        rules["season before"] = _anew(lambda found: plain_methods(found.season)["season before"])

    def in_the_mean(build: Method, found: Season) -> Method:
        return with_trend(build, line=False, season=found.season, harmonics=found.harmonics)

    every: dict[str, Method] = {rule: partial(Kept, rule, build, seed) for rule, build in rules.items()}
    every |= {model: partial(Kept, model, models[model], seed) for model in (first, ALONE)}
    every[HALF] = half = linear_pool(every[DRIFT], every[first], seed=seed)
    if season is not None:  # it may help a lot, and harm a little: so with and without it count the same
        every[HALF] = _anew(lambda found: linear_pool(half, in_the_mean(half, found)), half)
        every[f"{name}, season"] = _anew(partial(in_the_mean, every[first]))
        in_kernel = _anew(lambda found: partial(changing, season=found.season))
        every[slow] = partial(Kept, slow, in_kernel, seed, starts=2)
    names = [name for name in dict.fromkeys([first, HALF, *RULES, DRIFT, ALONE, *every]) if name in every]
    if not shared or own_rows(data):
        names = [name for name in names if name not in (HALF, "regression", DRIFT)]
    large = {HALF: wide or long, DRIFT: long, slow: values > MANY or wide}
    out = [name for name in names if large.get(name)]
    return {name: every[name] for name in names if name not in out}, [usual] * wide + out


class Kept:
    """What a method says of a table, worked out once for all that pool it; where full noise has no optimum, noise per
    task answers, as in `fill`. It has no answer where its fit has none. fingerprint: of its name and the version."""

    answers: dict[tuple[str, str], Prediction] = {}  # the last few

    def __init__(self, name: str, build: Method, seed: int, seen: TaskData, **options: int) -> None:
        self.name, self.seen, self.options, self.models = name, seen, {"seed": seed, **options}, [build(seen)]
        if isinstance(self.models[0], Model) and self.models[0].kind.correlated:
            self.models.append(icm(seen, noise="per task"))
        self.fingerprint = float(crc32(f"{name} {seed} {__version__}".encode()))

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions of y at the rows of `hidden`."""
        key, why = (f"{self.name} {self.options}", digest(self.seen, hidden)), ""
        while key not in self.answers and self.models:
            try:
                self.answers[key] = predictions_of(self.models[0], hidden, self.options)
            except FitError as error:
                del self.models[0]
                why = str(error)
        if key not in self.answers:
            raise NotApplicable(why)
        while len(self.answers) > 16:
            del self.answers[next(iter(self.answers))]
        return self.answers[key]


def _anew(build: Callable[[Season], Method], otherwise: Method | None = None) -> Method:
    """A method whose season is proposed by the cells that it sees; otherwise: where these speak for none."""

    def method(seen: TaskData) -> Model | Forecaster:
        if (season := season_of(seen)) is None and otherwise is None:
            raise NotApplicable("seen: its cells speak for no season")
        return otherwise(seen) if season is None else build(season)(seen)  # type: ignore[misc]

    return method


def try_all(
    data: TaskData, trials: Sequence[Trial], methods: Methods, folder: Path | None, seed: int, jobs: int = 1
) -> pd.DataFrame:
    """What `compare` returns; attrs["left out"] says why answers are missing. The folder's trials.csv keeps each."""
    known = {trial.label: trial for trial in trials}

    def tables(label: str) -> tuple[TaskData, TaskData]:
        if folder is not None and not sys.stderr.isatty():
            print(f"  trial {label} ({len(known)} in all)", flush=True)
        return known[label].tables(data)

    store = None if folder is None else folder / "trials.csv"
    return compare(tables, known, methods, store=store, jobs=jobs, seed=seed, progress=folder is not None)


class Decision(NamedTuple):
    """What fills, the best other, scores of methods that answered in all trials, their means, parts of the table."""

    fills: str
    other: str
    scores: pd.DataFrame
    means: pd.DataFrame
    parts: int


def decide(results: pd.DataFrame, trials: Sequence[Trial], data: TaskData) -> Decision:
    scores = in_deviations(results, trials, data)
    counts = scores.groupby("method", sort=False)["trial"].nunique()
    whole = [str(method) for method in counts.index if counts[method] == scores["trial"].nunique()]
    scores, parts = scores[scores["method"].isin(whole)], scores["part"].nunique()
    plain = scores.assign(task=scores["task"].str.replace("[", "("))  # no unit: these are standard deviations
    fills = choose(plain, cluster="part") if parts >= INDEPENDENT else whole[0]
    means = scores.groupby(["method", "part", "trial"])[["CRPS", "away", "coverage"]].mean()
    means = means.groupby(["method", "part"]).mean().groupby("method").mean().loc[whole]
    return Decision(fills, str(means["CRPS"].drop(fills).idxmin()), scores, means, parts)


def in_deviations(results: pd.DataFrame, trials: Sequence[Trial], data: TaskData) -> pd.DataFrame:
    """Scores of the asked tasks, with part, length of the hole, hidden cells, and those inside their band.

    off: the mean absolute error in the unit of the task; away, and the CRPS: in its standard deviations.
    """
    known = {trial.label: trial for trial in trials}
    names, sd = dict(zip(labels(data), data.tasks)), dict(zip(data.tasks, data.scale().sd.tolist()))
    table = results[results["trial"].isin(known)].assign(task=lambda frame: frame["task"].map(names))
    table = table[[task in known[trial].asked for trial, task in zip(table["trial"], table["task"])]]
    of = [known[trial] for trial in table["trial"]]
    found = table.assign(off=table["MAE"], away=table["MAE"], part=[t.part for t in of], length=[t.length for t in of])
    found["cells"] = [int(t.mask[:, data.tasks.index(task)].sum()) for t, task in zip(of, table["task"])]
    found["inside"] = (found["coverage"] * found["cells"]).round().astype(int)
    found[["away", "CRPS"]] = found[["away", "CRPS"]].div(table["task"].map(sd), axis=0)
    return found


def over_cells(scores: pd.DataFrame, score: str) -> float:
    return float(np.average(scores[score], weights=scores["cells"]))


def claim_of(decision: Decision, data: TaskData, kinds: Sequence[Kind]) -> dict[str, Any]:
    """The error of what fills on average, and in the worst of the trials: in the unit of the only asked task, else in
    standard deviations. long: task, rows of its longest hole, and rows that could be hidden, where that is less."""
    found, tasks = decision.scores[decision.scores["method"] == decision.fills], decision.scores["task"].unique()
    size, unit = "away", "standard deviations of their column"
    if len(tasks) == 1:
        size, unit = "off", data.units[data.tasks.index(tasks[0])]
    hidden = found.groupby("task")["length"].max()
    real = {task: max([kind.rows for kind in kinds if task in kind.asked], default=0) for task in tasks}
    long = [(task, rows, int(hidden[task])) for task, rows in real.items() if rows > hidden[task]]
    parts = found.groupby("part")[["inside", "cells"]].sum()
    rare = len(parts) > 2 and stats.binom.cdf(*parts.sum(), DUE) < RARE
    return {
        "off": over_cells(found, size),
        "worst": max(over_cells(rows, size) for _, rows in found.groupby("trial")),
        "unit": unit,
        "long": sorted(long, key=lambda hole: hole[2] / hole[1]),
        "few": decision.parts < INDEPENDENT,
        "needed": INDEPENDENT,
        "inside": share(found),
        "narrow": rare and (parts["inside"] >= DUE * parts["cells"]).mean() <= 0.5,  # cells of a part err together
    }


def share(scores: pd.DataFrame) -> str:
    """How many hidden cells lay in their band, with the count of what was hidden together."""
    inside, cells, parts = scores["inside"].sum(), scores["cells"].sum(), scores["part"].nunique()
    return f"{100 * inside / cells:.0f} % of {cells} values at {parts} place{'s' * (parts != 1)}"


def by_column(decision: Decision, data: TaskData) -> pd.DataFrame:
    """For each asked task the mean absolute error, in its unit, of what fills and of the plain rule with the smallest;
    and the share in the band."""
    names, found = dict(zip(data.tasks, labels(data))), []
    for task, rows in decision.scores.groupby("task", sort=False):
        off = {str(method): over_cells(one, "off") for method, one in rows.groupby("method", sort=False)}
        nearest = min([rule for rule in (*RULES, DRIFT) if rule in off], key=off.__getitem__, default=decision.fills)
        errors, inside = (off[decision.fills], nearest, off[nearest]), share(rows[rows["method"] == decision.fills])
        nearer = errors[2] < errors[0] and digits(errors[2]) != digits(errors[0])  # as they are printed
        found.append((names[str(task)], *errors, inside, nearer))
    return pd.DataFrame(found, columns=["column", "off by", "nearest plain rule", "off by it", "in the band", "nearer"])


def digits(value: Any) -> str:
    """A number to three digits, and whole where it has more: 0.0312, 4.07, 1,240."""
    places = 2 - int(np.floor(np.log10(abs(value)))) if value and np.isfinite(value) else 0
    return f"{float(value):,.{min(max(places, 0), 4)}f}".replace("-", "−")


def judge(data: TaskData, cells: np.ndarray, methods: Methods, decision: Decision, seed: int) -> dict[str, Any] | None:
    """What fills and the best other, on the cells [N, T] that were hidden from all trials; None without an answer."""
    trial = Trial("judge", tuple(data.tasks), cells, slice(None), "the table", 0)
    names = decision.fills, decision.other
    try:
        found = in_deviations(try_all(data, [trial], {n: methods[n] for n in names}, None, seed), [trial], data)
        fills, other = (found.groupby("method").get_group(name) for name in names)
    except (NotApplicable, KeyError):  # one of them had no answer
        return None
    scores = {"fills": over_cells(fills, "CRPS"), "other": over_cells(other, "CRPS"), "off": over_cells(fills, "away")}
    return {**scores, "cells": int(cells.sum()), "inside": 100 * over_cells(fills, "coverage")}
