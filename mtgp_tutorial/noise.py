"""Noise between tasks: Sigma shared, per task or full, with one parametrisation each; or none beside what is known.

A class for each kind says all that differs between them. All but "none" are GPyTorch's MultitaskGaussianLikelihood,
set up so that it spans what its name says:

    "shared"    Sigma = sigma^2 I           (has_task_noise=False)
    "per task"  Sigma = diag(sigma_t^2)     (rank=0, has_global_noise=False)
    "full"      Sigma = L L^T + floor I     (rank=T, the global noise fixed at the floor)
    "none"      Sigma = 0                   (for tables in which every value has a standard error)

Values are in standardised units: sigma^2 = 0.1 is a tenth of a task's observed variance, and a shared
sigma^2 is the same fraction of every task's variance.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from gpytorch.constraints import GreaterThan
from gpytorch.likelihoods import MultitaskGaussianLikelihood
from torch import Tensor

from mtgp_tutorial.fast.stacked import transposed
from mtgp_tutorial.kernels import log_scale
from mtgp_tutorial.data import TaskData

FLOOR = 1e-4  # smallest noise variance, as a fraction of each task's observed variance
Parameters = dict[str, np.ndarray]  # by GPyTorch's names, "likelihood.raw_noise" and its like
SHARED, EACH, FACTOR = (f"likelihood.{name}" for name in ("raw_noise", "raw_task_noises", "task_noise_covar_factor"))


def above_floor() -> GreaterThan:
    """sigma^2 = FLOOR + exp(raw)."""
    constraint = GreaterThan(FLOOR, transform=torch.exp, inv_transform=torch.log)
    constraint.lower_bound = constraint.lower_bound.double().fill_(FLOOR)  # GPyTorch makes it in single precision
    return constraint


def traces(matrices: np.ndarray) -> np.ndarray:
    """The trace of each matrix [..., T, T], as [..., 1]."""
    return matrices.trace(0, -2, -1)[..., None]


class NoModule(torch.nn.Module):
    """Stands where a likelihood would: nothing is learned."""

    def __init__(self, num_tasks: int):
        super().__init__()
        self.num_tasks = num_tasks
        self.register_buffer("zero", torch.zeros(num_tasks, num_tasks, dtype=torch.float64), persistent=False)


class Noise:
    """A kind of noise, and itself the one that adds nothing to known errors; the others say all that differs in them.

    Arrays are numpy's: Sigma and its slope [T, T]; variances [T] in standardised units; or stacks of them, [N, T, T]
    and [N, T], where the parameters are stacks.
    learned: whether there is a Sigma to fit; correlated: whether it has entries beside its diagonal; apart: whether
    each task has a variance of its own and nothing else; fixed: parameters that no fit moves.
    """

    word: ClassVar[str] = "none"
    learned, correlated, apart = False, False, False
    fixed: tuple[str, ...] = ()

    def likelihood(self, num_tasks: int) -> torch.nn.Module:
        """GPyTorch's module with the parameters, float64."""
        return NoModule(num_tasks)

    def matrix(self, likelihood: Any) -> Tensor:
        """Sigma [T, T] of the module, whole (book: one-equation)."""
        return likelihood.zero

    def set_variance(self, likelihood: Any, variance: float) -> None:
        """Give the module Sigma = variance I; variance above the floor."""
        T = likelihood.num_tasks
        for name, values in self.start(np.full(T, variance), np.eye(T)).items():
            likelihood.get_parameter(name.removeprefix("likelihood.")).data.copy_(torch.from_numpy(values))

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        """The same matrix from parameters by name."""
        return np.zeros((num_tasks, num_tasks))

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        """The slope against each parameter, from that against Sigma."""
        return {}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        """Parameters of the Sigma nearest to these variances (above the floor) and this correlation [T, T]."""
        return {}

    def free(self, num_tasks: int) -> int:
        """How many variances of Sigma are free: the first ones of its diagonal."""
        return num_tasks if self.learned else 0

    def check(self, data: TaskData) -> None:
        """Raises ValueError for values without a standard error, where no noise is learned."""
        unknown = data.observed if data.sd is None else data.observed & data.sd.isnan()
        if not self.learned and bool(unknown.any()):
            raise ValueError(
                f"noise: 'none' leaves {int(unknown.sum())} values without any noise, for no standard error of theirs "
                "is known; pass sd for all of them in TaskData, or let noise be learned"
            )


class Shared(Noise):
    """One variance for all tasks."""

    word = "shared"
    learned = True

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        return MultitaskGaussianLikelihood(num_tasks, has_task_noise=False, noise_constraint=above_floor()).double()

    def matrix(self, likelihood: Any) -> Tensor:
        return likelihood.noise * torch.eye(likelihood.num_tasks).to(likelihood.noise)

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        return (np.exp(p[SHARED]) + FLOOR)[..., None] * np.eye(num_tasks)

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        return {SHARED: traces(of_Sigma) * np.exp(p[SHARED])}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        return {SHARED: np.log(variances[..., :1] - FLOOR)}

    def free(self, num_tasks: int) -> int:
        return 1


class PerTask(Noise):
    """A variance for each task."""

    word = "per task"
    learned, apart = True, True

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        return MultitaskGaussianLikelihood(num_tasks, has_global_noise=False, noise_constraint=above_floor()).double()

    def matrix(self, likelihood: Any) -> Tensor:
        return torch.diag(likelihood.task_noises)

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        return (np.exp(p[EACH]) + FLOOR)[..., None] * np.eye(num_tasks)

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        return {EACH: of_Sigma.diagonal(0, -2, -1) * np.exp(p[EACH])}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        return {EACH: np.log(variances - FLOOR)}


class Full(Noise):
    """Any positive definite matrix above the floor."""

    word = "full"
    learned, correlated = True, True
    fixed = ("likelihood.noise", SHARED)  # the floor

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        with torch.random.fork_rng(devices=[]):  # GPyTorch draws the first L from the global generator
            likelihood = MultitaskGaussianLikelihood(num_tasks, rank=num_tasks, noise_constraint=log_scale()).double()
        likelihood.noise = torch.tensor(FLOOR, dtype=torch.float64)
        likelihood.raw_noise.requires_grad_(False)
        torch.nn.init.eye_(likelihood.task_noise_covar_factor)
        return likelihood

    def matrix(self, likelihood: Any) -> Tensor:
        return likelihood.task_noise_covar + likelihood.noise * torch.eye(likelihood.num_tasks).to(likelihood.noise)

    def Sigma(self, p: Parameters, num_tasks: int) -> np.ndarray:
        return p[FACTOR] @ transposed(p[FACTOR]) + np.exp(p[SHARED])[..., None] * np.eye(num_tasks)

    def pull_back(self, of_Sigma: np.ndarray, p: Parameters) -> Parameters:
        by_floor = traces(of_Sigma) * np.exp(p[SHARED])  # for those who set it free
        return {SHARED: by_floor, FACTOR: (of_Sigma + transposed(of_Sigma)) @ p[FACTOR]}

    def start(self, variances: np.ndarray, correlation: np.ndarray) -> Parameters:
        return {FACTOR: np.sqrt(variances - FLOOR)[..., None] * np.linalg.cholesky(correlation)}


KINDS: dict[str, Noise] = {kind.word: kind() for kind in (Shared, PerTask, Full, Noise)}


def noise_of(word: str) -> Noise:
    """The kind of this name. Raises ValueError for another."""
    if word not in KINDS:
        raise ValueError(f"noise: {word!r} is not one of {', '.join(map(repr, KINDS))}; pass one of these")
    return KINDS[word]
