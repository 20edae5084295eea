"""Docstrings on the page of the module: napoleon reads them; code, names and equations are marked up before."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIECES = re.compile(r'`([^`]+)`|("[^"]+")|\(book:\s+([\w-]+)\)')  # `code`, "a value", (book: an equation's label)
LITERAL = re.compile(r"\n((?:\n {4}.*)+)(?=\n\n|$)")  # a block that is indented stays as it is
RETURNS = re.compile(r"^Returns:\n((?: .*\n?)+)", re.MULTILINE)


def marked_up(text: str, names: dict[str, str]) -> str:
    """Text as reStructuredText; a public name in backticks becomes a link to its entry."""

    def piece(found: re.Match[str]) -> str:
        code, value, label = found.groups()
        role = f":eq:`{label}`" if label else f"``{' '.join((code or value).split())}``"
        if code in names:
            role = f":py:obj:`{code} <mtgp_tutorial.{names[code]}>`"
        return rf"\ {role}\ "  # a backslash before a space: ends of markup without a space in the page

    return PIECES.sub(piece, text)


def returned(found: re.Match[str]) -> str:
    """Its words as one line, below an empty one: napoleon would take those before a colon on the first for a type."""
    return f"Returns:\n    \\ \n    {' '.join(found[1].split())}\n"


def rewrite(docstring: str, names: dict[str, str]) -> str:
    """A docstring for napoleon, its examples as they are."""
    prose, example, code = docstring.partition("\n>>> ")
    parts = LITERAL.split(RETURNS.sub(returned, prose))
    parts[::2] = [marked_up(part, names) for part in parts[::2]]
    parts[1::2] = ["\n\n::\n" + part for part in parts[1::2]]
    return "".join(parts) + example + code


def linked() -> dict[str, str]:
    """The names that are linked where a docstring has them in backticks -> their entries."""
    import mtgp_tutorial
    from mtgp_tutorial import tables

    core = {name: name for name in mtgp_tutorial.__all__ if callable(getattr(mtgp_tutorial, name))}
    return core | {name: f"tables.{name}" for name in tables.__all__}


def process(app, what, name, obj, options, lines):
    lines[:] = rewrite("\n".join(lines), linked()).split("\n")


def setup(app):
    sys.path.insert(0, str(ROOT))  # the module beside the pages, not another one that is installed
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process, priority=400)  # napoleon comes at 500
    app.setup_extension("sphinx.ext.napoleon")
    app.setup_extension("naming")  # beside this file: the list of all names, and the links to and from the chapters
    return {"parallel_read_safe": True, "parallel_write_safe": True}
