"""Dates as numbers, in a unit that is said, and back.

Dates from text: ISO and its kin, quarters, weeks, months by name, and the two orders of day and month.

Numbers are dates where nothing else is likely: eight digits, six that run as months do. A point joins year, month and
day, or nothing: 1959.5 is a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.arguments import TableError, argument, place, refuse_first

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
        first = when.min().normalize()
        if when.tz is None:
            return cls(unit, EPOCH if unit == "years" else first)
        return cls(unit, EPOCH if unit == "years" else first.tz_convert("UTC").tz_localize(None), _zone(when))

    def _naive(self, dates: Any) -> pd.DatetimeIndex:
        """Dates without a zone: in UTC where a zone was given and the unit has one length, else as the clock says."""
        when = _dates(dates)
        if (when.tz is None) != (self.zone is None):
            has, needs = ("no time zone", self.zone) if when.tz is None else (f"the zone {when.tz}", "none")
            raise ValueError(f"dates: have {has}, those of the table {needs}; pass them in the same way")
        return (
            when if when.tz is None else when.tz_convert(self.zone if self.unit == "years" else "UTC").tz_localize(None)
        )


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
        if isinstance(values.dtype, pd.PeriodDtype):
            when = pd.DatetimeIndex(values.dt.to_timestamp())
        elif any(isinstance(one, str) for one in values):
            read = read_dates(values.map(str).rename(None), guess=False)
            if read is None:
                raise ValueError(f"{values.iloc[0]!r} is not a date")
            when = read[0].rename(None)
        elif _numeric(values):
            raise ValueError(f"{values.tolist()[0]!r} is a number")
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


ORDERS = ("day-first", "month-first")
TIME = r"(?:(?:T| +)(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?) ?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?)?"
MONTHS = {name: k + 1 for k, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
NAMED = r"(?P<name>" + "|".join(MONTHS) + r")[a-z]*\.?"
SPELLINGS = {  # how a date may be written; the named groups are its parts
    "year-month-day": rf"(?!\d+\.\d+$)(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}){TIME})?",
    "quarters": r"(?P<year>\d{4})[-/ ]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[-/ ]?(?P<year2>\d{4})",
    "ISO weeks": r"(?P<year>\d{4})[- ]?W(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
    "year and month": r"(?P<year>\d{4})M(?P<month>\d{1,2})",
    "year, month, day in eight digits": r"(?P<year>(?:1[5-9]|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)",
    "day, name of the month, year": rf"(?:(?P<day>\d{{1,2}})[-/. ] ?)?{NAMED}[-/ ,] ?(?P<year>\d{{4}}){TIME}",
    "name of the month, day, year": rf"{NAMED} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){TIME}",
    "day and month in numbers": rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?P<year>\d{{4}}){TIME}",
    "a year of two digits": rf"\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2}}{TIME}",
    "year and month in six digits": r"(?P<year>(?:1[5-9]|20)\d{2})(?P<month>0[1-9]|1[0-2])",
    "a year of two digits, in six": r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "year and month with a point": r"(?:1[5-9]|20)\d{2}\.(?:0[1-9]|1[0-2]?)",
}
MONTHS_BARE, DAYS_BARE, MONTHS_POINT = list(SPELLINGS)[-3:]  # numbers, unless they run as dates do


def read_dates(text: pd.Series, order: str | None = None, *, guess: bool = True) -> tuple[pd.DatetimeIndex, str] | None:
    """Dates of a column of text (None where missing), and how they were read; None where the text holds no dates.

    order: "day-first" or "month-first", for dates such as 07.01.2019. Without it the only order that gives dates is
    taken or, if guess, the only one in which the column is in order. Dates with offsets from UTC come in UTC, or with
    the offset that all share. Raises TableError for dates that may be read in two ways and for cells unlike the rest.
    """
    given = text.dropna().astype(str)
    spelling = _spelling(given)
    if spelling is None:
        return None
    parts, how = _parts(given, spelling), spelling
    problem, remedy = "is not a date", "mend it"
    if "first" in parts:
        order, why = (order, "as was asked") if order else _order(given, parts, guess)
        parts, how = _ordered(parts, order), f"{order} ({why})"
        problem += f" if read {order}"
        remedy += f", or pass the other order as {argument('dates', sets=True)}"
    when = _timestamps(parts)
    refuse_first(given, when.isna(), problem, remedy, cell=True)
    if "zone" in parts and parts["zone"].notna().any():
        when = _zoned(given, when, parts["zone"])
    full = pd.Series(when, np.flatnonzero(text.notna())).reindex(range(len(text)))
    return pd.DatetimeIndex(full, name=text.name), _said(how, spelling, given.iloc[0], when[0])


def _spelling(given: pd.Series) -> str | None:
    """How all dates are written; None where most of the texts are no dates."""
    fits = {name: given.str.fullmatch(pattern, case=False) for name, pattern in SPELLINGS.items()}
    spelling = max(fits, key=lambda name: fits[name].sum())
    if not len(given) or fits[spelling].mean() <= 0.5:
        return None
    if spelling in (MONTHS_BARE, DAYS_BARE, MONTHS_POINT):
        return _in_numbers(given, fits)
    unlike = f"is not written like the other dates, {given[fits[spelling]].iloc[0]!r} for one"
    refuse_first(given, ~fits[spelling], unlike, "mend it", cell=True)
    if spelling == "a year of two digits":
        raise TableError(f"{place(given, 0)}: {given.iloc[0]!r} has a year of two digits", "write all four")
    return spelling


def _in_numbers(given: pd.Series, fits: dict[str, pd.Series]) -> str | None:
    """How numbers of six digits, or with two decimals, are dates; None where they are numbers.

    Dates all fit, have several months (or days) in several years (or months), and so steps of more than one size, as 1
    and 89 from month to month. Raises TableError for those that need another spelling, or may be months and days.
    """
    value = pd.to_numeric(given).drop_duplicates().sort_values()
    larger, part = divmod(value if not fits[MONTHS_POINT].all() else (100 * value).round(), 100)
    if larger.nunique() < 2 or part.nunique() < 2 or value.diff().dropna().round(6).nunique() < 2:
        return None
    example, where = given.iloc[0], "" if given.name is None else f"column {str(given.name)!r}: "
    if fits[MONTHS_BARE].all():
        steps = (12 * larger + part).diff().dropna()
        if not fits[DAYS_BARE].all() or (steps == steps.median()).mean() > 0.5:
            return MONTHS_BARE
        raise TableError(f"{where}{example!r} may be a month or a day, in six digits", "write dates as 2019-01-07")
    if fits[DAYS_BARE].all():
        raise TableError(f"{where}{example!r} looks like a date with a year of two digits", "write dates as 2019-01-07")
    if fits[MONTHS_POINT].all():
        raise TableError(f"{where}{example!r} may be a month, or a number with decimals", "write months as 2019-01")
    return None


def _ordered(parts: pd.DataFrame, order: str) -> pd.DataFrame:
    """The parts with the first and second number as day and month, or as month and day."""
    names = ("day", "month") if order == "day-first" else ("month", "day")
    return parts.rename(columns=dict(zip(("first", "second"), names)))


def _said(how: str, spelling: str, example: str, when: pd.Timestamp) -> str:
    """How dates were read, with the first of them in words where it does not speak for itself."""
    if spelling == "year-month-day":
        return "dates, year-month-day"
    starts = {"quarters": "; a quarter stands at its first day", "ISO weeks": "; a week stands at its Monday"}
    return f"dates, {how}{starts.get(spelling, '')}: {example} is {when.day} {when:%B %Y}"


def _parts(given: pd.Series, spelling: str) -> pd.DataFrame:
    """The parts of each date as text: year, and month and day, or quarter, week, name, first and second."""
    parts = given.str.extract(f"(?i:{SPELLINGS[spelling]})").reset_index(drop=True)
    for name in ("year", "quarter"):
        if f"{name}2" in parts:
            parts[name] = parts[name].fillna(parts.pop(f"{name}2"))
    if "quarter" in parts:
        parts["month"] = (3 * parts["quarter"].astype(int) - 2).astype(str)
    if "name" in parts:
        parts["month"] = parts["name"].str.lower().map(MONTHS).astype(str)
    return parts


def _timestamps(parts: pd.DataFrame) -> pd.DatetimeIndex:
    """Timestamps of the parts; NaT where they make no date."""
    if "week" in parts:
        week = parts["year"] + "-W" + parts["week"] + "-" + parts["weekday"].fillna("1")
        when = pd.to_datetime(week, format="%G-W%V-%u", errors="coerce")
    else:
        day = parts["day"].fillna("1") if "day" in parts else "1"
        when = pd.to_datetime(parts["year"] + "-" + parts["month"] + "-" + day, format="%Y-%m-%d", errors="coerce")
    when = pd.DatetimeIndex(when)
    if "time" not in parts or parts["time"].isna().all():
        return when
    time = parts["time"].fillna("0:00").str.upper().str.replace(" ", "")
    late, noon = time.str.endswith("PM"), time.str.match(r"0?12:.*[AP]M")
    clock = time.str.removesuffix("AM").str.removesuffix("PM")
    clock = clock.where(clock.str.count(":") == 2, clock + ":00")
    wrong = clock.str.extract(r"^(\d+):(\d+)").astype(int).gt([23, 59]).any(axis=1)
    shift = 12 * (late.astype(int) - noon.astype(int))
    return when + (pd.to_timedelta(clock.where(~wrong)) + pd.to_timedelta(shift, unit="h")).to_numpy()


def _order(given: pd.Series, parts: pd.DataFrame, guess: bool) -> tuple[str, str]:
    """The order of day and month that the column itself tells, and why. TableError where it tells none."""
    read = {order: _timestamps(_ordered(parts, order)) for order in ORDERS}
    read = {order: when for order, when in read.items() if not when.hasnans}
    if not read:
        row = int((parts[["first", "second"]].astype(int) > 31).any(axis=1).to_numpy().argmax())
        raise TableError(f"{place(given, row)}: dates such as {given.iloc[row]!r} fit neither order", "mend them")
    if len(read) == 1:
        return next(iter(read)), "no other order gives dates"
    if read[ORDERS[0]].equals(read[ORDERS[1]]):
        return ORDERS[0], "the other order says the same"
    steps = {order: when.drop_duplicates() for order, when in read.items()}
    sorted_in = [o for o, when in steps.items() if when.is_monotonic_increasing or when.is_monotonic_decreasing]
    if guess and len(sorted_in) == 1:
        return sorted_in[0], "only so the rows are in order"
    where = "" if given.name is None else f"column {str(given.name)!r}: "
    raise TableError(
        f"{where}{given.iloc[0]!r} may be day-first or month-first, and nothing{' in the file' if guess else ''} tells",
        f"pass {' or '.join(argument('dates', order) for order in ORDERS)}" if guess else "write dates as 2019-01-07",
        "dates",
        list(ORDERS),
    )


def _zoned(given: pd.Series, when: pd.DatetimeIndex, zone: pd.Series) -> pd.DatetimeIndex:
    """Timestamps with their offsets: with the one that all share, else in UTC."""
    refuse_first(given, zone.isna(), "has no time zone, and other dates do", "mend it", cell=True)
    offset = zone.str.upper().replace({"Z": "+00:00", "UTC": "+00:00"})
    offset = offset.str.replace(r"(\d\d):?(\d\d)$", r"\1:\2", regex=True)
    utc = (when - pd.to_timedelta(offset + ":00").to_numpy()).tz_localize("UTC")
    one = offset.iloc[0]
    return utc if offset.nunique() > 1 or one == "+00:00" else utc.tz_convert(f"UTC{one}")
