"""Kinds of files: the right table, or a refusal that names an argument and, when followed, leads to that table."""

import pickle
import re
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mtgp_tutorial import TaskData
from mtgp_tutorial.tables import TableError, read_table

A, B = [1.25, 2.5, None, 4.75, 3.0, 2.25], [10.0, 12.5, 11.0, 9.5, 14.0, 13.5]
DAYS = pd.date_range("2019-03-11", periods=6)
MONTHS = pd.date_range("2019-11-01", periods=6, freq="MS")
QUARTERS = pd.date_range("2018-04-01", periods=6, freq="QS")
WEEKS = pd.date_range("2018-12-10", periods=6, freq="7D")
HOURS = pd.date_range("2019-03-11 21:00", periods=6, freq="h")
YEARS = [2001.0, 2002, 2003, 2004, 2005, 2006]


def cell(value, decimal="."):
    return "" if value is None else value if isinstance(value, str) else f"{value:g}".replace(".", decimal)


def text(head, x, a=A, b=B, decimal=".", mark=None):
    """A file whose first columns, as one text a row, are x."""
    mark = mark or next(mark for mark in ";\t,| " if mark in head)
    lines = [mark.join([str(one), cell(u, decimal), cell(v, decimal)]) for one, u, v in zip(x, a, b)]
    return "\n".join([head, *lines]) + "\n"


def formatted(dates, form):
    return [f"{date:{form}}" for date in dates]


def check(table, x, a=A, b=B):
    """The inputs are x, dates or numbers, and a and b the only tasks."""
    if isinstance(x, pd.DatetimeIndex):
        assert table.calendar is not None
        found = table.calendar.to_dates(table.x[:, 0])
        assert list(found.tz_localize(None)) == list(x)
    else:
        np.testing.assert_allclose(table.x.squeeze(1) if np.ndim(x) == 1 else table.x, np.asarray(x, float))
    assert [task.lower() for task in table.tasks] == ["a", "b"], table.notes
    np.testing.assert_array_equal(table.y, np.array([a, b], float).T)


german = {"a": A, "b": B, "decimal": ","}
PLAIN = {  # what is read without an argument: the file, its inputs
    "ISO days": (text("date,a,b", DAYS.date), DAYS),
    "tabs": (text("date\ta\tb", DAYS.date), DAYS),
    "semicolons": (text("date;a;b", DAYS.date), DAYS),
    "bars": (text("date|a|b", DAYS.date), DAYS),
    "blanks": (text("year a b", [int(y) for y in YEARS], a=["NaN" if v is None else v for v in A]), YEARS),
    "national: semicolons and decimal commas": (text("Datum;A;B", formatted(HOURS, "%d.%m.%Y %H:%M"), **german), HOURS),
    "national, monthly": (text("Datum;A;B", formatted(MONTHS, "%d.%m.%Y"), **german), MONTHS),
    "national, French": (text("Date;A;B", formatted(DAYS[:6], "%d/%m/%Y"), **german), DAYS),
    "a day above 12": (text("date,a,b", formatted(DAYS, "%m/%d/%Y")), DAYS),
    "months by name": (text("month,a,b", formatted(MONTHS, "%b %Y")), MONTHS),
    "days by name": (text("date,a,b", formatted(DAYS, "%d-%b-%Y")), DAYS),
    "ISO months": (text("month,a,b", formatted(MONTHS, "%Y-%m")), MONTHS),
    "quarters": (text("TIME,a,b", [f"{d.year}-Q{d.quarter}" for d in QUARTERS]), QUARTERS),
    "quarters in digits, by name": (text("quarter,a,b", [f"{d.year}.{d.quarter}" for d in QUARTERS]), QUARTERS),
    "ISO weeks": (text("time,a,b", formatted(WEEKS, "%G-W%V")), WEEKS),
    "weeks in digits, by name": (text("week,a,b", formatted(WEEKS, "%G%V")), WEEKS),
    "digits of a day, by name": (text("date,a,b", formatted(DAYS, "%Y%m%d")), DAYS),
    "digits to the second": (text("timestamp,a,b", formatted(HOURS, "%Y%m%d%H%M%S")), HOURS),
    "hours in UTC": (text("time,a,b", formatted(HOURS, "%Y-%m-%dT%H:%MZ")), HOURS),
    "an afternoon": (text("date,a,b", formatted(HOURS + pd.Timedelta("10D"), "%m/%d/%Y %I:%M %p")), HOURS + pd.Timedelta("10D")),
    "a date and its time": (text("date,time,a,b", formatted(HOURS, "%Y-%m-%d,%-H:%M")), HOURS),
    "year and month": (text("year,month,a,b", formatted(MONTHS, "%Y,%-m")), MONTHS),
    "month and year, in German": (text("Monat,Jahr,a,b", formatted(MONTHS, "%-m,%Y")), MONTHS),
    "year and quarter": (text("year,quarter,a,b", [f"{d.year},{d.quarter}" for d in QUARTERS]), QUARTERS),
    "year and day of the year": (text("year,doy,a,b", formatted(DAYS, "%Y,%-j")), DAYS),
    "day, month, year": (text("DD,MM,YYYY,a,b", formatted(DAYS, "%-d,%-m,%Y")), DAYS),
    "years": (text("year,a,b", [int(y) for y in YEARS]), YEARS),
    "three decimals, commas": (text("date,a,b", DAYS.date, *([v and f"{v:.3f}" for v in some] for some in (A, B))), DAYS),
    "even steps of any name": (text("Umlauf;a;b", [5, 10, 15, 20, 25, 30]), [5, 10, 15, 20, 25, 30]),
    "depths": (text("depth (m),a,b", [0.5, 1, 3, 7, 8, 20]), [0.5, 1, 3, 7, 8, 20]),
    "a map": (text("lon,lat,a,b", [f"{8 + k % 3},{47 + k / 4}" for k in range(6)]), [[8 + k % 3, 47 + k / 4] for k in range(6)]),
    "latitude first": (text("lat,lon,a,b", [f"{47 + k / 4},{8 + k % 3}" for k in range(6)]), [[8 + k % 3, 47 + k / 4] for k in range(6)]),
    "row numbers": (text("id,year,a,b", [f"{k},{y:g}" for k, y in enumerate(YEARS)]), YEARS),
    "row numbers of R": (text(",year,a,b", [f"{k},{y:g}" for k, y in enumerate(YEARS)]), YEARS),
    "a date and its parts": (text("date,year,month,day,a,b", formatted(DAYS, "%Y-%m-%d,%Y,%-m,%-d")), DAYS),
    "a date on another day than its year and month": (text("date,year,month,a,b", formatted(MONTHS + pd.Timedelta("14D"), "%Y-%m-%d,%Y,%-m")), MONTHS + pd.Timedelta("14D")),
    "decimal years beside dates": (text("date,year,a,b", [f"{d:%Y-%m-%d},{d.year + (d.month - 0.5) / 12:.3f}" for d in MONTHS]), MONTHS),
    "remarks": ("# gauges of 2019\n" + text("year,a,b", [int(y) for y in YEARS]), YEARS),
    "percent signs": (text("year;a;b", [int(y) for y in YEARS], a=["" if v is None else f"{v} %" for v in A]), YEARS),
    "words for missing values": (text("year,a,b", [int(y) for y in YEARS], a=["n/a" if v is None else v for v in A]), YEARS),
    "repeated lines": (text("year,a,b", [int(y) for y in YEARS]) + "2006,2.25,13.5\n", YEARS),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLAIN)
def test_what_is_plain_is_read(kind, tmp_path):
    content, x = PLAIN[kind]
    (tmp_path / "t.csv").write_text(content)
    check(read_table(tmp_path / "t.csv"), x)


C = [10, 12, 11, 9, 14, 13]
big = [1250.0, 2500.0, None, 4750.0, 3000.0, 2250.0]
dotted = ["" if v is None else f"{v:,.0f}".replace(",", ".") for v in big]
years = [int(y) for y in YEARS]
ISO = formatted(DAYS, "%Y-%m-%d")
early = pd.date_range("2019-03-02", periods=6)
ASKED = {  # the file; the answers, each one that the refusal before it offers; inputs and values
    "thousands or decimals, tabs": (text("Jahr\ta\tb", years, dotted, C), [{"thousands": "."}], YEARS, big, C),
    "decimals or thousands, semicolons": (text("Jahr;a;b", years, ["" if v is None else f"{v:,.0f}" for v in big], C), [{"thousands": ","}], YEARS, big, C),
    "thousands beside 87, commas": (text("date,a,b", ISO, ["1.020", "2.500", "", "4.750", "87", "3.000"], C), [{"thousands": "."}], DAYS, [1020, 2500, None, 4750, 87, 3000], C),
    "thousands beside points in dates, commas": (text("day,a,b", formatted(DAYS, "%d.%m.%Y"), dotted, C), [{"thousands": "."}], DAYS, big, C),
    "three decimals": (text("Jahr\ta\tb", years, dotted, C), [{"decimal": "."}], YEARS, [v and v / 1000 for v in big], C),
    "day or month first": (text("date,a,b", formatted(early, "%d/%m/%Y")), [{"date_format": "%d/%m/%Y"}], early, A),
    "month or day first": (text("date,a,b", formatted(early, "%m/%d/%Y")), [{"date_format": "%m/%d/%Y"}], early, A),
    "months": (text("date,a,b", formatted(MONTHS, "%m/%d/%Y")), [{"date_format": "%m/%d/%Y"}], MONTHS, A),
    "lakhs or decimals": (text("year;a;b", years, ["12,34,567", *["2,50,000"] * 5], C), [{"thousands": ","}], YEARS, [1234567, *[250000] * 5], C),
    "years of two digits": (text("date,a,b", formatted(DAYS, "%d.%m.%y")), [{"date_format": "%d.%m.%y"}], DAYS, A),
    "a far code": (text("date,a,b", ISO, a=[-999 if v is None else v for v in A]), [{"missing": ["-999"]}], DAYS, A),
    "a code that is a reading": (text("date,a,b", ISO, a=[-999 if v is None else v for v in A]), [{"keep": [-999.0]}], DAYS, [-999 if v is None else v for v in A]),
    "a code with decimals": (text("date,a,b", ISO, a=[9999.9 if v is None else v for v in A]), [{"missing": ["9999.9"]}], DAYS, A),
    "a word": (text("date,a,b", ISO, a=["?" if v is None else v for v in A]), [{"missing": ["?"]}], DAYS, A),
    "a word and a code": (text("date,a,b", ISO, a=["?" if v is None else v for v in A], b=[*B[:5], -999]), [{"missing": ["?"]}, {"missing": ["?", "-999"]}], DAYS, A, [*B[:5], None]),
    "titles": ("Gauges\nof the office\n" + text("date,a,b", ISO), [{"skip": [1, 2]}], DAYS, A),
    "units below the names": (text("date,a,b", ISO).replace("\n", "\n-,m,kg\n", 1), [{"skip": [2]}], DAYS, A),
    "a footer": (text("date,a,b", ISO) + "Source: the office\n", [{"skip": [8]}], DAYS, A),
    "no names": (text("date,a,b", ISO).split("\n", 1)[1], [{"names": ["column 1", "column 2", "column 3"]}], DAYS, A),
    "serial days of Excel": (text("date,a,b", [43535 + k for k in range(6)]), [{"x": "date", "date_format": "excel"}], DAYS, A),
    "seconds since 1970": (text("time,a,b", [1552338000 + 3600 * k for k in range(6)]), [{"x": "time", "date_format": "s"}], HOURS, A),
    "days and hours": (text("date,hour,a,b", formatted(HOURS, "%Y-%m-%d,%-H")), [{"x": ["date", "hour"]}, {"x": ["date", "hour"], "date_format": "%Y-%m-%d %H"}], HOURS, A),
    "a profile": (text("date,depth,a,b", [f"2019-03-{11 + k // 3},{k % 3}" for k in range(6)]), [{"x": ["date", "depth"]}], [[k // 3, k % 3] for k in range(6)], A),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASKED)
def test_what_is_not_plain_is_asked_and_the_answer_is_right(kind, tmp_path):
    content, answers, x, *values = ASKED[kind]
    (tmp_path / "t.csv").write_text(content)
    told = {}
    for answer in answers:
        with pytest.raises(TableError, match=r"^\w+: .*; pass ") as caught:
            read_table(tmp_path / "t.csv", **told)
        assert answer in caught.value.ways, caught.value
        told |= answer
    table = read_table(tmp_path / "t.csv", **told)
    check(replace(table, tasks=("a", "b")) if "names" in told else table, x, *values)


MEND = {  # what has to be mended: the file, and the place that is named
    "a limit": (text("date,a,b", ISO, a=["<0.5" if v is None else v for v in A]), "'a', line 4: '<0.5' is no number"),
    "units in cells": (text("date,a,b", ISO, a=[f"{v} mm" for v in A]), "column 'a', line 2: '1.25 mm' is no number"),
    "a mark inside a cell": (text("date,a,b", ISO).replace("2.5", "2,5", 1), "line 3: has not 3 fields"),
    "an input that is missing": (text("date,a,b", [*ISO[:4], "", ""]), "column 'date', line 6: no input stands here"),
    "infinite": (text("date,a,b", ISO, a=["1e999", *A[1:]]), "column 'a', line 2: is infinite"),
    "two names alike": (text("date,a,a", ISO), "names: two columns are named 'a'"),
    "two marks of decimals": (text("date;a;b", ISO, a=["1,25", *A[1:]]), "'1,25' and '2.5' have two marks of decimals"),
    "one column": ("a\n1\n2\n", "path: t.csv has one column"),
    "names alone": ("a,b\n", "path: t.csv has no rows"),
    "days that a spreadsheet exchanged": ("date,a\n3/11/2021,1\n3/12/2021,2\n13/3/2021,3\n14/3/2021,4\n", "'3/11/2021' has day and month exchanged"),
    "hours and minutes as one number": ("TIME,a\n0,1\n30,2\n100,3\n130,2\n200,4\n", "x: is not given"),
    "two marks that may both group": ("date;a;b\n2020-01-01;17.400;4,860\n2020-01-02;16.900;4,790\n", "'4,860' and '17.400' may both have decimals"),
    "text alone": ("date,a\n2019-01-01,x\n2019-01-02,y\n", "tasks: no column of numbers"),
    "days of no year": (text("date,a,b", formatted(DAYS, "%-d %b")), "x: is not given"),
    "fiscal years": (text("year,a,b", [f"{y}-{y - 1999:02}" for y in years]), "'2001-02' may be a month, or a year to the next; write months"),
    "half-years": (text("TIME,a,b", [f"{2001 + k // 2}-S{1 + k % 2}" for k in range(6)]), "x: is not given"),
    "days by name, in German": (text("date,a,b", [f"{d}. Mai 2019" for d in range(1, 7)]), "x: is not given"),
    "series stacked by two columns": ("date,site,what,v\n" + "".join(f"{d:%F},{s},{w},{d.day}\n" for d in DAYS for s in "pq" for w in "tu"), "rows of 2 series may stand below each other, by 'site'"),
    "two dates": (text("start,end,a,b", [f"{d:%F},{d + pd.Timedelta('1D'):%F}" for d in DAYS]), "it may be start, end"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MEND)
def test_what_cannot_be_read_is_refused_by_its_place(kind, tmp_path):
    content, said = MEND[kind]
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(TableError, match=re.escape(said)) as caught:
        read_table(tmp_path / "t.csv")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


BROKEN = {
    "x": [{"x": "depth"}, {"x": []}],
    "tasks": [{"tasks": ["z"]}],
    "series": [{"series": "who"}],
    "sd": [{"sd": {"z": "b"}}, {"sd": ["b"]}, {"sd": 0.5}],
    "units": [{"units": {"z": "m"}}],
    "date_format": [{"x": "date", "date_format": "ISO"}, {"x": "date", "date_format": "%Q"}],
    "missing": [{"missing": "-999"}, {"missing": 3}],
    "keep": [{"keep": 3}],
    "encoding": [{"encoding": "klingon"}],
    "separator": [{"separator": ";;"}, {"separator": ""}],
    "decimal": [{"decimal": "x"}],
    "without": [{"without": ["z"]}],
    "skip": [{"skip": "1-3"}, {"skip": [0]}, {"skip": 1.5}, {"skip": -1}],
    "calendar": [{"calendar": "days"}],
    "path": [{"path": 3}, {"path": "/"}, {"path": "nothing.csv"}],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_argument_is_named_first(name, tmp_path):
    (tmp_path / "t.csv").write_text(text("date,who,a,b", [f"{d},p" for d in ISO]))
    for options in BROKEN[name]:
        with pytest.raises(ValueError, match=f"^{name}[:,]"):
            read_table(**{"path": tmp_path / "t.csv"} | options)


def test_each_argument_reads_what_it_says(tmp_path):
    """Another column, order or word would give other numbers."""
    rows = {"k": "3 4 5 6", "u": "1 2 4 8", "v": "5 7 6 9", "w": "0.1 0.2 0.3 0.5", "who": "p q p q"}
    wide = {name: cells.split() for name, cells in rows.items()}
    pd.DataFrame(wide).to_csv(tmp_path / "t.csv", index=False)

    def read(**options):
        return read_table(tmp_path / "t.csv", **options)

    assert read(x="u", without=["who"]).x[:, 0].tolist() == [1, 2, 4, 8]
    assert read(x=["v", "k"], tasks="u").x_names == ("v", "k")
    table = read(x="k", tasks=["v", "u"], sd={"u": "w"}, units={"u": "m"})
    assert table.tasks == ("v", "u") and table.y.T.tolist() == [[5, 7, 6, 9], [1, 2, 4, 8]] and table.units == ("", "m")
    assert table.sd[:, 1].tolist() == [0.1, 0.2, 0.3, 0.5] and bool(table.sd[:, 0].isnan().all())
    assert read(x="k", tasks=["u", "v"], missing=["7"]).observed.tolist()[1] == [True, False]
    table = read(x="k", series="who", value="v", sd="w")
    assert table.tasks == ("p", "q") and table.y[0, 0] == 5 and table.y[1, 1] == 7 and table.sd[3, 1] == 0.5
    assert read(x="k", series="who", value="v", tasks=["q"]).y.tolist() == [[7], [9]]
    given = TaskData.from_frame(pd.DataFrame({"a": [1.0, 3, 2]}, MONTHS[:3])).calendar
    (tmp_path / "d.csv").write_text(text("date,a,b", ISO))
    assert read_table(tmp_path / "d.csv", calendar=given).calendar == given


def test_what_tells_nothing_is_left_out_and_said(tmp_path):
    frame = pd.DataFrame({"date": ISO * 4, "a": np.arange(24) ** 2 % 17, "by": "Kim"})
    frame["date"] = pd.date_range("2019-03-11", periods=24).astype(str)
    frame = frame.assign(
        copy=frame["a"], one=7, none=np.nan, qc_flag=[0, 1, 2] * 8, day=range(24), a_se=0.5, no=range(24)
    )
    frame["day"] = pd.to_datetime(frame["date"]).dt.day
    frame["a_se"] = np.linspace(0.1, 0.3, 24).round(3)
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_table(tmp_path / "t.csv")
    assert table.tasks == ("a",)
    told = {note.split(": ")[0]: note for note in table.notes if note.endswith("left out")}
    assert {*told} == {"by", "copy", "one", "none", "qc_flag", "day", "a_se", "no"}
    assert "flag" in told["qc_flag"] and "equals 'a'" in told["copy"] and "sd={'a': 'a_se'}" in told["a_se"]
    assert read_table(tmp_path / "t.csv", tasks=["qc_flag", "a"]).tasks == ("qc_flag", "a")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding, tmp_path):
    (tmp_path / "t.csv").write_bytes(text("Jahr;Höhe (m);b", years, decimal=",").encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert table.tasks == ("Höhe", "b") and table.units[0] == "m" and table.y[1, 0] == 2.5
    assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")


def test_workbooks(tmp_path):
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame({"date": DAYS, "a": A, "b": B})
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        frame.to_excel(book, sheet_name="x", index=False)
    check(read_table(tmp_path / "t.xlsx"), DAYS)
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        frame.assign(a=B).to_excel(book, sheet_name="p", index=False)
        frame.to_excel(book, sheet_name="q", index=False)
    with pytest.raises(TableError, match="sheet: t.xlsx has 2 sheets; pass sheet='p' or sheet='q'"):
        read_table(tmp_path / "t.xlsx")
    check(read_table(tmp_path / "t.xlsx", sheet="q"), DAYS)
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    with pytest.raises(TableError, match="path: t.xlsx unpacks to 0.06 GB"):
        read_table(tmp_path / "t.xlsx")
    frame.astype({"a": object}).assign(a=[1.5, 2.5, "=1+1", 3.0, 4.5, 1.0]).to_excel(tmp_path / "t.xlsx", index=False)
    table = read_table(tmp_path / "t.xlsx")
    assert not table.observed[2, 0] and any(note.startswith("cells: formulas whose values") for note in table.notes)


def test_units_and_clocks_that_go_back(tmp_path):
    (tmp_path / "t.csv").write_text(text("time,a (LGR S/N: 1),b (m)", formatted(HOURS, "%Y-%m-%d %H:%M")))
    table = read_table(tmp_path / "t.csv")
    assert (table.tasks, table.units) == (("a", "b"), ("", "m")) and "clocks" not in " ".join(table.notes)
    night = ["2019-10-27 01:00", "2019-10-27 02:00", "2019-10-27 02:00", "2019-10-27 03:00"]
    (tmp_path / "t.csv").write_text(
        text(
            "time,a,b",
            [*formatted(HOURS + pd.Timedelta("200D"), "%Y-%m-%d %H:%M"), *night],
            a=range(10),
            b=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3],
        )
    )
    table = read_table(tmp_path / "t.csv")
    assert len(table.x) == 10 and "time: 1 row at a time that stood before, as where clocks go back" in table.notes


FRAMES = {  # frames, and their inputs
    "an index of dates": (pd.DataFrame({"a": A, "b": B}, DAYS), DAYS),
    "an index of periods": (pd.DataFrame({"a": A, "b": B}, pd.period_range("2019-11", periods=6, freq="M")), MONTHS),
    "an index of numbers": (pd.DataFrame({"a": A, "b": B}, [1950, 1951, 1953, 1954, 1955, 1956]), [1950, 1951, 1953, 1954, 1955, 1956]),
    "an index of text that is dates": (pd.DataFrame({"a": A, "b": B}, ISO), DAYS),
    "a map in the index": (pd.DataFrame({"a": A, "b": B}, pd.MultiIndex.from_arrays([range(6), YEARS], names=["p", "q"])), [[k, YEARS[k]] for k in range(6)]),
    "rows that were dropped": (pd.DataFrame({"date": DAYS, "a": A, "b": B}, [0, 2, 3, 5, 8, 9]), DAYS),
    "names of rows": (pd.DataFrame({"year": YEARS, "a": A, "b": B}, list("pqrstu")), YEARS),
    "text and classes beside": (pd.DataFrame({"date": DAYS, "a": A, "by": list("xyzxyz"), "b": B, "c": pd.Categorical(list("xyzxyz"))}), DAYS),
    "nullable": (pd.DataFrame({"date": DAYS, "a": pd.array(A, "Float64"), "b": pd.array([10, 12, 11, 9, 14, 13], "Int64")}), DAYS),
    "a zone": (pd.DataFrame({"a": A, "b": B}, DAYS.tz_localize("Europe/Berlin")), DAYS),
}  # fmt: skip


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_and_their_indexes(kind):
    frame, x = FRAMES[kind]
    table = TaskData.from_frame(frame)
    check(table, x, A, [10, 12, 11, 9, 14, 13] if kind == "nullable" else B)
    if kind != "an index of periods" and not isinstance(frame.index, pd.RangeIndex):
        assert table.to_frame().index.equals(frame.index)
    assert read_table(frame).tasks == table.tasks


def test_a_frame_is_asked_as_a_file_is():
    for wrong, said in ((-999.0, "^missing: 'a' holds -999"), ("<0.5", "^without: column 'a', row 2: '<0.5'")):
        a = [wrong if v is None else v for v in A]
        with pytest.raises(TableError, match=said):
            TaskData.from_frame(pd.DataFrame({"date": DAYS, "a": a, "b": B}))
    with pytest.raises(TableError, match="^x: is not given"):
        TaskData.from_frame(pd.DataFrame({"a": A, "b": B}))
    with pytest.raises(ValueError, match="^frame: is a list"):
        TaskData.from_frame([1])
