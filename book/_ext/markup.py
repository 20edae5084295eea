"""The markup of a page, mended once its parts have written it: what the standard forbids, what a screen reader trips
over, tables of data, and less weight: pictures but the first load when near, scripts that no page uses stay away."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

# A signature over several lines is a <dl> of <dd> alone inside a <dt>; spans may stand there, and lists may not.
SIGNATURE = re.compile(r'(?<=class="sig-paren">\(</span>)\s*<dl>(.*?)</dl>\s*(?=<span class="sig-paren">\))', re.DOTALL)
FOLD = re.compile(r'<p (class="(?:collapsed|expanded) admonition-title">[^<]*)</p>')  # no paragraph fits in a <summary>
TWICE = re.compile(r"<p>(<p>.*?</p>)\s*</p>", re.DOTALL)
ID = re.compile(r' id="([^"]+)"(?=[^<>]*>)')
STYLE = re.compile(r"<style scoped>.*?</style>", re.DOTALL)  # pandas' own, for pages without a sheet
TABLE = re.compile(r'<table[^>]*class="dataframe[^>]*>.*?</table>', re.DOTALL)
SIZE = re.compile(r'style="width: (\d+)px; height: (\d+)px;"')
VALUE_AND_UNIT = re.compile(r"(?<=\d) (?=%)| ?± ")  # a percent sign and an error stay with their number
FORMULA_AND_COMMA = re.compile(r'(<span class="math"><math>(?:(?!</math>).)*</math></span>[,.;:?!)]+)')
MENDED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",  # words name it
    'role="doc-biblioentry"': 'role="listitem"',
    "<img ": '<img loading="lazy" decoding="async" ',
}
UNUSED = ("design-tabs", "thebe", "sphinx_highlight", "pagename")  # for what no page has; the search marks words itself


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


def one_header(rows):
    """pandas writes the names of the index into a row of their own: move them into the row of the columns' names.

    Where the columns have a name too, the corner holds both. Columns of several levels keep their rows.
    """
    if len(rows) != 2:
        return
    columns, names = (row.find_all("th") for row in rows)
    pairs = [(column.get_text(), name.get_text()) for column, name in zip(columns, names)]
    if len(columns) == len(names) and not any(column and name for column, name in pairs[1:]):
        for cell, (column, name) in zip(columns, pairs):
            cell.string = f"{name} ↓ {column} →" if column and name else column or name
        rows[1].decompose()


def better(found: re.Match[str]) -> str:
    """A data frame: one header row, scopes for a screen reader, a plain cell for an empty corner, and it scrolls."""
    soup = BeautifulSoup(found[0], "html.parser")
    table = soup.table
    del table["border"]
    one_header(table.thead.find_all("tr"))
    for cell in table.find_all("th"):
        cell.attrs.pop("halign", None)
        if not cell.get_text(strip=True):
            cell.name = "td"
        else:
            cell["scope"] = "col" if cell.find_parent("thead") else "row"
    return f'<div class="table-scroll">{soup}</div>'


def mend(app, pagename, templatename, context, doctree):
    body = SIGNATURE.sub(signature, context.get("body") or "")
    for before, after in MENDED.items():
        body = body.replace(before, after)
    body = body.replace('loading="lazy"', 'fetchpriority="high"', 1)
    body = TWICE.sub(r"\1", FOLD.sub(r"<span \1</span>", body))
    body = SIZE.sub(r'width="\1" height="\2"', TABLE.sub(better, STYLE.sub("", ids_once(body))))
    parts = re.split(r"(<pre.*?</pre>|<[^>]*>)", body, flags=re.DOTALL)  # text alone, no code and no attributes
    parts[::2] = [VALUE_AND_UNIT.sub(lambda found: found[0].replace(" ", "\u00a0"), part) for part in parts[::2]]
    context["body"] = FORMULA_AND_COMMA.sub(r'<span class="nobreak">\1</span>', "".join(parts))


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
    app.connect("html-page-context", mend, priority=935)
    app.connect("html-page-context", drop_what_is_not_used, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
