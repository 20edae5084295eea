"""The gradient of a chain's log likelihood: against each length-scale, each B_q, and Sigma.

With G = (r r^T - M) / 2 of each row that against its transition is r m^T + 2 G A P, where m and P are those after the
row before, that against its noise covariance is G, and that against R is (u u^T - D) / 2 (Koopman and Shephard 1992).
"""

from __future__ import annotations

import numpy as np

from mtgp_tutorial.exact.chain import Chain, Stretch


class Slopes:
    """Derivatives that add up over stretches: `lengths` [Q], `Bs`, each [T, T], and `Sigma` [T, T]."""

    def __init__(self, chain: Chain):
        self.chain, T = chain, len(chain.Sigma)
        self.lengths = np.zeros(len(chain.parts))
        self.Bs, self.Sigma = [np.zeros((T, T)) for _ in chain.parts], np.zeros((T, T))

    def add(self, one: Stretch) -> None:
        """What a stretch adds."""
        self.Sigma += 0.5 * (one.u.T @ one.u - one.D.sum(0))
        dQ = 0.5 * (one.r[:, :, None] * one.r[:, None] - one.M)
        dA = one.r[:, :, None] * one.m[:, None] + 2 * dQ @ one.A @ one.P
        n, T = one.u.shape
        p = self.chain.size // T
        dA = dA.reshape(n, p, T, p, T).trace(axis1=2, axis2=4)  # kron(A, I_T): tasks alike
        dQ = dQ.reshape(n, p, T, p, T).transpose(0, 1, 3, 2, 4)  # [n, p, p, T, T]
        for q, (steps, place, part) in enumerate(zip(self.chain.steps(one.at), self.chain.places, self.chain.parts)):
            own = dQ[:, place, place]
            self.Bs[q] += np.tensordot(steps.Q, own, 3)
            by_log = (dA[:, place, place] * steps.dA).sum() + (np.tensordot(own, part.B) * steps.dQ).sum()
            self.lengths[q] += by_log / part.length
