"""How the command says no: one sentence on what is wrong and what to do, in the words of the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from mtgp_tutorial.table.headers import names_in
from mtgp_tutorial.table.refusing import TableError

OPTIONS = {
    "x": "--input",
    "tasks": "--columns",
    "series": "--series",
    "value": "--value",
    "sd": "--errors",
    "dates": "--dates",
    "missing": "--missing",
    "without": "--without",
}
ARGUMENT = re.compile(rf"\b({'|'.join(OPTIONS)})=(\['(?P<one>[^']*)'\])?")
HEAD = re.compile(rf"^({'|'.join(OPTIONS)})(, \w+)*: ")


class Refused(ValueError):
    """One sentence: what is wrong, and what to do."""


def of_one_argument(error: TableError, given: Mapping[str, Any]) -> TableError:
    """An error that stands for several arguments as one of that which held the name. given: names by argument."""
    several = error.option or ""
    for argument in several.split(", ") if ", " in several else []:
        for name in names_in(given.get(argument)):
            head = f"{several}: {name!r} "
            if error.problem.startswith(head):
                problem = f"{argument}: {name!r} {error.problem.removeprefix(head)}"
                return TableError(problem, error.remedy, argument, error.value)
    return error


def sentence(error: Exception) -> str:
    """The message; where it speaks of an argument of `read_table`, of the option that stands for it."""
    if not isinstance(error, TableError):
        return str(error)
    problem = HEAD.sub(lambda found: f"{OPTIONS[found[1]]}: ", error.problem.removeprefix("path: "))
    if error.option == "dates" and error.value:
        return f"{problem}; add {' or '.join(f'--dates {order}' for order in error.value)}"
    remedy = ARGUMENT.sub(_option, error.remedy)
    option = OPTIONS.get(error.option or "")
    return f"{problem}; {remedy}" + (f" ({option})" if option and option not in f"{problem}{remedy}" else "")


def _option(found: re.Match[str]) -> str:
    """x= as --input, missing=['?'] as --missing '?'."""
    return OPTIONS[found[1]] + ("" if found["one"] is None else f" {shlex.quote(found['one'])}")
