"""The options of the command, and the command as it would be typed again.

The command says no in one sentence, in the words of the command line. A folder of results belongs to a file, to options
and to a version, so that a run goes on, or is refused.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mtgp_tutorial import __version__
from mtgp_tutorial.writing import write

PROGRAM = "python -m mtgp_tutorial report"
# what the trials and the filling depend on; jobs, trials and out may differ from one call to the next
SETTLED = "input columns without series value errors dates missing skip sheet every log kernel seed".split()
TRIALS = 16
KERNELS = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5, "rbf": None}  # nu; None: squared-exponential


def names(text: str) -> list[str]:
    """Names split by commas; one that holds a comma stands in double quotes."""
    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True))]


def at_least(least: int, why: str = "") -> Callable[[str], int]:
    """How a whole number from `least` to 2^63 - 1 is read; why: what the refusal of a smaller one ends in."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            above = f"above {least - 1}" if least else "from 0 on"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {above}{why}")
        if int(text) >= 2**63:
            raise argparse.ArgumentTypeError(f"{text!r} is more than 2^63 - 1")
        return int(text)

    return read


def dates(text: str) -> str:
    """How dates are meant, as `read_table` takes it."""
    from mtgp_tutorial.tables.date_formats import manner
    from mtgp_tutorial.tables.refusals import TableError  # these bring pandas and PyTorch

    try:
        manner(text)
    except TableError as error:
        raise argparse.ArgumentTypeError(f"is {text!r}; {error.remedy}") from None
    return text


class Refused(ValueError):
    """One sentence: what is wrong, and what to do."""


class Raising(argparse.ArgumentParser):
    """Raises Refused where the command line would end the program."""

    def error(self, message: str) -> NoReturn:
        raise Refused(message)


def parser(kind: type[argparse.ArgumentParser] = argparse.ArgumentParser) -> argparse.ArgumentParser:
    """All options; each has its place in some message of the command, so that nobody has to look here first."""
    top = kind(prog="python -m mtgp_tutorial", description="Multi-task Gaussian processes.")
    top.add_argument("--version", action="version", version=f"mtgp_tutorial {__version__}")
    commands = top.add_subparsers(dest="command", required=True)
    ask = commands.add_parser(
        "report",
        help="compare models on a table of yours, and fill its holes",
        description="Reads a table, hides cells as its own holes are, compares models on them, fills the table, and "
        "writes report.html, how.html (how it was decided), filled.csv (the file with its holes filled), trials.csv, "
        "fit.npz and repeat.py. Exit code: 0 done, 1 no model could be fitted or no file written, 2 refused with "
        "nothing written, 130 stopped (the same command goes on).",
    )
    ask.add_argument("table", help="a CSV file with a line of names, or an Excel workbook")
    ask.add_argument("--input", type=names, metavar="NAME", help="the column of the input, or several: east,north")
    ask.add_argument("--columns", type=names, metavar="NAMES", help="the tasks; all other columns are left out")
    ask.add_argument("--without", type=names, metavar="NAMES", help="columns that are left out")
    ask.add_argument("--series", metavar="NAME", help="long format: the column that names the series")
    ask.add_argument("--value", metavar="NAME", help="long format: the column of the values")
    ask.add_argument("--errors", type=names, metavar="NAMES", help="columns of standard errors; 'none' for none")
    how = "day-first or month-first, two-digit (1950 to 2049) or the first of a hundred years; or one of each: "
    ask.add_argument("--dates", type=dates, metavar="HOW", help=f"{how}day-first,1900")
    ask.add_argument("--missing", type=names, metavar="CODES", help="numbers that mean missing; 'none' for none")
    ask.add_argument("--skip", metavar="LINES", help="lines of the file that are left out, by number: 2, or 1-3,8")
    ask.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook")
    ask.add_argument("--log", type=names, metavar="NAMES", help="tasks whose logarithm is modelled")
    ask.add_argument("--every", type=at_least(1), metavar="K", help="take every K-th row")
    two = at_least(2, "; a comparison takes two trials or more")
    ask.add_argument("--trials", type=two, metavar="N", help=f"how often cells are hidden (default {TRIALS})")
    ask.add_argument("--kernel", choices=list(KERNELS), default="matern32", help="kernel (default matern32)")
    ask.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of places and starts (default 0)")
    ask.add_argument("--jobs", type=at_least(1), default=1, metavar="N", help="processes that fit at once (default 1)")
    ask.add_argument("--out", metavar="FOLDER", help="where the results go (default TABLE-report)")
    return top


def parsed(words: Sequence[str], kind: type[argparse.ArgumentParser] = argparse.ArgumentParser) -> argparse.Namespace:
    """The options of a command line. A value such as -999,-99 joins its option, or argparse would take it for one."""
    joint: list[str] = []
    for word in words:
        if re.match(r"-[\d.]", word) and joint and re.fullmatch(r"--[a-z]+", joint[-1]):
            joint[-1] += f"={word}"
        else:
            joint.append(word)
    return parser(kind).parse_args(joint)


def option(name: str, value: str) -> list[str]:
    """An option in words of the command line: --name value, or --name=value where the value begins with a hyphen."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def command(asked: argparse.Namespace, **changes: Any) -> str:
    """The command as it would be typed in a shell, with some options changed."""
    defaults = vars(parser().parse_args(["report", ""]))
    words = []
    for name, value in {**vars(asked), **changes}.items():
        if name not in ("command", "table") and value != defaults[name]:
            words += option(f"--{name}", with_commas(value) if isinstance(value, list) else str(value))
    return f"{PROGRAM} {shlex.join([asked.table, *words])}"


def with_commas(values: list[str]) -> str:
    """The opposite of `names`."""
    return ",".join(f'"{value}"' if "," in value else value for value in values)


RENAMED = {"x": "input", "tasks": "columns", "sd": "errors"}  # arguments of `read_table` by the name of their option
WHOLE = ("series", "value", "dates", "skip", "sheet")  # options that are not split by commas


def in_options(error: Exception) -> str:
    """The message; where it speaks of an argument of `read_table`, of the option that stands for it."""
    from mtgp_tutorial.tables.refusals import TableError  # which brings pandas and PyTorch

    if isinstance(error, OSError) and error.filename:
        return (
            f"{error.filename} cannot be read or written ({error.strerror}); mend that, or pass another TABLE or --out"
        )
    if not isinstance(error, TableError):
        return str(error)
    problem, remedy = error.said(_as_option)
    settles = _as_option(error.option) if error.option else ""
    return f"{problem}; {remedy}" + ("" if settles in f"{problem}{remedy}" else f" ({settles})")


def _as_option(name: str, sets: bool = False, values: Sequence[str] = ()) -> str:
    """x as --input, missing=['?'] as --missing '?'."""
    flag = "TABLE" if name == "path" else f"--{RENAMED.get(name, name)}"
    value = values[0] if name in WHOLE and values else with_commas(list(values))
    return shlex.join(option(flag, value)) if values else flag


RUN, FIT, REPORT, HOW = "run.json", "fit.npz", "report.html", "how.html"
FILES = (REPORT, HOW, "filled.csv", "repeat.py", "trials.csv", "trials.csv.lock", RUN, FIT)


def run_of(asked: argparse.Namespace, version: str) -> dict[str, Any]:
    """What a folder of results belongs to: a file, as it is, some options and a version."""
    path = Path(asked.table)
    return {
        "table": path.name,
        "checksum": hashlib.sha256(path.read_bytes()).hexdigest(),
        "version": version,
        "options": {name: getattr(asked, name) for name in SETTLED},
    }


def check_folder(folder: Path) -> None:
    """Refuse a folder that leads elsewhere, or holds what this command did not write."""
    if folder.is_symlink() or any((folder / name).is_symlink() for name in FILES):
        raise Refused(f"{folder} is a link or holds one, and nothing is written through links; add --out NAME")
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file; add --out NAME, the name of a folder")
    if not folder.exists() and not folder.absolute().parent.is_dir():
        raise Refused(f"{folder} lies in a folder that does not exist; make it, or add --out NAME")
    drafts = {*folder.glob(f"{RUN}.*")}  # of a run that was killed, or had no room, before its first file
    if folder.is_dir() and {*folder.iterdir()} - drafts and not (folder / RUN).is_file():
        raise Refused(f"{folder} holds other files; add --out NAME, the name of a new folder")


def known_run(folder: Path, run: dict[str, Any]) -> dict[str, Any] | None:
    """What the folder says of an earlier run; None where there is none. Refused where that was of another run."""
    path, todo = folder / RUN, f"remove {folder}, or add --out NAME"
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text(encoding="utf8"))
        assert isinstance(kept, dict) and isinstance(kept["options"], dict) and isinstance(kept["methods"], list)
        assert "trials" not in kept or type(kept["trials"]) is int
    except (ValueError, KeyError, AssertionError):
        raise Refused(f"{path} is not a file that this command wrote; {todo}") from None
    if kept.get("table") != run["table"]:
        raise Refused(f"{folder} belongs to {kept.get('table')}; pass another --out")
    if kept.get("checksum") != run["checksum"]:
        raise Refused(f"{run['table']} has changed since {folder} was made; {todo}")
    if kept.get("version") != run["version"]:
        raise Refused(f"{folder} is of version {kept.get('version')}, and this is {run['version']}; {todo}")
    for name, value in run["options"].items():
        if kept["options"].get(name) != value:
            was = kept["options"].get(name)
            raise Refused(f"--{name} was {_word(was)} when {folder} was made, and is {_word(value)}; {todo}")
    return kept


def stored(path: Path) -> set[tuple[str, str]]:
    """Trial and method of each fit that a store holds; none where it cannot be read, which `compare` will say."""
    import pandas as pd

    try:
        table = pd.read_csv(path, usecols=["trial", "method"], dtype=str, keep_default_na=False)
    except (OSError, ValueError):
        return set()
    return set(zip(table["trial"], table["method"]))


def put(path: Path, text: str) -> None:
    """Write a file beside its place, then put it there: never half a file, and no link is followed."""
    write(path, text.encode(), "--out")


def _word(value: Any) -> str:
    return "not given" if value in (None, [], "") else str(value)
