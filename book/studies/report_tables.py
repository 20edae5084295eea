"""The report on twelve real tables, beside what one would take next: studies/report_tables.csv.

    python book/studies/report_tables.py rivals    # all but the report
    python book/studies/report_tables.py report    # the report anew, and of the others what is stored
    python book/studies/report_tables.py           # all anew

report_sources.py has the tables and what is hidden of them. Every method is given the same file, without what is
hidden: a line between the values beside a hole (on a map means weighted by distance); scikit-learn's IterativeImputer
with functions of the inputs and waves of the known periods as further columns; a structural model of each column (not
on a map); `fill`; and the command `report`, as it is when told nothing, with the ends of its bands. One row for each
table, method and column, in standard deviations of the column's known values; seconds are CPU seconds of the whole
table. The band is the central 95.4 %, for a normal law two standard deviations to either side. A table is a cluster.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
from report_sources import TABLES, pair, text, without
from rivals import of_states
from running import ROOT, fingerprint, run
from scipy import stats

from mtgp_tutorial import datasets
from mtgp_tutorial.prediction import TWO_SD
from mtgp_tutorial.tables import fill, plain_methods, read_table

HARMONICS = 12  # of a season in a structural model, at most
WAVES = 2  # of a season beside the columns of the imputer
WIDER = 2 / stats.norm.ppf(0.975)  # filled.csv has the central 95 %


def steps(seen):
    """Rows as steps on a regular grid: an hour, or a row."""
    first = seen.columns[0]
    if first != "hour":
        return np.arange(len(seen))
    hours = pd.to_datetime(seen[first])
    return ((hours - hours[0]) / pd.Timedelta(hours=1)).to_numpy(int)


def by_module(method=None, band=True):
    """What `fill` answers; told nothing, without a season."""

    def answer(file, spec):
        data = read_table(file)
        found = fill(data, method, season=None)
        low, high = (one.numpy() for one in found.band(TWO_SD))
        return (found.mean.numpy(), *((low, high) if band else (low * np.nan, high * np.nan)), None)

    return answer


def imputer(file, spec):
    """IterativeImputer; the band by the standard deviations of its last regressions."""
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer
    from sklearn.linear_model import BayesianRidge

    seen = pd.read_csv(file)
    y, t = seen.iloc[:, spec.inputs :].to_numpy(float), steps(seen)
    inputs = seen.iloc[:, :2].to_numpy(float) if spec.inputs > 1 else t[:, None]
    u = (inputs - inputs.mean(0)) / inputs.std(0)
    turns = [2 * np.pi * k * t / period for period in spec.periods for k in range(1, WAVES + 1)]
    known = [u, u**2, *(wave(turn)[:, None] for turn in turns for wave in (np.sin, np.cos))]
    known = np.concatenate([*known, u.prod(1, keepdims=True)] if spec.inputs > 1 else known, axis=1)
    centre, width = np.nanmean(y, 0), np.nanstd(y, 0)
    z = np.c_[known, (y - centre) / width]
    rule = IterativeImputer(BayesianRidge(), sample_posterior=False, max_iter=30, random_state=0)
    filled, sd = rule.fit_transform(z), np.full(z.shape, np.nan)
    for step in rule.imputation_sequence_[-np.isnan(z).any(0).sum() :]:
        sd[:, step.feat_idx] = step.estimator.predict(filled[:, step.neighbor_feat_idx], return_std=True)[1]
    mean, sd = ((one[:, known.shape[1] :]) for one in (filled, sd))
    return mean * width + centre, (mean - 2 * sd) * width + centre, (mean + 2 * sd) * width + centre, None


def structural(file, spec):
    """A level or a trend by AIC, with seasons that change. A week beside a day has the waves that the day has not."""
    seen = pd.read_csv(file)
    values, t = seen.iloc[:, spec.inputs :].to_numpy(float), steps(seen)
    seasons = [{"period": period, "harmonics": min(int(period / 2), HARMONICS)} for period in spec.periods]
    for before, season in zip(seasons, seasons[1:]):
        season["harmonics"] = min(HARMONICS, int(season["period"] / before["period"]) - 1)
    centre, width, columns = np.nanmean(values, 0), np.nanstd(values, 0), []
    for column in ((values - centre) / width).T:
        y = np.full(t[-1] + 1, np.nan)
        y[t] = column
        columns.append(smoothed(y, seasons, "exact") or smoothed(y, seasons, "vague"))
    mean, variance = (np.stack([one[k][t] for one in columns], 1) for k in (0, 1))
    mean, sd = mean * width + centre, np.sqrt(variance) * width
    return mean, mean - 2 * sd, mean + 2 * sd, [one[2] for one in columns]


def smoothed(y, seasons, start):
    """Means and variances [N] of the better fit, and its name; None where no fit has variances above 0.

    The exact diffuse start loses all digits with the two dozen waves of a day, a week or a year of days; "vague" is a
    variance of 100 for each state.
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    found = []
    for level in ("llevel", "lltrend"):
        model = UnobservedComponents(y, level, freq_seasonal=seasons or None, use_exact_diffuse=start == "exact")
        if start == "vague":
            model.initialize_approximate_diffuse(100)
        fitted = model.fit(disp=False)
        mean, variance = (one[:, 0] for one in of_states(fitted))
        if variance.min() > -1e-6:
            found.append((fitted.aic, mean, variance.clip(0), f"{model.trend_specification}, {start}"))
    return min(found, key=lambda one: one[0])[1:] if found else None


def report(file, spec):
    """The command, and what it has written: which method filled is the first that it names."""
    folder = file.parent / "report"
    shutil.rmtree(folder, ignore_errors=True)  # what a stopped run has kept would take no seconds
    command = [sys.executable, "-m", "mtgp_tutorial", "report", str(file), "--out", str(folder)]
    told = {"env": {**os.environ, "PYTHONIOENCODING": "utf8"}, "encoding": "utf8", "cwd": ROOT}
    done = subprocess.run(command, capture_output=True, **told)
    if done.returncode:
        raise RuntimeError(f"report {file}: exit code {done.returncode}, {done.stderr[-500:]}")
    seen, found = pd.read_csv(file), pd.read_csv(folder / "filled.csv")
    names = seen.columns[spec.inputs :]
    at = found.groupby([*found.columns[: spec.inputs]])[[*names]].transform("mean")  # a cell that was seen in another
    middle = found[names].fillna(at)  # row of its input may be left empty
    if not np.allclose(middle.where(seen[names].notna()), seen[names], rtol=1e-8, equal_nan=True):
        raise RuntimeError(
            f"{folder}: filled.csv has other values where the file has some; its rows may be in disorder"
        )
    ends = (found[[f"{name} {end}" for name in names]].set_axis(names, axis=1) for end in ("low", "high"))
    ends = [middle + WIDER * (end.fillna(middle) - middle) for end in ends]
    fills = re.findall("“([^”]+)”", done.stdout)
    return (middle.to_numpy(), *(end.to_numpy() for end in ends), fills[:1] * len(names))


METHODS = {
    "interpolation": by_module(plain_methods()["interpolation"], band=False),
    "IterativeImputer": imputer,
    "structural": structural,
    "fill": by_module(),
    "report": report,
}


def scores(frame, mask, said):
    """One row for each column: of the hidden cells alone, in standard deviations of its known values."""
    names = frame.columns[-mask.shape[1] :]
    truth, rows = frame[names].to_numpy(), []
    for t, (name, sd) in enumerate(zip(names, np.nanstd(truth, 0))):
        mean, low, high = (one[mask[:, t], t] for one in said)
        real = truth[mask[:, t], t]
        if not np.isfinite(mean).all():
            raise ValueError(f"{name}: {(~np.isfinite(mean)).sum()} hidden cells have no answer")
        bands = np.isfinite(low).all()
        rows.append(
            {
                "column": name,
                "cells": len(real),
                "RMSE": np.sqrt(((mean - real) ** 2).mean()) / sd,
                "coverage": ((low <= real) & (real <= high)).mean() if bands else np.nan,
                "width": (high - low).mean() / sd if bands else np.nan,
            }
        )
    return rows


def cpu():
    """Seconds of this process and of those that it has waited for."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def rows(name, method, stored=False):
    """One row for each column of a table; stored: those of the file."""
    if stored:
        return datasets.study("report_tables").query("table == @name and method == @method")
    warnings.simplefilter("ignore")
    spec, (frame, mask) = TABLES[name], pair(name)
    if method == "structural" and spec.inputs > 1:
        return []
    folder = ROOT / "_build" / "studies" / f"report_tables-{fingerprint(__file__)}" / f"{name}, {method}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "seen.csv"
    file.write_text(text(without(frame, mask)), encoding="utf8")
    began = cpu()
    *said, how = METHODS[method](file, spec)
    seconds = round(cpu() - began, 1)
    who = {"table": name, "group": spec.group, "field": spec.field, "rows": len(frame), "method": method}
    found = scores(frame, mask, said)
    return [{**who, **row, "seconds": seconds, "filled by": by} for row, by in zip(found, how or [""] * len(found))]


def summary(found, first="report"):
    """RMSE by table and method; ratios of `first` over each rival: mean, interval over tables, how many are below 1."""
    squares = found.assign(square=found["cells"] * found["RMSE"] ** 2).groupby(["table", "method"])[["cells", "square"]]
    errors = np.sqrt(squares.sum().eval("square / cells")).unstack()
    lines = {}
    for rival in errors.columns.drop(first):
        ratio = np.log(errors[first] / errors[rival]).dropna()
        half = stats.t.ppf(0.975, len(ratio) - 1) * ratio.std() / np.sqrt(len(ratio))
        line = np.exp([ratio.mean(), ratio.mean() - half, ratio.mean() + half])
        lines[rival] = [*line, (ratio < 0).sum(), len(ratio)]
    return errors, pd.DataFrame(lines, index=["ratio", "low", "high", "nearer", "tables"]).T


if __name__ == "__main__":
    part = "".join(sys.argv[1:2])
    trials = [(name, method, part == "report" and method != "report") for method in METHODS for name in TABLES]
    run(__file__, trials[: -len(TABLES)] if part == "rivals" else trials)
