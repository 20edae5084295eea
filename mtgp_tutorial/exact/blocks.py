"""Blocks of C^-1 between rows of a chain: Cov[u, u'] of the entries u of C^-1 r (de Jong 1989; see `unknowns`)."""

from __future__ import annotations

import numpy as np

from mtgp_tutorial.exact.chain import KEPT, Chain, Stretch
from mtgp_tutorial.exact.filtering import bridged
from mtgp_tutorial.exact.running import runner


class Inverse:
    """u [N, T] and D [N, T, T] of all rows in the order of the chain; K and Y [N, s, T] too, where there is room."""

    def __init__(self, chain: Chain):
        (N, T), s = chain.y.shape, chain.size
        self.chain, self.u, self.D = chain, np.empty((N, T)), np.empty((N, T, T))
        self.keeps = 2 * N * s * T <= KEPT
        self.K, self.Y = (np.empty((N if self.keeps else 0, s, T)) for _ in range(2))

    def add(self, one: Stretch) -> None:
        """What a stretch says."""
        self.u[one.at], self.D[one.at] = one.u, one.D
        if self.keeps:
            self.K[one.at], self.Y[one.at] = one.K, one.Y

    def between(self, at: slice) -> tuple[np.ndarray, np.ndarray]:
        """K and Y of some rows, as they are kept, or from one more way back."""
        if self.keeps:
            return self.K[at], self.Y[at]
        found = [one for one in self.chain.backward() if one.at.stop > at.start and one.at.start < at.stop][::-1]
        inner = slice(at.start - found[0].at.start, at.stop - found[0].at.start)
        return np.concatenate([one.K for one in found])[inner], np.concatenate([one.Y for one in found])[inner]

    def blocks(self, places: np.ndarray) -> np.ndarray:
        """[n, T, n, T] of C^-1 for different rows [n]; between two of them it is -K^T X^T Y'."""
        at, chain = slice(int(places.min()), int(places.max()) + 1), self.chain
        K, Y = self.between(at)
        asked = np.zeros(len(K), bool)
        asked[places - at.start] = True
        A = chain.transition(chain.one_by_one([one.A for one in chain.steps(at)]))
        X, _ = runner(bridged, len(chain.x))(A, K, chain.H, asked, np.eye(chain.size))
        n, T = len(places), chain.y.shape[1]
        before: list[int] = []
        found, W = np.empty((n, T, n, T)), np.empty((0, T, chain.size))
        for m in np.argsort(places):
            row = places[m] - at.start
            block = -W @ Y[row]
            found[before, :, m], found[m, :, before], found[m, :, m] = block, block.swapaxes(1, 2), self.D[places[m]]
            F = np.eye(chain.size) - K[row] @ chain.H
            W = np.concatenate([W @ F.T, K[row].T[None]]) @ X[row].T
            before.append(m)
        return found
