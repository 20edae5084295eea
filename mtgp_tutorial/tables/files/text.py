"""From the bytes of a file to a frame of text: encoding, separator, header, lines of equal length."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count, listed
from mtgp_tutorial.tables.date_formats import CLOCK
from mtgp_tutorial.tables.files.excel import reader_of, sheet
from mtgp_tutorial.tables.files.layout import (
    VALUE,
    Row,
    begins_data,
    check_across,
    check_titles,
    lines_of,
    names_below,
    refuse_titles,
    skipping,
)
from mtgp_tutorial.tables.refusals import TableError, argument

MARKS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}  # in the order they are tried


class File(NamedTuple):
    """The table of a file as text, its separator, sentences on how it was read, and the lines that were left out."""

    name: str
    text: pd.DataFrame
    mark: str
    notes: tuple[str, ...]
    left: set[int]


def parse(path: str | Path | File, skip: Any = None, wanted: str | None = None) -> File:
    """The file at a path; one that was parsed stays as it is.

    Rows are named by their line in the file; cells are stripped, None where blank. skip: numbers of lines that are
    left out; wanted: the sheet of a workbook. Raises TableError for files that are no text, for lines with another
    number of fields than the header, and for headers that are none.
    """
    if isinstance(path, File):
        return path
    path, left = Path(path), lines_of(skip)
    mark, every, remarks, notes = _rows(path, left, wanted)
    notes += [f"lines: {listed(sorted(left))} left out, as was asked"] if left else []
    check_titles(path.name, every)
    names, rows, said = _header(path, every, remarks, mark)
    if mark == " " and rows and all(len(row) == len(names) + 1 for _, row in rows):
        names, rows = _first_of_blanks(names, rows, said)
    _check_widths(path.name, names, rows, every, mark, left)
    full = [(number, row) for number, row in rows if any(row)]
    if len(full) < len(rows):
        said.append(f"rows: {count(len(rows) - len(full), 'line')} without any entry left out")
    if not full:
        raise TableError(f"{path.name} has a header and no rows", "pass a file with one line for each row")
    numbers, found = zip(*full)
    cells = np.array(found, dtype=object)
    cells[cells == ""] = None
    frame = pd.DataFrame(cells, pd.Index(numbers, name="line"), names, dtype=object)
    check_across(path.name, frame)
    return File(path.name, frame, mark, (*notes, *said), left)


def _first_of_blanks(names: list[str], rows: list[Row], said: list[str]) -> tuple[list[str], list[Row]]:
    """Lines of one field more than names, split by blanks: a date with its time under one name, or names of rows."""
    if all(re.fullmatch(r"\d[\d./-]*\d", row[0]) and re.fullmatch(CLOCK, row[1]) for _, row in rows):
        said.append(f"{names[0]}: a date and a time, split by a blank")
        return names, [(number, [f"{row[0]} {row[1]}", *row[2:]]) for number, row in rows]
    said.append("columns: the first has no name")
    return ["column 1", *names], rows


def _check_widths(name: str, names: list[str], rows: list[Row], every: list[Row], mark: str, left: set[int]) -> None:
    """TableError for lines with another number of fields than the header: titles above it, or what to leave out."""
    odd = [(number, row) for number, row in rows if len(row) != len(names)]
    if not odd:
        return
    refuse_titles(name, names_below(every[:50]))
    if names and all(len(row) == len(names) + 1 for _, row in rows):
        mend = f"put {mark!r} before the first name if these are names of rows, or quote cells that hold it"
        raise TableError(f"{name}: the header has one name fewer than each line has fields", mend)
    number, row = odd[0]
    some = [at for at, _ in odd] if len(odd) < 0.2 * len(rows) else [number]
    lines, more = skipping(left, *some), f" (as have {len(some) - 1} others)" if len(some) > 1 else ""
    raise TableError(
        f"{name}, line {number}: has {count(len(row), 'field')}, the header {len(names)}{more}",
        f"mend that line (a separator inside a cell?), or leave it out: {argument('skip', lines)}",
        value=lines,
    )


def _rows(path: Path, left: set[int], wanted: str | None) -> tuple[str, list[Row], list[tuple[int, str]], list[str]]:
    """The separator of a file, its rows but for the lines that are left out, its remarks, and notes."""
    if (reader := reader_of(path)) is not None:
        rows, notes = sheet(path, reader, wanted)
        rows = [row for row in rows if row[0] not in left]
        _check_some(path, rows, left)
        return "\t", rows, [], notes
    if wanted is not None:
        raise TableError(f"{argument('sheet')}: is {wanted!r}, and {path.name} is no workbook", "leave it out")
    text, notes = decoded(path)
    numbered = [one for one in enumerate(re.split(r"\r\n|\r|\n", text), start=1) if one[1].strip()]
    numbered = [one for one in numbered if one[0] not in left]
    remarks = [(number, line) for number, line in numbered if line.lstrip().startswith("#")]
    lines = [(number, line) for number, line in numbered if not line.lstrip().startswith("#")]
    _check_some(path, lines, left)
    mark, rows = _split(path, lines, left)
    return mark, rows, remarks, [*notes, f"columns: split by {MARKS[mark]}"]


def _check_some(path: Path, lines: Sequence[object], left: set[int]) -> None:
    if not lines and left:
        raise TableError(f"{path.name}: no line is left", f"pass fewer of them as {argument('skip', sets=True)}")
    if not lines:
        raise TableError(f"{path.name} is empty", "pass a file with a line of names and one line for each row")


def _records(path: Path, lines: list[tuple[int, str]], mark: str) -> Iterator[Row]:
    """Fields of each line, stripped; a field in quotes may span lines."""
    if mark == " ":
        yield from ((number, line.split()) for number, line in lines)
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


def _split(path: Path, lines: list[tuple[int, str]], left: set[int]) -> tuple[str, list[Row]]:
    """The separator that fits: first one that gives the header as many fields as most lines, two or more.

    Else one that gives most lines as many, whatever the header has: titles may stand above it. Blanks come last.
    """
    if lines[0][1].strip().lower().startswith("sep=") and len(lines) > 1:  # what Excel writes for itself
        mark = lines[0][1].strip()[4:5] or "\t"
        if mark in MARKS:
            return mark, list(_records(path, lines[1:], mark))
    fits: list[tuple[float, str]] = []
    for k, mark in enumerate(MARKS):
        try:
            first, *below = [len(row) for _, row in _records(path, lines[:200], mark)]
        except TableError:
            continue
        below = below or [first]
        usual = max(set(below), key=below.count)
        if usual > 1 and below.count(usual) >= 0.8 * len(below):
            fits.append(((first != usual) * (1 + (first < 2)) * 2 + 3 * (mark == " ") + k / 9, mark))
    if not fits:
        return _unsplit(path, lines, left)
    return (mark := min(fits)[1]), list(_records(path, lines, mark))


def _unsplit(path: Path, lines: list[tuple[int, str]], left: set[int]) -> tuple[str, list[Row]]:
    """No separator fits the header: say why."""
    for mark in MARKS:
        inside = [mark in line for _, line in lines]
        if mark != " " and sum(inside) > 0.5 * len(lines):
            rows = list(_records(path, lines, mark))
            widths = [len(row) for _, row in rows]
            usual = max(set(widths), key=widths.count)
            refuse_titles(path.name, names_below(rows[:50]))
            odd = [one for one in rows if len(one[1]) != usual]
            if not odd:
                raise TableError(f"{path.name}: each line is one cell, in quotes", "take the quotes away")
            number, row = odd[0]
            without = skipping(left, number)
            raise TableError(
                f"{path.name}, line {number}: has {count(len(row), 'field')}, most lines {usual}",
                f"mend that line, or leave it out: {argument('skip', without)}",
                value=without,
            )
    raise TableError(
        f"{path.name} has one column",
        "split its columns by commas, semicolons or tabs; where it has one, put the input before it: dates, or 1, 2, 3",
    )


def _header(
    path: Path, rows: list[Row], remarks: list[tuple[int, str]], mark: str
) -> tuple[list[str], list[Row], list[str]]:
    """Names of the columns, the rows below, and notes."""
    said, (number, names) = [], rows[0]
    width, body = len(names), rows[1:]
    if all(VALUE.fullmatch(cell) for cell in names) or begins_data(names[0], body):
        above = [(at, next(_records(path, [(1, line.lstrip("# "))], mark))[1]) for at, line in remarks if at < number]
        fitting = [(at, row) for at, row in above[-2:] if len(row) == width]
        if not fitting or fitting[-1] != above[-1]:
            raise TableError(f"{path.name} has no header: its first line holds values", "add a line of names")
        (at, names), body = fitting[0], rows  # of two the second holds units
        last = "the last line" if at == above[-1][0] else "the line before the last"
        said.append(f"header: {last} that begins with #")
        remarks = [one for one in remarks if one[0] != at]
    again = sum(row == names for _, row in body)
    if again:
        body = [one for one in body if one[1] != names]
        said.append(f"rows: {count(again, 'line')} with the names once more left out")
    if remarks:
        said.append(f"comments: {count(len(remarks), 'line')} that begin{'s' * (len(remarks) == 1)} with # left out")
    named = width - (names[-1] == "" and width > 2)
    ends = named < width or bool(body) and len(body[0][1]) > named  # in a separator, the header or the rows
    if ends and not any(any(row[named:]) for _, row in body):
        names, body = names[:named], [(at, row[:named] if len(row) == named + 1 else row) for at, row in body]
        said.append("columns: the separator at the end of each line left out")
    names = [name or f"column {k + 1}" for k, name in enumerate(names)]
    if len({*names}) < len(names):
        raise TableError(f"{path.name} has two columns named {Counter(names).most_common(1)[0][0]!r}", "rename one")
    return names, body, said


OTHERS = {  # how files that are no text begin
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a compressed file",
    b"\x89HDF": "an HDF5 file",
    b"CDF": "a NetCDF file",
    b"<stata_dta>": "a file of Stata",
    b"ARROW1": "a Feather file",
}
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # bytes that no text has
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decoded(path: Path) -> tuple[str, list[str]]:
    """The file as text, and a note where the encoding was guessed."""
    if path.is_dir():
        raise TableError(f"{argument('path')}: {path.name!r} is a folder", "pass a file")
    if not path.is_file():
        raise TableError(f"{argument('path')}: there is no file {str(path)!r}", "pass the name of one")
    raw = path.read_bytes()
    for start, what in OTHERS.items():
        if raw.startswith(start) and (not start.isalnum() or BINARY.search(raw)):  # a header may begin PAR1,PAR2
            raise TableError(f"{path.name} is {what}, not text", "save the table as CSV and pass that")
    for mark, encoding in BOMS.items():
        if raw.startswith(mark):
            try:
                return raw.decode(encoding), [] if mark == b"\xef\xbb\xbf" else ["encoding: UTF-16"]
            except UnicodeDecodeError:
                raise TableError(f"{path.name} is not the {encoding} it says", "save it as UTF-8") from None
    text, notes = _guessed(raw, path.name)
    if re.match(r"\s*<(!doctype|html|\?xml)", text, re.IGNORECASE):
        raise TableError(f"{path.name} is a web page, not a table", "save the table as CSV and pass that")
    if re.match(r"\s*(?:\[\s*)?\{\s*\"", text):
        raise TableError(f"{path.name} is JSON, not a table", "save it as CSV (pd.read_json reads it) and pass that")
    return text, notes


def _guessed(raw: bytes, name: str) -> tuple[str, list[str]]:
    """Text without a mark of its encoding: UTF-8, UTF-16 by its zeros, Mac Roman by its ends of lines, or Windows."""
    if raw[1:400:2].count(0) > 0.9 * len(raw[1:400:2]) > 10:
        return raw.decode("utf-16-le", errors="replace"), ["encoding: UTF-16, without a mark that says so"]
    if b"\x00" in raw:
        raise TableError(f"{name} holds zero bytes, so it is no text", "save the table as CSV in UTF-8")
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        encoding, read = ("mac_roman", "Mac Roman") if b"\n" not in raw else ("cp1252", "Windows-1252")
        note = f"encoding: not UTF-8; read as {read} (look at names with accents)"
        return raw.decode(encoding, errors="replace"), [note]
