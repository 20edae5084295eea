"""Data frames on the page: one header row, header cells that say what they head, and scrolling inside themselves."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

STYLE = re.compile(r"<style scoped>.*?</style>", re.DOTALL)  # pandas' own, for pages without a sheet
TABLE = re.compile(r'<table[^>]*class="dataframe[^>]*>.*?</table>', re.DOTALL)


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


def headed(table):
    """Scopes for a screen reader; an empty corner heads nothing and becomes a plain cell."""
    for cell in table.find_all("th"):
        cell.attrs.pop("halign", None)
        if not cell.get_text(strip=True):
            cell.name = "td"
        else:
            cell["scope"] = "col" if cell.find_parent("thead") else "row"


def better(found: re.Match[str]) -> str:
    soup = BeautifulSoup(found[0], "html.parser")
    table = soup.table
    del table["border"]
    one_header(table.thead.find_all("tr"))
    headed(table)
    return f'<div class="table-scroll">{soup}</div>'


def mend(app, pagename, templatename, context, doctree):
    context["body"] = TABLE.sub(better, STYLE.sub("", context.get("body") or ""))


def setup(app):
    app.connect("html-page-context", mend, priority=935)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
