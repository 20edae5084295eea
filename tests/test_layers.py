"""A file of the module imports from lower layers only (the layers stand in pyproject.toml)."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from mtgp_tutorial.moved import MOVED

ROOT = Path(__file__).resolve().parents[1]


def test_a_file_that_moved_says_where_to():
    for old, new in MOVED.items():
        importlib.import_module(f"mtgp_tutorial.{new}")
        with pytest.raises(ModuleNotFoundError, match=f"mtgp_tutorial.{old}: is now mtgp_tutorial.{new}; import it"):
            importlib.import_module(f"mtgp_tutorial.{old}")
    with pytest.raises(ModuleNotFoundError, match="judging.store: is now mtgp_tutorial.judging.comparing"):
        from mtgp_tutorial.judging import store  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match="No module named"):
        importlib.import_module("mtgp_tutorial.nothing")


def test_a_program_of_an_earlier_report_says_how_to_make_a_new_one():
    for once in ("", "once, "):
        with pytest.raises(ImportError, match="was written by version 0.10 or before; for a new one run"):
            exec(f"from mtgp_tutorial.report import arms, deciding, hiding, kinds, {once}reading, writing")


def test_imports_keep_to_the_layers():
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
