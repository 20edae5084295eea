"""What the priors gain and cost, one series, other truths: mtgp_tutorial/datasets/studies/prior_worlds.csv.

As one_series.py, with length-scales of 1 and 3 on [0, 10] and noises of 0.02, 0.2 and 1 beside a signal of variance 1.
No prior was chosen on any of these functions; 0.2 is near the noise that the prior expects, the others are not.
"""

from itertools import product

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import TaskData, fit, independent, predict, scores, simulate

SEEDS, SIZES, LENGTHS, LEVELS = 100, (10, 40), (1.0, 3.0), (0.02, 0.2, 1.0)


def series(n, length, noise_sd, seed):
    """A seen table of n points, and 100 fresh points of the same function."""
    x = np.random.default_rng(seed).uniform(0, 10, n + 100)
    kernel, one = RBFKernel().double(), torch.ones(1, 1).double()
    kernel.lengthscale = length
    _, y = simulate.draw_icm(x, kernel, one, noise_sd**2 * one, seed=seed)
    return TaskData(y.x[:n], y.y[:n]), TaskData(y.x[n:], y.y[n:])


def rows(n, length, noise_sd, seed):
    """Scores of maximum likelihood and of the default priors."""
    seen, fresh = series(n, length, noise_sd, seed)
    model = independent(seen, kernel=RBFKernel())
    fits = {"ML": fit(model, priors=False), "priors": fit(model)}
    predictions = {method: predict(fitted, fresh.x) for method, fitted in fits.items()}
    table = scores.table(predictions, fresh, seen).droplevel("task")[["MSE", "NLPD", "CRPS", "coverage"]]
    world = {"n": n, "length": length, "noise sd": noise_sd, "seed": seed, "cluster": seed}
    return [{**world, "method": method, **table.loc[method]} for method in table.index]


if __name__ == "__main__":
    run(__file__, product(SIZES, LENGTHS, LEVELS, range(SEEDS)))
