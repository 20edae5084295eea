"""How well is the noise correlation learnt? mtgp_tutorial/datasets/studies/noise_recovery.csv.

Two sines, noise of standard deviation 0.1 with a correlation of 0.3; ICM with a full Sigma; maximum likelihood
and with priors. The column "direct" is the sample correlation of the noise itself, which no one sees in practice.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import fit, icm, simulate


def rows(n, seed):
    """Noise correlation and standard deviations of two fits, and what the noise alone would have told."""
    data = simulate.two_sines(n, seed=seed)
    noise = data.y - simulate.sines(data.x[:, 0]).y
    direct = float(torch.corrcoef(noise.T)[0, 1])
    found = []
    for label, priors in (("ML", False), ("priors", True)):
        fitted = fit(icm(data, noise="full", kernel=RBFKernel()), priors=priors)
        sd = np.sqrt(np.diag(fitted.Sigma))
        row = {
            "n": n,
            "seed": seed,
            "cluster": seed,
            "fit": label,
            "noise correlation": fitted.noise_correlation.iloc[0, 1],
        }
        row |= {"noise sd 1": sd[0], "noise sd 2": sd[1], "on floor": len(fitted.on_floor), "direct": direct}
        found.append(row)
    return found


if __name__ == "__main__":
    run(__file__, ((n, seed) for n in (10, 25, 50, 100, 300) for seed in range(60)))
