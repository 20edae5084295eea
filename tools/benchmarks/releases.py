"""Default fits of this checkout beside those of another version, CPU time in turns.

    git worktree add ../other v0.10.0
    python tools/benchmarks/releases.py ../other          # a row for each kind of table, with and without priors
    python tools/benchmarks/releases.py ../other "Great Lakes"

Both versions take the same tables, each in processes of its own that take turns; of two turns the faster one counts.
"short" counts the tables on which the optimum of this checkout lies more than 1e-3 nats below the other's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from common import about, drawn, table  # first: it sets the number of threads

import numpy as np  # isort: skip
from gpytorch.kernels import RBFKernel  # isort: skip

from mtgp_tutorial import datasets, fit, icm, independent, lmc, simulate  # isort: skip

X, ROOT = np.linspace(0, 10, 100), Path(__file__).parents[2]
CASES = {  # how many tables, and the model of each
    "two sines, 10 rows": (20, lambda seed: icm(simulate.two_sines(n=10, seed=seed), noise="full", kernel=RBFKernel())),
    "draws, 100 rows, T = 3": (2, lambda seed: icm(drawn(seed, X)[1], noise="full", kernel=RBFKernel())),
    "Great Lakes": (1, lambda seed: icm(datasets.great_lakes(), noise="full", kernel=RBFKernel())),
    "100 rows, T = 10": (1, lambda seed: icm(table(100, 10), noise="full", kernel=RBFKernel())),
    "300 rows, T = 4, a gap": (1, lambda seed: icm(table(300, 4, gap=30), noise="full", kernel=RBFKernel())),
    "120 rows, T = 2, a gap, LMC": (1, lambda seed: lmc(table(120, 2, gap=12), kernels=[RBFKernel(), RBFKernel()])),
    "Great Lakes, independent": (1, lambda seed: independent(datasets.great_lakes(), kernel=RBFKernel())),
}


def measured(case: str, priors: bool) -> tuple[float, list[float], int]:
    """CPU seconds a fit, heights, and evaluations a fit."""
    count, build = CASES[case]
    fit(icm(simulate.two_sines(n=10, seed=99), noise="full", kernel=RBFKernel()))  # caches and lazy imports
    models = [build(seed) for seed in range(count)]
    fits, began = [], time.process_time()
    for model in models:
        fits.append(fit(model, priors=priors).starts)
    seconds = (time.process_time() - began) / count
    heights = [float(starts["objective"].max()) for starts in fits]
    return seconds, heights, round(np.mean([starts["evaluations"].sum() for starts in fits]))


def elsewhere(folder: Path, case: str, priors: bool) -> tuple[float, list[float], int]:
    """The same by the module that lies in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
    words = [sys.executable, __file__, "--one", case, str(int(priors))]
    done = subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """All rows, as Markdown."""
    other = Path(sys.argv[1])
    print(about())
    print("\n| tables | priors | other, ms (evaluations) | here, ms (evaluations) | ratio | short |")
    print("|---|---|---|---|---|---|")
    for case in sys.argv[2:] or CASES:
        for priors in (True, False):
            turns = [[elsewhere(folder, case, priors) for folder in (other, ROOT)] for _ in range(2)]
            (was, heights, asked), (now, ours, fewer) = (min(runs) for runs in zip(*turns))
            short = sum(one - two > 1e-3 for one, two in zip(heights, ours))
            shown = f"{1e3 * was:.0f} ({asked}) | {1e3 * now:.0f} ({fewer}) | {now / was:.2f} | {short} of {len(ours)}"
            print(f"| {case} | {'on' if priors else 'off'} | {shown} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2], bool(int(sys.argv[3])))))
    else:
        main()
