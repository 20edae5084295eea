"""Where a record begins late or ends early, in 17 tables: studies/record_ends.csv.

The tables are those of examples/forty_tables/further.csv that have one input. A trial hides the first 15 % of one
column and the last 15 % of the next; there are as many as columns, eight at most, and none of them had been made before
the rule was put down that they judge (docs/decisions/bands.md). Scores are means over the hidden cells of a table, in
standard deviations of the known values of their columns. Averaged over parameters are fits to at most 400 values.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from running import run
from scipy import stats

from mtgp_tutorial import FitError, fit, icm, sample_posterior
from mtgp_tutorial.predicting import impute
from mtgp_tutorial.tables import fill, plain_methods

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "forty_tables"))
from score import of_mixture
from sources import specs, table
from trials import edge

SHARE, MOST, SMALL = 0.15, 8, 400
RULE = plain_methods()["regression + GP"]


def names():
    """The tables of one input."""
    return [name for name in specs("further.csv").index if table(name).x.shape[1] == 1]


def fitted(seen):
    """The ICM that fills, with noise per task where full noise finds no optimum."""
    try:
        return fit(icm(seen))
    except FitError:
        return fit(icm(seen, noise="per task"))


def half(seen, found):
    """A regression with a GP and this answer in equal parts: means and variances [parts, N, T]."""
    rule, other = fill(seen, RULE), found.components
    count = len(other[0])
    return tuple(
        np.concatenate([np.repeat(one.numpy()[None], count, 0), two.numpy()])
        for one, two in zip((rule.mean, rule.variance), other)
    )


def trial(data, column):
    """Cells that a trial hides, and what each method says of them: one line for each cell and method."""
    other = (column + 1) % data.num_tasks
    hide = np.zeros(tuple(data.y.shape), bool)
    hide[edge(data, column, SHARE, False), column] = True
    hide[edge(data, other, SHARE, True), other] = True
    seen, _ = data.split(torch.as_tensor(hide))
    best = fitted(seen)
    of = {"": impute(best)}
    if int(seen.observed.sum()) <= SMALL:
        of[", averaged"] = impute(sample_posterior(best))
    answers = {f"ICM{how}": tuple(one.numpy() for one in law.components) for how, law in of.items()}
    answers |= {f"half and half{how}": half(seen, law) for how, law in of.items()}
    for t, end in ((column, "late start"), (other, "early end")):
        cells, sd, y = hide[:, t], float(np.nanstd(data.y[:, t])), data.y[:, t].numpy()
        for method, (means, variances) in answers.items():
            m, s = means[:, cells, t], np.sqrt(variances[:, cells, t])
            below = stats.norm.cdf(y[cells], m, s).mean(0)
            inside, width = (below > 0.025) & (below < 0.975), np.sqrt((s**2).mean(0) + m.var(0)) / sd
            crps = of_mixture(m, s, y[cells])[1] / sd
            yield pd.DataFrame({"method": method, "end": end, "CRPS": crps, "coverage": inside, "sd": width})


def rows(name):
    """Means over the cells of a table: one row for each method, at the beginning, at the end and at both."""
    warnings.simplefilter("ignore")
    data = table(name)
    every = pd.concat(part for column in range(min(MOST, data.num_tasks)) for part in trial(data, column))
    every = pd.concat([every, every.assign(end="both")])
    found = every.groupby(["method", "end"]).agg({"CRPS": ["size", "mean"], "coverage": "mean", "sd": "mean"})
    found.columns = ["cells", "CRPS", "coverage", "sd"]
    return found.reset_index().assign(table=name, **{"log CRPS": np.log(found["CRPS"].to_numpy())})


if __name__ == "__main__":
    run(__file__, [(name,) for name in names()])
