"""A million cells once, 980,000 to learn from: mtgp_tutorial/datasets/studies/stream_million.csv.

train.py as it stands: a start by the closed form on 10,000 cells, two epochs from there. Beside the NLPD of the
held-out cells stands the best possible, of who knows f and the noise. Seconds are wall time under the machine's `load`.
"""

import os
import tempfile
from pathlib import Path

from running import run
from streaming import BATCH, CELLS, SMALL, finish, made


def rows(cells, **options):
    """The one row."""
    with tempfile.TemporaryDirectory() as scratch:
        row = finish(made(cells), Path(scratch, "run.pt"), **options)
    return [{"cluster": 0, "cells": cells, "load": os.getloadavg()[0], **row}]


def small():
    return rows(CELLS, batch=BATCH, **{**SMALL, "points": 8, "sample": 2000, "iterations": 25})


if __name__ == "__main__":
    run(__file__, [(1_000_000,)])
