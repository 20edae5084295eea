"""Numbers that the book has stored: in the outputs of its chapters, in its studies, in its code."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import measure
import nbformat
import numpy as np
import pandas as pd
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_notebook
from plain import ROOT, documents, read

from mtgp_tutorial import datasets, paired


@cache
def table(html: str) -> list[tuple[set[str], str]]:
    """Labels of row and column, and the value, for each number of a stored table."""
    labels: dict[tuple[int, int], str] = {}
    numbers = []
    for y, row in enumerate(BeautifulSoup(html, "html.parser").select("tr")):
        x = 0
        for cell in row.select("th, td"):
            while (y, x) in labels:  # a cell of an earlier row reaches down to here
                x += 1
            tall, wide = int(str(cell.get("rowspan", "1"))), int(str(cell.get("colspan", "1")))
            text = cell.get_text()
            labels |= {(y + i, x + j): text * (cell.name == "th") for i in range(tall) for j in range(wide)}
            if cell.name == "td" and re.fullmatch(r"-?\d+(?:\.\d+)?", text):
                row_labels = {labels.get((y, j), "") for j in range(x)}
                numbers.append((row_labels | {labels.get((i, x), "") for i in range(y)}, text))
            x += wide
    return numbers


study = cache(datasets.study)


@cache
def pages() -> dict[str, nbformat.NotebookNode]:
    """All pages as they are stored, and README.md with its ties, which stand in a file of their own."""
    text = "\n".join((ROOT / name).read_text(encoding="utf8") for name in ("README.md", "tests/book/readme_ties.txt"))
    return {**{name: read(name, ROOT) for name in documents()}, "README": new_notebook(cells=[new_markdown_cell(text)])}


def lookups(page: nbformat.NotebookNode, number: int, shake: int = 0) -> dict[str, Any]:
    """What an expression can ask for: the nearest cell above the text that has it, or the first one under an anchor.

    shake: 0 for tables as they are printed; else for one way in which their numbers may go on behind the last digit.
    """
    rng = random.Random(shake)

    def cells(under: str) -> Iterator[nbformat.NotebookNode]:
        for there in pages().values() if under else []:
            for start in (n for n, cell in enumerate(there.cells) if f"({under})=" in cell.source):
                yield from there.cells[start:]
        yield from [] if under else page.cells[number::-1]

    def at(*labels: str, under: str = "") -> float:
        """The one number of a stored table that these labels of its row and column name."""
        for html in (o.get("data", {}).get("text/html", "") for cell in cells(under) for o in cell.get("outputs", [])):
            if found := [value for named, value in table(html) if {*labels} <= named]:
                (shown,) = found
                unknown = 0.499 * 10.0 ** -len(shown.partition(".")[2]) if shake and "." in shown else 0.0
                return float(shown) + unknown * rng.choice((-1, 1))
        raise LookupError("no table has these labels")

    def after(words: str, n: int = 0, under: str = "") -> float:
        """The n-th number after these words in what a cell has printed, or else in its code."""
        for cell in (cell for cell in cells(under) if cell.cell_type == "code"):
            for text in ("".join(output.get("text", "") for output in cell.outputs), cell.source):
                if words in text:
                    return float(re.findall(r"-?\d+\.?\d*", text.split(words, 1)[1])[n])
        raise LookupError("no output and no code has these words")

    known = {"at": at, "after": after, "study": study, "difference": difference, "minutes": minutes}
    return {**vars(math), **known, "np": np, "abs": abs}


def minutes(*names: str) -> int:
    """Minutes to read these pages, folds closed, as below their titles."""
    return sum(measure.minutes(page)[0] for name, page in pages().items() if name in names)


def difference(name: str, score: str, first: str, second: str, where: str = "", **options: Any) -> pd.Series:
    """The row of `paired` for two methods of a stored study (its rows `where`, a query): first - second."""
    rows = study(name)
    return paired(rows.query(where) if where else rows, score, [(first, second)], **options).iloc[0]
