"""Data sets by what is known of them: a column under another name, unit or error turns a check red."""

import numpy as np
import pandas as pd

from laws.common import close
from mtgp_tutorial import TaskData, datasets


def columns(data: TaskData) -> pd.DataFrame:
    return pd.DataFrame(data.y.numpy(), data.x[:, 0].numpy(), list(data.tasks))


def law_lakes_stand_at_their_levels():
    """Michigan-Huron flows into St. Clair, that into Erie, that over the Niagara into Ontario, 99 m below."""
    lakes = columns(datasets.great_lakes())
    down = lakes[["Michigan-Huron", "St. Clair", "Erie", "Ontario"]]
    assert (down.diff(axis=1).iloc[:, 1:] < 0).all(axis=None) and (lakes["Erie"] - lakes["Ontario"]).round().eq(
        99
    ).any()
    assert lakes["Michigan-Huron"].idxmin() == 1964 and lakes["Erie"].idxmin() == 1934  # years of record lows
    assert lakes["Ontario"].idxmax() == 1952 and (lakes.drop(columns="Ontario").idxmax() == 1986).all()
    assert datasets.great_lakes().units == ("m",) * 4


def law_an_economy_spends_more_than_it_invests():
    """Consumption was 63 to 71 % of GDP and investment 10 to 19 %, in quarters that are a quarter of a year apart."""
    macro = columns(datasets.us_macro())
    share = macro.div(macro["GDP"], axis=0)
    assert share["consumption"].between(0.6, 0.72).all() and share["investment"].between(0.09, 0.2).all()
    close(np.diff(macro.index), np.full(202, 0.25))
    assert macro["GDP"].diff().idxmin() == 2009 and (macro.index[0], macro.index[-1]) == (1959, 2009.5)


def law_the_sea_off_peru_is_warm_in_march():
    """Months in the order of the year: warmest in March, coolest in September; El Niño at the end of 1997."""
    sea = columns(datasets.el_nino())
    assert list(sea) == [f"{month:%B}" for month in pd.date_range("2000-01-01", periods=12, freq="MS")]
    rise = sea.mean().diff().iloc[1:]
    assert (rise[["February", "March", "October", "November", "December"]] > 0).all() and (rise < 0).sum() == 6
    assert sea["December"].idxmax() == 1997 and sea["May"].idxmax() == 1983 and sea["January"].idxmax() == 1998


def law_fewer_days_are_hot_than_warm():
    """At a place in the Mojave, and by the means of the two years; longitudes are west."""
    data = datasets.climate70()
    days = columns(data)
    close(days.mean()[["above 70 F, 1948", "above 70 F, 2018"]], [170.5333, 166.6933], 1e-5)
    close(days.mean()[["above 90 F, 1948", "above 90 F, 2018"]], [38.3867, 40.0467], 1e-5)
    hottest = int(days["above 90 F, 2018"].to_numpy().argmax())
    close(data.x[hottest], [-114.6188, 34.7675], 1e-4)  # Needles, California
    assert data.units == ("days",) * 4


def law_metals_have_their_abundance():
    """Medians like those of soils, and the most lead where silver was mined, at Leadville or in the San Juans."""
    data = datasets.colorado_soils()
    soil = columns(data)
    assert list(soil.median().sort_values().index) == ["Cd", "U", "As", "Ni", "Cu", "Pb", "Cr", "Zn"]
    for metal, place in {"Zn": (-106.273, 39.0544), "As": (-106.273, 39.0544), "Pb": (-108.03, 37.6975)}.items():
        close(data.x[int(soil[metal].to_numpy().argmax())], place, 1e-4)
    medians = {"As": 5.0, "Cd": 0.3, "Cr": 29.0, "Cu": 15.6, "Ni": 13.8, "Pb": 21.7, "U": 2.4, "Zn": 66.0}
    close(soil.median()[list(medians)], list(medians.values()), 1e-9)
    leadville = dict(zip(data.tasks, data.y[int(soil["Zn"].to_numpy().argmax())].tolist()))
    assert leadville == {"As": 126, "Cd": 3.4, "Cr": 42, "Cu": 245, "Ni": 8.5, "Pb": 1170, "U": 8.1, "Zn": 7000}
    below = soil == soil.min()
    assert below[["Cd", "As"]].sum().tolist() == [54, 4] and data.units == ("mg/kg",) * 8


def law_the_recession_is_in_every_series():
    """Where each was lowest, in the Great Recession, and how deep: a third of imports, half the orders, 5 % of jobs."""
    data = datasets.us_ragged()
    growth = columns(data)
    depth = {"payrolls": -5.1, "industrial_production": -16.7, "housing_starts": -79.4, "retail_sales": -12.3}
    depth |= {"durable_orders": -47.4, "consumption": -2.7, "inventories": -15.5, "imports": -37.7, "exports": -23.9}
    depth |= {"construction": -19.8, "gdp": -4.2}
    close(growth.min()[list(depth)], list(depth.values()), 2e-3)
    lowest = growth[list(depth)].idxmin()
    assert lowest.between(2008.9, 2009.8).all() and growth["unemployment"].idxmax() == 2009.25
    assert abs(growth["income"].idxmin() - 2013 - 11 / 12) < 1e-9  # dividends were paid early in 2012, before a tax
    close([growth["income"].min(), growth["income"].max(), growth["unemployment"].max()], [-4.98, 6.6, 4.0], 1e-9)
    unit = dict(zip(data.tasks, data.units))
    assert unit.pop("unemployment") == "pp" and set(unit.values()) == {"%"}
    assert str(data.calendar.to_dates(data.x[:1, 0])[0])[:7] == "2005-01"


def law_influenza_comes_at_new_year_where_people_live():
    """Large states have most; each state in the first week, and in that of the peak, which ended on 30 December."""
    data = datasets.flu_admissions()
    flu = columns(data)
    assert flu.sum(axis=1).idxmax() == 91 and str(data.calendar.to_dates(data.x[13:14, 0])[0])[:10] == "2023-12-30"
    most = {"TX": 20196, "FL": 18809, "NY": 15360, "CA": 14622, "PA": 10064, "MI": 9753, "OH": 9330, "AZ": 9109}
    assert flu.sum().nlargest(8).to_dict() == most and data.units == ("admissions",) * 52
    first = "7 23 10 21 47 12 8 0 0 178 38 10 4 2 18 13 6 14 16 16 4 0 12 2 12 20 4 14 3 1 1 11 6 7 48 16 26 6 60 100 0"
    peak = "4 298 187 1151 1752 346 194 57 60 1336 1137 32 99 163 577 429 93 261 381 476 328 51 527 189 370 300 116"
    first += " 29 2 45 123 4 59 1 12 9 7 2"
    peak += " 1076 51 51 57 733 237 164 1343 638 137 147 1033 64 47 649 48 543 1530 80 731 19 211 300 153 74"
    for week, counts in ((0, first), (91, peak)):
        assert flu.loc[week].tolist() == [int(count) for count in counts.split()]
    assert list(data.tasks) == sorted(data.tasks) and {"DC", "PR"} < set(data.tasks)


def law_tables_lie_where_their_columns_and_curves_say():
    """Trains share their weekdays and have no curve; births and ice have curves and share little."""
    known = datasets.study("forty_tables_map").set_index("table")
    for name, family, others, own in (
        ("trains", "Chicago trains", 0.971, 0.048),
        ("fertility", "US fertility", 0.050, 0.778),
        ("ice_core", "Dome C ice", 0.000, 0.874),
        ("oil_wells", "Elk Hills wells", 0.017, 0.003),
        ("freeny", "Freeny's revenue", 0.944, 0.992),
    ):
        row = known.loc[name]
        assert row["family"] == family
        close(row[["others", "own"]].astype(float), [others, own], 2e-2)


def law_the_alps_rise_and_adria_goes_north():
    """The rise is that of the high Alps; Adria's side goes north. Errors of a station stand beside its values."""
    data = datasets.alps_gps()
    speed = pd.DataFrame(data.y.numpy(), data.index, list(data.tasks))
    assert speed["up"].idxmax() == "DEVE" and speed.loc["ZADA", "north"] == 3.1
    agne = list(data.index).index("AGNE")
    close(data.x[agne], [7.1396, 45.4679], 0)
    close(speed.loc["AGNE", ["east", "north", "up"]].astype(float), [0.0, -0.2, 1.5], 0)
    close(data.sd[agne], [0.2, 0.6, 0.5], 0)
    high = (data.x[:, 1] - 46.5).abs() < 0.5
    assert speed["up"][high.numpy()].mean() > 0.7 > 0.2 > abs(speed["up"][~high.numpy()].mean())
