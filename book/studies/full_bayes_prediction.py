"""What full Bayes changes in predictions: mtgp_tutorial/datasets/studies/full_bayes_prediction.csv.

    python book/studies/full_bayes_prediction.py           # all, about 6 minutes on one core
    python book/studies/full_bayes_prediction.py 100 102   # prints seeds 100 and 101, stores nothing

Three arms on the two sines with ten rows and three true noises: maximum likelihood, the mode, and 200 of the draws of
full_bayes.py (needs NumPyro). The noise prior was chosen on seeds 0 to 99, so these are others. A draw's weight is the
same in density and in coverage: NLPD is that of the mixture, and its 95.4 % band lies between two of its quantiles.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from full_bayes import CHAINS, DRAWS, as_fits, sample
from scipy.special import logsumexp, ndtr

from mtgp_tutorial import datasets, exact, fit, icm, simulate

RESULT = Path(datasets.__file__).parent / "studies" / "full_bayes_prediction.csv"
SEEDS = {0.1: range(100, 200), 0.3: range(100, 140), 1.0: range(100, 140)}  # of each noise sd


def at_new_rows(f, x):
    """Mean [M, 2] and covariance [M, 2, 2] of y at new rows x [M, 1], data units."""
    m, sd = f.model, f.model.scale.sd
    (K, B), (cross, _), (prior, _) = m.terms(m.unit.x)[0], m.terms(x, m.unit.x)[0], m.terms(x)[0]
    mean, joint = exact.kronecker_posterior(m.residual(), K, B, m.Sigma(), cross, prior)
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


def prediction_rows(noise_sd, seed):
    """Seconds, scores and correlation (its median) of three arms on the two sines with ten rows."""
    data, rows = simulate.two_sines(noise_sd=noise_sd, seed=seed), []
    for arm in ("ML", "MAP", "NUTS"):
        start = time.perf_counter()
        found = sample(data, seed) if arm == "NUTS" else fit(icm(data), priors=arm == "MAP")
        row = {"noise sd": noise_sd, "seed": seed, "arm": arm, "seconds": time.perf_counter() - start}
        fits = as_fits(found[0], data, CHAINS * DRAWS // 200) if arm == "NUTS" else [found]
        rho = np.median([f.correlation.iloc[0, 1] for f in fits])
        rows.append(
            row | score(fits, noise_sd, seed) | {"correlation": rho, "divergent": found[1] if arm == "NUTS" else 0}
        )
    return rows


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    wanted = range(*map(int, sys.argv[1:3])) if len(sys.argv) > 2 else None
    prediction_rows(0.1, 100)  # compiles, so that no time below includes it
    pairs = [(level, seed) for level, seeds in SEEDS.items() for seed in wanted or seeds]
    table = pd.DataFrame([row for pair in pairs for row in prediction_rows(*pair)])
    text = table.to_csv(index=False, float_format="%.6g")
    if len(sys.argv) > 2:
        print(text)
    else:
        RESULT.write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
