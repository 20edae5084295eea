"""US macro series: outages, scattered cells and whole quarters, in mtgp_tutorial/datasets/studies/us_macro.csv.

Values are 100 times the logarithm, less a straight line fitted to the seen cells. Shown in
book/independent.ipynb.
"""

from dataclasses import replace
from functools import partial

import torch
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import datasets, detrend, fit, icm, impute, independent, lmc, scores

MACRO = datasets.us_macro()
LOGS = replace(MACRO, y=100 * MACRO.y.log(), units=["%"] * 3)
GAPS = [(task, start) for task in LOGS.tasks for start in (1962, 1972, 1982, 1992, 2002)]
TRIALS = {"gap": len(GAPS), "cells": 10, "quarters": 10}
METHODS = {
    "independent, own": independent,
    "independent, shared": lambda data, **kwargs: independent(data, hyperparameters="shared", **kwargs),
    "ICM": partial(icm, noise="per task"),
    "LMC": lambda data, kernel: lmc(data, kernels=[kernel, kernel]),  # for gaps only: a fit takes a minute
}


def hide(kind, trial):
    """Seen and hidden table: a gap of twelve quarters in one task, a third of all cells, or a third of all quarters."""
    if kind == "gap":
        task, start = GAPS[trial]
        return LOGS.hide(task, start, start + 2.75)
    generator = torch.Generator().manual_seed(trial)
    shape = LOGS.y.shape if kind == "cells" else (len(LOGS.y), 1)
    return LOGS.split((torch.rand(shape, generator=generator) < 1 / 3).expand(LOGS.y.shape))


def rows(kind, trial, method):
    """Scores of one method in one trial, one row for each task that had hidden cells."""
    seen, hidden = detrend(*hide(kind, trial))
    fitted = fit(METHODS[method](seen, kernel=MaternKernel(nu=1.5)))
    table = scores.table(impute(fitted), hidden, seen)
    table.index = [task for task in LOGS.tasks if hidden.observed[:, LOGS.task_index(task)].any()]
    cluster = GAPS[trial][1] if kind == "gap" else trial  # the years that are hidden, or the split
    return [
        {"kind": kind, "trial": trial, "cluster": cluster, "task": task, "method": method, **table.loc[task]}
        for task in table.index
    ]


if __name__ == "__main__":
    trials = [(kind, trial, method) for kind, number in TRIALS.items() for trial in range(number) for method in METHODS]
    run(__file__, [trial for trial in trials if trial[0] == "gap" or trial[2] != "LMC"])
