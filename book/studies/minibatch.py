"""What mini-batches lose on a table that can be fitted exactly: mtgp_tutorial/datasets/studies/minibatch.csv.

250 rows of three tasks from an LMC of two RBF kernels, B_q of rank 1; a fifth of the cells is hidden and scored. Each
method is also judged "at its own parameters", by exact inference with the hyper-parameters that it ended at: bound
against that evidence is what the bound loses, that evidence against the exact fit's what the optimiser loses. With
noise correlation 0.7 the hidden cells of a row lean on the noise of its other cells: single cells know nothing of it.
"""

import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import TaskData, fit, impute, lmc, simulate

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "streaming"))

import warm  # examples/streaming
from bound import Bound
from scoring import score
from variational import VariationalLMC, train

SEEDS, ROWS, LENGTHS, NOISE_SD = 3, 250, (0.2, 0.05), torch.tensor([0.3, 0.2, 0.4], dtype=torch.float64)
W = torch.tensor([[1.0, 0.3], [0.8, -0.6], [-0.5, 0.7]], dtype=torch.float64)
NGD = {"points": 24, "epochs": 200}
METHODS = {
    "NGD": NGD,
    "NGD, 50 epochs": {**NGD, "epochs": 50},
    "NGD, 600 epochs": {**NGD, "epochs": 600},
    "Adam": {**NGD, "natural": False},
    "Adam, unwhitened": {**NGD, "natural": False, "whiten": False},
    "NGD, float32": {**NGD, "dtype": torch.float32},
    "NGD, points fixed": {**NGD, "learn_points": False},
}


def trial(seed, rho):
    """The table with its hidden cells, as seen and hidden tables; rho: correlation of the noise of two tasks."""
    x = np.sort(np.random.default_rng(seed).uniform(size=ROWS))
    Sigma = ((1 - rho) * torch.eye(3).double() + rho) * torch.outer(NOISE_SD, NOISE_SD)
    total = 0.0
    for q, (length, w) in enumerate(zip(LENGTHS, W.T)):
        kernel = RBFKernel().double()
        kernel.lengthscale = length
        f, y = simulate.draw_icm(x, kernel, torch.outer(w, w), Sigma, seed=2 * seed + q)
        total = total + (y.y if q == 0 else f.y)
    hide = np.random.default_rng([seed, 1]).uniform(size=total.shape) < 0.2
    return torch.as_tensor(x)[:, None], total, torch.as_tensor(hide)


def cells(x, y, chosen):
    """x [n, 1], task [n], y [n] of the chosen cells."""
    row, task = chosen.nonzero(as_tuple=True)
    return x[row], task, y[row, task]


@torch.no_grad()
def at_own(seen, hidden, W, lengths, noise, means):
    """Log evidence, and NLPD of the hidden cells, by exact inference with these parameters; noise of single cells."""
    (x, t, y), (z, s, wanted) = seen, hidden

    def covariance(a, s, b, t):
        return sum(
            torch.exp(-0.5 * ((a - b.T) / length) ** 2) * torch.outer(w[s], w[t]) for length, w in zip(lengths, W.T)
        )

    normal = torch.distributions.MultivariateNormal(means[t], covariance(x, t, x, t) + noise[t].diag())
    cross = covariance(z, s, x, t)
    half = torch.cholesky_solve(cross.T, normal.scale_tril).T
    mean, variance = means[s] + half @ (y - means[t]), (W**2).sum(1)[s] - (half * cross).sum(1) + noise[s]
    return float(normal.log_prob(y)), score(mean, variance, wanted)[0]


def exact(x, y, hide, noise):
    """The module's fit without priors; evidence in the units of the table."""
    start = time.process_time()
    fitted = fit(
        lmc(TaskData(x, y.masked_fill(hide, math.nan)), kernels=[RBFKernel(), RBFKernel()], kappa=False, noise=noise),
        priors=False,
    )
    took, filled = time.process_time() - start, impute(fitted)
    nlpd, coverage = score(filled.mean[hide], filled.variance[hide], y[hide])
    row = {"NLPD": nlpd, "coverage": coverage, "evidence at own": fitted.log_likelihood, "NLPD at own": nlpd}
    return {"method": f"exact, noise {noise}", **row, "seconds": took}


def collapsed(seen, hidden, points):
    """The bound in closed form, by L-BFGS."""
    model = Bound(torch.linspace(0, 1, points, dtype=torch.float64)[:, None], 3, 2, len(seen[2]))
    start = time.process_time()
    bound = warm.maximise(model, seen, 300)
    took = time.process_time() - start
    with torch.no_grad():
        nlpd, coverage = score(*warm.answer(model, seen, *hidden[:2]), hidden[2])
    W, lengths, noise = model.W.detach(), model.log_lengths.detach().exp()[:, 0], model.log_noise.detach().exp()
    evidence, own = at_own(seen, hidden, W, lengths, noise, model.means.detach())
    row = {"NLPD": nlpd, "coverage": coverage, "bound": bound, "evidence at own": evidence, "NLPD at own": own}
    return {"method": f"collapsed, {points} points", **row, "seconds": took}


def minibatch(method, seen, hidden, points, epochs, dtype=torch.float64, **options):
    """The program variational.py."""
    torch.manual_seed(0)
    x, task, y = seen[0].to(dtype), seen[1], seen[2].to(dtype)
    model = VariationalLMC(torch.linspace(0, 1, points, dtype=dtype)[:, None], 3, 2, len(y), **options)
    start = time.process_time()
    train(model, (x, task, y), epochs)
    took = time.process_time() - start
    mean, variance = model.predict(hidden[0].to(dtype), hidden[1])
    nlpd, coverage = score(mean.double(), variance.double(), hidden[2])
    with torch.no_grad():
        bound = -float(model(x, task, y)) * len(y)
    lengths = model.gp.kernel.lengthscale.detach().flatten().double()
    W, noise, means = (v.detach().double() for v in (model.W, model.log_noise.exp(), model.means))
    evidence, own = at_own(seen, hidden, W, lengths, noise, means)
    row = {"NLPD": nlpd, "coverage": coverage, "bound": bound, "evidence at own": evidence, "NLPD at own": own}
    return {"method": method, **row, "seconds": took}


def rows(seed, rho, methods=tuple(METHODS), points=(8, 16, 24, 32)):
    """All methods on one table; `seconds` are CPU seconds."""
    x, y, hide = trial(seed, rho)
    seen, hidden = cells(x, y, ~hide), cells(x, y, hide)
    found = [exact(x, y, hide, noise) for noise in (("per task",) if rho == 0 else ("per task", "full"))]
    found += [collapsed(seen, hidden, each) for each in points]
    found += [minibatch(method, seen, hidden, **METHODS[method]) for method in methods]
    return [{"seed": seed, "cluster": seed, "rho": rho, "cells": len(seen[2]), **row} for row in found]


if __name__ == "__main__":
    some = ("NGD",), (32,)
    trials = [(seed, 0.0) for seed in range(SEEDS)] + [(seed, 0.7, *some) for seed in range(SEEDS)]
    run(__file__, trials)
