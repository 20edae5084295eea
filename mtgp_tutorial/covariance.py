"""The one equation, on the cells of a table.

Cov[y_s(x_i), y_t(x_j)] = sum_q B_q[s, t] k_q(x_i, x_j) + [i = j] Sigma[s, t]   (book: one-equation)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtgp_tutorial.arguments import tensors

KB = tuple[Tensor, Tensor]  # K_q between inputs, B_q between outputs
Cells = tuple[Tensor, Tensor]  # row index and task index of each cell


def coregionalization(W: Tensor, kappa: Tensor) -> Tensor:
    """B = W W^T + diag(kappa), [T, T] (book: icm).

    Args:
        W (Tensor [T, R]): a column for each latent function.
        kappa (Tensor [T]): not negative.
    Raises:
        ValueError: for mismatched shapes, NaN or infinite entries of W, and negative entries of kappa.

    >>> import torch
    >>> from mtgp_tutorial import coregionalization
    >>> W, kappa = torch.tensor([[1.0], [2.0]]), torch.tensor([0.5, 0.0])
    >>> coregionalization(W, kappa).tolist()
    [[1.5, 2.0], [2.0, 4.0]]
    """
    tensors(W=W, kappa=kappa)
    if W.dim() != 2 or kappa.shape != W.shape[:1]:
        raise ValueError(f"W, kappa: have shapes {tuple(W.shape)} and {tuple(kappa.shape)}; pass [T, R] and [T]")
    if not bool(W.isfinite().all()):
        raise ValueError("W: holds NaN or infinite values; pass numbers only")
    if not bool((kappa >= 0).all()):
        raise ValueError(f"kappa: holds {kappa.min():g}; its entries are variances, pass none below 0")
    return W @ W.T + torch.diag(kappa)


def correlation(B: Tensor) -> Tensor:
    """Correlation matrix of a covariance matrix (book: task-correlation).

    Args:
        B (Tensor [T, T]): the covariance matrix.
    Raises:
        ValueError: when a diagonal entry is not positive, and for a matrix that is no covariance.

    >>> import torch
    >>> from mtgp_tutorial import correlation
    >>> correlation(torch.tensor([[4.0, 3.0], [3.0, 9.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    tensors(B=B)
    if B.dim() != 2 or B.shape[0] != B.shape[1]:
        raise ValueError(f"B: has shape {tuple(B.shape)}; pass a square matrix")
    variances = B.diagonal()
    if not bool((variances > 0).all()):
        raise ValueError(
            f"B: has the variance {variances.min():g} on its diagonal; correlations need variances above 0"
        )
    sd = variances.sqrt()
    R = B / sd[:, None] / sd[None, :]
    with torch.no_grad():
        if not torch.allclose(R, R.mT, atol=1e-6) or not bool(torch.linalg.eigvalsh(R)[0] > -1e-5):
            raise ValueError("B: is no covariance (not symmetric, or an eigenvalue is below 0); pass one that is")
    return R


def all_cells(mask: Tensor) -> Cells:
    """Cells [n] that are True in mask [N, T], point-major: all tasks of row 0, then of row 1, ..."""
    rows, tasks = mask.nonzero(as_tuple=True)
    return rows, tasks


def signal_covariance(terms: Sequence[KB], a: Cells, b: Cells) -> Tensor:
    """sum_q K_q[i, j] B_q[s, t] for cells (i, s) of a and (j, t) of b: [.., len(a), len(b)]."""
    rows, tasks = a[0][:, None], a[1][:, None]
    return sum(K[..., rows, b[0]] * B[..., tasks, b[1]] for K, B in terms)  # type: ignore[return-value]


def noise_covariance(Sigma: Tensor, a: Cells, b: Cells) -> Tensor:
    """[i = j] Sigma[s, t]: cells share noise when they stand in the same *row*, not at the same x."""
    same_row = a[0][:, None] == b[0][None, :]
    return same_row * Sigma[..., a[1][:, None], b[1]]


def observation_covariance(terms: Sequence[KB], Sigma: Tensor, cells: Cells, variances: Tensor | None = None) -> Tensor:
    """The one equation: covariance [.., n, n] of the observed values in `cells`; K_q, B_q and Sigma may be stacks.

    variances [N, T]: known ones of the single values, 0 where none is known (book: known-noise).
    """
    C = signal_covariance(terms, cells, cells) + noise_covariance(Sigma, cells, cells)
    return C if variances is None else C + torch.diag(variances[cells])
