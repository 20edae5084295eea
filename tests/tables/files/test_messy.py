"""Files as people send them: each is read rightly, values checked, or refused in one sentence that says where.

`python tests/tables/files/test_messy.py` prints the list as a Markdown table.
"""

import math
import time

import numpy as np
import pandas as pd
import pytest

from mtgp_tutorial.tables import TableError, read_table
from mtgp_tutorial.tables.files.numbers import codes_in

NAN = math.nan
AB = {"a": [1.5, 2.5, 3.5], "b": [10.0, 20.0, 40.0]}
X = [1.0, 2.0, 3.0]
PLAIN = "x,a,b\n1,1.5,10\n2,2.5,20\n3,3.5,40\n"
LONG = "t,who,v,w\n1,a,1.5,2\n1,b,2.5,1\n2,a,3.5,4\n2,b,1.5,3\n"
WEEK = [0.0, 7.0, 14.0]


def with_x(first, second, third, name="date"):
    """The plain table with other inputs."""
    return f"{name},a,b\n{first},1.5,10\n{second},2.5,20\n{third},3.5,40\n"


def said(text, x=X, y=AB, note="", units=None, **call):
    """A file that is read: bytes or text, its inputs, its tasks, a word of its notes, its units, arguments."""
    return text, call, (x, y, note, units)


def refused(text, sentence, **call):
    return text, call, sentence


CASES = {
    # encodings and line ends
    "UTF-8": said(PLAIN),
    "UTF-8 with a byte-order mark": said(PLAIN.encode("utf-8-sig")),
    "UTF-16": said(PLAIN.encode("utf-16"), note="encoding: UTF-16"),
    "UTF-16, big-endian": said(b"\xfe\xff" + PLAIN.encode("utf-16-be"), note="encoding: UTF-16"),
    "Windows-1252": said("x,Höhe,b\n1,1.5,10\n2,2.5,20\n3,3.5,40\n".encode("cp1252"), y={"Höhe": AB["a"], "b": AB["b"]}, note="Windows-1252"),
    "lines of Windows": said(PLAIN.replace("\n", "\r\n")),
    "lines of old Macs": said(PLAIN.replace("\n", "\r")),
    "no end of the last line": said(PLAIN.rstrip("\n")),
    # separators and layout
    "semicolons": said(PLAIN.replace(",", ";"), note="split by semicolons"),
    "tabs": said(PLAIN.replace(",", "\t"), note="split by tabs"),
    "bars": said(PLAIN.replace(",", "|"), note="split by bars"),
    "spaces": said("x   a   b\n1   1.5  10\n2   2.5  20\n 3  3.5  40\n", note="split by spaces"),
    "spaces after commas": said(PLAIN.replace(",", ",  ")),
    "Excel's line sep=;": said("sep=;\n" + PLAIN.replace(",", ";")),
    "everything in quotes": said("\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in PLAIN.split("\n")[:-1])),
    "a comma in a quoted name": said(PLAIN.replace("x,a", 'x,"a, upper"'), y={"a, upper": AB["a"], "b": AB["b"]}),
    "a quoted cell of two lines": said('x,a,b,note\n1,1.5,10,"one\ntwo"\n2,2.5,20,three\n3,3.5,40,three\n', note="note: text; left out"),
    "comment lines": said("# made by a logger\n" + PLAIN + "# the end\n", note="comments: 2 lines"),
    "a header that is a comment": said("# station 4\n#" + PLAIN, note="header: the last line that begins with #"),
    "separators at the ends": said(PLAIN.replace("\n", ",\n"), note="separator at the end"),
    "separators at the ends of rows": said("x,a,b\n1,1.5,10,\n2,2.5,20,\n3,3.5,40,\n", note="separator at the end"),
    "blank lines": said(PLAIN.replace("\n", "\n\n")),
    "empty rows below": said(PLAIN + ",,\n,,\n", note="2 lines without any entry"),
    "columns without a name": said(PLAIN.replace("x,a", ",a"), note="input: column 1"),
    "columns in another order": said("b,x,a\n10,1,1.5\n20,2,2.5\n40,3,3.5\n", y={"b": AB["b"], "a": AB["a"]}),
    "rows in another order": said("x,a,b\n3,3.5,40\n1,1.5,10\n2,2.5,20\n", [3.0, 1.0, 2.0], {k: [v[2], v[0], v[1]] for k, v in AB.items()}),
    # numbers
    "decimal commas": said(PLAIN.replace(",", ";").replace(".", ","), note="decimal comma"),
    "decimal commas between tabs": said(PLAIN.replace(",", "\t").replace(".", ","), note="decimal comma"),
    "decimal commas in quotes": said('x,a,b\n1,"1,5",10\n2,"2,5",20\n3,"3,5",40\n', note="decimal comma"),
    "decimal commas and points for thousands": said("x;a;b\n1;1.001,5;10\n2;2.000,5;20\n3;3.000,5;40\n", y={"a": [1001.5, 2000.5, 3000.5], "b": AB["b"]}, note="decimal comma"),
    "commas for thousands": said('x,a,b\n1,"1,001.5",10\n2,"2,000.5",20\n3,900.5,40\n', y={"a": [1001.5, 2000.5, 900.5], "b": AB["b"]}, note="group thousands"),
    "commas for thousands, no decimals": said('x,a,b\n1,"1,001",10\n2,"2,000",20\n3,900,40\n', y={"a": [1001.0, 2000.0, 900.0], "b": AB["b"]}, note="1,001 is 1001"),
    "three decimals after a comma": said("x;a;b\n1;1,001;10\n2;2,000;20\n3;0,900;40\n", y={"a": [1.001, 2.0, 0.9], "b": AB["b"]}, note="decimal comma"),
    "spaces for thousands": said("x;a;b\n1;1 001,5;10\n2;2\xa0000,5;20\n3;900,5;40\n", y={"a": [1001.5, 2000.5, 900.5], "b": AB["b"]}),
    "apostrophes for thousands": said("x;a;b\n1;1'001.5;10\n2;2'000.5;20\n3;900.5;40\n", y={"a": [1001.5, 2000.5, 900.5], "b": AB["b"]}),
    "exponents, signs, bare points": said("x,a,b\n1,1.5e0,+10\n2,25e-1,2E1\n3,3.50,40.\n"),
    "a minus of typographers": said("x,a,b\n1,−1.5,10\n2,2.5,20\n3,3.5,40\n", y={"a": [-1.5, 2.5, 3.5], "b": AB["b"]}),
    "percent": said("x,a,b\n1,1.5%,10\n2,2.5 %,20\n3,3.5%,40\n", units=("%", "")),
    "a currency": said("x,a,b\n1,$1.5,10\n2,$2.5,20\n3,$3.5,40\n", units=("$", "")),
    "units in headers": said(PLAIN.replace("a,b", "a (m),b [°C]"), units=("m", "°C")),
    "two units of one name": said(PLAIN.replace("a,b", "a (m),a (ft)"), y={"a (m)": AB["a"], "a (ft)": AB["b"]}, units=("m", "ft")),
    "marks that nothing tells": refused("x\ta\tb\n1\t1,001\t10\n2\t2,002\t20\n", "column 'a', line 2: '1,001' may have a decimal comma or group thousands"),
    "a comma without quotes": refused("x,a,b\n1,1,5,10\n2,2.5,20\n3,3.5,40\n4,4.5,40\n5,5,5\n", "line 2: has 4 fields, the header 3"),
    "percent here and there": refused("x,a,b\n1,1.5%,10\n2,2.5,20\n3,3.5%,40\n", "column 'a', line 3: '2.5' and '1.5%' have different signs"),
    "an infinite value": refused(PLAIN.replace("2.5", "inf"), "column 'a', line 3: 'inf' is infinite"),
    "a number too large": refused(PLAIN.replace("2.5", "1e400"), "column 'a', line 3: '1e400' is infinite"),
    "a word among numbers": refused(PLAIN.replace("2.5", "about 2"), "column 'a', line 3: 'about 2' is not a number, and 2 others are; mend it"),
    "a word below comments": refused("# one\n\n" + PLAIN.replace("2.5", "about 2"), "column 'a', line 5: 'about 2' is not a number"),
    "two points in a number": refused(PLAIN.replace("2.5", "2.5.1"), "column 'a', line 3: '2.5.1' is not a number"),
    "less than a detection limit": refused(PLAIN.replace("2.5", "<0.1"), "column 'a', line 3: '<0.1' is not a number"),
    # missing cells
    "holes": said(PLAIN.replace("2.5", "").replace("40", "NA"), y={"a": [1.5, NAN, 3.5], "b": [10.0, 20.0, NAN]}),
    "every standard word": said("x,a,b\n1,1.5,nan\n2,N/A,NULL\n3,None,40\n4,3,5\n", [1.0, 2.0, 3.0, 4.0], {"a": [1.5, NAN, NAN, 3.0], "b": [NAN, NAN, 40.0, 5.0]}),
    "a row to be filled": said(PLAIN + "4,,\n", [1.0, 2.0, 3.0, 4.0], {k: [*v, NAN] for k, v in AB.items()}),
    "-999 not named": said("x,a,b\n1,1.5,10\n2,2.5,20\n3,-999,40\n4,2,30\n", [1.0, 2.0, 3.0, 4.0], {"a": [1.5, 2.5, -999.0, 2.0], "b": [10.0, 20.0, 40.0, 30.0]}, note="missing=['-999'] reads it as missing"),
    "-999 named": said("x,a,b\n1,1.5,10\n2,2.5,20\n3,-999.0,40\n", y={"a": [1.5, 2.5, NAN], "b": AB["b"]}, missing=[-999]),
    "a question mark named": said(PLAIN.replace("2.5", "?"), y={"a": [1.5, NAN, 3.5], "b": AB["b"]}, missing=["?"]),
    "a question mark not named": refused(PLAIN.replace("2.5", "?"), "pass missing=['?'] if it stands for a missing value"),
    "no value at all": refused("x,a,b\n1,,\n2,,NA\n3,,\n", "no column of numbers is left beside the input"),
    "an input that is missing": refused("x,a,b\n1,1.5,10\n,2.5,20\n3,3.5,40\n", "column 'x', line 3: is missing, 1 in all"),
    # columns
    "one task": said("x,a\n1,1.5\n2,2.5\n3,3.5\n", y={"a": AB["a"]}),
    "one row": said("x,a,b\n1,1.5,10\n", [1.0], {"a": [1.5], "b": [10.0]}),
    "200 columns": said("x," + ",".join(f"s{k}" for k in range(200)) + "".join(f"\n{i}," + ",".join(str(i * k + 0.5 * i * i) for k in range(200)) for i in (1, 2, 3)), y={f"s{k}": [i * k + 0.5 * i * i for i in (1, 2, 3)] for k in range(200)}),
    "a constant": said("x,a,b,c\n1,1.5,10,7\n2,2.5,20,7\n3,3.5,40,7\n", note="c: always 7; left out"),
    "an empty column": said("x,a,b,c\n1,1.5,10,\n2,2.5,20,\n3,3.5,40,\n", note="c: no value; left out"),
    "a copy": said("x,a,b,c\n1,1.5,10,1.50\n2,2.5,20,2.5\n3,3.5,40,3.5\n", note="c: equals 'a' wherever both have a value; left out"),
    "a copy of the input": said("x,a,b,c\n1,1.5,10,1\n2,2.5,20,2\n3,3.5,40,3\n", note="c: equals 'x'"),
    "a constant that was asked for": said("x,a,b\n1,1.5,7\n2,2.5,7\n3,3.5,7\n", y={"a": AB["a"], "b": [7.0] * 3}, tasks=["a", "b"]),
    "text that repeats": said("x,who,a,b\n1,Kim,1.5,10\n2,Kim,2.5,20\n3,Ole,3.5,40\n", note="who: text; left out"),
    "names of the rows": said("x,well,a,b\n1,n1,1.5,10\n2,n2,2.5,20\n3,n3,3.5,40\n", note="well: names of the rows"),
    "true or false": said("x,a,b,ok\n1,1.5,10,True\n2,2.5,20,False\n3,3.5,40,True\n", note="ok: text; left out"),
    "names that are code": said(PLAIN.replace("a,b", "<script>,=cmd()"), y={"<script>": AB["a"], "=cmd()": AB["b"]}),
    "names of emoji": said(PLAIN.replace("a,b", "🌊,🌡️"), y={"🌊": AB["a"], "🌡️": AB["b"]}),
    "a column left out": said("x,a,b,c\n1,1.5,10,3\n2,2.5,20,about\n3,3.5,40,1\n", without=["c"]),
    "errors beside, not named": said("x,a,a_se,b\n1,1.5,.1,10\n2,2.5,.2,20\n3,3.5,.1,40\n", note="a_se: looks like standard errors of a; left out"),
    "two equal names": refused(PLAIN.replace("a,b", "a,a"), "has two columns named 'a'; rename one"),
    "a misspelt task": refused(PLAIN, "tasks: 'c' is no column; pass one of 'x', 'a', 'b'", tasks=["a", "c"]),
    "no header": refused("1,1.5,10\n2,2.5,20\n", "has no header"),
    "no header, dates": refused("2019-01-07,1.5,10\n2019-01-14,2.5,20\n", "has no header"),
    "a row of units": refused("x,a,b\n-,m,m\n1,1.5,10\n2,2.5,20\n3,3.5,40\n", "table.csv: line 2 looks like units (m, m); pass skip=\"2\""),
    "a row of units, named": said("x,a,b\n-,m,m\n1,1.5,10\n2,2.5,20\n3,3.5,40\n", skip="2"),
    "units below dates": refused("date,a,b\nyyyy-mm-dd,m,kg\n2019-01-07,1.5,10\n2019-01-08,2.5,20\n", "line 2 looks like units (yyyy-mm-dd, m, kg); pass skip=\"2\""),
    "a title of as many fields": refused("Gauges,,\nmade 2019,,\n" + PLAIN, 'names seem to be in line 3; pass skip="1-2"'),
    "a title with a comma": refused("Gauges, valley\n" + PLAIN, 'names seem to be in line 2; pass skip="1"'),
    "a title with spaces in a file of spaces": refused("Gauges of the valley\nx a b\n1 1.5 10\n2 2.5 20\n", 'names seem to be in line 2; pass skip="1"'),
    "titles that are left out": said("Gauges, valley\n\nof 2019\n" + PLAIN, note="lines: 1, 2, 3 left out", skip="1-3"),
    "units below a title": refused("Gauges\n" + "x,a,b\n-,m,m\n1,1.5,10\n2,2.5,20\n3,3.5,40\n", 'line 3 looks like units (m, m); pass skip="1,3"', skip="1"),
    "a source that is left out": said(PLAIN + "Source: the office\n", skip=[5]),
    "lines that are none": refused(PLAIN, "skip: is '2-1'; pass numbers of lines, as '2' or '1-3,8'", skip="2-1"),
    "all lines left out": refused(PLAIN, "no line is left; pass fewer of them as skip=", skip="1-9"),
    "a title above": refused("Gauges of the valley\n" + PLAIN, 'names seem to be in line 2; pass skip="1"'),
    "a source below": refused(PLAIN * 1 + "4,1,2\n5,1,3\n6,2,1\nSource: the office\n", "line 8: has 1 field, the header 3; mend that line (a separator inside a cell?), or leave it out: skip=\"8\""),
    "a name for x that is not there": refused(PLAIN, "x: 'z' is no column; pass one of 'x', 'a', 'b'", x="z"),
    "zero or negative errors": refused("x,a,e,b\n1,1.5,0,10\n2,2.5,.2,20\n3,3.5,.1,40\n", "column 'e', line 2: is 0, 1 such in all", sd={"a": "e"}),
    # inputs
    "ISO dates": said(with_x("2019-01-07", "2019-01-14", "2019-01-21"), WEEK, note="days since 2019-01-07"),
    "day first": said(with_x("07.01.2019", "14.01.2019", "21.01.2019"), WEEK, note="07.01.2019 is 7 January 2019"),
    "month first": said(with_x("1/7/2019", "1/14/2019", "1/21/2019"), WEEK, note="1/7/2019 is 7 January 2019"),
    "the order told by the rows": said(with_x("01.02.2019", "08.02.2019", "01.03.2019"), [0.0, 7.0, 28.0], note="only so the rows are in order"),
    "the order asked for": said(with_x("05.02.2019", "03.02.2019", "04.02.2019"), [2.0, 0.0, 1.0], dates="day-first"),
    "an order that is not told": refused(with_x("05.02.2019", "03.02.2019", "04.02.2019"), 'pass dates="day-first" or dates="month-first"'),
    "an order that does not fit": refused(with_x("07.01.2019", "14.01.2019", "21.01.2019"), "line 3: '14.01.2019' is not a date if read month-first", dates="month-first"),
    "one date written otherwise": refused(with_x("2019-01-07", "14 Jan", "2019-01-21"), "column 'date', line 3: '14 Jan' is not written like the other dates"),
    "a date that is none": refused(with_x("2019-02-28", "2019-02-30", "2019-03-01"), "line 3: '2019-02-30' is not a date"),
    "years of two digits": refused(with_x("07.01.19", "14.01.19", "21.01.19"), "line 2: '07.01.19' has a year of two digits"),
    "times of the day": said(with_x("2019-01-07 10:00", "2019-01-07 11:00", "2019-01-07T13:00:00"), [10.0, 11.0, 13.0], note="hours since 2019-01-07"),
    "morning and afternoon": said(with_x("1/17/2019 12:00 AM", "1/17/2019 12:00 PM", "1/17/2019 1:00 PM"), [0.0, 12.0, 13.0], note="hours"),
    "times with a zone": said(with_x("2019-01-07T10:00Z", "2019-01-07T12:00+01:00", "2019-01-07T13:00Z"), [10.0, 11.0, 13.0], note="zone UTC"),
    "quarters": said(with_x("2019Q1", "2019Q2", "2019Q4"), [2019.0, 2019.25, 2019.75], note="quarters"),
    "ISO weeks": said(with_x("2019-W02", "2019-W03", "2019-W04"), WEEK, note="stands at its Monday"),
    "months": said(with_x("2019-01", "2019-02", "2019-04"), [2019.0, 2019 + 1 / 12, 2019.25]),
    "months by name": said(with_x("Jan 2019", "February 2019", "Apr 2019"), [2019.0, 2019 + 1 / 12, 2019.25]),
    "eight digits": said(with_x("20190107", "20190114", "20190121"), WEEK, note="20190107 is 7 January 2019"),
    "year and quarter": said("year,quarter,a,b\n2019,1,1.5,10\n2019,2,2.5,20\n2019,4,3.5,40\n", [2019.0, 2019.25, 2019.75], note="year with quarter"),
    "numbers with half a year": said(with_x("1959.5", "1960.5", "1962.5", "year"), [1959.5, 1960.5, 1962.5], note="input: year"),
    "numbers that look like months": said(with_x("1000.1", "1000.2", "1001.1", "depth"), [1000.1, 1000.2, 1001.1]),
    "pandas' counts of 12,000 rows": said("t,a,b\n" + "".join(f"{k}.0,{k * k % 7}.5,{k % 5}\n" for k in range(12_000)), [float(k) for k in range(12_000)], {"a": [k * k % 7 + 0.5 for k in range(12_000)], "b": [float(k % 5) for k in range(12_000)]}),
    "points in dates": said(with_x("2019.01.07", "2019.01.14", "2019.01.21"), WEEK, note="days since 2019-01-07"),
    "months with a point": refused(with_x("2018.11", "2018.12", "2019.01"), "column 'date': '2018.11' may be a month, or a number with decimals; write months as 2019-01"),
    "months in six digits": said(with_x("200111", "200112", "200201", "month"), [2001 + 10 / 12, 2001 + 11 / 12, 2002.0], note="200111 is 1 November 2001"),
    "quarters in six digits": said(with_x("200109", "200112", "200203", "month"), [2001 + 8 / 12, 2001 + 11 / 12, 2002 + 2 / 12], note="six digits"),
    "days in six digits": refused(with_x("800130", "800131", "800201"), "column 'date': '800130' looks like a date with a year of two digits"),
    "months or days in six digits": refused(with_x("200105", "200212", "200307"), "column 'date': '200105' may be a month or a day, in six digits"),
    "numbers of six digits": said(with_x("200001", "200002", "200003", "t"), [200001.0, 200002.0, 200003.0]),
    "six digits with a season": said(with_x("200104", "200204", "200304", "t"), [200104.0, 200204.0, 200304.0]),
    "row numbers of R": said('"","year","a","b"\n"1",2001,1.5,10\n"2",2002,2.5,20\n"3",2003,3.5,40\n', [2001.0, 2002.0, 2003.0], note="column 1: counts the rows; left out"),
    "row numbers of pandas, and its index": said(",index,a,b\n0,2019-01-07,1.5,10\n1,2019-01-14,2.5,20\n2,2019-01-21,3.5,40\n", WEEK, note="column 1: counts the rows; left out"),
    "row numbers that were asked for": said(",year,a,b\n1,2001,1.5,10\n2,2002,2.5,20\n3,2003,3.5,40\n", [2001.0, 2002.0, 2003.0], {"column 1": X, "b": AB["b"]}, tasks=["column 1", "b"]),
    "row numbers as the input": said(PLAIN.replace("x,a", ",a"), note="input: column 1", tasks=["a", "b"]),
    "a first column that does not count": said(",year,a\n1,2001,10\n3,2002,20\n3,2003,40\n", [2001.0, 2002.0, 2003.0], {"column 1": [1.0, 3.0, 3.0], "a": AB["b"]}),
    "points for thousands": refused("x;a;b\n1;980;12.345\n2;1.020;12.400\n3;995;10.000\n", "column 'a', line 3: '1.020' may have decimals or group thousands, and nothing in the file tells (995 stands"),
    "points for thousands beside dates": refused("date;a;b\n07.01.2019;980;2\n14.01.2019;1.020;4\n21.01.2019;995;1\n", "'1.020' may have decimals or group thousands"),
    "three decimals, and elsewhere two": said("x,a,b\n1,980,1.55\n2,1.020,2.5\n3,995,3\n", y={"a": [980.0, 1.02, 995.0], "b": [1.55, 2.5, 3.0]}),
    "three decimals alone": said("x,a,b\n1,1.500,10\n2,2.500,20\n3,3.500,40\n"),
    "years in quotes": said(with_x('"2019"', '"2020"', '"2022"', "year"), [2019.0, 2020.0, 2022.0]),
    "years with a word": refused(with_x("2019", "2020", "in 2021", "year"), "column 'year', line 4: 'in 2021' is not a number"),
    "a date twice": said(with_x("2019-01-07", "2019-01-07", "2019-01-08"), [0.0, 0.0, 1.0], note="1 row at an input that another has too"),
    "a line pasted twice": said(PLAIN + "3,3.5,40\n", note="1 repeated line left out"),
    "months by name, years of two digits": refused(with_x("Jan-10", "Feb-10", "Apr-10", "month"), "column 'month', line 2: 'Jan-10' has a year of two digits; pass dates=\"two-digit\" (two-digit means 1950 to 2049; for"),
    "such months, settled": said(with_x("Jan-10", "Feb-10", "Apr-10", "Monat"), [2010.0, 2010 + 1 / 12, 2010.25], note="Jan-10 is 1 January 2010", dates="two-digit"),
    "such months of another century": said(with_x("Jan-10", "Feb-10", "Apr-10", "month"), [1910.0, 1910 + 1 / 12, 1910.25], dates="1900"),
    "such words beside an input": said("x,batch,a,b\n1,Jan-10,1.5,10\n2,Jan-11,2.5,20\n3,Jan-12,3.5,40\n", note="batch: names of the rows"),
    "month and year": said(with_x("01/2001", "02/2001", "06/2001", "Monat"), [2001.0, 2001 + 1 / 12, 2001 + 5 / 12], note="month/year"),
    "months or quarters": refused(with_x("1/2001", "3/2001", "1/2002"), "line 2: dates such as '1/2001' may be months or quarters"),
    "name of the month, day, year": said(with_x("Jan-7-1995", "Jan-14-1995", "Jan-21-1995"), WEEK, note="Jan-7-1995 is 7 January 1995"),
    "fiscal years": said(with_x("FY1990/91", "FY1991/92", "FY1993/94", "year"), [1990.0, 1991.0, 1993.0], note="each stands at 1 January of the year that is named first"),
    "fiscal years with a hyphen": said(with_x("1920-21", "1921-22", "1923-24", "season"), [1920.0, 1921.0, 1923.0]),
    "fiscal years that may be months": said(with_x("1999-00", "2000-01", "2001-02", "season"), [1999.0, 2000.0, 2001.0]),
    "a fiscal year of two": refused(with_x("1920-21", "1921-23", "1922-23", "season"), "line 3: '1921-23' is not written like the other dates, '1920-21' for one; write all in one way"),
    "days without a year": refused(with_x("10-Jan", "11-Jan", "12-Jan"), "(line 2: '10-Jan'), and no other column looks like an input; write dates as 2019-01-07 or Jan 2019, or"),
    "days without a year, named": refused(with_x("10-Jan", "11-Jan", "12-Jan"), "line 2: '10-Jan' is neither a number nor a date; write dates as 2019-01-07 or Jan 2019", x="date"),
    "two ways to write, half and half": refused("when,a\n2019-01-07,1\n08.01.2019,2\n2019-01-09,3\n10.01.2019,5\n", "column 'when', line 3: '08.01.2019' is not written like the other dates, '2019-01-07' for one; write all in"),
    "years of two digits, settled": said(with_x("07.01.19", "14.01.19", "21.01.19"), WEEK, note="07.01.19 is 7 January 2019", dates="two-digit"),
    "years of two digits over a century": said(with_x("1/13/99", "1/13/00", "1/13/02"), [1999 + 12 / 31 / 12, 2000 + 12 / 31 / 12, 2002 + 12 / 31 / 12], dates="two-digit"),
    "neither order nor century": refused(with_x("03/04/20", "01/02/20", "05/03/20"), 'pass dates="day-first,two-digit" or dates="month-first,two-digit"'),
    "order and century asked for": said(with_x("05.02.19", "03.02.19", "04.02.19"), [2.0, 0.0, 1.0], note="05.02.19 is 5 February 1919", dates="day-first,1900"),
    "an order without its century": refused(with_x("05.02.19", "03.02.19", "04.02.19"), 'pass dates="day-first,two-digit" (', dates="day-first"),
    "dates beside a depth": refused("depth,sampled,a,b\n1,2019-01-07,1.5,10\n2,2019-01-14,2.5,20\n3,2019-01-15,3.5,40\n", "'sampled' and 'depth' may both be the input; pass x=\"sampled\" or x=\"depth\""),
    "a date and its time": said("Date,Time,a,b\n07.01.2019,0:00,1.5,10\n07.01.2019,9:30 AM,2.5,20\n13.01.2019,0:00,3.5,40\n", [0.0, 9.5 / 24, 6.0], note="input: Date with Time"),
    "a time that is none": refused("Date,Time,a\n2019-01-07,10:00,1\n2019-01-07,25:00,2\n2019-01-08,11:00,4\n", "line 3: '2019-01-07 25:00' is not a date"),
    "year, month and day": said("year,month,day,a,b\n2019,1,7,1.5,10\n2019,1,14,2.5,20\n2019,1,21,3.5,40\n", WEEK, note="input: year with month with day"),
    "a month with its day": refused("Month,Day,a\n5,1,3\n5,2,4\n6,1,2\n", "x: 'Month' with 'Day' is no place on a map, and no date without a year; put a column of years", x=["Month", "Day"]),
    "year and month by name": said("Year,Month,a,b\n2019,Jan,1.5,10\n2019,February,2.5,20\n2019,Apr,3.5,40\n", [2019.0, 2019 + 1 / 12, 2019.25], note="input: Year with Month"),
    "year and quarter by name": said("year,quarter,value\n2019,Q1,1.5\n2019,Q2,2.5\n2019,Q4,3.5\n", [2019.0, 2019.25, 2019.75], {"value": AB["a"]}),
    "months that name the series": said("year,month,a\n1,Jan,1.5\n2,Jan,2.5\n1,Feb,3.5\n2,Feb,4.5\n", [1.0, 2.0], {"Jan": [1.5, 2.5], "Feb": [3.5, 4.5]}, series="month", value="a"),
    "year and ISO week": said("year,week,a,b\n2020,53,1.5,10\n2021,1,2.5,20\n2021,2,3.5,40\n", WEEK, note="days since 2020-12-28"),
    "a week that is none": refused("year,week,a\n2021,52,1.5\n2021,53,2.5\n2022,1,3.5\n", "column 'week', line 3: 2021 has no week 53"),
    "year and day of the year": said("year,doy,a,b\n2019,7,1.5,10\n2019,14,2.5,20\n2019,21,3.5,40\n", WEEK, note="input: year with doy"),
    "a date and its hour": said("date,hour,a,b\n2019-01-07,1,1.5,10\n2019-01-07,4,2.5,20\n2019-01-07,24,3.5,40\n", [1.0, 4.0, 24.0], note="input: date with hour"),
    "year, month, day, hour": said("year,month,day,hour,a,b\n2019,1,7,1,1.5,10\n2019,1,7,4,2.5,20\n2019,1,8,0,3.5,40\n", [1.0, 4.0, 24.0], note="day with hour"),
    "hours that are none": said("date,hour,a,b\n2019-01-07,1,1.5,10\n2019-01-14,400,2.5,20\n2019-01-21,90,3.5,40\n", WEEK, {"hour": [1.0, 400.0, 90.0], **AB}),
    "parts of a date beside it": said("date,year,month,weekday,a,b\n2019-01-07,2019,1,0,1.5,10\n2019-01-15,2019,1,1,2.5,20\n2019-02-01,2019,2,4,3.5,40\n", [0.0, 8.0, 25.0], note="weekday: a part of 'date'; left out"),
    "ten digits": said(with_x("2019010701", "2019010704", "2019010800"), [1.0, 4.0, 24.0], note="2019010701 is 7 January 2019"),
    "twelve digits, or a T": said(with_x("20190107T0130", "201901070400", "20190108 00:30"), [1.5, 4.0, 24.5]),
    "digits in a first column of any name": said(with_x("20190107", "20190114", "20190121", "yyyymmdd"), WEEK, note="20190107 is 7 January 2019"),
    "months in a first column of any name": said(with_x("200111", "200112", "200201", "ym"), [2001 + 10 / 12, 2001 + 11 / 12, 2002.0], note="200111 is 1 November 2001"),
    "digits that are no first column": said("x,a,b\n1,20190107,10\n2,20190114,20\n3,20190121,40\n", y={"a": [20190107.0, 20190114.0, 20190121.0], "b": AB["b"]}),
    "row numbers in another order": said(",year,a,b\n9,2001,1.5,10\n3,2002,2.5,20\n20,2003,3.5,40\n", [2001.0, 2002.0, 2003.0], note="column 1: numbers the rows; left out"),
    "row numbers by name": said("Obs,a,b,YEAR\n1,1.5,10,2001\n2,2.5,20,2002\n3,3.5,40,2003\n", [2001.0, 2002.0, 2003.0], note="Obs: counts the rows; left out"),
    "a time that counts beside the year": said("TIME,a,b,YEAR\n1,1.5,10,2001\n2,2.5,20,2002\n3,3.5,40,2004\n", [2001.0, 2002.0, 2004.0], note="TIME: counts the rows; left out"),
    "row numbers without a name": refused("year,a\n1,2001,1.5\n2,2002,2.5\n", "the header has one name fewer than each line has fields; put ',' before the first name if"),
    "names below units": refused(",m,kg\nx,a,b\n1,1.5,10\n2,2.5,20\n", 'line 2 looks like names, or units of the names above it (x, a, b); pass skip="1" for names, skip="2" for units'),
    "a title of words and a number": refused("Discharge,station 7,2019\n\n" + PLAIN, 'line 3 looks like names, or units of the names above it (x, a, b); pass skip="1-2" for names'),
    "points in one column, commas in the other": refused("x;a;b\n1;1.5;10,25\n2;2.5;20,25\n3;3.5;40,5\n", "column 'b', line 2: '10,25' is no number with the decimal mark of the other columns, '.'; write all with one mark"),
    "a line of means": refused(with_x("2019-01-07", "2019-01-14", "mean"), "line 4: 'mean' is not written like the other dates, '2019-01-07' for one; write all in one way, such as 2019-01-07 or Jan 2019, or leave lines out with skip="),
    "a map": said("lat,long,a,b\n7,1,1.5,10\n8,2,2.5,20\n8,3,3.5,40\n", note="input: long and lat, a map"),
    "a panel": refused("who,year,a,b\nK,1,1,2\nK,2,2,3\nO,1,3,1\nO,2,5,1\n", "'who' tells them apart: pass series=\"who\" with value=\"a\" (or another of b)"),
    "an input that repeats": refused("x,a,b\n1,1,2\n1,2,3\n1,3,1\n2,5,1\n2,6,1\n", "3 of 5 rows repeat an input"),
    "neither numbers nor dates": refused("name,a,b\nKim,1.5,10\nKim,2.5,20\nOle,3.5,40\n", "column 'name' is neither numbers nor dates"),
    "long": said("date,station,value\n2019-01-07,a,1.5\n2019-01-07,b,10\n2019-01-08,a,2.5\n2019-01-09,b,40\n", [0.0, 1.0, 2.0], {"a": [1.5, 2.5, NAN], "b": [10.0, NAN, 40.0]}, note="long table: station names the tasks"),
    # not a table of text
    "nothing": refused("", "is empty"),
    "a header alone": refused("x,a,b\n", "has a header and no rows"),
    "a word among months in six digits": refused("ym,a,b\n200112,1.5,10\n?,2.5,20\n200201,3.5,40\n", "column 'ym', line 3: '?' is not a number, and 2 others are"),
    "lines in quotes": refused('"x,a"\n"1,2"\n"2,4"\n', "each line is one cell, in quotes; take the quotes away"),
    "one column": refused("a\n1\n2\n", "has one column; split its columns by commas, semicolons or tabs; where it has one, put the input before"),
    "zero bytes": refused(b"x,a\x00,b\n1,2,3\n", "holds zero bytes"),
    "a picture": refused(b"\x89PNG\r\n\x1a\n" + bytes(50), "is a picture, not text"),
    "an Excel file": refused(b"PK\x03\x04" + bytes(50), "an Excel workbook"),
    "a Parquet file": refused(b"PAR1" + bytes(50) + b"PAR1", "is a Parquet file"),
    "a NetCDF file": refused(b"CDF\x01" + bytes(50), "is a NetCDF file"),
    "a PDF": refused(b"%PDF-1.4\n1 0 obj\n", "is a PDF"),
    "a name as a Parquet file begins": said(PLAIN.replace("x,a", "PAR1,a")),
    "a name as a NetCDF file begins": said(PLAIN.replace("x,a", "CDF,a").encode("cp1252")),
    "a name as a picture begins": said(PLAIN.replace("x,a", "GIF8,a")),
    "a web page": refused("<!DOCTYPE html>\n<html></html>", "is a web page"),
    "a zone here and there": refused(with_x("2019-01-07 10:00Z", "2019-01-08 10:00", "2019-01-09 10:00Z"), "has no time zone, and other dates do"),
    "an order of no name": refused(with_x("1.2.2019", "2.2.2019", "3.2.2019"), "dates: is 'iso'; pass 'day-first' or 'month-first'", dates="iso"),
    "a photograph": refused(b"\xff\xd8\xff" + bytes(50), "is a picture, not text"),
    "a compressed file": refused(b"\x1f\x8b\x08" + bytes(50), "is a compressed file, not text"),
    "an HDF5 file": refused(b"\x89HDF\r\n\x1a\n" + bytes(50), "is an HDF5 file, not text"),
    "a series without a name": refused("t,who,v\n1,a,1.5\n1,,2.5\n2,a,3.5\n2,b,1.5\n", "is missing; name each series", series="who", value="v"),
    "an order of what is no date": refused(PLAIN, "dates: is 'day-first', and 'x' holds no dates; leave it out", dates="day-first"),
    "a code that is no list": refused(PLAIN, "missing: is '?'; pass a list, ['?']", missing="?"),
    "a header without the separator": refused("x;a\n1,2\n3,4\n5,6,7\n7,8\n", "line 1: has 1 field, most lines 2; mend that line"),
    "half a letter of UTF-16": refused(b"\xff\xfea", "is not the utf-16 it says"),
    "commas before three digits alone": said("x;a;b\n1;1,001;10\n2;2,002;20\n3;4,003;40\n", y={"a": [1.001, 2.002, 4.003], "b": AB["b"]}, note="numbers: decimal comma (1,001 is 1.001)"),
    "a day that is none": refused("year,month,day,a\n2019,2,28,1\n2019,2,30,2\n2019,3,1,4\n", "column 'day', line 3: 2019, 2, 30 is no date"),
    "days that are months": said("date,a\n01.01.2019,1\n02.02.2019,2\n03.03.2019,4\n", [2019.0, 2019 + (1 + 1 / 28) / 12, 2019 + (2 + 2 / 31) / 12], {"a": [1.0, 2.0, 4.0]}, note="day-first (the other order says the same)"),
    "months and days that repeat": refused("month,day,a\n5,1,3\n5,2,4\n6,1,2\n5,3,1\n6,2,9\n", "put a column of years beside month and day"),
    "two columns of values": refused(LONG, "value: is not given, and 2 columns may hold values (v, w); name one", series="who"),
    "a series that is not there": refused(LONG, "tasks: 'c' is no series; name some of a, b", series="who", value="v", tasks=["c"]),
    "errors in two columns": refused(LONG, "sd: is a list; with series= and value=, name one column", series="who", value="v", sd=["w", "v"]),
    "a quote that stays open": refused('x,a,b\n1,1.5,10\n2,"2.5,20\n3,3.5,40\n', "line 3: has a quote that is not closed"),
    # which column is the input
    "dates before numbers called T": said("obs_date,T,RH\n2019-01-07,1.5,10\n2019-01-14,2.5,20\n2019-01-21,3.5,40\n", WEEK, {"T": AB["a"], "RH": AB["b"]}, note="input: obs_date, the only column of dates"),
    "dates that stand last": said("a,b,recorded\n1.5,10,2019-01-07\n2.5,20,2019-01-14\n3.5,40,2019-01-21\n", WEEK),
    "a year in German beside T": said("Jahr;T;b\n2001;1,5;10\n2002;2,5;20\n2003;3,5;40\n", [2001.0, 2002.0, 2003.0], {"T": AB["a"], "b": AB["b"]}),
    "dates beside x and y": refused("at,x,y,z\n2019-01-07,1,2,3\n2019-01-08,2,2,5\n2019-01-09,3,1,4\n", "'at' and 'x' with 'y' may both be the input; pass x=\"at\" or x=['x', 'y']"),
    "the day of the export": said("start,stop,at,a,b\n" + "".join(f"2019-01-01,2019-02-01,{t},{a},{b}\n" for t, a, b in zip(("2019-01-07", "2019-01-14", "2019-01-21"), AB["a"], AB["b"])), WEEK, note="input: at"),
    "values in the only column that varies": refused("t,who,empty,v,w\n" + "".join(f"{t},{s},,{t * 3 % 7},{t}\n" for t in range(4) for s in "AB"), "pass series=\"who\" with value=\"v\" (or another of w)"),
    "profiles": refused("date,depth,temp,b\n" + "".join(f"2019-0{m}-01,{z},{m + z},{m * z}\n" for m in (1, 2, 3) for z in (1, 2, 5)), "rows repeat 'date', and 'depth' tells them apart; pass x=['date', 'depth']"),
    "dates with holes": refused("t,a,closed\n1,2,2019-01-07\n2,5,\n3,1,2019-01-09\n4,2,2019-01-10\n", "'closed' and 't' may both be the input"),
    "age beside depth": refused("depth,age,a\n1,10,3\n2,20,4\n3,25,1\n", "'age' and 'depth' may both be the input; pass x=\"age\" or x=\"depth\""),
    "a time beside a place": refused("t,x,y,a\n0,1,2,3\n1,2,1,5\n2,4,1,4\n", "'t' and 'x' with 'y' may both be the input"),
    "a path": said("t,x,y\n0,1.5,10\n1,2.5,20\n2,3.5,40\n", [0.0, 1.0, 2.0], {"x": AB["a"], "y": AB["b"]}),
    "a curve": said("x,y\n1,1.5\n2,2.5\n3,3.5\n", y={"y": AB["a"]}),
    "a map by other names": said("id,UTM_N,UTM_E,a,b\n1,7,1,1.5,10\n2,8,2,2.5,20\n3,6,3,3.5,40\n", note="input: UTM_E and UTM_N, a map"),
    "a map in German": said("Nr;Rechtswert;Hochwert;a;b\n1;1;7;1,5;10\n2;2;8;2,5;20\n3;3;6;3,5;40\n", note="Nr: counts the rows; left out"),
    "a map by hemispheres": said("lat,lon,a,b\n7S,1E,1.5,10\n8S,2E,2.5,20\n6S,3E,3.5,40\n", note="a map"),
    # dates in parts
    "year and month in German": said("Jahr;Monat;a;b\n2019;1;1,5;10\n2019;2;2,5;20\n2019;4;3,5;40\n", [2019.0, 2019 + 1 / 12, 2019.25], note="input: Jahr with Monat"),
    "year and month in French, named": said("Année,Mois,a,b\n2019,1,1.5,10\n2019,2,2.5,20\n2019,4,3.5,40\n", [2019.0, 2019 + 1 / 12, 2019.25]),
    "a day in three columns of letters": said("DD,MM,YYYY,a,b\n7,1,2019,1.5,10\n14,1,2019,2.5,20\n21,1,2019,3.5,40\n", WEEK),
    "a date and its time in German": said("Datum;Uhrzeit;a;b\n21.01.2019;00:00;1,5;10\n21.01.2019;09:30;2,5;20\n27.01.2019;24:00;3,5;40\n", [0.0, 9.5 / 24, 7.0], note="input: Datum with Uhrzeit"),
    "half-hours of a day": said("settlement_date,settlement_period,a,b\n2019-01-07,1,1.5,10\n2019-01-07,2,2.5,20\n2019-01-07,4,3.5,40\n", [0.0, 0.5, 1.5]),
    "two numbers that may be a date": refused("p,q,a\n2001,1,3\n2001,2,4\n2002,1,1\n2002,2,5\n", "x: 'q' (1 to 2) may be a part of the date in 'p', or the second coordinate of a map", x=["p", "q"]),
    "years of two digits that roll over": refused("year,a\n98,1\n99,2\n0,4\n1,3\n", "column 'year', line 2: '98' is a year of two digits; pass dates=\"two-digit\""),
    "such years, settled": said("year,a,b\n98,1.5,10\n99,2.5,20\n0,3.5,40\n", [1998.0, 1999.0, 2000.0], dates="two-digit"),
    # times in digits
    "quarters with a point": said(with_x("2005.3", "2005.4", "2006.1", "quarter"), [2005.5, 2005.75, 2006.0], note="a quarter stands at its first day"),
    "quarters in five digits": said(with_x("20053", "20054", "20061"), [2005.5, 2005.75, 2006.0]),
    "weeks in six digits": said(with_x("201851", "201852", "201901", "week"), WEEK, note="a week stands at its Monday"),
    "days in seven digits": said(with_x("2018364", "2018365", "2019001"), [0.0, 1.0, 2.0]),
    "fourteen digits": said(with_x("20210601235900", "20210602005900", "20210602015900"), [1439.0 / 60, 1499.0 / 60, 1559.0 / 60]),
    "weeks with a stroke": said(with_x("01/2018", "02/2018", "03/2018", "Woche"), WEEK),
    "tenths of one year": said(with_x("2005.1", "2005.2", "2005.3"), [2005.1, 2005.2, 2005.3]),
    # spellings
    "the end of a day": said(with_x("2019-01-07 23:00", "2019-01-07 24:00", "2019-01-08 01:00"), [23.0, 24.0, 25.0]),
    "months of Eurostat": said(with_x("2019-M01", "2019-M02", "2019-M04"), [2019.0, 2019 + 1 / 12, 2019.25]),
    "year, then the month by name": said(with_x("2019 Jan", "2019 Feb", "2019 Apr"), [2019.0, 2019 + 1 / 12, 2019.25]),
    "dates of SAS": said(with_x("07JAN2019", "14JAN2019", "21JAN2019"), WEEK),
    "quarters with a colon": said(with_x("2019:1", "2019:2", "2019:4"), [2019.0, 2019.25, 2019.75]),
    "half-years": said(with_x("2019-S1", "2019-S2", "2020-S1"), [2019.0, 2019.5, 2020.0]),
    "the day of the week before": said(with_x('"Monday, January 07, 2019"', '"Monday, January 14, 2019"', '"Monday, January 21, 2019"'), WEEK),
    "months in German": said(with_x("März 2019", "Mai 2019", "Dez. 2019"), [2019 + 2 / 12, 2019 + 4 / 12, 2019 + 11 / 12]),
    "days of January without a year": refused(with_x("Jan-10", "Jan-11", "Jan-12"), "'Jan-10' may be a day without a year, or a month with a year of two digits; write dates"),
    "a minus behind": said("x,a,b\n1,1.5-,10\n2,2.5,20\n3,3.5-,40\n", y={"a": [-1.5, 2.5, -3.5], "b": AB["b"]}),
    "exponents of Fortran": said("x,a,b\n1,0.15D+01,10\n2,0.25D+01,20\n3,0.35D+01,40\n"),
    # cells that hold more than a number
    "mostly below a limit": refused("x,a,b\n1,<0.1,1\n2,<0.1,4\n3,0.2,3\n", "column 'a', line 2: '<0.1' is not a number but a limit beyond which the value lies (it is censored)"),
    "labels of a number and a letter": said("label,x,a,b\n" + "".join(f"{k + 100}A,{k},{k * k % 7},{k % 5}\n" for k in range(1, 13)), [float(k) for k in range(1, 13)], {"a": [float(k * k % 7) for k in range(1, 13)], "b": [float(k % 5) for k in range(1, 13)]}, note="label: names of the rows"),
    "a unit in the cells": refused("x,a,b\n1,1.5 mm,1\n2,2.5 mm,4\n3,3.5 mm,3\n", "'1.5 mm' holds a number and more, as do 3 cells of 3; take 'mm' out of the cells"),
    "thousands in German": refused("Monat;Umsatz\n01/2010;1.068\n02/2010;1.037\n04/2010;12.120\n", "'1.068' may have decimals or group thousands, and nothing in the file tells (the names of the columns are German)"),
    # lines that are no rows
    "no header, a hole in the first line": refused("2019-01-07,NA,5\n2019-01-08,1,6\n2019-01-09,2,4\n", "has no header: its first line holds values"),
    "no header, months by name": refused("07-Jan-2019,1,5\n08-Jan-2019,1,6\n09-Jan-2019,2,4\n", "has no header"),
    "months as columns": said("year,1,2\n2001,1.5,10\n2002,2.5,20\n2003,3.5,40\n", [2001.0, 2002.0, 2003.0], {"1": AB["a"], "2": AB["b"]}),
    "names in two lines": refused("Date,Out,,In\n,Temp,Hum,Temp\n2019-01-07,1,2,3\n2019-01-08,2,1,5\n", "line 2 has names for columns that have none above it"),
    "three lines of a source": refused("x,a,b\n" + "".join(f"{k},{k * k % 7},{k % 5}\n" for k in range(20)) + "Source\nthe office\nof 2019\n", 'line 22: has 1 field, the header 3 (as have 2 others); mend that line (a separator inside a cell?), or leave it out: skip="22-24"'),
    "a header that comes again": said(PLAIN + "x,a,b\n4,1,5\n", [1.0, 2.0, 3.0, 4.0], {"a": [*AB["a"], 1.0], "b": [*AB["b"], 5.0]}, note="1 line with the names once more left out"),
    "a title of one field above commas": refused('"Plot of: site 1"\n"#","Date Time, GMT","T, C"\n1,2019-01-07 00:00,4\n2,2019-01-08 00:00,5\n', 'names seem to be in line 2; pass skip="1"'),
    "a table on its side": refused("region,2001,2002,2003\nnorth,1,2,3\nsouth,2,1,5\n", "the names of 3 columns are dates (2001, 2002, 2003), so that the table lies on its side; transpose it"),
    "row names of R, split by blanks": said("  a  b\n1 1.5 10\n2 2.5 20\n3 3.5 40\n", note="columns: the first has no name"),
    "a date and a time under one name": said("when a b\n2019-01-07 10:00 1.5 10\n2019-01-07 11:00 2.5 20\n2019-01-07 13:00 3.5 40\n", [10.0, 11.0, 13.0]),
    "JSON": refused('[{"x": 1, "a": 2},\n{"x": 2, "a": 3}]\n', "is JSON, not a table"),
    "UTF-16 without a mark": said((PLAIN + "\n").encode("utf-16-le"), note="UTF-16, without a mark"),
    # several series in one
    "two sites on alternate days": refused("date,site,a,b\n" + "".join(f"2019-01-{k:02},{'MW'[k % 2]},{k % 5},{k % 7}\n" for k in range(7, 15)), "'site' tells them apart: pass series=\"site\" with value=\"a\" (or another of b), or without=['site'] if all rows are of one"),
    "two stations by number": refused("date,station,a,b\n" + "".join(f"2019-01-{k:02},{s},{k % 5 + s},{k % 7}\n" for s in (101, 102) for k in range(7, 30 - 15 * (s == 102))), "'station' tells them apart"),
    "two keys": refused("t,site,what,value\n" + "".join(f"{t},{s},{w},{t * 3 % 7}\n" for t in range(4) for s in "AB" for w in "pq"), "'what' and 'site' together tell them apart; join the two in one column", series="site", value="value"),
    # columns that are no readings
    "a record number from anywhere": said("record,x,a,b\n20417,1,1.5,10\n20418,2,2.5,20\n20419,3,3.5,40\n", note="record: counts the rows; left out"),
    "a flag": said("x,a,a_flag\n" + "".join(f"{k},{k * k % 7},{k % 5 // 4}\n" for k in range(1, 25)), [float(k) for k in range(1, 25)], {"a": [float(k * k % 7) for k in range(1, 25)], "a_flag": [float(k % 5 // 4) for k in range(1, 25)]}, note="a_flag: holds 0, 1 alone, which looks like a flag, no reading; without=['a_flag'] leaves it out"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*far from all other values:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_messy_file(name, tmp_path):
    text, call, expected = CASES[name]
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if isinstance(expected, str):
        with pytest.raises(ValueError) as error:
            read_table(path, **call)
        assert expected in str(error.value) and "\n" not in str(error.value)
        return
    x, y, note, units = expected
    table = read_table(path, **call)
    assert table.tasks == tuple(y) and note in "\n".join(table.notes), table
    np.testing.assert_allclose(table.x[:, 0], x, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(table.y, np.column_stack(list(y.values())))
    assert units is None or table.units == units


def test_many_lines_of_comments_take_no_longer_each(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("# a remark\n" * 40_000 + PLAIN)
    began = time.process_time()
    assert "comments: 40,000 lines that begin with # left out" in read_table(path).notes
    assert time.process_time() - began < 2  # each against each would take 7 s


DAILY = [3.0, 5.0, 4.0, 8.0, 2.0, 6.0, 9.0, 7.0]
CODES = {  # values of a column, those read as missing, those asked for
    "nines with a point": ([*DAILY, 99.99], [99.99], []),
    "nines and a half": ([*DAILY, 9999.9], [9999.9], []),
    "a river": ([2510.0, 4400.0, -999.0, 800.0, 3100.0, 1200.0], [-999.0], []),
    "a word of sixteen bits": ([*DAILY, -32768.0], [-32768.0], []),
    "what NetCDF writes": ([*DAILY, 9.96921e36, -1e30], [-1e30, 9.96921e36], []),
    "two codes": ([*DAILY, -9999.0, -8888.0], [-9999.0, -8888.0], []),
    "two of both signs": ([*DAILY, -999.0, 999.0], [-999.0, 999.0], []),
    "a short one": ([60.0, 150.0, 30.0, 90.0, 75.0, -99.0], [], [-99.0]),
    "zeros of a logger": ([310.0, 312.0, 0.0, 309.0, 311.0, 308.0], [], [0.0]),
    "the pressure of the air": ([990.0, 995.0, 999.0, 1004.0, 998.0], [], []),
    "a humidity": ([80.0, 91.0, 99.0, 88.0, 95.0], [], []),
    "degrees of frost": ([-9.0, -3.0, 4.0, 8.0, -5.0], [], []),
    "steps up and down": ([-1.0, 0.0, 1.0, 1.0, 0.0, -1.0], [], []),
}


@pytest.mark.parametrize("name", CODES)
def test_a_code_lies_far_from_all_values_or_has_a_sign_of_its_own(name):
    values, missing, asked = CODES[name]
    assert codes_in(pd.Series(values)) == (missing, asked)


def test_reading_takes_as_long_for_each_column_of_many(tmp_path):
    values = np.random.default_rng(0).normal(size=(30, 2000)).round(3).astype(str)
    values[np.random.default_rng(1).random(values.shape) < 0.1] = ""
    rows = [",".join([str(k), *row]) for k, row in enumerate(values)]
    (tmp_path / "t.csv").write_text("\n".join(["t," + ",".join(f"s{k}" for k in range(2000)), *rows]))
    began = time.process_time()
    assert read_table(tmp_path / "t.csv").num_tasks == 2000
    assert time.process_time() - began < 12  # each against each took minutes


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TableError, match="is a folder; pass a file"):
        read_table(tmp_path)
    with pytest.raises(TableError, match="there is no file"):
        read_table(tmp_path / "none.csv")


def as_markdown() -> str:
    """The cases as a table: what the file is, and what is made of it."""
    rows = ["| file | what the reader says |", "|---|---|"]
    for name, (_, _, expected) in CASES.items():
        told = f"refused: {expected}" if isinstance(expected, str) else f"read{': ' * bool(expected[2])}{expected[2]}"
        rows.append(f"| {name} | {told.replace('|', chr(92) + '|').replace('<', '&lt;')} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(as_markdown())
