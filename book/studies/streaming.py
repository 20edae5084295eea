"""What the studies of examples/streaming share: tables, runs in processes of their own, and what a run printed."""

import atexit
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[2] / "examples" / "streaming"
sys.path.insert(0, str(PROGRAMS))

import table  # examples/streaming

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
CELLS, BATCH = 6000, 256  # of the small versions, which take seconds, with these options beside
SMALL = {"epochs": 3, "points": 5, "sample": 400, "iterations": 3, "every": 4}

SCRATCH = Path(tempfile.mkdtemp(prefix="mtgp-tables-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)


def made(cells, seed=0):
    """A folder with a table of so many cells, written once by each process and removed when that ends."""
    folder = SCRATCH / f"{cells}-{seed}"
    if not folder.exists():
        table.write(folder, cells, seed)
    return folder


def command(folder, path, processes=1, **options):
    """What starts train.py; options by their names, such as natural_rate=0.1."""
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    launcher = [*TORCHRUN, f"--nproc_per_node={processes}", "--max-restarts=1"]
    return [
        *(launcher if processes > 1 else [sys.executable]),
        str(PROGRAMS / "train.py"),
        str(folder),
        str(path),
        *words,
    ]


def finish(folder, path, processes=1, **options):
    """Run to the end; what it printed, as numbers."""
    done = subprocess.run(command(folder, path, processes, **options), text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return numbers(done.stdout)


def numbers(printed):
    """The numbers of train.py's report, by name; seconds are wall time."""
    first, last, processes, peak = re.search(r"steps (\d+) to (\d+) on (\d+) .* peak ([\d.]+)", printed).groups()
    warm, warm_cpu, cells, steps, steps_cpu = re.search(
        r"start ([\d.]+) s, CPU ([\d.]+) s; (\d+) thousand cells ([\d.]+) s, CPU ([\d.]+)", printed
    ).groups()
    nlpd, coverage, best = re.search(r"NLPD ([-\d.]+), coverage ([\d.]+), best possible ([-\d.]+)", printed).groups()
    found = {"from step": first, "steps": last, "processes": processes, "peak GiB": peak, "start s": warm}
    found |= {"start CPU s": warm_cpu, "thousand cells": cells, "steps s": steps, "steps CPU s": steps_cpu}
    return {name: float(value) for name, value in {**found, "NLPD": nlpd, "coverage": coverage, "best": best}.items()}
