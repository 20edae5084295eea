"""Averaged bands on the book's real holes, beside the fit's own: mtgp_tutorial/datasets/studies/averaged_tables.csv.

The trials of plain_rules.py. An ICM with full noise chooses its kernel by its own likelihood, from Matern 1/2, Matern
3/2 and RBF, as there; then it is used as it is, at the posterior mode, and averaged.
"""

import warnings

import numpy as np
from plain_rules import KERNELS, MODELS, SCORES, TRIALS
from running import run

from mtgp_tutorial import fit, impute, sample_posterior, scores


def rows(case, label):
    """One row for each method."""
    make, _, cluster = TRIALS[case]
    seen, hidden = make(label)
    models = [MODELS["ICM, full noise"](seen, build(seen.x.shape[1])) for build in KERNELS.values()]
    best = max((fit(model) for model in models), key=lambda fitted: fitted.log_likelihood)
    methods = {"ML": max((fit(model, priors=False) for model in models), key=lambda fitted: fitted.log_likelihood)}
    methods |= {"mode": best, "averaged": sample_posterior(best)}
    table = scores.table({method: impute(one) for method, one in methods.items()}, hidden, seen).droplevel("task")
    mixing = methods["averaged"].mixing
    went = {"R-hat": mixing["R-hat"].max(), "ESS": mixing["ESS"].min(), "evaluations": methods["averaged"].evaluations}
    trial = " ".join(map(str, label)) if isinstance(label, tuple) else label
    named = {"case": case, "trial": trial, "cluster": cluster(label), "cells": int(np.sum(hidden.observed.numpy()))}
    return [
        {**named, "method": method, **table.loc[method, ["MAE", *SCORES]], **(went if method == "averaged" else {})}
        for method in methods
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(__file__, ((case, label) for case, (_, labels, _) in TRIALS.items() for label in labels))
