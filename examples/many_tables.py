"""Fill many small tables, each by its own fit: an answer is a line of a file, and a run that was stopped goes on.

    python examples/many_tables.py filled.jsonl                      # 500 made tables, in a minute
    python examples/many_tables.py filled.jsonl --folder mytables    # its CSV files
    python examples/many_tables.py filled.jsonl --on cores           # a process on each core, by joblib
    python examples/many_tables.py filled.jsonl --on dask            # workers on this machine, or of --scheduler ADDRESS

The same command does what the file does not hold yet: tables that are new, or that have changed. Tables are read as
they are handed out, so memory does not grow with their number. A line has a table's missing cells, or why there is no
answer, and a check; the last line of a table counts:

    pd.read_json("filled.jsonl", lines=True).explode(["at", "task", "mean", "sd"])
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: small matrices are slower on several threads

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, starmap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from tqdm import tqdm

from mtgp_tutorial import FitError, TaskData, fit, icm, impute

AHEAD = 300  # tables that are handed out before the first of them is done
Line = dict[str, Any]
Work = Callable[[str, str], Line]
Tables = Iterable[tuple[str, str]]  # name and text of each


def files(folder: str) -> Iterator[tuple[str, str]]:
    """Tables of your own: any generator of names and texts will do."""
    for path in sorted(Path(folder).glob("*.csv")):
        yield path.name, path.read_text(encoding="utf8")


def made(count: int) -> Iterator[tuple[str, str]]:
    """Noisy sines: 30 rows, three columns, a tenth of the cells missing."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        x = np.sort(rng.uniform(0, 10, 30))
        y = np.sin(x[:, None] + 0.3 * np.arange(3)) + 0.3 * rng.normal(size=(30, 3))
        y[rng.uniform(size=y.shape) < 0.1] = np.nan
        yield f"made {seed}", pd.DataFrame(y, pd.Index(x, name="x"), ["one", "two", "three"]).to_csv()


def filled(name: str, text: str) -> Line:
    """The missing cells of one table: where ("at", the inputs of the row), of which task, mean and standard deviation."""
    line = {"table": name, "text": digest(text)}
    try:
        data = TaskData.from_frame(pd.read_csv(io.StringIO(text), index_col=0))
        found = impute(fit(icm(data)))  # the model is yours to choose
    except (FitError, ValueError) as error:
        return line | {"why": str(error)}
    frame, missing = found.to_frame(), (~data.observed).nonzero().tolist()
    line |= {"at": [str(frame.index[i]) for i, _ in missing], "task": [data.tasks[t] for _, t in missing]}
    return line | {key: [float(getattr(found, key)[i, t]) for i, t in missing] for key in ("mean", "sd")}


def one_by_one(work: Work, tables: Tables) -> Iterator[Line]:
    return starmap(work, tables)


def on_cores(work: Work, tables: Tables) -> Iterator[Line]:
    """A process on each core. Where one is killed joblib ends the run; the same command goes on."""
    from joblib import Parallel, delayed

    calls = (delayed(work)(*table) for table in tables)
    yield from Parallel(-1, return_as="generator_unordered", pre_dispatch=AHEAD)(calls)


def on_dask(work: Work, tables: Tables, scheduler: str | None = None) -> Iterator[Line]:
    """Workers of a cluster, best one thread each. What a killed one had under way is given to another."""
    from distributed import Client, as_completed

    local = {} if scheduler else {"threads_per_worker": 1, "dashboard_address": None}
    with Client(scheduler, **local) as client:
        calls = (client.submit(work, *table, pure=False) for table in tables)
        done = as_completed(islice(calls, AHEAD), with_results=True)
        for _, line in done:
            done.update(islice(calls, 1))
            yield line


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def held(path: Path) -> dict[str, str]:
    """The digest of each table that the file holds. What a killed run left of a last line is cut off."""
    found, end = {}, 0
    with open(path, "ab+") as file:
        file.seek(0)
        for number, text in enumerate(file, 1):
            if not text.endswith(b"\n"):
                break
            body, _, check = text.decode(errors="replace").rpartition(', "check": ')
            if check != f'"{digest(body)}"}}\n':
                raise ValueError(f"{path}: line {number} has changed; take it out, and its table is filled again")
            line = json.loads(body + "}")
            found[line["table"]] = line["text"]
            end += len(text)
        file.truncate(end)
    return found


def run(target: str | Path, tables: Tables, way: Callable[[Work, Tables], Iterable[Line]], work: Work = filled) -> None:
    """Fill what the file does not hold, and append each answer as it comes. ValueError for a file that has changed."""
    with FileLock(f"{target}.lock", timeout=0):
        done = held(Path(target))
        left = ((name, text) for name, text in tables if done.get(name) != digest(text))
        with open(target, "a", encoding="utf8", buffering=1) as file:  # each line reaches the system at its end
            for line in tqdm(way(work, left), unit="table", disable=None):
                body = json.dumps(line)[:-1]
                file.write(f'{body}, "check": "{digest(body)}"}}\n')


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("target", help="the file of answers, which is appended to")
    parser.add_argument("--folder", help="of CSV files, a table each; default: made tables")
    parser.add_argument("--count", type=int, default=500, help="of made tables")
    parser.add_argument("--on", choices=("one", "cores", "dask"), default="one")
    parser.add_argument("--scheduler", help="address of a dask scheduler; default: workers on this machine")
    given = parser.parse_args()
    ways = {"one": one_by_one, "cores": on_cores, "dask": partial(on_dask, scheduler=given.scheduler)}
    try:
        run(given.target, files(given.folder) if given.folder else made(given.count), ways[given.on])
    except (ValueError, Timeout) as error:
        sys.exit(str(error))
