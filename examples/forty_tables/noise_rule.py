"""Full noise or noise per task: on the 29 tables thinned to few rows, and on simulated tables of many columns.

    python examples/forty_tables/noise_rule.py            # writes noise_rule.csv; an hour of CPU

A line of the file is a trial: rows and columns of the table, rows that hold several seen values, and for both kinds of
noise the mean CRPS of the hidden cells (in standard deviations of their columns), and the share in the 95 % band.

- thinned: 20, 30 or 40 rows of each of the 29 tables, in even steps along their order, with eight trials of
  full_of_holes.py each.
- simulated: one Matern 3/2 with a length-scale of a tenth of the span, B of rank 2, a fifth of the variance noise,
  uncorrelated or with a correlation of 0.6 between all columns; a fifth of all cells is hidden.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "studies"))

import full_of_holes
import numpy as np
import pandas as pd
import torch
from methods import kernel
from running import ROOT, fingerprint, in_parallel
from score import normal
from sources import HERE, made_of, specs, table
from tqdm import tqdm

from mtgp_tutorial import FitError, TaskData, fit, icm, impute

SIZES = (20, 30, 40)
KINDS = ("cells 20", "cells 40", "staggered half", "visit half")
COLUMNS, ROWS, MOST, DRAWS = (8, 12, 20), (20, 40, 80, 160), 1700, 4  # MOST: cells of a simulated table
NOISES = {"per task": "per task", "full": "full"}


def scores(data: TaskData, hidden: np.ndarray) -> dict:
    """Both kinds of noise on a table without these cells. A fit without an optimum leaves NaN."""
    y = data.y.numpy()
    seen = made_of(data.x, np.where(hidden, np.nan, y), data.tasks, data.x_name)
    r, t = np.nonzero(hidden)
    found: dict[str, float] = {"several": int((seen.observed.sum(1) > 1).sum())}
    for noise in NOISES:
        found[f"CRPS, {noise}"] = found[f"inside, {noise}"] = np.nan
        try:
            answer = impute(fit(icm(seen, noise=noise, kernel=kernel("matern32", seen))))
        except FitError:
            continue
        mean, sd = answer.mean[r, t].numpy(), answer.sd[r, t].numpy()
        found[f"CRPS, {noise}"] = (normal(mean, sd, y[r, t])[1] / np.nanstd(y, 0)[t]).mean()
        found[f"inside, {noise}"] = (np.abs(y[r, t] - mean) < 1.96 * sd).mean()
    return found


def thinned(name: str, size: int) -> list[dict]:
    """Trials of a table cut down to so many rows; none where it has no more, or a column has too few values left."""
    data = table(name)
    order = np.argsort(data.x.numpy()[:, 0], kind="stable")
    rows = order[np.linspace(0, len(order) - 1, size).round().astype(int)]
    few = made_of(data.x[rows], data.y[rows], data.tasks, data.x_name)
    if len(order) <= size or int(few.observed.sum(0).min()) < size / 2:
        return []
    found = []
    for kind in KINDS:
        for number in range(full_of_holes.COUNT):
            hidden = full_of_holes.masks(name, few, kind, number)[0]
            label = {"tables": "thinned", "table": name, "rows": size, "columns": few.num_tasks, "kind": kind}
            found.append({**label, "trial": number, **scores(few, hidden)})
    return found


def simulated(columns: int, rows: int, correlation: float, draw: int) -> list[dict]:
    """One simulated table."""
    rng = np.random.default_rng([columns, rows, round(10 * correlation), draw])
    x = np.sort(rng.uniform(size=rows))
    r = np.abs(x[:, None] - x) * np.sqrt(3) / 0.1
    K = (1 + r) * np.exp(-r) + 1e-9 * np.eye(rows)
    W = rng.normal(size=(columns, 2))
    B = W @ W.T + 0.2 * np.eye(columns)
    B /= np.sqrt(np.outer(B.diagonal(), B.diagonal()))
    Sigma = 0.25 * ((1 - correlation) * np.eye(columns) + correlation)
    root = np.linalg.cholesky
    y = root(K) @ rng.normal(size=(rows, columns)) @ root(B).T + rng.normal(size=(rows, columns)) @ root(Sigma).T
    data = made_of(torch.tensor(x[:, None]), y, [f"y{t}" for t in range(columns)], "x")
    label = {"tables": f"simulated, noise {correlation:g}", "table": f"draw {draw}", "rows": rows, "columns": columns}
    return [{**label, "kind": "cells 20", "trial": 0, **scores(data, rng.uniform(size=y.shape) < 0.2)}]


def rows(what: str, *how: Any) -> list[dict]:
    """The lines of one table."""
    warnings.simplefilter("ignore")
    return thinned(*how) if what == "thinned" else simulated(*how)


def main() -> None:
    todo: list[tuple[Any, ...]] = [
        ("thinned", name, size) for name in specs().query("aside == 0").index for size in SIZES
    ]
    sizes = [(T, N) for T in COLUMNS for N in ROWS if T * N <= MOST]
    todo += [("simulated", T, N, rho, draw) for T, N in sizes for rho in (0.0, 0.6) for draw in range(DRAWS)]
    folder = ROOT / "_build" / "studies" / f"noise_rule-{fingerprint(__file__)}"
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{'-'.join(map(str, one))}.pkl" for one in todo]
    left = [("noise_rule", one, file) for one, file in zip(todo, files) if not file.exists()]
    sum(tqdm(in_parallel(left, 2), total=len(left), unit="table", disable=None))
    found = pd.concat([pd.read_pickle(file)[0] for file in files], ignore_index=True)
    found.to_csv(HERE / "noise_rule.csv", index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
