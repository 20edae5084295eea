"""Excel workbooks: the first sheet with two columns or more, its cells as text, where pandas' reader is installed."""

from __future__ import annotations

import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from mtgp_tutorial.tables.files.layout import Row
from mtgp_tutorial.tables.refusals import TableError

READERS = {b"PK\x03\x04": "openpyxl", b"\xd0\xcf\x11\xe0": "xlrd"}  # by the first bytes: .xlsx, .xls


def reader_of(path: Path) -> str | None:
    """The package that reads this workbook; None for a file that is none, or that is not there."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return READERS.get(file.read(4))


def sheet(path: Path, reader: str) -> tuple[list[Row], list[str]]:
    """The rows of a workbook, by their numbers in the sheet, and what was chosen. TableError where it is not read."""
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
    found = {name: one.map(_text) for name, one in sheets.items()}
    full = {name: one for name, one in found.items() if (one != "").any(axis=None)}
    if not full:
        return [], []
    full = {name: one for name, one in full.items() if (one != "").any().sum() > 1} or full  # a sheet of remarks
    name, one = next(iter(full.items()))
    used = (one != "").any().to_numpy().nonzero()[0]
    one = one.iloc[:, used[0] : used[-1] + 1]
    rows = [(k + 1, list(row)) for k, row in enumerate(one.itertuples(index=False, name=None)) if any(row)]
    others = f", the first of {len(full)} that hold a table" if len(full) > 1 else ""
    return rows, [f"sheet: {name}{others}"]


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
