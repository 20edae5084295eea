"""Do `correlation_intervals` hold the truth? mtgp_tutorial/datasets/studies/correlation_coverage.csv.

Tables are drawn from an ICM on [0, 10], and an ICM is fitted to each. Two kinds of truth: parameters that are fixed,
and parameters drawn from the priors themselves for each seed, in the units of the table. "nats" is what the objective
gives up when the correlation is held at its true value. An interval holds the truth where that is at most
`allowed(worth, level)`; for 90 % and one seed in twenty the function itself is asked, and must agree.
Three tasks have random holes in a seventh of their cells, and no value of the first in the middle fifth.
"""

from itertools import product

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run
from scipy.optimize import minimize

from mtgp_tutorial import TaskData, coregionalization, correlation, correlation_intervals, fit, icm, simulate
from mtgp_tutorial.intervals import allowed, arctanh_of, freed, optimum_of, worth
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import box_around

SEEDS, WIDTH, LEVEL = 200, 10.0, 0.9
THREE = torch.tensor([[0.95], [0.8], [-0.6]]).double()  # W; kappa makes the variances 1
CASES = [  # tasks, rows, length-scale, noise sd, correlation (None: drawn), and the fit
    *((2, 30, 1.0, noise, rho, "priors") for noise, rho in product((0.1, 0.5), (0.0, 0.5, 0.9))),
    *((2, 60, 1.0, 0.3, rho, "priors") for rho in (0.0, 0.5, 0.9)),
    *((2, 30, 3.0, 0.1, rho, "priors") for rho in (0.0, 0.5, 0.9)),  # ten length-scales become three
    *((2, 10, 1.0, 0.1, rho, "priors") for rho in (0.0, 0.9)),
    *((3, n, 1.0, 0.3, None, "priors") for n in (30, 60)),
    *((2, n, None, None, None, "priors") for n in (30, 60)),
    (2, 30, 1.0, 0.3, 0.5, "priors, full noise"),
    *((2, 30, length, 0.3, 0.5, "ML") for length in (1.0, 3.0)),
    *((2, n, 1.0, noise, rho, "ML") for n, noise in ((10, 0.1), (30, 0.5)) for rho in (0.0, 0.9)),
    (3, 30, 1.0, 0.3, None, "ML"),
]


def truth(tasks, length, noise_sd, rho, rng):
    """Length-scale, B and noise variances of one table."""
    if tasks == 3:
        return length, coregionalization(THREE, 1 - THREE[:, 0] ** 2), noise_sd**2 * torch.ones(3).double()
    variances, noise = torch.ones(2).double(), torch.ones(2).double()
    if rho is None:  # the priors: LKJ with eta = 2 is a Beta(2, 2) on [-1, 1]
        length, rho = WIDTH * 0.3 * np.exp(rng.normal()), 2 * rng.beta(2, 2) - 1
        variances, noise = (torch.as_tensor(median * np.exp(rng.normal(size=2))) for median in (1.0, 0.05))
    else:
        noise = noise_sd**2 * noise
    off = rho * variances.prod().sqrt()
    return length, torch.diag(variances) + off * torch.tensor([[0, 1], [1, 0]]).double(), noise


def table(tasks, n, length, noise_sd, rho, seed):
    """A drawn table, and its true task correlations [T, T]."""
    rng = np.random.default_rng([seed, tasks, n])
    kernel = RBFKernel().double()
    kernel.lengthscale, B, noise = truth(tasks, length, noise_sd, rho, rng)
    y = simulate.draw_icm(np.linspace(0, WIDTH, n), kernel, B, torch.diag(noise), seed=seed)[1].y
    if tasks == 3:
        y[torch.as_tensor(rng.uniform(size=y.shape) < 1 / 7)] = torch.nan
        y[2 * n // 5 : 3 * n // 5, 0] = torch.nan
    return TaskData(np.linspace(0, WIDTH, n), y), correlation(B)


def given_up(fitted, s, t, rho):
    """Nats that the objective loses when one correlation is held at rho."""
    model = freed(fitted.model)
    loss = Objective(model, fitted.priors)
    value = arctanh_of(loss, s, t)
    top, held = optimum_of(model, loss), np.arctanh(rho)
    z, slope = value(top.vector)
    step = np.linalg.solve(top.curvature, slope)
    found = minimize(
        loss,
        top.vector + (held - z) / (slope @ step) * step,
        jac=True,
        method="SLSQP",
        bounds=box_around(top.vector, loss.free).T,
        constraints={"type": "eq", "fun": lambda v: value(v)[0] - held, "jac": lambda v: value(v)[1]},
        options={"maxiter": 500, "ftol": 1e-8},
    )
    return found.fun - top.loss if found.success else np.nan


def rows(seed, case):
    """Each pair of tasks: its correlation, true and fitted, and what the true one costs."""
    tasks, n, length, noise_sd, _, kind = case
    data, R = table(*case[:5], seed)
    fitted = fit(
        icm(data, noise="full" if "full" in kind else "per task", kernel=RBFKernel()), priors=kind != "ML", starts=1
    )
    about = {"fit": kind, "tasks": tasks, "rows": n, "length": length, "noise sd": noise_sd, "seed": seed}
    about, found = {**about, "cluster": seed, "worth": worth(fitted)}, []
    for s, t in zip(*np.triu_indices(tasks, 1)):
        rho, nats = float(R[s, t]), given_up(fitted, s, t, float(R[s, t]))
        row = {"pair": f"{s + 1}, {t + 1}", "truth": rho, "fitted": fitted.correlation.iloc[s, t], "nats": nats}
        found.append({**about, **row})
    if seed % 20 == 0 and kind != "ML":
        for row, (_, ends) in zip(found, correlation_intervals(fitted, LEVEL).iterrows()):
            inside = row["nats"] <= allowed(row["worth"], LEVEL)
            assert inside == (ends["low"] <= row["truth"] <= ends["high"]), (case, seed)
    return found


if __name__ == "__main__":
    run(__file__, product(range(SEEDS), CASES))
