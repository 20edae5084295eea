"""Noise that tasks share cannot be learnt from single cells: two gradients against Sigma, side by side.

    python examples/streaming/correlated.py

The evidence of a table of rows depends on Sigma's off-diagonal, the bound of single cells does not: its derivative
there is 0, not small, whatever the data. (A bound whose items are rows would depend on it; none is written here.)
"""

from __future__ import annotations

import torch
from bound import Bound
from torch import Tensor
from torch.func import functional_call
from warm import Cells

F64 = torch.float64


def rows_of_two(n: int = 60, rho: float = 0.7, seed: int = 0) -> tuple[Tensor, Tensor]:
    """x [n, 1], y [n, 2]: a sine and its half, with noise of sd 0.3 and correlation rho."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, generator=generator, dtype=F64)
    common, own = torch.randn(n, 1, generator=generator, dtype=F64), torch.randn(n, 2, generator=generator, dtype=F64)
    noise = 0.3 * (rho**0.5 * common + (1 - rho) ** 0.5 * own)
    return x, torch.sin(9 * x) * torch.tensor([1.0, 0.5], dtype=F64) + noise


def as_cells(x: Tensor, y: Tensor) -> Cells:
    """The same table as cells (x, task, y), row by row."""
    n, T = y.shape
    return x.repeat_interleave(T, 0), torch.arange(T).repeat(n), y.flatten()


def bound_of_cells(model: Bound, x: Tensor, y: Tensor, Sigma: Tensor) -> Tensor:
    """The bound in nats of all cells, with the noise of each task from Sigma [T, T]: all of it that a cell can see."""
    parameters = {**dict(model.named_parameters()), "log_noise": Sigma.diagonal().log()}
    return -y.numel() * functional_call(model, parameters, as_cells(x, y))


def evidence(model: Bound, x: Tensor, y: Tensor, Sigma: Tensor) -> Tensor:
    """The exact log evidence in nats: cells of a row share Sigma [T, T]."""
    inputs, task, values = as_cells(x, y)
    points = inputs.expand(len(model.Z), -1, -1)
    w = model.W[task].T
    C = (model.kernel(points, points) * w[:, :, None] * w[:, None]).sum(0) + torch.kron(torch.eye(len(x)).to(x), Sigma)
    return torch.distributions.MultivariateNormal(model.means[task], C).log_prob(values)


def gradients() -> tuple[Tensor, Tensor]:
    """d evidence / d Sigma and d bound / d Sigma [2, 2] at the same model, whose noise is taken to be independent."""
    x, y = rows_of_two()
    model = Bound(torch.linspace(0, 1, 10, dtype=F64)[:, None], 2, 2, y.numel())
    Sigma = (0.09 * torch.eye(2, dtype=F64)).requires_grad_()
    exact, cells = (torch.autograd.grad(value(model, x, y, Sigma), Sigma)[0] for value in (evidence, bound_of_cells))
    return exact, cells


if __name__ == "__main__":
    for name, gradient in zip(("evidence", "bound of single cells"), gradients()):
        print(f"{name:22} d/d Sigma: {[[round(entry, 2) for entry in row] for row in gradient.tolist()]}")
