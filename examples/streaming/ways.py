"""Ways to write the loss of a mini-batch under DistributedDataParallel: the first is right; see wrong_ways.py."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from bound import Bound, Moments
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel as DDP

N, SHARE = 10_000, 64  # cells of the whole table, cells of a step and process
Cells = tuple[Tensor, ...]
Loss = Callable[[Cells], Tensor]


class Marginals(torch.nn.Module):
    """Returns the marginals of f, as a GPyTorch model does; what its loss needs beside stays outside."""

    def __init__(self, model: Bound):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.latent(x, task, *Moments.apply(self.model.vec, self.model.mat))


def noise_outside(model: Bound) -> Loss:
    """Wrapper around the model, likelihood and KL outside: GPyTorch's usual three parts."""
    log_noise = model.log_noise
    del model.log_noise  # no parameter of what is wrapped
    ddp = DDP(Marginals(model))
    model.register_parameter("log_noise", log_noise)

    def loss(cells: Cells) -> Tensor:
        mean, variance = ddp(*cells[:2])
        noise = log_noise[cells[1]]
        fit = 0.5 * (math.log(2 * math.pi) + noise + ((cells[2] - mean) ** 2 + variance) * torch.exp(-noise)).mean()
        return fit + model.kl(*Moments.apply(model.vec, model.mat)) / N

    return loss


def wrapped(model: torch.nn.Module, scale: float = 1.0) -> Loss:
    ddp = DDP(model)
    return lambda cells: scale * ddp(*cells)


def inner(model: Bound) -> Loss:
    ddp = DDP(model)
    return lambda cells: ddp.module(*cells)


def not_kept(model: Bound) -> Loss:
    return lambda cells: DDP(model)(*cells)


def uneven(rank: int) -> slice:
    """A quarter of the cells for the first process, three quarters for the second."""
    return slice(0, SHARE // 2) if rank == 0 else slice(SHARE // 2, 2 * SHARE)


def ways(rank: int) -> dict[str, tuple[Callable[[Bound], Loss], int, slice]]:
    """Name -> what makes the loss of a model, the cells that it is told of, and the cells that this process reads."""
    mine = slice(rank * SHARE, (rank + 1) * SHARE)
    return {
        "forward returns the loss: mean over cells + KL / cells of the table": (wrapped, N, mine),
        "the module inside the wrapper is called": (inner, N, mine),
        "the wrapper is made in each step and not kept": (not_kept, N, mine),
        "noise outside the wrapper": (noise_outside, N, mine),
        "sum over cells, divided by the cells of all processes": (lambda model: wrapped(model, 0.5), N, mine),
        "KL / cells of this process": (wrapped, N // 2, mine),
        "every process reads the same cells": (wrapped, N, slice(0, SHARE)),
        "processes with unequal batches": (wrapped, N, uneven(rank)),
    }
