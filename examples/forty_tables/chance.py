"""How far the coverage of a table may lie from 95 % by chance, if a method is right about its hidden cells.

    python examples/forty_tables/chance.py            # writes the study forty_tables_coverage.csv; minutes

The methods are half and half, and the ICM with the noise that it takes when told nothing. Hidden cells of one trial
miss their bands together. So a trial is drawn from the law of the method: for each draw one of its parts, with the
correlations that the ICM with full noise has between the asked cells. The table's coverage in such draws has a 1 %
quantile; the coverage that was found is compared with it. Trials are drawn apart, though some ask for the same cells:
so the quantile is a little too high.
"""

import os
import sys
import warnings
from functools import cache
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "studies"))

import numpy as np
import pandas as pd
from bands import NOISES, usual_icm
from joblib import Parallel, cpu_count, delayed
from methods import best, full, kernel
from run import COMBINED
from score import FOLDER, NAMED, RESULTS, WIDTH
from sources import specs
from tqdm import tqdm
from trials import Trial, trials

from mtgp_tutorial import FitError, fit, impute

PARTS = {"half and half": COMBINED["half and half"], "ICM": ("ICM, usual noise",)}
DRAWS, SEED = 2000, 0


def correlation(trial: Trial) -> np.ndarray:
    """Of the asked cells [n, n], given the seen ones, by the ICM with full noise."""
    try:
        fitted = fit(full(1)(trial.seen, kernel("matern32", trial.seen)))
    except FitError:  # the likeliest kernel of those whose fit ends
        fitted = best(full(1), trial.seen)[1]
    found = impute(fitted, covariance=True)
    assert found.cells is not None and found.covariance is not None
    place = {cell: k for k, cell in enumerate(found.cells)}
    at = [place[row, trial.seen.tasks[t]] for row, t in zip(trial.rows, trial.columns)]
    C = found.covariance.numpy()[np.ix_(at, at)]
    sd = np.sqrt(np.diag(C))
    return C / np.outer(sd, sd)


def inside(means, sds, low, high, R, rng) -> np.ndarray:
    """Shares of the cells in their band [DRAWS]. means, sds: [parts, n]; a draw takes one part for all cells."""
    part = rng.integers(len(means), size=DRAWS)
    root = np.linalg.cholesky(R + 1e-9 * np.eye(len(R)))
    y = means[part] + sds[part] * (rng.standard_normal((DRAWS, len(R))) @ root.T)
    return ((low <= y) & (y <= high)).mean(1)


@cache
def stored(method: str) -> pd.DataFrame:
    """What a method says, with the ends of its bands."""
    if method == "ICM, usual noise":
        return usual_icm({noise: stored(noise) for noise in NOISES.values()})
    found = pd.read_csv(FOLDER / f"{method}.csv.xz").set_index(NAMED)
    ends = {} if "low" in found else {"low": -WIDTH, "high": WIDTH}
    return found.assign(**{end: found["mean"] + times * found["sd"] for end, times in ends.items()})


def of_table(name: str, method: str) -> dict:
    """The coverage of a table, and its 1 % quantile over draws from the method's law."""
    warnings.simplefilter("ignore")
    rng, total, found, cells = np.random.default_rng(SEED), np.zeros(DRAWS), 0, 0
    law = stored(method if method in COMBINED else PARTS[method][0])
    for number, trial in enumerate(trials(name)):
        keys = [(name, number, row, trial.seen.tasks[t]) for row, t in zip(trial.rows, trial.columns)]
        means, sds = (np.stack([stored(part).loc[keys, what] for part in PARTS[method]]) for what in ("mean", "sd"))
        low, high = law.loc[keys, ["low", "high"]].to_numpy().T
        total += len(keys) * inside(means, sds, low, high, correlation(trial), rng)
        found += ((low <= trial.truth) & (trial.truth <= high)).sum()
        cells += len(keys)
    return {"table": name, "method": method, "coverage": found / cells, "low": float(np.quantile(total / cells, 0.01))}


def main() -> None:
    """Writes one row for each table and method."""
    asked, jobs = list(product(specs().index, PARTS)), int(os.environ.get("MTGP_JOBS", cpu_count()))
    done = Parallel(jobs, return_as="generator")(delayed(of_table)(*one) for one in asked)
    found = pd.DataFrame(tqdm(done, total=len(asked), unit="table", disable=None))
    found = found.join(specs()[["family", "aside"]], on="table")
    columns = ["table", "method", "family", "aside", "coverage", "low"]
    found[columns].to_csv(
        RESULTS.with_name("forty_tables_coverage.csv"), index=False, float_format="%.4g", lineterminator="\n"
    )


if __name__ == "__main__":
    main()
