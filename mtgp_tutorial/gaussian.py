"""Gaussian inference on any covariance matrix, float64: what every solver must equal, in lines that anyone can read."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from mtgp_tutorial.arguments import generator, tensors, whole

__all__ = ["NotPositiveDefiniteError", "cholesky", "log_likelihood", "posterior", "sample"]

LOG_2PI = math.log(2 * math.pi)


class NotPositiveDefiniteError(ValueError):
    """A covariance matrix that has no usable Cholesky factor.

    >>> import torch
    >>> from mtgp_tutorial import NotPositiveDefiniteError, gaussian
    >>> try:
    ...     gaussian.cholesky(torch.ones(2, 2).double())
    ... except NotPositiveDefiniteError as error:
    ...     print(str(error).split(" to ")[0])
    covariance: the 2 x 2 matrix is not positive definite
    """


def check_matrices(**expected: tuple[Tensor, tuple[int, ...]]) -> None:
    """Raise ValueError unless each is a tensor of its shape with finite numbers, and square ones are symmetric."""
    tensors(**{name: value for name, (value, _) in expected.items()})
    for name, (value, shape) in expected.items():
        if value.shape != torch.Size(shape):
            raise ValueError(f"{name}: has shape {tuple(value.shape)}; pass {tuple(shape)} to fit the others")
        if not bool(value.isfinite().all()):
            raise ValueError(f"{name}: holds NaN or infinite values; leave out cells that were not observed")
        symmetric = name not in ("residual", "cross") and value.dim() == 2 and value.numel() > 0
        if symmetric and bool((value - value.mT).abs().max() > 1e-8 * value.abs().max()):
            raise ValueError(f"{name}: is not symmetric; pass a covariance matrix")


def lower_factor(matrix: Tensor, name: str = "covariance", *, overwrite: bool = False) -> Tensor:
    """Lower factor of a positive definite matrix [n, n], or of several [.., n, n]; never adds jitter.

    Raises NotPositiveDefiniteError when a pivot, relative to its diagonal entry, is not above
    rounding error (n times 2.2e-16): what is left of that variable after the earlier ones. overwrite: in the place of
    the one matrix.
    """
    size, diagonal = matrix.shape[-1], matrix.diagonal(dim1=-2, dim2=-1).clone()
    if overwrite:  # LAPACK counts by columns: the upper triangle is read, and the transpose overwritten
        factor, info = matrix.mT, torch.empty((), dtype=torch.int32, device=matrix.device)
        torch.linalg.cholesky_ex(factor, out=(factor, info))
    else:
        factor, info = torch.linalg.cholesky_ex(matrix)
    left = factor.diagonal(dim1=-2, dim2=-1) ** 2 / diagonal
    if bool((info > 0).any()) or not bool((left > size * torch.finfo(matrix.dtype).eps).all()):
        raise NotPositiveDefiniteError(
            f"{name}: the {size} x {size} matrix is not positive definite to working precision; "
            "look for duplicate inputs without noise, or add noise"
        )
    return factor


def cholesky(matrix: Tensor, name: str = "covariance") -> Tensor:
    """Lower factor L of a covariance matrix, L L^T; never adds jitter.

    (The solvers factor what they have built themselves, unchecked.)

    Args:
        matrix (Tensor [n, n]): the covariance.
        name (str): what errors call it. Default: "covariance".
    Raises:
        ValueError: for what is no symmetric matrix of finite numbers.
        NotPositiveDefiniteError: for one that is not positive definite to working precision.

    >>> import torch
    >>> from mtgp_tutorial import gaussian
    >>> matrix = torch.tensor([[4.0, 2.0], [2.0, 5.0]]).double()
    >>> gaussian.cholesky(matrix).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    tensors(**{name: matrix})
    check_matrices(**{name: (matrix, (len(matrix), len(matrix)) if matrix.dim() else (1, 1))})
    return lower_factor(matrix, name)


class _LogLikelihood(Function):
    """log N(r | 0, C) with d/dC = (a a^T - C^-1) / 2 and d/dr = -a, where C a = r."""

    @staticmethod
    def forward(ctx: Any, residual: Tensor, covariance: Tensor) -> Tensor:
        factor = lower_factor(covariance)
        weights = torch.cholesky_solve(residual[..., None], factor)[..., 0]
        ctx.save_for_backward(weights, factor)
        log_det = 2 * factor.diagonal(0, -2, -1).log().sum(-1)
        return -0.5 * ((residual * weights).sum(-1) + log_det + residual.shape[-1] * LOG_2PI)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        weights, factor = ctx.saved_tensors
        outer, each = weights[..., None] * weights[..., None, :], grad[..., None]
        return -each * weights, 0.5 * each[..., None] * (outer - torch.cholesky_inverse(factor))


def log_likelihood(residual: Tensor, covariance: Tensor) -> Tensor:
    """log N(residual | 0, covariance) in nats.

    Differentiable once in both. (Rasmussen and Williams 2006, eq. 2.30)

    Args:
        residual (Tensor [n]): values less their mean.
        covariance (Tensor [n, n]): of the values.
    Raises:
        NotPositiveDefiniteError: for a matrix that is no covariance.
        ValueError: for shapes that do not fit, NaN and matrices that are not symmetric.

    >>> import torch
    >>> from mtgp_tutorial import gaussian
    >>> zeros, one = torch.zeros(2).double(), torch.eye(2).double()
    >>> value = gaussian.log_likelihood(zeros, one)
    >>> round(value.item(), 4)  # -log(2 pi)
    -1.8379
    """
    tensors(residual=residual)
    n = len(residual)
    check_matrices(residual=(residual, (n,)), covariance=(covariance, (n, n)))
    return log_density(residual, covariance)


def log_density(residual: Tensor, covariance: Tensor) -> Tensor:
    """The same of matrices [.., n, n] that the module has built itself, unchecked but for their factors."""
    return _LogLikelihood.apply(residual, covariance)


def posterior(residual: Tensor, covariance: Tensor, cross: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [m] and covariance of m unknowns, given n values with mean zero.

    (Rasmussen and Williams 2006, eqs. 2.23 and 2.24)

    Args:
        residual (Tensor [n]): the values.
        covariance (Tensor [n, n]): of the values.
        cross (Tensor [m, n]): of unknowns and values.
        prior (Tensor [m, m] or [m]): of the unknowns, or its diagonal: then only variances [m] come back.
    Raises:
        NotPositiveDefiniteError: as `log_likelihood` does.
        ValueError: as that does, too.

    >>> import torch
    >>> from mtgp_tutorial import gaussian
    >>> one = torch.ones(1, 1).double()
    >>> y = torch.tensor([2.0]).double()
    >>> mean, covariance = gaussian.posterior(y, 2 * one, one, one)
    >>> round(mean.item(), 6), round(covariance.item(), 6)
    (1.0, 0.5)
    """
    tensors(residual=residual, cross=cross, prior=prior)
    n, m = len(residual), len(cross)
    check_matrices(residual=(residual, (n,)), covariance=(covariance, (n, n)), cross=(cross, (m, n)))
    check_matrices(prior=(prior, (m,) if prior.dim() == 1 else (m, m)))
    factor = lower_factor(covariance)
    half = torch.linalg.solve_triangular(factor, cross.T, upper=False)
    mean = half.T @ torch.linalg.solve_triangular(factor, residual[:, None], upper=False)[:, 0]
    reduction = half.T @ half if prior.dim() == 2 else (half**2).sum(0)
    return mean, prior - reduction


def sample(mean: Tensor, covariance: Tensor, num_samples: int, *, seed: int, rounding: float = 0.0) -> Tensor:
    """Draws [S, n] from N(mean, covariance).

    The standard normals are drawn on the CPU by a generator of their own, so that the same seed gives the same draw on
    every device.

    Args:
        mean (Tensor [n]): of the draws.
        covariance (Tensor [n, n]): of the draws; it may be singular.
        num_samples (int): S, how many draws.
        seed (int): of the draws.
        rounding (float): how far below 0 an eigenvalue may be by rounding, where that is more than 1e-8 of the largest
            one. Default: 0.0.
    Raises:
        NotPositiveDefiniteError: for a clearly negative eigenvalue.

    >>> import torch
    >>> from mtgp_tutorial import gaussian
    >>> ones = torch.ones(2, 2).double()
    >>> draws = gaussian.sample(torch.zeros(2).double(), ones, 3, seed=0)
    >>> bool((draws[:, 0] - draws[:, 1]).abs().max() < 1e-6)
    True
    """
    num_samples, own = whole("num_samples", num_samples, 0, "how many draws to make"), generator(seed)
    tensors(mean=mean)
    check_matrices(mean=(mean, (len(mean),)), covariance=(covariance, (len(mean), len(mean))))
    values, vectors = torch.linalg.eigh(covariance)
    if len(values) and values[0] < -max(1e-8 * float(values[-1].abs()), rounding):
        raise NotPositiveDefiniteError(
            f"covariance: its eigenvalues run from {values[0]:.3g} to {values[-1]:.3g}; pass a matrix with none below 0"
        )
    normals = torch.randn(num_samples, len(mean), dtype=torch.float64, generator=own).to(mean.device)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T  # symmetric: no sign for LAPACK to choose
    return mean + normals @ root
