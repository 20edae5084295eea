"""Which models there is time for, and whether each trial has fits of its own; or a refusal with commands that work."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mtgp_tutorial.report import keeping, parameters, timing
from mtgp_tutorial.report.arms import LMC, arms_for
from mtgp_tutorial.report.hiding import Trial
from mtgp_tutorial.report.options import command
from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.report.rows import asked_for
from mtgp_tutorial.report.timing import Clocks
from mtgp_tutorial.table.data import TaskData


class Work(NamedTuple):
    """Fits of each arm, and trials that are predicted at parameters which are known."""

    fits: int
    known: int = 0

    def seconds(self, timed: Clocks, data: TaskData, jobs: int) -> float:
        """How long it takes."""
        return timing.whole(timed, data, self.fits, jobs, known=self.known)


def work(data: TaskData, trials: Sequence[Trial], at_once: bool) -> Work:
    """With parameters that are fitted once for many trials, or with fits for each."""
    if at_once:
        return Work(len(parameters.groups_of(data, trials)), len(trials))
    return Work(len(trials))


def in_time(
    asked: argparse.Namespace, data: TaskData, timed: Clocks, trials: Sequence[Trial]
) -> tuple[dict[str, timing.Clock], bool]:
    """The arms that there is time for, and whether their parameters are fitted once for many trials.

    Refused where there is no time for the baseline and the ICM even so.
    """
    fewer = {name: clock for name, clock in timed.items() if name != LMC}
    for at_once in (False, True):
        todo = work(data, trials, at_once)
        for arms, limit in ((timed, timing.LMC_LIMIT), (fewer, timing.LIMIT)):
            if todo.seconds(arms, data, asked.jobs) <= limit and timing.fits_memory(arms, data):
                _say(asked, data, arms, timed, work(data, trials, False), at_once)
                return dict(arms), at_once
    raise Refused(_too_large(asked, data, fewer, work(data, trials, True)))


def _say(asked: argparse.Namespace, data: TaskData, arms: Clocks, timed: Clocks, usual: Work, at_once: bool) -> None:
    """What is done less, and why."""
    if at_once:
        print(
            "  each model is fitted once for many trials, with all that they hide hidden at once; fits for each would "
            f"take {timing.words(usual.seconds(arms, data, asked.jobs))}"
        )
    if len(arms) < len(timed):
        print("  the LMC is left out, for it takes longer than the rest; --jobs N shares the fits among N processes")


def how_long(
    asked: argparse.Namespace, data: TaskData, timed: Clocks, trials: Sequence[Trial], folder: Path, at_once: bool
) -> str:
    """The time that it takes, less what is done; then the fits of the whole table are left, one after the other."""
    if at_once:
        kept = parameters.kept_in(folder, trials, timed)
        groups = parameters.groups_of(data, trials, kept["groups"])
        names = {name: [parameters.key_of(k, name) for k, group in enumerate(groups) if group] for name in timed}
        left = {name: sum(key not in kept["parameters"] for key in keys) for name, keys in names.items()}
        fits, of = sum(map(len, names.values())), "fits of parameters"
    else:
        done, fits, of = keeping.stored(folder / "trials.csv"), len(trials) * len(timed), "fits of the trials"
        left = {name: sum((trial.label, name) not in done for trial in trials) for name in timed}
    if sum(left.values()) == fits:
        return f"about {timing.words(work(data, trials, at_once).seconds(timed, data, asked.jobs))}"
    each = {name: timing.seconds({name: clock}, data, 1, 1) for name, clock in timed.items()}
    duration = sum(left[name] * each[name] for name in timed) / asked.jobs + timing.last(timed, data)
    duration += timing.seconds(timed, data, 0, asked.jobs, known=len(trials) if at_once else 0)
    some = f"{fits - sum(left.values())} of" if any(left.values()) else "all"
    return f"{some} {fits} {of} are done, and the rest takes about {timing.words(duration)}"


def _too_large(asked: argparse.Namespace, data: TaskData, timed: Clocks, todo: Work) -> str:
    """What is too much, and the commands that work."""
    before = asked.every or 1
    every = before * timing.thin_enough(timed, data, todo.fits, asked.jobs, todo.known)
    first = [*asked_for(data), *data.tasks]
    columns = list(dict.fromkeys(first))[:5]
    few = _only(data, columns)
    clocks = timing.clocks(arms_for(few, asked.kernel, lmc=False), few)
    fewer = before * timing.thin_enough(clocks, few, todo.fits, asked.jobs, todo.known)
    size = f"{int(data.observed.sum()):,} values ({len(data.x):,} rows, {data.num_tasks} tasks)"
    commands = [command(asked, every=every)]
    if data.num_tasks > len(columns):
        commands.append(command(asked, columns=columns, every=None if fewer == 1 else fewer))
    duration = todo.seconds(timed, data, asked.jobs)
    return (
        f"{asked.table} has {size}, for which this exact report would take {timing.words(duration)} or more memory "
        f"than there is, and the limit is {timing.words(timing.LIMIT)}; take fewer rows or columns:\n"
        + "\nor\n".join(commands)
    )


def _only(data: TaskData, tasks: list[str]) -> TaskData:
    """Some tasks of the table."""
    columns = [data.tasks.index(task) for task in tasks]
    sd = None if data.sd is None else data.sd[:, columns]
    return replace(data, y=data.y[:, columns], tasks=tasks, units=[data.units[t] for t in columns], sd=sd)
