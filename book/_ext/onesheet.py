"""One style sheet instead of fifteen: the theme's, the extensions' and the book's, joined in their order."""

from __future__ import annotations

import re
from pathlib import Path

THEME = ("basic.css", "styles/pydata-sphinx-theme.css")  # the theme links these two by itself
JOINED = "book.css"
# The theme brings two thousand icons as a font. The book has its dozen in icons.css.
ICONS = re.compile(r"@font-face\{[^{}]*Font ?Awesome[^{}]*\}|[^{}]*\.fa-[^{}]*\{[^{}]*\}")


def link_one(app, pagename, templatename, context, doctree):
    """Leave one link of all. (A sheet for a single page has to stand in that page's template.)"""
    names = [str(file.filename).removeprefix("_static/") for file in context["css_files"]]
    app.joined = [name for name in names if name != JOINED]
    context["css_files"][:] = [file for file, name in zip(context["css_files"], names) if name == JOINED]


def join(app, exception):
    """Write the joined sheet. Links in it are relative to _static, where it stands."""
    if exception is not None or not getattr(app, "joined", None):
        return
    static = Path(app.outdir) / "_static"
    theme = [ICONS.sub("", (static / name).read_text(encoding="utf8")) for name in THEME]
    rest = [(static / name).read_text(encoding="utf8") for name in app.joined]
    (static / JOINED).write_text("\n".join(theme + rest), encoding="utf8")


def setup(app):
    app.add_css_file(JOINED)
    app.connect("html-page-context", link_one, priority=960)
    app.connect("build-finished", join, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
