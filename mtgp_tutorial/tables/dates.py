"""Dates as numbers, in a unit that is said, and back.

Dates from text: ISO and its kin, quarters, weeks, months by name, fiscal years, the two orders of day and month, and
years of two digits, whose century somebody has to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.arguments import as_matrix
from mtgp_tutorial.tables.date_formats import (
    FIRST,
    FISCAL,
    FISCAL_WORDS,
    ISO,
    MONTH_YEAR,
    MONTHS,
    ORDERS,
    SPELLINGS,
    TWO_DIGIT,
    ZONES,
    either,
    manner,
    plain,
    spelling_of,
)
from mtgp_tutorial.tables.refusals import TableError, argument, place, refuse_first

SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}  # in one unit
UNITS = (*SECONDS, "years")
SPACINGS = {"years": "25D", "days": "12h", "hours": "30min", "minutes": "30s"}  # from this median spacing on
EPOCH = pd.Timestamp(0)


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
        if isinstance(date, str) and re.fullmatch(r"\s*\d{4}\s*", date):
            year = int(date)
            if not 1 <= year <= 9998:
                raise ValueError(f"{name}: {date!r} is no year from 0001 to 9998; pass one of these, or a date")
            date = pd.Timestamp(year=year + (name == "stop"), month=1, day=1, tz=self.zone)
            date -= pd.Timedelta(seconds=int(name == "stop"))
        try:
            return float(as_matrix(self.inputs([date]), name))
        except ValueError as error:
            raise ValueError(f"{name}: {str(error).removeprefix('dates: ')}") from None

    def shown(self, number: float) -> str:
        """A number as a date, and as it is where there is no such date."""
        plain = f"{number:.10g}"
        try:
            with np.errstate(invalid="ignore"):
                date = self.to_dates(number)[0]
            return plain if pd.isna(date) else str(date).removesuffix(" 00:00:00")
        except (ValueError, OverflowError):
            return plain

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
        first, zone = when.min().normalize(), None if when.tz is None else _zone(when)
        if zone is not None:
            first = first.tz_convert("UTC").tz_localize(None)
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


def _zone(when: pd.DatetimeIndex) -> str:
    """The name of a time zone; UTC for one that has none."""
    try:
        pd.Timestamp(0, tz=str(when.tz))
    except (ValueError, KeyError, OSError):
        return "UTC"
    return str(when.tz)


def _dates(dates: Any) -> pd.DatetimeIndex:
    """Whatever holds dates and nothing else: text that can be read in one way, timestamps, periods (their start)."""
    values = pd.Series(dates if np.ndim(dates) else [dates]).reset_index(drop=True).infer_objects()
    try:
        if values.dtype.kind == "M":
            when = pd.DatetimeIndex(values)
        elif isinstance(values.dtype, pd.PeriodDtype):
            when = pd.DatetimeIndex(values.dt.to_timestamp())
        elif any(isinstance(one, str) for one in values):
            read = read_dates(values.map(str).rename(None), guess=False)
            if read is None:
                raise ValueError(f"{values.iloc[0]!r} is not a date")
            when = read[0].rename(None)
        elif numbers := [one for one in values.tolist() if isinstance(one, Number) and one == one]:
            raise ValueError(f"{numbers[0]!r} is a number")  # also beside dates
        else:
            when = pd.DatetimeIndex(pd.to_datetime(values))
    except (ValueError, TypeError) as error:
        reason = error.problem if isinstance(error, TableError) else str(error).splitlines()[0]
        raise ValueError(f"dates: {reason}; pass dates, such as '2023-04-01', or numbers") from None
    if when.hasnans:
        raise ValueError(f"dates: {int(when.isna().sum())} of {len(when)} are missing; pass all")
    return when


def _numeric(x: Any) -> bool:
    """Whether x holds numbers already."""
    if torch.is_tensor(x):
        return True
    kind = pd.api.types.infer_dtype(np.asarray(x).ravel(), skipna=True)
    return kind in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "complex", "empty")


def read_dates(
    text: pd.Series, dates: str | None = None, *, guess: bool = True, wide: bool = True
) -> tuple[pd.DatetimeIndex, str] | None:
    """Dates of a column of text (None where missing), and how they were read; None where the text holds no dates.

    dates: as `manner` takes it, for dates such as 07.01.2019 and 07.01.19. Without an order the only one that gives
    dates is taken or, if guess, the only one in which the column is in order. wide: whether the column is to be the
    input, so that what looks like a date is one (01/2001, FY1990/91, Jan-10). Dates with offsets from UTC come in UTC,
    or with the offset that all share. Raises TableError for dates that may be read in two ways and for cells unlike
    the rest.
    """
    given = text.dropna().astype(str)
    spelling = spelling_of(given, wide)
    if spelling is None:
        return None
    if spelling == ISO and (when := _iso(given)) is not None:
        return _in_place(when, text), f"dates, {ISO}"
    order, first = manner(dates)
    parts, how = _parts(plain(given), spelling, FIRST if first is None else first), spelling
    problem, remedy = "is not a date", "mend it"
    orders, why = _orders(given, parts, guess) if "first" in parts and not order else ([str(order)], "as was asked")
    if "short" in parts and "name" in parts and first is None:
        _check_days(given, parts)
    if "short" in parts and first is None or len(orders) > 1:
        _refuse_untold(given, "short" in parts, first, orders if order or len(orders) > 1 else [], guess)
    if "first" in parts:
        parts, how = _ordered(parts, orders[0]), f"{orders[0]} ({why})"
        problem += f" if read {orders[0]}"
        remedy += f", or pass the other order as {argument('dates', sets=True)}"
    if "day" in parts and parts["day"].isna().all():
        how = how.removeprefix("day, ")
    when = _timestamps(parts)
    refuse_first(given, when.isna(), problem, remedy, cell=True)
    if "zone" in parts and parts["zone"].notna().any():
        when = _zoned(given, when, parts["zone"])
    return _in_place(when, text), _said(how, spelling, given.iloc[0], when[0])


def _in_place(when: pd.DatetimeIndex, text: pd.Series) -> pd.DatetimeIndex:
    """Dates of the cells that have one, NaT for the others."""
    if len(when) < len(text):
        when = pd.DatetimeIndex(pd.Series(when, np.flatnonzero(text.notna())).reindex(range(len(text))))
    return when.rename(text.name)


def _iso(given: pd.Series) -> pd.DatetimeIndex | None:
    """Dates that pandas reads at once, 2019-01-07 with or without a clock; None where one needs more care."""
    if not set("".join(given)) <= set("0123456789-:T ."):
        return None
    try:
        return pd.DatetimeIndex(pd.to_datetime(given, format="ISO8601"))
    except ValueError:
        return None


def _ordered(parts: pd.DataFrame, order: str) -> pd.DataFrame:
    """The parts with the first and second number as day and month, or as month and day."""
    names = ("day", "month") if order == "day-first" else ("month", "day")
    return parts.rename(columns=dict(zip(("first", "second"), names)))


def _said(how: str, spelling: str, example: str, when: pd.Timestamp) -> str:
    """How dates were read, with the first of them in words where it does not speak for itself."""
    if spelling == ISO:
        return f"dates, {ISO}"
    starts = dict.fromkeys((FISCAL, FISCAL_WORDS), "; each stands at 1 January of the year that is named first")
    starts[spelling] = starts.get(spelling, "; a quarter stands at its first day" if "quarter" in spelling else "")
    starts[spelling] = starts[spelling] or ("; a week stands at its Monday" if "week" in spelling else "")
    hour = f", {when:%H:%M}" if when != when.normalize() else ""
    return f"dates, {how}{starts.get(spelling, '')}: {example} is {when.day} {when:%B %Y}{hour}"


def _parts(given: pd.Series, spelling: str, first: int) -> pd.DataFrame:
    """The parts of each date as text: year, and month and day, or quarter, week, name, first and second.

    first: of the hundred years that two digits stand for.
    """
    parts = given.str.extract(f"(?i:{SPELLINGS[spelling]})").reset_index(drop=True)
    for name in {"year", "quarter", "half", "week"} & set(parts):
        parts[name] = either(parts, name)
    if "short" in parts:
        parts["year"] = (first + (parts["short"].astype(int) - first) % 100).astype(str)
    if "hour" in parts:
        parts["time"] = parts["hour"] + ":" + parts["minute"].fillna("00") + ":" + parts["second"].fillna("00")
        parts = parts.drop(columns="second")
    if "until" in parts:
        parts["month"] = "1"
    if spelling == MONTH_YEAR:
        _check_months(given, parts)
    if "quarter" in parts:
        parts["month"] = (3 * parts["quarter"].astype(int) - 2).astype(str)
    if "half" in parts:
        parts["month"] = (6 * parts["half"].astype(int) - 5).astype(str)
    if "name" in parts:
        parts["month"] = parts["name"].str.lower().map(MONTHS).astype(str)
    return parts


def _timestamps(parts: pd.DataFrame) -> pd.DatetimeIndex:
    """Timestamps of the parts; NaT where they make no date."""
    if "week" in parts:
        weekday = parts["weekday"].fillna("1") if "weekday" in parts else "1"
        week = parts["year"] + "-W" + parts["week"].str.zfill(2) + "-" + weekday
        when = pd.to_datetime(week, format="%G-W%V-%u", errors="coerce")
    elif "doy" in parts:
        when = pd.to_datetime(parts["year"] + "-" + parts["doy"], format="%Y-%j", errors="coerce")
    else:
        day = parts["day"].fillna("1") if "day" in parts else "1"
        when = pd.to_datetime(parts["year"] + "-" + parts["month"] + "-" + day, format="%Y-%m-%d", errors="coerce")
    when = pd.DatetimeIndex(when)
    if "time" not in parts or parts["time"].isna().all():
        return when
    time = parts["time"].fillna("0:00").str.upper().str.replace(" ", "")
    time = time.str.replace(r"^(\d+)\.(\d+)$", r"\1:\2", regex=True).str.replace(",", ".")
    late, noon = time.str.endswith("PM"), time.str.match(r"0?12:.*[AP]M")
    clock = time.str.removesuffix("AM").str.removesuffix("PM")
    clock = clock.where(clock.str.count(":") == 2, clock + ":00")
    wrong = clock.str.extract(r"^(\d+):(\d+)").astype(int).gt([23, 59]).any(axis=1)
    wrong &= ~clock.str.fullmatch(r"24:00:00(?:\.0+)?")  # the end of the day
    shift = 12 * (late.astype(int) - noon.astype(int))
    return when + (pd.to_timedelta(clock.where(~wrong)) + pd.to_timedelta(shift, unit="h")).to_numpy()


def _check_months(given: pd.Series, parts: pd.DataFrame) -> None:
    """TableError for 1/2001 to 4/2001, 1/2002, ..., which may be quarters."""
    month = parts["month"].astype(int)
    if month.max() <= 4 and month.nunique() > 1 and parts["year"].nunique() > 1:
        raise TableError(
            f"{place(given, 0)}: dates such as {given.iloc[0]!r} may be months or quarters, none above 4",
            "write months as 2001-01, or quarters as 2001-Q1",
        )


def _check_days(given: pd.Series, parts: pd.DataFrame) -> None:
    """TableError for Jan-10, Jan-11, Jan-12, which may be days without a year: as such they are in order."""
    month, number = parts["month"].astype(int), parts["short"].astype(int)
    if (parts["day"].isna().all()) and (31 * month + number).is_monotonic_increasing and number.max() <= 31:
        if not (month + 12 * number).is_monotonic_increasing or month.nunique() == 1:
            raise TableError(
                f"{place(given, 0)}: {given.iloc[0]!r} may be a day without a year, or a month with a year of two "
                "digits",
                "write dates as 2019-01-07, or months as 2019-01",
            )


def _orders(given: pd.Series, parts: pd.DataFrame, guess: bool) -> tuple[list[str], str]:
    """The orders of day and month in which a column can be read, and why it is one. TableError where there is none."""
    read = {order: _timestamps(_ordered(parts, order)) for order in ORDERS}
    fits = {order: when for order, when in read.items() if not when.hasnans}
    if not fits:
        neither = read[ORDERS[0]].isna() & read[ORDERS[1]].isna()
        row = int(neither.argmax())
        raise TableError(f"{place(given, row)}: dates such as {given.iloc[row]!r} fit neither order", "mend them")
    if len(fits) == 1:
        return list(fits), "no other order gives dates"
    if read[ORDERS[0]].equals(read[ORDERS[1]]):
        return [ORDERS[0]], "the other order says the same"
    steps = {order: when.drop_duplicates() for order, when in read.items()}
    sorted_in = [o for o, when in steps.items() if when.is_monotonic_increasing or when.is_monotonic_decreasing]
    if guess and len(sorted_in) == 1:
        return sorted_in, "only so the rows are in order"
    return list(ORDERS), ""


def _either(words: Sequence[str]) -> str:
    return " or ".join(argument("dates", word) for word in words)


def two_digits(words: Sequence[str] = (TWO_DIGIT,)) -> str:
    """What to do about years of two digits: words for `dates`, and what they mean."""
    meant = f"two-digit means {FIRST} to {FIRST + 99}; for other years pass their first in its place, such as 1900"
    return f"pass {_either(words)} ({meant})"


def _refuse_untold(given: pd.Series, short: bool, first: int | None, orders: Sequence[str], guess: bool) -> None:
    """TableError: what a column does not tell, its order or its century, and all words for `dates` at once."""
    where = "" if given.name is None else f"{place(given, 0)}: " if short else f"column {str(given.name)!r}: "
    several, century = len(orders) > 1, [] if not short else [TWO_DIGIT if first is None else str(first)]
    words = [",".join([order, *century]) for order in orders] or century
    lacks = f"{given.iloc[0]!r} has a year of two digits"
    if several:
        file = " in the file" if guess else ""
        also = ", has a year of two digits" if short and first is None else ""
        lacks = f"{given.iloc[0]!r} may be day-first or month-first{also}, and nothing{file} tells"
    remedy = two_digits(words) if short and first is None else f"pass {_either(words)}"
    raise TableError(f"{where}{lacks}", remedy if guess else "write dates as 2019-01-07", "dates", words)


def _zoned(given: pd.Series, when: pd.DatetimeIndex, zone: pd.Series) -> pd.DatetimeIndex:
    """Timestamps with their offsets: with the one that all share, else in UTC."""
    refuse_first(given, zone.isna(), "has no time zone, and other dates do", "mend it", cell=True)
    offset = zone.str.upper().replace(ZONES)
    offset = offset.str.replace(r"(\d\d):?(\d\d)$", r"\1:\2", regex=True)
    utc = (when - pd.to_timedelta(offset + ":00").to_numpy()).tz_localize("UTC")
    one = offset.iloc[0]
    return utc if offset.nunique() > 1 or one == "+00:00" else utc.tz_convert(f"UTC{one}")
