"""Everything before the first fit: whatever can be refused is refused here, with nothing written.

A few timed evaluations say how long a run takes. So there is time for some models, and for fits of their own in each
trial or not; or there is a refusal with commands that work.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from mtgp_tutorial import __version__
from mtgp_tutorial.exact import forms
from mtgp_tutorial.exact.filters import COMPILED
from mtgp_tutorial.exact.form import Form, Shape
from mtgp_tutorial.exact.forms import total_and_free
from mtgp_tutorial.exact.markov import LONG, Markov
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report import holes, options, trial_fits
from mtgp_tutorial.report.arms import BASELINE, LMC, arms_for
from mtgp_tutorial.report.holes import Kind, Trial, asked_for, kinds_of, take
from mtgp_tutorial.report.options import Refused, command, settled
from mtgp_tutorial.report.page import notes
from mtgp_tutorial.report.tables import read
from mtgp_tutorial.report.words import what_is_hidden
from mtgp_tutorial.table.data import TaskData


@dataclass(frozen=True, eq=False)
class Job:
    """All that is settled before the first fit.

    call: arguments of `read_table`; more: trials that there could be; at_once: see `trial_fits`.
    """

    asked: argparse.Namespace
    folder: Path
    data: TaskData
    call: dict[str, Any]
    kinds: list[Kind]
    own: bool
    trials: list[holes.Trial]
    more: int
    arms: dict[str, Callable[[TaskData], Model]]
    at_once: bool


def prepare(asked: argparse.Namespace) -> Job:
    """The job, said in a few lines and written down in its folder. Raises ValueError, OSError and MemoryError."""
    if find_spec("jinja2") is None:
        raise Refused("the page is made with jinja2, which is not installed; pip install 'mtgp-tutorial[report]'")
    path = Path(asked.table)
    if not path.is_file():
        raise Refused(f"there is no file {asked.table!r}; pass the name of one")
    folder = Path(asked.out or f"{path.stem}-report")
    options.check_folder(folder)
    run = {"table": path.name, "checksum": options.checksum(path), "version": __version__, "options": settled(asked)}
    known = options.known_run(folder, run)
    data, call = read(asked)
    print(f"{path.name}:", *(f"  {note}" for note in notes(data)), sep="\n", flush=True)
    arms = arms_for(data, asked.kernel)
    timed = clocks(arms, data)
    kinds, own = kinds_of(data)
    trials = holes.plan(data, kinds, asked.trials, asked.seed)
    timed, at_once = in_time(asked, data, timed, trials) if known is None else _as_begun(known, timed)
    print(
        f"plan: {len(trials)} trials x {len(timed)} models; each trial hides {what_is_hidden(kinds, own)}; "
        f"{how_long(asked, data, timed, trials, folder, at_once)}; stop with Ctrl-C, and the same command "
        "goes on",
        flush=True,
    )
    options.keep_run(folder, {**run, "arms": list(timed), "at once": at_once})
    more = len(holes.plan(data, kinds, 4 * asked.trials, asked.seed))
    return Job(asked, folder, data, call, kinds, own, trials, more, {name: arms[name] for name in timed}, at_once)


def _as_begun(known: dict[str, Any], timed: Clocks) -> tuple[dict[str, Clock], bool]:
    """What an earlier run settled: its arms, and whether parameters are fitted once."""
    return {name: timed[name] for name in known["arms"] if name in timed}, bool(known.get("at once"))


class Work(NamedTuple):
    """Fits of each arm, and trials that are predicted at parameters which are known."""

    fits: int
    known: int = 0

    def seconds(self, timed: Clocks, data: TaskData, jobs: int) -> float:
        """How long it takes."""
        return whole_run(timed, data, self.fits, jobs, known=self.known)


def work(data: TaskData, trials: Sequence[Trial], at_once: bool) -> Work:
    """With parameters that are fitted once for many trials, or with fits for each."""
    if at_once:
        return Work(len(trial_fits.groups_of(data, trials)), len(trials))
    return Work(len(trials))


def in_time(
    asked: argparse.Namespace, data: TaskData, timed: Clocks, trials: Sequence[Trial]
) -> tuple[dict[str, Clock], bool]:
    """The arms that there is time for, and whether their parameters are fitted once for many trials.

    Refused where there is no time for the baseline and the ICM even so.
    """
    fewer = {name: clock for name, clock in timed.items() if name != LMC}
    for at_once in (False, True):
        todo = work(data, trials, at_once)
        for arms, limit in ((timed, LMC_LIMIT), (fewer, LIMIT)):
            if todo.seconds(arms, data, asked.jobs) <= limit and fits_memory(arms, data):
                _say(asked, data, arms, timed, work(data, trials, False), at_once)
                return dict(arms), at_once
    raise Refused(_too_large(asked, data, fewer, work(data, trials, True)))


def _say(asked: argparse.Namespace, data: TaskData, arms: Clocks, timed: Clocks, usual: Work, at_once: bool) -> None:
    """What is done less, and why."""
    if at_once:
        print(
            "  each model is fitted once for many trials, with all that they hide hidden at once; fits for each would "
            f"take {in_words(usual.seconds(arms, data, asked.jobs))}"
        )
    if len(arms) < len(timed):
        print("  the LMC is left out, for it takes longer than the rest; --jobs N shares the fits among N processes")


def how_long(
    asked: argparse.Namespace, data: TaskData, timed: Clocks, trials: Sequence[Trial], folder: Path, at_once: bool
) -> str:
    """The time that it takes, less what is done; then the fits of the whole table are left, one after the other."""
    if at_once:
        kept = trial_fits.kept_in(folder, trials, timed)
        groups = trial_fits.groups_of(data, trials, kept["groups"])
        names = {name: [trial_fits.key_of(k, name) for k, group in enumerate(groups) if group] for name in timed}
        left = {name: sum(key not in kept["parameters"] for key in keys) for name, keys in names.items()}
        fits, of = sum(map(len, names.values())), "fits of parameters"
    else:
        done, fits, of = options.stored(folder / "trials.csv"), len(trials) * len(timed), "fits of the trials"
        left = {name: sum((trial.label, name) not in done for trial in trials) for name in timed}
    if sum(left.values()) == fits:
        return f"about {in_words(work(data, trials, at_once).seconds(timed, data, asked.jobs))}"
    each = {name: seconds({name: clock}, data, 1, 1) for name, clock in timed.items()}
    duration = sum(left[name] * each[name] for name in timed) / asked.jobs + last(timed, data)
    duration += seconds(timed, data, 0, asked.jobs, known=len(trials) if at_once else 0)
    some = f"{fits - sum(left.values())} of" if any(left.values()) else "all"
    return f"{some} {fits} {of} are done, and the rest takes about {in_words(duration)}"


def _too_large(asked: argparse.Namespace, data: TaskData, timed: Clocks, todo: Work) -> str:
    """What is too much, and the commands that work."""
    before = asked.every or 1
    every = before * thin_enough(timed, data, todo.fits, asked.jobs, todo.known)
    first = [*asked_for(data), *data.tasks]
    columns = list(dict.fromkeys(first))[:5]
    few = _only(data, columns)
    some = clocks(arms_for(few, asked.kernel, lmc=False), few)
    fewer = before * thin_enough(some, few, todo.fits, asked.jobs, todo.known)
    size = f"{int(data.observed.sum()):,} values ({len(data.x):,} rows, {data.num_tasks} tasks)"
    commands = [command(asked, every=every)]
    if data.num_tasks > len(columns):
        commands.append(command(asked, columns=columns, every=None if fewer == 1 else fewer))
    duration = todo.seconds(timed, data, asked.jobs)
    return (
        f"{asked.table} has {size}, for which this exact report would take {in_words(duration)} or more memory "
        f"than there is, and the limit is {in_words(LIMIT)}; take fewer rows or columns:\n" + "\nor\n".join(commands)
    )


def _only(data: TaskData, tasks: list[str]) -> TaskData:
    """Some tasks of the table."""
    columns = [data.tasks.index(task) for task in tasks]
    sd = None if data.sd is None else data.sd[:, columns]
    return replace(data, y=data.y[:, columns], tasks=tasks, units=[data.units[t] for t in columns], sd=sd)


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
    small = _thinned(data, slice(None, None, math.ceil(int(data.observed.sum()) / TIMED)))
    found = {name: _timed(build(small)) for name, build in arms.items()}
    for name, clock in found.items():
        if forms.cheapest(_shape(clock, data, 1)) is Markov:
            found[name] = clock._replace(along=_timed(arms[name](_longer(data)), Markov))
    return found


def _longer(data: TaskData) -> TaskData:
    """The table thinned to LONGER cells, and to no fewer than COMPILED rows: below these another program would run."""
    rows = np.flatnonzero(data.observed.any(1).numpy())
    step = min(math.ceil(int(data.observed.sum()) / LONGER), max(1, len(rows) // COMPILED))
    return _thinned(data, rows[::step])


def _thinned(data: TaskData, rows: slice | np.ndarray) -> TaskData:
    """Some rows with drawn values, two of each task or more: of a task there may be none left, or equal ones alone."""
    some = take(data, rows)
    seen = some.observed
    seen[:2] |= seen.sum(0) < 2
    values = torch.randn(seen.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return replace(some, y=values.where(seen, torch.nan))


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


def whole_run(timed: Clocks, data: TaskData, fits: int, jobs: int, every: int = 1, known: int = 0) -> float:
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
        return whole_run(timed, data, fits, jobs, k, known) < 0.8 * LIMIT and fits_memory(timed, data, k)

    possible = range(1, max(2, len(data.x) // ROWS))
    return next(filter(short, possible), possible[-1])


def _shape(clock: Clock, data: TaskData, every: int) -> Shape:
    """The shape of the arm on every so-manieth row of the table."""
    rows, cells = int(data.observed.any(1).sum()), int(data.observed.sum())
    return clock.shape._replace(rows=math.ceil(rows / every), cells=math.ceil(cells / every))


def _cost(shape: Shape) -> float:
    """Operations of the cheapest form."""
    return forms.cheapest(shape).cost(shape)


def in_words(duration: float) -> str:
    """A duration as people say it."""
    if duration < 90:
        return f"{max(1, round(duration))} s"
    return f"{round(duration / 60)} min" if duration < 5400 else f"{duration / 3600:.1f} hours"
