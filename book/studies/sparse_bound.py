"""The sparse bound beside the exact fit as inducing inputs grow: mtgp_tutorial/datasets/studies/sparse_bound.csv.

250 rows of three tasks from an LMC of two RBF kernels of rank 1 (length-scales 0.2 and 0.05), noise per task, a fifth
of the cells hidden; fitted as lmc(kernels=2, kappa=False) with fit's defaults. "log likelihood" is what the fit
reports: of a method "M = ..." the bound. "exact, same parameters" is the exact log likelihood at the parameters that
the method ended with, and "NLPD, exact" is the score of the exact model there. NLPD and coverage (of 95 % intervals)
are those of the hidden cells, given the seen ones. CPU seconds are of one thread; compare them within a seed.
"""

import time

import torch
from gpytorch.kernels import RBFKernel
from running import run

from mtgp_tutorial import TaskData, at_parameters, fit, impute, lmc, simulate, sparse

W = torch.tensor([[1.0, 0.3], [0.8, -0.6], [-0.5, 0.7]]).double()
LENGTHS, NOISE_SD = (0.2, 0.05), torch.tensor([0.3, 0.2, 0.4]).double()
NUMBERS = (8, 16, 24, 32, 48)


def table(seed, rows=250, correlation=0.0):
    """Seen and hidden table; the noise of a row has one correlation for all pairs of tasks."""
    draws = torch.Generator().manual_seed(seed)
    x = torch.rand(rows, generator=draws, dtype=torch.float64).sort().values
    gone = torch.rand(rows, 3, generator=draws, dtype=torch.float64) < 0.2
    Sigma = torch.outer(NOISE_SD, NOISE_SD) * (correlation + (1 - correlation) * torch.eye(3).double())
    y = 0.0
    for q, length in enumerate(LENGTHS):
        kernel = RBFKernel()
        kernel.lengthscale = length
        f, noisy = simulate.draw_icm(x, kernel, torch.outer(W[:, q], W[:, q]), Sigma, seed=10 * seed + q)
        y = y + (f.y if q == 0 else noisy.y)
    return TaskData(x, y).split(gone)


def scored(fitted, hidden):
    """Mean negative log predictive density of the hidden cells, and the share within 95 % intervals."""
    filled, where = impute(fitted), hidden.observed
    z = ((hidden.y - filled.mean) / filled.sd)[where]
    nlpd = 0.5 * z**2 + filled.sd[where].log() + 0.5 * torch.log(torch.tensor(2 * torch.pi))
    return float(nlpd.mean()), float((z.abs() < 1.959964).double().mean())


def rows(seed):
    """The exact fit and one for each number of inducing inputs."""
    seen, hidden = table(seed)
    found = []
    for number in (None, *NUMBERS):
        model = lmc(seen, kernels=[RBFKernel(), RBFKernel()], kappa=False)
        start = time.process_time()
        fitted = fit(model if number is None else sparse(model, number))
        seconds = time.process_time() - start
        same = lmc(seen, kernels=[RBFKernel(), RBFKernel()], kappa=False)
        same.load_state_dict({k: v for k, v in fitted.model.state_dict().items() if k != "inducing"})
        exact, (nlpd, coverage) = at_parameters(same), scored(fitted, hidden)
        row = {"seed": seed, "cluster": seed, "method": "exact" if number is None else f"M = {number}"}
        row |= {"log likelihood": fitted.log_likelihood, "exact, same parameters": exact.log_likelihood, "NLPD": nlpd}
        row |= {"NLPD, exact": scored(exact, hidden)[0], "coverage": coverage, "CPU seconds": seconds}
        found.append(row | {"evaluations": int(fitted.starts["evaluations"].sum())})
    return found


if __name__ == "__main__":
    run(__file__, ((seed,) for seed in range(4)))
