"""What `next_cells` loses by taking one cell after the other: beside the best set, and beside sets at random.

python tools/benchmarks/next_cells.py    # prints two tables; ten seconds

Ten tables of 20 rows and 3 tasks, drawn from an ICM with full noise, which is fitted again. The first task has a gap of
eight rows, of the others a third of the cells is missing. Wanted are the y in the gap; 12 of all missing cells may be
read. First
three of them at equal prices; then, at prices between 0.5 and 2, as many as a budget of 3 buys: `next_cells` takes the
next cell in its order that the rest of the budget can pay. "best" is the set that leaves the least variance, of all
sets; "random" the mean of all sets of three, or of all sets to which no affordable cell could be added. All are shares
of the variance before.
"""

from __future__ import annotations

from common import about  # first: it sets the number of threads

from itertools import combinations  # isort: skip

import numpy as np  # isort: skip
import pandas as pd  # isort: skip
import torch  # isort: skip
from gpytorch.kernels import MaternKernel  # isort: skip

from mtgp_tutorial import fit, icm, impute, next_cells, simulate  # isort: skip

ROWS, TASKS, MAY_BE_READ, COUNT, BUDGET = 20, 3, 12, 3, 3.0


def question(seed: int):
    """A fit, what is wanted, the candidates and the prices [N, T]."""
    rng = np.random.default_rng(seed)
    W = torch.as_tensor(rng.normal(size=(TASKS, 2)))
    kernel = MaternKernel(nu=1.5).double()
    kernel.lengthscale = 3.0
    Sigma = 0.05 * (torch.ones(TASKS, TASKS) + torch.eye(TASKS))
    _, data = simulate.draw_icm(np.arange(ROWS), kernel, W @ W.T + 0.1 * torch.eye(TASKS), Sigma, seed=seed)
    missing = rng.random((ROWS, TASKS)) < 1 / 3
    missing[:, 0] = (np.arange(ROWS) >= 6) & (np.arange(ROWS) < 14)
    seen = data.split(torch.as_tensor(missing))[0]
    candidates = np.zeros((ROWS, TASKS), dtype=bool)
    candidates.flat[rng.permutation(np.flatnonzero(missing))[:MAY_BE_READ]] = True
    wanted = missing & (np.arange(TASKS) == 0)
    return fit(icm(seen, noise="full")), wanted, candidates, rng.uniform(0.5, 2, (ROWS, TASKS))


def shares(seed: int):
    """Shares of the variance that are left: by next_cells, the best set, the mean set; equal prices, and others."""
    fitted, wanted, candidates, prices = question(seed)
    said = impute(fitted, covariance=True)
    cells = [] if said.cells is None else list(said.cells)
    rows = np.array([row for row, _ in cells])
    tasks = np.array([fitted.model.data.task_index(task) for _, task in cells])
    sd = fitted.model.scale.sd.numpy()[tasks]
    C = np.asarray(said.covariance) / np.outer(sd, sd)
    want, read = wanted[rows, tasks], np.flatnonzero(candidates[rows, tasks])
    price = prices[rows, tasks][read]

    def left(chosen) -> float:
        at = read[list(chosen)]
        gain = np.linalg.solve(C[np.ix_(at, at)], C[np.ix_(at, want)])
        return 1 - np.sum(gain * C[np.ix_(at, want)]) / np.trace(C[np.ix_(want, want)])

    def rest(chosen) -> float:
        return BUDGET - price[list(chosen)].sum()

    def in_order(found):
        places = {(row, task): n for n, (row, task) in enumerate(zip(rows[read], tasks[read]))}
        return [places[row, fitted.model.data.task_index(task)] for row, task in zip(found["row"], found["task"])]

    ask = {"wanted": wanted, "candidates": candidates, "noise": True}
    sets = list(combinations(range(MAY_BE_READ), COUNT))
    alike = left(in_order(next_cells(fitted, **ask, count=COUNT))), [left(one) for one in sets]
    taken: list[int] = []
    for cell in in_order(next_cells(fitted, **ask, cost=prices, count=MAY_BE_READ)):
        taken += [cell] if rest([*taken, cell]) >= 0 else []
    sets = [one for k in range(1, MAY_BE_READ + 1) for one in combinations(range(MAY_BE_READ), k) if rest(one) >= 0]
    sets = [one for one in sets if all(rest([*one, n]) < 0 for n in set(range(MAY_BE_READ)) - set(one))]
    priced = left(taken), [left(one) for one in sets]
    for greedy, others in (alike, priced):
        yield {"next cells": greedy, "best": min(others), "random": np.mean(others), "sets": len(others)}


if __name__ == "__main__":
    print(about())
    for name, table in zip(("three of twelve, equal prices", "prices, a budget of 3"), zip(*map(shares, range(10)))):
        found = pd.DataFrame(table)
        found["next cells / best"] = found["next cells"] / found["best"]
        print(f"\n{name}\n{found.round(3).to_string()}\n{found.mean().round(3).to_dict()}")
