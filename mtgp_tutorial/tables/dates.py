"""Dates of text, in one way or asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pandas as pd
from pandas.tseries.api import guess_datetime_format

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.calendars import ISO, iso_dates
from mtgp_tutorial.tables.refusals import TableError

DAY_MONTH = r"\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d\d)(?:,? .*)?"
PLAIN = {"ISO": ISO, "order": DAY_MONTH, "quarter": r"\d{4}-?Q[1-4]", "week": r"\d{4}-?W\d\d"}  # whatever the name
PERIOD = {"quarter": r"(\d{4})[-:. ]?[Qq]?([1-4])", "week": r"(\d{4})[-/ ]?[Ww]?(\d{1,2})"}
SINCE = {"s": ("s", 0, 1e9, 1.9e9), "ms": ("ms", 0, 1e12, 1.9e12), "excel": ("D", "1899-12-30", 3e4, 6.6e4)}
DIGITS = {"%Y%m%d": 8, "%Y%m%d%H": 10, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14, "%Y%m": 6, "%Y%j": 7}
WORDS = "%b %Y|%Y %b|%B %Y|%m/%Y|%Y-%j|%Y/%m/%d|%Y.%m.%d|%Y-M%m|%Ym%m|%d%b%Y:%H:%M:%S|%Y %m|%Y %j".split("|")
WORDS += "%Y %m %d|%Y %m %d %H".split("|")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H.%M", " %I:%M %p", " %I:%M:%S %p")
PARTS = {  # of a date, by the names of their columns
    "year": "year yr yyyy jahr année annee año ano anno",
    "quarter": "quarter qtr quartal trimestre",
    "month": "month mo mm monat mois mes mese",
    "week": "week isoweek woche semaine semana",
    "doy": "doy day_of_year dayofyear yday julian_day julianday jday",
    "day": "day dd tag jour dia día",
    "hour": "hour hr hh stunde heure hora",
}
PART = {name: part for part, names in PARTS.items() for name in names.split()}
TOGETHER = {  # parts that make a date, with its format
    "year month day hour": "%Y %m %d %H",
    "year month day": "%Y %m %d",
    "year doy": "%Y %j",
    "year month": "%Y %m",
    "year quarter": "quarter",
    "year week": "week",
}
TIME = {*"date datetime time timestamp day week month quarter year".split()}  # words in names of columns
DATED = TIME | {*PART} | {*"datum fecha data zeit uhrzeit period yyyymm yyyymmdd dt mdate yearmonth".split()}


def plain_format(text: pd.Series, words: Sequence[str]) -> str | None:
    """How dates of a column are written where nobody says; None where it holds none.

    A format, "ISO", "order" (of day and month), "quarter", "week". Digits and words are dates where the name of the
    column says so, and one format alone reads them.
    """
    if plain := [form for form, shape in PLAIN.items() if text.str.fullmatch(shape).mean() > 0.5]:
        return plain[0]
    forms = [guess_datetime_format(cell) or guess_datetime_format(cell.title()) or "" for cell in text.iloc[:2]]
    named = [form for form in forms if "%Y" in form and re.search("%[bB]", form)]
    if good := [form for form in named if _parsed(text, form).notna().mean() > 0.9]:
        return good[0]
    offers = offers_for(text, words) if DATED & {*words} else []
    return offers[0] if len(offers) == 1 and offers[0] not in SINCE else None


def dates_in(
    text: pd.Series, form: str | None, words: Sequence[str] = (), day_first: bool = False
) -> tuple[pd.Series, str]:
    """Dates of a column, NaT where there is none, and how they were read: one way for the whole column."""
    if text.dtype.kind == "M":
        return text, "year-month-day" if (text == text.dt.normalize()).all() else "as they are"
    plain = plain_format(text, words) if form is None else None
    if plain == "ISO":
        month = text.str.fullmatch(r"\d{4}-\d\d").all() and len(text) > 1
        if month and (text.str[2:4].astype(int) + 1 == text.str[5:].astype(int)).all():
            told = f"column {str(text.name)!r}: {text.iloc[0]!r} may be a month, or a year to the next"
            raise TableError(told, remedy="write months with their day, as 2001-02-01, and years as 2001")
        return iso_dates(text), "year-month-day" if (text.str.len() == 10).all() else "ISO 8601"
    if plain == "order":
        return _by_order(text, day_first)
    form = form or plain or ""
    if form in PERIOD:
        part = text.str.extract(f"^{PERIOD[form]}$")
        part = part if part.notna().any(axis=None) else text.str.extract(r"^(\d{4}) (\d+)$")
        if form == "week":
            return _parsed(part[0] + " " + part[1] + " 1", "%G %V %u"), "weeks, each at its Monday"
        month = (3 * pd.to_numeric(part[1]) - 2).map("{:.0f}".format)
        return _parsed(part[0] + "-" + month, "%Y-%m"), "quarters, each at its first day"
    if form in SINCE:
        unit, origin = SINCE[form][:2]
        when = pd.to_datetime(pd.to_numeric(text, errors="coerce"), unit=unit, origin=pd.Timestamp(origin))
        return when.dt.round("ms"), form
    try:
        return _parsed(text, form if "%" in form else "%"), form
    except (ValueError, re.error):
        remedy = f"pass such as '%d.%m.%Y', or {listed([*PERIOD, *SINCE, 'numbers'])}"
        raise TableError(f"date_format: {form!r} is no format of dates", remedy=remedy) from None


def _by_order(text: pd.Series, day_first: bool) -> tuple[pd.Series, str]:
    """Dates such as 07.01.2019: in the only order that gives dates, or that the file's marks prove."""
    shaped = text[text.str.fullmatch(DAY_MONTH)]
    mark = shaped.iloc[0].lstrip("0123456789")[0]
    year = f"%Y{mark}"[:2] if shaped.str.match(r"\d+\D\d+\D\d{4}").all() else "%y"
    read = {}  # for each order in the clock that reads most
    for order in (f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"):
        each = {f"{order}{clock}": _parsed(text, f"{order}{clock}") for clock in CLOCKS}
        form = max(each, key=lambda form: each[form].count())
        read[form] = each[form]
    likely = [form for form in read if read[form].count() == max(when.count() for when in read.values())]
    likely = likely[:1] if day_first and year == "%Y" else likely
    if year == "%y" or len(likely) > 1:
        century = "years of two digits become 1969 to 2068" if year == "%y" else ""
        told = f"column {str(text.name)!r}: {text.iloc[0]!r} may be a date in more ways than one"
        raise TableError(told, [{"date_format": form} for form in likely], century)
    form = likely[0]
    when, (other,) = read[form], [one for key, one in read.items() if key != form]
    mixed, when = other.where(other.notna(), when).dropna(), when.dropna()
    if mixed.is_monotonic_increasing > when.is_monotonic_increasing:  # as a spreadsheet of another country leaves them
        told = f"column {str(text.name)!r}: {text.iloc[0]!r} has day and month exchanged, or others have"
        raise TableError(told, [], "write all dates in one order")
    return read[form], f"{'day' if form[1] == 'd' else 'month'} first, {form}"


def offers_for(text: pd.Series, words: Sequence[str] = ()) -> list[str]:
    """Values of `date_format` that read all of a column of digits or words, and fit its name."""
    digits = bool(text.str.fullmatch(r"\d+").all())
    found = [form for form, size in DIGITS.items() if text.str.fullmatch(rf"\d{{{size}}}").all() and fits(text, form)]
    found += [form for form in WORDS if not digits and fits(text, form)]
    for part, form in PERIOD.items():
        year, number = (pd.to_numeric(one, errors="coerce") for _, one in text.str.extract(f"^{form}$").items())
        two = part == "quarter" or text.str.fullmatch(r"\d{4}\D*\d\d|\d{4} \d+").all()
        if two and year.between(1500, 2100).all() and number.between(1, 53).all() and number.nunique() > 1:
            found.append(part)
    parts = {PART.get(word) for word in words}
    if parts & {*PERIOD}:
        return [form for form in found if form in parts]
    if not found and TIME & {*words}:
        value = pd.to_numeric(text, errors="coerce")
        found = [unit for unit, since in SINCE.items() if value.between(*since[2:]).all()]
    return found


def fits(text: pd.Series, form: str) -> bool:
    return bool(_parsed(text, form).dt.year.between(1500, 2100).all())


def _parsed(text: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(text, format=form, errors="coerce", utc="%z" in form or None)


def joined(given: pd.DataFrame) -> pd.Series:
    """The text of several columns, by blanks: a date in parts."""
    each = [given[c].map(lambda cell: re.sub(r" 00:00:00$|\.0$", "", str(cell))) for c in given]
    each = [one.str.replace(r"^(\d:)", r"0\1", regex=True) for one in each]
    return each[0].str.cat(each[1:], sep=" ") if len(each) > 1 else each[0]


def in_parts(cells: pd.DataFrame, words: Callable[[str], list[str]]) -> tuple[list[str], str] | None:
    """Columns that are one date in parts by the words of their names, the year first, with its format."""
    named = {part: c for c in reversed([*cells]) if (part := PART.get("_".join(words(c)))) and cells[c].notna().all()}
    for parts, form in TOGETHER.items():
        columns = [named[part] for part in parts.split() if part in named]
        if len(columns) == len(parts.split()) and form in offers_for(joined(cells[columns])):
            return columns, form
    return None
