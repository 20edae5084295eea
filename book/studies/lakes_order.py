"""How many kernels, and which rank, for four lakes? mtgp_tutorial/datasets/studies/lakes_order.csv.

    python book/studies/lakes_order.py          # all, about 20 minutes on one core
    python book/studies/lakes_order.py Erie     # prints one lake, stores nothing

Eight outages of fifteen years, two for each lake. Each model is fitted to what is left; its log marginal likelihood and
its score in the gap stand side by side. Q = 1 is the ICM. The chapter on the LMC recomputes one row and compares.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import torch
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import datasets, fit, impute, lmc, scores

RESULT = Path(datasets.__file__).parent / "studies" / "lakes_order.csv"
LAKES = datasets.great_lakes()
STARTS, YEARS = (1945, 1989), 15
ORDERS = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)]  # number of kernels, rank of each


def row(lake, start, kernels, rank):
    """One fit: what it reached on the seen cells, and what it was worth in the gap."""
    seen, hidden = LAKES.hide(lake, start, start + YEARS - 1)
    fitted = fit(lmc(seen, kernels=[MaternKernel(nu=1.5) for _ in range(kernels)], rank=rank))
    table = scores.table(impute(fitted), hidden, seen).iloc[0][["SMSE", "NLPD", "CRPS", "coverage"]]
    first = {"lake": lake, "start": start, "Q": kernels, "R": rank, "arm": f"Q = {kernels}, R = {rank}"}
    numbers = {"numbers": sum(p.numel() for p in lmc(seen, kernels=kernels, rank=rank).parameters() if p.requires_grad)}
    return first | numbers | {"log likelihood": fitted.log_likelihood, **table}


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    lakes = sys.argv[1:] or LAKES.tasks
    table = pd.DataFrame([row(lake, start, *order) for lake in lakes for start in STARTS for order in ORDERS])
    text = table.to_csv(index=False, float_format="%.6g")
    if len(sys.argv) > 1:
        print(text)
    else:
        RESULT.write_text(text, encoding="utf8")


if __name__ == "__main__":
    main()
