"""Docstrings on the page of the module: napoleon reads them; code, names and equations are marked up before."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
PIECES = re.compile(r'`([^`]+)`|("[^"]+")|\(book:\s+([\w-]+)\)')  # `code`, "a value", (book: an equation's label)
LITERAL = re.compile(r"\n((?:\n {4}.*)+)(?=\n\n|$)")  # a block that is indented stays as it is
FUNCTIONS = re.compile(r"^\.\. functions:: ([\w.]+)$", re.MULTILINE)
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


def expanded(text: str) -> str:
    """The page, with a line for each public function of a module that it names by `.. functions::`."""

    def lines(found: re.Match[str]) -> str:
        module = import_module(found[1])
        own = [
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == found[1] and not name.startswith("_")
        ]
        return "\n".join(f".. autofunction:: {found[1]}.{name}" for name in getattr(module, "__all__", own))

    return FUNCTIONS.sub(lines, text)


class Functions(SphinxDirective):
    """The entries of a module's public functions, as the module has them."""

    required_arguments = 1

    def run(self):
        place = nodes.Element()
        text = expanded(f".. functions:: {self.arguments[0]}")
        self.state.nested_parse(StringList(text.split("\n"), source=self.env.docname), 0, place)
        return place.children


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
    app.add_directive("functions", Functions)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process, priority=400)  # napoleon comes at 500
    app.setup_extension("sphinx.ext.napoleon")
    app.setup_extension("naming")  # beside this file: the list of all names, and the links to and from the chapters
    return {"parallel_read_safe": True, "parallel_write_safe": True}
