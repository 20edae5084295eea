"""Runs a study: its trials on all cores, each kept as soon as it is done, so that a run can be interrupted.

    python book/studies/NAME.py                 # all trials; writes mtgp_tutorial/datasets/studies/NAME.csv
    python book/studies/NAME.py 0 2             # prints trials 0 and 1, stores nothing
    python book/studies/NAME.py --small         # prints its small version, where it has one: seconds, for the tests

What is done lies under _build/studies, in a folder for this state of the study's file and of the module: a change of
either starts afresh. `make studies` runs all of them. MTGP_JOBS sets how many trials run at once. MTGP_SCHEDULER, the
address of a dask scheduler, gives the trials to its workers instead. Scheduler and workers must see this folder at the
same path: in it
`export PYTHONPATH=.:book/studies OMP_NUM_THREADS=1`, then `.venv/bin/dask scheduler` and, for each worker,
`.venv/bin/dask worker ADDRESS --nthreads 1`.
"""

import hashlib
import importlib
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each trial; before torch is imported

import pandas as pd
import torch
from joblib import Parallel, cpu_count, delayed
from tqdm import tqdm

from mtgp_tutorial import datasets

ROOT = Path(__file__).parents[2]
RESULTS = Path(datasets.__file__).parent / "studies"


def run(script, trials, names=None):
    """The study's rows(*trial) gives a list of rows, or a table, or one for each of `names`, the files it writes."""
    study, trials = Path(script).stem, list(trials)
    if sys.argv[1:] == ["--small"]:
        return print(small(study).to_csv(index=False, float_format="%.6g"))
    if len(sys.argv) > 2:
        some = [tables(study, trial) for trial in trials[int(sys.argv[1]) : int(sys.argv[2])]]
        return print(*(pd.concat(parts).to_csv(index=False, float_format="%.6g") for parts in zip(*some)))
    folder = ROOT / "_build" / "studies" / f"{study}-{fingerprint(script)}"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number}.pkl" for number in range(len(trials))]
    todo = [(file, trial) for file, trial in zip(files, trials) if not file.exists()]
    jobs, start = int(os.environ.get("MTGP_JOBS", cpu_count())), time.perf_counter()
    done = in_parallel([(study, trial, file) for file, trial in todo], jobs)
    seconds = sum(tqdm(done, total=len(todo), desc=study, unit="trial", disable=None))
    for name, parts in zip(names or [study], zip(*map(pd.read_pickle, files))):
        text = pd.concat(parts).to_csv(index=False, float_format="%.6g")
        (RESULTS / f"{name}.csv").write_text(text, encoding="utf8")
    minutes = (time.perf_counter() - start) / 60
    print(
        f"{Path(script).stem}: {len(todo)} of {len(trials)} trials in {minutes:.1f} minutes, {seconds / 60:.1f} of CPU"
    )


def small(study):
    """The table of a study's function `small`: its own rows, of sizes that take seconds."""
    module = importlib.import_module(study)
    if not hasattr(module, "small"):
        sys.exit(f"--small: {study} has no small version; `{study}.py 0 1` prints its first trial")
    return pd.DataFrame(module.small())


def in_parallel(todo, jobs):
    """CPU seconds of each trial as it is done, by processes of this machine or by the workers of a cluster."""
    if "MTGP_SCHEDULER" not in os.environ:
        yield from Parallel(jobs, return_as="generator_unordered")(delayed(keep)(*one) for one in todo)
        return
    from distributed import Client, as_completed

    with Client(os.environ["MTGP_SCHEDULER"]) as client:
        futures = [client.submit(keep, *one, pure=False) for one in todo]
        yield from (seconds for _, seconds in as_completed(futures, with_results=True))


def tables(study, trial):
    """The tables of one trial; the study is imported by its name, since a script's own functions cannot travel."""
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    found = importlib.import_module(study).rows(*trial)
    return [pd.DataFrame(one) for one in (found if isinstance(found, tuple) else (found,))]


def keep(study, trial, file):
    """Does one trial and stores it; returns the CPU seconds."""
    start, draft = time.process_time(), file.with_suffix(".part")
    pd.to_pickle(tables(study, trial), draft)
    os.replace(draft, file)
    return time.process_time() - start


def fingerprint(script):
    """Of the study's file, the module's code, and the programs of examples/streaming where the study runs them."""
    sources = [Path(script), *sorted((ROOT / "mtgp_tutorial").rglob("*.py"))]
    if "streaming" in sources[0].read_text(encoding="utf8"):
        sources += sorted((ROOT / "examples" / "streaming").glob("*.py"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:12]
