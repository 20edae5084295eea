"""Climbs: BFGS from several vectors of parameters, side by side, each to its summit.

What they ask for is evaluated together, which costs little more than one evaluation where the table is small. A climb
ends early where it meets another one that is as high, and the other goes on for it.

BFGS inside a box is a generator (`minimised`): it yields where it wants value and slope, so that several can go side by
side. The climbs of a fit have long valleys (kappa near 0, rotations of W) and few parameters, so the whole inverse
Hessian is kept: with eight correction pairs they took up to seven times as many evaluations. (Nocedal and Wright 2006,
algorithm 6.1; the line search asks for the weak Wolfe conditions, as in Lewis and Overton 2013.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.linalg.blas import dsymv, dsyr, dsyr2
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from tqdm import tqdm

from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.fast.flat import Flat, objective
from mtgp_tutorial.starts import near
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import EACH, SHARED

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
NO_NOISE, NO_KAPPA = math.log(1e-10), math.log(1e-7)  # so close may a noise variance come to the floor, a kappa to 0
EVERY = 3  # a climb looks around at every third step


class Climb:
    """One climb: where it is, how high, and how it went. met: the climb that goes on for it; number: of its start."""

    def __init__(self, start: np.ndarray, number: int = 0):
        self.vector, self.height, self.number = start, -math.inf, number
        self.steps = self.evaluations = 0
        self.converged = False
        self.met: Climb | None = None

    def run(self, box: np.ndarray, max_iterations: int, look_around: Callable[[Climb], Climb | None]) -> Asking:
        """To the summit, or to where it meets another climb; minus the objective is what is minimised."""

        def step(here: Point) -> bool:
            self.vector, self.height = here.x, -here.value
            self.met = look_around(self) if self.steps else None
            self.steps += 1
            return self.met is not None or self.steps > max_iterations

        end = yield from minimised(self.vector, box[0], box[1], step)
        self.vector, self.height = end.x, -end.value
        self.converged = is_flat(end, box)
        return end

    def summit(self) -> Climb:
        """The climb that goes on for it: itself, or the one that it met."""
        return self if self.met is None else self.met.summit()

    def record(self) -> dict[str, Any]:
        """Its own end, with no number where the start had no value; joined: the start whose climb went on for it."""
        height = self.height if math.isfinite(self.height) else math.nan
        converged = self.converged and math.isfinite(height)
        joined = self.summit().number
        return {"objective": height, "evaluations": self.evaluations, "converged": converged, "joined": joined}


def is_flat(end: Point, box: np.ndarray) -> bool:
    """Whether the slope is below 0.01, but for what points out of the box."""
    return float(np.abs(end.x - np.clip(end.x - end.slope, *box)).max()) < 1e-2


def climbed(
    loss: Loss,
    starts: Sequence[np.ndarray],
    free: Sequence[tuple[str, int]],
    max_iterations: int,
    bar: tqdm,
    known: Sequence[Climb] = (),
) -> list[Climb]:
    """All climbs from these vectors, side by side; free: name and size of each parameter. known: earlier climbs."""
    climbs = [Climb(start, len(known) + i) for i, start in enumerate(starts)]

    def look_around(climb: Climb) -> Climb | None:
        bar.update()
        if isinstance(loss, Flat) and climb.steps % EVERY == 0:
            return met(loss, climb, [*known, *climbs])
        return None

    running = {climb: climb.run(bounds_around(climb.vector, free), max_iterations, look_around) for climb in climbs}
    asked = {climb: next(search) for climb, search in running.items()}
    while asked:
        values, slopes = evaluated(loss, np.array(list(asked.values())))
        for climb, value, slope in zip(list(asked), values, slopes):
            climb.evaluations += 1
            try:
                asked[climb] = running[climb].send((-value, -slope))
            except StopIteration:
                del asked[climb]
    return climbs


def evaluated(loss: Loss, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The objective [N] at each vector [N, P], minus infinity where there is none, and its slope [N, P]."""
    if isinstance(loss, Flat):
        return loss.many(vectors)
    values, slopes = np.full(len(vectors), -math.inf), np.zeros_like(vectors)
    for i, vector in enumerate(vectors):
        try:
            value, slope = loss(vector)
        except NotPositiveDefiniteError:
            continue
        values[i], slopes[i] = -value, -slope
    return values, slopes


def met(flat: Flat, climb: Climb, others: Sequence[Climb]) -> Climb | None:
    """A climb to which this one has come, as high as it or higher."""
    for other in others:
        if other is climb or other.met or other.height < climb.height:
            continue
        if near(flat, climb.vector, climb.height, other.vector, other.height):
            return other
    return None


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
    leaves the numbers that float64 can hold; a noise variance may always come to its floor, a kappa to 0."""
    low = vector - 12
    names = np.repeat([name for name, _ in free], [size for _, size in free])
    for which, least in ((np.isin(names, [SHARED, EACH]), NO_NOISE), (np.char.endswith(names, "raw_var"), NO_KAPPA)):
        low[which] = np.minimum(low[which], least)
    return np.stack([low, vector + 12])


ENOUGH, FLATTER = 1e-3, 0.9  # of the decrease that the slope promises; of the slope that may be left
TRIES = 20  # of one line search
GTOL, FTOL = 1e-5, 1e-13  # of the slope; of the value


class Point(NamedTuple):
    """A vector [P], the value there, and the slope [P]."""

    x: np.ndarray
    value: float
    slope: np.ndarray


Asking = Generator[np.ndarray, tuple[float, np.ndarray], Point]


def minimised(start: np.ndarray, low: np.ndarray, high: np.ndarray, step: Callable[[Point], bool]) -> Asking:
    """Yields vectors [P] between low and high [P], and is sent (value, slope [P]) of each; returns where it ends.

    It ends where the slope, but for what points out of the box, is below GTOL, where a step gains less than FTOL of the
    value, where the start has no value, or where `step`, which is called at the start and after each step, says so. An
    infinite value is a place to turn back from.
    """
    here = Point(start, *(yield start))
    H, fresh = np.eye(len(start), order="F"), True
    while math.isfinite(here.value) and not step(here):
        blocked = ((here.x <= low) & (here.slope > 0)) | ((here.x >= high) & (here.slope < 0))
        steepest = np.where(blocked, 0.0, here.slope)
        if np.abs(steepest).max() < GTOL:
            break
        direction = downhill(H, steepest, blocked)
        if not direction @ steepest < 0:
            H, fresh, direction = np.eye(len(start), order="F"), True, -steepest
        size = min(1.0, 1 / float(np.linalg.norm(steepest))) if fresh else 1.0
        there = yield from line_search(here, direction, size, low, high)
        gained = here.value - there.value > FTOL * max(abs(here.value), abs(there.value), 1.0)
        moved, change = there.x - here.x, there.slope - here.slope
        here, curved = there, float(moved @ change)
        if not gained:
            break
        if curved > 1e-12 * (change @ change):
            if fresh:
                H[np.diag_indices(len(H))], fresh = (moved @ moved) / curved, False
            update(H, moved, change, curved)
    return here


def downhill(H: np.ndarray, slope: np.ndarray, blocked: np.ndarray) -> np.ndarray:
    """Newton's direction among what is not blocked, [P]; H [P, P] is the inverse Hessian of all, its lower triangle."""
    direction = dsymv(-1.0, H, slope, lower=1)
    at = np.flatnonzero(blocked)
    if len(at):
        columns = np.tril(H) + np.tril(H, -1).T
        direction -= columns[:, at] @ np.linalg.solve(columns[np.ix_(at, at)], direction[at])
        direction[at] = 0.0
    return direction


def update(H: np.ndarray, moved: np.ndarray, change: np.ndarray, curved: float) -> None:
    """Of an inverse Hessian [P, P] the lower triangle, after a step and a change of slope; curved: their product."""
    expected = dsymv(1.0, H, change, lower=1)
    dsyr((1 + change @ expected / curved) / curved, moved, lower=1, a=H, overwrite_a=1)
    dsyr2(-1 / curved, expected, moved, lower=1, a=H, overwrite_a=1)


def line_search(here: Point, direction: np.ndarray, size: float, low: np.ndarray, high: np.ndarray) -> Asking:
    """A point along the direction that is low and flat enough, or the lowest that was found; steps end at the box."""
    falls = float(here.slope @ direction)
    inner, outer, best = (0.0, here.value, falls), (math.inf, math.inf, math.nan), here
    for _ in range(TRIES):
        x = np.clip(here.x + size * direction, low, high)
        value, slope = yield x
        at = size, value, float(slope @ direction)
        if value < best.value:
            best = Point(x, value, slope)
        if not value <= here.value + ENOUGH * size * falls:
            outer = at
        elif at[2] < FLATTER * falls:
            inner = at
        else:
            return Point(x, value, slope)
        size = 3 * size if math.isinf(outer[0]) else cubic_minimum(inner, outer)
    return best


def cubic_minimum(inner: tuple[float, float, float], outer: tuple[float, float, float]) -> float:
    """Where the cubic through two points (place, value, slope) has its minimum, kept from both ends."""
    (a, f, slope), (b, g, other) = inner, outer
    width = b - a
    cut = 0.5
    if math.isfinite(g) and math.isfinite(other):
        bend = slope + other - 3 * (g - f) / width
        root = bend**2 - slope * other
        if root > 0:
            cut = 1 - (other + math.sqrt(root) - bend) / (other - slope + 2 * math.sqrt(root))
    return a + width * min(max(cut, 0.1), 0.9)
