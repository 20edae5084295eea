"""A file of the module imports from lower layers only (the layers stand in pyproject.toml)."""

import ast
import os
import shutil
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_program_of_an_earlier_report_says_how_to_make_a_new_one():
    for once in ("", "once, "):
        with pytest.raises(ImportError, match="was written by an earlier version; for a new one run"):
            exec(f"from mtgp_tutorial.tables.report import arms, deciding, hiding, kinds, {once}reading, writing")
    with pytest.raises(ImportError, match="report.try_once: this repeat.py was written by an earlier version"):
        exec("from mtgp_tutorial import report; report.try_once")


def test_imports_keep_to_the_layers():
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


SHARED = {"adjoint", "filtered", "log_likelihood", "sample"}  # the same for other arguments, or by another library


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
        "[getattr(mtgp_tutorial, name) for name in mtgp_tutorial.__all__ if name not in ('plots', 'read_table')]\n"
        f"print(sorted({late} & sys.modules.keys()))\n"
        "print({'plots', 'read_table'} <= set(dir(mtgp_tutorial)))\n"
        f"{'from mtgp_tutorial import plots' if asked == 'plots.tasks' else ''}\n"
        f"print(callable({asked}), 'matplotlib' in sys.modules, hasattr(mtgp_tutorial, 'nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split("\n")[:3] == ["[]", "True", "True True False"], done.stderr


@pytest.mark.parametrize("words", ["--help", "--version", "report --help", "report table.csv --kernel sine", ""])
def test_what_only_reads_the_command_line_imports_no_library(words):
    command = [sys.executable, "-X", "importtime", "-m", "mtgp_tutorial", *words.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.split("\n") if "import time:" in line}
    assert {"argparse", "mtgp_tutorial"} <= loaded
    assert not loaded & {"torch", "gpytorch", "linear_operator", "numpy", "pandas", "scipy", "matplotlib", "joblib"}
    assert done.returncode == (0 if words.endswith(("--help", "--version")) else 2)


@pytest.mark.parametrize("package", ["mtgp_tutorial", "mtgp_tutorial.tables.report"])
def test_names_that_are_looked_up_late_are_those_that_type_checkers_see(package):
    module = import_module(package)
    block = next(node for node in ast.parse(Path(module.__file__).read_text()).body if isinstance(node, ast.If))
    seen = {name.name: node.module for node in block.body for name in node.names}
    assert set(seen) == set(module.__all__) == set(module._HOME) <= set(dir(module))
    for name, home in seen.items():
        assert getattr(module, name) is getattr(import_module(home), name), name


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


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """A copy of the module without its two extensions, and a program that runs in it."""
    folder = tmp_path_factory.mktemp("core")
    left_out = shutil.ignore_patterns("__pycache__", "report", "files")
    shutil.copytree(ROOT / "mtgp_tutorial", folder / "mtgp_tutorial", ignore=left_out)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "tests")])}

    def run(code):
        start = (  # an installation that points to this folder would offer what the copy lacks
            "import sys\n"
            "sys.meta_path = [one for one in sys.meta_path if 'editable' not in getattr(one, '__module__', '')]\n"
            f"import mtgp_tutorial\nassert {str(folder)!r} in mtgp_tutorial.__file__\n"
        )
        words = [sys.executable, "-c", start + code]
        return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)

    return run


def test_the_core_does_without_reading_and_report(core):
    found = core("from mtgp_tutorial import fit, icm, simulate\nprint(fit(icm(simulate.two_sines(seed=1)), starts=1))")
    assert found.returncode == 0, found.stderr
    found = core("from mtgp_tutorial import read_table")
    assert "ImportError: read_table: No module named" in found.stderr and "TaskData.from_frame" in found.stderr


@pytest.mark.slow
def test_the_laws_of_the_core_hold_without_its_extensions(core):
    found = core("import laws\nfor law in laws.LAWS:\n    law()\nprint(len(laws.LAWS))")
    assert found.returncode == 0 and int(found.stdout.split()[-1]) > 140, found.stderr[-2000:]
