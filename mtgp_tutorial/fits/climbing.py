"""One climb of the optimiser, from one vector of parameters to a summit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial.device import as_array
from mtgp_tutorial.exact import NotPositiveDefiniteError
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.fits.looking import Summits, arrived
from mtgp_tutorial.fits.objective import objective
from mtgp_tutorial.models.model import Model

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
NO_NOISE = math.log(1e-10)  # a noise variance may come this close to the floor
OPTIONS = {"maxcor": 50, "ftol": 1e-13, "gtol": 1e-5}


def climb(
    loss: Loss, start: np.ndarray, bounds: np.ndarray, max_iterations: int, bar: tqdm, known: Summits = ()
) -> tuple[np.ndarray, dict[str, Any]]:
    """L-BFGS-B from a vector, inside bounds [2, P]: where it ended, and how it went.

    Fifty correction pairs instead of ten: with few parameters and long valleys (kappa near 0, rotations
    of W) they take a fifth of the evaluations. A climb that comes to one of the known summits stops there.
    """
    steps, found = itertools.count(1), []

    def step(intermediate_result: OptimizeResult) -> None:
        bar.update()
        if isinstance(loss, Flat) and next(steps) % 4 == 0:
            top = arrived(loss, intermediate_result.x, -float(intermediate_result.fun), known)
            if top is not None:
                found.append(top)
                raise StopIteration

    options = {"maxiter": max_iterations, "maxfun": 2 * max_iterations, **OPTIONS}
    try:
        result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds.T, callback=step, options=options)
    except NotPositiveDefiniteError as error:
        return start, {"objective": math.nan, "evaluations": 0, "converged": False, "message": str(error)}
    low, high = bounds
    slope = result.x - np.clip(result.x - result.jac, low, high)  # zero at a bound that the gradient points out of
    return result.x, {
        "objective": found[0] if found else -float(result.fun),
        "evaluations": int(result.nfev),
        "converged": bool(found) or bool(result.success) or float(np.abs(slope).max()) < 1e-2,
        "message": str(result.message),
    }


def by_autograd(model: Model, priors: bool) -> Loss:
    """Minus the objective and its gradient through GPyTorch's modules, for kernels that are not closed."""
    parameters = [p for p in model.parameters() if p.requires_grad]

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        vector_to_parameters(torch.as_tensor(vector).to(parameters[0].device), parameters)
        value = -objective(model, priors)
        gradient = parameters_to_vector(torch.autograd.grad(value, parameters))
        return float(value.detach()), as_array(gradient)

    return loss


def bounds_around(vector: np.ndarray, free: Sequence[tuple[str, int]]) -> np.ndarray:
    """Box [2, P] on raw parameters (name and size of each): within 12 of where they start, so that no line search
    leaves the numbers that float64 can hold; a noise variance may always come to its floor."""
    low = vector - 12
    names = np.repeat([name for name, _ in free], [size for _, size in free])
    noise = np.isin(names, ["likelihood.raw_noise", "likelihood.raw_task_noises"])
    return np.stack([np.where(noise, np.minimum(low, NO_NOISE), low), vector + 12])
