"""Independent tasks, own or shared hyper-parameters: mtgp_tutorial/datasets/studies/sharing.csv.

    python book/studies/sharing.py              # all seeds, about 10 minutes on one core
    python book/studies/sharing.py 0 5          # prints seeds 0 to 4, stores nothing

Four independent tasks, ten points each. In the world "alike" all have the length-scale 1; in the world "unlike" two
have 0.5 and two have 3. The chapter on independent tasks recomputes the first seeds and compares.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import RBFKernel

from mtgp_tutorial import TaskData, datasets, fit, independent, predict, scores, simulate

RESULT = Path(datasets.__file__).parent / "studies" / "sharing.csv"
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
        for hyper in ("own", "shared"):
            fitted = fit(independent(seen, hyper=hyper), priors=priors)
            table = scores.table(predict(fitted, fresh.x), fresh, seen)[["MSE", "NLPD", "CRPS", "coverage"]].mean()
            first = {"world": world, "seed": seed, "arm": f"{hyper}, {label}", **table}
            found.append(first | {"length-scale of task 1": fitted.length_scales[0]})
    return found


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (0, SEEDS)
    table = pd.DataFrame([row for world in WORLDS for seed in range(first, last) for row in rows(world, seed)])
    text = table.to_csv(index=False, float_format="%.6g")
    if len(sys.argv) > 2:
        print(text)
    else:
        RESULT.write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
