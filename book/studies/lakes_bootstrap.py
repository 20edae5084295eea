"""Do 35 numbers make bands too narrow? A parametric bootstrap: mtgp_tutorial/datasets/studies/lakes_bootstrap.csv.

An LMC of three kernels is fitted to the lakes with 1923 to 1937 of one lake hidden. Tables are drawn from that fit,
the same cells hidden, and models fitted again: in these tables the relation of the lakes is the same in all years.
"as drawn" knows the parameters. Shown in book/matrix.ipynb.
"""

import numpy as np
import torch
from great_lakes import LAKES, METHODS, YEARS
from running import run

from mtgp_tutorial import Prediction, TaskData, fit, impute, scores

START, DRAWS = 1923, 5
FITTED = ("ICM", "ICM, full noise", "LMC")


def covariance(fitted):
    """Mean [N*T] and covariance of all cells, data units, by Kronecker products."""
    model, N = fitted.model, len(LAKES.x)
    with torch.no_grad():
        C = sum(torch.kron(K, B) for K, B in model.terms(model.unit.x))
        C = C + torch.kron(torch.eye(N).double(), model.Sigma())
        mean = model.scale.to_data(model.mean(model.unit.x))
    sd = model.scale.sd.repeat(N)
    return mean.flatten().numpy(), (C * torch.outer(sd, sd)).numpy()


def rows(lake, draw):
    """One drawn table: scores of the models fitted to it, and of the parameters that made it."""
    end = START + YEARS - 1
    source = fit(METHODS["LMC"](LAKES.hide(lake, START, end)[0]))
    mean, C = covariance(source)
    rng = np.random.default_rng([LAKES.task_index(lake), draw])
    y = (mean + np.linalg.cholesky(C) @ rng.standard_normal(len(C))).reshape(LAKES.y.shape)
    seen, hidden = TaskData(LAKES.x, y, LAKES.tasks, LAKES.units).hide(lake, START, end)
    answers = {name: impute(fit(METHODS[name](seen))) for name in FITTED}
    known = seen.observed.flatten().numpy()
    weights = np.linalg.solve(C[known][:, known], C[known]).T
    told, left = mean + weights @ (y.flatten() - mean)[known], C.diagonal() - (weights * C[:, known]).sum(1)
    told, left = (torch.as_tensor(v.reshape(y.shape)) for v in (told, left.clip(0)))
    answers["as drawn"] = Prediction(LAKES.x, told, left, LAKES.tasks, LAKES.units, True)
    table = scores.table(answers, hidden, seen).droplevel("task").rename_axis("method").reset_index()
    table = table[["method", "SMSE", "NLPD", "CRPS", "coverage"]]
    table.insert(0, "cluster", f"{lake} {draw}")
    table.insert(0, "draw", draw)
    table.insert(0, "lake", lake)
    return table


if __name__ == "__main__":
    run(__file__, ((lake, draw) for lake in LAKES.tasks for draw in range(DRAWS)))
