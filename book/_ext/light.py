"""Less weight: pictures load when they are near and keep their place, scripts that no page uses stay away."""

from __future__ import annotations

import re

VALUE_AND_UNIT = re.compile(r"(?<=\d) (?=%)| ?± ")  # a percent sign and an error stay with their number
SIZE = re.compile(r'style="width: (\d+)px; height: (\d+)px;"')
FORMULA_AND_COMMA = re.compile(r'(<span class="math"><math>(?:(?!</math>).)*</math></span>[,.;:?!)]+)')
UNUSED = ("design-tabs", "thebe", "sphinx_highlight", "pagename")  # for what no page has; the search marks words itself


def lighten(app, pagename, templatename, context, doctree):
    """Pictures with their size in attributes, and lazy; no comma alone on a line."""
    body = context.get("body") or ""
    body = SIZE.sub(r'width="\1" height="\2"', body)
    body = body.replace("<img ", '<img loading="lazy" decoding="async" ')
    parts = re.split(r"(<pre.*?</pre>|<[^>]*>)", body, flags=re.DOTALL)  # text alone, no code and no attributes
    parts[::2] = [VALUE_AND_UNIT.sub(together, part) for part in parts[::2]]
    body = "".join(parts)
    context["body"] = FORMULA_AND_COMMA.sub(r'<span class="nobreak">\1</span>', body)


def together(found):
    return found[0].replace(" ", "\u00a0")


def drop_what_is_not_used(app, pagename, templatename, context, doctree):
    """Scripts and sheets that no page has a use for; the other scripts wait until the page stands."""
    for files in (context.get("script_files", []), context.get("css_files", [])):
        files[:] = [file for file in files if not any(word in named(file) for word in UNUSED)]
    for file in context.get("script_files", []):
        if file.filename:
            file.attributes["defer"] = "defer"


def named(file):
    """A file's name and attributes, or an inline script's text, in lower case."""
    return f"{getattr(file, 'filename', '')} {getattr(file, 'attributes', '')}".lower()


def setup(app):
    app.connect("html-page-context", lighten, priority=940)
    app.connect("html-page-context", drop_what_is_not_used, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
