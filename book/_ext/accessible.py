"""What a screen reader trips over in the markup of the extensions: mended in the finished page."""

from __future__ import annotations

import re

# A signature over several lines is a <dl> of <dd> alone inside a <dt>; spans may stand there, and lists may not.
SIGNATURE = re.compile(r'(?<=class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>\s*(?=<span class="sig-paren">\))', re.DOTALL)
MENDED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",  # words name it
    'role="doc-biblioentry"': 'role="listitem"',
}


def signature(found: re.Match[str]) -> str:
    """The parameters of a function, one a line."""
    inside = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{inside}</span>'


def mend(app, pagename, templatename, context, doctree):
    body = SIGNATURE.sub(signature, context.get("body") or "")
    for before, after in MENDED.items():
        body = body.replace(before, after)
    context["body"] = body


def setup(app):
    app.connect("html-page-context", mend, priority=930)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
