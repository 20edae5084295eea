"""Noise between tasks: Sigma shared, per task or full, with one parametrisation each; or none beside what is known.

A class for each kind says all that differs between them. All but "none" are GPyTorch's MultitaskGaussianLikelihood,
set up so that it spans what its name says:

    "shared"    Sigma = sigma^2 I           (has_task_noise=False)
    "per task"  Sigma = diag(sigma_t^2)     (rank=0, has_global_noise=False)
    "full"      Sigma = L L^T + floor I     (rank=T, the global noise fixed at the floor)
    "rank r"    Sigma = L L^T + sigma^2 I   (rank=r: "rank 1", "rank 2", ..., with L [T, r] and the global noise)
    "none"      Sigma = 0                   (for tables in which every value has a standard error)

To add a kind: a subclass of `Noise`, named in KINDS. Parameters may be stacks, [.., T]: a fit asks for several at once.

Values are in standardised units: sigma^2 = 0.1 is a tenth of a task's observed variance, and a shared
sigma^2 is the same fraction of every task's variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from gpytorch.constraints import GreaterThan
from gpytorch.likelihoods import MultitaskGaussianLikelihood
from torch import Tensor

from mtgp_tutorial.arguments import shown
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.kernels import log_scale
from mtgp_tutorial.likelihoods import Likelihood

FLOOR = 1e-4  # smallest noise variance, as a fraction of each task's observed variance
NEAREST = 1e-10  # so close a noise variance comes to it
SHARED, EACH, FACTOR = (f"likelihood.{name}" for name in ("raw_noise", "raw_task_noises", "task_noise_covar_factor"))


def above_floor() -> GreaterThan:
    """sigma^2 = FLOOR + exp(raw); what single precision makes of FLOOR is the floor, as GPyTorch's setters pass it."""
    constraint = GreaterThan(FLOOR, transform=torch.exp, inv_transform=_log_excess)
    constraint.lower_bound = constraint.lower_bound.double().fill_(FLOOR)  # GPyTorch makes it in single precision
    return constraint


def _log_excess(above: Tensor) -> Tensor:
    return torch.where(above.abs() < 1e-7 * FLOOR, NEAREST, above).log()


class NoModule(torch.nn.Module):
    """Stands where a likelihood would: nothing is learned."""

    def __init__(self, num_tasks: int):
        super().__init__()
        self.register_buffer("zero", torch.zeros(num_tasks, num_tasks, dtype=torch.float64), persistent=False)


class Noise:
    """All that differs between kinds of noise, here of none: Sigma = 0.

    learned: whether there is a Sigma to fit; correlated: whether it has entries beside its diagonal; separate: whether
    each task has a variance of its own and nothing else; whole: whether its correlations have a prior; levels:
    parameters that are logarithms of variances above the floor; fixed: parameters that no fit moves.
    """

    word = "none"
    learned, correlated, separate, whole = False, False, False, False
    levels: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    def likelihood(self, num_tasks: int) -> Any:
        """GPyTorch's module with the parameters, float64."""
        return NoModule(num_tasks)

    def matrix(self, likelihood: Any) -> Tensor:
        """Sigma [T, T] of the module, whole (book: one-equation)."""
        return likelihood.zero

    def start(self, variances: Tensor, R: Tensor) -> dict[str, Tensor]:
        """Raw parameters of the Sigma nearest to variances [.., T], above the floor, and correlations R [.., T, T]."""
        return {}

    def free(self, noisy: list[int]) -> list[int]:
        """Which variances on the diagonal of Sigma are free, each number once, of tasks that have noise."""
        return noisy if self.learned else []


class Shared(Noise):
    """One variance for all tasks."""

    word = "shared"
    learned = True
    levels = (SHARED,)

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        return MultitaskGaussianLikelihood(num_tasks, has_task_noise=False, noise_constraint=above_floor()).double()

    def matrix(self, likelihood: Any) -> Tensor:
        return likelihood.noise[..., None] * torch.eye(likelihood.num_tasks).to(likelihood.noise)

    def start(self, variances: Tensor, R: Tensor) -> dict[str, Tensor]:
        return {"raw_noise": (variances[..., :1] - FLOOR).log()}

    def free(self, noisy: list[int]) -> list[int]:
        return noisy[:1]


class PerTask(Noise):
    """A variance for each task."""

    word = "per task"
    learned = separate = True
    levels = (EACH,)

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        return MultitaskGaussianLikelihood(num_tasks, has_global_noise=False, noise_constraint=above_floor()).double()

    def matrix(self, likelihood: Any) -> Tensor:
        return torch.diag_embed(likelihood.task_noises)

    def start(self, variances: Tensor, R: Tensor) -> dict[str, Tensor]:
        return {"raw_task_noises": (variances - FLOOR).log()}


class Full(Noise):
    """Any positive definite matrix above the floor."""

    word = "full"
    learned = correlated = whole = True
    fixed: tuple[str, ...] = ("likelihood.noise", SHARED)  # the floor

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        with torch.random.fork_rng(devices=[]):  # GPyTorch draws the first L from the global generator
            likelihood = MultitaskGaussianLikelihood(num_tasks, rank=num_tasks, noise_constraint=log_scale()).double()
        likelihood.noise = torch.tensor(FLOOR, dtype=torch.float64)
        likelihood.raw_noise.requires_grad_(False)
        torch.nn.init.eye_(likelihood.task_noise_covar_factor)
        return likelihood

    def matrix(self, likelihood: Any) -> Tensor:
        floor = likelihood.noise[..., None] * torch.eye(likelihood.num_tasks).to(likelihood.noise)
        return likelihood.task_noise_covar + floor

    def start(self, variances: Tensor, R: Tensor) -> dict[str, Tensor]:
        return {"task_noise_covar_factor": (variances - FLOOR).sqrt()[..., None] * torch.linalg.cholesky(R)}


class OfRank(Full):
    """A few directions, and a variance that all tasks share beside them (GPyTorch's own, with rank=r)."""

    levels, fixed = (SHARED,), ()

    def __init__(self, rank: int, num_tasks: int):
        self.rank, self.word, self.whole = rank, f"rank {rank}", rank == num_tasks

    def likelihood(self, num_tasks: int) -> MultitaskGaussianLikelihood:
        with torch.random.fork_rng(devices=[]):
            likelihood = MultitaskGaussianLikelihood(num_tasks, rank=self.rank, noise_constraint=above_floor())
        torch.nn.init.eye_(likelihood.task_noise_covar_factor)
        return likelihood.double()

    def start(self, variances: Tensor, R: Tensor) -> dict[str, Tensor]:
        values, vectors = torch.linalg.eigh(R * (variances[..., None] * variances[..., None, :]).sqrt())
        rest = values[..., : max(1, R.shape[-1] - self.rank)].mean(-1, keepdim=True).clamp_min(1.01 * FLOOR)
        loads = (values - rest).clamp_min(0.1 * rest).sqrt()[..., None, :] * vectors  # none is 0: its slope would be
        return {"raw_noise": (rest - FLOOR).log(), "task_noise_covar_factor": loads[..., -self.rank :]}


KINDS: dict[str, Noise] = {kind.word: kind() for kind in (Shared, PerTask, Full, Noise)}


def noises_of(num_tasks: int) -> dict[str, Noise]:
    """By its word each kind that tasks with noise can have."""
    return KINDS | {kind.word: kind for kind in (OfRank(r, num_tasks) for r in range(1, num_tasks + 1))}


def noise_of(word: str, data: TaskData, noisy: list[int]) -> Noise:
    """The kind of this name, of the tasks that have noise; of none it is "none".

    Raises ValueError for "none" where some value has no standard error, and for "full" of none.
    """
    unknown = (data.observed if data.sd is None else data.observed & data.sd.isnan())[:, noisy]
    if word == "none" and bool(unknown.any()):
        raise ValueError(
            f"noise: 'none' leaves {int(unknown.sum())} values without any noise, for no standard error of theirs "
            "is known; pass sd for all of them in TaskData, or let noise be learned"
        )
    if word not in ("none", "shared", "per task") and not noisy:
        raise ValueError(f"noise: {word!r} spans the normal tasks, and there is none; leave it out")
    return noises_of(len(noisy))[word if noisy else "none"]


def noisy_of(laws: Sequence[Likelihood], data: TaskData, noise: str) -> list[int]:
    """The tasks with a row in Sigma: the normal ones, and counts that ask for it. Raises ValueError."""
    most = max(1, sum(law.read for law in laws))
    if not isinstance(noise, str) or noise not in noises_of(most):
        raise ValueError(
            f"noise: {shown(noise)} is not one of {', '.join(map(repr, KINDS))}, 'rank 1' to 'rank {most}'; pass one "
            "of these"
        )
    if noise != "per task" and (asking := [task for task, law in zip(data.tasks, laws) if law.overdispersed]):
        raise ValueError(
            f"noise: {noise!r} spans the normal tasks, and {asking[0]!r} asks for an overdispersion of its own; pass "
            "noise='per task'"
        )
    return [t for t, law in enumerate(laws) if law.read or law.overdispersed]


ROWS, ROWS_A_TASK = 40, 10  # that hold several values; full noise of fewer has bands that are much too narrow


def usual_noise(data: TaskData, laws: Sequence[Likelihood] = ()) -> tuple[str, str]:
    """The noise that `icm` takes when told nothing, and why in a few words; of tasks that are no counts."""
    at = [t for t in range(data.num_tasks) if not laws or laws[t].read]
    count, asked = int((data.observed[:, at].sum(1) > 1).sum()), max(ROWS, ROWS_A_TASK * len(at))
    many = count >= asked and not any(law.overdispersed for law in laws)
    return "full" if many else "per task", f"{count} rows hold several values; full noise asks for {asked}"
