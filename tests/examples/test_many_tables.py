"""examples/many_tables.py: three ways, one answer; killed, resumed, changed, refused."""

import json
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "many_tables.py"
sys.path.insert(0, str(PROGRAM.parent))

import many_tables  # noqa: E402

COUNT = 16


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The lines of a run that was never stopped."""
    path = tmp_path_factory.mktemp("many") / "whole.jsonl"
    many_tables.run(str(path), many_tables.made(COUNT), many_tables.one_by_one)
    return path.read_bytes().splitlines()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "filled.jsonl"


def lines(path):
    return path.read_bytes().splitlines() if path.exists() else []


def command(target, *more):
    return [sys.executable, str(PROGRAM), str(target), "--count", str(COUNT), *more]


def kill_when(target, count, process, victim):
    """Kill what `victim` returns once the file has so many lines."""
    end = time.monotonic() + 120
    while len(lines(target)) < count:
        assert process.poll() is None and time.monotonic() < end, "ended before it could be killed"
        time.sleep(0.005)
    victim().kill()


def test_an_answer_is_what_the_module_says(whole):
    name, content = next(many_tables.made(1))
    line = json.loads(whole[0])
    assert line["table"] == name and len(line["at"]) == content.count(b",,") + content.count(b",\n") > 0
    again = many_tables.filled(name, content)
    assert {key: line[key] for key in again} == again and min(line["sd"]) > 0


def test_a_cluster_gives_the_lines_of_a_loop(whole, target):
    """The other ways do so below, after they were killed."""
    done = subprocess.run(command(target, "--on", "dask"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(lines(target)) == sorted(whole)


@pytest.mark.parametrize("way", ["one", "cores"])
def test_a_killed_run_goes_on_and_nothing_is_done_twice(whole, target, way):
    with subprocess.Popen(command(target, "--on", way), stderr=subprocess.PIPE) as process:
        own = psutil.Process(process.pid)
        kill_when(target, 3, process, lambda: own if way == "one" else worker(own))
    assert process.returncode != 0 and 3 <= len(lines(target)) < COUNT
    before = target.read_bytes()
    target.write_bytes(before + whole[-1][:40])  # half a line
    assert subprocess.run(command(target, "--on", way), capture_output=True).returncode == 0
    assert target.read_bytes().startswith(before) and sorted(lines(target)) == sorted(whole)


def worker(process):
    """One of joblib's processes that fit."""
    return next(one for one in process.children() if "popen_loky" in " ".join(one.cmdline()))


def test_the_lines_of_the_page_for_a_cluster_run(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", partial(distributed.Client, processes=False, dashboard_address=None))
    page = nbformat.read(PROGRAM.parents[1] / "book" / "many.ipynb", as_version=4).cells
    blocks = re.findall(r"```python\n(.*?)```", "\n".join(cell.source for cell in page), re.DOTALL)
    (block,) = (block for block in blocks if "distributed" in block)
    space = {}
    for code in [cell.source for cell in page if cell.cell_type == "code"][1:3] + [block]:
        exec(code, space)
    by = ["table", "x"]
    found = pd.concat(space["found"]).sort_values(by)
    pd.testing.assert_frame_equal(found, space["loop"].sort_values(by))


def test_a_table_that_has_changed_is_filled_again_and_one_that_cannot_be_read_says_why(tmp_path, target):
    names = ["first.csv", "second.csv", "third.csv"]
    for name, (_, content) in zip(names, many_tables.made(2)):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "third.csv").write_text("x,a\n1,oak\n2,elm\n")
    run = partial(many_tables.run, str(target), way=many_tables.one_by_one)
    run(many_tables.files(tmp_path))
    found = [json.loads(line) for line in lines(target)]
    assert [line["table"] for line in found] == names and ["why" in line for line in found] == [False, False, True]
    (tmp_path / "second.csv").write_bytes((tmp_path / "first.csv").read_bytes())
    run(many_tables.files(tmp_path))
    *before, again = (json.loads(line) for line in lines(target))
    assert before == found and again["table"] == "second.csv" and again["mean"] == found[0]["mean"]


def test_a_line_that_was_changed_is_named_and_a_second_run_refused(whole, target):
    target.write_bytes(b"\n".join(whole) + b"\n")
    target.write_bytes(target.read_bytes().replace(b'"made 2"', b'"made 9"'))
    done = subprocess.run(command(target), capture_output=True, text=True)
    assert done.returncode == 1 and "line 3 has changed; take it out" in done.stderr and len(done.stderr) < 300
    with many_tables.FileLock(f"{target}.lock"):
        done = subprocess.run(command(target), capture_output=True, text=True)
    assert done.returncode == 1 and "could not be acquired" in done.stderr and len(done.stderr) < 300
