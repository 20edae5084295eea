"""Claims are Student's or a summed-out crossed model's interval, got a second way; choices are by loops."""

import math

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats import norm, sem

from laws.common import RANDOM, close
from mtgp_tutorial import choose, paired, sentence, summarise
from mtgp_tutorial.comparison import gain
from mtgp_tutorial.tables import plain_methods, standard_methods

NAN = float("nan")
SIZES = ["mean difference", "low", "high"]


def crossed(rng, lakes=4, stretches=3, ratio=1.0):
    """Differences of trials with an effect of each lake and of each stretch, and their labels."""
    grid = [(lake, stretch) for lake in range(lakes) for stretch in range(stretches)]
    lake, stretch = (pd.Series(label) for label in zip(*grid))
    d = ratio * rng.normal(size=lakes)[lake] + ratio * rng.normal(size=stretches)[stretch] + rng.normal(size=len(grid))
    return pd.Series(d), {"lake": lake, "stretch": stretch}


def law_one_clustering_is_students_interval():
    """Against scipy's, of trials, of cluster means, and with the variance of overlapping splits."""
    rng = RANDOM(81)
    for k in range(3, 12):
        d = pd.Series(rng.normal(0.3, 1, k))
        ends = stats.ttest_1samp(d, 0).confidence_interval()
        found = gain(d, {})
        close([found[name] for name in SIZES], [d.mean(), *ends])
        close(
            [found["median"], found["worst"], found["lower"], found["trials"]], [d.median(), d.max(), (d < 0).sum(), k]
        )
        half = stats.t.ppf(0.975, k - 1) * math.sqrt((1 / k + 0.25) * d.var())
        close([gain(d, {}, 0.2)[name] for name in SIZES], [d.mean(), d.mean() - half, d.mean() + half])
        uneven = pd.Series(np.repeat(np.arange(k), 1 + np.arange(k) % 3))
        many = pd.Series(rng.normal(size=len(uneven)) + d[uneven].to_numpy())
        means = many.groupby(uneven).mean()
        found = gain(many, {"lake": uneven})
        close([found[name] for name in SIZES], [means.mean(), *stats.ttest_1samp(means, 0).confidence_interval()])
        assert (found["clusters by lake"], found["lower by lake"]) == (k, (means < 0).sum())
        trials = [many.median(), many.max(), (many < 0).sum(), len(many)]
        close([found[name] for name in ("median", "worst", "lower", "trials")], trials)


def law_trials_and_clusters_are_counted_apart():
    """By eye; what is equal is not lower, and each clustering has its own counts."""
    d = pd.Series([-1.0, 1, 0, 0, -3, -2, 5, 0])
    found = gain(d, {"lake": pd.Series([0, 0, 1, 1, 2, 2, 3, 3]), "stretch": pd.Series([0, 1] * 4)})
    counts = {"lower": 3, "trials": 8, "clusters by lake": 4, "lower by lake": 1}
    counts |= {"clusters by stretch": 2, "lower by stretch": 1}
    assert {name: found[name] for name in counts} == counts and found["worst"] == 5 and found["median"] == 0
    by = [name for name in found if name.startswith(("clusters by", "lower by"))]
    assert by == [name for name in counts if " by " in name]


def law_several_clusterings_sum_out_their_ratios():
    """The density of the mean by brute force: flat in m, 1/sigma in the scale, half-Cauchy(1) in both ratios."""
    rng = RANDOM(82)
    ratios = stats.halfcauchy.ppf((np.arange(15) + 0.5) / 15)
    for _ in range(2):
        d, labels = crossed(rng)
        same = [np.equal.outer(label.to_numpy(), label.to_numpy()) for label in labels.values()]
        log_sigma = np.linspace(-4, 4, 801)
        parts = []
        for a in ratios:
            for b in ratios:
                V = np.eye(len(d)) + a**2 * same[0] + b**2 * same[1]
                W, one = np.linalg.inv(V), np.ones(len(d))
                m, variance = one @ W @ d / (one @ W @ one), 1 / (one @ W @ one)
                chi = (d - m) @ W @ (d - m)
                log = -0.5 * np.linalg.slogdet(V)[1] + 0.5 * math.log(variance)  # m integrated out, sigma not yet
                log = log - (len(d) - 1) * log_sigma - 0.5 * chi * np.exp(-2 * log_sigma)
                parts.append((m, np.exp(log_sigma) * math.sqrt(variance), log))
        weight = np.exp(np.array([log for *_, log in parts]))
        weight /= weight.sum()
        m, sd = np.array([m for m, *_ in parts])[:, None], np.array([sd for _, sd, _ in parts])
        found = gain(d, labels)
        close(found["mean difference"], (weight * m).sum(), 1e-9)
        for name, share in (("low", 0.025), ("high", 0.975)):
            close((weight * norm.cdf(found[name], m, sd)).sum(), share, 1e-6)


def law_intervals_move_with_the_data_and_not_with_labels():
    rng = RANDOM(83)
    d, labels = crossed(rng, 5, 4)
    low, high = (gain(d, labels)[name] for name in ("low", "high"))
    close([gain(3 * d - 2, labels)[name] for name in ("low", "high")], [3 * low - 2, 3 * high - 2], 1e-9)
    close([gain(-d, labels)[name] for name in ("high", "low")], [-low, -high], 1e-9)
    turned = {"stretch": labels["stretch"].map(lambda k: f"s{7 - k}"), "lake": labels["lake"]}
    order = rng.permutation(len(d))
    close([gain(d.iloc[order], turned)[name] for name in ("low", "high")], [low, high], 1e-9)
    trial = pd.Series(range(len(d)))
    ends = stats.ttest_1samp(d, 0).confidence_interval()
    close([gain(d, {"a": trial, "b": trial})[name] for name in ("low", "high")], ends, 1e-9)  # each trial its own
    lake = {"lake": labels["lake"]}
    close(
        [gain(d, {**lake, "a": trial, "b": trial})[name] for name in SIZES],
        [gain(d, {**lake, "a": trial})[name] for name in SIZES],
    )


def law_crossed_intervals_hold_what_they_should():
    """300 tables of 4 x 4 without a gain: .95 or a little more, where the trials' own interval holds far less."""
    for ratio, least, most in ((0.0, 0.94, 1.0), (1.0, 0.92, 0.995)):
        rng, held, naive = RANDOM(84), 0, 0
        for _ in range(300):
            d, labels = crossed(rng, 4, 4, ratio)
            found, ends = gain(d, labels), stats.ttest_1samp(d, 0).confidence_interval()
            held += found["low"] < 0 < found["high"] or np.isnan(found["low"])
            naive += ends[0] < 0 < ends[1]
        assert least <= held / 300 <= most, (ratio, held)
        assert ratio == 0 or naive < 0.8 * 300


def law_no_interval_where_none_holds():
    """Below three clusters, of equal differences, and of a mean that one trial moves by 0.4 half widths."""
    rng = RANDOM(85)
    d, labels = crossed(rng, 4, 4)
    known = lambda d, labels: not np.isnan(gain(d, labels)["low"]) and not np.isnan(gain(d, labels)["high"])  # noqa: E731
    few = pd.Series([0.001, -0.001, 0.0, 0.002, -0.002, 1000.0])
    assert known(few, {}) and not known(
        pd.concat([few, few[:1]], ignore_index=True), {}
    )  # of six none can move it so far
    assert known(d, labels) and known(d, {}) and known(pd.Series([0.1, 0.2, 0.4]), {})
    assert not known(pd.Series([0.1, 0.2]), {}) and not known(pd.Series(np.full(9, 0.3)), {})
    assert not known(d, {"half": labels["lake"] // 2}) and not known(d, {**labels, "half": labels["lake"] // 2})
    for size in (12, 100):
        calm = pd.Series(rng.normal(size=size))
        found, swing = {}, {}
        for wild in (3.0, 20.0, 400.0):
            one = calm.copy()
            one[5] = wild
            half = stats.t.ppf(0.975, size - 1) * one.sem()
            swing[wild], found[wild] = abs(one.mean() - one.drop(5).mean()) / half, known(one, {})
            assert found[wild] == (swing[wild] <= 0.4)
        assert found[3.0] and not found[400.0]


def law_sentences_say_what_the_rows_say():
    """Word for word: better and worse, across zero, few clusters, equal, a disaster, units, large and small numbers."""
    row = {"mean difference": -1.4, "standard error": 0.3, "low": -2.3, "high": -0.51, "median": -1.5, "worst": -0.2}
    row |= {"lower": 16, "trials": 16, "clusters": 4, "clusters by lake": 4, "lower by lake": 4}
    row |= {"clusters by start": 5, "lower by start": 3}
    names = {"lake": "lakes", "start": "stretches"}
    none = {"low": NAN, "high": NAN}
    cases = {
        "better by 1.4 nats (0.51 to 2.3), in 16 of 16 trials": ({}, {}),
        "better by 1.4 nats (0.51 to 2.3; 4 lakes, 5 stretches), in 16 of 16 trials and 4 of 4 lakes": ({}, names),
        "better by 1.4 nats (0.51 to 2.3; 5 stretches), in 16 of 16 trials and 3 of 5 stretches": (
            {},
            {"start": "stretches"},
        ),
        "better by 1.4 nats (0.3 worse to 2.3 better), in 12 of 16 trials": ({"high": 0.3, "lower": 12}, {}),
        "worse by 0.2 nats (0.034 to 0.36), better in 3 of 16 trials": (
            {"mean difference": 0.2, "low": 0.034, "high": 0.36, "lower": 3},
            {},
        ),
        "worse by 0.2 nats (0.56 worse to 0.1 better), better in 3 of 16 trials; the worst trial is 7,564 worse": (
            {"mean difference": 0.2, "low": -0.1, "high": 0.56, "lower": 3, "median": 0.1, "worst": 7564.4},
            {},
        ),
        "better in 24 of 100 trials, the median 0.095 nats worse; the worst trial is 7,564 worse; the mean, 77 "
        "worse, hangs on one of them": (
            {"mean difference": 77.2, **none, "median": 0.0951, "worst": 7564.4, "lower": 24, "trials": 100},
            {},
        ),
        "better in 16 of 16 trials, the median 1.5 nats better; too few for an interval: 2": (
            {**none, "clusters": 2},
            {},
        ),
        "better in 16 of 16 trials and 2 of 2 lakes, the median 1.5 nats better; too few for an interval: 2": (
            {**none, "clusters by lake": 2, "lower by lake": 2},  # the other clustering has five
            {"lake": "lakes"},
        ),
        "better in 0 of 16 trials, the median 0 nats worse; all trials are alike": (
            {**none, "standard error": 0.0, "median": 0.0, "lower": 0, "worst": 0.0},
            {},
        ),
    }
    for words, (change, called) in cases.items():
        assert sentence({**row, **change}, "nats", called) == words, sentence({**row, **change}, "nats", called)
    assert sentence(pd.Series(row), "") == "better by 1.4 (0.51 to 2.3), in 16 of 16 trials"  # where counts are floats


def law_a_row_of_paired_is_the_gain_of_its_pair():
    rng = RANDOM(86)
    d, labels = crossed(rng, 4, 3)
    trials = pd.DataFrame({**labels, "NLPD": 0.0, "method": "b"})
    table = pd.concat([trials, trials.assign(method="a", NLPD=d)]).sample(frac=1, random_state=0)
    how = {"by": ["lake", "stretch"]}
    row = paired(table, "NLPD", [("a", "b")], cluster=["stretch", "lake"], **how).loc["a - b"]
    alone = gain(d, labels)
    close(row[[*alone]].astype(float), [*alone.values()], 1e-9)
    assert [name for name in row.index if name.endswith("stretch")][0] == "clusters by stretch"
    assert sentence(row, "nats", {"lake": "lakes"}) == sentence({**row}, "nats", {"lake": "lakes"})
    counts = table.assign(NLPD=(10 * table["NLPD"]).round().abs().astype("uint8"))
    close(paired(counts, "NLPD", [("b", "a")], **how).iloc[0, 0], -(10 * d).round().abs().mean())
    results = table.assign(trial=table["lake"].astype(str) + "," + table["stretch"].astype(str), task="level")
    summed = summarise(results, "b", scores=["NLPD"], cluster=["stretch", "lake"]).loc["NLPD", "a"]
    close(summed[[*alone]].astype(float), [*alone.values()], 1e-9)
    one = paired(table, "NLPD", [("a", "b")], cluster="lake", held_out=0.1, **how).iloc[0]
    assert "error by lake" not in one
    single = gain(d, {"lake": labels["lake"]}, 0.1)
    close(one[[*single]].astype(float), [*single.values()], 1e-9)


def law_the_choice_is_the_best_or_a_simpler_method_nearly_as_good():
    """By loops over random tables of trials: means of tasks, of the trials of a part, then over the parts."""
    rng, taken = RANDOM(73), set()
    for _ in range(60):
        parts, methods = int(rng.integers(2, 5)), list("abcd")[: rng.integers(2, 5)]
        score = {
            (trial, task, method): rng.normal() + 0.2 * k
            for trial in range(12)
            for task in "st"
            for k, method in enumerate(reversed(methods))
        }
        rows = [
            {"trial": i, "task": t, "method": a, "CRPS": v, "NLPD": -v, "part": i % parts}
            for (i, t, a), v in score.items()
        ]
        results = pd.DataFrame(rows).sort_values("method", kind="stable")
        for groups, cluster in (
            ([[*range(part, 12, parts)] for part in range(parts)], "part"),
            ([[i] for i in range(12)], None),
        ):
            for sign, name in ((1, "CRPS"), (-1, "NLPD")):
                mean = {
                    a: [sign * sum(score[i, t, a] / 2 for t in "st" for i in g) / len(g) for g in groups]
                    for a in methods
                }
                best = min(methods, key=lambda a: sum(mean[a]))
                nearly = [
                    a
                    for a in methods
                    if a == best
                    or np.mean(np.subtract(mean[a], mean[best])) <= 1.0 * sem(np.subtract(mean[a], mean[best]))
                ]
                assert choose(results, name, cluster=cluster) == nearly[0]
                taken.add((nearly[0] == best, len(groups)))
    assert {(True, 12), (False, 12), (True, 2), (False, 2)} <= taken
    order = ["mean", "interpolation", "season before", "regression", "regression + GP"]
    order += ["independent, own", "independent, shared", "ICM", "ICM, full noise", "LMC"]
    assert [name for name in (*plain_methods(1.0), *standard_methods()) if name in order] == order


def law_the_simpler_method_is_taken_within_one_standard_error():
    """By hand, on both sides of the border."""
    wild, calm = np.array([0.16, -0.04, 0.06]), np.array([0.05, 0.07, 0.06])  # means 0.06, errors 0.058 and 0.006

    def taken(**methods):
        wide = pd.DataFrame({name: np.ones(3) * value for name, value in methods.items()}).rename_axis("trial")
        long = wide.melt(var_name="method", value_name="CRPS", ignore_index=False).reset_index()
        return choose(long.assign(task="a"))

    assert taken(simple=1 + wild - 0.005, best=1.0, rich=2.0) == "simple"  # behind by 0.055, under 0.058
    assert taken(simple=1 + wild, best=1.0, rich=2.0) == taken(simple=1 + calm, best=1.0, rich=2.0) == "best"
    assert taken(rich=2.0, best=1.0) == taken(best=1.0, rich=2.0) == "best"
