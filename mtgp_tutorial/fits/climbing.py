"""One climb of the optimiser, from where a model stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial.exact import NotPositiveDefiniteError
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.fits.naming import can_be_flat
from mtgp_tutorial.fits.objective import objective
from mtgp_tutorial.models.model import Model


def climb(model: Model, priors: bool, max_iterations: int, bar: tqdm) -> tuple[Model, dict[str, Any]]:
    """L-BFGS-B from where the model stands; the model moves, the record says how it went.

    Fifty correction pairs instead of ten: with few parameters and long valleys (kappa near 0, rotations
    of W) they take a fifth of the evaluations.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    loss = Flat(model, priors) if can_be_flat(model) else _by_autograd(model, priors, parameters)

    def step(_: np.ndarray) -> None:
        bar.update()

    start, bounds = parameters_to_vector(parameters).detach().cpu().numpy(), _bounds(model)
    try:
        result = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=step,
            options={
                "maxiter": max_iterations,
                "maxfun": 2 * max_iterations,
                "maxcor": 50,
                "ftol": 1e-13,
                "gtol": 1e-5,
            },
        )
    except NotPositiveDefiniteError as error:
        return model, {"objective": math.nan, "evaluations": 0, "converged": False, "message": str(error)}
    vector_to_parameters(torch.as_tensor(result.x).to(parameters[0].device), parameters)
    low, high = np.array(bounds).T
    slope = result.x - np.clip(result.x - result.jac, low, high)  # zero at a bound that the gradient points out of
    converged = bool(result.success) or float(np.abs(slope).max()) < 1e-2
    return model, {
        "objective": -float(result.fun),
        "evaluations": int(result.nfev),
        "converged": converged,
        "message": str(result.message),
    }


def _by_autograd(model: Model, priors: bool, parameters: Sequence[Tensor]) -> Callable[[np.ndarray], Any]:
    """Minus the objective and its gradient through GPyTorch's modules, for kernels that are not closed."""

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        vector_to_parameters(torch.as_tensor(vector).to(parameters[0].device), parameters)
        value = -objective(model, priors)
        gradient = parameters_to_vector(torch.autograd.grad(value, parameters))
        return float(value.detach()), gradient.cpu().numpy()

    return loss


def _bounds(model: Model) -> list[tuple[float, float]]:
    """Box on the raw parameters: logarithms of scales, W, L and means stay within 12 of where they start."""
    raw = parameters_to_vector([p for p in model.parameters() if p.requires_grad]).detach()
    return [(value - 12, value + 12) for value in raw.tolist()]
