"""K of inputs: by a kernel as it stands, and among fixed inputs by the logarithms of its parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gpytorch.kernels import Kernel, RBFKernel, RQKernel
from torch import Tensor

from mtgp_tutorial.models.closed import MATERN, closed, is_closed, rational_quadratic, rbf, squared


class InputKernel:
    """K of inputs by a GPyTorch kernel: in closed form where there is one, else as GPyTorch computes it."""

    def __init__(self, kernel: Kernel):
        self.kernel = kernel

    def __call__(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        """K [N, M] of inputs x and z, or of x with itself when z is None.

        GPyTorch subtracts the mean of its first argument from both, and a far input there would cost all the
        others their digits. So z comes first: data, or a single input.
        """
        if is_closed(self.kernel):
            return closed(self.kernel, x, x if z is None else z)
        return self.kernel(x).to_dense() if z is None else self.kernel(z, x).to_dense().mT

    def __eq__(self, other: object) -> bool:
        """Whether it is the same kernel of inputs, so that a form finds the term which an unknown belongs to."""
        return isinstance(other, InputKernel) and self.kernel is other.kernel

    def __hash__(self) -> int:
        return id(self.kernel)

    def among(self, x: Tensor) -> Tensor:
        """K [M, M] of new inputs; where GPyTorch computes it, one column at a time, for the reason above."""
        return self(x) if is_closed(self.kernel) else torch.cat([self(x, one[None]) for one in x], 1)

    def variances(self, x: Tensor) -> Tensor:
        """k(x, x) [M]: 1 for closed kernels; a user's own may be 1 at the data and something else elsewhere."""
        return torch.ones_like(x[:, 0]) if is_closed(self.kernel) else self.kernel(x, diag=True)


class ClosedMatrix:
    """K of fixed inputs x [N, D] and z (default x) by the logarithms of the kernel's parameters; squares are kept."""

    def __init__(self, kernel: Kernel, x: Tensor, z: Tensor | None = None):
        one = torch.ones(1).to(x)
        self.squares = [squared(x, x if z is None else z, one, d) for d in range(x.shape[1])]
        self.names = ["raw_lengthscale"] + (["raw_alpha"] if type(kernel) is RQKernel else [])
        self.profile = rbf if type(kernel) is RBFKernel else MATERN.get(getattr(kernel, "nu", 0.0))

    def __call__(self, logarithms: dict[str, Any]) -> Tensor:
        """K [N, M]; what `gradient` needs is kept."""
        inverse = [math.exp(-2 * float(v)) for v in logarithms["raw_lengthscale"].ravel()]
        if len(inverse) < len(self.squares):
            inverse *= len(self.squares)
        self.inverse, self.isotropic = inverse, logarithms["raw_lengthscale"].size == 1
        self.u = self.squares[0] * inverse[0]
        for square, weight in zip(self.squares[1:], inverse[1:]):
            self.u.add_(square, alpha=weight)
        if self.profile is not None:
            self.K, self.slope = self.profile(self.u)
        else:
            self.alpha = math.exp(float(logarithms["raw_alpha"].item()))
            self.K, self.slope = rational_quadratic(self.u, self.u.new_tensor(self.alpha))
        return self.K

    def gradient(self, G: Tensor) -> dict[str, Any]:
        """Derivatives against the logarithms, given G = dL/dK."""
        weight = (G * self.slope).flatten()
        if self.isotropic:
            lengths = [float(weight @ self.u.flatten())]
        else:
            lengths = [float(weight @ square.flatten()) * each for square, each in zip(self.squares, self.inverse)]
        found = {"raw_lengthscale": np.array([lengths])}
        if self.profile is None:
            share = self.u / (2 * self.alpha)
            by_alpha = (G * (self.slope * share - self.K * torch.log1p(share))).sum()
            found["raw_alpha"] = np.array([float(by_alpha) * self.alpha])
        return found
