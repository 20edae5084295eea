"""python -m mtgp_tutorial report table.csv."""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mtgp_tutorial import __version__
from mtgp_tutorial.tables import NotApplicable, read_table
from mtgp_tutorial.tables.store import StoreError
from mtgp_tutorial.writing import NotWritten


def names(text: str) -> list[str]:
    """Names split by commas."""
    return text.split(",")


def lines(text: str) -> int | list[int]:
    """How many lines, or their numbers split by commas."""
    return [int(one) for one in text.split(",")] if "," in text else int(text)


READING = {  # arguments of `read_table`: how each is read, and what its option says
    "x": (names, "the column of the input, or several: east,north"),
    "tasks": (names, "the columns of values"),
    "without": (names, "columns to leave out"),
    "series": (str, "long format: the column of the names"),
    "value": (str, "long format: the column of the values"),
    "sd": (names, "columns of known standard errors"),
    "date_format": (str, "such as %%d.%%m.%%Y"),
    "missing": (names, "words and numbers for missing values, such as -999"),
    "skip": (lines, "how many lines to leave out at the top, or which: 1,5"),
    "sheet": (str, "of a workbook"),
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m mtgp_tutorial", description="Multi-task Gaussian processes.")
    top.add_argument("--version", action="version", version=f"mtgp_tutorial {__version__}")
    ask = top.add_subparsers(dest="command", required=True).add_parser(
        "report",
        help="compare methods on a table of yours, and fill its holes",
        description="Reads a table, hides cells as its own holes are, compares methods on them, fills the table, and "
        "writes report.html, filled.csv (the table with its holes filled) and trials.csv. Exit code: 0 done, 1 it "
        "failed, 2 refused with nothing written, 130 stopped (the same command goes on).",
    )
    ask.add_argument("table", help="a CSV file with a line of names, or a workbook")
    for name, (kind, words) in READING.items():
        ask.add_argument(f"--{name.replace('_', '-')}", type=kind, help=words, metavar="WHAT")  # type: ignore[arg-type]
    ask.add_argument("--trials", type=int, default=16, metavar="N", help="how often cells are hidden (default 16)")
    ask.add_argument("--seed", type=int, default=0, metavar="N", help="of places and starts (default 0)")
    ask.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that fit at once (default 1)")
    ask.add_argument("--out", metavar="FOLDER", help="where the results go (default TABLE-report)")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code. Help, the version and a refused option end in SystemExit."""
    words: list[str] = []
    for word in sys.argv[1:] if arguments is None else arguments:  # argparse would take -999 for an option
        below = word[:1] == "-" and word[1:2].isdigit() and bool(words) and words[-1].startswith("--")
        words = [*words[:-1], f"{words[-1]}={word}"] if below else [*words, word]
    asked = vars(parser().parse_args(words))
    how = {name: given for name in READING if (given := asked.pop(name)) is not None}
    return run(Path(asked["table"]), how, asked)


def run(path: Path, how: dict[str, Any], asked: dict[str, Any]) -> int:
    """The report, once the words are understood; returns the exit code."""
    if find_spec("jinja2") is None:
        print("report: jinja2 is not installed; pip install 'mtgp-tutorial[report]'", file=sys.stderr)
        return 2
    from mtgp_tutorial.tables.report.page import make

    try:
        if not path.is_file():
            raise ValueError(f"there is no file {str(path)!r}; pass the name of one")
        folder = Path(asked["out"] or f"{path.stem}-report")
        make(read_table(path, **how), path.name, folder, asked["trials"], asked["seed"], asked["jobs"])
    except KeyboardInterrupt:
        print("\nreport: stopped; fits that were done are kept, and the same command goes on", file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        said = str(error).replace("pass another path", "add --out NAME")
        if not isinstance(error, ValueError):  # of a folder that cannot be made
            said = f"out: {str(error.filename)[:80]}: {error.strerror}; mend that, or add --out NAME"
        print(f"report: {said}", file=sys.stderr)
        return 1 if isinstance(error, (NotApplicable, StoreError, NotWritten)) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
