"""From how many cells on a CUDA card is worth it: value and gradient of each exact form, on the card and on the CPU.

    python tools/benchmarks/device.py             # a few minutes; wall milliseconds, least of several
    python tools/benchmarks/device.py --quick     # the small tables

Prints the card's name: a threshold holds for a card of that kind. The CPU has as many threads as torch gives it.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
THREADS = os.cpu_count() or 1
os.environ.setdefault("OMP_NUM_THREADS", str(THREADS))  # the other benchmarks take one

from common import about, table  # noqa: E402, I001

import torch  # noqa: E402
from gpytorch.kernels import MaternKernel, RBFKernel  # noqa: E402

from mtgp_tutorial import Model, TaskData, icm, independent, lmc  # noqa: E402
from mtgp_tutorial.solvers import choice as solvers  # noqa: E402
from mtgp_tutorial.solvers.solver import Solver  # noqa: E402

ROWS = (50, 100, 200, 500, 1000, 2000, 4000)
LONG = (2000, 10_000, 100_000)
TASKS = 4
DENSEST = 5000  # cells; a dense matrix of more takes minutes on a CPU
CASES: list[tuple[float, Callable[[TaskData], Model]]] = [  # share of holes, and a model; a form takes the first it can
    (0.1, lambda data: lmc(data, kernels=[RBFKernel(), RBFKernel()])),
    (0.1, lambda data: independent(data, kernel=RBFKernel())),
    (0.0, lambda data: lmc(data, kernels=[RBFKernel(), RBFKernel()], kappa=False)),
    (0.0, lambda data: icm(data, kernel=RBFKernel())),
    (0.01, lambda data: icm(data, kernel=RBFKernel())),
    (0.1, lambda data: icm(data, kernel=MaternKernel(nu=1.5))),
]


def case(form: type[Solver], rows: int) -> tuple[TaskData, Callable[[TaskData], Model]] | None:
    """A table of so many rows, and the model of it that the form applies to."""
    for holes, build in CASES:
        data = table(rows, TASKS, holes=holes)
        if form.cost(solvers.with_values(solvers.problem_of(build(data)))[0].shape()) < math.inf:
            return data, build
    return None


def program(model: Model, form: type[Solver]) -> Callable[[], object]:
    """Kernel, value and gradient against length-scales, loads, Sigma and the residual."""
    given = solvers.problem_of(model)
    leaves = [value.detach().clone().requires_grad_() for value in (given.residual, given.Sigma)]
    loads = [load.detach().clone().requires_grad_() for load in form.loads(given)]
    lengths = [p for name, p in model.named_parameters() if name.endswith("raw_lengthscale")]

    def run() -> object:
        # anew: a gradient spends its graph
        problem = solvers.problem_of(model)._replace(residual=leaves[0], Sigma=leaves[1])
        value = form.log_likelihood(form.with_loads(problem, loads))
        return torch.autograd.grad(value, [*leaves, *loads, *lengths])

    return run


def milliseconds(run: Callable[[], object], repeats: int) -> float:
    """Least wall time; a card works on while Python goes on, so it is waited for."""
    times = []
    for _ in range(repeats + 1):  # the first one loads libraries
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times[1:])


def lines(
    devices: tuple[str, ...], rows: tuple[int, ...], repeats: int = 5, long: tuple[int, ...] = ()
) -> Iterator[str]:
    """One line for each form that applies and number of rows: cells, and the time on each device.

    long: rows for the form that goes along them, compiled by numba on the CPU if it is there, scanned on a card.
    """
    for form in solvers.SOLVERS:
        for n in long if form.by_length else rows:
            found = case(form, n)
            cells = 0 if found is None else int(found[0].observed.sum())
            if found is None or (form.__name__ == "Dense" and cells > DENSEST):
                continue
            there = [found[1](found[0].to(device)) for device in devices]
            times = [milliseconds(program(model, form), repeats) for model in there]
            yield f"{form.__name__:10} {n:5} {cells:6} " + " ".join(f"{each:10.2f}" for each in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the small tables alone")
    quick = parser.parse_args().quick
    if not torch.cuda.is_available():
        sys.exit("device: torch sees no CUDA device here, and there is nothing to compare; run this where there is one")
    torch.set_num_threads(THREADS)
    print(f"{torch.cuda.get_device_name()}; {about().replace('one thread', f'{THREADS} threads')}")
    print("form        rows  cells        CPU       card")
    for line in lines(("cpu", "cuda"), ROWS[:3] if quick else ROWS, long=LONG[:1] if quick else LONG):
        print(line, flush=True)


if __name__ == "__main__":
    main()
