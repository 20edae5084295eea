"""When does an ICM pay? Four pairs of tasks, three tables: mtgp_tutorial/datasets/studies/when_it_pays.csv.

Each draw has new curves: f_1 is drawn from a GP with an RBF kernel of length-scale 0.25 and variance 1. f_2 is 0.7
times f_1; or f_1 a lag of 0.1 later; or its slope, in units in which that has variance 1; or a curve of its own. Task
1 is read at ten inputs; task 2 at all of them, at the first half, or at three. Scores are those of task 2 at a hundred
fresh rows.

"known" predicts with the covariance function that made the curves, lag and slope included. "regression" (least squares
on task 1) and "regression + GP" (the same with a GP for its residual) are those of `plain_methods`, told task 1 at all
rows, fresh ones too, as a GP of task 1 alone fills it in; "line" joins the readings of task 2. Shown in
book/sharing.ipynb and book/priors.ipynb.
"""

import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import Prediction, TaskData, fit, gaussian, icm, independent, predict, sample_posterior, scores
from mtgp_tutorial.tables import plain_methods

SEEDS, LENGTH, NOISE_SD = 100, 0.25, 0.1
PAIRS = ("proportional", "lagged", "slope", "unrelated")
TABLES = ("complete", "gap", "three points")
METHODS = {
    "shared": partial(independent, hyperparameters="shared", kernel=RBFKernel()),
    "ICM": partial(icm, noise="per task", kernel=RBFKernel()),
}
PLAIN = {"regression": "regression", "regression + GP": "regression + GP", "line": "interpolation"}
SCORES = ["MSE", "NLPD", "CRPS", "coverage"]


def covariance(pair, a, b):
    """Of (f_1, f_2) at inputs a [N] with those at b [M], [2N, 2M]."""

    def k(h):
        return np.exp(-0.5 * (h / LENGTH) ** 2)

    h = a[:, None] - b
    across, second = {
        "proportional": ((0.7 * k(h), 0.7 * k(h)), 0.49 * k(h)),
        "lagged": ((k(h + 0.1), k(h - 0.1)), k(h)),
        "slope": ((h / LENGTH * k(h), -h / LENGTH * k(h)), (1 - (h / LENGTH) ** 2) * k(h)),
        "unrelated": ((0 * h, 0 * h), k(h)),
    }[pair]
    return torch.as_tensor(np.block([[k(h), across[0]], [across[1], second]]))


def tables(pair, kind, seed):
    """Seen table of ten rows, and a hundred fresh rows of task 2: in [0.5, 1] for the gap, else in [0, 1]."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.linspace(0, 1, 10), rng.uniform(0.5 if kind == "gap" else 0, 1, 100)])
    C = covariance(pair, x, x)
    f = gaussian.sample(torch.zeros(220, dtype=torch.float64), C, 1, seed=seed)[0].reshape(2, 110).T.numpy()
    y = f + NOISE_SD * rng.standard_normal((110, 2))
    three = rng.choice(10, 3, replace=False)
    kept = {"complete": range(10), "gap": range(5), "three points": three}[kind]
    y[np.setdiff1d(np.arange(10), kept), 1] = np.nan
    y[10:, 0] = np.nan
    return TaskData(x[:10], y[:10]), TaskData(x[10:], y[10:])


def known(pair, seen, fresh):
    """Task 2 at the fresh rows, from the covariance function of the curves."""
    x, new, there = seen.x[:, 0].numpy(), fresh.x[:, 0].numpy(), seen.observed.T.flatten()
    C = covariance(pair, x, x) + NOISE_SD**2 * torch.eye(20)
    cross, prior = covariance(pair, new, x)[100:], covariance(pair, new, new).diagonal()[100:]
    y = seen.y.T.flatten()[there]
    mean, variance = gaussian.posterior(y, C[there][:, there], cross[:, there], prior)
    both = torch.stack([mean, variance + NOISE_SD**2])[:, :, None].expand(2, 100, 2)
    return Prediction(fresh.x, *both, seen.tasks, seen.units, noise=True)


def plain(seen, fresh):
    """Plain rules on a table of all rows, in which a GP of task 1 alone has filled in that task."""
    first = fit(independent(TaskData(seen.x, seen.y[:, :1]), kernel=RBFKernel()))
    x = torch.cat([seen.x, fresh.x])
    filled = predict(first, x, noise=False).mean
    known = TaskData(x, torch.cat([filled, torch.cat([seen.y[:, 1:], torch.full((100, 1), torch.nan)])], 1))
    asked = TaskData(x, torch.cat([torch.full_like(seen.y, torch.nan), fresh.y]))
    answers = {method: plain_methods()[rule](known).forecast(asked) for method, rule in PLAIN.items()}
    fields = ("mean", "variance")
    return {
        method: replace(one, x=fresh.x, **{name: getattr(one, name)[10:] for name in fields}, index=None)
        for method, one in answers.items()
    }


def rows(pair, kind, seed):
    """Scores of task 2 for each method, and the correlation of those that have one."""
    seen, fresh = tables(pair, kind, seed)
    fits = {f"{method}, ML": fit(build(seen), priors=False) for method, build in METHODS.items()}
    fits |= {f"{method}, priors": fit(build(seen)) for method, build in METHODS.items()}
    correlations = {method: one.correlation.iloc[0, 1] for method, one in fits.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # runs that have not mixed are judged as they are
        fits |= {f"{method}, averaged": sample_posterior(fits[f"{method}, priors"], seed=seed) for method in METHODS}
    answers = {method: predict(one, fresh.x) for method, one in fits.items()}
    answers |= {"known": known(pair, seen, fresh), **plain(seen, fresh)}
    found = scores.table(answers, fresh, seen).droplevel("task")[SCORES]
    first = {"pair": pair, "table": kind, "seed": seed, "cluster": seed}
    return [
        {**first, "method": method, **found.loc[method], "correlation": correlations.get(method)}
        for method in found.index
    ]


if __name__ == "__main__":
    run(__file__, ((pair, kind, seed) for pair in PAIRS for kind in TABLES for seed in range(SEEDS)))
