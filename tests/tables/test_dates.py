"""Dates become numbers in a unit that is said, and come back as they were."""

import datetime
import pickle

import numpy as np
import pandas as pd
import pytest

from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.tables.dates import dates_in

DATES = {
    "weeks": (pd.date_range("2019-01-07", periods=50, freq="7D"), "days", "days since 2019-01-07"),
    "days of three centuries": (pd.date_range("1700-01-01", periods=120_000), "days", "days since 1700-01-01"),
    "months": (pd.date_range("2005-01-01", periods=300, freq="MS"), "years", "year"),
    "ends of months": (pd.date_range("2005-01-31", periods=300, freq=pd.offsets.MonthEnd()), "years", "year"),
    "years": (pd.date_range("1918-01-01", periods=92, freq="YS"), "years", "year"),
    "quarters": (pd.period_range("1959Q1", periods=203, freq="Q"), "years", "year"),
    "hours over a change of clocks": (
        pd.date_range("2023-10-28", periods=100, freq="h", tz="Europe/Berlin"),
        "hours",
        "hours since 2023-10-28",
    ),
    "days over a change of clocks": (
        pd.date_range("2023-03-20", periods=30, freq="D", tz="Europe/Berlin"),
        "days",
        "days since 2023-03-20",
    ),
    "months in a zone": (pd.date_range("2020-01-01", periods=60, freq="MS", tz="Europe/Berlin"), "years", "year"),
    "minutes with an offset": (
        pd.date_range("2023-01-01 00:07", periods=99, freq="5min", tz="UTC+01:00"),
        "minutes",
        "minutes since 2023-01-01",
    ),
    "milliseconds": (
        pd.date_range("2023-10-28 03:00", periods=1000, freq="1ms"),
        "seconds",
        "seconds since 2023-10-28",
    ),
    "one day": (pd.DatetimeIndex(["2023-10-28"]), "days", "days since 2023-10-28"),
    "text": (["2019-01-07", "2019-01-08 12:30", "2019-01-10"], "days", "days since 2019-01-07"),
    "python's own": ([datetime.date(2019, 1, 7), datetime.date(2019, 1, 9)], "days", "days since 2019-01-07"),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_come_back_exactly(name):
    dates, unit, label = DATES[name]
    calendar = Calendar.of(dates)
    assert (calendar.unit, calendar.label) == (unit, label)
    assert calendar == pickle.loads(pickle.dumps(calendar))
    wanted = dates.to_timestamp() if isinstance(dates, pd.PeriodIndex) else dates
    wanted = (
        wanted if isinstance(wanted, pd.DatetimeIndex) else pd.DatetimeIndex(pd.to_datetime(dates, format="ISO8601"))
    )
    numbers = calendar.to_numbers(dates)
    back = calendar.to_dates(numbers)
    assert (back == wanted).all() and (back.tz is None) == (wanted.tz is None)
    assert str(back.tz) == str(wanted.tz)
    np.testing.assert_array_equal(calendar.to_numbers(back), numbers)


def test_a_year_has_equal_months_and_a_day_has_24_hours():
    assert np.diff(Calendar("years").to_numbers(pd.date_range("2019-01-01", periods=25, freq="MS"))) == pytest.approx(
        1 / 12, abs=1e-12
    )
    assert Calendar("years").to_numbers(["2020-01-16T12:00"]).tolist() == pytest.approx([2020 + 0.5 / 12])
    night = pd.DatetimeIndex(["2023-03-26", "2023-03-27"], tz="Europe/Berlin")  # an hour is skipped
    calendar = Calendar("days", pd.Timestamp("2023-03-25 23:00"), "Europe/Berlin")
    assert calendar.to_numbers(night).tolist() == pytest.approx([0, 23 / 24])


def test_the_unit_changes_where_it_is_said_to():
    spacings = {"25D": "years", "24D": "days", "12h": "days", "11h": "hours", "30min": "hours", "29min": "minutes"}
    for spacing, unit in {**spacings, "30s": "minutes", "29s": "seconds"}.items():
        dates = pd.Timestamp("2020-01-01") + pd.Timedelta(spacing) * np.arange(5)
        assert Calendar.of(dates).unit == unit
        assert Calendar.of(dates[[3, 0, 4, 1, 2, 2]]).unit == unit, "neither order nor repeats count"


def test_inputs_leave_numbers_alone():
    calendar = Calendar.of(["2019-01-07", "2019-01-14"])
    assert calendar.inputs([1, 2.5]) == [1, 2.5] and calendar.inputs(["2019-01-08"]).tolist() == [1]
    frame = pd.DataFrame({"date": ["2019-01-08"], "depth": [3.0]})
    assert calendar.inputs(frame).to_numpy().tolist() == [[1, 3]]


BAD = {
    "two ways to read": (["2020-01-01", "03/04/2020"], "dates: '03/04/2020' is not a date"),
    "text": (["soon"], "dates: 'soon' is not a date"),
    "a number": ([5.0], "dates: 5.0 is a number"),
    "a number beside dates": ([pd.Timestamp("2020-01-01"), 5], "dates: 5 is a number"),
    "no zone": (pd.DatetimeIndex(["2020-01-01"]), "dates: have no time zone, those of the table UTC"),
    "missing": ([pd.Timestamp("2020-01-01"), pd.NaT], "dates: 1 of 2 are missing"),
    "another zone": (pd.DatetimeIndex(["2020-01-01"], tz="UTC"), "dates: have the zone UTC, those of the table none"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_dates_get_one_sentence(name):
    dates, sentence = BAD[name]
    with pytest.raises(ValueError, match="pass") as error:
        Calendar("days", zone="UTC" if name == "no zone" else None).to_numbers(dates)
    assert sentence in str(error.value)


def test_rows_whose_labels_repeat_are_read_by_their_place():
    text = pd.Series(["11/03/2019", "later", "13/03/2019"], [7, 7, 7], name="date")
    when, told = dates_in(text, None)
    assert told.startswith("day first") and when.tolist()[::2] == [
        pd.Timestamp("2019-03-11"),
        pd.Timestamp("2019-03-13"),
    ]
    assert when.isna().tolist() == [False, True, False]
