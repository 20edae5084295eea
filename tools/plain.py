"""Write the plain copies `book/plain/*.ipynb`: for Jupyter, VS Code and Colab, where MyST shows as raw text.

    python tools/plain.py            # write them
    python tools/plain.py --check    # write nothing; exit status 1 if one is missing, stale or left over

A copy has the chapter's code, no outputs, plain Markdown, and a first cell that also fetches the module on Colab.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import frame
import nbformat
import yaml
from bibliography import Bibliography
from myst import Book, Converter
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).resolve().parents[1]

# The first code cell of every notebook; a copy has what fetches the module on Colab above it.
FIRST = """\
try:
    import mtgp_tutorial
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error}: run `pip install .` in the book's folder, or download "
        "the wheel that its preface links and run `%pip install` with its "
        "path (on Colab upload it first: folder symbol on the left); then "
        "run this cell again."
    ) from None
"""
WITH_ADDRESS = """\
# Is the module here? On Colab it is fetched; elsewhere this says what to do.
import os

if "COLAB_RELEASE_TAG" in os.environ:
    %pip install -q "git+{address}"
"""
WITHOUT_ADDRESS = """\
# Is the module here? If not, this says what to do; on Colab an uploaded wheel is installed.
import glob
import os

if "COLAB_RELEASE_TAG" in os.environ:
    for wheel in sorted(glob.glob("/content/mtgp_tutorial-*.whl"))[-1:]:
        %pip install -q {wheel}
"""


def address(root: Path = ROOT) -> str:
    """The book's public address, or "" while it has none."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf8")).get("repository", {}).get("url") or ""


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
    """The cells with plain text, without outputs and FIRST, and with captions below the figures that have one."""
    cells = []
    for cell in notebook.cells:
        if cell.source == FIRST.strip():
            continue
        if cell.cell_type == "code":
            cells.append(new_code_cell(cell.source))
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            source = converter.caption(figure["caption"], figure.get("name")) if "caption" in figure else ""
        else:
            source = converter.text(cell.source)
        if source:
            cells.append(new_markdown_cell(source))
        if cell is notebook.cells[0] and (below := frame.line(converter.document)):
            cells.append(new_markdown_cell(converter.text(below)))
    if converter.cited:
        listed = converter.book.bibliography.listed(converter.cited)
        cells.append(new_markdown_cell(f"## References\n\n{listed}"))
    return cells


def labelled(root: Path = ROOT) -> tuple[Book, dict[str, nbformat.NotebookNode], dict[str, int | None]]:
    """What references need to know, the pages, and their numbers."""
    numbers = documents(root)
    pages = {name: read(name, root) for name in numbers}
    book = Book(Bibliography(root / "book" / "references.bib"), titles={"genindex": "Index"})
    for name, page in pages.items():
        book.titles[name] = title(page)
    counts: Counter[str] = Counter()
    for name, page in pages.items():
        converted(page, Converter(book, name, numbers[name], False, counts))
    return book, pages, numbers


def copies(root: Path = ROOT) -> dict[Path, str]:
    """Path and text of every plain copy."""
    book, pages, numbers = labelled(root)
    counts: Counter[str] = Counter()
    url = address(root)
    colab = new_code_cell(f"{WITH_ADDRESS.format(address=url) if url else WITHOUT_ADDRESS}\n{FIRST}".strip())
    written = {}
    for name, page in pages.items():
        converter = Converter(book, name, numbers[name], True, counts)
        if (root / "book" / f"{name}.ipynb").is_file():
            cells = [colab, *converted(page, converter)]
            for number, cell in enumerate(cells):
                cell["id"] = f"plain-{number}"
            metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
            copy = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
            written[root / "book" / "plain" / f"{name}.ipynb"] = nbformat.writes(copy) + "\n"
        else:
            converted(page, converter)  # a page of text has no copy; its figures count
    return written


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
    if "--check" in sys.argv[1:]:
        sys.exit("Stale plain copies: " + ", ".join(stale()) if stale() else 0)
    write()
