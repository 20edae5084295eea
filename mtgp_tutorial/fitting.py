"""Fit a model by BFGS on its exact marginal likelihood, from several starts."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.utils import vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial.arguments import generator, of_kind, whole
from mtgp_tutorial.fast import forms
from mtgp_tutorial.fast.climbing import Climb, Loss, by_autograd, climbed
from mtgp_tutorial.fast.flat import Flat, can_be_flat, free_sizes, free_vector
from mtgp_tutorial.starts import best_places, fixed_starts, joined, starting_point
from mtgp_tutorial.result import Fit
from mtgp_tutorial.model import Model

SAME = 1e-5  # climbs this close, in nats, are as high
LOOKS = 64  # places looked at before the second climb, four times as many where they go together; a power of 2


class FitError(RuntimeError):
    """No start of the optimiser ended in a usable optimum.

    Args:
        message (str): which, and why.
        parameters (dict of Tensor): by name, where the highest start ended. Default: none.

    >>> from mtgp_tutorial import FitError, fit, icm, simulate
    >>> try:
    ...     fit(icm(simulate.two_sines(seed=1)), max_iterations=1)
    ... except FitError as error:
    ...     print(len(error.parameters) > 0)
    True
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

    Of a `sparse` model the lower bound is maximised. The first climb starts from the data's covariance, the others from
    the best of LOOKS places that differ in length-scales and noise (`multistart`). Several kernels start from all of
    multistart.OF_SEVERAL first, kernels without a closed form from fixed starts alone; where tasks share no parameter,
    the last start is the best of each task. A climb that meets another one as high stops there (`climbing`), and the
    highest wins. What is frozen in the model (requires_grad False) keeps its value.

    Args:
        model (Model): left as it was.
        priors (bool): whether the priors count. Default: True.
        starts (int): how many climbs. Default: 3 with priors, 6 without, 8 for several kernels.
        seed (int): draws the places. Default: 0.
        max_iterations (int): of one climb. Default: 1000.
        progress (bool): show climbs and iterations, in terminals only. Default: False.
    Raises:
        MemoryError: for a table that cannot fit into memory.
        FitError: when the highest climb has not converged, unless a converged one is within 0.01 nats of it.
        ValueError: for what is no model, or has nothing left to fit.

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
    loss = Flat(best, priors) if can_be_flat(best) else by_autograd(best, priors)
    vectors = _starts(model, best, loss, starts, seed)
    sizes = free_sizes(best)
    climbs: list[Climb] = []
    with tqdm(unit=" iterations", disable=None if progress else True) as bar:
        for group in filter(len, (vectors[:1], vectors[1:])):  # the first alone, so that a summit is known
            bar.set_description(f"start {len(climbs) + 1} of {starts}")
            climbs += climbed(loss, group, sizes, max_iterations, bar, climbs)
        if isinstance(loss, Flat) and _alone(model) and starts > 1:
            best_of_each = joined(loss, [climb.summit().vector for climb in climbs])
            climbs += climbed(loss, [best_of_each], sizes, max_iterations, bar, climbs)
    table = pd.DataFrame([climb.record() for climb in climbs]).rename_axis("start")
    top = int(table["objective"].fillna(-math.inf).idxmax())
    usable = table[table["converged"] & (table["objective"] > table["objective"].max() - 0.01)]
    level = usable["objective"] > usable["objective"].max() - SAME
    chosen = int(level.idxmax()) if len(usable) else top  # the first of those as high, on every machine
    vector = climbs[chosen].summit().vector
    free = [p for p in best.parameters() if p.requires_grad]
    vector_to_parameters(torch.as_tensor(vector).to(model.data.x.device), free)
    if not len(usable):
        raise _failure(best, table, top, max_iterations)
    with torch.no_grad():
        value = float(best.log_likelihood() - best.log_scale())
    frozen = tuple(name for name, p in model.named_parameters() if not p.requires_grad)
    return Fit(best.requires_grad_(False), priors, value, table, frozen)


def _check(model: Model, seed: int, max_iterations: int) -> None:
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            "model: all its parameters are frozen, as those of a fitted model are; build a new one, or take "
            "with_parameters(model) to use it as it is"
        )
    generator(seed)
    whole("max_iterations", max_iterations, 0, "how many iterations a climb may take")


def _starts(model: Model, first: Model, loss: Loss, starts: int, seed: int) -> list[np.ndarray]:
    """Where the climbs start: the default start, all fixed ones for several kernels, and the best places.

    Without a flat form all are starting points. Where tasks share nothing, one is left for the best of each.
    """
    vectors, draws = [free_vector(first)], generator(seed)
    given = starts if not isinstance(loss, Flat) else len(fixed_starts(model)) if _several(model) else 1
    vectors += [free_vector(starting_point(model, number, draws)) for number in range(1, min(given, starts))]
    count = starts - given - _alone(model)
    if isinstance(loss, Flat) and count > 0:
        looks = 4 * LOOKS if loss.at_once >= LOOKS else LOOKS
        vectors += best_places(loss, count, looks, seed)
    return vectors


def _alone(model: Model) -> bool:
    """Whether its tasks share no parameter."""
    return model.problem().apart and model.kind.apart and not model.one_signal


def _several(model: Model) -> bool:
    """Whether it has several kernels with a W and a kappa each."""
    return len(model.kernel.coregional) > 1


def _failure(model: Model, table: pd.DataFrame, top: int, max_iterations: int) -> FitError:
    """One sentence, and where the highest climb ended."""
    height = table["objective"][top]
    reached = f"start {top} came to {height:.1f} nats"
    if math.isnan(height):
        reached = "at no start is the covariance positive definite to working precision"
    return FitError(
        f"fit: the best of {len(table)} starts has not converged in {max_iterations} iterations ({reached}); allow "
        "more iterations, or take a lower rank or fewer kernels",
        {name: p.detach().cpu().clone() for name, p in model.named_parameters()},
    )
