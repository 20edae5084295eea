"""How long the pages are: words and lines of code, in sight and folded.

    python tools/measure.py          # a row for each page

Words are those of the Markdown; a formula, a code span and a number count as one, tables and captions too. Folded are
answers, solutions, proofs and boxes that a reader has to open, and the code of cells with the tag hide-input or
hide-cell. The plain copies have no folds.
"""

from __future__ import annotations

import copy
import re
from typing import NamedTuple

import nbformat
from blocks import FENCE, split
from myst import EQUATION
from plain import ROOT, documents, read

MOST_WORDS, MOST_LINES = 2500, 120  # in sight, of a numbered chapter
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
SOLUTION = re.compile(r"(```\{solution-(?:start|end)\}[^`]*```)")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
DROPPED = re.compile(r"^(?:%.*|\([\w:.-]+\)=)$", re.MULTILINE)
ROLE = re.compile(r"\{[\w:-]+\}`([^`]*)`")


class Length(NamedTuple):
    """Words and non-blank lines of code, those in sight and those that are folded."""

    words: int
    folded_words: int
    lines: int
    folded_lines: int


def words(text: str) -> int:
    """Words of prose without directives."""
    text = ROLE.sub(lambda role: role[1].partition("<")[0] or "link", DROPPED.sub("", text))
    text = re.sub(r"`[^`]+`", "code", FORMULA.sub("formula", text))
    return len(re.findall(r"[^\s|#>*_:\-–]*\w[^\s|]*", text))


def count(text: str, folded: bool = False) -> tuple[int, int]:
    """Words in sight and folded of MyST Markdown."""
    sight = hidden = 0
    for part in split(text):
        if isinstance(part, str):
            number = 0 if FENCE.match(part.split("\n")[0]) else words(part)
            sight, hidden = (sight, hidden + number) if folded else (sight + number, hidden)
        elif part.name != "index":
            kind = part.name.removeprefix("prf:")
            closed = kind in {"proof", "solution", "solution-start", "dropdown"} or "dropdown" in str(part.options)
            first, second = count(f"{part.title}\n{part.body}" if kind != "math" else "formula", folded or closed)
            sight, hidden = sight + first, hidden + second
    return sight, hidden


def length(page: nbformat.NotebookNode) -> Length:
    """All four lengths of a page."""
    total, solving = Length(0, 0, 0, 0), False
    for cell in page.cells:
        if cell.cell_type == "code":
            lines = sum(bool(line.strip()) for line in cell.source.split("\n"))
            closed = solving or bool(FOLDED & set(cell.metadata.get("tags", [])))
            caption, _ = count(cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", ""))
            found = (
                (0, caption, 0, lines) if closed and solving else (caption, 0, *((0, lines) if closed else (lines, 0)))
            )
        else:
            sight = hidden = 0
            for piece in SOLUTION.split(cell.source):
                edge = SOLUTION.fullmatch(piece)
                solving = "-start}" in piece if edge else solving
                first, second = (0, 0) if edge else count(piece, solving)
                sight, hidden = sight + first, hidden + second
            found = (sight, hidden, 0, 0)
        total = Length(*(a + b for a, b in zip(total, found)))
    return total


def minutes(page: nbformat.NotebookNode) -> int:
    """To read what is in sight: 150 words or 10 lines of code a minute; a displayed equation is worth 75 words."""
    weighed = copy.deepcopy(page)
    for cell in weighed.cells:
        if cell.cell_type == "markdown":
            cell.source = EQUATION.sub(" word" * 75, cell.source)
    found = length(weighed)
    return round(found.words / 150 + found.lines / 10)


def lengths() -> dict[str, Length]:
    """Lengths of all pages, in the order of the contents."""
    return {name: length(read(name, ROOT)) for name in documents()}


if __name__ == "__main__":
    print(f"{'':14}{'words':>8}{'folded':>8}{'lines':>8}{'folded':>8}")
    for name, found in lengths().items():
        print(f"{name:14}" + "".join(f"{number:8}" for number in found))
