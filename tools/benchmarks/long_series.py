"""Long series in the Markov form: value and gradient compiled, in plain numpy, and dense.

python tools/benchmarks/long_series.py                # ratios and growth; CPU milliseconds of one thread, some minutes
python tools/benchmarks/long_series.py --peer         # beside tinygp, tasks coupled by rank 1 and apart
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from common import about, side_by_side  # first: it sets the number of threads

import numpy as np  # isort: skip
import torch  # isort: skip

from mtgp_tutorial.solvers import filters  # isort: skip
from mtgp_tutorial.solvers.state_space import StateSpace, MaternPart  # isort: skip
from mtgp_tutorial.solvers.dense import Dense  # isort: skip
from mtgp_tutorial.solvers.smoother import path_of, square_root  # isort: skip
from mtgp_tutorial.solvers.solver import Solver, Matern, Problem, SolverTerm  # isort: skip
from mtgp_tutorial.solvers.markov import Markov  # isort: skip
from mtgp_tutorial.kernels import MATERN, Squares  # isort: skip

B = np.array([[1.0, 0.7, -0.3], [0.7, 1.2, 0.1], [-0.3, 0.1, 0.8]])
SIGMA = np.array([[0.20, 0.10, 0.0], [0.10, 0.20, 0.0], [0.0, 0.0, 0.10]])
LENGTH, DENSITY, HOLES = 2.0, 20, 0.2  # 20 rows a unit of x, whatever their number


def simulated(rows: int, orders: Sequence[int] = (2,), seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """x [N, 1] and complete y [N, T] of a known ICM (or LMC, with as many kernels as orders)."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, rows / DENSITY, rows))
    parts = [MaternPart(order, LENGTH / 4**q, B / len(orders)) for q, order in enumerate(orders)]
    f = path_of(StateSpace(x, np.full((rows, 3), np.nan), None, parts, SIGMA), lambda *shape: rng.normal(size=shape))
    return torch.from_numpy(x)[:, None], torch.from_numpy(f + rng.normal(size=(rows, 3)) @ square_root(SIGMA).T)


def matern(nu: float, length: float) -> SolverTerm:
    """A term with the true B, to be shared among kernels."""
    size = torch.tensor(length, dtype=torch.float64)

    def kernel(x: torch.Tensor, z: torch.Tensor | None = None) -> torch.Tensor:
        return MATERN[nu](Squares(x, x if z is None else z)[0] / size**2)[0]

    return SolverTerm(kernel, torch.from_numpy(B), Matern(nu, size))


def problem(rows: int, orders: Sequence[int] = (2,)) -> Problem:
    """A table with holes, and the true parameters."""
    x, y = simulated(rows, orders)
    y[torch.rand(y.shape, generator=torch.Generator().manual_seed(1)) < HOLES] = math.nan
    terms = [matern(order - 0.5, LENGTH / 4**q) for q, order in enumerate(orders)]
    terms = [term._replace(B=term.B / len(orders)) for term in terms]
    return Problem(x, y, terms, torch.from_numpy(SIGMA))


def evaluation(form: type[Solver], given: Problem) -> None:
    """Value and gradient."""
    made = form(given)
    made.value(), made.gradients()


def by(program: str, given: Problem) -> None:
    """Value and gradient in the Markov form by one of the programs of `filters`."""
    usual = filters.COMPILED, filters.available
    filters.COMPILED, filters.available = (10**9 if program == "plain" else 0), lambda: program == "compiled"
    evaluation(Markov, given)
    filters.COMPILED, filters.available = usual


def growth() -> None:
    """Each size beside the others; ratios hold within a line, which is one run."""
    print("rows kernels |  compiled ms   us/row |  plain numpy ms  times |   dense ms  times")
    for rows, orders in ((300, (2,)), (1000, (2,)), (2000, (2,)), (10_000, (2,)), (10_000, (3, 1)), (100_000, (2,))):
        given = problem(rows, orders)
        programs: dict[str, Callable[[], object]] = {"compiled": partial(by, "compiled", given)}
        programs |= {"plain": partial(by, "plain", given)} if rows <= 10_000 else {}
        programs |= {"dense": partial(evaluation, Dense, given)} if rows <= 2000 else {}
        times = side_by_side(programs, 3 if rows <= 10_000 else 1)
        own = times["compiled"]
        told = [
            f"{times[name]:12.1f} {times[name] / own:6.1f}" if name in times else 19 * " "
            for name in ("plain", "dense")
        ]
        print(f"{rows:6} {len(orders)} {own:13.1f} {1e3 * own / rows:8.1f} | {' | '.join(told)}", flush=True)


def beside_tinygp(rows: int = 20_000, rounds: int = 3) -> None:
    """One evaluation of the coupled tasks (B and Sigma full), and tinygp's of rank 1 and of series apart, in turns."""
    given, own, theirs = problem(rows), [], []
    environment = {**os.environ, "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "table.npz")
        np.savez(file, x=given.x[:, 0].numpy(), y=given.residual.numpy())
        words = [sys.executable, str(Path(__file__).parent / "peers" / "tinygp_long.py"), file, "7"]
        for _ in range(rounds):
            own.append(side_by_side({"compiled": partial(by, "compiled", given)}, 7)["compiled"])
            done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
            theirs.append(json.loads(done.stdout))
    ours = 1e3 * min(own) / rows
    print(f"{rows} rows, us a row: ours {ours:.2f}")
    for name in ("coupled", "apart"):
        peer = 1e6 * min(one[name]["seconds"] for one in theirs) / rows
        first = min(one[name]["first"] for one in theirs)
        print(f"tinygp, {name}: {peer:.2f}, ours / tinygp {ours / peer:.2f}; compiling {first:.1f} s")


if __name__ == "__main__":
    print(about())
    beside_tinygp() if sys.argv[1:] == ["--peer"] else growth()
