"""Bands by maximum likelihood, at the posterior mode, averaged, and at the truth: studies/averaged_worlds.csv.

The worlds were fixed before any was run, and no prior was chosen on one of them. In eight the truth of each table is
drawn from the priors of the module, in eight it has fixed values, in eight it is not the model: rough curves,
heavy tails of the noise, a scale that triples half way, a lag of a tenth. Rows are even on [0, 1]; task 1 of two to
four loses a third of its readings, scattered or in one stretch, and these are asked for. NLPD and CRPS are in units of
the standard deviation that the truth gives task 1.

"known" predicts with the covariance function that made the table (where tails are heavy, with the noise's variance).
"""

import math
import warnings

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run
from torch.distributions import LKJCholesky

from mtgp_tutorial import Prediction, TaskData, fit, gaussian, icm, impute, sample_posterior, scores

SEEDS = 100


def world(kind, n, T, holes, noise="per task", rho=0.9, level=0.1, length=0.3):
    """noise: the fitted model's; rho, level, length: correlation, noise variance and length-scale of the truth."""
    return {"kind": kind, "n": n, "T": T, "holes": holes, "noise": noise, "rho": rho, "level": level, "length": length}


WORLDS = [
    world("drawn", 10, 2, "scattered"),
    world("drawn", 10, 3, "gap"),
    world("drawn", 20, 2, "gap", "full"),
    world("drawn", 20, 4, "scattered"),
    world("drawn", 40, 2, "gap"),
    world("drawn", 40, 3, "scattered", "full"),
    world("drawn", 80, 2, "scattered"),
    world("drawn", 80, 3, "gap", "full"),
    world("fixed", 10, 2, "scattered", "per task", 0.0, 0.05, 0.3),
    world("fixed", 10, 2, "gap", "per task", 0.9, 0.05, 0.3),
    world("fixed", 20, 3, "gap", "full", 0.95, 0.01, 0.3),
    world("fixed", 20, 4, "scattered", "per task", 0.9, 0.3, 0.1),
    world("fixed", 40, 2, "gap", "per task", 0.0, 0.3, 0.3),
    world("fixed", 40, 4, "gap", "per task", 0.6, 0.3, 0.1),
    world("fixed", 80, 2, "scattered", "per task", 0.6, 1.0, 0.3),
    world("fixed", 80, 3, "gap", "full", 0.9, 0.05, 0.1),
    *(world(kind, n, 2, "gap") for kind in ("rough", "scale", "lag") for n in (20, 60)),
    *(world("heavy tails", n, 2, "scattered") for n in (20, 60)),
]


def truth(one, rng):
    """Means [T], B and noise variances [T, T], and the length-scale of one table."""
    T = one["T"]
    if one["kind"] != "drawn":
        B = np.full((T, T), one["rho"]) + (1 - one["rho"]) * np.eye(T)
        return np.zeros(T), B, one["level"] * np.eye(T), one["length"]
    torch.manual_seed(int(rng.integers(2**31)))
    signal, noise = (np.exp(0.5 * rng.normal(math.log(median), 1, T)) for median in (1.0, 0.05))
    factors = [LKJCholesky(T, 2.0).sample().double().numpy() for _ in range(2)]
    of_B, of_Sigma = (factor @ factor.T for factor in factors)
    of_Sigma = of_Sigma if one["noise"] == "full" else np.eye(T)
    length = math.exp(rng.normal(math.log(0.3), 1))
    return rng.normal(size=T), of_B * np.outer(signal, signal), of_Sigma * np.outer(noise, noise), length


def signal(one, x, B, length):
    """Covariance of all values of f, row by row, [n T, n T]."""
    lag = 0.1 * np.arange(one["T"]) if one["kind"] == "lag" else np.zeros(one["T"])
    place, task = np.repeat(x, len(B)) - np.tile(lag, len(x)), np.tile(np.arange(len(B)), len(x))
    far = np.abs(place[:, None] - place) / length
    K = np.exp(-far) if one["kind"] == "rough" else np.exp(-0.5 * far**2)
    scale = np.where(np.repeat(x, len(B)) > 0.5, 3.0, 1.0) if one["kind"] == "scale" else np.ones(len(place))
    return K * B[np.ix_(task, task)] * np.outer(scale, scale)


def table(one, seed):
    """Seen and hidden, means and covariance of all readings, and the sd of task 1."""
    rng = np.random.default_rng([seed, WORLDS.index(one)])
    n, T = one["n"], one["T"]
    x = np.linspace(0, 1, n)
    mean, B, Sigma, length = truth(one, rng)
    F, N = signal(one, x, B, length), np.kron(np.eye(n), Sigma)
    f = np.linalg.cholesky(F + 1e-9 * F.diagonal().mean() * np.eye(n * T)) @ rng.normal(size=n * T)
    e = np.linalg.cholesky(N) @ rng.normal(size=n * T)
    if one["kind"] == "heavy tails":  # Student's t with three degrees of freedom, of the same variance
        e = e * np.sqrt(1 / rng.chisquare(3, n * T))
    y = (np.tile(mean, n) + f + e).reshape(n, T)
    first = rng.integers(1, n - n // 3) if one["holes"] == "gap" else 0
    gone = np.arange(first, first + n // 3) if one["holes"] == "gap" else rng.choice(n, n // 3, replace=False)
    seen, hidden = y.copy(), np.full_like(y, np.nan)
    seen[gone, 0], hidden[gone, 0] = np.nan, y[gone, 0]
    sd = math.sqrt(F[::T, ::T].diagonal().mean() + Sigma[0, 0])
    return TaskData(x, seen), TaskData(x, hidden), np.tile(mean, n), F + N, sd


def known(seen, hidden, mean, C):
    """What the covariance that made the table says of the hidden cells."""
    there, asked = (one.observed.flatten().numpy() for one in (seen, hidden))
    tensors = (torch.as_tensor(C[np.ix_(*at)]) for at in ((there, there), (asked, there)))
    off = seen.y.flatten()[there] - torch.as_tensor(mean[there])
    m, v = gaussian.posterior(off, *tensors, torch.as_tensor(C.diagonal()[asked].copy()))
    both = torch.full((2, hidden.y.numel()), math.nan, dtype=torch.float64)
    both[:, asked] = torch.stack([m + torch.as_tensor(mean[asked]), v])
    return Prediction(seen.x, *(one.reshape(hidden.y.shape) for one in both), seen.tasks, seen.units, noise=True)


def rows(number, seed):
    """Scores of the four, and how the draws went."""
    one = WORLDS[number]
    seen, hidden, mean, C, sd = table(one, seed)
    model = icm(seen, noise=one["noise"], kernel=RBFKernel())
    fits = {"ML": fit(model, priors=False), "mode": fit(model)}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fits["averaged"] = sample_posterior(fits["mode"], seed=seed)
    answers = {method: impute(fitted) for method, fitted in fits.items()} | {"known": known(seen, hidden, mean, C)}
    found = scores.table(answers, hidden, seen).droplevel("task")[["MSE", "NLPD", "CRPS", "coverage"]]
    found["MSE"], found["CRPS"], found["NLPD"] = found["MSE"] / sd**2, found["CRPS"] / sd, found["NLPD"] - math.log(sd)
    mixing, shape = fits["averaged"].mixing, {name: one[name] for name in ("kind", "n", "T", "holes")}
    first = {"world": number, **shape, "seed": seed, "cluster": seed}
    went = {"R-hat": mixing["R-hat"].max(), "ESS": mixing["ESS"].min(), "warned": len(said)}
    return [
        {**first, "method": method, **found.loc[method], **(went if method == "averaged" else {})}
        for method in found.index
    ]


if __name__ == "__main__":
    run(__file__, ((number, seed) for number in range(len(WORLDS)) for seed in range(SEEDS)))
