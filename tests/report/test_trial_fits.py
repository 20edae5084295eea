"""Reports on long tables: parameters fitted once for many trials; what these hide is not seen, and a run is resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mtgp_tutorial import TaskData
from mtgp_tutorial.__main__ import main
from mtgp_tutorial.exact import forms
from mtgp_tutorial.exact.markov import Markov
from mtgp_tutorial.fits.fitting import FitError
from mtgp_tutorial.fits.flat import Flat
from mtgp_tutorial.report import holes, planning, trial_fits
from mtgp_tutorial.report.arms import BASELINE, MODELS, arms_for
from mtgp_tutorial.report.holes import kinds_of, missing, plan
from mtgp_tutorial.report.options import Refused, parser
from mtgp_tutorial.report.trial_fits import groups_of, kept_in, try_all

ROOT = Path(__file__).resolve().parents[2]


def table(rows=48, seed=0):
    """Two tasks that go together, the second with a gap and a ragged end."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=rows)) / 2
    y = walk[:, None] * [1, 2] + 0.1 * rng.normal(size=(rows, 2))
    y[10:13, 1] = y[-2:, 1] = np.nan
    return TaskData(np.arange(float(rows)), y, ["a", "b"])


EVERY = arms_for(table(), "matern32")
ARMS = {name: EVERY[name] for name in (BASELINE, "ICM")}
SHAPE = Flat(ARMS["ICM"](table()), True).problem.shape()


def planned(data, count):
    return plan(data, kinds_of(data)[0], count, 0)


def test_groups_hide_at_most_a_sixth_and_closed_ones_take_no_more():
    data = table()
    trials, seen = planned(data, 10), data.observed.numpy()
    groups = groups_of(data, trials)
    assert [label for group in groups for label in group] == [trial.label for trial in trials]
    masks = {trial.label: trial.mask for trial in trials}
    unions = [np.logical_or.reduce([masks[label] for label in group]) & seen for group in groups]
    assert len(groups) > 1 and all((union.sum(0) <= seen.sum(0) / 6).all() for union in unions)
    for group, following in zip(groups, groups[1:]):  # none had room for the next trial
        more = np.logical_or.reduce([masks[label] for label in [*group, following[0]]]) & seen
        assert (more.sum(0) > seen.sum(0) / 6).any()
    few = groups_of(data, trials[:2])
    assert groups_of(data, trials, few)[: len(few)] == few
    wide = [replace(trials[0], mask=np.ones_like(seen))]
    assert groups_of(data, wide) == [[trials[0].label]]  # one trial is a group, whatever it hides


def test_a_group_of_one_trial_is_a_fit_of_its_own(tmp_path, monkeypatch):
    """For a gap; where a trial drops rows, its parameters have seen these."""
    data = table()
    trials = [trial for trial in planned(data, 8) if "gap" in trial.label][:2]
    monkeypatch.setattr(trial_fits, "SHARE", 1000)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    found, failed = trial_fits.try_once(data, trials, ARMS, tmp_path / "a", 0, 1)
    usual, _ = try_all(data, trials, ARMS, tmp_path / "b", 0, 1)
    assert not failed and len(json.loads((tmp_path / "a/parameters.json").read_text())["groups"]) == 2
    scores = ["trial", "arm", "task", "MSE", "CRPS", "NLPD", "coverage"]
    pd.testing.assert_frame_equal(found[scores], usual[scores], rtol=1e-7)


def test_what_the_trials_hide_is_not_seen(tmp_path):
    data, found = table(), []
    trials = planned(data, 3)
    for k, size in enumerate((1.0, 100.0)):
        hidden = torch.as_tensor(np.logical_or.reduce([trial.mask for trial in trials]))
        other = replace(data, y=torch.where(hidden, size * data.y, data.y))
        (tmp_path / str(k)).mkdir()
        trial_fits.try_once(other, trials, ARMS, tmp_path / str(k), 0, 1)
        found.append(json.loads((tmp_path / f"{k}/parameters.json").read_text()))
    assert len(found[0]["groups"]) == 1 and found[0] == found[1]


def test_nothing_is_done_twice_and_more_trials_make_groups_of_their_own(tmp_path, monkeypatch):
    data, done = table(), []
    fitted = trial_fits._fitted
    monkeypatch.setattr(trial_fits, "_fitted", lambda *one: done.append(one[0]) or fitted(*one))
    few, many = planned(data, 2), planned(data, 4)
    first, _ = trial_fits.try_once(data, few, ARMS, tmp_path, 0, 1)
    assert done == ["1: independent, shared", "1: ICM"]
    again, _ = trial_fits.try_once(data, few, ARMS, tmp_path, 0, 1)
    more, _ = trial_fits.try_once(data, many, ARMS, tmp_path, 0, 1)
    assert done[2:] == ["2: independent, shared", "2: ICM"]
    pd.testing.assert_frame_equal(first, again)
    pd.testing.assert_frame_equal(first, more[: len(first)])
    trial_fits.try_once(data, few, ARMS, tmp_path, 0, 1)
    assert len(done) == 4
    path = tmp_path / "parameters.json"  # stopped between two models, and resumed with fewer trials: made anew
    kept = json.loads(path.read_text())
    del kept["parameters"]["2: ICM"]
    path.write_text(json.dumps(kept))
    assert kept_in(tmp_path, many, ARMS)["groups"] == kept["groups"]
    part = kept_in(tmp_path, planned(data, 3), ARMS)
    assert part["groups"] == [kept["groups"][0], []]
    assert set(part["parameters"]) == {"1: independent, shared", "1: ICM"}


def test_groups_after_one_that_is_made_anew_keep_their_parameters(tmp_path, monkeypatch):
    """A fit failed; then fewer trials are asked for, then all again: what was stored is neither lost nor refused."""
    data, fitted = table(), trial_fits._fitted
    trials = planned(data, 10)
    groups = groups_of(data, trials)
    assert len(groups) == 3 and len(groups[1]) > 2
    with monkeypatch.context() as failing:
        failing.setattr(trial_fits, "_fitted", lambda key, *one: (key, None) if key == "2: ICM" else fitted(key, *one))
        first, _ = trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 1)
    before = json.loads((tmp_path / "parameters.json").read_text())["parameters"]
    few = trials[: len(groups[0]) + 2]
    trial_fits.try_once(data, few, ARMS, tmp_path, 0, 1)
    kept = kept_in(tmp_path, trials, ARMS)
    assert kept["groups"] == [groups[0], [], groups[2], groups[1][:2]]
    assert "2: independent, shared" not in kept["parameters"]
    asked, timed = parser().parse_args(["report", "t.csv"]), dict.fromkeys(ARMS, planning.Clock(1.0, SHAPE))
    assert planning.how_long(asked, data, timed, trials, tmp_path, True).startswith(
        "6 of 8 fits of parameters are done"
    )
    again, failed = trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 1)
    assert not failed and len(set(again["trial"])) == 10
    after = kept_in(tmp_path, trials, ARMS)["parameters"]
    assert {name: after[name] for name in before if name[0] != "2"} == {k: v for k, v in before.items() if k[0] != "2"}
    stored = again[again["trial"].isin(groups[2])].reset_index(drop=True)
    pd.testing.assert_frame_equal(stored, first[first["trial"].isin(groups[2])].reset_index(drop=True))


def test_a_prediction_is_stored_before_the_next_is_made_whatever_the_jobs(tmp_path, monkeypatch):
    """So Ctrl-C loses one of them, and no more than one factor is in memory."""
    data, given = table(), []
    trials, forecast, fits = planned(data, 2), trial_fits.Given.forecast, trial_fits.fits

    def third(self, hidden):
        given.extend([self] if self not in given else [])
        if len(given) == 3:
            raise KeyboardInterrupt
        return forecast(self, hidden)

    monkeypatch.setattr(trial_fits.Given, "forecast", third)
    monkeypatch.setattr(trial_fits, "fits", lambda *asked: fits(*asked[:-1], 1))
    with pytest.raises(KeyboardInterrupt):
        trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 2)
    assert list(pd.read_csv(tmp_path / "trials.csv")["arm"]) == ["independent, shared", "ICM"]
    assert all("_kept" not in one.fitted.__dict__ for one in given)


NOT_OURS = "parameters.json is not a file that this command wrote; remove .*, or add --out NAME"
FOUND = {"mean": [0.0, 0.0], "sd": [1.0, 1.0], "values": {}}
BAD = ["{", "[]", "3", {"groups": 3, "parameters": {}}, {"groups": []}, {"groups": [3], "parameters": {}}]
BAD += [{"groups": [[3]], "parameters": {}}, {"groups": [], "parameters": {"1: ICM": 3}}]
BAD += [{"groups": [], "parameters": {"1: ICM": {k: v for k, v in FOUND.items() if k != name}}} for name in FOUND]
BAD += [{"groups": [], "parameters": {"1: ICM": {**FOUND, name: ["a", 3.0]}}} for name in FOUND]


@pytest.mark.parametrize("text", [one if isinstance(one, str) else json.dumps(one) for one in BAD])
def test_a_file_that_is_none_of_ours_is_refused(text, tmp_path):
    (tmp_path / "parameters.json").write_text(text)
    with pytest.raises(Refused, match=NOT_OURS):
        trial_fits.try_once(table(), planned(table(), 2), ARMS, tmp_path, 0, 1)


def test_parameters_that_are_not_all_of_the_model_s_are_refused(tmp_path):
    """What is left out would stay as it starts, and no score would show that."""
    data, path = table(), tmp_path / "parameters.json"
    trials = planned(data, 2)
    trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 1)
    (tmp_path / "trials.csv").unlink()
    kept = json.loads(path.read_text())
    good = kept["parameters"]["1: ICM"]
    first = next(iter(good["values"]))
    less = {name: value for name, value in good["values"].items() if name != first}
    others = [{}, less, good["values"] | {"other": 1.0}, less | {first: "a"}, less | {first: [1.0] * 9}]
    for bad in [*({**good, "values": values} for values in others), {**good, "mean": [0.0] * 3}]:
        path.write_text(json.dumps({**kept, "parameters": {**kept["parameters"], "1: ICM": bad}}))
        with pytest.raises(Refused, match=NOT_OURS):
            trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 1)
    path.write_text(json.dumps(kept))
    assert not trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 1)[1]


def test_trials_of_a_group_without_a_fit_are_left_out(tmp_path, monkeypatch):
    data, fitted = table(), trial_fits._fitted
    trials = planned(data, 6)
    groups = groups_of(data, trials)
    monkeypatch.setattr(trial_fits, "_fitted", lambda key, *one: (key, None) if key == "2: ICM" else fitted(key, *one))
    found, failed = trial_fits.try_once(data, trials, ARMS, tmp_path, 0, 1)
    assert failed == groups[1] and set(found["trial"]) == {label for group in groups for label in group} - set(failed)
    (tmp_path / "none").mkdir()
    monkeypatch.setattr(trial_fits, "_fitted", lambda key, *one: (key, None))
    with pytest.raises(FitError, match="hardly a model could be fitted"):
        trial_fits.try_once(data, trials, ARMS, tmp_path / "none", 0, 1)


def test_one_trial_is_no_comparison(tmp_path, monkeypatch):
    data, fitted = table(), trial_fits._fitted
    monkeypatch.setattr(trial_fits, "SHARE", 1000)
    monkeypatch.setattr(trial_fits, "_fitted", lambda key, *one: (key, None) if key == "2: ICM" else fitted(key, *one))
    with pytest.raises(FitError, match="hardly a model could be fitted: .*; leave out odd columns, or rows"):
        trial_fits.try_once(data, planned(data, 2), ARMS, tmp_path, 0, 1)


def test_the_ladder_of_what_there_is_time_for(monkeypatch, capsys):
    """Fits for each trial with the LMC, without, once for many trials with it, without, and a refusal."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(300, 3))
    y[40:43, 0] = y[90:93, 1] = y[200:204, 2] = np.nan
    data = TaskData(np.arange(300.0), y)
    trials, asked = planned(data, 16), parser().parse_args(["report", "t.csv"])
    timed = planning.clocks(arms_for(data, "matern32"), data)
    fewer = {name: clock for name, clock in timed.items() if name != "LMC"}
    each, at_once = (planning.work(data, trials, once) for once in (False, True))
    assert each == (16, 0) and at_once.known == 16 and at_once.fits < 4
    for limit, short, expected in (
        (each.seconds(fewer, data, 1), each.seconds(timed, data, 1), (4, False)),
        (each.seconds(fewer, data, 1), 0, (3, False)),
        (0, at_once.seconds(timed, data, 1), (4, True)),
        (at_once.seconds(fewer, data, 1), 0, (3, True)),
    ):
        monkeypatch.setattr(planning, "LIMIT", limit)
        monkeypatch.setattr(planning, "LMC_LIMIT", short)
        arms, is_once = planning.in_time(asked, data, timed, trials)
        said = capsys.readouterr().out
        assert (len(arms), is_once) == expected
        assert ("fitted once for many trials" in said) == is_once and ("LMC is left out" in said) == (len(arms) == 3)
    monkeypatch.setattr(planning, "LIMIT", 0.5 * at_once.seconds(fewer, data, 1))
    with pytest.raises(Refused, match="(?s)t.csv has 890 values .* --every"):
        planning.in_time(asked, data, timed, trials)


def test_a_long_table_is_timed_along_its_rows():
    """A long table is timed in its own form, and time grows with its rows; a short one has no such clock."""
    rng = np.random.default_rng(0)
    data, short = (TaskData(np.arange(float(rows)), rng.normal(size=(rows, 3))) for rows in (4000, 400))
    clocks = planning.clocks(arms_for(data, "matern32", lmc=False), data)
    for clock in clocks.values():
        assert clock.along.shape.rows == 800 and clock.along.along is None
    whole, half = (planning.seconds(clocks, data, 1, 1, every) for every in (1, 2))
    assert whole == pytest.approx(2 * half)
    assert whole == pytest.approx(sum(5 * clock.along.seconds * n for clock, n in zip(clocks.values(), (70, 150, 225))))
    assert all(clock.along is None for clock in planning.clocks(arms_for(short, "matern32"), short).values())
    per_row = sum(clock.along.seconds for clock in clocks.values()) / 800
    assert planning.seconds(clocks, data, 0, 1, known=2) == pytest.approx(2 * planning.ONCE * 4000 * per_row)
    alone = planning.seconds(clocks, data, 0, 1, known=2)  # predictions are not shared among jobs, fits are
    assert planning.seconds(clocks, data, 3, 2, known=2) == pytest.approx(
        planning.seconds(clocks, data, 3, 1) / 2 + alone
    )


def test_a_long_table_of_many_tasks_is_timed_by_the_program_that_runs_it(monkeypatch):
    """On 500 rows at least, where it has them: fewer run in plain numpy, which takes several times as long."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(4000, 8))
    y[1::2] = np.nan  # rows without a value are no rows of the recursion
    arms = arms_for(table(), "matern32", lmc=False)
    monkeypatch.setattr(forms, "cheapest", lambda shape: Markov)
    monkeypatch.setattr(
        planning, "_timed", lambda model, form=None: planning.Clock(1.0, Flat(model, True, form).problem.shape())
    )
    for size, expected in ((4000, 500), (3000, 500), (900, 450)):
        clocks = planning.clocks(arms, TaskData(np.arange(float(size)), y[:size]))
        assert {clock.along.shape.rows for clock in clocks.values()} == {expected}


def test_holes_that_touch_real_ones_are_found_as_by_looking_at_each():
    rng = np.random.default_rng(0)
    for seed in range(20):
        data = table(seed=seed)
        y = data.y.clone()
        y[torch.as_tensor(rng.uniform(size=y.shape) < 0.1)] = torch.nan
        data = replace(data, y=y)
        for kind in kinds_of(data)[0]:
            if kind.place not in ("gap", "start", "end"):
                continue
            gone = missing(data)[:, [data.tasks.index(task) for task in kind.asked]]
            length, before, after = len(kind.pattern), int(kind.place != "start"), int(kind.place != "end")
            expected = [gone[max(0, start - before) : start + length + after].any() for start in range(48 - length + 1)]
            assert holes.joins_real(data, kind).tolist() == expected


@pytest.mark.slow
def test_a_whole_report(tmp_path, monkeypatch, capsys):
    """The page says how the trials were made; the program that repeats it fills the table with the same values."""
    monkeypatch.chdir(tmp_path)
    data = table()
    pd.DataFrame({"t": data.x[:, 0], "a": data.y[:, 0], "b": data.y[:, 1]}).to_csv("table.csv", index=False)
    monkeypatch.setattr(planning, "in_time", lambda asked, data, timed, trials: (dict(timed), True))
    assert main(["report", "table.csv", "--trials", "3"]) == 0
    text = Path("table-report/report.html").read_text(encoding="utf8")
    assert "the parameters of each model were fitted once for many trials" in text
    assert "have seen these rows" in text  # of the moved ragged end
    assert json.loads(Path("table-report/run.json").read_text())["at once"] is True
    assert main(["report", "table.csv", "--trials", "3"]) == 0
    assert "all 3 fits of parameters are done, and the rest takes about" in capsys.readouterr().out
    filled = Path("table-report/filled.csv")
    before = filled.read_bytes()
    filled.unlink()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = ["-c", Path("table-report/repeat.py").read_text()]
    subprocess.run([sys.executable, *code], env=environment, check=True, capture_output=True, timeout=100)
    assert filled.read_bytes() == before


WORDS = ["report", "table.csv", "--trials", "6", "--jobs", "2"]
ONCE_FOR_ALL = f"""import sys
from mtgp_tutorial.report import planning
from mtgp_tutorial.__main__ import main
planning.in_time = lambda asked, data, timed, trials: (dict(timed), True)
sys.exit(main({WORDS}))
"""


def _as_in_a_terminal():
    """Jobs in the background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.slow
def test_ctrl_c_among_the_fits_of_two_processes_and_the_same_command_goes_on(tmp_path):
    """The command and the processes that it made are told to stop once a fit is kept; no score depends on that."""
    data, pipes = table(), {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    frame = pd.DataFrame({"t": data.x[:, 0], "a": data.y[:, 0], "b": data.y[:, 1]})
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", ONCE_FOR_ALL]
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
        frame.to_csv(tmp_path / name / "table.csv", index=False)
    subprocess.run(words, cwd=tmp_path / "whole", env=environment, check=True, timeout=200, **pipes)
    there = {"cwd": tmp_path / "stopped", "env": environment}
    process = subprocess.Popen(words, **there, **pipes, preexec_fn=_as_in_a_terminal, start_new_session=True)
    kept, until = tmp_path / "stopped/table-report/parameters.json", time.monotonic() + 100
    while not kept.exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command goes on" in said, said
    done = json.loads(kept.read_text())
    arms = json.loads((kept.parent / "run.json").read_text())["arms"]
    asked = len(done["groups"]) * sum(arm in MODELS for arm in arms)  # rules have no parameters
    assert len(done["groups"]) == 2 and 1 <= len(done["parameters"]) < asked
    again = subprocess.run([sys.executable, "-m", "mtgp_tutorial", *WORDS], **there, check=True, timeout=200, **pipes)
    assert f"{len(done['parameters'])} of {asked} fits of parameters are done" in again.stdout
    stores = [(tmp_path / name / "table-report/trials.csv").read_bytes() for name in ("whole", "stopped")]
    assert stores[0] == stores[1]
