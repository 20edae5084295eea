"""Turn the MyST Markdown of the chapters into Markdown that Jupyter, VS Code and Colab can show.

Only the roles and directives listed here are known; any other is an error that names it: nothing raw slips through.
Text is converted twice: the first pass numbers things and fills `Book.labels`, the second one can then refer to them.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from blocks import FENCE, Directive, split
from linking import Book, Label, anchored
from sphinx.pycode import ModuleAnalyzer

BOOK = Path(__file__).resolve().parents[1] / "book"
EQUATION = re.compile(r"\$\$(.+?)\$\$(?: *\(([\w:.-]+)\))?", re.DOTALL)
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
TARGET = re.compile(r"^\(([\w:.-]+)\)=\n+(?:#+ +(.*))?", re.MULTILINE)
LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)\s]+)(\))")
BOXES = {"note", "tip", "warning", "important", "caution", "hint", "seealso", "admonition"}
STATEMENTS = {"definition", "proposition", "theorem", "lemma", "corollary", "algorithm", "example", "remark"}


def quote(text: str) -> str:
    """A block quote. Display mathematics goes on one line: Jupyter would take the > marks inside it for mathematics."""
    text = EQUATION.sub(lambda found: " ".join(found[0].split()), text)
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))


def tidy(parts: list[str]) -> str:
    """Join parts with at most one empty line in between."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip("\n")


def fold(summary: str, body: str) -> str:
    """What opens on a click. The empty lines let Markdown and mathematics inside be read as such."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body.strip()}\n\n</details>\n"


def quoted(file: str, name: str) -> str:
    """What `{literalinclude}` shows: the lines of a file, or of what `name` ("Class.method") names in it."""
    lines = (BOOK / file).read_text(encoding="utf8").strip("\n").split("\n")
    tags = ModuleAnalyzer.for_file(str(BOOK / file), "").find_tags() if name else {"": ("", 1, len(lines))}
    if name not in tags:
        raise ValueError(f"pyobject: {file} has no {name}; name a class, function or method that is there")
    return "\n".join(lines[tags[name][1] - 1 : tags[name][2]])


class Converter:
    """Converts one document; `chapter` is its number or None, `strict` is off in the pass that collects labels.

    counts: what was counted on earlier pages; Sphinx counts on through those that have no number.
    """

    def __init__(
        self, book: Book, document: str, chapter: int | None, strict: bool, counts: Counter[str] | None = None
    ) -> None:
        self.book, self.document, self.chapter, self.strict = book, document, chapter, strict
        self.counts: Counter[str] = Counter() if counts is None or chapter else counts
        self.cited: list[str] = []
        self.answering = ""  # the heading of the solution that this place belongs to

    def number(self, kind: str) -> str:
        """The next number of its kind, counted within the chapter as Sphinx does."""
        self.counts[kind] += 1
        return f"{self.chapter}.{self.counts[kind]}" if self.chapter else str(self.counts[kind])

    def label(self, name: str | None, text: str) -> None:
        """Remember what a reference to this label says."""
        if name:
            self.book.labels[name] = Label(self.document, text)

    def cell(self, markdown: str) -> str:
        """Convert one cell. A solution may go on through several; a fold cannot, so each has its own."""
        parts: list[str] = []
        answer: list[str] = []
        for part in split(markdown):
            if isinstance(part, Directive) and part.name == "solution-start":
                self.answering = self.solved(part)
                answer = [self.text(part.body)]
            elif isinstance(part, Directive) and part.name == "solution-end":
                parts.append(self.answer(answer, more=False))
                answer = []
            else:
                (answer if self.answering else parts).append(self.part(part))
        if self.answering:
            parts.append(self.answer(answer, more=True))
        return tidy(parts)

    def answer(self, parts: list[str], more: bool) -> str:
        """What a cell has of a solution, folded; `more` if it goes on in the next cell."""
        heading, body = self.answering, tidy(parts)
        begun = heading.endswith(", continued")
        self.answering = (heading if begun else f"{heading}, continued") if more else ""
        if body:
            return "\n" + fold(heading, body)
        return f"\n*{heading}: the next cell.*" if more and not begun else ""

    def text(self, markdown: str) -> str:
        """Convert Markdown that stands inside a cell or a directive."""
        return tidy([self.part(part) for part in split(markdown)])

    def part(self, part: str | Directive) -> str:
        """Convert prose or a directive; fenced code stays as it is."""
        if isinstance(part, Directive):
            return self.directive(part)
        return part if FENCE.match(part.split("\n")[0]) else self.prose(part)

    def prose(self, text: str) -> str:
        """Convert text outside fences: targets, numbered equations, roles, relative links."""
        for found in TARGET.finditer(text):
            self.book.labels[found[1]] = Label(self.document, found[2] or found[1], section=True)
        text = re.sub(r"^\(([\w:.-]+)\)=\n", anchored, text, flags=re.MULTILINE)
        text = re.sub(r"^(%.*|\+\+\+.*)\n?", "", text, flags=re.MULTILINE)
        text = EQUATION.sub(self.equation, text)
        text = LINK.sub(self.link, text)
        return ROLE.sub(self.role, text)

    def equation(self, found: re.Match[str]) -> str:
        """Write the number of a labelled equation into it."""
        if not found[2]:
            return found[0]
        number = self.number("equation")
        self.label(found[2], f"({number})")
        return f"$${found[1].rstrip()} \\tag{{{number}}}\n$$"

    def link(self, found: re.Match[str]) -> str:
        """A file of the pages, once they have an address; else copies lie one folder deeper, beside each other."""
        if self.book.pages:
            page = re.sub(r"\.(ipynb|md)$", ".html", found[2])
            folder = "" if page.startswith("_static/") else "book/"
            return f"{found[1]}{self.book.pages}{folder}{page}{found[3]}"
        return found[0] if found[2].endswith(".ipynb") else f"{found[1]}../{found[2]}{found[3]}"

    def role(self, found: re.Match[str]) -> str:
        """Convert an inline role."""
        name, content = found[1], found[2]
        explicit = re.fullmatch(r"(.*?)\s*<([^>]+)>", content, re.DOTALL)
        shown, target = (explicit[1], explicit[2]) if explicit else ("", content)
        if name in {"cite:t", "cite:p", "cite"}:
            keys = [key.strip() for key in content.split(",")]
            self.cited += keys
            return self.book.bibliography.cite(keys, textual=name == "cite:t")
        if name == "term":
            return shown or target
        if name == "doc":
            return self.book.page(target.split("/")[-1], shown, self.document)
        if name == "download":  # a file of the repository
            return f"`{target.removeprefix('../')}`"
        if name in {"eq", "ref", "prf:ref", "numref"}:
            return self.reference(target, shown)
        raise ValueError(f"{self.document}: role {{{name}}} has no plain form; add it to tools/myst.py.")

    def reference(self, target: str, shown: str) -> str:
        """The text of a label; in the first pass it may still be unknown."""
        return self.book.reference(target, shown, self.document) if self.strict or target in self.book.labels else ""

    def solved(self, block: Directive) -> str:
        """The heading of a solution."""
        name = self.reference(block.title, "")
        return f"Solution to {name[:1].lower()}{name[1:]}"

    def directive(self, block: Directive) -> str:
        """Convert a block directive."""
        kind = block.name.removeprefix("prf:")
        if block.name == "math":
            label = f" ({block.options['label']})" if "label" in block.options else ""
            return self.prose(f"$$\n{block.body}\n$${label}")
        if block.name in {"exercise-end", "bibliography", "index", "eval-rst"}:
            return ""
        if block.name == "glossary":
            return self.prose(re.sub(r"^(\S.*)\n((?: +.*\n?)+)", self.entry, block.body, flags=re.MULTILINE))
        if block.name == "explore":  # its twin stands in the page, with the cell that makes it
            twin = self.reference(block.options["twin"], "")
            return quote(f"The pages of the book have a figure to play with here; {twin} shows it at rest.")
        if block.name == "raw":  # for the pages only
            return ""
        if block.name in {"figure", "image"}:
            return self.figure(block)
        if block.name == "solution":
            return "\n" + fold(self.solved(block), self.text(block.body))
        if block.name == "literalinclude":
            return f"```python\n{quoted(block.title, block.options.get('pyobject', ''))}\n```"
        if block.name == "dropdown":
            return "\n" + fold(block.title, self.text(block.body))
        heading = self.heading(block, kind)
        body = self.text(block.body)
        gap = "\n\n" if re.match(r"[-*|] |\d+\. |\|", body) else " "  # a list or table begins on its own line
        body = f"{heading}{gap}{body}" if body else heading
        return body if block.name == "exercise-start" else "\n" + quote(body) + "\n"

    def heading(self, block: Directive, kind: str) -> str:
        """The bold words with which a box, statement or exercise begins."""
        title = self.prose(block.title)
        if block.name in BOXES:
            return f"**{(title or kind.capitalize()).rstrip('.')}.**"
        if kind == "proof":
            return "*Proof.*"
        kind = kind.removesuffix("-start")
        if kind not in STATEMENTS | {"exercise"}:
            raise ValueError(f"{self.document}: directive {{{block.name}}} has no plain form; add it to tools/myst.py.")
        name = f"{kind.capitalize()} {self.number(kind)}"
        self.label(block.options.get("label"), name)
        return f"**{name} ({title}).**" if title else f"**{name}.**"

    def entry(self, found: re.Match[str]) -> str:
        """A glossary's entry as an item of a list."""
        return f"- **{found[1]}**: {' '.join(found[2].split())}\n"

    def figure(self, block: Directive) -> str:
        """An image, and its numbered caption if it is a figure."""
        image = self.prose(f"![{block.options.get('alt', '')}]({block.title})")
        return f"{image}\n\n{self.caption(block.body, block.options.get('name'))}" if block.name == "figure" else image

    def caption(self, caption: str, name: str | None) -> str:
        """The numbered caption of a figure."""
        number = self.number("figure")
        self.label(name, f"Figure {number}")
        return f"*Figure {number}.* {self.text(caption)}"
