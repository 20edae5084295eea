"""What others show of a page: a description on each, and a picture and titles once the pages have an address."""

from __future__ import annotations

import re
import textwrap
from html import escape

from docutils import nodes

PICTURE = "_static/hero.png"  # that of README.md, which tools/hero.py writes
LONGEST = 200


def description(doctree, title, book):
    """The first paragraph of words alone, cut at a sentence or a word; without one, the title and the book's."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        in_text = isinstance(paragraph.parent, nodes.section) and not paragraph.next_node(nodes.math)
        if in_text and len(text) > 40:
            sentences = re.match(rf".{{40,{LONGEST}}}[.?!](?= |$)", text)
            return sentences[0] if sentences else textwrap.shorten(text, LONGEST, placeholder=" …")
    return f"{title}: {book}"


def add_tags(app, pagename, templatename, context, doctree):
    if doctree is None:  # an index or the search page
        return
    title, book = re.sub(r"<[^>]+>", "", context["title"]), app.config.html_title or app.config.project
    given = re.search(r'<meta[^>]*name="description"[^>]*content="([^"]*)"', context.get("metatags") or "")
    text = given[1] if given else escape(description(doctree, title, book))
    tags = [] if given else [f'<meta name="description" content="{text}" />']
    if base := app.config.html_baseurl:
        shown = {"title": title, "description": text, "url": base + app.builder.get_target_uri(pagename)}
        shown |= {"type": "article", "site_name": escape(book), "image": base + PICTURE}
        tags += [f'<meta property="og:{name}" content="{value}" />' for name, value in shown.items()]
        tags += ['<meta name="twitter:card" content="summary_large_image" />']
    context["metatags"] = "\n".join([context.get("metatags") or "", *tags, ""])


def setup(app):
    app.connect("html-page-context", add_tags, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
