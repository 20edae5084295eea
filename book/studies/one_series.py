"""One series, 200 seeds, 10 and 40 points: mtgp_tutorial/datasets/studies/one_series.csv.

The truth is a draw from a GP with an RBF kernel of length-scale 1 and variance 1 on [0, 10], seen with noise of
standard deviation 0.2. Shown in book/fitting.ipynb, book/compare.ipynb and book/priors.ipynb.
"""

import warnings

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import Prediction, TaskData, fit, gaussian, independent, predict, sample_posterior, scores, simulate

SEEDS, SIZES, NOISE_SD = 200, (10, 40), 0.2
KERNEL = RBFKernel().double()
KERNEL.lengthscale = 1.0


def one_series(seed, n):
    """A seen table of n points, and 100 fresh points of the same function."""
    x = np.random.default_rng(seed).uniform(0, 10, n + 100)
    one = torch.ones(1, 1).double()
    _, y = simulate.draw_icm(x, KERNEL, one, NOISE_SD**2 * one, seed=seed)
    return TaskData(y.x[:n], y.y[:n]), TaskData(y.x[n:], y.y[n:])


def truth(seen, x):
    """Prediction with the hyper-parameters that made the data."""
    with torch.no_grad():
        K, cross = KERNEL(seen.x).to_dense(), KERNEL(x, seen.x).to_dense()
    covariance = K + NOISE_SD**2 * torch.eye(len(K))
    mean, variance = gaussian.posterior(seen.y[:, 0], covariance, cross, torch.ones(len(x)).double())
    return Prediction(x, mean[:, None], variance[:, None] + NOISE_SD**2, seen.tasks, seen.units, noise=True)


def rows(seed, n):
    """Scores of maximum likelihood, of the default priors, averaged, and of the true hyper-parameters."""
    seen, fresh = one_series(seed, n)
    model = independent(seen, kernel=RBFKernel())
    fits = {"ML": fit(model, priors=False), "priors": fit(model)}
    predictions = {method: predict(fitted, fresh.x) for method, fitted in fits.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # runs that have not mixed are judged as they are
        predictions["averaged"] = predict(sample_posterior(fits["priors"], seed=seed), fresh.x)
    predictions["true hyper-parameters"] = truth(seen, fresh.x)
    table = scores.table(predictions, fresh, seen).droplevel("task")
    for method, fitted in fits.items():
        table.loc[method, "length-scale"] = fitted.length_scales[0]
        table.loc[method, "noise sd"] = fitted.Sigma.iloc[0, 0] ** 0.5
        table.loc[method, "on floor"] = len(fitted.on_floor)
    return [{"seed": seed, "cluster": seed, "n": n, "method": method, **table.loc[method]} for method in table.index]


if __name__ == "__main__":
    run(__file__, ((seed, n) for n in SIZES for seed in range(SEEDS)))
