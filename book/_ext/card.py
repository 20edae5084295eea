"""What others show of a page: a description on each, and a picture and titles once the pages have an address."""

from __future__ import annotations

import re
from html import escape

from docutils import nodes

PICTURE = "_static/preview.png"  # drawn by tools/preview.py
PICTURE_SAYS = "Lake Erie with fifteen hidden years: a wide band from Erie alone, a narrow one from four lakes."
LONGEST = 200


def description(doctree, title, book):
    """The first paragraph of words alone, cut at a sentence or a word; without one, the title and the book's."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        in_text = isinstance(paragraph.parent, nodes.section) and not paragraph.next_node(nodes.math)
        if in_text and len(text) > 40:
            return shortened(text)
    return f"{title}: {book}"


def shortened(text):
    """At most LONGEST characters: whole sentences if there are some, else whole words."""
    if len(text) <= LONGEST:
        return text
    sentences = re.match(rf".{{40,{LONGEST}}}[.?!](?= )", text)
    return sentences[0] if sentences else text[:LONGEST].rsplit(" ", 1)[0] + " …"


def add_tags(app, pagename, templatename, context, doctree):
    if doctree is None:  # an index or the search page
        return
    title, book = re.sub(r"<[^>]+>", "", context["title"]), app.config.html_title or app.config.project
    given = re.search(r'<meta[^>]*name="description"[^>]*content="([^"]*)"', context.get("metatags") or "")
    text = given[1] if given else escape(description(doctree, title, book))
    tags = [] if given else [f'<meta name="description" content="{text}" />']
    base = app.config.html_baseurl
    if base:
        shown = {
            "og:type": "article",
            "og:site_name": escape(book),
            "og:title": title,
            "og:description": text,
            "og:url": base + app.builder.get_target_uri(pagename),
            "og:image": base + PICTURE,
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": PICTURE_SAYS,
        }
        tags += [f'<meta property="{name}" content="{value}" />' for name, value in shown.items()]
        tags += ['<meta name="twitter:card" content="summary_large_image" />']
    context["metatags"] = (context.get("metatags") or "") + "\n" + "\n".join(tags) + "\n"


def setup(app):
    app.connect("html-page-context", add_tags, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
