"""Two length-scales again: full noise, and the bands of `parts`. mtgp_tutorial/datasets/studies/two_scales_parts.csv.

The tables are those of `two_scales`, 50 seeds. "ICM, full noise": its scores in the gap. The other methods say which
share of the true slow and fast values of each task lies outside a 2-sd band, on the rows outside the gap: of the
fitted LMC; of the same with one number changed, the correlation of its slow matrix, to that of the truth; of the true
parameters; and of the true parameters with a slow correlation of 1. "cross 0" and "cross 1" are the empirical
correlations of the two tasks in the same row and in neighbouring ones. Shown in book/lmc.ipynb and
book/matrix.ipynb.
"""

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from running import run
from two_scales import B_FAST, B_SLOW, FAST, SEEDS, SIGMA, SLOW, X, rbf, two_scales

from mtgp_tutorial import empirical_correlation, fit, icm, impute, lmc, scores, simulate

TRUTH = {"lengths": (SLOW, FAST), "Bs": (B_SLOW.numpy(), B_FAST.numpy()), "Sigma": SIGMA.numpy(), "mean": np.zeros(2)}
OUTSIDE_GAP = np.r_[0:160, 200:360]


def true_parts(seed):
    """The slow and the fast values that `two_scales` adds up, [2, 360, 2]."""
    slow, _ = simulate.draw_icm(X, rbf(SLOW), B_SLOW, SIGMA, seed=2 * seed)
    fast, _ = simulate.draw_icm(X, rbf(FAST), B_FAST, SIGMA, seed=2 * seed + 1)
    return np.stack([slow.y.numpy(), fast.y.numpy()])


def bands(y, lengths, Bs, Sigma, mean):
    """Posterior mean and sd of each part at all rows, [2, 360, 2] each, by dense numpy; y may have holes."""
    seen, apart = ~np.isnan(y).flatten(), np.subtract.outer(X.numpy(), X.numpy())
    terms = [np.kron(np.exp(-0.5 * (apart / length) ** 2), B) for length, B in zip(lengths, Bs)]
    C = (sum(terms) + np.kron(np.eye(len(y)), Sigma))[seen][:, seen]
    inverse, residual, found = np.linalg.inv(C), (y - mean).flatten()[seen], []
    for term in terms:
        weights = term[:, seen] @ inverse
        variance = term.diagonal() - (weights * term[:, seen]).sum(1)
        found.append(((weights @ residual).reshape(-1, 2), np.sqrt(variance.clip(0)).reshape(-1, 2)))
    return tuple(map(np.stack, zip(*found)))


def with_correlation(B, rho):
    """B with another correlation and the same variances."""
    off = rho * np.sqrt(B[0, 0] * B[1, 1])
    return np.array([[B[0, 0], off], [off, B[1, 1]]])


def outside(seed, y, parameters):
    """Share of true values outside the band, on the rows outside the gap: part by task."""
    mean, sd = bands(y, **parameters)
    missed = np.abs(true_parts(seed) - mean) > 2 * sd
    shares = missed[:, OUTSIDE_GAP].mean(1)
    return {f"{part} {t + 1}": shares[q, t] for q, part in enumerate(("slow", "fast")) for t in range(2)}


def known(seed, seen):
    """The methods that need no fit, and the look at the table."""
    y, look = seen.y.numpy(), empirical_correlation(seen, (0, 1))["task 1", "task 2"]
    crosses = {f"cross {h}": look.loc[h] for h in (0, 1)}
    one = TRUTH | {"Bs": (with_correlation(TRUTH["Bs"][0], 1.0), TRUTH["Bs"][1])}
    return {
        "truth": {"slow correlation": 0.8 / 0.8**0.5} | outside(seed, y, TRUTH) | crosses,
        "truth, slow correlation 1": {"slow correlation": 1.0} | outside(seed, y, one),
    }


def rows(seed):
    """One row for each method."""
    seen, hidden = two_scales(seed)
    y = seen.y.numpy()
    full, two = fit(icm(seen, noise="full", kernel=RBFKernel())), fit(lmc(seen, kernels=[RBFKernel(), RBFKernel()]))
    table = scores.table(impute(full), hidden, seen).iloc[0][["SMSE", "NLPD", "CRPS", "coverage"]]
    means = two.model.scale.to_data(torch.stack([base.constant.detach() for base in two.model.mean.base_means]))
    order = np.argsort(two.length_scales)[::-1]
    fitted = {
        "lengths": [two.length_scales[q] for q in order],
        "Bs": [two.Bs[q].to_numpy() for q in order],
        "Sigma": two.Sigma.to_numpy(),
        "mean": means.numpy().flatten(),
    }
    slow, fast = fitted["Bs"]
    correlations = [float(B[0, 1] / np.sqrt(B[0, 0] * B[1, 1])) for B in (slow, fast)]
    mended = fitted | {"Bs": (with_correlation(slow, 0.8 / 0.8**0.5), fast)}
    found = {
        "ICM, full noise": {**table, "log likelihood": full.log_likelihood}
        | {"noise correlation": full.noise_correlation.iloc[0, 1]},
        "LMC": {"log likelihood": two.log_likelihood, "slow correlation": correlations[0]}
        | {"fast correlation": correlations[1]}
        | outside(seed, y, fitted),
        "LMC, true slow correlation": {"slow correlation": 0.8 / 0.8**0.5} | outside(seed, y, mended),
    }
    return [
        {"seed": seed, "cluster": seed, "method": method, **row} for method, row in (found | known(seed, seen)).items()
    ]


if __name__ == "__main__":
    run(__file__, ((seed,) for seed in range(SEEDS)))
