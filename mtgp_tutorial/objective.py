"""What a fit maximises, as a function of one vector of free parameters, and where a run may go."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import KINDS
from mtgp_tutorial.priors import log_prior

BOX = 12.0  # how far a raw parameter may go from its start, so that float64 can hold it
NO_NOISE, NO_KAPPA = math.log(1e-10), math.log(1e-7)  # so close may a noise variance come to the floor, a kappa to 0
LEVELS = [name for kind in KINDS.values() for name in kind.levels]

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # of free parameters [P]: minus the objective, and its slope


class End(NamedTuple):
    """Where the run from one start ended: free parameters [P] and the objective, NaN where there is none.

    joined: the start whose run went on for it; its own number, unless it stopped where it met that one.
    """

    vector: np.ndarray
    objective: float
    evaluations: int
    converged: bool
    joined: int


def objective(model: Model, priors: bool) -> Tensor:
    """What a fit maximises: the log marginal likelihood of the standardised table, plus the log prior if asked for."""
    value = model.log_likelihood()
    return value + log_prior(model) if priors else value


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


def by_autograd(model: Model, priors: bool) -> Loss:
    """Minus the objective and its slope as a function of the free parameters of the model, which it sets.

    Raises NotPositiveDefiniteError where there is no value.
    """
    free = [p for p in model.parameters() if p.requires_grad]

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        put_vector(model, vector)
        value = -objective(model, priors)
        slope = parameters_to_vector(torch.autograd.grad(value, free))
        return float(value.detach()), as_array(slope)

    return loss


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
