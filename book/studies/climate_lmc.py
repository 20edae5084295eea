"""Would a second kernel help on the climate stations? mtgp_tutorial/datasets/studies/climate_lmc.csv.

Two tasks, a third of the stations without counts, twenty splits, four models. Shown in book/cases.ipynb.
"""

from functools import partial

from climate import split
from gpytorch.kernels import MaternKernel
from running import run

from mtgp_tutorial import fit, icm, independent, lmc, predict, scores

METHODS = {
    "own": independent,
    "ICM": partial(icm, noise="per task"),
    "ICM, full noise": lambda data, kernel: icm(data, noise="full", kernel=kernel),
    "LMC": lambda data, kernel: lmc(data, kernels=[kernel, kernel]),
}


def rows(number, method):
    """Mean scores of both tasks at the stations without counts; the length-scales, in degrees."""
    seen, hidden = split("stations, 2 tasks", number)
    fitted = fit(METHODS[method](seen, kernel=MaternKernel(nu=1.5, ard_num_dims=2)))
    table = scores.table(predict(fitted, hidden.x), hidden, seen)[["SMSE", "NLPD", "CRPS", "coverage"]].mean()
    lengths = {f"length {i + 1}": length for i, length in enumerate(fitted.length_scales[:4])}
    return [{"split": number, "cluster": number, "method": method, **table, **lengths}]


if __name__ == "__main__":
    run(__file__, ((number, method) for number in range(20) for method in METHODS))
