"""Likelihoods: what a cell says of the latent function of its task. A normal reading, a count, or yes or no.

The latent g of a cell is f (and, where asked, a noise of its own on top). The *size* of a cell is its exposure, by
which a rate is multiplied. `expected` is what the sites ask (`sites`): E log p(y | g) for g normal, and its slopes;
closed for a Poisson, else by Gauss and Hermite. `CellLaw` integrates g out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.polynomial.hermite_e import hermegauss
from scipy import special
from torch import Tensor
from torch.nn.functional import logsigmoid

NODES, WEIGHTS = (torch.as_tensor(each) for each in hermegauss(20))
WEIGHTS, LOG_2PI = WEIGHTS / WEIGHTS.sum(), np.log(2 * np.pi)
MOST = 1e8  # of a count: doubles cannot tell the bound of larger ones from its next step
Expected = tuple[Tensor, Tensor, Tensor]  # E log p(y | g) of cells, its slope by the mean of g, and by its variance
Array = np.ndarray


def expectation(of: Callable[[Tensor], Tensor], mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """E h(g) [n] of g ~ N(mean, variance) by 20 points, and E h(g) z with z the standardised g; of: h, on [n, 20]."""
    z = NODES.to(mean)
    values = of(mean[:, None] + variance.sqrt()[:, None] * z)
    return values @ WEIGHTS.to(mean), (values * z) @ WEIGHTS.to(mean)


@dataclass(frozen=True, eq=False, kw_only=True)
class Likelihood:
    """The law of a cell given its latent g; all arrays are of n cells. A subclass says what is its own."""

    overdispersed: bool = False  # whether each cell has a normal noise of its own on g
    word: ClassVar[str] = ""  # its name, as text
    latent: ClassVar[str] = ""  # what g is, for labels
    exposed: ClassVar[bool] = False  # whether its cells have exposures
    values: ClassVar[str] = "a count is a whole number from 0 to 1e8"
    read: ClassVar[bool] = False  # whether a cell is a normal reading, with no need of a site
    exposure = None  # of the rows of the table
    dispersion = 0.0  # of a negative binomial
    start: ClassVar[Any]  # (y, size): target and variance of the site from which the steps begin
    log_density: ClassVar[Any]  # (y, g, size): log p(y | g), of g [n] or [n, k] with y and size [n, 1]
    slope: ClassVar[Any]  # (y, g, size): its derivative by g, which never rises
    moments: ClassVar[Any]  # (mean, variance, size): mean and variance of y, of g ~ N(mean, variance)
    below: ClassVar[Any]  # (k, g, size), arrays of numpy: P(y <= k | g) for whole k from 0 on
    threshold: ClassVar[Any]  # (k, size): mean and variance of the L with P(y <= k | g) = P(L > g)
    draw: ClassVar[Any]  # (g, size, rng): y, one for each g

    def faults(self, y: Tensor) -> Tensor:
        """Which values [n] it cannot have."""
        return (y < 0) | (y % 1 != 0) | (y > MOST)

    def expected(self, y: Tensor, mean: Tensor, variance: Tensor, size: Tensor) -> Expected:
        """E log p(y | g) of g ~ N(mean, variance), and its slopes: those of the 20 points, to the last digit."""
        y, size = y[:, None], size[:, None]
        value, _ = expectation(lambda g: self.log_density(y, g, size), mean, variance)
        by_mean, tilted = expectation(lambda g: self.slope(y, g, size), mean, variance)
        return value, by_mean, tilted / (2 * variance.sqrt())


class Normal(Likelihood):
    """A normal reading, the likelihood of every task that is told none: its noise is the model's Sigma."""

    word, read = "normal", True


@dataclass(frozen=True, eq=False, kw_only=True)
class Poisson(Likelihood):
    """A count with the rate exposure * exp(g), in the model of a task's latent g.

    With `overdispersed=True` each cell has a normal noise of its own on g, whose variance is fitted (noise="per task").

    Args:
        exposure (array [N]): of each row of the table, above 0, such as a volume or an effort. Default: 1.

    >>> from mtgp_tutorial import Poisson, TaskData, fit, icm, predict
    >>> y = [[0.2, 3], [0.5, 7], [0.9, 15], [None, 11], [0.3, 4]]
    >>> data = TaskData(range(5), y, tasks=["temperature", "eggs"])
    >>> eggs = Poisson(exposure=[1, 1, 2, 2, 1])
    >>> fitted = fit(icm(data, likelihood={"eggs": eggs}), starts=1)
    >>> low, high = predict(fitted, [1.5]).band(0.9)
    >>> low[0, 1].item() % 1, high[0, 1].item() % 1  # whole numbers
    (0.0, 0.0)
    """

    exposure: Any = None
    word, latent, exposed = "poisson", "log rate", True

    def start(self, y: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        return ((y + 0.5) / size).log(), 1 / (y + 0.5) + self.dispersion

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y * (g + size.log()) - size * g.exp() - torch.lgamma(y + 1)

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y - size * g.exp()

    def expected(self, y: Tensor, mean: Tensor, variance: Tensor, size: Tensor) -> Expected:
        rate = size * (mean + variance / 2).exp()
        return y * (mean + size.log()) - rate - torch.lgamma(y + 1), y - rate, -rate / 2

    def moments(self, mean: Tensor, variance: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        rate = size * (mean + variance / 2).exp()
        return rate, rate + rate**2 * (variance.expm1() + self.dispersion * variance.exp())

    def below(self, k: Array, g: Array, size: Array) -> Array:
        return special.gammaincc(k + 1, size * np.exp(g))

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        rate = size * np.exp(g)
        wide = rate > 1e15  # numpy ends at 9e18, and a normal law differs by less than doubles can tell
        drawn = rng.poisson(np.where(wide, 0.0, rate)).astype(float)
        return np.where(wide, np.round(rate * (1 + rng.normal(size=g.shape) / np.sqrt(np.maximum(rate, 1)))), drawn)

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        return special.digamma(k + 1) - np.log(size), special.polygamma(1, k + 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class NegativeBinomial(Poisson):
    """A count with the mean m = exposure * exp(g) and the variance m + dispersion * m^2; the dispersion is fitted.

    It takes an exposure as `Poisson` does.

    Args:
        dispersion (float): where its fit starts, above 0 and at most 100. Default: 0.1.

    >>> from mtgp_tutorial import NegativeBinomial, TaskData, icm
    >>> data = TaskData(range(3), [[3], [7], [25]], tasks=["eggs"])
    >>> model = icm(data, likelihood={"eggs": NegativeBinomial()})
    >>> round(model.laws[0].dispersion, 3)  # of a fitted model: as fitted
    0.1
    """

    dispersion: Any = 0.1
    word = "negative binomial"

    def expected(self, y: Tensor, mean: Tensor, variance: Tensor, size: Tensor) -> Expected:
        return Likelihood.expected(self, y, mean, variance, size)  # by points: Poisson's closed form is not ours

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        r, t = 1 / self.dispersion, self.log_odds(g, size)
        ways = torch.lgamma(y + r) - math.lgamma(r) - torch.lgamma(y + 1)
        return ways + y * t + (y + r) * logsigmoid(-t)

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y - (y + 1 / self.dispersion) * self.log_odds(g, size).sigmoid()

    def log_odds(self, g: Tensor, size: Tensor) -> Tensor:
        # as of y successes before 1 / dispersion failures
        return g + (size * self.dispersion).log()

    def by_dispersion(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        # the derivative of the log density by the logarithm of the dispersion
        r = 1 / self.dispersion
        of_r = torch.digamma(y + r) - special.digamma(r) + logsigmoid(-self.log_odds(g, size))
        return self.slope(y, g, size) - r * of_r

    def below(self, k: Array, g: Array, size: Array) -> Array:
        return special.betainc(1 / self.dispersion, k + 1, special.expit(-g - np.log(size * self.dispersion)))

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        r = 1 / self.dispersion
        return super().draw(g, size * rng.gamma(r, 1 / r, g.shape), rng)

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        middle, sharp = super().threshold(k, size * self.dispersion)
        return middle - special.digamma(1 / self.dispersion), sharp + special.polygamma(1, 1 / self.dispersion)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bernoulli(Likelihood):
    """Yes (1) or no (0), of the probability 1 / (1 + exp(-g)).

    >>> from mtgp_tutorial import Bernoulli, TaskData, fit, icm, predict
    >>> y = [[0], [1], [1], [1], [0]]
    >>> data = TaskData(range(5), y, tasks=["ill"])
    >>> fitted = fit(icm(data, likelihood={"ill": Bernoulli()}), starts=1)
    >>> bool(0 < predict(fitted, [1.5]).probability(above=0) < 1)
    True
    """

    word, latent, values = "bernoulli", "log odds", "yes is 1 and no is 0"

    def faults(self, y: Tensor) -> Tensor:
        return (y != 0) & (y != 1)

    def start(self, y: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        share = (y + 0.5) / (size + 1)
        return share.logit(), 1 / (share * (1 - share))

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return logsigmoid((2 * y - 1) * g)

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y - g.sigmoid()

    def moments(self, mean: Tensor, variance: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        share, _ = expectation(torch.sigmoid, mean, variance)
        return share, share * (1 - share)

    def below(self, k: Array, g: Array, size: Array) -> Array:
        return np.where(k < 1, special.expit(-g), 1.0)

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        return (rng.uniform(size=g.shape) < special.expit(g)).astype(float)

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        return np.where(k < 1, 0.0, np.inf), np.full_like(k, np.pi**2 / 3)


KINDS = {kind.word: kind for kind in (Normal, Poisson, NegativeBinomial, Bernoulli)}


def check_values(name: str, task: str, law: Likelihood, y: Tensor, advice: str = "") -> None:
    """Raise ValueError, under this name and with this advice, for values [N] that the task cannot have."""
    if not law.read and bool((wrong := ~y.isnan() & law.faults(y)).any()):
        row = int(wrong.nonzero()[0])
        raise ValueError(
            f"{name}: task {task!r} has {y[row]:g} at row {row}, {int(wrong.sum())} such in all, and {law.values}; "
            f"mend them{advice}"
        )


class CellLaw:
    """The law of whole-numbered y [n] of cells whose g is N(mean, variance): g is integrated out, in numpy.

    By a grid over g; where y passes k more sharply than the grid would see, g and the threshold are added up as normal.
    """

    STEPS, WIDE = np.linspace(-10.0, 10.0, 201), 100.0
    WEIGHTS = np.exp(-0.5 * STEPS**2) / np.exp(-0.5 * STEPS**2).sum()

    def __init__(self, law: Likelihood, mean: Array, variance: Array, size: Array):
        self.law, self.mean, self.variance, self.size = law, mean, variance, size

    def cdf(self, k: Array) -> Array:
        """P(y <= k) [n]."""
        whole = np.maximum(np.floor(k), 0.0)
        g = self.mean[:, None] + np.sqrt(self.variance)[:, None] * self.STEPS
        found = self.law.below(whole[:, None], g, self.size[:, None]) @ self.WEIGHTS
        middle, sharp = self.law.threshold(whole, self.size)
        as_normal = special.ndtr((middle - self.mean) / np.sqrt(self.variance + sharp))
        found = np.where(self.variance > self.WIDE * sharp, as_normal, found)
        return np.where(k < 0, 0.0, np.where(np.isnan(k), np.nan, np.minimum(found, 1.0)))

    def quantile(self, level: float) -> Array:
        """The smallest k with P(y <= k) of at least `level`, [n]."""
        low, high = np.full_like(self.mean, -1.0), np.ones_like(self.mean)
        while (short := self.cdf(high) < level).any():
            low, high = np.where(short, high, low), np.where(short, 2 * high, high)
        while (high - low > np.maximum(1.0, 1e-12 * high)).any():  # beyond 2^53 doubles skip whole numbers
            middle = np.floor((low + high) / 2)
            enough = self.cdf(middle) >= level
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(np.isnan(self.mean), np.nan, high)

    def residuals(self, y: Array, seed: int) -> Array:
        """Normal quantiles of the randomised cdf [n]: N(0, 1) where the law is right. (Dunn and Smyth 1996)"""
        low, high = self.cdf(y - 1), self.cdf(y)
        inside = low + np.random.default_rng(seed).uniform(size=len(y)) * (high - low)
        return special.ndtri(np.clip(inside, 1e-300, 1 - 1e-16))

    def log_density(self, y: Array) -> Array:
        """log P(y) [n], by a grid around the highest place of p(y | g) N(g)."""
        sd, (counts, sizes) = np.sqrt(self.variance), (torch.as_tensor(each)[:, None] for each in (y, self.size))

        def falls(g: Array) -> Array:
            slope = self.law.slope(counts, torch.as_tensor(g)[:, None], sizes)[:, 0].numpy()
            return slope - (g - self.mean) / self.variance

        low, high = np.sort([self.mean, self.mean + self.variance * falls(self.mean)], axis=0)
        for _ in range(100):
            middle = (low + high) / 2
            rises = falls(middle) > 0
            low, high = np.where(rises, middle, low), np.where(rises, high, middle)
        step = 1e-4 * sd
        width = np.sqrt(2 * step / np.maximum(falls(low - step) - falls(low + step), 1e-300))
        g = low[:, None] + width[:, None] * self.STEPS
        each = self.law.log_density(counts, torch.as_tensor(g), sizes).numpy()
        each -= 0.5 * ((g - self.mean[:, None]) / sd[:, None]) ** 2
        return special.logsumexp(each, 1) + np.log((self.STEPS[1] - self.STEPS[0]) * width / sd) - LOG_2PI / 2

    def crps(self, y: Array) -> Array:
        """Sum over k of (P(y' <= k) - [y <= k])^2, [n]; of yes or no the Brier score.

        Near the median every k counts; further off steps grow, and the cdf is taken for a line between them.
        """
        middle = self.quantile(0.5)
        low, high = np.minimum(self.quantile(1e-6), y), np.maximum(self.quantile(1 - 1e-6), y) + 1
        far = max(20.0, float(np.maximum(high - middle, middle - low).max()))
        steps = np.unique(np.r_[0:20, np.ceil(np.geomspace(20, far, 2 + int(20 * np.log(far / 20))))])[:, None]
        k = np.sort(np.clip(np.vstack([middle - steps, middle + steps, [y, low, high]]), low, high), axis=0)
        cdf, many, total = self.cdf(k[0]), np.diff(k, axis=0), np.zeros_like(y)
        for here, there, m in zip(k, k[1:], many):
            after = self.cdf(there)
            off, rise = cdf - (here >= y), after - cdf
            total += m * off**2 + (m - 1) * rise * (off + rise * (2 * m - 1) / (6 * np.maximum(m, 1))) * (m > 0)
            cdf = after
        return total
