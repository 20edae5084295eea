"""What averaging over parameters costs, and how near so few draws come to many: about four minutes.

python tools/benchmarks/averaging.py

Full noise and Matern 3/2 on four tables with hidden cells. `average` at its defaults (80 draws of 4 runs), five seeds,
against 1,600 draws of 8 runs: evaluations of the density, all runs together; effective size of the number that mixes
worst; over the hidden cells the root mean square of (mean less that of many draws) over its sd, and of (ratio of sds
less 1); the same for the fit alone; CPU seconds of the fit, and of draws with one answer each.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "book" / "studies")]

import common  # noqa: F401 - first: it sets the number of threads
import comparison
import numpy as np
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import TaskData, average, datasets, fit, icm, impute, simulate

SEEDS = range(5)


def tables() -> dict[str, tuple[TaskData, TaskData]]:
    """Seen and hidden, by name."""
    economy = datasets.us_macro()
    return {
        "two sines, 20 x 2": simulate.two_sines(20, seed=1).hide("sine", 0.3, 0.7),
        "Peru, 61 x 4": comparison.el_nino(0),
        "lakes, 92 x 4": datasets.great_lakes().hide("Erie", 1932, 1943),
        "economy, 203 x 3": economy.hide("GDP", float(economy.x[60]), float(economy.x[75])),
    }


def row(name: str, seen: TaskData, hidden: TaskData) -> str:
    began = time.process_time()
    fitted = fit(icm(seen, noise="full", kernel=MaternKernel(nu=1.5)))
    of_fit, gap = time.process_time() - began, hidden.observed
    many = impute(average(fitted, draws=1600, runs=8, seed=99))

    def off(answer) -> list[float]:
        mean, sd = ((answer.mean - many.mean) / many.sd)[gap], (answer.sd / many.sd)[gap] - 1
        return [float((v**2).mean() ** 0.5) for v in (mean, sd)]

    found = []
    for seed in SEEDS:
        began = time.process_time()
        averaged = average(fitted, seed=seed)
        answer = impute(averaged)
        took = time.process_time() - began
        found.append([averaged.evaluations, averaged.mixing["ESS"].min(), *off(answer), took])
    evaluations, size, mean, sd, took = np.mean(found, 0)
    alone = off(impute(fitted))
    return (
        f"{name:18} {evaluations:11.0f} {size:9.0f} {mean:6.3f} {sd:6.3f} {alone[0]:9.3f} {alone[1]:6.3f}"
        f" {of_fit:8.1f} {took:8.1f}"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore", UserWarning)
    print(f"{'table':18} evaluations effective   mean     sd fit: mean     sd  fit [s] draws [s]")
    for name, (seen, hidden) in tables().items():
        print(row(name, seen, hidden), flush=True)
