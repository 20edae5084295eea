"""A file of the module imports from lower layers only (the layers stand in pyproject.toml)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_program_of_an_earlier_report_says_how_to_make_a_new_one():
    for once in ("", "once, "):
        with pytest.raises(ImportError, match="was written by version 0.10 or before; for a new one run"):
            exec(f"from mtgp_tutorial.report import arms, deciding, hiding, kinds, {once}reading, writing")


def test_imports_keep_to_the_layers():
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("asked", ["mtgp_tutorial.plots.tasks", "plots.tasks"])
def test_what_few_programs_need_is_imported_when_it_is_first_asked_for(asked):
    """In a process of its own: matplotlib and seaborn with `plots`, joblib, and SciPy's statistics and optimisers."""
    late = "{'matplotlib', 'seaborn', 'scipy.stats', 'scipy.optimize', 'joblib'}"
    code = (
        f"import sys, mtgp_tutorial\nprint(sorted({late} & sys.modules.keys()))\n"
        "print({'plots', 'read_table'} <= set(dir(mtgp_tutorial)))\n"
        f"{'from mtgp_tutorial import plots' if asked == 'plots.tasks' else ''}\n"
        f"print(callable({asked}), 'matplotlib' in sys.modules, hasattr(mtgp_tutorial, 'nothing'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split("\n")[:3] == ["[]", "True", "True True False"], done.stderr


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
