"""What `starts` does one by one, many at once: candidates as vectors of the packed objective, and what these mean."""

from __future__ import annotations

import numpy as np

from mtgp_tutorial.climbing.batched import transposed
from mtgp_tutorial.climbing.noise_arrays import ARRAYS
from mtgp_tutorial.climbing.packed import PackedObjective
from mtgp_tutorial.climbing.prior_arrays import log_ranges
from mtgp_tutorial.starts import Candidates, coordinates, matrices_of

NEAR, BELOW = 0.1, 0.02  # two runs have met: in all natural coordinates, and in nats


def at_candidates(packed: PackedObjective, where: Candidates) -> np.ndarray:
    """Vectors [N, P] of candidates. Frozen parameters keep their values."""
    N, Q = len(where.noise), len(packed.parts)
    p = {name: packed.all[at].reshape(shape) for name, (at, shape) in packed.places.items()}
    B, of_noise = matrices_of(packed.model, where)
    for q, part in enumerate(packed.parts):
        name, length = part.kernel + "raw_lengthscale", where.lengths[:, 0 if packed.independent else q]
        shape = p[name].shape
        p[name] = np.log(length)[:, None, None] + np.broadcast_to(log_ranges(packed.log_spread, shape[-1]), shape)
        if packed.independent:
            p[part.signal + "raw_outputscale"] = np.log(np.diagonal(B, 0, 1, 2).mean(1))
            continue
        values, vectors = np.linalg.eigh(B / Q)
        rank = p[part.signal + "covar_factor"].shape[1]
        W = vectors[:, :, -rank:] * np.sqrt(np.maximum(values[:, None, -rank:], 0))
        own = np.diagonal(B / Q - W @ transposed(W), 0, 1, 2)
        p |= {part.signal + "covar_factor": W, part.signal + "raw_var": np.log(np.maximum(own, 0.05 / Q))}
    p |= ARRAYS[packed.model.noise].start(where.noise, of_noise)
    p |= dict.fromkeys(packed.means, np.zeros(N))
    wide = [np.broadcast_to(p[name].reshape(-1, size), (N, size)) for name, _, size in packed.free]
    return np.concatenate(wide, 1)


def meaning(packed: PackedObjective, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log length-scales with Sigma, and all that the parameters mean: also each B_q and the means.

    Matrices as log variances and arctanh of correlations, so that rotations of W and of a noise factor do not count.
    """
    p = packed.named(vector)
    lengths = np.concatenate([p[part.kernel + "raw_lengthscale"].ravel() for part in packed.parts])
    means = [p[name] for name in packed.means]
    matrices = [coordinates(packed.B(part, p)) for part in packed.parts]
    apart = np.concatenate([lengths, coordinates(packed.Sigma(p))])
    return apart, np.concatenate([apart, *matrices, means])


def near(packed: PackedObjective, vector: np.ndarray, value: float, other: np.ndarray, height: float) -> bool:
    """Whether two points are one: NEAR each other in all that the parameters mean, and at most BELOW apart."""
    if not abs(height - value) < BELOW:
        return False
    return bool(np.abs(meaning(packed, vector)[1] - meaning(packed, other)[1]).max() < NEAR)
