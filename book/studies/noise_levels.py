"""Where the noise prior is wrong: mtgp_tutorial/datasets/studies/noise_levels.csv.

Two sines with ten and fifty rows and six true noises, from a thousandth of the signal's amplitude to all of it; an ICM
with noise per task, by maximum likelihood and with priors. Shown in book/priors.ipynb.
"""

import numpy as np
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import fit, icm, predict, scores, simulate

ROWS, SEEDS, LEVELS = (10, 50), range(100, 140), (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)


def rows(n, noise_sd, seed):
    """Scores of fresh noisy values, and the estimated noise, of both fits."""
    data = simulate.two_sines(n, noise_sd=noise_sd, seed=seed)
    fresh = simulate.two_sines(101, noise_sd=noise_sd, seed=10_000 + seed)
    found = []
    for label, priors in (("ML", False), ("priors", True)):
        fitted = fit(icm(data, noise="per task", kernel=RBFKernel()), priors=priors)
        table = scores.table(predict(fitted, fresh.x), fresh, data).mean()
        sd = float(np.sqrt(np.diag(fitted.Sigma)).mean())
        row = {"n": n, "noise sd": noise_sd, "seed": seed, "cluster": seed, "fit": label, "estimated sd": sd}
        found.append(row | {name: table[name] for name in ("MSE", "NLPD", "coverage")})
    return found


if __name__ == "__main__":
    run(__file__, ((n, level, seed) for n in ROWS for level in LEVELS for seed in SEEDS))
