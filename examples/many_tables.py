"""Fill many small tables, each by its own fit. An answer is a line of a file, and a run that was stopped goes on.

    python examples/many_tables.py filled.jsonl                      # 500 made tables, about a minute
    python examples/many_tables.py filled.jsonl --folder mytables    # CSV files; the first column is the input
    python examples/many_tables.py filled.jsonl --on cores           # a process on each core, by joblib
    python examples/many_tables.py filled.jsonl --on dask            # workers here, or those of --scheduler ADDRESS

The same command does what the file does not hold yet: tables that are new, and tables that have changed. A changed
model needs a new file. Tables are read as they are handed out, so memory hardly grows with their number. The last line
of a table counts:

    frame = pd.read_json("filled.jsonl", lines=True).drop_duplicates("table", keep="last")
    frame.explode(["at", "task", "mean", "sd"])
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
from filelock import FileLock
from tqdm import tqdm

from mtgp_tutorial import FitError, TaskData, fit, icm, impute

AHEAD = 300  # tables that are handed out before the first of them is done
Line = dict[str, Any]
Tables = Iterable[tuple[str, bytes]]  # name and CSV of each
Work = Callable[[str, bytes], Line]
Way = Callable[[Work, Tables], Iterable[Line]]


def files(folder: str) -> Iterator[tuple[str, bytes]]:
    """Tables of your own; any other generator will do."""
    for path in sorted(Path(folder).glob("*.csv")):
        yield path.name, path.read_bytes()


def made(count: int) -> Iterator[tuple[str, bytes]]:
    """Noisy sines: 30 rows of three columns, a tenth of the cells missing."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        x = np.sort(rng.uniform(0, 10, 30))
        y = np.sin(x[:, None] + 0.3 * np.arange(3)) + 0.3 * rng.normal(size=(30, 3))
        y[rng.uniform(size=y.shape) < 0.1] = np.nan
        yield f"made {seed}", pd.DataFrame(y, pd.Index(x, name="x"), ["one", "two", "three"]).to_csv().encode()


def filled(name: str, content: bytes) -> Line:
    """The missing cells of a table, by input ("at") and task, each with mean and standard deviation; or why not."""
    line: Line = {"table": name, "content": digest(content)}
    try:
        data = TaskData.from_frame(pd.read_csv(io.BytesIO(content), index_col=0))
        found = impute(fit(icm(data)))  # the model is yours to choose
    except (FitError, ValueError) as error:
        return line | {"why": str(error)}
    frame, holes = found.to_frame(), (~data.observed).nonzero().tolist()
    line |= {"at": [str(frame.index[i]) for i, _ in holes], "task": [data.tasks[t] for _, t in holes]}
    return line | {key: [float(getattr(found, key)[hole[0], hole[1]]) for hole in holes] for key in ("mean", "sd")}


def one_by_one(work: Work, tables: Tables) -> Iterator[Line]:
    return starmap(work, tables)


def on_cores(work: Work, tables: Tables) -> Iterator[Line]:
    """A process on each core. joblib ends the run where one of them is killed; the same command goes on."""
    from joblib import Parallel, delayed

    calls = (delayed(work)(*table) for table in tables)
    yield from Parallel(-1, return_as="generator_unordered", pre_dispatch=AHEAD)(calls)


def on_dask(work: Work, tables: Tables, scheduler: str | None = None) -> Iterator[Line]:
    """Workers of a cluster, best of one thread each. What a killed one had under way is given to another."""
    from distributed import Client, as_completed

    with Client(scheduler, **({} if scheduler else {"threads_per_worker": 1})) as client:
        calls = (client.submit(work, *table, pure=False) for table in tables)
        done = as_completed(islice(calls, AHEAD), with_results=True)
        for _, line in done:
            done.update(islice(calls, 1))
            yield line


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def held(path: Path) -> dict[str, str]:
    """The digest of each table of which the file has a line. What a killed run left of a last line is cut off."""
    found, end = {}, 0
    with open(path, "ab+") as file:
        file.seek(0)
        for number, whole in enumerate(file, 1):
            if not whole.endswith(b"\n"):
                break
            body, _, check = whole.rpartition(b', "check": ')
            if check != f'"{digest(body)}"}}\n'.encode():
                raise ValueError(f"{path}: line {number} has changed; take it out, and its table is filled again")
            line = json.loads(body + b"}")
            found[line["table"]] = line["content"]
            end += len(whole)
        file.truncate(end)
    return found


def run(target: str, tables: Tables, way: Way, work: Work = filled) -> None:
    """Append an answer to each table that the file does not hold. ValueError where a line of it has changed."""
    with FileLock(f"{target}.lock", timeout=0):
        done = held(Path(target))
        left = ((name, content) for name, content in tables if done.get(name) != digest(content))
        with open(target, "ab") as file:
            for line in tqdm(way(work, left), unit="table", disable=None):
                body = json.dumps(line)[:-1].encode()
                file.write(body + f', "check": "{digest(body)}"}}\n'.encode())
                file.flush()  # now a kill cannot lose it


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("target", help="the file of answers, which is appended to")
    parser.add_argument("--folder", help="of CSV files, a table each; default: made tables")
    parser.add_argument("--count", type=int, default=500, help="of made tables")
    parser.add_argument("--on", choices=("one", "cores", "dask"), default="one")
    parser.add_argument("--scheduler", help="address of a dask scheduler; default: workers on this machine")
    given = parser.parse_args()
    ways: dict[str, Way] = {"one": one_by_one, "cores": on_cores, "dask": partial(on_dask, scheduler=given.scheduler)}
    try:
        run(given.target, files(given.folder) if given.folder else made(given.count), ways[given.on])
    except (ValueError, OSError) as error:
        sys.exit(str(error))
