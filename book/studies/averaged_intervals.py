"""Do the intervals of averaged draws hold the truth? mtgp_tutorial/datasets/studies/averaged_intervals.csv.

The tables of correlation_coverage.py that are fitted with priors, a hundred seeds. Each pair of tasks: the middle 90 %
of the draws of its correlation, and the share of draws below the true one.
"""

import warnings
from itertools import product

import numpy as np
from correlation_coverage import CASES, LEVEL, table
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import fit, icm, sample_posterior

SEEDS = 100


def rows(seed, case):
    """One row for each pair of tasks."""
    tasks, n, length, noise_sd, _, kind = case
    data, R = table(*case[:5], seed)
    fitted = fit(icm(data, noise="full" if "full" in kind else "per task", kernel=RBFKernel()), starts=1)
    averaged = sample_posterior(fitted, seed=seed)
    draws, ends, mixing = averaged.draws, averaged.intervals(LEVEL), averaged.mixing
    about = {"fit": kind, "tasks": tasks, "rows": n, "length": length, "noise sd": noise_sd, "seed": seed}
    found = []
    for s, t in zip(*np.triu_indices(tasks, 1)):
        name, rho = f"signal of {data.tasks[s]} and {data.tasks[t]}", float(R[s, t])
        row = {"pair": f"{s + 1}, {t + 1}", "truth": rho, **ends.loc[name], "below": (draws[name] < rho).mean()}
        found.append({**about, "cluster": seed, **row, "R-hat": mixing.loc[name, "R-hat"]})
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(__file__, ((seed, case) for seed, case in product(range(SEEDS), CASES) if case[-1] != "ML"))
