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

    >>> import pandas as pd
    >>> from mtgp_tutorial import TaskData
    >>> from mtgp_tutorial.tables import TableError
    >>> frame = pd.DataFrame({"day": [1, 2], "level": [1.5, "about 2"]})
    >>> try:
    ...     TaskData.from_frame(frame, x="day", tasks=["level"])
    ... except TableError as error:
    ...     print(error.ways[0])
    {'missing': ['about 2']}
    """

    def __init__(self, problem: str, ways: Sequence[Mapping[str, Any]] = (), remedy: str = "") -> None:
        self.problem, self.ways, self.remedy = problem, tuple(map(dict, ways)), remedy
        first = next((name for way in self.ways for name in way), "")
        begins = f"{first}: " if first and not problem.startswith(f"{first}: ") else ""
        each = [", ".join(f"{name}={value!r}" for name, value in way.items()) for way in self.ways]
        parts = [problem, f"pass {' or '.join(each)}" if each else "", remedy]
        super().__init__(begins + "; ".join(part for part in parts if part))

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors of several arguments have to say how they travel to another process."""
        return type(self), (self.problem, self.ways, self.remedy)


def refuse_gone(options: Mapping[str, Any]) -> None:
    """TableError for arguments of an earlier release, with what to do; TypeError for names that never were."""
    for name, value in options.items():
        if name != "dates":
            raise TypeError(f"{name}: is no argument of read_table")
        order = "'%m/%d/%Y' or alike" if "month-first" in str(value) else "'%d.%m.%Y' or alike"
        raise TableError(
            "dates: is now date_format, the format of the dates as pandas takes it, with %y for years of two digits",
            [],
            f"pass date_format={order}",
        )
