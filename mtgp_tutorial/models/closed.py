"""Closed kernels: K and its derivatives, from differences of the inputs.

GPyTorch expands (x - z)^2 = x^2 - 2 x z + z^2, which costs a Matern 1/2 kernel half its digits at near inputs. Here
u = sum_d ((x_d - z_d) / l_d)^2 is summed as it stands, and each kernel is a function of u, with *slope* = -2 dK/du:
then dK/d log l_d = slope ((x_d - z_d) / l_d)^2. (Rasmussen and Williams 2006, section 4.2.1; section 5.4.1)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel, RQKernel
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

Array = Any  # a tensor, or an array of numpy


def rbf(u: Array) -> tuple[Array, Array]:
    K = _library(u).exp(-0.5 * u)
    return K, K


def matern12(u: Array) -> tuple[Array, Array]:
    r = u**0.5
    K = _library(u).exp(-r)
    return K, _library(u).where(r > 0, K / r, 0.0)  # at r = 0 it is multiplied with 0


def matern32(u: Array) -> tuple[Array, Array]:
    r = (3 * u) ** 0.5
    decay = _library(u).exp(-r)
    r += 1
    r *= decay
    return r, 3 * decay


def matern52(u: Array) -> tuple[Array, Array]:
    r = (5 * u) ** 0.5
    decay = _library(u).exp(-r)
    r += 1
    r *= decay
    r *= 5 / 3
    return 0.6 * r + 5 / 3 * u * decay, r


def rational_quadratic(u: Array, alpha: Array) -> tuple[Array, Array]:
    base = 1 + u / (2 * alpha)
    K = base**-alpha
    return K, K / base


def _library(u: Array) -> Any:
    """The library that the numbers are from: a function of u serves both."""
    return torch if isinstance(u, Tensor) else np


MATERN = {0.5: matern12, 1.5: matern32, 2.5: matern52}


def profile_of(kernel: Kernel) -> Any:
    """K and its slope as a function of u, and of alpha where the kernel has one."""
    if type(kernel) is RQKernel:
        return rational_quadratic
    return rbf if type(kernel) is RBFKernel else MATERN[kernel.nu]


def is_closed(kernel: Kernel) -> bool:
    """Whether the kernel is one of these, by its exact type."""
    return type(kernel) in (RBFKernel, MaternKernel, RQKernel) and kernel.batch_shape == torch.Size()


def closed(kernel: Kernel, x: Tensor, z: Tensor) -> Tensor:
    """K [N, M] of inputs x [N, D] and z [M, D], differentiable once in the kernel's parameters."""
    alpha = [kernel.alpha] if type(kernel) is RQKernel else []
    return _Closed.apply(x, z, kernel.lengthscale[0], profile_of(kernel), *alpha)


def squared(x: Tensor, z: Tensor, length: Tensor, d: int) -> Tensor:
    """((x_d - z_d) / l_d)^2 for one input, [N, M]; length: [D], or [1] for all inputs alike."""
    scaled = (x[:, d, None] - z[:, d]).mul_(1 / length[d if len(length) > 1 else 0])
    return scaled.mul_(scaled)


def distance(x: Tensor, z: Tensor, length: Tensor) -> Tensor:
    """u [N, M], summed over inputs."""
    u = squared(x, z, length, 0)
    for d in range(1, x.shape[1]):
        u += squared(x, z, length, d)
    return u


def stretched(G: Tensor, slope: Tensor, u: Tensor, x: Tensor, z: Tensor, length: Tensor) -> Tensor:
    """Derivative against each length-scale, [D] or [1], given G = dL/dK."""
    weight = G * slope
    parts = [u] if len(length) == 1 else [squared(x, z, length, d) for d in range(len(length))]
    return torch.stack([weight.flatten() @ part.flatten() for part in parts]) / length


def by_alpha(K: Array, slope: Array, u: Array, alpha: Any) -> Array:
    """dK/d alpha of the rational quadratic kernel."""
    share = u / (2 * alpha)  # base - 1
    return slope * share - K * _library(u).log1p(share)


class _Closed(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, z: Tensor, length: Tensor, profile: Any, *alpha: Tensor) -> Tensor:
        u = distance(x, z, length)
        K, slope = profile(u, *alpha)
        ctx.save_for_backward(x, z, length, u, slope, *((K, *alpha) if alpha else ()))
        return K

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, G: Tensor) -> tuple[Any, ...]:
        x, z, length, u, slope, *rest = ctx.saved_tensors
        slopes = None, None, stretched(G, slope, u, x, z, length), None
        return (*slopes, (G * by_alpha(rest[0], slope, u, rest[1])).sum().expand_as(rest[1])) if rest else slopes
