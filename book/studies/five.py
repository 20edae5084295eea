"""Twenty holes of twelve years in the example file, a row for each hole and method in datasets/studies/five.csv.

Each lake in turn loses five separate stretches, like the longest hole that the file has; all other holes stay. Shown
in book/five.ipynb.
"""

import pandas as pd
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import TaskData, datasets, fit, icm, impute, independent, scores

FRAME = pd.read_csv(datasets.example_csv())
YEARS = [int(date[:4]) + 0.5 for date in FRAME.pop("date")]
LAKES = TaskData(YEARS, FRAME.set_axis([name.removesuffix(" (m)") for name in FRAME], axis=1), units=["m"] * 4)
STARTS, LENGTH = (1932, 1958, 1970, 1982, 1994), 12

METHODS = {
    "alone": lambda data: independent(data, hyperparameters="shared", kernel=MaternKernel(nu=1.5)),
    "together": lambda data: icm(data, noise="full", kernel=MaternKernel(nu=1.5)),
}


def rows(lake, start):
    """Scores of both methods on one hole."""
    seen, hidden = LAKES.hide(lake, start, start + LENGTH)
    filled = {name: impute(fit(build(seen))) for name, build in METHODS.items()}
    table = scores.table(filled, hidden, seen).droplevel("task").rename_axis("method").reset_index()
    table.insert(0, "start", start)
    table.insert(0, "lake", lake)
    return table.assign(cluster=start)


if __name__ == "__main__":
    run(__file__, ((lake, start) for lake in LAKES.tasks for start in STARTS))
