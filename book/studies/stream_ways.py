"""Right and wrong ways to write the bound on two processes: mtgp_tutorial/datasets/studies/stream_ways.csv.

The table that examples/streaming/wrong_ways.py prints: one batch, one model, two processes of one machine.
"""

import io
import subprocess

import pandas as pd
from running import run
from streaming import PROGRAMS, TORCHRUN


def rows(processes):
    """One row for each way."""
    words = [*TORCHRUN, f"--nproc_per_node={processes}", PROGRAMS / "wrong_ways.py"]
    printed = subprocess.run(words, check=True, text=True, capture_output=True).stdout
    return pd.read_csv(io.StringIO(printed)).assign(cluster=0)


def small():
    """The whole study takes seconds."""
    return rows(2)


if __name__ == "__main__":
    run(__file__, [(2,)])
