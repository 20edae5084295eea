"""Fit a model: maximise its exact log marginal likelihood, from several starts, side by side (`climbing`).

Each start's own end stands in `Fit.starts`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from mtgp_tutorial.arguments import flags, generator, of_kind, went, whole
from mtgp_tutorial.climbing import End, Run, optimised
from mtgp_tutorial.model import IN_GROUPS, MANY_TASKS, Model
from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import free_sizes, free_vector, meaning, put_vector
from mtgp_tutorial.result import Fit
from mtgp_tutorial.solvers.choice import expected_seconds
from mtgp_tutorial.starts import at_candidates, candidates, fixed_starts, starting_point, takes_candidates

DISTINCT = 0.7  # candidates differ by this in log length-scale, log noise variance, or arctanh of a noise correlation
SAME = 1e-5  # ends this close, in nats, are as high
LONG = 1.0  # seconds of an evaluation from which on the time is said before a fit


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


@went("fast", 'leave it out (answers of the dense solver: replace(fitted, solver="dense"))')
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

    Of a `sparse` model the lower bound is maximised. The first run starts from the data's covariance, the others from
    the best of many candidates that differ in length-scales and noise (`starts`). Several kernels start from all of
    starts.OF_SEVERAL first, kernels that are not plain from fixed starts alone; where tasks share no parameter, the
    last start is the best of each task. The highest end wins. What is frozen in the model (requires_grad False) keeps
    its value.

    Args:
        model (Model): left as it was.
        priors (bool): whether the priors count. Default: True.
        starts (int): how many runs. Default: 3 with priors, 6 without, 8 for several kernels.
        seed (int): draws the candidates. Default: 0.
        max_iterations (int): of one run. Default: 1000.
        progress (bool): show runs and iterations, in terminals only. Default: False.
    Warns:
        UserWarning: of a table that will take long.
    Raises:
        MemoryError: for a table that cannot fit into memory.
        FitError: when the highest run has not converged, unless a converged one is within 0.01 nats of it.
        ValueError: for what is no model, or has nothing left to fit.

    >>> from mtgp_tutorial import fit, icm, independent, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> alone, together = fit(independent(data)), fit(icm(data))
    >>> together.log_likelihood > alone.log_likelihood
    True
    >>> bool(together.starts["converged"].any())  # others may have met it
    True
    """
    _check(model, seed, max_iterations)
    flags(priors=priors, progress=progress)
    if starts is None:
        starts = 8 if _several(model) else 3 if priors else 6
    starts = whole("starts", starts, 1, "how many starts to try")
    model.check_size()
    _warn_of_hours(model, starts)
    best = starting_point(model, 0, torch.Generator())
    target = Objective(best, priors)
    ends = _optimised(model, target, _starts(model, best, target, starts, seed), starts, max_iterations, progress)
    table = pd.DataFrame([end._asdict() for end in ends]).drop(columns="vector").rename_axis("start")
    put_vector(best, ends[ends[chosen := _chosen(table)].joined].vector)
    if not usable(table).any():
        raise _failure(best, table, chosen, max_iterations)
    with torch.no_grad():
        value = float(best.log_likelihood() - best.log_scale())
    frozen = tuple(name for name, p in model.named_parameters() if not p.requires_grad)
    return Fit(best.requires_grad_(False), priors, value, table, frozen)


def _optimised(
    model: Model, target: Objective, vectors: list[np.ndarray], starts: int, max_iterations: int, progress: bool
) -> list[End]:
    """Where the runs from all vectors ended, and where tasks share nothing that from the best of each."""
    runs = list[Run]()
    with tqdm(unit=" iterations", disable=None if progress else True) as bar:
        bar.set_description(f"{starts} starts")
        runs += optimised(target, vectors, max_iterations, bar)
        if _joins(model) and starts > 1:
            best = best_of_each_task(model, [run.joined().vector for run in runs], target)
            runs += optimised(target, [best], max_iterations, bar, runs)
    return [run.end() for run in runs]


def usable(table: pd.DataFrame) -> pd.Series:
    """Whether each start's end has converged, and is at most 0.01 nats below the highest."""
    return table["converged"] & (table["objective"] > table["objective"].max() - 0.01)


def _chosen(table: pd.DataFrame) -> int:
    """The first of the usable ends that are as high, on every machine; the highest of all where none is usable."""
    good = usable(table)
    if not good.any():
        return int(table["objective"].fillna(-math.inf).idxmax())
    return int((good & (table["objective"] > table["objective"][good].max() - SAME)).idxmax())


def _check(model: Model, seed: int, max_iterations: int) -> None:
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            "model: all its parameters are frozen, as those of a fitted model are; build a new one, or take "
            "at_parameters(model) to use it as it is"
        )
    generator(seed)
    whole("max_iterations", max_iterations, 0, "how many iterations a run may take")


def _warn_of_hours(model: Model, starts: int) -> None:
    """Say how long it will take where that is long."""
    if not model.bounded and (one := expected_seconds(model)) > LONG:
        road = f"; {IN_GROUPS}, take less" if model.data.num_tasks > MANY_TASKS else ""
        warnings.warn(
            f"fit: the table is large, about {one:.0f} s of a core for each evaluation, of which a run asks for some "
            f"hundred (starts={starts}; starts=1 makes one run, progress=True shows it{road})",
            stacklevel=3,
        )


def _starts(model: Model, first: Model, target: Objective, starts: int, seed: int) -> list[np.ndarray]:
    """Where the runs start: the default start, all fixed ones for several kernels, and the best candidates.

    Kernels that are not plain have numbered starts alone. Where tasks share nothing, one is left for the best of each.
    """
    vectors, draws = [free_vector(first)], generator(seed)
    given = starts if not takes_candidates(model) else len(fixed_starts(model)) if _several(model) else 1
    vectors += [free_vector(starting_point(model, number, draws)) for number in range(1, min(given, starts))]
    count = starts - given - _joins(model)
    return (
        vectors + best_candidates(target, at_candidates(first, candidates(model, seed)), count)
        if count > 0
        else vectors
    )


def best_candidates(target: Objective, vectors: np.ndarray, count: int) -> list[np.ndarray]:
    """The highest `count` vectors of [N, P] that are DISTINCT from each other."""
    chosen: list[np.ndarray] = []
    meant: list[np.ndarray] = []
    for vector in vectors[np.argsort(-target.many(vectors, slopes=False)[0], kind="stable")]:
        if len(chosen) == count:
            break
        here = meaning(target.at(vector))[0]
        if all(np.abs(here - other).max() > DISTINCT for other in meant):
            chosen.append(vector)
            meant.append(here)
    return chosen


def _joins(model: Model) -> bool:
    """Whether its tasks share no parameter, so that each one's best piece can be joined to one vector."""
    return takes_candidates(model) and model.kind.separate and not model.kernel.coregional and not model.one_signal


def _several(model: Model) -> bool:
    """Whether it has several kernels with a W and a kappa each."""
    return len(model.kernel.coregional) > 1


def best_of_each_task(model: Model, vectors: Sequence[np.ndarray], target: Objective) -> np.ndarray:
    """Of tasks that share no parameter, each one's piece from the vector in which it is highest."""
    sizes = free_sizes(model)
    names = np.repeat([name for name, _ in sizes], [size for _, size in sizes])
    noises, best = np.flatnonzero(names == "likelihood.raw_task_noises"), vectors[0]
    for t in range(model.data.num_tasks):
        own = np.char.startswith(names, f"kernel.kernels.{t}.") | (names == f"mean.base_means.{t}.raw_constant")
        own[noises[t : t + 1]] = True
        tried = np.stack([np.where(own, vector, best) for vector in vectors])
        best = tried[target.many(tried, slopes=False)[0].argmax()]
    return best


def _failure(model: Model, table: pd.DataFrame, top: int, max_iterations: int) -> FitError:
    """One sentence, and where the highest run ended."""
    height = table["objective"][top]
    reached = f"start {top} came to {height:.1f} nats"
    if math.isnan(height):
        reached = "at no start is the covariance positive definite to working precision"
    return FitError(
        f"fit: the best of {len(table)} starts has not converged in {max_iterations} iterations ({reached}); allow "
        "more iterations, or take a lower rank or fewer kernels",
        {name: p.detach().cpu().clone() for name, p in model.named_parameters()},
    )
