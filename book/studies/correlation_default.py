"""`correlation_intervals` under the default noise of `icm`: mtgp_tutorial/datasets/studies/correlation_default.csv.

Two tasks, 60 rows, a quarter of the second task hidden: enough rows for full noise, so that B and Sigma may take each
other's part, the more so the shorter the length-scale is beside the distance of the rows. Signals have variance 1,
the noise has a quarter of it. "low" and "high": the ends of the interval of 90 % of the tasks' correlation.
"""

from itertools import product

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import TaskData, correlation_intervals, fit, icm, simulate

SEEDS, N, LEVEL, NOISE = 100, 60, 0.9, 0.25
CASES = [(length, rho, noise) for length in (0.5, 1.0, 3.0, 10.0) for rho, noise in ((0.8, 0.0), (0.0, 0.6))]


def joined(correlation):
    """[2, 2] with this off its diagonal."""
    return torch.tensor([[1.0, correlation], [correlation, 1.0]]).double()


def rows(seed, case):
    """One table; length: in distances of rows; rho: of the tasks, noise: of their noises."""
    length, rho, noise = case
    kernel = MaternKernel(nu=1.5).double()
    kernel.lengthscale = length
    y = simulate.draw_icm(np.arange(float(N)), kernel, joined(rho), NOISE * joined(noise), seed=seed)[1].y
    y[torch.as_tensor(np.random.default_rng(seed).choice(N, N // 4, replace=False)), 1] = torch.nan
    fitted = fit(icm(TaskData(np.arange(float(N)), y), kernel=MaternKernel(nu=1.5)))
    ends = correlation_intervals(fitted, LEVEL).iloc[0]
    row = {"length": length, "truth": rho, "noise correlation": noise, "seed": seed, "noise": fitted.model.noise}
    return [{**row, "fitted": fitted.correlation.iloc[0, 1], "low": ends["low"], "high": ends["high"]}]


if __name__ == "__main__":
    run(__file__, product(range(SEEDS), CASES))
