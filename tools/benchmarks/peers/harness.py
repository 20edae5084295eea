"""What every peer does: read the tables, fit each, and print seconds of CPU time and what was found, as JSON lines."""

import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from importlib.metadata import version

import numpy as np
from scipy.optimize import minimize

FLOOR = 1e-4


def lbfgs(loss, start, done):
    """The settings that the module uses."""
    options = {"maxiter": 1000, "maxfun": 2000, "maxcor": 50, "ftol": 1e-13, "gtol": 1e-5}
    done(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x)


def main(programs, packages):
    """Fit each table of the npz file with each program; the first table of each size warms up, uncounted."""
    tables = np.load(sys.argv[1])
    data = [(tables[f"x{i}"], tables[f"y{i}"]) for i in range(len(tables.files) // 2)]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    for name, program in programs.items():
        warm = set()
        for number, (x, y) in enumerate(data):
            if y.shape not in warm:
                program(x, y)
                warm.add(y.shape)
            start = time.process_time()
            found = program(x, y)
            seconds = time.process_time() - start
            found = {key: np.asarray(value, dtype=float).tolist() for key, value in found.items()}
            print(
                json.dumps({"program": name, "versions": versions, "table": number, "seconds": seconds, **found}),
                flush=True,
            )
