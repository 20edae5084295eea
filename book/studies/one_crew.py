"""On which plans of reading is a joint model needed? One crew on four lakes: studies/one_crew.csv.

A plan says which of the yearly levels of the Great Lakes are read; every method predicts the others. These plans were
chosen with the hidden levels in sight: the first needs a joint model, the fifth does not.

- "one crew": two years on each lake, in turn. 92 of 368 levels are read, and no year has two of them.
- "one year", "four years": the same with visits that long. "two crews": the second is a visit ahead of the first.
- "silent": each lake is read but for 27 years; these start evenly from the first year to the last possible.

Lakes are visited, or fall silent, in all 24 orders; for "one year" and "four years" in four, the alphabetical one begun
at each lake. All hide levels of one table, so that counts of orders are no test. GPs are Matern 3/2. What is guessed, a
signal of variance 1 and noise of sd 0.3, is in standard deviations of the readings.
"""

import itertools
import sys
from functools import partial
from unittest import mock

import numpy as np
import torch
from running import ROOT, run
from statsmodels.tsa.statespace.dynamic_factor import DynamicFactor

from mtgp_tutorial import datasets, fit, gaussian, impute, lmc, scores
from mtgp_tutorial.mixture import mixture
from mtgp_tutorial.tables.forecasting import without_values

sys.path.insert(0, str(ROOT / "examples" / "forty_tables"))
import rivals
from methods import by_rule, kernel

LAKES = datasets.great_lakes()
N, T = LAKES.y.shape
ALL = list(itertools.permutations(range(T)))
TURNS = [(*range(k, T), *range(k)) for k in range(T)]
PLANS = {"one crew": ALL, "two crews": ALL, "one year": TURNS, "four years": TURNS, "silent": ALL}
YEARS, SILENT, NOISE = {"one year": 1, "four years": 4}, 27, 0.3


def hidden(plan, order):
    """The levels [N, T] that a plan leaves unread."""
    year, place = torch.arange(N)[:, None], torch.tensor(order).argsort()
    if plan == "silent":
        since = year - torch.linspace(0, N - SILENT, T).long()[place]
        return (since >= 0) & (since < SILENT)
    after = (place - year // YEARS.get(plan, 2)) % T  # visits until the first crew reads a lake
    return after > (1 if plan == "two crews" else 0)


def least_squares(X, y, here):
    """Mean [N] and covariance [N, N] of new values at the rows of X [N, K], from the values of y that are here."""
    P = np.linalg.inv(X[here].T @ X[here])
    b = P @ X[here].T @ y[here]
    s2 = ((y - X @ b)[here] ** 2).sum() / (here.sum() - X.shape[1])
    return X @ b, s2 * (np.eye(len(X)) + X @ P @ X.T)


def line(seen, asked):
    """Of each lake a straight line in time."""
    z, X = rivals.standard(seen.y.numpy())[0], np.c_[np.ones(N), rivals.standard(seen.x.numpy())[0]]
    laws = [least_squares(X, z[:, t], here) for t, here in enumerate(seen.observed.numpy().T)]
    return rivals.answered(seen, *(np.stack(one, 1) for one in zip(*((mean, C.diagonal()) for mean, C in laws))))


def guessed(K, seen, asked):
    """Each lake by itself, with this covariance of the curve [N, N]; nothing is fitted."""
    z, noisy, known = torch.tensor(rivals.standard(seen.y.numpy())[0]), K + NOISE**2 * torch.eye(N), seen.observed.T
    laws = [gaussian.posterior(z[o, t], noisy[o][:, o], K[:, o], K.diagonal()) for t, o in enumerate(known)]
    mean, variance = (torch.stack(one, 1).numpy() for one in zip(*laws))
    return rivals.answered(seen, mean, variance + NOISE**2)


def plain_turns(seen, asked):
    """`rivals.in_turns` with a regression whose residuals are white noise."""

    def regressed(x, z, gone, t, joint):
        mean, C = least_squares(np.c_[np.ones(N), np.delete(z, t, 1)], z[:, t], ~gone[:, t])
        return mean[gone[:, t]], C[np.ix_(gone[:, t], gone[:, t])]

    with mock.patch.object(rivals, "regressed", regressed):
        return rivals.in_turns(seen, asked)


def dynamic_factor(seen, asked):
    """One factor and an AR(1) of each lake, all stationary, by maximum likelihood; the EM of `rivals` diverges here."""
    model = DynamicFactor(rivals.standard(seen.y.numpy())[0], k_factors=1, factor_order=1, error_order=1)
    fitted = model.fit(np.repeat([0.7, 0.3, 0.8, 0.5], [T, T, 1, T]), disp=False, maxiter=500)
    return rivals.answered(seen, *rivals.of_states(fitted))


def two_kernels(noise, seen, asked):
    """An LMC of two Matern kernels."""
    return impute(fit(lmc(seen, kernels=[kernel("matern32", seen) for _ in "12"], noise=noise)))


R = 3**0.5 * (LAKES.x - LAKES.x.T).abs()
HEIGHTS = torch.exp(-0.5 * ((LAKES.x - torch.arange(1918, 2009, 5)) / 5) ** 2)  # of nineteen bumps, 5 years wide
CURVES = {"bumps, 5 years": HEIGHTS @ HEIGHTS.T}
CURVES |= {f"own curve, {length} years": (1 + R / length) * torch.exp(-R / length) for length in (3, 10, 30)}
METHODS = {"straight line": line} | {name: partial(guessed, K) for name, K in CURVES.items()}
METHODS |= {"own curve": rivals.own_curve} | {name: by_rule(name) for name in ("regression", "regression + GP")}
METHODS |= {"EM": rivals.em, "regression in turns": plain_turns, "regression + GP in turns": rivals.in_turns}
METHODS |= {"imputer with lags": rivals.lagged, "dynamic factor": dynamic_factor}
METHODS |= {"ICM": rivals.by_icm("per task"), "ICM, full noise": rivals.by_icm("full")}
METHODS |= {"LMC": partial(two_kernels, "per task"), "LMC, full noise": partial(two_kernels, "full")}
METHODS |= {"half and half": lambda *of: mixture([METHODS[one](*of) for one in ("regression + GP", "ICM, full noise")])}


def rows(plan, order):
    """Scores of every method for each lake."""
    seen, truth = LAKES.split(hidden(plan, order))
    found = {name: answer(seen, without_values(truth)) for name, answer in METHODS.items()}
    table = scores.table(found, truth, seen)[["MAE", "CRPS", "NLPD", "coverage"]]
    table = table.rename(lambda lake: lake.split(" [")[0], level=1).rename_axis(["method", "lake"]).reset_index()
    return table.assign(plan=plan, order="".join(LAKES.tasks[t][0] for t in order))


if __name__ == "__main__":
    run(__file__, [(plan, order) for plan, orders in PLANS.items() for order in orders])
