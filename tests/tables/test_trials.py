"""`compare`: nothing is lost when it is interrupted, and nothing is done twice."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import RBFKernel

from mtgp_tutorial import FitError, TaskData, icm, independent, simulate
from mtgp_tutorial.scores import SCORES
from mtgp_tutorial.tables import (
    NotApplicable,
    compare,
    comparing,
    cutoffs,
    plain_methods,
    seasonal_naive,
    standard_methods,
)
from mtgp_tutorial.tables.store import Store


def gap(seed):
    return simulate.two_sines(n=8, seed=seed).hide("sine", 0.6, 1)


def test_an_interrupted_run_is_resumed_and_nothing_is_lost_or_done_twice(tmp_path):
    store, calls = tmp_path / "results.csv", []

    def interrupted(data):
        calls.append("ICM")
        if len(calls) == 3:
            raise KeyboardInterrupt
        return icm(data)

    whole = compare(gap, range(3), {"alone": independent, "ICM": icm})
    with pytest.raises(KeyboardInterrupt):
        compare(gap, range(3), {"alone": independent, "ICM": interrupted}, store=store)
    kept = pd.read_csv(store)
    assert list(zip(kept["trial"], kept["method"])) == [
        (0, "alone"),
        (0, "ICM"),
        (1, "alone"),
        (1, "ICM"),
        (2, "alone"),
    ]
    before = store.read_text()
    assert compare(gap, range(3), {"alone": independent, "ICM": icm}, store=store).equals(whole)
    assert store.read_text().startswith(before), "what was stored stands as it was"


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    store = tmp_path / "results.csv"
    compare(gap, [0], {"ICM": icm}, store=store)
    before = store.read_text()

    def full_disk(place):
        raise OSError(errno.ENOSPC, "No space left on device")

    said = (
        "^store: .*results.csv could not be written .No space left on device. and holds what it held before; make room"
    )
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match=said):
            compare(gap, [0, 1], {"ICM": icm}, store=store)
        assert store.read_text() == before
        store.write_text(before + before.splitlines()[1][:20])  # and where the file is to be written anew
        with pytest.raises(OSError, match=said):
            compare(gap, [0, 1], {"ICM": icm}, store=store)
    assert store.read_text().startswith(before) and len(list(tmp_path.iterdir())) == 2  # with the lock
    compare(gap, [0, 1], {"ICM": icm}, store=store)
    assert store.read_text().startswith(before) and len(pd.read_csv(store)) == 2


@pytest.mark.parametrize("where", ["/proc/results.csv", "a" * 300, "a" * 250, "."])
def test_a_place_where_nothing_can_be_written_is_named(where, tmp_path):
    with pytest.raises(ValueError, match="^store: .* could not be (written|read) [(].*[)]"):
        compare(gap, [0], {"ICM": icm}, store=tmp_path / where, starts=1)
    assert [one for one in tmp_path.iterdir() if not one.name.endswith(".lock")] == []


def test_a_fit_that_fails_stops_no_other_and_is_tried_again(tmp_path):
    store = tmp_path / "results.csv"
    methods = {"ICM": icm, "alone": independent}
    with pytest.raises(FitError, match="4 of 4 fits failed; the first: trial 0, 'ICM': .*has not converged"):
        compare(gap, [0, 1], methods, store=store, max_iterations=1)
    assert not store.exists()
    assert len(compare(gap, [0, 1], methods, store=store)) == 4


def test_the_standard_methods_are_models_that_fit():
    result = compare(gap, [0], starts=1)
    assert list(result["method"]) == list(standard_methods())
    assert result["NLPD"].notna().all() and set(result["task"]) == {"sine"}


def test_labels_that_read_as_missing_or_as_numbers_stay_what_they_are(tmp_path):
    store, calls = tmp_path / "results.csv", []

    def counted(data):
        calls.append(1)
        return icm(data)

    def trial(label):
        data = gap(len(str(label)))[0]
        return TaskData(data.x, data.y, ['c\n"d",', "NA"]).hide("NA", 0, 0.4)

    trials = ["NA", None, "null", "", "01", "1", 2.5, ("a", 1), "a,b", "ü, \u2028\r"]
    methods = {"I\nCM": counted, "007": counted}
    whole = compare(trial, trials, methods, store=store, starts=1)
    again = compare(trial, trials, methods, store=store, max_iterations=0)  # would fail if a fit were done
    assert again.equals(whole) and list(whole["task"].unique()) == ["NA"]
    assert list(whole["trial"][::2]) == trials and len(whole) == 2 * len(trials) == len(calls) / 2
    before = store.read_text()
    compare(trial, ["another"], methods, store=store, starts=1)
    assert store.read_text().startswith(before)


def test_minus_one_is_a_process_for_each_core():
    assert len(compare(gap, [0], {"alone": independent}, jobs=-1, starts=1)) == 1


def test_several_processes_do_the_same(tmp_path):
    alone = compare(gap, range(3), {"alone": independent, "ICM": icm})
    methods = {"alone": independent, "ICM": icm}
    together = compare(gap, range(3), methods, jobs=np.int64(2), store=tmp_path / "results.csv")
    pd.testing.assert_frame_equal(alone, together, rtol=1e-6)
    kept = pd.read_csv(tmp_path / "results.csv")
    assert len(kept) == 6 and list(tmp_path.iterdir()) != []
    with pytest.raises(FitError, match="2 of 2 fits failed"):
        compare(gap, [0], {"alone": independent, "ICM": icm}, jobs=2, max_iterations=1)


class Deadly(RBFKernel):
    """Kills each process but the one that made it, as soon as the file is there: another fit is stored."""

    def __init__(self, path):
        super().__init__()
        self.path, self.home = str(path), os.getpid()

    def forward(self, x1, x2, **params):
        if os.getpid() != self.home:
            while not os.path.exists(self.path):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(x1, x2, **params)


@pytest.mark.slow
def test_a_killed_process_costs_what_was_under_way(tmp_path):
    """The other fits are stored, and the same call goes on."""
    methods = {"alone": independent, "deadly": lambda data: icm(data, kernel=Deadly(tmp_path / "fits.csv"))}
    with pytest.raises(RuntimeError, match="compare: a process was killed .is the memory full"):
        compare(gap, [5], methods, jobs=2, store=tmp_path / "fits.csv", starts=1)
    assert list(pd.read_csv(tmp_path / "fits.csv")["method"]) == ["alone"]
    methods["deadly"] = icm
    assert len(compare(gap, [5], methods, jobs=2, store=tmp_path / "fits.csv", starts=1)) == 2


@pytest.fixture(scope="module")
def client():
    """Two workers of one thread on this machine, each of which is started again when it dies."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, protocol="tcp") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.slow
def test_a_killed_worker_of_a_cluster_loses_nothing_and_nothing_is_done_twice(client, tmp_path):
    store, methods, before = tmp_path / "results.csv", {"alone": independent, "ICM": icm}, client.run(os.getpid)
    killed = []

    def kill():
        while not store.exists():  # the first fit is stored: all are under way
            time.sleep(0.01)
        killed.append(len(pd.read_csv(store)))
        os.kill(next(iter(before.values())), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    table = compare(gap, range(8), methods, client=client, store=store)
    thread.join()
    assert killed[0] < 12, "it was killed when there was work left"
    client.wait_for_workers(2)
    assert len(set(before.values()) & set(client.run(os.getpid).values())) == 1
    pd.testing.assert_frame_equal(table, compare(gap, range(8), methods), rtol=1e-6)
    assert len(pd.read_csv(store)) == len(pd.read_csv(store).drop_duplicates(["trial", "method"])) == 16
    assert compare(gap, range(8), methods, client=client, store=store, max_iterations=0).equals(table)
    with pytest.raises(FitError, match="2 of 2 fits failed"):
        compare(gap, [0], methods, client=client, max_iterations=1)


def test_a_second_process_on_one_store_is_refused(tmp_path):
    store = tmp_path / "results.csv"
    code = (
        "import sys, time; from mtgp_tutorial.tables.store import opened\n"
        f"with opened({str(store)!r}): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="another process writes"):
            compare(gap, [0], {"ICM": icm}, store=store)
        other.kill()  # and with it goes the lock
        other.wait()
    assert len(compare(gap, [0], {"ICM": icm}, store=store)) == 1


def test_the_store_is_the_file_that_was_named(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "target.csv")
    compare(gap, [0], {"ICM": icm}, store=tmp_path / "link.csv")
    (tmp_path / "there" / "target.csv").chmod(0o600)
    compare(gap, [1], {"ICM": icm}, store=tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink() and len(pd.read_csv(tmp_path / "there" / "target.csv")) == 2
    assert (tmp_path / "there" / "target.csv").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("HOME", str(tmp_path))
    compare(gap, [0], {"ICM": icm}, store="~/home.csv")
    assert (tmp_path / "home.csv").exists()
    with pytest.raises(ValueError, match="folder that does not exist"):
        compare(gap, [0], {"ICM": icm}, store=tmp_path / "nowhere" / "results.csv")


SECONDS = 1.7e9 + 86400.0 * np.arange(120)  # inputs far larger than the values


@pytest.mark.parametrize("x", [SECONDS, np.arange(1900.0, 2020)])
@pytest.mark.parametrize("change", ["hidden", "seen", "x", "sd", "swap", "name"])
def test_a_changed_cell_is_other_data(x, change, tmp_path):
    """Whatever else is large in the table: one cell that moves by a thousandth of its spread is noticed."""
    y, sd, names = np.random.default_rng(0).normal(size=(120, 2)), np.full((120, 2), 0.1), ["a", "b"]
    y[:, 1] += 1e6

    def trial(_):
        return TaskData(x, y, names, sd=sd).hide("a", x[50], x[60])

    store = tmp_path / "results.csv"
    methods = {"naive": seasonal_naive(7 * (x[1] - x[0]))}
    whole = compare(trial, [0], methods, store=store)
    assert compare(trial, [0], methods, store=store).equals(whole)
    x, y, sd = x.copy(), y.copy(), sd.copy()
    if change == "hidden":
        y[55, 0] += 0.001
    elif change == "seen":
        y[70, 1] += 0.001
    elif change == "x":
        x[100] += 0.001 * (x[1] - x[0])
    elif change == "sd":
        sd[55, 0] += 0.001
    elif change == "swap":
        y[[54, 55]] = y[[55, 54]]
    else:
        names = ["a", "c"]
    with pytest.raises(ValueError, match="of other data or by another model"):
        compare(trial, [0], methods, store=store)


HEAD = ",".join(["trial,method,task", *SCORES, "log likelihood,on floor,numbers,start,data"])


@pytest.mark.parametrize("check", [True, False])
def test_a_store_of_an_earlier_version_is_read_and_written_as_now(tmp_path, check):
    """From 0.23 to 0.37, with two columns more; from 0.26 to 0.35 with a check of each line."""
    store = tmp_path / "results.csv"
    whole = compare(gap, [0], {"ICM": icm}, store=store)
    written = store.read_text()
    assert written.replace('"', "").startswith(f"{HEAD}\n")
    old = pd.read_csv(store, dtype=str)
    old.insert(12, "interpolated", "0")
    old.insert(13, "joint NLPD", "")
    old.assign(**{"check": "0123abcd"} if check else {}).to_csv(store, index=False)
    assert store.read_text() != written
    assert compare(gap, [0], {"ICM": icm}, store=store, max_iterations=0).equals(whole)
    assert store.read_text() == written


def test_a_store_from_before_a_score_is_read_without_it(tmp_path):
    store = tmp_path / "results.csv"
    whole = compare(gap, [0], {"ICM": icm}, store=store)
    pd.read_csv(store, dtype=str).drop(columns="MAE").to_csv(store, index=False)
    again = compare(gap, [0], {"ICM": icm}, store=store, max_iterations=0)
    assert again.equals(whole.assign(MAE=np.nan))


@pytest.mark.parametrize("damage", ["empty", "binary", "text for a number", "a column less", "version 0.22", "0.10"])
def test_what_is_no_store_of_this_version_is_refused(tmp_path, damage):
    store = tmp_path / "results.csv"
    compare(gap, [0], {"ICM": icm}, store=store)
    head, row = store.read_text().splitlines()
    content = {
        "empty": b"",
        "binary": bytes(range(256)),
        "text for a number": "\n".join([head, row.replace(row.split(",")[3], "much"), ""]).encode(),
        "a column less": "\n".join([head[8:], row, ""]).encode(),
        "version 0.22": "\n".join([head.replace("method", "arm"), row, ""]).encode(),
        "0.10": f"{HEAD.replace('data', 'hidden')}\n".encode(),
    }[damage]
    store.write_bytes(content)
    with pytest.raises(ValueError, match="results.csv is not a file that compare wrote since version 0.23"):
        compare(gap, [0], {"ICM": icm}, store=store)
    assert store.read_bytes() == content


def two_gaps(seed):
    data = simulate.two_sines(n=8, seed=seed)
    return data.split(torch.tensor([[row > 5, row < 2] for row in range(8)]))


@pytest.mark.parametrize("how", ["alone", "processes", pytest.param("cluster", marks=pytest.mark.slow)])
def test_tables_are_made_as_they_are_handed_out(how, monkeypatch, request):
    monkeypatch.setattr(comparing, "AHEAD", 20)
    monkeypatch.setattr("joblib.effective_n_jobs", lambda jobs: 0)
    made, ahead, add = [], [], Store.add

    def trial(seed):
        made.append(seed)
        return two_gaps(seed)

    def counted(store, *new):
        ahead.append(len(made) - len(store.done))
        add(store, *new)

    monkeypatch.setattr(Store, "add", counted)
    where = {"client": request.getfixturevalue("client")} if how == "cluster" else {"jobs": 1 + (how == "processes")}
    found = compare(trial, range(50), {"mean": plain_methods()["mean"]}, **where)
    assert len(found) == 100 and max(ahead) == {"alone": 1, "processes": 20, "cluster": 21}[how]


@pytest.mark.parametrize("more", [{"client": "tcp://here:8786"}, {"client": 1, "jobs": 2}])
def test_what_is_no_client(more):
    with pytest.raises(ValueError, match="client: is an? .*; pass a dask.distributed Client, and no jobs"):
        compare(gap, [1], {"ICM": icm}, **more)


@pytest.mark.parametrize(
    "trials, methods, jobs, message",
    [
        ([], {"ICM": icm}, 1, "empty"),
        ([1], {}, 1, "empty"),
        ([1, "1"], {"ICM": icm}, 1, "stands there twice"),
        ([1], {1: icm}, 1, "methods, the name 1: is an int; pass a text"),
        ([1], {"ICM": icm}, 0, "jobs: 0"),
        ([1], {"ICM": icm}, -2, "jobs: -2"),
        ([1], {"ICM": icm}, 1.5, "jobs: 1.5"),
        ([1], {"ICM": icm}, True, "jobs: True"),
    ],
)
def test_bad_lists_names_and_jobs(trials, methods, jobs, message):
    with pytest.raises(ValueError, match=message):
        compare(gap, trials, methods, jobs=jobs)


def test_a_forecaster_is_stored_by_what_it_says(tmp_path):
    """Another season, or other values that were seen, are another model; processes take it too."""
    rng, store = np.random.default_rng(0), tmp_path / "results.csv"
    data = TaskData(np.arange(24.0), rng.normal(size=(24, 2)))
    trials = cutoffs(data, 4, 2)
    whole = compare(trials, trials.labels, {"naive": seasonal_naive(4)}, store=store, jobs=2)
    assert compare(trials, trials.labels, {"naive": seasonal_naive(4)}, store=store).equals(whole)
    assert whole["log likelihood"].isna().all() and (whole["on floor"] == 0).all()
    with pytest.raises(ValueError, match="of other data or by another model"):
        compare(trials, trials.labels, {"naive": seasonal_naive(6)}, store=store)


class Counting:
    """The mean, which notes each forecast in a file, and what it was handed."""

    def __init__(self, seen, file, mark=None):
        self.seen, self.file = seen, file
        if mark is not None:
            self.fingerprint = mark

    def forecast(self, hidden):
        assert set(hidden.y[hidden.observed].tolist()) == {0.0}
        with self.file.open("a") as lines:
            lines.write(f"{os.getpid()}\n")
        return seasonal_naive(1.0)(self.seen).forecast(hidden)


@pytest.mark.parametrize("mark", [None, 3.0])
def test_a_forecast_is_made_once_and_in_its_process(mark, tmp_path):
    """A stored one is made again where nothing but what it says tells it from another; with a mark it is not."""
    store, file = tmp_path / "results.csv", tmp_path / "forecasts"
    data = TaskData(np.arange(24.0), np.random.default_rng(0).normal(size=(24, 2)))
    trials = cutoffs(data, 4, 2)

    def methods(mark):
        return {"counted": lambda seen: Counting(seen, file, mark)}

    first = compare(trials, trials.labels, methods(mark), store=store, jobs=2)
    made = file.read_text().split()
    assert len(made) == 2 and str(os.getpid()) not in made
    assert compare(trials, trials.labels, methods(mark), store=store).equals(first)
    assert len(file.read_text().split()) == 2 + 2 * (mark is None)
    if mark is not None:
        with pytest.raises(ValueError, match="of other data or by another model"):
            compare(trials, trials.labels, methods(4.0), store=store)


def test_a_method_without_an_answer_is_left_out_of_that_trial_alone(tmp_path):
    """When it is built and when it forecasts; the others are done and stored, and the table says why."""
    data = TaskData(np.arange(24.0), np.random.default_rng(0).normal(size=(24, 2)))
    trials = cutoffs(data, 4, 2)

    def late(seen):
        if len(seen.x) < 20:
            raise NotApplicable("seen: has fewer than 20 rows")
        return seasonal_naive(1.0)(seen)

    class Never:
        def forecast(self, hidden):
            raise NotApplicable("hidden: never")

    methods = {"late": late, "never": lambda seen: Never(), "naive": seasonal_naive(1.0)}
    first, last = trials.labels
    with pytest.warns(
        UserWarning, match="3 of 6 answers are left out; 'late' on trial 'after 15': seen: has few"
    ) as warned:
        found = compare(trials, trials.labels, methods, store=tmp_path / "store.csv")
    assert str(warned[0].message).endswith("seen: has fewer than 20 rows (all: the result's attrs['left out'])")
    assert found.groupby("method").size().to_dict() == {"late": 2, "naive": 4}
    why = dict.fromkeys([(first, "never"), (last, "never")], "hidden: never")
    assert found.attrs["left out"] == {(first, "late"): "seen: has fewer than 20 rows", **why}
    assert len(pd.read_csv(tmp_path / "store.csv")) == 6
    with pytest.raises(NotApplicable, match="2 of 2 answers are left out; 'never' on trial 'after 15': hidden: never"):
        compare(trials, trials.labels, {"never": methods["never"]})
