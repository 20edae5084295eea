"""Turn the MyST Markdown of the chapters into Markdown that Jupyter, VS Code and Colab can show.

Only the roles and directives listed here are known; any other is an error that names it: nothing raw slips through.
Text is converted twice: the first pass numbers things and fills `Book.labels`, the second one can then refer to them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from bibliography import Bibliography
from blocks import FENCE, Directive, split

EQUATION = re.compile(r"\$\$(.+?)\$\$(?: *\(([\w:.-]+)\))?", re.DOTALL)
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
TARGET = re.compile(r"^\(([\w:.-]+)\)=\n+(?:#+ +(.*))?", re.MULTILINE)
LINK = re.compile(r"(\]\()(?!https?:|mailto:|#)([^)\s]+)(\))")
BOXES = {"note", "tip", "warning", "important", "caution", "hint", "seealso", "admonition", "dropdown"}
STATEMENTS = {"definition", "proposition", "theorem", "lemma", "corollary", "algorithm", "example", "remark"}


@dataclass
class Book:
    """What cross-references need to know about all documents."""

    bibliography: Bibliography
    titles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # label -> document, text


def quote(text: str) -> str:
    """A block quote. Display mathematics goes on one line: Jupyter would take the > marks inside it for mathematics."""
    text = EQUATION.sub(lambda found: " ".join(found[0].split()), text)
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))


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

    def number(self, kind: str) -> str:
        """The next number of its kind, counted within the chapter as Sphinx does."""
        self.counts[kind] += 1
        return f"{self.chapter}.{self.counts[kind]}" if self.chapter else str(self.counts[kind])

    def label(self, name: str | None, text: str) -> None:
        """Remember what a reference to this label says."""
        if name:
            self.book.labels[name] = (self.document, text)

    def text(self, markdown: str) -> str:
        """Convert the Markdown of one cell."""
        parts = []
        for part in split(markdown):
            if isinstance(part, Directive):
                parts.append(self.directive(part))
            else:
                parts.append(part if FENCE.match(part.split("\n")[0]) else self.prose(part))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip("\n")

    def prose(self, text: str) -> str:
        """Convert text outside fences: targets, numbered equations, roles, relative links."""
        for found in TARGET.finditer(text):
            self.label(found[1], found[2] or found[1])
        text = re.sub(r"^\([\w:.-]+\)=\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"^(%.*|\+\+\+.*)\n?", "", text, flags=re.MULTILINE)
        text = EQUATION.sub(self.equation, text)
        text = ROLE.sub(self.role, text)
        return LINK.sub(self.link, text)

    def equation(self, found: re.Match[str]) -> str:
        """Write the number of a labelled equation into it."""
        if not found[2]:
            return found[0]
        number = self.number("equation")
        self.label(found[2], f"({number})")
        return f"$${found[1].rstrip()} \\tag{{{number}}}\n$$"

    def link(self, found: re.Match[str]) -> str:
        """Plain copies lie one folder deeper, beside each other."""
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
            return self.page(target.split("/")[-1], shown)
        if name in {"eq", "ref", "prf:ref", "numref"}:
            return self.reference(target, shown)
        raise ValueError(f"{self.document}: role {{{name}}} has no plain form; add it to tools/myst.py.")

    def page(self, document: str, shown: str) -> str:
        """A link to another page; a page of text has no plain copy and is named only."""
        if document not in self.book.titles:
            raise ValueError(f"{self.document}: there is no page {document!r}.")
        return shown or f"*{self.book.titles[document]}*"

    def reference(self, target: str, shown: str) -> str:
        """The text of a label, with the page's title if it stands on another one."""
        if target not in self.book.labels:
            if self.strict:
                raise ValueError(f"{self.document}: there is no label {target!r}.")
            return ""
        document, text = self.book.labels[target]
        number = text.split()[-1]
        text = shown.replace("%s", number).replace("{number}", number) or text
        return text if document == self.document else f"{text} of *{self.book.titles[document]}*"

    def directive(self, block: Directive) -> str:
        """Convert a block directive."""
        kind = block.name.removeprefix("prf:")
        if block.name == "math":
            label = f" ({block.options['label']})" if "label" in block.options else ""
            return self.prose(f"$$\n{block.body}\n$${label}")
        if block.name in {"exercise-end", "solution-end", "bibliography", "index", "eval-rst"}:
            return ""
        if block.name == "glossary":
            return self.prose(re.sub(r"^(\S.*)\n((?: +.*\n?)+)", self.entry, block.body, flags=re.MULTILINE))
        if block.name == "explore":  # its twin stands before it, with the cell that makes it
            twin = self.reference(block.options["twin"], "")
            return quote(f"The pages of the book have a figure to play with here; {twin} shows it at rest.")
        if block.name in {"figure", "image"}:
            return self.figure(block)
        if block.name in {"solution", "solution-start"}:
            solved = self.reference(block.title, "")
            return f"#### Solution to {solved[:1].lower()}{solved[1:]}\n\n{self.text(block.body)}"
        heading = self.heading(block, kind)
        body = f"{heading} {self.text(block.body)}" if block.body else heading
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
