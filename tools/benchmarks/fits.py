"""Whole fits of the ICM with full noise: the default fit with all its climbs against one start of other libraries.

    python tools/benchmarks/fits.py                        # GPyTorch alone, which the module needs anyway
    python tools/benchmarks/fits.py --peers tinygp gpy botorch
    python tools/benchmarks/fits.py --peers tinygp gpy botorch --store    # keeps it as the book's study "peers"

Each peer runs in a process and an environment of its own (made under .peers/ by pip, once), on the same standardised
tables, with the same set of models: RBF, B of rank 1 plus kappa, Sigma full and at least 1e-4, no priors. CPU seconds
of one thread, medians over tables; "short" is how far the peer's optimum lies below ours, in nats, in our objective.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from common import about, processor  # first: they set the number of threads

import numpy as np  # isort: skip
import pandas as pd  # isort: skip
import torch  # isort: skip
from gpytorch.kernels import RBFKernel  # isort: skip

from mtgp_tutorial import TaskData, datasets, exact, fit, icm, simulate  # isort: skip

PEERS = {  # name: its script and what pip installs
    "gpytorch": ("gpytorch_peer.py", []),
    "tinygp": ("tinygp_peer.py", ["tinygp", "scipy"]),
    "gpy": ("gpy_peer.py", ["GPy"]),
    "botorch": ("botorch_peer.py", ["botorch"]),
}


def tables() -> list[TaskData]:
    """Five two-sines tables of ten rows, two draws of an ICM with a hundred rows and three tasks; standardised."""
    B = torch.tensor([[1, 0.8, 0.3], [0.8, 1, 0.5], [0.3, 0.5, 1]], dtype=torch.float64)
    Sigma = torch.tensor([[5, 2, 0], [2, 5, 1], [0, 1, 8]], dtype=torch.float64) / 100
    kernel = RBFKernel().double()
    draws = [simulate.draw_icm(np.linspace(0, 10, 100), kernel, B, Sigma, seed=seed)[1] for seed in range(2)]
    return [table.standardise()[0] for table in [*(simulate.two_sines(seed=seed) for seed in range(5)), *draws]]


def ours(name: str, priors: bool) -> list[dict]:
    rows = []
    for number, table in enumerate(tables()):
        if number in (0, 5):
            fit(icm(table, noise="full"), priors=priors)  # warm
        start = time.process_time()
        fitted = fit(icm(table, noise="full"), priors=priors)
        seconds = time.process_time() - start
        model = fitted.model
        rows.append(
            {
                "program": name,
                "versions": "",
                "table": number,
                "seconds": seconds,
                "mean": model.means().tolist(),
                "B": model.B().tolist(),
                "Sigma": model.Sigma().tolist(),
                "length": fitted.length_scales[0],
            }
        )
    return rows


def python_of(peer: str) -> str:
    """The interpreter of a peer's environment, made where there is none yet."""
    packages = PEERS[peer][1]
    if not packages:
        return sys.executable
    folder = HERE.parents[1] / ".peers" / peer
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return str(python)


def run(peer: str, file: str) -> list[dict]:
    """What the peer printed; or a line that says why there is nothing."""
    try:
        command = [python_of(peer), str(HERE / "peers" / PEERS[peer][0]), file]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    except subprocess.CalledProcessError as error:
        print(f"{peer}: did not run ({(error.stderr or str(error)).strip().splitlines()[-1]})")
        return []
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def height(row: dict, table: TaskData) -> float:
    """Our log likelihood, in nats, of what a program found."""
    mean, B, Sigma = (torch.tensor(row[key], dtype=torch.float64) for key in ("mean", "B", "Sigma"))
    length = row["length"] if isinstance(row["length"], float) else float(np.ravel(row["length"])[0])
    K = torch.exp(-0.5 * ((table.x - table.x.mT) / length) ** 2)
    return float(exact.kronecker_log_likelihood(table.y - mean, K, B, Sigma))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--peers", nargs="*", choices=[name for name in PEERS if name != "gpytorch"], default=[])
    parser.add_argument("--store", action="store_true", help="keep the table in mtgp_tutorial/datasets/studies")
    given, data = parser.parse_args(), tables()
    print(about())
    rows = ours("module, default", False) + ours("module, with priors", True)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "tables.npz")
        arrays = {f"{name}{i}": getattr(table, name).numpy() for i, table in enumerate(data) for name in "xy"}
        np.savez(file, **arrays)
        for peer in ["gpytorch", *given.peers]:
            rows += run(peer, file)
    best = {row["table"]: height(row, data[row["table"]]) for row in rows if row["program"] == "module, default"}
    kept = []
    print(f"{'program':24} {'tables':16} {'seconds':>8} {'times ours':>10} {'short, worst':>12}  versions")
    for label, numbers in (("10 rows, T = 2", range(5)), ("100 rows, T = 3", range(5, 7))):
        base = None
        for program in dict.fromkeys(row["program"] for row in rows):
            chosen = [row for row in rows if row["program"] == program and row["table"] in numbers]
            if not chosen:
                continue
            seconds = float(np.median([row["seconds"] for row in chosen]))
            base = base or seconds
            short = max(best[row["table"]] - height(row, data[row["table"]]) for row in chosen)
            print(
                f"{program:24} {label:16} {seconds:8.3f} {seconds / base:10.1f} {short:12.4f}  {chosen[0]['versions']}",
                flush=True,
            )
            when = {"date": f"{datetime.date.today()}", "processor": processor(), "tables": label, "program": program}
            kept.append(when | {"seconds": seconds, "short": short, "versions": chosen[0]["versions"]})
    if given.store:
        target = Path(datasets.__file__).parent / "studies" / "peers.csv"
        target.write_text(pd.DataFrame(kept).round(4).to_csv(index=False), encoding="utf8")


if __name__ == "__main__":
    main()
