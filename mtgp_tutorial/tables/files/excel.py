"""Excel workbooks: the sheet that holds a table, its cells as text, where pandas' reader is installed."""

from __future__ import annotations

import datetime
import re
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.tables.files.layout import VALUE, Row
from mtgp_tutorial.tables.refusals import TableError, argument

READERS = {b"PK\x03\x04": "openpyxl", b"\xd0\xcf\x11\xe0": "xlrd"}  # by the first bytes: .xlsx, .xls


def reader_of(path: Path) -> str | None:
    """The package that reads this workbook; None for a file that is none, or that is not there."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return READERS.get(file.read(4))


BYTES, CELLS = 1e9, 5e7  # more are no table of a person
PACKED = 100  # no sheet is so many times smaller than what it unpacks to: one of equal numbers is 13 times
FULL = re.compile(  # a row or a cell with something in it: its column and its row
    rb"<(?:\w{1,9}:)?(?:row|c)\s[^<>]{0,80}?\br=[\"']([A-Z]{0,3})(\d{1,20})[^<>]{0,80}[^/<>]>"
)


def sheet(path: Path, reader: str, wanted: str | None) -> tuple[list[Row], list[str]]:
    """The rows of a sheet, by their numbers in it, and what was chosen. TableError where it is not read."""
    check_archive(path)
    if find_spec(reader) is None:
        raise TableError(
            f"{path.name} is an Excel workbook, and {reader}, which reads it, is not installed",
            f"pip install {reader}, or save the table as CSV and pass that",
        )
    try:
        sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object, keep_default_na=False, engine=reader)
    except Exception as error:  # each reader has its own
        raise TableError(
            f"{path.name} looks like an Excel workbook, and {reader} does not read it ({type(error).__name__})",
            "save the table as CSV and pass that",
        ) from None
    found = {str(name): one.map(_text) for name, one in sheets.items()}
    if wanted is not None and wanted not in found:
        raise TableError(f"{argument('sheet')}: {wanted!r} is no sheet", f"pass one of {listed(map(repr, found))}")
    full = {name: one for name, one in found.items() if (one != "").any(axis=None) and wanted in (None, name)}
    if not full:
        return [], []
    values = {name: _values_in(one) for name, one in full.items()}
    tables = {name: one for name, one in full.items() if values[name] > 0.2 * max(values.values())} or full
    name, one = next(iter(tables.items()))
    if len(tables) > 1 and all(other.shape[1] == one.shape[1] for other in tables.values()):
        _ask_for_one(path, tables)
    used = (one != "").any().to_numpy().nonzero()[0]
    one = one.iloc[:, used[0] : used[-1] + 1]
    rows = [(k + 1, list(row)) for k, row in enumerate(one.itertuples(index=False, name=None)) if any(row)]
    others = f", the first of {len(tables)} that hold a table" if len(tables) > 1 else ""
    return rows, [f"sheet: {name}{others}"]


def check_archive(path: Path) -> None:
    """TableError for an archive that is no workbook, or unpacks to more than a table can have."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        names, size = archive.namelist(), sum(one.file_size for one in archive.infolist())
        if not any(name.startswith("xl/") for name in names):
            what = "an OpenDocument spreadsheet" if "content.xml" in names else "a zip archive"
            raise TableError(f"{path.name} is {what}, no Excel workbook", "save the table as CSV and pass that")
        most = min(BYTES, max(BYTES / 20, PACKED * path.stat().st_size))
        held = f"{size / 1e9:.2f} GB" if size > most else ""
        sheets = [name for name in names if name.startswith("xl/worksheets/") and not held]
        cells = sum(_cells(archive, name) for name in sheets)
    if held or cells > CELLS:
        raise TableError(
            f"{path.name} unpacks to {held or f'{cells:,} cells'}", "save the part that is the table as CSV"
        )


def _cells(archive: zipfile.ZipFile, name: str) -> int:
    """Those of the rectangle that a sheet fills, which its reader makes; by the cells, not by what the sheet says."""
    rows, columns, rest = 0, 0, b""
    with archive.open(name) as part:
        while piece := part.read(2**20):
            for letters, row in FULL.findall(rest + piece):
                rows = max(rows, int(row))
                columns = max(columns, sum((letter - 64) * 26**k for k, letter in enumerate(reversed(letters))))
            rest = piece[piece.rfind(b"<") :][-200:]
    return rows * columns


def _values_in(one: pd.DataFrame) -> int:
    """How many cells of a sheet are values, none where it has one column: remarks have few."""
    some = [cells[cells != ""] for _, cells in one.items()]
    if sum(len(cells) > 0 for cells in some) < 2:
        return 0
    return sum(VALUE.fullmatch(cell) is not None for cells in some for cell in cells)


def _ask_for_one(path: Path, tables: dict[str, pd.DataFrame]) -> None:
    """TableError: several sheets of one shape, as of a sheet for each year."""
    ways = [argument("sheet", name) for name in tables]
    raise TableError(
        f"{path.name}: {len(tables)} sheets hold tables ({listed(tables)})",
        f"put the rows of all into one sheet if they are one table, or pass {' or '.join(ways[:4])} for one of them",
        "sheet",
        list(tables),
    )


def _text(cell: Any) -> str:
    """A cell as it would stand in a CSV file. Numbers have a point and, after three decimals, a zero: no thousands."""
    if cell is None or cell is pd.NaT or cell != cell:
        return ""
    if isinstance(cell, float):
        text = repr(cell)
        return f"{text}0" if len(text.partition(".")[2]) == 3 and "e" not in text else text
    if isinstance(cell, datetime.datetime):
        return str(cell).removesuffix(" 00:00:00")
    return str(cell).replace("\xa0", " ").strip()
