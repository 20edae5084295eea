"""python -m mtgp_tutorial report table.csv."""

import argparse
import sys
from collections.abc import Sequence

from mtgp_tutorial import __version__

READING = {  # arguments of `read_table`, and what an option says of each
    "x": "the column of the input, or several: east,north",
    "tasks": "the columns of values",
    "without": "columns to leave out",
    "series": "long format: the column of the names",
    "value": "long format: the column of the values",
    "sd": "columns of known standard errors",
    "date_format": "such as %%d.%%m.%%Y",
    "missing": "words and numbers for missing values, such as -999",
    "skip": "how many lines to leave out at the top, or which: 1,5",
    "decimal": "the mark of decimals",
    "sheet": "of a workbook",
}
FORMER = {"x": ["--input"], "tasks": ["--columns"], "sd": ["--errors"]}  # names up to version 0.34
GONE = {  # options up to version 0.34, and what to do in their place
    "--dates": "pass --date-format, such as %%d.%%m.%%Y",
    "--log": "take the logarithm of the column in the file",
    "--every": "keep every so-manieth row of the file",
    "--kernel": "call fill(read_table(file), lambda data: icm(data, kernel=...)) in Python",
}


def parser() -> argparse.ArgumentParser:
    """The command line; it is read before any library is imported."""
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
    for name, words in READING.items():
        ask.add_argument(f"--{name.replace('_', '-')}", *FORMER.get(name, []), dest=name, help=words, metavar="WHAT")
    ask.add_argument("--trials", type=int, default=16, metavar="N", help="how often cells are hidden (default 16)")
    ask.add_argument("--seed", type=int, default=0, metavar="N", help="of places and starts (default 0)")
    ask.add_argument("--jobs", type=int, default=1, metavar="N", help="processes that fit at once (default 1)")
    ask.add_argument("--out", metavar="FOLDER", help="where the results go (default TABLE-report)")
    for name in GONE:
        ask.add_argument(name, help=argparse.SUPPRESS)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code. Help, the version and a refused option end in SystemExit."""
    words: list[str] = []
    for word in sys.argv[1:] if arguments is None else arguments:  # argparse would take -999 for an option
        below = word[:1] == "-" and word[1:2].isdigit() and bool(words) and words[-1].startswith("--")
        words = [*words[:-1], f"{words[-1]}={word}"] if below else [*words, word]
    asked = vars(parser().parse_args(words))
    for name, instead in GONE.items():
        if asked.pop(name[2:]) is not None:
            parser().error(f"{name} is gone since version 0.35; {instead}".replace("%%", "%"))
    how = {name: asked.pop(name) for name in READING}
    how = {name: text for name, text in how.items() if text is not None}
    for name in {"x", "tasks", "without", "sd", "missing", "skip"} & {*how}:
        how[name] = how[name].split(",")
    if "skip" in how:
        lines = [int(line) for line in how["skip"]]
        how["skip"] = lines if len(lines) > 1 else lines[0]
    from mtgp_tutorial.tables.report.page import from_command_line  # PyTorch and all else, once needed

    return from_command_line(asked, how)


if __name__ == "__main__":
    sys.exit(main())
