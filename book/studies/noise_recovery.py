"""How well is the noise correlation learnt? mtgp_tutorial/datasets/studies/noise_recovery.csv.

    python book/studies/noise_recovery.py          # all of it, about 20 minutes on one core

Two sines, noise of standard deviation 0.1 with a correlation of 0.3; ICM with a full Sigma; maximum likelihood
and with priors. The column "direct" is the sample correlation of the noise itself, which no one sees in practice.
"""

import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial import datasets, fit, icm, simulate

RESULT = Path(datasets.__file__).parent / "studies" / "noise_recovery.csv"


def recovered(n, seed):
    """Noise correlation and standard deviations of two fits, and what the noise alone would have told."""
    data = simulate.two_sines(n, seed=seed)
    noise = data.y - simulate.sines(data.x[:, 0]).y
    direct = float(torch.corrcoef(noise.T)[0, 1])
    rows = []
    for label, priors in (("ML", False), ("priors", True)):
        fitted = fit(icm(data, noise="full"), priors=priors)
        sd = np.sqrt(np.diag(fitted.Sigma))
        row = {"n": n, "seed": seed, "fit": label, "noise correlation": fitted.noise_correlation.iloc[0, 1]}
        row |= {"noise sd 1": sd[0], "noise sd 2": sd[1], "on floor": len(fitted.on_floor), "direct": direct}
        rows.append(row)
    return rows


def main():
    torch.set_num_threads(1)
    table = pd.DataFrame([row for n in (10, 25, 50, 100, 300) for seed in range(60) for row in recovered(n, seed)])
    RESULT.write_text(table.to_csv(index=False, float_format="%.6g"), encoding="utf8")


if __name__ == "__main__":
    main()
