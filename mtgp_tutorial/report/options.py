"""The options of the command, and the command as it would be typed again."""

from __future__ import annotations

import argparse
import csv
import shlex
from typing import Any

from mtgp_tutorial.report.arms import KERNELS

PROGRAM = "python -m mtgp_tutorial report"
# what the trials and the filling depend on; jobs, trials and out may differ from one call to the next
READING = ("input", "columns", "without", "series", "value", "errors", "dates", "missing", "every", "log")
SETTLED = (*READING, "kernel", "seed")


def names(text: str) -> list[str]:
    """Names split by commas; one that holds a comma stands in double quotes."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True))]


def whole(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """All options; each has its place in some message of the command, so that nobody has to look here first."""
    top = argparse.ArgumentParser(prog="python -m mtgp_tutorial", description="Multi-task Gaussian processes.")
    commands = top.add_subparsers(dest="command", required=True)
    ask = commands.add_parser(
        "report",
        help="compare models on a table of yours, and fill its holes",
        description="Reads a table, hides cells as its own holes are, compares models on them, fills the table, and "
        "writes report.html, filled.csv and trials.csv. Exit code: 0 done, 2 refused with nothing written, 130 stopped "
        "(the same command goes on).",
    )
    ask.add_argument("table", help="a CSV file with a line of names")
    ask.add_argument("--input", type=names, metavar="NAME", help="the column of the input, or several: east,north")
    ask.add_argument("--columns", type=names, metavar="NAMES", help="the tasks; all other columns are left out")
    ask.add_argument("--without", type=names, metavar="NAMES", help="columns that are left out")
    ask.add_argument("--series", metavar="NAME", help="long format: the column that names the series")
    ask.add_argument("--value", metavar="NAME", help="long format: the column of the values")
    ask.add_argument("--errors", type=names, metavar="NAMES", help="columns of standard errors; 'none' for none")
    ask.add_argument("--dates", choices=["day-first", "month-first"], help="how dates such as 09/03/2020 are meant")
    ask.add_argument("--missing", type=names, metavar="CODES", help="numbers that mean missing; 'none' for none")
    ask.add_argument("--log", type=names, metavar="NAMES", help="tasks whose logarithm is modelled")
    ask.add_argument("--every", type=whole, metavar="K", help="take every K-th row")
    ask.add_argument("--trials", type=whole, default=16, metavar="N", help="how often cells are hidden (default 16)")
    ask.add_argument("--kernel", choices=list(KERNELS), default="matern32", help="kernel (default matern32)")
    ask.add_argument("--seed", type=int, default=0, metavar="N", help="of places and starts (default 0)")
    ask.add_argument("--jobs", type=whole, default=1, metavar="N", help="processes that fit at once (default 1)")
    ask.add_argument("--out", metavar="FOLDER", help="where the results go (default TABLE-report)")
    return top


def command(asked: argparse.Namespace, **changes: Any) -> str:
    """The command as it would be typed in a shell, with some options changed."""
    defaults = vars(parser().parse_args(["report", ""]))
    words = []
    for name, value in {**vars(asked), **changes}.items():
        if name not in ("command", "table") and value != defaults[name]:
            words += [f"--{name}", joined(value) if isinstance(value, list) else str(value)]
    return f"{PROGRAM} {shlex.join([asked.table, *words])}"


def joined(values: list[str]) -> str:
    """The opposite of `names`."""
    return ",".join(f'"{value}"' if "," in value else value for value in values)


def settled(asked: argparse.Namespace) -> dict[str, Any]:
    """The options that a folder of results belongs to."""
    return {name: getattr(asked, name) for name in SETTLED}
