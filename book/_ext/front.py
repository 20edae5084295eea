"""The landing page: its title and description, and `index.html`, which is this page in the folder above."""

from __future__ import annotations

import re
from pathlib import Path

DESCRIPTION = (
    "A free book on multi-task Gaussian processes with a Python package (PyTorch, GPyTorch):"
    " fill the holes of a table from its other columns, and know how far to trust each value."
)
ADDRESS = re.compile(r'\b((?:href|src|action|data-content_root)=")(?!#|/|[a-z]+:)([^"]*)|(href: ")(\.\./)')


def name_the_book(app, pagename, templatename, context, doctree):
    """The root page has the book's title, not "X - X"."""
    if pagename == app.config.root_doc:
        context["docstitle"] = ""
        tag = f'<meta name="description" content="{DESCRIPTION}" />\n'
        context["metatags"] = context.get("metatags", "") + tag


def from_above(page, folder):
    """The text of a page of this folder with its addresses as seen from the folder above."""

    def seen(found):
        start, target = (found[1], found[2]) if found[1] else (found[3], found[4])
        return start + (target.removeprefix("../") or "./" if target.startswith("../") else f"{folder}/{target}")

    return ADDRESS.sub(seen, page)


def write_index(app, exception):
    if exception is None and app.builder.name == "html":
        out, root = Path(app.outdir), Path(app.config.root_doc)
        page = (out / f"{root}.html").read_text(encoding="utf8")
        (out / "index.html").write_text(from_above(page, root.parent.as_posix()), encoding="utf8")


def setup(app):
    app.connect("html-page-context", name_the_book, priority=700)
    app.connect("build-finished", write_index, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
