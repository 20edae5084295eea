"""Adam's rate after a start from the closed form: mtgp_tutorial/datasets/studies/stream_rates.csv.

100,000 cells, a start on 3000 of them, two epochs. With rate 0 the hyper-parameters stay those of the sample, and the
epochs fit q alone, by natural gradients. NLPD beside the best possible; a seed is a table and its order.
"""

import tempfile
from pathlib import Path

from running import run
from streaming import BATCH, CELLS, SMALL, finish, made

SEEDS, RATES = 3, (0.0, 0.0002, 0.001, 0.005)


def rows(seed, cells=100_000, rates=RATES, **options):
    """One row for each rate; they share a start, which costs the same CPU seconds in each."""
    options = {"batch": 2048, "sample": 3000, "every": 1000, "seed": seed, **options}
    with tempfile.TemporaryDirectory() as scratch:
        runs = [(rate, finish(made(cells, seed), Path(scratch, f"{rate}.pt"), **options, rate=rate)) for rate in rates]
    return [{"seed": seed, "cluster": seed, "rate": rate, **row} for rate, row in runs]


def small():
    return rows(0, CELLS, RATES[::3], batch=BATCH, **SMALL)


if __name__ == "__main__":
    run(__file__, [(seed,) for seed in range(SEEDS)])
