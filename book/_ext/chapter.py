"""The line below a chapter's title and the row at its end: what it gives, what it takes, where to go on."""

from __future__ import annotations

import html
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import frame  # noqa: E402  (the folder has to be named first)
import measure  # noqa: E402
import plain  # noqa: E402

HEAD = """<div class="chapter-head"><p>You will be able to: {able}</p>
<p class="facts">
<span>{read} min to read, {opened} unfolded</span> <span>{run} min to run</span>
<span>{needs}</span></p></div>"""
FOOT = '<nav class="chapter-foot" aria-label="On this page, and on">{}</nav>'
PARTS = ("Summary", "Quiz", "Exercises")


def head(name, chapter, titles, root):
    """The line; `able` begins with a capital for the plain copies, and goes on in the sentence here."""
    links = [f'<a href="{need}.html">{titles[f"book/{need}"].astext()}</a>' for need in chapter["needs"]]
    needs = "needs " + frame.listed(links) if links else "needs no other chapter"
    able = html.escape(chapter["able"][0].lower() + chapter["able"][1:], quote=False)
    read, opened = measure.minutes(plain.read(name, root))
    return HEAD.format(able=able, read=read, opened=opened, run=chapter["run"], needs=needs)


def foot(body, following):
    """The parts that this page has, and the next page."""
    steps = [(f"#{part.lower()}", part) for part in PARTS if f'id="{part.lower()}"' in body]
    steps += [(following["link"], "Next: " + following["title"])] if following else []
    return FOOT.format("".join(f'<a href="{link}">{text}</a>' for link, text in steps))


def put(app, pagename, templatename, context, doctree):
    name = pagename.removeprefix("book/")
    chapter = frame.facts(Path(app.srcdir) / "book").get(name)
    if not chapter or doctree is None:
        return
    before, end, after = context["body"].partition("</h1>")
    line = head(name, chapter, app.env.titles, Path(app.srcdir))
    context["body"] = f"{before}{end}{line}{after}{foot(after, context.get('next'))}"
    description = html.escape(chapter["able"])
    context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{description}" />\n'


def setup(app):
    app.connect("html-page-context", put, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
