"""A table of cells on disk, simulated from a known LMC, and how it is read: a column is one .npy file that numpy maps.

    python examples/streaming/table.py FOLDER                # a million cells, 41 MB
    python examples/streaming/table.py FOLDER --cells 60000

T = 4 tasks, two inputs on the unit square, Q = 2 kernels (RBF), B_q of rank 1. A latent function is drawn on a grid
that leaves nothing of its variance, so the draw is exact to rounding. Cells lie in random order: any slice of the file
is a fair batch, and reading it is one move of the disk. (Shuffle a table that is sorted by x once.) The last 2 % are
held out; f without noise is kept, for the best NLPD that there is.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtgp_tutorial.writing import not_written

LENGTHS = (0.3, 0.15)
W = np.array([[1.0, 0.3], [0.8, -0.6], [-0.5, 0.7], [0.2, 0.9]])  # [T, Q]
NOISE_SD = np.array([0.3, 0.2, 0.4, 0.3])
COLUMNS = {"x": ("<f8", (2,)), "task": ("<i8", ()), "y": ("<f8", ()), "split": ("|u1", ()), "f": ("<f8", ())}


class Table(NamedTuple):
    """Columns on disk: x [n, 2], task [n], y [n], split [n] (0 seen, then 1 held out), f [n] without noise."""

    x: np.ndarray
    task: np.ndarray
    y: np.ndarray
    split: np.ndarray
    f: np.ndarray

    @property
    def seen(self) -> int:
        """The number of cells to learn from, which come first."""
        return int(np.searchsorted(self.split, 1))


def axis_features(x: np.ndarray, length: float, nodes: int = 40) -> np.ndarray:
    """phi [r, n] with phi^T phi the RBF kernel between points x [n] of [0, 1], to rounding."""

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * ((a[:, None] - b) / length) ** 2)

    z = np.linspace(0, 1, nodes)
    values, vectors = np.linalg.eigh(kernel(z, z))
    kept = values > 1e-12
    return (vectors[:, kept] / np.sqrt(values[kept])).T @ kernel(z, x)


def latent(x: np.ndarray, length: float, weights: np.ndarray) -> np.ndarray:
    """A draw [n] of a GP with RBF kernel at x [n, 2]: the kernel is a product over axes, and weights are N(0, 1)."""
    first, second = (axis_features(column, length) for column in x.T)
    return ((weights[: len(first), : len(second)] @ second) * first).sum(0)


def cells(rng: np.random.Generator, weights: list[np.ndarray], n: int) -> dict[str, np.ndarray]:
    """n cells at random inputs, of random tasks."""
    x, task = rng.uniform(size=(n, 2)), rng.integers(len(W), size=n)
    u = np.stack([latent(x, length, each) for length, each in zip(LENGTHS, weights)], 1)
    f = (u * W[task]).sum(1)
    return {"x": x, "task": task, "y": f + NOISE_SD[task] * rng.standard_normal(n), "f": f}


def write(folder: str | Path, n: int, seed: int = 0, piece: int = 50_000) -> None:
    """Write n cells into a folder that takes its name when it is whole.

    ValueError where it is there already; OSError in one sentence where it cannot be written, and then it is not there.
    """
    if os.path.exists(folder):
        raise ValueError(f"folder: {folder} is there already; name another or remove it")
    part = Path(f"{folder}.part")
    try:
        part.mkdir(parents=True, exist_ok=True)
        _fill(part, n, np.random.default_rng(seed), piece)
        os.replace(part, folder)
    except OSError as error:
        with contextlib.suppress(OSError):  # a folder that holds something else stays
            for name in COLUMNS:
                (part / f"{name}.npy").unlink(missing_ok=True)
            part.rmdir()
        raise not_written(folder, "folder", error) from None


def _fill(part: Path, n: int, rng: np.random.Generator, piece: int) -> None:
    """A file for each column, piece by piece."""
    weights = [rng.standard_normal((40, 40)) for _ in LENGTHS]
    with contextlib.ExitStack() as stack:
        files = {name: stack.enter_context(open(part / f"{name}.npy", "wb")) for name in COLUMNS}
        for name, (kind, shape) in COLUMNS.items():
            header = {"descr": kind, "fortran_order": False, "shape": (n, *shape)}
            np.lib.format.write_array_header_1_0(files[name], header)
        for begin in range(0, n, piece):
            rows = np.arange(begin, min(n, begin + piece))
            found = {**cells(rng, weights, len(rows)), "split": rows >= n - n // 50}
            for name, (kind, _) in COLUMNS.items():
                files[name].write(found[name].astype(kind).tobytes())
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())


def read(folder: str | Path) -> Table:
    """The columns, mapped and not loaded; ValueError where a file is missing, cut short or of another length."""
    table = Table(*(_column(Path(folder, f"{name}.npy")) for name in COLUMNS))
    lengths = {name: len(column) for name, column in zip(COLUMNS, table)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"table: the columns of {folder} have {lengths} cells; write the table again")
    if bool((np.diff(table.split.astype(int)) < 0).any()) or table.seen == 0:
        raise ValueError(f"table: split of {folder} must be 0 for the cells seen, then 1; order the table by it")
    return table


def _column(path: Path) -> np.ndarray:
    if not path.exists():
        raise ValueError(f"table: there is no {path}; write a table with table.py")
    try:
        return np.load(path, mmap_mode="r")
    except (ValueError, EOFError):  # numpy: what the header promises is longer than the file, or there is no header
        size = path.stat().st_size
        raise ValueError(f"table: {path} is cut short, at {size:,} bytes; write the table again") from None


def fingerprint(table: Table) -> str:
    """Tells one table from another by its length and 4096 evenly spread cells; a single changed cell can be missed."""
    some = np.linspace(0, len(table.y) - 1, 4096).astype(int)
    parts = [str(len(table.y)).encode(), *(np.ascontiguousarray(column[some]).tobytes() for column in table)]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def best_nlpd(table: Table) -> float:
    """Mean negative log predictive density of the held-out cells, in nats, where f and the noise are known."""
    held, sd = slice(table.seen, None), NOISE_SD[table.task[table.seen :]]
    z = (table.y[held] - table.f[held]) / sd
    return float((0.5 * z**2 + np.log(sd) + 0.5 * np.log(2 * np.pi)).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    try:
        write(given.folder, given.cells, given.seed)
        print(f"{given.cells:,} cells; best possible held-out NLPD {best_nlpd(read(given.folder)):.4f}")
    except (ValueError, OSError) as error:
        sys.exit(str(error))
