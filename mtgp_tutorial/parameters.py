"""The free parameters of a model as one vector: to get and set them, how far they may go, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import KINDS, NEAREST
from mtgp_tutorial.priors import spatial_parts

BOX = 12.0  # how far a raw parameter may go from its start, so that float64 can hold it
NO_NOISE, NO_KAPPA = math.log(NEAREST), math.log(1e-7)  # so close may a noise variance come to the floor, a kappa to 0
LEVELS = [name for kind in KINDS.values() for name in kind.levels]


def free_vector(model: Model) -> np.ndarray:
    """The free parameters [P] of a model, as they are stored."""
    return as_array(parameters_to_vector([p for p in model.parameters() if p.requires_grad])).copy()


def free_sizes(model: Model) -> list[tuple[str, int]]:
    """Name and size of each free parameter, in their order in the vector."""
    return [(name, p.numel()) for name, p in model.named_parameters() if p.requires_grad]


def put_vector(model: Model, vector: np.ndarray) -> None:
    """Set the free parameters of a model."""
    free = [p for p in model.parameters() if p.requires_grad]
    vector_to_parameters(torch.as_tensor(vector).to(free[0].device), free)


def box_around(vector: np.ndarray, free: Sequence[tuple[str, int]]) -> np.ndarray:
    """Box [2, P] on raw parameters (name and size of each), around where they start.

    A noise variance may always come to its floor, a kappa to 0.
    """
    low = vector - BOX
    names = np.repeat([name for name, _ in free], [size for _, size in free])
    for which, least in ((np.isin(names, LEVELS), NO_NOISE), (np.char.endswith(names, "raw_var"), NO_KAPPA)):
        low[which] = np.minimum(low[which], least)
    return np.stack([low, vector + BOX])


def is_stationary(x: np.ndarray, slope: np.ndarray, box: np.ndarray) -> bool:
    """Whether the slope is below 0.01, but for what points out of the box."""
    return float(np.abs(x - np.clip(x - slope, *box)).max()) < 1e-2


@torch.no_grad()
def meaning(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Log length-scales with Sigma, and all that the parameters of a model mean: also each B_q and the means.

    Matrices as log variances and arctanh of correlations, so that rotations of W and of a noise factor do not count.
    """
    lengths = [as_array(part.lengthscale.log()).ravel() for part in spatial_parts(model.kernel)]
    apart = np.concatenate([*lengths, coordinates(as_array(model.Sigma()))])
    Bs = [coordinates(as_array(term.B)) for term in model.kernel.terms()]
    return apart, np.concatenate([apart, *Bs, as_array(model.means())])


def coordinates(M: np.ndarray) -> np.ndarray:
    """Log variances and arctanh of correlations of a covariance matrix; a variance of 0 counts as a tiny one."""
    variances = np.maximum(M.diagonal(), 1e-100)
    R = M / np.sqrt(np.outer(variances, variances))
    return np.concatenate([np.log(variances), np.arctanh(0.999 * R[np.triu_indices(len(M), 1)])])
