"""What a wrong noise costs where `icm` begins to take full noise: mtgp_tutorial/datasets/studies/noise_switch.csv.

Six columns and sixty rows; the errors of a row are independent, or have a correlation of 0.8, 0.5 or 0.3. A fifth of
each column is hidden, at random. Shown in book/noise.ipynb, which recomputes the first table.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import icm, simulate
from mtgp_tutorial.tables import compare

COLUMNS, ROWS, SEEDS = 6, 60, 40
B = 0.5 + 0.5 * torch.eye(COLUMNS)
TRUTHS = {
    "per task": torch.diag(torch.linspace(0.04, 0.46, COLUMNS)),
    "full": 0.25 * (0.8 + 0.2 * torch.eye(COLUMNS)),
    "full, 0.5": 0.25 * (0.5 + 0.5 * torch.eye(COLUMNS)),
    "full, 0.3": 0.25 * (0.3 + 0.7 * torch.eye(COLUMNS)),
}
METHODS = {kind: lambda data, kind=kind: icm(data, noise=kind, kernel=RBFKernel()) for kind in ("per task", "full")}


def draw(truth):
    """The trial of a seed: seen and hidden cells of a table with one of the TRUTHS."""
    kernel = RBFKernel()
    kernel.lengthscale = 1.0

    def trial(seed):
        rng = np.random.default_rng(seed)
        _, y = simulate.draw_icm(np.sort(rng.uniform(0, 10, ROWS)), kernel, B, TRUTHS[truth], seed=seed)
        hide = np.zeros((ROWS, COLUMNS), dtype=bool)
        for column in range(COLUMNS):
            hide[rng.choice(ROWS, ROWS // 5, replace=False), column] = True
        return y.split(torch.as_tensor(hide))

    return trial


def rows(truth, seed):
    """One trial: scores of the two models, means over the columns."""
    table = compare(draw(truth), [seed], METHODS, progress=False)
    means = table.groupby("method", sort=False)[["MSE", "NLPD", "CRPS", "coverage"]].mean().reset_index()
    means.insert(0, "truth", truth)
    means.insert(1, "trial", seed)
    means.insert(2, "cluster", seed)
    return means


if __name__ == "__main__":
    run(__file__, ((truth, seed) for truth in TRUTHS for seed in range(SEEDS)))
