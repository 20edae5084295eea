"""How often intervals hold and what choices cost, in made worlds: mtgp_tutorial/datasets/studies/claim_worlds.csv.

The worlds were fixed here before any of them was looked at; the constants of `claims` and `choose` are older.

coverage: tables of differences without a gain, an effect for each cluster of each clustering, its standard deviation
`ratio` times that of the rest. regret: trials in clusters of four, three arms of rising richness whose log CRPS is that
of the trial, a gain that differs by cluster, and noise; in a `rare` share of trials a richer arm is ten times worse. A
rule chooses by the trials; regret is the excess of the expected CRPS of its choice over the best arm's, in per cent.
"""

import numpy as np
import pandas as pd
from running import run
from scipy import stats

from mtgp_tutorial import choose
from mtgp_tutorial.judging.claims import gain

TABLES, DRAWS = 400, 200
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
GAINS = {"strong": -0.8, "some": -0.25, "weak": -0.07, "none": 0.0, "weak harm": 0.07, "harm": 0.4}
BETWEEN, RARE, CLUSTERS = (0.1, 0.4), (0.0, 0.04), (2, 4, 8)


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
    """Before: the best arm that beats the first by t over clusters with Holm's correction; else the first."""
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


def regret(name, between, rare, clusters):
    """Mean excess of the choice, of the old rule's, of the best mean's, and of staying with the simplest arm."""
    rng = np.random.default_rng(
        [[*GAINS].index(name), BETWEEN.index(between), RARE.index(rare), CLUSTERS.index(clusters)]
    )
    n, arms = 4 * clusters, {"alone": 0.0, "shared": GAINS[name], "rich": 1.1 * GAINS[name] + 0.01}
    # the mean of a log-normal; the same difficulty for all
    due = {
        arm: np.exp(size + (between**2 + 0.3**2) / 2 * (arm != "alone")) * (1 + 9 * rare * (arm != "alone"))
        for arm, size in arms.items()
    }
    cost = {rule: 0.0 for rule in ("choose", "old rule", "smallest mean", "always alone")}
    for _ in range(DRAWS):
        cluster, trial = np.repeat(np.arange(clusters), 4), rng.normal(0, 0.5, n)
        logs = {"alone": trial}
        for arm in ("shared", "rich"):
            own = arms[arm] + between * rng.normal(size=clusters)[cluster] + 0.3 * rng.normal(size=n)
            logs[arm] = trial + own + np.log(10) * (rng.random(n) < rare)
        wide = pd.DataFrame({arm: np.exp(log) for arm, log in logs.items()})
        table = wide.set_index(pd.Index(cluster, name="cluster"))
        long = wide.assign(cluster=cluster, task="a").rename_axis("trial").reset_index()
        long = long.melt(["trial", "cluster", "task"], var_name="arm", value_name="CRPS")
        means = table.groupby(level="cluster").mean().mean()
        taken = {"choose": choose(long, cluster="cluster"), "old rule": old_rule(table)}
        taken |= {"smallest mean": means.idxmin(), "always alone": "alone"}
        for rule, arm in taken.items():
            cost[rule] += 100 * (due[arm] / min(due.values()) - 1) / DRAWS
    return cost


def rows(kind, *world):
    """One row."""
    if kind == "coverage":
        design, tail, ratio = world
        return [{"kind": kind, "world": design, "tail": tail, "ratio": ratio} | coverage(*world)]
    name, between, rare, clusters = world
    named = {"kind": kind, "world": f"help: {name}", "between": between, "rare": rare, "trials": 4 * clusters}
    return [named | regret(*world)]


if __name__ == "__main__":
    worlds = [("coverage", design, tail, ratio) for design in DESIGNS for tail in TAILS for ratio in RATIOS]
    worlds += [("regret", g, b, r, k) for g in GAINS for b in BETWEEN for r in RARE for k in CLUSTERS]
    run(__file__, worlds)
