"""The landing page, what each chapter needs, and the page for those who teach."""

import io
import os
import re
from pathlib import Path

import frame  # tools/frame.py
import handout  # tools/handout.py
import hero  # tools/hero.py
import measure  # tools/measure.py
import nbformat
import numpy as np
import pandas as pd
import pytest
from opening import opened
from PIL import Image
from plain import ROOT, documents, read, title  # tools/plain.py

from mtgp_tutorial import datasets

NUMBERED = [name for name, number in documents().items() if number]


def test_the_code_that_the_landing_page_and_the_readme_show_fills_a_file(tmp_path, monkeypatch):
    """Every cell that is missing, with its standard deviation; what was read stays."""
    pages = ((ROOT / name).read_text(encoding="utf8") for name in ("book/preface.md", "README.md"))
    shown = [re.findall(r"```python\n(.*?)```", page, re.DOTALL) for page in pages]
    assert shown[0] == shown[1] and len(shown[0]) == 1
    lines = [line for line in shown[0][0].split("\n") if line]
    assert len(lines) == 3
    frame = pd.read_csv(datasets.example_csv())
    frame.to_csv(tmp_path / "file.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec("\n".join(lines[:-1]), names)
    filled = eval(lines[-1], names)
    means, sds = (filled.xs(value, axis=1, level="value") for value in ("mean", "sd"))
    read = frame.iloc[:, 1:].notna().to_numpy()
    assert 0 < read.sum() < read.size and means.shape == read.shape
    assert (sds.to_numpy()[~read] > 0).all() and (sds.to_numpy()[read] == 0).all()
    assert (means.to_numpy()[read] == frame.iloc[:, 1:].to_numpy()[read]).all() and means.notna().all(axis=None)


def test_the_figure_is_what_the_script_draws():
    assert not hero.stale()


def test_the_readme_shows_the_same_figure():
    """Drawn again it differs in hardly a point; the README says in words what it shows, as the page does."""
    hero.picture(again := io.BytesIO())
    stored, fresh = (np.asarray(Image.open(file).convert("L"), float) for file in (hero.PICTURE, again))
    assert stored.shape == fresh.shape and np.abs(stored - fresh).mean() < 1
    assert f"![{hero.ALT}](book/_static/{hero.PICTURE.name})" in (ROOT / "README.md").read_text(encoding="utf8")


def test_the_root_is_the_landing_page(book):
    """Same title, description and text; each address leads to the same place, one folder higher."""
    html, pages = book
    root, page = pages["index.html"], pages["book/preface.html"]
    assert root.title.get_text() == page.title.get_text() == title(read("preface", ROOT))
    assert root.html["lang"] == "en" and not root.select("meta[http-equiv]")
    assert 60 < len(root.select_one("meta[name=description]")["content"]) < 200
    assert root.article.get_text() == page.article.get_text()
    for attribute in ("href", "src", "action", "data-content_root"):
        there = [element[attribute] for element in page.select(f"[{attribute}]")]
        here = [element[attribute] for element in root.select(f"[{attribute}]")]
        assert len(here) == len(there)
        for above, below in zip(here, there):
            if not re.match(r"#|[a-z]+:", below):
                assert os.path.normpath(html / above) == os.path.normpath(html / "book" / below)
    fonts = [re.findall(r'href: "([^"]*)', str(one)) for one in (root, page)]
    assert fonts[0] == ["./_static/fonts/"] and fonts[1] == ["../_static/fonts/"]


SCREENS = ((1440, 900), (390, 844))


@pytest.mark.parametrize("width, height", SCREENS)
def test_the_figure_is_on_the_first_screen(book, chromium, width, height):
    page, notes = opened(chromium, book[0] / "index.html", width, viewport={"width": width, "height": height})
    box = page.locator(".hero svg[role=img]").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= height
    assert notes["console"] == []
    page.context.close()


@pytest.mark.parametrize("name", NUMBERED)
def test_a_chapter_needs_earlier_ones(name):
    chapter = frame.facts()[name]
    assert set(chapter) == {"able", "needs", "run"} and chapter["run"] >= 1
    assert chapter["able"][0].isupper() and chapter["able"].endswith(".") and len(chapter["able"].split()) <= 25
    assert [NUMBERED.index(need) for need in chapter["needs"]] == sorted(NUMBERED.index(n) for n in chapter["needs"])
    assert all(need in NUMBERED[: NUMBERED.index(name)] for need in chapter["needs"])


def test_minutes_to_read_are_those_in_sight():
    cell = nbformat.v4.new_markdown_cell
    code = nbformat.v4.new_code_cell("x = 1\n" * 20)
    folded = nbformat.v4.new_code_cell("x = 1\n" * 200, metadata={"tags": ["hide-input"]})
    drawn = nbformat.v4.new_code_cell(
        "y = 1\n" * 12, metadata={"tags": ["hide-input"], "mystnb": {"figure": {"caption": "a"}}}
    )
    answer = "```{dropdown} Answer\n" + "word " * 898 + "$z$\n```\n"
    played = "```{explore} x\n:twin: y\n:label: z\ntry\n```\n"
    words = cell("word " * 175 + "\n\n$$\nx\n$$\n\n$$\ny\n$$\n\n" + answer + played)
    page = nbformat.v4.new_notebook(cells=[words, code, folded, drawn])
    # two minutes of words, three for two equations, two for two figures, 20 lines; then 10 minutes and 212 lines
    assert measure.minutes(page) == (9, 36)
    drawn.metadata["tags"] = ["hide-cell"]  # the figure is folded with its code
    assert measure.minutes(page) == (8, 36)


def test_sheets_have_every_exercise_and_no_solution():
    sheets = handout.sheets()
    assert set(NUMBERED) <= set(sheets)
    for name, text in sheets.items():
        source = "\n".join(cell.source for cell in read(name, ROOT).cells if cell.cell_type == "markdown")
        cells = nbformat.reads(text, as_version=4).cells
        asked = [cell.source for cell in cells[2::2]]
        assert len(asked) == len(re.findall(r"\{exercise(?:-start)?\}", source))
        assert all(re.match(r"> \*\*Exercise [\d.]+\*\* ", one) for one in asked)
        assert all(len(one.split()) > 10 for one in asked) and "Solution" not in text
        assert all(not cell.source for cell in cells[3::2])


def test_the_teaching_page_links_every_sheet(book):
    html, pages = book
    page = pages["book/teach.html"]
    linked = {Path(link["href"]).stem for link in page.select("a[href*='exercises/']")}
    assert linked == set(handout.sheets()) == {path.stem for path in (html / "_static" / "exercises").iterdir()}
    rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("tr")]
    counts = {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[2] == "sheet"}
    for name, text in handout.sheets().items():
        assert counts[title(read(name, ROOT))] == text.count("**Exercise ")
