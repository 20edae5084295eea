"""How long a page takes a learner: what stands in sight, and what a reader finds who opens all folds.

    python tools/measure.py          # a row for each page

The rule: 90 words a minute, a minute and a half for a displayed equation, a minute for a figure or a figure to play
with, five seconds for a line of code. Words are those of the Markdown, tables and captions too; a formula, a code span
and a number count as one. Folded are answers, solutions, proofs and boxes that a reader has to open, and the code of
cells with the tag hide-input or hide-cell, with hide-cell the figure, too. The plain copies have no folds.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import nbformat
from blocks import FENCE, split
from myst import EQUATION
from plain import ROOT, documents, read

FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
WHOLE = {"hide-cell", "remove-cell"}  # with what the cell shows
SOLUTION = re.compile(r"(```\{solution-(?:start|end)\}[^`]*```)")
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
DROPPED = re.compile(r"^(?:%.*|\([\w:.-]+\)=)$", re.MULTILINE)
ROLE = re.compile(r"\{[\w:-]+\}`([^`]*)`")


class Length(NamedTuple):
    """What takes a reader's time; sums are taken by `plus`."""

    words: int = 0
    equations: int = 0
    figures: int = 0
    lines: int = 0  # of code, without blank ones

    def plus(self, other: Length) -> Length:
        return Length(*(a + b for a, b in zip(self, other)))

    @property
    def minutes(self) -> int:
        return round(self.words / 90 + 1.5 * self.equations + self.figures + self.lines * 5 / 60)


Pair = tuple[Length, Length]  # in sight, folded


def added(pairs: list[Pair], folded: bool = False) -> Pair:
    """The sum; folded: all of it lies in a fold."""
    sight, hidden = Length(), Length()
    for first, second in pairs:
        sight, hidden = (sight, hidden.plus(first).plus(second)) if folded else (sight.plus(first), hidden.plus(second))
    return sight, hidden


def prose(text: str) -> Length:
    """Of text without directives."""
    equations = len(EQUATION.findall(text))
    text = ROLE.sub(lambda role: role[1].partition("<")[0] or "link", DROPPED.sub("", EQUATION.sub("formula", text)))
    text = re.sub(r"`[^`]+`", "code", FORMULA.sub("formula", text))
    return Length(len(re.findall(r"[^\s|#>*_:\-–]*\w[^\s|]*", text)), equations)


def text(markdown: str, folded: bool = False) -> Pair:
    """In sight and folded of MyST Markdown; code in a fence counts as lines."""
    pairs: list[Pair] = []
    for part in split(markdown):
        if isinstance(part, str):
            fenced = FENCE.match(part.split("\n")[0])
            code = Length(lines=sum(bool(line.strip()) for line in part.split("\n")[1:-1]))
            pairs.append((code if fenced else prose(part), Length()))
        elif part.name == "math":
            pairs.append((Length(words=1, equations=1), Length()))
        elif part.name != "index":
            kind = part.name.removeprefix("prf:")
            closed = kind in {"proof", "solution", "solution-start", "dropdown"} or "dropdown" in str(part.options)
            pairs.append(text(f"{part.title}\n{part.body}", closed))
            pairs.append((Length(figures=int(kind in {"explore", "figure", "image"})), Length()))
    return added(pairs, folded)


def code(cell: nbformat.NotebookNode) -> Pair:
    """Of a cell of code, as its tags say; a figure and its caption are in sight unless the whole cell is folded."""
    lines = Length(lines=sum(bool(line.strip()) for line in cell.source.split("\n")))
    caption = cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")
    figure = prose(caption).plus(Length(figures=int(bool(caption))))
    tags = set(cell.metadata.get("tags", []))
    if WHOLE & tags:
        return Length(), figure.plus(lines)
    closed = bool(FOLDED & tags)
    return (figure, lines) if closed else (figure.plus(lines), Length())


def length(page: nbformat.NotebookNode) -> Pair:
    """Of a page."""
    pairs, solving = [], False
    for cell in page.cells:
        if cell.cell_type == "code":
            pairs.append(added([code(cell)], solving))
            continue
        for piece in SOLUTION.split(cell.source):
            if SOLUTION.fullmatch(piece):
                solving = "-start}" in piece
            else:
                pairs.append(text(piece, solving))
    return added(pairs)


def minutes(page: nbformat.NotebookNode) -> tuple[int, int]:
    """To read what is in sight, and with all folds opened."""
    sight, folded = length(page)
    return sight.minutes, sight.plus(folded).minutes


if __name__ == "__main__":
    print(f"{'':14}{'minutes':>8}{'opened':>8}{'words':>8}{'eq.':>6}{'figures':>9}{'lines':>7}")
    for name in documents():
        page = read(name, ROOT)
        sight, _ = length(page)
        print("{:14}{:8}{:8}{:8}{:6}{:9}{:7}".format(name, *minutes(page), *sight))
