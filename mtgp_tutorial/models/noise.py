"""Noise between tasks: Sigma shared, per task or full, with one parametrisation each; or none beside what is known.

The first three are GPyTorch's MultitaskGaussianLikelihood, set up so that it spans what its name says:

    "shared"    Sigma = sigma^2 I           (has_task_noise=False)
    "per task"  Sigma = diag(sigma_t^2)     (rank=0, has_global_noise=False)
    "full"      Sigma = L L^T + floor I     (rank=T, the global noise fixed at the floor)
    "none"      Sigma = 0                   (for tables in which every value has a standard error)

Values are in standardised units: sigma^2 = 0.1 is a tenth of a task's observed variance, and a shared
sigma^2 is the same fraction of every task's variance.
"""

from __future__ import annotations

import math

import torch
from gpytorch.constraints import GreaterThan, Positive
from gpytorch.likelihoods import MultitaskGaussianLikelihood
from torch import Tensor

FLOOR = 1e-4  # smallest noise variance, as a fraction of each task's observed variance
KINDS = ("shared", "per task", "full", "none")


class NoNoise(torch.nn.Module):
    """Stands where a likelihood would: nothing is learned."""

    def __init__(self, num_tasks: int):
        super().__init__()
        self.num_tasks = num_tasks
        self.register_buffer("zero", torch.zeros(num_tasks, num_tasks, dtype=torch.float64), persistent=False)


def noise_likelihood(kind: str, num_tasks: int) -> MultitaskGaussianLikelihood | NoNoise:
    """GPyTorch likelihood of the named kind, float64. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"noise: {kind!r} is not one of {', '.join(map(repr, KINDS))}; pass one of these")
    if kind == "none":
        return NoNoise(num_tasks)
    above_floor = GreaterThan(FLOOR, transform=torch.exp, inv_transform=torch.log)
    if kind == "shared":
        likelihood = MultitaskGaussianLikelihood(num_tasks, has_task_noise=False, noise_constraint=above_floor)
    elif kind == "per task":
        likelihood = MultitaskGaussianLikelihood(num_tasks, has_global_noise=False, noise_constraint=above_floor)
    else:
        log_scale = Positive(transform=torch.exp, inv_transform=torch.log)
        with torch.random.fork_rng(devices=[]):  # GPyTorch draws the first L from the global generator
            likelihood = MultitaskGaussianLikelihood(num_tasks, rank=num_tasks, noise_constraint=log_scale)
        likelihood.double().noise = torch.tensor(FLOOR, dtype=torch.float64)
        likelihood.raw_noise.requires_grad_(False)
        torch.nn.init.eye_(likelihood.task_noise_covar_factor)
    likelihood.double()
    above_floor.lower_bound.fill_(FLOOR)  # GPyTorch made it in single precision
    return likelihood


def noise_matrix(likelihood: MultitaskGaussianLikelihood | NoNoise) -> Tensor:
    """Sigma [T, T], whole: every term that the likelihood adds (book: one-equation)."""
    if isinstance(likelihood, NoNoise):
        return likelihood.zero  # type: ignore[return-value]
    Sigma = torch.zeros(likelihood.num_tasks, likelihood.num_tasks, dtype=torch.float64)
    Sigma = Sigma.to(next(likelihood.parameters()).device)
    if likelihood.has_task_noise:
        Sigma = Sigma + (likelihood.task_noise_covar if likelihood.rank > 0 else torch.diag(likelihood.task_noises))
    if likelihood.has_global_noise:
        Sigma = Sigma + likelihood.noise * torch.eye(len(Sigma), dtype=Sigma.dtype, device=Sigma.device)
    return Sigma


def set_noise_variance(likelihood: MultitaskGaussianLikelihood | NoNoise, variance: float) -> None:
    """Give the likelihood Sigma = variance I; variance above the floor, standardised units."""
    if isinstance(likelihood, NoNoise):
        return
    if likelihood.rank > 0:
        factor = likelihood.task_noise_covar_factor.data
        factor.copy_(math.sqrt(variance - FLOOR) * torch.eye(len(factor), dtype=torch.float64))
    elif likelihood.has_task_noise:
        likelihood.task_noises = torch.full_like(likelihood.task_noises, variance)
    else:
        likelihood.noise = torch.full_like(likelihood.noise, variance)
