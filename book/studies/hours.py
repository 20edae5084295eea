"""Outages of an airport's thermometer in a year of hours: mtgp_tutorial/datasets/studies/hours.csv.

In each of 51 weeks one airport is silent for 6, 24 or 72 hours, the next week another one; a turn hides the outages of
all weeks in one table of 8,730 rows, and the second turn begins with another airport. Hours are scored at which all
three airports had reported. Clusters: blocks of four weeks. Fits have one run each (on the first table of three days
all three runs of `fit` came to one optimum, for both ICMs and the baseline); what they found stands in
hours_parameters.csv, so that the answers can be repeated without a fit.

"usual day" takes each airport's usual temperature off before the fit, that of the block at this hour of the day, and
puts it back. Methods from outside: the mean of the other two airports and the usual difference, that of the whole year,
or that of the block at this hour of the day; the variance is that of what is left at hours that were seen.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import datasets, fit, icm, impute, independent, scores

WEEK, WEEKS, BLOCK = 168, 51, 4  # hours, weeks, weeks in a cluster
LENGTHS, TURNS, WRONG = (6, 24, 72), 2, (3068, 1)
METHODS = {
    "shared": lambda data: independent(data, hyperparameters="shared", kernel=MaternKernel(nu=1.5)),
    "shared, 1/2": lambda data: independent(data, hyperparameters="shared", kernel=MaternKernel(nu=0.5)),
    "ICM": lambda data: icm(data, noise="full", kernel=MaternKernel(nu=1.5)),
}
USUAL = "ICM, usual day"


def table():
    """The year, without the wrong value."""
    year = datasets.nyc_temperatures()
    y = year.y.clone()
    y[WRONG] = torch.nan
    return replace(year, y=y)


def outages(length, turn):
    """Week, airport and first row of each; a day of the week at least is left before and after."""
    draws = np.random.default_rng([length, turn])
    for week in range(WEEKS):
        first = WEEK * week + 24 + int(draws.integers(WEEK - 48 - length + 1))
        yield week, (week + turn) % 3, first


def hidden_weeks(length, turn):
    """The table with all outages of a turn in it, and their cells at hours that all three airports have."""
    year = table()
    mask = torch.zeros_like(year.observed)
    for _, t, first in outages(length, turn):
        mask[first : first + length, t] = True
    seen, hidden = year.split(mask)
    whole = year.observed.all(1, keepdim=True)
    return seen, replace(hidden, y=hidden.y.where(whole, torch.nan))


def usual(values, by_hour=True):
    """Mean of the known values [N] in each block at each hour of the day, or in the year; for each row."""
    row = np.arange(len(values))
    groups = row // (BLOCK * WEEK) * 24 + row % 24 if by_hour else 0 * row
    return pd.Series(values).groupby(groups).transform("mean").to_numpy()


def from_others(seen, by_hour):
    """Means and variances [N, T] of each airport from the other two; NaN where one of those is missing."""
    y = seen.y.numpy()
    mean, variance = np.empty(y.shape), np.empty(y.shape)
    for t in range(y.shape[1]):
        others = np.delete(y, t, axis=1).mean(1)
        difference = y[:, t] - others
        steady = usual(difference, by_hour)
        mean[:, t], variance[:, t] = others + steady, np.nanvar(difference - steady)
    return torch.as_tensor(mean), torch.as_tensor(variance)


def answers(length, turn):
    """Name, means, variances [N, T] and the fit of each method."""
    seen, _ = hidden_weeks(length, turn)
    for method, build in METHODS.items():
        fitted = fit(build(seen), starts=1)
        filled = impute(fitted)
        yield method, filled.mean, filled.variance, fitted
    day = torch.as_tensor(np.column_stack([usual(y) for y in seen.y.T.numpy()]))
    fitted = fit(METHODS["ICM"](replace(seen, y=seen.y - day)), starts=1)
    filled = impute(fitted)
    yield USUAL, filled.mean + day, filled.variance, fitted
    for method, by_hour in (("others", False), ("others, by hour", True)):
        yield method, *from_others(seen, by_hour), None


def scored(length, turn, mean, variance):
    """Scores of one method, a row for each outage with cells to score."""
    _, hidden = hidden_weeks(length, turn)
    for week, t, first in outages(length, turn):
        rows = first + hidden.observed[first : first + length, t].nonzero()[:, 0]
        cells = mean[rows, t], variance[rows, t], hidden.y[rows, t]
        named = {"hours": length, "turn": turn, "week": week, "cluster": week // BLOCK, "airport": hidden.tasks[t]}
        values = [scores.nlpd(*cells), scores.crps(*cells), scores.mse(cells[0], cells[2]), scores.coverage(*cells)]
        yield named | dict(zip(("NLPD", "CRPS", "MSE", "coverage"), map(float, values)))


def rows(length, turn):
    """Scores, and parameters of the fits: one row for each number, in the order of torch."""
    found, parameters = [], []
    for method, mean, variance, fitted in answers(length, turn):
        found += [{"method": method} | one for one in scored(length, turn, mean, variance)]
        for name, values in fitted.model.named_parameters() if fitted else ():
            named = {"hours": length, "turn": turn, "method": method, "parameter": name}
            numbers = enumerate(values.flatten().tolist())
            parameters += [named | {"number": place, "value": number} for place, number in numbers]
    return found, parameters


if __name__ == "__main__":
    run(__file__, ((length, turn) for length in LENGTHS for turn in range(TURNS)), ["hours", "hours_parameters"])
