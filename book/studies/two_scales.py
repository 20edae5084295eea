"""Two length-scales, 50 seeds: does the LMC find them? mtgp_tutorial/datasets/studies/two_scales.csv.

Two tasks on 360 rows: a slow part that they share with the same sign, and a fast part with opposite signs, plus noise.
Forty rows of task 2 are hidden. Shown in book/lmc.ipynb.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import TaskData, fit, icm, impute, independent, lmc, scores, simulate

SEEDS = 50
X = torch.arange(360, dtype=torch.float64)
SLOW, FAST = 2.5, 0.6
B_SLOW = torch.tensor([[1.0, 0.8], [0.8, 0.8]], dtype=torch.float64)
B_FAST = torch.tensor([[0.8, -0.6], [-0.6, 0.6]], dtype=torch.float64)
SIGMA = 0.05 * torch.eye(2, dtype=torch.float64)
METHODS = {
    "independent, own": lambda data: fit(independent(data, kernel=RBFKernel())),
    "independent, shared": lambda data: fit(independent(data, hyperparameters="shared", kernel=RBFKernel())),
    "ICM": lambda data: fit(icm(data, noise="per task", kernel=RBFKernel())),
    "LMC": lambda data: fit(lmc(data, kernels=[RBFKernel(), RBFKernel()])),
}


def rbf(length_scale):
    """The kernel with this length-scale."""
    kernel = RBFKernel().double()
    kernel.lengthscale = length_scale
    return kernel


def two_scales(seed):
    """Seen and hidden table: the sum of two ICM draws, rows 160 to 199 of task 2 hidden."""
    slow, _ = simulate.draw_icm(X, rbf(SLOW), B_SLOW, SIGMA, seed=2 * seed)
    _, fast = simulate.draw_icm(X, rbf(FAST), B_FAST, SIGMA, seed=2 * seed + 1)
    return TaskData(X, slow.y + fast.y).hide("task 2", 160, 199)


def recovery(fitted):
    """Relative error of each B_q k_q, slow first, in the Frobenius norm of K_q kron B_q on sixty rows."""
    fits = sorted(zip(fitted.length_scales, fitted.Bs), key=lambda pair: -pair[0])
    errors = []
    for (length, B), (true_length, true_B) in zip(fits, ((SLOW, B_SLOW), (FAST, B_FAST))):
        with torch.no_grad():
            ours, truth = (rbf(scale)(X[:60]).to_dense().numpy() for scale in (length, true_length))
        ours, truth = np.kron(ours, B), np.kron(truth, true_B)
        errors.append(np.linalg.norm(ours - truth) / np.linalg.norm(truth))
    return errors


def rows(seed):
    """Scores of each method in the gap, and for the LMC what it recovered."""
    seen, hidden = two_scales(seed)
    found = []
    for method, fitted_to in METHODS.items():
        fitted = fitted_to(seen)
        table = scores.table(impute(fitted), hidden, seen).iloc[0][["SMSE", "NLPD", "CRPS", "coverage"]]
        row = {"seed": seed, "cluster": seed, "method": method, **table, "log likelihood": fitted.log_likelihood}
        if method == "LMC":
            row["error slow"], row["error fast"] = recovery(fitted)
            row["slow"], row["fast"] = sorted(fitted.length_scales, reverse=True)
            row["spread of starts"] = float(fitted.starts["objective"].max() - fitted.starts["objective"].min())
        found.append(row)
    return found


if __name__ == "__main__":
    run(__file__, ((seed,) for seed in range(SEEDS)))
