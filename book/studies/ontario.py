"""A gap in Lake Ontario that begins in each of five years: mtgp_tutorial/datasets/studies/ontario.csv.

A search for a gap in which an ICM loses. Shown in book/icm.ipynb.
"""

from functools import partial

from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import datasets, fit, icm, impute, independent, scores

METHODS = {
    "independent, shared": lambda data, kernel: independent(data, hyperparameters="shared", kernel=kernel),
    "ICM": partial(icm, noise="per task"),
}


def rows(start, method):
    """Scores of one method in the fifteen years from `start`; the five gaps overlap, so they are one cluster."""
    seen, hidden = datasets.great_lakes().hide("Ontario", start, start + 14)
    fitted = fit(METHODS[method](seen, kernel=MaternKernel(nu=1.5)))
    table = scores.table(impute(fitted), hidden, seen).iloc[0][["SMSE", "NLPD", "coverage"]]
    return [{"start": start, "cluster": "1983 to 2001", "method": method, **table}]


if __name__ == "__main__":
    run(__file__, ((start, method) for start in range(1983, 1988) for method in METHODS))
