"""kill -9 at random moments, twenty or more, resumed each time: mtgp_tutorial/datasets/studies/stream_killed.csv.

A run over 60,000 cells is killed when its process has used a random number of CPU seconds, started again, and so on
until it is done; then the next run, until there are twenty kills or more. `equal` says whether model and optimisers
are at the end, to the last bit, those of a run that was never killed. Step -1: there was no checkpoint yet.
"""

import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import torch
from running import run
from streaming import BATCH, CELLS, SMALL, command, made

KILLS, LATEST, MOST = 20, 2.5, 100  # latest: CPU seconds; most: kills of one run
OPTIONS = {"epochs": 3, "batch": 1024, "points": 8, "sample": 2000, "iterations": 5, "every": 2}


def program(words):
    """train.py with this command line, in a process that has torch already."""
    import train  # examples/streaming

    sys.argv = words
    sys.stdout = sys.stderr = open("/dev/null", "w")
    train.main()


def start(words):
    process = multiprocessing.get_context("fork").Process(target=program, args=(words[1:],))
    process.start()
    return process


def killed_at(seconds, words):
    """Start, kill -9 after so many CPU seconds, which mean the same whatever else runs; False if it was done before."""
    process = start(words)
    seen = psutil.Process(process.pid)
    while process.exitcode is None and seen.is_running() and sum(seen.cpu_times()[:2]) < seconds:
        time.sleep(0.01)
    process.kill()
    process.join()
    return process.exitcode == -9


def state(path):
    """The step, and all tensors of a checkpoint in one list."""
    held = torch.load(path)
    adam = held["optimisers"][0]["state"].values()
    return held["step"], [*held["model"].values(), *(tensor for each in adam for tensor in each.values())]


def rows(seed, kills=KILLS, latest=LATEST, cells=60_000, **options):
    """One row for each kill; cluster: the run that was killed. RuntimeError where one cannot be brought to its end."""
    folder, found = made(cells), []
    with tempfile.TemporaryDirectory() as scratch:
        start(command(folder, f"{scratch}/whole.pt", **{**OPTIONS, **options})).join()
        total, right = state(f"{scratch}/whole.pt")
        rng, chain = np.random.default_rng(seed), 0
        while len(found) < kills:
            path, chain, mine = Path(scratch, f"{chain}.pt"), chain + 1, []
            words = command(folder, path, **{**OPTIONS, **options})
            while killed_at(moment := rng.uniform(0, latest), words):
                step = state(path)[0] if path.exists() else -1
                mine.append({"seed": seed, "cluster": chain, "CPU s": moment, "step": step, "of": total})
                if len(mine) == MOST:
                    raise RuntimeError(f"latest: a run was killed {MOST} times within {latest} CPU seconds; pass more")
            step, reached = state(path)
            equal = step == total and all(torch.equal(a, b) for a, b in zip(reached, right, strict=True))
            found += [{**row, "equal": equal} for row in mine]
    return found


def small():
    """Here each process has all imports from the first moment on, torch's at the first optimiser among them."""
    import train  # noqa: F401

    torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    return rows(0, kills=3, latest=0.5, cells=CELLS, batch=BATCH, **SMALL)


if __name__ == "__main__":
    run(__file__, [(0,)])
