"""All pages as one HTML file for paper, with a title page and contents."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

from bs4 import Tag

HERE = Path(__file__).parent


def chapters(contents: dict[str, Any]) -> list[str]:
    """The pages of _toc.yml in their order on paper. The landing page is for screens where "About this book" exists."""

    def files(entry: dict[str, Any]) -> Iterator[str]:
        yield from [entry[key] for key in ("root", "file") if key in entry]
        for key in ("parts", "chapters", "sections"):
            for inner in entry.get(key, []):
                yield from files(inner)

    pages = list(files(contents))
    if "book/about" in pages:
        pages.remove("book/about")
        pages[0] = "book/about"
    return pages


def headings(bodies: list[Tag]) -> list[tuple[str, str, str]]:
    """Level, target and title of what the contents and the outline list."""
    found = []
    for body in bodies:
        for tag in body.select("h1" if body["id"] == "genindex" else "h1, h2"):
            target = body["id"] if tag.name == "h1" else tag.get("id") or (tag.parent or body)["id"]
            found.append((tag.name, str(target), tag.get_text()))
    return found


def opening(body: Tag) -> str:
    """What stands before the first section of a page, taken out of it: it says what the book is, on the title page."""
    first = [tag for tag in body.select("article > section > *") if tag.name not in ("h1", "section")]
    return "".join(str(tag.extract()) for tag in first)


def one_file(bodies: list[Tag], about: dict[str, Any], version: str) -> str:
    """The whole book as HTML, from its pages and what _config.yml says about it."""
    rows = '<li class="{0}"><a href="#{1}"><span>{2}</span><span data-to="{1}"></span></a></li>'
    head = '@page {0} {{ @top-right {{ content: "{1}" }} }} #{0} {{ page: {0} }}'
    return Template((HERE / "pdf.html").read_text(encoding="utf8")).substitute(
        **{key: html.escape(str(about[key])) for key in ("title", "author", "copyright")},
        version=version,
        opening=opening(bodies[0]),
        css=(HERE / "pdf.css").read_text(encoding="utf8"),
        running_heads=" ".join(head.format(b["id"], b.h1.get_text().replace('"', "”")) for b in bodies if b.h1),
        script=(HERE / "pdf.js").read_text(encoding="utf8"),
        contents="".join(rows.format(level, to, html.escape(title)) for level, to, title in headings(bodies)),
        articles="".join(map(str, bodies)),
    )
