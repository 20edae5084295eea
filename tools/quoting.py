"""What `{literalinclude} FILE` quotes: a file of the repository, or one class, function or method of it."""

from __future__ import annotations

import ast
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1] / "book"  # paths in a directive are seen from its page


def quoted(file: str, name: str = "", book: Path = BOOK) -> str:
    """The lines of the file, or of what `name` ("function", "Class.method") names in it; ValueError if it is not there.

    As Sphinx does it for its option pyobject: a method keeps its indentation, decorators come along.
    """
    text = (book / file).read_text(encoding="utf8")
    if not name:
        return text.strip("\n")
    body: list[ast.stmt] = ast.parse(text).body
    found: ast.stmt | None = None
    for part in name.split("."):
        named = [one for one in body if isinstance(one, ast.ClassDef | ast.FunctionDef) and one.name == part]
        if not named:
            raise ValueError(f"pyobject: {file} has no {name}; name a class, function or method that is there")
        found, body = named[0], named[0].body
    assert isinstance(found, ast.ClassDef | ast.FunctionDef)
    first = min([found.lineno, *(one.lineno for one in found.decorator_list)])
    return "\n".join(text.split("\n")[first - 1 : found.end_lineno])
