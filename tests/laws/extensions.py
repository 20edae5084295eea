"""The two extensions: files that are read, and the report: its trials, what fills a table, how long it takes."""

import tempfile
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel

from laws.common import RANDOM, close, tensor, unfitted
from laws.named import places
from laws.plain import walks, with_holes
from mtgp_tutorial import FitError, TaskData, fit, icm, impute, scores
from mtgp_tutorial.fast import solvers
from mtgp_tutorial.fast.markov import Markov
from mtgp_tutorial.fast.mixture import mixture
from mtgp_tutorial.fast.packed import PackedObjective
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import NotApplicable, comparing, fill, linear_pool, methods, plain_methods, read_table
from mtgp_tutorial.tables.report import planning
from mtgp_tutorial.tables.report.deciding import by_column, closer, decide, hidden_once, in_deviations, longest
from mtgp_tutorial.tables.report.holes import Trial, held_out_cells, kinds_of, plan, where
from mtgp_tutorial.tables.report.options import Refused, parsed
from mtgp_tutorial.tables.report.page import checked_by_hiding
from mtgp_tutorial.tables.report.planning import Clock, seconds
from mtgp_tutorial.tables.report.tables import EXTRA, filled_values, prepared, write_filled
from mtgp_tutorial.tables.report.trials import BASELINE, RULES, methods_for, season_of, try_all
from mtgp_tutorial.tables.report.words import follows, impossible


def law_trials_of_a_report_stand_under_their_own_task():
    """Scores in the task's own standard deviations; cells, stretch and what was asked are those of the trial's mask."""
    rng, data = RANDOM(112), replace(places(), tasks=["a", "b"])
    masks = {"1: gap": np.arange(8)[:, None] < [3, 1], "2: gap": np.arange(8)[:, None] > [5, 3]}
    asked, rows = {"1: gap": ("a",), "2: gap": ("b",)}, {"1: gap": slice(0, 6), "2: gap": slice(1, 8)}
    trials = [Trial(name, asked[name], mask, rows[name], f"part {name[0]}") for name, mask in masks.items()]
    table = pd.DataFrame(
        [
            (trial, method, f"{task} [{unit}]")
            for trial in masks
            for method in ("p", "q")
            for task, unit in zip("ba", ("kg", "m"))
        ],
        columns=["trial", "method", "task"],
    )
    table[["MSE", "MAE", "CRPS", "NLPD", "coverage"]] = rng.uniform(0.1, 1, (8, 5))
    spread = dict(zip("ab", np.nanstd(data.y.numpy(), axis=0)))
    for given, row in zip(table.to_dict("records"), in_deviations(table, trials, data).to_dict("records")):
        task, trial = given["task"][0], given["trial"]
        assert row["task"] == task and row["stretch"] == f"part {trial[0]}" and row["asked"] == (task in asked[trial])
        assert row["cells"] == masks[trial][:, "ab".index(task)].sum() and row["coverage"] == given["coverage"]
        expected = [
            given["MSE"] ** 0.5 / spread[task],
            given["CRPS"] / spread[task],
            given["NLPD"] - np.log(spread[task]),
        ]
        close([row["error"], row["CRPS"], row["NLPD"]], expected)
    for trial in trials:
        seen, hidden = trial.tables(data)
        kept, gone = data.y[trial.rows], tensor(masks[trial.label])[trial.rows].bool()
        np.testing.assert_array_equal(hidden.y, kept.where(gone, torch.nan))
        np.testing.assert_array_equal(seen.y, kept.where(~gone, torch.nan))
        assert list(seen.index) == list(data.index[trial.rows]) and torch.equal(hidden.x, data.x[trial.rows])


def law_a_filled_table_has_the_ends_of_its_bands():
    data = places()
    answer = impute(unfitted(icm(data), 2))
    mean, sd = float(answer.mean[2, 1]), float(answer.sd[2, 1])
    close(filled_values(data, answer)[:, 2, 1], [mean, mean - 2 * sd, mean + 2 * sd], 1e-3)
    unsure = mixture([answer, replace(answer, mean=answer.mean + 9, variance=25 * answer.variance)])
    middle, median = float(unsure.mean[2, 1]), float(unsure.quantile(0.5)[2, 1])
    assert abs(middle - median) > 1
    spread = float(data.scale().sd[1])
    for log, value in ((), middle), (["b"], np.exp(median)):
        close(filled_values(data, unsure, log)[0, 2, 1], value, 1e-3)
    assert 0 < abs(filled_values(data, unsure)[0, 2, 1] - middle) < 1e-4 * spread


MISSING = ("", "NA", "-999")


def told_apart(path, every=None, **how):
    """filled.csv of a file, as lists of cells, where the hole of the t-th task at x holds x + 100 t + 1/8."""
    data = prepared(read_table(path, **how), every=every)
    mean = data.x[:, :1] + 100 * torch.arange(data.num_tasks) + 0.125
    answer = Prediction(data.x, mean, torch.full_like(data.y, 0.0625), data.tasks, data.units, True)
    write_filled(path.with_name("filled.csv"), data, answer, table=path, how=how, every=every)
    lines = path.with_name("filled.csv").read_text().splitlines()
    return [line.split(";") for line in lines]


def law_a_filled_file_is_the_file():
    """By loops over its lines: all cells stand as they are but for the holes of the rows that were taken."""
    with tempfile.TemporaryDirectory() as folder:
        path, rng = Path(folder) / "t.csv", RANDOM(0)
        x = [*rng.permutation(30), 7, 12]
        rows = [[str(k), f"{k * k % 23},5 %", "by", str(111 + 13 * k % 89)] for k in x]
        for k in rng.permutation(30)[:12]:
            rows[k][1 + 2 * (k % 2)] = MISSING[k % 3]
        rows[x.index(7)][3], rows[x.index(12)][1] = "", ""  # at 7 there is a second reading, 12 is a repeated line
        rows[-1] = list(rows[x.index(12)])
        for every in (1, 3):
            path.write_text("\n".join(";".join(row) for row in [["t", "a", "who", "b [m]"], *rows]))
            taken = sorted(range(31), key=lambda k: (x[k], k))[::every]
            found = told_apart(path, every, missing=["-999"])
            assert found[0] == ["t", "a", "who", "b [m]", *(f"{task} {end}" for task in "ab" for end in EXTRA)]
            for k, (row, line) in enumerate(zip(rows, found[1:], strict=True)):
                kept = x.index(12) if k == 31 else k
                for t, c in enumerate((1, 3)):
                    seen = any(rows[j][c] not in MISSING for j in taken if x[j] == x[k])
                    value, expected = x[k] + 100 * t + 0.125, [row[c], "", "", "no"]
                    if kept in taken and not seen:
                        ends = [f"{one:g}".replace(".", ",") for one in (value, value - 0.5, value + 0.5)]
                        expected = [ends[0] + " %" * (t == 0), *ends[1:], "yes"]
                    assert [line[c], *line[4 + 3 * t : 7 + 3 * t]] == expected, (every, k, t, line, expected)
                assert [line[0], line[2]] == [row[0], row[2]]


def law_a_filled_long_file_has_a_line_for_each_cell():
    """One of its own at the end, spelt as its row is, where the file has none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        rows = [["a", f"{k:02}.03.2020", str(k * k % 7)] for k in (15, 13, 14, 16, 17)]
        rows += [["b", f"{k:02}.03.2020", "" if k == 17 else str(k * k % 5)] for k in (13, 14, 16, 17, 18)]
        path.write_text("\n".join(";".join(row) for row in [["name", "date", "v"], *rows]))
        head, *found = told_apart(path)
        assert head == ["name", "date", "v", "v low", "v high", "v filled"]
        new = [("b", 17, 104.125), ("b", 15, 102.125), ("a", 18, 5.125)]  # the first in its place
        new = [[name, f"{k}.03.2020", *(f"{one:.3f}0" for one in (v, v - 0.5, v + 0.5)), "yes"] for name, k, v in new]
        assert found == [*([*row, "", "", "no"] for row in rows[:8]), new[0], [*rows[9], "", "", "no"], *new[1:]]


def law_a_file_that_changed_is_not_filled():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text("t,a\n1,2\n2,\n3,5\n4,1\n")
        data = read_table(path)
        answer = impute(unfitted(icm(data), 2))
        path.write_text(path.read_text().replace("3,5", "3,6"))
        try:
            write_filled(path, data, answer, table=path)
        except Refused as error:
            assert "t.csv has changed since it was read" in str(error)
        else:
            raise AssertionError("written")


def law_the_time_of_a_report_is_that_of_its_fits():
    """Jobs share the fits of the trials; the two of the whole table come after one another. By loops."""
    shape = PackedObjective(icm(TaskData(np.arange(40.0), RANDOM(1).normal(size=(40, 2)))), True).problem.shape()
    clocks = {name: Clock(time, shape) for name, time in (("a", 3.0), ("b", 5.0), ("c", 1.0))}
    for trials, jobs in ((10, 1), (10, 2), (6, 3)):
        total = sum(clock.fit for _ in range(trials) for clock in clocks.values())
        assert seconds(clocks, trials, jobs) == total / jobs + 5 + 3
    half = clocks["a"].thinned(2)
    assert (half.shape.rows, half.shape.cells) == (20, 40)
    close(half.fit, 3 * solvers.cheapest(half.shape).cost(half.shape) / solvers.cheapest(shape).cost(shape))


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
        methods = methods_for(data, "matern32")
        assert ("regression" in methods) == (name != "one") == ("ICM" in methods)
        for method in [method for method in RULES if method in methods]:
            found = methods[method](seen).forecast(hidden)
            assert bool(found.mean[hidden.observed].isfinite().all()), (name, method)


def law_the_report_begins_where_fill_does():
    """Its first method fills as `fill` does when it is told none: with rows enough for full noise, and with fewer."""
    for rows, first in ((50, "ICM, full noise"), (30, "ICM")):
        data = with_holes(walks(96, rows, 2), 97, 0.1)
        name, method = next(iter(methods_for(data, "matern32").items()))
        assert name == first
        close(fill(data, method).mean, fill(data).mean)
        close(fill(data).variance, impute(fit(icm(data, kernel=MaternKernel(nu=1.5)))).variance)


def law_a_season_is_that_of_what_a_method_sees():
    """Where the seen cells speak for none the method has no answer, whatever the table's; else its period is theirs."""
    rng = RANDOM(94)
    x = np.arange(96.0) / 12
    there, none = np.sin(2 * np.pi * x)[:, None] + 0.2 * rng.normal(size=(96, 1)), rng.normal(size=(96, 1))
    data, flat = (TaskData(x, y, x_name="year") for y in (there, none))
    season = season_of(data)
    methods = methods_for(data, "matern32", season=season)
    assert season.season == 1.0 and season_of(flat) is None
    rule = plain_methods()["mean"](flat)
    close(methods["mean"](flat).forecast(flat).mean, rule.forecast(flat).mean)
    for method in ("season before", "independent, season"):
        try:
            methods[method](flat)
        except NotApplicable as error:
            assert str(error) == "seen: its cells speak for no season"
        else:
            raise AssertionError(method)
    seen, hidden = data.hide("task 1", 3.0, 3.5)
    found = methods["season before"](seen).forecast(hidden)
    by_hand = plain_methods(1.0)["season before"](seen).forecast(hidden)
    close(found.mean[hidden.observed], by_hand.mean[hidden.observed])


def law_what_is_no_model_is_checked_by_hiding():
    """Each seen cell once, a fifth at a time, by what the method says of the rest; an odd value is named first."""
    data = with_holes(walks(98, 40, 2), 99, 0.1)
    y = data.y.clone()
    odd = int(data.observed.all(1).nonzero()[5, 0])
    y[odd, 1] += 50 * float(data.scale().sd[1])
    data, rule = replace(data, y=y), plain_methods()["regression"]
    found = hidden_once(data, rule, rule, seed=0)
    rows, tasks = data.observed.nonzero(as_tuple=True)
    known = {(data.tasks[t], where(data, int(n))): float(data.y[n, t]) for n, t in zip(rows, tasks)}
    assert dict(zip(zip(found["task"], found["row"]), found["value"])) == known and len(found) == len(known)
    fifth = found.iloc[: -(-len(found) // 5)]
    gone = torch.zeros_like(data.observed)
    for task, row in zip(fifth["task"], fifth["row"]):
        gone[[where(data, n) for n in range(len(data.x))].index(row), data.tasks.index(task)] = True
    seen, hidden = data.split(gone)
    by_hand = rule(seen).forecast(hidden)
    close(sorted(fifth["mean"]), sorted(by_hand.mean[gone].tolist()), 1e-9)
    said = checked_by_hiding(found)
    assert said["odd"]["rows"][0][:2] == [data.tasks[1], where(data, odd)]
    assert said["inside"] == f"{100 * (found['z'].abs() <= 2).mean():.0f} %"

    def failing(error):
        def method(seen):
            raise error

        return method

    assert hidden_once(data, failing(NotApplicable("seen: none")), rule, seed=0) is None
    pd.testing.assert_frame_equal(found, hidden_once(data, failing(FitError("fit: no optimum")), rule, seed=0))


def law_a_changing_season_is_a_term_of_the_model():
    """A periodic kernel of the season times an RBF, with a B of its own, beside the kernel that was asked for."""
    x = np.arange(60.0) / 12
    y = np.sin(2 * np.pi * x)[:, None] + 0.1 * RANDOM(94).normal(size=(60, 2))
    data = TaskData(x, y, x_name="year")
    method = methods_for(data, "matern52", season=season_of(data))["ICM, changing season"]
    turn, own = (kernel for kernel, _ in method(data).kernel.terms())
    assert next(part for part in turn.modules() if hasattr(part, "period_length")).period_length.item() == 1.0
    assert next(part for part in own.modules() if hasattr(part, "nu")).nu == 2.5


def law_the_slowest_methods_are_left_out_first():
    """Those of two kernels, then by their time, and never the ICM or independent tasks; trials go when all have."""
    data = walks(99, 60, 3)
    trials = plan(data, kinds_of(data)[0], 12, 0)
    shape = PackedObjective(icm(data), True).problem.shape()
    times = {BASELINE: 1.0, "ICM": 9.0, "ICM, full noise": 4.0, "LMC": 2.0, "half and half": 6.0}
    clocks = {name: Clock(time, shape) for name, time in times.items()}
    order, asked = ["LMC", "half and half", "ICM, full noise"], parsed(["report", "t.csv"])
    for count in range(4):
        kept = {name: clock for name, clock in clocks.items() if name not in order[:count]}
        enough = 1e9 if count == 1 else seconds(kept, len(trials), 1) + 0.1  # the limit of the slow is their own
        with patch.object(planning, "LIMIT", enough), patch.object(planning, "SLOW_LIMIT", 0 if count else enough):
            with redirect_stdout(StringIO()) as said:
                found, methods = planning.in_time(asked, data, clocks, trials)
        assert methods == list(kept) and len(found) == len(trials) == 12
        assert ("left out, for they take longest: " in said.getvalue()) == (count > 0)
        assert all(name in said.getvalue() for name in order[:count])
    with patch.object(planning, "LIMIT", enough - 0.2), patch.object(planning, "SLOW_LIMIT", 0):
        with redirect_stdout(StringIO()):
            found, methods = planning.in_time(asked, data, clocks, trials)
    assert len(found) == 6 and "LMC" not in methods and {BASELINE, "ICM"} <= {*methods}


def law_a_tenth_judges_what_no_trial_has_seen():
    """Seen cells alone, a tenth or a little more; no trial hides or shows one of them."""
    rng = RANDOM(92)
    y = np.cumsum(rng.normal(size=(130, 2)), 0)
    y[30:36, 1] = np.nan
    data = TaskData(np.arange(130.0), y)
    kinds, _ = kinds_of(data)
    cells = held_out_cells(data, kinds, 0)
    seen = data.observed.numpy()
    assert not (cells & ~seen).any() and 0.08 < cells.sum() / seen.sum() < 0.2
    tried = data.split(tensor(cells).bool())[0]
    trials = plan(tried, kinds, 8, 0)
    for trial in trials:
        shown, hidden = trial.tables(tried)
        assert not ((shown.observed | hidden.observed).numpy() & cells).any()


def law_a_report_decides_by_the_means_of_its_parts():
    """By loops: means over parts, the best of each kind and of all, a paired difference, errors weighed by cells."""
    rng = RANDOM(93)
    data = TaskData(np.arange(40.0), rng.normal(size=(40, 2)), ["a", "b"])
    sd = float(data.scale().sd[0])
    methods = ["mean", "independent, shared", "regression", "interpolation", "ICM"]
    trials, rows, value = [], [], {}
    for k in range(9):
        mask = np.zeros((40, 2), bool)
        mask[k : k + 1 + k % 3, 0] = True
        trials.append(Trial(f"{k}", ("a",), mask, slice(0, 40), f"part {k % 4}"))
        for method in methods:
            value[k, method] = crps, off = float(rng.uniform(1, 2) + methods.index(method)), float(rng.uniform())
            rows.append(
                {
                    "trial": f"{k}",
                    "method": method,
                    "task": "a",
                    "MSE": 1.0,
                    "MAE": off,
                    "NLPD": 0.0,
                    "CRPS": crps,
                    "coverage": 1.0,
                }
            )
    results = pd.DataFrame(rows)
    decision = decide(results[(results["method"] != "regression") | (results["trial"] != "3")], trials, data)
    parts = {method: [np.mean([value[k, method][0] for k in range(p, 9, 4)]) for p in range(4)] for method in methods}
    assert decision.left_out == ("regression",) and decision.fills == "mean"
    assert (decision.other, decision.alone, decision.reads, decision.model) == (
        "independent, shared",
        "mean",
        "ICM",
        "independent, shared",
    )
    for method in ("mean", "ICM"):
        close(decision.means.loc[method, "CRPS"], np.mean(parts[method]) / sd)
    row = decision.less("mean", "ICM")
    difference = np.subtract(parts["mean"], parts["ICM"]) / sd
    close(row[["mean difference", "standard error"]].astype(float), [difference.mean(), difference.std(ddof=1) / 2])
    size = [1 + k % 3 for k in range(9)]
    off = {method: np.average([value[k, method][1] for k in range(9)], weights=size) for method in methods}
    filled = Prediction(data.x, data.y.nan_to_num(1.0), torch.ones_like(data.y), data.tasks, data.units, True)
    close(by_column(decision, data, filled).iloc[0, 1:3].astype(float), [off["mean"], off["independent, shared"]])
    for method in ("independent, shared", "interpolation", "ICM"):
        assert closer(decision, method) == (["a"] if off[method] < off["mean"] else [])


def law_a_hole_is_as_long_as_what_is_missing_in_it():
    """Hidden rows 3 and 4 of task 1 touch its missing row 5; task 2 has rows 3 and 6 to 8 missing, of which none is
    hidden."""
    mask, gone = np.zeros((10, 2), bool), np.zeros((10, 2), bool)
    mask[3:5, 0] = gone[5, 0] = gone[3, 1] = gone[6:9, 1] = True
    assert [longest(mask[:, t], gone[:, t]) for t in (0, 1)] == [3, 0]


def law_sums_of_columns_are_named():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 60))
    y = np.c_[a, b, a - 2 * b, c]
    y[5:12, 0] = y[30, 2] = np.nan
    assert follows(TaskData(np.arange(60.0), y, ["a", "b", "d", "c"])) == ["a", "b", "d"]
    still = np.c_[y, np.full(60, 3.0)]  # constant where all were seen
    still[5, 4] = 4.0
    assert follows(TaskData(np.arange(60.0), still, ["a", "b", "d", "c", "e"])) == ["a", "b", "d"]
    y[:, 2] += 0.1 * c * rng.normal(size=60)
    assert follows(TaskData(np.arange(60.0), y, ["a", "b", "d", "c"])) == []
    assert follows(TaskData(np.arange(20.0), y[:20], ["a", "b", "d", "c"])) == []  # too few rows to say


def law_values_that_cannot_be_are_counted():
    """Filled values below 0 of a task that is nowhere below 0."""
    y = torch.tensor([[1.0, -1.0], [0.0, 2.0], [torch.nan, torch.nan], [torch.nan, 1.0]]).double()
    data = TaskData(torch.arange(4.0), y, ["a", "b"])
    filled = Prediction(data.x, torch.full_like(y, -0.5), torch.ones_like(y), data.tasks, data.units, True)
    assert impossible(data, filled) == [("a", 2, 2, False)] and impossible(data, filled, ["a"]) == []
    positive = TaskData(data.x, data.y + 0.1 * (data.y == 0), ["a", "b"])
    assert impossible(positive, filled) == [("a", 2, 2, True)]


@contextmanager
def failing(fails):
    """Fits of the models for which `fails` is true find no optimum."""

    def one(model, **options):
        if fails(model):
            raise FitError("fit: no optimum; take another")
        return fit(model, **options)

    with patch.object(comparing, "fit", one), patch.object(methods, "fit", one):
        yield


def law_a_trial_in_which_full_noise_fails_stays():
    """Noise per task answers in its place, alone and in half and half, and is named; without it both are left out."""
    rng = RANDOM(95)
    y = np.cumsum(rng.normal(size=(60, 1)), 0) * [1.0, 2.0] + 0.1 * rng.normal(size=(60, 2))
    y[10:13, 1] = y[-2:, 1] = np.nan
    data = TaskData(np.arange(60.0), y, ["a", "b"])
    planned, every = plan(data, kinds_of(data)[0], 3, 0), methods_for(data, "matern32")
    lost, (seen, hidden) = planned[1].label, planned[1].tables(data)
    answers = {}
    with failing(lambda model: model.noise == "full" and torch.equal(model.data.observed, seen.observed)):
        for instead in (methods_for(data, "matern32", full="ICM"), {}):
            with tempfile.TemporaryDirectory() as folder, redirect_stdout(None):
                answers[bool(instead)] = try_all(data, planned, every, folder, 0, instead=instead)
    results, failed = answers[True]
    why = "fit: no optimum; take another"
    assert failed == [(lost, "ICM, full noise", why, True), (lost, "half and half", why, True)]
    assert set(results["method"]) == set(every) and (results.groupby("method")["trial"].nunique() == 3).all()
    crps = results[results["trial"] == lost].set_index("method")["CRPS"]
    by_hand = linear_pool(every["regression + GP"], every["ICM"], seed=0)(seen).forecast(hidden)
    close(crps["ICM, full noise"], crps["ICM"])
    close(crps["half and half"], scores.table(by_hand, hidden, seen)["CRPS"].iloc[0], 1e-6)
    results, failed = answers[False]
    decision = decide(results, planned, data)
    assert [(one.method, one.instead) for one in failed] == [("ICM, full noise", False), ("half and half", False)]
    assert decision.left_out == ("ICM, full noise", "half and half") and len(decision.scores["trial"].unique()) == 3


def law_the_time_of_a_trial_is_that_of_what_it_leaves():
    """2,050 values are a long series, but not the 1,950 that some trials leave, which take the cube of their number."""
    data = TaskData(np.arange(2050.0), RANDOM(96).normal(size=(2050, 1)))
    hidden = [torch.arange(2050)[:, None] < size for size in (100, 40, 90)]
    methods = {BASELINE: methods_for(data, "matern32")[BASELINE]}
    asked = []
    with patch.object(planning, "_rate", lambda build, table, form: asked.append(form) or 1.0):
        clock = planning.clocks_of(methods, data, [data.split(mask) for mask in hidden])[BASELINE]
    assert len(asked) == 2 and asked[1] is Markov
    shapes = [clock.shape._replace(rows=2050 - size, cells=2050 - size) for size in (100, 40, 90)]
    work = [asked[0].cost(shapes[0]), 2010.0, asked[0].cost(shapes[2])]
    close(clock.fit, np.mean(work) * planning.EVALUATIONS[BASELINE][0])
    assert clock.shape.cells == 1960
    two = TaskData(np.arange(40.0), RANDOM(97).normal(size=(40, 2)))
    pair, methods = two.split(tensor(np.arange(80).reshape(40, 2) == 21).bool()), methods_for(two, "matern32")
    with patch.object(planning, "_rate", lambda *_: 1.0), patch.object(planning, "_of_rule", lambda *_: 1e9):
        clocks = planning.clocks_of(methods, two, [pair])
    close(clocks["half and half"].fit - clocks["ICM, full noise"].fit, 2e9)  # its regression, and that alone
