"""Reading of tables: dates as numbers, standard errors by their labels, long tables cell by cell, and the way back."""

import calendar
import datetime
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from laws.common import RANDOM, close
from mtgp_tutorial import TaskData, icm, impute
from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.data import take
from mtgp_tutorial.result import at_parameters
from mtgp_tutorial.tables import TableError, filled_frame, read_table

YEAR = [datetime.date(2020, 1, 1) + datetime.timedelta(days=k) for k in range(366)]


def law_a_month_is_a_twelfth_of_a_year():
    """The unit "years" by Python's own calendar, at every day of a leap year, and back."""
    wanted = [
        day.year + (day.month - 1 + (day.day - 1) / calendar.monthrange(day.year, day.month)[1]) / 12 for day in YEAR
    ]
    years = Calendar("years")
    close(years.to_numbers(YEAR), np.array(wanted), 1e-12)
    assert [moment.date() for moment in years.to_dates(wanted)] == YEAR


def law_a_year_as_text_is_all_of_it():
    days = pd.DatetimeIndex(pd.date_range("2019-12-20", "2022-01-10", freq="6h"))
    for zone in (None, "Europe/Berlin"):
        index = days.tz_localize(zone)
        table = TaskData.from_frame(pd.DataFrame({"a": np.arange(len(days)) + 0.5}, index))
        hidden = table.hide("a", "2020", "2021")[1].observed[:, 0].numpy()
        np.testing.assert_array_equal(hidden, np.isin(index.year, [2020, 2021]))


def law_a_calendar_that_is_given_is_kept():
    given = Calendar("days", pd.Timestamp("2019-12-01"))
    table = TaskData.from_frame(pd.DataFrame({"day": YEAR, "a": np.arange(366.0) ** 2}), "day", calendar=given)
    assert table.calendar == given
    close(table.x[:, 0], np.array([(day - datetime.date(2019, 12, 1)).days for day in YEAR], dtype=float), 1e-12)


def law_standard_errors_follow_their_labels():
    """Columns by a dict or by their own names, and numbers by the task, in any order."""
    rng = np.random.default_rng(3)
    tasks = ["a", "b", "c"]
    known = {task: rng.uniform(1, 2, 7) for task in tasks}
    frame = pd.DataFrame(rng.normal(size=(7, 3)), columns=tasks).assign(x=np.arange(7.0))
    frame = frame.assign(**{f"{task}_se": known[task] for task in tasks})
    wanted = np.column_stack(list(known.values()))
    for _ in range(3):
        some, other = frame[[*rng.permutation(frame.columns)]], list(rng.permutation(tasks))
        for sd in ({task: f"{task}_se" for task in other}, [f"{task}_se" for task in other]):
            np.testing.assert_array_equal(TaskData.from_frame(some, "x", tasks, sd=sd).sd, wanted)
        each = {task: known[task][0] for task in other}
        for table in (
            TaskData.from_frame(frame, "x", tasks, sd=each),
            TaskData(frame["x"], frame[tasks], sd=each),
            TaskData(frame["x"], frame[tasks], sd=list(wanted[0])),
        ):
            np.testing.assert_array_equal(table.sd, np.tile(wanted[0], (7, 1)))


def law_each_row_of_a_long_frame_is_one_cell():
    """Also where a series has several readings at one input; with its standard error."""
    rng, names = np.random.default_rng(4), ["t", "what", "value", "se"]
    cells = rng.integers(0, 4, 30) / 1, rng.choice(["a", "b", "c"], 30), rng.normal(size=30), rng.uniform(1, 2, 30)
    frame = pd.DataFrame(dict(zip(names, cells)))
    table = TaskData.from_frame(frame, "t", series="what", value="value", sd="se")
    found = [
        (float(table.x[i, 0]), table.tasks[t], float(table.y[i, t]), float(table.sd[i, t]))
        for i, t in table.observed.nonzero().tolist()
    ]
    assert sorted(found) == sorted(frame.itertuples(index=False, name=None))
    assert table.sd.isnan().equal(~table.observed)


def law_an_order_of_day_and_month_is_proved_or_asked():
    """By a day above 12, or by semicolons with decimal commas: all days of a year, in both orders."""
    with tempfile.TemporaryDirectory() as folder:
        path, rng = Path(folder) / "t.csv", RANDOM(1)
        for form in ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y"):
            for some in (YEAR[::7], YEAR[:12], [day for day in YEAR if day.day == 1], rng.choice(YEAR[::61], 5, False)):
                for mark in (",", ";"):
                    decimal = "," if mark == ";" and form != "%m/%d/%Y" else "."
                    lines = [f"{day:{form}}{mark}{k % 7}.5".replace(".5", f"{decimal}5") for k, day in enumerate(some)]
                    path.write_text("\n".join([f"date{mark}a", *lines]))
                    try:
                        table = read_table(path)
                    except TableError as error:
                        assert {"date_format": form} in error.ways and decimal == "."
                        table = read_table(path, date_format=form)
                    assert [moment.date() for moment in table.calendar.to_dates(table.x[:, 0])] == list(some)


def filled(data):
    """A table with x + 100 t + 1/8 in the holes of its t-th task."""
    answer = impute(at_parameters(icm(data)))
    mean = data.x[:, :1] + 100 * np.arange(data.num_tasks) + 0.125
    object.__setattr__(answer, "mean", mean.where(~data.observed, answer.mean))
    return answer


def law_a_filled_frame_is_the_frame():
    """By loops over its rows: all cells stand as they were but for the holes, of all rows or of some; long, too."""
    rng = RANDOM(0)
    x = rng.permutation(20)
    frame = pd.DataFrame({"t": x, "who": "p", "a": np.float32(x**2 % 23), "b": x * 3 % 11 + 0.5}, [f"r{k}" for k in x])
    frame.iloc[[3, 5, 8], 2], frame.iloc[[0, 5], 3] = np.nan, np.nan
    whole = TaskData.from_frame(frame, "t")
    for data, rows in (
        (whole, range(20)),
        (take(whole, np.arange(12, 2, -1)), range(3, 13)),
        (whole.hide("b", 4, 9)[0], range(20)),
    ):
        found = filled_frame(data, filled(data), bands=True)
        assert list(found.index) == list(frame.index) and found["a"].dtype == np.float32
        for k in range(20):
            for t, c in enumerate("ab"):
                gone = pd.isna(frame[c].iloc[k]) or (
                    c == "b" and 4 <= x[k] <= 9 and data is not whole and len(data.y) == 20
                )
                hole = gone and k in rows
                value = x[k] + 100 * t + 0.125 if hole else frame[c].iloc[k]
                assert found[c].iloc[k] == value or pd.isna(value)
                low, high = found[f"{c} low"].iloc[k], found[f"{c} high"].iloc[k]
                assert found[f"{c} filled"].iloc[k] == hole and (low < value < high if hole else pd.isna(low))
    long = frame.melt("t", ["a", "b"], "what").dropna().reset_index(drop=True)
    data = TaskData.from_frame(long, "t", series="what", value="value")
    found = filled_frame(data, filled(data))
    pd.testing.assert_frame_equal(found[: len(long)], long)
    new = {(one.t, one.what, one.value) for one in found[len(long) :].itertuples()}
    some = frame[frame["a"].notna() | frame["b"].notna()]  # the others have no line to copy
    assert new == {(k, c, k + 100 * t + 0.125) for t, c in enumerate("ab") for k in some["t"][some[c].isna()]}
