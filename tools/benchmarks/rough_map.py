"""A rough map: two inputs, 20,000 rows, 20 x 20 length-scales; Vecchia's approximation beside the sparse bound.

python tools/benchmarks/rough_map.py                        # all methods but the long fit
python tools/benchmarks/rough_map.py --only "vecchia alone" # some of them
python tools/benchmarks/rough_map.py --noise 0.5            # noise that correlates within a row

The truth is an ICM of two columns, Matern 3/2, drawn exactly. Of column 1 a tenth of the cells is hidden one by one, and
five square holes nearly three length-scales wide; column 2 is complete. Each method runs in a process of its own, whose
CPU seconds (one thread, fit and predictions) and peak are told; GPBoost in an environment of its own (see fits.py).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from common import about  # first: it sets the number of threads
from fits import PEERS, python_of

import numpy as np  # isort: skip
import torch  # isort: skip
from gpytorch.kernels import MaternKernel  # isort: skip
from scipy.spatial import cKDTree  # isort: skip

from mtgp_tutorial import TaskData, at_parameters, fit, icm, impute, scores, sparse  # isort: skip

SIDE, ROWS, LENGTH, HOLE, PART = 300, 20_000, 0.05, 0.14, 1500
B, NOISE = np.array([[1.0, 0.8], [0.8, 1.0]]), 0.25
HOLES = np.array([[0.1, 0.15], [0.7, 0.1], [0.4, 0.45], [0.15, 0.75], [0.75, 0.7]])  # lower left corners
VECCHIA = ["vecchia alone", "vecchia residual", "vecchia covariate", "vecchia pair"]
PLAIN = ["mean", "nearest", "nearest 8", "regression"]
METHODS = [*PLAIN, *VECCHIA, "part", "sparse 256", "sparse 512", "sparse 1024", "fit 256", "truth"]
Answer = tuple[np.ndarray, np.ndarray]


def matern(u: np.ndarray) -> np.ndarray:
    """Matern 3/2 of distances in length-scales."""
    return (1 + 3**0.5 * u) * np.exp(-(3**0.5) * u)


def draw(Sigma: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y [ROWS, 2] at nodes of a fine grid: exact, by circulant embedding in a torus twice as wide as the map."""
    rng, width = np.random.default_rng(seed), 2 * SIDE
    steps = np.minimum(np.arange(width), width - np.arange(width)) / SIDE / LENGTH
    power = np.fft.fft2(matern(np.hypot(steps[:, None], steps))).real
    assert power.min() > -1e-9 * power.max()
    real, imaginary = rng.normal(size=(2, width, width))
    field = np.fft.fft2(np.sqrt(power.clip(0)) * (real + 1j * imaginary))[:SIDE, :SIDE].ravel() / width
    nodes = rng.choice(SIDE**2, ROWS, replace=False)
    f = np.c_[field.real, field.imag][nodes] @ np.linalg.cholesky(B).T
    x = np.c_[nodes // SIDE, nodes % SIDE] / SIDE
    return x, f + rng.normal(size=f.shape) @ np.linalg.cholesky(Sigma).T


def masks(x: np.ndarray) -> dict[str, np.ndarray]:
    """Rows whose first column is hidden."""
    holes = ((x[:, None] >= HOLES) & (x[:, None] < HOLES + HOLE)).all(2).any(1)
    return {"scattered": ~holes & (np.random.default_rng(1).uniform(size=len(x)) < 0.1), "holes": holes}


def local(length: float, B: np.ndarray, Sigma: np.ndarray, mean: np.ndarray, given: dict, near: int) -> Answer:
    """Column 1 at the hidden rows, each from the nearest seen cells, as many of each column: exact for these."""
    x, y, answers = given["x"], given["y"], []
    seen = [np.flatnonzero(~np.isnan(column)) for column in y.T]
    task = np.repeat([0, 1], near)
    for rows in np.array_split(np.flatnonzero(given["hidden"]), 100):
        cells = np.hstack([one[cKDTree(x[one]).query(x[rows], near)[1]] for one in seen])
        at, here = x[cells], x[rows, None]
        K = matern(np.linalg.norm(at[:, :, None] - at[:, None], axis=-1) / length) * B[task[:, None], task]
        K += (cells[:, :, None] == cells[:, None]) * Sigma[task[:, None], task]
        k = matern(np.linalg.norm(at - here, axis=-1) / length) * B[0, task]
        k += (cells == rows[:, None]) * Sigma[0, task]
        weights = np.linalg.solve(K, k[..., None])[..., 0]
        guess = mean[0] + (weights * (y[cells, task] - mean[task])).sum(1)
        answers.append((guess, B[0, 0] + Sigma[0, 0] - (weights * k).sum(1)))
    return tuple(np.concatenate(parts) for parts in zip(*answers))


def plain(name: str, given: dict) -> Answer:
    """A rule without a model; its spread is that of its errors at seen cells, each left out."""
    x, y, hidden = given["x"], given["y"], given["hidden"]
    seen = ~hidden
    if name == "regression":
        line = np.polyfit(y[seen, 1], y[seen, 0], 1)
        guess, errors = np.polyval(line, y[hidden, 1]), y[seen, 0] - np.polyval(line, y[seen, 1])
    elif name == "mean":
        guess, errors = np.full(hidden.sum(), y[seen, 0].mean()), y[seen, 0] - y[seen, 0].mean()
    else:
        number, tree, values = 8 if name == "nearest 8" else 1, cKDTree(x[seen]), y[seen, 0]
        guess = values[tree.query(x[hidden], range(1, number + 1))[1]].mean(1)
        errors = values - values[tree.query(x[seen], range(2, number + 2))[1]].mean(1)
    return guess, np.full(hidden.sum(), errors.var())


def by_module(name: str, given: dict) -> Answer:
    """"fit M": the bound, fitted. "sparse M": at the true parameters. "part": an exact fit of some rows, and `local`."""
    x, y, hidden, number = given["x"], given["y"], given["hidden"], int(name.split()[-1].replace("part", "0"))
    kernel = MaternKernel(nu=1.5)
    if name == "part":
        rows = np.random.default_rng(2).choice(ROWS, PART, replace=False)
        found = fit(icm(TaskData(x[rows], y[rows]), kernel=kernel, noise="full"), starts=1)
        print(found, found.B, found.Sigma, file=sys.stderr)
        mean = np.nanmean(y, axis=0)
        return local(found.length_scales[0], found.B.values, found.Sigma.values, mean, given, 50)
    model = sparse(icm(TaskData(x, y), kernel=kernel, noise="full"), number)
    if name.startswith("fit"):
        found = fit(model, starts=1)
        print(found, found.B, found.Sigma, found.starts, file=sys.stderr)
    else:
        sd = model.scale.sd.numpy()
        found = at_parameters(
            model,
            {
                "kernel.data_covar_module.lengthscale": LENGTH,
                "kernel.task_covar_module.covar_factor": torch.tensor(B[0, 1] ** 0.5 / sd)[:, None],
                "kernel.task_covar_module.var": torch.tensor((1 - B[0, 1]) / sd**2),
                "likelihood.task_noise_covar_factor": torch.tensor(np.linalg.cholesky(given["Sigma"]) / sd[:, None]),
            },
        )
        print(found, found.B, found.Sigma, file=sys.stderr)
    filled = impute(found)
    return filled.mean[hidden, 0].numpy(), filled.variance[hidden, 0].numpy()


def one(name: str, file: str, out: str) -> None:
    """One method, in this process."""
    given, start = dict(np.load(file)), time.process_time()
    if name in PLAIN:
        mean, variance = plain(name, given)
    elif name == "truth":
        mean, variance = local(LENGTH, B, given["Sigma"], np.zeros(2), given, 200)
    else:
        mean, variance = by_module(name, given)
    np.savez(out, mean=mean, variance=variance)
    took, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": took, "peak": peak}))


def main() -> None:
    """See the head of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", default=METHODS, metavar="METHOD", help=", ".join(METHODS))
    parser.add_argument("--noise", type=float, default=0.0, help="correlation of the noise within a row")
    parser.add_argument("--seed", type=int, default=0, help="of the map")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        return one(*asked.one)
    Sigma = NOISE * np.array([[1, asked.noise], [asked.noise, 1]])
    x, full = draw(Sigma, asked.seed)
    kinds = masks(x)
    hidden, y = kinds["scattered"] | kinds["holes"], full.copy()
    y[hidden, 0] = np.nan
    print(about(), f"\n{ROWS} rows; hidden:", {kind: int(mask.sum()) for kind, mask in kinds.items()})
    print("method              | RMSE NLPD covered: scattered | holes           | CPU s   GiB")
    with tempfile.TemporaryDirectory() as folder:
        file, out = f"{folder}/map.npz", f"{folder}/out.npz"
        np.savez(file, x=x, y=y, hidden=hidden, Sigma=Sigma)
        for name in asked.only:
            peer = name.startswith("vecchia")
            script = str(Path(__file__).parent / "peers" / PEERS["gpboost"][0])
            words = [python_of("gpboost"), script, name.split()[1]] if peer else [sys.executable, __file__, "--one", name]
            done = subprocess.run([*words, file, out], stdout=subprocess.PIPE, text=True, check=True)
            told, found = json.loads(done.stdout.splitlines()[-1]), np.load(out)
            line = f"{name:20}|"
            for mask in kinds.values():
                mean, variance, y_ = (torch.tensor(v[mask[hidden]]) for v in (found["mean"], found["variance"], full[hidden, 0]))
                of = [score(*values) for score, values in ((scores.mse, (mean, y_)), (scores.nlpd, (mean, variance, y_)), (scores.coverage, (mean, variance, y_)))]
                line += f" {of[0] ** 0.5:.3f} {of[1]:.3f} {of[2]:.3f} |"
            print(f"{line} {told['seconds']:7.1f} {told['peak']:5.2f}  {told.get('found', '')}", flush=True)


if __name__ == "__main__":
    main()
