"""The extension: the report, its trials that imitate the holes of a table, its methods, choice and claim."""

from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pandas as pd
from gpytorch.kernels import MaternKernel

from laws.common import RANDOM, close, tensor
from laws.named import places
from laws.plain import walks, with_holes
from mtgp_tutorial import FitError, TaskData, fit, icm, impute
from mtgp_tutorial.tables import NotApplicable, fill, linear_pool, methods, plain_methods
from mtgp_tutorial.tables.forecasting import without_values
from mtgp_tutorial.tables.report.holes import Kind, Trial, held_out_cells, kinds_of, plan
from mtgp_tutorial.tables.report.trials import DRIFT, RULES, by_column, claim_of, decide, in_deviations, methods_for
from mtgp_tutorial.tables.seasonal import season_of


def law_trials_of_a_report_stand_under_their_own_task():
    """Scores in the task's own standard deviations, of the asked task alone; cells and part are those of the mask."""
    rng, data = RANDOM(112), replace(places(), tasks=["a", "b"])
    masks = {"1: gap": np.arange(8)[:, None] < [3, 1], "2: gap": np.arange(8)[:, None] > [5, 3]}
    asked, rows = {"1: gap": ("a",), "2: gap": ("b",)}, {"1: gap": slice(0, 6), "2: gap": slice(1, 8)}
    trials = [Trial(name, asked[name], mask, rows[name], f"part {name[0]}", 3) for name, mask in masks.items()]
    found = [(trial, method, task) for trial in masks for method in "pq" for task in ("b [kg]", "a [m]")]
    table = pd.DataFrame(found, columns=["trial", "method", "task"])
    table[["MSE", "MAE", "CRPS", "NLPD", "coverage"]] = rng.uniform(0.1, 1, (8, 5))
    spread = dict(zip("ab", np.nanstd(data.y.numpy(), axis=0)))
    given = [one for one in table.to_dict("records") if one["task"][0] in asked[one["trial"]]]
    for one, row in zip(given, in_deviations(table, trials, data).to_dict("records"), strict=True):
        task = one["task"][0]
        assert row["task"] == task and row["part"] == f"part {one['trial'][0]}" and row["length"] == 3
        cells = masks[one["trial"]][:, "ab".index(task)].sum()
        assert row["cells"] == cells and row["inside"] == round(cells * one["coverage"])
        close([row["away"], row["CRPS"]], [one["MAE"] / spread[task], one["CRPS"] / spread[task]])
        assert row["off"] == one["MAE"]
    for trial in trials:
        seen, hidden = trial.tables(data)
        kept, gone = data.y[trial.rows], tensor(masks[trial.label])[trial.rows].bool()
        np.testing.assert_array_equal(hidden.y, kept.where(gone, np.nan))
        np.testing.assert_array_equal(seen.y, kept.where(~gone, np.nan))
        assert list(seen.index) == list(data.index[trial.rows])


def law_the_report_has_methods_for_every_table():
    """Each method answers in a trial: of one column, of two, of a map, and of values with known errors."""
    rng = RANDOM(91)
    y = np.cumsum(rng.normal(size=(40, 2)), 0)
    tables = {
        "two": TaskData(np.arange(40.0), y),
        "one": TaskData(np.arange(40.0), y[:, :1]),
        "map": TaskData(rng.uniform(size=(40, 2)), y),
        "errors": TaskData(np.arange(40.0), y, sd=np.full((40, 2), 0.1)),
    }
    for name, data in tables.items():
        mask = np.zeros(y.shape, bool)[:, : data.num_tasks]
        mask[10:13, -1] = True
        seen, hidden = data.split(tensor(mask).bool())
        found, left_out = methods_for(data)
        assert not left_out and ("regression" in found) == (name != "one") == ("half and half" in found)
        for method in [method for method in (*RULES, DRIFT) if method in found]:
            answer = found[method](seen).forecast(without_values(hidden))
            assert bool(answer.mean[hidden.observed].isfinite().all()), (name, method)


def law_the_report_begins_where_fill_does():
    """Its first method fills as `fill` does when it is told none: with rows enough for full noise, and with fewer."""
    for rows, first in ((50, "ICM, full noise"), (30, "ICM")):
        data = with_holes(walks(96, rows, 2), 97, 0.1)
        name, method = next(iter(methods_for(data)[0].items()))
        assert name == first
        close(fill(data, method).mean, fill(data).mean)
        close(fill(data).variance, impute(fit(icm(data, kernel=MaternKernel(nu=1.5)))).variance)


def law_a_season_is_that_of_what_a_method_sees():
    """Where the seen cells speak for none the method has no answer, whatever the table's; else its period is theirs."""
    rng = RANDOM(94)
    x = np.arange(96.0) / 12
    there, none = np.sin(2 * np.pi * x)[:, None] + 0.2 * rng.normal(size=(96, 1)), rng.normal(size=(96, 1))
    data, flat = (TaskData(x, y, x_name="year") for y in (there, none))
    found, _ = methods_for(data, season_of(data))
    assert season_of(flat) is None
    asked = without_values(flat)
    close(found["mean"](flat).forecast(asked).mean, plain_methods()["mean"](flat).forecast(asked).mean)
    for method in ("season before", "independent, season", "independent, changing season"):
        try:
            found[method](flat)
        except NotApplicable as error:
            assert str(error) == "seen: its cells speak for no season"
        else:
            raise AssertionError(method)
    seen, hidden = data.hide("task 1", 3.0, 3.5)
    by_hand = plain_methods(1.0)["season before"](seen).forecast(without_values(hidden))
    answer = found["season before"](seen).forecast(without_values(hidden))
    close(answer.mean[hidden.observed], by_hand.mean[hidden.observed])


def law_a_tenth_judges_what_no_trial_has_seen():
    """Seen cells alone, a tenth or a little more; no trial hides or shows one of them."""
    rng = RANDOM(92)
    y = np.cumsum(rng.normal(size=(130, 2)), 0)
    y[30:36, 1] = y[60:65, 0] = np.nan
    data = TaskData(np.arange(130.0), y)
    kinds, _ = kinds_of(data)
    cells, seen = held_out_cells(data, kinds, 0), data.observed.numpy()
    assert not (cells & ~seen).any() and 0.08 < cells.sum() / seen.sum() < 0.15
    tried = data.split(tensor(cells).bool())[0]
    for trial in plan(tried, kinds, 8, 0):
        shown, hidden = trial.tables(tried)
        assert not ((shown.observed | hidden.observed).numpy() & cells).any()
    assert held_out_cells(TaskData(data.x[:90], data.y[:90]), kinds, 0) is None


def law_trials_of_different_parts_share_no_cell():
    """And the first eight lie in eight parts, where the table has room for as many; a gap has two sides."""
    for seed in range(4):
        data = with_holes(walks(seed, 120, 4), seed, 0.05)
        y = data.y.clone()
        y[20:26, 1] = y[60:65, 3] = y[-4:, 0] = np.nan
        data = replace(data, y=y)
        trials = plan(data, kinds_of(data)[0], 16, seed)
        assert len({trial.part for trial in trials[:8]}) == 8
        assert not any(trial.mask[[0, -1]].any() for trial in trials if " gap of " in trial.label)
        for kind in ("part", "fold"):
            of = [trial for trial in trials if trial.part.startswith(kind)]
            for k, one in enumerate(of):
                for other in of[:k]:
                    assert one.part == other.part or not (one.mask & other.mask).any(1).any()


METHODS = ["mean", "independent, shared", "regression", "interpolation", "ICM"]


def scored(parts, trials=9, asked=("a",), lengths=3):
    """Scores of these methods in some trials, CRPS and MAE by method and trial, trials and table."""
    rng = RANDOM(93)
    data = TaskData(np.arange(40.0), rng.normal(size=(40, 2)), ["a", "b"])
    made, rows, value = [], [], {}
    for k in range(trials):
        mask = np.zeros((40, 2), bool)
        mask[k : k + 1 + k % 3, 0] = True
        made.append(Trial(f"{k}", asked, mask, slice(0, 40), f"part {k % parts}", lengths))
        for method in METHODS:
            value[k, method] = crps, off = float(rng.uniform(1, 2) + METHODS.index(method)), float(rng.uniform())
            score = {"MSE": 1.0, "MAE": off, "NLPD": 0.0, "CRPS": crps, "coverage": 1.0}
            rows.append({"trial": f"{k}", "method": method, "task": "a", **score})
    return pd.DataFrame(rows), value, made, data


def law_a_report_decides_by_the_means_of_its_parts():
    """By loops: means over parts, the choice, errors weighed by cells; a method that lacks a trial is out."""
    results, value, trials, data = scored(8, 17)
    sd = float(data.scale().sd[0])
    decision = decide(results[(results["method"] != "regression") | (results["trial"] != "3")], trials, data)
    assert (decision.fills, decision.other, decision.parts) == ("mean", "independent, shared", 8)
    assert list(decision.means.index) == [method for method in METHODS if method != "regression"]
    for method in ("mean", "ICM"):
        parts = [np.mean([value[k, method][0] for k in range(p, 17, 8)]) for p in range(8)]
        close(decision.means.loc[method, "CRPS"], np.mean(parts) / sd)
    size, off = [1 + k % 3 for k in range(17)], {}
    for method in decision.means.index:
        off[method] = np.average([value[k, method][1] for k in range(17)], weights=size)
    claim, row = claim_of(decision, data, []), by_column(decision, data).iloc[0]
    close([claim["off"], claim["worst"]], [off["mean"], max(value[k, "mean"][1] for k in range(17))])
    nearest = min(("mean", "interpolation"), key=off.__getitem__)
    assert row["nearest plain rule"] == nearest and row["nearer"] == (nearest != "mean")
    close([row["off by"], row["off by it"]], [off["mean"], off[nearest]])


def law_a_claim_is_bound_to_what_was_hidden():
    """From fewer than eight parts the first method fills, whatever the scores; a longer hole is named with its rows."""
    results, _, trials, data = scored(7, 14)
    order = results.assign(order=results["method"].map(METHODS[::-1].index)).sort_values(["trial", "order"])
    decision = decide(order, trials, data)
    assert decision.fills == "ICM" and decision.means["CRPS"].idxmin() == "mean"
    for rows, long in ((3, []), (6, [("a", 6, 3)])):
        kinds = [Kind("gap", ("a",), np.ones((3, 2), bool), rows), Kind("scattered", ("a",), np.ones((9, 2), bool), 1)]
        claim = claim_of(decision, data, kinds)
        assert claim["few"] and claim["long"] == long


@contextmanager
def failing(fails):
    """Fits of the models for which `fails` is true find no optimum."""

    def one(model, **options):
        if fails(model):
            raise FitError("fit: no optimum; take another")
        return fit(model, **options)

    with patch.object(methods, "fit", one):
        yield


def law_where_full_noise_fails_noise_per_task_answers():
    """Alone and in half and half; where that fails, too, there is no answer."""
    data = with_holes(walks(95, 60, 2), 96, 0.05)
    found, _ = methods_for(data)
    rows = np.arange(60)[:, None] + [99, 0]
    seen, hidden = data.split(tensor((rows > 19) & (rows < 24)).bool())
    asked, cells = without_values(hidden), hidden.observed
    with failing(lambda model: model.noise == "full"):
        answer = found["ICM, full noise"](seen).forecast(asked)
        pool = found["half and half"](seen).forecast(asked)
    close(answer.mean[cells], impute(fit(icm(seen, noise="per task"), seed=0)).mean[cells], 1e-6)
    by_hand = linear_pool(plain_methods()["regression + GP"], lambda one: icm(one, noise="per task"), seed=0)
    close(pool.mean[cells], by_hand(seen).forecast(asked).mean[cells], 1e-6)
    seen, hidden = data.split(tensor((rows > 29) & (rows < 34)).bool())
    with failing(lambda model: True):
        try:
            found["ICM, full noise"](seen).forecast(without_values(hidden))
        except NotApplicable as error:
            assert "no optimum" in str(error)
        else:
            raise AssertionError("answered")
