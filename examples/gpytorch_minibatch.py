"""A multi-task GP in mini-batches, in plain GPyTorch: for tables with more cells than an exact model can hold.

    python gpytorch_minibatch.py

It needs torch and gpytorch, and uses a GPU where there is one. Put your own table in the place of `made_table()`.
"""

from __future__ import annotations

from typing import Any

import gpytorch
import torch
from torch import Tensor

EXACT = gpytorch.settings.max_cholesky_size(10_000)  # above GPyTorch's 800 cells variances would be approximate


class MultitaskGPModel(gpytorch.models.ApproximateGP):
    """An LMC: each column mixes the same few curves."""

    def __init__(self, points: Tensor, num_latents: int, num_tasks: int):
        latents = torch.Size([num_latents])  # points: inducing ones, [M, D]
        q = gpytorch.variational.NaturalVariationalDistribution(
            len(points),
            batch_shape=latents,
        )
        each = gpytorch.variational.VariationalStrategy(
            self,
            points.repeat(num_latents, 1, 1),
            q,
            learn_inducing_locations=False,
        )
        mixed = gpytorch.variational.LMCVariationalStrategy(
            each,
            num_tasks=num_tasks,
            num_latents=num_latents,
        )
        super().__init__(mixed)
        self.kernel = gpytorch.kernels.MaternKernel(
            nu=2.5,
            batch_shape=latents,
            ard_num_dims=points.shape[1],
        )

    def forward(self, x: Tensor) -> gpytorch.distributions.MultivariateNormal:
        return gpytorch.distributions.MultivariateNormal(
            x.new_zeros(x.shape[:-1]),
            self.kernel(x),
        )


def train(
    model: MultitaskGPModel,
    likelihood: gpytorch.likelihoods.HadamardGaussianLikelihood,
    cells: Tensor,
    y: Tensor,
    epochs: int = 30,
    batch: int = 128,
) -> list[float]:
    """The bound on the log likelihood after each epoch, nats. cells [n, D + 1]: inputs, number of the column."""
    natural = gpytorch.optim.NGD(list(model.variational_parameters()), num_data=len(y), lr=0.1)
    adam = torch.optim.Adam([*model.hyperparameters(), *likelihood.parameters()], lr=0.1)
    bounds = []
    for epoch in range(epochs):
        if epoch == epochs * 2 // 3:
            adam.param_groups[0]["lr"] /= 10
        model.train()
        for chosen in torch.randperm(len(y)).to(y.device).split(batch):
            natural.zero_grad()
            adam.zero_grad()
            loss = -bound(model, likelihood, cells[chosen], y[chosen], len(y))
            loss.backward()
            natural.step()
            adam.step()
        model.eval()
        with torch.no_grad():
            parts = zip(cells.split(batch), y.split(batch))
            bounds.append(sum(len(part[1]) * bound(model, likelihood, *part, len(y)).item() for part in parts))
    return bounds


def bound(
    model: MultitaskGPModel,
    likelihood: gpytorch.likelihoods.HadamardGaussianLikelihood,
    cells: Tensor,
    y: Tensor,
    num_data: int,
) -> Tensor:
    """The bound by this batch, for each cell. (VariationalELBO would not tell the likelihood whose cell it is.)"""
    with EXACT:
        f = model(cells[:, :-1], task_indices=cells[:, -1].long())
        fit = likelihood.expected_log_prob(y, f, cells)
    return fit.mean() - model.variational_strategy.kl_divergence() / num_data


@torch.no_grad()
def predict(
    model: MultitaskGPModel,
    likelihood: gpytorch.likelihoods.HadamardGaussianLikelihood,
    cells: Tensor,
    batch: int = 128,
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation [n] of readings of cells."""
    said = []
    for part in cells.split(batch):
        with EXACT:
            f = model(part[:, :-1], task_indices=part[:, -1].long())
            y = likelihood(f, part)
            said.append((y.mean, y.stddev))
    return torch.cat([mean for mean, _ in said]), torch.cat([sd for _, sd in said])


def made_table(rows: int = 500) -> tuple[Tensor, Tensor]:
    """Inputs [N, D] and columns [N, T], float64; NaN where nothing was read."""
    x = torch.linspace(0, 10, rows).double()[:, None]
    curves = torch.cat([x.sin(), (2 * x).cos()], 1)
    Y = curves @ torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 0.5]]).double()
    Y += torch.tensor([0.1, 0.2, 0.3]).double() * torch.randn(Y.shape).double()
    return x, Y.where(torch.rand(Y.shape) > 1 / 3, torch.nan)


def main() -> dict[str, Any]:
    """Fill the table; all names, to look at."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    x, Y = made_table()
    mean = Y.nanmean(0)
    sd = (Y - mean).square().nanmean(0).sqrt()
    row, task = (~Y.isnan()).nonzero(as_tuple=True)
    cells = torch.cat([x[row], task[:, None]], 1).to(device)  # a line for each reading
    y = ((Y - mean) / sd)[row, task].to(device)

    T = Y.shape[1]
    points = x[:: len(x) // 30].to(device)  # inducing points: two or more for each length-scale
    model = MultitaskGPModel(points, num_latents=2, num_tasks=T).double().to(device)
    model.kernel.lengthscale = torch.tensor([2.0, 1.0]).double()[:, None, None].to(device)  # unequal, in units of x
    likelihood = gpytorch.likelihoods.HadamardGaussianLikelihood(num_tasks=T, task_feature_index=x.shape[1])
    likelihood = likelihood.double().to(device)
    bounds = train(model, likelihood, cells, y)

    row, task = Y.isnan().nonzero(as_tuple=True)
    holes = torch.cat([x[row], task[:, None]], 1).to(device)
    z, z_sd = (one.cpu() for one in predict(model, likelihood, holes))
    filled = Y.clone()
    filled[row, task] = z * sd[task] + mean[task]
    print(f"{len(y)} cells read, {len(holes)} filled; the bound rose to {bounds[-1]:.0f} nats")
    return locals()


if __name__ == "__main__":
    main()
