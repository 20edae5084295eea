"""Dates as numbers, in a unit that is said, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import torch

from mtgp_tutorial.arguments import as_matrix, one_of

SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}  # in one unit
UNITS = (*SECONDS, "years")
SPACINGS = {"years": "25D", "days": "12h", "hours": "30min", "minutes": "30s"}  # from this median spacing on
EPOCH = pd.Timestamp(0)
ISO = r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)? ?(?:Z|[+-]\d\d:?\d\d)?"


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
        one_of("unit", self.unit, UNITS)

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
