"""Cut MyST Markdown into prose, fenced code and directives."""

from __future__ import annotations

import re
from dataclasses import dataclass

FENCE = re.compile(r"^ *(?P<fence>`{3,}|:{3,}|~{3,})(?:\{(?P<name>[^}]+)\})? *(?P<title>.*)$")
OPTION = re.compile(r"^:([\w-]+):(.*)$")


@dataclass
class Directive:
    """A fenced MyST block, taken apart."""

    name: str
    title: str
    options: dict[str, str]
    body: str


def split(text: str) -> list[str | Directive]:
    """Cut text into prose, fenced code (as [fence, ...] strings starting with the fence) and directives."""
    parts: list[str | Directive] = []
    prose: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        fence = FENCE.match(line)
        if not fence:
            prose.append(line)
            continue
        parts.append("\n".join(prose))
        prose = []
        body = []
        for inside in lines:
            if re.fullmatch(f"{fence['fence'][0]}{{{len(fence['fence'])},}}", inside.strip()):
                break
            body.append(inside)
        parts.append(directive(fence, body) if fence["name"] else "\n".join([line, *body, fence["fence"]]))
    return [*parts, "\n".join(prose)]


def directive(fence: re.Match[str], body: list[str]) -> Directive:
    """Separate a directive's options from its body."""
    options = {}
    while body and (option := OPTION.match(body[0].strip())):
        options[option[1]] = option[2].strip()
        body = body[1:]
    return Directive(fence["name"], fence["title"].strip(), options, "\n".join(body).strip("\n"))
