"""Many small tables: what `examples/many_tables.py` costs beside the fits and fills alone, and its memory.

    python tools/benchmarks/many_small_tables.py one 10000      # on one core; 500 tables unless a number is given
    python tools/benchmarks/many_small_tables.py cores 10000    # on all cores, by joblib
    python tools/benchmarks/many_small_tables.py dask 10000     # two workers, one of which is killed after a third
    python tools/benchmarks/many_small_tables.py compare 1000   # `compare` with a store, on one core
    python tools/benchmarks/many_small_tables.py dask 10000 bare    # what is left without the fits

Each table has 30 rows of three tasks. Every fit and every fill is timed where it is done, so that these and the whole
see the same machine. The ratio is the whole over the fits and fills alone: in CPU seconds of all processes, and by the
clock times processes, which counts waiting, too. Starting processes, reading, handing out and storing are in it, and
what a killed worker had under way. Memory is that of all processes when a tenth of the tables and when all are stored.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

sys.path[:0] = [str(Path(__file__).parents[2] / "examples"), str(Path(__file__).parent)]

from common import about, table  # first: they set the number of threads

import many_tables as program  # isort: skip
import distributed  # isort: skip
import psutil  # isort: skip
from joblib.externals.loky import get_reusable_executor  # isort: skip
from mtgp_tutorial import TaskData, icm  # isort: skip
from mtgp_tutorial.tables import comparing  # isort: skip

Times = dict[str, float]


def clocked(function: Callable[..., Any], times: Times) -> Callable[..., Any]:
    """The same function; what it takes is added to times."""

    def call(*args: Any, **options: Any) -> Any:
        clock, cpu = time.perf_counter(), time.process_time()
        try:
            return function(*args, **options)
        finally:
            times["clock"] += time.perf_counter() - clock
            times["cpu"] += time.process_time() - cpu

    return call


def timed(name: str, content: bytes) -> program.Line:
    """What the program does with a table, and what fit and fill took of it."""
    times = {"clock": 0.0, "cpu": 0.0}
    own: Any = {function: clocked(getattr(program, function), times) for function in ("fit", "impute")}
    with mock.patch.multiple(program, **own):
        return program.filled(name, content) | times


def bare(name: str, content: bytes) -> program.Line:
    """An answer without a fit."""
    line = {"table": name, "content": program.digest(content), "at": ["0.5"] * 9, "task": ["one"] * 9}
    return line | {"mean": [1 / 3] * 9, "sd": [1 / 3] * 9, "clock": 0.0, "cpu": 0.0}


def cpu() -> float:
    """Seconds of this process and those that it started and that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def memory() -> float:
    """Of this process and those it started, MiB."""
    own = psutil.Process()
    return sum(one.memory_info().rss for one in [own, *own.children(recursive=True)]) / 2**20


def by_program(
    way: str, work: program.Work, count: int, target: Path, steps: dict[int, Callable[[], None]]
) -> tuple[int, Times]:
    """Processes, and times of fits and fills; steps: what to do once so many answers have come."""
    road: Any = {"one": program.one_by_one, "cores": program.on_cores}.get(way)
    with contextlib.ExitStack() as stack:
        if way == "dask":
            local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "protocol": "tcp"}
            cluster = stack.enter_context(distributed.LocalCluster(**local))
            steps[count // 3] = psutil.Process(cluster.workers[0].pid).kill
            road = partial(program.on_dask, scheduler=cluster.scheduler_address)
        elif way == "cores":
            stack.callback(lambda: get_reusable_executor().shutdown(wait=True))

        def watched(work: program.Work, tables: program.Tables) -> Iterator[program.Line]:
            for number, line in enumerate(road(work, tables), 1):
                steps.get(number, int)()
                yield line

        program.run(str(target), program.made(count), watched, work)
    lines = [json.loads(text) for text in target.read_text().splitlines()]
    assert {line["table"] for line in lines} == {name for name, _ in program.made(count)} and len(lines) == count
    processes = {"one": 1, "cores": os.cpu_count() or 1, "dask": 2}[way]
    return processes, {kind: sum(line[kind] for line in lines) for kind in ("clock", "cpu")}


def by_compare(count: int, target: Path, steps: dict[int, Callable[[], None]]) -> tuple[int, Times]:
    """The same of `compare` with a store; fits alone."""
    times = {"clock": 0.0, "cpu": 0.0}

    def trial(seed: int) -> tuple[TaskData, TaskData]:
        steps.get(seed, int)()
        return table(30, 3, seed=seed).hide_random("task 1", 0.2, seed=seed)

    with mock.patch.object(comparing, "fit", clocked(comparing.fit, times)):
        comparing.compare(trial, range(1, count + 1), {"ICM": icm}, store=target, progress=False)
    return 1, times


def main() -> None:
    way, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500
    for name, content in program.made(3):  # caches and lazy imports
        program.filled(name, content)
    held: list[float] = []
    steps: dict[int, Callable[[], None]] = {number: lambda: held.append(memory()) for number in (count // 10, count)}
    with tempfile.TemporaryDirectory() as folder:
        target, clock, seconds = Path(folder) / "answers", time.perf_counter(), cpu()
        by = by_compare if way == "compare" else partial(by_program, way, bare if sys.argv[3:] == ["bare"] else timed)
        processes, own = by(count, target, steps)
        clock, seconds = time.perf_counter() - clock, cpu() - seconds
    print(about())
    print(f"{way}, {count} tables, {processes} process(es): {clock:.0f} s, CPU {seconds:.0f} s")
    if own["cpu"]:
        print(f"fits and fills alone: CPU {1e3 * own['cpu'] / count:.1f} ms a table")
        print(f"ratio in CPU seconds {seconds / own['cpu']:.3f}, by the clock {processes * clock / own['clock']:.3f}")
    print(f"MiB of all processes: {held[0]:.0f} after {count // 10} tables, {held[1]:.0f} after all")


if __name__ == "__main__":
    main()
