"""Dates as numbers, in a unit that is said, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

SECONDS = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}  # in one unit
UNITS = (*SECONDS, "years")
EPOCH = pd.Timestamp(0)


@dataclass(frozen=True)
class Calendar:
    """How dates become numbers: units since `origin`, or years, in which all months are equally long.

    In "years" a date is year + (month - 1 + (day - 1 + time of day) / days of that month) / 12, and origin is not used.
    zone: the time zone in which the dates were given, None where none was. Raises ValueError for another unit.
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
        day = self.origin.normalize() == self.origin
        return f"{self.unit} since {self.origin:{'%Y-%m-%d' if day else '%Y-%m-%d %H:%M:%S'}}"

    def to_numbers(self, dates: Any) -> np.ndarray:
        """Numbers [N] of dates: whatever pandas reads as dates. Raises ValueError for what it does not."""
        when = self._naive(dates)
        if self.unit != "years":
            return np.asarray((when - self.origin) / pd.Timedelta(seconds=SECONDS[self.unit]), dtype=float)
        day = when.day - 1 + (when - when.normalize()) / pd.Timedelta(days=1)
        return np.asarray(when.year + (when.month - 1 + day / when.days_in_month) / 12, dtype=float)

    def to_dates(self, numbers: Any) -> pd.DatetimeIndex:
        """Dates of numbers [N], to the microsecond, in the zone in which they were given."""
        values = np.asarray(numbers, dtype=float)
        if self.unit != "years":
            whole = pd.to_timedelta(np.round(values * SECONDS[self.unit] * 1e6), unit="us")
            when = pd.DatetimeIndex(self.origin + whole)
        else:
            months = np.round(values * 12 * 1e9) / 1e9  # a month's first instant, not one rounding error before it
            month = np.floor(months)
            start = pd.PeriodIndex.from_fields(
                year=(month // 12).astype(int), month=(month % 12).astype(int) + 1, freq="M"
            )
            days = (months - month) * start.days_in_month
            when = start.to_timestamp() + pd.to_timedelta(np.round(days * 86400), unit="s")
        return when if self.zone is None else when.tz_localize("UTC").tz_convert(self.zone)

    def inputs(self, x: Any) -> Any:
        """x as it is if it holds numbers, else the numbers of its dates (of its first column, where it has several)."""
        if isinstance(x, pd.DataFrame):
            first = x.iloc[:, 0]
            return x if _numeric(first) else x.assign(**{x.columns[0]: self.to_numbers(first)})
        return x if _numeric(x) else self.to_numbers(x)

    def _naive(self, dates: Any) -> pd.DatetimeIndex:
        """Dates without a zone, in UTC where a zone was given."""
        if isinstance(dates, pd.Series):
            dates = dates.array
        if isinstance(dates, (pd.PeriodIndex, pd.arrays.PeriodArray)):
            dates = pd.PeriodIndex(dates).to_timestamp()
        try:
            when = pd.DatetimeIndex(pd.to_datetime(dates if np.ndim(dates) else [dates]))
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"dates: {str(error).splitlines()[0]}; pass dates, such as '2023-04-01', or numbers"
            ) from None
        if (when.tz is None) != (self.zone is None):
            has, needs = ("no time zone", self.zone) if when.tz is None else (f"the zone {when.tz}", "none")
            raise ValueError(f"dates: have {has}, those of the table {needs}; pass them in the same way")
        return when if when.tz is None else when.tz_convert("UTC").tz_localize(None)


def _numeric(x: Any) -> bool:
    """Whether x holds numbers already."""
    if torch.is_tensor(x):
        return True
    kind = pd.api.types.infer_dtype(np.asarray(x).ravel(), skipna=True)
    return kind in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "complex", "empty")
