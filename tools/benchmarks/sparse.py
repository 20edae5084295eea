"""Growth of the sparse bound: value and gradient for 10^3 to 10^5 observed cells and more, CPU time and peak memory.

python tools/benchmarks/sparse.py                # 1000 to 100,000 cells, about a minute
python tools/benchmarks/sparse.py --million      # and a million
python tools/benchmarks/sparse.py --fit 20000    # a whole fit of so many cells, one run

Three tasks, a fifth of the cells missing, an LMC of two RBF kernels without kappa (64 features) or with (192), 32
inducing inputs, full noise. Each size runs in a process of its own, whose peak is read; "before" is what the imports
and the table need. Studies compare the bound with the exact fit: book/studies/sparse_bound.py and sparse_noise.py.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from common import about, side_by_side, table  # first: it sets the number of threads

from gpytorch.kernels import RBFKernel  # isort: skip

from mtgp_tutorial import fit, lmc, sparse  # isort: skip
from mtgp_tutorial.solvers import choice as solvers  # isort: skip
from mtgp_tutorial.climbing.packed import PackedObjective

from mtgp_tutorial.objective import free_vector  # isort: skip

TASKS, HOLES, NUMBER, TWO = 3, 0.2, 32, [RBFKernel(), RBFKernel()]


def peak() -> float:
    """GiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def one(cells: int, own: bool) -> None:
    """One size: value and gradient, and the value alone."""
    model = sparse(
        lmc(table(round(cells / TASKS / (1 - HOLES)), TASKS, holes=HOLES), kernels=TWO, noise="full", kappa=own), NUMBER
    )
    before, flat, vector = peak(), PackedObjective(model, True), free_vector(model)
    repeats = 1 if cells > 300_000 else 3 if cells > 20_000 else 10
    times = side_by_side(
        {"both": lambda: flat(vector), "value": lambda: flat.many(vector[None], slopes=False)}, repeats
    )
    shape = solvers.problem_of(model).shape()
    print(
        f"{shape.cells:8} {'own' if own else '':4} {times['both']:9.1f} {times['value']:8.1f} "
        f"{1e3 * times['both'] / shape.cells:8.2f} {peak():6.2f} {before:7.2f}",
        flush=True,
    )


def whole(cells: int) -> None:
    """A fit, one run."""
    model = sparse(
        lmc(table(round(cells / TASKS / (1 - HOLES)), TASKS, holes=HOLES), kernels=TWO, noise="full", kappa=False),
        NUMBER,
    )
    start = time.process_time()
    fitted = fit(model, starts=1)
    took, evaluations = time.process_time() - start, int(fitted.starts["evaluations"].sum())
    seen = int(model.data.observed.sum())
    print(f"{seen} cells: {took:.1f} CPU seconds, {evaluations} evaluations, {peak():.2f} GiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--million", action="store_true", help="a million cells, too")
    parser.add_argument("--one", nargs=2, metavar=("CELLS", "OWN"), help="one size alone, OWN 0 or 1")
    parser.add_argument("--fit", type=int, metavar="CELLS", help="a whole fit")
    given = parser.parse_args()
    if given.fit:
        return whole(given.fit)
    if given.one:
        return one(int(given.one[0]), given.one[1] == "1")
    print(about())
    print("   cells        both ms value ms  us/cell    GiB  before")
    for own in "01":
        for cells in (1000, 3000, 10_000, 30_000, 100_000) + ((1_000_000,) if given.million and own == "0" else ()):
            subprocess.run([sys.executable, __file__, "--one", str(cells), own], check=True)


if __name__ == "__main__":
    main()
