"""Many small tables: what `compare` with a store costs beside the fits alone.

    python tools/benchmarks/many_tables.py        # 200 tables of 30 rows and three tasks
    python tools/benchmarks/many_tables.py 1000

Each table is fitted once by itself, where `compare` asks for it, and once by `compare`, so that both see the same
machine. CPU time of one process; beside it what a tenth of the fits took at the beginning and at the end, and memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from common import about, table  # first: they set the number of threads

from mtgp_tutorial import TaskData, fit, icm  # isort: skip
from mtgp_tutorial.tables import compare  # isort: skip


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    alone, begun = [], []

    def trial(seed: int) -> tuple[TaskData, TaskData]:
        begun.append(time.process_time())
        seen, hidden = table(30, 3, seed=seed).hide_random("task 1", 0.2, seed=seed)
        start = time.process_time()
        fit(icm(seen))
        alone.append(time.process_time() - start)
        return seen, hidden

    compare(trial, range(3), {"ICM": icm})  # caches and lazy imports
    alone.clear()
    begun.clear()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        compare(trial, range(count), {"ICM": icm}, store=Path(folder) / "store.csv", progress=False)
    begun.append(time.process_time())
    fits, tenth = sum(alone), max(1, count // 10)
    parts = {"first": slice(0, tenth), "last": slice(count - 1 - tenth, count - 1), "all": slice(0, count)}
    print(about())
    for name, part in parts.items():
        own = sum(alone[part])
        took, each = begun[part.stop] - begun[part.start] - own, 1e3 / len(alone[part])
        print(f"{name:6}{each * own:8.1f} ms a fit alone {each * took:8.1f} ms by compare, ratio {took / own:.2f}")
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    print(f"{count} tables: fits {fits:.1f} s; {more / 1024:.1f} MiB more at the peak")


if __name__ == "__main__":
    main()
