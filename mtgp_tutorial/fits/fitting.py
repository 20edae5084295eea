"""Fit a model by L-BFGS on its exact marginal likelihood, from several starts.

One climb of the optimiser, from one vector of parameters to a summit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial.arguments import as_array, generator, of_kind, whole
from mtgp_tutorial.exact import NotPositiveDefiniteError, forms
from mtgp_tutorial.fits.flat import Flat, can_be_flat, objective
from mtgp_tutorial.fits.multistart import STARTS, Summits, arrived, best_places, joined, starting_point
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.models.model import Model

Run = tuple[np.ndarray, dict[str, Any]]
SAME = 1e-5  # climbs this close, in nats, are as high
LOOKS = 64  # places looked at before the second climb; a power of 2


class FitError(RuntimeError):
    """No start of the optimiser ended in a usable optimum. parameters: by name, where the highest start ended.

    >>> from mtgp_tutorial import FitError, fit, icm, simulate
    >>> try:
    ...     fit(icm(simulate.two_sines(seed=1)), max_iterations=1)
    ... except FitError as error:
    ...     print("fit: the best of 3 starts" in str(error), len(error.parameters) > 0)
    True True
    """

    def __init__(self, message: str, parameters: dict[str, Tensor] | None = None):
        super().__init__(message)
        self.parameters = parameters or {}


def fit(
    model: Model,
    *,
    priors: bool = True,
    starts: int | None = None,
    seed: int = 0,
    max_iterations: int = 1000,
    progress: bool = False,
) -> Fit:
    """Maximise the exact log marginal likelihood (plus `log_prior` when priors is True); returns a new, fitted copy.

    Of a `sparse` model the lower bound is maximised.

    starts: how many climbs (default: 3 with priors, 6 without, 8 for several kernels). The first starts from the data's
    covariance, the others from the best of LOOKS places that differ in length-scales and noise (`multistart`). Several
    kernels start from all of starting.STARTS first, kernels without a closed form from these alone; where tasks share
    no parameter, the last start is the best of each task. `seed` draws the places. A climb that comes to a summit
    already found stops there, and the highest wins.
    What is frozen in the model (requires_grad False) keeps its value. progress: show climbs and iterations, in
    terminals only. Raises MemoryError for a table that cannot fit into memory, and FitError when the highest climb has
    not converged, unless a converged one is within 0.01 nats of it. ValueError for what is no model, or has nothing
    left to fit.

    >>> from mtgp_tutorial import fit, icm, independent, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> alone, together = fit(independent(data)), fit(icm(data))
    >>> together.log_likelihood > alone.log_likelihood
    True
    >>> together.starts["converged"].tolist()[0]
    True
    """
    _check(model, seed, max_iterations)
    if starts is None:
        starts = 8 if _several(model) else 3 if priors else 6
    starts = whole("starts", starts, 1, "how many starts to try")
    with torch.no_grad():
        forms.check_size(model.problem())
    best = starting_point(model, 0, torch.Generator())
    free = [(name, p) for name, p in best.named_parameters() if p.requires_grad]
    loss = Flat(best, priors) if can_be_flat(best) else by_autograd(best, priors)
    runs: list[Run] = []
    with tqdm(unit=" iterations", disable=None if progress else True) as bar:
        for vector in _vectors(model, best, loss, starts, seed, runs):
            bar.set_description(f"start {len(runs) + 1} of {starts}")
            box = bounds_around(vector, [(name, p.numel()) for name, p in free])
            known = [(record["objective"], end) for end, record in runs]
            runs.append(climb(loss, vector, box, max_iterations, bar, known))
    table = pd.DataFrame([record for _, record in runs]).rename_axis("start")
    top = int(table["objective"].fillna(-math.inf).idxmax())
    usable = table[table["converged"] & (table["objective"] > table["objective"].max() - 0.01)]
    level = usable["objective"] > usable["objective"].max() - SAME
    chosen = int(level.idxmax()) if len(usable) else top  # the first of those as high, on every machine
    vector_to_parameters(torch.as_tensor(runs[chosen][0]).to(model.data.x.device), [p for _, p in free])
    if not len(usable):
        raise _failure(best, table, top, max_iterations)
    with torch.no_grad():
        value = float(best.log_likelihood() - best.log_scale())
    return Fit(best.requires_grad_(False), priors, value, table.drop(columns="message"))


def _check(model: Model, seed: int, max_iterations: int) -> None:
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            "model: all its parameters are frozen, as those of a fitted model are; build a new one, or take "
            "with_parameters(model) to use it as it is"
        )
    generator(seed)
    whole("max_iterations", max_iterations, 0, "how many iterations a climb may take")


def _vectors(model: Model, first: Model, loss: Loss, starts: int, seed: int, runs: list[Run]) -> Iterator[np.ndarray]:
    """Where the climbs start: the default start, those of STARTS for several kernels, and the best places.

    Where the tasks share nothing, the last climb starts from the best that `runs` found for each task. Without a flat
    form all are starting points.
    """
    yield _vector(first)
    draws = generator(seed)
    alone = model.problem().apart and model.kind.apart and not model.one_signal
    given = starts if not isinstance(loss, Flat) else len(STARTS) if _several(model) else 1
    for number in range(1, min(given, starts)):
        yield _vector(starting_point(model, number, draws))
    if isinstance(loss, Flat) and starts > given:
        yield from best_places(loss, starts - given - alone, LOOKS, seed)
        if alone:
            yield joined(loss, [end for end, _ in runs])


def _several(model: Model) -> bool:
    """Whether it has several kernels with a W and a kappa each."""
    return len(getattr(model.kernel, "coregional", [])) > 1


def _vector(model: Model) -> np.ndarray:
    free = [p for p in model.parameters() if p.requires_grad]
    return as_array(parameters_to_vector(free)).copy()


def _failure(model: Model, table: pd.DataFrame, top: int, max_iterations: int) -> FitError:
    """One sentence, and where the highest climb ended."""
    height = table["objective"][top]
    reached = table["message"][top] if math.isnan(height) else f"start {top} came to {height:.1f} nats"
    return FitError(
        f"fit: the best of {len(table)} starts has not converged in {max_iterations} iterations ({reached}); allow "
        "more iterations, or take a lower rank or fewer kernels",
        {name: p.detach().cpu().clone() for name, p in model.named_parameters()},
    )


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

    def step(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        bar.update()
        if isinstance(loss, Flat) and next(steps) % 4 == 0:
            top = arrived(loss, intermediate_result.x, -float(intermediate_result.fun), known)
            if top is not None:
                found.append(top)
                raise StopIteration

    options = {"maxiter": max_iterations, "maxfun": 2 * max_iterations, **OPTIONS}
    try:
        result = scipy.optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=bounds.T, callback=step, options=options
        )
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
