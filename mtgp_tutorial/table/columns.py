"""From text to numbers: decimal marks, thousands, signs of percent and currency, and cells that stand for missing."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from mtgp_tutorial.table.refusing import TableError, place

MISSING = ("", "na", "nan", "n/a", "null", "none")  # in lower case
PLAIN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
GROUPED = r"[-+]?\d{1,3}(?:[ '’.,]\d{3})+(?:[.,]\d+)?"
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
    if not any(text[name].astype(str).str.contains(",", regex=False).any() for name in text):
        _check_points(text)
        return ".", None
    cells = text.stack().astype(str).str.strip(" %‰$€£¥")
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


def _check_points(text: pd.DataFrame) -> None:
    """TableError for a file whose points may group thousands: all stand before three digits, as in 1.020 below 980."""
    cells = text.stack().astype(str).str.strip(" %‰$€£¥")
    pointed = cells[cells.str.fullmatch(r"[-+−]?(?:\d*\.\d*|\d{1,3}(?:\.\d{3}){2,})(?:[eE][-+]?\d+)?")]
    if pointed.empty or not pointed.str.fullmatch(r"[-+−]?[1-9]\d{0,2}(?:\.\d{3})+").all():
        return
    for name in dict.fromkeys(pointed.index.get_level_values(1)):
        bare = (
            cells.xs(name, level=1)[lambda column: column.str.fullmatch(r"[-+−]?\d+")].str.lstrip("-+−").astype(float)
        )
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


def read_numbers(column: pd.Series, decimal: str = ".") -> tuple[pd.Series, str] | None:
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
        return None
    if bad.any():
        _refuse(cells, bad)
    if infinite.any():
        row = int(infinite.to_numpy().argmax())
        raise TableError(
            f"{place(cells, row)}: {cells.iloc[row]!r} is infinite",
            f"leave it empty, or pass missing=[{cells.iloc[row]!r}]",
            "missing",
            [cells.iloc[row]],
        )
    if signs.nunique() > 1:
        row = int((signs != signs.iloc[0]).to_numpy().argmax())
        raise TableError(
            f"{place(cells, row)}: {cells.iloc[row]!r} and {cells.iloc[0]!r} have different signs", "write one unit"
        )
    return value.reindex(column.index), signs.iloc[0] if len(signs) else ""


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
        f"mend {mend}, pass missing=[{word!r}] if it stands for a missing value, or without=[{str(cells.name)!r}]",
        "missing",
        [word],
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
