"""How long a run takes, from a few timed evaluations; and how thin a table must be for a run that is short enough."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from mtgp_tutorial.exact import forms
from mtgp_tutorial.exact.form import Form, Shape
from mtgp_tutorial.exact.markov import LONG, Markov
from mtgp_tutorial.exact.memory import total_and_free
from mtgp_tutorial.exact.running import COMPILED
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report.arms import BASELINE
from mtgp_tutorial.report.rows import take
from mtgp_tutorial.table.data import TaskData

Arms = Mapping[str, Callable[[TaskData], Model]]
TIMED = 1000  # cells that are timed; the cost of larger tables follows from the operations of their form
LONGER = LONG * 5 // 4  # cells that are timed for a table that goes along its rows
WARM, COUNTED = 2, 3  # evaluations before the clock runs, since the first load libraries, and with it
# evaluations of a fit with all its climbs and looks, and as many more for each task, as measured with 2 to 13 tasks
EVALUATIONS = {"independent, shared": (90, 0), "ICM": (230, 0), "ICM, full noise": (0, 130), "LMC": (0, 350)}
ONCE = 3  # evaluations that a trial takes at parameters which are known: its likelihood, and answers with variances
ROWS = 20  # that a thinned table keeps
LIMIT, LMC_LIMIT = 20 * 60, 8 * 60  # seconds: above it a run is refused; up to it the LMC joins


class Clock(NamedTuple):
    """Seconds of one evaluation of an arm, and the shape of the table that was timed.

    along: the same where a table is so long that the arm goes along its rows, which has little to do with what a short
    table costs; None for one that is not.
    """

    seconds: float
    shape: Shape
    along: Clock | None = None


Clocks = Mapping[str, Clock]


def clocks(arms: Arms, data: TaskData) -> dict[str, Clock]:
    """Each arm timed on the table, thinned to TIMED cells where it is larger, and by `_longer` where it is long."""
    small = take(data, slice(None, None, math.ceil(int(data.observed.sum()) / TIMED)))
    found = {name: _timed(build(small)) for name, build in arms.items()}
    for name, clock in found.items():
        if forms.cheapest(_shape(clock, data, 1)) is Markov:
            found[name] = clock._replace(along=_timed(arms[name](_longer(data)), Markov))
    return found


def _longer(data: TaskData) -> TaskData:
    """The table thinned to LONGER cells, and to no fewer than COMPILED rows: below these another program would run."""
    rows = np.flatnonzero(data.observed.any(1).numpy())
    step = min(math.ceil(int(data.observed.sum()) / LONGER), max(1, len(rows) // COMPILED))
    return take(data, rows[::step])


def _timed(model: Model, form: type[Form] | None = None) -> Clock:
    loss = Flat(model, True, form)
    vector = np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.requires_grad])
    for k in range(WARM + COUNTED):
        if k == WARM:
            began = time.process_time()  # of this process: what else the machine does is not its fault
        loss(vector)
    return Clock((time.process_time() - began) / COUNTED, loss.problem.shape())


def seconds(timed: Clocks, data: TaskData, fits: int, jobs: int, every: int = 1, known: int = 0) -> float:
    """Seconds for so many fits of each arm on so many cores, if every so-manieth row is taken.

    known: trials besides, at parameters that are fitted; these run on one core.
    """
    total = 0.0
    for name, clock in timed.items():
        fixed, each = EVALUATIONS[name]
        evaluations = (fixed + each * data.num_tasks) * fits / jobs + ONCE * known
        total += _evaluation(clock, _shape(clock, data, every)) * evaluations
    return total


def whole(timed: Clocks, data: TaskData, fits: int, jobs: int, every: int = 1, known: int = 0) -> float:
    """The same with the fits of the whole table at the end."""
    return seconds(timed, data, fits, jobs, every, known) + last(timed, data, every)


def last(timed: Clocks, data: TaskData, every: int = 1) -> float:
    """Seconds for the fits of the whole table, one after the other: of the baseline, and of one model that shares."""
    each = {name: seconds({name: clock}, data, 1, 1, every) for name, clock in timed.items()}
    return each.pop(BASELINE, 0.0) + max(each.values(), default=0.0)


def _evaluation(clock: Clock, shape: Shape) -> float:
    """Seconds of one evaluation on a table of this shape."""
    form = forms.cheapest(shape)
    if form is Markov and clock.along is not None:  # time along the rows is that of its rows
        return clock.along.seconds * shape.rows / clock.along.shape.rows
    return clock.seconds * form.cost(shape) / _cost(clock.shape)


def fits_memory(timed: Clocks, data: TaskData, every: int = 1) -> bool:
    """Whether the largest arm's matrices fit into the memory that there is at all."""
    shapes = [_shape(clock, data, every) for clock in timed.values()]
    needed = max(8 * forms.cheapest(shape).matrices(shape) for shape in shapes)
    return needed < total_and_free(data.x.device)[0]


def thin_enough(timed: Clocks, data: TaskData, fits: int, jobs: int, known: int) -> int:
    """The smallest k for which every k-th row is short enough, with a fifth to spare, and fits into memory."""

    def short(k: int) -> bool:
        return whole(timed, data, fits, jobs, k, known) < 0.8 * LIMIT and fits_memory(timed, data, k)

    possible = range(1, max(2, len(data.x) // ROWS))
    return next(filter(short, possible), possible[-1])


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
