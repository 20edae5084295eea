"""The plain copies: in step with the chapters, free of MyST, and able to fetch the module on Colab."""

import glob
import re
import shutil
import sys

import nbformat
import plain  # tools/plain.py
import pytest
from bibliography import Bibliography
from IPython.core.inputtransformer2 import TransformerManager
from myst import Book, Converter

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
    assert code[0][0] == plain.FIRST.strip() and code[1][0].endswith(f"\n\n{plain.FIRST}".rstrip())
    assert code[1][1:] == code[0][1:]
    assert not any(cell.get("outputs") for cell in copy.cells)
    assert not MYST.findall("\n".join(cell.source for cell in copy.cells if cell.cell_type == "markdown"))


@pytest.fixture
def convert(tmp_path):
    """Converts text as chapter 2 of a small book."""
    (tmp_path / "references.bib").write_text(BIB)
    book = Book(Bibliography(tmp_path / "references.bib"), titles={"here": "Here", "there": "There"})
    book.labels["far"] = ("there", "(1.1)")

    def both_passes(text):
        Converter(book, "here", 2, strict=False).text(text)
        return Converter(book, "here", 2, strict=True).text(text)

    return both_passes


EXAMPLES = {
    "{cite:t}`one`": "Adams (2001)",
    "{cite:p}`one,two`": "(Adams, 2001; Adams and Álvarez, 2002)",
    "{cite:t}`three`": "Adams et al. (2003)",
    "$$\na\n$$ (e)\n\nsee {eq}`e`": "$$\na \\tag{2.1}\n$$\n\nsee (2.1)",
    "{eq}`far`": "(1.1) of *There*",
    "{doc}`there` {doc}`text <there>`": "*There* text",
    "(s)=\n## Section\n\n{ref}`s` {ref}`text <s>`": "## Section\n\nSection text",
    "{term}`tasks` {term}`task <tasks>`": "tasks task",
    ":::{admonition} A *title*\n:class: tip\nbody\n:::": "> **A *title*.** body",
    "```{note}\nbody\n```": "> **Note.** body",
    "```{dropdown} More\nbody\n```": "> **More.** body",
    "```{prf:definition} ICM\n:label: d\nbody\n\n$$\na\n$$\n```\n\n{prf:ref}`d`": (
        "> **Definition 2.1 (ICM).** body\n>\n> $$ a $$\n\nDefinition 2.1"
    ),
    "````{prf:proof}\n```{math}\nx\n```\n````": "> *Proof.* $$ x $$",
    "```{exercise}\n:label: x\nbody\n```\n\n```{solution} x\nanswer\n```": (
        "> **Exercise 2.1.** body\n\n#### Solution to exercise 2.1\n\nanswer"
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
}


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_myst_becomes_plain(convert, text):
    assert convert(text) == EXAMPLES[text]


WRONG = {
    "{odd}`x`": "odd",
    "```{odd}\n```": "odd",
    "{eq}`gone`": "gone",
    "{cite:t}`gone`": "gone",
    "{doc}`gone`": "gone",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_has_no_plain_form_is_named(convert, text):
    with pytest.raises(ValueError, match=WRONG[text]):
        convert(text)


class Colab:
    """Stands in for IPython's shell and keeps what %pip was asked for."""

    def __init__(self):
        self.asked = []

    def run_line_magic(self, name, line):
        self.asked.append((name, line))


def run_colab_cell(cell, monkeypatch, wheels):
    """Run the first cell of a plain copy and return what it installed."""
    shell = Colab()
    monkeypatch.setattr(glob, "glob", lambda pattern: wheels)
    exec(TransformerManager().transform_cell(cell), {"get_ipython": lambda: shell})
    return shell.asked


def test_the_first_cell_says_what_to_do(monkeypatch):
    """One sentence, on Colab and elsewhere, when the module or what it needs is not there; else nothing."""
    exec(plain.FIRST, {})
    monkeypatch.setitem(sys.modules, "mtgp_tutorial", None)  # so that an import fails
    said = "mtgp_tutorial.*: run `pip install .` in the book's folder, or download the wheel .* Colab"
    with pytest.raises(ModuleNotFoundError, match=said):
        exec(plain.FIRST, {})
    monkeypatch.setenv("COLAB_RELEASE_TAG", "test")
    with pytest.raises(ModuleNotFoundError, match=said):
        run_colab_cell(f"{plain.WITHOUT_ADDRESS}\n{plain.FIRST}", monkeypatch, [])


def test_colab_cell_without_address(monkeypatch):
    cell = f"{plain.WITHOUT_ADDRESS}\n{plain.FIRST}"
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert run_colab_cell(cell, monkeypatch, ["/content/mtgp_tutorial-1.whl"]) == []
    monkeypatch.setenv("COLAB_RELEASE_TAG", "test")
    assert run_colab_cell(cell, monkeypatch, []) == []
    [(magic, line)] = run_colab_cell(cell, monkeypatch, ["/content/mtgp_tutorial-1.whl"])
    assert magic == "pip" and line.startswith("install")  # IPython puts the path in


def test_colab_cell_with_address(monkeypatch, tmp_path):
    shutil.copytree(plain.ROOT / "book", tmp_path / "book", ignore=shutil.ignore_patterns("plain"))
    shutil.copy(plain.ROOT / "_toc.yml", tmp_path)
    (tmp_path / "_config.yml").write_text("repository: {url: 'https://github.com/OWNER/REPO'}")
    plain.write(tmp_path)
    assert plain.stale(tmp_path) == []
    monkeypatch.setenv("COLAB_RELEASE_TAG", "test")
    for path in (tmp_path / "book" / "plain").glob("*.ipynb"):
        cell = nbformat.read(path, as_version=4).cells[0].source
        assert run_colab_cell(cell, monkeypatch, []) == [("pip", 'install -q "git+https://github.com/OWNER/REPO"')]
