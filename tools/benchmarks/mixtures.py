"""GPyTorch's mixture of latent functions, and two that change one thing in it: what `mixing.py` compares."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from gpytorch.distributions import MultivariateNormal
from gpytorch.variational import LMCVariationalStrategy
from linear_operator.operators import DiagLinearOperator
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "streaming"))

from variational import VariationalLMC  # examples/streaming

T, L, CELLS = 3, 2, 1_000_000  # tasks, latent functions, cells of the whole table


class Dense(LMCVariationalStrategy):
    """The covariance of the batch, too, but as a plain product of matrices: no root is taken."""

    def __call__(self, x: Tensor, *, task_indices: Tensor, **_: object) -> MultivariateNormal:
        q, w = self.base_variational_strategy(x, diag=False), self.lmc_coefficients[:, task_indices]
        covariance = (q.covariance_matrix * w[:, :, None] * w[:, None]).sum(0)
        return MultivariateNormal((q.mean * w).sum(0), covariance + self.jitter_val * torch.eye(len(x)).to(x))


class Marginal(LMCVariationalStrategy):
    """Variances of the latents, mixed: what the likelihood of single cells asks for."""

    def __call__(self, x: Tensor, *, task_indices: Tensor, **_: object) -> MultivariateNormal:
        q, w = self.base_variational_strategy(x), self.lmc_coefficients[:, task_indices]
        return MultivariateNormal((q.mean * w).sum(0), DiagLinearOperator((q.variance * w**2).sum(0) + self.jitter_val))


class Mixed(VariationalLMC):
    """VariationalLMC, whose latents are mixed by a strategy of GPyTorch's, from the same start."""

    def __init__(self, strategy: type[LMCVariationalStrategy], points: Tensor):
        super().__init__(points, T, L, CELLS)
        self.mixture = strategy(self.gp.variational_strategy, num_tasks=T, num_latents=L)
        self.mixture.lmc_coefficients = torch.nn.Parameter(self.W.detach().T.clone())
        del self.W

    def latent(self, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        f = self.mixture(x, task_indices=task)
        return f.mean + self.means[task], f.variance
