"""Sixteen outages on the Great Lakes, a row for each outage and arm in mtgp_tutorial/datasets/studies/great_lakes.csv.

    python book/studies/great_lakes.py          # all of them, about 15 minutes on one core

Each lake in turn loses four separate stretches of fifteen years, one at a time. The chapter on the ICM
recomputes one outage and asserts that it agrees with the stored rows.
"""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import torch
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import datasets, fit, icm, impute, independent, lmc, scores

RESULT = Path(datasets.__file__).parent / "studies" / "great_lakes.csv"
STARTS, YEARS = (1923, 1945, 1967, 1989), 15

ARMS = {
    "independent, own": lambda data: independent(data, kernel=MaternKernel(nu=1.5)),
    "independent, shared": lambda data: independent(data, hyper="shared", kernel=MaternKernel(nu=1.5)),
    "ICM": lambda data: icm(data, kernel=MaternKernel(nu=1.5)),
    "ICM, full noise": lambda data: icm(data, noise="full", kernel=MaternKernel(nu=1.5)),
    "LMC": lambda data: lmc(data, kernels=[MaternKernel(nu=1.5) for _ in range(3)]),
}


def outage(lakes, lake, start):
    """Scores of every arm on one outage, given the other lakes in those years."""
    seen, hidden = lakes.hide(lake, start, start + YEARS - 1)
    fits = {name: fit(build(seen)) for name, build in ARMS.items()}
    table = scores.table({name: impute(fitted) for name, fitted in fits.items()}, hidden, seen)
    table = table.droplevel("task").rename_axis("arm").reset_index()
    table.insert(0, "start", start)
    table.insert(0, "lake", lake)
    return table.assign(on_floor=[len(fitted.on_floor) for fitted in fits.values()])


def main():
    torch.set_num_threads(1)
    lakes = datasets.great_lakes()
    table = pd.concat([outage(lakes, lake, start) for lake in lakes.tasks for start in STARTS])
    RESULT.write_text(table.to_csv(index=False, float_format="%.6g"), encoding="utf8")


if __name__ == "__main__":
    main()
