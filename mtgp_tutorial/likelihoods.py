"""Likelihoods: what a cell says of the latent function of its task. A normal reading, a count, or yes or no.

The latent g of a cell is f (and, where asked, a noise of its own on top). A *size* belongs to each cell: an exposure,
by which a rate is multiplied, or a number of trials. `expected` is what the sites ask (`sites`): E log p(y | g) for g
normal, and its slopes; closed for a Poisson, else by Gauss and Hermite. `CellLaw` integrates g out.
"""

from __future__ import annotations

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
WEIGHTS = WEIGHTS / WEIGHTS.sum()
Expected = tuple[Tensor, Tensor, Tensor]  # E log p(y | g) of cells, its slope by the mean of g, and by its variance
Array = np.ndarray


def expectation(of: Callable[[Tensor], Tensor], mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """E h(g) [n] of g ~ N(mean, variance) by 20 points, and E h(g) z with z the standardised g; of: h, on [n, 20]."""
    z = NODES.to(mean)
    values = of(mean[:, None] + variance.sqrt()[:, None] * z)
    return values @ WEIGHTS.to(mean), (values * z) @ WEIGHTS.to(mean)


@dataclass(frozen=True, eq=False, kw_only=True)
class Likelihood:
    """The law of a cell given its latent g; all arrays are of n cells. A subclass says what is its own.

    Attributes:
        overdispersed (bool): whether each cell has a normal noise of its own on g, whose variance is fitted (with
            noise="per task"). Default: False.
    """

    overdispersed: bool = False
    word: ClassVar[str] = ""  # its name, as text
    latent: ClassVar[str] = ""  # what g is, for labels
    sized: ClassVar[str] = ""  # the argument that gives each cell a size
    values: ClassVar[str] = "a count is a whole number from 0 on"
    read: ClassVar[bool] = False  # whether a cell is a normal reading, with no need of a site
    dispersed: ClassVar[bool] = False  # whether it has a dispersion, which is fitted
    dispersion: ClassVar[Any] = 0.0

    @property
    def size(self) -> Any:
        """Of each cell, as it was given; None where all are 1."""
        return getattr(self, self.sized) if self.sized else None

    def faults(self, y: Tensor, size: Tensor) -> Tensor:
        """Which values [n] it cannot have."""
        return (y < 0) | (y % 1 != 0)

    def start(self, y: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Target and variance of the site from which the steps begin."""
        raise NotImplementedError

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        """log p(y | g), of g [n] or [n, k] with y and size [n, 1]."""
        raise NotImplementedError

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        """Its derivative by g, which never rises."""
        raise NotImplementedError

    def by_dispersion(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        """Its derivative by the logarithm of the dispersion."""
        raise NotImplementedError

    def expected(self, y: Tensor, mean: Tensor, variance: Tensor, size: Tensor) -> Expected:
        """E log p(y | g) of g ~ N(mean, variance), and its slopes: those of the 20 points, to the last digit."""
        y, size = y[:, None], size[:, None]
        value, _ = expectation(lambda g: self.log_density(y, g, size), mean, variance)
        by_mean, tilted = expectation(lambda g: self.slope(y, g, size), mean, variance)
        return value, by_mean, tilted / (2 * variance.sqrt())

    def moments(self, mean: Tensor, variance: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of y, of g ~ N(mean, variance)."""
        raise NotImplementedError

    def below(self, k: Array, g: Array, size: Array) -> Array:
        """P(y <= k | g) for whole k from 0 on."""
        raise NotImplementedError

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        """Mean and variance of the L with P(y <= k | g) = P(L > g): where, and how sharply, y passes k."""
        raise NotImplementedError

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        """y, one for each g."""
        raise NotImplementedError


class Normal(Likelihood):
    """A normal reading, the likelihood of every task that is told none: its noise is the model's Sigma."""

    word, read = "normal", True


@dataclass(frozen=True, eq=False, kw_only=True)
class Poisson(Likelihood):
    """A count with the rate exposure * exp(g), in the model of a task's latent g.

    Args:
        exposure (array [N]): of each row of the table, above 0, such as a volume or an effort. Default: 1.
        overdispersed (bool): a normal noise on the log rate of each cell, with a fitted variance. Default: False.

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
    word, latent, sized = "poisson", "log rate", "exposure"

    def start(self, y: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        return ((y + 0.5) / size).log(), 1 / (y + 0.5)

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y * (g + size.log()) - size * g.exp() - torch.lgamma(y + 1)

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y - size * g.exp()

    def expected(self, y: Tensor, mean: Tensor, variance: Tensor, size: Tensor) -> Expected:
        rate = size * (mean + variance / 2).exp()
        return y * (mean + size.log()) - rate - torch.lgamma(y + 1), y - rate, -rate / 2

    def moments(self, mean: Tensor, variance: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        rate = size * (mean + variance / 2).exp()
        return rate, rate + rate**2 * variance.expm1()

    def below(self, k: Array, g: Array, size: Array) -> Array:
        return special.gammaincc(k + 1, size * np.exp(g))

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        return special.digamma(k + 1) - np.log(size), special.polygamma(1, k + 1)

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        return rng.poisson(size * np.exp(g)).astype(float)


@dataclass(frozen=True, eq=False, kw_only=True)
class NegativeBinomial(Poisson):
    """A count with the mean m = exposure * exp(g) and the variance m + dispersion * m^2; the dispersion is fitted.

    Args:
        exposure (array [N]): as of `Poisson`. Default: 1.
        dispersion (float): where its fit starts. Default: 0.1.

    >>> from mtgp_tutorial import NegativeBinomial, TaskData, fit, icm
    >>> y = [[0.2, 3], [0.5, 7], [0.9, 25], [None, 2], [0.3, 4]]
    >>> data = TaskData(range(5), y, tasks=["temperature", "eggs"])
    >>> likelihood = {"eggs": NegativeBinomial()}
    >>> fitted = fit(icm(data, likelihood=likelihood), starts=1)
    >>> bool(fitted.model.dispersions()[1] > 0)
    True
    """

    dispersion: Any = 0.1  # type: ignore[misc]
    word, dispersed = "negative binomial", True

    def start(self, y: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        target, variance = super().start(y, size)
        return target, variance + self.dispersion

    def _logit(self, g: Tensor, size: Tensor) -> Tensor:
        return g + size.log() + np.log(self.dispersion)  # of a success among the y + 1 / dispersion trials

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        r, t = 1 / self.dispersion, self._logit(g, size)
        return _log_choices(y, r) + y * t + (y + r) * logsigmoid(-t)

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y - (y + 1 / self.dispersion) * self._logit(g, size).sigmoid()

    def by_dispersion(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        r, t = 1 / self.dispersion, self._logit(g, size)
        of_r = torch.digamma(y + r) - torch.digamma(torch.full_like(y, r)) + logsigmoid(-t)
        return self.slope(y, g, size) - r * of_r

    def expected(self, y: Tensor, mean: Tensor, variance: Tensor, size: Tensor) -> Expected:
        return Likelihood.expected(self, y, mean, variance, size)

    def moments(self, mean: Tensor, variance: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        rate, spread = super().moments(mean, variance, size)
        return rate, spread + self.dispersion * rate**2 * variance.exp()

    def below(self, k: Array, g: Array, size: Array) -> Array:
        return special.betainc(1 / self.dispersion, k + 1, 1 / (1 + self.dispersion * size * np.exp(g)))

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        (mean, variance), r = super().threshold(k, size), 1 / self.dispersion
        return mean + np.log(r) - special.digamma(r), variance + special.polygamma(1, r)

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        r = 1 / self.dispersion
        return rng.poisson(size * np.exp(g) * rng.gamma(r, 1 / r, g.shape)).astype(float)


@dataclass(frozen=True, eq=False, kw_only=True)
class Binomial(Likelihood):
    """Successes among so many trials, of the probability 1 / (1 + exp(-g)).

    Args:
        trials (array [N]): of each row of the table, whole numbers from 1 on.
        overdispersed (bool): a normal noise on the log odds of each cell, with a fitted variance. Default: False.

    >>> from mtgp_tutorial import Binomial, TaskData, icm
    >>> y = [[0.2, 3], [0.5, 7], [0.9, 8]]
    >>> data = TaskData(range(3), y, tasks=["dose", "died"])
    >>> model = icm(data, likelihood={"died": Binomial(trials=[9, 9, 8])})
    >>> model.laws[1].word
    'binomial'
    """

    trials: Any = 1
    word, latent, sized = "binomial", "log odds", "trials"
    values = "successes are whole numbers from 0 to the trials"

    def faults(self, y: Tensor, size: Tensor) -> Tensor:
        return super().faults(y, size) | (y > size)

    def start(self, y: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        share = (y + 0.5) / (size + 1)
        return share.logit(), 1 / (size * share * (1 - share))

    def log_density(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return _log_choices(y, size - y + 1) + y * g + size * logsigmoid(-g)

    def slope(self, y: Tensor, g: Tensor, size: Tensor) -> Tensor:
        return y - size * g.sigmoid()

    def moments(self, mean: Tensor, variance: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        share, square = (expectation(lambda g: g.sigmoid() ** k, mean, variance)[0] for k in (1, 2))  # noqa: B023
        return size * share, size * (share - square) + size**2 * (square - share**2)

    def below(self, k: Array, g: Array, size: Array) -> Array:
        left = np.maximum(size - k, 1e-300)  # 0 left: all are at most k
        return np.where(size > k, special.betainc(left, k + 1, special.expit(-g)), 1.0)

    def threshold(self, k: Array, size: Array) -> tuple[Array, Array]:
        left = np.maximum(size - k, 1e-3)
        return special.digamma(k + 1) - special.digamma(left), special.polygamma(1, k + 1) + special.polygamma(1, left)

    def draw(self, g: Array, size: Array, rng: np.random.Generator) -> Array:
        return rng.binomial(size.astype(int), special.expit(g)).astype(float)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bernoulli(Binomial):
    """Yes (1) or no (0), of the probability 1 / (1 + exp(-g)): one trial.

    Args:
        overdispersed (bool): as of `Binomial`. (Of one trial alone it cannot be told from the latent function.)

    >>> from mtgp_tutorial import Bernoulli, TaskData, fit, icm, predict
    >>> y = [[0.2, 0], [0.5, 1], [0.9, 1], [0.4, None], [0.3, 0]]
    >>> data = TaskData(range(5), y, tasks=["dose", "ill"])
    >>> fitted = fit(icm(data, likelihood={"ill": Bernoulli()}), starts=1)
    >>> chance = predict(fitted, [1.5]).probability(above=0)[0, 1]
    >>> bool(0 < chance < 1)
    True
    """

    word, sized, values = "bernoulli", "", "yes is 1 and no is 0"


KINDS: dict[str, type[Likelihood]] = {
    kind.word: kind for kind in (Normal, Poisson, NegativeBinomial, Binomial, Bernoulli)
}
LATENT = {kind.latent for kind in KINDS.values() if not kind.read}


def _log_choices(y: Tensor, r: Any) -> Tensor:
    """log of Gamma(y + r) / (Gamma(r) y!)."""
    r = torch.as_tensor(r, dtype=y.dtype, device=y.device)
    return torch.lgamma(y + r) - torch.lgamma(r) - torch.lgamma(y + 1)


class CellLaw:
    """The law of whole-numbered y [n] of cells whose g is N(mean, variance): g is integrated out, in numpy.

    By a grid over g; where y passes k more sharply than the grid would see, g and the threshold are added up as normal.
    """

    STEPS, WIDE = np.linspace(-10.0, 10.0, 201), 100.0

    def __init__(self, law: Likelihood, mean: Array, variance: Array, size: Array):
        self.law, self.mean, self.variance, self.size = law, mean, variance, size
        self.weights = np.exp(-0.5 * self.STEPS**2) / np.exp(-0.5 * self.STEPS**2).sum()

    def cdf(self, k: Array) -> Array:
        """P(y <= k) [n]."""
        whole = np.maximum(np.floor(k), 0.0)
        g = self.mean[:, None] + np.sqrt(self.variance)[:, None] * self.STEPS
        found = self.law.below(whole[:, None], g, self.size[:, None]) @ self.weights
        middle, sharp = self.law.threshold(whole, self.size)
        as_normal = special.ndtr((middle - self.mean) / np.sqrt(self.variance + sharp))
        found = np.where(self.variance > self.WIDE * sharp, as_normal, found)
        return np.where(k < 0, 0.0, np.where(np.isnan(k), np.nan, found))

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

    def log_density(self, y: Array) -> Array:
        """log P(y) [n], by a grid around the highest place of p(y | g) N(g)."""
        taken = [torch.as_tensor(each) for each in (y, self.size)]

        def falls(g: Array) -> Array:
            return self.law.slope(taken[0], torch.as_tensor(g), taken[1]).numpy() - (g - self.mean) / self.variance

        reach = self.variance * falls(self.mean)
        low, high = self.mean + np.minimum(reach, 0), self.mean + np.maximum(reach, 0)
        for _ in range(100):
            middle = (low + high) / 2
            low, high = np.where(falls(middle) > 0, middle, low), np.where(falls(middle) > 0, high, middle)
        step = 1e-4 * np.sqrt(self.variance)
        width = np.sqrt(2 * step / np.maximum(falls(low - step) - falls(low + step), 1e-300))
        g = low[:, None] + width[:, None] * self.STEPS
        each = self.law.log_density(taken[0][:, None], torch.as_tensor(g), taken[1][:, None]).numpy()
        each = each - 0.5 * (g - self.mean[:, None]) ** 2 / self.variance[:, None]
        spacing = (self.STEPS[1] - self.STEPS[0]) * width / np.sqrt(2 * np.pi * self.variance)
        return special.logsumexp(each, 1) + np.log(spacing)

    def crps(self, y: Array) -> Array:
        """Sum over k of (P(y' <= k) - [y <= k])^2, [n]; of yes or no the Brier score. Of wide laws by some of the k."""
        low = np.minimum(self.quantile(1e-6), y)
        high = np.maximum(self.quantile(1 - 1e-6), y)
        total, stride = np.zeros_like(y), np.maximum(1.0, np.ceil((high - low) / 200))
        for i in range(int(((high - low) / stride).max()) + 1):
            k = low + i * stride
            total += np.where(k <= high, stride * (self.cdf(k) - (y <= k)) ** 2, 0.0)
        return total
