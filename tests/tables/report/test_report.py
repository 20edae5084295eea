"""The report: from a table to a page, refused, stopped, resumed; what its trials hide, and what it says of them."""

import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mtgp_tutorial import TaskData, __version__, datasets
from mtgp_tutorial.__main__ import main
from mtgp_tutorial.tables import compare
from mtgp_tutorial.tables.report import report as report_of
from mtgp_tutorial.tables.report.holes import FEWEST, PLACES, kinds_of, missing, own_rows, plan
from mtgp_tutorial.tables.report.trials import IN_WORDS, Decision, claim_of, decide, digits, methods_for, season_of

ROOT = Path(__file__).resolve().parents[3]


def two_series(rows=40, seed=0, hole=slice(10, 12)):
    """Two series that are nearly one, the second with a hole."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=rows)) / 2
    frame = pd.DataFrame({"week": range(rows), "a": walk, "b": 2 * walk})
    frame[["a", "b"]] += 0.1 * rng.normal(size=(rows, 2))
    frame.loc[hole, "b"] = np.nan
    return frame.round(3)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with table.csv, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    two_series().to_csv("table.csv", index=False)
    return tmp_path


def command(*words):
    return main(["report", "table.csv", *words])


NAMES = {"a": "<script>alert(1)</script>", "b": "price in $\\frac{$"}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished report, run once, of a table whose names want to be more than text; and what it said."""
    folder, before = tmp_path_factory.mktemp("done"), os.getcwd()
    two_series(60).rename(columns=NAMES).to_csv(folder / "table.csv", index=False)
    os.chdir(folder)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "mtgp_tutorial", "report", "table.csv", "--trials", "10"],
            **{"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "capture_output": True, "encoding": "utf8"},
        )
    finally:
        os.chdir(before)
    assert ran.returncode == 0, ran.stderr
    return folder / "table-report", ran.stdout


# the page and the files


class Page(HTMLParser):
    """Tags and addresses of a page, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def test_one_page_has_three_figures_no_script_and_no_address(done):
    text = (done[0] / "report.html").read_text(encoding="utf8")
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "base", "form", "a"} & {*page.tags}
    assert len(page.addresses) == 3 and all(one.startswith("data:image/png;base64,") for one in page.addresses)
    assert len(text) < 1_000_000 and all(name in page.text for name in NAMES.values())
    assert {path.name for path in done[0].iterdir()} <= {"report.html", "filled.csv", "trials.csv", "trials.csv.lock"}


def test_the_headline_is_the_error_of_the_stored_trials(done):
    """Of the only asked column, in its unit: the mean over the hidden cells, and the worst trial."""
    fills, off, worst = re.search(r"“(.+?)”.*?off by ([\d.]+) .*?and by ([\d.]+)", done[1], re.DOTALL).groups()
    stored = pd.read_csv(done[0] / "trials.csv").query("method == @fills and task == @NAMES['b']")
    assert len(stored) == 10 and fills in IN_WORDS
    assert [off, worst] == [digits(stored["MAE"].mean()), digits(stored["MAE"].max())]  # each trial hides three cells


def test_filled_csv_keeps_what_was_seen_and_fills_the_rest(done):
    filled, given = pd.read_csv(done[0] / "filled.csv"), two_series(60).rename(columns=NAMES)
    name, hole = NAMES["b"], given[NAMES["b"]].isna()
    pd.testing.assert_frame_equal(filled[given.columns][~hole], given[~hole])
    assert (filled[f"{name} filled"] == hole).all() and filled[f"{name} low"].notna().equals(hole)
    within = filled[[f"{name} low", name, f"{name} high"]][hole]
    assert (within.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
    assert (within[name] - 2 * given[NAMES["a"]][hole]).abs().max() < 1


def test_a_frame_is_filled_as_its_file_is(place):
    threads = torch.get_num_threads()
    found = report_of(two_series(), "mine", trials=8)
    assert command("--trials", "8") == 0 and torch.get_num_threads() == threads
    for name in ("filled.csv", "trials.csv"):
        assert (place / "mine" / name).read_bytes() == (place / "table-report" / name).read_bytes()
    assert found.filled["b"].notna().all() and found.folder == Path("mine")
    assert "srcdoc=" in found._repr_html_() and "<script" not in found._repr_html_()
    with pytest.raises(ValueError, match="frame: is a str"):
        report_of("table.csv")


# refused, stopped, resumed


REFUSALS = {  # a file, options, and the argument that the refusal names
    "no file": (None, [], "no.csv"),
    "an input": ("t,a,b\n" + "".join(f"{k},{k % 4},{k * k % 7}\n" for k in range(9)), ["--x", "no"], "x:"),
    "a word": ("t,a,b\n" + "".join(f"{k},{k % 4},{k or 'about 2'}\n" for k in range(9)), ["--tasks", "a,b"], "missing"),
    "too short": ("t,a,b\n1,2,3\n2,5,\n3,4,4\n", [], "the table has 3 rows"),
    "one trial": ("t,a,b\n" + "".join(f"{k},{k % 4},{k * k % 7}\n" for k in range(9)), ["--trials", "1"], "trials: "),
    "a constant": ("t,a,b\n" + "".join(f"{k},1,{k * k % 7}\n" for k in range(9)), ["--tasks", "a,b"], "'a'"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_table_is_refused_in_one_sentence_with_nothing_written(case, tmp_path, monkeypatch, capsys):
    text, options, named = REFUSALS[case]
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("no.csv").write_text(text)
    assert main(["report", "no.csv", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("report: ") and named in said and said.count("\n") == 1
    assert not Path("no-report").exists()


@pytest.mark.parametrize("out", ["a" * 300, "table.csv/deeper", "/proc/out"])
def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(out, place, capsys):
    assert command("--out", out) == 2
    said = capsys.readouterr().err
    assert said.startswith("report: out: ") and said.endswith("add --out NAME\n") and said.count("\n") == 1


@pytest.mark.parametrize("name", ["other files", "a link", "a link in it", "a file"])
def test_a_folder_that_is_not_the_reports_own_is_left_alone(name, place, capsys):
    elsewhere, out = place / "elsewhere", place / "table-report"
    elsewhere.mkdir()
    if name == "a link":
        out.symlink_to(elsewhere)
    elif name == "a link in it":
        out.mkdir()
        (out / "trials.csv.lock").symlink_to(elsewhere / "mine")
    elif name == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "notes.txt").write_text("mine")
    assert command("--trials", "2") == 2
    assert "table-report" in capsys.readouterr().err and not [*elsewhere.iterdir()]
    assert name != "other files" or [one.name for one in out.iterdir()] == ["notes.txt"]


def test_a_second_call_fits_no_trial_again_and_another_table_is_refused(place, capsys):
    assert command("--trials", "8") == 0
    store, filled = place / "table-report/trials.csv", (place / "table-report/filled.csv").read_bytes()
    before, said = store.stat().st_mtime_ns, capsys.readouterr().out
    assert command("--trials", "8") == 0
    assert store.stat().st_mtime_ns == before and capsys.readouterr().out == said
    two_series(seed=1).to_csv("table.csv", index=False)
    assert command("--trials", "8") == 1
    assert "add --out NAME" in capsys.readouterr().err
    assert (place / "table-report/filled.csv").read_bytes() == filled


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path):
    """No score depends on the stop."""
    words = [sys.executable, "-m", "mtgp_tutorial", "report", "table.csv", "--trials", "8"]
    there = {"env": {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}, "text": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
        two_series().to_csv(tmp_path / name / "table.csv", index=False)
    subprocess.run(words, cwd=tmp_path / "whole", check=True, timeout=200, **there, **pipes)

    def as_in_a_terminal():  # jobs in the background ignore SIGINT
        signal.signal(signal.SIGINT, signal.default_int_handler)

    folder = tmp_path / "stopped"
    process = subprocess.Popen(words, cwd=folder, preexec_fn=as_in_a_terminal, **there, **pipes)
    store, until = folder / "table-report/trials.csv", time.monotonic() + 100
    while not store.exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command goes on" in said and "Traceback" not in said
    kept = store.read_text()
    assert not (folder / "table-report/filled.csv").exists()
    subprocess.run(words, cwd=folder, check=True, timeout=200, **there, **pipes)
    assert store.read_text().startswith(kept[: kept.rfind("\n") + 1])
    for name in ("trials.csv", "filled.csv"):
        assert (folder / "table-report" / name).read_text() == (tmp_path / "whole/table-report" / name).read_text()


def test_version_and_codes_below_zero(place, capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert not left.value.code and __version__ in capsys.readouterr().out
    two_series().fillna(-999.0).to_csv("table.csv", index=False)
    assert command("--missing", "-999", "--trials", "8") == 0
    assert pd.read_csv("table-report/filled.csv")["b filled"].sum() == 3


# what the trials hide


def lakes():
    """Four tasks with two gaps, a late start, a ragged end of two tasks and single cells."""
    y = np.random.default_rng(3).normal(size=(120, 4))
    y[50:58, 3] = y[55:58, 1] = y[:10, 2] = y[117:, 0] = y[118:, 2] = y[[20, 40, 90], 1] = np.nan
    return TaskData(np.arange(120.0), y, list("abcd"))


def test_the_kinds_of_holes_are_the_tables_own():
    kinds, own = kinds_of(lakes())
    found = [(kind.place, kind.asked, kind.rows) for kind in kinds]
    gaps = [("gap", ("b",), 3), ("gap", ("d",), 8)]
    assert own and found == [*gaps, ("start", ("c",), 10), ("end", ("a",), 3), ("scattered", ("b",), 1)]
    gone = np.isnan(lakes().y.numpy())
    assert (kinds[1].pattern == gone[50:58]).all() and (kinds[3].pattern == gone[117:]).all()


def test_a_trial_hides_the_hole_of_its_kind_elsewhere():
    """With all that is missing beside it; away from real holes; a moved end drops the rows behind it."""
    data = lakes()
    kinds, gone = kinds_of(data)[0], missing(lakes())
    trials = plan(data, kinds, 60, 0)
    assert len({trial.mask.tobytes() for trial in trials}) == len(trials) > 30
    assert {*PLACES.values()} - {"disc"} == {trial.label.split(": ")[1].split(" of ")[0] for trial in trials}
    for trial in trials:
        kind = next(one for one in kinds if one.asked == trial.asked and PLACES[one.place] in trial.label)
        seen, hidden = trial.tables(data)
        assert bool((seen.observed.sum(0) >= FEWEST).all()) and not bool((seen.observed & hidden.observed).any())
        if kind.place == "scattered":
            continue
        t = data.tasks.index(kind.asked[0])
        rows = np.flatnonzero(trial.mask[:, t])
        assert len(rows) == len(kind.pattern) == trial.length and (np.diff(rows) == 1).all()
        assert (trial.mask[rows] == kind.pattern & ~gone[rows]).all()
        around = [row for row in (rows[0] - 1, rows[-1] + 1) if trial.rows.start <= row < trial.rows.stop]
        assert not gone[np.ix_(around, [t])].any()
        assert trial.rows == slice(
            rows[0] if kind.place == "start" else 0, rows[-1] + 1 if kind.place == "end" else 120
        )


def test_each_column_is_asked_once_before_any_comes_again_and_more_trials_begin_with_the_same():
    y = np.random.default_rng(0).normal(size=(120, 15))
    for t in range(15):
        y[6 * t + 3 : 6 * t + 7, t] = np.nan
    for start in (20, 40, 100):
        y[start : start + 4, 0] = np.nan
    data = TaskData(np.arange(120.0), y)
    kinds, _ = kinds_of(data)
    for seed in range(3):
        trials = plan(data, kinds, 16, seed)
        assert {task for trial in trials[:15] for task in trial.asked} == {*data.tasks}
        assert [trial.label for trial in plan(data, kinds, 8, seed)] == [trial.label for trial in trials[:8]]


@pytest.mark.parametrize("late", [20, 55, 90])
@pytest.mark.parametrize("place", ["start", "end"])
def test_a_short_record_beside_a_long_one_has_a_hole(late, place):
    y = np.random.default_rng(0).normal(size=(100, 2))
    y[:late, 1] = np.nan
    data = TaskData(np.arange(100.0), y if place == "start" else y[::-1].copy(), ["long", "short"])
    kinds, own = kinds_of(data)
    assert own and [(kind.place, kind.asked, kind.rows) for kind in kinds] == [(place, ("short",), late)]
    for trial in plan(data, kinds, 8, 0):
        assert 0 < trial.mask[:, 1].sum() <= (100 - late) / 2 and not trial.mask[:, 0].any()


def test_a_complete_table_and_one_whose_tasks_have_rows_of_their_own_have_no_holes():
    y = np.random.default_rng(0).normal(size=(48, 3))
    whole, apart = (
        TaskData(np.arange(48.0), one) for one in (y, np.where(np.arange(48)[:, None] % 3 == range(3), y, np.nan))
    )
    assert own_rows(apart) and not own_rows(whole) and "regression" not in methods_for(apart)[0]
    for data, cells in ((whole, {8}), (apart, {2, 3})):
        kinds, own = kinds_of(data)
        trials = plan(data, kinds, 12, 0)
        assert not own and len({trial.asked for trial in trials[:3]}) == 3
        assert {int(trial.mask.sum()) for trial in trials} == cells and all(t.mask.any(0).sum() == 1 for t in trials)


def test_on_a_map_holes_are_discs_or_single_places():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(120, 2)), rng.normal(size=(120, 2))
    together, apart = y.copy(), y.copy()
    together[np.linalg.norm(x - 0.5, axis=1) < 0.2, 0] = np.nan
    apart[rng.choice(120, 15, replace=False), 0] = np.nan
    assert [kinds_of(TaskData(x, one))[0][0].place for one in (together, apart, y)] == ["disc", "scattered", "disc"]
    data = TaskData(x, together)
    for trial in plan(data, kinds_of(data)[0], 8, 0):
        rows = np.flatnonzero(trial.mask.any(1))
        spread = np.linalg.norm(x[rows] - x[rows].mean(0), axis=1).mean()
        assert spread < 0.7 * np.linalg.norm(x - x.mean(0), axis=1).mean()


def test_a_second_reading_makes_no_hole_and_gives_none_away():
    y = np.random.default_rng(0).normal(size=(25, 2))
    y[4, 1] = y[10, 0] = np.nan
    data = TaskData([0.0, 1, 2, 3, 3, *range(4, 24)], y)
    assert np.argwhere(missing(data)).tolist() == [[10, 0]]
    for trial in plan(data, kinds_of(data)[0], 16, 0):
        assert trial.mask[3, 0] == trial.mask[4, 0]


# the choice and the claim


def choice(data, *names, trials=10):
    """The decision on a table, without files, by the first method and by these."""
    planned = {trial.label: trial for trial in plan(data, kinds_of(data)[0], trials, 0)}
    first, *rest = methods_for(data)[0].items()
    methods = dict([first, *(one for one in rest if one[0] in names)])
    results = compare(lambda one: planned[one].tables(data), planned, methods, progress=False)
    return decide(results, list(planned.values()), data)


def test_the_better_method_fills():
    """Off Peru, 41 of 61 Junes gone: what is chosen is nearer to them than their mean, and than the column alone."""
    sea = datasets.el_nino()
    names = ["March", "June", "September", "December"]
    sea = TaskData(sea.x, sea.y[:, [sea.tasks.index(name) for name in names]], names, x_name="year")
    data, hidden = sea.hide_random("June", 2 / 3, seed=2)
    decision = choice(data, "mean", "interpolation", "independent, shared")
    assert decision.fills not in ("mean", "interpolation", "independent, shared")
    assert decision.means["away"][decision.fills] < 0.8 * decision.means["away"]["independent, shared"]
    answer = methods_for(data)[0][decision.fills](data).forecast(hidden)
    gone = hidden.observed
    mean = (sea.y[gone] - data.y[data.observed[:, 1], 1].mean()).square().mean()
    assert (answer.mean[gone] - sea.y[gone]).square().mean() < 0.64 * mean


@pytest.mark.parametrize("hole, few, long", [(6, False, []), (18, True, []), (40, True, [("b", 40, 20)])])
def test_a_hole_that_does_not_fit_often_enough_is_said_and_nothing_is_chosen(hole, few, long):
    frame = two_series(120, hole=slice(30, 29 + hole))
    data = TaskData.from_frame(frame, "week")
    decision = choice(data, "mean", "interpolation")
    claim = claim_of(decision, data, kinds_of(data)[0])
    assert (claim["few"], claim["long"]) == (few, long) and (decision.parts < 8) == few
    assert not few or decision.fills == next(iter(methods_for(data)[0]))
    assert claim["inside"].endswith(f"at {decision.parts} places") and claim["worst"] >= claim["off"]


def test_the_warnings_stand_in_the_terminal(place, capsys):
    two_series(hole=slice(10, 19)).to_csv("table.csv", index=False)
    assert command("--trials", "8") == 0
    said = capsys.readouterr().out
    assert re.search("Expect more.* b has 10 rows, and at most 6", said) and "nothing was chosen" in said


@pytest.mark.parametrize(
    ("shares", "narrow"), [([0.95, 0.9] * 4, False), ([0.6] * 8, True), ([0.0] + [1.0] * 7, False)]
)
def test_a_band_is_called_too_narrow_only_where_half_of_the_parts_agree(shares, narrow):
    data = TaskData(np.arange(40.0), np.random.default_rng(0).normal(size=(40, 2)), ["a", "b"])
    rows = [{"trial": f"{k}", "part": f"{k}", "inside": round(20 * one)} for k, one in enumerate(shares)]
    scores = pd.DataFrame(rows).assign(method="mean", task="a", off=1.0, away=1.0, length=1, cells=20)
    assert bool(claim_of(Decision("mean", "ICM", scores, pd.DataFrame(), 8), data, [])["narrow"]) == narrow


def test_values_below_zero_that_cannot_be_are_said(place, capsys):
    rng = np.random.default_rng(0)
    size = np.where(np.arange(60) % 20 < 12, 0.0, 50.0) + rng.poisson(2, 60)
    frame = pd.DataFrame({"t": range(60), "other": 100 - size + rng.normal(size=60), "count": size})
    frame.loc[29:34, "other"] += 60  # so that the other column asks for less than nothing
    frame.loc[30:33, "count"] = np.nan
    frame.to_csv("table.csv", index=False)
    assert command("--trials", "8") == 0
    filled = pd.read_csv("table-report/filled.csv")["count"]
    assert ("the filled values of count" in capsys.readouterr().out) == (filled.min() < 0)


def test_large_tables_go_without_what_costs_most():
    """By their size, named; what is left has a method that fills, and a plain rule."""
    rng = np.random.default_rng(0)
    small, long, wide = (
        TaskData(np.arange(float(n)), rng.normal(size=(n, m))) for n, m in ((80, 3), (1500, 2), (150, 20))
    )
    assert not methods_for(small)[1]
    for data, gone in ((long, {"half and half", "regression + GP"}), (wide, {"half and half", "ICM"})):
        found, out = methods_for(data)
        assert {*out} == gone and not gone & {*found} and "mean" in found and len(found) > 3


def test_a_season_that_is_there_is_tried_and_fills(place, capsys):
    months = np.arange(96)
    y = 10 * np.sin(2 * np.pi * months / 12)[:, None] + np.random.default_rng(0).normal(size=(96, 1))
    frame = pd.DataFrame({"month": pd.date_range("2015-01", periods=96, freq="MS").strftime("%Y-%m-%d"), "a": y[:, 0]})
    frame.loc[20:24, "a"] = np.nan
    frame.to_csv("table.csv", index=False)
    assert command("--trials", "8") == 0
    fills, filled = re.search("“(.+?)”", capsys.readouterr().out)[1], pd.read_csv("table-report/filled.csv")
    assert "season" in fills or fills == "mean"
    assert (filled["a"][20:25] - 10 * np.sin(2 * np.pi * months[20:25] / 12)).abs().mean() < 1.5


def test_every_method_has_words():
    y = np.sin(np.pi * np.arange(96) / 6)[:, None] * [1.0, 2.0] + 0.1 * np.random.default_rng(0).normal(size=(96, 2))
    months = TaskData(np.arange(96) / 12, y, x_name="year")
    one = TaskData(months.x, months.y[:, :1], x_name="year")
    found = {name for table in (months, one) for name in methods_for(table, season_of(table))[0]}
    assert {*IN_WORDS} - found <= {"ICM"} and found <= {*IN_WORDS}
