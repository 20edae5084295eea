"""Logarithms of counts plus a half beside counts, on made tables: mtgp_tutorial/datasets/studies/log_counts.csv.

A reading and a count of 60 rows follow two functions with a correlation of 0.8; the log rate varies with a standard
deviation of 1. Twenty counts are hidden, in two gaps; the readings stay. Shown in
book/counts.ipynb.
"""

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import run
from scipy.stats import norm

from mtgp_tutorial import Poisson, TaskData, fit, icm, impute, simulate
from mtgp_tutorial.likelihoods import CellLaw

RATES, SEEDS = (0.5, 3, 20, 100), 20
GAPS = np.r_[12:22, 36:46]


class LogNormal:
    """The law of a count whose log((count + 1/2) / exposure) is normal: between k and k + 1 lies log(k + 1)."""

    def __init__(self, mean, variance, exposure):
        self.mean, self.sd, self.log_exposure = mean, np.sqrt(variance), np.log(exposure)

    def below(self, k):
        """P(count <= k)."""
        with np.errstate(divide="ignore"):
            return (np.log(np.maximum(k + 1, 0)) - self.log_exposure - self.mean) / self.sd

    def log_density(self, y):
        low, high = self.below(y - 1), self.below(y)
        side = np.where(low > 0, -1, 1)  # differences of small numbers
        one, other = norm.cdf(side * low), norm.cdf(side * high)
        return np.log(np.maximum(np.abs(other - one), 1e-300))

    def crps(self, y):
        most = int(max(y.max(), np.exp((self.log_exposure + self.mean + 6 * self.sd).max()))) + 2
        return sum((norm.cdf(self.below(k)) - (y <= k)) ** 2 for k in range(min(most, 100_000)))


def table(rate, exposure, seed):
    """Reading, counts, exposures and true log rates, each [60]."""
    rng, kernel = np.random.default_rng(seed), MaternKernel(nu=1.5)
    kernel.lengthscale = 8.0
    B, noise = torch.tensor([[1, 0.8], [0.8, 1]]), torch.diag(torch.tensor([0.05, 0.05]))
    f, y = simulate.draw_icm(torch.arange(60.0), kernel, B, noise, seed=seed)
    e = np.exp(rng.uniform(-2, 2, 60)) if exposure == "uneven" else np.ones(60)
    log_rate = f.y[:, 1].double().numpy() + np.log(rate)
    return y.y[:, 0].double().numpy(), rng.poisson(e * np.exp(log_rate)).astype(float), e, log_rate


def rows(rate, exposure, seed):
    """Scores of the hidden counts, and of their log rates, by three ways."""
    reading, count, e, log_rate = table(rate, exposure, seed)
    seen, found = count.copy(), []
    seen[GAPS] = np.nan
    for method in ("count", "logarithm", "logarithm, errors known"):
        values = seen if method == "count" else np.log((seen + 0.5) / e)
        sd = np.c_[np.full(60, np.nan), 1 / np.sqrt(seen + 0.5)] if method.endswith("known") else None
        data = TaskData(np.arange(60), np.c_[reading, values], tasks=["reading", "count"], sd=sd)
        likelihood = {"count": Poisson(exposure=e)} if method == "count" else None
        fitted = fit(icm(data, likelihood=likelihood, noise="per task"))
        f, y = (impute(fitted, noise=noise) for noise in (False, True))
        if method == "count":
            f = y
            mean, variance = f.latent_mean[GAPS, 1].numpy(), f.latent_variance[GAPS, 1].numpy()
        else:
            mean, variance = f.mean[GAPS, 1].numpy(), f.variance[GAPS, 1].numpy()
        law = CellLaw(Poisson(), mean, variance, e[GAPS])
        if method == "logarithm":
            law = LogNormal(y.mean[GAPS, 1].numpy(), y.variance[GAPS, 1].numpy(), e[GAPS])
        off = mean - log_rate[GAPS]
        found.append({"rate": rate, "exposure": exposure, "seed": seed, "cluster": seed, "method": method})
        found[-1] |= {"NLPD": -law.log_density(count[GAPS]).mean(), "CRPS": law.crps(count[GAPS]).mean()}
        found[-1] |= {"off": off.mean(), "error": np.sqrt((off**2).mean())}
        found[-1] |= {"coverage": (np.abs(off) < 2 * np.sqrt(variance)).mean(), "zeros": (seen == 0).mean() * 1.5}
    return found


if __name__ == "__main__":
    run(__file__, ((rate, each, seed) for rate in RATES for each in ("even", "uneven") for seed in range(SEEDS)))
