"""Three recursions over rows, in numpy: the Kalman filter, its adjoint, and products of what lies between rows.

With m, P the mean and covariance of the state before a row's values are seen, and H, R how they are read, the row has
S = H P H^T + R and the gain K = P H^T S^-1. A hole is a row of H that is 0, read with noise 1: shapes stay as they
are, and it adds nothing. Only S is ever factored.

The adjoint goes back through the rows with r, the derivative of the log likelihood in m, and M, the variance of r:

    u = S^-1 v - K^T r,  D = S^-1 + K^T M K,   r <- r + H^T u,  M <- H^T S^-1 H + (I - K H)^T M (I - K H)

u are the row's entries of C^-1 r and D its block of C^-1 (de Jong 1988, 1989; as a gradient Koopman and Shephard 1992).
They are written for numba, which compiles them where it is installed; the first two are scans, too (see `runner`).

Which program runs a recursion over rows: its lines as they stand, the same compiled by numba, or a scan in torch.

On the CPU, microseconds a row for value and gradient by the numbers of the state, 1, 6, 12, 18 and 30: compiled 10, 16,
28, 40, 104; a scan 3, 22, 50, 98, 257; plain numpy 87, 100, 114, 129, 201 (`tools/benchmarks/long_series.py --sizes`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from mtgp_tutorial.exact import scanning


def filtered(A, Q, H, R, variances, y, seen, m, P, least):  # type: ignore[no-untyped-def]
    """Log likelihood of n rows, and means [n, s] and covariances [n, s, s] of the state once each row is seen.

    A, Q [n, s, s]; H [T, s]; R [T, T]; variances, y and seen (1 or 0) [n, T]; m, P after the row before; least [T]:
    what a pivot must exceed. The value is NaN where one does not.
    """
    n, s = A.shape[0], A.shape[1]
    value, ms, Ps = 0.0, np.empty((n, s)), np.empty((n, s, s))
    for k in range(n):
        w = seen[k]
        Hk, Rk = H * w.reshape(-1, 1), R * np.outer(w, w) + np.diag(1 - w + w * variances[k])
        m, P = A[k] @ m, A[k] @ P @ A[k].T + Q[k]
        PH = P @ Hk.T
        L = np.linalg.cholesky(Hk @ PH + Rk)
        pivots = np.diag(L)
        if not (pivots**2 > least * w).all():
            return np.nan, ms, Ps
        G = np.linalg.solve(L, np.ascontiguousarray(PH.T))  # L^-1 H P
        v = np.linalg.solve(L, w * y[k] - Hk @ m)
        m, P = m + G.T @ v, P - G.T @ G
        value -= 0.5 * (v @ v + w.sum() * np.log(2 * np.pi)) + np.log(pivots).sum()
        ms[k], Ps[k] = m, P
    return value, ms, Ps


def adjoint(A, Q, H, R, variances, y, seen, ms, Ps, m, P, r, M):  # type: ignore[no-untyped-def]
    """Back through n rows. m, P: after the row before them; r, M: of their last row once it is seen.

    Of each row: mean m and covariance P before it is seen, and r, M there; u [T], D [T, T]; K [s, T]; and
    Y = H^T D - M K [s, T], the covariance of r and u. Then r, M of the row before them.
    """
    n, s, T = A.shape[0], A.shape[1], H.shape[0]
    us, Ds, Ks, Ys = np.empty((n, T)), np.empty((n, T, T)), np.empty((n, s, T)), np.empty((n, s, T))
    before, spread, rs, Ms = np.empty((n, s)), np.empty((n, s, s)), np.empty((n, s)), np.empty((n, s, s))
    for k in range(n - 1, -1, -1):
        w = seen[k]
        Hk, Rk = H * w.reshape(-1, 1), R * np.outer(w, w) + np.diag(1 - w + w * variances[k])
        m0, P0 = (ms[k - 1], Ps[k - 1]) if k > 0 else (m, P)
        mk, Pk = A[k] @ m0, A[k] @ P0 @ A[k].T + Q[k]
        HP = Hk @ Pk
        inverse = np.linalg.inv(HP @ Hk.T + Rk)
        K = HP.T @ inverse
        u = inverse @ (w * y[k] - Hk @ mk) - K.T @ r
        MK = M @ K
        D = (inverse + K.T @ MK) * np.outer(w, w)
        us[k], Ds[k], Ks[k], Ys[k] = u, D, K, Hk.T @ D - MK
        F = np.eye(s) - K @ Hk
        r, M = r + Hk.T @ u, Hk.T @ inverse @ Hk + F.T @ M @ F
        before[k], spread[k], rs[k], Ms[k] = mk, Pk, r, M
        r, M = A[k].T @ r, A[k].T @ M @ A[k]
    return before, spread, rs, Ms, us, Ds, Ks, Ys, r, M


def bridged(A, K, H, asked, C):  # type: ignore[no-untyped-def]
    """Products between rows that are asked for: [n, s, s] at each of these, from it (seen) to the next (not yet seen).

    C [s, s]: the product from the last of the n rows on, of which the part for the rows before them comes back.
    """
    n, s = A.shape[0], A.shape[1]
    found = np.zeros((n, s, s))
    for k in range(n - 1, -1, -1):
        if asked[k]:
            found[k] = C
            C = np.eye(s)
        else:
            C = C @ (np.eye(s) - K[k] @ H)
        C = C @ A[k]
    return found, C


def path(A, shocks):  # type: ignore[no-untyped-def]
    """States [n, p, S] with state = A state before + shock; A [n, p, p], shocks [n, p, S]."""
    states = np.empty_like(shocks)
    state = np.zeros_like(shocks[0])
    for k in range(shocks.shape[0]):
        state = A[k] @ state + shocks[k]
        states[k] = state
    return states


COMPILED = 500  # rows from which compiling is worth its half minute, which is spent once and kept in a file
WIDE = 20  # numbers of a state from which the lines as they stand are faster than a scan on the CPU
CPU = torch.device("cpu")
SCANS = {filtered: scanning.filtered, adjoint: scanning.adjoint}


def available() -> bool:
    """Whether numba is installed (it is not imported here)."""
    return find_spec("numba") is not None


def runner(function: Callable[..., Any], rows: int, size: int = 0, device: torch.device = CPU) -> Callable[..., Any]:
    """What runs the function for a table of so many rows, a state of so many entries, and a device.

    From COMPILED rows on it is compiled where numba is installed. Where not, and on a device whatever the rows, those
    that have a scan take it.
    """
    compiles = rows >= COMPILED and available()
    scans = device != CPU or (rows >= COMPILED and size < WIDE and not compiles)
    if scans and function in SCANS:
        return partial(SCANS[function], device=device)
    return compiled(function) if compiles else function


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as numba compiles it, kept in a file where there is a folder for it."""
    from numba import njit

    try:
        return njit(cache=True)(function)
    except RuntimeError:  # no folder that it may write to
        return njit(function)
