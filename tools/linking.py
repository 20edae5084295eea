"""Where the links of plain copies lead: a page at the book's address; without one a sibling notebook, or nowhere.

The three programs that open a copy share no rule for the anchors of headings. So a section's cell has its label for an
id, which Colab finds as #scrollTo=LABEL, and begins with an anchor of that name, which JupyterLab and VS Code find.
From another notebook JupyterLab finds #cell-id=LABEL; the other two open the file at its top.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bibliography import Bibliography


@dataclass(frozen=True)
class Label:
    """A thing that can be referred to; `section` if a cell of the copy has its name."""

    document: str
    text: str
    section: bool = False


@dataclass
class Book:
    """What cross-references need to know about all documents."""

    bibliography: Bibliography
    titles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    copies: set[str] = field(default_factory=set)
    pages: str = ""  # where the pages are, once they have an address

    def page(self, document: str, shown: str, here: str) -> str:
        """A link to another page, seen from `here`."""
        if document not in self.titles:
            raise ValueError(f"{here}: there is no page {document!r}.")
        return self._link(shown or f"*{self.titles[document]}*", document)

    def reference(self, name: str, shown: str, here: str) -> str:
        """The text of a label, and a link unless it is a number of the same page."""
        if name not in self.labels:
            raise ValueError(f"{here}: there is no label {name!r}.")
        label = self.labels[name]
        number = label.text.split()[-1]
        text = shown.replace("%s", number).replace("{number}", number) or label.text
        if label.document == here:
            return f"[{text}](#scrollTo={name})" if label.section else text
        fragment = f"#cell-id={name}" if label.section else ""
        leads_there = fragment and (self.pages or label.document in self.copies)
        page = "" if leads_there else f" of *{self.titles[label.document]}*"
        return self._link(text + page, label.document, name if label.section else "")

    def _link(self, text: str, document: str, section: str = "") -> str:
        if self.pages:  # a copy that was opened alone has no siblings
            folder = "" if document == "genindex" else "book/"
            return f"[{text}]({self.pages}{folder}{document}.html{section and f'#{section}'})"
        if document in self.copies:
            return f"[{text}]({document}.ipynb{section and f'#cell-id={section}'})"
        return text


def anchored(found: re.Match[str]) -> str:
    """A MyST target, with the anchor that stands for it."""
    return f'<a id="scrollTo={found[1]}"></a>\n\n'


def sections(text: str) -> list[str]:
    """Cut text above its anchors, so that each begins a cell."""
    pieces = re.split(r'^(?=<a id="scrollTo=)', text, flags=re.MULTILINE)
    return [piece.strip("\n") for piece in pieces if piece.strip()]
