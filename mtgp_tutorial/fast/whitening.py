"""The Cholesky factor of a long series, never built: products with L and its inverses, where C = L L^T.

C is the covariance of the seen cells, by rows in the order of the system, tasks in theirs. With S = H P H^T + R = l l^T
of a row given the rows before it, and the gain K = P H^T S^-1, the filter is a product with L^-1 and its adjoint one
with L^-T; neither looks at values, so that many columns go along at once (de Jong 1988, 1989, as in `filters`).
Between rows m <- A m, and backwards q <- A^T q:

    e = L^-1 r:      v = r - H m,  e = l^-1 v,      m <- m + K v
    r = L e:         v = l e,      r = H m + v,     m <- m + K v
    u = L^-T e:      u = l^-T e - K^T q,            q <- q + H^T u      (back through the rows)
    a hole:          H (m + P q) + R u of the whole row, which the adjoint of C^-1 r has on its way
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mtgp_tutorial.fast.state_space import StateSpace


class Gains(NamedTuple):
    """Of n rows: steps A and spreads P [n, s, s], how seen cells are read H [n, T, s], root l [n, T, T], K [n, s, T].

    before [n, s]: the mean before each row is seen.
    """

    at: slice
    A: np.ndarray
    P: np.ndarray
    H: np.ndarray
    root: np.ndarray
    K: np.ndarray
    before: np.ndarray


def gains(system: StateSpace, *, backward: bool = False) -> Iterator[Gains]:
    """Of each segment in turn, from what the filter has kept; a hole is a row of H that is 0, read with noise 1."""
    for number in range(len(system.segments))[:: -1 if backward else 1]:
        at, (m, P), (_, arrays, ms, Ps) = system.segments[number], system.starts[number], system.known(number)
        A, Q, H, R, variances, _, seen = arrays
        before = np.einsum("nij,nj->ni", A, np.concatenate([m[None], ms[:-1]]))
        spread = A @ np.concatenate([P[None], Ps[:-1]]) @ A.swapaxes(1, 2) + Q
        Hk, own = seen[:, :, None] * H, 1 - seen + seen * variances
        HP = Hk @ spread
        S = HP @ Hk.swapaxes(1, 2) + R * (seen[:, :, None] * seen[:, None]) + own[:, :, None] * np.eye(len(R))
        yield Gains(at, A, spread, Hk, np.linalg.cholesky(S), np.linalg.solve(S, HP).swapaxes(1, 2), before)


def one_step_ahead(system: StateSpace) -> np.ndarray:
    """e = L^-1 r [N, T] of the system's own values, 0 at holes: each cell against those before it."""
    found = np.empty_like(system.y)
    for one in gains(system):
        v = system.seen[one.at] * system.y[one.at] - np.einsum("nts,ns->nt", one.H, one.before)
        found[one.at] = np.einsum("ntu,nu->nt", np.linalg.inv(one.root), v)
    return found


def coloured(system: StateSpace, e: np.ndarray) -> np.ndarray:
    """r = L e [N, T, S], with 0 at holes as e has there: tables with the covariance C, where e are standard normals."""
    r, m = np.empty_like(e), np.zeros((system.size, e.shape[2]))
    for one in gains(system):
        v = one.root @ e[one.at]
        for k, (A, H, K) in enumerate(zip(one.A, one.H, one.K)):
            m = A @ m
            r[one.at.start + k] = H @ m + v[k]
            m += K @ v[k]
    return r


def weighed(system: StateSpace, e: np.ndarray) -> np.ndarray:
    """u = L^-T e [N, T, S], e with 0 at holes: C^-1 r of the tables r = L e."""
    u, q = np.empty_like(e), np.zeros((system.size, e.shape[2]))
    for one in gains(system, backward=True):
        white = np.linalg.inv(one.root).swapaxes(1, 2) @ e[one.at]
        for k in reversed(range(len(white))):
            here = u[one.at.start + k] = white[k] - one.K[k].T @ q
            q = one.A[k].T @ (q + one.H[k].T @ here)
    return u


def smoothed(system: StateSpace, r: np.ndarray, rows: slice) -> np.ndarray:
    """Means [n, T, S] of the holes of some rows given the seen cells of r [N, T, S], whose noise speaks of theirs."""
    shape, read = (system.size, r.shape[2]), np.empty_like(r)
    m, q, found = np.zeros(shape), np.zeros(shape), np.empty((rows.stop - rows.start, *r.shape[1:]))
    means = np.empty((len(found), *shape))  # of the state, before each row is seen
    for one in gains(system):
        for k, i in enumerate(range(one.at.start, one.at.stop)):
            m = one.A[k] @ m
            if rows.start <= i < rows.stop:
                means[i - rows.start] = m
            read[i] = system.seen[i][:, None] * r[i] - one.H[k] @ m
            m += one.K[k] @ read[i]
    for one in gains(system, backward=True):
        white = np.linalg.inv(one.root @ one.root.swapaxes(1, 2)) @ read[one.at]
        for k, i in reversed(list(enumerate(range(one.at.start, one.at.stop)))):
            u = white[k] - one.K[k].T @ q
            q = q + one.H[k].T @ u
            if rows.start <= i < rows.stop:
                found[i - rows.start] = system.H @ (means[i - rows.start] + one.P[k] @ q) + system.Sigma @ u
            q = one.A[k].T @ q
    return found
