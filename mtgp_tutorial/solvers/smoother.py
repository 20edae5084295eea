"""What a system says of unknowns L z + G u: of the state z of some rows, and of the rows' entries u of C^-1 r.

With m, P, r, M, u, D, K, Y of a row (`filters`), F = I - K H, and V the covariance of the state at one input:

    mean of z = m + P r,   reduction of (z, u) in one row = [[V - P + P M P, P Y], [.., D]]

and of two rows, the earlier one on the left, with the product of all A F between them, from seen to not yet seen, as X:

    [[prior - P F^T X^T (I - M' P'), P F^T X^T Y'], [K^T X^T (I - M' P'), -K^T X^T Y']]

(de Jong 1989 has the covariances of states; those with u follow from Cov[y, u] = I.) Neither P nor Q is inverted.

Draws along a system without the covariance of what is drawn: a simulation smoother (Durbin and Koopman 2002).

A whole table is drawn from the prior, f+ and values y+ with their noise; then f+ + E[f | y - y+] is a draw of f given
y, since what y+ leaves open of f+ is distributed as what y leaves open of f. Each draw costs one pass over the rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mtgp_tutorial.solvers.filters import carried, path, runner
from mtgp_tutorial.solvers.state_space import Segment, StateSpace


class Unknowns:
    """n unknowns of S outputs: `places` [n] in the system, L [S, s], and G [S, T], or 0 for those not in `shared`."""

    def __init__(self, system: StateSpace, places: np.ndarray, L: np.ndarray, G: np.ndarray, shared: np.ndarray):
        self.system, self.places, self.L, self.G, self.shared = system, places, L, G, shared.astype(float)
        self.mean = np.empty((len(places), len(L)))
        self.order = np.argsort(places, kind="stable")

    def of(self, one: Segment) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Which [k] are in a segment, their rows in it, and of these P L^T and Y G^T [k, s, S]; sets their means."""
        ends = np.searchsorted(self.places[self.order], [one.at.start, one.at.stop])
        which = self.order[slice(*ends)]
        at = self.places[which] - one.at.start
        PL, YG = one.spread[at] @ self.L.T, one.Y[at] @ self.G.T * self.shared[which, None, None]
        read = one.u[at] @ self.G.T * self.shared[which, None]
        self.mean[which] = one.before[at] @ self.L.T + np.einsum("nks,nk->ns", PL, one.r[at]) + read
        return which, at, PL, YG

    def means(self) -> np.ndarray:
        """Their means [n, S] alone."""
        for one in self.system.backward():
            self.of(one)
        return self.mean

    def single(self) -> np.ndarray:
        """The variance reduction of each unknown alone, [n, S]."""
        found = np.empty((len(self.places), len(self.L)))
        prior = self.L @ self.system.stationary @ self.L.T  # of L z at one input
        for one in self.system.backward():
            which, at, PL, YG = self.of(one)
            total = prior.diagonal() - np.einsum("sk,nks->ns", self.L, PL)
            total = total + (PL * (one.M[at] @ PL + 2 * YG)).sum(1)
            of_u = ((one.D[at] @ self.G.T) * self.G.T).sum(1)
            found[which] = total + of_u * self.shared[which, None]
        return found

    def joint(self, prior: np.ndarray) -> np.ndarray:
        """The variance reduction of all together, [n, S, n, S]; prior: [n, S, n, S] of all L z."""
        (n, S), s = self.mean.shape, self.system.size
        self.left, self.right, self.own = np.empty((n, S, s)), np.empty((n, s, S)), np.empty((3, n, S, S))
        used = np.unique(self.places)
        F, between = np.empty((len(used), s, s)), np.empty((len(used), s, s))
        C, asked, run = np.eye(s), np.zeros(len(self.system.x), bool), runner(carried, len(self.system.x))
        asked[used] = True
        for one in self.system.backward():
            X, C = run(one.A, one.K, self.system.H, asked[one.at], C)  # X: from each used row to the next
            self.collect(one)
            here = slice(*np.searchsorted(used, [one.at.start, one.at.stop]))
            at = used[here] - one.at.start
            F[here], between[here] = np.eye(s) - one.K[at] @ self.system.H, X[at]
        return self.assembled(prior, used, F, between)

    def collect(self, one: Segment) -> None:
        """Of the unknowns in a segment what stands left and right of X, and what is reduced within their rows."""
        which, at, PL, YG = self.of(one)
        F, LP = np.eye(self.system.size) - one.K[at] @ self.system.H, PL.swapaxes(1, 2)
        noise = self.G @ one.K[at].swapaxes(1, 2) * self.shared[which, None, None]
        self.left[which] = noise - LP @ F.swapaxes(1, 2)
        self.right[which] = self.L.T - one.M[at] @ PL - YG
        of_both = LP @ (one.Y[at] @ self.G.T)
        self.own[:, which] = LP @ one.M[at] @ PL - self.L @ PL, of_both, self.G @ one.D[at] @ self.G.T

    def pair(self, i: int, k: int) -> np.ndarray:
        """Of two unknowns in one row, less their prior."""
        (of_z, of_both, of_u), a, b = self.own[:, i], self.shared[i], self.shared[k]
        return of_z + b * of_both + a * of_both.T + a * b * of_u

    def assembled(self, prior: np.ndarray, used: np.ndarray, F: np.ndarray, between: np.ndarray) -> np.ndarray:
        """All blocks, by places from the first to the last; W is what stands left of the present one."""
        S, found, before = len(self.L), prior.copy(), np.empty(0, dtype=int)
        W = np.empty((0, S, self.system.size))
        for j, here in enumerate(np.split(self.order, np.searchsorted(self.places[self.order], used)[1:])):
            for i in here:
                block = W @ self.right[i]
                found[before, :, i] += block
                found[i, :, before] += block.swapaxes(-1, -2)
                for k in here:
                    found[i, :, k] += self.pair(i, k)
            W = np.concatenate([W @ F[j].T, self.left[here]]) @ between[j].T
            before = np.concatenate([before, here])
        return found


Normals = Callable[..., np.ndarray]  # standard normals of a shape


def square_root(matrix: np.ndarray) -> np.ndarray:
    """R with R R^T the matrix [.., n, n], which may be singular."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0))[..., None, :]


def path_of(system: StateSpace, normals: Normals) -> np.ndarray:
    """f [N, T] of all rows, drawn from the prior."""
    f = np.empty(system.y.shape)
    before = np.zeros((len(system.B), f.shape[1]))
    for at in system.segments:
        found = system.steps(at)
        A, half = system.one_by_one([one.A for one in found]), system.one_by_one([square_root(one.Q) for one in found])
        shocks = half @ normals(len(A), *before.shape)
        for place, part in zip(system.places, system.parts):
            shocks[:, place] = shocks[:, place] @ square_root(part.B).T
        shocks[0] += A[0] @ before
        states = runner(path, len(system.x))(A, shocks)
        f[at], before = sum(states[:, place.start] for place in system.places), states[-1]
    return f


def draw(system: StateSpace, places: np.ndarray, shared: np.ndarray | None, normals: Normals) -> np.ndarray:
    """One draw [n, T] of f at `places` [n], or of f + noise where `shared` is given: where it is True the noise is
    that of the row, whose seen values speak of it, elsewhere its own."""
    f, noise = path_of(system, normals), normals(*system.y.shape) @ square_root(system.Sigma).T
    readings = f + noise + normals(*f.shape) * np.sqrt(system.variances)
    rest = np.where(system.seen > 0, system.y - readings, np.nan)
    left = StateSpace(system.x, rest, system.variances, system.parts, system.Sigma)
    T = f.shape[1]
    unknowns = Unknowns(left, places, left.H, left.Sigma, np.zeros(len(places)) if shared is None else shared)
    drawn = f[places] + unknowns.means()
    if shared is not None:
        own = normals(len(places), T) @ square_root(system.Sigma).T
        drawn = drawn + np.where(shared[:, None], noise[places], own)
    return drawn
