"""Closed kernels: K and its derivatives from differences of the inputs, by hand.

GPyTorch expands (x - z)^2 = x^2 - 2 x z + z^2, which costs a Matern 1/2 kernel half its digits at near inputs. Here
u = sum_d ((x_d - z_d) / l_d)^2 is summed as it stands, and each kernel is a function of u, with *slope* = -2 dK/du:
then dK/d log l_d = slope ((x_d - z_d) / l_d)^2. (Rasmussen and Williams 2006, section 4.2.1; section 5.4.1)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel, RQKernel
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.kernels import Term, covariance_of_inputs
from mtgp_tutorial.solvers.solver import Matern, SolverTerm


def solver_term(term: Term) -> SolverTerm:
    """The term as solvers take it. By exact type, as a user's subclass keeps its own arithmetic."""
    kernel, B = term
    plain = type(kernel) is MaternKernel and kernel.batch_shape == torch.Size() and kernel.raw_lengthscale.numel() == 1
    matern = Matern(float(kernel.nu), kernel.lengthscale.reshape(())) if plain else None
    return SolverTerm(InputKernel(kernel), B, matern)


@dataclass(frozen=True)
class InputKernel:
    """K of inputs by a GPyTorch kernel: in closed form where there is one, else as the core computes it.

    Two are equal when their kernel is the same, so that a solver finds the term which an unknown belongs to.
    """

    kernel: Kernel

    def __call__(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        """K [N, M] of inputs x and z, or of x with itself when z is None."""
        if is_closed(self.kernel):
            return closed(self.kernel, x, x if z is None else z)
        return covariance_of_inputs(self.kernel, x, z)


class ClosedMatrix:
    """K of fixed inputs x [N, D] and z (default x) by the logarithms of the kernel's parameters; squares are kept."""

    def __init__(self, kernel: Kernel, x: Tensor, z: Tensor | None = None):
        one = torch.ones(1).to(x)
        self.squares = [squared(x, x if z is None else z, one, d) for d in range(x.shape[1])]
        self.names = ["raw_lengthscale"] + (["raw_alpha"] if type(kernel) is RQKernel else [])
        self.profile = profile_of(kernel)

    def __call__(self, logarithms: dict[str, Any]) -> Tensor:
        """K [N, M]; what `gradient` needs is kept."""
        inverse = [math.exp(-2 * float(v)) for v in logarithms["raw_lengthscale"].ravel()]
        if len(inverse) < len(self.squares):
            inverse *= len(self.squares)
        self.inverse, self.isotropic = inverse, logarithms["raw_lengthscale"].size == 1
        self.u = self.squares[0] * inverse[0]
        for square, weight in zip(self.squares[1:], inverse[1:]):
            self.u.add_(square, alpha=weight)
        self.alpha = [self.u.new_tensor(math.exp(float(logarithms[name].item()))) for name in self.names[1:]]
        self.K, self.slope = self.profile(self.u, *self.alpha)
        return self.K

    def gradient(self, G: Tensor) -> dict[str, Any]:
        """Derivatives against the logarithms, given G = dL/dK."""
        weight = (G * self.slope).flatten()
        if self.isotropic:
            lengths = [float(weight @ self.u.flatten())]
        else:
            lengths = [float(weight @ square.flatten()) * each for square, each in zip(self.squares, self.inverse)]
        found = {"raw_lengthscale": np.array([lengths])}
        for alpha in self.alpha:
            found["raw_alpha"] = np.array([float((G * by_alpha(self.K, self.slope, self.u, alpha)).sum() * alpha)])
        return found


class BatchedMatrices:
    """The same for several vectors of parameters at once, in numpy: K [N, n, n] of fixed inputs x [n, D]."""

    def __init__(self, kernel: Kernel, x: np.ndarray):
        self.squares = [np.subtract.outer(column, column) ** 2 for column in x.T]
        self.names = ["raw_lengthscale"] + (["raw_alpha"] if type(kernel) is RQKernel else [])
        self.profile = profile_of(kernel)

    def __call__(self, logarithms: dict[str, np.ndarray]) -> np.ndarray:
        """K [N, n, n]; what `gradient` needs is kept. raw_lengthscale: [N, 1, D] or [N, 1, 1]."""
        self.inverse = np.exp(-2 * logarithms["raw_lengthscale"])
        self.u = self.squares[0] * self.inverse[..., :1]
        for d, square in enumerate(self.squares[1:], 1):
            self.u += square * (self.inverse if self.inverse.shape[-1] == 1 else self.inverse[..., d : d + 1])
        self.alpha = [np.exp(logarithms[name]).reshape(-1, 1, 1) for name in self.names[1:]]
        self.K, self.slope = self.profile(self.u, *self.alpha)
        return self.K

    def gradient(self, G: np.ndarray) -> dict[str, np.ndarray]:
        """Derivatives against the logarithms, given G = dL/dK [N, n, n]."""
        weight = G * self.slope
        if self.inverse.shape[-1] == 1:
            lengths = np.einsum("aij,aij->a", weight, self.u)[:, None]
        else:
            lengths = (
                np.stack([np.einsum("aij,ij->a", weight, square) for square in self.squares], 1) * self.inverse[:, 0]
            )
        found = {"raw_lengthscale": lengths[:, None]}
        for alpha in self.alpha:
            by = by_alpha(self.K, self.slope, self.u, alpha)
            found["raw_alpha"] = np.einsum("aij,aij->a", G, by) * alpha.ravel()
        return found


class LengthScale:
    """In place of a `ClosedMatrix` where a solver takes the length-scale of a Matern kernel itself."""

    names = ("raw_lengthscale",)

    def __init__(self, x: Tensor):
        self.x = x

    def __call__(self, logarithms: dict[str, Any]) -> Tensor:
        """The length-scale []."""
        self.length = math.exp(float(logarithms["raw_lengthscale"].item()))
        return self.x.new_tensor(self.length)

    def gradient(self, G: Tensor) -> dict[str, Any]:
        """The derivative against its logarithm, given that against it."""
        return {"raw_lengthscale": np.array([[float(G) * self.length]])}


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
PROFILES: dict[type[Kernel], Any] = {  # by the exact type of a kernel
    RBFKernel: lambda kernel: rbf,
    MaternKernel: lambda kernel: MATERN[kernel.nu],
    RQKernel: lambda kernel: rational_quadratic,
}


def profile_of(kernel: Kernel) -> Any:
    """K and its slope as a function of u, and of alpha where the kernel has one."""
    return PROFILES[type(kernel)](kernel)


def is_closed(kernel: Kernel) -> bool:
    """Whether the kernel is one of these, by its exact type."""
    return type(kernel) in PROFILES and kernel.batch_shape == torch.Size()


def closed(kernel: Kernel, x: Tensor, z: Tensor) -> Tensor:
    """K [N, M] of inputs x [N, D] and z [M, D], differentiable once in the kernel's parameters."""
    alpha = [kernel.alpha] if type(kernel) is RQKernel else []
    return _Closed.apply(x, z, kernel.lengthscale[0], profile_of(kernel), *alpha)


def squared(x: Tensor, z: Tensor, length: Tensor, d: int) -> Tensor:
    """((x_d - z_d) / l_d)^2 for one input, [N, M]; length: [D], or [1] for all inputs alike."""
    apart = (x[:, d, None] - z[:, d]).mul_(1 / length[d if len(length) > 1 else 0])
    return apart.mul_(apart)


def distance(x: Tensor, z: Tensor, length: Tensor) -> Tensor:
    """u [N, M], summed over inputs."""
    u = squared(x, z, length, 0)
    for d in range(1, x.shape[1]):
        u += squared(x, z, length, d)
    return u


def by_length_scale(G: Tensor, slope: Tensor, u: Tensor, x: Tensor, z: Tensor, length: Tensor) -> Tensor:
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
        slopes = None, None, by_length_scale(G, slope, u, x, z, length), None
        if not rest:
            return slopes
        K, alpha = rest
        return *slopes, (G * by_alpha(K, slope, u, alpha)).sum().expand_as(alpha)
