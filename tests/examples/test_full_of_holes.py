"""Tables full of holes: the rivals by dense formulas and by what they fill, and what is stored of all methods."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "forty_tables"
sys.path.insert(0, str(FOLDER))

import full_of_holes as holes  # noqa: E402
import rivals  # noqa: E402
import run_holes  # noqa: E402
import score_holes  # noqa: E402
import sources  # noqa: E402

from mtgp_tutorial import TaskData  # noqa: E402

DECIDE = list(sources.specs().query("aside == 0").index)
JUDGE = list(sources.specs("further.csv").index)
METHODS = sorted(file.name.removesuffix(".csv.xz") for file in run_holes.FOLDER.glob("*.csv.xz"))


def log_likelihood(z, mean, S):
    """Of rows with NaN, each by the density of what is seen."""
    total = 0.0
    for row in z:
        ok = ~np.isnan(row)
        total += stats.multivariate_normal.logpdf(row[ok], mean[ok], S[np.ix_(ok, ok)]) if ok.any() else 0.0
    return total


def test_em_ends_at_the_likeliest_normal_law(monkeypatch):
    monkeypatch.setattr(rivals, "RIDGE", 0.0)
    monkeypatch.setattr(rivals, "ITERATIONS", 2000)
    rng = np.random.default_rng(0)
    z = rng.normal(size=(120, 3)) @ rng.normal(size=(3, 3))
    z[rng.uniform(size=z.shape) < 0.3] = np.nan
    mean, S = rivals.normal_law(z)
    best, L = log_likelihood(z, mean, S), np.linalg.cholesky(S)
    for _ in range(20):
        step, A = rng.normal(size=3), rng.normal(size=(3, 3))
        assert log_likelihood(z, mean + 0.05 * step, S) < best
        assert log_likelihood(z, mean, L @ (np.eye(3) + 0.02 * (A + A.T)) @ L.T) < best


def test_what_is_not_seen_follows_its_conditional_law():
    rng = np.random.default_rng(1)
    A, mean = rng.normal(size=(4, 4)), rng.normal(size=4)
    S = A @ A.T + np.eye(4)
    row = np.array([[0.3, np.nan, -1.0, np.nan]])
    filled, spread = rivals.conditional(row, mean, S)
    P = np.linalg.inv(S)[np.ix_([1, 3], [1, 3])]  # the precision of what is hidden, given the rest
    off = np.linalg.inv(S)[np.ix_([1, 3], [0, 2])] @ (row[0, [0, 2]] - mean[[0, 2]])
    np.testing.assert_allclose(filled[0, [1, 3]], mean[[1, 3]] - np.linalg.solve(P, off), rtol=1e-10)
    np.testing.assert_allclose(spread[0][np.ix_([1, 3], [1, 3])], np.linalg.inv(P), rtol=1e-10)


def test_states_are_smoothed_as_a_gp_with_their_covariance():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    noise, step, phi, n = 0.2, 0.3, 0.8, 30
    y = np.random.default_rng(2).normal(size=n)
    y[[3, 4, 5, 20]] = np.nan
    model = UnobservedComponents(y, irregular=True, autoregressive=1)
    mean, variance = rivals.of_states(model.smooth([noise, step, phi]))
    K = step / (1 - phi**2) * phi ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    ok, gone = ~np.isnan(y), np.isnan(y)
    gain = np.linalg.solve(K[np.ix_(ok, ok)] + noise * np.eye(ok.sum()), K[np.ix_(ok, gone)])
    np.testing.assert_allclose(mean[gone, 0], gain.T @ y[ok], rtol=1e-6)
    left = (K[np.ix_(gone, gone)] - K[np.ix_(gone, ok)] @ gain).diagonal() + noise
    np.testing.assert_allclose(variance[gone, 0], left, rtol=1e-6)


@pytest.fixture(scope="module")
def drawn():
    """Three smooth columns of two common curves, a quarter of all cells hidden: seen, asked and the values."""
    rng, x = np.random.default_rng(3), np.arange(60.0)
    K = np.exp(-0.5 * (np.subtract.outer(x, x) / 6) ** 2) + 1e-8 * np.eye(60)
    y = np.linalg.cholesky(K) @ rng.normal(size=(60, 2)) @ rng.normal(size=(2, 3)) + 0.1 * rng.normal(size=(60, 3))
    hidden = rng.uniform(size=y.shape) < 0.25
    tables = [
        TaskData(torch.tensor(x), torch.tensor(np.where(cells, np.nan, of)))
        for cells, of in ((hidden, y), (~hidden, 0 * y))
    ]
    return *tables, y


@pytest.mark.parametrize("method", [name for name in rivals.RIVALS if name not in ("mean", "interpolation")])
def test_a_rival_fills_better_than_the_mean_and_its_band_holds(method, drawn):
    seen, asked, y = drawn
    cells = asked.observed.numpy()

    def error(name):
        return (rivals.RIVALS[name](seen, asked).mean.numpy() - y)[cells]

    low, high = (end.numpy()[cells] for end in rivals.RIVALS[method](seen, asked).band(0.95))
    assert np.mean(error(method) ** 2) < 0.4 * np.mean(error("mean") ** 2)
    assert ((low < y[cells]) & (y[cells] < high)).mean() > 0.8


def test_a_method_is_handed_what_a_trial_leaves():
    """No hidden value is seen, every other is, and the asked cells are hidden ones."""
    data = sources.table("great_lakes")
    for kind, number, seen, asked in run_holes.trials("great_lakes", data):
        hidden, wanted = holes.masks("great_lakes", data, kind, number)
        assert (seen.observed.numpy() == data.observed.numpy() & ~hidden).all() and (asked == wanted).all()
        assert torch.equal(seen.y[seen.observed], data.y[seen.observed])


def test_a_failure_counts_and_the_mean_answers(monkeypatch, drawn):
    def broken(seen, asked):
        raise np.linalg.LinAlgError("SVD did not converge")

    def far(seen, asked):
        found = rivals.RIVALS["mean"](seen, asked)
        return type(found)(found.x, found.mean * 1e9, found.variance, found.tasks, found.units, True)

    for method in (broken, far):
        monkeypatch.setitem(rivals.RIVALS, "odd", method)
        found, failed = run_holes.answer("odd", *drawn[:2])
        assert failed == 1 and torch.equal(found.mean.nan_to_num(), rivals.RIVALS["mean"](*drawn[:2]).mean.nan_to_num())


@pytest.mark.parametrize("method", METHODS)
def test_what_is_stored_are_the_asked_cells(method):
    found = pd.read_csv(run_holes.FOLDER / f"{method}.csv.xz")
    wanted = holes.stored().groupby("table")["asked"].apply(lambda rows: sum(len(holes.numbers(row)) for row in rows))
    counts = found.groupby("table").size()
    assert not found.duplicated(score_holes.CELL).any() and (counts == wanted[counts.index]).all()
    left = set(DECIDE + JUDGE) - set(counts.index)
    assert left == (
        {name for name in DECIDE + JUDGE if not rivals.regular(sources.table(name))}
        if method in rivals.OF_STATES
        else set()
    )


@pytest.mark.parametrize("method", ["mean", "ICM, full noise", "EM"])
def test_scores_are_those_of_the_stored_law(method):
    found = score_holes.stored(method, DECIDE[:3])
    z = found["error"] / found["sd"]
    crps = found["sd"] * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - np.pi**-0.5)
    np.testing.assert_allclose(found["crps"], crps, rtol=1e-10)
    assert ((z.abs() <= stats.norm.ppf(0.975)) == (found["inside"] == 1)).all()


def test_a_pool_is_scored_as_the_mixture_that_it_is():
    first, second = (
        pd.DataFrame({"error": [e], "sd": [s], "crps": [0.0], "inside": [0]}) for e, s in ((0.3, 0.5), (-1.0, 0.2))
    )
    found = score_holes.pooled(first, second).iloc[0]

    def cdf(v):
        return (stats.norm.cdf(v, 0.3, 0.5) + stats.norm.cdf(v, -1.0, 0.2)) / 2

    crps = integrate.quad(lambda v: cdf(v) ** 2, -9, 0)[0] + integrate.quad(lambda v: (1 - cdf(v)) ** 2, 0, 9)[0]
    assert found["crps"] == pytest.approx(crps, rel=1e-6) and found["error"] == pytest.approx(-0.35)
    assert found["inside"] == 1 and found["sd"] == pytest.approx(np.sqrt((0.25 + 0.04) / 2 + 0.65**2))
