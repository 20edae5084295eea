"""What full Bayes changes in predictions: mtgp_tutorial/datasets/studies/full_bayes_prediction.csv.

Three methods on the two sines with ten rows and three true noises: maximum likelihood, the mode, and 200 of the draws
of full_bayes.py (needs NumPyro). The noise prior was chosen on seeds 0 to 99, so these are others. A draw's weight is
the same in density and in coverage: NLPD is that of the mixture, and its 95.4 % band lies between two of its quantiles.
Where R-hat is not below 1.01 or an effective size not above 400 (Vehtari et al. 2021), four times as many are drawn.
"""

import time

import numpy as np
import pandas as pd
import torch
from full_bayes import DRAWS, as_fits, compiled, diagnostics, sample
from gpytorch.kernels import RBFKernel
from running import run
from scipy.special import logsumexp, ndtr

from mtgp_tutorial import fit, icm, kronecker, simulate

SEEDS = {0.1: range(100, 200), 0.3: range(100, 140), 1.0: range(100, 140)}  # of each noise sd


def at_new_rows(f, x):
    """Mean [M, 2] and covariance [M, 2, 2] of y at new rows x [M, 1], data units."""
    m, sd = f.model, f.model.scale.sd
    (K, B), (cross, _), (prior, _) = m.terms(m.unit.x)[0], m.terms(x, m.unit.x)[0], m.terms(x)[0]
    mean, joint = kronecker.posterior(m.residual(), K, B, m.Sigma(), cross, prior)
    covariance = joint.reshape(len(x), 2, len(x), 2).diagonal(dim1=0, dim2=2).permute(2, 0, 1) + m.Sigma()
    return m.scale.to_data(mean + m.mean(x)), covariance * torch.outer(sd, sd)


def score(fits, noise_sd, seed):
    """Joint NLPD of a fresh row and coverage of the central 95.4 % of a cell, for the even mixture of the fits."""
    rng = np.random.default_rng(10_000 + seed)
    x = torch.as_tensor(rng.uniform(0, 1, (100, 1)))
    y = simulate.sines(x).y.numpy() + rng.multivariate_normal([0, 0], noise_sd**2 * np.array([[1, 0.3], [0.3, 1]]), 100)
    mean, covariance = (np.stack(part) for part in zip(*(at_new_rows(f, x) for f in fits)))
    r = (y - mean)[..., None]
    log = -0.5 * ((r * np.linalg.solve(covariance, r)).sum((-2, -1)) + np.linalg.slogdet(2 * np.pi * covariance)[1])
    cdf = ndtr(r[..., 0] / np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))).mean(0)
    nlpd = np.log(len(fits)) - logsumexp(log, 0).mean()
    return {"NLPD": nlpd, "coverage": (abs(2 * cdf - 1) <= 2 * ndtr(2) - 1).mean()}


def rows(noise_sd, seed):
    """Seconds, scores and correlation (its median) of three methods on the two sines with ten rows."""
    data, found = simulate.two_sines(noise_sd=noise_sd, seed=seed), []
    compiled()
    for method in ("ML", "MAP", "NUTS"):
        start = time.process_time()
        model = icm(data, noise="per task", kernel=RBFKernel())
        one = drawn(data, seed) if method == "NUTS" else fit(model, priors=method == "MAP")
        row = {"noise sd": noise_sd, "seed": seed, "cluster": seed, "method": method}
        row["seconds"] = time.process_time() - start
        fits = as_fits(one[0], data, len(one[0]["half"]) // 200) if method == "NUTS" else [one]
        rho = np.median([f.correlation.iloc[0, 1] for f in fits])
        row |= score(fits, noise_sd, seed) | {"correlation": rho}
        found.append(row | (checked(*one) if method == "NUTS" else {"divergent": 0}))
    return found


def drawn(data, seed):
    """Draws by NUTS, and how many diverged."""
    found = sample(data, seed)
    worst = checked(*found)
    if worst["r_hat"] < 1.01 and min(worst["ess_bulk"], worst["ess_tail"]) > 400:
        return found
    return sample(data, seed, 4 * DRAWS)


def checked(draws, divergent):
    """The worst R-hat and effective sample sizes of a run over all its numbers, and its divergent transitions."""
    columns = np.column_stack([value.reshape(len(draws["half"]), -1) for value in draws.values()]).T
    worst = pd.DataFrame([diagnostics(column) for column in columns])  # ranks: logarithms change nothing
    sizes = {"ess_bulk": worst["ess_bulk"].min(), "ess_tail": worst["ess_tail"].min()}
    return {"divergent": divergent, "r_hat": worst["r_hat"].max(), **sizes}


if __name__ == "__main__":
    run(__file__, ((level, seed) for level, seeds in SEEDS.items() for seed in seeds))
