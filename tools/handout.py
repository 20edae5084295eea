"""The exercises of each chapter without their solutions, as notebooks to hand out.

    python tools/handout.py FOLDER

The build of the pages puts them into `_static/exercises`, where the page for those who teach links them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from blocks import Directive, split
from myst import Converter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from plain import FIRST, ROOT, labelled


def asked(page: nbformat.NotebookNode) -> Iterator[str]:
    """The exercises of a chapter: what stands between its headings "Exercises" and the next one."""
    inside = False
    for cell in page.cells:
        if cell.cell_type == "markdown":
            before, found, after = cell.source.partition("## Exercises\n")
            inside = inside or bool(found)
            text, end, _ = (after if found else before).partition("\n## ")
            if inside:
                yield from exercises(text)
                inside = not end


def exercises(text: str) -> Iterator[str]:
    """Each exercise of a text; solutions and what stands between them are left to the chapter."""
    started = ""
    for part in split(text):
        if isinstance(part, Directive) and part.name == "exercise-start":
            started = f"```{{exercise-start}}\n:label: {part.options['label']}\n```\n"
        elif isinstance(part, Directive) and part.name == "exercise-end":
            yield started
            started = ""
        elif isinstance(part, Directive) and part.name == "exercise":
            yield f"```{{exercise}}\n:label: {part.options['label']}\n{part.body}\n```"
        elif started and isinstance(part, str):
            started += part


def sheets(root: Path = ROOT) -> dict[str, str]:
    """For each chapter that has exercises the text of a notebook: an exercise, an empty cell, and so on."""
    book, pages, numbers = labelled(root)
    written = {}
    for name, page in pages.items():
        converter = Converter(book, name, numbers[name], True)
        texts = [converter.text(text) for text in asked(page)]
        if texts:
            cells = [new_markdown_cell(f"# Exercises: {book.titles[name]}"), new_code_cell(FIRST.strip())]
            for text in texts:
                cells += [new_markdown_cell(text), new_code_cell("")]
            for number, cell in enumerate(cells):
                cell["id"] = f"sheet-{number}"
            kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
            written[name] = nbformat.writes(new_notebook(cells=cells, metadata=kernel)) + "\n"
    return written


def write(folder: Path, root: Path = ROOT) -> None:
    """Write all sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sheets(root).items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
