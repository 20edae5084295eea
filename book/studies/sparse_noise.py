"""Does the sparse bound learn a noise correlation? mtgp_tutorial/datasets/studies/sparse_noise.csv.

100 rows of three tasks from the LMC of sparse_bound.py, a fifth of the cells hidden, the noise of a row correlated by 0
or 0.7 between each pair of tasks; lmc(kernels=2, kappa=False, noise="full") with fit's defaults but two starts, exact
and with 32 inducing inputs. One row for each pair of tasks.
"""

from itertools import combinations

from gpytorch.kernels import RBFKernel
from running import run
from sparse_bound import table

from mtgp_tutorial import fit, lmc, sparse


def rows(truth, seed):
    """The noise correlation of each pair, by the exact fit and by the bound."""
    seen, _ = table(1000 + seed, 100, truth)
    found = []
    for method in ("exact", "M = 32"):
        model = lmc(seen, kernels=[RBFKernel(), RBFKernel()], kappa=False, noise="full")
        fitted = fit(model if method == "exact" else sparse(model, 32), starts=2)
        for s, t in combinations(range(3), 2):
            row = {"truth": truth, "seed": seed, "cluster": seed, "method": method, "pair": f"{s + 1}, {t + 1}"}
            row |= {"noise correlation": fitted.noise_correlation.iloc[s, t], "on floor": len(fitted.on_floor)}
            found.append(row | {"log likelihood": fitted.log_likelihood})
    return found


if __name__ == "__main__":
    run(__file__, ((truth, seed) for truth in (0.0, 0.7) for seed in range(50)))
