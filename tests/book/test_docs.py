"""What the README and the docstrings say is there."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mtgp_tutorial
from mtgp_tutorial import TaskData, icm, tables

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
DECIDE = (BOOK / "decide.md").read_text(encoding="utf8")
BLOCKS = re.findall(r"```python\n(.*?)```", DECIDE, re.DOTALL)


def test_the_decision_pages_example_runs(tmp_path, monkeypatch):
    """From a file to a filled one, on a made-up file."""
    days, rng = np.arange(0, 1040, 10), np.random.default_rng(0)
    level = np.convolve(rng.normal(size=len(days) + 2), [0.5, 1, 0.5], "valid")  # forgets within a hole
    flow = 5 * level + 0.3 * rng.normal(size=len(days))
    level[45:49] = np.nan
    frame = pd.DataFrame({"days": days, "level": level, "flow": flow})
    frame.drop(index=[60]).to_csv(tmp_path / "file.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in BLOCKS:
        exec(code, names)
    filled, table = names["filled"], names["summarise"](names["results"], "independent, shared")
    assert bool(filled.mean.isfinite().all()) and table.loc[("NLPD", "ICM"), "high"] < 0


def drawn():
    """The drawings: columns, rows, what is hollow (column, row, columns, rows of each rectangle), the line of code."""
    shapes = dict(
        re.findall(r'id="(holes-\w+)" d="(.*?)"', (BOOK / "_static" / "holes.svg").read_text(encoding="utf8"))
    )
    cards = re.findall(r'<svg viewBox="0 0 (\d+) (\d+)".*href="#(holes-\w+)"/></svg>\n```\n\n.*\n`(.*)`', DECIDE)
    for wide, tall, name, line in cards:
        boxes = re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)H\1z", shapes[name])
        assert len(boxes) == shapes[name].count("M")
        boxes = [[int(n) // unit for n, unit in zip(box, (14, 9, 14, 9))] for box in boxes]
        yield pytest.param(int(wide) // 14, int(tall) // 9, boxes, line, id=name)


@pytest.mark.parametrize("columns, rows, boxes, line", list(drawn()))
def test_the_line_beside_each_drawing_fills_it(columns, rows, boxes, line):
    """Ten rows of a table for each of a tall drawing, so that the noise is full; a flat one as it is."""
    each, rng = 10 if rows > columns else 1, np.random.default_rng(0)
    curve = np.convolve(rng.normal(size=each * rows + 2), [0.5, 1, 0.5], "valid")
    y = curve[:, None] * (1 + np.arange(columns)) + 0.2 * rng.normal(size=(len(curve), columns))
    for column, row, wide, tall in boxes:
        y[each * row : each * (row + tall), column : column + wide] = np.nan
    names = {"data": TaskData(np.arange(float(len(y))), y)}
    setup = re.findall(r"^(?:from|both = ).*", BLOCKS[0], re.MULTILINE)
    exec("\n".join(setup), names)
    assert bool(eval(line, names).mean.isfinite().all())
    assert icm(names["data"]).noise == ("full" if each > 1 else "per task")


def test_other_lines_of_the_decision_page_run():
    x = np.linspace(0, 8, 60)
    y = np.sin(2 * np.pi * x)[:, None] + [1, 2, 3] + 0.1 * np.random.default_rng(0).normal(size=(60, 3))
    y[20:24, 0] = np.nan
    lines = re.findall(r"`((?:fill|icm|lmc)\(data, .*?\)|lmc\(data\))`", DECIDE.split("## Four questions")[1])
    names = {name: getattr(home, name) for home in (mtgp_tutorial, tables) for name in home.__all__}
    assert len(lines) > 4
    for line in lines:
        eval(line, names | {"data": TaskData(x, y)})
    assert len(tables.fill(TaskData(x, y[:, :1])).mean) == 60  # one column alone


def test_equations_that_docstrings_cite_are_in_the_book():
    sources = "".join(path.read_text(encoding="utf8") for path in (ROOT / "mtgp_tutorial").rglob("*.py"))
    chapters = "".join(path.read_text(encoding="utf8") for path in (ROOT / "book").glob("*.ipynb"))
    cited = set(re.findall(r"\(book: ([\w-]+)\)", sources))
    assert len(cited) > 3 and {label for label in cited if f"$$ ({label})" not in chapters} == set()


def test_requirements_have_the_lower_bounds_of_the_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    bounds = {*project["dependencies"], *sum(project["optional-dependencies"].values(), [])}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf8").split("\n")
    assert bounds - {line.split("#")[0].strip() for line in lines} == set()


def test_the_model_that_the_chapter_prints_is_the_studys():
    import nbformat

    cells = nbformat.read(ROOT / "book" / "priors.ipynb", as_version=4).cells
    (printed,) = re.findall(r"```python\n(.*?)```", "\n".join(cell.source for cell in cells), re.DOTALL)
    assert "def bayes" in printed and printed in (ROOT / "book" / "studies" / "full_bayes.py").read_text(
        encoding="utf8"
    )


def test_the_version_is_the_same_everywhere():
    places = {
        name: (ROOT / name).read_text(encoding="utf8") for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md")
    }
    found = {
        re.search(r'^(?:version(?: =|:) "?|## )(\d+\.\d+\.\d+)', text, re.MULTILINE)[1] for text in places.values()
    }
    assert found == {mtgp_tutorial.__version__}
