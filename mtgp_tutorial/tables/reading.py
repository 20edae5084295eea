"""From a file or a data frame to a table: what is plain is read, and said in `notes`; all else is refused.

A refusal (`TableError`) names the arguments that settle it. A file's own marks, names and steps prove a reading.
"""

from __future__ import annotations

import csv
import datetime
import re
import zipfile
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count, listed, of_kind
from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.tables import dates as written
from mtgp_tutorial.tables import frames
from mtgp_tutorial.tables.dates import DATED, PART, TIME, joined
from mtgp_tutorial.tables.frames import column, names_in, place_of, words_in
from mtgp_tutorial.tables.refusals import TableError

MISSING = {"", *"#N/A #NA -1.#IND -1.#QNAN -NaN -nan 1.#IND 1.#QNAN <NA> N/A NA NULL NaN None n/a nan null".split()}
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
BEGINS = r"[<>≤≥~±(]?=? ?(?:[$€£¥]|[A-Z]{3} )? ?[-+]?\.?\d.*"  # a number, whatever stands around it
CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?"
USUAL = TIME - {"date", "quarter"} | {*"x t age depth distance position hour minute second".split()}
PLACES = {*"station site location place sensor gauge cast well plot region country species variable series".split()}
COUNTERS = PLACES | {"column 1", "#", *"id obs row no nr number index record sample".split()}
FLAGS = {*"flag flags status quality qc qn qf qual cd code class".split()}
BY_POINT = {*"datum jahr monat woche tag fecha anno año mes mese".split()}  # where points group thousands
PAIRS = dict(x="y", lon="lat", long="lat", longitude="latitude", easting="northing", east="north", e="n")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", " ": "blanks"}  # of marks
READERS = {".dta": "stata", ".json": "json", ".jsonl": "json", ".feather": "feather", ".gz": "csv", ".zip": "csv"}
PACKED, BYTES = 100, 5e7  # a workbook that unpacks to more than so many times its size, and than so much, is no table


@dataclass
class Asked:
    """What somebody said of a table, and what it has told so far; day_first: by its marks."""

    date_format: str | None
    missing: list[Any]
    keep: Sequence[float]
    left: set[int]  # lines of the file
    notes: list[str] = field(default_factory=list)
    mark: str = ""  # between the columns of a file of text, "sheet" of a workbook, none of a frame
    day_first: bool = False
    known: dict[Any, pd.Series] = field(default_factory=dict)

    def without(self, lines: Any) -> dict[str, Any]:
        """What leaves further lines of the file out."""
        return {"skip": sorted({*self.left, *map(int, lines)})}

    def values(self, column: pd.Series) -> pd.Series:
        """A column as floats, NaN where a cell is no number."""
        if column.name not in self.known:
            text = [] if column.dtype.kind in "iuf" else map(str, column)
            numbers = [float(cell) if re.fullmatch(NUMBER, cell) else np.nan for cell in text] or column
            self.known[column.name] = pd.Series(numbers, column.index, float, column.name)
        return self.known[column.name]


def read_table(
    path: str | Path | pd.DataFrame,
    x: Any = None,
    tasks: Any = None,
    *,
    series: Hashable | None = None,
    value: Hashable | None = None,
    sd: Any = None,
    units: Any = None,
    date_format: str | None = None,
    missing: Sequence[Any] = (),
    keep: Sequence[float] = (),
    without: Any = (),
    decimal: str | None = None,
    thousands: str | None = None,
    skip: int | Sequence[int] = (),
    names: Sequence[str] | None = None,
    separator: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    calendar: Any = None,
) -> TaskData:
    """Read a table. What is plain is read, and said in `notes`; what may be read in two ways is refused.

    A refusal names the arguments that settle it. Columns that tell nothing (empty, constant, flags, copies of others or
    of the input, a part of its dates, row numbers, text) are left out unless `tasks` names them.

    Args:
        path (path or DataFrame): text in columns, a workbook, Parquet, or a frame (`TaskData.from_frame`).
        x (columns): the input; two for a map, several for one date in parts. Default: the only column of dates, a date
            in parts by their names (year and month), a pair such as x and y, or a first column of increasing numbers.
        tasks (columns): the values. Default: all other columns of numbers.
        series (column): of the names, in a long table. Default: the table is wide.
        value (column): of the values, in a long table. Default: the table is wide.
        sd (dict or columns): known standard errors, as in `TaskData.from_frame`. Default: none.
        units (list, or dict by task): of the values. Default: from headers such as `level (m)`.
        date_format (str): as pandas takes it, such as "%d.%m.%Y" or "%b %Y"; "quarter"; "week" (its Monday); "s" or
            "ms" since 1970; "excel"; or "numbers" for what looks like dates and is none. Default: what the file proves.
        missing (list): words and numbers for missing values, beside those of pandas. Default: none.
        keep (list): numbers that look as if they stood for missing values, such as -999, and are values. Default: none.
        without (columns): to leave out. Default: none.
        decimal (str): the mark of decimals. Default: what the file proves.
        thousands (str): the mark of thousands. Default: what the file proves.
        skip (int or list): how many lines to leave out at the top, or which. Default: none.
        names (list): of the columns of a file without a line of names. Default: the first line.
        separator (str): of the columns. Default: the only one that fits.
        sheet (str): of a workbook. Default: the only one.
        encoding (str): of the text. Default: UTF-8, or UTF-16 or Windows-1252 where it is that.
        calendar (Calendar): how dates become numbers, such as that of another table. Default: by their spacing.
    Raises:
        TableError: a ValueError, for all that can be read in two ways or in none.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import read_table
    >>> data = read_table(datasets.example_csv())
    >>> data.tasks, int((~data.observed).sum())
    (('Erie', 'Michigan-Huron', 'Ontario', 'St. Clair'), 33)
    """
    for name, each in (("missing", missing), ("keep", keep), ("skip", () if isinstance(skip, int) else skip)):
        of_kind(name, each, (list, tuple, set), "a list")
    left = {*range(1, skip + 1)} if isinstance(skip, int) else {*skip}
    if (isinstance(skip, int) and skip < 0) or not all(isinstance(line, int) and line > 0 for line in left):
        raise TableError(f"skip: is {skip!r}", [], "pass how many lines, or a list of their numbers, the first is 1")
    for name, one in (("date_format", date_format), ("encoding", encoding), ("separator", separator)):
        of_kind(name, one, (str, type(None)), "a text")
    for name, one, of in (("decimal", decimal, ".,"), ("thousands", thousands, ".,'’ ")):
        if one is not None and one not in [*of]:
            raise TableError(f"{name}: is {one!r}", [], f"pass one of {' '.join(map(repr, of))}")
    if separator is not None and len(separator) != 1:
        raise TableError(f"separator: is {separator!r}", [], "pass one letter, such as ';'")
    of_kind("calendar", calendar, (Calendar, type(None)), "that of a table, data.calendar")
    asked = Asked(date_format, [*missing], keep, left)
    given = path if isinstance(path, pd.DataFrame) else _file(path, names, separator, sheet, encoding, asked)
    headers = frames.headers_of(given)
    frame = given.set_axis([*headers], axis=1)
    frame, levels, index = (frame, [], None) if asked.mark else frames.with_index(frame)
    some = frame.drop(columns=[column(frame, c, "without") for c in names_in(without)])
    cells = _marked(_blank(some, asked), asked, decimal, thousands)
    roles = frames.roles_of(cells, x, series, value, tasks, sd)
    kinds = {c: _kind(cells[c], asked) for c in cells}
    if not roles.inputs:
        own = levels if all(kinds[c] in ("numbers", "dates") for c in levels) else []
        try:  # rows that were dropped leave an index of whole numbers without a name
            counts = own and index is not None and index.name is None and index.dtype.kind in "iuO"
            others = cells.drop(columns=[*levels, *roles.long, *roles.numbers])
            roles.inputs = own if own and not counts else _input(others, kinds, asked)
        except TableError:
            if not own:
                raise
            roles.inputs = own
    cells = cells.drop(columns=[c for c in levels if c not in roles.inputs])
    at, calendar, x_names = _inputs(cells, roles.inputs, kinds, calendar, asked)
    again = int(pd.DataFrame(at).duplicated().sum())
    if again and not roles.long and calendar and calendar.zone is None and calendar.unit not in ("days", "years"):
        asked.notes.append(f"{x_names[0]}: {count(again, 'row')} at a time that stood before, as where clocks go back")
    if not roles.long and not roles.tasks:
        others = cells.drop(columns=[*roles.inputs, *roles.numbers])
        _check_rows(others, at, roles.inputs, kinds, x is not None)
        roles.tasks = _tasks(others, kinds, at, calendar, asked)
    y = pd.DataFrame({c: _numbers(cells[c], asked) for c in roles.numbers}, cells.index)
    y = y.mask(y.isin([float(code) for code in map(str, missing) if re.fullmatch(NUMBER, code)]))
    _check_codes(y, asked)
    given = given.reset_index(drop=True) if asked.mark else given.copy()
    for c in y:
        if given[headers[c]].dtype.kind not in "iuf":  # text that was read as numbers
            given[headers[c]] = y[c].to_numpy()
    who = joined(cells[roles.long[:1]]).where(cells[roles.long[0]].notna()) if roles.long else None
    said: dict[str, Any] = {"x_names": x_names, "units": units, "calendar": calendar, "index": index}
    return frames.assembled(given, headers, roles, at, y, who, tasks=tasks, notes=asked.notes, **said)


def _file(path: Any, names: Any, separator: Any, sheet: Any, encoding: Any, asked: Asked) -> pd.DataFrame:
    """The cells of a file, rows named by their lines."""
    of_kind("path", path, (str, Path), "the path of a file, or a DataFrame")
    path = Path(path)
    if not path.is_file():
        raise TableError(f"path: {path} is {'a folder' if path.is_dir() else 'not there'}", [], "pass a file's name")
    if reader := READERS.get(path.suffix.lower()):
        raise TableError(f"path: {path.name} is no plain text", remedy=f"pass a frame: pd.read_{reader}({path.name!r})")
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        book = path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
        rows = _sheet(path, sheet, asked) if book else _lines(path, separator, encoding, asked)
    except ImportError as error:
        raise TableError(f"path: {path.name} is not read: {str(error).splitlines()[0]}") from None
    rows = [(k, row) for k, row in rows if any(cell not in (None, "") for cell in row)]
    head = list(names) if names is not None else rows.pop(0)[1] if rows else []
    if not rows:
        raise TableError(f"path: {path.name} has no rows of values", [], "pass a table of at least two")
    if len(rows[0][1]) != len(head):
        raise TableError(f"names: {count(len(head), 'name')} and {count(len(rows), 'row')} below do not fit")
    if names is None and re.match(r"[-+]?\.?\d", str(head[0])):
        ways = [{"names": [f"column {k + 1}" for k in range(len(head))]}]
        raise TableError(f"{path.name}: the first line has values where names should be", ways)
    head = ["" if c is None else str(c).strip() for c in head]
    if bare := [k for k, c in enumerate(head) if k and not c and any(row[k] not in (None, "") for _, row in rows)]:
        raise TableError(f"{path.name}: column {bare[0] + 1} has no name", [], "put all names in one line, or use skip")
    head = [c or f"column {k + 1}" for k, c in enumerate(head)]
    frame = pd.DataFrame([row for _, row in rows], pd.Index([k for k, _ in rows], name="line"), head, dtype=object)
    again = frame.duplicated()
    asked.notes += [f"rows: {count(int(again.sum()), 'repeated line')} left out"] * bool(again.any())
    return frame[~again]


def _sheet(path: Path, sheet: str | None, asked: Asked) -> list[tuple[int, list[Any]]]:
    """The rows of the only sheet of a workbook that has any, or of the one that was named."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > max(BYTES, PACKED * path.stat().st_size):
            raise TableError(f"path: {path.name} unpacks to {size / 1e9:.2f} GB", remedy="save the table as CSV")
    try:
        every = pd.read_excel(path, sheet_name=None, header=None, dtype=object)
    except (ValueError, zipfile.BadZipFile, KeyError) as error:
        raise TableError(f"path: {path.name} is no workbook ({error})", [], "save the table as CSV") from None
    every = {str(name): one for name, one in every.items() if one.notna().any(axis=None)}
    if len(every) != 1 and sheet not in every:
        raise TableError(f"{path.name} has {count(len(every), 'sheet')}", [{"sheet": name} for name in every])
    asked.mark = "sheet"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        if any(re.search(rb"</f>(?:<v ?/>|<v></v>)?</c>", sheet) for sheet in sheets):
            asked.notes.append("cells: formulas whose values the workbook does not keep are read as empty")
    one = (every[sheet] if sheet in every else [*every.values()][0]).dropna(axis=1, how="all").astype(object)
    cells = one.where(one.notna(), None).to_numpy().tolist()
    return [(k, row) for k, row in enumerate(cells, 1) if k not in asked.left]


def _lines(path: Path, mark: str | None, encoding: str | None, asked: Asked) -> list[tuple[int, list[str]]]:
    """The lines of a file of text, split by the only mark that gives all of them as many fields."""
    raw = path.read_bytes()
    encoding = encoding or ("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    try:
        text = raw.decode(encoding)
    except LookupError:
        raise TableError(f"encoding: {encoding!r} is not known", [], "pass such as 'cp1252' or 'shift_jis'") from None
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
        asked.notes.append(f"text: not {encoding}, read as Windows-1252; look at names with accents")
    if "\x00" in text:
        raise TableError(f"{path.name} is no text in UTF-8", [{"encoding": "utf-16-le"}, {"encoding": "utf-16-be"}])
    lines = [(k, line) for k, line in enumerate(re.split(r"\r\n|\r|\n", text), 1) if line.strip()]
    asked.notes += [f"line {k} begins with #; left out" for k, line in lines if line[0] == "#" and k not in asked.left]
    lines = [(k, line) for k, line in lines if line[0] != "#" and k not in asked.left]
    marks = [mark] if mark else [mark for mark in ",;\t|" if any(mark in line for _, line in lines)] or [" "]
    every = {mark: _split(lines, mark) for mark in marks}
    widths = {mark: [len(row) for _, row in rows] for mark, rows in every.items()}
    usual = {mark: max({*some}, key=some.count, default=0) for mark, some in widths.items()}
    share = {mark: (usual[mark] > 1) * some.count(usual[mark]) / max(len(some), 1) for mark, some in widths.items()}
    best = [mark for mark in share if share[mark] == max(share.values())]
    asked.mark = mark = best[0]
    if share[mark] == 1 and len(best) > 1:
        raise TableError(f"{path.name} can be split in {len(best)} ways", [{"separator": mark} for mark in best])
    if not share[mark]:
        raise TableError(f"path: {path.name} has one column, or none", remedy="split its columns by commas or tabs")
    asked.notes.append(f"columns: split by {NAMES.get(mark, repr(mark))}")
    if share[mark] == 1:
        return every[mark]
    odd = [k for k, row in every[mark] if len(row) != usual[mark]]
    first = next((k, row) for k, row in every[mark] if len(row) == usual[mark])
    top = [k for k in odd if k < first[0]]
    mend = top and re.match(r"[-+]?\.?\d", first[1][0]) or len(odd) > len(lines) / 2
    ways = [] if mend else [asked.without(top or odd)]
    told = f"{path.name}, line {odd[0]}: has not {usual[mark]} fields, as most lines"
    raise TableError(told, ways, "or mend it (a mark inside a cell, or a decimal comma?)")


def _split(lines: list[tuple[int, str]], mark: str) -> list[tuple[int, list[str]]]:
    """The cells of each row, with the number of the line where it begins."""
    text, rows = (f"{line.strip(' ')}\n" for _, line in lines), list[tuple[int, list[str]]]()
    for row in (reader := csv.reader(text, delimiter=mark, skipinitialspace=True)):
        rows.append((reader.line_num, [cell.strip() for cell in row]))
    begins = [0, *(end for end, _ in rows)]
    return [(lines[begin][0], row) for begin, (_, row) in zip(begins, rows)]


def _blank(frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    """Text stripped, its blanks plain, None for what is missing, and no percent sign at numbers that all have it."""
    words = MISSING | {str(word).strip() for word in asked.missing if not re.fullmatch(NUMBER, str(word))}

    def plain(cell: Any) -> Any:
        if isinstance(cell, str):
            cell = " ".join(cell.split()).replace("−", "-")
            return None if cell in words else cell
        return None if cell is None or cell is pd.NaT or cell is pd.NA or cell != cell else cell

    cells = frame.copy()
    for c in frame:
        if isinstance(frame[c].dtype, pd.PeriodDtype):
            cells[c] = frame[c].dt.to_timestamp()
        elif frame[c].dtype.kind in "iuf":
            cells[c] = frame[c].astype(float) if frame[c].isna().any() else frame[c]
        elif frame[c].dtype.kind != "M":
            cells[c] = pd.Series(map(plain, frame[c]), frame.index, object)
            text = cells[c].dropna().map(str)
            if text.str.endswith("%").all() and text.str.fullmatch(r"[-+\d.,'’ ]*\d ?%").all():
                cells[c] = cells[c].map(lambda cell: cell.rstrip("% "), na_action="ignore")
    return cells


def _marked(cells: pd.DataFrame, asked: Asked, decimal: str | None, thousands: str | None) -> pd.DataFrame:
    """Numbers with a point for decimals and no marks of thousands; asked where the file proves neither."""
    shape = re.compile(rf"(?!{written.DAY_MONTH}$)[-+]?[\d.,'’ ]*\d[\d.,'’ ]*(?:[eE][-+]?\d+)?")
    text = [c for c in cells if cells[c].dtype == object]
    every = [cell for c in text for cell in cells[c] if isinstance(cell, str) and shape.fullmatch(cell)]
    point, comma = ([cell for cell in every if mark in cell] for mark in ".,")
    for mark in "'’ " if thousands is None else "":
        if (some := [cell for cell in every if mark in cell]) and _all_grouped(mark, some):
            thousands = mark
    if decimal is None and thousands not in (".", ",") and (comma or point):
        groups = {mark: _all_grouped(mark, some) for mark, some in ((".", point), (",", comma))}
        whole = any(re.fullmatch(r"\d{3}", cell) for cell in every)  # 980 beside 1.020
        for c in text if point and not whole else ():  # 87 beside 1.020 of one column, 1.12.2020, a name
            some = cells[c].dropna().map(str)
            whole |= some.str.contains(r"^[^.]+\.[^.]+$").any() and some.str.fullmatch(r"\d\d?").any()
            whole |= some.str.fullmatch(r"\d+\.\d+\.\d{4}.*").any() or bool(BY_POINT & {*words_in(c)})
        pointed = not comma and groups["."] and (whole or asked.mark != ",")
        if pointed or comma and groups[","] and not point:
            mark, told = ("," if comma else "."), f"{[*comma, *point][0]!r} may have decimals or group thousands"
            raise TableError(f"{told}, as all such numbers", [{"decimal": mark}, {"thousands": mark}])
        if comma and point and groups[","] and groups["."]:
            told = f"{comma[0]!r} and {point[0]!r} may both have decimals or group thousands"
            raise TableError(told, [{"decimal": one, "thousands": other} for one, other in (".,", ",.")])
        if comma and not groups[","] and not groups["."]:
            told = f"{comma[0]!r} and {[*point, ''][0]!r} have two marks of decimals"
            raise TableError(told, remedy="write all numbers with one mark of decimals")
        decimal = "," if comma and not groups[","] else None
        thousands = "," if comma and groups[","] else "." if comma and point else thousands
    if decimal is None and point and not comma and _all_grouped(".", point):
        asked.notes.append(f"numbers: {point[0]} has decimals, since commas split the columns")
    asked.day_first = decimal == "," and asked.mark not in ("", ",", "sheet")
    if comma or thousands:
        asked.notes.append(f"numbers: decimal {decimal or '.'}, thousands {thousands or 'without a mark'}")

    def plain(cell: Any) -> Any:
        if not isinstance(cell, str) or not shape.fullmatch(cell):
            return cell
        cell = cell.replace(thousands, "") if thousands and _all_grouped(thousands, [cell]) else cell
        return cell.replace(",", ".") if decimal == "," else cell

    marked = {c: pd.Series(map(plain, cells[c]), cells.index, object) for c in text if decimal or thousands}
    return cells.assign(**marked)


def _all_grouped(mark: str, some: Sequence[str]) -> bool:
    """Whether a mark groups the thousands of all these numbers, which may have decimals behind another mark."""
    mark = re.escape(mark)
    shape = re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{mark}\d\d\d?)*{mark}\d{{3}}(?:(?!{mark})[.,]\d+)?")  # or 12,34,567
    return all(shape.fullmatch(cell) for cell in some)


def _kind(cells: pd.Series, asked: Asked) -> str:
    """What a column holds: numbers, dates, clock, text, nothing ("empty"), or text like numbers ("unclear")."""
    given = cells.dropna()
    if given.empty or given.dtype.kind in "fM":
        return "empty" if given.empty else "dates" if given.dtype.kind == "M" else "numbers"
    share = asked.values(cells).count() / len(given)
    if share >= 0.5 and not DATED & {*words_in(str(cells.name))}:
        return "numbers"
    text = given.map(str)
    objects = given.map(lambda cell: isinstance(cell, (datetime.date, pd.Period))).mean()
    if objects > 0.5 or written.plain_format(text, words_in(str(cells.name))):
        return "dates"
    if share >= 0.5 or text.str.fullmatch(CLOCK).all():
        return "numbers" if share >= 0.5 else "clock"
    return "unclear" if share > 0.1 or text.str.fullmatch(BEGINS).mean() > 0.1 else "text"


def _is_clock(numbers: pd.Series) -> bool:
    """Whether numbers such as 0, 30, 100, 130 are hours and minutes in even steps, written as one number."""
    steps = (60 * (numbers // 100) + numbers % 100).diff().iloc[1:].nunique()
    return bool((numbers % 100 < 60).all() and numbers.max() < 2400 and steps == 1 < numbers.diff().iloc[1:].nunique())


def _input(cells: pd.DataFrame, kinds: dict[str, str], asked: Asked) -> list[str]:
    """The columns that are the input, where one reading alone is plain."""
    value = {c: asked.values(cells[c]) for c in cells if kinds[c] == "numbers"}
    low, words = {"_".join(words_in(c)): c for c in value}, {c: {*words_in(c)} for c in cells}
    beside = {c: low.get("_".join(PAIRS.get(word, word) for word in words_in(c)), c) for c in value}
    pairs = [[c, other] for c, other in beside.items() if other != c and {*PAIRS} & words[c] and len(value) > 2]
    pairs = [pair for pair in pairs if cells[pair].nunique().min() > 1]
    dates = [[c] for c in cells if kinds[c] == "dates" and cells[c].nunique() > 1]
    clocks = [c for c in cells if kinds[c] == "clock" and cells[c].notna().all()]
    if len(dates) == len(clocks) == 1 and cells.duplicated(dates[0]).any() and cells[dates[0][0]].notna().all():
        dates = [[*dates[0], *clocks]]
    elif not dates and (parts := written.in_parts(cells, words_in)):
        dates = [parts[0]]
    taken = {c for one in dates for c in one}
    first = next((c for c in cells if not COUNTERS & {*words_in(c), c}), "")
    up = {c: (value[c].diff().iloc[1:] > 0).all() and len(cells) > 1 for c in value if c not in taken}
    leads = [c for c in up if c == first and up[c] and USUAL & words[c]]
    leads = [c for c in leads if not TIME & words[c] or value[c].max() < (3000 if "year" in words[c] else 1500)]
    leads = [c for c in leads if not (TIME & words[c] and _is_clock(value[c]))]
    if not (leads or dates or pairs) and up.get(first) and sum(up.values()) == 1 and len(cells) > 2:
        steps = value[first].diff().iloc[1:]
        leads = [first] if np.isclose(steps, steps.iloc[0]).all() and value[first].max() < 3000 else []
    axes = [c for c in value if {"depth", "age"} & words[c] or "year" in words[c] and not dates and (pairs or leads)]
    axes = [*leads, *(c for c in axes if c not in leads and value[c].nunique() > 1)]
    readings = [*dates, *pairs, *([c] for c in axes if c not in taken)]
    if len(dates) == 1 and len(readings) > 1 and cells.duplicated(dates[0]).mean() > 0.3:  # a profile, a grid
        readings = [[*dates[0], *one] for one in readings[1:]] + readings
    if len(readings) == 1 and (dates or pairs or leads):
        return readings[0]
    ways = [{"x": one if len(one) > 1 else one[0]} for one in readings]
    may = listed(" with ".join(one) for one in readings)
    told = f"it may be {may}" if readings else "no column is plainly the input"
    if not readings:
        for c in value:
            _numbers(cells[c], asked)
        alone = [c for c in cells if cells[c].notna().all() and not cells[c].duplicated().any()]
        forms = [(c, form) for c in alone for form in written.offers_for(joined(cells[[c]]), words_in(c))]
        ways = [{"x": c, "date_format": form} for c, form in forms]
    more = f"{'or ' * bool(ways)}name the column with x, and its date_format, such as '%Y %m', where it holds dates"
    raise TableError(f"x: is not given, and {told}", ways, f"{more}; columns: {listed(cells)}")


def _inputs(
    cells: pd.DataFrame, inputs: list[str], kinds: dict[str, str], calendar: Any, asked: Asked
) -> tuple[np.ndarray, Any, list[str]]:
    """The inputs [N, D] as numbers, the calendar by which dates became numbers, if any, and their names."""
    for c in inputs:
        _refuse(cells[c], cells[c].isna(), "no input stands here", asked)
    form, first, names = asked.date_format, inputs[0], inputs
    parts = written.in_parts(cells[inputs], words_in) if len(inputs) > 1 else None
    k = 0  # so many of the inputs are one date
    if form == "numbers":
        form, k = None, int(kinds[first] == "dates" and len(inputs) > 1)
    elif parts and len(parts[0]) == len(inputs):
        inputs, form = parts[0], form or parts[1]
        k, names = len(inputs), ["date"]
    elif form is not None:
        read = {k: written.dates_in(joined(cells[inputs[:k]]), form)[0] for k in range(len(inputs), 0, -1)}
        k = max(read, key=lambda k: read[k].notna().mean())
    elif kinds[first] == "dates":
        k = 2 if len(inputs) > 1 and kinds[inputs[1]] == "clock" else 1
    when, how, rest = None, "", inputs[k:]
    if k:
        typed = k == 1 and cells[first].dtype.kind == "M"
        given = cells[first] if typed else joined(cells[inputs[:k]]).rename(" ".join(inputs[:k]))
        when, how = written.dates_in(given, form, words_in(str(given.name)), asked.day_first)
        _refuse(given, when.isna(), f"is no date, read as {how}", asked, cell=True)
    value = pd.DataFrame({c: asked.values(cells[c]) for c in rest})
    if asked.date_format != "numbers":
        _check_digits(cells, inputs, value, when, how.split(", ")[-1].replace("year-month-day", "%Y-%m-%d"))
    at = [_numbers(cells[c], asked) for c in rest]
    said = [f"input: {' and '.join(inputs)}"] if asked.mark else []
    if when is None:
        asked.notes += said
        return np.column_stack(at), None, names
    why = "chosen by their median spacing" if calendar is None else "as the calendar says"
    dates, name = pd.DatetimeIndex(when), names[0]
    calendar = Calendar.of(dates) if calendar is None else calendar
    zone = f" (zone {calendar.zone})" if calendar.zone else ""
    asked.notes += [f"{name}: dates, {how}"] * bool(asked.mark) + said
    asked.notes.append(f"{name}: dates as numbers, {calendar.label}, {why}{zone}")
    return np.column_stack([calendar.to_numbers(dates), *at]), calendar, [name, *rest]


def _check_digits(cells: pd.DataFrame, inputs: list[str], value: pd.DataFrame, when: Any, form: str) -> None:
    """TableError for inputs that are taken for numbers and may be dates, or parts of one."""
    first, text, rest = inputs[0], joined(cells[inputs]), [*value]
    doubt = [c for c in rest if len(inputs) > 1 and PART.get("_".join(words_in(c)))]
    other = (USUAL - TIME - {*PART} | {*PAIRS, *PAIRS.values()}) & {*words_in(inputs[-1])}
    twice = len(inputs) == 2 and cells.duplicated(first).any() and not other
    doubt += [c for c in rest if twice and value[c].isin(range(367)).all()]
    if rest and len(inputs) == 1 and TIME - {"year"} & {*words_in(first)} and (value[first] >= 1500).any():
        doubt += [first]
    hours = when is not None and twice and re.search("%[dYj]$", form) and (doubt or written.fits(text, f"{form} %H"))
    offers = written.offers_for(text, words_in(first)) if when is None else [f"{form} %H"] * bool(hours)
    numbers = bool(value.notna().all(axis=None))
    if doubt or offers or not numbers:
        x = inputs if len(inputs) > 1 else first
        ways = [{"x": x, "date_format": one} for one in [*offers, *["numbers"] * numbers]]
        told = f"column {' '.join(inputs)!r}: {text.iloc[0]!r} may be a date, and is not plainly one"
        raise TableError(told, ways, f"{'or ' * bool(ways)}pass its date_format, such as '%d.%m.%Y %H:%M'")


def _refuse(column: pd.Series, wrong: Any, problem: str, asked: Asked, *, cell: bool = False) -> None:
    """TableError at the first row that is wrong, with the lines to leave out where they are few."""
    at = np.flatnonzero(wrong)
    if len(at):
        told = f"{column.iloc[at[0]]!r} {problem}" if cell else problem
        few = asked.mark and len(at) < max(6, 0.2 * len(column))
        ways = [asked.without(column.index[at])] if few else []
        told = f"{place_of(column, at[0])}: {told}, {len(at)} such in all"
        raise TableError(told, ways, "mend it, or drop such rows")


def _check_rows(others: pd.DataFrame, at: np.ndarray, x: list[str], kinds: dict[str, str], told: bool) -> None:
    """TableError where rows of several series, or of several hours of a day, may stand below each other."""
    rows, one = pd.DataFrame(at), {} if told else {"x": x if len(x) > 1 else x[0]}
    again = float(rows.duplicated().mean())
    for c in others:
        several = kinds[c] in ("text", "numbers", "unclear") and 1 < others[c].nunique() <= len(others) / 2
        if several and (PLACES & {*words_in(c)} or again > 0.1 and not told and kinds[c] == "text"):
            apart = (~rows.assign(who=others[c].to_numpy()).duplicated()).mean() > 0.95
            values = [value for value in others if kinds[value] == "numbers" and value != c and apart]
            ways = [{**one, "series": c, "value": value} for value in values]
            ways += [{"without": [c]}] if again < 0.1 else []
            raise TableError(f"rows of {others[c].nunique()} series may stand below each other, by {c!r}", ways)
    if again > 0.1 and not told:
        hours = [{"x": [*x, c]} for c in others if PART.get("_".join(words_in(c))) == "hour"]
        ways = hours + [{"x": x}] * (again < 0.5)
        raise TableError(f"x: {100 * again:.0f} % of the rows repeat {x[0]!r}", ways, "or name another input")


def _tasks(cells: pd.DataFrame, kinds: dict[str, str], at: np.ndarray, calendar: Any, asked: Asked) -> list[str]:
    """The columns of numbers, but for those that are no readings; what is left out is said."""
    found: dict[str, pd.Series] = {}
    errors = frames.errors_beside(cells)
    for c in cells:
        if kinds[c] == "unclear":
            _numbers(cells[c], asked)
        why = {"text": "text", "clock": "a time of the day", "dates": "dates", "empty": "no value"}.get(kinds[c])
        if kinds[c] == "numbers":
            value = asked.values(cells[c])
            why = _no_reading(value, at[:, 0], calendar)
            for other in () if why else found:
                both = (found[other] - value).dropna()  # of nearly all rows
                if len(both) > max(2, 0.8 * max(found[other].count(), value.count())) and (both == 0).all():
                    why = f"equals {other!r} wherever both have a value"
            if c in errors and why is None:
                why = f"looks like standard errors of {errors[c]}; sd={{{errors[c]!r}: {c!r}}} uses it"
        asked.notes += [f"{c}: {why}; left out"] if why else []
        found |= {} if why else {c: value}
    if not found:
        raise TableError("tasks: no column of numbers that vary is left beside the input", remedy="pass tasks=[...]")
    return list(found)


def _no_reading(value: pd.Series, axis: np.ndarray, calendar: Any) -> str | None:
    """Why a column of numbers holds no readings: constant, counts, flags, parts of the date or the input again."""
    words, seen = words_in(str(value.name)), np.unique(value.dropna())
    whole, part = (seen % 1 == 0).all(), PART.get("_".join(words), "").replace("doy", "dayofyear")
    if len(seen) == 1 and value.count() > 1:
        return f"always {seen[0]:g}"
    if calendar is not None:
        when = calendar.to_dates(axis)
        if part and part != "week" and (value == getattr(when, part)).all():
            return "a part of the date"
        axis = Calendar("years").to_numbers(when.tz_localize(None))
    if whole and COUNTERS & {*words, str(value.name)} and value.is_unique and len(value) > 2:
        return "numbers the rows"
    if whole and len(seen) < 6 and FLAGS & {*words}:
        return f"holds {listed(f'{one:g}' for one in seen)} alone, a flag; tasks=[...] with its name keeps it"
    near = value.between(axis - 0.05, axis + 0.05) if calendar is not None else value == axis
    return "the input again" if len(value) > 2 and near.all() else None


def _numbers(column: pd.Series, asked: Asked) -> pd.Series:
    """A column as floats; TableError at what is none, with the words that may stand for missing values."""
    values, given = asked.values(column), column.dropna()
    bad = given[values[column.notna()].isna()]
    if len(bad):
        words = [*dict.fromkeys(map(str, bad))]
        codes = len(words) < 5 and not any(re.fullmatch(BEGINS, word) for word in words)
        ways: list[dict[str, Any]] = [{"missing": [*asked.missing, *words]}] if codes else []
        ways += [asked.without(bad.index)] if asked.mark and len(bad) < 6 else []
        ways += [{"without": [column.name]}]
        place = place_of(column, int((values.isna() & column.notna()).argmax()))
        remedy = "or mend it: units go into the name, as level [m]; a limit such as <0.05 is no missing value"
        told = f"{words[0]!r} is no number, and {len(given) - len(bad)} others are"
        raise TableError(f"{place}: {told}", ways, remedy)
    _refuse(column, np.isinf(values), "is infinite", asked)
    return values


def _check_codes(y: pd.DataFrame, asked: Asked) -> None:
    """TableError for -999, 9999.9, 0 and the like far from all other values of a column, all at once."""
    shape, found = re.compile(r"-?(?:9{1,}|[6-8]9{3,}|([78])\1{2,}|0|1|32767|32768)"), []
    for c in y:
        seen = np.unique(y[c].dropna())
        ends = {v: f"{v:.12g}".replace(".", "").lstrip("0") or "0" for v in (*seen[:6], *seen[-6:])}
        codes = sorted(v for v, digits in ends.items() if abs(v) >= 1e30 or shape.fullmatch(digits))
        rest = seen[~np.isin(seen, codes)]
        for v in codes if len(rest) > 2 else ():
            gap, alone = max(rest[0] - v, v - rest[-1]), v < -8 and rest[0] >= 0 or v > 0 >= rest[-1]
            far = gap > max(2 * (rest[-1] - rest[0]), 0.1 * abs(v)) or gap > 3 * np.diff(rest).max()
            if v not in asked.keep and (far or alone and gap > 0 or abs(v) >= 1e30):
                found.append((c, float(v)))
    if found:
        codes = [*dict.fromkeys(v for _, v in found)]
        told = listed(f"{c!r} holds {v:g} {count(int((y[c] == v).sum()), 'time')}" for c, v in found)
        ways = [{"missing": [*asked.missing, *(f"{v:.12g}" for v in codes)]}, {"keep": [*asked.keep, *codes]}]
        raise TableError(f"{told}, away from all other values: it may stand for a missing value", ways)
