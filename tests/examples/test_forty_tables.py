"""The benchmark of examples/forty_tables: its tables read a second time, its trials, what it stores and refuses."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "forty_tables"
sys.path.insert(0, str(FOLDER))

import chance  # noqa: E402
import choosing  # noqa: E402
import full_of_holes as holes  # noqa: E402
import methods  # noqa: E402
import run  # noqa: E402
import score  # noqa: E402
import sources  # noqa: E402
import trials  # noqa: E402

from mtgp_tutorial import FitError, TaskData, datasets, fit, scores  # noqa: E402
from mtgp_tutorial.tables import NotApplicable  # noqa: E402

SPECS = sources.specs()
QUICK = ["mean", "interpolation", "regression"]


@pytest.fixture(scope="module")
def every():
    return {name: sources.table(name) for name in SPECS.index}


def test_what_is_set_aside_is_of_other_families():
    aside = SPECS["aside"] == 1
    assert not set(SPECS["family"][aside]) & set(SPECS["family"][~aside])


@pytest.mark.parametrize("file", ["tables.csv", "further.csv", "seasons.csv", "calibrated.csv"])
def test_checksums_hold_and_later_tables_are_of_other_families(file):
    spec = sources.specs(file)
    assert {name: sources.checksum(sources.table(name)) for name in spec.index} == spec["sha256"].to_dict()
    files = ("tables.csv", "further.csv", "seasons.csv", "calibrated.csv")
    before = {family for one in files[: files.index(file)] for family in sources.specs(one)["family"]}
    assert not before & set(spec["family"]) and (file == "tables.csv" or spec["family"].is_unique)


def test_trials_are_what_their_program_makes():
    assert trials.made().to_csv(index=False) == trials.stored().to_csv(index=False)


def test_tables_full_of_holes_are_what_their_program_makes():
    assert holes.made().to_csv(index=False) == holes.stored().to_csv(index=False)
    assert holes.ranges(np.array([3, 5, 6, 9])) == "3 5-6 9" and holes.numbers("3 5-6 9").tolist() == [3, 5, 6, 9]


def test_holes_are_where_their_kind_says():
    """Shares, rows and columns of each kind, by the mask alone; the highest values are the likelier to be missing."""
    data = sources.table("world_prices")
    N, T, seen = *data.y.shape, data.observed.numpy()
    found = {kind: [holes.masks("world_prices", data, kind, n) for n in range(holes.COUNT)] for kind in holes.KINDS}
    for kind, both in found.items():
        for hidden, asked in both:
            assert (hidden <= seen).all() and (asked <= hidden).all() and asked.sum() == min(60, hidden.sum())
            assert (seen & ~hidden).sum(0).min() >= holes.LEAST
            rows, left = hidden.sum(1), seen & ~hidden
            if kind.startswith("cells"):
                assert abs(hidden.mean() - int(kind[-2:]) / 100) < 0.04
            if kind.startswith("staggered"):
                assert hidden.sum(0).tolist() == [round(0.3 * N)] * T
            if kind.startswith("visit"):
                assert set(left.sum(1)) == {1 if kind == "visit one" else T // 2}
            if kind == "block but one":
                assert set(rows) == {0, T - 1} and np.ptp(np.flatnonzero(rows)) + 1 == (rows > 0).sum() == round(
                    0.3 * N
                )
            if kind.startswith("rows"):
                assert set(rows) == {0, T} and (rows[[0, -1]].any() == (kind == "rows at an end"))
            if kind == "high values":
                rank = data.y.numpy().argsort(0).argsort(0) / N
                assert rank[hidden].mean() > 0.6 and abs(hidden.mean() - 0.25) < 0.04


def test_trials_hide_what_they_say(every):
    stored = trials.stored()
    assert not stored.duplicated(["table", "trial", "column", "row"]).any()
    for name, cells in stored.groupby("table"):
        data = every[name]
        at = cells["row"].to_numpy(), cells["column"].map(data.tasks.index).to_numpy()
        assert bool(data.observed.numpy()[at].all()), name
        for (trial, kind), part in cells.groupby(["trial", "kind"]):
            asked = part[part["asked"] == 1]
            if kind.startswith("gap") and data.x.shape[1] == 1:
                known = np.flatnonzero(data.observed[:, data.tasks.index(asked["column"].iloc[0])])
                places = np.searchsorted(known, asked["row"])
                assert (np.diff(places) == 1).all() and len(places) == max(2, round(int(kind[4:]) / 100 * len(known)))
            if name == "ice_core":  # its tasks have hardly a row in common
                continue
            if kind == "silent":
                assert asked["column"].nunique() == 2
            if kind == "row but one":
                assert asked["column"].nunique() == data.num_tasks - 1
            if kind.startswith("others"):
                free = sum(int(data.observed[row].sum()) - 1 for row in asked["row"])
                both = asked.duplicated("row", keep=False).sum() // 2  # two gaps may share rows
                assert abs((part["asked"] == 0).sum() - int(kind[7:]) / 100 * (free - 2 * both)) <= 2 + both
            assert (part["asked"] == 1).all() or kind.startswith("others"), (name, trial)


def sees_what_is_hidden(method, name, data):
    """Whether a method answers two trials of a table otherwise where hidden values differ."""
    draw = np.random.default_rng(0)
    for number in (0, 3):
        cells = trials.stored().query("table == @name and trial == @number")
        at = cells["row"].to_numpy(), cells["column"].map(data.tasks.index).to_numpy()
        y = data.y.numpy().copy()
        y[at] += draw.normal(size=len(cells))
        answers = []
        for whole in (data, TaskData(data.x, y, tasks=data.tasks, x_name=data.x_name)):
            trial = trials.trials(name, whole)[number]
            found = methods.METHODS[method](trial.seen, run.asked(trial))
            answers.append(np.r_[found.mean[trial.rows, trial.columns], found.sd[trial.rows, trial.columns]])
        if not np.array_equal(*answers, equal_nan=True):
            return True
    return False


def test_a_method_sees_neither_the_hidden_values_nor_those_asked(every):
    """Other hidden values, the same answers: of the quick methods, and of trends, seasons and fits on a small table."""
    slow = ["ICM, full noise, trend", "independent, trend", "regression + GP, trend"]
    for name, some in (("us_rates", QUICK), ("freeny", [*QUICK, "IterativeImputer", "KNNImputer"]), ("wheat", slow)):
        for method in some:
            assert not sees_what_is_hidden(method, name, every[name]), (method, name)
    asked = run.asked(trials.trials("wheat")[0])
    assert set(asked.y[asked.observed].tolist()) == {0.0}


def test_scores_of_cells():
    draw = np.random.default_rng(1)
    mean, sd, y = draw.normal(size=5), draw.uniform(0.5, 2, 5), draw.normal(size=5)
    nlpd, crps = score.normal(mean, sd, y)
    m, v, t = (torch.tensor(one) for one in (mean, sd**2, y))
    assert nlpd.mean() == pytest.approx(float(scores.nlpd(m, v, t))) and crps.mean() == pytest.approx(
        float(scores.crps(m, v, t))
    )
    means, sds = draw.normal(size=(3, 5)), draw.uniform(0.5, 2, (3, 5))
    nlpd, crps = score.of_mixture(means, sds, y)
    for k in range(5):
        below = integrate.quad(lambda z, k=k: stats.norm.cdf(z, means[:, k], sds[:, k]).mean() ** 2, -30, y[k])[0]
        above = integrate.quad(lambda z, k=k: stats.norm.sf(z, means[:, k], sds[:, k]).mean() ** 2, y[k], 30)[0]
        assert crps[k] == pytest.approx(below + above, abs=1e-6)
        assert nlpd[k] == pytest.approx(-np.log(stats.norm.pdf(y[k], means[:, k], sds[:, k]).mean()))


@pytest.fixture(scope="module")
def asked():
    return score.truth()


def mine(method="interpolation", name="wheat"):
    return run.rows(method, name)[0]


def test_a_method_is_added_by_a_file(tmp_path, asked, capsys, monkeypatch):
    file = tmp_path / "mine.csv"
    mine().to_csv(file, index=False)
    found = score.scored(score.checked(file, asked)).set_index("kind")
    stored = datasets.study("forty_tables").query("method == 'interpolation' and table == 'wheat'").set_index("kind")
    np.testing.assert_allclose(found["CRPS"], stored["CRPS"].loc[found.index], rtol=1e-3)
    pd.concat([mine("interpolation", name) for name in ("wheat", "freeny")]).to_csv(file, index=False)
    monkeypatch.setattr(sys, "argv", ["score.py", str(file)])
    score.main()
    said = capsys.readouterr().out
    assert re.search(r"interpolation +1\.00? +1\.00? +1\.00? +1\.00? +\d +2 +2", said) and "season before" not in said
    own = datasets.study("forty_tables_means").query("table == 'wheat'").set_index("method")["CRPS"]
    row = re.search(r"^wheat (.*)$", said, re.MULTILINE)[1].split()
    assert [float(value) for value in row] == pytest.approx(
        [own["interpolation"], *(own[method] for method in score.SHOWN)], abs=6e-4
    )


REFUSED = {
    "the column 'mean' holds 'high', no number": lambda f: f.assign(mean=["high", *f["mean"][1:]]),
    "stands there twice": lambda f: pd.concat([f, f[:1]]),
    "is not asked for; rows and trials count from 0": lambda f: pd.concat([f, f[:1].assign(row=5000, column="wheat")]),
    "has no line; a table is answered whole": lambda f: f[1:],
    "has no finite mean, or an sd": lambda f: f.assign(sd=[0.0, *f["sd"][1:]]),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_file_that_does_not_fit_is_refused(why, tmp_path, asked):
    file = tmp_path / "mine.csv"
    REFUSED[why](mine()).to_csv(file, index=False)
    with pytest.raises(SystemExit, match=re.escape(why)):
        score.checked(file, asked)


def test_a_point_forecast_is_scored_by_its_error(tmp_path, asked):
    file = tmp_path / "mine.csv"
    mine("KNNImputer").to_csv(file, index=False)
    both = score.checked(file, asked)
    found = score.scored(both)
    far = ((both["y"] - both["mean"]).abs() / both["scale"]).groupby(both["kind"], sort=False).mean()
    np.testing.assert_allclose(found["CRPS"], far)
    assert found["NLPD"].isna().all() and found["coverage"].isna().all()


def test_what_is_stored_is_what_the_quick_methods_say(asked):
    """Predictions in the folder, and the study's rows from them."""
    study = datasets.study("forty_tables")
    for method in QUICK:
        file = FOLDER / "predictions" / f"{method}.csv.xz"
        old = pd.read_csv(file).query("table in ('wheat', 'measles')").reset_index(drop=True)
        new = pd.concat([mine(method, "measles"), mine(method, "wheat")], ignore_index=True)
        both = old.merge(new, on=score.NAMED, suffixes=("", " new")).merge(asked, on=score.NAMED)
        assert len(both) == len(old) == len(new)
        assert ((both["mean"] - both["mean new"]).abs() / both["scale"]).max() < 1e-4
        np.testing.assert_allclose(both["sd"], both["sd new"], rtol=1e-3)
        again = score.scored(score.checked(file, asked)).set_index(["table", "kind"])
        rows = study[study["method"] == method].set_index(["table", "kind"])
        pd.testing.assert_series_equal(again["CRPS"], rows["CRPS"].loc[again.index], rtol=1e-4)


def test_stored_files_fit(asked):
    files = sorted((FOLDER / "predictions").glob("*.csv.xz"))
    names = {file.name.removesuffix(".csv.xz") for file in files}
    assert names == set(methods.METHODS) | set(run.COMBINED)
    known = datasets.study("forty_tables").groupby("method")["table"].nunique()
    for file in files:
        found = score.checked(file, asked)
        assert found["table"].nunique() == known[file.name.removesuffix(".csv.xz")]


def test_half_and_half_is_a_mixture():
    found = (
        run.combined(("regression", "interpolation")).query("table == 'wheat' and trial == 0").reset_index(drop=True)
    )
    one, two = (
        pd.read_csv(FOLDER / "predictions" / f"{method}.csv.xz").query("table == 'wheat' and trial == 0")
        for method in ("regression", "interpolation")
    )
    np.testing.assert_allclose(found["mean"], (one["mean"].to_numpy() + two["mean"].to_numpy()) / 2, rtol=1e-6)
    for end, share in (("low", 0.025), ("high", 0.975)):
        below = (
            stats.norm.cdf(found[end], one["mean"], one["sd"]) + stats.norm.cdf(found[end], two["mean"], two["sd"])
        ) / 2
        np.testing.assert_allclose(below, share, atol=1e-6)


def test_a_method_without_an_answer_is_left_out(monkeypatch):
    def silent(seen, asked):
        raise NotApplicable("no")

    def lost(seen, asked):
        raise FitError("no optimum")

    monkeypatch.setitem(methods.METHODS, "silent", silent)
    assert all(part.empty for part in run.rows("silent", "wheat"))
    monkeypatch.setitem(methods.METHODS, "ICM, full noise", lost)
    monkeypatch.setitem(methods.METHODS, "lost", lost)
    found, seconds = run.rows("lost", "wheat")
    pd.testing.assert_frame_equal(found, mine("interpolation"))
    assert int(seconds["instead"].iloc[0]) == 8


def test_ratios_are_over_families():
    wide = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [2.0, 2.0, 1.0]}, ["aus_rain", "aus_temperature", "wheat"])
    found = score.ratio(wide, "a", "b")
    logs = np.array([np.log(0.5) / 2, np.log(4.0)])  # the two of Australia are one family
    half = stats.t.ppf(0.975, 1) * logs.std(ddof=1) / np.sqrt(2)
    assert found["ratio"] == pytest.approx(np.exp(logs.mean())) and found["high"] == pytest.approx(
        np.exp(logs.mean() + half)
    )
    assert (found["ahead"], found["tables"], found["families"], found["worst"]) == (1, 3, 2, pytest.approx(4.0))


def test_a_choice_knows_no_cell_of_the_trial_it_answers():
    """By hand: two trials choose for a third; a cell that the third asks for, too, counts for nothing."""
    rest = pd.DataFrame({"first": [1.0, 1.2], "second": [1.0, 1.0]})
    assert choosing.chosen(rest, 1.0) == "first" and choosing.chosen(rest, 0.0) == "second"  # 0.1 behind, error 0.1
    index = pd.MultiIndex.from_tuples(
        [(0, 1, "a"), (0, 2, "a"), (1, 3, "a"), (2, 4, "a"), (2, 1, "a")], names=["trial", "row", "column"]
    )
    cells = pd.DataFrame({"first": [9.0, 1.0, 1.0, 1.0, 0.0], "second": [0.0, 2.0, 2.0, 2.0, 9.0]}, index)
    # for trial 2 the 9 of row 1 in trial 0 is left out: first; for trial 0 that of trial 2, for trial 1 nothing
    assert choosing.mean_of(cells, ["first", "second"], 0.0) == pytest.approx((9 + 1 + 1 + 1 + 0) / 5)
    cells.loc[(0, 5, "a"), :] = [50.0, 0.0]  # a cell of trial 0 alone speaks against the first, for trials 1 and 2
    assert choosing.mean_of(cells, ["first", "second"], 0.0) == pytest.approx((9 + 1 + 50 + 2 + 2 + 9) / 6)


def test_set_aside_tables_take_a_word(tmp_path, asked, monkeypatch):
    """A file with one of them is refused unless it is asked for; other columns of a file do no harm."""
    rows = asked[asked["table"] == "fertility"].assign(mean=0.0, sd=1.0)
    file = tmp_path / "mine.csv"
    rows[[*score.NAMED, "mean", "sd"]].to_csv(file, index=False)
    monkeypatch.setattr(sys, "argv", ["score.py", str(file)])
    with pytest.raises(SystemExit, match="table 'fertility'.* is not asked for; the table is set aside"):
        score.main()
    other = mine().assign(y=3.0, kind="gap", scale=0.0)
    other.to_csv(file, index=False)
    plain = score.scored(score.checked(file, asked))
    mine().to_csv(file, index=False)
    pd.testing.assert_frame_equal(plain, score.scored(score.checked(file, asked)))


def test_the_method_of_ones_own_makes_a_file_that_fits(tmp_path, monkeypatch, asked):
    few = SPECS.loc[["wheat", "freeny", "fertility"]]
    monkeypatch.setattr(sources, "specs", lambda file="tables.csv": few if file == "tables.csv" else few.iloc[:0])
    code = (FOLDER / "mine.py").read_text()
    file = tmp_path / "mine.csv"
    exec(code.replace('"mine.csv"', repr(str(file))), {})
    found = score.checked(file, asked)
    assert set(found["table"]) == {"wheat", "freeny"} and len(found) == asked["table"].isin(["wheat", "freeny"]).sum()


def test_coverage_by_chance():
    """Independent cells: the binomial; cells of one fate: all or none; two parts: a draw takes one for all cells."""
    rng, ones = np.random.default_rng(0), np.ones((1, 40))
    shares = chance.inside(0 * ones, ones, -1.96 * ones[0], 1.96 * ones[0], np.eye(40), rng)
    assert np.quantile(shares, 0.01) == pytest.approx(stats.binom.ppf(0.01, 40, 0.95) / 40, abs=0.026)
    assert shares.mean() == pytest.approx(0.95, abs=0.005)
    assert set(chance.inside(0 * ones, ones, -1.9 * ones[0], 1.9 * ones[0], np.ones((40, 40)), rng)) == {0.0, 1.0}
    apart = np.r_[0 * ones, 0 * ones + 100]
    assert set(chance.inside(apart, np.r_[ones, ones] / 9, -ones[0], ones[0], np.eye(40), rng)) == {0.0, 1.0}


def test_correlations_of_asked_cells_by_numpy_alone():
    """Those of a dense covariance given the seen cells, from the numbers that the fit says."""
    trial = trials.trials("freeny")[7]
    fitted = fit(methods.full(1)(trial.seen, methods.kernel("matern32", trial.seen)))
    u = np.sqrt(3) * np.abs(np.subtract.outer(trial.seen.x[:, 0], trial.seen.x[:, 0])) / fitted.length_scales[0]
    C = np.kron((1 + u) * np.exp(-u), fitted.B.to_numpy()) + np.kron(np.eye(len(u)), fitted.Sigma.to_numpy())
    ok, at = trial.seen.observed.numpy().ravel(), trial.rows * trial.seen.num_tasks + trial.columns
    C = C[np.ix_(at, at)] - C[np.ix_(at, ok)] @ np.linalg.solve(C[np.ix_(ok, ok)], C[np.ix_(ok, at)])
    sd = np.sqrt(np.diag(C))
    np.testing.assert_allclose(chance.correlation(trial), C / np.outer(sd, sd), rtol=0, atol=1e-6)
