"""Everything before the first fit: whatever can be refused is refused here, with nothing written.

A few timed evaluations say how long a run takes. So there is time for all, or for fewer models or trials; or there is a
refusal with commands that work.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from mtgp_tutorial import __version__
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.fast import solvers
from mtgp_tutorial.fast.filters import COMPILED
from mtgp_tutorial.fast.markov import LONG, Markov
from mtgp_tutorial.fast.packed import PackedObjective
from mtgp_tutorial.fast.solver import Shape, Solver
from mtgp_tutorial.fast.solvers import problem_of, with_values
from mtgp_tutorial.fitting import objective
from mtgp_tutorial.kernels import is_plain
from mtgp_tutorial.memory import total_and_free
from mtgp_tutorial.model import Model
from mtgp_tutorial.tables.forecasting import NotApplicable
from mtgp_tutorial.tables.methods import Method, Methods
from mtgp_tutorial.tables.report import holes, options
from mtgp_tutorial.tables.report.holes import Kind, Trial, asked_for, kinds_of
from mtgp_tutorial.tables.report.options import RUN, TRIALS, Refused, command, put
from mtgp_tutorial.tables.report.page import notes
from mtgp_tutorial.tables.report.tables import read_asked
from mtgp_tutorial.tables.report.trials import (
    BASELINE,
    CHANGING,
    DRIFT,
    FULL,
    HALF,
    ICM,
    LMC,
    MODELS,
    SEASONAL,
    in_words,
    methods_for,
    season_of,
)
from mtgp_tutorial.tables.report.words import enumerated, what_is_hidden
from mtgp_tutorial.tables.seasonal import Season, seasonal_methods


@dataclass(frozen=True, eq=False)
class Job:
    """All that is settled before the first fit.

    held_out_cells [N, T]: cells that are hidden from all trials and judge the choice once, or None; tried: the table of
    the trials, without these; season: what was proposed, or None; call: arguments of `read_table`; more: trials that
    there could be; instead: as for `try_all`.
    """

    asked: argparse.Namespace
    folder: Path
    data: TaskData
    held_out_cells: np.ndarray | None
    tried: TaskData
    season: Season | None
    call: dict[str, Any]
    kinds: list[Kind]
    own: bool
    trials: list[holes.Trial]
    more: int
    methods: dict[str, Method]
    instead: dict[str, Method]


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
    data, call = read_asked(asked)
    print(f"{path.name}:", *(f"  {note}" for note in notes(data)), sep="\n", flush=True)
    kinds, own = kinds_of(data)
    held_out_cells = holes.held_out_cells(data, kinds, asked.seed)
    tried = data if held_out_cells is None else data.split(torch.as_tensor(held_out_cells))[0]
    season = season_of(tried)
    made = partial(methods_for, data, asked.kernel, season=season, seed=asked.seed)
    methods, instead = made(), made(full=ICM)
    count = asked.trials or (known or {}).get("trials", TRIALS)
    trials, fitted = holes.plan(tried, kinds, count, asked.seed), (known or {}).get("methods", [])
    tables = [trial.tables(tried) for trial in trials]
    clocks = clocks_of(methods, data, tables)
    if known is None:
        trials, fitted = in_time(asked, data, clocks, trials, tables)
    methods = {name: method for name, method in methods.items() if name in fitted or name not in clocks}
    clocks = {name: clock for name, clock in clocks.items() if name in fitted}
    if held_out_cells is not None:
        print(f"  {int(held_out_cells.sum())} cells are hidden from all trials, and judge the choice once")
    print(
        f"plan: {len(trials)} trials x {len(methods)} methods; each trial hides {what_is_hidden(kinds, own)}; "
        f"{how_long(clocks, trials, folder, asked.jobs)}; stop with Ctrl-C, and the same command goes on",
        flush=True,
    )
    folder.mkdir(exist_ok=True)
    put(folder / RUN, json.dumps({**run, "methods": list(methods), "trials": len(trials)}, indent=1) + "\n")
    more = len(holes.plan(tried, kinds, 4 * len(trials), asked.seed))
    return Job(asked, folder, data, held_out_cells, tried, season, call, kinds, own, trials, more, methods, instead)


def in_time(
    asked: argparse.Namespace, data: TaskData, clocks: Clocks, trials: list[Trial], tables: Sequence[Pair] = ()
) -> tuple[list[Trial], list[str]]:
    """The trials and the fitted methods that there is time for: all; else without the slowest, which are named; else
    FEWER trials, unless --trials asked for a number. Refused where there is no time even so. tables: of the trials.
    """
    fewer = {name: clock for name, clock in clocks.items() if name not in SLOW}
    for count in dict.fromkeys((len(trials), len(trials) if asked.trials else min(FEWER, len(trials)))):
        for methods in _slowest_left_out(clocks):
            limit = LIMIT if SLOW.isdisjoint(methods) else SLOW_LIMIT
            if seconds(methods, count, asked.jobs) > limit or not fit_memory(methods):
                continue
            if left := [name for name in clocks if name not in methods]:
                print(
                    f"  left out, for they take longest: {enumerated(left)}; --jobs N shares the fits among N processes"
                )
            if count < len(trials):
                usual = in_words(seconds(methods, len(trials), asked.jobs))
                print(f"  {count} trials in place of {len(trials)}, which would take {usual}; --trials N asks for more")
            return trials[:count], list(methods)
    raise Refused(_too_large(asked, data, fewer, tables))


def _slowest_left_out(clocks: Clocks) -> Iterator[dict[str, Clock]]:
    """All methods; without those of two kernels; without the slowest, down to an ICM and independent tasks."""
    kept = dict(clocks)
    yield dict(kept)
    for name in sorted({*clocks} - {BASELINE, ICM}, key=lambda name: (name not in SLOW, -clocks[name].fit)):
        del kept[name]
        yield dict(kept)


def how_long(clocks: Clocks, trials: Sequence[Trial], folder: Path, jobs: int) -> str:
    """The time that it takes, less what is done; then the fits of the whole table are left, one after the other."""
    done = options.stored(folder / "trials.csv")
    fits = [(trial.label, name) for trial in trials for name in clocks]
    left = [name for label, name in fits if (label, name) not in done]
    duration = last(clocks) + sum(clocks[name].fit for name in left) / jobs
    if len(left) == len(fits):
        return f"about {in_words(duration)}"
    some = f"{len(fits) - len(left)} of" if left else "all"
    return f"{some} {len(fits)} fits of the trials are done, and the rest takes about {in_words(duration)}"


def _too_large(asked: argparse.Namespace, data: TaskData, clocks: Clocks, tables: Sequence[Pair]) -> str:
    """What is too much, and the commands that work."""
    before, trials = asked.every or 1, asked.trials or FEWER
    columns = list(dict.fromkeys([*asked_for(data), *data.tasks]))[:5]
    few = _with_columns(data, columns)
    pairs = [(_with_columns(seen, columns), _with_columns(hidden, columns)) for seen, hidden in tables]
    fewer = before * thin_enough(clocks_of(methods_for(few, asked.kernel, lmc=False), few, pairs), trials, asked.jobs)
    size = f"{int(data.observed.sum()):,} values ({len(data.x):,} rows, {data.num_tasks} tasks)"
    commands = [command(asked, every=before * thin_enough(clocks, trials, asked.jobs))]
    if data.num_tasks > len(columns):
        commands.append(command(asked, columns=columns, every=None if fewer == 1 else fewer))
    duration = in_words(seconds(clocks, trials, asked.jobs))
    return (
        f"{asked.table} has {size}, for which {trials} trials would take {duration} or more memory than there is, and "
        f"the limit is {in_words(LIMIT)}; take fewer rows or columns:\n" + "\nor\n".join(commands)
    )


def _with_columns(data: TaskData, columns: list[str]) -> TaskData:
    at = [data.tasks.index(task) for task in columns]
    sd = None if data.sd is None else data.sd[:, at]
    return replace(data, y=data.y[:, at], tasks=columns, units=[data.units[t] for t in at], sd=sd)


TIMED, LONGER = 1000, LONG * 5 // 4  # cells that are timed at least of a larger table, and of one along its rows
ROWS_OF_RULE = 400  # of a regression with a GP
WARM, COUNTED = 2, 3  # evaluations before the clock runs, since the first load libraries, and with it
# evaluations of a fit with all its runs and candidates, and as many more for each task, as measured with 2 to 13 tasks
EVALUATIONS = {BASELINE: (70, 0), ICM: (200, 0), FULL: (0, 75), **dict.fromkeys((LMC, *CHANGING.values()), (0, 300))}
ROWS = 20  # that a thinned table keeps
FEWER = 6  # trials, where the usual number takes too long
SLOW = {LMC, *CHANGING.values()}  # models of two kernels
LIMIT, SLOW_LIMIT = 40 * 60, 8 * 60  # seconds: above it a run is refused; up to it these join


class Clock(NamedTuple):
    """Seconds of one fit of a method in a trial, and the shape of the table that takes most, of a trial or the
    whole."""

    fit: float
    shape: Shape

    def thinned(self, every: int) -> Clock:
        """That of every so-manieth row, by the operations of its solver."""
        rows, cells = math.ceil(self.shape.rows / every), math.ceil(self.shape.cells / every)
        thin = self.shape._replace(rows=rows, cells=cells)
        return Clock(self.fit * _operations(thin) / _operations(self.shape), thin)


Clocks = Mapping[str, Clock]
Pair = tuple[TaskData, TaskData]  # seen and hidden


def clocks_of(methods: Methods, data: TaskData, tables: Sequence[Pair] = ()) -> dict[str, Clock]:
    """Each fitted method timed on what the trials leave seen, by default on the whole table. tables: of the trials.

    HALF takes the time of its fit and its rule, twice that where there is a season, and that of the rule alone.
    """
    seen = [one for one, _ in tables]
    any_season = seasonal_methods(1.0)["ICM, season in the kernel"]  # takes as long as the one that is proposed
    timed = {name: any_season if name in CHANGING.values() else methods[name] for name in MODELS if name in methods}
    found = {name: _clock(build, EVALUATIONS[name], data, seen or [data]) for name, build in timed.items()}
    again = {name: found[fitted] for fitted, name in SEASONAL.items() if name in methods}
    if HALF in methods:
        ways, rule = 2 if again else 1, _of_rule(methods[DRIFT], *tables[0]) if tables else 0.0
        again[HALF] = found[FULL]._replace(fit=ways * found[FULL].fit + (ways + 1) * rule)
    return {**found, **again}


def _clock(build: Method, evaluations: tuple[int, int], data: TaskData, seen: Sequence[TaskData]) -> Clock:
    """The mean over the trials, which may go in other solvers than each other and the whole: each solver is timed
    once."""
    whole, *shapes = [with_values(problem_of(build(one)))[0].shape() for one in (data, *seen)]  # type: ignore[arg-type]
    chosen = [solvers.cheapest(shape) for shape in shapes]
    rates = {solver: _rate(build, seen[chosen.index(solver)], solver) for solver in dict.fromkeys(chosen)}
    one = float(np.mean([rates[solver] * _work(solver, shape) for solver, shape in zip(chosen, shapes)]))
    fixed, each = evaluations
    return Clock(one * (fixed + each * data.num_tasks), max(whole, *shapes, key=_operations))


def _of_rule(build: Method, seen: TaskData, hidden: TaskData) -> float:
    """Seconds of an answer of DRIFT, which takes the cube of the rows; of a larger table by some of them."""
    at = np.arange(len(seen.x))
    rows = np.flatnonzero((at % max(1, len(at) // ROWS_OF_RULE) == 0) | hidden.observed.any(1).numpy())
    for _ in range(2):  # the first loads libraries
        began = time.process_time()
        try:
            build(take(seen, rows)).forecast(take(hidden, rows))  # type: ignore[union-attr, operator]
        except NotApplicable:
            return 0.0
    return (time.process_time() - began) * (len(at) / len(rows)) ** 3


def _work(solver: type[Solver], shape: Shape) -> float:
    """What the time of an evaluation grows with."""
    return float(shape.rows) if solver is Markov else solver.cost(shape)


def _rate(build: Method, data: TaskData, solver: type[Solver]) -> float:
    """Seconds of an evaluation in this solver, over its work; of a larger table by some of its rows."""
    cells, rows = int(data.observed.sum()), np.flatnonzero(data.observed.any(1).numpy())
    along = solver is Markov  # below COMPILED rows another program runs
    step = min(cells // LONGER, len(rows) // COMPILED) if along else cells // TIMED
    model = build(_some(data, rows[:: max(1, step)]))
    assert isinstance(model, Model)
    evaluate = _evaluation(model, solver)
    for k in range(WARM + COUNTED):
        if k == WARM:
            began = time.process_time()  # of this process: what else the machine does is not its fault
        evaluate()
    return (time.process_time() - began) / COUNTED / _work(solver, with_values(problem_of(model))[0].shape())


def _evaluation(model: Model, solver: type[Solver]) -> Callable[[], object]:
    """Value and slope as a fit computes them: by torch where a kernel is none of those that have slopes by hand."""
    if not all(is_plain(kernel) for kernel, _ in model.kernel.terms()):
        return lambda: objective(model, True).backward()
    vector = np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.requires_grad])
    return partial(PackedObjective(model, True, solver), vector)


def _some(data: TaskData, rows: np.ndarray) -> TaskData:
    """Some rows with drawn values, two of each task or more: of a task there may be none left, or equal ones alone."""
    some = take(data, rows)
    seen = some.observed
    seen[:2] |= seen.sum(0) < 2
    values = torch.randn(seen.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return replace(some, y=values.where(seen, torch.nan))


def _operations(shape: Shape) -> float:
    return solvers.cheapest(shape).cost(shape)


def seconds(clocks: Clocks, trials: int, jobs: int) -> float:
    """Seconds for the fits of so many trials on so many cores, and those of the whole table."""
    return trials * sum(clock.fit for clock in clocks.values()) / jobs + last(clocks)


def last(clocks: Clocks) -> float:
    """Seconds for the fits of the whole table, one after the other: of the method that fills, and of the best model."""
    return sum(sorted(clock.fit for clock in clocks.values())[-2:])


def fit_memory(clocks: Clocks) -> bool:
    """Whether the largest method's matrices fit into the memory that there is at all."""
    needed = max(8 * solvers.cheapest(clock.shape).matrices(clock.shape) for clock in clocks.values())
    return needed < total_and_free(torch.device("cpu"))[0]


def thin_enough(clocks: Clocks, trials: int, jobs: int) -> int:
    """The smallest k for which every k-th row is short enough, with a fifth to spare, and fits into memory."""
    possible = range(1, max(2, max(clock.shape.rows for clock in clocks.values()) // ROWS))
    for k in possible:
        thin = {name: clock.thinned(k) for name, clock in clocks.items()}
        if seconds(thin, trials, jobs) < 0.8 * LIMIT and fit_memory(thin):
            return k
    return possible[-1]
