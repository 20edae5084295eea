"""Docstrings on the page of the module: code, names, equations and sections marked up, all else left as it stands.

The docstrings are prose that hold characters which reStructuredText would read as its own, such as the star in M*T.
Napoleon would hand these on, so the sections (Args, Returns, Raises) are read here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIECES = re.compile(r'`([^`]+)`|("[^"\n]+")|\(book: ([\w-]+)\)')  # `code`, "a value", (book: an equation's label)
WORDS = {"Args": "Arguments", "Attributes": "Attributes", "Returns": "Returns", "Raises": "Raises", "Warns": "Warns"}
SECTION = re.compile(rf"^({'|'.join(WORDS)}):\n((?: .*\n)+)", re.MULTILINE)
ENTRY = re.compile(r"([*\w, ]+?)(?: \((.+?)\))?: (.*)")  # name (kind): what it means


def marked_up(text: str, names: dict[str, str]) -> str:
    """One paragraph as reStructuredText; a public name in backticks becomes a link to its entry."""
    done, last = "", 0
    for found in PIECES.finditer(text):
        code, value, label = found.groups()
        done += escaped(text[last : found.start()])
        if label:
            piece = f":eq:`{label}`"
        elif code in names:
            piece = f":py:obj:`{code} <mtgp_tutorial.{names[code]}>`"
        else:
            piece = f"``{code or value}``"
        done += rf"\ {piece}\ "  # a backslash before a space: ends of markup without a space in the page
        last = found.end()
    return done + escaped(text[last:])


def escaped(text: str) -> str:
    return re.sub(r"([\\`*_|])", r"\\\1", text)


def sections(block: str, names: dict[str, str]) -> list[str]:
    """A field for each section; in it an entry has its name and kind on one line, what it means below."""
    found: list[str] = []
    for head, text in SECTION.findall(block + "\n"):
        found += [f":{WORDS[head]}:", ""]
        for entry in re.split(r"\n {4}(?! )", "\n" + text)[1:]:
            parts = ENTRY.fullmatch(" ".join(entry.split())) if head != "Returns" else None
            if parts is None:
                found += ["    " + marked_up(" ".join(entry.split()), names), ""]
                continue
            links = names if head in ("Raises", "Warns") else {}  # an argument may be called as a function is
            terms = [marked_up(f"`{name}`", links) for name in parts[1].split(", ")]
            kind = re.sub(r"\w+", lambda one: f"`{one[0]}`" if one[0] in names else one[0], parts[2] or "")
            term = ", ".join(terms) + (f" : {marked_up(kind, names)}" if kind else "")
            found += ["    " + term, "        " + marked_up(parts[3], names), ""]
    return found


def rewrite(lines: list[str], names: dict[str, str]) -> list[str]:
    """A docstring as reStructuredText: paragraphs marked up, examples as they are, indented blocks as literal ones."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        if block.startswith(">>>"):
            found += block.split("\n")
        elif SECTION.match(block + "\n"):
            found += sections(block, names)
        elif block.startswith(" "):
            found += ["::", "", *block.split("\n")]
        else:  # where lines hang, each that does not begins a paragraph
            paragraphs = re.split(r"\n(?! )", block) if "\n " in block else [block]
            found += "\n\n".join(marked_up(" ".join(one.split()), names) for one in paragraphs).split("\n")
        found.append("")
    return found


def linked() -> dict[str, str]:
    """The names that are linked where a docstring has them in backticks -> their entries."""
    import mtgp_tutorial
    from mtgp_tutorial import tables

    core = {name: name for name in mtgp_tutorial.__all__ if callable(getattr(mtgp_tutorial, name))}
    return core | {name: f"tables.{name}" for name in tables.__all__}


def process(app, what, name, obj, options, lines):
    lines[:] = rewrite(lines, linked())


def setup(app):
    sys.path.insert(0, str(ROOT))  # the module beside the pages, not another one that is installed
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("naming")  # beside this file: the list of all names, and the links to and from the chapters
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
