"""One process and two over the same table, by size of batch: mtgp_tutorial/datasets/studies/stream_processes.csv.

Two must reach the NLPD of one, in float64; what they take depends on what else runs, so `load` stands beside it (the
mean number of processes that wanted a core), and CPU seconds are those of the first process. In the last row a worker
is killed (-9) when the first checkpoint with a step is there, and torchrun starts both again. One machine, one seed.
"""

import os
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import psutil
import torch
from running import run
from streaming import BATCH, CELLS, SMALL, command, finish, made, numbers

BATCHES = (1024, 4096, 16384)
OPTIONS = {"epochs": 1, "points": 12, "sample": 1000, "iterations": 3, "every": 5}


def with_a_killed_worker(folder, path, **options):
    """The second of two workers is killed once; what the run printed at its end, as numbers.

    RuntimeError where the run ends before there is a checkpoint with a step.
    """
    words = command(folder, path, 2, **options)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as launcher:
        while not path.exists() or torch.load(path)["step"] == 0:
            if launcher.poll() is not None:
                raise RuntimeError("the run ended before one of its workers could be killed")
            time.sleep(0.01)
        psutil.Process(launcher.pid).children()[1].kill()
        printed = launcher.communicate()[0]
    return numbers(printed)


def rows(cells, batch, killed=False, **options):
    """One process and two with batches of this size; or two, one of which is killed."""
    folder, found = made(cells), []
    with tempfile.TemporaryDirectory() as scratch:
        for processes in (2,) if killed else (1, 2):
            program = with_a_killed_worker if killed else partial(finish, processes=processes)
            row = program(folder, Path(scratch, f"{processes}.pt"), **{**OPTIONS, **options}, batch=batch)
            found.append({"cluster": 0, "batch": batch, "killed": killed, "load": os.getloadavg()[0], **row})
    return found


def small():
    """Long enough for a worker to be killed on the way."""
    options = {**SMALL, "epochs": 12}
    return [*rows(CELLS, BATCH, **options), *rows(CELLS, BATCH, True, **options)]


if __name__ == "__main__":
    os.environ["MTGP_JOBS"] = "1"  # runs that took turns can be compared
    run(__file__, [*((60_000, batch) for batch in BATCHES), (60_000, BATCHES[0], True)])
