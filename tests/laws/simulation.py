"""Draws and trends."""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel

from laws.common import (
    close,
    tensor,
)
from mtgp_tutorial import gaussian, simulate

TWO_SINES = [[-0.01467950974849952, -0.517196004946502], [0.0946821609003954, -0.6656822485969043]]
LATENT = [[0.14563750509500692, 0.8071495660227993], [0.6838358310964779, -1.1452345265163302]]
NOISY = [[0.5773678782215121, 0.9138465423299257], [0.5581954408128806, -1.6120724102250774]]


def law_draws():
    B, Sigma, x = tensor([[1, -0.6], [-0.6, 2]]), tensor([[0.3, 0.1], [0.1, 0.2]]), tensor([[0.0], [0.5]])
    state = torch.get_rng_state()
    again = simulate.draw_icm(x, RBFKernel(), B, Sigma, seed=7)
    assert torch.equal(state, torch.get_rng_state())
    draws = [simulate.draw_icm(x, RBFKernel(), B, Sigma, seed=seed) for seed in range(3000)]
    assert torch.equal(again[0].y, draws[7][0].y) and torch.equal(again[1].y, draws[7][1].y)
    latent, noise = (
        torch.stack([f.y.flatten() for f, _ in draws]),
        torch.stack([(y.y - f.y).flatten() for f, y in draws]),
    )
    K = RBFKernel().double()(x).to_dense().detach()
    close(latent.T @ latent / 3000, torch.kron(K, B), 0.1)
    close(noise.T @ noise / 3000, torch.kron(torch.eye(2).double(), Sigma), 0.03)
    close(latent.T @ noise / 3000, torch.zeros(4, 4), 0.08)
    sample = gaussian.sample(tensor([1.0, 2.0]), tensor([[4, 2], [2, 1.0]]), 4000, seed=1)  # singular on purpose
    nearly = 1e6 * torch.eye(2).double() - 1e6 * (1 + 2.5e-9) * torch.eye(2).double().flip(0)  # -0.0025: rounding
    assert gaussian.sample(tensor([0, 0]), nearly, 3, seed=1).isfinite().all()
    close(torch.cov(sample.T), tensor([[4, 2], [2, 1.0]]), 0.1)
    close(sample.mean(0), [1.0, 2.0], 0.1)


def law_a_seed_gives_the_draw_that_it_always_gave():
    """The book's data: PyTorch promises no such thing over releases, so a change of it is to be seen."""
    close(simulate.two_sines(n=2, seed=7).y, TWO_SINES, 1e-12)
    B, Sigma = tensor([[1, 0.5], [0.5, 2]]), tensor([[0.1, 0.05], [0.05, 0.2]])
    f, y = simulate.draw_icm(np.array([0.0, 1.0]), RBFKernel(), B, Sigma, seed=7)
    close(f.y, LATENT, 1e-7)
    close(y.y, NOISY, 1e-7)
    hidden = simulate.two_sines(n=10, seed=7).hide_random("sine", 0.5, seed=3)[1]
    assert hidden.observed[:, 0].nonzero().flatten().tolist() == [0, 3, 6, 7, 8]
