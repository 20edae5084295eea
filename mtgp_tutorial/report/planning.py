"""Everything before the first fit: whatever can be refused is refused here, with nothing written.

A few timed evaluations say how long a run takes. So there is time for some models, and for fits of their own in each
trial or not; or there is a refusal with commands that work.
"""

from __future__ import annotations

import argparse
import json
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
from mtgp_tutorial.judging.seasonal import Season
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report import holes, options, trial_fits
from mtgp_tutorial.report.arms import BASELINE, LMC, MODELS, SEASONAL, Arm, Arms, arms_for, season_of
from mtgp_tutorial.report.holes import Kind, Trial, asked_for, kinds_of
from mtgp_tutorial.report.options import RUN, Refused, command, put
from mtgp_tutorial.report.page import notes
from mtgp_tutorial.report.tables import read
from mtgp_tutorial.report.words import what_is_hidden
from mtgp_tutorial.table.data import TaskData, take


@dataclass(frozen=True, eq=False)
class Job:
    """All that is settled before the first fit.

    call: arguments of `read_table`; judge [N, T]: cells that are hidden from all trials and judge the choice once, or
    None; season: what was proposed, or None; more: trials that there could be; at_once: see `trial_fits`.
    """

    asked: argparse.Namespace
    folder: Path
    data: TaskData
    judge: np.ndarray | None
    season: Season | None
    call: dict[str, Any]
    kinds: list[Kind]
    own: bool
    trials: list[holes.Trial]
    more: int
    arms: dict[str, Arm]
    at_once: bool

    @property
    def tried(self) -> TaskData:
        """The table of the trials: without the cells that judge."""
        return self.data if self.judge is None else self.data.split(torch.as_tensor(self.judge))[0]


def prepare(asked: argparse.Namespace) -> Job:
    """The job, said in a few lines and written down in its folder. Raises ValueError, OSError and MemoryError."""
    if find_spec("jinja2") is None:
        raise Refused("the page is made with jinja2, which is not installed; pip install 'mtgp-tutorial[report]'")
    path = Path(asked.table)
    if not path.is_file():
        raise Refused(f"there is no file {asked.table!r}; pass the name of one")
    folder = Path(asked.out or f"{path.stem}-report")
    options.check_folder(folder)
    run = options.run_of(asked, __version__)
    known = options.known_run(folder, run)
    data, call = read(asked)
    print(f"{path.name}:", *(f"  {note}" for note in notes(data)), sep="\n", flush=True)
    kinds, own = kinds_of(data)
    judge = holes.judging(data, kinds, asked.seed)
    tried = data if judge is None else data.split(torch.as_tensor(judge))[0]
    trials = holes.plan(tried, kinds, asked.trials, asked.seed)
    season = season_of(tried)
    arms = arms_for(data, asked.kernel, season=season)
    timed = clocks(arms, data)
    if known is None:
        timed, at_once = in_time(asked, data, timed, trials)
    else:
        timed, at_once = {name: timed[name] for name in known["arms"] if name in timed}, bool(known.get("at once"))
    arms = {name: arm for name, arm in arms.items() if name in timed or name not in (*MODELS, *SEASONAL.values())}
    if judge is not None:
        print(f"  {int(judge.sum())} cells are hidden from all trials, and judge the choice once")
    print(
        f"plan: {len(trials)} trials x {len(arms)} arms; each trial hides {what_is_hidden(kinds, own)}; "
        f"{how_long(asked, data, timed, trials, folder, at_once)}; stop with Ctrl-C, and the same command goes on",
        flush=True,
    )
    folder.mkdir(exist_ok=True)
    put(folder / RUN, json.dumps({**run, "arms": list(arms), "at once": at_once}, indent=1) + "\n")
    more = len(holes.plan(tried, kinds, 4 * asked.trials, asked.seed))
    return Job(asked, folder, data, judge, season, call, kinds, own, trials, more, arms, at_once)


class Work(NamedTuple):
    """Fits of each arm, and trials that are predicted at parameters which are known."""

    fits: int
    known: int = 0

    def seconds(self, timed: Clocks, data: TaskData, jobs: int, every: int = 1) -> float:
        """How long it takes, with the fits of the whole table at the end, if every so-manieth row is taken."""
        return seconds(timed, data, self.fits, jobs, every, self.known) + last(timed, data, every)


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
            if todo.seconds(arms, data, asked.jobs) > limit or not fits_memory(arms, data):
                continue
            if at_once:
                usual = in_words(work(data, trials, False).seconds(arms, data, asked.jobs))
                print(
                    "  each model is fitted once for many trials, with all that they hide hidden at once; fits for "
                    f"each would take {usual}"
                )
            if len(arms) < len(timed):
                print(
                    "  the LMC is left out, for it takes longer than the rest; --jobs N shares the fits among N "
                    "processes"
                )
            return {name: one for name, one in arms.items() if not (at_once and name in SEASONAL.values())}, at_once
    raise Refused(_too_large(asked, data, fewer, work(data, trials, True)))


def how_long(
    asked: argparse.Namespace, data: TaskData, timed: Clocks, trials: Sequence[Trial], folder: Path, at_once: bool
) -> str:
    """The time that it takes, less what is done; then the fits of the whole table are left, one after the other."""
    if at_once:
        models = [name for name in timed if name in MODELS]
        kept, of = trial_fits.kept_in(folder, trials, models), "fits of parameters"
        groups, done = trial_fits.groups_of(data, trials, kept["groups"]), set(kept["parameters"])
        fits = [(trial_fits.key_of(k, name), name) for k, group in enumerate(groups) if group for name in models]
        left = [name for key, name in fits if key not in done]
    else:
        done, of = options.stored(folder / "trials.csv"), "fits of the trials"
        fits = [(trial.label, name) for trial in trials for name in timed]
        left = [name for label, name in fits if (label, name) not in done]
    if len(left) == len(fits):
        return f"about {in_words(work(data, trials, at_once).seconds(timed, data, asked.jobs))}"
    duration = sum(seconds({name: timed[name]}, data, 1, asked.jobs) for name in left) + last(timed, data)
    duration += seconds(timed, data, 0, asked.jobs, known=len(trials) if at_once else 0)
    some = f"{len(fits) - len(left)} of" if left else "all"
    return f"{some} {len(fits)} {of} are done, and the rest takes about {in_words(duration)}"


def _too_large(asked: argparse.Namespace, data: TaskData, timed: Clocks, todo: Work) -> str:
    """What is too much, and the commands that work."""
    before = asked.every or 1
    every = before * thin_enough(timed, data, todo, asked.jobs)
    columns = list(dict.fromkeys([*asked_for(data), *data.tasks]))[:5]
    at = [data.tasks.index(task) for task in columns]
    sd = None if data.sd is None else data.sd[:, at]
    few = replace(data, y=data.y[:, at], tasks=columns, units=[data.units[t] for t in at], sd=sd)
    some = clocks(arms_for(few, asked.kernel, lmc=False), few)
    fewer = before * thin_enough(some, few, todo, asked.jobs)
    size = f"{int(data.observed.sum()):,} values ({len(data.x):,} rows, {data.num_tasks} tasks)"
    commands = [command(asked, every=every)]
    if data.num_tasks > len(columns):
        commands.append(command(asked, columns=columns, every=None if fewer == 1 else fewer))
    duration = todo.seconds(timed, data, asked.jobs)
    return (
        f"{asked.table} has {size}, for which this exact report would take {in_words(duration)} or more memory "
        f"than there is, and the limit is {in_words(LIMIT)}; take fewer rows or columns:\n" + "\nor\n".join(commands)
    )


TIMED = 1000  # cells that are timed; the cost of larger tables follows from the operations of their form
LONGER = LONG * 5 // 4  # cells that are timed for a table that goes along its rows
WARM, COUNTED = 2, 3  # evaluations before the clock runs, since the first load libraries, and with it
# evaluations of a fit with all its climbs and looks, and as many more for each task, as measured with 2 to 13 tasks
EVALUATIONS = {"independent, shared": (70, 0), "ICM": (150, 0), "ICM, full noise": (0, 75), "LMC": (0, 300)}
EVALUATIONS |= {SEASONAL[name]: EVALUATIONS[name] for name in SEASONAL}
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
    """Each arm timed on the table, thinned to TIMED cells where it is larger.

    A long one is thinned to LONGER cells besides, and to no fewer than COMPILED rows: below these another program runs.
    """
    cells, rows = int(data.observed.sum()), np.flatnonzero(data.observed.any(1).numpy())
    small = _thinned(data, slice(None, None, math.ceil(cells / TIMED)))
    longer = _thinned(data, rows[:: min(math.ceil(cells / LONGER), max(1, len(rows) // COMPILED))])
    models: dict[str, Callable[[TaskData], Model]] = {name: arms[name] for name in MODELS if name in arms}  # type: ignore[misc]
    found = {name: _timed(build(small)) for name, build in models.items()}
    for name, clock in found.items():
        if forms.cheapest(_shape(clock, data, 1)) is Markov:
            found[name] = clock._replace(along=_timed(models[name](longer), Markov))
    return {**found, **{SEASONAL[name]: found[name] for name in found if SEASONAL.get(name) in arms}}


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
        shape = _shape(clock, data, every)
        form = forms.cheapest(shape)
        if form is Markov and clock.along is not None:  # time along the rows is that of its rows
            one = clock.along.seconds * shape.rows / clock.along.shape.rows
        else:
            one = clock.seconds * form.cost(shape) / forms.cheapest(clock.shape).cost(clock.shape)
        total += one * ((fixed + each * data.num_tasks) * fits / jobs + ONCE * known)
    return total


def last(timed: Clocks, data: TaskData, every: int = 1) -> float:
    """Seconds for the fits of the whole table, one after the other: of the baseline, and of one model that shares."""
    each = {name: seconds({name: clock}, data, 1, 1, every) for name, clock in timed.items()}
    return each.pop(BASELINE, 0.0) + max(each.values(), default=0.0)


def fits_memory(timed: Clocks, data: TaskData, every: int = 1) -> bool:
    """Whether the largest arm's matrices fit into the memory that there is at all."""
    shapes = [_shape(clock, data, every) for clock in timed.values()]
    needed = max(8 * forms.cheapest(shape).matrices(shape) for shape in shapes)
    return needed < total_and_free(data.x.device)[0]


def thin_enough(timed: Clocks, data: TaskData, todo: Work, jobs: int) -> int:
    """The smallest k for which every k-th row is short enough, with a fifth to spare, and fits into memory."""
    possible = range(1, max(2, len(data.x) // ROWS))
    enough = (k for k in possible if todo.seconds(timed, data, jobs, k) < 0.8 * LIMIT and fits_memory(timed, data, k))
    return next(enough, possible[-1])


def _shape(clock: Clock, data: TaskData, every: int) -> Shape:
    """The shape of the arm on every so-manieth row of the table."""
    rows, cells = int(data.observed.any(1).sum()), int(data.observed.sum())
    return clock.shape._replace(rows=math.ceil(rows / every), cells=math.ceil(cells / every))


def in_words(duration: float) -> str:
    """A duration as people say it."""
    if duration < 90:
        return f"{max(1, round(duration))} s"
    return f"{round(duration / 60)} min" if duration < 5400 else f"{duration / 3600:.1f} hours"
