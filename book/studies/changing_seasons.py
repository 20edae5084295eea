"""Twelve series whose season may change, each filled in sixteen trials: studies/changing_seasons.csv.

The series are those of examples/forty_tables/seasons.csv, named before any method had run on them. Every trial hides
one hole: four gaps of half a year, four of a year and four of two years, each in a quarter of the record of its own;
the first year and the last; 15 % of the rows, twice. Every method is told that a year is the season. Scores are means
over the hidden cells, in standard deviations of the series. docs/decisions/seasons.md has what was to be decided.
"""

import sys
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, PeriodicKernel, RBFKernel
from running import run

from mtgp_tutorial import FitError, independent, lmc
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import NotApplicable, fill, plain_methods, propose_season, with_trend

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "forty_tables"))
from rivals import of_states
from score import WIDTH, normal
from sources import specs, table

YEAR = 1.0
TRIALS = [("half a year", 0.5)] * 4 + [("a year", 1)] * 4 + [("two years", 2)] * 4
TRIALS += [("first year", 1), ("last year", 1), ("cells", 0.15), ("cells", 0.15)]


def steps_of(data):
    """Rows in a year."""
    return round(1 / float(data.x[:, 0].diff().median()))


def hidden(name, data, number):
    """The kind of a trial, and its cells [N, 1]."""
    kind, length = TRIALS[number]
    draw, N = np.random.default_rng([zlib.crc32(name.encode()), number]), len(data.x)
    mask = np.zeros((N, 1), bool)
    if kind == "cells":
        mask[1 + draw.choice(N - 2, round(length * N), replace=False)] = True
        return kind, mask
    count = round(length * steps_of(data))
    first, last = 1, N - count - 1  # of the rows where a gap may begin
    low, high = (round(first + (number % 4 + k) / 4 * (last - first)) for k in (0, 1))
    start = {"first year": 0, "last year": N - count}.get(kind, int(draw.integers(low, high)))
    mask[start : start + count] = True
    return kind, mask


def turning():
    """A season of a year that changes: a periodic kernel times an RBF."""
    turn = PeriodicKernel().double()
    turn.period_length = YEAR
    turn.raw_period_length.requires_grad_(False)
    return turn * RBFKernel()


def curve(seen):
    return independent(seen, kernel=MaternKernel(nu=1.5))


def in_the_mean(seen):
    """As the report has it: a season in the mean where held-out stretches speak for one."""
    found = propose_season(seen, [YEAR])
    if found is None:
        raise NotApplicable("seen: its cells speak for no season")
    return with_trend(curve, line=False, season=YEAR, harmonics=found.harmonics)(seen)


def in_the_kernel(seen):
    return lmc(seen, kernels=[turning(), MaternKernel(nu=1.5)])


def three_terms(seen):
    return lmc(seen, kernels=[turning(), RBFKernel(), MaternKernel(nu=0.5)])


def in_both(seen):
    """A season that changes beside one that stays."""
    found = propose_season(seen, [YEAR])
    if found is None:
        return in_the_kernel(seen)
    return with_trend(in_the_kernel, line=False, season=YEAR, harmonics=found.harmonics)(seen)


def structural(seen):
    """A level or a trend, and a season of all harmonics, all of which change: the better by AIC. (Harvey 1989)"""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    scale, n = seen.scale(), steps_of(seen)
    y = ((seen.y - scale.mean) / scale.sd).numpy()[:, 0]
    season = {"freq_seasonal": [{"period": n, "harmonics": n // 2}], "use_exact_diffuse": True}
    fits = [UnobservedComponents(y, level=level, **season).fit(disp=False) for level in ("llevel", "lltrend")]
    mean, variance = (torch.as_tensor(z[:, :1]) for z in of_states(min(fits, key=lambda one: one.aic)))
    return Prediction(seen.x, mean * scale.sd + scale.mean, variance * scale.sd**2, seen.tasks, seen.units, True)


METHODS = {
    "interpolation": plain_methods()["interpolation"],
    "season before": plain_methods(YEAR)["season before"],
    "independent": curve,
    "season in the mean": in_the_mean,
    "season in the kernel": in_the_kernel,
    "three terms": three_terms,
    "season in both": in_both,
}


def answer(method, seen):
    """What a method says of the table, CPU seconds, and 1 where the line had to answer for it."""
    began = time.process_time()
    try:
        found = structural(seen) if method == "structural" else fill(seen, METHODS[method])
        failed = int(not bool(found.mean.isfinite().all()))
    except (FitError, NotApplicable):
        failed = 1
    if failed:
        found = fill(seen, METHODS["interpolation"])
    return found, time.process_time() - began, failed


def rows(name, number):
    """One row for each method."""
    warnings.simplefilter("ignore")
    data = table(name)
    kind, mask = hidden(name, data, number)
    seen, _ = data.split(torch.as_tensor(mask))
    sd, found = float(data.scale().sd), []
    for method in [*METHODS, "structural"]:
        said, seconds, failed = answer(method, seen)
        off, width = ((z[mask] / sd) for z in ((said.mean - data.y).numpy(), said.sd.numpy()))
        found.append(
            {
                "table": name,
                "trial": number,
                "kind": kind,
                "method": method,
                "cells": int(mask.sum()),
                "CRPS": normal(off, width, 0.0)[1].mean(),
                "error": np.sqrt((off**2).mean()),
                "coverage": (np.abs(off) <= WIDTH * width).mean(),
                "sd": width.mean(),
                "failed": failed,
                "seconds": round(seconds, 2),
            }
        )
    return found


if __name__ == "__main__":
    run(__file__, [(name, number) for name in specs("seasons.csv").index for number in range(len(TRIALS))])
