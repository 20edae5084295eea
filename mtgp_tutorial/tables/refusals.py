"""Tables that are refused: what is wrong, where, and what to do, in the words of Python or of another program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

MARKED = re.compile("\x02(.*?)\x03", re.DOTALL)  # an argument in the text of a TableError


def argument(name: str, *values: str, sets: bool = False) -> str:
    """An argument of `read_table` or `from_frame` in a message: named alone, or as what sets it (to these values)."""
    return f"\x02{json.dumps([name, sets or bool(values), values])}\x03"


def in_python(name: str, sets: bool, values: Sequence[str]) -> str:
    """x, x=, dates="day-first", missing=['?']."""
    if not values:
        return f"{name}=" if sets else name
    several = name in ("missing", "without") or len(values) > 1
    return f"{name}={list(values)!r}" if several else f'{name}="{values[0]}"'


class TableError(ValueError):
    """A table is refused. Message: "{problem}; {remedy}".

    `said` is for programs whose users call the arguments otherwise.

    Args:
        problem (str): what is wrong, and where.
        remedy (str): what to do.
        option (str): the argument of `read_table` or `from_frame` that settles it ("dates", "x", "missing", ...), None
            where only the file can be mended. Default: the first that the message marks (`argument`).
        value (any): what to pass there, where one is known. Default: none.

    >>> import pandas as pd
    >>> from mtgp_tutorial import TaskData
    >>> from mtgp_tutorial.tables import TableError
    >>> frame = pd.DataFrame({"day": [1, 2], "level": [1.5, "about 2"]})
    >>> try:
    ...     TaskData.from_frame(frame, x="day", tasks=["level"])
    ... except TableError as error:
    ...     print(error.problem)
    column 'level', row 1: 'about 2' is not a number
    """

    def __init__(self, problem: str, remedy: str, option: str | None = None, value: Any = None) -> None:
        marked = MARKED.search(problem + remedy)
        self.texts, self.value = (problem, remedy), value
        self.option = json.loads(marked[1])[0] if option is None and marked else option
        self.problem, self.remedy = self.said(in_python)
        super().__init__(f"{self.problem}; {self.remedy}")

    def said(self, spell: Callable[[str, bool, Sequence[str]], str]) -> tuple[str, str]:
        """Problem and remedy in the words of a program.

        Args:
            spell (function): writes an argument: of its name, whether it is set, and to which values.
        """
        problem, remedy = (MARKED.sub(lambda one: spell(*json.loads(one[1])), text) for text in self.texts)
        return problem, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors of several arguments have to say how they travel to another process."""
        return type(self), (*self.texts, self.option, self.value)


def place(column: pd.Series, row: int | np.intp) -> str:
    """Where a cell stands: "column 'level', line 7", or whatever the index of the rows is called."""
    label = column.index[row]
    if column.name is None:  # a list of dates, no table
        return f"entry {label}"
    return f"column {str(column.name)!r}, {column.index.name or 'row'} {label}"


def refuse_first(column: pd.Series, wrong: Any, problem: str, remedy: str, *, cell: bool = False) -> None:
    """TableError at the first cell that is wrong [N], where one is; cell: its text stands before the problem."""
    for row in np.flatnonzero(wrong):
        told = f"{column.iloc[row]!r} {problem}" if cell else problem
        raise TableError(f"{place(column, row)}: {told}", remedy)
