"""Write the plain copies `book/plain/*.ipynb`: for Jupyter, VS Code and Colab, where MyST shows as raw text.

    python tools/plain.py

A copy has the chapter's code, plain Markdown, links to the other copies, and a first cell that gets the module. Once
the book has an address its links lead to the pages, and it has outputs, for who looks at it there without running it.
What is folded on the page is folded in it, as far as the program that opens it can.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import frame
import nbformat
import public
import yaml
from bibliography import Bibliography
from linking import Book, sections
from myst import Converter
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ("decide", "glossary")  # pages of text to read beside a notebook; the other ones are named, or linked to

# The first code cell of every chapter; a copy has FETCH instead.
FIRST = """\
try:
    import mtgp_tutorial
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error}: run `pip install .` in the book's folder, or `pip "
        "install` with the package that lies beside the pages as one file, "
        "mtgp_tutorial-VERSION-py3-none-any.whl; then run this cell again."
    ) from None
"""
FETCH = """\
# Gets the module: from a wheel beside this notebook{or_else}.
import glob
import os

wheels = sorted(glob.glob("mtgp_tutorial-*-any.whl"), key=os.path.getmtime)
if wheels:
    newest = wheels[-1]
    %pip install -q {newest}
{elsewhere}
try:
    import mtgp_tutorial
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error}: put the book's package, which this chapter's page links, "
        "{wheel}, "
        "beside this notebook (on Colab: the folder symbol on the left) and run "
        "this cell again. Or run `pip install .` in the book's folder."
    ) from None
import torch

cuda = torch.cuda.is_available()
print("GPU:", torch.cuda.get_device_name() if cuda else "none")
"""
ON_COLAB = """\
elif "COLAB_RELEASE_TAG" in os.environ:
    %pip install -q "git+{address}@{release}"
"""
# JupyterLab reads the first, Colab the second. VS Code keeps folds in its own settings only, and reads neither.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}


def first_cell(root: Path = ROOT) -> str:
    """The first cell of a copy; without an address there is nothing that Colab could fetch."""
    address = public.repository(root)
    elsewhere = ON_COLAB.format(address=address, release=public.release(root)) if address else ""
    cell = FETCH.replace("{or_else}", ", or on Colab the release that it belongs to" if address else "")
    cell = cell.replace("{wheel}", public.wheel(root))
    return cell.replace("{elsewhere}\n", elsewhere + "\n").strip()


def documents(root: Path = ROOT) -> dict[str, int | None]:
    """The names of all pages in the order of the contents, with the numbers of those that have one."""
    contents = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf8"))
    numbers: dict[str, int | None] = {Path(contents["root"]).name: None}
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            if not chapter["file"].startswith("book/"):  # the index, which Sphinx writes
                continue
            last = sum(number is not None for number in numbers.values())
            numbers[Path(chapter["file"]).name] = last + 1 if part.get("numbered") else None
    return numbers


def read(name: str, root: Path) -> nbformat.NotebookNode:
    """A page as a notebook; a page of text is one Markdown cell."""
    path = root / "book" / f"{name}.ipynb"
    if path.is_file():
        return nbformat.read(path, as_version=4)
    return nbformat.v4.new_notebook(cells=[new_markdown_cell(path.with_suffix(".md").read_text(encoding="utf8"))])


def title(page: nbformat.NotebookNode) -> str:
    """The heading of a page."""
    return next(line for line in page.cells[0].source.split("\n") if line.startswith("# "))[2:].strip()


def converted(notebook: nbformat.NotebookNode, converter: Converter) -> list[nbformat.NotebookNode]:
    """The cells with plain text, without FIRST, and with captions below the figures that have one.

    They keep their outputs where the pages have an address.
    """
    cells = []
    for cell in notebook.cells:
        if cell.source == FIRST.strip():
            continue
        if cell.cell_type == "code":
            hidden = converter.answering or {"hide-input", "hide-cell"} & set(cell.metadata.get("tags", []))
            cells.append(new_code_cell(cell.source, metadata=FOLDED if hidden else {}))
            if converter.book.pages:
                cells[-1].update(outputs=cell.outputs, execution_count=cell.execution_count)
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            source = converter.caption(figure["caption"], figure.get("name")) if "caption" in figure else ""
        else:
            source = converter.cell(cell.source)
        cells += [new_markdown_cell(text) for text in sections(source)]
        if cell is notebook.cells[0] and (below := frame.line(converter.document)):
            cells.append(new_markdown_cell(converter.text(below)))
    if converter.cited:
        listed = converter.book.bibliography.listed(converter.cited)
        cells.append(new_markdown_cell(f"## References\n\n{listed}"))
    return cells


def pages_and_book(root: Path) -> tuple[dict[str, nbformat.NotebookNode], Book]:
    """All pages in their order, and a book that knows their titles and which of them have copies."""
    pages = {name: read(name, root) for name in documents(root)}
    notebooks = {name for name in pages if (root / "book" / f"{name}.ipynb").is_file()}
    return pages, Book(
        Bibliography(root / "book" / "references.bib"),
        titles={name: title(page) for name, page in pages.items()} | {"genindex": "Index"},
        copies=notebooks | set(TEXTS),
        pages=public.pages(root),
    )


def labelled(root: Path = ROOT) -> tuple[Book, dict[str, nbformat.NotebookNode], dict[str, int | None]]:
    """What references need to know, the pages, and their numbers."""
    numbers = documents(root)
    pages, book = pages_and_book(root)
    counts: Counter[str] = Counter()
    for name, page in pages.items():
        converted(page, Converter(book, name, numbers[name], False, counts))
    return book, pages, numbers


def copies(root: Path = ROOT) -> dict[Path, str]:
    """Path and text of every plain copy."""
    book, pages, numbers = labelled(root)
    written: dict[Path, str] = {}
    counts: Counter[str] = Counter()
    for name, page in pages.items():
        cells = converted(page, Converter(book, name, numbers[name], True, counts))  # all: their figures count
        if name in book.copies:
            first = [] if name in TEXTS else [new_code_cell(first_cell(root))]
            written[root / "book" / "plain" / f"{name}.ipynb"] = notebook([*first, *cells])
    return written


def notebook(cells: list[nbformat.NotebookNode]) -> str:
    """The text of a notebook. A section's cell is called as its label, any other by its place."""
    for number, cell in enumerate(cells):
        named = re.match(r'<a id="scrollTo=([\w-]+)">', cell.source)
        cell["id"] = named[1] if named else f"plain-{number}"
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=metadata)) + "\n"


def stale(root: Path = ROOT) -> list[str]:
    """Names of copies that are not what the chapters would give now."""
    wanted = copies(root)
    there = {path: path.read_text(encoding="utf8") for path in (root / "book" / "plain").glob("*.ipynb")}
    return sorted(path.name for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path))


def write(root: Path = ROOT) -> None:
    """Write all copies and remove those whose chapter is gone."""
    wanted = copies(root)
    folder = root / "book" / "plain"
    folder.mkdir(exist_ok=True)
    for path in set(folder.glob("*.ipynb")) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf8")


if __name__ == "__main__":
    write()
