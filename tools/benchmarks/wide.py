"""Wide tables: one evaluation, and ways round a fit of all columns.

    python tools/benchmarks/wide.py                   # minutes: evaluations of all shapes; CPU seconds of one thread
    python tools/benchmarks/wide.py roads             # minutes: groups of columns, and few functions with `sparse`

Noise per task, Matern 3/2, rank 1. "dense": the whole covariance of the cells, where it fits into MOST operations.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

from common import about, side_by_side  # first: it sets the number of threads

import numpy as np  # isort: skip
import pandas as pd  # isort: skip
import torch  # isort: skip

from mtgp_tutorial import TaskData, fit, icm, impute, independent, lmc, sparse  # isort: skip
from mtgp_tutorial.solvers import choice as solvers  # isort: skip
from mtgp_tutorial.solvers.dense import Dense  # isort: skip
from mtgp_tutorial.model import Model  # isort: skip
from mtgp_tutorial.objective import Objective  # isort: skip

SHAPES = [(rows, columns, holes) for rows in (200, 2000) for columns in (7, 50, 500) for holes in (0.0, 0.05, 0.5)]
MOST, GIB = 1e12, 2**30  # operations of an evaluation that is timed; larger ones are not


def drawn(rows: int, columns: int, holes: float) -> tuple[TaskData, np.ndarray]:
    """A table with one shared curve, one of each column's own, and noise; and the whole of it."""
    rng, x = np.random.default_rng(0), np.arange(rows) / 10
    root = np.linalg.cholesky(np.exp(-np.abs(x[:, None] - x) / 2) + 1e-9 * np.eye(rows))
    own, shared = root @ rng.normal(size=(rows, columns)), root @ rng.normal(size=rows)
    y = np.outer(shared, rng.normal(size=columns)) + 0.7 * own + 0.3 * rng.normal(size=(rows, columns))
    seen = np.where(rng.uniform(size=y.shape) < holes, np.nan, y)
    return TaskData(torch.as_tensor(x), torch.as_tensor(seen)), y


def evaluations() -> None:
    """CPU seconds of value and gradient, by the solver of choice and by the whole covariance."""
    print(about(), "rows, columns, holes: solver, CPU seconds of an evaluation, GiB; dense", sep="\n")
    for rows, columns, holes in SHAPES:
        model = icm(drawn(rows, columns, holes)[0], noise="per task")
        vector = np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.requires_grad])
        shape, found = solvers.problem_of(model).shape(), []
        for solver in (solvers.cheapest(shape), Dense):
            entries, cost = 8 * solver.matrices(shape) / GIB, solver.cost(shape)
            if cost > MOST or entries > 8:
                found.append(f"{solver.__name__} not timed ({cost:.0e} operations, {entries:.0f} GiB)")
                continue
            objective = Objective(model, True, None if solver is not Dense else Dense)
            name = "batches" if objective.stacks else solver.__name__
            took = side_by_side({name: partial(objective, vector)}, 3 if cost < 1e10 else 1)[name] / 1e3
            found.append(f"{name} {took:.3g} s, {entries:.2g} GiB")
        print(f"{rows} x {columns}, {100 * holes:.0f} %:", "; ".join(found), flush=True)


def long(own: bool, columns: int) -> tuple[TaskData, np.ndarray]:
    """2,200 rows, two shared curves over 22 length-scales (own: one for each column, too); 5 % missing."""
    rng, x = np.random.default_rng(1), np.arange(2200) / 100
    far = np.sqrt(3) * np.abs(x[:, None] - x)
    root = np.linalg.cholesky((1 + far) * np.exp(-far) + 1e-9 * np.eye(2200))
    y = root @ rng.normal(size=(2200, 2)) @ rng.normal(size=(2, 500)) + 0.3 * rng.normal(size=(2200, 500))
    y = (y + (0.7 * root @ rng.normal(size=(2200, 500)) if own else 0))[:, :columns]
    seen = y.copy()  # two stretches of 50 rows are missing from each column
    for column in seen.T:
        for start in rng.choice(44, 2, replace=False):
            column[50 * start : 50 * start + 50] = np.nan
    return TaskData(torch.as_tensor(x), torch.as_tensor(seen)), y


def filled_by(make: Callable[[TaskData], Model], data: TaskData, size: int) -> tuple[np.ndarray, float]:
    """Each group of so many columns filled by one run of its own: means [N, T], CPU seconds."""
    began, groups = time.process_time(), range(0, data.num_tasks, size)
    parts = [TaskData(data.x, data.y[:, first : first + size]) for first in groups]
    return np.hstack([impute(fit(make(one), starts=1)).mean.numpy() for one in parts]), time.process_time() - began


def roads(columns: int = 20) -> None:
    """RMSE at the missing cells of the first columns, by what can be run on 2,200 rows of many columns."""
    few = partial(lmc, kernels=2, kappa=False)
    ways: dict[str, tuple[Callable[[TaskData], Model], int]] = {"alone": (independent, 1)}
    ways["groups of 10"] = partial(icm, noise="per task"), 10
    ways["sparse, two functions"] = lambda data: sparse(few(data), inducing=40), columns
    print(about(), f"the first {columns} columns; CPU seconds are of these", sep="\n")
    for own in (True, False):
        data, truth = long(own, columns)
        gone, table = ~data.observed.numpy(), pd.DataFrame(data.y.numpy())
        print("shared curves and own ones" if own else "two shared curves alone")

        def said(name: str, mean: np.ndarray, seconds: float, gone=gone, truth=truth) -> None:
            print(f"  {name}: RMSE {np.sqrt(((mean - truth)[gone] ** 2).mean()):.3f}, {seconds:.0f} CPU s", flush=True)

        said("mean", table.fillna(table.mean()).to_numpy(), 0)
        said("line", table.interpolate(limit_direction="both").to_numpy(), 0)
        for name, (make, size) in ways.items():
            said(name, *filled_by(make, data, size))


if __name__ == "__main__":
    roads() if sys.argv[1:] == ["roads"] else evaluations()
