"""Scores, paired comparisons and trials."""

import math
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm, sem

from laws.common import (
    RANDOM,
    close,
    random_psd,
    tensor,
)
from mtgp_tutorial import (
    fit,
    icm,
    impute,
    independent,
    paired,
    predict,
    scores,
    simulate,
    summarise,
)
from mtgp_tutorial.tables import compare, plain_methods


def law_scores():
    rng = RANDOM(17)
    y, train = tensor(rng.normal(3, 2, 40)), tensor(rng.normal(2, 3, 30))
    mean, variance = train.mean().expand(40), train.var(correction=0).expand(40)
    close(scores.smse(mean, y, train.mean()), 1.0)
    close(scores.msll(mean, variance, y, train.mean(), train.var(correction=0)), 0.0)
    close(scores.nlpd(mean, variance, y), -norm(mean[0], variance[0].sqrt()).logpdf(y).mean())
    sure = torch.tensor(2.0).double(), torch.zeros(2).double(), tensor([2.0, 5.0])
    close(scores.crps(*sure), 1.5)  # what is sure of its value errs by its error
    whole, other = torch.tensor([1, 4]), torch.tensor([2, 2])
    for score in (scores.mse, scores.mae, lambda *two: scores.crps(two[0], other, two[1])):
        close(score(whole, other), score(whole.double(), other.double()))
    close(scores.mae(torch.tensor([0, 3], dtype=torch.uint8), torch.tensor([2, 3], dtype=torch.uint8)), 1.0)
    close(scores.mse(mean, y), np.mean((y - mean).numpy() ** 2))
    close(scores.mae(mean, y), np.mean(np.abs((y - mean).numpy())))
    integral = [
        quad(lambda z, value=float(v): (norm.cdf(z, 1, 2) - (z >= value)) ** 2, -30, 30, points=[float(v)])[0]
        for v in y[:5]
    ]
    close(scores.crps(torch.ones(5).double(), 4 * torch.ones(5).double(), y[:5]), np.mean(integral), 1e-6)
    inside = scores.coverage(torch.zeros(4).double(), torch.ones(4).double(), tensor([0.0, 1.99, -2.01, 3]))
    close(inside, 0.5)


def law_joint_score_of_a_gap():
    """Against scipy; with a diagonal covariance it is the NLPD of the cells."""
    rng = RANDOM(26)
    y, mean, C = tensor(rng.normal(size=5)), tensor(rng.normal(size=5)), random_psd(rng, 5, extra=0.2)
    expected = -multivariate_normal(mean.numpy(), C.numpy()).logpdf(y.numpy()) / 5
    close(scores.joint_nlpd(mean, C, y), expected, 1e-10)
    variance = C.diagonal()
    close(scores.joint_nlpd(mean, variance.diag(), y), scores.nlpd(mean, variance, y), 1e-12)


FIVE = ["mean difference", "standard error", "median", "lower", "clusters"]


def law_clusters_are_averaged_first_and_the_wider_error_counts():
    """Twelve gaps, four lakes in three stretches: by hand, for each clustering; a cluster counts once."""
    rng, lakes, stretches = RANDOM(24), np.repeat([*"ABCD"], 3), np.tile([1, 2, 3], 4)
    difference = rng.normal(size=12) + np.repeat(rng.normal(size=4), 3)
    trials = pd.DataFrame({"lake": lakes, "stretch": stretches, "score": 0.0, "method": "b"})
    table = pd.concat([trials, trials.assign(method="a", score=difference)]).sample(frac=1, random_state=0)
    by = ["lake", "stretch"]
    of_lakes, of_stretches = difference.reshape(4, 3).mean(1), difference.reshape(4, 3).mean(0)
    row = paired(table, "score", [("a", "b")], by=by, cluster="lake").loc["a - b"]
    close(row[FIVE], [difference.mean(), sem(of_lakes), np.median(difference), (difference < 0).sum(), 4])
    both = paired(table, "score", [("a", "b")], by=by, cluster=["stretch", "lake"]).loc["a - b"]
    close(both[["error by lake", "error by stretch"]], [sem(of_lakes), sem(of_stretches)])
    wider = 3.182446 * sem(of_lakes) > 4.302653 * sem(of_stretches)  # t(0.975, 3) and t(0.975, 2)
    assert both["standard error"] == both["error by lake" if wider else "error by stretch"]
    assert both["clusters"] == (4 if wider else 3)
    uneven = table[~((table["lake"] == "A") & (table["stretch"] > 1))]
    means = [difference[0], *of_lakes[1:]]
    row = paired(uneven, "score", [("a", "b")], by=by, cluster="lake").loc["a - b"]
    close(row[FIVE[:2]], [np.mean(means), sem(means)])


def law_summaries_weigh_trials_alike():
    """A trial counts once, however many tasks it has; what all methods share cancels; the baseline's sign is minus."""
    rng = RANDOM(23)
    cells = [(trial, method, task) for trial in range(6) for method in "abc" for task in range(1 + trial % 2)]
    results = pd.DataFrame(cells, columns=["trial", "method", "task"]).sample(frac=1, random_state=0)
    results["NLPD"], results["half"] = rng.normal(size=len(results)), results["trial"] // 2
    by_hand = results.pivot_table("NLPD", "trial", "method")
    found = summarise(results, "b", scores=["NLPD"], held_out=0.2).loc["NLPD"]
    close(found["mean"].loc[["a", "b", "c"]], by_hand.mean())
    assert list(found.columns[found.loc["b"].notna()]) == ["mean"]
    halves = summarise(results, "b", scores=["NLPD"], cluster="half").loc["NLPD"]
    for method in "ac":
        difference = by_hand[method] - by_hand["b"]
        error = math.sqrt((1 / 6 + 1 / 4) * difference.var())
        values = [difference.mean(), error, difference.median(), (difference < 0).sum(), 6]
        close(found.loc[method, FIVE].astype(float), values)
        means = difference.to_numpy().reshape(3, 2).mean(1)
        close(halves.loc[method, [*FIVE[:2], "clusters"]].astype(float), [means.mean(), sem(means), 3])
    family = paired(
        results.groupby(["method", "trial"])["NLPD"].mean().reset_index(),
        "NLPD",
        [("a", "b"), ("c", "b")],
        by=["trial"],
        held_out=0.2,
    )
    close(found.loc[["a", "c"], list(family)].astype(float), family.to_numpy(float))
    shifted = results.assign(NLPD=results["NLPD"] + 10 * results["trial"])
    moved = summarise(shifted, "b", scores=["NLPD"], held_out=0.2).loc["NLPD"]
    close(*(one.loc[["a", "c"], [*FIVE[:4], "low", "high"]].astype(float) for one in (moved, found)))


def law_a_store_gives_what_was_written():
    """An end that is missing, rows that stand twice or are gone: no other result, and no fit lost but those."""
    rows = torch.arange(8)
    made = [simulate.two_sines(n=8, seed=s).split(torch.stack([rows > 5, rows < 2], 1)) for s in range(2)]
    methods = {name: plain_methods()[name] for name in ("mean", "interpolation")}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.csv"
        whole = compare(made.__getitem__, range(2), methods, store=store)
        good = store.read_bytes()
        store.chmod(0o640)
        head, *lines = good.splitlines(keepends=True)
        compare(lambda s: made[1 - s], range(2), methods, store=Path(folder) / "other.csv")
        _, *swapped = (Path(folder) / "other.csv").read_bytes().splitlines(keepends=True)
        mended = [b"".join([head, *some]) for some in (lines[:-1], lines[1:], 2 * lines)]
        mended += [b"".join([head, *lines[:-1], lines[-1][:end]]) for end in (1, 40, len(lines[-1]) - 1)]
        mended += [b"".join([head, *lines, b"\0" * 99]), b"".join([head, *swapped, *lines])]
        for content in mended:
            store.write_bytes(content)
            assert compare(made.__getitem__, range(2), methods, store=store).equals(whole)
            assert sorted(store.read_bytes().splitlines()) == sorted(good.splitlines())
            assert store.stat().st_mode & 0o777 == 0o640


def law_compare_scores_what_it_says_and_resumes():
    """Holes are imputed, new rows predicted; a stored fit comes back to the last digit and only to its own data."""
    table = simulate.two_sines(n=12, seed=0)
    cases = {"holes": table.hide("sine", 0.5, 1), "rows": (table, simulate.two_sines(n=7, seed=1))}
    methods = {"ICM": lambda data: icm(data, noise="full"), "alone": independent}
    how = {"starts": 1, "priors": False, "seed": 5}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "results.csv"
        compare(cases.get, ["holes"], {"ICM": methods["ICM"]}, store=store, **how)
        found = compare(cases.get, cases, methods, store=store, **how)
        for kept in (None, store):
            assert found.equals(compare(cases.get, cases, methods, store=kept, **how))
        fresh = cases["rows"][1]
        for other in (icm, lambda data: icm(data, noise="full", kernel=MaternKernel())):
            try:
                compare(cases.get, ["rows"], {"ICM": other}, store=store, **how)
            except ValueError as error:
                assert "other data or by another model" in str(error)
            else:
                raise AssertionError("rows of another model were taken for these")
    found = found.set_index(["trial", "method", "task"])
    seen, hidden = cases["holes"]
    fitted = fit(icm(seen, noise="full"), **how)
    expected = scores.table(impute(fitted), hidden, seen).iloc[0]
    assert np.allclose(found.loc[("holes", "ICM", "sine"), expected.index].astype(float), expected)
    own = found.loc[("holes", "ICM", "sine"), ["log likelihood", "on floor"]]
    close(own.astype(float), [fitted.log_likelihood, len(fitted.on_floor)])
    fitted = fit(independent(table), **how)
    expected = scores.table(predict(fitted, fresh.x), fresh, table)
    assert np.allclose(found.loc[("rows", "alone")][expected.columns].astype(float), expected)
