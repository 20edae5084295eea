"""What a wrong noise model costs: mtgp_tutorial/datasets/studies/noise_kinds.csv.

Three known noise covariances, 15 and 60 rows, three models each. Half the cells of task 2 are hidden beside the seen
cells of task 1. Shown in book/matrix.ipynb.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import icm, simulate
from mtgp_tutorial.tables import compare

SEEDS, ROWS = 40, (15, 60)
B = torch.tensor([[1.0, 0.5], [0.5, 1.0]])
TRUTHS = {
    "shared": torch.tensor([[0.25, 0.0], [0.0, 0.25]]),
    "per task": torch.tensor([[0.04, 0.0], [0.0, 0.46]]),
    "full": torch.tensor([[0.25, 0.2], [0.2, 0.25]]),
}
METHODS = {kind: lambda data, kind=kind: icm(data, noise=kind, kernel=RBFKernel()) for kind in TRUTHS}


def draw(truth, n):
    """The trial of a seed: seen and hidden cells of a table with n rows and one of the TRUTHS."""
    kernel = RBFKernel()
    kernel.lengthscale = 1.0

    def trial(seed):
        x = np.sort(np.random.default_rng(seed).uniform(0, 10, n))
        _, y = simulate.draw_icm(x, kernel, B, TRUTHS[truth], seed=seed)
        return y.hide_random("task 2", 0.5, seed=seed)

    return trial


def rows(truth, n, seed):
    """One trial: scores of the three models."""
    table = compare(draw(truth, n), [seed], METHODS, progress=False).assign(truth=truth, n=n, cluster=seed)
    return table[["truth", "n", "trial", "cluster", "method", "MSE", "NLPD", "CRPS", "coverage", "log likelihood"]]


if __name__ == "__main__":
    run(__file__, ((truth, n, seed) for n in ROWS for truth in TRUTHS for seed in range(SEEDS)))
