"""The variational LMC in GPyTorch, as a complete program: mini-batches, natural gradients for q, Adam for the rest.

    python examples/streaming/variational.py TABLE --cells 5000 --epochs 50      # a table of table.py

The same bound as bound.py, which needs no GPyTorch and costs less a step. GPyTorch's own mixture of latents
(LMCVariationalStrategy) builds the covariance [b, b] of a batch of b cells; the marginals here cost O(b).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import gpytorch
import table as tables
import torch
from gpytorch.variational import (
    CholeskyVariationalDistribution,
    NaturalVariationalDistribution,
    UnwhitenedVariationalStrategy,
    VariationalStrategy,
)
from scoring import cells, score
from torch import Tensor


class Latents(gpytorch.models.ApproximateGP):
    """L GPs of variance 1, each with a length-scale and inducing points of its own, which start at points [M, D]."""

    def __init__(self, points: Tensor, num_latents: int, natural: bool, whiten: bool, learn: bool, q_spread: float):
        shape = torch.Size([num_latents])
        family = NaturalVariationalDistribution if natural else CholeskyVariationalDistribution
        strategy = VariationalStrategy if whiten else UnwhitenedVariationalStrategy
        q = family(len(points), shape, mean_init_std=q_spread)  # GPyTorch's 1e-3 is drawn, at the first call
        super().__init__(strategy(self, points.repeat(num_latents, 1, 1), q, learn_inducing_locations=learn))
        kernel = gpytorch.kernels.RBFKernel(batch_shape=shape, ard_num_dims=points.shape[1])
        spread = points.amax(0) - points.amin(0)
        kernel.lengthscale = torch.stack([0.2 * spread / 1.7**each for each in range(num_latents)])[:, None]  # apart
        self.kernel = kernel

    def forward(self, x: Tensor) -> gpytorch.distributions.MultivariateNormal:
        return gpytorch.distributions.MultivariateNormal(x.new_zeros(x.shape[:-1]), self.kernel(x))


class VariationalLMC(torch.nn.Module):
    """forward(x [b, D], task [b], y [b]): minus the bound on the log evidence per cell, in nats, as `bound.Bound`.

    natural: q has natural parameters, for NGD; whiten, learn_points: as in GPyTorch. The dtype is that of points.
    q_spread: of the means where q starts; above 0 they are a draw of torch's global generator, at the first call.
    """

    def __init__(
        self,
        points: Tensor,
        num_tasks: int,
        num_latents: int,
        num_cells: int,
        seed: int = 0,
        *,
        natural: bool = True,
        whiten: bool = True,
        learn_points: bool = True,
        q_spread: float = 0.0,
    ):
        super().__init__()
        self.gp, self.num_cells = Latents(points, num_latents, natural, whiten, learn_points, q_spread), num_cells
        draw = torch.randn(num_tasks, num_latents, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.W = torch.nn.Parameter(0.7 * draw)
        self.means = torch.nn.Parameter(torch.zeros(num_tasks))
        self.log_noise = torch.nn.Parameter(torch.full((num_tasks,), -2.0))
        self.to(points.dtype)

    def latent(self, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance [b] of f at cells, without noise: latents are independent under q, so variances add up."""
        q, w = self.gp(x), self.W[task].T
        return (w * q.mean).sum(0) + self.means[task], (w**2 * q.variance).sum(0)

    def forward(self, x: Tensor, task: Tensor, y: Tensor) -> Tensor:
        mean, variance = self.latent(x, task)
        noise = self.log_noise.exp()[task]
        fit = -0.5 * (torch.log(2 * torch.pi * noise) + ((y - mean) ** 2 + variance) / noise)
        return self.gp.variational_strategy.kl_divergence().sum() / self.num_cells - fit.mean()

    @torch.no_grad()
    def predict(self, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance [n] of new cells, with noise."""
        self.eval()
        mean, variance = self.latent(x, task)
        self.train()
        return mean, variance + self.log_noise.exp()[task]


def optimisers(model: VariationalLMC, rate: float, natural_rate: float) -> list[torch.optim.Optimizer]:
    """NGD for q where its parameters are natural, Adam for all else."""
    q = list(model.gp.variational_parameters())
    if not any(name.endswith("natural_vec") for name, _ in model.named_parameters()):
        return [torch.optim.Adam(model.parameters(), rate)]
    rest = [parameter for parameter in model.parameters() if not any(parameter is other for other in q)]
    return [torch.optim.Adam(rest, rate), gpytorch.optim.NGD(q, model.num_cells, natural_rate)]


def train(
    model: VariationalLMC,
    seen: tuple[Tensor, Tensor, Tensor],
    epochs: int,
    *,
    batch: int = 128,
    rate: float = 0.02,
    natural_rate: float = 0.1,
    seed: int = 0,
    after: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Epochs of mini-batches in a new order each; Adam's rate falls to a tenth in the last third."""
    steps, generator = optimisers(model, rate, natural_rate), torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        if epoch == epochs * 2 // 3:
            steps[0].param_groups[0]["lr"] *= 0.1
        for chosen in torch.randperm(len(seen[2]), generator=generator).split(batch):
            loss = model(*(column[chosen] for column in seen))
            for step in steps:
                step.zero_grad()
            loss.backward()
            for step in steps:
                step.step()
        after(epoch)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("table")
    parser.add_argument("--cells", type=int, default=5000, help="how many of the table's cells are learnt from")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--points", type=int, default=8, help="inducing points along each axis")
    given = parser.parse_args()
    for name, low in {"cells": 1, "epochs": 1, "points": 2}.items():
        if (value := getattr(given, name)) < low:
            raise ValueError(f"{name}: {value} is below {low}; pass another")
    table, axis = tables.read(given.table), torch.linspace(0, 1, given.points, dtype=torch.float64)
    num_cells = min(given.cells, table.seen)
    if given.points**2 > num_cells:
        raise ValueError(f"points: {given.points} x {given.points} are more than {num_cells} cells; pass fewer")
    seen, (x, task, y) = cells(table, 0, num_cells), cells(table, table.seen, len(table.y))
    model = VariationalLMC(torch.cartesian_prod(axis, axis), len(tables.W), 2, len(seen[2]))
    train(model, seen, given.epochs, batch=256)
    nlpd, coverage = score(*model.predict(x, task), y)
    print(f"held-out NLPD {nlpd:.4f}, coverage {coverage:.4f}; best possible {tables.best_nlpd(table):.4f}")


if __name__ == "__main__":
    try:
        main()
    except ValueError as error:
        sys.exit(str(error))
