"""The stamp that lets `make book` and `make test` skip a second run of nbval: any change takes it away."""

import json
import re
from collections import namedtuple
from importlib.metadata import distributions

import pytest
import stamp  # tools/stamp.py

SOURCES = ["mtgp_tutorial/data.py", "mtgp_tutorial/datasets/a.csv", "book/a.ipynb", "book/studies/a.py"]
SOURCES += ["constraints.txt", "conftest.py", "pyproject.toml"]
SOURCES += ["tests/matplotlibrc", "tests/nbval_sanitize.cfg", "tests/book/test_notebooks.py"]
ROOT = stamp.ROOT  # of the book itself
Package = namedtuple("Package", ["name", "version"])


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small tree that has just been verified."""
    for name in [*SOURCES, "README.md"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.setattr(stamp, "ROOT", tmp_path)
    monkeypatch.setattr(stamp, "STAMP", tmp_path / "_build" / "verified.txt")
    assert not stamp.verified()
    stamp.write(stamp.fingerprint())
    assert stamp.verified()
    return tmp_path


@pytest.mark.parametrize("name", SOURCES)
def test_a_changed_source_is_not_verified(tree, name):
    (tree / name).write_text("changed")
    assert not stamp.verified()


def test_a_changed_digit_of_a_stored_output_is_not_verified(tree):
    chapter = tree / "book" / "a.ipynb"
    chapter.write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": [{"text": "0.123"}]}]}))
    stamp.write(stamp.fingerprint())
    assert stamp.verified()
    chapter.write_text(chapter.read_text().replace("0.123", "0.124"))
    assert not stamp.verified()


def test_a_new_or_removed_source_is_not_verified(tree):
    (tree / "book" / "b.ipynb").write_text("new")
    assert not stamp.verified()
    (tree / "book" / "b.ipynb").unlink()
    (tree / "book" / "a.ipynb").unlink()
    assert not stamp.verified()


def test_another_version_of_any_package_is_not_verified(tree, monkeypatch):
    """Of each one that requirements.txt names, alone; numba and scikit-learn among them change stored outputs, too."""
    here = {package.name.lower().replace("_", "-"): package.version for package in distributions()}
    monkeypatch.setattr(stamp, "distributions", lambda: [Package(*one) for one in here.items()])
    stamp.write(stamp.fingerprint())
    assert stamp.verified()
    for name in re.findall(r"^\w[\w-]+", (ROOT / "requirements.txt").read_text(), re.MULTILINE):
        others = [Package(*one) for one in {**here, name: here[name] + ".1"}.items()]
        monkeypatch.setattr(stamp, "distributions", lambda others=others: others)
        assert not stamp.verified(), name


def test_what_cannot_change_an_output_does_not_matter(tree):
    (tree / "README.md").write_text("changed")
    assert stamp.verified()
