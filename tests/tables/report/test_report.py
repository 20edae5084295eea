"""The command `python -m mtgp_tutorial report`: from a table to a page, refused, stopped, resumed."""

import errno
import json
import os
import pickle
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from mtgp_tutorial import TaskData, Trend, __version__, datasets, fit, icm, impute, scores
from mtgp_tutorial.__main__ import main
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables import TableError, check, compare, read_table
from mtgp_tutorial.tables.checking import WantsFullNoise
from mtgp_tutorial.tables.files import text
from mtgp_tutorial.tables.files.reading import traced
from mtgp_tutorial.tables.refusals import argument
from mtgp_tutorial.tables.report import deciding, figures, options, page, planning, run, words
from mtgp_tutorial.tables.report.deciding import Evaluation, by_column, by_length, by_place, covered, decide, evaluate
from mtgp_tutorial.tables.report.holes import (
    PLACES,
    Kind,
    Trial,
    asked_for,
    held_out_cells,
    in_view,
    kinds_of,
    missing,
    own_rows,
    plan,
)
from mtgp_tutorial.tables.report.options import command, in_options, parsed, parser
from mtgp_tutorial.tables.report.page import advised, notes
from mtgp_tutorial.tables.report.tables import filled_values, prepared, read_asked, safe, write_filled
from mtgp_tutorial.tables.report.trials import BASELINE, HALF, ONE_COLUMN, Failed, methods_for, season_of
from mtgp_tutorial.tables.residuals import halved

ROOT = Path(__file__).resolve().parents[3]


def two_series(rows=30, seed=0):
    """Two series that are nearly one, the second with a gap and a late value."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=rows)) / 2
    frame = pd.DataFrame({"week": range(rows), "a": walk, "b": 2 * walk})
    frame[["a", "b"]] += 0.1 * rng.normal(size=(rows, 2))
    frame.loc[10:12, "b"] = np.nan
    return frame.round(3)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with table.csv, in which the command is run."""
    monkeypatch.chdir(tmp_path)
    two_series().to_csv("table.csv", index=False)
    return tmp_path


def report(*words):
    return main(["report", "table.csv", *words])


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished report, run once, of a table with names that want to be more than text."""
    folder = tmp_path_factory.mktemp("done")
    names = {"a": "<script>alert(1)</script>", "b": "=cmd|' /C calc'!A0"}
    two_series().rename(columns=names).to_csv(folder / "table.csv", index=False)
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert report("--trials", "2") == 0
    finally:
        os.chdir(before)
    return folder


class Page(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize("name, other", [("report.html", "how.html"), ("how.html", "report.html")])
def test_the_pages_have_no_scripts_and_no_addresses_but_of_each_other(name, other, done):
    text = (done / "table-report" / name).read_text(encoding="utf8")
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(page.tags)
    assert [one for one in page.addresses if not one.startswith("data:image/png;base64,")] == [other]
    assert len(page.addresses) > 1
    assert "@import" not in text and "url(" not in text and len(text) < 1_000_000
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_name_with_dollars_is_no_formula(place):
    two_series().rename(columns={"b": "$\\frac{$"}).to_csv("table.csv", index=False)
    assert report("--trials", "2") == 0


SECTIONS = {
    "report.html": [
        "Compared with what",
        "How far off, column by column",
        "Before you use the values",
        "How the table was read",
        "The files",
    ],
    "how.html": [
        *["What was tried", "What the trials showed", "What was missing", "How the columns hang together", "Checks"],
        "To repeat it",
    ],
}


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_is_there(name, done):
    text = (done / "table-report" / name).read_text(encoding="utf8")
    assert re.findall("<h2>(.*?)</h2>", text) == SECTIONS[name]


def test_the_answer_comes_first_and_a_picture_next(done):
    text = (done / "table-report/report.html").read_text(encoding="utf8")
    places = [
        text.index(words) for words in ('class="answer"', "<b>3 missing values are filled by ", "<figure>", "<h2>")
    ]
    assert places == sorted(places)
    how = (done / "table-report/how.html").read_text(encoding="utf8")
    assert "too few for an interval: 2" in how and "What the other columns added: compared with “" in how


ENDS = ("low", "high", "filled")


def test_filled_csv_keeps_what_was_seen_and_fills_the_rest(done):
    filled, given = pd.read_csv(done / "table-report/filled.csv"), pd.read_csv(done / "table.csv")
    name, hole = "'=cmd|' /C calc'!A0", given.iloc[:, 2].isna()
    assert list(filled.columns[2:]) == [name, *(f"{one} {end}" for one in (given.columns[1], name) for end in ENDS)]
    np.testing.assert_array_equal(filled[name][~hole], given.iloc[:, 2][~hole])
    assert (filled[f"{name} filled"] == np.where(hole, "yes", "no")).all()
    assert filled[name].notna().all() and filled[f"{name} low"].notna().equals(hole)
    assert (filled[f"{name} low"] < filled[name])[hole].all() and (filled[name] < filled[f"{name} high"])[hole].all()


def test_no_file_of_the_folder_holds_a_formula(done):
    for path in (done / "table-report").glob("*.csv"):
        for row in path.read_text().splitlines():
            assert not any(cell.strip('"').startswith(("=", "+", "@")) for cell in row.split(","))


def test_the_program_writes_the_same_filled_csv(done):
    filled = done / "table-report/filled.csv"
    before = filled.read_bytes()
    filled.unlink()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = ["-c", (done / "table-report/repeat.py").read_text()]
    subprocess.run([sys.executable, *code], cwd=done, env=environment, check=True, capture_output=True, timeout=100)
    assert filled.read_bytes() == before


def test_nothing_stands_outside_the_folder(done):
    assert {path.name for path in done.iterdir()} == {"table.csv", "table-report"}
    assert {path.name for path in (done / "table-report").iterdir()} <= set(options.FILES)


def test_a_second_call_fits_no_trial_again(done, monkeypatch, capsys):
    monkeypatch.chdir(done)
    before = (done / "table-report/trials.csv").stat().st_mtime_ns
    assert report("--trials", "2") == 0
    assert (done / "table-report/trials.csv").stat().st_mtime_ns == before
    said = capsys.readouterr().out
    assert "; all 8 fits of the trials are done, and the rest takes about" in said  # 2 trials, 3 models, half and half


def test_a_changed_file_or_option_is_refused(done, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(done)
    kept = (done / "table-report/report.html").read_bytes()
    assert report("--seed", "1") == 2
    assert "--seed was 0 when table-report was made, and is 1; remove table-report" in capsys.readouterr().err
    text = (done / "table.csv").read_text()
    (done / "table.csv").write_text(text + "99,1,2\n")
    try:
        assert report() == 2
    finally:
        (done / "table.csv").write_text(text)
    message = "report: table.csv has changed since table-report was made; remove table-report, or add --out NAME"
    assert capsys.readouterr().err == message + "\n"
    run_file = done / "table-report" / "run.json"
    stored = run_file.read_text()
    run_file.write_text(stored.replace(f'"{__version__}"', '"0.1"'))
    try:
        assert report() == 2
    finally:
        run_file.write_text(stored)
    message = (
        f"report: table-report is of version 0.1, and this is {__version__}; remove table-report, or add --out NAME"
    )
    assert capsys.readouterr().err == message + "\n"
    (done / "other.csv").write_text(text)
    assert main(["report", "other.csv", "--out", "table-report"]) == 2
    (done / "other.csv").unlink()
    assert capsys.readouterr().err == "report: table-report belongs to table.csv; pass another --out\n"
    assert (done / "table-report/report.html").read_bytes() == kept


REFUSALS = {
    "no file": (None, [], "there is no file 'table.csv'"),
    "a date": (
        "Date,a,b\n09/03/2020,1,2\n04/03/2020,2,3\n11/07/2020,3,1\n",
        [],
        "pass --dates day-first or --dates month-first",
    ),
    "a century": (
        "month,a,b\nJan-10,1,2\nFeb-10,2,3\nMar-10,3,1\n",
        [],
        "column 'month', line 2: 'Jan-10' has a year of two digits; pass --dates two-digit (two-digit means 1950 to",
    ),
    "a century, named": (
        "month,a\nJan-10,1\nFeb-10,2\n",
        ["--input", "month", "--dates", "day-first"],
        "pass --dates day-first,two-digit",
    ),
    "units": ("t,a,b\n-,m,kg\n1,1.5,2\n2,2.5,3\n", [], "line 2 looks like units (m, kg); pass --skip 2, which"),
    "a title": (
        "Gauges, valley\nof 2019\nt,a,b\n1,1.5,2\n2,2.5,3\n",
        [],
        "names seem to be in line 3; pass --skip 1-2, which",
    ),
    "a panel": (
        "who,year,a,b\n" + "".join(f"{who},{k},{k * k % 7},{k % 4}\n" for who in ("Kim", "Ole") for k in range(9)),
        [],
        "'who' tells them apart: pass --series who with --value a (or another of b)",
    ),
    "a month with its day": (
        "Month,Day,a,b\n" + "".join(f"{k % 3},{k},{k * k % 7},{k % 4}\n" for k in range(9)),
        ["--input", "Month,Day"],
        "--input: 'Month' with 'Day' is no place on a map, and no date without a year; put a column of years",
    ),
    "a word": ("year,a,b\n2001,1.5,2\n2002,about 2,3\n2003,2.5,4\n2004,3,5\n", [], "--missing 'about 2'"),
    "an input": ("t,a,b\n" + "1,2,3\n4,5,9\n" * 9, ["--input", "no"], "--input: 'no' is no column"),
    "few values": (
        "t,a,b\n1,2,3\n2,5,\n3,4,\n5,1,2\n",
        [],
        "'b' has 2 values, and it takes 4; leave it out with --without",
    ),
    "a logarithm": (
        "t,a,b\n" + "".join(f"{k},{k - 3},{k * k % 7}\n" for k in range(9)),
        ["--log", "a"],
        "--log: 'a' holds -3",
    ),
    "no such task": (
        "t,a,b\n" + "".join(f"{k},{k % 4},{k * k % 7}\n" for k in range(9)),
        ["--columns", "a,Sale"],
        "report: --columns: 'Sale' is no column; pass one of 't', 'a', 'b'\n",
    ),
    "a short code": (
        "date,pm10,b\n"
        + "".join(f"2019-01-{k:02},{-99 if k == 15 else k * k % 70 + 30},{k % 4}\n" for k in range(7, 30)),
        [],
        "column 'pm10': -99 stands 1 time, away from all other values, and may stand for a missing value; pass "
        "--missing=-99 if it does, or --missing none if it is a value",
    ),
    "a code that is a reading beside it": (
        "date,a,p\n" + "".join(f"2019-01-{k:02},{999 if k == 15 else k % 7},{k + 980}\n" for k in range(7, 30)),
        [],
        "column 'p': 999 is a value here, and seems to stand for a missing value in another column; leave cells empty",
    ),
    "several series in one": (
        "place,t,v,std_err\n" + "".join(f"{p},{k},{k * k % 7}.5,0.{k + 1}\n" for p in ("A b", "C") for k in range(9)),
        ["--input", "t", "--columns", "v"],
        "so that these may be several series; 'place' tells them apart: pass --series place with --value v and",
    ),
    "no such log": (
        "t,a,b\n" + "".join(f"{k},{k - 3},{k * k % 7}\n" for k in range(9)),
        ["--log", "c"],
        "--log: 'c' is not",
    ),
    "two of a name": (
        "t,a,a low\n" + "".join(f"{k},{k % 4},{k * k % 7}\n" for k in range(9)),
        [],
        "'a low' would stand twice in filled.csv",
    ),
}


@pytest.mark.parametrize("case", list(REFUSALS))
def test_a_table_is_refused_in_one_sentence_with_nothing_written(case, tmp_path, monkeypatch, capsys):
    text, options, words = REFUSALS[case]
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("table.csv").write_text(text)
    before = set(tmp_path.iterdir())
    assert report(*options) == 2
    message = capsys.readouterr().err
    assert words in message and message.startswith("report: ") and message.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


def test_without_jinja_one_sentence(place, monkeypatch, capsys):
    monkeypatch.setattr(planning, "find_spec", lambda name: None)
    assert report() == 2
    message = "report: the page is made with jinja2, which is not installed; pip install 'mtgp-tutorial[report]'\n"
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("name", ["folder link", "file link", "file", "other files", "no parent", "odd run"])
def test_folders_that_are_not_the_commands_own_are_refused(name, place, capsys):
    elsewhere, out = place / "elsewhere", place / "table-report"
    elsewhere.mkdir()
    (elsewhere / "trials.csv").write_text("mine")
    if name == "folder link":
        out.symlink_to(elsewhere)
    elif name == "file":
        out.write_text("mine")
    elif name != "no parent":
        out.mkdir()
        (out / ("notes.txt" if name == "other files" else "run.json")).write_text("{}")
        if name == "file link":
            (out / "trials.csv").symlink_to(elsewhere / "trials.csv")
    assert report(*(["--out", "no/where"] if name == "no parent" else [])) == 2
    assert "--out NAME" in capsys.readouterr().err
    assert (elsewhere / "trials.csv").read_text() == "mine" and len(list(elsewhere.iterdir())) == 1


@pytest.mark.parametrize("name, code", [("run.json", 2), ("trials.csv", 1), ("repeat.py", 1), ("report.html", 1)])
def test_a_disk_that_fills_up_ends_in_a_sentence_and_the_same_command_goes_on(name, code, place, capsys, monkeypatch):
    def full(file):
        if name in os.readlink(f"/proc/self/fd/{file}"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert report("--trials", "2") == code
    said = f"{name} could not be written (No space left on device) and does not exist; make room and try again\n"
    message = capsys.readouterr().err
    assert message.startswith("report: ") and message.endswith(said) and message.count("\n") == 1
    names = {"run.json", "trials.csv", "trials.csv.lock", "fit.npz", "filled.csv", "repeat.py", "how.html"} - {name}
    assert {one.name for one in (place / "table-report").iterdir()} <= names
    (place / "table-report" / "run.json.new").write_text("{")  # which earlier versions left
    if name == "run.json":
        assert report("--trials", "2") == 0


@pytest.mark.parametrize("out", ["a" * 300, "/proc/results"])
def test_a_folder_that_cannot_be_is_refused_in_a_sentence(out, place, capsys):
    assert report("--out", out) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"report: {out} cannot be read or written (") and message.count("\n") == 1
    assert [one.name for one in place.iterdir()] == ["table.csv"]


def test_a_table_that_is_too_large_names_commands_that_work(place, capsys, monkeypatch):
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 6)), columns=list("abcdef")).rename_axis("t")
    wide.to_csv("table.csv")
    asked = parser().parse_args(["report", "table.csv"])
    data = planning.read_asked(asked)[0]
    all_rows = planning.seconds(planning.clocks_of(methods_for(data, "matern32", lmc=False), data), 6, 1)
    monkeypatch.setattr(planning, "LIMIT", all_rows / 6)
    monkeypatch.setattr(planning, "SLOW_LIMIT", 0)
    assert report() == 2
    message = capsys.readouterr().err
    assert "table.csv has 720 values (120 rows, 6 tasks)" in message
    commands = [line for line in message.splitlines() if line.startswith("python -m mtgp_tutorial report table.csv ")]
    assert "--every" in commands[0] and "--columns a,b,c,d,e" in commands[1]
    again = parser().parse_args(["report", *commands[0].split()[4:]])
    assert again.every > 1


@pytest.mark.parametrize("rows", [1500, 11_520])
def test_a_clock_takes_what_thinning_leaves(rows):
    """A long table is timed thinned: of its hours the same one may be left, of a rare task no value."""
    rng, hours = np.random.default_rng(0), np.arange(rows) % 24
    rare = np.full(rows, np.nan)
    rare[[1, 7, 11, 13]] = [3.0, 1.0, 2.0, 5.0]
    data = TaskData(np.arange(rows), np.c_[np.cumsum(rng.normal(size=rows)), hours, rare], ["a", "hour", "rare"])
    found = planning.clocks_of(methods_for(data, "matern32", lmc=False), data)
    assert all(clock.fit > 0 for clock in found.values()) and found["ICM"].shape.tasks == 3


def _as_in_a_terminal():
    """Jobs in the background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path):
    two_series(60).to_csv(tmp_path / "table.csv", index=False)
    words = [sys.executable, "-m", "mtgp_tutorial", "report", "table.csv", "--trials", "12"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(words, cwd=tmp_path, env=environment, preexec_fn=_as_in_a_terminal, **pipes)
    store = tmp_path / "table-report/trials.csv"
    until = time.monotonic() + 100
    while not store.exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.endswith("python -m mtgp_tutorial report table.csv --trials 12\n") and "Traceback" not in said
    assert len(pd.read_csv(store)) >= 1 and json.loads((tmp_path / "table-report/run.json").read_text())["methods"]
    assert not (tmp_path / "table-report/report.html").exists()


# what is hidden


def moved(trial, data):
    """Rows of a trial that hide something, and what they hide."""
    rows = np.flatnonzero(trial.mask.any(1))
    return rows, trial.mask[rows]


def lakes():
    """Four tasks with a gap, a late start, a ragged end of two tasks and single cells."""
    rng = np.random.default_rng(3)
    y = rng.normal(size=(96, 4))
    y[50:62, 3] = np.nan
    y[55:58, 1] = np.nan
    y[:10, 2] = np.nan
    y[93:, 0] = np.nan
    y[94:, 2] = np.nan
    y[[20, 40, 70], 1] = np.nan
    return TaskData(np.arange(96.0), y, list("abcd"))


def test_the_moved_pattern_is_the_pattern():
    data = lakes()
    kinds, own = kinds_of(data)
    assert own and [(kind.place, kind.asked) for kind in kinds] == [
        ("gap", ("b",)),
        ("gap", ("d",)),
        ("start", ("c",)),
        ("end", ("a",)),
        ("scattered", ("b",)),
    ]
    gone = np.isnan(data.y.numpy())
    for trial in plan(data, kinds, 60, 0):
        rows, hidden = moved(trial, data)
        kind = next(one for one in kinds if one.asked == trial.asked and one.place.split()[0] in place_of(trial))
        if kind.place == "scattered":
            continue
        start = trial.rows.stop - 3 if kind.place == "end" else trial.rows.start if kind.place == "start" else None
        possible = [start] if start is not None else range(96 - len(kind.pattern) + 1)
        full = [np.zeros((96, 4), bool) for _ in possible]
        for mask, first in zip(full, possible):
            mask[first : first + len(kind.pattern)] = kind.pattern
        assert any(((mask & ~gone) == trial.mask).all() for mask in full)
    assert (kinds[1].pattern == gone[50:62]).all() and (kinds[3].pattern == gone[93:]).all()


def place_of(trial):
    """The kind of a trial, from its label."""
    words = {"gap": "gap", "late start": "start", "ragged end": "end", "single cells": "scattered", "disc": "disc"}
    return next(word for phrase, word in words.items() if phrase in trial.label)


def test_ragged_ends_drop_what_comes_after():
    data = lakes()
    kinds, _ = kinds_of(data)
    for trial in plan(data, kinds, 60, 0):
        seen, hidden = trial.tables(data)
        if place_of(trial) == "end":
            assert len(seen.x) == trial.rows.stop < 96 and bool(hidden.observed[-3:, 0].any())
        if place_of(trial) == "start":
            assert float(seen.x[0]) == trial.rows.start > 0
        assert bool((seen.observed.sum(0) >= 3).all()) and not bool((seen.observed & hidden.observed).any())


def test_trials_of_different_stretches_share_no_row_and_more_trials_begin_with_the_same():
    data = lakes()
    kinds, _ = kinds_of(data)
    few, many = plan(data, kinds, 8, 0), plan(data, kinds, 40, 0)
    assert [trial.label for trial in few] == [trial.label for trial in many[:8]]
    rows = {}
    for trial in many:
        if trial.stretch.startswith("stretch"):
            rows.setdefault(trial.stretch, set()).update(moved(trial, data)[0].tolist())
    for one in rows:
        assert all(not rows[one] & rows[other] for other in rows if other != one)
    assert plan(data, kinds, 8, 1)[0].label != few[0].label or plan(data, kinds, 8, 2)[0].label != few[0].label


def test_each_column_with_holes_is_asked_once_before_any_comes_again():
    """Of fifteen columns, one with many gaps; where trials are fewer than columns, the answer names the rest."""
    y = np.random.default_rng(0).normal(size=(120, 15))
    for t in range(15):
        y[6 * t + 3 : 6 * t + 7, t] = np.nan
    for start in (20, 40, 60, 80, 100):
        y[start : start + 4, 0] = np.nan
    data = TaskData(np.arange(120.0), y, [f"c{t:02}" for t in range(15)])
    kinds, own = kinds_of(data)
    for seed in range(5):
        trials = plan(data, kinds, 16, seed)
        assert own and len(kinds) > 15 and {task for trial in trials[:15] for task in trial.asked} == {*data.tasks}
    few = {task for trial in plan(data, kinds, 6, 0) for task in trial.asked}
    decision = scored(SURE)
    part = replace(decision, scores=decision.scores.assign(task="c03"))
    line = next(
        line
        for line in words.answer(part, data, kinds, nothing_known(data))[1]
        if line.startswith("No trial asked for ")
    )
    assert (
        len(few) == 6 and "c00, c01, c02, c04" in line and "c03" not in line and line.endswith("of the other columns.")
    )
    whole = replace(data, y=data.y.nan_to_num(0.0))
    said = words.answer(part, whole, kinds_of(whole)[0], nothing_known(whole))[1]
    assert not any(line.startswith("No trial asked") for line in said)


def test_a_complete_table_loses_a_sixth_of_each_task_in_turn():
    data = TaskData(np.arange(48.0), np.random.default_rng(0).normal(size=(48, 3)), list("abc"))
    kinds, own = kinds_of(data)
    trials = plan(data, kinds, 12, 0)
    assert not own and {trial.asked for trial in trials[:3]} == {("a",), ("b",), ("c",)}
    assert all(trial.mask.sum() == 8 and trial.mask.any(0).sum() == 1 for trial in trials)


@pytest.mark.parametrize("late", [20, 50, 55, 70, 90])
@pytest.mark.parametrize("place", ["start", "end"])
def test_a_short_record_beside_a_long_one_has_a_hole(late, place):
    y = np.random.default_rng(0).normal(size=(100, 2))
    y[:late, 1] = np.nan
    data = TaskData(np.arange(100.0), y if place == "start" else y[::-1].copy(), ["long", "short"])
    kinds, own = kinds_of(data)
    assert own and [(kind.place, kind.asked) for kind in kinds] == [(place, ("short",))]
    assert asked_for(data) == ["short"] and "ICM, full noise" in methods_for(data, "matern32")
    trials = plan(data, kinds, 8, 0)
    assert all(trial.mask[:, 1].sum() <= (100 - late) / 2 and not trial.mask[:, 0].any() for trial in trials)
    assert not page.reading(data)["own"]


def test_each_task_has_rows_of_its_own_or_none_has():
    seen = np.zeros((60, 3), dtype=bool)
    seen[np.arange(60), np.arange(60) % 3] = True

    def rows_of(cells):
        return own_rows(
            TaskData(np.arange(60.0), np.where(cells, np.random.default_rng(0).normal(size=(60, 3)), np.nan))
        )

    assert rows_of(seen)
    seen[:18, 0] = True  # in 12 of its 32 rows with another
    assert rows_of(seen)
    seen[:36, 0] = True  # in 24 of its 44
    assert not rows_of(seen)
    stairs = np.arange(60)[:, None] >= [0, 35, 50]  # the second task never stands alone
    assert not rows_of(stairs)
    beside = np.column_stack([np.arange(60) % 2 == 0, np.arange(60) % 2 == 1, np.arange(60) % 2 == 1])
    assert not rows_of(beside)  # two of three tasks share their rows
    assert not rows_of(np.column_stack([seen[:, 1:], np.zeros(60, bool)]))  # a task without values


def test_tasks_with_rows_of_their_own_have_no_holes():
    y = np.where(np.arange(60)[:, None] % 2 == [0, 1], np.random.default_rng(0).normal(size=(60, 2)), np.nan)
    kinds, own = kinds_of(TaskData(np.arange(60.0), y))
    assert not own and {len(kind.pattern) for kind in kinds} == {10}
    assert "ICM, full noise" not in methods_for(TaskData(np.arange(60.0), y), "matern32")
    assert plan(TaskData(np.arange(60.0), y), kinds, 8, 0)[0].mask.sum() == 5


def test_on_a_map_holes_are_discs_or_single_places():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(120, 2)), rng.normal(size=(120, 2))
    together, apart = y.copy(), y.copy()
    together[np.linalg.norm(x - 0.5, axis=1) < 0.2, 0] = np.nan
    apart[rng.choice(120, 15, replace=False), 0] = np.nan
    assert [kinds_of(TaskData(x, one))[0][0].place for one in (together, apart, y)] == ["disc", "scattered", "disc"]
    data = TaskData(x, together)
    for trial in plan(data, kinds_of(data)[0], 8, 0):
        rows = moved(trial, data)[0]
        spread = np.linalg.norm(x[rows] - x[rows].mean(0), axis=1).mean()
        assert spread < 0.7 * np.linalg.norm(x - x.mean(0), axis=1).mean()


def test_regions_share_all_rows_out():
    z = np.random.default_rng(0).normal(size=(61, 2))
    parts = halved(z, np.arange(61), 6)
    assert sorted(np.concatenate(parts).tolist()) == list(range(61)) and {len(part) for part in parts} <= {10, 11}


def test_a_name_in_a_figure_is_whole_or_says_that_it_is_not():
    assert [figures.short("a" * n) for n in (25, 26, 27)] == ["a" * 25, "a" * 26, "a" * 25 + "…"]
    assert figures.short("level of the lake at Detroit") == "level of the lake at…"


def test_holes_longer_than_a_sixth_are_shortened_and_said():
    y = np.random.default_rng(0).normal(size=(60, 2))
    y[20:45, 1] = np.nan
    kind = kinds_of(TaskData(np.arange(60.0), y))[0][0]
    assert kind.shortened and kind.pattern.shape == (10, 2)


# the choice and the claim


def scored(differences, tasks=("a",), stretches=None):
    """Results of trials whose CRPS differ by this much, and the trials."""
    data = TaskData(np.arange(40.0), np.random.default_rng(0).normal(size=(40, 2)), ["a", "b"])
    rows, trials = [], []
    for k, difference in enumerate(differences):
        mask = np.zeros((40, 2), bool)
        mask[k] = True
        trials.append(Trial(f"{k}", tuple(tasks), mask, slice(0, 40), f"{k if stretches is None else k % stretches}"))
        for method, more in (("mean", 0.0), ("interpolation", 1e-9), (BASELINE, 0.1), ("ICM", difference)):
            score = {"MSE": 1.0, "MAE": 1.0, "NLPD": 1.0, "CRPS": 1.0 + more, "coverage": 0.9}
            rows += [{"trial": f"{k}", "method": method, "task": task, **score} for task in tasks]
    return decide(pd.DataFrame(rows), trials, data)


SURE = -0.5 + 0.1 * np.random.default_rng(0).normal(size=16)
OPEN = np.tile([-0.7, 0.5, -0.4, 0.3, -0.5, 0.2, -0.1, -0.3], 2)  # mean -0.125, its error 0.10


@pytest.mark.parametrize(
    "differences, stretches, fills, beside",
    [
        (SURE, None, "ICM", "better"),
        (-SURE, None, "mean", "few"),  # the other rule is the same
        (OPEN, None, "ICM", "open"),
        (OPEN + 0.1, None, "mean", "open"),  # the ICM is better by a quarter of its error
        (SURE[:2], None, "ICM", "few"),
        (SURE, 1, "ICM", "few"),
    ],
)
def test_what_fills_is_a_choice_and_the_claim_is_a_size(differences, stretches, fills, beside):
    """Two rules and the ICM, which differs from them by so much; the simplest of the equal ones is taken."""
    decision = scored(differences, stretches=stretches)
    assert (decision.fills, decision.reads, decision.alone) == (fills, "ICM", "mean")
    assert words.verdict(decision, fills, decision.other) == beside
    decision = replace(decision, scores=decision.scores.assign(off=decision.scores["error"]))
    bold, first, _, second, *_ = answered(decision)
    assert bold == f"6 missing values are filled by {words.described(fills)}."
    error = decision.means["error"]
    assert f"were off by {page.digits(error[fills])} m on average." in first
    assert f"The program did this {len(differences)} times, with holes like the table's own (a gap) moved" in first
    assert words.described(decision.other) in second and f"off by {page.digits(error[decision.other])}" in second
    behind = decision.means.loc[fills, "CRPS"] > decision.means["CRPS"].min()
    assert ("The difference is too small to leave" in second) == behind
    assert ("cannot tell" in second) == (beside in ("few", "open") and not behind)
    assert ("by more than chance explains" in second) == (beside == "better")
    assert (
        answered(decision, own=False)[0]
        == f"The table has no holes; of what was tried, {words.described(fills)} would fill it best."
    )


def test_errors_of_a_logarithm_are_factors():
    """A mean error of log 1.25 in the logarithm is a factor of 1.25, and two standard deviations of 1 are e^2."""
    decision = scored(SURE)
    decision = replace(decision, scores=decision.scores.assign(off=np.log(1.25)))
    sentences = answered(decision, log=["a"])
    assert "were off by a factor of 1.25 on average." in sentences[1] and "off by a factor of 1.25" in sentences[3]
    assert "the band of a filled value is ×/÷ 7.39" in " ".join(sentences)
    y = np.random.default_rng(0).normal(size=(40, 2))
    y[10:16, 0] = np.nan
    data = TaskData(np.arange(40.0), y, ["a", "b"], ["log m", ""])
    row = by_column(decision, data, nothing_known(data), ["a"]).iloc[0]
    assert row["column"] == "a, as a factor" and row["ICM"] == pytest.approx(1.25)
    assert row["band of a filled value"] == "×/÷ 7.39"


@pytest.mark.parametrize(
    "differences, begins",
    [
        (SURE, "The other columns help:"),
        (-SURE, "The other columns do not help:"),
        (OPEN, "Whether the other columns help"),
    ],
)
def test_what_the_other_columns_add_is_said_as_far_as_it_is_known(differences, begins):
    said = answered(scored(differences))[4]
    assert said.startswith(begins) and ("and what fills, which reads the others, by " in said) == (
        "do not" not in begins
    )


@pytest.mark.parametrize(
    "fills, other, told",
    [(0.5, 0.6, "the chosen method did better, too"), (0.6, 0.5, "“mean” did better: the mean score")],
)
def test_what_judges_once_is_told(fills, other, told):
    judged = Evaluation(23, fills, other, 0.93)
    said = next(line for line in answered(scored(SURE), judged=judged) if "set aside" in line)
    assert said.startswith("On 23 values that were set aside") and told in said
    assert f"is {fills:.2f} for what fills, and {other:.2f} for “mean”. Of these values 93 %" in said
    unsure = [line for line in answered(scored(OPEN), judged=judged) if "so the choice is not settled" in line]
    assert len(unsure) == (fills > other)
    assert not any(
        "set aside" in line for line in answered(scored(SURE), judged=Evaluation(23, np.nan, np.nan, np.nan))
    )


@pytest.mark.parametrize(
    ("trials", "fills", "other", "told"),
    [
        (OPEN, 0.5, 0.6, "of this the chosen method did better: the"),  # the trials could not tell: no "too"
        (OPEN + 0.1, 0.5, 0.6, "it was the other way round, and the chosen method did better, so the choice is not"),
        (OPEN + 0.1, 0.6, 0.5, "of this “ICM” did better, too, so the choice is not settled: the"),
        (OPEN, 0.194, 0.187, "of this both did equally well, so the choice is not settled: the"),  # as it is printed
        (SURE, 0.194, 0.187, "of this both did equally well: the"),
    ],
)
def test_what_judges_agrees_with_what_the_trials_said(trials, fills, other, told):
    found = answered(scored(trials), judged=Evaluation(23, fills, other, 0.93))
    assert told in next(line for line in found if "set aside" in line)


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (
            {"mean": 0.8, "interpolation": 0.9},
            "With the mean of the column (“mean”) they would have been off by 0.800.",
        ),
        ({"mean": 0.8, "interpolation": 0.6}, "With plain interpolation between the nearest known values (“interp"),
        ({"mean": 0.4}, "off by 0.400, so this plain rule was nearer. The program did this 16 times"),
        ({"mean": 0.50001}, "With the mean of the column (“mean”) they would have been off by 0.500. The"),
    ],
)
def test_the_headline_compares_with_the_nearest_plain_rule(off, said):
    decision = scored(SURE)
    scores = decision.scores.assign(off=decision.scores["method"].map({"ICM": 0.5, **off}).fillna(2.0))
    assert said in answered(replace(decision, scores=scores))[1]


def test_with_a_season_the_mean_follows_it():
    """And no sentence calls it the mean of the column."""
    decision = scored(SURE, tasks=("a", "b"))
    scores = decision.scores.assign(off=decision.scores["method"].map({"mean": 0.5}).fillna(1.0))
    decision = replace(decision, scores=scores, other="interpolation")
    found = " ".join(answered(decision, season=True))
    part = "the mean of the column in the same part of the season"
    assert found.count(part) == found.count("the mean") == 2 and f"even {part} was closer" in found
    assert dict(words.of_decision(decision, [], True)["methods"])["mean"] == part
    assert dict(words.of_decision(decision, [])["methods"])["mean"] == "the mean of the column"


def test_one_hole_of_a_kind_has_an_article():
    kinds = [Kind(place, ("a",), np.ones((1, 1), bool)) for place in ("gap", "gap", "scattered")]
    assert "(2 gaps and a column with single cells)" in words.what_is_hidden(kinds, True)


def test_how_names_what_there_was_no_time_for_and_the_order_of_the_methods(place, monkeypatch):
    """half and half, which is not the simplest, comes before what is."""
    monkeypatch.setattr(planning, "SLOW_LIMIT", 0)
    two_series().assign(c=lambda frame: frame["a"] ** 2).to_csv("table.csv", index=False)
    assert report("--trials", "2") == 0
    how = " ".join(Path("table-report/how.html").read_text(encoding="utf8").split())
    assert "<p>Left out, because there was no time for what takes longest: LMC.</p>" in how
    assert "“half and half” comes next, then the others, the simplest first. What fills" in how
    rows = re.findall('<tr><td class="text">(.*?)</td>', how)
    assert rows[1:3] == ["half and half", "mean"]


def nothing_known(data):
    """An answer in which all is 1, give or take 1."""
    return Prediction(data.x, torch.ones_like(data.y), torch.ones_like(data.y), data.tasks, data.units, True)


def answered(decision, own=True, failed=(), judged=None, log=(), season=False):
    """The sentences of a table of two columns, of which `a` [m] has a gap."""
    y = np.random.default_rng(0).normal(size=(40, 2))
    if own:
        y[10:16, 0] = np.nan
    data = TaskData(np.arange(40.0), y, ["a", "b"], ["m", ""])
    first, rest = words.answer(decision, data, kinds_of(data)[0], nothing_known(data), judged, failed, log, season)
    return first + rest


def decided(data, trials, methods):
    """The decision on a table with its own holes, by real fits of these methods."""
    planned = {trial.label: trial for trial in plan(data, kinds_of(data)[0], trials, 0)}
    models = {method: methods_for(data, "matern32")[method] for method in ("mean", BASELINE, *methods)}
    results = compare(lambda one: planned[one].tables(data), planned, models, progress=False)
    return decide(results, list(planned.values()), data)


def filled_error(data, decision, truth, task):
    """Root mean squared error of the cells that the chosen method fills."""
    t = data.tasks.index(task)
    answer = impute(fit(methods_for(data, "matern32")[decision.fills](data)))
    return float((answer.mean - truth)[:, t][data.y[:, t].isnan()].square().mean().sqrt())


def test_the_better_method_fills():
    """Off Peru, 41 of 61 Junes gone: lower in three trials of four; the mean of the Junes is worse."""
    sea = datasets.el_nino()
    names = ["March", "June", "September", "December"]
    sea = TaskData(sea.x, sea.y[:, [sea.tasks.index(name) for name in names]], names, x_name="year")
    data, _ = sea.hide_random("June", 2 / 3, seed=2)
    decision = decided(data, 16, ["ICM", "ICM, full noise"])
    assert decision.fills not in (BASELINE, "mean")
    crps, error = decision.less(decision.fills, BASELINE), decision.means["error"]
    assert crps["lower"] >= 0.75 * crps["trials"] and error[decision.fills] < 0.8 * error[BASELINE]
    gone = data.y[:, 1].isnan()
    mean = (sea.y[gone, 1] - data.y[~gone, 1].mean()).square().mean().sqrt()
    assert filled_error(data, decision, sea.y, "June") < 0.8 * mean


def test_two_cities_by_the_hour_are_filled_together():
    """Five simulated days, twenty hours gone: lower in 8 of 8 trials, four parts are no claim. (Seed looked for.)"""
    rng, hour = np.random.default_rng(2), np.arange(120)
    weather, own = np.cumsum(rng.normal(size=120)) / 2, np.cumsum(rng.normal(size=(120, 2)), 0) / 2
    y = (4 * np.sin(2 * np.pi * hour / 24) + weather)[:, None] + own + 0.3 * rng.normal(size=(120, 2))
    whole = TaskData(hour, y, ["a", "b"])
    data, _ = whole.hide("b", 50, 69)
    decision = decided(data, 8, ["ICM", "ICM, full noise"])
    assert decision.fills == "ICM" and decision.less("ICM", BASELINE)["lower"] == 8
    alone = replace(decision, fills=BASELINE)
    assert filled_error(data, decision, whole.y, "b") < 0.8 * filled_error(data, alone, whole.y, "b")


def test_scores_are_in_standard_deviations_of_the_task():
    data = TaskData(np.arange(40.0), 10 * np.random.default_rng(0).normal(size=(40, 2)), ["a", "b"], ["m", ""])
    mask = np.zeros((40, 2), bool)
    mask[0] = True
    trials = [Trial(f"{k}", ("a",), mask, slice(0, 40), f"{k}") for k in range(8)]
    sd = data.scale().sd
    rows = []
    for k in range(8):
        for method in ("mean", BASELINE, "ICM"):
            for task, size in (("a [m]", sd[0]), ("b", sd[1])):
                score = {
                    "MSE": float(4 * size**2),
                    "MAE": float(size),
                    "NLPD": float(size.log()),
                    "CRPS": float(3 * size),
                    "coverage": 1.0,
                }
                rows.append({"trial": f"{k}", "method": method, "task": task, **score})
    decision = decide(pd.DataFrame(rows), trials, data)
    assert decision.means.loc["ICM", ["error", "CRPS"]].tolist() == pytest.approx([2, 3])
    assert decision.means.loc["ICM", "NLPD"] == pytest.approx(0, abs=1e-12)
    assert set(decision.asked["task"]) == {"a"} and set(decision.scores["task"]) == {"a", "b"}
    table = by_column(decision, data, nothing_known(data))
    assert table["column"].tolist() == ["a [m]"] and table.iloc[0, 1] == pytest.approx(float(sd[0]))
    assert table["in the 95 % band"].tolist() == ["100 % of 8"]


@pytest.mark.slow
@pytest.mark.parametrize("shares", [True, False])
def test_on_simulated_tables_sharing_pays_where_it_should(shares, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    walks = np.cumsum(rng.normal(size=(120, 2)), 0) / 2
    y = walks[:, [0, 0]] if shares else walks
    frame = pd.DataFrame(y + 0.1 * rng.normal(size=y.shape), columns=["a", "b"]).rename_axis("t")
    for start in (15, 45, 80):
        frame.iloc[start : start + 8, 1] = np.nan
    frame.to_csv("table.csv")
    assert report("--trials", "12") == 0
    text = Path("table-report/report.html").read_text(encoding="utf8")
    fills = re.search("are filled by [^“]*“([^”]*)”", text)[1]
    assert (fills not in ONE_COLUMN) == shares
    assert ("The other columns help:" in text) == shares


# the command line


def test_commands_are_typed_as_they_were_meant():
    asked = parser().parse_args(["report", "my table.csv", "--columns", 'a,"b,c"', "--every", "3"])
    assert asked.columns == ["a", "b,c"]
    assert command(asked, trials=64) == (
        "python -m mtgp_tutorial report 'my table.csv' --columns 'a,\"b,c\"' --every 3 --trials 64"
    )


@pytest.mark.parametrize("missing", [["--missing", "-999,-99"], ["--missing=-999,-99"], ["--missing", "-999"]])
def test_codes_below_zero_are_read_and_printed_as_they_can_be_read(missing):
    words = ["report", "table.csv", *missing, "--trials", "4"]
    asked = parsed(words)
    assert asked.missing == missing[-1].removeprefix("--missing=").split(",")
    printed = command(asked)
    assert printed == f"{options.PROGRAM} table.csv --missing={','.join(asked.missing)} --trials 4"
    again = shlex.split(printed)[3:]
    assert parsed(again) == asked == parser().parse_args(again)
    error = TableError(
        "column 'a', line 3: '-x' is not a number", f"pass {argument('missing', '-x')}", "missing", ["-x"]
    )
    assert in_options(error).endswith("pass --missing=-x")


@pytest.mark.parametrize(
    "words, said",
    [
        (["--trials", "1"], "'1' is not a whole number above 1; a comparison takes two trials or more"),
        (["--seed", "-1"], "'-1' is not a whole number from 0 on"),
        (["--seed", "x"], "'x' is not a whole number from 0 on"),
        (["--seed", str(2**63)], f"'{2**63}' is more than 2^63 - 1"),
        (["--jobs", "0"], "'0' is not a whole number above 0"),
    ],
)
def test_numbers_out_of_range_are_refused_in_one_sentence(words, said, place, capsys):
    with pytest.raises(SystemExit) as left:
        report(*words)
    assert left.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: argument {words[0]}: {said}\n") and not list(
        place.glob("*-report")
    )


def test_the_help_names_every_exit_code_and_every_file(capsys):
    with pytest.raises(SystemExit):
        main(["report", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"{code} " in said for code in (run.DONE, run.FAILED, run.REFUSED, run.STOPPED))
    assert all(name in said for name in ("report.html", "filled.csv", "repeat.py", "trials.csv", "fit.npz"))


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert not left.value.code and capsys.readouterr().out == f"mtgp_tutorial {__version__}\n"


@pytest.mark.parametrize("words", [["--trials", "0"], ["--every", "x"], ["--dates", "iso"], ["--kernel", "sine"], []])
def test_wrong_options_are_refused_with_2(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["report", *(["t.csv"] if words else []), *words])
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    "name, text", [("=1+1", "'=1+1"), ("-x", "'-x"), ("a\nb", "a b"), ("level", "level"), ("@a", "'@a")]
)
def test_names_are_text(name, text):
    assert safe(name) == text


def test_messages_of_the_reader_speak_of_options():
    set_by = f"{argument('x', sets=True)} or {argument('series', sets=True)}, or {argument('missing', 'a b')}"
    error = TableError(f"{argument('x')}: 'q' is no column", f"name one with {set_by}", "x")
    assert str(error) == "x: 'q' is no column; name one with x= or series=, or missing=['a b']"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert in_options(error) == "--input: 'q' is no column; name one with --input or --series, or --missing 'a b'"


def test_rows_and_errors_are_told():
    data = TaskData(range(4), np.eye(4)[:, :2], sd=0.5)
    assert prepared(data, every=2).notes == ("rows: one in 2 was taken (--every 2)",)
    assert notes(data)[1:] == ["standard errors: known for 8 values", "4 rows, 2 tasks, 0 of 8 cells missing"]
    with pytest.raises(ValueError, match="^the table has 4 rows, too few to hide holes"):
        plan(data, kinds_of(data)[0], 5, 0)


def test_numbers_below_zero_have_their_sign():
    assert run.minus("is -0.5 on 2019-01-02, a-b") == "is −0.5 on 2019-01-02, a-b"


def test_a_guess_is_said_first_and_can_be_taken_back(place, capsys):
    frame = two_series()
    frame["b_se"] = 0.2
    frame.loc[3, "b_se"] = 0.3
    frame.fillna(-999.0).to_csv("table.csv", index=False)
    data, call = planning.read_asked(parser().parse_args(["report", "table.csv"]))
    assert call["missing"] == ["-999"] and call["sd"] == {"b": "b_se"}
    assert data.notes[0].startswith("missing: -999 read as missing (a guess; --missing none")
    assert data.notes[1].startswith("standard errors: b_se, taken as known (a guess; --errors none")
    words = ["report", "table.csv", "--missing", "none", "--errors", "none"]
    data, call = planning.read_asked(parser().parse_args(words))
    assert data.sd is None and float(np.nanmin(data.y)) == -999 and not call


def test_a_file_is_read_from_the_disk_once(place, monkeypatch):
    two_series().to_csv("table.csv", index=False)
    looked, decoded = [], text.decoded
    monkeypatch.setattr(text, "decoded", lambda path: looked.append(path) or decoded(path))
    planning.read_asked(parser().parse_args(["report", "table.csv"]))
    assert len(looked) == 1


def test_logarithms_take_their_errors_along():
    y = torch.tensor([[1.0, 2.0], [4.0, 3.0], [2.0, 5.0]], dtype=torch.float64)
    data = TaskData(torch.arange(3.0), y, ["a", "b"], ["m", ""], sd=torch.full_like(y, 0.5))
    logged = preparing_log(data)
    torch.testing.assert_close(logged.y[:, 0], y[:, 0].log())
    torch.testing.assert_close(logged.sd[:, 0], 0.5 / y[:, 0])
    torch.testing.assert_close(logged.y[:, 1], y[:, 1])
    assert logged.units == ("log m", "")


def preparing_log(data):
    from mtgp_tutorial.tables.report.tables import prepared

    return prepared(data, log=["a"])


# what is a hole


def visited_twice():
    """A long file: three stations, one of them visited twice on one day, another with one day less."""
    rng, days = np.random.default_rng(0), pd.date_range("2020-01-05", periods=20, freq="7D").strftime("%Y-%m-%d")
    rows = [(place, day, round(float(v), 2)) for place in "ABC" for day, v in zip(days, rng.normal(size=20))]
    del rows[27]
    return pd.DataFrame([*rows, ("A", days[5], 1.25)], columns=["station", "date", "pm25"])


def test_a_second_visit_makes_no_holes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    visited_twice().to_csv("table.csv", index=False)
    data, _ = planning.read_asked(parser().parse_args(["report", "table.csv"]))
    assert data.y.shape == (21, 3) and int(data.y.isnan().sum()) == 3
    gone = missing(data)
    assert gone.sum() == 1 and asked_for(data) == ["B"]
    assert notes(data)[-1] == "21 rows, 3 tasks, 1 of 63 cells missing" and notes(data)[-2].startswith("2 empty cells")
    kinds, own = kinds_of(data)
    assert own and [kind.asked for kind in kinds] == [("B",)]
    filled = [line.split(",") for line in filled_file("table.csv").splitlines()]
    given = Path("table.csv").read_text().splitlines()
    assert [",".join(line[:3]) for line in filled[:61]] == given and {line[5] for line in filled[1:61]} == {"no"}
    assert len(filled) == 62 and filled[61][:2] == ["B", "2020-02-23"] and filled[61][5] == "yes"


def test_a_filled_value_has_as_many_digits_as_its_spread_asks_for():
    data = TaskData(range(4), [[0.1, 1], [2.3, 2], [1234.5678, 4], [np.nan, np.nan]], ["a", "b"])
    logged = prepared(data, log=["a"])
    some = torch.full_like(data.y, 1.23456789)
    answer = Prediction(data.x, some, some, ["a", "b"], ["", ""], True)
    middle, low, high = filled_values(data, answer)[:, 3]
    assert middle.tolist() == [1.23, 1.2346] and low[1] == round(1.23456789 - 2 * 1.23456789**0.5, 4)
    assert filled_values(logged, answer, ["a"])[0, 3].tolist() == [3.4369, 1.2346]


def test_hidden_readings_are_not_given_away_by_a_second_one():
    data = TaskData([0.0, 1, 2, 3, 3, *range(4, 24)], np.random.default_rng(0).normal(size=(25, 2)))
    kinds = [Kind("scattered", ("task 1",), np.array([[True, False]] * 3))]
    for trial in plan(data, kinds, 16, 0):
        assert trial.mask[3, 0] == trial.mask[4, 0]


def test_hidden_gaps_keep_away_from_real_ones():
    data = lakes()
    gone = missing(data)
    trials = plan(data, kinds_of(data)[0], 60, 0)
    assert {place_of(trial) for trial in trials} == {"gap", "start", "end", "scattered"}
    for trial in trials:
        if place_of(trial) == "scattered":
            continue
        columns = [data.tasks.index(task) for task in trial.asked]
        rows = np.flatnonzero(trial.mask[:, columns].all(1))
        assert len(rows) == rows[-1] - rows[0] + 1 == {"b": 3, "d": 12, "c": 10, "a": 3}[trial.asked[0]]
        around = [
            row for row in (rows[0] - 1, rows[-1] + 1) if 0 <= row < 96 and trial.rows.start <= row < trial.rows.stop
        ]
        assert not gone[np.ix_([*rows, *around], columns)].any() and not trial.joined


@pytest.mark.parametrize(
    "hole, rows", [(slice(1000, 1040), (870, 1170)), (slice(2, 9), (0, 300)), (slice(4990, 5000), (4700, 5000))]
)
def test_a_long_table_is_drawn_around_its_longest_hole(hole, rows):
    y = np.random.default_rng(0).normal(size=(5000, 2))
    y[hole, 1] = y[3000:3003, 0] = np.nan
    assert in_view(TaskData(np.arange(5000.0), y)) == slice(*rows)
    assert in_view(TaskData(np.arange(3000.0), y[:3000])) == slice(0, 3000)
    assert in_view(TaskData(np.arange(5000.0), np.nan_to_num(y))) == slice(0, 300)


def test_a_long_table_says_what_is_drawn():
    y = np.random.default_rng(0).normal(size=(4000, 2))
    y[100:110, 1] = np.nan
    data = TaskData(np.arange(4000.0), y, ["a", "b"])
    answer = Prediction(data.x, data.y.nan_to_num(), torch.ones_like(data.y), data.tasks, data.units, True)
    part = page.filled(data, answer, scored(SURE))["part"]
    assert part == "Drawn are 300 of 4000 rows, those around the longest hole."


def test_where_there_is_no_room_the_report_says_so():
    y = np.random.default_rng(0).normal(size=(60, 2))
    y[10:14, 1] = np.nan
    y[16::5, 1] = np.nan
    data = TaskData(np.arange(60.0), y, ["a", "b"])
    kinds, own = kinds_of(data)
    trials = plan(data, kinds, 12, 0)
    count = sum(trial.joined for trial in trials)
    found = words.of_holes(data, kinds, own, trials)
    assert count and (found["joined"], found["beside"]) == (count, "b")


# a season


def seasons(rows=60):
    """Five years of months with a strong season, the last three months of one task missing."""
    months = np.arange(rows)
    season = 10 * np.sin(2 * np.pi * months / 12)[:, None]
    y = season + np.random.default_rng(0).normal(size=(rows, 2))
    y[-3:, 0] = np.nan
    return pd.DataFrame(y, columns=["a", "b"]).assign(month=pd.date_range("2015-01", periods=rows, freq="MS"))


def test_a_season_that_is_there_has_methods_and_one_that_is_not_has_none():
    data = prepared(TaskData.from_frame(seasons(), "month"))
    season = season_of(data)
    assert season.season == 1.0 and list(methods_for(data, "matern32", season=season)) == [
        *("ICM, full noise", HALF, "mean", "interpolation", "season before", "regression", "regression + GP"),
        *(BASELINE, "ICM", "ICM, season", "ICM, changing season"),
    ]
    one = replace(data, y=data.y[:, :1], tasks=["a"], units=[""])
    assert list(methods_for(one, "matern32", season=season)) == [
        *("mean", "interpolation", "season before"),
        *(BASELINE, "independent, season", "independent, changing season"),
    ]
    noise = replace(data, y=torch.randn(data.y.shape, generator=torch.Generator().manual_seed(1)).double())
    assert season_of(noise) is None and season_of(TaskData(data.x, data.y)) is None
    assert "season before" not in methods_for(data, "matern32") and "ICM, season" not in methods_for(data, "matern32")


def test_half_and_half_is_with_and_without_a_season():
    """By hand: both methods of the table and of what the season leaves, in equal parts; without a season both alone."""
    data = prepared(TaskData.from_frame(seasons(), "month"))
    seen, hidden = data.hide("b", "2017-03", "2017-05")
    found = methods_for(data, "matern32", season=season_of(data))[HALF](seen).forecast(hidden)
    trend = Trend(seen, line=False, season=1.0, harmonics=season_of(seen).harmonics)
    rest, parts = trend.remove(seen), methods_for(data, "matern32")
    by_hand = [parts["regression + GP"](rest).forecast(hidden), impute(fit(parts["ICM, full noise"](rest)))]
    alone = [parts["regression + GP"](seen).forecast(hidden), impute(fit(parts["ICM, full noise"](seen)))]
    cells = hidden.observed
    without = sum(one.mean for one in alone)[cells] / 2
    off = trend.restore(replace(hidden, y=sum(one.mean for one in by_hand) / 2)).y[cells]
    assert torch.allclose(found.mean[cells], (off + without) / 2, rtol=1e-6)
    assert not torch.allclose(off, without, rtol=1e-2)
    plain = parts[HALF](seen).forecast(hidden)
    assert torch.allclose(plain.mean[cells], without, rtol=1e-6)


def test_every_method_has_words():
    table = TaskData.from_frame(seasons().assign(c=lambda frame: frame["b"] ** 2), "month")
    one, season = TaskData(table.x, table.y[:, 1:2], ["b"]), season_of(table)
    assert {*methods_for(table, "matern32", season=season), *methods_for(one, "matern32", season=season)} == {
        *words.IN_WORDS
    }


def test_one_column_is_filled_by_its_own_methods(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame = seasons()[["month", "a"]]
    frame.loc[20:24, "a"] = np.nan
    frame.to_csv("table.csv", index=False)
    assert report("--trials", "4") == 0
    said, filled = capsys.readouterr().out, pd.read_csv("table-report/filled.csv")
    assert filled["a"].notna().all() and "other columns" not in said
    season = 10 * np.sin(2 * np.pi * np.arange(20, 25) / 12)
    assert np.abs(filled["a"][20:25] - season).mean() < 1.5
    how = Path("table-report/how.html").read_text(encoding="utf8")
    assert "How the columns hang together" not in how and "a period of 1 (years)" in how


# cells that judge the choice


def test_a_tenth_judges_the_choice_once_and_no_trial_sees_it():
    rng = np.random.default_rng(0)
    y = np.cumsum(rng.normal(size=(120, 2)), 0)
    y[30:36, 1] = y[80:83, 0] = np.nan
    data = TaskData(np.arange(120.0), y, ["a", "b"])
    kinds, _ = kinds_of(data)
    cells = held_out_cells(data, kinds, 0)
    seen = data.observed.numpy()
    assert 0.08 <= cells.sum() / seen.sum() <= 0.2 and not (cells & ~seen).any()
    assert held_out_cells(data, kinds, 1).tobytes() != cells.tobytes()
    tried = data.split(torch.as_tensor(cells))[0]
    for trial in plan(tried, kinds, 16, 0):
        shown, hidden = trial.tables(tried)
        assert not (shown.observed.numpy() & cells).any() and not (hidden.observed.numpy() & cells).any()
    y = data.y.numpy().copy()  # holes at the edges alone: these, longer by a fifth
    y[30:36, 1] = y[80:83, 0] = 0.0
    y[:20, 0] = y[-10:, 1] = np.nan
    edges = TaskData(data.x, y, ["a", "b"])
    cells = held_out_cells(edges, kinds_of(edges)[0], 0)
    assert [np.flatnonzero(column).tolist() for column in cells.T] == [[*range(20, 40)], [*range(100, 110)]]
    small = TaskData(data.x[:90], data.y[:90])
    assert held_out_cells(small, kinds_of(small)[0], 0) is None


def test_the_judge_hides_its_cells_from_both(monkeypatch):
    """What is judged depends on seen cells alone, and is the score of a fit without the cells that judge."""
    rng = np.random.default_rng(0)
    y = np.cumsum(rng.normal(size=(120, 2)), 0)
    y[44, 1] += 6  # outside the band of the interpolation, inside that of the mean
    data = TaskData(np.arange(120.0), y, ["a", "b"])
    mask = np.zeros((120, 2), bool)
    mask[40:50, 1] = mask[60:64, 0] = True
    methods = methods_for(data, "matern32")
    found = evaluate(data, mask, methods, "interpolation", "mean", 0, {})
    seen, hidden = data.split(torch.as_tensor(mask))
    by_hand = {
        name: scores.table(methods[name](seen).forecast(hidden), hidden, seen)[["CRPS", "coverage"]]
        for name in ("interpolation", "mean")
    }
    each = {name: [4, 10] @ (two["CRPS"] / data.scale().sd.numpy()) / 14 for name, two in by_hand.items()}
    assert found.cells == 14 and found.fills == pytest.approx(each["interpolation"])
    assert found.other == pytest.approx(each["mean"])
    inside = {name: two["coverage"].to_numpy() for name, two in by_hand.items()}
    assert found.inside == pytest.approx([4, 10] @ inside["interpolation"] / 14)
    assert inside["interpolation"].tolist() == [1.0, 0.9] and inside["mean"].tolist() == [1.0, 1.0]
    assert evaluate(data, None, methods, "interpolation", "mean", 0, {}) is None


def test_errors_stand_by_the_length_of_what_was_hidden():
    decision = scored(SURE)
    rows = decision.scores["trial"].astype(int).map(lambda k: 2 if k < 8 else 9)
    found = by_length(replace(decision, scores=decision.scores.assign(rows=rows, away=rows / 10.0)))
    assert found["rows of the hole"].tolist() == ["1 to 2", "6 to 12"] and found["trials"].tolist() == [8, 8]
    assert found["ICM"].tolist() == pytest.approx([0.2, 0.9]) and not len(by_length(decision))


def test_bands_stand_by_the_place_of_the_hole():
    """Trials of the table's own holes: each place with its cells, and what share of them lay in the band."""
    data = TaskData.from_frame(two_series(), "week")
    trials = plan(data, kinds_of(data)[0], 8, 0)
    places = {trial.label: trial.place for trial in trials}
    assert {trial.place: trial.label.split(": ")[1].split(" of ")[0] for trial in trials} == {
        place: PLACES[place] for place in {*places.values()}
    }
    decision = scored(SURE)
    first = decision.scores["trial"].astype(int) < 4
    scores = decision.scores.assign(place=np.where(first, "late start", "gap"), coverage=np.where(first, 0.5, 1.0))
    found = by_place(replace(decision, scores=scores))
    assert found[["hole", "trials", "in the 95 % band"]].to_numpy().tolist() == [
        ["gap", 12, "100 % of 12"],
        ["late start", 4, "50 % of 4"],
    ]
    assert not len(by_place(decision))


def test_a_method_without_an_answer_in_some_trial_is_left_out_and_named():
    decision = scored(SURE)
    results = decision.scores.drop(columns=["asked"]).assign(task="a")
    data = TaskData(np.arange(40.0), np.random.default_rng(0).normal(size=(40, 2)), ["a", "b"])
    trials = [Trial(f"{k}", ("a",), np.eye(40, 2, -k, dtype=bool), slice(0, 40), f"{k}") for k in range(16)]
    less = decide(results[(results["method"] != "interpolation") | (results["trial"] != "3")], trials, data)
    assert less.left_out == ("interpolation",) and "interpolation" not in less.means.index


# what is said of the trials


def test_means_subtract_to_the_difference():
    decision = scored(np.r_[SURE, 4 * SURE[:3]], stretches=6)
    means, row = decision.means["CRPS"], decision.less("ICM", BASELINE)
    assert means["ICM"] - means[BASELINE] == pytest.approx(row["mean difference"])


@pytest.mark.parametrize(
    "inside, cells, word",
    [
        ([1.0] * 8, 5, ""),  # 40 cells inside: chance
        ([1.0] * 8, 20, "too wide"),
        ([0.9] * 8, 5, ""),
        ([0.7, 0.8, 0.75, 0.8, 0.7, 0.75, 0.8, 0.7], 20, "too narrow"),
        ([0.0] + [1.0] * 7, 20, ""),  # one part alone
        ([0.5] * 2, 40, ""),  # too few parts
        ([0.0, 0.0, 1.0, 1.0, 1.0], 5, ""),  # three fifths reach it
        ([0.0, 0.0, 0.3, 0.4, 1.0], 5, "too narrow"),  # shares differ, and no more than half reach it
        ([0.94] * 7 + [1.0], 100, ""),
    ],
)
def test_a_band_is_called_wrong_only_beyond_chance(inside, cells, word):
    decision = scored([0.1 * k for k in range(len(inside))])
    shares = decision.scores["trial"].astype(int).map(lambda k: inside[k])
    decision = replace(decision, scores=decision.scores.assign(coverage=shares, cells=cells))
    found = covered(decision)
    assert (found.cells, found.word) == (cells * len(inside), word)
    assert found.share.endswith(f"% of {cells * len(inside)} hidden values lay in the 95 % band")


def test_advice_of_full_noise_speaks_of_the_method():
    decision = scored(SURE)
    finding, other = WantsFullNoise("errors of a row go together"), 'a text with try noise="full" in it'
    assert advised(finding, decision) == finding == 'errors of a row go together; try noise="full".'
    icm = decision.means.loc["ICM"]
    decision = replace(decision, means=pd.DataFrame({"ICM, full noise": icm, "ICM": icm + 0.1}).T)
    assert advised(finding, decision) == (
        "errors of a row go together; the method “ICM, full noise” allows for this; its CRPS in the trials is "
        f"{icm['CRPS']:.3f}, that of the ICM {icm['CRPS'] + 0.1:.3f}."
    )
    assert advised(other, decision) == other


def test_equal_gaps_hide_no_cells_twice_and_no_edge():
    y = np.random.default_rng(0).normal(size=(120, 2))
    for start in (15, 45, 80):
        y[start : start + 8, 1] = np.nan
    data = TaskData(np.arange(120.0), y)
    trials = plan(data, kinds_of(data)[0], 16, 0)
    assert len(trials) == 16 == len({trial.mask.tobytes() for trial in trials})
    assert not any(trial.mask[[0, -1]].any() or trial.joined for trial in trials)
    assert len({trial.stretch for trial in trials}) >= 5


def test_columns_in_which_the_filler_is_behind_are_named():
    """By the errors of the table below: those of the best other method, and of the mean of the column."""
    decision = scored(SURE, tasks=("a", "b"))
    assert decision.fills == "ICM" and decision.other == "mean"

    def said(**off):
        scores = decision.scores.assign(off=decision.scores["method"].map(off).fillna(1.0))
        found = answered(replace(decision, scores=scores))
        return [line for line in found if "closer to the truth" in line]

    assert said() == []
    assert said(mean=0.9) == ["In a and b the values of “mean” were closer to the truth."]
    decision = replace(decision, other="interpolation")
    even = "In a and b even the mean of the column was closer to the truth."
    assert said(interpolation=0.9, mean=0.5) == [
        "In a and b the values of “interpolation” were closer to the truth.",
        even,
    ]
    assert said(mean=0.5) == [even]


def test_what_failed_is_told_once_for_each_method():
    failed = [Failed(f"{k}: gap", method, "fit: no optimum; take another", instead) for k, method, instead in FELL]
    assert words.without_answer(failed) == [
        {"method": HALF, "count": 2, "trials": "3: gap; 6: gap", "why": "no optimum", "instead": True},
        {"method": "LMC", "count": 1, "trials": "3: gap", "why": "no optimum", "instead": False},
    ]
    assert words.of_decision(scored(SURE), failed)["failed"] == words.without_answer(failed)
    told = "In some trials full noise could not be fitted"
    assert not any(line.startswith(told) for line in answered(scored(SURE), failed=failed))
    filler = failed[0]._replace(method="ICM")
    assert any(line.startswith(told) for line in answered(scored(SURE), failed=[filler]))


FELL = [(3, HALF, True), (3, "LMC", False), (6, HALF, True)]


def test_the_model_that_fills_is_the_model_that_is_checked(monkeypatch):
    data, decision = TaskData.from_frame(two_series(), "week"), scored(SURE)
    fitted = fit(icm(data), starts=1)
    monkeypatch.setattr(
        page, "check", lambda fit: replace(check(fit, draws=19), findings=("its noise is on the floor",) * 5)
    )
    assert decision.fills == decision.model == "ICM"
    assert page.checked(fitted, decision)["findings"] == ["its noise is on the floor"] * 5
    monkeypatch.setattr(deciding, "choose", lambda scores, cluster: "ICM")  # which is behind another model
    swapped = scored(0.2 + SURE - SURE)
    assert (
        swapped.fills == swapped.model == "ICM"
        and swapped.means.loc["ICM", "CRPS"] > swapped.means.loc[BASELINE, "CRPS"]
    )


# what to do next


@pytest.mark.parametrize(
    ("values", "mean", "log", "said"),
    [
        ([0, 1, 4, 2, 0], 1.0, [], "a"),
        ([0, 1, 4, 2, 0], 9.0, [], ""),  # no band reaches below 0
        ([0, 1, 4.5, 2, 0], 1.0, [], ""),  # not whole
        ([-1, 1, 4, 2, 0], 1.0, [], ""),
        ([1, 2, 4, 2, 1], 1.0, [], ""),  # has its logarithm already, below
        ([0, 1, 4, 2, 0], 1.0, ["a"], ""),
    ],
)
def test_counts_with_a_band_below_zero_are_named(values, mean, log, said):
    data = TaskData(range(6), np.c_[[*values, np.nan], np.arange(6) - 3.0], ["a", "b"])
    filled = Prediction(data.x, data.y.nan_to_num(mean), torch.ones_like(data.y), data.tasks, data.units, True)
    asked = parser().parse_args(["report", "t.csv"])
    asked.log = log
    found = words.of_values(asked, data, filled)
    assert found["counts"] == said and (found["skewed"] == "a") == (min(values) > 0) and not found["yes_no"]


@pytest.mark.parametrize("mean", [0.5, 2.5, 9.0])
def test_zeros_and_ones_are_no_counts(mean):
    """The band is 2 to either side, and no probability can lie beyond 0 and 1."""
    data = TaskData(range(6), np.c_[[0, 1, 1, 0, 0, np.nan], [0, 1, 2, 0, 0, np.nan]], ["ill", "wasps"])
    filled = Prediction(data.x, data.y.nan_to_num(mean), torch.ones_like(data.y), data.tasks, data.units, True)
    found = words.of_values(parser().parse_args(["report", "t.csv"]), data, filled)
    assert found["yes_no"] == {"ill": "bernoulli"} and found["counts"] == ("wasps" if mean < 2 else "")
    assert fit(icm(data, likelihood={**found["yes_no"], "wasps": "poisson"}), starts=1).log_likelihood < 0


QUIET = {
    **dict.fromkeys(("goes_on", "trials", "wanted", "long", "hides", "joined", "beside", "floor", "without_errors"), 0),
    **{
        "alone": False,
        "follows": "",
        "skewed": "",
        "fills": "ICM",
        "other": "interpolation",
        "with_logarithm": "",
        "filled": False,
    },
    "counts": "",
    "yes_no": {},
}
SENTENCES = [  # what gives cause, and words of the sentence
    ({"goes_on": "python -m one"}, "Whether “ICM” or “interpolation” fills better is open after 8 trials."),
    ({"goes_on": "python -m one"}, "going on from what is stored: <code>python -m one"),
    ({"trials": 5, "wanted": 8}, "The table has room for 5 trials, not 8: more would hide the same values again."),
    ({"long": 30, "hides": 12}, "A hole of 30 is longer than a sixth of the table. The trials hide 12 rows of it"),
    (
        {"joined": 3, "beside": "b"},
        "In 3 of 4 trials the hidden values of b lie next to a real hole, because there was no other",
    ),
    ({"alone": True}, "The trials hid one column at a time, where the others were known. Of new rows"),
    ({"band": "too narrow"}, "Half. Quote a wider band, or look for a relation that changes over the table."),
    ({"band": "too wide"}, "Half. It is wider than it need be: fewer values than 1 in 20 lie outside."),
    ({"floor": "b"}, "The model takes every known value of b for exact: its noise is as small as a fit allows"),
    ({"without_errors": "so"}, "That the standard errors are known was a guess. To see what they change: <code>so"),
    (
        {"skewed": "a", "with_logarithm": "so"},
        "a: no value is below 0, but bands reach there or large values are far from the rest. Try it",
    ),
    ({"counts": "a and b"}, "a and b: whole numbers, none below 0, but bands of filled values reach below 0, where no"),
    ({"yes_no": {"ill": "bernoulli"}}, "ill: only 0 and 1, but bands of filled values reach beyond them. Fit it in"),
    ({"yes_no": {"ill": "bernoulli"}}, "<code>likelihood={&#39;ill&#39;: &#39;bernoulli&#39;}</code>, and each hole"),
    ({"filled": True}, "Where you publish a filled value, say that it is one: in filled.csv the column"),
    ({"filled": True}, "Ask why the values are missing. The trials hid values that were known"),
]


@pytest.mark.parametrize(("cause", "words"), SENTENCES, ids=[next(iter(cause)) for cause, _ in SENTENCES])
def test_what_to_do_next_is_said_where_there_is_cause_and_only_there(cause, words):
    quiet = {**QUIET, "trials": 8}
    job = {"trials": [0] * 4}

    def said(todo):
        band = {"word": todo.pop("band", ""), "share": "Half"}
        return page.render("todo.html", {"job": job, "todo": {**todo, "band": band}})

    assert words in said({**quiet, **cause})
    assert said(dict(quiet)).strip() == ""


# filled.csv

FILLED = {  # a file, options, and filled.csv, where the cell at the input x is filled by x + 100.25 in the first task,
    # and by x + 200.25 in the second; days count from the first, months are years, and the band is 2 to either side
    "a German logger: unsorted, with columns that are left out, a unit, and other spellings of missing": (
        """Datum;Station;Pegel [cm];Abfluss;Flag
13.01.2019;Kehl;1.068,5;2,5;
11.01.2019;Kehl;NA;2,25;x
12.01.2019;Kehl;1.070;;
15.01.2019;Kehl;-999;2,75;
14.01.2019;Kehl;1.071,50;3,5;x
16.01.2019;Kehl;1.069,5;3;
""",
        [],
        """Datum;Station;Pegel [cm];Abfluss;Flag;Pegel low;Pegel high;Pegel filled;"""
        """Abfluss low;Abfluss high;Abfluss filled
13.01.2019;Kehl;1.068,5;2,5;;;;no;;;no
11.01.2019;Kehl;100,25;2,25;x;98,25;102,25;yes;;;no
12.01.2019;Kehl;1.070;201,25;;;;no;199,25;203,25;yes
15.01.2019;Kehl;104,25;2,75;;102,25;106,25;yes;;;no
14.01.2019;Kehl;1.071,50;3,5;x;;;no;;;no
16.01.2019;Kehl;1.069,5;3;;;;no;;;no
""",
    ),
    "lines that are repeated are filled alike, and a second reading at an input leaves no hole": (
        "t,b,a,c\n3,1.5,1,u\n2,,2,u\n2,,2,v\n3,,4,u\n1,2.5,,v\n4,3.5,8,u\n5,1.5,9,u\n2,,2,v\n6,9.5,7,u\n",
        ["--columns", "a,b"],
        """t,b,a,c,a low,a high,a filled,b low,b high,b filled
3,1.5,1,u,,,no,,,no
2,202.25,2,u,,,no,200.25,204.25,yes
2,202.25,2,v,,,no,200.25,204.25,yes
3,,4,u,,,no,,,no
1,2.5,101.25,v,99.25,103.25,yes,,,no
4,3.5,8,u,,,no,,,no
5,1.5,9,u,,,no,,,no
2,202.25,2,v,,,no,200.25,204.25,yes
6,9.5,7,u,,,no,,,no
""",
    ),
    "every second row by the input: the others keep their blank cells": (
        "t|a|b\n"
        + "".join(f"{t}|{'' if t in (4, 7) else t * t % 11}|{'' if t == 2 else t % 4}\n" for t in range(9, -1, -1)),
        ["--every", "2"],
        "t|a|b|a low|a high|a filled|b low|b high|b filled\n"
        + "".join(f"{t}|{t * t % 11}|{t % 4}|||no|||no\n" for t in (9, 8))
        + "7||3|||no|||no\n6|3|2|||no|||no\n5|3|1|||no|||no\n4|104.25|0|102.25|106.25|yes|||no\n3|9|3|||no|||no\n"
        + "2|4|202.25|||no|200.25|204.25|yes\n1|1|1|||no|||no\n0|0|0|||no|||no\n",
    ),
    "a sign at each number, and rows of which the first has no name and begins with #": (
        't\tshare\tcost\tby\n1\t12 %\t€ 3\t"#1"\n2\t\t€ 4.5\tx\n3\t15 %\t\tx\n4\t16 %\t€ 5\tx\n5\t11.5 %\t€ 2\tx\n',
        [],
        "t\tshare\tcost\tby\tshare low\tshare high\tshare filled\tcost low\tcost high\tcost filled\n"
        "1\t12 %\t€ 3\t#1\t\t\tno\t\t\tno\n2\t102.25 %\t€ 4.5\tx\t100.25\t104.25\tyes\t\t\tno\n"
        "3\t15 %\t€ 203.25\tx\t\t\tno\t201.25\t205.25\tyes\n4\t16 %\t€ 5\tx\t\t\tno\t\t\tno\n"
        "5\t11.5 %\t€ 2\tx\t\t\tno\t\t\tno\n",
    ),
    "a name that a spreadsheet takes for a formula, one that is blank, and cells that begin with a minus": (
        ",t,=b (m)\n10,3,-1\n11,2,-4\n13,1,+5\n12,4,\n14,5,2\n",
        [],
        ",t,'=b (m),'=b low,'=b high,'=b filled\n"
        "10,3,-1,,,no\n11,2,-4,,,no\n13,1,+5,,,no\n12,4,104.25,102.25,106.25,yes\n"
        "14,5,2,,,no\n",
    ),
    "a file split by blanks, with a decimal comma": (
        "t a b\n1 2 3,5\n2 NA 1,25\n3 4 2,5\n5 1 1,5\n4 3 NA\n",
        ["--input", "t"],
        't,a,b,a low,a high,a filled,b low,b high,b filled\n1,2,"3,5",,,no,,,no\n'
        '2,"102,25","1,25","100,25","104,25",yes,,,no\n3,4,"2,5",,,no,,,no\n5,1,"1,5",,,no,,,no\n'
        '4,3,"204,25",,,no,"202,25","206,25",yes\n',
    ),
    "a long file: blanks are filled, and what has no line gets one": (
        "site,year,month,v (mm),by\n"
        + "".join(f"{s},2019,{m},{v},x\n" for s, m, v in [*zip("ababab", (3, 3, 1, 1, 2, 5), (4, 5, "", 7, 8.5, 9.5))])
        + "a,2019,4,1,y\nb,2019,4,2,y\nb,2019,2,-999,y\na,2019,7,3.5,y\n",
        ["--series", "site", "--value", "v", "--missing=-999"],
        """site,year,month,v (mm),by,v low,v high,v filled
a,2019,3,4,x,,,no
b,2019,3,5,x,,,no
a,2019,1,2119.25,x,2117.25,2121.25,yes
b,2019,1,7,x,,,no
a,2019,2,8.5,x,,,no
b,2019,5,9.5,x,,,no
a,2019,4,1,y,,,no
b,2019,4,2,y,,,no
b,2019,2,2219.3333,y,2217.3333,2221.3333,yes
a,2019,7,3.5,y,,,no
a,2019,5,2119.5833,,2117.5833,2121.5833,yes
b,2019,7,2219.75,,2217.75,2221.75,yes
""",
    ),
}


def filled_file(table, *words):
    """What is written for a file, filled by an answer that tells each cell from all others."""
    asked = parsed(["report", table, *words])
    data, how = read_asked(asked)
    mean = data.x[:, :1] + 100.25 + 100 * torch.arange(data.num_tasks)
    answer = Prediction(data.x, mean, (~data.observed).double(), data.tasks, data.units, True)
    write_filled("filled.csv", data, answer, table=table, how=how, every=asked.every)
    return Path("filled.csv").read_text(encoding="utf8")


@pytest.mark.parametrize("case", list(FILLED))
def test_filled_csv_is_the_file_with_its_holes_filled(case, tmp_path, monkeypatch):
    given, words, filled = FILLED[case]
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(given, encoding="utf8")
    assert filled_file("table.csv", *words) == filled
    _, how = read_asked(parsed(["report", "table.csv", *words]))
    read = traced("table.csv", **how)
    before, roles = read.table, {"tasks": list(map(safe, read.table.tasks))}
    if read.long is not None:
        roles |= {"series": read.long[1], "value": read.long[2]}
    after = read_table("filled.csv", **{**how, **roles})
    new = before.y.isnan() & ~after.y.isnan()
    assert torch.equal(after.x, before.x) and torch.equal(after.y[before.observed], before.y[before.observed])
    assert torch.equal(new, torch.tensor(missing(before)) & (before.x[:, :1] % 2 == 0) | new & ("--every" not in words))
    expected = before.x[:, :1] + 100.25 + 100 * torch.arange(before.num_tasks)
    torch.testing.assert_close(after.y[new], expected[new], rtol=0, atol=1e-4)


def test_whole_numbers_that_are_filled_with_three_decimals_group_no_thousands(tmp_path, monkeypatch):
    """Where no number of the file tells, a zero stands behind them; a file of Umsatz would be refused without."""
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("Tag;Umsatz\n" + "".join(f"{k};{v}\n" for k, v in enumerate((120, 150, 180, "", 110))))
    data, how = read_asked(parsed(["report", "table.csv"]))
    answer = Prediction(data.x, data.y.nan_to_num(123.456), 0.0625 * torch.ones_like(data.y), data.tasks, [""], True)
    write_filled("filled.csv", data, answer, table="table.csv", how=how)
    assert Path("filled.csv").read_text().splitlines()[4] == "3;123.4560;122.9560;123.9560;yes"
    assert read_table("filled.csv", tasks=["Umsatz"]).y[3, 0] == 123.456


def test_a_workbook_and_a_logarithm_are_filled_in_units_of_the_file(tmp_path, monkeypatch):
    pytest.importorskip("openpyxl")
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"t": [3, 1, 2, 5, 4, 6], "note": list("uvwxyz"), "a [m]": [1.5, None, 4.25, 2, 8, 3]})
    with pd.ExcelWriter("book.xlsx") as book:
        frame.to_excel(book, sheet_name="one", index=False)
        frame.to_excel(book, sheet_name="two", index=False)
    asked = parsed(["report", "book.xlsx", "--sheet", "two", "--log", "a", "--skip", "6"])
    data, how = read_asked(asked)
    answer = Prediction(data.x, torch.ones_like(data.y), (~data.observed).double(), data.tasks, data.units, True)
    write_filled("filled.csv", data, answer, ["a"], table="book.xlsx", how=how)
    assert Path("filled.csv").read_text() == (
        "t,note,a [m],a low,a high,a filled\n3,u,1.5,,,no\n1,v,2.71828,0.36788,20.08554,yes\n2,w,4.25,,,no\n"
        "5,x,2,,,no\n6,z,3,,,no\n"
    )


def test_names_of_rows_are_text_and_errors_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [("=A1", 1, 2.5, 0.1), ("b", 2, "", 0), ('"#c"', 3, 4.5, 0.2), ("d", 4, 3.5, 0.1), ("e", 5, 1.5, "")]
    Path("table.csv").write_text("name,t,a,a_se\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows))
    assert filled_file("table.csv").replace('"', "").splitlines() == [
        "name,t,a,a_se,a low,a high,a filled",
        "'=A1,1,2.5,0.1,,,no",
        "b,2,102.25,0,100.25,104.25,yes",
        "#c,3,4.5,0.2,,,no",
        "d,4,3.5,0.1,,,no",
        "e,5,1.5,,,,no",
    ]
    assert list(read_table("filled.csv", tasks=["a"]).index) == ["'=A1", "b", "#c", "d", "e"]  # no remark


def test_filled_csv_is_of_the_table_that_was_modelled(place):
    data, how = read_asked(parsed(["report", "table.csv"]))
    answer = Prediction(data.x, data.y.nan_to_num(), torch.ones_like(data.y), data.tasks, data.units, True)
    with pytest.raises(ImportError, match=r"report\.write_filled: this repeat\.py was written by an earlier version; "):
        write_filled("filled.csv", data, answer, log=["a"])
    Path("table.csv").write_text(Path("table.csv").read_text().replace("\n7,", "\n7,1"))
    with pytest.raises(ValueError, match=r"table\.csv has changed since it was read; run the command again"):
        write_filled("filled.csv", data, answer, table="table.csv", how=how)
    assert not Path("filled.csv").exists()
