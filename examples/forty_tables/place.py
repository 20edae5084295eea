"""Places the tables on the map: what a row's other columns and a column's own curve explain of the hidden cells.

    python examples/forty_tables/place.py             # the tables not set aside, into the study forty_tables_map.csv
    python examples/forty_tables/place.py --aside     # those that are; either takes a few minutes

Both come from the seen cells of each trial alone (`mtgp_tutorial.tables.explained_shares`), before any model of several
columns.
"""

import os
import sys
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from score import RESULTS
from sources import made_of, specs
from tqdm import tqdm
from trials import trials

from mtgp_tutorial.tables import explained_shares

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


def main() -> None:
    """Places tables, and keeps the others that are stored."""
    spec, file = specs(), RESULTS.with_name("forty_tables_map.csv")
    names = spec.index[spec["aside"] == int("--aside" in sys.argv)]
    jobs = int(os.environ.get("MTGP_JOBS", cpu_count()))
    done = Parallel(jobs, return_as="generator")(delayed(placed)(name) for name in names)
    found = pd.DataFrame(list(tqdm(done, total=len(names), unit="table", disable=None)))
    found = found.merge(spec[["family", "field", "aside"]].reset_index(), on="table")
    if file.exists():
        old = pd.read_csv(file)
        found = pd.concat([old[~old["table"].isin(names)], found]).sort_values("aside", kind="stable")
    columns = ["table", "family", "field", "aside", *SHARES, "cells"]
    found[columns].to_csv(file, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
