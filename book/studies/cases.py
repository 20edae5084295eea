"""The gaps and splits of the case studies, whole: mtgp_tutorial/datasets/studies/cases.csv.

The trials of the real worlds of comparison.py, and nine further stretches of the economy, between its five and after
them. To the scores of single cells it adds that of all hidden cells of a trial together (joint NLPD), and how many of
them lie in each tenth of their predicted distribution (PIT 0 to PIT 9).
"""

import comparison
import numpy as np
import us_macro
from climate import split
from gpytorch.kernels import MaternKernel
from running import run
from scipy.stats import norm

from mtgp_tutorial import detrend, fit, impute, scores
from mtgp_tutorial.tables import standard_methods

METHODS, SCORES = ("independent, shared", "ICM", "ICM, full noise"), ["NLPD", "CRPS", "MSE", "SMSE", "coverage"]
BETWEEN = (1965, 1968, 1975, 1978, 1985, 1988, 1995, 1998, 2005)
OTHERS = [(task, start) for task in us_macro.LOGS.tasks for start in BETWEEN]


def gap(task, start):
    """Twelve quarters of one series hidden, and trends of the seen cells removed."""
    return detrend(*us_macro.LOGS.hide(task, start, start + 2.75))


CASES = {  # seen and hidden table of a trial, trials, cluster of a trial
    "Great Lakes": (comparison.outage, comparison.OUTAGES, lambda label: int(label.rsplit(" ", 1)[1])),
    "US macro": (lambda label: gap(*label), us_macro.GAPS, lambda label: label[1]),
    "US macro, others": (lambda label: gap(*label), OTHERS, lambda label: label[1]),
    "climate": (lambda label: split("sparse", label), range(20), lambda label: label),
    "El Niño": (comparison.el_nino, range(20), lambda label: label),
}


def rows(case, label):
    """One row for each method."""
    make, _, cluster = CASES[case]
    seen, hidden = make(label)
    kernel, found = MaternKernel(nu=1.5, ard_num_dims=seen.x.shape[1]), []
    trial = " ".join(map(str, label)) if isinstance(label, tuple) else label
    for method in METHODS if case != "US macro, others" else METHODS[:2]:
        filled = impute(fit(standard_methods(kernel)[method](seen)), covariance=True)
        table, wanted = scores.table(filled, hidden, seen).iloc[0], hidden.observed
        y, mean = hidden.y[wanted], filled.mean[wanted]
        assert [(row, seen.tasks[t]) for row, t in wanted.nonzero().tolist()] == list(filled.cells)
        joint = float(scores.joint_nlpd(mean, filled.covariance, y))
        tenths = np.histogram(norm.cdf((y - mean) / filled.sd[wanted]), 10, (0, 1))[0]
        named = {"case": case, "trial": trial, "cluster": cluster(label), "method": method, "joint NLPD": joint}
        found.append(named | dict(table[SCORES]) | {f"PIT {tenth}": count for tenth, count in enumerate(tenths)})
    return found


if __name__ == "__main__":
    run(__file__, ((case, label) for case, (_, labels, _) in CASES.items() for label in labels))
