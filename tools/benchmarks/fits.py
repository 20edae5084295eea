"""Whole fits of the ICM, or of an LMC of two kernels: the module with all its runs beside other libraries.

    python tools/benchmarks/fits.py                        # GPyTorch alone, which the module needs anyway
    python tools/benchmarks/fits.py --peers tinygp gpy botorch
    python tools/benchmarks/fits.py --peers tinygp --lmc   # an LMC of two kernels, beside tinygp
    python tools/benchmarks/fits.py --peers tinygp gpy botorch --store    # keeps it in the book's study "peers"

All run in this process, in turns for each table; a peer's packages stand beside the module. All fit the same
standardised tables, with the same set of models: RBF, B of rank 1 plus kappa, noise per task or full and at least 1e-4,
no priors. All peers start at the same place; tinygp also from as many as the module. CPU seconds of one thread, the
least of two rounds, medians over tables. "reached" is CPU time until the first value within 1e-3 nats of the program's
own end (of several starts one after another: the sum). "short" is how far a program ended below the highest of all,
worst table, in nats. The first call of a peer, which compiles, is told as "first" and not counted.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import sys
import time
from pathlib import Path
from unittest.mock import patch

sys.path.append(str(Path(__file__).parent / "peers"))
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

from common import about, drawn, processor  # first: they set the number of threads

import numpy as np  # isort: skip
import pandas as pd  # isort: skip
from gpytorch.kernels import RBFKernel  # isort: skip
from scipy.stats import multivariate_normal  # isort: skip

from mtgp_tutorial import TaskData, datasets, fit, icm, lmc, simulate  # isort: skip
from mtgp_tutorial.objective import Objective  # isort: skip

PEERS = ("tinygp", "gpy", "botorch")  # beside gpytorch; pip has them by these names
ROUNDS, NEAR, PRIORS = 2, 1e-3, "module, with its priors"
FAST = [[0.8, -0.5, 0.2], [-0.5, 0.6, 0.1], [0.2, 0.1, 0.4]]
X = np.linspace(0, 10, 100)
CALM = [[0.03, 0, 0], [0, 0.03, 0], [0, 0, 0.03]]


def two_scales(seed: int) -> TaskData:
    """A draw of an LMC: a slow and a fast kernel, noise per task."""
    slow, fast = drawn(2 * seed, X, 2.0, Sigma=CALM)[1], drawn(2 * seed + 1, X, 0.5, FAST, CALM)[0]
    return TaskData(slow.x, slow.y + fast.y)


def tables(kernels: int) -> list[tuple[str, TaskData]]:
    """Labels and standardised tables: five two-sines tables and two draws of an ICM, or two draws of an LMC."""
    large = [("100 rows, T = 3", two_scales(i) if kernels > 1 else drawn(i, X)[1]) for i in range(2)]
    small = [("10 rows, T = 2", simulate.two_sines(seed=seed)) for seed in range(5)] if kernels == 1 else []
    return [(label, table.standardise()[0]) for label, table in small + large]


def ours(table: TaskData, noise: str, kernels: int, priors: bool) -> dict:
    """One fit: what it took and what it found."""
    several = [RBFKernel()] * kernels
    model = icm(table, noise=noise, kernel=several[0]) if kernels == 1 else lmc(table, kernels=several, noise=noise)
    many, log = Objective.many, []

    def recorded(flat: Objective, *given, **named) -> tuple:
        found = many(flat, *given, **named)
        log.append((time.process_time() - began, found[0].max()))
        return found

    with patch.object(Objective, "many", recorded):
        began = time.process_time()
        fitted = fit(model, priors=priors)
        seconds = time.process_time() - began
    times, values = np.array(log).T
    return {
        "program": PRIORS if priors else "module",
        "versions": "",
        "first": np.nan,
        "starts": len(fitted.starts),
        "evaluations": int(fitted.starts["evaluations"].sum()),
        "seconds": seconds,
        "reached": times[np.argmax(values >= values.max() - NEAR)],
        "mean": fitted.model.means().tolist(),
        "B": [matrix.to_numpy().tolist() for matrix in fitted.Bs],
        "Sigma": fitted.Sigma.to_numpy().tolist(),
        "length": fitted.length_scales,
    }


def here(peer: str, one: dict) -> list[dict]:
    """What a peer found for one table."""
    programs, packages, *many = importlib.import_module(f"{peer}_peer").RUN
    return list(importlib.import_module("harness").fits(programs, packages, [one], *many))


def height(row: dict, x: np.ndarray, y: np.ndarray) -> float:
    """Log likelihood, in nats, of what a program found for x [N, 1] and y [N, T], dense."""
    K = [np.exp(-0.5 * ((x - x.T) / length) ** 2) for length in row["length"]]
    C = sum(np.kron(one, B) for one, B in zip(K, row["B"])) + np.kron(np.eye(len(y)), row["Sigma"])
    return float(multivariate_normal(cov=C).logpdf((y - row["mean"]).ravel()))


def measured(peers: list[str], kernels: int) -> pd.DataFrame:
    """A row for each table, kind of noise, program and number of starts: the least seconds of the rounds."""
    asked: list[dict] = []
    for label, table in tables(kernels):
        for noise in ("per task", "full"):
            starts = ours(table, noise, kernels, False)["starts"]  # and warms up
            given = {"model": "LMC" if kernels > 1 else "ICM", "tables": label, "noise": noise, "kernels": kernels}
            asked.append(given | {"at": len(asked), "starts": starts, "x": table.x.tolist(), "y": table.y.tolist()})
    rows = []
    for _ in range(ROUNDS):
        for one in asked:
            table = TaskData(one["x"], one["y"])
            rows += [one | ours(table, one["noise"], kernels, priors) for priors in (False, True)]
            rows += [one | found for peer in peers for found in here(peer, one)]
    for row in rows:
        row["height"] = height(row, np.array(row["x"]), np.array(row["y"]))
    times = dict.fromkeys(("seconds", "reached", "first"), "min")
    kept = dict.fromkeys(("model", "tables", "noise", "evaluations", "height", "versions"), "first")
    return pd.DataFrame(rows).groupby(["at", "program", "starts"], sort=False).agg(times | kept).reset_index()


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each set of tables, kind of noise, program and number of starts; times: over those of the module."""
    same = rows["program"] != PRIORS  # what maximises something else is not compared
    rows["short"] = rows["at"].map(rows[same].groupby("at")["height"].max()) - rows["height"].where(same)
    how = dict.fromkeys(("evaluations", "seconds", "reached", "first"), "median") | {
        "short": "max",
        "versions": "first",
    }
    keys = ["model", "tables", "noise"]
    found = rows.groupby([*keys, "program", "starts"], sort=False).agg(how).reset_index()
    found = found.sort_values(["tables", "noise"], ascending=[True, False], kind="stable", ignore_index=True)
    base = found[keys].merge(found[found["program"] == "module"], on=keys, how="left")
    for name in ("reached", "seconds"):
        found[f"times {name}"] = found[name] / base[name]
    return found


def keep(found: pd.DataFrame) -> None:
    """In the study, in place of what it has of the same models."""
    file = Path(datasets.__file__).parent / "studies" / "peers.csv"
    found = found.assign(date=f"{datetime.date.today()}", processor=processor())
    parts = [found]
    if file.exists():
        before = pd.read_csv(file)
        parts = [before[~before["model"].isin(found["model"])], found]
    pd.concat(parts).sort_values("model", kind="stable").to_csv(file, index=False, float_format="%.4g")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=[])
    parser.add_argument("--lmc", action="store_true", help="an LMC of two kernels; of the peers tinygp alone has one")
    parser.add_argument("--store", action="store_true", help="keep the table in mtgp_tutorial/datasets/studies")
    given = parser.parse_args()
    print(about())
    peers = [name for name in given.peers if name == "tinygp"] if given.lmc else ["gpytorch", *given.peers]
    found = summary(measured(peers, 2 if given.lmc else 1))
    print(found.round(4).to_string(index=False))
    if given.store:
        keep(found)


if __name__ == "__main__":
    main()
