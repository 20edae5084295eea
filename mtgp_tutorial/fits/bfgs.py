"""BFGS inside a box, as a generator: it yields where it wants value and slope, so that several can go side by side.

The climbs of a fit have long valleys (kappa near 0, rotations of W) and few parameters, so the whole inverse Hessian is
kept: with eight correction pairs they took up to seven times as many evaluations.

(Nocedal and Wright 2006, algorithm 6.1; the line search asks for the weak Wolfe conditions, as in Lewis and Overton
2013.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np
from scipy.linalg.blas import dsymv, dsyr, dsyr2

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
        there = yield from searched(here, direction, size, low, high)
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


def searched(here: Point, direction: np.ndarray, size: float, low: np.ndarray, high: np.ndarray) -> Asking:
    """A point along the direction that is low and flat enough, or the lowest that was found; steps end at the box."""
    falls = float(here.slope @ direction)
    near, far, best = (0.0, here.value, falls), (math.inf, math.inf, math.nan), here
    for _ in range(TRIES):
        x = np.clip(here.x + size * direction, low, high)
        value, slope = yield x
        at = size, value, float(slope @ direction)
        if value < best.value:
            best = Point(x, value, slope)
        if not value <= here.value + ENOUGH * size * falls:
            far = at
        elif at[2] < FLATTER * falls:
            near = at
        else:
            return Point(x, value, slope)
        size = 3 * size if math.isinf(far[0]) else between(near, far)
    return best


def between(near: tuple[float, float, float], far: tuple[float, float, float]) -> float:
    """Where the cubic through two points (place, value, slope) has its minimum, kept from both ends."""
    (a, f, slope), (b, g, other) = near, far
    width = b - a
    cut = 0.5
    if math.isfinite(g) and math.isfinite(other):
        bend = slope + other - 3 * (g - f) / width
        root = bend**2 - slope * other
        if root > 0:
            cut = 1 - (other + math.sqrt(root) - bend) / (other - slope + 2 * math.sqrt(root))
    return a + width * min(max(cut, 0.1), 0.9)
