"""Frames and dates: each number stands where it belongs, counted and computed without the module."""

import calendar
import datetime

import numpy as np
import pandas as pd

from laws.common import close
from mtgp_tutorial import TaskData
from mtgp_tutorial.tables import TableError
from mtgp_tutorial.tables.dates import Calendar, read_dates

YEAR = [datetime.date(2020, 1, 1) + datetime.timedelta(days=k) for k in range(366)]


def law_day_and_month_stand_as_asked():
    for order, written in (("day-first", "%d.%m.%Y"), ("month-first", "%m/%d/%Y")):
        for some in (YEAR, YEAR[::37], YEAR[200:212]):
            text = pd.Series([day.strftime(written) for day in some], dtype=object)
            asked, _ = read_dates(text, order)
            assert [moment.date() for moment in asked] == some, order
        whole = pd.Series([day.strftime(written) for day in YEAR], dtype=object)
        alone, said = read_dates(whole)  # the thirteenth of a month tells
        assert [moment.date() for moment in alone] == YEAR and said.startswith(f"dates, {order}")


def refusal(read, *given, **options) -> TableError:
    """How a table is refused."""
    try:
        found = read(*given, **options)
    except TableError as error:
        return error
    raise AssertionError(f"read as {found}")


def dates_in(cells, *asked, **options) -> list[datetime.date]:
    return [moment.date() for moment in read_dates(pd.Series(cells, dtype=object), *asked, **options)[0]]


def law_two_digits_are_years_of_the_hundred_that_was_named():
    """Python writes the years; each word that a refusal offers reads the file, and keeps the order that was asked."""
    rng = np.random.default_rng(6)
    for word, first in (("two-digit", 1950), ("1900", 1900), ("1937", 1937)):
        days = [datetime.date(first + k, 1 + k % 12, int(rng.integers(1, 29))) for k in range(100)]
        for written in ("%d.%m.%y", "%d-%b-%y"):
            assert dates_in([f"{day:{written}}" for day in days], f"day-first,{word}") == days
        assert dates_in([f"{day:%m/%d/%y}" for day in days], f"month-first,{word}") == days
        months = [day.replace(day=1) for day in days]
        assert (
            dates_in([f"{day:%b-%y}" for day in days], word)
            == dates_in([f"{day:%B '%y}" for day in days], word)
            == months
        )
    some = [datetime.date(2004, 5, 3), datetime.date(2001, 4, 5), datetime.date(2003, 6, 2)]
    text = pd.Series([f"{day:%d.%m.%y}" for day in some], dtype=object)
    for asked, offered in ((None, 2), ("day-first", 1), ("1990", 2)):
        error = refusal(read_dates, text, asked)
        assert error.option == "dates" and len(error.value) == offered
        assert dates_in(list(text), error.value[0]) == some


def law_fiscal_years_stand_at_their_first_year():
    """As do 2001-02, 2002-03, 2003-04; months stay months, also those that might be such a year."""
    years = range(1890, 2030)
    wanted = [datetime.date(year, 1, 1) for year in years]
    for mark, second in (("/", "{:02}"), ("-", "{:02}"), ("/", "{}")):
        until = [second.format((year + 1) % 100 if second == "{:02}" else year + 1) for year in years]
        cells = [f"{year}{mark}{end}" for year, end in zip(years, until)]
        assert dates_in(cells) == dates_in([f"FY{cell}" for cell in cells]) == wanted
        assert dates_in(cells[111:114]) == wanted[111:114]  # 2001 to 2003
        assert read_dates(pd.Series(cells, dtype=object), wide=False) is None
    months = [datetime.date(year, month, 1) for year in (2001, 2002) for month in range(1, 13)]
    for some in (months, months[1:2], months[1::13]):  # the last: 2001-02 and 2002-03
        assert dates_in([f"{day:%Y-%m}" for day in some]) == some


def law_words_are_dates_only_in_an_input():
    """Written by Python; 1/2001 to 4/2001, 1/2002 may be quarters."""
    months = [datetime.date(year, month, 1) for year in (2001, 2002) for month in range(1, 13)]
    for written, asked in (("%m/%Y", None), ("%b-%d-%Y", None), ("%b-%y", "two-digit"), ("FY%Y", None)):
        cells = [f"{day:{written}}" for day in months]
        assert dates_in(cells, asked) == [day.replace(month=1) if written == "FY%Y" else day for day in months]
        assert read_dates(pd.Series(cells, dtype=object), asked, wide=False) is None
    quarters = pd.Series([f"{k % 4 + 1}/{2001 + k // 4}" for k in range(8)], dtype=object)
    assert "may be months or quarters" in refusal(read_dates, quarters).problem


def law_parts_of_a_date_are_joined():
    """Date with time, and year, month and day, whatever their order; computed by Python's own datetime."""
    rng = np.random.default_rng(7)
    moments = [datetime.datetime(2020, 2, 27) + datetime.timedelta(minutes=int(k)) for k in rng.choice(9000, 40, False)]
    start = min(moments).replace(hour=0, minute=0)
    hours = np.array([(moment - start).total_seconds() / 3600 for moment in moments])
    for day, clock in (("%Y-%m-%d", "%H:%M"), ("%b %d, %Y", "%I:%M %p"), ("%Y-%m-%d", "%H:%M:%S")):
        parts = {"Time": [f"{m:{clock}}" for m in moments], "a": range(40), "Date": [f"{m:{day}}" for m in moments]}
        for x in (None, ["Date", "Time"], ["Time", "Date"]):
            table = TaskData.from_frame(pd.DataFrame(parts), x)
            assert table.tasks == ("a",) and table.calendar == Calendar("hours", pd.Timestamp(start))
            close(table.x[:, 0], hours, 1e-9)
    parts = {"day": [m.day for m in moments], "year": [m.year for m in moments], "month": [m.month for m in moments]}
    for x in (None, ["day", "month", "year"]):
        table = TaskData.from_frame(pd.DataFrame({**parts, "a": range(40)}), x)
        assert table.calendar.unit == "days" and table.tasks == ("a",)
        close(table.x[:, 0], np.floor(hours / 24), 1e-12)
        table = TaskData.from_frame(
            pd.DataFrame({"hour": [m.hour for m in moments], **parts, "a": range(40)}), x and ["hour", *x]
        )
        assert table.calendar.unit == "hours" and table.tasks == ("a",)
        close(table.x[:, 0], np.floor(hours), 1e-9)


def law_a_year_with_its_part_is_a_date():
    """Weeks over the end of a year, days, months and quarters, by Python's own calendar."""
    days = [datetime.date(2019, 12, 9) + datetime.timedelta(days=7 * k) for k in range(60)]
    weeks = [day.isocalendar()[:2] for day in days]
    parts = {"week": weeks, "doy": [(day.year, day.timetuple().tm_yday) for day in days]}
    for part, rows in parts.items():
        table = TaskData.from_frame(pd.DataFrame(rows, columns=["year", part]).assign(a=range(60)))
        assert table.calendar == Calendar("days", pd.Timestamp(days[0])) and table.x[:, 0].tolist() == list(
            range(0, 420, 7)
        )
    for part, most in (("month", 12), ("quarter", 4)):
        rows = [(2019 + k // most, 1 + k % most) for k in range(30)]
        table = TaskData.from_frame(pd.DataFrame(rows, columns=["year", part]).assign(a=range(30)))
        close(table.x[:, 0], 2019 + np.arange(30) / most, 1e-9)


def law_coordinates_are_a_map_and_months_with_days_are_none():
    for east in ("longitude", "Long", "lon", "lng"):
        for north in ("lat", "Latitude"):
            frame = pd.DataFrame({north: [1.0, 2, 2], "a": [5.0, 6, 8], east: [7.0, 7, 9]})
            table = TaskData.from_frame(frame)
            assert table.x_names == (east, north) and table.x.tolist() == [[7, 1], [7, 2], [9, 2]]
    frame = pd.DataFrame({"Month": [5, 5, 6], "Day": [1, 2, 1], "a": [3.0, 4, 2]})
    for x in (["Month", "Day"], ["Day", "Month"]):
        error = refusal(TaskData.from_frame, frame, x)
        assert error.option == "x" and "no date without a year" in error.problem


def law_a_month_is_a_twelfth_of_a_year():
    """The unit "years" by Python's own calendar, at every day of a leap year, and back."""
    wanted = [
        day.year + (day.month - 1 + (day.day - 1) / calendar.monthrange(day.year, day.month)[1]) / 12 for day in YEAR
    ]
    years = Calendar("years")
    close(years.to_numbers(YEAR), np.array(wanted), 1e-12)
    assert [moment.date() for moment in years.to_dates(wanted)] == YEAR


def law_numbers_are_dates_only_where_they_run_as_months_do():
    """Six digits over all months of some years are these months; a point makes decimals, whatever stands behind it."""
    months = [datetime.date(year, month, 1) for year in (1999, 2000, 2001) for month in range(1, 13)]
    for some in (months, months[::3], months[5::5]):
        read, said = read_dates(pd.Series([f"{day:%Y%m}" for day in some], dtype=object))
        assert [moment.date() for moment in read] == some and "six digits" in said
    moments = [datetime.datetime(2019, 12, 30) + datetime.timedelta(minutes=613 * k) for k in range(60)]
    for written in ("%Y%m%d%H%M", "%Y%m%dT%H%M", "%Y%m%d%H"):
        read, _ = read_dates(pd.Series([f"{moment:{written}}" for moment in moments], dtype=object))
        assert list(read) == [moment.replace(minute=moment.minute * ("M" in written)) for moment in moments]
    for numbers in (
        [1000.5 + k for k in range(9)],
        [1000 + k / 10 for k in range(1, 9)],
        list(range(199901, 199950)),
        [200001, 200002, 200004],
    ):
        assert read_dates(pd.Series([str(number) for number in numbers], dtype=object)) is None


def law_row_numbers_are_no_task():
    rest, count = {"year": np.arange(9.0) ** 2, "a": np.arange(9.0) % 4}, np.arange(9)
    for name in ("Unnamed: 0", "index"):
        for numbers in (count, count + 1):
            assert TaskData.from_frame(pd.DataFrame({name: numbers, **rest})).tasks == ("a",)
        for numbers in (2 * count + 5, count[::-1]):  # rows that were left out, or sorted; or an index of prices
            wanted = ("a",) if name != "index" else ("index", "a")
            assert TaskData.from_frame(pd.DataFrame({name: numbers, **rest})).tasks == wanted
        for numbers in (count // 2, count / 2, count - 3):
            assert TaskData.from_frame(pd.DataFrame({name: numbers, **rest})).tasks == (name, "a")


def law_a_year_as_text_is_all_of_it():
    days = pd.DatetimeIndex(pd.date_range("2019-12-20", "2022-01-10", freq="6h"))
    for zone in (None, "Europe/Berlin"):
        index = days.tz_localize(zone)
        table = TaskData.from_frame(pd.DataFrame({"a": np.arange(len(days)) + 0.5}, index))
        hidden = table.hide("a", "2020", "2021")[1].observed[:, 0].numpy()
        np.testing.assert_array_equal(hidden, np.isin(index.year, [2020, 2021]))


def law_a_calendar_that_is_given_is_kept():
    given = Calendar("days", pd.Timestamp("2019-12-01"))
    table = TaskData.from_frame(pd.DataFrame({"day": YEAR, "a": range(366)}), "day", calendar=given)
    assert table.calendar == given
    close(table.x[:, 0], np.array([(day - datetime.date(2019, 12, 1)).days for day in YEAR], dtype=float), 1e-12)


def law_standard_errors_follow_their_labels():
    """In a frame by its index and columns, in a dict by its keys, in any order."""
    rng = np.random.default_rng(3)
    rows, tasks = [f"r{k}" for k in range(7)], ["a", "b", "c"]
    frame = pd.DataFrame(rng.normal(size=(7, 3)), rows, tasks).assign(x=np.arange(7.0))
    known = {(row, task): rng.uniform(1, 2) for row in rows for task in tasks}
    wanted = np.array([[known[row, task] for task in tasks] for row in rows])
    for _ in range(3):
        some, other = list(rng.permutation(rows)), list(rng.permutation(tasks))
        sd = pd.DataFrame([[known[row, task] for task in other] for row in some], some, other)
        np.testing.assert_array_equal(TaskData.from_frame(frame, "x", sd=sd).sd, wanted)
        each = {task: known["r0", task] for task in other}
        for table in (
            TaskData.from_frame(frame, "x", sd=each),
            TaskData(frame["x"], frame[tasks], sd=each),
            TaskData(frame["x"], frame[tasks], sd=list(wanted[0])),
        ):
            np.testing.assert_array_equal(table.sd, np.tile(wanted[0], (7, 1)))


def law_each_row_of_a_long_frame_is_one_cell():
    """Also where a series has several readings at one input; with its standard error."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "t": rng.integers(0, 4, 30).astype(float),
            "what": rng.choice(["a", "b", "c"], 30),
            "value": rng.normal(size=30),
            "se": rng.uniform(1, 2, 30),
        }
    )
    table = TaskData.from_frame(frame, "t", series="what", value="value", sd="se")
    cells = [
        (float(table.x[i, 0]), table.tasks[t], float(table.y[i, t]), float(table.sd[i, t]))
        for i, t in table.observed.nonzero().tolist()
    ]
    assert sorted(cells) == sorted(frame.itertuples(index=False, name=None))
    assert table.sd.isnan().equal(~table.observed)
