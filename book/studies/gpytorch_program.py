"""The first program of book/gpytorch.ipynb, and the module's fit of its model: studies/gpytorch_program.csv.

The tables and trials are those of examples/forty_tables that were set aside and have a score of the program in
GPyTorch's documentation ("GPyTorch" of its methods.py, tables of at most 400 seen values). The program is run from the
cells of book/gpytorch.ipynb. "module, no priors" is the module's ICM with the same kernel and a noise for each column,
at its maximum of the likelihood. Scores are means over the asked cells of a trial, as score.py has them.

height: log likelihood, nats, of the standardised columns; first: that which the first of the three climbs reached.
"""

import contextlib
import functools
import io
import sys
import warnings
from pathlib import Path

import gpytorch
import nbformat
import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel
from running import ROOT, run

from mtgp_tutorial import TaskData, datasets, fit, icm, impute

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "forty_tables"))
from score import by_cell, truth
from sources import specs
from trials import COUNT, trials

every = functools.cache(truth)


def tables():
    """The tables set aside that the documentation's program has answered."""
    means = datasets.study("forty_tables_means").query("aside == 1 and method == 'GPyTorch'")
    return list(means["table"])


@functools.cache
def program():
    """Cells of the first program: its table, its parts, the climbs, what it fills in, and a look at that."""
    cells = nbformat.read(ROOT / "book" / "gpytorch.ipynb", 4).cells
    begin = next(number for number, cell in enumerate(cells) if "(gpytorch-holes)=" in cell.source)
    end = next(number for number, cell in enumerate(cells) if number > begin and "tags" in cell.metadata)
    return [cell.source for cell in cells[begin + 1 : end]]


def run_on(x, y, seed=0, fill=True):
    """Names that the program leaves, run on a table with NaN in its holes; without holes there is nothing to fill."""
    names = {"gpytorch": gpytorch, "torch": torch, "x": x, "Y": y.clone()}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in program()[1 : -1 if fill else -2]:
            exec(cell.replace("torch.manual_seed(0)", f"torch.manual_seed({seed})"), names)
    return names


def answers(seen):
    """Means and variances [N, T] of readings in the units of the table, and heights, of both methods."""
    found = run_on(seen.x, seen.y)
    mean, variance = torch.full_like(seen.y, torch.nan), torch.full_like(seen.y, torch.nan)
    mean[~found["seen"]], variance[~found["seen"]] = found["filled"], (found["band"] / 2) ** 2
    yield "first program", mean, variance, max(found["heights"]), found["heights"][0]
    unit = TaskData(found["x"], found["Y"])
    fitted = fit(icm(unit, noise="per task", kernel=MaternKernel(nu=1.5, ard_num_dims=seen.x.shape[1])), priors=False)
    own = impute(fitted)
    mean, variance = own.mean * found["sd"] + found["mean"], own.variance * found["sd"] ** 2
    yield "module, no priors", mean, variance, fitted.log_likelihood, np.nan


def rows(name, number):
    """Both methods on one trial."""
    warnings.simplefilter("ignore")
    trial = trials(name)[number]
    asked = every().query(f"table == {name!r} and trial == {number}")
    for method, mean, variance, height, first in answers(trial.seen):
        at = trial.rows, trial.columns
        said = {"row": trial.rows, "column": [trial.seen.tasks[t] for t in trial.columns]}
        said = pd.DataFrame(said | {"mean": mean[at].numpy(), "sd": variance[at].sqrt().numpy()})
        cells = by_cell(asked.merge(said, on=["row", "column"], validate="one_to_one"))
        scores = cells[["CRPS", "NLPD", "coverage"]].mean()
        named = {"table": name, "family": specs().loc[name, "family"], "trial": number, "method": method}
        yield named | {"cells": len(cells), **scores, "height": height, "first": first}


if __name__ == "__main__":
    run(__file__, ((name, number) for name in tables() for number in range(COUNT)))
