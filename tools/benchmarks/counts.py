"""What counts cost and how near they are: steps and seconds beside the normal fit, a long series, MCMC, and zeros.

`python tools/benchmarks/counts.py [costs | long | mcmc | zeros | priors]`; no word: all, in half an hour.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import (
    NegativeBinomial,
    Poisson,
    TaskData,
    at_parameters,
    datasets,
    fit,
    icm,
    impute,
    leave_out,
    predict,
    simulate,
)
from mtgp_tutorial.climbing.packed import PackedObjective
from mtgp_tutorial.likelihoods import Likelihood
from mtgp_tutorial.objective import free_vector
from mtgp_tutorial.sites import CountPrediction


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
    """The least of some calls, of the processor's time: others may be at work."""
    found = []
    for _ in range(times):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def costs() -> None:
    """Of a step, of an evaluation after a small move (to 1e-6 nats, and to 1e-10), and of a fit."""
    print("rows  value and slope  a step / that  steps: cold  warm, climbing  warm, at the top  fit: normal  counts")
    for rows in (30, 60, 200, 500):
        counts, normal = models(rows)
        ours, theirs = PackedObjective(counts, True), PackedObjective(normal, True)
        vector, other = free_vector(counts), free_vector(normal)
        one = seconds(lambda: theirs(other))  # noqa: B023
        slope = one - seconds(lambda: theirs.many(other[None], slopes=False))  # noqa: B023
        ours(vector)
        steps, took = [float(ours.sites.steps)], 0.0
        moves = 0.05 * np.random.default_rng(1).normal(size=(20, len(vector)))
        for least in (1e-6, 1e-10):
            ours.gains, before = (least, least), ours.sites.steps
            took += seconds(lambda: [ours(vector + move) for move in moves], 1)  # noqa: B023
            steps.append((ours.sites.steps - before) / len(moves))
        step = (took - 2 * len(moves) * slope) / (len(moves) * sum(steps[1:]))
        fits = [seconds(lambda: fit(model), 2) for model in (normal, counts)]  # noqa: B023
        print(
            f"{rows:4}  {1e3 * one:12.2f} ms {step / one:14.2f} {steps[0]:12.0f} {steps[1]:15.1f} {steps[2]:17.1f}"
            f" {fits[0]:11.2f} s {fits[1]:5.2f} s",
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
    start = time.process_time()
    fitted = fit(counts, starts=1)
    print(f"a fit from one start: {time.process_time() - start:.0f} s, {fitted.starts['evaluations'][0]} evaluations")
    print(f"1,000 predictions: {seconds(lambda: predict(fitted, np.linspace(0, rows / 10, 1000)), 1):.1f} s")


def drawn(law: Likelihood, y: torch.Tensor, m: float, C: np.ndarray, near: Any, seed: int) -> np.ndarray:
    """Hamiltonian Monte Carlo of g given counts, [draws, chains, n]: whitened by a normal law near the posterior.

    near: mean [n] and covariance [n, n] of that law, which sets the speed and not what is sampled.
    """
    rng, chains, size = np.random.default_rng(seed), 400, torch.ones(400, len(y)).double()
    L, P, counts = np.linalg.cholesky(near[1]), np.linalg.inv(C), y.expand(400, -1)

    def height(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log density [chains] and its slope [chains, n] at z with g = mean + L z."""
        g = near[0] + z @ L.T
        at = torch.as_tensor(g)
        value = law.log_density(counts, at, size).sum(1).numpy() - 0.5 * ((g - m) @ P * (g - m)).sum(1)
        return value, (law.slope(counts, at, size).numpy() - (g - m) @ P) @ L

    z, found = rng.normal(size=(chains, len(y))), []
    value, slope = height(z)
    for k in range(1200):
        step, place, pull = rng.uniform(0.1, 0.25, (chains, 1)), z, slope
        start = speed = rng.normal(size=z.shape)
        for _ in range(10):
            speed = speed + step / 2 * pull
            place = place + step * speed
            there, pull = height(place)
            speed = speed + step / 2 * pull
        gain = there - value + 0.5 * (start**2 - speed**2).sum(1)
        taken = np.log(rng.uniform(size=chains)) < gain
        z, slope = (np.where(taken[:, None], new, old) for new, old in ((place, z), (pull, slope)))
        value = np.where(taken, there, value)
        if k >= 200:
            found.append(near[0] + z @ L.T)
    return np.array(found)


def effective(draws: np.ndarray) -> float:
    """The least effective size of all cells, of g and of its square: by the means of chains."""
    g = draws - draws.mean((0, 1))
    sizes = [of.shape[1] * of.var((0, 1)) / of.mean(0).var(0, ddof=1) for of in (g, g**2)]
    return float(np.min(sizes))


CASES = [("poisson", -1.0), ("poisson", 1.0), ("poisson", 3.0), ("bernoulli", 0.0)]  # and the mean of g
GROUPS = {"poisson": (0, 1, 2, 3, 6, 21, np.inf), "bernoulli": (0, 1, 2)}


def beside(word: str, centre: float, variance: float, length: float) -> tuple[pd.DataFrame, float]:
    """Of each of 24 cells the count, the gap of means in sd and the ratio of sds to those of MCMC; effective size."""
    rng, x = np.random.default_rng(2), np.linspace(0, 20, 24)
    r = 3**0.5 * np.abs(x[:, None] - x) / length
    C = variance * (1 + r) * np.exp(-r)
    g = centre + np.linalg.cholesky(C) @ rng.normal(size=len(x))
    y = rng.poisson(np.exp(g)) if word == "poisson" else rng.uniform(size=len(x)) < 1 / (1 + np.exp(-g))
    model = icm(TaskData(torch.as_tensor(x), torch.as_tensor(y[:, None].astype(float))), likelihood={"task 1": word})
    model.kernel.data_covar_module.lengthscale = length
    coregional = model.kernel.coregional[0].task_covar_module
    coregional.covar_factor.data.fill_((variance - 0.01) ** 0.5)
    coregional.var = torch.tensor([0.01]).double()
    model.mean.base_means[0].constant = centre - float(model.scale.mean[0])
    ours = predict(at_parameters(model), x, noise=False, covariance=True)
    near = ours.mean[:, 0].numpy(), np.asarray(ours.covariance)
    theirs = drawn(model.laws[0], model.data.y[:, 0], centre, C, near, 1)
    sd = theirs.std((0, 1))
    gap = (near[0] - theirs.mean((0, 1))) / sd
    return pd.DataFrame({"count": y.astype(int), "gap": gap, "ratio": ours.sd[:, 0].numpy() / sd}), effective(theirs)


def mcmc() -> None:
    """Mean and sd of the latent function beside MCMC, hyper-parameters held, by variance, neighbours and count."""
    print(
        "likelihood  variance  neighbours  count     cells  mean: gap in sd    sd: ours / MCMC   least effective size"
    )
    for word in GROUPS:
        for variance in (1.0, 4.0):
            for length in (0.05, 2.0):
                found = [beside(word, centre, variance, length) for kind, centre in CASES if kind == word]
                cells, size = pd.concat([one for one, _ in found]), min(one for _, one in found)
                for low, high in pairwise(GROUPS[word]):
                    own = cells[(cells["count"] >= low) & (cells["count"] < high)]
                    if len(own):
                        name = f"{low}" if high == low + 1 else f"{low} to {own['count'].max()}"
                        near = "yes" if length > 1 else "no"
                        ends = (f"{own[of].min():+.3f} to {own[of].max():+.3f}" for of in ("gap", "ratio"))
                        print(
                            f"{word:10}{variance:9.0f}  {near:11} {name:8}{len(own):5}", *ends, f"{size:,.0f}", sep="  "
                        )


def zeros(tables: int = 60) -> None:
    """Zeros of three mice, seen minus expected where each row is left out: of the fit, and of tables drawn from it."""
    data, visits = datasets.portal_rodents()
    seen, _ = data.hide("deer mouse", 1985, 1986.75)
    kinds = {name: NegativeBinomial(exposure=visits) for name in data.tasks[:3]}

    def excess(table: TaskData, starts: int | None = None) -> tuple[Any, np.ndarray]:
        fitted = fit(icm(table, likelihood=kinds), starts=starts)
        none = 1 - leave_out(fitted, by="row").probability(above=0)
        return fitted, ((table.y == 0).sum(0) - none.nansum(0))[:3].numpy()

    fitted, found = excess(seen)
    model, others = fitted.model, []
    r = 3**0.5 * np.abs(data.x.numpy() - data.x.numpy().T) / fitted.length_scales[0]
    L = np.linalg.cholesky((1 + r) * np.exp(-r) + 1e-9 * np.eye(len(r))), np.linalg.cholesky(np.asarray(fitted.B))
    middle = (model.means() * model.scale.sd + model.scale.mean).detach().numpy()
    noise = fitted.Sigma.iloc[3, 3] ** 0.5
    for seed in range(tables):
        rng = np.random.default_rng(seed)
        y = middle + L[0] @ rng.standard_normal((len(r), 4)) @ L[1].T
        y[:, 3] += noise * rng.standard_normal(len(r))
        for t, law in enumerate(model.laws[:3]):
            y[:, t] = law.draw(y[:, t], visits.to_numpy(float), rng)
        y[~seen.observed.numpy()] = np.nan
        others.append(excess(TaskData(data.x, y, data.tasks, data.units), starts=1)[1])
    again = np.array(others)
    print("zeros, seen - expected:", dict(zip(data.tasks, found.round(1).tolist())))
    print(f"of {tables} drawn tables: mean {again.mean(0).round(2)}, sd {again.std(0).round(2)}")
    print("as many or more:", dict(zip(data.tasks, (again >= found).sum(0).tolist())))


@contextmanager
def prior_of_dispersion(weight: float) -> Iterator[None]:
    """Fits to which the prior of the log dispersion, N(log 0.1, 1), counts with another weight than 1."""
    usual = PackedObjective.evaluated

    def evaluated(self: PackedObjective, vectors: np.ndarray, slopes: bool) -> tuple[np.ndarray, np.ndarray]:
        value, slope = usual(self, vectors, slopes)
        at = int(self.is_free[: self.places["raw_dispersion"][0].start].sum())
        off = (1 - weight) * (vectors[:, at] - np.log(0.1))
        slope[:, at] += slopes * off
        return value + 0.5 * off * (vectors[:, at] - np.log(0.1)), slope

    PackedObjective.evaluated = evaluated  # type: ignore[method-assign]
    try:
        yield
    finally:
        PackedObjective.evaluated = usual  # type: ignore[method-assign]


def counted(seed: int, true: float) -> tuple[TaskData, np.ndarray]:
    """A reading and a negative binomial count of 60 rows, mean rate 5, two gaps of ten; and all counts."""
    kernel, rng = MaternKernel(nu=1.5), np.random.default_rng([seed, int(100 * true)])
    kernel.lengthscale = 8.0
    x, B = torch.arange(60.0), torch.tensor([[1, 0.8], [0.8, 1]])
    f, reading = simulate.draw_icm(x, kernel, B, 0.05 * torch.eye(2), seed=seed)
    rate = 5 * f.y[:, 1].double().exp().numpy()
    y = rng.poisson(rate * (rng.gamma(1 / true, true, 60) if true else 1.0)).astype(float)
    seen = y.copy()
    seen[np.r_[12:22, 36:46]] = np.nan
    return TaskData(x, torch.as_tensor(np.c_[reading.y[:, 0].double(), seen])), y


def priors(tables: int = 20) -> None:
    """Hidden counts where the log dispersion's prior has an sd of 1 (in use), of 2, and without it."""
    rows = []
    for seed, true in product(range(tables), (0, 0.05, 0.3, 1, 3)):
        data, y = counted(seed, true)
        gone = data.y[:, 1].isnan()
        if not data.y[:, 1].nansum():
            continue
        for prior, weight in (("in use", 1.0), ("sd 2", 0.25), ("none", 0.0)):
            with prior_of_dispersion(weight):
                one = fit(icm(data, likelihood={"task 2": NegativeBinomial()}, noise="per task"), starts=1)
            filled, hidden = impute(one), y[gone]
            assert isinstance(filled, CountPrediction)
            law = filled.law_of(1, gone)
            inside = (law.quantile(0.05) <= hidden) & (hidden <= law.quantile(0.95))
            found = {"CRPS": law.crps(hidden).mean(), "inside": inside.mean(), "fitted": one.model.laws[1].dispersion}
            rows.append({"seed": seed, "true": true, "prior": prior, **found})
    found = pd.DataFrame(rows).pivot(index=["true", "seed"], columns="prior")
    change, sums = found.CRPS.sub(found.CRPS["in use"], axis=0).groupby("true"), found.CRPS.groupby("true").sum()
    for words, table in {
        "fitted, median": found.fitted.groupby("true").median(),
        "CRPS, the sum over that in use": sums.div(sums["in use"], axis=0),
        "CRPS, mean change": change.mean(),
        "its standard error": change.sem(),
        "in the 90 % band": found.inside.groupby("true").mean(),
    }.items():
        print(words, table[["in use", "sd 2", "none"]].round(3), sep="\n")
    print("tables:", change.size().to_dict())


def gpflow(python: str = os.environ.get("GPFLOW_PYTHON", "")) -> None:
    """The bound of a count, a yes or no and a reading, beside that of GPflow's VGP, run by GPFLOW_PYTHON."""
    rng, x = np.random.default_rng(3), np.linspace(0, 10, 30)
    f = np.sin(x)
    y = np.column_stack([rng.poisson(np.exp(1 + f)), rng.uniform(size=30) < 1 / (1 + np.exp(-2 * f)), f]).astype(float)
    y[:, 2] += 0.3 * rng.normal(size=30)
    y[rng.uniform(size=y.shape) < 0.15] = np.nan
    data = TaskData(torch.as_tensor(x), torch.as_tensor(y))
    model = icm(data, likelihood={"task 1": "poisson", "task 2": "bernoulli"}, noise="per task").requires_grad_(False)
    model.kernel.data_covar_module.lengthscale = 1.7
    shared = model.kernel.coregional[0].task_covar_module
    shared.covar_factor.copy_(torch.tensor([[0.9], [1.4], [-0.7]]))
    shared.var = torch.tensor([0.1, 0.2, 0.05]).double()
    centres = model.scale.mean * torch.tensor([1.0, 1.0, 0.0])
    values = {"x": x, "y": model.data.y.clone(), "length": 1.7, "W": shared.covar_factor, "kappa": shared.var}
    values |= {"noise": model.Sigma()[2, 2], "means": model.means() + centres}
    values["y"][:, 2] = model.unit.y[:, 2]
    ours = float(model.log_likelihood())
    with TemporaryDirectory() as folder:
        np.savez(f"{folder}/table.npz", **{name: np.asarray(value) for name, value in values.items()})  # type: ignore[arg-type]
        script = [python, str(Path(__file__).with_name("counts_gpflow.py")), f"{folder}/table.npz"]
        theirs = float(subprocess.run(script, capture_output=True, text=True, check=True).stdout.split()[-1])
    print(f"bound: ours {ours:.9f}, GPflow's VGP {theirs:.9f}, difference {ours - theirs:.1e}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for part in (costs, long, mcmc, zeros, priors, gpflow):
        if part.__name__ in (sys.argv[1:] or [part.__name__]):
            part()
