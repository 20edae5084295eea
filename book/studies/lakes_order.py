"""How many kernels, and which rank, for four lakes? mtgp_tutorial/datasets/studies/lakes_order.csv.

Eight outages of fifteen years, two for each lake. Each model is fitted to what is left; its log marginal likelihood and
its score in the gap stand side by side. Q = 1 is the ICM. Shown in book/matrix.ipynb.
"""

from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import datasets, fit, impute, lmc, scores

LAKES = datasets.great_lakes()
STARTS, YEARS = (1945, 1989), 15
ORDERS = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)]  # number of kernels, rank of each


def rows(lake, start, kernels, rank):
    """One fit: what it reached on the seen cells, and what it was worth in the gap."""
    seen, hidden = LAKES.hide(lake, start, start + YEARS - 1)
    fitted = fit(lmc(seen, kernels=[MaternKernel(nu=1.5) for _ in range(kernels)], rank=rank))
    table = scores.table(impute(fitted), hidden, seen).iloc[0][["SMSE", "NLPD", "CRPS", "coverage"]]
    first = {
        "lake": lake,
        "start": start,
        "cluster": start,
        "Q": kernels,
        "R": rank,
        "method": f"Q = {kernels}, R = {rank}",
    }
    numbers = {"numbers": sum(p.numel() for p in lmc(seen, kernels=kernels, rank=rank).parameters() if p.requires_grad)}
    return [first | numbers | {"log likelihood": fitted.log_likelihood, **table}]


if __name__ == "__main__":
    run(__file__, ((lake, start, *order) for lake in LAKES.tasks for start in STARTS for order in ORDERS))
