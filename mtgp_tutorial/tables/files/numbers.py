"""From text to numbers: decimal marks, thousands, signs of percent and currency, and what stands for missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import count
from mtgp_tutorial.tables.inputs import EAST, NORTH, PARTS_OF, words
from mtgp_tutorial.tables.refusals import TableError, argument, place, refuse_first

MISSING = ("", "na", "nan", "n/a", "null", "none")  # in lower case
WORDS = frozenset(  # that stand for a missing value, beside those that always do
    "? - -- --- . .. ... * ** *** / // /// : x #n/a #na #nv #value! #div/0! n.a. n.d. nd missing unknown none recorded "
    "fehlt k.a. (null) <na> -1.#ind 1.#qnan".split()
)
PLAIN = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
DIGITS = frozenset("0123456789.+-eE")
COINS = r"[$€£¥]|EUR|USD|GBP|CHF"
SIGNS = re.compile(
    rf"(?P<before>{COINS})? ?(?P<number>[-+]?[\d.,' ’]*\d[\d.,]*(?:[eE][-+]?\d+)?) ?(?P<after>[%‰]|{COINS})?"
)


def blank(text: pd.DataFrame, missing: Iterable[object] = ()) -> pd.DataFrame:
    """The frame with None for cells that stand for missing: the usual words, and the codes of the user.

    A code that is a number stands for all its spellings: -999 for -999.0 too.
    """
    codes = {str(code).strip().lower() for code in missing} | set(MISSING)
    values = {float(code) for code in codes if re.fullmatch(PLAIN, code)}
    known: dict[object, bool] = {None: True}

    def gone(cell: object) -> bool:
        if cell not in known:
            word = str(cell).strip().lower()
            number = _plain(word.replace("−", "-").replace(",", "."), ".") if values else None
            known[cell] = word in codes or number is not None and float(number) in values
        return known[cell]

    cells = text.to_numpy(dtype=object)
    wrong = np.fromiter(map(gone, cells.ravel()), bool, cells.size).reshape(cells.shape)
    return pd.DataFrame(np.where(wrong, None, cells), text.index, text.columns, dtype=object)


def suspected_words(text: pd.DataFrame) -> list[str]:
    """Words such as "?" that stand among numbers, for `missing`."""
    found: dict[str, None] = {}
    for cells in ([cell for cell in text[c].tolist() if cell is not None] for c in text):
        some = [cell for cell in cells if cell.lower() in WORDS]
        if len(some) < 0.5 * len(cells):
            found |= dict.fromkeys(some)
    return list(found)


MARKED = re.compile(r"[-+−]?[\d.,' ’\xa0\u2009\u202f]*\d[\d.,' ’\xa0]*(?:[eE][-+]?\d+)?")  # a number, with any marks
COMMA = re.compile(r"[-+−]?[\d.' ’]*,(?:\d{1,2}|\d{4,})(?:[eE][-+]?\d+)?|[-+−]?(?:0|\d{4,}|\d{1,3}(?:\.\d{3})+),\d+")
POINT = re.compile(r"[-+−]?[\d,' ’]*\.(?:\d{1,2}|\d{4,})(?:[eE][-+]?\d+)?|[-+−]?0\.\d+")
POINTED = re.compile(r"[-+−]?(?:\d*\.\d*|\d{1,3}(?:\.\d{3}){2,})(?:[eE][-+]?\d+)?")
THOUSANDS = re.compile(r"[-+−]?[1-9]\d{0,2}(?:\.\d{3})+")
GERMAN = re.compile(
    r"[äöüß]|\b(?:datum|monat|jahr|tag|woche|quartal|stunde|uhrzeit|zeit|umsatz|kosten|betrag|summe|nr)", re.I
)


def decimal_mark(text: pd.DataFrame, separator: str) -> tuple[str, str | None]:
    """The decimal mark of a whole file, and what to say of it. TableError where nothing tells.

    A comma is one where a number has it before other than three digits, or where columns are split by semicolons and
    no number has a point; commas before three digits alone group thousands where columns are split by commas.
    """
    cells = [cell.strip(" %‰$€£¥") for cell in text.to_numpy(dtype=object).ravel() if cell is not None]
    both = [cell for cell in cells if "," in cell and MARKED.fullmatch(cell)]
    if not both:
        _check_points(text, cells, separator)
        return ".", None
    comma, point = (sum(form.fullmatch(cell) is not None for cell in cells) for form in (COMMA, POINT))
    example = both[0]
    if comma > point:
        return ",", "numbers: decimal comma"
    if point or separator == ",":
        return ".", f"numbers: commas group thousands ({example} is {example.replace(',', '')})"
    if separator == ";":
        return ",", f"numbers: decimal comma ({example} is {example.replace('.', '').replace(',', '.')})"
    column = next(text[c] for c in text if (text[c] == example).any())
    row = int((column == example).to_numpy().argmax())
    raise TableError(
        f"{place(column, row)}: {example!r} may have a decimal comma or group thousands, and nothing in the file tells",
        "write numbers without marks of thousands",
    )


def _check_points(text: pd.DataFrame, cells: Sequence[str], separator: str) -> None:
    """TableError for a file whose points may group thousands: all stand before three digits, as in 1.020 below 980."""
    pointed = (cell for cell in cells if "." in cell and POINTED.fullmatch(cell))
    if not all(THOUSANDS.fullmatch(cell) for cell in pointed):
        return
    german = separator == ";" and any(GERMAN.search(str(c)) for c in text)
    for name in text:
        column = text[name].dropna()
        some = column[column.map(lambda cell: THOUSANDS.fullmatch(cell) is not None).astype(bool)]
        if some.empty:
            continue
        bare = column[column.str.fullmatch(r"[-+−]?\d+")].str.lstrip("-+−").astype(float)
        if german or len(bare) and 99 < bare.max() < 1000:
            why = f"{bare.max():.0f} stands in the same column" if len(bare) else "the names of the columns are German"
            raise TableError(
                f"{place(some, 0)}: {some.iloc[0]!r} may have decimals or group thousands, and nothing in the file "
                f"tells ({why})",
                "write numbers without marks of thousands, or all with other than three decimals",
            )


def at_once(column: pd.Series) -> pd.Series | None:
    """Numbers of a column in which digits, points, signs and exponents stand alone; None for any other."""
    cells = column.tolist()
    if not DIGITS.issuperset("".join(filter(None, cells))):
        return None
    try:
        value = np.array([np.nan if cell is None else float(cell) for cell in cells])
    except ValueError:
        return None
    return None if np.isinf(value).any() else pd.Series(value, column.index, name=column.name)


def read_numbers(column: pd.Series, decimal: str, missing: Sequence[object] = ()) -> tuple[pd.Series, str] | None:
    """Numbers of a column of text (NaN where it is None) and their sign, "%" or a currency; None where it is text.

    A column is text where more than half of its cells are no numbers. Raises TableError for a word among numbers,
    for numbers with something behind them, for infinite values and for a sign that some cells have and others have not.
    missing: the codes that somebody named, for what a message proposes beside them.
    """
    cells = _mended(column.dropna().astype(str))
    parts = cells.str.extract(f"^{SIGNS.pattern}$")
    signs = parts["before"].fillna("") + parts["after"].fillna("")
    number = parts["number"].map(lambda cell: _plain(cell, decimal), na_action="ignore")
    value = number.astype(object).astype(float)  # by Python, to the last digit
    infinite = cells.str.fullmatch(r"[-+]?inf(?:inity)?", case=False) | np.isinf(value)
    bad = value.isna() & ~infinite
    if bad.mean() > 0.5:
        others = cells.map(lambda cell: _plain(cell, "," if decimal == "." else ".") is not None).mean() > 0.5
        problem = f"is no number with the decimal mark of the other columns, {decimal!r}"
        remedy = f"write all with one mark, or leave it out: {argument('without', str(cells.name))}"
        refuse_first(cells, bad & others, problem, remedy, cell=True)
        _refuse_more(cells, bad)
        return None
    if bad.any():
        _refuse_more(cells, bad)
        _refuse(cells, bad, missing)
    if infinite.any():
        row = int(infinite.to_numpy().argmax())
        raise TableError(
            f"{place(cells, row)}: {cells.iloc[row]!r} is infinite",
            f"leave it empty, or pass {argument('missing', *map(str, missing), cells.iloc[row])}",
            value=[*map(str, missing), cells.iloc[row]],
        )
    if not len(signs):
        return value.reindex(column.index), ""
    other = f"and {cells.iloc[0]!r} have different signs"
    refuse_first(cells, signs != signs.iloc[0], other, "write one unit", cell=True)
    return value.reindex(column.index), signs.iloc[0]


SPACES, BEHIND, FORTRAN = "[\u2009\u202f\xa0]", r"([\d.,' ]*\d[\d.,]*)([-+])", r"([-+]?\d*\.\d+)[dD]([-+]?\d{1,3})"
HEMISPHERE = r"(\d[\d.,]*) ?°? ?([NSEWO])"


def _mended(cells: pd.Series) -> pd.Series:
    """Numbers in spellings that can be read in one way, as others are written: 3.77-, 1.2D+01, 47.5 S as a latitude."""
    cells = cells.str.replace("−", "-", regex=False).str.replace(SPACES, " ", regex=True)
    cells = cells.str.replace(f"^{BEHIND}$", r"\2\1", regex=True).str.replace(f"^{FORTRAN}$", r"\1e\2", regex=True)
    if {*words(cells.name)} & {*EAST, *NORTH} and cells.str.fullmatch(HEMISPHERE).all():
        parts = cells.str.extract(HEMISPHERE)
        cells = parts[1].map({"S": "-", "W": "-"}).fillna("") + parts[0]
    return cells


NUMBER = r"\(?[-+]?(?:\d{1,3}(?:[,' ]\d{3})+|\d+)(?:[.,]\d+)?\)?"
MORE = re.compile(rf"(?P<limit>[<>≤≥]=?)? ?(?P<number>{NUMBER})(?P<rest>(?: ?±.*| ?[^\d\s.,;:/-][^\d]{{0,11}})?)")


def _or_without(cells: pd.Series) -> str:
    """The advice that leaves a column out, where it has no name of an input."""
    return "" if {*words(cells.name)} & {*PARTS_OF} else f", or {argument('without', str(cells.name))}"


def _refuse_more(cells: pd.Series, bad: pd.Series) -> None:
    """TableError for cells that hold a number and more: a limit, a unit, a flag, brackets, a standard error."""
    parts = cells[bad].str.extract(f"^{MORE.pattern}$")
    more = parts["limit"].notna() | (parts["rest"].fillna("") != "") | parts["number"].str.contains("(", regex=False)
    number = more.astype(bool) & parts["number"].notna()
    many = parts["rest"].nunique() > max(4, 0.2 * len(cells)) and not cells[bad].str.contains("±").all()
    labels = bad.mean() > 0.5 and cells[bad].str.fullmatch(r"\d+[A-Za-z]+").all()  # 101A, 102A
    if number.mean() < 0.9 or many or labels:
        return
    row = int(bad.to_numpy().argmax())
    if parts["limit"].notna().mean() > 0.5:
        lost = "low values and raise" if "<" in cells.iloc[row] or "≤" in cells.iloc[row] else "high values and lower"
        raise TableError(
            f"{place(cells, row)}: {cells.iloc[row]!r} is not a number but a limit beyond which the value lies (it is "
            f"censored), as {int(bad.sum())} of {len(cells)} cells are",
            f"put a number in its place (half the limit, say){_or_without(cells)}; "
            f"{argument('missing', *cells[bad].unique()[:4])} would drop the {lost} the level",
            "missing",
            [*cells[bad].unique()],
        )
    decimals = parts["number"].str.contains(r"[.,]", regex=True).mean() > 0.5
    if bad.mean() > 0.5 and not (decimals or parts["number"].nunique() > 0.5 * len(parts) and len(parts) > 9):
        return  # classes such as 10 m and 20 m
    rest = parts["rest"].str.strip().mode().iloc[0] or "the brackets"
    raise TableError(
        f"{place(cells, row)}: {cells.iloc[row]!r} holds a number and more, as do {count(int(bad.sum()), 'cell')} of "
        f"{len(cells)}",
        f"take {rest!r} out of the cells (a unit goes into the name, as a [mm], an error or a flag into a column of "
        f"its own, brackets may be a minus){_or_without(cells)}",
        "without",
        [str(cells.name)],
    )


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


def _refuse(cells: pd.Series, bad: pd.Series, missing: Sequence[object]) -> None:
    """A word among numbers."""
    row, number = int(bad.to_numpy().argmax()), int(bad.sum())
    word, good = cells.iloc[row], len(cells) - number
    mend = "it" if number == 1 else f"these {number} cells"
    all_of_them = [*map(str, missing), *cells[bad].unique()]
    codes = all_of_them if len(all_of_them) <= len(missing) + 4 else [*map(str, missing), word]
    trace = " (a trace, T, is no missing value: put a small number in its place)" if "T" in codes else ""
    raise TableError(
        f"{place(cells, row)}: {word!r} is not a number, and {good} other{' is' if good == 1 else 's are'}",
        f"mend {mend}{trace}, pass {argument('missing', *codes)} if it stands for a missing value, leave lines out "
        f"with {argument('skip', sets=True)}{_or_without(cells)}",
        value=codes,
    )


NINES = re.compile(r"-?(?:9{3,}|[6-8]9{3,}|([78])\1{3,})")  # without its point: -999, 99.99, 9999.9, -6999, -8888
SHORT = re.compile(r"-1|0|-?(?:9|99|9\.9|0?\.99|88|888|777)")
POWERS = {float(sign * 2**power - less) for power in (15, 31) for sign in (1, -1) for less in (0, 1)}
HUGE = 1e30


def codes_in(values: pd.Series) -> tuple[list[float], list[float]]:
    """Numbers of a column that stand for missing values, and shorter ones that may: -999, and -99.

    Those of three nines and more, of whole words of a computer, and all above 1e30. Of the others each lies further
    from the values than twice their range and a tenth of itself, or no value has its sign.
    """
    seen = np.unique(values.dropna())
    huge = np.abs(seen) >= HUGE
    text = [f"{value:.12g}" for value in seen]
    long = huge | np.array([bool(NINES.fullmatch(t.replace(".", ""))) or v in POWERS for t, v in zip(text, seen)], bool)
    short = ~long & np.array([SHORT.fullmatch(t) is not None for t in text], bool)
    found: tuple[list[float], list[float]] = (seen[huge].tolist(), [])
    others = seen[~long & ~short]
    if len(others) < 2 or values.isin(others).sum() < 3:
        return found
    low, high = others[0], others[-1]
    for value in seen[(long | short) & ~huge]:
        gap = max(low - value, value - high)
        far = gap > max(2 * (high - low), 0.1 * abs(value))
        alone = gap > 0 and (value < 0 <= low or value > 0 >= high)
        if value in seen[long] and (far or alone):
            found[0].append(float(value))
        elif value in seen[short] and len(others) > 3 and (far or alone and gap > np.diff(others).max()):
            found[1].append(float(value))
    return found
