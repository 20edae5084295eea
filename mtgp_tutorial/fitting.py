"""Fit a model: maximise its exact log marginal likelihood, from several starts.

The core maximises with SciPy's L-BFGS-B on autograd, one start after the other; `fast` is quicker, and is held to end
as high as the core or higher (on an LMC it may find a summit that no start of the core reaches). Each start's own end
stands in `Fit.starts`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial import hooks
from mtgp_tutorial.arguments import as_array, as_tensor, generator, of_kind, whole
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.model import IN_GROUPS, MANY_TASKS, Model
from mtgp_tutorial.noise import KINDS
from mtgp_tutorial.priors import log_prior, spatial_parts
from mtgp_tutorial.result import Fit
from mtgp_tutorial.starts import (
    Candidates,
    candidates,
    coordinates,
    fixed_starts,
    matrices_of,
    start_at,
    starting_point,
    takes_candidates,
)

DISTINCT = 0.7  # candidates differ by this in log length-scale, log noise variance, or arctanh of a noise correlation
SAME = 1e-5  # ends this close, in nats, are as high
BOX = 12.0  # how far a raw parameter may go from its start, so that float64 can hold it
NO_NOISE, NO_KAPPA = math.log(1e-10), math.log(1e-7)  # so close may a noise variance come to the floor, a kappa to 0
LEVELS = [name for kind in KINDS.values() for name in kind.levels]
LONG = 1.0  # seconds of an evaluation from which on the time is said before a fit
NOWHERE = 1e10  # minus the objective where C has no Cholesky factor

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # of free parameters [P]: minus the objective, and its slope


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


class End(NamedTuple):
    """Where the run from one start ended: free parameters [P] and the objective, NaN where there is none.

    joined: the start whose run went on for it; its own number, unless it stopped where it met that one.
    """

    vector: np.ndarray
    objective: float
    evaluations: int
    converged: bool
    joined: int


def fit(
    model: Model,
    *,
    priors: bool = True,
    starts: int | None = None,
    seed: int = 0,
    max_iterations: int = 1000,
    progress: bool = False,
    fast: bool = True,
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
        fast (bool): by the programs of `fast`, where a run that meets another one as high stops there, or by the core
            alone. What the fit says afterwards is asked in the same way. Default: True.
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
    >>> together.starts["converged"].tolist()[0]
    True
    """
    _check(model, seed, max_iterations)
    if starts is None:
        starts = 8 if _several(model) else 3 if priors else 6
    starts = whole("starts", starts, 1, "how many starts to try")
    model.check_size(fast=fast)
    _warn_of_hours(model, starts, fast)
    best = starting_point(model, 0, torch.Generator())
    optimiser = (hooks.quick_optimiser(best, priors) if fast else None) or Optimiser(best, priors, fast)
    ends = _optimised(model, optimiser, _starts(model, best, optimiser, starts, seed), starts, max_iterations, progress)
    table = pd.DataFrame([end._asdict() for end in ends]).drop(columns="vector").rename_axis("start")
    put_vector(best, ends[ends[chosen := _chosen(table)].joined].vector)
    if not usable(table).any():
        raise _failure(best, table, chosen, max_iterations)
    with torch.no_grad():
        value = float(best.log_likelihood(fast=fast) - best.log_scale())
    frozen = tuple(name for name, p in model.named_parameters() if not p.requires_grad)
    return Fit(best.requires_grad_(False), priors, value, table, frozen, fast)


def _optimised(
    model: Model, optimiser: Optimiser, vectors: list[np.ndarray], starts: int, max_iterations: int, progress: bool
) -> list[End]:
    """Where the runs from all vectors ended, and where tasks share nothing that from the best of each."""
    with tqdm(unit=" iterations", disable=None if progress else True) as bar:
        for group in filter(len, (vectors[:1], vectors[1:])):  # the first alone, so that an optimum is known
            bar.set_description(f"start {len(optimiser.ends) + 1} of {starts}")
            optimiser.run(group, max_iterations, bar)
        if _joins(model) and starts > 1:
            ended = [optimiser.ends[end.joined].vector for end in optimiser.ends]
            optimiser.run([best_of_each_task(model, ended, optimiser.heights)], max_iterations, bar)
    return optimiser.ends


def objective(model: Model, priors: bool, fast: bool = True) -> Tensor:
    """What a fit maximises: the log marginal likelihood of the standardised table, plus the log prior if asked for."""
    value = model.log_likelihood(fast=fast)
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


def by_autograd(model: Model, priors: bool, fast: bool = True) -> Loss:
    """Minus the objective and its slope as a function of the free parameters of the model, which it sets.

    Raises NotPositiveDefiniteError where there is no value.
    """
    free = [p for p in model.parameters() if p.requires_grad]

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        put_vector(model, vector)
        value = -objective(model, priors, fast)
        slope = parameters_to_vector(torch.autograd.grad(value, free))
        return float(value.detach()), as_array(slope)

    return loss


def or_nowhere(loss: Loss) -> Loss:
    """The same, and NOWHERE without a slope where there is no value: a place for a line search to turn back from."""

    def everywhere(vector: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            value, slope = loss(vector)
        except NotPositiveDefiniteError:
            return NOWHERE, np.zeros_like(vector)
        return (value, slope) if math.isfinite(value) else (NOWHERE, np.zeros_like(vector))

    return everywhere


@torch.no_grad()
def height_of(model: Model, vector: np.ndarray, priors: bool, fast: bool) -> float:
    """The objective at a vector, which the model takes; minus infinity where there is none."""
    put_vector(model, vector)
    try:
        value = float(objective(model, priors, fast))
    except NotPositiveDefiniteError:
        return -math.inf
    return value if math.isfinite(value) else -math.inf


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


class Optimiser:
    """SciPy's L-BFGS-B on autograd, on a model that it moves. `fast.bfgs` has another one with these methods.

    ends: of all runs so far.
    """

    def __init__(self, model: Model, priors: bool, fast: bool):
        self.model, self.priors, self.fast = model, priors, fast
        self.loss, self.sizes = or_nowhere(by_autograd(model, priors, fast)), free_sizes(model)
        self.ends: list[End] = []

    def at_candidates(self, where: Candidates) -> np.ndarray:
        """Vectors [N, P] of candidates."""
        matrices = zip(*(as_tensor(each, self.model.unit.y) for each in (*matrices_of(self.model, where), where.noise)))
        found = []
        for lengths, (B, R, noise) in zip(where.lengths.tolist(), matrices):
            start_at(self.model, lengths, B, noise, R)
            found.append(free_vector(self.model))
        return np.stack(found)

    def heights(self, vectors: np.ndarray) -> np.ndarray:
        """The objective [N] at vectors [N, P]."""
        return np.array([height_of(self.model, vector, self.priors, self.fast) for vector in vectors])

    def meaning(self, vector: np.ndarray) -> np.ndarray:
        """Log length-scales and Sigma, as `starts.coordinates`, of a vector."""
        put_vector(self.model, vector)
        lengths = [as_array(part.lengthscale.log()).ravel() for part in spatial_parts(self.model.kernel)]
        return np.concatenate([*lengths, coordinates(as_array(self.model.Sigma()))])

    def run(self, starts: Sequence[np.ndarray], max_iterations: int, bar: tqdm) -> None:
        """From each start to its end."""
        options = {"maxiter": max_iterations, "maxfun": 10**6, "maxcor": 50, "ftol": 1e-13, "gtol": 1e-5}
        for start in starts:
            box = box_around(start, self.sizes)
            end = scipy.optimize.minimize(
                self.loss,
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=box.T,
                options=options,
                callback=lambda x: bar.update(),
            )
            height = math.nan if end.fun >= NOWHERE else -float(end.fun)
            converged = not math.isnan(height) and is_stationary(end.x, end.jac, box)
            self.ends.append(End(end.x, height, end.nfev, converged, len(self.ends)))


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


def _warn_of_hours(model: Model, starts: int, fast: bool) -> None:
    """Say how long it will take where that is long."""
    solvers = hooks.solvers() if fast and not model.bounded else None
    if solvers is not None and (one := solvers.expected_seconds(model)) > LONG:
        road = f"; {IN_GROUPS}, take less" if model.data.num_tasks > MANY_TASKS else ""
        warnings.warn(
            f"fit: the table is large, about {one:.0f} s of a core for each evaluation, of which a run asks for some "
            f"hundred (starts={starts}; starts=1 makes one run, progress=True shows it{road})",
            stacklevel=3,
        )


def _starts(model: Model, first: Model, optimiser: Optimiser, starts: int, seed: int) -> list[np.ndarray]:
    """Where the runs start: the default start, all fixed ones for several kernels, and the best candidates.

    Kernels that are not plain have numbered starts alone. Where tasks share nothing, one is left for the best of each.
    """
    vectors, draws = [free_vector(first)], generator(seed)
    given = starts if not takes_candidates(model) else len(fixed_starts(model)) if _several(model) else 1
    vectors += [free_vector(starting_point(model, number, draws)) for number in range(1, min(given, starts))]
    count = starts - given - _joins(model)
    return vectors + best_candidates(optimiser, candidates(model, seed), count) if count > 0 else vectors


def best_candidates(optimiser: Optimiser, where: Candidates, count: int) -> list[np.ndarray]:
    """The highest `count` candidates that are DISTINCT from each other, as vectors."""
    vectors = optimiser.at_candidates(where)
    chosen: list[np.ndarray] = []
    meant: list[np.ndarray] = []
    for vector in vectors[np.argsort(-optimiser.heights(vectors), kind="stable")]:
        if len(chosen) == count:
            break
        here = optimiser.meaning(vector)
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


def best_of_each_task(
    model: Model, vectors: Sequence[np.ndarray], heights: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Of tasks that share no parameter, each one's piece from the vector in which it is highest."""
    sizes = free_sizes(model)
    names = np.repeat([name for name, _ in sizes], [size for _, size in sizes])
    noises, best = np.flatnonzero(names == "likelihood.raw_task_noises"), vectors[0]
    for t in range(model.data.num_tasks):
        own = np.char.startswith(names, f"kernel.kernels.{t}.") | (names == f"mean.base_means.{t}.raw_constant")
        own[noises[t : t + 1]] = True
        tried = np.stack([np.where(own, vector, best) for vector in vectors])
        best = tried[heights(tried).argmax()]
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
