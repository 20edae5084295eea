"""The plain copies: in step with the chapters, free of MyST, and able to fetch the module on Colab."""

import glob
import inspect
import os
import re
import shutil
import sys
import tomllib

import blocks  # tools/blocks.py
import nbformat
import plain  # tools/plain.py
import public  # tools/public.py
import pytest
import yaml
from bibliography import Bibliography
from IPython.core.inputtransformer2 import TransformerManager
from linking import Book, Label
from myst import Converter

import mtgp_tutorial

MYST = re.compile(r"\{[\w:-]+\}`|^ *(?:`{3,}|:{3,})\{|^\([\w:.-]+\)=", re.MULTILINE)
CHAPTERS = sorted((plain.ROOT / "book").glob("*.ipynb"))
BIB = """
@article{one, author={Adams, Ann}, title={A title}, journal={Journal}, year={2001}}
@article{two, author={Adams, Ann and {\\'A}lvarez, Bo}, title={A title}, journal={Journal}, year={2002}}
@article{three, author={Adams, Ann and Bell, Bo and Cook, Cy}, title={A {GP} title}, journal={Journal}, year={2003}}
"""


def test_copies_are_in_step():
    assert plain.stale() == [], "run `python tools/plain.py`"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_copies_hold_the_same_code_and_no_myst(path):
    source, copy = nbformat.read(path, as_version=4), nbformat.read(path.parent / "plain" / path.name, as_version=4)
    code = [[cell.source for cell in book.cells if cell.cell_type == "code"] for book in (source, copy)]
    assert code[0][0] == plain.FIRST.strip() and code[1][0] == plain.first_cell()
    assert code[1][1:] == code[0][1:]
    assert not any(cell.get("outputs") for cell in copy.cells)
    assert not MYST.findall("\n".join(cell.source for cell in copy.cells if cell.cell_type == "markdown"))


@pytest.fixture
def convert(tmp_path):
    """Converts text as chapter 2 of a small book."""
    (tmp_path / "references.bib").write_text(BIB)
    titles = {"here": "Here", "there": "There", "text": "Text"}
    book = Book(Bibliography(tmp_path / "references.bib"), titles=titles, copies={"here", "there"})
    book.labels["far"] = Label("there", "(1.1)")
    book.labels["far-section"] = Label("there", "Its heading", section=True)
    book.labels["text-section"] = Label("text", "Its heading", section=True)

    def both_passes(text, pages=""):
        book.pages = pages
        Converter(book, "here", 2, strict=False).cell(text)
        return Converter(book, "here", 2, strict=True).cell(text)

    return both_passes


EXAMPLES = {
    "{cite:t}`one`": "Adams (2001)",
    "{cite:p}`one,two`": "(Adams, 2001; Adams and Álvarez, 2002)",
    "{cite:t}`three`": "Adams et al. (2003)",
    "$$\na\n$$ (e)\n\nsee {eq}`e`": "$$\na \\tag{2.1}\n$$\n\nsee (2.1)",
    "{eq}`far`": "[(1.1) of *There*](there.ipynb)",
    "{ref}`far-section` {ref}`it <far-section>`": (
        "[Its heading](there.ipynb#cell-id=far-section) [it](there.ipynb#cell-id=far-section)"
    ),
    "{doc}`there` {doc}`shown <there>`": "[*There*](there.ipynb) [shown](there.ipynb)",
    "{doc}`text` {ref}`text-section`": "*Text* Its heading of *Text*",
    "(s)=\n## Section\n\n{ref}`s` {ref}`shown <s>`": (
        '<a id="scrollTo=s"></a>\n\n## Section\n\n[Section](#scrollTo=s) [shown](#scrollTo=s)'
    ),
    "{term}`tasks` {term}`task <tasks>`": "tasks task",
    "{download}`a.py <../examples/a.py>`": "`examples/a.py`",
    ":::{admonition} A *title*\n:class: tip\nbody\n:::": "> **A *title*.** body",
    "```{note}\nbody\n```": "> **Note.** body",
    "```{note}\n- body\n```": "> **Note.**\n>\n> - body",
    "```{dropdown} More\n$$\na\n$$\n```": "<details>\n<summary>More</summary>\n\n$$\na\n$$\n\n</details>",
    "```{prf:definition} ICM\n:label: d\nbody\n\n$$\na\n$$\n```\n\n{prf:ref}`d`": (
        "> **Definition 2.1 (ICM).** body\n>\n> $$ a $$\n\nDefinition 2.1"
    ),
    "````{prf:proof}\n```{math}\nx\n```\n````": "> *Proof.* $$ x $$",
    "```{exercise}\n:label: x\nbody\n```\n\n```{solution} x\nanswer\n```": (
        "> **Exercise 2.1.** body\n\n<details>\n<summary>Solution to exercise 2.1</summary>\n\nanswer\n\n</details>"
    ),
    "```{exercise-start} Try\n:label: x\n```": "**Exercise 2.1 (Try).**",
    "```{figure} a.png\n:name: f\n:alt: An image.\nCaption {numref}`f`.\n```": (
        "![An image.](../a.png)\n\n*Figure 2.1.* Caption Figure 2.1."
    ),
    "```{glossary}\ntask\n    What is\n    predicted.\n```": "- **task**: What is predicted.",
    "a\n\n```{index} noise; floor\n```\n\nb": "a\n\nb",
    "```python\n{cite}`untouched`\n```": "```python\n{cite}`untouched`\n```",
    "[a](b.ipynb) [c](d.md) [e](https://f)": "[a](b.ipynb) [c](../d.md) [e](https://f)",
    "a\n% a comment\nb": "a\nb",
    "```{literalinclude} ../tools/blocks.py\n:pyobject: directive\n```": (
        "```python\n" + inspect.getsource(blocks.directive).rstrip() + "\n```"
    ),
}


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_myst_becomes_plain(convert, text):
    assert convert(text) == EXAMPLES[text]


class Colab:
    """Stands in for IPython's shell and keeps what %pip was asked for."""

    def __init__(self):
        self.asked = []

    def run_line_magic(self, name, line):
        self.asked.append((name, line))


def run_first_cell(cell, monkeypatch, wheels=()):
    """Run the first cell of a plain copy with these wheels beside it, oldest first; return what it installed."""
    shell = Colab()
    monkeypatch.setattr(glob, "glob", lambda pattern: sorted(wheels))
    monkeypatch.setattr(os.path, "getmtime", lambda path: list(wheels).index(path))
    names = {"get_ipython": lambda: shell}
    exec(TransformerManager().transform_cell(cell), names)
    assert names.get("newest") == (wheels[-1] if wheels else None)
    return shell.asked


def test_the_first_cell_of_a_chapter_says_what_to_do(monkeypatch):
    exec(plain.FIRST, {})
    monkeypatch.setitem(sys.modules, "mtgp_tutorial", None)  # so that an import fails
    with pytest.raises(ModuleNotFoundError, match="mtgp_tutorial.*: run `pip install .` in the book's folder, or"):
        exec(plain.FIRST, {})


@pytest.mark.parametrize("colab", [False, True])
def test_the_first_cell_of_a_copy(monkeypatch, capsys, colab):
    """It installs the newest wheel beside it; where there is none it says what to do if the module is missing.

    Once it has the module it says, alone of all cells, whether there is a GPU.
    """
    monkeypatch.setenv("COLAB_RELEASE_TAG", "x") if colab else monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert run_first_cell(plain.first_cell(), monkeypatch) == []
    assert capsys.readouterr().out.startswith("GPU: ")
    wheels = ["mtgp_tutorial-0.9-py3-none-any.whl", "mtgp_tutorial-0.10-py3-none-any.whl"]
    [(magic, line)] = run_first_cell(plain.first_cell(), monkeypatch, wheels)
    assert magic == "pip" and line == "install -q {newest}"  # IPython puts the path in
    monkeypatch.setitem(sys.modules, "mtgp_tutorial", None)
    named = f"mtgp_tutorial-{mtgp_tutorial.__version__}-py3-none-any.whl"
    with pytest.raises(ModuleNotFoundError, match=f"put .* {named}, beside this notebook .* run this cell again"):
        run_first_cell(plain.first_cell(), monkeypatch)


@pytest.fixture
def with_address(tmp_path):
    """A tree with a made-up address."""
    shutil.copytree(plain.ROOT / "book", tmp_path / "book", ignore=shutil.ignore_patterns("plain", "_*", "studies"))
    for name in ("_toc.yml", *public.FILES):
        shutil.copy(plain.ROOT / name, tmp_path)
    (tmp_path / "_config.yml").write_text("repository: {url: 'https://github.com/OWNER/REPO'}")
    return tmp_path


def test_copies_follow_the_address(monkeypatch, with_address):
    """On Colab the first cell fetches the release that the copy belongs to; links lead to pages, outputs are there."""
    plain.write(with_address)
    assert plain.stale(with_address) == []
    monkeypatch.setenv("COLAB_RELEASE_TAG", "test")
    release = f'install -q "git+https://github.com/OWNER/REPO@v{mtgp_tutorial.__version__}"'
    for path in CHAPTERS:
        copy = nbformat.read(with_address / "book" / "plain" / path.name, as_version=4)
        assert run_first_cell(copy.cells[0].source, monkeypatch) == [("pip", release)]
        assert run_first_cell(copy.cells[0].source, monkeypatch, ["a.whl"]) == [("pip", "install -q {newest}")]
        source = nbformat.read(path, as_version=4)
        outputs = [[cell.outputs for cell in one.cells if cell.cell_type == "code"][1:] for one in (source, copy)]
        assert outputs[0] == outputs[1] and any(outputs[1]) == any(outputs[0])
        text = "\n".join(cell.source for cell in copy.cells if cell.cell_type == "markdown")
        assert re.findall(r"\](?!\(https?:|\(#)\([^)\s]*\.\w+", text) == []
    glossary = (with_address / "book" / "plain" / "glossary.ipynb").read_text(encoding="utf8")
    assert "[index](https://owner.github.io/REPO/genindex.html)" in glossary


def test_other_files_follow_the_address(with_address):
    assert public.stale() == [], "run `python tools/public.py`"
    before = {name: (with_address / name).read_text(encoding="utf8") for name in public.FILES}
    assert not [name for name, text in before.items() if "OWNER" in text or "owner" in text]
    assert public.stale(with_address) == list(public.FILES)
    public.write(with_address)
    assert public.stale(with_address) == []
    for name in public.FILES:
        text = (with_address / name).read_text(encoding="utf8")
        assert "https://github.com/OWNER/REPO" in text or "github/OWNER/REPO" in text
        assert "https://owner.github.io/REPO/" in text
    project = tomllib.loads((with_address / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert project["urls"]["Repository"] == "https://github.com/OWNER/REPO" and project["optional-dependencies"]
    citation = yaml.safe_load((with_address / "CITATION.cff").read_text(encoding="utf8"))
    assert citation["repository-code"] == "https://github.com/OWNER/REPO" and citation["license"] == "BSD-3-Clause"
    (with_address / "_config.yml").write_text("repository: {url: ''}")
    public.write(with_address)
    assert {name: (with_address / name).read_text(encoding="utf8") for name in public.FILES} == before


def test_links_between_copies_lead_somewhere():
    """Each sibling is there, and each section has a cell of that id and an anchor of that name."""
    cells = {path.name: nbformat.read(path, as_version=4).cells for path in (plain.ROOT / "book" / "plain").iterdir()}
    ids = {name: {cell["id"] for cell in copy} for name, copy in cells.items()}
    links = 0
    for name, copy in cells.items():
        assert len(ids[name]) == len(copy)
        text = "\n".join(cell.source for cell in copy if cell.cell_type == "markdown")
        for file, kind, label in re.findall(r"\]\(([\w.]*)(?:#([\w-]+)=([\w-]+))?\)", text):
            links += 1
            assert (file or name) in cells and (not label or label in ids[file or name]), (name, file, label)
            assert kind == ({"": "scrollTo"}.get(file, "cell-id") if label else "")
            assert file or f'<a id="scrollTo={label}"></a>' in text
    assert links > 300
    index = cells["wrong.ipynb"][1].source.split("\n")
    rows = [row for row in index if row.startswith("| **")]
    assert len(rows) > 4 and [row for row in rows if row.count("](#scrollTo=") != 1 + row.count(" · ")] == []


def test_answers_are_folded():
    """Words in <details> that open and close within one cell."""
    for path in CHAPTERS:
        copy = nbformat.read(path.parent / "plain" / path.name, as_version=4)
        for cell in copy.cells:
            assert cell.source.count("<details>") == cell.source.count("</details>")
            if "Solution to exercise" in cell.source and cell.cell_type == "markdown":
                bare = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
                assert "Solution to" not in re.sub(r"\*Solution to exercise [\d.]+: the next cell\.\*", "", bare)
