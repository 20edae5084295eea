"""The filter and its adjoint without a loop over rows: two scans in torch, on the CPU or on a device.

Given the state z before them, what some rows say is (A, b, C, h, J): once they are seen the state is N(A z + b, C), and
their likelihood is proportional to exp(h^T z - z^T J z / 2). Two such runs of rows, one after the other, are one again
(`join`), whatever the brackets, so those of all first k rows take some 2 log2 n steps of many small matrices (Sarkka
and Garcia-Fernandez 2021). The way back is affine in r and M, and takes the same scan.

`filtered` and `adjoint` take and give what those of `filters` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.gaussian import LOG_2PI

Joined = Callable[[Sequence[Tensor], Sequence[Tensor]], Sequence[Tensor]]


class Read(NamedTuple):
    """How n rows are read: y = H z + noise with the covariance R; a hole is a row of H that is 0, read with noise 1."""

    H: Tensor
    R: Tensor
    y: Tensor  # [n, T, 1]


class Seen(NamedTuple):
    """States [n, s, 1] and [n, s, s] once rows are seen; S = L L^T, v = L^-1 (y - H m), G = L^-1 H P."""

    m: Tensor
    P: Tensor
    L: Tensor
    v: Tensor
    G: Tensor


def rows_read(H: Tensor, R: Tensor, variances: Tensor, y: Tensor, seen: Tensor) -> Read:
    """Of each row, from the arguments of `filters.filtered`."""
    w, alone = seen[:, :, None], torch.diag_embed(1 - seen + seen * variances)
    return Read(H * w, R * w * w.mT + alone, (seen * y)[:, :, None])


def see(m: Tensor, P: Tensor, rows: Read) -> Seen | None:
    """Each row's own update of its own state; None where some S is not positive definite."""
    L, wrong = torch.linalg.cholesky_ex(rows.H @ P @ rows.H.mT + rows.R)
    if wrong.any() or not L.isfinite().all():
        return None
    v = torch.linalg.solve_triangular(L, rows.y - rows.H @ m, upper=False)
    G = torch.linalg.solve_triangular(L, rows.H @ P, upper=False)
    return Seen(m + G.mT @ v, P - G.mT @ G, L, v, G)


def join(first: Sequence[Tensor], then: Sequence[Tensor]) -> Sequence[Tensor]:
    """What runs of rows say together with the runs after them. One system: (I + C J2)^-1 C is symmetric."""
    (A, b, C, h, J), (A2, b2, C2, h2, J2) = first, then
    s = A.shape[-1]
    system = torch.eye(s, dtype=A.dtype, device=A.device) + C @ J2
    solved = torch.linalg.solve(system, torch.cat([A, C, b + C @ h2], -1))
    X, V, c = solved.split([s, s, 1], -1)
    return A2 @ X, A2 @ c + b2, A2 @ V @ A2.mT + C2, X.mT @ (h2 - J2 @ b) + h, X.mT @ J2 @ A + J


def follow(first: Sequence[Tensor], then: Sequence[Tensor]) -> Sequence[Tensor]:
    """Affine maps r -> F r + g, M -> F M F^T + N, one after the other."""
    (F, g, N), (F2, g2, N2) = first, then
    return F2 @ F, F2 @ g + g2, F2 @ N @ F2.mT + N2


def scan(joined: Joined, each: Sequence[Tensor]) -> Sequence[Tensor]:
    """All prefixes of n elements: those of neighbours joined give every second one."""
    n = len(each[0])
    if n == 1:
        return each
    odd = scan(joined, joined([a[: n - 1 : 2] for a in each], [a[1::2] for a in each]))
    even = joined([a[: (n - 1) // 2] for a in odd], [a[2::2] for a in each])
    found = [torch.empty_like(a) for a in each]
    for whole, a, by_two, between in zip(found, each, odd, even):
        whole[0], whole[1::2], whole[2::2] = a[0], by_two, between
    return found


def on_device(arrays: Sequence[np.ndarray], device: torch.device) -> list[Tensor]:
    """The same numbers on a device."""
    return [torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays]


def forward(A: Tensor, Q: Tensor, ms: Tensor, Ps: Tensor, m: Tensor, P: Tensor) -> tuple[Tensor, Tensor]:
    """Means [n, s, 1] and covariances of the states before each row is seen; m, P after the row before the first."""
    ms, Ps = torch.cat([m[None], ms[:-1]])[:, :, None], torch.cat([P[None], Ps[:-1]])
    return A @ ms, A @ Ps @ A.mT + Q


def filtered(*arrays: np.ndarray, device: torch.device) -> tuple[float, np.ndarray, np.ndarray]:
    """See `filters.filtered`. The value is NaN also where a row's values have no covariance given the state before
    it, as two rows at one x without noise."""
    A, Q, H, R, variances, y, seen, m, P, least = on_device(arrays, device)
    rows, nothing = rows_read(H, R, variances, y, seen), (math.nan, np.empty(0), np.empty(0))
    b, C, onward = torch.zeros_like(A[:, :, :1]), Q.clone(), A.clone()
    b[0], C[0], onward[0] = A[0] @ m[:, None], A[0] @ P @ A[0].mT + Q[0], 0  # the first row knows the state before it
    alone = see(b, C, rows)
    if alone is None:
        return nothing
    HA = torch.linalg.solve_triangular(alone.L, rows.H @ onward, upper=False)
    each = onward - alone.G.mT @ HA, alone.m, alone.P, HA.mT @ alone.v, HA.mT @ HA
    _, means, spreads, _, _ = scan(join, each)
    given = see(*forward(A, Q, means[:, :, 0], spreads, m, P), rows)
    if given is None or bool((given.L.diagonal(dim1=-2, dim2=-1) ** 2 <= least * seen).any()):
        return nothing
    logs = given.L.diagonal(dim1=-2, dim2=-1).log().sum()
    value = -0.5 * ((given.v**2).sum() + seen.sum() * LOG_2PI) - logs
    return float(value), as_array(given.m[:, :, 0]), as_array(given.P)


def adjoint(*arrays: np.ndarray, device: torch.device) -> tuple[np.ndarray, ...]:
    """See `filters.adjoint`."""
    A, Q, H, R, variances, y, seen, ms, Ps, m, P, r, M = on_device(arrays, device)
    rows, (before, spread) = rows_read(H, R, variances, y, seen), forward(A, Q, ms, Ps, m, P)
    inverse = torch.linalg.inv(rows.H @ spread @ rows.H.mT + rows.R)
    K = spread @ rows.H.mT @ inverse
    F = torch.eye(A.shape[-1], dtype=A.dtype, device=A.device) - K @ rows.H
    own = inverse @ (rows.y - rows.H @ before)
    HA = rows.H @ A
    each = [(F @ A).mT, HA.mT @ own, HA.mT @ inverse @ HA]  # from r, M of a row once seen to those of the row before
    each = [torch.cat([first[None], a.flip(0)]) for first, a in zip((torch.zeros_like(M), r[:, None], M), each)]
    _, rs, Ms = (a.flip(0) for a in scan(follow, each))
    ahead, Ma = rs[1:], Ms[1:]
    u, MK = own - K.mT @ ahead, Ma @ K
    D = (inverse + K.mT @ MK) * seen[:, :, None] * seen[:, None]
    left = rows.H.mT @ inverse @ rows.H + F.mT @ Ma @ F
    found = before[:, :, 0], spread, (ahead + rows.H.mT @ u)[:, :, 0], left, u[:, :, 0], D, K, rows.H.mT @ D - MK
    return tuple(as_array(each) for each in (*found, rs[0, :, 0], Ms[0]))
