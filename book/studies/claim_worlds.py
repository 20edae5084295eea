"""How often intervals hold and what choices cost, in made worlds: mtgp_tutorial/datasets/studies/claim_worlds.csv.

The worlds were fixed here before any of them was looked at. `choose` had half a standard error then; in the first
worlds of regret one did better, so it has one now, and the later worlds, "fresh", were fixed after that.

coverage: tables of differences without a gain, an effect for each cluster of each clustering, its standard deviation
`ratio` times that of the rest. regret: trials in clusters of four, three methods of rising richness whose log CRPS is
that of the trial, a gain that differs by cluster, and noise; in a `rare` share of trials a richer method is ten times
worse. A rule chooses by the trials; regret is the excess of the expected CRPS of its choice over the best method's, in
per cent.
"""

import numpy as np
import pandas as pd
from running import run
from scipy import stats

from mtgp_tutorial import choose
from mtgp_tutorial.comparison import gain

TABLES, DRAWS = 400, 200
RULES = ("choose", "half an error", "old rule", "smallest mean", "always alone")
DESIGNS = {  # sizes of the clusters; or clusters that cross
    "one, 3 of 4": [4] * 3,
    "one, 4 of 4": [4] * 4,
    "one, 6 of 2": [2] * 6,
    "one, 12 of 3": [3] * 12,
    "one, uneven": [1, 2, 3, 5, 8],
    "crossed, 3 x 5": (3, 5),
    "crossed, 4 x 4": (4, 4),
    "crossed, 7 x 3": (7, 3),
    "crossed, 9 x 4": (9, 4),
    "nested, 4 lakes in 3 basins": "nested",
}
TAILS = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.lognormal(0, 1, size) - np.exp(0.5),
    "t, 4 degrees": lambda rng, size: rng.standard_t(4, size),
}
RATIOS = (0.0, 0.7, 1.5, 4.0)
# gains of log CRPS, sd between clusters, share of disasters, clusters, trials in each, sd of the rest, gain of the rich
WORLDS = {
    "regret": ((-0.8, -0.25, -0.07, 0.0, 0.07, 0.4), (0.1, 0.4), (0.0, 0.04), (2, 4, 8), 4, 0.3, 1.1),
    "regret, fresh": ((-1.2, -0.5, -0.15, -0.03, 0.03, 0.15, 0.6), (0.2, 0.6), (0.0, 0.02), (6, 12), 3, 0.5, 1.2),
}


def labels_of(design):
    """The clusterings of a design: for each the label of each trial."""
    if design == "nested":
        lake = np.repeat(np.arange(4), 4)
        return {"lake": lake, "basin": np.array([0, 0, 1, 2])[lake]}
    if isinstance(design, tuple):
        return dict(zip(("lake", "stretch"), (g.ravel() for g in np.indices(design))))
    return {"lake": np.repeat(np.arange(len(design)), design)}


def coverage(name, tail, ratio):
    """Shares of tables whose interval holds zero, and that have none; and the mean width over Student's of trials."""
    rng = np.random.default_rng([*RATIOS].index(ratio) + 100 * [*DESIGNS].index(name) + 10_000 * [*TAILS].index(tail))
    labels = labels_of(DESIGNS[name])
    n, held, none = len(labels["lake"]), 0, 0
    for _ in range(TABLES):
        d = TAILS[tail](rng, n)
        for label in labels.values():
            d = d + ratio * TAILS[tail](rng, label.max() + 1)[label]
        found = gain(pd.Series(d), {key: pd.Series(label) for key, label in labels.items()})
        none += np.isnan(found["low"])
        held += found["low"] < 0 < found["high"]
    return {"held": held / (TABLES - none), "no interval": none / TABLES}


def old_rule(table):
    """Before: the best method that beats the first by t over clusters with Holm's correction; else the first."""
    means = table.groupby(level="cluster").mean()
    d = means.iloc[:, 1:].sub(means.iloc[:, 0], axis=0)
    if len(means) < 4 or len(table) < 8:
        return means.columns[0]
    p = 2 * stats.t.sf(np.abs(d.mean() / d.sem()), len(means) - 1)
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    agree = table.iloc[:, 1:].sub(table.iloc[:, 0], axis=0).median() < 0
    sure = d.mean()[(adjusted < 0.05) & (d.mean() < 0) & agree]
    return sure.idxmin() if len(sure) else means.columns[0]


def within(table, errors):
    """The first method that is behind the best mean by at most so many standard errors."""
    means = table.groupby(level="cluster").mean()
    behind = means.sub(means[means.mean().idxmin()], axis=0)
    return next(method for method in means if behind[method].mean() <= errors * behind[method].sem())


def regret(kind, size, between, rare, clusters):
    """Mean excess of each rule's choice."""
    sizes, betweens, rares, counts, each, rest, more = WORLDS[kind]
    places = (sizes.index(size), betweens.index(between), rares.index(rare), counts.index(clusters))
    rng = np.random.default_rng([[*WORLDS].index(kind), *places])
    n, methods = each * clusters, {"alone": 0.0, "shared": size, "rich": more * size + 0.01}
    due = {  # the mean of a log-normal; the same difficulty for all
        method: np.exp(gain + (between**2 + rest**2) / 2 * (method != "alone")) * (1 + 9 * rare * (method != "alone"))
        for method, gain in methods.items()
    }
    cost = dict.fromkeys(RULES, 0.0)
    for _ in range(DRAWS):
        cluster, trial = np.repeat(np.arange(clusters), each), rng.normal(0, 0.5, n)
        logs = {"alone": trial}
        for method in ("shared", "rich"):
            own = methods[method] + between * rng.normal(size=clusters)[cluster] + rest * rng.normal(size=n)
            logs[method] = trial + own + np.log(10) * (rng.random(n) < rare)
        wide = pd.DataFrame({method: np.exp(log) for method, log in logs.items()})
        table = wide.set_index(pd.Index(cluster, name="cluster"))
        long = wide.assign(cluster=cluster, task="a").rename_axis("trial").reset_index()
        long = long.melt(["trial", "cluster", "task"], var_name="method", value_name="CRPS")
        taken = (choose(long, cluster="cluster"), within(table, 0.5), old_rule(table), within(table, 0.0), "alone")
        for rule, method in zip(RULES, taken):
            cost[rule] += 100 * (due[method] / min(due.values()) - 1) / DRAWS
    return {"trials": n} | cost


def rows(kind, *world):
    """One row."""
    if kind == "coverage":
        return [{"kind": kind, **dict(zip(("world", "tail", "ratio"), world))} | coverage(*world)]
    named = dict(zip(("gain", "between", "rare"), world))
    return [{"kind": kind, **named} | regret(kind, *world)]


if __name__ == "__main__":
    worlds = [("coverage", design, tail, ratio) for design in DESIGNS for tail in TAILS for ratio in RATIOS]
    for kind, (sizes, betweens, rares, counts, *_) in WORLDS.items():
        worlds += [(kind, g, b, r, k) for g in sizes for b in betweens for r in rares for k in counts]
    run(__file__, worlds)
