"""Long series in the Markov form: value and gradient compiled, in plain numpy, and dense; a whole fit.

python tools/benchmarks/long_series.py                # ratios and growth; CPU milliseconds of one thread, some minutes
python tools/benchmarks/long_series.py --sizes        # by the size of the state
python tools/benchmarks/long_series.py --memory ROWS  # one value with its gradient, and the peak memory
python tools/benchmarks/long_series.py --fit ROWS     # a fit to a simulated table, scored on 2000 hidden cells
python tools/benchmarks/long_series.py --peer         # beside tinygp, tasks coupled by rank 1 and apart (see fits.py)
python tools/benchmarks/long_series.py --first ROWS TASKS  # a first fit with nothing compiled, and the next
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from common import about, side_by_side  # first: it sets the number of threads
from fits import python_of

import numpy as np  # isort: skip
import torch  # isort: skip
from gpytorch.kernels import MaternKernel  # isort: skip

from mtgp_tutorial import TaskData, fit, icm, impute  # isort: skip
from mtgp_tutorial.solvers import filters  # isort: skip
from mtgp_tutorial.solvers.state_space import StateSpace, MaternPart  # isort: skip
from mtgp_tutorial.covariance import all_cells  # isort: skip
from mtgp_tutorial.solvers.dense import Dense  # isort: skip
from mtgp_tutorial.solvers.smoother import path_of, square_root  # isort: skip
from mtgp_tutorial.solvers.solver import Solver, Matern, Problem, SolverTerm  # isort: skip
from mtgp_tutorial.solvers.markov import Markov  # isort: skip
from mtgp_tutorial.solvers.closed import MATERN, distance  # isort: skip

B = np.array([[1.0, 0.7, -0.3], [0.7, 1.2, 0.1], [-0.3, 0.1, 0.8]])
SIGMA = np.array([[0.20, 0.10, 0.0], [0.10, 0.20, 0.0], [0.0, 0.0, 0.10]])
LENGTH, DENSITY, HOLES, HIDDEN = 2.0, 20, 0.2, 2000  # 20 rows a unit of x, whatever their number
PROGRAMS = ("compiled", "plain")
GIB = 2**20  # of ru_maxrss


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
        return MATERN[nu](distance(x, x if z is None else z, size[None]))[0]

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


def sizes(rows: int = 4000) -> None:
    """By the numbers of the state: tasks times the kernels' orders."""
    print(f"{rows} rows\nstate tasks orders | us/row: compiled   plain numpy")
    x = np.sort(np.random.default_rng(0).uniform(0, rows / DENSITY, rows))[:, None]
    for tasks, orders in ((1, (1,)), (1, (2,)), (3, (1,)), (3, (2,)), (3, (3,)), (6, (2,)), (6, (3,)), (10, (3,))):
        y = np.random.default_rng(1).normal(size=(rows, tasks))
        y[np.random.default_rng(2).uniform(size=y.shape) < HOLES] = np.nan
        shared = torch.eye(tasks).double() + 0.3
        terms = [matern(order - 0.5, LENGTH)._replace(B=shared) for order in orders]
        given = Problem(torch.from_numpy(x), torch.from_numpy(y), terms, 0.2 * torch.eye(tasks).double())
        times = side_by_side({name: partial(by, name, given) for name in PROGRAMS}, 2)
        told = "".join(f"{1e3 * times[name] / rows:12.1f}" for name in PROGRAMS)
        print(f"{tasks * sum(orders):5} {tasks:5} {orders!s:9} {told}", flush=True)


def beside_tinygp(rows: int = 20_000, rounds: int = 3) -> None:
    """One evaluation of the coupled tasks (B and Sigma full), and tinygp's of rank 1 and of series apart, in turns."""
    given, own, theirs = problem(rows), [], []
    environment = {**os.environ, "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "table.npz")
        np.savez(file, x=given.x[:, 0].numpy(), y=given.residual.numpy())
        words = [python_of("tinygp"), str(Path(__file__).parent / "peers" / "tinygp_long.py"), file, "7"]
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


FIRST = """
import sys, time
import numpy as np
from gpytorch.kernels import MaternKernel
from mtgp_tutorial import TaskData, fit, icm
rows, tasks = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, rows / 20, rows))
y = np.sin(0.7 * x[:, None] + np.arange(tasks)) + np.sin(2.1 * x[:, None]) + 0.4 * rng.normal(size=(rows, tasks))
y[rng.uniform(size=y.shape) < 0.2] = np.nan
for which in ("first", "second"):
    start = time.process_time()
    fit(icm(TaskData(x, y), kernel=MaternKernel(nu=1.5), noise="full"))
    print(f"{rows} rows x {tasks}, {which} fit: {time.process_time() - start:.2f} s", flush=True)
"""


def first_fits(rows: int, tasks: int) -> None:
    """In a process of its own, from an empty cache of numba's."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-c", FIRST, str(rows), str(tasks)]
        subprocess.run(words, env={**os.environ, "NUMBA_CACHE_DIR": folder}, check=True)


def memory(rows: int) -> None:
    """The peak of one value with its gradient."""
    given = problem(rows)
    before, began = peak(), time.process_time()
    evaluation(Markov, given)
    took = time.process_time() - began
    print(f"{rows} rows x 3 tasks: {took:.1f} s CPU, peak {peak():.2f} GiB, of which {before:.2f} before")


def peak() -> float:
    """Of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB


def scored(mean: np.ndarray, variance: np.ndarray, y: np.ndarray) -> str:
    """NLPD and the share of cells inside 95 % bands."""
    z = (y - mean) / np.sqrt(variance)
    nlpd = 0.5 * (z**2 + np.log(2 * np.pi * variance)).mean()
    return f"NLPD {nlpd:.4f}, coverage {(np.abs(z) < 1.96).mean():.4f}"


def whole_fit(rows: int) -> None:
    """An ICM with full noise, from the module's own starts, beside the true parameters."""
    x, full = simulated(rows)
    u = torch.rand(full.shape, generator=torch.Generator().manual_seed(1))
    y, hidden = full.masked_fill(u < HOLES, math.nan), u < min(HOLES, HIDDEN / full.numel())
    cells = all_cells(hidden)
    print(f"{rows} rows, {int((~y.isnan()).sum())} cells seen, {len(cells[0])} scored", flush=True)
    began, cpu = time.perf_counter(), time.process_time()
    found = fit(icm(TaskData(x, y), kernel=MaternKernel(nu=1.5), rank=3, noise="full"))
    took = f"{time.perf_counter() - began:.0f} s, {time.process_time() - cpu:.0f} s of CPU"
    print(f"fit: {took}; {found.starts.round(3).to_string()}", flush=True)
    print(f"length-scale {found.length_scales[0]:.4f}\nB\n{found.B.round(3).to_string()}", flush=True)
    print(f"Sigma\n{found.Sigma.round(4).to_string()}", flush=True)
    began, filled = time.perf_counter(), impute(found)
    print("fit:  ", scored(filled.mean[cells].numpy(), filled.variance[cells].numpy(), full[cells].numpy()))
    print(f"impute of all cells: {time.perf_counter() - began:.1f} s")
    truth = Markov(Problem(x, y, [matern(1.5, LENGTH)], torch.from_numpy(SIGMA)))
    rows_of = torch.arange(rows)
    mean, explained = truth.posterior(x, truth.problem.terms, rows_of, cells, False)
    prior = torch.from_numpy((B + SIGMA).diagonal().copy())[cells[1]]
    print("truth:", scored(mean.numpy(), (prior - explained).numpy(), full[cells].numpy()))
    print(f"peak {peak():.2f} GiB")


def main() -> None:
    """See the head of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--memory", type=int, metavar="ROWS", help="one value with its gradient, and the peak memory")
    parser.add_argument("--fit", type=int, metavar="ROWS", help="a whole fit, scored on hidden cells")
    parser.add_argument("--peer", action="store_true", help="20,000 rows beside tinygp")
    parser.add_argument(
        "--first", type=int, nargs=2, metavar=("ROWS", "TASKS"), help="what compiling costs a first fit"
    )
    parser.add_argument("--sizes", action="store_true", help="by the size of the state")
    asked = parser.parse_args()
    print(about())
    print(f"numba is {'there' if filters.available() else 'not there'}")
    if asked.fit:
        whole_fit(asked.fit)
    elif asked.memory:
        memory(asked.memory)
    elif asked.peer:
        beside_tinygp()
    elif asked.first:
        first_fits(*asked.first)
    elif asked.sizes:
        sizes()
    else:
        growth()


if __name__ == "__main__":
    main()
