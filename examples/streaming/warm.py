"""A start for the stream: hyper-parameters from a sample of cells, by the bound that has q in closed form.

With q at its optimum the bound is a function of the hyper-parameters alone (Titsias 2009), and L-BFGS climbs it: no
rate, no epochs, no order of batches. It holds all features of its cells at once, so it takes a sample of a large table.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from bound import Bound
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

Cells = tuple[Tensor, Tensor, Tensor]  # x [n, D], task [n], y [n]


def whitened(model: Bound, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
    """Phi [L M, n], Phi^T Phi the approximate covariance of f over the noise, and the variance [n] it leaves out."""
    A, left = model.features(x)
    w = model.W[task].T * torch.exp(-0.5 * model.log_noise[task])  # [L, n]
    return (A * w[:, None]).flatten(0, 1), (w**2 * left).sum(0)


def closed_form(model: Bound, cells: Cells) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Root of the precision I + Phi Phi^T, its solve against Phi r, residuals r over noise sd, and what is left out."""
    x, task, y = cells
    Phi, left = whitened(model, x, task)
    r = (y - model.means[task]) * torch.exp(-0.5 * model.log_noise[task])
    root = torch.linalg.cholesky(torch.eye(len(Phi)).to(x) + Phi @ Phi.T)
    return root, torch.linalg.solve_triangular(root, (Phi @ r)[:, None], upper=False)[:, 0], r, left.sum()


def collapsed(model: Bound, cells: Cells) -> Tensor:
    """The bound on the log evidence of the cells in nats, with the best joint q of all latents."""
    root, c, r, left = closed_form(model, cells)
    logs = 0.5 * model.log_noise[cells[1]].sum() + root.diagonal().log().sum() + 0.5 * len(r) * math.log(2 * math.pi)
    return -logs - 0.5 * ((r**2).sum() - (c**2).sum() + left)


@torch.no_grad()
def set_q(model: Bound, cells: Cells) -> None:
    """The best q of these cells among those with independent latents: the joint mean, and blocks of the precision."""
    root, c, *_ = closed_form(model, cells)
    L, M = model.vec.shape
    mean = torch.linalg.solve_triangular(root.T, c[:, None], upper=True)[:, 0].view(L, M)
    joint = (root @ root.T).view(L, M, L, M)
    precision = torch.stack([joint[each, :, each] for each in range(L)])
    model.mat.copy_(-0.5 * precision)
    model.vec.copy_((precision @ mean[..., None])[..., 0])


@torch.no_grad()
def answer(model: Bound, cells: Cells, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance [k] of new cells, with noise, under the joint q of `cells`."""
    root, c, *_ = closed_form(model, cells)
    Phi, left = whitened(model, x, task)
    half, noise = torch.linalg.solve_triangular(root, Phi, upper=False), model.log_noise.exp()[task]
    return half.T @ c * noise.sqrt() + model.means[task], (left + (half**2).sum(0) + 1) * noise


def maximise(model: Bound, cells: Cells, iterations: int) -> float:
    """Hyper-parameters to a maximum of the collapsed bound by L-BFGS-B, and q to its optimum; the bound, in nats.

    LinAlgError where nothing can be factored at the start; a line search that comes to such a place turns back.
    """
    free = [parameter for name, parameter in model.named_parameters() if name not in ("vec", "mat")]
    heights: list[float] = []

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        vector_to_parameters(torch.from_numpy(vector).to(free[0]), free)
        try:
            value = -collapsed(model, cells)
        except torch.linalg.LinAlgError:  # it tried a noise of 1e-19
            if not heights:
                raise
            return heights[0] + abs(heights[0]) + 1, np.zeros_like(vector)  # above all places that a climb accepts
        heights.append(float(value.detach()))
        grads = [grad.contiguous() for grad in torch.autograd.grad(value, free)]
        return heights[-1], parameters_to_vector(grads).double().cpu().numpy()

    start = parameters_to_vector(free).detach().double().cpu().numpy().copy()
    limits = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 50}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=limits)
    vector_to_parameters(torch.from_numpy(found.x).to(free[0]), free)
    set_q(model, cells)
    return -float(found.fun)
