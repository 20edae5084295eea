"""Runs: BFGS from several vectors of parameters, side by side, each to its optimum.

What they ask for is evaluated together, which costs little more than one evaluation where the table is small. A run
ends early where it meets another one that is as high, and the other goes on for it.

BFGS inside a box is a generator (`minimised`): it yields where it wants value and slope, so that several can go side by
side. The runs of a fit have long valleys (kappa near 0, rotations of W) and few parameters, so the whole inverse
Hessian is kept: with eight correction pairs they took up to seven times as many evaluations. (Nocedal and Wright 2006,
algorithm 6.1; the line search asks for the weak Wolfe conditions, as in Lewis and Overton 2013.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.blas import dsymv, dsyr, dsyr2
from tqdm import tqdm

from mtgp_tutorial.objective import Objective
from mtgp_tutorial.parameters import box_around, is_stationary, meaning

EVERY, BELOW, CLOSE = 3, 0.02, 0.1  # steps between looks around; runs have met: so near in nats, in natural coordinates


class End(NamedTuple):
    """Where the run from one start ended: free parameters [P] and the objective, NaN where there is none.

    joined: the start whose run went on for it; its own number, unless it stopped where it met that one.
    """

    vector: np.ndarray
    objective: float
    evaluations: int
    converged: bool
    joined: int


class Run:
    """One run: where it is, how high, and how it went. met: the run that goes on for it; number: of its start."""

    def __init__(self, start: np.ndarray, number: int = 0):
        self.vector, self.height, self.number = start, -math.inf, number
        self.steps = self.evaluations = 0
        self.converged = False
        self.met: Run | None = None

    def search(self, box: np.ndarray, max_iterations: int, look_around: Callable[[Run], Run | None]) -> Asking:
        """To the optimum, or to where it meets another run; minus the objective is what is minimised."""

        def step(here: Point) -> bool:
            self.vector, self.height = here.x, -here.value
            self.met = look_around(self) if self.steps else None
            self.steps += 1
            return self.met is not None or self.steps > max_iterations

        end = yield from minimised(self.vector, box[0], box[1], step)
        self.vector, self.height = end.x, -end.value
        self.converged = is_stationary(end.x, end.slope, box)
        return end

    def joined(self) -> Run:
        """The run that goes on for it: itself, or the one that it met."""
        return self if self.met is None else self.met.joined()

    def end(self) -> End:
        """Its own end; joined: the start whose run went on for it."""
        height = self.height if math.isfinite(self.height) else math.nan
        converged = self.converged and math.isfinite(height)
        return End(self.vector, height, self.evaluations, converged, self.joined().number)


def optimised(
    target: Any,
    starts: Sequence[np.ndarray],
    max_iterations: int,
    bar: tqdm,
    known: Sequence[Run] = (),
) -> list[Run]:
    """All runs from these vectors, side by side. target: an `Objective`, or another with its `many` and `free`.

    known: earlier runs, which those of an `Objective` of plain kernels may meet.
    """
    runs = [Run(start, len(known) + i) for i, start in enumerate(starts)]

    def look_around(run: Run) -> Run | None:
        bar.update()
        if isinstance(target, Objective) and target.plain and run.steps % EVERY == 0:
            return met(target, run, [*known, *runs])
        return None

    running = {run: run.search(box_around(run.vector, target.free), max_iterations, look_around) for run in runs}
    asked = {run: next(search) for run, search in running.items()}
    while asked:
        values, slopes = target.many(np.array(list(asked.values())))
        for run, value, slope in zip(list(asked), values, slopes):
            run.evaluations += 1
            try:
                asked[run] = running[run].send((-value, -slope))
            except StopIteration:
                del asked[run]
    return runs


def met(target: Objective, run: Run, others: Sequence[Run]) -> Run | None:
    """A run to which this one has come, as high as it or higher."""
    for other in others:
        if other is run or other.met or other.height < run.height:
            continue
        if near(target, run, other):
            return other
    return None


def near(target: Objective, run: Run, other: Run) -> bool:
    """Whether two runs are at one place: CLOSE to each other in all that the parameters mean, at most BELOW apart."""
    if not abs(other.height - run.height) < BELOW:
        return False
    here, there = (meaning(target.at(one.vector))[1] for one in (run, other))
    return bool(np.abs(here - there).max() < CLOSE)


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
