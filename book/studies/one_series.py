"""One series, 200 seeds, 10 and 40 points: mtgp_tutorial/datasets/studies/one_series.csv.

    python book/studies/one_series.py           # all seeds, about 4 minutes on one core
    python book/studies/one_series.py 0 5       # prints seeds 0 to 4, stores nothing

The truth is a draw from a GP with an RBF kernel of length-scale 1 and variance 1 on [0, 10], seen with noise of
standard deviation 0.2. The chapter "Gaussian processes in one sitting" recomputes two seeds and compares.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import RBFKernel

from mtgp_tutorial import Prediction, TaskData, datasets, exact, fit, independent, predict, scores, simulate

RESULT = Path(datasets.__file__).parent / "studies" / "one_series.csv"
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
    mean, variance = exact.posterior(seen.y[:, 0], covariance, cross, torch.ones(len(x)).double())
    return Prediction(x, mean[:, None], variance[:, None] + NOISE_SD**2, seen.tasks, seen.units, noise=True)


def rows(seed, n):
    """Scores of maximum likelihood, of the default priors, and of the true hyper-parameters."""
    seen, fresh = one_series(seed, n)
    fits = {"ML": fit(independent(seen), priors=False), "priors": fit(independent(seen))}
    predictions = {arm: predict(fitted, fresh.x) for arm, fitted in fits.items()}
    predictions["true hyper-parameters"] = truth(seen, fresh.x)
    table = scores.table(predictions, fresh, seen).droplevel("task")
    for arm, fitted in fits.items():
        table.loc[arm, "length-scale"] = fitted.length_scales[0]
        table.loc[arm, "noise sd"] = fitted.Sigma.iloc[0, 0] ** 0.5
        table.loc[arm, "on floor"] = len(fitted.on_floor)
    return [{"seed": seed, "n": n, "arm": arm, **table.loc[arm]} for arm in table.index]


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (0, SEEDS)
    table = pd.DataFrame([row for n in SIZES for seed in range(first, last) for row in rows(seed, n)])
    text = table.to_csv(index=False, float_format="%.6g")
    if len(sys.argv) > 2:
        print(text)
    else:
        RESULT.write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
