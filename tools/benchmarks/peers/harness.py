"""What every peer does: fit each table with both kinds of noise, and tell what that took.

"seconds" is CPU time to the program's own stop; "reached" is CPU time to the first evaluation within 1e-3 nats of the
lowest value that the climb came to, so that no program is charged for a tolerance that only it asks for.
"""

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from importlib.metadata import version

import numpy as np
from scipy.optimize import minimize

FLOOR, NEAR = 1e-4, 1e-3


def lbfgs(loss, start, record):
    """Where SciPy's L-BFGS-B ends, with 50 correction pairs: with its usual ten it takes up to three times as long."""

    def recorded(vector):
        value, slope = loss(vector)
        record(value)
        return value, slope

    options = {"maxiter": 1000, "maxfun": 2000, "maxcor": 50}
    return minimize(recorded, start, jac=True, method="L-BFGS-B", options=options).x


def starts(x, y, kernels, number):
    """W and kappa [kernels, T], length-scales [kernels] and a noise: of the correlations first, then at random."""
    values, vectors = np.linalg.eigh(0.9 * np.corrcoef(y.T))
    W = (vectors * np.sqrt(np.maximum(values, 0))).T[::-1][:kernels]
    kappa, range_of_x, rng = np.full_like(W, 0.05), np.ptp(x), np.random.default_rng(0)
    yield {"W": W, "kappa": kappa, "length": range_of_x * np.array([0.2, 0.05])[:kernels], "noise": 0.1}
    for _ in range(number - 1):
        length, noise = np.exp(rng.uniform(np.log(0.03), 0, kernels)), np.exp(rng.uniform(np.log(0.01), np.log(0.5)))
        yield {"W": rng.normal(0, 0.5, W.shape), "kappa": kappa, "length": range_of_x * length, "noise": noise}


def maximise(program, x, y, noise, start):
    """CPU seconds to the stop and to near the end, the number of evaluations, the end, and what was found."""
    log, began = [], time.process_time()
    found = program(x, y, noise, start, lambda value: log.append((time.process_time() - began, value)))
    seconds, (times, values) = time.process_time() - began, np.array(log).T
    end = np.nanmin(values)
    return np.array([seconds, times[np.argmax(values <= end + NEAR)], len(log)]), end, found


FIRST: dict[tuple, float] = {}  # seconds of the first climb of each kind, which compiles


def fits(programs, packages, tables, many=False):
    """Fit each table with each program, from one start and, if there are to be many, from as many as the module had.

    The first climb of each shape, kind of noise and number of kernels warms up; its seconds are told as "first".
    """
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    for table in tables:
        x, y, noise, kernels = np.array(table["x"]), np.array(table["y"]), table["noise"], table["kernels"]
        for name, program in programs.items():
            given = list(starts(x, y, kernels, table["starts"] if many else 1))
            kind = name, y.shape, noise, kernels
            if kind not in FIRST:
                FIRST[kind] = maximise(program, x, y, noise, given[0])[0][0]
            total, best = np.zeros(3), (np.inf, None)
            for number, start in enumerate(given, 1):
                took, end, found = maximise(program, x, y, noise, start)
                total, best = total + took, min(best, (end, found), key=lambda one: one[0])
                if number in (1, len(given)):
                    told = dict(zip(("seconds", "reached", "evaluations"), total))
                    told |= {key: np.asarray(value, dtype=float).tolist() for key, value in best[1].items()}
                    told |= {"program": name, "versions": versions, "at": table["at"], "starts": number}
                    yield told | {"first": FIRST[kind]}
