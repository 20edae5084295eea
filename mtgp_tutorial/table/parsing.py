"""From the bytes of a file to a frame of text: encoding, separator, header, lines of equal length."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mtgp_tutorial.table.decoding import decoded
from mtgp_tutorial.table.refusing import TableError, count

MARKS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}  # in the order they are tried
VALUE = re.compile(
    r"[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?|\d{1,4}([-/.])\d{1,2}(\2\d{1,4})?([T ].*)?|", re.IGNORECASE
)  # no name
Row = tuple[int, list[str]]  # number of the line in the file, its fields


def parse(path: str | Path) -> tuple[pd.DataFrame, str, list[str]]:
    """The table of a file as text, its separator, and sentences on how it was read.

    Rows are named by their line in the file; cells are stripped, None where blank. Raises TableError for files that
    are no text, for lines with another number of fields than the header, and for headers that are none.
    """
    path = Path(path)
    text, notes = decoded(path)
    lines, remarks = _lines(text)
    if not lines:
        raise TableError(f"{path.name} is empty", "pass a file with a line of names and one line for each row")
    mark, rows = _split(path, lines)
    notes.append(f"columns: split by {MARKS[mark]}")
    names, rows, said = _header(path, rows, remarks, mark)
    _same_width(path, names, rows)
    full = [(number, row) for number, row in rows if any(row)]
    if len(full) < len(rows):
        said.append(f"rows: {count(len(rows) - len(full), 'line')} without any entry left out")
    if not full:
        raise TableError(f"{path.name} has a header and no rows", "pass a file with one line for each row")
    frame = pd.DataFrame(
        [row for _, row in full], pd.Index([number for number, _ in full], name="line"), names, dtype=object
    )
    return frame.where(frame != "", None), mark, notes + said


def _lines(text: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Numbered lines without blank ones, and those that begin with #."""
    numbered = list(enumerate(re.split(r"\r\n|\r|\n", text), start=1))
    lines = [(number, line) for number, line in numbered if line.strip()]
    remarks = [(number, line) for number, line in lines if line.lstrip().startswith("#")]
    return [pair for pair in lines if pair not in remarks] if remarks else lines, remarks


def _records(path: Path, lines: list[tuple[int, str]], mark: str) -> Iterator[Row]:
    """Fields of each line, stripped; a field in quotes may span lines."""
    if mark == " ":
        for number, line in lines:
            yield number, line.split()
        return
    text = (line.strip(" ") + "\n" for _, line in lines)
    reader = csv.reader(text, delimiter=mark, skipinitialspace=True, strict=True)
    before = 0
    try:
        for row in reader:
            yield lines[before][0], [field.replace("\xa0", " ").strip() for field in row]
            before = reader.line_num
    except csv.Error:
        started = lines[min(before, len(lines) - 1)][0]
        raise TableError(
            f"{path.name}, line {started}: has a quote that is not closed, or text behind one", "mend that line"
        ) from None


def _split(path: Path, lines: list[tuple[int, str]]) -> tuple[str, list[Row]]:
    """The first separator that gives the header two fields or more and as many to four lines of five."""
    if lines[0][1].strip().lower().startswith("sep=") and len(lines) > 1:  # what Excel writes for itself
        mark = lines[0][1].strip()[4:5] or "\t"
        if mark in MARKS:
            return mark, list(_records(path, lines[1:], mark))
    some = lines[:200]
    for mark in MARKS:
        if mark not in lines[0][1]:
            continue
        try:
            widths = [len(row) for _, row in _records(path, some, mark)]
        except TableError:
            continue
        below = widths[1:] or widths
        usual = max(set(below), key=below.count)
        if min(usual, widths[0]) > 1 and below.count(usual) >= 0.8 * len(below):
            return mark, list(_records(path, lines, mark))
    return _unsplit(path, lines)


def _unsplit(path: Path, lines: list[tuple[int, str]]) -> tuple[str, list[Row]]:
    """No separator fits the header: say why."""
    first = lines[0][0]
    for mark in MARKS:
        inside = [mark in line for _, line in lines]
        if mark != " " and sum(inside) > 0.5 * len(lines):
            rows = list(_records(path, lines, mark))
            widths = [len(row) for _, row in rows]
            usual = max(set(widths), key=widths.count)
            number, row = next((number, row) for number, row in rows if len(row) != usual)
            raise TableError(
                f"{path.name}, line {number}: has {count(len(row), 'field')}, most lines {usual}",
                "mend that line" if number != first else "begin lines above the header with #, or remove them",
            )
    raise TableError(f"{path.name} has one column", "split its columns by commas, semicolons or tabs")


def _header(
    path: Path, rows: list[Row], remarks: list[tuple[int, str]], mark: str
) -> tuple[list[str], list[Row], list[str]]:
    """Names of the columns, the rows below, and notes."""
    said, (number, names) = [], rows[0]
    width = len(names)
    body = rows[1:]
    if all(VALUE.fullmatch(cell) for cell in names):
        above = [line.lstrip("# ") for at, line in remarks if at < number]
        candidate = next(_records(path, [(1, above[-1])], mark))[1] if above else []
        if len(candidate) != width:
            raise TableError(f"{path.name} has no header: its first line holds values alone", "add a line of names")
        names, body = candidate, rows
        said.append("header: the last line that begins with #")
        remarks = remarks[:-1]
    if remarks:
        said.append(f"comments: {count(len(remarks), 'line')} that begin with # left out")
    if body and not any(row[-1] for _, row in body if len(row) > 1) and len(body[0][1]) == width + 1:
        body = [(at, row[:-1] if len(row) == width + 1 else row) for at, row in body]
        said.append("columns: the separator at the end of each line left out")
    elif (
        names[-1] == ""
        and width > 2
        and all(len(row) in (width, width - 1) and not any(row[width - 1 :]) for _, row in body)
    ):
        names, body = names[:-1], [(at, row[: width - 1]) for at, row in body]
        said.append("columns: the separator at the end of each line left out")
    names = [name or f"column {k + 1}" for k, name in enumerate(names)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise TableError(f"{path.name} has two columns named {twice!r}", "rename one")
    return names, body, said


def _same_width(path: Path, names: list[str], rows: list[Row]) -> None:
    for number, row in rows:
        if len(row) != len(names):
            raise TableError(
                f"{path.name}, line {number}: has {count(len(row), 'field')}, the header {len(names)}",
                "mend that line (a separator inside a cell?)",
            )
