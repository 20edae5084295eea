"""The bytes of a file as text: its encoding, and what is no text."""

from __future__ import annotations

import re
from pathlib import Path

from mtgp_tutorial.table.refusing import TableError

OTHERS = {  # how files that are no text begin
    b"PK\x03\x04": "an Excel workbook (or another zip file)",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a compressed file",
    b"\x89HDF": "an HDF5 file",
    b"CDF": "a NetCDF file",
}
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def decoded(path: Path) -> tuple[str, list[str]]:
    """The file as text, and a note where the encoding was guessed."""
    if path.is_dir():
        raise TableError(f"path: {path.name!r} is a folder", "pass a file")
    if not path.is_file():
        raise TableError(f"path: there is no file {str(path)!r}", "pass the name of one")
    raw = path.read_bytes()
    for start, what in OTHERS.items():
        if raw.startswith(start):
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
