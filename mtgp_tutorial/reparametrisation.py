"""Coordinates in which the posterior of a model's parameters is sampled, and its density there.

`fit` runs in what GPyTorch stores, where the prior is a penalty. A posterior needs a density of something. It is that
of log length-scales, log variances, correlations and means, as `priors` states it, and what the stored
parameters have beyond these gets a law of its own here:

    B_q = W W^T + diag(kappa)   log B_q,tt and, for each task, a in the unit ball: W_t = sqrt(B_q,tt) a. Its direction
                                is uniform, its length r has density (-log r)^(-1/2) / sqrt(pi): with one column each
                                correlation a_s a_t is then uniform, before the prior's factor |R|
    sum_q B_q                   a task's variance is split among the kernels evenly on the simplex
    Sigma                       log variances, and partial correlations of a Cholesky factor (Lewandowski et al. 2009)

Where a fit froze a part of W and kappa, the rest keeps its stored form and a flat law there.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import EACH, FACTOR, FLOOR, SHARED

Tensors = dict[str, Tensor]


class Reparametrisation:
    """Between vectors z [N, K] of free, unbounded coordinates and vectors [N, P] of what a model stores and has free.

    z has for each W_t a vector s with a = tanh(|s|) s / |s|, in the place of log kappa log B_q,tt, in that of a full
    Sigma's factor log variances (diagonal) and arctanh of partial correlations (below it); all else is as it is stored.
    """

    def __init__(self, model: Model):
        parameters = dict(model.named_parameters())
        names = {id(parameter): name for name, parameter in parameters.items()}
        self.stored = {name: parameter.detach()[None] for name, parameter in parameters.items()}
        self.free = [(name, p.shape, p.numel()) for name, p in parameters.items() if p.requires_grad]
        free = {name for name, _, _ in self.free}
        signals = [part.task_covar_module for part in model.kernel.coregional]
        self.parts = [(names[id(one.covar_factor)], names[id(one.raw_var)]) for one in signals]
        self.whole = [part for part in self.parts if set(part) <= free]  # neither is frozen
        self.noises = [name for name in (SHARED, EACH) if name in free]
        self.full = FACTOR in free
        T = model.data.num_tasks
        below = np.tril(np.ones((T, T), dtype=bool)).ravel()
        self.used = np.concatenate([below if name == FACTOR else np.ones(size, bool) for name, _, size in self.free])

    def placed(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [N, P], and what the log density of z [N] has beyond likelihood and prior."""
        full = z.new_zeros(len(z), len(self.used))
        full[:, self.used] = z
        sizes = [size for _, _, size in self.free]
        p = {name: part.reshape(-1, *shape) for (name, shape, _), part in zip(self.free, full.split(sizes, 1))}
        stored, density = {**self.stored, **p}, z.new_zeros(len(z))
        for W, own in self.whole:
            stored[W], stored[own], more = _split(p[W], p[own])
            density = density + more
        for name in self.noises:
            density = density + (p[name] - torch.log(FLOOR + p[name].exp())).sum(-1)
        if self.full:
            stored[FACTOR], more = _factor(p[FACTOR], stored[SHARED].exp())
            density = density + more
        density = density + self._shares(stored)
        return torch.cat([stored[name].reshape(len(z), -1) for name, _, _ in self.free], 1), density

    def _shares(self, stored: Tensors) -> Tensor:
        """Of several kernels the law of their shares; and of a W without kappa that of its length."""
        logs, density = [], torch.zeros(())
        for W, own in self.parts:
            b = (stored[W] ** 2).sum(-1) + stored[own].exp()
            logs.append(b.log())
            if bool(stored[own].isneginf().all()):
                density = density - 0.5 * stored[W].shape[-1] * logs[-1].sum(-1)
        if len(logs) > 1:
            each = torch.stack(logs)
            density = density + (each.sum(0) - len(logs) * each.logsumexp(0)).sum(-1)
        return density

    def coordinates(self) -> np.ndarray:
        """z [K] of the model."""
        p = {name: value[0] for name, value in self.stored.items()}
        for W, own in self.whole:
            b = (p[W] ** 2).sum(-1) + p[own].exp()
            a = p[W] / b.sqrt()[:, None]
            r = a.norm(dim=1, keepdim=True).clamp(1e-6, 1 - 1e-9)
            p[W], p[own] = a / r * torch.atanh(r), b.log()
        if self.full:
            product = p[FACTOR] @ p[FACTOR].mT  # it may be singular
            L = torch.linalg.cholesky(product + 0.01 * FLOOR * torch.eye(len(product)))
            p[FACTOR] = torch.atanh(_partial(L / L.norm(dim=1, keepdim=True)).clamp(-1 + 1e-9, 1 - 1e-9))
            p[FACTOR] = p[FACTOR].tril(-1) + torch.diag(2 * L.norm(dim=1).log())
        return np.concatenate([p[name].numpy().ravel() for name, _, _ in self.free])[self.used]


def _split(s: Tensor, log_b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """W [N, T, R], log kappa [N, T] and log density [N] of s and log B_tt."""
    rho = ((s**2).sum(-1) + 1e-12).sqrt()
    q = torch.exp(-2 * rho)
    log_left = math.log(4) - 2 * rho - 2 * torch.log1p(q)  # log(1 - r^2), r = tanh(rho)
    W = ((0.5 * log_b).exp() * torch.tanh(rho) / rho)[..., None] * s
    length = torch.log1p(q) - torch.log1p(-q)  # -log r
    return W, log_b + log_left, (log_left - 0.5 * length.log() - (s.shape[-1] - 1) * rho.log()).sum(-1)


def _factor(x: Tensor, floor: Tensor) -> tuple[Tensor, Tensor]:
    """L [N, T, T] of Sigma = L L^T + floor I, and log density [N], of log variances and arctanh of correlations."""
    T, log_v = x.shape[-1], x.diagonal(0, -2, -1)
    left, columns, density = torch.ones_like(log_v), [], x.new_zeros(len(x))
    for s in range(T):
        c = torch.tanh(x[:, s + 1 :, s])
        column = torch.cat([left[:, s : s + 1].sqrt(), c * left[:, s + 1 :].sqrt()], 1)
        columns.append(torch.nn.functional.pad(column, (s, 0)))
        log_left = torch.log1p(-(c**2))
        left = torch.cat([left[:, : s + 1], left[:, s + 1 :] * (1 - c**2)], 1)
        density = density + (0.5 * (T - s - 2) + 1) * log_left.sum(1)
    of_floor = log_v - torch.log(log_v.exp() + floor)
    return (0.5 * log_v).exp()[..., None] * torch.stack(columns, 2), density + 0.5 * (T + 1) * of_floor.sum(-1)


def _partial(L: Tensor) -> Tensor:
    """Partial correlations [T, T], below the diagonal, of a Cholesky factor with rows of length 1."""
    left = torch.cat([torch.ones(len(L), 1).to(L), (1 - (L**2).cumsum(1)).clamp_min(1e-12)[:, :-1]], 1)
    return (L / left.sqrt()).tril(-1)
