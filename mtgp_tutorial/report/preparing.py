"""Everything before the first fit: whatever can be refused is refused here, with nothing written."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mtgp_tutorial import __version__
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.report import affording, hiding, keeping, timing
from mtgp_tutorial.report.arms import arms_for
from mtgp_tutorial.report.kinds import Kind, kinds_of
from mtgp_tutorial.report.options import settled
from mtgp_tutorial.report.reading import read
from mtgp_tutorial.report.refused import Refused
from mtgp_tutorial.report.saying import what_is_hidden
from mtgp_tutorial.report.understood import notes
from mtgp_tutorial.table.data import TaskData


@dataclass(frozen=True, eq=False)
class Job:
    """All that is settled before the first fit.

    call: arguments of `read_table`; more: trials that there could be; at_once: see `once`.
    """

    asked: argparse.Namespace
    folder: Path
    data: TaskData
    call: dict[str, Any]
    kinds: list[Kind]
    own: bool
    trials: list[hiding.Trial]
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
    keeping.check_folder(folder)
    run = {"table": path.name, "checksum": keeping.checksum(path), "version": __version__, "options": settled(asked)}
    known = keeping.known_run(folder, run)
    data, call = read(asked)
    print(f"{path.name}:", *(f"  {note}" for note in notes(data)), sep="\n", flush=True)
    arms = arms_for(data, asked.kernel)
    timed = timing.clocks(arms, data)
    kinds, own = kinds_of(data)
    trials = hiding.plan(data, kinds, asked.trials, asked.seed)
    timed, at_once = affording.in_time(asked, data, timed, trials) if known is None else _as_begun(known, timed)
    print(
        f"plan: {len(trials)} trials x {len(timed)} models; each trial hides {what_is_hidden(kinds, own)}; "
        f"{affording.how_long(asked, data, timed, trials, folder, at_once)}; stop with Ctrl-C, and the same command "
        "goes on",
        flush=True,
    )
    keeping.keep_run(folder, {**run, "arms": list(timed), "at once": at_once})
    more = len(hiding.plan(data, kinds, 4 * asked.trials, asked.seed))
    return Job(asked, folder, data, call, kinds, own, trials, more, {name: arms[name] for name in timed}, at_once)


def _as_begun(known: dict[str, Any], timed: timing.Clocks) -> tuple[dict[str, timing.Clock], bool]:
    """What an earlier run settled: its arms, and whether parameters are fitted once."""
    return {name: timed[name] for name in known["arms"] if name in timed}, bool(known.get("at once"))
