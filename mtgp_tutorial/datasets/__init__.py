"""Small real data sets that travel with the module: values, units, source and licence, no download."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pandas as pd

from mtgp_tutorial.calendars import Calendar
from mtgp_tutorial.data import TaskData


def great_lakes() -> TaskData:
    """Yearly mean water levels of four Great Lakes, 1918 to 2009: 92 rows, 4 tasks, in metres.

    Lake Michigan-Huron is one lake in hydraulic terms. Source and licence: great_lakes.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data = datasets.great_lakes()
    >>> data.tasks, tuple(data.y.shape), data.units[0]
    (('Erie', 'Michigan-Huron', 'Ontario', 'St. Clair'), (92, 4), 'm')
    """
    frame = _read("great_lakes.csv")
    return TaskData(frame.pop("year"), frame, units=["m"] * frame.shape[1], x_name="year")


def us_macro() -> TaskData:
    """Quarterly GDP, consumption and investment of the United States, 1959 to 2009: 203 rows, 3 tasks.

    Billions of chained 2005 US dollars at annual rates; x is the year, 1959.25 being its second quarter.
    Source and licence: us_macro.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data = datasets.us_macro()
    >>> data.tasks, tuple(data.y.shape), data.x[1].item()
    (('GDP', 'consumption', 'investment'), (203, 3), 1959.25)
    """
    frame = _read("us_macro.csv")
    year = frame.pop("year") + (frame.pop("quarter") - 1) / 4
    return TaskData(year, frame, units=["bn 2005 USD"] * frame.shape[1], x_name="year")


def el_nino() -> TaskData:
    """Monthly sea-surface temperatures off Peru, 1950 to 2010: 61 rows (years), 12 tasks (months), in degrees Celsius.

    Means over 0 to 10 degrees south and 90 to 80 degrees west. Source and licence: el_nino.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data = datasets.el_nino()
    >>> data.tasks[:3], tuple(data.y.shape), data.units[0]
    (('January', 'February', 'March'), (61, 12), '°C')
    """
    frame = _read("el_nino.csv")
    return TaskData(frame.pop("year"), frame, units=["°C"] * 12, x_name="year")


def climate70() -> TaskData:
    """Days above 70 and 90 degrees Fahrenheit in 1948 and 2018: 150 stations of the United States, 4 tasks, in days.

    x: longitude and latitude in degrees, [150, 2]. Source and licence: climate70.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data = datasets.climate70()
    >>> data.tasks[0], tuple(data.x.shape), tuple(data.y.shape)
    ('above 70 F, 1948', (150, 2), (150, 4))
    """
    frame = _read("climate70.csv")
    days = frame.drop(columns=PLACE)
    days.columns = ["above 70 F, 1948", "above 70 F, 2018", "above 90 F, 1948", "above 90 F, 2018"]
    return _on_a_map(frame, days, "days")


def colorado_soils() -> TaskData:
    """Eight metals in the soil of Colorado, 2006: 959 sites, 8 tasks, in mg/kg (take logarithms).

    x: longitude and latitude in degrees, [959, 2]. 54 values of Cd and 4 of As stand for "below the limit of
    determination". Source and licence: colorado_soils.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> tuple(datasets.colorado_soils().y.shape)
    (959, 8)
    """
    frame = _read("colorado_soils.csv")
    return _on_a_map(frame, frame.drop(columns=PLACE), "mg/kg")


def us_ragged() -> TaskData:
    """Growth of the economy of the United States as known on 29 June 2016: 138 months from 2005 on, 13 tasks.

    In per cent over twelve months (unemployment: change in percentage points); gdp stands in the last month of its
    quarter. Cells are missing at the end, where nothing was published yet. x is the year; dates, such as "2016-06", may
    stand for it. Source and licence: us_ragged.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> tuple(datasets.us_ragged().y.shape)
    (138, 13)
    """
    frame = _read("us_ragged.csv")
    month = pd.to_datetime(frame.pop("month"))
    year = month.dt.year + (month.dt.month - 1) / 12
    units = ["pp" if name == "unemployment" else "%" for name in frame.columns]
    return TaskData(year, frame, units=units, x_name="year", calendar=Calendar("years", pd.Timestamp(0)))


def flu_admissions() -> TaskData:
    """New hospital admissions with influenza, 2023 to 2024: 31 weeks, 52 tasks (states, DC and PR), counts.

    x: days since Saturday, 30 September 2023; dates may stand for it. Source and licence: flu_admissions.md beside the
    values.

    >>> from mtgp_tutorial import datasets
    >>> tuple(datasets.flu_admissions().y.shape)
    (31, 52)
    """
    frame = _read("flu_admissions.csv")
    week, first = pd.to_datetime(frame.pop("week_ending")), "2023-09-30"
    days, units = (week - pd.Timestamp(first)).dt.days, ["admissions"] * 52
    return TaskData(days, frame, units=units, x_name=f"days since {first}", calendar=_since("days", first))


def dome_c() -> TaskData:
    """CO2, CH4 and deuterium of the Dome C ice core, 9,048 to 22,405 years before 1950: 215 ages, 219 values.

    Nearly every row has one value. Standard errors `sd` of CO2 and deltaD are known, of CH4 not. Source and licence:
    dome_c.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> tuple(datasets.dome_c().y.shape)
    (215, 3)
    """
    long = _read("dome_c.csv")
    names = ["CO2", "CH4", "deltaD"]
    value, se = (long.pivot(index="age", columns="quantity", values=name)[names] for name in ("value", "se"))
    age = value.index.to_numpy()
    units = ["ppmv", "ppbv", "per mil"]
    return TaskData(age, value.to_numpy(), names, units, "age", "years before 1950", sd=se.to_numpy())


def alps_gps() -> TaskData:
    """Velocities of GPS stations in and around the Alps, against stable Eurasia: 186 stations, 3 tasks, in mm a year.

    x: longitude and latitude in degrees, [186, 2]; sd: the published standard error of every cell; index: the stations'
    codes. Source and licence (which asks for credit): alps_gps.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> tuple(datasets.alps_gps().y.shape)
    (186, 3)
    """
    frame = _read("alps_gps.csv").set_index("station")
    moved = frame[["east", "north", "up"]]
    sd = frame[["east_se", "north_se", "up_se"]]
    return _on_a_map(frame, moved, "mm/year", sd.set_axis(moved.columns, axis=1))


def nyc_temperatures() -> TaskData:
    """Hourly temperatures of 2013 at three airports of New York: 8,730 hours, 3 tasks, in degrees Celsius.

    A long series: with a Matern kernel it goes along its rows by itself. x: hours since 06:00 UTC on 1 January; dates
    may stand for it. 76 cells are missing, and JFK's value of 02:00 UTC on 9 May (row 3068) is wrong and kept. Source
    and licence: nyc_temperatures.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data = datasets.nyc_temperatures()
    >>> data.tasks, tuple(data.y.shape), data.units[0]
    (('EWR', 'JFK', 'LGA'), (8730, 3), '°C')
    """
    tenths = _read("nyc_temperatures.csv")
    hours, first, units = tenths.index.to_numpy(), "2013-01-01 06:00:00", ["°C"] * 3
    return TaskData(hours, tenths / 10, units=units, x_name=f"hours since {first}", calendar=_since("hours", first))


def portal_rodents() -> tuple[TaskData, pd.Series]:
    """Mice caught in the desert of Arizona, and the weight of a kangaroo rat: 102 quarters, 4 tasks; and the visits.

    Three tasks are counts of animals, the fourth is a mean weight in grams. The second value, `visits`, is the exposure
    of the counts: how many visits to a plot left a record of any animal in each quarter. x is the year, 1977.5 being
    its third quarter. Source and licence: portal_rodents.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data, visits = datasets.portal_rodents()
    >>> data.tasks[0], tuple(data.y.shape), int(visits.max())
    ('deer mouse', (102, 4), 72)
    """
    frame = _read("portal_rodents.csv")
    year, visits = frame.pop("year") + (frame.pop("quarter") - 1) / 4, frame.pop("visits")
    return TaskData(year, frame, units=["animals"] * 3 + ["g"], x_name="year"), visits


def newark_rain() -> TaskData:
    """Whether it rained at Newark (1 or 0), and the humidity of the day, in 2013: 364 days, 2 tasks.

    x: days since 1 January; dates may stand for it. Source and licence: newark_rain.md beside the values.

    >>> from mtgp_tutorial import datasets
    >>> data = datasets.newark_rain()
    >>> data.tasks, tuple(data.y.shape)
    (('rain', 'humidity'), (364, 2))
    """
    frame = _read("newark_rain.csv").drop(columns="date")
    days, first = frame.index.to_numpy(), "2013-01-01"
    return TaskData(days, frame, units=["", "%"], x_name=f"days since {first}", calendar=_since("days", first))


def example_csv() -> Path:
    """Path of a CSV file to try things on: the Great Lakes with 33 values taken out, dates in the first column.

    A gap of twelve years, a late start, a ragged end and three single years are missing; `great_lakes` has the values.

    >>> from mtgp_tutorial import datasets
    >>> datasets.example_csv().name
    'lakes_with_holes.csv'
    """
    return Path(str(files(__name__) / "lakes_with_holes.csv"))


def study(name: str) -> pd.DataFrame:
    """Stored result of a study of the book, one row for each run and method.

    The script of the same name in book/studies makes it again.

    Args:
        name (str): "two_sines" or "great_lakes", for example.
    Raises:
        ValueError: for an unknown name.

    >>> from mtgp_tutorial import datasets
    >>> runs = datasets.study("two_sines")
    >>> {"seed", "method", "NLPD"} <= set(runs.columns)
    True
    >>> "ICM, priors" in set(runs["method"])
    True
    """
    stored = sorted(path.name.removesuffix(".csv") for path in (files(__name__) / "studies").iterdir())
    if name not in stored:
        raise ValueError(f"name: {name!r} is not one of {', '.join(map(repr, stored))}; pass one of these")
    return _read(f"studies/{name}.csv")


PLACE = ["longitude", "latitude"]


def _on_a_map(frame: pd.DataFrame, y: pd.DataFrame, unit: str, sd: pd.DataFrame | None = None) -> TaskData:
    """Tasks of one unit, at the longitude and latitude of a frame."""
    units = [unit] * y.shape[1]
    return TaskData(frame[PLACE], y, units=units, x_name=PLACE[0], x_names=PLACE, x_unit="degrees", sd=sd)


def _since(unit: str, first: str) -> Calendar:
    return Calendar(unit, pd.Timestamp(first))


def _read(name: str) -> pd.DataFrame:
    with (files(__name__) / name).open(encoding="utf8") as file:
        return pd.read_csv(file)
