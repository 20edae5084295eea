"""The shapes that plain Markdown has for what MyST puts into boxes: block quotes and folds."""

from __future__ import annotations

import re

EQUATION = re.compile(r"\$\$(.+?)\$\$(?: *\(([\w:.-]+)\))?", re.DOTALL)


def quote(text: str) -> str:
    """A block quote. Display mathematics goes on one line: Jupyter would take the > marks inside it for mathematics."""
    text = EQUATION.sub(lambda found: " ".join(found[0].split()), text)
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))


def tidy(parts: list[str]) -> str:
    """Join parts with at most one empty line in between."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip("\n")


def fold(summary: str, body: str) -> str:
    """What opens on a click. The empty lines let Markdown and mathematics inside be read as such."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body.strip()}\n\n</details>\n"
