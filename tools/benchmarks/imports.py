"""What imports from the module cost beside torch and GPyTorch alone: CPU seconds of fresh processes that take turns.

python tools/benchmarks/imports.py  # half a minute
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = (
    "import torch, gpytorch",
    "import mtgp_tutorial",
    "from mtgp_tutorial import fit, icm, impute",
    "from mtgp_tutorial.tables import compare, plain_methods",
    "from mtgp_tutorial import plots",
    "from mtgp_tutorial import *",
)
RUNS = 7


def seconds(program: str) -> float:
    """CPU time of a process that does it."""
    code = f"import time\n{program}\nprint(time.process_time())"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Medians, and how many times the first."""
    times = [[seconds(program) for program in PROGRAMS] for _ in range(RUNS)]
    medians = [statistics.median(column) for column in zip(*times)]
    for program, median in zip(PROGRAMS, medians):
        print(f"{program:46} {median:5.2f} s  {median / medians[0]:4.2f} times")


if __name__ == "__main__":
    main()
