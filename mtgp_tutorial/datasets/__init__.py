"""Small real data sets that travel with the module: values, units, source and licence, no download."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pandas as pd

from mtgp_tutorial.table.data import TaskData


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
    place = frame[["longitude", "latitude"]]
    days = frame.drop(columns=place.columns)
    days.columns = ["above 70 F, 1948", "above 70 F, 2018", "above 90 F, 1948", "above 90 F, 2018"]
    return TaskData(place, days, units=["days"] * 4, x_name="longitude", x_unit="degrees")


def example_csv() -> Path:
    """Path of a CSV file to try things on: the Great Lakes with 33 values taken out, dates in the first column.

    A gap of twelve years, a late start, a ragged end and three single years are missing; `great_lakes` has the values.
    """
    return Path(str(files(__name__) / "lakes_with_holes.csv"))


def study(name: str) -> pd.DataFrame:
    """Stored result of a study of the book, one row for each run and arm: "two_sines" or "great_lakes", for example.

    The script of the same name in book/studies makes it again. Raises ValueError for an unknown name.

    >>> from mtgp_tutorial import datasets
    >>> runs = datasets.study("two_sines")
    >>> {"seed", "arm", "NLPD"} <= set(runs.columns), "ICM, priors" in set(runs["arm"])
    (True, True)
    """
    stored = sorted(path.name.removesuffix(".csv") for path in (files(__name__) / "studies").iterdir())
    if name not in stored:
        raise ValueError(f"name: {name!r} is not one of {', '.join(map(repr, stored))}; pass one of these")
    return _read(f"studies/{name}.csv")


def _read(name: str) -> pd.DataFrame:
    with (files(__name__) / name).open(encoding="utf8") as file:
        return pd.read_csv(file)
