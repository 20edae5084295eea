"""Everything before the first fit: whatever can be refused is refused here, with nothing written."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mtgp_tutorial import __version__
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report import hiding, keeping, timing
from mtgp_tutorial.report.arms import LMC, arms_for
from mtgp_tutorial.report.kinds import Kind, kinds_of
from mtgp_tutorial.report.options import command, settled
from mtgp_tutorial.report.reading import read
from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.report.rows import asked_for
from mtgp_tutorial.report.saying import what_is_hidden
from mtgp_tutorial.report.understood import notes
from mtgp_tutorial.table.data import TaskData

FINAL = 2  # fits of the whole table, in trials


@dataclass(frozen=True, eq=False)
class Job:
    """All that is settled before the first fit. call: arguments of `read_table`; more: trials that there could be."""

    asked: argparse.Namespace
    folder: Path
    data: TaskData
    call: dict[str, Any]
    kinds: list[Kind]
    own: bool
    trials: list[hiding.Trial]
    more: int
    arms: dict[str, Callable[[TaskData], Model]]


def prepare(asked: argparse.Namespace) -> Job:
    """The job, said in a few lines and written down in its folder. Raises ValueError, OSError and MemoryError."""
    if find_spec("jinja2") is None:
        raise Refused("the page is made with jinja2, which is not installed; pip install 'mtgp-tutorial[report]'")
    path = Path(asked.table)
    if not path.is_file():
        raise Refused(f"there is no file {asked.table!r}; pass the name of one")
    folder = Path(asked.out or f"{path.stem}-report")
    keeping.check_folder(folder)
    run = {"table": path.name, "checksum": keeping.checksum(path), "version": __version__, "options": settled(asked)}
    known = keeping.known_run(folder, run)
    data, call = read(asked)
    print(f"{path.name}:", *(f"  {note}" for note in notes(data)), sep="\n", flush=True)
    arms = arms_for(data, asked.kernel)
    timed = timing.clocks(arms, data)
    if known is None:
        timed = _in_time(asked, data, timed)
    else:
        timed = {name: timed[name] for name in known["arms"] if name in timed}
    kinds, own = kinds_of(data)
    trials = hiding.plan(data, kinds, asked.trials, asked.seed)
    print(
        f"plan: {len(trials)} trials x {len(timed)} models; each trial hides {what_is_hidden(kinds, own)}; "
        f"{_how_long(asked, data, timed, trials, folder / 'trials.csv')}; stop with Ctrl-C, and the same command goes "
        "on",
        flush=True,
    )
    keeping.keep_run(folder, {**run, "arms": list(timed)})
    more = len(hiding.plan(data, kinds, 4 * asked.trials, asked.seed))
    return Job(asked, folder, data, call, kinds, own, trials, more, {name: arms[name] for name in timed})


def _how_long(
    asked: argparse.Namespace, data: TaskData, timed: dict[str, timing.Clock], trials: list[hiding.Trial], store: Path
) -> str:
    """The time that it takes, less what is done; then the fits of the whole table are left, one after the other."""
    done, fits = keeping.stored(store), len(trials) * len(timed)
    left = {name: sum((trial.label, name) not in done for trial in trials) for name in timed}
    if sum(left.values()) == fits:
        return f"about {timing.words(timing.seconds(timed, data, len(trials) + FINAL, asked.jobs))}"
    each = {name: timing.seconds({name: clock}, data, 1, 1) for name, clock in timed.items()}
    duration = sum(left[name] * each[name] for name in timed) / asked.jobs + FINAL * max(each.values())
    some = f"{fits - sum(left.values())} of" if any(left.values()) else "all"
    return f"{some} {fits} fits of the trials are done, and the rest takes about {timing.words(duration)}"


def _in_time(asked: argparse.Namespace, data: TaskData, timed: dict[str, timing.Clock]) -> dict[str, timing.Clock]:
    """The arms that there is time for. Refused where there is none for the baseline and the ICM alone."""
    fits = asked.trials + FINAL
    fewer = {name: clock for name, clock in timed.items() if name != LMC}
    if timing.seconds(timed, data, fits, asked.jobs) <= timing.LMC_LIMIT and timing.fits_memory(timed, data):
        return timed
    duration = timing.seconds(fewer, data, fits, asked.jobs)
    if duration <= timing.LIMIT and timing.fits_memory(fewer, data):
        if len(fewer) < len(timed):
            print(
                "  the LMC is left out, for it takes longer than the rest; --jobs N shares the work among N processes"
            )
        return fewer
    raise Refused(_too_large(asked, data, fewer, duration))


def _too_large(asked: argparse.Namespace, data: TaskData, timed: dict[str, timing.Clock], duration: float) -> str:
    """What is too much, and the commands that work."""
    fits, before = asked.trials + FINAL, asked.every or 1
    every = before * timing.thin_enough(timed, data, fits, asked.jobs)
    first = [*asked_for(data), *data.tasks]
    columns = list(dict.fromkeys(first))[:5]
    few = _only(data, columns)
    fewer = before * timing.thin_enough(timing.clocks(arms_for(few, asked.kernel), few), few, fits, asked.jobs)
    size = f"{int(data.observed.sum()):,} values ({len(data.x):,} rows, {data.num_tasks} tasks)"
    commands = [command(asked, every=every)]
    if data.num_tasks > len(columns):
        commands.append(command(asked, columns=columns, every=None if fewer == 1 else fewer))
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
