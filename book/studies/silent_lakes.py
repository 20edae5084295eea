"""Do bands hold where each of four lakes is silent in turn, and what widens them? studies/silent_lakes.csv.

Each of the Great Lakes is unread for 23 years ("23 years": 1918 to 1940, to 1963, to 1986, to 2009) or for ten ("10
years", from 1944 on), one lake after the other, in all 24 orders. Every year three lakes at least are read. All orders
hide levels of one table, so that counts of orders are no test.
"""

import itertools

import torch
from running import run

from mtgp_tutorial import datasets, fit, icm, impute, sample_posterior, scores
from mtgp_tutorial.tables import calibrated, fill

LAKES = datasets.great_lakes()
PLANS, ORDERS = {"23 years": 23, "10 years": 10}, list(itertools.permutations(range(4)))
METHODS = {
    "ICM": lambda seen: fill(seen, icm),
    "calibrated": lambda seen: fill(seen, calibrated(icm)),
    "averaged": lambda seen: impute(sample_posterior(fit(icm(seen)))),
}


def silent(plan, order):
    """The levels [N, 4] that are not read."""
    years = PLANS[plan]
    since = torch.arange(92)[:, None] - (46 - 2 * years) - years * torch.tensor(order).argsort()
    return (since >= 0) & (since < years)


def rows(plan, order):
    """Scores of every method over all hidden levels."""
    seen, truth = LAKES.split(silent(plan, order))
    found = scores.table({name: answer(seen) for name, answer in METHODS.items()}, truth, seen)
    table = found[["MAE", "CRPS", "NLPD", "coverage"]].groupby(level=0).mean().rename_axis("method").reset_index()
    return table.assign(plan=plan, order="".join(LAKES.tasks[t][0] for t in order))


if __name__ == "__main__":
    run(__file__, [(plan, order) for plan in PLANS for order in ORDERS])
