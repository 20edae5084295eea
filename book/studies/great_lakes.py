"""Sixteen outages on the Great Lakes, a row for each outage and method in
mtgp_tutorial/datasets/studies/great_lakes.csv.

Each lake in turn loses four separate stretches of fifteen years, one at a time. Shown in
book/icm.ipynb and book/compare.ipynb.
"""

from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import datasets, fit, icm, impute, independent, lmc, scores

LAKES = datasets.great_lakes()
STARTS, YEARS = (1923, 1945, 1967, 1989), 15

METHODS = {
    "independent, own": lambda data: independent(data, kernel=MaternKernel(nu=1.5)),
    "independent, shared": lambda data: independent(data, hyperparameters="shared", kernel=MaternKernel(nu=1.5)),
    "ICM": lambda data: icm(data, noise="per task", kernel=MaternKernel(nu=1.5)),
    "ICM, full noise": lambda data: icm(data, noise="full", kernel=MaternKernel(nu=1.5)),
    "LMC": lambda data: lmc(data, kernels=[MaternKernel(nu=1.5) for _ in range(3)]),
}


def rows(lake, start):
    """Scores of every method on one outage, given the other lakes in those years."""
    seen, hidden = LAKES.hide(lake, start, start + YEARS - 1)
    fits = {name: fit(build(seen)) for name, build in METHODS.items()}
    table = scores.table({name: impute(fitted) for name, fitted in fits.items()}, hidden, seen)
    table = table.droplevel("task").rename_axis("method").reset_index()
    table.insert(0, "start", start)
    table.insert(0, "lake", lake)
    return table.assign(cluster=start, on_floor=[len(fitted.on_floor) for fitted in fits.values()])


if __name__ == "__main__":
    run(__file__, ((lake, start) for lake in LAKES.tasks for start in STARTS))
