"""A rough map: two inputs, 20,000 rows, 20 x 20 length-scales; Vecchia's approximation beside the sparse bound.

python tools/benchmarks/rough_map.py                           # all methods, about half an hour
python tools/benchmarks/rough_map.py --only part "vecchia alone" --seed 1    # some of them, another map
python tools/benchmarks/rough_map.py --only part --noise 0.5   # noise that correlates within a row

The truth is an ICM of two columns, Matern 3/2, drawn exactly. Of column 1 a tenth of the cells is hidden one by one,
and five square holes nearly three length-scales wide; column 2 is complete. Methods: rules without a model; "vecchia",
see peers/gpboost_map.py; "part", an exact fit of 1,500 rows, whose
predictions are asked of the cells nearby; "fit M", the bound with M inducing inputs, and "bound M", the same at the
true parameters; "truth", the true parameters and twice as many cells nearby. CPU seconds (one thread, fit and
predictions) and the peak are those of a process for each.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import about  # first: it sets the number of threads

import numpy as np  # isort: skip
import torch  # isort: skip
from gpytorch.kernels import MaternKernel  # isort: skip
from scipy.spatial import cKDTree  # isort: skip

from mtgp_tutorial import TaskData, at_parameters, fit, icm, impute, scores, sparse  # isort: skip

SIDE, ROWS, LENGTH, HOLE = 300, 20_000, 0.05, 0.14
PART, NEAR = 1500, 50  # rows of the fit, and seen cells of each column nearby
B, NOISE = np.array([[1.0, 0.8], [0.8, 1.0]]), 0.25
HOLES = np.array([[0.1, 0.15], [0.7, 0.1], [0.4, 0.45], [0.15, 0.75], [0.75, 0.7]])  # lower left corners
PLAIN = ["mean", "nearest", "nearest 8", "regression"]
METHODS = [*PLAIN, *(f"vecchia {how}" for how in ("alone", "residual", "covariate", "pair")), "part"]
METHODS += [*(f"{how} {number}" for how in ("fit", "bound") for number in (256, 512)), "bound 1024", "truth"]
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
    inside = (x[:, None] >= HOLES) & (x[:, None] < HOLES + HOLE)
    holes = np.any(np.all(inside, axis=2), axis=1)
    return {"scattered": ~holes & (np.random.default_rng(1).uniform(size=len(x)) < 0.1), "holes": holes}


def local(length: float, B: np.ndarray, Sigma: np.ndarray, means: np.ndarray, given: dict, near: int) -> Answer:
    """Column 1 at the hidden rows, each from the nearest seen cells, as many of each column: exact for these."""
    x, y, answers = given["x"], given["y"], []
    seen = [np.flatnonzero(~np.isnan(column)) for column in y.T]
    trees, task = [cKDTree(x[one]) for one in seen], np.repeat([0, 1], near)
    for rows in np.array_split(np.flatnonzero(given["hidden"]), 100):
        cells = np.hstack([one[tree.query(x[rows], near)[1]] for one, tree in zip(seen, trees)])
        at, here = x[cells], x[rows, None]
        K = matern(np.linalg.norm(at[:, :, None] - at[:, None], axis=-1) / length) * B[task[:, None], task]
        K += (cells[:, :, None] == cells[:, None]) * Sigma[task[:, None], task]
        k = matern(np.linalg.norm(at - here, axis=-1) / length) * B[0, task]
        k += (cells == rows[:, None]) * Sigma[0, task]
        weights = np.linalg.solve(K, k[..., None])[..., 0]
        guess = means[0] + (weights * (y[cells, task] - means[task])).sum(1)
        answers.append((guess, B[0, 0] + Sigma[0, 0] - (weights * k).sum(1)))
    mean, variance = (np.concatenate(parts) for parts in zip(*answers))
    return mean, variance


def plain(name: str, given: dict) -> Answer:
    """A rule without a model; its variance is that of its errors at seen cells, each left out."""
    x, y, hidden = given["x"], given["y"], given["hidden"]
    values, others, at = y[~hidden, 0], y[~hidden, 1], np.ones(hidden.sum())
    if name == "mean":
        guess, errors = values.mean() * at, values - values.mean()
    elif name == "regression":
        line = np.polyfit(others, values, 1)
        guess, errors = np.polyval(line, y[hidden, 1]), values - np.polyval(line, others)
    else:
        number, tree = 8 if name == "nearest 8" else 1, cKDTree(x[~hidden])
        guess = values[tree.query(x[hidden], range(1, number + 1))[1]].mean(1)
        errors = values - values[tree.query(x[~hidden], range(2, number + 2))[1]].mean(1)
    return guess, errors.var() * at


def part(given: dict) -> Answer:
    """An exact fit of some rows, asked for the hidden cells by the cells near each of them."""
    rows = np.random.default_rng(2).choice(ROWS, PART, replace=False)
    found = fit(icm(TaskData(given["x"][rows], given["y"][rows]), kernel=MaternKernel(nu=1.5), noise="full"), starts=1)
    matrices = found.B.values, found.Sigma.values
    return local(found.length_scales[0], *matrices, np.nanmean(given["y"], axis=0), given, NEAR)


def bound(name: str, given: dict) -> Answer:
    """The sparse bound, fitted or at the true parameters."""
    hidden, (how, number) = given["hidden"], name.split()
    model = sparse(icm(TaskData(given["x"], given["y"]), kernel=MaternKernel(nu=1.5), noise="full"), int(number))
    sd = model.scale.sd.numpy()
    truth = {
        "kernel.data_covar_module.lengthscale": LENGTH,
        "kernel.task_covar_module.covar_factor": torch.tensor(B[0, 1] ** 0.5 / sd)[:, None],
        "kernel.task_covar_module.var": torch.tensor((B.diagonal() - B[0, 1]) / sd**2),
        "likelihood.task_noise_covar_factor": torch.tensor(np.linalg.cholesky(given["Sigma"]) / sd[:, None]),
    }
    filled = impute(fit(model, starts=1) if how == "fit" else at_parameters(model, truth))
    return filled.mean[hidden, 0].numpy(), filled.variance[hidden, 0].numpy()


def one(name: str, file: str, out: str) -> None:
    """One method, in this process."""
    given, start = dict(np.load(file)), time.process_time()
    if name in PLAIN:
        mean, variance = plain(name, given)
    elif name == "part":
        mean, variance = part(given)
    elif name == "truth":
        mean, variance = local(LENGTH, B, given["Sigma"], np.zeros(2), given, 2 * NEAR)
    else:
        mean, variance = bound(name, given)
    np.savez(out, mean=mean, variance=variance)
    took, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": took, "peak": peak}))


def scored(*given: np.ndarray) -> str:
    """RMSE, NLPD and the share inside 95 % bands, of mean, variance and y."""
    mean, variance, y = map(torch.from_numpy, given)
    of = scores.mse(mean, y) ** 0.5, scores.nlpd(mean, variance, y), scores.coverage(mean, variance, y)
    return " ".join(f"{score:.3f}" for score in of)


def main() -> None:
    """See the head of the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=METHODS, default=METHODS, metavar="METHOD", help="see the list")
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
    print(f"{about()}\nhidden of {ROWS}: { ({kind: int(mask.sum()) for kind, mask in kinds.items()}) }")
    print("RMSE, NLPD, covered | scattered         | holes             | CPU s   GiB")
    with tempfile.TemporaryDirectory() as folder:
        file, out = f"{folder}/map.npz", f"{folder}/out.npz"
        np.savez(file, x=x, y=y, hidden=hidden, Sigma=Sigma)
        for name in asked.only:
            words = [sys.executable, __file__, "--one", name]
            if name.startswith("vecchia"):
                words = [sys.executable, str(Path(__file__).parent / "peers" / "gpboost_map.py"), name.split()[1]]
            done = subprocess.run([*words, file, out], stdout=subprocess.PIPE, text=True, check=True)
            told, found = json.loads(done.stdout.splitlines()[-1]), np.load(out)
            values = found["mean"], found["variance"], full[hidden, 0]
            told_of = " | ".join(scored(*(one[mask[hidden]] for one in values)) for mask in kinds.values())
            print(f"{name:19} | {told_of} | {told['seconds']:5.1f} {told['peak']:5.2f}", flush=True)


if __name__ == "__main__":
    main()
