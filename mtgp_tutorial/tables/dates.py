"""Dates of text, in one way or asked for; dates as numbers, in a unit that is said, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import torch
from pandas.tseries.api import guess_datetime_format

from mtgp_tutorial.arguments import as_matrix, listed
from mtgp_tutorial.tables.refusals import TableError

SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}  # in one unit
UNITS = (*SECONDS, "years")
SPACINGS = {"years": "25D", "days": "12h", "hours": "30min", "minutes": "30s"}  # from this median spacing on
EPOCH = pd.Timestamp(0)
ISO = r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)? ?(?:Z|[+-]\d\d:?\d\d)?"
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


@dataclass(frozen=True)
class Calendar:
    """How dates become numbers: units since `origin`, or years, in which all months are equally long.

    In "years" a date is year + (month - 1 + (day - 1 + time of day) / days of that month) / 12, by the clock on the
    wall, and origin is not used. zone: the time zone in which the dates were given, None where none was; origin is then
    in UTC, and a day has 24 hours. Raises ValueError for another unit.

    >>> calendar = Calendar.of(["2019-01-07", "2019-01-14", "2019-01-21"])
    >>> calendar.label, calendar.to_numbers("2019-01-28").tolist()
    ('days since 2019-01-07', [21.0])
    """

    unit: str
    origin: pd.Timestamp = EPOCH
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"unit: {self.unit!r} is not one of {', '.join(map(repr, UNITS))}; pass one of these")

    @property
    def label(self) -> str:
        """Name of the input on an axis of numbers: "year", "days since 2019-01-07"."""
        if self.unit == "years":
            return "year"
        origin = self.origin if self.zone is None else self.origin.tz_localize("UTC").tz_convert(self.zone)
        return f"{self.unit} since {origin:{'%Y-%m-%d' if origin.normalize() == origin else '%Y-%m-%d %H:%M:%S'}}"

    def to_numbers(self, dates: Any) -> np.ndarray:
        """Numbers [N] of dates: whatever pandas reads as dates. Raises ValueError for what it does not."""
        when = self._naive(dates)
        if self.unit != "years":
            when, origin = when.as_unit("us"), self.origin.as_unit("us")  # 292 years are too long in nanoseconds
            return (when - origin).to_numpy() / np.timedelta64(int(SECONDS[self.unit] * 1e6), "us")
        day = when.day - 1 + (when - when.normalize()) / pd.Timedelta(days=1)
        return np.asarray(when.year + (when.month - 1 + day / when.days_in_month) / 12, dtype=float)

    def to_dates(self, numbers: Any) -> pd.DatetimeIndex:
        """Dates of numbers [N], to the microsecond (in years: the second), in the zone in which they were given."""
        values = np.atleast_1d(np.asarray(numbers, dtype=float))
        if self.unit != "years":
            whole = pd.TimedeltaIndex(np.round(values * SECONDS[self.unit] * 1e6).astype("int64").astype("m8[us]"))
            when = pd.DatetimeIndex(self.origin.as_unit("us") + whole)
            return when if self.zone is None else when.tz_localize("UTC").tz_convert(self.zone)
        months = np.round(values * 12 * 1e9) / 1e9  # a month's first instant, not one rounding error before it
        start = pd.DatetimeIndex((np.floor(months).astype("int64") - 1970 * 12).astype("datetime64[M]").astype("M8[s]"))
        days = (months - np.floor(months)) * start.days_in_month
        when = start + pd.to_timedelta(np.round(days * 86400).astype("int64"), unit="s")
        if self.zone is None:
            return when
        first = np.ones(len(when), dtype=bool)  # an hour that stands twice on the clock is its first
        return when.tz_localize(self.zone, ambiguous=first, nonexistent="shift_forward")

    def inputs(self, x: Any) -> Any:
        """x as it is if it holds numbers, else the numbers of its dates (of its first column, where it has several)."""
        if isinstance(x, pd.DataFrame):
            first = x.iloc[:, 0]
            return x if _numeric(first) else x.assign(**{x.columns[0]: self.to_numbers(first)})
        return x if _numeric(x) else self.to_numbers(x)

    def end(self, name: str, date: Any) -> float:
        """An end of an interval, "start" or "stop", as a number; a year as text begins as start and ends as stop.

        Raises ValueError, under this name, for what is neither a date nor a number.
        """
        if isinstance(date, str) and re.fullmatch(r"\s*(?!0000)\d{4}\s*", date):
            day = f"{date.strip()}-12-31 23:59:59" if name == "stop" else f"{date.strip()}-01-01"
            date = pd.Timestamp(day, tz=self.zone)
        try:
            return float(as_matrix(self.inputs([date]), name))
        except ValueError as error:
            raise ValueError(f"{name}: {str(error).removeprefix('dates: ')}") from None

    @classmethod
    def of(cls, dates: Any) -> Calendar:
        """The calendar for a table of these dates, by their median spacing (from one date to the next later one).

        From 25 days on "years", so months, quarters and years are equally long; from 12 hours on "days"; from half an
        hour on "hours"; from half a minute on "minutes"; else "seconds". The origin is the midnight before the first.
        """
        when = _dates(dates)
        steps = when.unique().sort_values()
        spacing = (steps[1:] - steps[:-1]).median() if len(steps) > 1 else pd.Timedelta(days=1)
        unit = next((unit for unit, least in SPACINGS.items() if spacing >= pd.Timedelta(least)), "seconds")
        first, zone = when.min().normalize(), None if when.tz is None else str(when.tz)
        first = first if zone is None else first.tz_convert("UTC").tz_localize(None)
        return cls(unit, EPOCH if unit == "years" else first, zone)

    def _naive(self, dates: Any) -> pd.DatetimeIndex:
        """Dates without a zone: in UTC where a zone was given and the unit has one length, else as the clock says."""
        when = _dates(dates)
        if (when.tz is None) != (self.zone is None):
            has, needs = ("no time zone", self.zone) if when.tz is None else (f"the zone {when.tz}", "none")
            raise ValueError(f"dates: have {has}, those of the table {needs}; pass them in the same way")
        if when.tz is None:
            return when
        return when.tz_convert(self.zone if self.unit == "years" else "UTC").tz_localize(None)


def _dates(dates: Any) -> pd.DatetimeIndex:
    """Whatever holds dates and nothing else: text that can be read in one way, timestamps, periods (their start)."""
    values = pd.Series(dates if np.ndim(dates) else [dates]).reset_index(drop=True).infer_objects()
    try:
        if isinstance(values.dtype, pd.PeriodDtype):
            values = values.dt.to_timestamp()
        elif values.dtype.kind != "M" and any(isinstance(one, str) for one in values):
            text, values = values, iso_dates(values.map(str))
            if values.isna().any():
                raise ValueError(f"{text[values.isna()].iloc[0]!r} is not a date")
        elif numbers := [one for one in values.tolist() if isinstance(one, Number) and one == one]:
            raise ValueError(f"{numbers[0]!r} is a number")  # also beside dates
        when = pd.DatetimeIndex(pd.to_datetime(values))
    except (ValueError, TypeError) as error:
        raise ValueError(f"dates: {str(error).splitlines()[0]}; pass dates, such as '2023-04-01', or numbers") from None
    if when.hasnans:
        raise ValueError(f"dates: {int(when.isna().sum())} of {len(when)} are missing; pass all")
    return when


def _numeric(x: Any) -> bool:
    """Whether x holds numbers already."""
    if torch.is_tensor(x):
        return True
    kind = pd.api.types.infer_dtype(np.asarray(x).ravel(), skipna=True)
    return kind in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "complex", "empty")


def iso_dates(text: pd.Series) -> pd.Series:
    """Dates of text such as 2019-01-07 and 2019-01-07T12:30Z, in UTC unless all share an offset; NaT for other text.

    Where some have a zone the others are none.
    """
    zoned = text.str.contains(r":.*(?:Z|[+-]\d\d:?\d\d)$", regex=True)
    good = text.where(text.str.fullmatch(ISO) & (zoned == zoned.any()))
    try:
        return pd.to_datetime(good, format="ISO8601", errors="coerce", utc=None)
    except ValueError:  # several offsets
        return pd.to_datetime(good, format="ISO8601", errors="coerce", utc=True)


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
