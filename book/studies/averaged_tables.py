"""Averaged bands on the book's real holes, beside the fit's own: mtgp_tutorial/datasets/studies/averaged_tables.csv.

The trials of plain_rules.py. An ICM with full noise chooses its kernel by its own likelihood, from Matern 1/2, Matern
3/2 and RBF, as there; then it is used as it is, at the posterior mode, and averaged.
"""

import warnings

import numpy as np
from plain_rules import KERNELS, MODELS, SCORES, TRIALS
from running import run

from mtgp_tutorial import average, fit, impute, scores


def rows(case, label):
    """One row for each arm."""
    make, _, cluster = TRIALS[case]
    seen, hidden = make(label)
    models = [MODELS["ICM, full noise"](seen, build(seen.x.shape[1])) for build in KERNELS.values()]
    best = max((fit(model) for model in models), key=lambda fitted: fitted.log_likelihood)
    arms = {"ML": max((fit(model, priors=False) for model in models), key=lambda fitted: fitted.log_likelihood)}
    arms |= {"mode": best, "averaged": average(best)}
    table = scores.table({arm: impute(one) for arm, one in arms.items()}, hidden, seen).droplevel("task")
    mixing = arms["averaged"].mixing
    went = {"R-hat": mixing["R-hat"].max(), "ESS": mixing["ESS"].min(), "evaluations": arms["averaged"].evaluations}
    trial = " ".join(map(str, label)) if isinstance(label, tuple) else label
    named = {"case": case, "trial": trial, "cluster": cluster(label), "cells": int(np.sum(hidden.observed.numpy()))}
    return [
        {**named, "arm": arm, **table.loc[arm, ["MAE", *SCORES]], **(went if arm == "averaged" else {})} for arm in arms
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run(__file__, ((case, label) for case, (_, labels, _) in TRIALS.items() for label in labels))
