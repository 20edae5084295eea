"""The average of predictions: a normal law for each draw of the parameters, or for each of several methods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import probability
from mtgp_tutorial.prediction import Prediction, log_density_of, mean_distance


@dataclass(frozen=True, eq=False, repr=False)
class Mixture(Prediction):
    """The average of Gaussian predictions, one for each draw of the parameters.

    All else is as in a `Prediction`: mean, variance and covariance are the mixture's (the mean of variances, and the
    variance of means). Its band is no longer mean plus or minus two sd: take `band`.

    Attributes:
        means (Tensor [D, M, T]): of each draw.
        variances (Tensor [D, M, T]): of each draw.

    >>> from mtgp_tutorial import fit, icm, predict, sample_posterior
    >>> from mtgp_tutorial import simulate
    >>> averaged = sample_posterior(fit(icm(simulate.two_sines(seed=1))))
    >>> found = predict(averaged, [0.25, 0.5])
    >>> low, high = found.band(0.95)
    >>> bool((low < found.mean).all()), bool((found.mean < high).all())
    (True, True)
    >>> tuple(found.means.shape)
    (80, 2, 2)
    """

    means: Tensor = field(kw_only=True)
    variances: Tensor = field(kw_only=True)
    band_label: ClassVar[str] = "central 95.4 %"

    def cdf(self, y: Tensor) -> Tensor:
        """P(Y <= y) [M, T]; of what is known a step.

        Args:
            y (Tensor [M, T]): values.
        """
        return cdf_of(self.means, self.variances, y)

    def quantile(self, level: float) -> Tensor:
        level = probability(level, "level")
        sd = self.variances.sqrt()
        low, high = (self.means - 40 * sd).amin(0), (self.means + 40 * sd).amax(0)
        for _ in range(80):  # bisection
            middle = (low + high) / 2
            below = self.cdf(middle) < level
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return (low + high) / 2

    @property
    def components(self) -> tuple[Tensor, Tensor]:
        """Means and variances [D, M, T] of the normal laws."""
        return self.means, self.variances

    def residuals(self, y: Tensor) -> Tensor:
        """Normal scores [M, T] of the cdf: standard deviations, where the law is one.

        Args:
            y (Tensor [M, T]): values, in data units.
        """
        return normal_scores((y - self.means) / self.variances.sqrt())

    def log_density(self, y: Tensor) -> Tensor:
        return torch.logsumexp(log_density_of(self.means, self.variances, y), 0) - math.log(len(self.means))

    def crps(self, y: Tensor) -> Tensor:  # Grimit et al. 2006
        means, variances = self.means, self.variances
        pairs = [mean_distance(one - means, variance + variances).mean(0) for one, variance in zip(means, variances)]
        return mean_distance(y - means, variances).mean(0) - torch.stack(pairs).mean(0) / 2

    def shifted(self, trend: Tensor) -> Self:
        return replace(super().shifted(trend), means=self.means + trend)


def cdf_of(means: Tensor, variances: Tensor, y: Tensor) -> Tensor:
    """P(Y <= y) of a mixture of normal laws, over the first dimension; where a variance is 0 a step."""
    known = variances == 0
    z = (y - means) / variances.where(~known, 1.0).sqrt()
    return torch.where(known, (y >= means).to(z), torch.special.ndtr(z)).mean(0)


def normal_scores(z: Tensor) -> Tensor:
    """Where N(0, 1) has the cdf of a mixture whose normal laws have the residuals z [D, ...]; from its nearer tail.

    Beyond what doubles can hold of a tail, the nearest residual.
    """
    below, above = (0.5 * torch.special.erfc(side * z / 2**0.5).mean(0) for side in (-1, 1))  # ndtr is 0 from -8.5 on
    found = torch.where(below < above, torch.special.ndtri(below), -torch.special.ndtri(above))
    return torch.where(found.isinf(), z.gather(0, z.abs().argmin(0, keepdim=True))[0], found)


def mixture(answers: Sequence[Prediction]) -> Mixture:
    """The average of predictions of the same cells, each of one draw."""
    first = answers[0]
    means, variances = (torch.stack([getattr(one, name) for one in answers]) for name in ("mean", "variance"))
    moments = {"mean": means.mean(0), "variance": variances.mean(0) + means.var(0, correction=0)}
    if first.covariance is not None and first.cells is not None:
        places = first.cells.get_level_values(0), first.cells.get_level_values(1).map(first.tasks.index)
        at, tasks = (torch.as_tensor(np.array(place)) for place in places)
        off = (means - moments["mean"])[:, at, tasks]
        joint = torch.stack([one.covariance for one in answers if one.covariance is not None])
        moments["covariance"] = joint.mean(0) + off.mT @ off / len(answers)
    return Mixture(**{**vars(first), **moments}, means=means, variances=variances)
