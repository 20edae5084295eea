"""What counts cost and how near they are: steps and seconds beside the normal fit, a long series, and MCMC.

`python tools/benchmarks/counts.py [costs | long | mcmc]`; no word: all, in ten minutes.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch

from mtgp_tutorial import Poisson, TaskData, at_parameters, fit, icm, predict
from mtgp_tutorial.fast.packed import PackedObjective
from mtgp_tutorial.fitting import free_vector
from mtgp_tutorial.likelihoods import Likelihood


def series(rows: int, counts: int = 1, seed: int = 0) -> tuple[TaskData, np.ndarray]:
    """A reading and counts on a slow curve, with exposures; a tenth of the counts is missing."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, rows / 10, rows))
    f, e = np.sin(x / 2)[:, None] + 0.5 * np.sin(x[:, None] + np.arange(counts)), rng.uniform(0.5, 2, rows)
    y = np.column_stack([f[:, 0] + 0.3 * rng.normal(size=rows), rng.poisson(e[:, None] * np.exp(1 + f))]).astype(float)
    y[:, 1:][rng.uniform(size=f.shape) < 0.1] = np.nan
    return TaskData(torch.as_tensor(x), torch.as_tensor(y)), e


def models(rows: int, counts: int = 1) -> tuple[Any, Any]:
    """The table with Poisson counts, and with their logarithms for readings of known errors."""
    data, e = series(rows, counts)
    y, sd = data.y.clone(), torch.full_like(data.y, torch.nan)
    sd[:, 1:] = 1 / (y[:, 1:] + 0.5).sqrt()
    y[:, 1:] = ((y[:, 1:] + 0.5) / torch.as_tensor(e)[:, None]).log()
    laws = {task: Poisson(exposure=e) for task in data.tasks[1:]}
    return icm(data, likelihood=laws, noise="per task"), icm(TaskData(data.x, y, sd=sd), noise="per task")


def seconds(call: Any, times: int = 5) -> float:
    """The least of some calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def costs() -> None:
    """Of a step, of an evaluation after a small move, and of a fit."""
    print("rows  form     normal: value+slope   a step / that   steps cold  warm   fit normal  fit counts")
    for rows in (30, 60, 200, 500):
        counts, normal = models(rows)
        ours, theirs = PackedObjective(counts, True), PackedObjective(normal, True)
        vector, other = free_vector(counts), free_vector(normal)
        ours(vector)
        cold = ours.sites.steps
        moves = 0.05 * np.random.default_rng(1).normal(size=(10, len(vector)))
        for move in moves:
            ours(vector + move)
        warm = (ours.sites.steps - cold) / len(moves)
        one = seconds(lambda: theirs(other))  # noqa: B023
        before, sites = ours.sites.steps, ours.sites
        took = seconds(lambda: [ours(vector + move) for move in moves], 1)  # noqa: B023
        step = (took - len(moves) * one * 0.5) / (sites.steps - before)  # half: the slope, once an evaluation
        fits = [seconds(lambda: fit(model), 1) for model in (normal, counts)]  # noqa: B023
        print(
            f"{rows:4}  {ours.solver.__name__:8} {1e3 * one:12.2f} ms {step / one:15.2f} {cold:12} {warm:7.1f} "
            f"{fits[0]:9.2f} s {fits[1]:9.2f} s",
            flush=True,
        )


def long() -> None:
    """20,000 rows of two counts and a reading through the Markov form."""
    for rows in (5_000, 20_000):
        counts, normal = models(rows, 2)
        ours, theirs = PackedObjective(counts, True), PackedObjective(normal, True)
        vector = free_vector(counts)
        theirs(free_vector(normal))
        one = seconds(lambda: theirs(free_vector(normal)), 1)  # noqa: B023
        took, cold = seconds(lambda: ours(vector), 1), ours.sites.steps  # noqa: B023
        again = seconds(lambda: ours(vector + 0.02), 1)  # noqa: B023
        print(
            f"{rows} rows, {ours.solver.__name__}: normal value and slope {one:.1f} s; counts cold {took:.1f} s in "
            f"{cold} steps, after a move {again:.1f} s in {ours.sites.steps - cold}",
            flush=True,
        )
    start = time.perf_counter()
    fitted = fit(counts, starts=1)
    print(f"a fit from one start: {time.perf_counter() - start:.0f} s, {fitted.starts['evaluations'][0]} evaluations")
    print(f"1,000 predictions: {seconds(lambda: predict(fitted, np.linspace(0, rows / 10, 1000)), 1):.1f} s")


def drawn(law: Likelihood, y: torch.Tensor, m: float, C: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Elliptical slice sampling of g given counts (Murray, Adams and MacKay 2010), [draws, n]."""
    rng, L, size = np.random.default_rng(seed), np.linalg.cholesky(C + 1e-10 * np.eye(len(C))), torch.ones_like(y)

    def height(g: np.ndarray) -> float:
        return float(law.log_density(y, torch.as_tensor(m + g), size).sum())

    g, found = L @ rng.normal(size=len(C)), []
    now = height(g)
    for _ in range(draws):
        other, least, angle = L @ rng.normal(size=len(C)), now + np.log(rng.uniform()), rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        while (there := height(place := g * np.cos(angle) + other * np.sin(angle))) < least:
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = rng.uniform(low, high)
        g, now = place, there
        found.append(g + m)
    return np.array(found)


def effective(draws: np.ndarray) -> float:
    """The least effective size of all cells: by batches of a fiftieth."""
    batches = draws[: len(draws) // 50 * 50].reshape(50, -1, draws.shape[1]).mean(1)
    return float((50 * draws.var(0) / (batches.var(0, ddof=1) + 1e-300)).min())


def mcmc(draws: int = 150_000) -> None:
    """Mean and sd of the latent function beside MCMC, hyper-parameters held, by variance, count and neighbours."""
    print("likelihood  variance  length-scale  counts   mean: largest gap in sd   sd: ours / MCMC, least to most   ESS")
    for word, centre in (("poisson", -1.0), ("poisson", 1.0), ("bernoulli", 0.0)):
        for variance in (1.0, 4.0):
            for length in (0.05, 2.0):
                rng, x = np.random.default_rng(2), np.linspace(0, 10, 12)
                r = 3**0.5 * np.abs(x[:, None] - x) / length
                C = variance * (1 + r) * np.exp(-r)
                g = centre + np.linalg.cholesky(C) @ rng.normal(size=12)
                y = rng.poisson(np.exp(g)) if word == "poisson" else rng.uniform(size=12) < 1 / (1 + np.exp(-g))
                model = icm(
                    TaskData(torch.as_tensor(x), torch.as_tensor(y[:, None].astype(float))), likelihood={"task 1": word}
                )
                model.kernel.data_covar_module.lengthscale = length
                coregional = model.kernel.coregional[0].task_covar_module
                coregional.covar_factor.data.fill_((variance - 0.01) ** 0.5)
                coregional.var = torch.tensor([0.01]).double()
                model.mean.base_means[0].constant = centre - float(model.scale.mean[0])
                ours = predict(at_parameters(model), x, noise=False)
                theirs = drawn(model.laws[0], model.data.y[:, 0], centre, C, draws, 1)[draws // 10 :]
                sd, ratio = theirs.std(0), ours.sd[:, 0].numpy() / theirs.std(0)
                gap = np.abs(ours.mean[:, 0].numpy() - theirs.mean(0)) / sd
                print(
                    f"{word:10} {variance:9.0f} {length:13.2f} {y.min():4.0f} to {y.max():3.0f} {gap.max():18.3f} "
                    f"{ratio.min():27.3f} to {ratio.max():.3f} {effective(theirs):12.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for part in (costs, long, mcmc):
        if part.__name__ in (sys.argv[1:] or [part.__name__]):
            part()
