"""Bands of a rate that ranges widely: mtgp_tutorial/datasets/studies/wide_counts.csv.

Tables as in log_counts.py, with even effort; the log rate has a standard deviation of 1 or 2. The model of counts by
its fit, and at the hyper-parameters that drew the table. The gaps lie inside, or one lies at the end.
book/counts.ipynb recomputes the first table.
"""

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import Poisson, TaskData, at_parameters, fit, icm, impute, simulate

SEEDS = 40
SETTINGS = [(spread, rate, gaps) for spread, gaps in ((1, "inside"), (2, "inside"), (2, "end")) for rate in (1, 20)]
GAPS = {"inside": np.r_[12:22, 36:46], "end": np.r_[50:60]}


def table(spread, rate, seed):
    """Readings, counts and true log rates, each [60]."""
    rng, kernel = np.random.default_rng(seed), MaternKernel(nu=1.5)
    kernel.lengthscale = 8.0
    B, noise = torch.tensor([[1, 0.8], [0.8, 1]]), 0.05 * torch.eye(2)
    f, y = simulate.draw_icm(torch.arange(60.0), kernel, B, noise, seed=seed)
    log_rate = spread * f.y[:, 1].double().numpy() + np.log(rate)
    return y.y[:, 0].double().numpy(), rng.poisson(np.exp(log_rate)).astype(float), log_rate


def true_parameters(model, spread, rate):
    """What drew the table, in the model's standardised units."""
    sd, mean = model.scale.sd, model.scale.mean
    own = torch.tensor([1.0, spread], dtype=sd.dtype) / sd
    return {
        "kernel.task_covar_module.covar_factor": (0.8**0.5 * own)[:, None],
        "kernel.task_covar_module.var": 0.2 * own**2,
        "kernel.data_covar_module.lengthscale": 8.0,
        "likelihood.task_noises": 0.05 / sd**2,
        "mean.base_means.0.constant": -mean[0] / sd[0],
        "mean.base_means.1.constant": (np.log(rate) - mean[1]) / sd[1],
    }


def rows(spread, rate, where, seed):
    """How many bands of hidden rates and of hidden counts hold, of the fit and at the truth."""
    reading, count, log_rate = table(spread, rate, seed)
    seen, gap, found = count.copy(), GAPS[where], []
    seen[gap] = np.nan
    data = TaskData(np.arange(60), np.c_[reading, seen], tasks=["reading", "count"])
    model = icm(data, likelihood={"count": Poisson()}, noise="per task")
    truth = at_parameters(model, true_parameters(model, spread, rate))
    for method, fitted in (("fit", fit(model)), ("truth", truth)):
        filled = impute(fitted)
        mean, sd = filled.latent_mean[gap, 1].numpy(), filled.latent_variance[gap, 1].sqrt().numpy()
        low, high = (end[gap, 1].numpy() for end in filled.band(0.95))
        off = mean - log_rate[gap]
        row = {"spread": spread, "rate": rate, "gaps": where, "seed": seed, "cluster": seed, "method": method}
        row |= {"off": off.mean(), "coverage": (abs(off) < 2 * sd).mean()}
        row |= {"of counts": ((low <= count[gap]) & (count[gap] <= high)).mean()}
        found.append(row | {"sd of g": float(fitted.B.loc["count", "count"]) ** 0.5, "zeros": np.nanmean(seen == 0)})
    return found


if __name__ == "__main__":
    run(__file__, ((*setting, seed) for setting in SETTINGS for seed in range(SEEDS)))
