"""Closed kernels: K and its derivatives, from differences of the inputs.

GPyTorch expands (x - z)^2 = x^2 - 2 x z + z^2, which costs a Matern 1/2 kernel half its digits at near inputs. Here
u = sum_d ((x_d - z_d) / l_d)^2 is summed as it stands, and each kernel is a function of u, with *slope* = -2 dK/du:
then dK/d log l_d = slope ((x_d - z_d) / l_d)^2. (Rasmussen and Williams 2006, section 4.2.1; section 5.4.1)
"""

from __future__ import annotations

from typing import Any

import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel, RQKernel
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def rbf(u: Tensor) -> tuple[Tensor, Tensor]:
    K = (-0.5 * u).exp_()
    return K, K


def matern12(u: Tensor) -> tuple[Tensor, Tensor]:
    r = u.sqrt()
    K = (-r).exp_()
    return K, torch.where(r > 0, K / r, 0.0)  # at r = 0 it is multiplied with 0


def matern32(u: Tensor) -> tuple[Tensor, Tensor]:
    r = (3 * u).sqrt_()
    decay = (-r).exp_()
    return (1 + r).mul_(decay), 3 * decay


def matern52(u: Tensor) -> tuple[Tensor, Tensor]:
    r = (5 * u).sqrt_()
    decay = (-r).exp_()
    slope = (1 + r).mul_(decay).mul_(5 / 3)
    return torch.addcmul(0.6 * slope, u, decay, value=5 / 3), slope


def rational_quadratic(u: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    base = 1 + u / (2 * alpha)
    K = base**-alpha
    return K, K / base


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


def by_alpha(G: Tensor, K: Tensor, slope: Tensor, u: Tensor, alpha: Any) -> Tensor:
    """Derivative of the rational quadratic kernel against alpha, given G = dL/dK."""
    share = u / (2 * alpha)  # base - 1
    return (G * (slope * share - K * torch.log1p(share))).sum()


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
        return (*slopes, by_alpha(G, rest[0], slope, u, rest[1]).expand_as(rest[1])) if rest else slopes
