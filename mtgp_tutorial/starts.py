"""Where an optimiser starts: a short table of fixed starts, then the best of many candidates that differ.

Optima differ in the length-scale and in the noise. So quasi-random candidates are spread over length-scales, noise
variances and correlations and the scale and correlation of B; the objective is taken at each, and the highest that are
apart from each other are starts. All are built from the data's own correlation matrix, so that permuting tasks or
changing their sign or unit gives the same ones.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy
import torch
from gpytorch.constraints import Positive
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor
from mtgp_tutorial.kernels import ConvexSum, IndependentKernel, is_plain
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import FLOOR, OfRank
from mtgp_tutorial.parameters import put_vector
from mtgp_tutorial.priors import spatial_parts, typical_range

CANDIDATES = 64  # candidates, four times as many for a small table with one kernel; a power of 2
SMALL = 32  # rows
RATIO = 5.0  # between the length-scales at which one kernel, or part of a sum, and the next start

Start = tuple[float, float, int | None]
# length-scale as a fraction of the inputs' range, noise as a fraction of the variance; of several kernels also the
# direction of the data's covariance at which the first one starts (none: all start at the first)
STARTS: list[Start] = [(0.2, 0.1, None), (0.6, 0.3, None), (0.05, 0.02, None), (0.01, 0.1, None)]
OF_SEVERAL: list[Start] = [(0.2, 0.1, None), (0.2, 0.1, 1), (0.6, 0.3, 0), (0.6, 0.3, 1)]
OF_SEVERAL += [(0.05, 0.02, 0), (0.01, 0.1, 0), (0.01, 0.1, 1)]


class Candidates(NamedTuple):
    """N of them: length-scales [N, Q] as fractions of the inputs' range, noise variances [N, T], the scale [N] of B.

    of_noise, of_tasks [N]: correlation of the noise and of B, along or against the data's leading direction; where
    of_tasks is not above 0, B has the data's own correlation.
    """

    lengths: np.ndarray
    noise: np.ndarray
    of_noise: np.ndarray
    of_tasks: np.ndarray
    scale: np.ndarray


def candidates(model: Model, seed: int) -> Candidates:
    """Scrambled Sobol points, CANDIDATES of them or four times as many."""
    T, Q = model.data.num_tasks, max(1, len(model.kernel.coregional))
    several = len(model.kernel.terms()) > 1 and model.kind.correlated  # of which many cost as much as one by one
    plain = not (several or model.bounded or model.variances() is not None or model.data.x.is_cuda)
    small = plain and Q == 1 and int(model.unit.observed.any(1).sum()) <= SMALL
    u = scipy.stats.qmc.Sobol(5 + T, seed=seed).random(4 * CANDIDATES if small else CANDIDATES)
    shortest = between(u[:, 0], min(0.07, 0.4 * spacing(model)), 0.7 if Q == 1 else 0.3)
    lengths = shortest[:, None] * between(u[:, 1], 2.0, 12.0)[:, None] ** np.arange(Q)[::-1]  # each kernel shorter
    noise = np.repeat(between(u[:, 2], 3e-3, 0.3)[:, None], T, 1)
    if model.kind.separate:  # so far apart that one task alone is near the floor
        noise[:, rough_first(model)] *= between(u[:, 5:], 0.01, 10.0)
    of_tasks, scale = 2 * (u[:, 4] - 0.5) * 0.98, between(u[:, 1], 0.5, 5.0) if Q == 1 else np.ones(len(u))
    return Candidates(lengths, np.clip(noise, 2 * FLOOR, 0.9), np.tanh(5.2 * (u[:, 3] - 0.5)), of_tasks, scale)


def between(u: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers from low to high, evenly on a log scale, for u from 0 to 1."""
    return np.exp(np.log(low) + u * np.log(high / low))


def rows_with_values(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """First input [N] and standardised values [N, T], holes counted as 0, of the rows that hold any."""
    kept = model.unit.observed.any(1)
    return as_array(model.unit.x[kept, 0]), as_array(model.unit.y[kept].nan_to_num())


def spacing(model: Model) -> float:
    """Median distance of neighbouring values of the first input, as a fraction of its range."""
    x = np.unique(rows_with_values(model)[0])
    return float(np.median(np.diff(x)) / (x[-1] - x[0])) if len(x) > 1 else 1.0


def rough_first(model: Model) -> np.ndarray:
    """Tasks in the order of how much neighbouring rows differ."""
    x, y = rows_with_values(model)
    steps = np.diff(y[np.argsort(x, kind="stable")], axis=0)
    return np.argsort(-(steps**2).sum(0), kind="stable")


def data_correlation(model: Model) -> np.ndarray:
    """Correlation matrix [T, T] of the standardised values."""
    _, y = rows_with_values(model)
    C = y.T @ y / len(y) + 1e-6 * np.eye(y.shape[1])
    sd = np.sqrt(C.diagonal())
    return C / np.outer(sd, sd)


def along(R: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """Correlation matrices [N, T, T] that go with the leading direction of R (rho [N] above 0) or against it."""
    sign = np.where(np.linalg.eigh(R)[1][:, -1] < 0, -1.0, 1.0)
    rho = np.where(rho >= 0, rho, rho / max(len(R) - 1, 1))[:, None, None]
    return (1 - rho) * np.eye(len(R)) + rho * np.outer(sign, sign)


def matrices_of(model: Model, where: Candidates) -> tuple[np.ndarray, np.ndarray]:
    """B [N, T, T], and the noise's correlation matrix [N, T, T], of candidates."""
    R = data_correlation(model)
    signal = np.where((where.of_tasks > 0)[:, None, None], along(R, where.of_tasks), R)
    return (where.scale * (1 - where.noise.mean(1)))[:, None, None] * signal, along(R, where.of_noise)


def fixed_starts(model: Model) -> list[Start]:
    """What `starting_point` numbers before it begins to draw."""
    return OF_SEVERAL if len(model.kernel.coregional) > 1 else STARTS


def starting_point(model: Model, number: int, generator: torch.Generator) -> Model:
    """A copy of the model at its numbered start; the draws disturb only starts beyond the fixed ones.

    Several kernels start at different length-scales, each RATIO times shorter than the one before, and at the same B or
    each at another direction of it.
    """
    model, fixed = copy.deepcopy(model), fixed_starts(model)
    model.put_sites(*model.sites.first)  # whatever was asked of it before
    (fraction, noise, turn), beyond = fixed[number % len(fixed)], number >= len(fixed)

    def jitter(*shape: int) -> np.ndarray:
        drawn = torch.randn(*shape, generator=generator, dtype=torch.float64) if beyond else torch.zeros(*shape)
        return as_array(drawn.double())

    factor = math.exp(0.5 * float(jitter(1)[0]))
    T, Q = model.data.num_tasks, max(1, len(model.kernel.coregional))
    lengths, R = factor * fraction / RATIO ** np.arange(Q), data_correlation(model)
    disturbed = [0.1 * jitter(T, T) for _ in model.kernel.coregional]
    where = (lengths[None], (1 - noise) * R[None], noise * np.ones((1, T)), np.eye(T)[None])
    put_vector(model, vectors_at(model, *where, turn, disturbed)[0])
    return model


def at_candidates(model: Model, where: Candidates) -> np.ndarray:
    """The free parameters [N, P] of candidates."""
    B, of_noise = matrices_of(model, where)
    return vectors_at(model, where.lengths, B, where.noise, of_noise)


@torch.no_grad()
def vectors_at(
    model: Model,
    lengths: np.ndarray,
    B: np.ndarray,
    noise: np.ndarray,
    R: np.ndarray,
    turn: int | None = None,
    disturbed: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """The free parameters [N, P] of a model at N starts; what is frozen, and a kernel's other parameters, as they are.

    lengths [N, Q]: length-scales of its kernels, as fractions of the inputs' range; B, R [N, T, T]: a value near B, and
    the noise's correlation; noise [N, T]: variances. Means are 0. Independent tasks take the first length-scale, so
    that their order does not matter. turn, disturbed: see `starting_point`.
    """
    if isinstance(model.kind, OfRank):  # its directions are the data's, in whatever order the tasks come
        R = (R + data_correlation(model)) / 2
    fractions, signal, variances, of_noise = (as_tensor(each, model.unit.y) for each in (lengths, B, noise, R))
    raw: dict[int, Tensor] = {}  # by the parameter's identity
    sums = [
        kernel for kernel in model.kernel.modules() if isinstance(kernel, ConvexSum)
    ]  # of one kind none stays alike
    turns = {id(part): q for one in sums for q, each in enumerate(one.kernels) for part in spatial_parts(each)}
    for length, kernel in zip(fractions.T, model.kernel.coregional or [model.kernel]):
        for part in spatial_parts(kernel):
            allowed = part.raw_lengthscale_constraint  # the kernel's owner may have set bounds
            lowest, highest = float(allowed.lower_bound.max()) * 1.01, float(allowed.upper_bound.min()) * 0.99
            size = part.raw_lengthscale.shape
            value = length[:, None, None] * typical_range(part, model.unit.x) / RATIO ** turns.get(id(part), 0)
            value = value.expand(-1, *size).clamp(lowest, highest)
            raw[id(part.raw_lengthscale)] = allowed.inverse_transform(value)
    for name, value in model.kind.start(variances, of_noise).items():
        raw[id(model.likelihood.get_parameter(name))] = value
    raw |= _signal(model, signal, turn, disturbed)
    raw |= {id(mean.raw_constant): signal.new_zeros(len(B)) for mean in model.mean.base_means}
    free = [p for p in model.parameters() if p.requires_grad]
    return as_array(torch.cat([raw.get(id(p), p[None]).reshape(-1, p.numel()).expand(len(B), -1) for p in free], 1))


def _signal(model: Model, B: Tensor, turn: int | None, disturbed: Sequence[np.ndarray] | None) -> dict[int, Tensor]:
    """Variances, or each W and kappa, from start values of B [N, T, T]: leading eigenvectors, and what is left.

    turn: the q-th kernel has those from the (q + turn)-th on, all of each; else all have an equal share of the first.
    """
    if isinstance(model.kernel, IndependentKernel):
        log_mean = B.diagonal(0, 1, 2).mean(1).log()
        return {id(kernel.raw_outputscale): log_mean for kernel in model.kernel.kernels}
    raw, parts = dict[int, Tensor](), model.kernel.coregional
    share = B / len(parts) if turn is None else B
    for q, part in enumerate(parts):
        index, off = part.task_covar_module, torch.zeros_like(B[0])
        off = off if disturbed is None else as_tensor(disturbed[q], B)
        values, vectors = torch.linalg.eigh(share + off @ off.T)
        rank, T = index.covar_factor.shape[-1], B.shape[-1]
        at = [(-1 - r - (0 if turn is None else q + turn)) % T for r in reversed(range(rank))]
        W = vectors[:, :, at] * values[:, None, at].clamp_min(0).sqrt()
        left = (share - W @ W.mT).diagonal(0, 1, 2)
        kappa = (left if turn is None else left / len(parts)).clamp_min(0.05 / len(parts))
        raw |= {id(index.covar_factor): W, id(index.raw_var): kappa.log()}
    return raw


def takes_candidates(model: Model) -> bool:
    """Whether candidates say all of its kernels: plain ones, whose positive parameters stand as their logarithms."""
    return all(is_plain(kernel) and _on_log_scale(kernel) for kernel, _ in model.kernel.terms())


def _on_log_scale(kernel: Kernel) -> bool:
    constraints = list(getattr(kernel, "_constraints", {}).values())
    return all(type(each) is Positive and each._transform is torch.exp for each in constraints)
