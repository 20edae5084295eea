"""Do `correlation_intervals` hold the truth? mtgp_tutorial/datasets/studies/correlation_coverage.csv.

Tables are drawn from an ICM on [0, 10], and the default ICM is fitted to each, with priors ("low", "high") and without
("ML low", "ML high"). Two kinds of truth: parameters that are fixed, and parameters drawn from the priors themselves
for each seed, in the units of the table. Nominal are 90 %. An interval that was not found is empty.
Three tasks have random holes in a seventh of their cells, and no value of the first in the middle fifth.
"""

from itertools import product

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import FitError, TaskData, coregionalization, correlation, fit, icm, simulate
from mtgp_tutorial.answers.intervals import correlation_intervals

SEEDS, WIDTH = 200, 10.0
THREE = torch.tensor([[0.95], [0.8], [-0.6]]).double()  # W; kappa makes the variances 1
CASES = [  # tasks, rows, length-scale, noise sd, correlation; None: drawn
    *((2, n, 1.0, noise, rho) for n, noise, rho in product((30, 60), (0.1, 0.5), (0.0, 0.5, 0.9))),
    *((2, 30, 3.0, 0.1, rho) for rho in (0.0, 0.5, 0.9)),  # ten length-scales become three
    *((2, 10, 1.0, 0.1, rho) for rho in (0.0, 0.5, 0.9)),
    *((3, n, 1.0, 0.3, None) for n in (30, 60)),
    *((2, n, None, None, None) for n in (30, 60)),
]


def truth(tasks, length, noise_sd, rho, rng):
    """Length-scale, B and noise variances of one table."""
    if tasks == 3:
        return length, coregionalization(THREE, 1 - THREE[:, 0] ** 2), noise_sd**2 * torch.ones(3).double()
    variances, noise = torch.ones(2).double(), torch.ones(2).double()
    if rho is None:  # the priors: LKJ with eta = 2 is a Beta(2, 2) on [-1, 1]
        length, rho = WIDTH * 0.3 * np.exp(rng.normal()), 2 * rng.beta(2, 2) - 1
        variances, noise = (torch.as_tensor(median * np.exp(rng.normal(size=2))) for median in (1.0, 0.05))
    else:
        noise = noise_sd**2 * noise
    off = rho * variances.prod().sqrt()
    return length, torch.diag(variances) + off * torch.tensor([[0, 1], [1, 0]]).double(), noise


def table(tasks, n, length, noise_sd, rho, seed):
    """A drawn table, and its true task correlations [T, T]."""
    rng = np.random.default_rng([seed, tasks, n])
    kernel = RBFKernel().double()
    kernel.lengthscale, B, noise = truth(tasks, length, noise_sd, rho, rng)
    y = simulate.draw_icm(np.linspace(0, WIDTH, n), kernel, B, torch.diag(noise), seed=seed)[1].y
    if tasks == 3:
        y[torch.as_tensor(rng.uniform(size=y.shape) < 1 / 7)] = torch.nan
        y[2 * n // 5 : 3 * n // 5, 0] = torch.nan
    return TaskData(np.linspace(0, WIDTH, n), y), correlation(B)


def intervals(data, priors):
    """The intervals, or nothing where there are none."""
    try:
        return correlation_intervals(fit(icm(data), priors=priors, starts=2 if priors else 3))
    except FitError:
        return None


def rows(seed, case):
    """Both intervals of each pair of tasks."""
    tasks, n, length, noise_sd, rho = case
    data, R = table(*case, seed)
    about = {"tasks": tasks, "rows": n, "length": length, "noise sd": noise_sd, "seed": seed, "cluster": seed}
    both, found = {"": intervals(data, True), "ML ": intervals(data, False)}, []
    for s, t in zip(*np.triu_indices(tasks, 1)):
        row = {**about, "pair": f"{s + 1}, {t + 1}", "truth": float(R[s, t])}
        for arm, frame in both.items():
            ends = (np.nan,) * 2 if frame is None else frame.loc[(data.tasks[s], data.tasks[t]), ["low", "high"]]
            row |= dict(zip((f"{arm}low", f"{arm}high"), ends))
        found.append(row)
    return found


if __name__ == "__main__":
    run(__file__, product(range(SEEDS), CASES))
