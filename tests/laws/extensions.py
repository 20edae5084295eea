"""Files that are read."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from laws.common import close
from laws.facts import columns
from laws.reading import refusal
from mtgp_tutorial import datasets
from mtgp_tutorial.tables import read_table


def law_the_example_file_is_of_the_lakes():
    lakes, file = columns(datasets.great_lakes()), read_table(datasets.example_csv())
    assert file.units == ("m",) * 4
    holes = columns(file).isna().to_numpy()
    close(columns(file)[list(lakes)].to_numpy()[~holes], lakes.to_numpy()[~holes], 0)


def law_a_file_gives_what_was_named():
    """Each argument of `read_table` alone: another column, order or word would give other numbers."""
    rows = {"k": "3 4 5 6", "u": "1 2 4 8", "v": "5 7 6 9", "w": "0.1 0.2 0.3 0.5"}
    rows |= {"day": "01.02.2020 02.03.2020 03.04.2020 04.05.2020", "who": "p q p q"}
    wide = {name: text.split() for name, text in rows.items()}
    number = {name: [float(one) for one in wide[name]] for name in "kuvw"}

    def read(without=("day",), **options):
        with tempfile.TemporaryDirectory() as folder:
            pd.DataFrame(wide).to_csv(Path(folder) / "t.csv", index=False)
            return read_table(Path(folder) / "t.csv", without=without, **options)

    assert read(x="u").x[:, 0].tolist() == number["u"] and read(x=["v", "k"]).x_names == ("v", "k")
    table = read(x="k", tasks=["v", "u"], sd={"u": "w"})
    assert table.tasks == ("v", "u") and table.y.T.tolist() == [number["v"], number["u"]]
    assert table.sd[:, 1].tolist() == number["w"] and bool(table.sd[:, 0].isnan().all())
    assert read(x="k", tasks=["u", "v"], missing=["7"]).observed.tolist()[1] == [True, False]
    assert read(x="k", without=["u", "who", "day"]).tasks == ("v", "w")
    for order, months in (("day-first", [2, 3, 4, 5]), ("month-first", [1, 2, 3, 4])):
        table = read(x="day", tasks=["u"], dates=order, without=())
        assert [moment.month for moment in table.calendar.to_dates(table.x[:, 0])] == months
    table = read(x="k", series="who", value="v", sd="w")
    assert table.tasks == ("p", "q") and table.y[0, 0] == 5 and table.y[1, 1] == 7 and table.sd[3, 1] == 0.5


def law_an_input_by_place_or_in_words_is_read():
    """Digits that are dates in a first column of any name, and months by name beside years; written by Python."""
    months = [f"{2001 + k // 12}-{1 + k % 12:02d}" for k in range(30)]
    days = pd.to_datetime(pd.Series(months))
    words = {"year": days.dt.year, "month": days.dt.strftime("%b"), "a": range(30)}
    quarters = {"year": 2001 + np.arange(30) // 4, "quarter": [f"Q{1 + k % 4}" for k in range(30)], "a": range(30)}
    first = {"yyyymm": days.dt.strftime("%Y%m"), "a": range(30)}
    with tempfile.TemporaryDirectory() as folder:
        for columns_of, most in ((words, 12), (quarters, 4), (first, 12)):
            pd.DataFrame(columns_of).to_csv(Path(folder) / "t.csv", index=False)
            table = read_table(Path(folder) / "t.csv")
            assert table.tasks == ("a",) and table.y[:, 0].tolist() == list(range(30))
            close(table.x[:, 0], 2001 + np.arange(30) / most, 1e-9)
        for rows, right in (((",m,kg", "x,a,b"), 0), ((",a,b", "s,m,kg"), 1)):  # units above the names, and below
            (Path(folder) / "t.csv").write_text("\n".join([*rows, "1,2,3", "2,5,4", "4,1,8"]))
            skip = refusal(read_table, Path(folder) / "t.csv").value[right]
            assert read_table(Path(folder) / "t.csv", skip=skip).tasks == ("a", "b")


def law_lines_that_are_no_rows_are_left_out_by_one_argument():
    """Titles, units and a source: each refusal says all that `skip` has to hold, so that the next one is another."""
    rows = ["day,a,b", "2019-01-07,1.5,10", "2019-01-08,2.5,20", "2019-01-11,3.5,15", "2019-01-12,1.5,16"]
    titles = (["Gauges"], ["Gauges, valley"], ["Gauges,,", ",,"], ["of 2019-01-07", "", "by: Kim, Ole, Noor and all"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        for above in ([], *titles):
            for units in ([], [",m,kg"], ["-,(m),%"]):
                for below in ([], ["Source: the office"]):
                    path.write_text("\n".join([*above, rows[0], *units, *rows[1:], *below]))
                    lines = [*range(1, len(above) + 1), *[len(above) + 2] * len(units)]
                    lines += [len(above) + len(units) + 6] * len(below)
                    skip = None
                    for _ in range(bool(above) + len(units) + len(below)):
                        error = refusal(read_table, path, skip=skip)
                        assert error.option == "skip", error
                        skip = error.value if isinstance(error.value, str) else f"1-{len(above)}"
                        assert skip in (error.value, *error.value), error
                    for given in (skip, lines or None):
                        table = read_table(path, skip=given)
                        assert table.x[:, 0].tolist() == [0, 1, 4, 5] and table.tasks == ("a", "b")
                        assert table.y.tolist() == [[1.5, 10], [2.5, 20], [3.5, 15], [1.5, 16]]
