"""What the benchmarks share: random tables, CPU times taken side by side, and what they were taken on."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from gpytorch.kernels import RBFKernel
from scipy.linalg.lapack import dpotrf, dpotri

from mtgp_tutorial import TaskData, simulate

torch.set_num_threads(1)


def processor() -> str:
    """Its name."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().split("\n") if cpu.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor()])[0]


def about() -> str:
    """Processor and versions, one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "gpytorch", "mtgp-tutorial"))
    return f"{processor()}, one thread; Python {platform.python_version()}, {packages}"


def side_by_side(programs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Least CPU time of each program in milliseconds; they take turns, so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for program in programs.values():
        program()  # caches and lazy imports
    for _ in range(repeats):
        for name, program in programs.items():
            start = time.process_time()
            program()
            times[name].append(time.process_time() - start)
    return {name: 1e3 * min(values) for name, values in times.items()}


def table(rows: int, tasks: int, *, holes: float = 0.0, gap: int = 0, seed: int = 0) -> TaskData:
    """Noisy sines; holes: share of cells that are missing at random; gap: missing rows of the first task."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 10, rows))
    y = np.sin(x[:, None] + 0.3 * np.arange(tasks)) + 0.3 * rng.normal(size=(rows, tasks))
    y[rng.uniform(size=y.shape) < holes] = np.nan
    y[rows // 3 : rows // 3 + gap, 0] = np.nan
    return TaskData(torch.from_numpy(x), torch.from_numpy(y))


B, SIGMA = [[1, 0.8, 0.3], [0.8, 1, 0.5], [0.3, 0.5, 1]], [[0.05, 0.02, 0], [0.02, 0.05, 0.01], [0, 0.01, 0.08]]


def drawn(seed: int, x: np.ndarray, length: float = np.log(2), B: list = B, Sigma: list = SIGMA) -> list[TaskData]:
    """f and y of an ICM with three tasks."""
    kernel = RBFKernel().double()
    kernel.lengthscale = length
    matrices = (torch.tensor(matrix, dtype=torch.float64) for matrix in (B, Sigma))
    return list(simulate.draw_icm(x, kernel, *matrices, seed=seed))


def floor(sizes: list[int], *, spectral: bool = False) -> Callable[[], object]:
    """LAPACK's Cholesky and inverse of matrices of these sizes, or one eigendecomposition with its product."""
    x = np.linspace(0, 10, max(sizes))
    S = np.asfortranarray(np.exp(-0.5 * (x[:, None] - x) ** 2) + np.eye(len(x)))

    def run() -> None:
        for size in sizes:
            dpotri(dpotrf(S[:size, :size], lower=1)[0], lower=1, overwrite_c=1)

    def one() -> None:
        values, vectors = np.linalg.eigh(S)
        (vectors * values) @ vectors.T

    return one if spectral else run
