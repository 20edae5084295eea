"""Least squares, and kriging with external drift: a regression whose residual is a GP of the inputs.

y = H b + c^(1/2) (u + r^(1/2) e), with u a GP of variance 1 and one length-scale, e white noise of variance 1, and the
columns of H (the *drift*) known wherever an answer is asked. The length-scale and the noise ratio r maximise the
restricted likelihood (REML); there the scale c has a closed form, and b never appears: it is the likelihood of what is
left of y at a right angle to H.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel
from torch import Tensor

from mtgp_tutorial.kernels import FORMULAS
from mtgp_tutorial.tables.forecasting import NotApplicable

KERNELS: dict[str, Kernel] = {
    "matern12": MaternKernel(nu=0.5),
    "matern32": MaternKernel(nu=1.5),
    "matern52": MaternKernel(nu=2.5),
    "rbf": RBFKernel(),
}
RATIOS = torch.logspace(-5, 2, 71, dtype=torch.float64)  # of the noise's variance to that of the GP
SPACING, HALVINGS = 1.7, 3  # length-scales: factor between those of the grid, and how often it is halved at the best
MOST = 2000  # rows: each length-scale takes an eigendecomposition

Answer = tuple[Tensor, Tensor]  # mean [m], and variance [m] or covariance [m, m]


class Residual(NamedTuple):
    """Law of what a regression leaves: scale * (u + sqrt(ratio) e) in variances; value: its restricted log likelihood.

    length: in units of the inputs that it was searched with.
    """

    kernel: str
    length: float
    ratio: float
    scale: float
    value: float


def covariance(kernel: str, length: float, x: Tensor, z: Tensor) -> Tensor:
    """K [N, M] of a kernel of KERNELS, variance 1, between inputs x [N, D] and z [M, D]."""
    of_u, *_ = FORMULAS[type(KERNELS[kernel])](KERNELS[kernel])
    return of_u((((x[:, None] - z) / length) ** 2).sum(-1))[0]


def restricted(values: Tensor, z: Tensor, ratios: Tensor) -> tuple[Tensor, Tensor]:
    """Restricted log likelihood and scale c, [R] each, at noise ratios [R].

    values [n - p]: eigenvalues of N^T K N, with N [n, n - p] an orthonormal basis at a right angle to the p columns of
    H. z [n - p]: N^T y in its eigenvectors. The value is that of N^T y, and so the same for all H of one span.
    """
    spread = values.clamp(min=0)[:, None] + ratios
    scale = (z[:, None] ** 2 / spread).mean(0).clamp(min=1e-300)  # 0 where the regression is exact
    return -0.5 * (spread.log().sum(0) + len(z) * (scale.log() + math.log(2 * math.pi) + 1)), scale


def best_residual(x: Tensor, H: Tensor, y: Tensor, names: Sequence[str]) -> Residual:
    """The Residual of highest restricted likelihood for inputs x [n, D], orthonormal H [n, p] and y [n].

    names: of the kernels that are tried.

    Length-scales: a grid from the least distance (or the span over 2 n, if that is more) to twice the span, then
    halved around the best; at each of them all of RATIOS. Raises NotApplicable for more rows than MOST, and for inputs
    that are all the same.
    """
    if len(x) > MOST:
        raise NotApplicable(
            f"seen: a regression has {len(x):,} rows, and 'regression + GP' takes at most {MOST:,}; leave "
            "that method out"
        )
    lengths, step = _grid(x)
    N = torch.linalg.qr(H, mode="complete").Q[:, H.shape[1] :]
    found = []
    for kernel in names:
        best = max((_at(kernel, length, x, N, y) for length in lengths), key=attrgetter("value"))
        for halving in range(1, HALVINGS + 1):
            factor = step ** (0.5**halving)
            sides = [_at(kernel, length, x, N, y) for length in (best.length / factor, best.length * factor)]
            best = max(best, *sides, key=attrgetter("value"))
        found.append(best)
    return max(found, key=attrgetter("value"))


def _grid(x: Tensor) -> tuple[list[float], float]:
    """Length-scales to try first, and the factor between them."""
    away = ((x[:, None] - x) ** 2).sum(-1).sqrt()
    span = float(away.max())
    if not span > 0:
        raise NotApplicable(
            "seen: all rows of a regression have the same inputs; leave out the method 'regression + GP'"
        )
    least = max(float(away[away > 0].min()), span / (2 * len(x)))
    steps = math.ceil(math.log(2 * span / least, SPACING))
    step = (2 * span / least) ** (1 / steps)
    return [least * step**k for k in range(steps + 1)], step


def _at(kernel: str, length: float, x: Tensor, N: Tensor, y: Tensor) -> Residual:
    """The best of RATIOS at a length-scale; of equals the first."""
    eigenvalues, vectors = torch.linalg.eigh(N.T @ covariance(kernel, length, x, x) @ N)
    values, scales = restricted(eigenvalues, vectors.T @ (N.T @ y), RATIOS.to(y.device))
    k = int(values.argmax())
    return Residual(kernel, length, float(RATIOS[k]), float(scales[k]), float(values[k]))


def kriged(x: Tensor, H: Tensor, y: Tensor, law: Residual, new: Tensor, G: Tensor, joint: bool = False) -> Answer:
    """Predictions of y at inputs `new` [m, D] with drift G [m, p], from x [n, D], H [n, p], y [n] and a law.

    Generalised least squares for b, simple kriging for what it leaves, and the error of b in the variances [m], or in
    the covariance [m, m] where it is asked for (joint).
    """
    K = covariance(law.kernel, law.length, x, x)
    K.diagonal().add_(law.ratio)
    L = torch.linalg.cholesky(K)
    across = covariance(law.kernel, law.length, x, new)
    whole = torch.linalg.solve_triangular(L, torch.cat([H, y[:, None], across], 1), upper=False)
    H, y, across = whole[:, : H.shape[1]], whole[:, H.shape[1]], whole[:, H.shape[1] + 1 :]
    Q, R = torch.linalg.qr(H)
    b = torch.linalg.solve_triangular(R, (Q.T @ y)[:, None], upper=True)[:, 0]
    slack = torch.linalg.solve_triangular(R.T, (G - across.T @ H).T, upper=False)  # what the drift of `new` adds
    if joint:
        prior = covariance(law.kernel, law.length, new, new) + law.ratio * torch.eye(len(new)).to(new)
        left = prior - across.T @ across + slack.T @ slack
    else:
        left = 1 + law.ratio - (across**2).sum(0) + (slack**2).sum(0)
    return G @ b + across.T @ (y - H @ b), law.scale * left


def orthonormal(columns: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
    """An orthonormal basis [n, p] of 1 and the columns [n, k], and the same functions at what is given, [m, p]."""
    centre = columns.mean(0)
    width = ((columns - centre) ** 2).mean(0).sqrt()
    width = torch.where(width > 1e-13 * columns.abs().amax(0), width, torch.inf)  # a constant says what 1 says
    H, G = (torch.cat([one.new_ones(len(one), 1), (one - centre) / width], 1) for one in (columns, given))
    U, S, Vh = torch.linalg.svd(H, full_matrices=False)
    kept = S > 1e-10 * S[0]
    return U[:, kept], (G @ Vh[kept].T) / S[kept]


def least_squares(H: Tensor, y: Tensor, G: Tensor) -> Answer:
    """Predictions of y at functions G [m, p], from orthonormal H [n, p]: s^2 (1 + g^T (H^T H)^-1 g) for variances."""
    b = H.T @ y
    s2 = ((y - H @ b) ** 2).sum() / (len(y) - H.shape[1])
    return G @ b, s2 * (1 + (G**2).sum(1))
