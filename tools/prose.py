"""Hold the numbers in the text to what they come from: stored outputs, stored studies, code, arithmetic.

    python tools/prose.py          # all pages: a line for each fault, exit status 1 if there is one
    python tools/prose.py lmc      # some

A comment below a text ties its numbers, a line each: `% words of the text <- Python expression`. No chapter is run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import nbformat
import numpy as np
from blocks import FENCE, Directive, split
from stored import lookups, pages

NUMBER = re.compile(r"(?:(?<![\w.-])-?|(?<=\w-))\d+(?:,\d{3})*(?:\.\d+)?")
NAMES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
NAMES += " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred"
WORDS = {name: n if n <= 20 else 10 * (n - 18) for n, name in enumerate(NAMES.split(), 1)}
WORD = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)
K_OF_N = re.compile(rf"(?<![\w.-])(?!one\b)(?:\d+|{WORD.pattern}) of (?:the |its )?(?:\d+\b|{WORD.pattern})", re.I)
PERCENT = re.compile(r"(?:,? (?:to|and|or) [\d.]+)? ?%")
EITHER = re.compile(f"{NUMBER.pattern}|{WORD.pattern}", re.IGNORECASE)
TIES = re.compile(r"((?:^% .+ <- .+(?:\n|\Z))+)", re.MULTILINE)
TIE = re.compile(r"% (.+?) <- (.+)")
ROLE = re.compile(r"\{[\w:-]+\}`([^`<]*)(<?)[^`]*`")
FORMULA = re.compile(r"\$\$.*?\$\$|\$( *-?[\d.]+ *)\$|\$[^$]+\$", re.DOTALL)  # $-0.9$ is a number like any other
UNREAD = re.compile(r"(?<!`)`[^`]+`|\]\([^)\s]*\)|<a [^>]+>|^\([\w:.-]+\)=", re.MULTILINE)  # code, addresses, anchors


def prose(text: str) -> str:
    """What a reader sees of MyST text, without code and formulas, on one line."""
    seen = []
    for part in split(text):
        if isinstance(part, Directive):
            seen += [prose(part.title), prose(part.body)] if part.name not in {"index", "math"} else []
        elif not FENCE.match(part.split("\n")[0]):
            part = ROLE.sub(lambda role: role[1] if role[2] else " ", FORMULA.sub(lambda found: found[1] or " ", part))
            seen.append(UNREAD.sub(" ", part).replace("−", "-"))
    return " ".join(" ".join(seen).split())


def passages(page: nbformat.NotebookNode) -> Iterator[tuple[int, str, list[str]]]:
    """Cell, text, ties. A comment ties all above it, up to the comment before or the cell's beginning, and captions."""
    captions: list[str] = []
    for number, cell in enumerate(page.cells):
        if cell.cell_type == "code":
            shown = cell.metadata.get("mystnb", {})
            captions += [shown.get("figure", {}).get("caption", ""), shown.get("image", {}).get("alt", "")]
            continue
        pieces = [*TIES.split(cell.source), ""]  # text, ties, text, ties, ...
        for text, ties in zip(pieces[::2], pieces[1::2]):
            yield number, prose("\n".join([*captions, text])), ties.strip().split("\n")
            captions = []


def needy(text: str) -> list[tuple[int, int]]:
    """Where a text has a number that needs a tie: decimal, percentage (both of "2 to 5 %"), after ±, k of n."""
    numbers = [n for n in NUMBER.finditer(text) if "." in n[0] or PERCENT.match(text, n.end())]
    return [found.span() for found in [*numbers, *K_OF_N.finditer(text), *re.finditer(r"(?<=±)\d+|(?<=± )\d+", text)]]


def disagreement(text: str, start: int, end: int, value: Any) -> str:
    """How the numbers between start and end (digits; without any, words) differ from the value rounded as they are."""
    if isinstance(value, bool | np.bool_):
        return "is not so" if not value else "needs a number" if NUMBER.search(text, start, end) else ""
    if isinstance(value, str):  # the reason why these numbers come from nowhere in the book
        return ""
    worded = K_OF_N.search(text, start, end) or not NUMBER.search(text, start, end)
    stated = list((EITHER if worded else NUMBER).finditer(text, start, end))
    values = np.ravel(value).astype(float)
    if len(stated) != len(values):
        return f"has {len(stated)} numbers, its expression {len(values)}"
    for found, exact in zip(stated, values):
        shown = float(WORDS.get(found[0].lower(), found[0].replace(",", "")))
        exact *= 100 if PERCENT.match(text, found.end()) else 1
        if not abs(shown - exact) <= 0.5 * 10.0 ** -len(found[0].partition(".")[2]) + 1e-9:
            return f"says {found[0]}, and its expression gives {exact:.6g}"
    return ""


def verdict(text: str, span: tuple[int, int], source: str, page: nbformat.NotebookNode, cell: int) -> str:
    """What is wrong with a tie, or "". It has to hold whatever the digits are that a table has rounded away."""
    try:
        for shake in range(6):
            if fault := disagreement(text, *span, eval(source, lookups(page, cell, shake))):
                return fault + (" if the table went on: take it from the study" if shake else "")
    except Exception as error:
        return f"cannot be computed: {error!r}"
    return ""


def faults(name: str, page: nbformat.NotebookNode, only: int | None = None) -> list[str]:
    """A line for each number without exactly one tie, and for each tie that does not hold; of one cell if asked."""
    found = []
    for cell, text, ties in passages(page):
        if only not in (None, cell):
            continue
        tied = []
        for words, source in (match.groups() for match in map(TIE.fullmatch, ties) if match):
            spans = [m.span() for m in re.finditer(rf"(?<![\w.-]){re.escape(prose(words))}(?!\w|\.\d)", text)]
            fault = f"stands {len(spans)} times in the text above, not once"
            if len(spans) == 1:
                fault = verdict(text, spans[0], source, page, cell)
            tied += spans[:1]
            found += [f'{name}, cell {cell}: "{words}" {fault}   [{source}]'] if fault else []
        for start, end in needy(text):
            number = sum(first <= start and end <= last for first, last in tied)
            if number != 1:
                around = text[max(0, start - 30) : end + 20]
                found.append(f'{name}, cell {cell}: "{text[start:end]}" has {number} ties, not one: ...{around}...')
    return found


if __name__ == "__main__":
    sys.exit("\n".join(fault for name in sys.argv[1:] or pages() for fault in faults(name, pages()[name])) or 0)
