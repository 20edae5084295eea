"""What the standard forbids, or a screen reader trips over, in the markup of the extensions: mended in the page."""

from __future__ import annotations

import re

# A signature over several lines is a <dl> of <dd> alone inside a <dt>; spans may stand there, and lists may not.
SIGNATURE = re.compile(r'(?<=class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>\s*(?=<span class="sig-paren">\))', re.DOTALL)
FOLD = re.compile(r'<p (class="(?:collapsed|expanded) admonition-title">[^<]*)</p>')  # no paragraph fits in a <summary>
TWICE = re.compile(r"<p>(<p>.*?</p>)\s*</p>", re.DOTALL)
ID = re.compile(r' id="([^"]+)"(?=[^<>]*>)')
MENDED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",  # words name it
    'role="doc-biblioentry"': 'role="listitem"',
}


def signature(found: re.Match[str]) -> str:
    """The parameters of a function, one a line."""
    inside = found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
    return f'<span class="sig-lines">{inside}</span>'


def ids_once(body: str) -> str:
    """An id that stands twice stays at its first place."""
    known: set[str] = set()

    def kept(found: re.Match[str]) -> str:
        again = found[1] in known
        known.add(found[1])
        return "" if again else found[0]

    return ID.sub(kept, body)


def mend(app, pagename, templatename, context, doctree):
    body = SIGNATURE.sub(signature, context.get("body") or "")
    for before, after in MENDED.items():
        body = body.replace(before, after)
    body = FOLD.sub(r"<span \1</span>", body)
    context["body"] = ids_once(TWICE.sub(r"\1", body))


def setup(app):
    app.connect("html-page-context", mend, priority=930)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
