"""Draws along a chain without the covariance of what is drawn: a simulation smoother (Durbin and Koopman 2002).

A whole table is drawn from the prior, f+ and values y+ with their noise; then f+ + E[f | y - y+] is a draw of f given
y, since what y+ leaves open of f+ is distributed as what y leaves open of f. Each draw costs one pass over the rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mtgp_tutorial.exact.chain import Chain
from mtgp_tutorial.exact.filtering import path
from mtgp_tutorial.exact.running import runner
from mtgp_tutorial.exact.unknowns import Unknowns

Normals = Callable[..., np.ndarray]  # standard normals of a shape


def root(matrix: np.ndarray) -> np.ndarray:
    """R with R R^T the matrix [.., n, n], which may be singular."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0))[..., None, :]


def path_of(chain: Chain, normals: Normals) -> np.ndarray:
    """f [N, T] of all rows, drawn from the prior."""
    f = np.empty(chain.y.shape)
    before = np.zeros((len(chain.B), f.shape[1]))
    for at in chain.stretches:
        found = chain.steps(at)
        A, half = chain.one_by_one([one.A for one in found]), chain.one_by_one([root(one.Q) for one in found])
        shocks = half @ normals(len(A), *before.shape)
        for place, part in zip(chain.places, chain.parts):
            shocks[:, place] = shocks[:, place] @ root(part.B).T
        shocks[0] += A[0] @ before
        states = runner(path, len(chain.x))(A, shocks)
        f[at], before = sum(states[:, place.start] for place in chain.places), states[-1]
    return f


def draw(chain: Chain, places: np.ndarray, shared: np.ndarray | None, normals: Normals) -> np.ndarray:
    """One draw [M, T] of f at `places` [M], or of f + noise where `shared` is given: where it is True the noise is
    that of the row, whose seen values speak of it, elsewhere its own."""
    f, noise = path_of(chain, normals), normals(*chain.y.shape) @ root(chain.Sigma).T
    readings = f + noise + normals(*f.shape) * np.sqrt(chain.variances)
    rest = np.where(chain.seen > 0, chain.y - readings, np.nan)
    left = Chain(chain.x, rest, chain.variances, chain.parts, chain.Sigma, chain.device)
    T = f.shape[1]
    unknowns = Unknowns(left, places, left.H, left.Sigma, np.zeros(len(places)) if shared is None else shared)
    drawn = f[places] + unknowns.means()
    if shared is not None:
        own = normals(len(places), T) @ root(chain.Sigma).T
        drawn = drawn + np.where(shared[:, None], noise[places], own)
    return drawn
