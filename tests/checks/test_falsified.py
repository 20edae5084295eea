"""A changed output does not pass: every kind of slip or forgery is found, by nbval or by test_notebooks.py."""

import base64
import copy
import io
import os
import re
import shutil
import subprocess
import sys

import nbformat
import notebooks  # tools/notebooks.py
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from stamp import ROOT

sys.path.append(str(ROOT / "tests" / "book"))  # at the end: it has a conftest of its own
from test_notebooks import faults  # noqa: E402

SAMPLE = [  # below the cell that tests the import, which every notebook is given
    "import matplotlib.pyplot as plt\nprint('the answer is 0.123')",
    "plt.plot([0, 1], [0, 1])\nplt.show()",
    "plt.plot([0, 1], [1, 0])\nplt.show()",
    "object()",
]
STORED_FORM = """import pytest
@pytest.mark.parametrize("name", ["a.ipynb"])
def test_stored_outputs_are_complete_and_clean(name): pass
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A small notebook, run as the chapters are."""
    path = tmp_path_factory.mktemp("sample") / "sample.ipynb"
    cells = [new_code_cell(source, metadata={"mystnb": {"image": {"alt": "A straight line."}}}) for source in SAMPLE]
    nbformat.write(new_notebook(cells=cells), path)
    return nbformat.reads(notebooks.run(path), as_version=4)


def change_a_digit(cells):
    cells[1].outputs[0].text = cells[1].outputs[0].text.replace("0.123", "0.124")


def swap_a_figure(cells):
    cells[2].outputs[0].data["image/png"] = cells[3].outputs[0].data["image/png"]


def remove_a_figure(cells):
    del cells[2].outputs[0].data["image/png"]


def add_a_figure(cells):
    cells[1].outputs += copy.deepcopy(cells[2].outputs)


def resize_a_figure(cells):
    picture = Image.open(io.BytesIO(base64.b64decode(cells[2].outputs[0].data["image/png"])))
    shrunk, info = io.BytesIO(), PngInfo()
    info.add_text("Software", picture.info["Software"])
    picture.resize((picture.width - 1, picture.height)).save(shrunk, format="png", pnginfo=info)
    cells[2].outputs[0].data["image/png"] = base64.b64encode(shrunk.getvalue()).decode()


FALSIFICATIONS = [change_a_digit, swap_a_figure, remove_a_figure, add_a_figure, resize_a_figure]


def test_nbval_notices_every_falsified_output(sample, tmp_path):
    nbformat.write(sample, tmp_path / "untouched.ipynb")
    for falsify in FALSIFICATIONS:
        forged = copy.deepcopy(sample)
        falsify(forged.cells)
        nbformat.write(forged, tmp_path / f"{falsify.__name__}.ipynb")
    ours = ["-c", ROOT / "pyproject.toml", "-p", "conftest"]
    command = [sys.executable, "-m", "pytest", "--nbval", *ours, "-rA", tmp_path]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=ROOT, env=path, capture_output=True, text=True)
    failed = set(re.findall(r"^FAILED .*?(\w+)\.ipynb::", result.stdout, re.MULTILINE))
    assert failed == {falsify.__name__ for falsify in FALSIFICATIONS}, result.stdout + result.stderr
    assert "untouched.ipynb::Cell 4" in result.stdout


def stamped_run(tree):
    """What `pytest --nbval --stamped` says of the chapters of a tree, on two processes as in the Makefile."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--stamped", "-n2", "-rA"]
    path = {**os.environ, "PYTHONPATH": str(tree / "tools")}
    return subprocess.run([*command, "book", "tests"], cwd=tree, env=path, capture_output=True, text=True).stdout


def test_chapters_run_unless_they_passed_on_exactly_these_sources(tmp_path):
    for name in ("conftest.py", "tools/stamp.py", "tests/matplotlibrc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "pytest.ini").touch()  # the root of this tree
    (tmp_path / "tests" / "book").mkdir()
    (tmp_path / "tests" / "book" / "test_notebooks.py").write_text(STORED_FORM)
    chapter = tmp_path / "book" / "a.ipynb"
    chapter.parent.mkdir()
    nbformat.write(new_notebook(cells=[new_code_cell("print(0.123)")]), chapter)
    chapter.write_text(notebooks.run(chapter))
    runs, skipped = "PASSED book/a.ipynb::Cell 1", "chapters: passed on exactly these sources (stamp)"
    first, second = stamped_run(tmp_path), stamped_run(tmp_path)
    assert runs in first and skipped not in first, first
    assert "book/a.ipynb" not in second and skipped in second and "1 passed" in second, second
    chapter.write_text(chapter.read_text().replace('"0.123', '"0.124'))
    third = stamped_run(tmp_path)
    assert "FAILED book/a.ipynb::Cell 1" in third and skipped not in third, third


def strip_outputs(notebook):
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None


def never_run_a_cell(notebook):
    notebook.cells[2].outputs, notebook.cells[2].execution_count = [], None


def silence_by_tag(notebook):
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]


def silence_by_comment(notebook):
    notebook.cells[1].source += "  # NBVAL_IGNORE_OUTPUT"


def store_a_warning(notebook):
    notebook.cells[1].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="careful"))


def drop_alt_text(notebook):
    del notebook.cells[2].metadata["mystnb"]


SLIPS = [strip_outputs, never_run_a_cell, silence_by_tag, silence_by_comment, store_a_warning, drop_alt_text]


@pytest.mark.parametrize("slip", SLIPS)
def test_what_nbval_overlooks_is_found_here(sample, slip):
    assert faults(sample) == []
    spoilt = copy.deepcopy(sample)
    slip(spoilt)
    assert faults(spoilt)
