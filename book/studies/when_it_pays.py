"""When does an ICM pay? Four pairs of tasks, three tables: mtgp_tutorial/datasets/studies/when_it_pays.csv.

Task 1 is a sine, seen at ten inputs. Task 2 is seen at all of them, at the first half, or at three. Scores are those of
task 2 at a hundred fresh rows. The chapter on the ICM recomputes the first seed and compares.
"""

import math

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import TaskData, fit, icm, independent, predict, scores, simulate

SEEDS, NOISE_SD = 100, 0.1
PAIRS = ("proportional", "lagged", "sine and cosine", "unrelated")
TABLES = ("complete", "gap", "three points")
ARMS = {
    "own": independent,
    "shared": lambda data: independent(data, hyper="shared"),
    "ICM": icm,
}


def second_task(pair, x, seed):
    """Noise-free values of task 2 at inputs x [N]; those of task 1 are sin(2 pi x)."""
    if pair == "unrelated":  # a function that knows nothing of the sine: a draw from a GP
        kernel, one = RBFKernel().double(), torch.ones(1, 1).double()
        kernel.lengthscale = 0.25
        return simulate.draw_icm(x, kernel, one, one, seed=seed)[0].y[:, 0].numpy()
    factor, shift = {"proportional": (0.7, 0), "lagged": (1, 0.1), "sine and cosine": (1, -0.25)}[pair]
    return factor * np.sin(2 * math.pi * (x - shift))


def tables(pair, kind, seed):
    """Seen table of ten rows, and a hundred fresh rows of task 2: in [0.5, 1] for the gap, else in [0, 1]."""
    rng = np.random.default_rng(seed)
    x = np.concatenate([np.linspace(0, 1, 10), rng.uniform(0.5 if kind == "gap" else 0, 1, 100)])
    y = np.stack([np.sin(2 * math.pi * x), second_task(pair, x, seed)], 1) + NOISE_SD * rng.standard_normal((110, 2))
    three = rng.choice(10, 3, replace=False)
    kept = {"complete": range(10), "gap": range(5), "three points": three}[kind]
    y[np.setdiff1d(np.arange(10), kept), 1] = np.nan
    y[10:, 0] = np.nan
    return TaskData(x[:10], y[:10]), TaskData(x[10:], y[10:])


def rows(pair, kind, seed):
    """Scores of task 2 for each arm, fitted by maximum likelihood and with priors, and the learnt correlation."""
    seen, fresh = tables(pair, kind, seed)
    found = []
    for label, priors in (("ML", False), ("priors", True)):
        for arm, build in ARMS.items():
            fitted = fit(build(seen), priors=priors)
            table = scores.table(predict(fitted, fresh.x), fresh, seen).iloc[0][["MSE", "NLPD", "CRPS", "coverage"]]
            first = {"pair": pair, "table": kind, "seed": seed, "cluster": seed, "arm": f"{arm}, {label}", **table}
            found.append(first | {"correlation": fitted.correlation.iloc[0, 1]})
    return found


if __name__ == "__main__":
    run(__file__, ((pair, kind, seed) for pair in PAIRS for kind in TABLES for seed in range(SEEDS)))
