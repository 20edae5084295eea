"""The last quarter of one US series from the other two: mtgp_tutorial/datasets/studies/nowcast.csv.

Models are fitted once, to 1959-1989, with the trend of these years removed. Each later quarter is then predicted from
all quarters before it and from the two other series in it. The method "regression" is ordinary least squares, the
growth of the series on that of the other two, fitted to the same years. Clusters are blocks of four years.
"""

from dataclasses import replace

import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from running import run
from us_macro import LOGS

from mtgp_tutorial import detrend, fit, impute, scores
from mtgp_tutorial.tables import standard_methods

START, YEARS = 1990, 4  # first quarter that is predicted, years in a cluster
METHODS = ("independent, shared", "ICM", "ICM, full noise", "regression")


def tables():
    """The table to fit and the later rows, without the trend of the first."""
    before = LOGS.x[:, 0] < START
    return detrend(*(replace(LOGS, x=LOGS.x[rows], y=LOGS.y[rows]) for rows in (before, ~before)))


def by_model(method, t):
    """Mean and variance [M] of the last cell of task t, given all before it, for each later quarter."""
    past, later = tables()
    fitted, found = fit(standard_methods(MaternKernel(nu=1.5))[method](past)), []
    for now in range(len(later.x)):
        y = later.y[: now + 1].clone()
        y[now, t] = torch.nan
        filled = impute(fitted, replace(later, x=later.x[: now + 1], y=y))
        found.append((filled.mean[now, t].item(), filled.variance[now, t].item()))
    return np.array(found).T


def by_regression(t):
    """The same from growth rates."""
    past, later = tables()
    level = np.concatenate([past.y, later.y])
    growth, known = np.diff(level, axis=0), len(past.y) - 1
    others = np.column_stack([np.ones(len(growth)), np.delete(growth, t, axis=1)])
    slopes, (squares,), *_ = np.linalg.lstsq(others[:known], growth[:known, t])
    variance = squares / (known - others.shape[1])
    return level[known:-1, t] + others[known:] @ slopes, np.full(len(later.y), variance)


def rows(method, t):
    """One row for each quarter."""
    _, later = tables()
    mean, variance = map(torch.as_tensor, by_regression(t) if method == "regression" else by_model(method, t))
    found = []
    for now, quarter in enumerate(later.x[:, 0].tolist()):
        cell = mean[now : now + 1], variance[now : now + 1], later.y[now : now + 1, t]
        named = {
            "quarter": quarter,
            "cluster": int((quarter - START) // YEARS),
            "task": LOGS.tasks[t],
            "method": method,
        }
        error, sd = float(cell[2] - cell[0]), float(cell[1].sqrt())
        found.append(
            named | {"error": error, "sd": sd, "NLPD": float(scores.nlpd(*cell)), "CRPS": float(scores.crps(*cell))}
        )
    return found


if __name__ == "__main__":
    run(__file__, ((method, t) for t in range(3) for method in METHODS))
