"""Roots of small matrices: of B_q, whatever its rank, and of the inverse noise of each row; slopes through them."""

from __future__ import annotations

import torch
from torch import Tensor

from mtgp_tutorial.exact.gaussian import NotPositiveDefiniteError

RANK = 1e-12  # an eigenvalue of B this small, next to the largest, counts as 0; below 0 by more than 1e-8 it is refused


def root(B: Tensor) -> Tensor:
    """root [T, R] with B = root root^T, R the rank of B; raises NotPositiveDefiniteError for what is no covariance."""
    if not bool(B.isfinite().all()):
        raise NotPositiveDefiniteError("B: holds NaN or infinite values, so it is no covariance; pass finite ones")
    values, vectors = torch.linalg.eigh(B)
    if not bool(values[0] >= -1e-8 * values[-1]):
        raise NotPositiveDefiniteError(
            f"B: has the eigenvalue {float(values[0]):.3g}, so it is no covariance; pass one with none below 0"
        )
    kept = values > RANK * values[-1]
    return vectors[:, kept] * values[kept].sqrt()


def against_B(root: Tensor, slope: Tensor) -> Tensor:
    """Derivative against B, symmetric, from that against its root [T, R].

    What depends on root root^T alone has the slope 2 D root. That says nothing of D outside the root's span, where B
    does not move either: D is the symmetric matrix of least norm.
    """
    X = slope @ torch.linalg.pinv(root)
    inside = root @ torch.linalg.pinv(root)
    return 0.5 * (X + X.mT - inside @ X)


def against_K(L: Tensor, A: Tensor, dA: Tensor) -> Tensor:
    """From A = L^-1 K(Z, X) to [M + N, M] of K(Z, Z) and K(X, Z).

    A turned by an orthogonal matrix changes nothing, so dA A^T is symmetric, and K(Z, Z) counts through its inverse.
    """
    of_X = torch.linalg.solve_triangular(L.mT, dA, upper=True)
    inner = torch.linalg.solve_triangular(L.mT, dA @ A.mT, upper=True)
    of_Z = -0.5 * torch.linalg.solve_triangular(L, inner, upper=False, left=False)
    return torch.cat([(of_Z + of_Z.mT) / 2, of_X.mT])


def whitening(observed: Tensor, Sigma: Tensor, variances: Tensor | None) -> Tensor:
    """U_i [T, T] of each row, 0 at holes: U_i^T U_i is the inverse noise covariance of its observed cells.

    observed: [N, T]; variances: known ones [N, T], or None. Raises NotPositiveDefiniteError for a noise covariance that
    has no Cholesky factor.
    """
    both, eye = observed[:, :, None] & observed[:, None], torch.eye(len(Sigma)).to(Sigma)
    noise = torch.where(both, Sigma, eye)  # a hole stands alone
    if variances is not None:
        noise = noise + torch.diag_embed(variances * observed)
    L, info = torch.linalg.cholesky_ex(noise)
    if bool((info > 0).any()):
        row = int((info > 0).nonzero()[0])
        raise NotPositiveDefiniteError(f"Sigma: is not positive definite on the cells of row {row}; add noise")
    return torch.linalg.solve_triangular(L, torch.diag_embed(observed.to(Sigma)), upper=False)
