"""Does a fit depend on the order of tasks or rows, or on units? The default fit, with priors, on random tables.

    python tools/benchmarks/invariance.py                   # 200 tables
    python tools/benchmarks/invariance.py --seeds 50 51

At most 30 rows and 4 tasks, three cells or more a task. Kept are an objective within 1e-4 nats and predictions within
1e-3 standard deviations.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from common import about  # first: it sets the number of threads

import numpy as np  # isort: skip
import torch  # isort: skip

from mtgp_tutorial import Model, TaskData, fit, icm, independent, lmc, predict  # isort: skip


def table(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """x [N, D] and y [N, T] of smooth functions with noise and, in half of the tables, holes."""
    rows, tasks, width = int(rng.integers(5, 31)), int(rng.integers(1, 5)), int(rng.integers(1, 3))
    x = rng.uniform(0, 4, (rows, width))
    waves = np.sin(x @ rng.normal(size=(width, 3)) * 2 + rng.uniform(0, 6, 3))
    y = waves @ rng.normal(size=(3, tasks)) + 0.3 * rng.normal(size=(rows, tasks))
    if rng.uniform() < 0.5:
        gone = rng.uniform(size=y.shape) < 0.2
        gone[:, gone.sum(0) > rows - 3] = False
        y[gone] = np.nan
    return x, y


def build(kind: int, rng: np.random.Generator, data: TaskData) -> Model:
    """One of the families, with any noise."""
    noise = ["shared", "per task", "full"][rng.integers(3)]
    if kind == 0:
        return independent(data, hyperparameters=["own", "shared"][rng.integers(2)], noise=noise)
    if kind == 1:
        return lmc(data, kernels=2, noise=noise)
    return icm(data, rank=int(rng.integers(1, data.num_tasks + 1)), noise=noise)


def differences(seed: int) -> tuple[float, float, str]:
    """In nats, and in standard deviations of the prediction, between a fit and that of the table moved about."""
    rng = np.random.default_rng(seed)
    x, y = table(rng)
    kind, choices, new = int(rng.integers(4)), int(rng.integers(2**31)), rng.uniform(0, 4, (20, x.shape[1]))
    rows, tasks = rng.permutation(len(x)), rng.permutation(y.shape[1])
    units, shift = 10.0 ** rng.uniform(-3, 3, y.shape[1]), 10 * rng.normal(size=y.shape[1])

    def fitted(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, str]:
        model = build(kind, np.random.default_rng(choices), TaskData(torch.as_tensor(x), torch.as_tensor(y)))
        found = fit(model)
        seen = predict(found, torch.as_tensor(new * (1000 if x is moved else 1)))
        name = f"{type(model.kernel).__name__}, {model.noise} noise, N = {len(x)}, T = {y.shape[1]}"
        return float(found.starts["objective"].max()), seen.mean.numpy(), seen.sd.numpy(), name

    moved = 1000 * x[rows]
    height, mean, sd, name = fitted(x, y)
    other, its_mean, its_sd, _ = fitted(moved, (y * units + shift)[rows][:, tasks])
    back = np.argsort(tasks)
    off = np.abs((its_mean[:, back] - shift) / units - mean) / sd
    return abs(height - other), max(off.max(), np.abs(its_sd[:, back] / units / sd - 1).max()), name


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 200), metavar=("FIRST", "LAST"))
    first, last = parser.parse_args().seeds
    print(about())
    kept, largest = 0, np.zeros(2)
    for seed in range(first, last):
        nats, sds, name = differences(seed)
        if nats < 1e-4 and sds < 1e-3:
            kept, largest = kept + 1, np.maximum(largest, [nats, sds])
        else:
            print(f"table {seed} ({name}): {nats:.2g} nats, {sds:.2g} sd", flush=True)
    print(f"{kept} of {last - first} tables; among these at most {largest[0]:.2g} nats and {largest[1]:.2g} sd")


if __name__ == "__main__":
    main()
