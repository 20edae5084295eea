"""What averaging over parameters costs, and how near so few draws come to many: about four minutes.

python tools/benchmarks/posterior_sampling.py
python tools/benchmarks/posterior_sampling.py --nuts    # beside NumPyro, which comes into an environment under .peers/

Full noise and Matern 3/2 on four tables with hidden cells. `sample_posterior` at its defaults (80 draws of 4 runs),
five seeds, against 1,600 draws of 8 runs: evaluations of the density, all runs together; effective size of the number
that mixes worst; over the hidden cells the root mean square of (mean less that of many draws) over its sd, and of
(ratio of sds less 1); the same for the fit alone; CPU seconds of the fit, and of draws with one answer each.

`--nuts`: two sines with noise per task; the effective size of the number that mixes worst, counted alike for both, and
how many of these a CPU second, for `sample_posterior` with its fit and for four chains of NUTS with their warming up.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "book" / "studies"), str(ROOT / "tools")]

import common  # noqa: F401 - first: it sets the number of threads
import comparison
import numpy as np
import pandas as pd
from gpytorch.kernels import MaternKernel, RBFKernel
from studies import with_numpyro

from mtgp_tutorial import TaskData, datasets, fit, icm, impute, sample_posterior, simulate
from mtgp_tutorial.posterior_sampling import diagnosed

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
    many = impute(sample_posterior(fitted, draws=1600, chains=8, seed=99))

    def off(answer) -> list[float]:
        mean, sd = ((answer.mean - many.mean) / many.sd)[gap], (answer.sd / many.sd)[gap] - 1
        return [float((v**2).mean() ** 0.5) for v in (mean, sd)]

    found = []
    for seed in SEEDS:
        began = time.process_time()
        averaged = sample_posterior(fitted, seed=seed)
        answer = impute(averaged)
        took = time.process_time() - began
        found.append([averaged.evaluations, averaged.mixing["ESS"].min(), *off(answer), took])
    evaluations, size, mean, sd, took = np.mean(found, 0)
    alone = off(impute(fitted))
    return (
        f"{name:18} {evaluations:11.0f} {size:9.0f} {mean:6.3f} {sd:6.3f} {alone[0]:9.3f} {alone[1]:6.3f}"
        f" {of_fit:8.1f} {took:8.1f}"
    )


def averaged(data: TaskData, seed: int, draws: int) -> Callable[[], float]:
    """Draws by `sample_posterior`; asked, the least effective size."""
    found = sample_posterior(fit(icm(data, kernel=RBFKernel())), draws=draws, seed=seed)
    return lambda: float(found.mixing["ESS"].min())


def sampled(data: TaskData, seed: int, draws: int) -> Callable[[], float]:
    """The same by four chains of NUTS, of the numbers that `PosteriorSamples.draws` has."""
    import full_bayes

    p, runs = full_bayes.sample(data, seed, draws)[0], np.repeat(np.arange(full_bayes.CHAINS), draws)
    numbers = [np.exp(p["log length"]), p["half"], *np.exp(p["log B"].T / 2), *np.exp(p["log Sigma"].T / 2)]
    return lambda: min(diagnosed(one, runs)[1] for one in numbers)


def beside_nuts() -> None:
    """A line for each size of table and number of draws, programs in turns."""
    programs = {f"average, {draws} draws": (averaged, draws) for draws in (80, 800)}
    programs |= {f"NUTS, 4 x {draws}": (sampled, draws) for draws in (100, 1000)}
    print("rows program             effective  seconds  a second  with compiling")
    for rows in (10, 40, 100):
        data, found = simulate.two_sines(rows, seed=0), []
        for seed in SEEDS[:3]:  # the first compiles
            for name, (program, draws) in programs.items():
                began = time.process_time()
                size = program(data, seed, draws)
                seconds = time.process_time() - began
                found.append({"program": name, "seed": seed, "seconds": seconds, "size": size()})
        table = pd.DataFrame(found)
        warm = table[table["seed"] > 0].groupby("program").mean()
        first = table[table["seed"] == 0].set_index("program")["seconds"]
        for name in programs:
            size, seconds = warm.loc[name, ["size", "seconds"]]
            compiling = f"{size / first[name]:15.0f}" if name.startswith("NUTS") else ""
            print(f"{rows:4} {name:20} {size:8.0f} {seconds:8.2f} {size / seconds:9.0f} {compiling}", flush=True)


def main() -> None:
    if "--nuts" not in sys.argv:
        print(f"{'table':18} evaluations effective   mean     sd fit: mean     sd  fit [s] draws [s]")
        for name, (seen, hidden) in tables().items():
            print(row(name, seen, hidden), flush=True)
    elif importlib.util.find_spec("numpyro"):
        beside_nuts()
    else:
        words = [with_numpyro(), __file__, "--nuts"]
        subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore", UserWarning)
    main()
