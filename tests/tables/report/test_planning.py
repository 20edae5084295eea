"""How long a report takes, what there is time for, and a run that is stopped and goes on."""

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
from laws.extensions import failing

from mtgp_tutorial import TaskData, fit, load, predict
from mtgp_tutorial.fast import solvers
from mtgp_tutorial.fast.markov import Markov
from mtgp_tutorial.fast.packed import PackedObjective
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.tables import comparing
from mtgp_tutorial.tables.report import holes, options, planning, trials, words
from mtgp_tutorial.tables.report.deciding import evaluate
from mtgp_tutorial.tables.report.holes import kinds_of, missing, plan
from mtgp_tutorial.tables.report.options import Refused, parser
from mtgp_tutorial.tables.report.trials import BASELINE, HALF, ICM, methods_for, try_all

ROOT = Path(__file__).resolve().parents[3]


def table(rows=48, seed=0):
    """Two tasks that go together, the second with a gap and a ragged end."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=rows)) / 2
    y = walk[:, None] * [1, 2] + 0.1 * rng.normal(size=(rows, 2))
    y[10:13, 1] = y[-2:, 1] = np.nan
    return TaskData(np.arange(float(rows)), y, ["a", "b"])


EVERY = methods_for(table(), "matern32")
METHODS = {name: EVERY[name] for name in (BASELINE, "ICM")}


def asked_for(*words):
    return parser().parse_args(["report", "t.csv", *words])


def three_series():
    y = np.random.default_rng(0).normal(size=(300, 3))
    y[40:43, 0] = y[90:93, 1] = y[200:204, 2] = np.nan
    return TaskData(np.arange(300.0), y)


def test_the_ladder_of_what_there_is_time_for(monkeypatch, capsys):
    """All; without the LMC; without the slowest, one after the other; fewer trials; a refusal. A number of trials that
    was asked for is not made less."""
    data = three_series()
    planned = plan(data, kinds_of(data)[0], 16, 0)
    clocks = planning.clocks_of(methods_for(data, "matern32"), data)
    clocks = {name: clock._replace(fit=fit) for (name, clock), fit in zip(clocks.items(), (1.0, 2.0, 4.0, 9.0))}
    clocks[HALF] = clocks["ICM, full noise"]._replace(fit=6.0)
    names = [BASELINE, ICM, "ICM, full noise", "LMC", HALF]
    assert list(clocks) == names

    def left(*gone):
        return {name: clocks[name] for name in names if name not in gone}

    short, least = ("LMC",), ("LMC", HALF, "ICM, full noise")
    cases = (  # limits in seconds, trials, what is left out
        (planning.seconds(left(*short), 16, 1), planning.seconds(clocks, 16, 1), 16, ()),
        (planning.seconds(left(*short), 16, 1), 0, 16, short),
        (planning.seconds(left("LMC", HALF), 16, 1), 0, 16, ("LMC", HALF)),
        (planning.seconds(left(*least), 16, 1), 0, 16, least),
        (planning.seconds(left(*least), 16, 1) - 1, 0, 6, ("LMC", HALF)),
        (planning.seconds(left(*least), 6, 1), 0, 6, least),
    )
    for limit, with_lmc, trials_made, gone in cases:
        monkeypatch.setattr(planning, "LIMIT", limit)
        monkeypatch.setattr(planning, "SLOW_LIMIT", with_lmc)
        found, fitted = planning.in_time(asked_for(), data, clocks, planned)
        said = capsys.readouterr().out
        assert (len(found), fitted) == (trials_made, list(left(*gone)))
        assert ("6 trials in place of 16, which would take" in said) == (len(found) == 6)
        assert ("; --trials N asks for more\n" in said) == (len(found) == 6)
        told = words.enumerated([name for name in names if name in gone])
        assert (f"  left out, for they take longest: {told}; --jobs N" in said) == bool(gone)
    with pytest.raises(Refused, match="(?s)t.csv has 890 values .* 12 trials would take .* --every"):
        planning.in_time(asked_for("--trials", "12"), data, clocks, planned[:12])
    monkeypatch.setattr(planning, "LIMIT", 0.5 * planning.seconds(left(*least), 6, 1))
    with pytest.raises(Refused, match="(?s)t.csv has 890 values .* 6 trials would take .* --every"):
        planning.in_time(asked_for(), data, clocks, planned)


def test_the_page_on_deciding_tells_the_limits():
    page = (ROOT / "book" / "decide.md").read_text(encoding="utf8")
    assert planning.FEWER == 6 and f"Where {options.TRIALS} trials would take more than 40 minutes without" in page
    assert "all trials end within eight minutes" in page and "then there are six trials" in page
    assert [planning.in_words(limit) for limit in (planning.LIMIT, planning.SLOW_LIMIT)] == ["40 min", "8 min"]


def test_a_table_beyond_the_memory_is_refused_whatever_the_time(monkeypatch):
    data = three_series()
    clocks = planning.clocks_of(methods_for(data, "matern32"), data)
    needed = max(8 * solvers.cheapest(clock.shape).matrices(clock.shape) for clock in clocks.values())
    monkeypatch.setattr(planning, "total_and_free", lambda device: (needed, needed))
    assert not planning.fit_memory(clocks)
    monkeypatch.setattr(planning, "total_and_free", lambda device: (needed + 1, needed))
    assert planning.fit_memory(clocks)


def test_a_long_table_is_timed_along_its_rows():
    """In its own form, on some of its rows, and time grows with them; a short one as it is."""
    rng = np.random.default_rng(0)
    data = TaskData(np.arange(4000.0), rng.normal(size=(4000, 3)))
    clocks = planning.clocks_of(methods_for(data, "matern32", lmc=False), data)
    assert all(clock.shape.rows == 4000 and solvers.cheapest(clock.shape) is Markov for clock in clocks.values())
    whole, half = (sum(clock.thinned(every).fit for clock in clocks.values()) for every in (1, 2))
    assert whole == pytest.approx(2 * half)


@pytest.mark.parametrize(("size", "rows"), [(4000, 500), (3000, 500), (900, 450)])
def test_a_long_table_of_many_tasks_is_timed_by_the_program_that_runs_it(size, rows, monkeypatch):
    """On 500 rows at least, where it has them: fewer run in plain numpy, which takes several times as long."""
    y = np.random.default_rng(0).normal(size=(size, 8))
    y[1::2] = np.nan  # rows without a value are no rows of the recursion
    seen = []

    def looked(model, priors, solver=None):
        seen.append((len(model.data.x), solver))
        return PackedObjective(model, priors, solver)

    monkeypatch.setattr(solvers, "cheapest", lambda shape: Markov)
    monkeypatch.setattr(planning, "PackedObjective", looked)
    planning.clocks_of(METHODS, TaskData(np.arange(float(size)), y))
    assert seen == [(rows, Markov)] * 2


def test_each_fit_is_kept(tmp_path, monkeypatch):
    """A second call fits nothing."""
    data, fitted = table(), []
    planned = plan(data, kinds_of(data)[0], 3, 0)

    def counted(model, **options):
        fitted.append(model)
        return fit(model, **options)

    monkeypatch.setattr(comparing, "fit", counted)
    first, failed = try_all(data, planned, METHODS, tmp_path, 0)
    again, _ = try_all(data, planned, METHODS, tmp_path, 0)
    assert not failed and len(fitted) == 6
    pd.testing.assert_frame_equal(first, again)


def test_cells_that_judge_do_so_with_noise_per_task_or_say_that_they_do_not():
    data, mask = table(), np.zeros((48, 2), bool)
    mask[20:24, 1] = True
    methods = data, mask, EVERY, HALF, "interpolation", 0
    with failing(lambda model: model.noise == "full"):
        found, none = evaluate(*methods, methods_for(data, "matern32", full=ICM)), evaluate(*methods, {})
    assert found.fills > 0 and [one.instead for one in found.failed] == [True]
    assert np.isnan(none.fills) and [one.instead for one in none.failed] == [False]


def test_where_no_model_has_an_answer_to_all_trials_nothing_is_filled(tmp_path):
    data = table()
    with (
        failing(lambda model: True),
        pytest.raises(FitError, match="hardly a model could be fitted: .*; leave out odd columns, or rows"),
    ):
        try_all(data, plan(data, kinds_of(data)[0], 3, 0), METHODS, tmp_path, 0)


def test_what_is_left_is_said_by_the_trials_that_have_run(monkeypatch):
    monkeypatch.setattr(trials.time, "monotonic", lambda: 100.0)
    labels = ["1: a", "2: b", "3: c", "4: d", "5: e"]
    assert trials._left("1: a", labels, set(), 0.0) == ""
    assert trials._left("3: c", labels, set(), 0.0) == "; about 2 min left"  # 100 s for two, three are left
    assert trials._left("3: c", labels, {"1: a"}, 80.0) == "; about 60 s left"  # 20 s for one
    assert trials._left("2: b", labels, {"1: a"}, 80.0) == "" == trials._left("5: e", labels, {"5: e"}, 80.0)


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


WORDS = ["report", "table.csv", "--trials", "6", "--jobs", "2"]


def _as_in_a_terminal():
    """Jobs in the background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.slow
def test_ctrl_c_among_the_fits_of_two_processes_and_the_same_command_goes_on(tmp_path):
    """The command and the processes that it made are told to stop once a fit is kept; no score depends on that.

    The fit that it leaves answers further rows.
    """
    data, pipes = table(), {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    frame = pd.DataFrame({"t": data.x[:, 0], "a": data.y[:, 0], "b": data.y[:, 1]})
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "mtgp_tutorial", *WORDS]
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
        frame.to_csv(tmp_path / name / "table.csv", index=False)
    subprocess.run(words, cwd=tmp_path / "whole", env=environment, check=True, timeout=200, **pipes)
    there = {"cwd": tmp_path / "stopped", "env": environment}
    process = subprocess.Popen(words, **there, **pipes, preexec_fn=_as_in_a_terminal, start_new_session=True)
    kept, until = tmp_path / "stopped/table-report/trials.csv", time.monotonic() + 100
    while not kept.exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command goes on" in said, said
    done = len(pd.read_csv(kept).groupby(["trial", "method"]))
    assert 1 <= done < 6 * len(json.loads((kept.parent / "run.json").read_text())["methods"])
    again = subprocess.run(words, **there, check=True, timeout=200, **pipes)
    assert " fits of the trials are done, and the rest takes about" in again.stdout or done < 4
    order = ["trial", "method", "task"]
    stores = [pd.read_csv(tmp_path / name / "table-report/trials.csv") for name in ("whole", "stopped")]
    stores = [store.sort_values(order).reset_index(drop=True) for store in stores]
    pd.testing.assert_frame_equal(*stores)
    fits = [load(tmp_path / name / "table-report/fit.npz") for name in ("whole", "stopped")]
    assert torch.equal(*(predict(one, [50.0]).mean for one in fits))
