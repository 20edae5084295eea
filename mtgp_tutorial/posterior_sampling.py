"""Fits at many parameters: draws from their posterior, so that bands know that the parameters were estimated.

Hamiltonian Monte Carlo from the optimum that `fit` found, in coordinates (`coordinates`) that its curvature scales,
several chains side by side. (Neal 2011 for the sampler; Vehtari et al. 2021 for R-hat and effective sizes.)
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from mtgp_tutorial import saving
from mtgp_tutorial.arguments import flags, generator, of_kind, probability, whole
from mtgp_tutorial.climbing import optimised
from mtgp_tutorial.covariance import correlation
from mtgp_tutorial.mixture import Mixture, mixture
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import OfRank
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.reparametrisation import Reparametrisation
from mtgp_tutorial.result import Fit, no_runs
from mtgp_tutorial.starts import takes_candidates

STEP, LONGEST, TURN = 0.3, 12, 1.6  # first step; most steps of a trajectory; its length, a quarter turn of a normal law
WANTED, FLATTEST = 0.8, 1.0  # share of accepted proposals; curvature below which a direction counts as flat
WARM, EVERY = 15, 3  # trajectories that set the step; of those that follow each so-manieth is kept
MIXED = 1.2  # R-hat above which the chains have not mixed


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorSamples:
    """Draws from the posterior of a model's parameters; `predict` and its like average over them.

    Attributes:
        fit (Fit): whose optimum the chains began at.
        vectors (array [D, P]): the draws of what is free in its model, chain after chain.
        chains (array [D]): the number of the chain.
        accepted (float): share of proposals.
        evaluations (int): of the density, warming included.

    >>> from mtgp_tutorial import fit, icm, predict, sample_posterior
    >>> from mtgp_tutorial import simulate
    >>> averaged = sample_posterior(fit(icm(simulate.two_sines(seed=1))))
    >>> averaged.vectors.shape[0], predict(averaged, [0.5]).tasks
    (80, ('sine', 'lagged sine'))
    """

    fit: Fit
    vectors: np.ndarray
    chains: np.ndarray
    accepted: float
    evaluations: int

    def __repr__(self) -> str:
        mixing = self.mixing
        lines = [f"PosteriorSamples: {len(self.vectors)} draws of {len(np.unique(self.chains))} chains"]
        lines.append(f"accepted: {100 * self.accepted:.0f} %, evaluations: {self.evaluations}")
        lines.append(f"largest R-hat: {mixing['R-hat'].max():.2f}, least effective size: {mixing['ESS'].min():.0f}")
        return "\n  ".join([*lines, repr(self.fit).replace("\n", "\n  ")])

    def save(self, path: str | Path) -> None:
        """Keep it in one file, as `Fit.save` does; `load` reads it back.

        Args:
            path (str or Path): by convention NAME.npz.
        """
        counts = np.array([self.accepted, self.evaluations])
        saving.save(self.fit, path, {"vectors": self.vectors, "runs": self.chains, "counts": counts})

    @classmethod
    def of_arrays(cls, fit: Fit, arrays: saving.Arrays) -> PosteriorSamples:
        """What `save` wrote.

        Args:
            fit (Fit): as it was read.
            arrays (dict): what the file holds.
        """
        accepted, evaluations = arrays["counts"].tolist()
        return cls(fit, arrays["vectors"], arrays["runs"], accepted, int(evaluations))

    def fits(self) -> Iterator[Fit]:
        """A Fit for each draw, in their order."""
        optimum, names = self.fit.model, _free_names(self.fit)
        for vector in torch.as_tensor(self.vectors):
            shared = {id(one): one for one in (optimum.data, optimum.unit, optimum.scale)}
            model = copy.deepcopy(optimum, shared)
            free = [model.get_parameter(name) for name in names]
            torch.nn.utils.vector_to_parameters(vector.to(optimum.data.x), free)
            yield Fit(model, True, math.nan, no_runs())

    def asked(self, question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What all draws answer together to a question to a fit.

        Args:
            question (function): `predict` and its like.
            *arguments (any): what it is asked besides.
            **named (any): the same, by name.
        """
        return TOGETHER[question.__name__](self, question, *arguments, **named)

    @property
    def draws(self) -> pd.DataFrame:
        """A row for each draw with its length-scales, task correlations, and standard deviations of signal and noise.

        Length-scales are in units of the inputs, standard deviations in data units.
        """
        return pd.DataFrame([_numbers(one) for one in self.fits()])

    @property
    def mixing(self) -> pd.DataFrame:
        """R-hat and the effective number of draws (ESS) of each column of `draws`, chains cut in two."""
        draws = self.draws
        found = {name: diagnosed(draws[name].to_numpy(), self.chains) for name in draws}
        return pd.DataFrame(found, ["R-hat", "ESS"]).T

    def intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Median, low and high of each column of `draws`; as many draws lie below low as above high.

        For a task correlation take `correlation_intervals`: of 90 % these held a true 0.9 in 49 to 72 tables of 100
        (study `averaged_intervals`).

        Args:
            level (float): the share of draws between low and high. Default: 0.95.
        """
        tail = (1 - probability(level, "level")) / 2
        return self.draws.quantile([0.5, tail, 1 - tail]).T.set_axis(["median", "low", "high"], axis=1)


def check_draws(draws: int, chains: int, seed: int) -> None:
    whole("chains", chains, 2, "how many chains to compare")
    whole("draws", draws, 4 * chains, "how many draws to keep, four of each chain or more")
    whole("seed", seed, 0, "the seed of all random numbers")


def sample_posterior(
    fit: Fit, *, draws: int = 80, chains: int = 4, seed: int = 0, progress: bool = False
) -> PosteriorSamples:
    """Draws from the posterior of the parameters of a fit, to average over: bands that know what was estimated.

    The posterior is that of the priors of the fit, of what was free in it; what was frozen keeps its value.

    Args:
        fit (Fit): with priors.
        draws (int): how many; draws // chains are kept of each chain. Default: 80.
        chains (int): so many, side by side, each from another place around the optimum. Default: 4.
        seed (int): of all random numbers. Default: 0.
        progress (bool): a bar, in terminals only. Default: False.
    Raises:
        ValueError: for a fit without priors (it has no posterior), for a sparse one (a bound is no density), for noise
            of rank r, and for kernels whose parameters `fit` does not see as one vector.
    Warns:
        UserWarning: where the chains have not mixed.

    >>> from mtgp_tutorial import fit, icm, sample_posterior, simulate
    >>> averaged = sample_posterior(fit(icm(simulate.two_sines(seed=1))))
    >>> ends = averaged.intervals()
    >>> bool((ends["low"] < ends["high"]).all())
    True
    """
    check_draws(draws, chains, seed)
    flags(progress=progress)
    kept, rng = draws // chains, np.random.default_rng(seed)
    model = _freed(fit)
    target = Target(model)
    with tqdm(total=WARM + EVERY * kept, unit=" steps", disable=None if progress else True) as bar:
        found = _sampled(target, target.coordinates.coordinates(), chains, kept, rng, bar)
    averaged = PosteriorSamples(fit, *found, target.evaluations)
    mixing = averaged.mixing["R-hat"]
    if not mixing.max() < MIXED:
        warnings.warn(
            f"sample_posterior: the chains have not mixed (R-hat {mixing.max():.2f} of {mixing.idxmax()}); ask for "
            "more draws",
            stacklevel=2,
        )
    return averaged


def _freed(fit: Fit) -> Model:
    """A copy of the fitted model in which is free what was free. ValueError where there is no posterior of it."""
    of_kind("fit", fit, Fit, "what fit(model) returned")
    fit.model.normal_alone("sample_posterior")
    if not fit.priors:
        raise ValueError("fit: has no priors, so its parameters have no posterior; fit with priors=True")
    if fit.model.bounded:
        raise ValueError("fit: is of a sparse model, whose bound is no density; average an exact one on fewer rows")
    model = copy.deepcopy(fit.model)
    if isinstance(model.kind, OfRank):
        raise ValueError(
            f"fit: has noise={model.noise!r}, whose L has no law of its own here; average one of full noise"
        )
    if not takes_candidates(model):
        raise ValueError(
            "fit: has a sum of kernels, a kernel of your own or a bound on one, which are not sampled; average a model "
            "with an RBFKernel, MaternKernel or RQKernel without bounds"
        )
    free = set(_free_names(fit))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in free)
    if not free:
        raise ValueError("fit: all its parameters are frozen; pass what fit(model) returned")
    return model


def _free_names(fit: Fit) -> list[str]:
    """What was free; where that is not known, all but the floor and what is exactly 0."""
    frozen = fit.frozen
    if frozen is None:
        infinite = [name for name, p in fit.model.named_parameters() if not bool(p.isfinite().all())]
        frozen = (*fit.model.kind.fixed, *infinite)
    return [name for name, _ in fit.model.named_parameters() if name not in frozen]


class Target:
    """The log density of what is free, as a function of coordinates [N, K] or one [K]; counts its evaluations."""

    def __init__(self, model: Model):
        self.objective, self.coordinates, self.evaluations = Objective(model, True), Reparametrisation(model), 0
        self.free = [("coordinates", int(self.coordinates.used.sum()))]

    def many(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values [N], minus infinity where there is none, and slopes [N, K]."""
        self.evaluations += len(z)
        with torch.enable_grad():
            x = torch.as_tensor(z).requires_grad_(True)
            vectors, more = self.coordinates.placed(x)
            values, slopes = self.objective.many(vectors.detach().numpy())
            with np.errstate(invalid="ignore"):  # where there is no value
                values = values + more.detach().numpy()
            sums = (vectors * torch.as_tensor(slopes)).sum() + more.sum()
            (gradient,) = torch.autograd.grad(sums, x)
        slopes = gradient.numpy()
        good = np.isfinite(values) & np.isfinite(slopes).all(1)
        return np.where(good, values, -np.inf), np.where(good[:, None], slopes, 0.0)

    def __call__(self, z: np.ndarray) -> tuple[float, np.ndarray]:
        """Minus value and slope, as a minimiser wants them."""
        value, slope = self.many(z[None])
        return -float(value[0]), -slope[0]

    def vectors(self, z: np.ndarray) -> np.ndarray:
        """What the model stores [N, P], of coordinates [N, K]."""
        return self.coordinates.placed(torch.as_tensor(z))[0].numpy()

    def curvature(self, optimum: np.ndarray, step: float = 1e-3) -> np.ndarray:
        """Minus the second derivatives [K, K], by differences of slopes."""
        moved = step * np.eye(len(optimum))
        slopes = self.many(np.concatenate([optimum + moved, optimum - moved]))[1]
        H = (slopes[len(optimum) :] - slopes[: len(optimum)]) / (2 * step)
        return (H + H.T) / 2


def _sampled(
    target: Target, start: np.ndarray, chains: int, kept: int, rng: np.random.Generator, bar: tqdm
) -> tuple[np.ndarray, np.ndarray, float]:
    """Draws [chains * kept, P], chain after chain, the chain of each, and the share of accepted proposals."""
    with tqdm(disable=True) as silent:
        optimum = optimised(target, [start], 200, silent)[0].vector
    values, V = np.linalg.eigh(target.curvature(optimum))
    walk = Walk(target, optimum, V / np.sqrt(np.clip(values, FLATTEST, None)), chains, rng)
    for k in range(WARM):
        walk.tune(walk.move(), k)
        bar.update()
    found, accepted = [], []
    for k in range(EVERY * kept):
        accepted.append(walk.move().mean())
        bar.update()
        if k % EVERY == EVERY - 1:
            found.append(walk.here())
    z = np.stack(found, 1)  # [chains, kept, K]
    return target.vectors(z.reshape(-1, z.shape[2])), np.repeat(np.arange(chains), kept), float(np.mean(accepted))


class Walk:
    """Chains of Hamiltonian Monte Carlo side by side, at optimum + scale z with z [chains, K]."""

    def __init__(self, target: Target, optimum: np.ndarray, scale: np.ndarray, chains: int, rng: np.random.Generator):
        self.target, self.optimum, self.scale, self.rng, self.step = target, optimum, scale, rng, STEP
        self.z = rng.normal(size=(chains, len(optimum)))
        self.value, self.slope = self.at(self.z)
        while not np.isfinite(self.value).all():  # too far out: half way back
            self.z = np.where(np.isfinite(self.value)[:, None], self.z, self.z / 2)
            self.value, self.slope = self.at(self.z)

    def at(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values [chains] at z, and slopes in z."""
        values, slopes = self.target.many(self.optimum + z @ self.scale.T)
        return values, slopes @ self.scale

    def here(self) -> np.ndarray:
        """The coordinates [chains, K]."""
        return self.optimum + self.z @ self.scale.T

    def move(self) -> np.ndarray:
        """One trajectory of each chain; returns their probabilities of acceptance [chains]."""
        size = self.step * self.rng.uniform(0.8, 1.2, (len(self.z), 1))
        momentum = self.rng.normal(size=self.z.shape)
        z, value, slope = self.z, self.value, self.slope
        energy = value - 0.5 * (momentum**2).sum(1)
        for _ in range(int(np.clip(round(TURN / self.step), 1, LONGEST))):
            momentum = momentum + 0.5 * size * slope
            z = z + size * momentum
            value, slope = self.at(z)
            momentum = momentum + 0.5 * size * slope
        with np.errstate(invalid="ignore", over="ignore"):
            chance = np.exp(np.minimum(0.0, value - 0.5 * (momentum**2).sum(1) - energy))
        taken = self.rng.uniform(size=len(z)) < chance
        self.z = np.where(taken[:, None], z, self.z)
        self.value, self.slope = np.where(taken, value, self.value), np.where(taken[:, None], slope, self.slope)
        return chance

    def tune(self, chance: np.ndarray, k: int) -> None:
        """Longer steps where more than WANTED is accepted, shorter ones where less."""
        self.step *= math.exp((chance.mean() - WANTED) / (1 + k) ** 0.5)


def diagnosed(values: np.ndarray, chains: np.ndarray) -> tuple[float, float]:
    """Split R-hat and the effective number of draws [D] of several chains, each cut in two. (Vehtari et al. 2021)"""
    each = [values[chains == chain] for chain in np.unique(chains)]
    half = len(each[0]) // 2
    x = np.array([part for draws in each for part in (draws[:half], draws[-half:])])
    n, within = x.shape[1], float(x.var(1, ddof=1).mean())
    if within == 0:
        return math.nan, math.nan  # a frozen number
    total = (n - 1) / n * within + float(x.mean(1).var(ddof=1))
    off = x - x.mean(1, keepdims=True)
    shared = np.array([(off[:, : n - lag] * off[:, lag:]).sum(1).mean() / n for lag in range(n)])
    rho = 1 - (within * (n - 1) / n - shared) / total
    pairs = rho[: 2 * (n // 2)].reshape(-1, 2).sum(1)
    pairs = np.minimum.accumulate(pairs[: next((k for k, pair in enumerate(pairs) if pair < 0), len(pairs))])
    return math.sqrt(total / within), min(x.size / max(2 * pairs.sum() - 1, 1e-9), float(x.size))


def _numbers(fit: Fit) -> dict[str, float]:
    """What `PosteriorSamples.draws` shows of one draw."""
    data, sd = fit.model.data, fit.model.scale.sd
    found = {f"length-scale {k + 1}": value for k, value in enumerate(fit.length_scales)}
    B, Sigma = fit.model.B(), fit.model.Sigma()
    for what, M in (("signal", B), ("noise", Sigma)):
        each = (M.diagonal().clamp_min(0).sqrt() * sd).tolist()
        found |= {f"{what} of {task}": value for task, value in zip(data.tasks, each)}
        R = correlation(M) if bool((M.diagonal() > 0).all()) else torch.eye(len(M))
        for s, t in combinations(range(len(R)), 2):
            if float(M[s, t]) != 0:
                found[f"{what} of {data.tasks[s]} and {data.tasks[t]}"] = float(R[s, t])
    return found


def _mixed(averaged: PosteriorSamples, question: Callable[..., Prediction], *arguments: Any, **named: Any) -> Mixture:
    """`predict`, `impute` and `leave_out`."""
    return mixture([question(one, *arguments, **named) for one in averaged.fits()])


def _mixed_parts(averaged: PosteriorSamples, parts: Callable[..., Sequence[Prediction]], x: Any) -> list[Mixture]:
    return [mixture(each) for each in zip(*(parts(one, x) for one in averaged.fits()))]


def _mixed_functions(averaged: PosteriorSamples, latent_functions: Callable[..., Prediction], x: Any) -> Mixture:
    return mixture([_turned(latent_functions(one, x), one, averaged.fit) for one in averaged.fits()])


def _turned(u: Prediction, one: Fit, optimum: Fit) -> Prediction:
    """The latent functions of a draw with signs that are nearer to those of the optimum."""
    Ws, others = ([part.task_covar_module.covar_factor for part in of.model.kernel.coregional] for of in (one, optimum))
    if any(W.shape[1] > 1 for W in Ws):
        raise ValueError("fit: is averaged, and columns of a W of several turn from draw to draw; take rank 1")
    sign = torch.stack([torch.where((W * other).sum() < 0, -1.0, 1.0).to(W) for W, other in zip(Ws, others)])
    return replace(u, mean=u.mean * sign)


def _shared(
    averaged: PosteriorSamples, sample: Callable[..., Tensor], x: Any, num_samples: int, *, seed: int, **named: Any
) -> Tensor:
    """`sample` of an averaged fit: as many of each draw of the parameters, but for one, in random order.

    Which draws give one more is drawn too: those that follow each other are alike.
    """
    num_samples = whole("num_samples", num_samples, 0, "how many draws to make")
    own, D = generator(seed), len(averaged.vectors)
    shares = [len(range(place, num_samples, D)) for place in torch.randperm(D, generator=own).tolist()]
    each = zip(averaged.fits(), shares, torch.randint(2**31, (D,), generator=own).tolist())
    found = [sample(one, x, n, seed=its, **named) for one, n, its in each if n or not num_samples]
    return torch.cat(found)[torch.randperm(num_samples, generator=own)]


TOGETHER: dict[str, Callable[..., Any]] = {  # by the name of the question
    **dict.fromkeys(("predict", "impute", "leave_out"), _mixed),
    "sample": _shared,
    "parts": _mixed_parts,
    "latent_functions": _mixed_functions,
}
