"""US macro series: outages, scattered cells and whole quarters, in mtgp_tutorial/datasets/studies/us_macro.csv.

    python book/studies/us_macro.py             # all, about 35 minutes on one core
    python book/studies/us_macro.py gap 0 2     # prints trials 0 and 1 of one kind, stores nothing

Values are 100 times the logarithm, less a straight line fitted to the seen cells. The chapter on independent tasks
recomputes the first trials and asserts that they agree with the stored rows.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import torch
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import datasets, detrend, fit, icm, impute, independent, lmc, scores

RESULT = Path(datasets.__file__).parent / "studies" / "us_macro.csv"
MACRO = datasets.us_macro()
LOGS = replace(MACRO, y=100 * MACRO.y.log(), units=["%"] * 3)
GAPS = [(task, start) for task in LOGS.tasks for start in (1962, 1972, 1982, 1992, 2002)]
TRIALS = {"gap": len(GAPS), "cells": 10, "quarters": 10}
ARMS = {
    "independent, own": independent,
    "independent, shared": lambda data, **kwargs: independent(data, hyper="shared", **kwargs),
    "ICM": icm,
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


def rows(kind, trial, arm):
    """Scores of one arm in one trial, one row for each task that had hidden cells."""
    seen, hidden = detrend(*hide(kind, trial))
    fitted = fit(ARMS[arm](seen, kernel=MaternKernel(nu=1.5)))
    table = scores.table(impute(fitted), hidden, seen)
    table.index = [task for task in LOGS.tasks if hidden.observed[:, LOGS.task_index(task)].any()]
    return [{"kind": kind, "trial": trial, "task": task, "arm": arm, **table.loc[task]} for task in table.index]


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    if len(sys.argv) > 1:
        wanted = [(sys.argv[1], trial) for trial in range(*map(int, sys.argv[2:4]))]
    else:
        wanted = [(kind, trial) for kind, number in TRIALS.items() for trial in range(number)]
    wanted = [(kind, trial, arm) for kind, trial in wanted for arm in ARMS if arm != "LMC" or kind == "gap"]
    table = pd.DataFrame([row for one in wanted for row in rows(*one)])
    text = table.to_csv(index=False, float_format="%.6g")
    if len(sys.argv) > 1:
        print(text)
    else:
        RESULT.write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
