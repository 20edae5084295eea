"""How long a run takes, from a few timed evaluations; and how thin a table must be for a run that is short enough."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from mtgp_tutorial.exact import forms
from mtgp_tutorial.exact.form import Shape
from mtgp_tutorial.exact.memory import total_and_free
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.rows import take
from mtgp_tutorial.table.data import TaskData

Arms = Mapping[str, Callable[[TaskData], Model]]
TIMED = 1000  # cells that are timed; the cost of larger tables follows from the operations of their form
WARM, COUNTED = 2, 3  # evaluations before the clock runs, since the first load libraries, and with it
# evaluations of a fit with all its climbs and looks, and as many more for each task, as measured with 2 to 13 tasks
EVALUATIONS = {"independent, shared": (90, 0), "ICM": (230, 0), "ICM, full noise": (0, 130), "LMC": (0, 350)}
ROWS = 20  # that a thinned table keeps
LIMIT, LMC_LIMIT = 20 * 60, 8 * 60  # seconds: above it a run is refused; up to it the LMC joins


class Clock(NamedTuple):
    """Seconds of one evaluation of an arm, and the shape of the table that was timed."""

    seconds: float
    shape: Shape


def clocks(arms: Arms, data: TaskData) -> dict[str, Clock]:
    """Each arm timed on the table, thinned to TIMED cells where it is larger."""
    small = take(data, slice(None, None, math.ceil(int(data.observed.sum()) / TIMED)))
    return {name: _timed(build(small)) for name, build in arms.items()}


def _timed(model: Model) -> Clock:
    loss = Flat(model, True)
    vector = np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.requires_grad])
    for k in range(WARM + COUNTED):
        if k == WARM:
            began = time.process_time()  # of this process: what else the machine does is not its fault
        loss(vector)
    return Clock((time.process_time() - began) / COUNTED, loss.problem.shape())


def seconds(timed: Mapping[str, Clock], data: TaskData, fits: int, jobs: int, every: int = 1) -> float:
    """Seconds for so many fits of each arm on so many cores, if every so-manieth row is taken."""
    total = 0.0
    for name, clock in timed.items():
        more = _cost(_shape(clock, data, every)) / _cost(clock.shape)
        fixed, each = EVALUATIONS[name]
        total += clock.seconds * more * (fixed + each * data.num_tasks)
    return total * fits / jobs


def fits_memory(timed: Mapping[str, Clock], data: TaskData, every: int = 1) -> bool:
    """Whether the largest arm's matrices fit into the memory that there is at all."""
    shapes = [_shape(clock, data, every) for clock in timed.values()]
    needed = max(8 * forms.cheapest(shape).matrices(shape) for shape in shapes)
    return needed < total_and_free(data.x.device)[0]


def thin_enough(timed: Mapping[str, Clock], data: TaskData, fits: int, jobs: int) -> int:
    """The smallest k for which every k-th row is short enough, with a fifth to spare, and fits into memory."""
    possible = range(1, max(2, len(data.x) // ROWS))
    short = (k for k in possible if seconds(timed, data, fits, jobs, k) < 0.8 * LIMIT and fits_memory(timed, data, k))
    return next(short, possible[-1])


def _shape(clock: Clock, data: TaskData, every: int) -> Shape:
    """The shape of the arm on every so-manieth row of the table."""
    rows, cells = int(data.observed.any(1).sum()), int(data.observed.sum())
    return clock.shape._replace(rows=math.ceil(rows / every), cells=math.ceil(cells / every))


def _cost(shape: Shape) -> float:
    """Operations of the cheapest form."""
    return forms.cheapest(shape).cost(shape)


def words(duration: float) -> str:
    """A duration as people say it."""
    if duration < 90:
        return f"{max(1, round(duration))} s"
    return f"{round(duration / 60)} min" if duration < 5400 else f"{duration / 3600:.1f} hours"
