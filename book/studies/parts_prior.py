"""A prior on each B_q of an LMC, plug-in and averaged, in two worlds: mtgp_tutorial/datasets/studies/parts_prior.csv.

Two kernels, a slow and a fast one; task 2 loses a fifth of its rows in one stretch. "each" puts the prior |R| on the
correlations of each B_q, in the place of that on their sum. Beside the scores in the gap stands which share of the true
slow and fast values lies outside the 95 % bands of `parts`, on the rows outside the gap. The worlds were fixed before
any was run.
"""

import warnings

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run
from scipy import stats
from tqdm import tqdm

from mtgp_tutorial import PosteriorSamples, TaskData, fit, impute, lmc, parts, scores
from mtgp_tutorial.climbing import optimised
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import free_vector, put_vector
from mtgp_tutorial.posterior_sampling import Target, _freed, _sampled
from mtgp_tutorial.priors import log_det_correlation

SEEDS = 30
WORLDS = {  # rows, tasks, length-scales in rows and correlations of the slow and the fast part
    "alike": (60, 2, (8.0, 1.5), (0.9, 0.3)),
    "against": (80, 3, (6.0, 1.0), (0.3, -0.4)),
}
NOISE, PARTS = 0.05, ("slow", "fast")


class Each(Objective):
    """The prior |R| on each B_q and not on their sum."""

    def value(self, vectors, gain):
        value, terms = super().value(vectors, gain), self.model.kernel.terms()
        off = log_det_correlation(sum(term.B for term in terms))
        return value - off + sum(log_det_correlation(term.B) for term in terms)


class EachTarget(Target):
    """The density with that prior."""

    def __init__(self, model):
        super().__init__(model)
        self.objective = Each(model, True)


def table(world, seed):
    """Seen and hidden tables, and the true parts [2, N, T]."""
    n, T, lengths, correlations = WORLDS[world]
    rng, x = np.random.default_rng([seed, n]), np.arange(n, dtype=float)
    found = []
    for length, rho in zip(lengths, correlations):
        K = np.exp(-0.5 * (np.subtract.outer(x, x) / length) ** 2)
        B = np.full((T, T), rho) + (1 - rho) * np.eye(T)
        C = np.kron(K, B) + 1e-9 * np.eye(n * T)
        found.append((np.linalg.cholesky(C) @ rng.normal(size=n * T)).reshape(n, T))
    y = sum(found) + NOISE**0.5 * rng.normal(size=(n, T))
    first = int(rng.integers(5, n - n // 5 - 5))
    return *TaskData(x, y).hide("task 2", first, first + n // 5 - 1), np.array(found)


def sampled(fitted, kind, seed):
    """Averaged over draws under one of the two priors; that of the module is `sample_posterior` itself."""
    target = kind(_freed(fitted))
    with tqdm(disable=True) as silent:
        draws = _sampled(target, target.coordinates.coordinates(), 4, 20, np.random.default_rng(seed), silent)
    return PosteriorSamples(fitted, *draws, target.evaluations)


def optimised_again(fitted):
    """The optimum under the prior on each, from that of the fit and from two places beside it."""
    model = _freed(fitted)
    start, rng = free_vector(model), np.random.default_rng(0)
    starts = [start, *(start + 0.3 * rng.normal(size=(2, len(start))))]
    with tqdm(disable=True) as silent:
        runs = optimised(Each(model, True), starts, 1000, silent)
    put_vector(model, max(runs, key=lambda run: run.joined().height).joined().vector)
    return type(fitted)(model.requires_grad_(False), True, float("nan"), fitted.starts, fitted.frozen)


def outside(answer, seen, truth, there):
    """Share of true values outside the 95 % bands of each part, slow first, on the rows outside the gap."""
    x, half = seen.x, stats.norm.ppf(0.975)
    optimum = answer.fit if isinstance(answer, PosteriorSamples) else answer
    order, found = np.argsort(optimum.length_scales)[::-1], {}
    for name, q, true in zip(PARTS, order, truth):
        part = parts(answer, x)[q]
        low, high = (
            part.band(0.95)
            if isinstance(answer, PosteriorSamples)
            else (part.mean - half * part.sd, part.mean + half * part.sd)
        )
        missed = (torch.as_tensor(true) < low) | (torch.as_tensor(true) > high)
        found[name] = float(missed[there].double().mean())
    return found


def rows(world, seed):
    """One row for each method."""
    seen, hidden, truth = table(world, seed)
    there = ~hidden.observed.any(1)
    mode = fit(lmc(seen, kernels=[RBFKernel(), RBFKernel()]))
    each = optimised_again(mode)
    methods = {"mode": mode, "mode, each": each, "averaged": sampled(mode, Target, seed)}
    methods["averaged, each"] = sampled(each, EachTarget, seed)
    found = []
    for method, one in methods.items():
        score = scores.table(impute(one), hidden, seen).iloc[0][["MSE", "NLPD", "CRPS", "coverage"]]
        row = {
            "world": world,
            "seed": seed,
            "cluster": seed,
            "method": method,
            **score,
            **outside(one, seen, truth, there),
        }
        if isinstance(one, PosteriorSamples):
            mixing = one.mixing
            row |= {"R-hat": mixing["R-hat"].max(), "ESS": mixing["ESS"].min()}
        else:
            slow = one.Bs[int(np.argmax(one.length_scales))].to_numpy()
            row["slow correlation"] = slow[0, 1] / np.sqrt(slow[0, 0] * slow[1, 1])
        found.append(row)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(__file__, ((world, seed) for world in WORLDS for seed in range(SEEDS)))
