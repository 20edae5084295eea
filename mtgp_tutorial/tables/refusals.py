"""Tables that are refused: what is wrong, where, and which arguments settle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class TableError(ValueError):
    """A table is refused: "{argument}: {problem}; pass {a way} or {another}; {remedy}".

    Args:
        problem (str): what is wrong, and where; it begins with an argument if one is at fault.
        ways (list of dict): arguments of `read_table`, each of which settles it where it is true; none where the file
            has to be mended. The message begins with the first of them. Default: none.
        remedy (str): what else to do. Default: nothing.

    >>> from mtgp_tutorial.tables import TableError
    >>> print(TableError("no input is plain", [{"x": "day"}]))
    x: no input is plain; pass x='day'
    """

    def __init__(self, problem: str, ways: Sequence[Mapping[str, Any]] = (), remedy: str = "") -> None:
        self.problem, self.ways, self.remedy = problem, tuple(map(dict, ways)), remedy
        first = next((name for way in self.ways for name in way), "")
        begins = f"{first}: " if first and not problem.startswith(f"{first}: ") else ""
        each = [", ".join(f"{name}={value!r}" for name, value in way.items()) for way in self.ways]
        parts = [problem, f"pass {' or '.join(each)}" if each else "", remedy]
        self.said = begins + "; ".join(part for part in parts if part)
        super().__init__(problem, ways, remedy)  # by which it travels to another process

    def __str__(self) -> str:
        return self.said
