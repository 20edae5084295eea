"""From the bytes of a file to a frame of text: encoding, separator, header, lines of equal length.

The bytes of a file as text: its encoding, and what is no text.

From text to numbers: decimal marks, thousands, signs of percent and currency, and cells that stand for missing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count, listed
from mtgp_tutorial.tables.files.excel import reader_of, sheet
from mtgp_tutorial.tables.files.layout import VALUE, Row, check_titles, lines_of, names_below, refuse_titles, skipping
from mtgp_tutorial.tables.refusals import TableError, argument, place, refuse_first

MARKS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}  # in the order they are tried


class File(NamedTuple):
    """The table of a file as text, its separator, sentences on how it was read, and the lines that were left out."""

    name: str
    text: pd.DataFrame
    mark: str
    notes: tuple[str, ...]
    left: set[int]


def parse(path: str | Path | File, skip: Any = None) -> File:
    """The file at a path; one that was parsed stays as it is.

    Rows are named by their line in the file; cells are stripped, None where blank. skip: numbers of lines that are
    left out. Raises TableError for files that are no text, for lines with another number of fields than the header,
    and for headers that are none.
    """
    if isinstance(path, File):
        return path
    path, left = Path(path), lines_of(skip)
    mark, every, remarks, notes = _rows(path, left)
    notes += [f"lines: {listed(sorted(left))} left out, as was asked"] if left else []
    check_titles(path.name, every)
    names, rows, said = _header(path, every, remarks, mark)
    for number, row in rows:
        if len(row) != len(names):
            refuse_titles(path.name, names_below(every[:50]))
            if names and all(len(other) == len(names) + 1 for _, other in rows):
                mend = f"put {mark!r} before the first name if these are names of rows, or quote cells that hold it"
                raise TableError(f"{path.name}: the header has one name fewer than each line has fields", mend)
            lines = skipping(left, number)
            raise TableError(
                f"{path.name}, line {number}: has {count(len(row), 'field')}, the header {len(names)}",
                f"mend that line (a separator inside a cell?), or leave it out: {argument('skip', lines)}",
                value=lines,
            )
    full = [(number, row) for number, row in rows if any(row)]
    if len(full) < len(rows):
        said.append(f"rows: {count(len(rows) - len(full), 'line')} without any entry left out")
    if not full:
        raise TableError(f"{path.name} has a header and no rows", "pass a file with one line for each row")
    numbers, cells = zip(*full)
    frame = pd.DataFrame(list(cells), pd.Index(numbers, name="line"), names, dtype=object)
    return File(path.name, frame.where(frame != "", None), mark, (*notes, *said), left)


def _rows(path: Path, left: set[int]) -> tuple[str, list[Row], list[tuple[int, str]], list[str]]:
    """The separator of a file, its rows but for the lines that are left out, its remarks, and notes."""
    if (reader := reader_of(path)) is not None:
        rows, notes = sheet(path, reader)
        rows = [row for row in rows if row[0] not in left]
        _check_some(path, rows, left)
        return "\t", rows, [], notes
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


def _split(path: Path, lines: list[tuple[int, str]], left: set[int]) -> tuple[str, list[Row]]:
    """The first separator that gives the header two fields or more and as many to four lines of five."""
    if lines[0][1].strip().lower().startswith("sep=") and len(lines) > 1:  # what Excel writes for itself
        mark = lines[0][1].strip()[4:5] or "\t"
        if mark in MARKS:
            return mark, list(_records(path, lines[1:], mark))
    for mark in MARKS:
        if mark not in lines[0][1]:
            continue
        try:
            widths = [len(row) for _, row in _records(path, lines[:200], mark)]
        except TableError:
            continue
        below = widths[1:] or widths
        usual = max(set(below), key=below.count)
        if min(usual, widths[0]) > 1 and below.count(usual) >= 0.8 * len(below):
            return mark, list(_records(path, lines, mark))
    return _unsplit(path, lines, left)


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
    if all(VALUE.fullmatch(cell) for cell in names):
        above = [line.lstrip("# ") for at, line in remarks if at < number]
        candidate = next(_records(path, [(1, above[-1])], mark))[1] if above else []
        if len(candidate) != width:
            raise TableError(f"{path.name} has no header: its first line holds values alone", "add a line of names")
        names, body = candidate, rows
        said.append("header: the last line that begins with #")
        remarks = remarks[:-1]
    if remarks:
        said.append(f"comments: {count(len(remarks), 'line')} that begin{'s' * (len(remarks) == 1)} with # left out")
    named = width - (names[-1] == "" and width > 2)
    ends = named < width or bool(body) and len(body[0][1]) > named  # in a separator, the header or the rows
    if ends and not any(any(row[named:]) for _, row in body):
        names, body = names[:named], [(at, row[:named] if len(row) == named + 1 else row) for at, row in body]
        said.append("columns: the separator at the end of each line left out")
    names = [name or f"column {k + 1}" for k, name in enumerate(names)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise TableError(f"{path.name} has two columns named {twice[0]!r}", "rename one")
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
    if b"\x00" in raw:
        raise TableError(f"{path.name} holds zero bytes, so it is no text", "save the table as CSV in UTF-8")
    try:
        text, notes = raw.decode("utf-8"), []
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
        notes = ["encoding: not UTF-8; read as Windows-1252 (look at names with accents)"]
    if re.match(r"\s*<(!doctype|html|\?xml)", text, re.IGNORECASE):
        raise TableError(f"{path.name} is a web page, not a table", "save the table as CSV and pass that")
    return text, notes


MISSING = ("", "na", "nan", "n/a", "null", "none")  # in lower case
PLAIN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
SIGNS = re.compile(r"(?P<before>[$€£¥])? ?(?P<number>[-+]?[\d.,' ’]*\d[\d.,]*(?:[eE][-+]?\d+)?) ?(?P<after>[%‰$€£¥])?")


def blank(text: pd.DataFrame, missing: Iterable[object] = ()) -> pd.DataFrame:
    """The frame with None for cells that stand for missing: the usual words, and the codes of the user.

    A code that is a number stands for all its spellings: -999 for -999.0 too.
    """
    codes = {str(code).strip().lower() for code in missing} | set(MISSING)
    values = {float(code) for code in codes if re.fullmatch(PLAIN, code)}

    def gone(cell: object) -> bool:
        word = str(cell).strip().lower()
        if word in codes or not values:
            return word in codes
        number = _plain(word.replace("−", "-").replace(",", "."), ".")
        return number is not None and float(number) in values

    return text.mask(text.map(gone), None)


def decimal_mark(text: pd.DataFrame, separator: str) -> tuple[str, str | None]:
    """The decimal mark of a whole file, and what to say of it. TableError where nothing tells.

    A comma is one where a number has it before other than three digits, or where columns are split by semicolons and
    no number has a point; commas before three digits alone group thousands where columns are split by commas.
    """
    cells = text.stack().astype(str).str.strip(" %‰$€£¥")
    if not cells.str.contains(",", regex=False).any():
        _check_points(text, cells)
        return ".", None
    cells = cells[cells.str.fullmatch(r"[-+−]?[\d.,' ’]+(?:[eE][-+]?\d+)?")]
    both = cells[cells.str.contains(",", regex=False)]
    if both.empty:
        return ".", None
    comma = both.str.fullmatch(r"[-+−]?[\d.' ’]*,(?:\d{1,2}|\d{4,})(?:[eE][-+]?\d+)?") | both.str.fullmatch(
        r"[-+−]?(?:0|\d{4,}|\d{1,3}(?:\.\d{3})+),\d+"
    )
    point = cells.str.fullmatch(r"[-+−]?[\d,' ’]*\.(?:\d{1,2}|\d{4,})(?:[eE][-+]?\d+)?|[-+−]?0\.\d+")
    if comma.sum() > point.sum():
        return ",", "numbers: decimal comma"
    if point.any() or separator == ",":
        return ".", f"numbers: commas group thousands ({both.iloc[0]} is {both.iloc[0].replace(',', '')})"
    if separator == ";":
        example = both.iloc[0]
        return ",", f"numbers: decimal comma ({example} is {example.replace('.', '').replace(',', '.')})"
    row, name = both.index[0]
    raise TableError(
        f"column {name!r}, line {row}: {both.iloc[0]!r} may have a decimal comma or group thousands, and nothing in "
        "the file tells",
        "write numbers without marks of thousands",
    )


def _check_points(text: pd.DataFrame, cells: pd.Series) -> None:
    """TableError for a file whose points may group thousands: all stand before three digits, as in 1.020 below 980."""
    pointed = cells[cells.str.fullmatch(r"[-+−]?(?:\d*\.\d*|\d{1,3}(?:\.\d{3}){2,})(?:[eE][-+]?\d+)?")]
    if pointed.empty or not pointed.str.fullmatch(r"[-+−]?[1-9]\d{0,2}(?:\.\d{3})+").all():
        return
    for name in dict.fromkeys(pointed.index.get_level_values(1)):
        column = cells.xs(name, level=1)
        bare = column[column.str.fullmatch(r"[-+−]?\d+")].str.lstrip("-+−").astype(float)
        if len(bare) and 99 < bare.max() < 1000:
            row = pointed.xs(name, level=1).index[0]
            raise TableError(
                f"column {name!r}, line {row}: {text.loc[row, name]!r} may have decimals or group thousands, and "
                f"nothing in the file tells ({bare.max():.0f} stands in the same column)",
                "write numbers without marks of thousands, or all with their decimals",
            )


def _floats(cells: pd.Series) -> pd.Series:
    """What pandas takes for a number, by Python: before its third release pandas misses the last digit of many."""
    known = pd.to_numeric(cells, errors="coerce").notna()
    rest = cells[~known & cells.notna()].astype(str)
    known[rest.index[rest.str.fullmatch(PLAIN)]] = True  # 1e400, which older pandas do not take
    return pd.Series(
        [float(cell) if number else np.nan for cell, number in zip(cells, known)], cells.index, dtype=float
    )


def read_numbers(column: pd.Series, decimal: str) -> tuple[pd.Series, str] | None:
    """Numbers of a column of text (NaN where it is None) and their sign, "%" or a currency; None where it is text.

    A column is text where more than half of its cells are no numbers. Raises TableError for a word among numbers,
    for infinite values and for a sign that some cells have and others have not.
    """
    plain = _floats(column)
    if decimal == "." and np.isfinite(plain[column.notna()]).all():
        return plain, ""
    cells = column.dropna().astype(str).str.replace("−", "-", regex=False)
    cells = cells.str.replace("[\u2009\u202f\xa0]", " ", regex=True)
    parts = cells.str.extract(f"^{SIGNS.pattern}$")
    signs = parts["before"].fillna("") + parts["after"].fillna("")
    number = parts["number"].map(lambda cell: _plain(cell, decimal), na_action="ignore").astype(object)
    value = _floats(number)
    infinite = cells.str.fullmatch(r"[-+]?inf(?:inity)?", case=False) | np.isinf(value)
    bad = value.isna() & ~infinite
    if bad.mean() > 0.5:
        others = cells.map(lambda cell: _plain(cell, "," if decimal == "." else ".") is not None).mean() > 0.5
        problem = f"is no number with the decimal mark of the other columns, {decimal!r}"
        remedy = f"write all with one mark, or leave it out: {argument('without', str(cells.name))}"
        refuse_first(cells, bad & others, problem, remedy, cell=True)
        return None
    if bad.any():
        _refuse(cells, bad)
    if infinite.any():
        row = int(infinite.to_numpy().argmax())
        raise TableError(
            f"{place(cells, row)}: {cells.iloc[row]!r} is infinite",
            f"leave it empty, or pass {argument('missing', cells.iloc[row])}",
            value=[cells.iloc[row]],
        )
    if not len(signs):
        return value.reindex(column.index), ""
    other = f"and {cells.iloc[0]!r} have different signs"
    refuse_first(cells, signs != signs.iloc[0], other, "write one unit", cell=True)
    return value.reindex(column.index), signs.iloc[0]


def _plain(cell: str, decimal: str) -> str | None:
    """A number as Python writes it; None for one whose marks do not fit."""
    other = "." if decimal == "," else ","
    cell = cell.strip()
    if re.search(rf"[ '’\{other}]", cell):
        groups = rf"[-+]?\d{{1,3}}(?:([ '’\{other}])\d{{3}})(?:\1\d{{3}})*(?:\{decimal}\d+)?"
        if not re.fullmatch(groups, cell):
            return None
        cell = re.sub(rf"[ '’\{other}]", "", cell)
    cell = cell.replace(decimal, ".")
    return cell if re.fullmatch(PLAIN, cell) else None


def _refuse(cells: pd.Series, bad: pd.Series) -> None:
    """A word among numbers."""
    row, number = int(bad.to_numpy().argmax()), int(bad.sum())
    word, good = cells.iloc[row], len(cells) - number
    mend = "it" if number == 1 else f"these {number} cells"
    raise TableError(
        f"{place(cells, row)}: {word!r} is not a number, and {good} other{' is' if good == 1 else 's are'}",
        f"mend {mend}, pass {argument('missing', word)} if it stands for a missing value, leave lines out with "
        f"{argument('skip', sets=True)}, or {argument('without', str(cells.name))}",
        value=[word],
    )


def far_value(value: pd.Series) -> float | None:
    """A value such as -999 that no other comes near: at the edge, and twice the range of the rest away from it."""
    codes = (-9, -99, -999, -9999, -99999, -99.9, -999.9, -99.99, -999.99, 999, 9999, 99999, 999.9, 1e20, -1e34)
    for edge in (value.min(), value.max()):
        rest = value[value != edge].dropna()
        if edge in codes and len(rest) > 2:
            reach = 2 * max(rest.max() - rest.min(), 1e-12)
            if (rest - edge).abs().min() > reach:
                return float(edge)
    return None
