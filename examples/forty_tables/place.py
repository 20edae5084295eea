"""Places the tables on the map: what a row's other columns and a column's own curve explain of the hidden cells.

    python examples/forty_tables/place.py    # writes the study forty_tables_map.csv; a few minutes

Both come from the seen cells of each trial alone (`mtgp_tutorial.explained_shares`), before any model of several
columns.
"""

import os
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from score import RESULTS
from tables import made_of, specs
from tqdm import tqdm
from trials import trials

from mtgp_tutorial import explained_shares

SHARES = ["others", "own"]


def placed(name: str) -> pd.Series:
    """Means of both shares over the cells that the trials of a table ask for."""
    warnings.simplefilter("ignore")
    parts = []
    for trial in trials(name):
        y = np.full(tuple(trial.seen.y.shape), np.nan)
        y[trial.rows, trial.columns] = 0
        parts.append(explained_shares(trial.seen, made_of(trial.seen.x, y, trial.seen.tasks, trial.seen.x_name)))
    shares = pd.concat(parts)
    means = {share: np.average(shares[share], weights=shares["cells"]) for share in SHARES}
    return pd.Series({"table": name, **means, "cells": shares["cells"].sum()})


if __name__ == "__main__":
    spec = specs()
    jobs = int(os.environ.get("MTGP_JOBS", cpu_count()))
    done = Parallel(jobs, return_as="generator")(delayed(placed)(name) for name in spec.index)
    found = pd.DataFrame(list(tqdm(done, total=len(spec), unit="table", disable=None)))
    found = found.merge(spec[["family", "field", "aside"]].reset_index(), on="table")
    columns = ["table", "family", "field", "aside", *SHARES, "cells"]
    found[columns].to_csv(
        RESULTS.with_name("forty_tables_map.csv"), index=False, float_format="%.4g", lineterminator="\n"
    )
