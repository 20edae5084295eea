"""Where the noise prior is wrong: mtgp_tutorial/datasets/studies/noise_levels.csv.

    python book/studies/noise_levels.py         # all, about 10 minutes on one core

Two sines with ten and fifty rows and six true noises, from a thousandth of the signal's amplitude to all of it; an ICM
with noise per task, by maximum likelihood and with priors. The chapter on priors recomputes two rows.
"""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import datasets, fit, icm, predict, scores, simulate

RESULT = Path(datasets.__file__).parent / "studies" / "noise_levels.csv"
ROWS, SEEDS, LEVELS = (10, 50), range(100, 140), (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)


def rows(n, noise_sd, seed):
    """Scores of fresh noisy values, and the estimated noise, of both fits."""
    data = simulate.two_sines(n, noise_sd=noise_sd, seed=seed)
    fresh = simulate.two_sines(101, noise_sd=noise_sd, seed=10_000 + seed)
    found = []
    for label, priors in (("ML", False), ("priors", True)):
        fitted = fit(icm(data), priors=priors)
        table = scores.table(predict(fitted, fresh.x), fresh, data).mean()
        sd = float(np.sqrt(np.diag(fitted.Sigma)).mean())
        row = {"n": n, "noise sd": noise_sd, "seed": seed, "fit": label, "estimated sd": sd}
        found.append(row | {name: table[name] for name in ("MSE", "NLPD", "coverage")})
    return found


def main():
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    table = pd.DataFrame([row for n in ROWS for level in LEVELS for seed in SEEDS for row in rows(n, level, seed)])
    RESULT.write_text(table.to_csv(index=False, float_format="%.6g"), encoding="utf8")


if __name__ == "__main__":
    main()
