"""The chapters' stored outputs: complete and clean. test_falsified.py shows that slips and forgeries are found."""

import base64
import io
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
SILENCING = re.compile(r"nbval|raises-exception", re.IGNORECASE)


def faults(notebook):
    """What nbval would not notice about a notebook's stored outputs."""
    found = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("cells are not counted 1, 2, 3, ...: run `make notebooks`")
    for number, cell in enumerate(code):
        if SILENCING.search(" ".join(cell.metadata.get("tags", [])) + cell.source):
            found.append(f"cell {number} silences nbval")
        if max(map(len, cell.source.split("\n"))) > 78:
            found.append(f"cell {number} is wider than a page")
        if any(output.output_type == "error" or output.get("name") == "stderr" for output in cell.outputs):
            found.append(f"cell {number} stores an error or a warning")
        pngs = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if pngs and len(alt) < 10:
            found.append(f"cell {number} draws a figure without alt text (metadata mystnb.image.alt)")
        if not all(drawn_by(png) for png in pngs):
            found.append(f"cell {number} holds a figure that Matplotlib has not drawn")
    return found


def drawn_by(png):
    """The Matplotlib version that wrote a PNG, or None."""
    software = Image.open(io.BytesIO(base64.b64decode(png))).info.get("Software", "")
    found = re.match(r"Matplotlib version([\d.]+)", software)
    return found and found[1]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_stored_outputs_are_complete_and_clean(path):
    assert faults(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_figures_come_from_the_pinned_matplotlib(path):
    pinned = re.search(r"^matplotlib==([\d.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)[1]
    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    pngs = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert {drawn_by(png) for png in pngs} <= {pinned}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_a_chapter_reads_no_file_beside_it(path):
    """A copy on Colab has no files beside it: data come from the module."""
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert not re.findall(r"(?:open|read_csv|loadtxt|torch\.load|np\.load)\(\s*f?[\"'][^/]", "\n".join(code))
