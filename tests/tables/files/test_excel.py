"""Workbooks: cells as they are, where the reader of pandas is installed; refused with its name where it is not."""

import datetime
import importlib.util
import zipfile

import numpy as np
import pytest

from mtgp_tutorial.tables import TableError, read_table
from mtgp_tutorial.tables.files import excel

DAY = datetime.datetime
ROWS = [["date", "a (m)", "b"], [DAY(2019, 1, 7), 1.234, 995], [DAY(2019, 1, 8), None, 1020], [DAY(2019, 1, 9), 2.5, 7]]


@pytest.fixture
def book(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")

    def write(**sheets):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for name, rows in sheets.items():
            sheet = made.create_sheet(name)
            for row in rows:
                sheet.append(row)
        made.save(tmp_path / "t.xlsx")
        return tmp_path / "t.xlsx"

    return write


def test_cells_are_what_they_are(book):
    """1.234 beside 995 may group thousands in a file of text; a workbook holds the number."""
    data = read_table(book(empty=[], remarks=[["of 2019"], ["by Kim"]], about=[["by", "Kim"], ["of", 7]], one=ROWS))
    assert data.tasks == ("a", "b") and data.units == ("m", "") and data.x[:, 0].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(data.y, [[1.234, 995], [np.nan, 1020], [2.5, 7]])
    assert data.notes[0] == "sheet: one"


def test_one_sheet_of_several_is_asked_for(book):
    path = book(one=ROWS, two=[*ROWS[:2], [DAY(2019, 2, 9), 4, 1]])
    said = (
        'put the rows of all into one sheet if they are one table, or pass sheet="one" or sheet="two" for one of them'
    )
    with pytest.raises(TableError, match=f"2 sheets hold tables .one, two.; {said}"):
        read_table(path)
    assert read_table(path, sheet="two").y[1].tolist() == [4, 1]
    with pytest.raises(TableError, match="sheet: 'three' is no sheet; pass one of 'one', 'two'"):
        read_table(path, sheet="three")


def test_dates_with_times(book):
    rows = [["Date", "Time", "a"], [DAY(2019, 1, 7), datetime.time(9, 30), 1], [DAY(2019, 1, 9), datetime.time(0), 2]]
    assert read_table(book(one=rows)).x[:, 0].tolist() == [9.5 / 24, 2]


def test_titles_and_units_are_refused_by_their_row(book):
    with pytest.raises(TableError, match='t.xlsx: names seem to be in line 3; pass skip="1-2"'):
        read_table(book(one=[["Gauges"], [], *ROWS]))
    with pytest.raises(TableError, match=r't.xlsx: line 2 looks like units \(m, kg\); pass skip="2"'):
        read_table(book(one=[ROWS[0], [None, "m", "kg"], *ROWS[1:]]))
    with pytest.raises(TableError, match="t.xlsx is empty"):
        read_table(book(one=[]))
    assert read_table(book(one=[["Gauges"], [], *ROWS]), skip=[1]).tasks == ("a", "b")


@pytest.mark.parametrize(
    "start, reader, name", [(b"PK\x03\x04", "openpyxl", "t.xlsx"), (b"\xd0\xcf\x11\xe0", "xlrd", "t.xls")]
)
def test_without_its_reader_a_workbook_names_it(start, reader, name, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(start + bytes(50))
    if importlib.util.find_spec(reader) is not None:
        with pytest.raises(TableError, match=f"{reader} does not read it"):
            read_table(tmp_path / name)
    monkeypatch.setattr(excel, "find_spec", lambda package: None)
    with pytest.raises(TableError) as error:
        read_table(tmp_path / name)
    said = f"{name} is an Excel workbook, and {reader}, which reads it, is not installed; pip install {reader}, or save"
    assert str(error.value).startswith(said)


def test_an_archive_is_refused_by_what_it_says_of_itself(tmp_path):
    rows = "".join(
        f'<row r="{k}"><c r="A{k}"><v>1</v></c><c r="XFD{k}" s="1"><v>2</v></c></row>' for k in range(1, 6001)
    )
    sheet = f'<worksheet><dimension ref="A1:B9"/>{rows}</worksheet>'  # what it says of itself is not believed
    parts = {
        "content.xml": "an OpenDocument spreadsheet",
        "t.csv": "a zip archive",
        "xl/worksheets/sheet1.xml": "98,304,000",
    }
    for name, said in parts.items():
        with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
            archive.writestr(name, sheet)
        with pytest.raises(TableError, match=f"t.xlsx .*{said}"):
            read_table(tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("xl/sharedStrings.xml", "w") as part:
            for _ in range(60):
                part.write(bytes(10**6))
    with pytest.raises(TableError, match="t.xlsx unpacks to 0.06 GB; save the part that is the table"):
        read_table(tmp_path / "t.xlsx")


def test_cells_are_counted_also_between_two_pieces_and_empty_ones_are_not(tmp_path):
    sheet = (
        '<row r="1">' + " " * (2**20 - 18) + '<c r="C40" t="n"><v>1</v></c><c r="XFD1" s="3"/></row><row r="99999"/>'
    )
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("sheet1.xml", sheet)
        assert excel._cells(archive, "sheet1.xml") == 3 * 40


def test_the_text_of_a_cell():
    cells = {None: "", 1.5: "1.5", 1.234: "1.2340", -20.125: "-20.1250", 7: "7", True: "True", " a\xa0b ": "a b"}
    cells |= {DAY(2019, 1, 7): "2019-01-07", DAY(2019, 1, 7, 9, 30): "2019-01-07 09:30:00"}
    assert {cell: excel._text(cell) for cell in cells} == cells and excel._text(float("nan")) == ""
