"""Plain docstrings on the page of the module: code, names and equations marked up, all else left as it stands.

The docstrings are prose that hold characters which reStructuredText would read as its own, such as the star in M*T.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIECES = re.compile(r'`([^`]+)`|("[^"\n]+")|\(book: ([\w-]+)\)')  # `code`, "a value", (book: an equation's label)


def marked_up(text: str, names: set[str]) -> str:
    """One paragraph as reStructuredText; a public name in backticks becomes a link."""
    done, last = "", 0
    for found in PIECES.finditer(text):
        code, value, label = found.groups()
        done += escaped(text[last : found.start()])
        if label:
            piece = f":eq:`{label}`"
        elif code in names:
            piece = f":py:obj:`{code} <mtgp_tutorial.{code}>`"
        else:
            piece = f"``{code or value}``"
        done += rf"\ {piece}\ "  # a backslash before a space: ends of markup without a space in the page
        last = found.end()
    return done + escaped(text[last:])


def escaped(text: str) -> str:
    return re.sub(r"([\\`*_|])", r"\\\1", text)


def rewrite(lines: list[str], names: set[str]) -> list[str]:
    """A docstring as reStructuredText: paragraphs marked up, examples as they are, indented blocks as literal ones."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        if block.startswith(">>>"):
            found += block.split("\n")
        elif block.startswith(" "):
            found += ["::", "", *block.split("\n")]
        else:  # where lines hang, each that does not begins a paragraph
            paragraphs = re.split(r"\n(?! )", block) if "\n " in block else [block]
            found += "\n\n".join(marked_up(" ".join(one.split()), names) for one in paragraphs).split("\n")
        found.append("")
    return found


def process(app, what, name, obj, options, lines):
    import mtgp_tutorial

    names = {name for name in mtgp_tutorial.__all__ if callable(getattr(mtgp_tutorial, name))}
    lines[:] = rewrite(lines, names)


def setup(app):
    sys.path.insert(0, str(ROOT))  # the module beside the pages, not another one that is installed
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
