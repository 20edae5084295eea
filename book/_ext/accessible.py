"""What a screen reader or a validator trips over in the markup of the extensions: mended in the finished page."""

from __future__ import annotations

import re

ID = re.compile(r' id="([^"]+)"')
# A signature over several lines is a <dl> of <dd> alone inside a <dt>; spans may stand there, and lists may not.
SIGNATURE = re.compile(r'(?<=class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>\s*(?=<span class="sig-paren">\))', re.DOTALL)


def unique(body: str) -> str:
    """Each id once: sphinx-exercise and sphinx-proof give one to each of their boxes, the same for all."""
    seen: set[str] = set()

    def keep(found: re.Match[str]) -> str:
        new = found[1] not in seen and not found[1].endswith("-content")
        seen.add(found[1])
        return found[0] if new else ""

    return ID.sub(keep, body)


def signature(found: re.Match[str]) -> str:
    """The parameters of a function, one a line."""
    inside = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{inside}</span>'


def mend(app, pagename, templatename, context, doctree):
    body = context.get("body")
    if body:
        body = SIGNATURE.sub(signature, unique(body))
        body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")  # words name it
        context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    app.connect("html-page-context", mend, priority=930)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
