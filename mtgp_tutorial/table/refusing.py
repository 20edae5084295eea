"""What a table that cannot be read says: the problem, the place, and the argument that settles it."""

from __future__ import annotations

from typing import Any

import pandas as pd


class TableError(ValueError):
    """A table is refused. Message: "{problem}; {remedy}".

    option: the argument of `read_table` or `from_frame` that settles it ("dates", "x", "missing", ...), None where
    only the file can be mended. value: what to pass there, where one is known.

    >>> import pandas as pd
    >>> from mtgp_tutorial import TableError, TaskData
    >>> frame = pd.DataFrame({"day": [1, 2], "level": [1.5, "about 2"]})
    >>> try:
    ...     TaskData.from_frame(frame, x="day", tasks=["level"])
    ... except TableError as error:
    ...     print(error.problem)
    column 'level', row 1: 'about 2' is not a number
    """

    def __init__(self, problem: str, remedy: str, option: str | None = None, value: Any = None) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem, self.remedy, self.option, self.value = problem, remedy, option, value

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors of several arguments have to say how they travel to another process."""
        return type(self), (self.problem, self.remedy, self.option, self.value)


def place(column: pd.Series, row: int) -> str:
    """Where a cell stands: "column 'level', line 7", or whatever the index of the rows is called."""
    label = column.index[row]
    if column.name is None:  # a list of dates, no table
        return f"entry {label}"
    return (
        f"column {str(column.name)!r}, {column.index.name or 'row'} {label if isinstance(label, str) else f'{label}'}"
    )


def listed(names: Any, most: int = 8) -> str:
    """Names as a list in a sentence, the first few of many."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def count(number: int, noun: str) -> str:
    """A number and its noun: "1 row", "2 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
