"""Three recursions over rows, in numpy: the Kalman filter, its adjoint, and products of what lies between rows.

With m, P the mean and covariance of the state before a row's values are seen, and H, R how they are read, the row has
S = H P H^T + R and the gain K = P H^T S^-1. S^-1 = W^T W, where W has a row and a column of zeros for each hole, which
so adds nothing, and shapes stay. Only the seen cells' part of S is ever factored.

The adjoint goes back through the rows with r, the derivative of the log likelihood in m, and M, the variance of r:

    u = S^-1 v - K^T r,  D = S^-1 + K^T M K,   r <- r + H^T u,  M <- M - M K H - H^T K^T M + H^T D H

u are the row's entries of C^-1 r and D its block of C^-1 (de Jong 1988, 1989; as a gradient Koopman and Shephard 1992).
They are written for numba, which compiles them where it is installed (`runner`).
Compiled, `times` and `whitener` are loops over numbers: a call of BLAS costs more than the product of a small state.

On the CPU, microseconds a row for value and gradient by the numbers of the state, 1, 6, 12, 18 and 30: compiled 1, 4,
11, 17, 53; plain numpy 89, 91, 99, 107, 139 (`tools/benchmarks/RESULTS.md`, Long series).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


def times(X, Y, Z, keep, scale):  # type: ignore[no-untyped-def]
    """Z = keep Z + scale X Y, for keep 0 or 1."""
    product = X @ Y
    if scale != 1:
        product *= scale
    if keep:
        Z += product
    else:
        Z[...] = product


def matrix_by_loops(X, Y, Z, keep, scale):  # type: ignore[no-untyped-def]
    """`times` of a matrix Y; zeros of X are skipped."""
    for i in range(X.shape[0]):
        for j in range(Y.shape[1]):
            Z[i, j] *= keep
        for k in range(X.shape[1]):
            if X[i, k] != 0:
                x = scale * X[i, k]
                for j in range(Y.shape[1]):
                    Z[i, j] += x * Y[k, j]


def vector_by_loops(X, Y, Z, keep, scale):  # type: ignore[no-untyped-def]
    """`times` of a vector Y."""
    for i in range(X.shape[0]):
        total = 0.0
        for k in range(X.shape[1]):
            total += X[i, k] * Y[k]
        Z[i] = keep * Z[i] + scale * total


def whitener(S, R, seen, known, least, W):  # type: ignore[no-untyped-def]
    """W = L^-1 for the seen cells of a row, where L L^T = S + R + diag(known), and 0 at holes; S may be overwritten.

    Returns half the log determinant of 2 pi L L^T, or NaN where a pivot is not above `least`.
    """
    at = np.flatnonzero(seen)
    L = np.linalg.cholesky((S + R + np.diag(known))[at][:, at])
    pivots = np.diag(L)
    W[...] = 0
    W[at[:, None], at] = np.linalg.inv(L)
    return (np.log(pivots) + HALF_LOG_2PI).sum() if (pivots**2 > least[at]).all() else np.nan


def whitener_by_loops(S, R, seen, known, least, W):  # type: ignore[no-untyped-def]
    """The same; L is written over S, with a row of the identity for a hole. W is 0 above its diagonal before."""
    half = 0.0
    for t in range(len(S)):
        for u in range(t + 1):
            left = S[t, u] + R[t, u]
            for k in range(u):
                left -= S[t, k] * S[u, k]
            S[t, u] = seen[t] * seen[u] * left / S[u, u] if u < t else left + known[t]
        if seen[t] > 0 and not S[t, t] > least[t]:
            return np.nan
        S[t, t] = np.sqrt(S[t, t]) if seen[t] > 0 else 1.0
        half += seen[t] * (np.log(S[t, t]) + HALF_LOG_2PI)
        W[t, t] = seen[t] / S[t, t]
        for u in range(t):
            W[t, u] = 0.0
            for k in range(u, t):
                W[t, u] -= S[t, k] * W[k, u] * W[t, t]
    return half


def one_row(A, H, R, seen, known, least, m, P, ahead, spread, v, AP, HP, S, W):  # type: ignore[no-untyped-def]
    """One row from m, P after the row before. Of its state `ahead` becomes A m, spread, which is Q, Q + A P A^T, and v,
    which is y, y - H m; and HP and W. Returns what `whitener` does."""
    times(A, m, ahead, 0, 1.0)
    times(A, P, AP, 0, 1.0)
    times(A, AP.T, spread, 1, 1.0)
    times(H, ahead, v, 1, -1.0)
    times(H, spread, HP, 0, 1.0)
    times(H, HP.T, S, 0, 1.0)
    return whitener(S, R, seen, known, least, W)


def filtered(A, Q, H, R, variances, y, seen, m, P, least):  # type: ignore[no-untyped-def]
    """Log likelihood of n rows, and means [n, s] and covariances [n, s, s] of the state once each row is seen.

    A, Q [n, s, s]; H [T, s]; R [T, T]; variances, y and seen (1 or 0) [n, T]; m, P after the row before; least [T]:
    what a pivot must exceed. The value is NaN where one does not.
    """
    n, s, T = A.shape[0], A.shape[1], H.shape[0]
    value, ms, Ps, v = 0.0, np.zeros((n, s)), Q.copy(), y.copy()
    AP, S, W = np.zeros((s, s)), np.zeros((T, T)), np.zeros((T, T))
    HP, G, e = np.zeros((T, s)), np.zeros((T, s)), np.zeros(T)
    for k in range(n):
        value -= one_row(A[k], H, R, seen[k], variances[k], least, m, P, ms[k], Ps[k], v[k], AP, HP, S, W)
        if np.isnan(value):
            break
        m, P = ms[k], Ps[k]
        times(W, HP, G, 0, 1.0)
        times(W, v[k], e, 0, 1.0)
        times(G.T, e, m, 1, 1.0)
        times(G.T, G, P, 1, -1.0)
        for t in range(T):
            value -= 0.5 * e[t] ** 2
    return value, ms, Ps


def adjoint(A, Q, H, R, variances, y, seen, ms, Ps, m, P, r, M):  # type: ignore[no-untyped-def]
    """Back through n rows. m, P: after the row before them; r, M: of their last row once it is seen.

    Of each row: mean m and covariance P before it is seen, and r, M there; u [T], D [T, T]; K [s, T]; and
    Y = H^T D - M K [s, T], the covariance of r and u. Then r, M of the row before them.
    """
    n, s, T = A.shape[0], A.shape[1], H.shape[0]
    us, Ds, Ks, Ys = np.zeros((n, T)), np.zeros((n, T, T)), np.zeros((n, s, T)), np.zeros((n, s, T))
    before, spread, v, rs, Ms = np.zeros((n, s)), Q.copy(), y.copy(), np.zeros((n + 1, s)), np.zeros((n + 1, s, s))
    AP, HP, S, W, least = np.zeros((s, s)), np.zeros((T, s)), np.zeros((T, T)), np.zeros((T, T)), np.zeros(T)
    for i in range(s):  # by a slice it takes numba some seconds more
        rs[n, i] = r[i]
        for j in range(s):
            Ms[n, i, j] = M[i, j]
    for k in range(n - 1, -1, -1):
        m0, P0 = (ms[k - 1], Ps[k - 1]) if k > 0 else (m, P)
        one_row(A[k], H, R, seen[k], variances[k], least, m0, P0, before[k], spread[k], v[k], AP, HP, S, W)
        u, D, K, Y, rk, Mk = us[k], Ds[k], Ks[k], Ys[k], rs[k + 1], Ms[k + 1]
        times(W.T, W, D, 0, 1.0)
        times(HP.T, D, K, 0, 1.0)
        times(D, v[k], u, 0, 1.0)
        times(K.T, rk, u, 1, -1.0)
        times(Mk, K, Y, 0, -1.0)
        times(K.T, Y, D, 1, -1.0)
        times(H.T, Y.T, Mk, 1, 1.0)
        times(H.T, D, Y, 1, 1.0)
        times(Y, H, Mk, 1, 1.0)
        times(H.T, u, rk, 1, 1.0)
        times(A[k].T, rk, rs[k], 0, 1.0)
        times(A[k].T, Mk, AP, 0, 1.0)
        times(A[k].T, Mk.T, AP, 1, 1.0)  # what rounding takes from its symmetry would grow from row to row
        times(A[k].T, AP.T, Ms[k], 0, 0.5)
    return before, spread, rs[1:], Ms[1:], us, Ds, Ks, Ys, rs[0], Ms[0]


def carried(A, K, H, asked, C):  # type: ignore[no-untyped-def]
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


# Rows from which compiling is worth its five seconds, which are spent once and kept in a file: in the first fit at 520
# rows of five tasks and 1,500 of three, in the second at 900 of three (`tools/benchmarks/RESULTS.md`, Long series).
COMPILED = 500


def available() -> bool:
    """Whether numba is installed (it is not imported here)."""
    return find_spec("numba") is not None


def runner(function: Callable[..., Any], rows: int) -> Callable[..., Any]:
    """What runs the function for a table of so many rows: from COMPILED on it is compiled where numba is installed."""
    return compiled(function) if rows >= COMPILED and available() else function


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as numba compiles it, kept in a file where there is a folder for it; a wait is said."""
    njit = compiler()
    try:
        made = njit(cache=True)(function)
        line = function.__code__.co_firstlineno
        kept = any(Path(made.stats.cache_path).glob(f"*.{function.__name__}-{line}.*.nbi"))
    except RuntimeError:  # no folder that it may write to
        made, kept = njit(function), False
    if not kept:
        tell()
    return made


@cache
def compiler() -> Any:
    """njit, which knows what stands for products in a compiled recursion."""
    from numba import njit
    from numba.extending import overload, register_jitable

    overload(times)(lambda X, Y, Z, keep, scale: matrix_by_loops if Y.ndim == 2 else vector_by_loops)
    overload(whitener)(lambda S, R, seen, known, least, W: whitener_by_loops)
    register_jitable(one_row)
    return njit


@cache
def tell() -> None:
    """Once in a process, and where someone waits at a terminal."""
    if sys.stderr.isatty():
        tqdm.write("long series: numba compiles the loops over rows, some seconds, once on this machine", sys.stderr)
