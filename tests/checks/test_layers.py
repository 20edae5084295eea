"""A file of the module imports from lower layers only (the layers stand in pyproject.toml)."""

import ast
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_imports_keep_to_the_layers():
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


SHARED = {
    "log_likelihood",
    "posterior",
    "sample",
}  # the same for other arguments, or by another library


def test_one_name_means_one_thing():
    """Of files, and of functions and classes that other files may import."""
    paths = [*(ROOT / "mtgp_tutorial").rglob("*.py")]
    defined = [
        node.name
        for path in paths
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    for names, shared in (([path.stem for path in paths], {"__init__"}), (defined, SHARED)):
        assert {name for name, count in Counter(names).items() if count > 1} == shared


@pytest.mark.parametrize("asked", ["mtgp_tutorial.plots.tasks", "plots.tasks"])
def test_what_few_programs_need_is_imported_when_it_is_first_asked_for(asked):
    """In a process of its own: matplotlib and seaborn with `plots`, joblib, and SciPy's statistics and optimisers."""
    late = "{'matplotlib', 'seaborn', 'scipy.stats', 'scipy.optimize', 'joblib'}"
    code = (
        "import sys, mtgp_tutorial\n"
        "[getattr(mtgp_tutorial, name) for name in mtgp_tutorial.__all__ if name != 'plots']\n"
        "[getattr(mtgp_tutorial.tables, name) for name in mtgp_tutorial.tables.__all__]\n"
        f"print(sorted({late} & sys.modules.keys()))\n"
        "print({'plots', 'tables'} <= set(dir(mtgp_tutorial)))\n"
        f"{'from mtgp_tutorial import plots' if asked == 'plots.tasks' else ''}\n"
        f"print(callable({asked}), 'matplotlib' in sys.modules, hasattr(mtgp_tutorial, 'nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split("\n")[:3] == ["[]", "True", "True True False"], done.stderr


def test_any_file_may_be_the_first_that_is_imported():
    """Which one is depends on the name that is first asked for. The libraries are imported once."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "mtgp_tutorial").rglob("*.py")]
    code = (
        "import importlib, sys, gpytorch, matplotlib.pyplot, pandas\n"
        f"for name in {[name.removesuffix('.__init__') for name in names]}:\n"
        "    for old in [old for old in sys.modules if old.split('.')[0] == 'mtgp_tutorial']:\n"
        "        del sys.modules[old]\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert len(names) > 70 and done.returncode == 0, done.stderr


@pytest.fixture
def without(tmp_path):
    """Runs a program on a copy of the module that lacks some folders."""

    def run(folders, code):
        shutil.copytree(
            ROOT / "mtgp_tutorial", tmp_path / "mtgp_tutorial", ignore=shutil.ignore_patterns("__pycache__", *folders)
        )
        start = (  # an installation that points to this folder would offer what the copy lacks
            "import sys\n"
            "sys.meta_path = [one for one in sys.meta_path if 'editable' not in getattr(one, '__module__', '')]\n"
            f"import mtgp_tutorial\nassert {str(tmp_path)!r} in mtgp_tutorial.__file__\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "tests")])}
        words = [sys.executable, "-c", start + code]
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


BESIDE = {f"laws.{name}" for name in "plain pools seasonal evaluation forecasting checking trends".split()}


@pytest.mark.slow
def test_laws_of_tables_hold_without_reading_of_files_and_report(without):
    """Of what stands beside the two in `tables`; from the core no import leads there (lint-imports)."""
    code = (
        f"import laws\nmine = [law for law in laws.LAWS if law.__module__ in {BESIDE}]\nfor law in mine:\n    law()\n"
    )
    found = without(("files", "report"), code + "print(len(mine))")
    assert found.returncode == 0 and int(found.stdout.split()[-1]) > 30, found.stderr[-2000:]
