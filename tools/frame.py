"""What stands below a chapter's title: `book/chapters.yml`, and the minutes that its notebook ran."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import yaml

BOOK = Path(__file__).resolve().parents[1] / "book"
MINUTES = "minutes.json"  # written by tools/notebooks.py: processor minutes of a whole chapter, rounded up


def facts(book: Path = BOOK) -> dict[str, dict[str, Any]]:
    """For each numbered chapter: able, needs, run."""
    chapters = yaml.safe_load((book / "chapters.yml").read_text(encoding="utf8"))
    minutes = json.loads((book / MINUTES).read_text(encoding="utf8"))
    return {name: {**chapter, "run": minutes[name]} for name, chapter in chapters.items()}


def line(name: str, book: Path = BOOK) -> str:
    """The line in Markdown, for the plain copies; "" for a page that has none."""
    chapter = facts(book).get(name)
    if not chapter:
        return ""
    needs = f"It needs {listed([f'{{doc}}`{need}`' for need in chapter['needs']])}. " if chapter["needs"] else ""
    return f"*You will be able to:* {chapter['able']} {needs}It runs in less than {minutes(chapter['run'])}."


def listed(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def minutes(number: int) -> str:
    """The number with its unit."""
    return "a minute" if number == 1 else f"{number} minutes"


def processor_seconds() -> float:
    """What all processes that this one started, and that have ended, took of a core."""
    used = os.times()
    return used.children_user + used.children_system


def keep(seconds: dict[str, float], book: Path = BOOK) -> None:
    """Write the minutes of the notebooks that were run; those of others stay."""
    path = book / MINUTES
    known = json.loads(path.read_text(encoding="utf8")) if path.is_file() else {}
    known |= {name: max(1, math.ceil(second / 60)) for name, second in seconds.items()}
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf8")
