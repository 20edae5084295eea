"""What a wrong noise model costs: mtgp_tutorial/datasets/studies/noise_kinds.csv.

    python book/studies/noise_kinds.py          # all, about 10 minutes on one core

Three known noise covariances, 15 and 60 rows, three models each. Half the cells of task 2 are hidden beside the seen
cells of task 1. The chapter on the noise recomputes the first trials and asserts that they agree with the stored rows.
"""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import RBFKernel

from mtgp_tutorial import compare, datasets, icm, simulate

RESULT = Path(datasets.__file__).parent / "studies" / "noise_kinds.csv"
SEEDS, ROWS = 40, (15, 60)
B = torch.tensor([[1.0, 0.5], [0.5, 1.0]])
TRUTHS = {
    "shared": torch.tensor([[0.25, 0.0], [0.0, 0.25]]),
    "per task": torch.tensor([[0.04, 0.0], [0.0, 0.46]]),
    "full": torch.tensor([[0.25, 0.2], [0.2, 0.25]]),
}
ARMS = {kind: lambda data, kind=kind: icm(data, noise=kind) for kind in TRUTHS}


def draw(truth, n):
    """The trial of a seed: seen and hidden cells of a table with n rows and one of the TRUTHS."""
    kernel = RBFKernel()
    kernel.lengthscale = 1.0

    def trial(seed):
        x = np.sort(np.random.default_rng(seed).uniform(0, 10, n))
        _, y = simulate.draw_icm(x, kernel, B, TRUTHS[truth], seed=seed)
        return y.hide_random("task 2", 0.5, seed=seed)

    return trial


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    tables = [compare(draw(t, n), range(SEEDS), ARMS).assign(truth=t, n=n) for n in ROWS for t in TRUTHS]
    columns = ["truth", "n", "trial", "arm", "MSE", "NLPD", "CRPS", "coverage", "log likelihood"]
    RESULT.write_text(pd.concat(tables)[columns].to_csv(index=False, float_format="%.6g"), encoding="utf8")


if __name__ == "__main__":
    main()
