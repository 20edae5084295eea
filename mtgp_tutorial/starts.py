"""Where to climb from: many places looked at cheaply, the best that differ climbed.

Summits differ in the length-scale and in the noise. So quasi-random places are spread over length-scales, noise
variances and correlations and the scale and correlation of B; each is built from the data's own correlation matrix, so
that permuting tasks or changing their sign or unit gives the same places. The value is taken at each, and the highest
that are apart from each other are climbed.

Where the optimiser starts: from the data's covariance, at several length-scales and noises.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy
import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor
from mtgp_tutorial.covariance import correlation
from mtgp_tutorial.fast.stacked import transposed
from mtgp_tutorial.fast.flat import Flat
from mtgp_tutorial.kernels import IndependentKernel
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import EACH, FLOOR
from mtgp_tutorial.priors import input_spread, log_ranges, spatial_parts

APART = 0.7  # places differ by this in log length-scale, log noise variance, or arctanh of a noise correlation
NEAR, BELOW = 0.1, 0.02  # two climbs have met: in all natural coordinates, and in nats


def data_correlation(flat: Flat) -> np.ndarray:
    """Correlation matrix [T, T] of the standardised values, holes counted as 0."""
    y = as_array(flat.y.nan_to_num())
    C = y.T @ y / len(y) + 1e-6 * np.eye(y.shape[1])
    sd = np.sqrt(C.diagonal())
    return C / np.outer(sd, sd)


def along(R: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Correlation matrices [N, T, T] that go with the leading direction of R (rho [N] above 0) or against it."""
    sign = np.where(np.linalg.eigh(R)[1][:, -1] < 0, -1.0, 1.0)
    rho = np.where(rho >= 0, rho, rho / max(len(R) - 1, 1))[:, None, None]
    return (1 - rho) * np.eye(len(R)) + rho * np.outer(sign, sign)


def between(u: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers from low to high, evenly on a log scale, for u from 0 to 1."""
    return np.exp(np.log(low) + u * np.log(high / low))


def places(flat: Flat, count: int, seed: int) -> np.ndarray:
    """Vectors of parameters [N, P] at `count` places (a power of 2), from scrambled Sobol points."""
    R, T = data_correlation(flat), flat.y.shape[1]
    Q = 1 if flat.independent else len(flat.parts)
    u = scipy.stats.qmc.Sobol(5 + T, seed=seed).random(count)
    shortest = between(u[:, 0], min(0.07, 0.4 * spacing(flat)), 0.7 if Q == 1 else 0.3)
    lengths = shortest[:, None] * between(u[:, 1], 2.0, 12.0)[:, None] ** np.arange(Q)[::-1]  # each kernel shorter
    noise = np.repeat(between(u[:, 2], 3e-3, 0.3)[:, None], T, 1)
    if flat.model.kind.apart:  # so far apart that one task alone is near the floor
        noise[:, rough_first(flat)] *= between(u[:, 5:], 0.01, 10.0)
    of_noise = np.tanh(5.2 * (u[:, 3] - 0.5))
    of_tasks, scale = 2 * (u[:, 4] - 0.5) * 0.98, between(u[:, 1], 0.5, 5.0) if Q == 1 else np.ones(count)
    return placed(flat, R, lengths, np.clip(noise, 2 * FLOOR, 0.9), of_noise, of_tasks, scale)


def spacing(flat: Flat) -> float:
    """Median distance of neighbouring values of the first input, as a fraction of its range."""
    x = np.unique(as_array(flat.problem.x[:, 0]))
    return float(np.median(np.diff(x)) / (x[-1] - x[0])) if len(x) > 1 else 1.0


def rough_first(flat: Flat) -> np.ndarray:
    """Tasks in the order of how much neighbouring rows differ."""
    order = np.argsort(as_array(flat.problem.x[:, 0]), kind="stable")
    y = as_array(flat.y.nan_to_num())[order]
    return np.argsort(-(np.diff(y, axis=0) ** 2).sum(0), kind="stable")


def placed(
    flat: Flat,
    R: np.ndarray,
    lengths: np.ndarray,
    noise: np.ndarray,
    of_noise: np.ndarray,
    of_tasks: np.ndarray,
    scale: np.ndarray,
) -> np.ndarray:
    """Vectors [N, P]: length-scales [N, Q] as fractions of the range, noise variances [N, T] and correlations [N], B.

    B is scale [N] times R, or times `along(R, of_tasks)` where of_tasks [N] is above 0. Independent tasks take one
    length-scale, so that their order does not matter. Frozen parameters keep their values.
    """
    N, Q = len(noise), len(flat.parts)
    p = {name: flat.all[at].reshape(shape) for name, (at, shape) in flat.places.items()}
    signal = np.where((of_tasks > 0)[:, None, None], along(R, of_tasks), R)
    B = (scale * (1 - noise.mean(1)))[:, None, None] * signal
    for q, part in enumerate(flat.parts):
        name, length = part.kernel + "raw_lengthscale", lengths[:, 0 if flat.independent else q]
        shape = p[name].shape
        p[name] = np.log(length)[:, None, None] + np.broadcast_to(log_ranges(flat.log_spread, shape[-1]), shape)
        if flat.independent:
            p[part.signal + "raw_outputscale"] = np.log(np.diagonal(B, 0, 1, 2).mean(1))
            continue
        values, vectors = np.linalg.eigh(B / Q)
        rank = p[part.signal + "covar_factor"].shape[1]
        W = vectors[:, :, -rank:] * np.sqrt(np.maximum(values[:, None, -rank:], 0))
        own = np.diagonal(B / Q - W @ transposed(W), 0, 1, 2)
        p |= {part.signal + "covar_factor": W, part.signal + "raw_var": np.log(np.maximum(own, 0.05 / Q))}
    p |= flat.model.kind.start(noise, along(R, of_noise))
    p |= dict.fromkeys(flat.means, np.zeros(N))
    wide = [np.broadcast_to(p[name].reshape(-1, size), (N, size)) for name, _, size in flat.free]
    return np.concatenate(wide, 1)


def natural(flat: Flat, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the parameters mean: log length-scales with Sigma, and all: also each B_q and the means.

    Matrices as log variances and arctanh of correlations, so that rotations of W and of a noise factor do not count.
    """
    p = flat.named(vector)
    lengths = np.concatenate([p[part.kernel + "raw_lengthscale"].ravel() for part in flat.parts])
    means = [p[name] for name in flat.means]
    matrices = [coordinates(flat.B(part, p)) for part in flat.parts]
    apart = np.concatenate([lengths, coordinates(flat.Sigma(p))])
    return apart, np.concatenate([apart, *matrices, means])


def coordinates(M: np.ndarray) -> np.ndarray:
    """Log variances and arctanh of correlations of a covariance matrix; a variance of 0 counts as a tiny one."""
    variances = np.maximum(M.diagonal(), 1e-100)
    R = M / np.sqrt(np.outer(variances, variances))
    return np.concatenate([np.log(variances), np.arctanh(0.999 * R[np.triu_indices(len(M), 1)])])


def best_places(flat: Flat, count: int, looks: int, seed: int) -> list[np.ndarray]:
    """The highest `count` places that are APART from each other, of `looks`."""
    vectors = places(flat, looks, seed)
    heights, _ = flat.many(vectors, slopes=False)
    chosen: list[np.ndarray] = []
    meant: list[np.ndarray] = []
    for vector in vectors[np.argsort(-heights, kind="stable")]:
        if len(chosen) == count:
            break
        here = natural(flat, vector)[0]
        if all(np.abs(here - other).max() > APART for other in meant):
            chosen.append(vector)
            meant.append(here)
    return chosen


def near(flat: Flat, vector: np.ndarray, value: float, other: np.ndarray, height: float) -> bool:
    """Whether two points are one: NEAR each other in all that the parameters mean, and at most BELOW apart."""
    if not abs(height - value) < BELOW:
        return False
    return bool(np.abs(natural(flat, vector)[1] - natural(flat, other)[1]).max() < NEAR)


def joined(flat: Flat, vectors: Sequence[np.ndarray]) -> np.ndarray:
    """Of tasks that share no parameter, each one's piece from the vector in which it is highest."""
    names = np.repeat([name for name, _, _ in flat.free], [size for _, _, size in flat.free])
    noises = np.flatnonzero(names == EACH)
    best = vectors[0]
    for t, mean in enumerate(flat.means):
        piece = np.char.startswith(names, f"kernel.kernels.{t}.") | (names == mean)
        piece[noises[t : t + 1]] = True
        best = max((np.where(piece, vector, best) for vector in vectors), key=flat.value)
    return best


Start = tuple[float, float, int | None]
# length-scale as a fraction of the inputs' range, noise as a fraction of the variance; of several kernels also the
# direction of the data's covariance at which the first one starts (none: all start at the first)
STARTS: list[Start] = [(0.2, 0.1, None), (0.6, 0.3, None), (0.05, 0.02, None), (0.01, 0.1, None)]
OF_SEVERAL: list[Start] = [(0.2, 0.1, None), (0.2, 0.1, 1), (0.6, 0.3, 0), (0.6, 0.3, 1)]
OF_SEVERAL += [(0.05, 0.02, 0), (0.01, 0.1, 0), (0.01, 0.1, 1)]
RATIO = 5.0  # between the length-scales at which one kernel and the next start


def fixed_starts(model: Model) -> list[Start]:
    """What `starting_point` numbers before it begins to draw."""
    return OF_SEVERAL if len(model.kernel.coregional) > 1 else STARTS


def starting_point(model: Model, number: int, generator: torch.Generator) -> Model:
    """A copy of the model at its numbered start; the draws disturb only starts beyond the fixed ones.

    Several kernels start at different length-scales, each RATIO times shorter than the one before, and at the same B or
    each at another direction of it. Parameters that are frozen (requires_grad False) keep their values.
    """
    model, fixed = copy.deepcopy(model), fixed_starts(model)
    frozen = {name: p.detach().clone() for name, p in model.named_parameters() if not p.requires_grad}
    (fraction, noise, turn), beyond = fixed[number % len(fixed)], number >= len(fixed)

    def jitter(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64) if beyond else torch.zeros(*shape)

    stretch = math.exp(0.5 * float(jitter(1)))
    with torch.no_grad():
        for q, kernel in enumerate(model.kernel.coregional or [model.kernel]):
            _start_length_scales(kernel, stretch * fraction / RATIO**q, model.unit.x)
        y = model.unit.y.nan_to_num()
        start = (1 - noise) * correlation(y.T @ y / len(y) + 1e-6 * torch.eye(y.shape[1]).to(y))
        model.kind.set_variance(model.likelihood, noise)
        _start_signal(model, start, turn, jitter)
        for mean in model.mean.base_means:
            mean.constant = 0.0
        for name, value in frozen.items():
            model.get_parameter(name).copy_(value)
    return model


def _start_length_scales(kernel: Kernel, fraction: float, x: Tensor) -> None:
    log_spread = as_array(input_spread(x).log())
    for part in spatial_parts(kernel):
        target = as_tensor(np.exp(log_ranges(log_spread, part.raw_lengthscale.shape[-1])), part.raw_lengthscale)
        allowed = part.raw_lengthscale_constraint  # the kernel's owner may have set bounds
        lowest, highest = float(allowed.lower_bound.max()) * 1.01, float(allowed.upper_bound.min()) * 0.99
        part.lengthscale = (fraction * target.expand_as(part.raw_lengthscale)).clamp(lowest, highest)


def _start_signal(model: Model, B: Tensor, turn: int | None, jitter: Callable[..., Tensor]) -> None:
    """Set variances, or each W and kappa, from a start value of B [T, T]: leading eigenvectors, and what is left.

    turn: the q-th kernel has those from the (q + turn)-th on, all of each; else all have an equal share of the first.
    """
    if isinstance(model.kernel, IndependentKernel):
        for kernel in model.kernel.kernels:
            kernel.outputscale = B.diagonal().mean()
        return
    parts = model.kernel.coregional
    for q, part in enumerate(parts):
        index, disturbance = part.task_covar_module, 0.1 * jitter(*B.shape).to(B)
        share = B / len(parts) if turn is None else B
        values, vectors = torch.linalg.eigh(share + disturbance @ disturbance.T)
        rank = index.covar_factor.shape[-1]
        at = [(-1 - r - (0 if turn is None else q + turn)) % len(B) for r in reversed(range(rank))]
        index.covar_factor.data.copy_(vectors[:, at] * values[at].clamp_min(0).sqrt())
        left = (share - index.covar_factor @ index.covar_factor.T).diagonal()
        index.var = (left if turn is None else left / len(parts)).clamp_min(0.05 / len(parts))
