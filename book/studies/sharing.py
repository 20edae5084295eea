"""Independent tasks, own or shared hyper-parameters: mtgp_tutorial/datasets/studies/sharing.csv.

Four independent tasks, ten points each. In the world "alike" all have the length-scale 1; in the world "unlike" two
have 0.5 and two have 3. Shown in book/independent.ipynb.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import TaskData, fit, independent, predict, scores, simulate

SEEDS, NOISE_SD = 100, 0.2
WORLDS = {"alike": (1.0, 1.0, 1.0, 1.0), "unlike": (0.5, 0.5, 3.0, 3.0)}


def four_tasks(lengths, seed, n=10):
    """A seen table of n rows and four tasks on [0, 10], and 100 fresh rows of the same functions."""
    x = np.random.default_rng(seed).uniform(0, 10, n + 100)
    columns = []
    for task, length in enumerate(lengths):
        kernel, one = RBFKernel().double(), torch.ones(1, 1).double()
        kernel.lengthscale = length
        columns.append(simulate.draw_icm(x, kernel, one, NOISE_SD**2 * one, seed=10 * seed + task)[1].y)
    y = torch.cat(columns, 1)
    return TaskData(x[:n], y[:n]), TaskData(x[n:], y[n:])


def rows(world, seed):
    """Scores of own and shared hyper-parameters, with and without priors, averaged over the tasks."""
    seen, fresh = four_tasks(WORLDS[world], seed)
    found = []
    for label, priors in (("ML", False), ("priors", True)):
        for hyperparameters in ("own", "shared"):
            fitted = fit(independent(seen, hyperparameters=hyperparameters, kernel=RBFKernel()), priors=priors)
            table = scores.table(predict(fitted, fresh.x), fresh, seen)[["MSE", "NLPD", "CRPS", "coverage"]].mean()
            first = {"world": world, "seed": seed, "cluster": seed, "method": f"{hyperparameters}, {label}", **table}
            found.append(first | {"length-scale of task 1": fitted.length_scales[0]})
    return found


if __name__ == "__main__":
    run(__file__, ((world, seed) for world in WORLDS for seed in range(SEEDS)))
