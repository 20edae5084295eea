"""Frames and files: what goes in comes out; what is read does not depend on the order of rows and columns."""

import numpy as np
import pandas as pd
import pytest
import torch

from mtgp_tutorial import (
    TaskData,
    at_parameters,
    icm,
    impute,
    latent_functions,
    leave_out,
    parts,
    plots,
    predict,
    sample,
)
from mtgp_tutorial.tables import TableError, read_table
from mtgp_tutorial.tables.files.reading import proposed_errors, suspected_codes, typed_columns
from mtgp_tutorial.tables.files.text import parse
from mtgp_tutorial.tables.input_rules import chosen_inputs
from mtgp_tutorial.tables.refusals import argument as marked

NAN = float("nan")
FRAME = pd.DataFrame({"x": [1.0, 2, 3], "a (m)": [1.5, NAN, 3.5], "b": [10, 20, 40], "a_se": [0.1, NAN, 0.3]})
WEEKS = pd.date_range("2019-01-07", periods=12, freq="7D", name="week")
WEEKLY = pd.DataFrame({"level [m]": np.sin(np.arange(12.0)), "flow": np.cos(np.arange(12.0))}, WEEKS)
WEEKLY.iloc[3:5, 0] = NAN
LONG = pd.DataFrame(
    {
        "t": [2.0, 1, 1, 2, 2, 3],
        "what": ["b", "a", "b", "a", "b", "a"],
        "value": [1.0, 2, 3, 4, 5, 6],
        "se": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    }
)


def errors_of(path, series=None, **file):
    frame, _ = typed_columns(parse(path), series=series, **file)
    return proposed_errors(frame, chosen_inputs(frame, None, []), series)


def equal(a, b):
    return np.array_equal(np.asarray(a, dtype=float), np.asarray(b, dtype=float), equal_nan=True)


def test_a_wide_frame():
    data = TaskData.from_frame(FRAME, x="x", sd={"a": "a_se"})
    assert (data.tasks, data.units, data.x_name, data.index) == (("a", "b"), ("m", ""), "x", None)
    assert equal(data.x[:, 0], [1, 2, 3]) and equal(data.y, FRAME[["a (m)", "b"]])
    assert equal(data.sd, [[0.1, NAN], [NAN, NAN], [0.3, NAN]])
    assert equal(TaskData.from_frame(FRAME, x="x", sd=["a_se"]).sd, data.sd)
    assert TaskData.from_frame(FRAME, x="x", tasks=["b", "a"]).tasks == ("b", "a")
    assert TaskData.from_frame(FRAME, x="x", units={"b": "kg"}).units == ("m", "kg")
    assert TaskData.from_frame(FRAME, x="x", units=["cm", "kg"]).units == ("cm", "kg")


def test_row_numbers_of_a_frame_are_no_task():
    frame = pd.DataFrame({"Unnamed: 0": [1, 2, 3], "year": [2001, 2002, 2004], "a": [3.0, 1, 2]})
    data = TaskData.from_frame(frame)
    assert data.tasks == ("a",) and "Unnamed: 0: counts the rows; left out" in data.notes
    assert TaskData.from_frame(frame, "year", tasks=["Unnamed: 0", "a"]).tasks == ("Unnamed: 0", "a")
    assert TaskData.from_frame(frame, "Unnamed: 0").tasks == ("year", "a")
    assert TaskData.from_frame(frame.assign(**{"Unnamed: 0": [1, 3, 3]})).tasks == ("Unnamed: 0", "a")


def test_row_numbers_that_somebody_named_stay(tmp_path):
    long = pd.DataFrame(
        {"index": range(1, 7), "t": [0.0, 0, 1, 1, 2, 2], "who": list("ababab"), "v": [3.0, 1, 2, 5, 4, 6]}
    )
    long.to_csv(tmp_path / "long.csv", index=False)
    (tmp_path / "wide.csv").write_text(",year,a,b\n1,2001,1.5,10\n2,2002,2.5,20\n3,2003,3.5,40\n")

    def both(**call):
        return TaskData.from_frame(long, "t", series="who", **call), read_table(
            tmp_path / "long.csv", x="t", series="who", **call
        )

    for data in both(value="index"):
        assert equal(data.y, [[1, 2], [3, 4], [5, 6]])
    for data in both(value="v", sd="index"):
        assert equal(data.sd, [[1, 2], [3, 4], [5, 6]])
    data = read_table(tmp_path / "wide.csv", sd={"a": "column 1"})
    assert data.tasks == ("a", "b") and equal(data.sd, [[1, NAN], [2, NAN], [3, NAN]])
    assert equal(read_table(tmp_path / "wide.csv", sd=np.full((3, 2), 0.1)).sd, np.full((3, 2), 0.1))  # no name


@pytest.mark.parametrize("dates", [[200111, 200112, 200201], [20011130, 20011201, 20011202]])
def test_whole_numbers_of_a_frame_that_look_like_dates_are_refused(dates):
    frame = pd.DataFrame({"month": dates, "a": [3.0, 1, 2]})
    with pytest.raises(TableError, match=rf"column 'month', row 0: {dates[0]} looks like a date, 2001-11-"):
        TaskData.from_frame(frame)
    assert TaskData.from_frame(frame.astype(float)).x[:, 0].tolist() == dates


def test_standard_errors_are_not_taken_in_silence():
    data = TaskData.from_frame(FRAME, x="x")
    assert data.tasks == ("a", "b") and data.sd is None and "a_se: looks like standard errors of a (m)" in data.notes[0]


def test_every_column_that_is_not_used_has_a_note(tmp_path):
    frame = FRAME.assign(who=["Kim", "Ole", "Kim"], c=[3.0, 1, 2])
    for given in ({}, {"tasks": ["a"]}, {"tasks": ["b"], "sd": {"b": "a_se"}}):
        frame.to_csv(tmp_path / "t.csv", index=False)
        for data in (TaskData.from_frame(frame, "x", **given), read_table(tmp_path / "t.csv", x="x", **given)):
            unused = (
                set(frame) - {"x", *given.get("sd", {}).values()} - {"a (m)" if t == "a" else t for t in data.tasks}
            )
            assert unused and all(any(note.startswith(f"{c}:") for note in data.notes) for c in unused)
    assert "c: left out, as was asked" in read_table(tmp_path / "t.csv", without=["c"]).notes


def test_a_code_that_is_kept_is_warned_of(tmp_path):
    for text, call in (
        ("x,a,b\n1,1,5\n2,-999,6\n3,3,7\n4,2,9\n", {}),
        ("t,what,value\n1,a,1\n2,a,-999\n3,a,3\n4,a,2\n", {"x": "t", "series": "what", "value": "value"}),
    ):
        (tmp_path / "t.csv").write_text(text)
        with pytest.warns(UserWarning, match=r"a: -999 stands 1 time, .* missing=\['-999'\] reads it") as warned:
            data = read_table(tmp_path / "t.csv", **call)
        assert len(warned) == 1 and str(warned[0].message) in data.notes and data.y[1, 0] == -999
        assert not read_table(tmp_path / "t.csv", missing=["-999"], **call).observed[1, 0]


def test_the_input_of_a_frame_that_counts_its_rows():
    for x in (WEEKS, WEEKS.strftime("%Y-%m-%d"), WEEKS.to_period("W-SUN")):
        data = TaskData.from_frame(pd.DataFrame({"flow": np.cos(np.arange(12.0)), "when": x}))
        assert data.x_name == "when" and equal(data.x[:, 0], 7 * np.arange(12)) and data.tasks == ("flow",)
        assert data.notes[0] == "input: when, the only column of dates"
    assert TaskData.from_frame(FRAME.rename(columns={"x": "depth [m]"})).notes[0] == "input: depth [m]"
    none = pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4]})
    with pytest.raises(TableError, match="x: is not given, and the index only counts rows; name one or more of a, b$"):
        TaskData.from_frame(none)
    two = none.assign(start=["2020-01-01", "2020-01-02"], stop=["2020-02-01", "2020-02-02"])
    with pytest.raises(TableError, match=r"\(x='start' looks like dates\)"):
        TaskData.from_frame(two)
    assert TaskData.from_frame(two, tasks="a", x="stop").x_name == "stop"


def test_a_misspelt_column_is_told_by_its_argument(tmp_path):
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    for argument in ("tasks", "x", "value"):
        with pytest.raises(TableError, match=f"^{argument}: 'Sale' is no column"):
            read_table(tmp_path / "t.csv", **{argument: "Sale"})
    with pytest.raises(TableError, match="^tasks: 'Sale' is no column"):
        TaskData.from_frame(FRAME, tasks=["a", "Sale"])


def test_numbers_with_commas_as_text_are_refused():
    frame = FRAME.assign(c=["135,5", "1.202,9", None])
    with pytest.raises(TableError, match="column 'c': '135,5' is a number with a comma, as text, one of 2; make it"):
        TaskData.from_frame(frame, "x")
    assert TaskData.from_frame(frame, "x", tasks="a").tasks == ("a",)
    plain = TaskData.from_frame(FRAME.assign(c=["1.5", "2", None]), "x")
    assert "c: numbers as text (pd.to_numeric makes them numbers); left out" in plain.notes


def test_standard_errors_as_numbers():
    both = pd.DataFrame({"a (m)": [0.1, 0.1, 0.1], "b": [0.2, 0.2, 0.2]})
    bare = FRAME.drop(columns="a_se")
    for sd in (
        [0.1, 0.2],
        {"a": 0.1, "b": 0.2},
        np.array([0.1, 0.2]),
        (0.1, 0.2),
        {"a (m)": 0.1, "b": 0.2},
        pd.Series({"b": 0.2, "a": 0.1}),
    ):
        data = TaskData.from_frame(bare, "x", sd=sd)
        assert equal(data.sd, both.where(bare[["a (m)", "b"]].notna())), sd
    assert equal(TaskData.from_frame(FRAME, "x", sd={"a": "a_se", "b": 2}).sd, [[0.1, 2], [NAN, 2], [0.3, 2]])
    assert equal(TaskData.from_frame(FRAME, "x", sd=0.5).sd, [[0.5, 0.5], [NAN, 0.5], [0.5, 0.5]])
    with pytest.raises(ValueError, match="sd: is -1 at row 0 of 'a'"):
        TaskData.from_frame(FRAME, "x", sd=-1)


def test_a_calendar_that_another_table_has():
    calendar = TaskData.from_frame(WEEKLY).calendar
    data = TaskData.from_frame(WEEKLY.set_axis(WEEKS + pd.Timedelta(days=100)), calendar=calendar)
    assert equal(data.x[:, 0], 100 + 7 * np.arange(12)) and data.calendar == calendar
    assert "as the calendar says" in data.notes[0]
    assert impute(at_parameters(icm(TaskData.from_frame(WEEKLY))), data).mean.shape == (12, 2)


def test_frames_are_aligned_by_their_index():
    frame = FRAME.set_axis(["p", "q", "r"])
    errors = pd.DataFrame({"b": [3.0, 1, 2], "a": [0.3, 0.1, 0.2]}, index=["r", "p", "q"])
    data = TaskData.from_frame(frame, x="x", tasks=["a", "b"], sd=errors)
    assert equal(data.sd, [[0.1, 1], [0.2, 2], [0.3, 3]]) and list(data.index) == ["p", "q", "r"]
    with pytest.raises(TableError, match="sd: has another index than frame"):
        TaskData.from_frame(frame, x="x", sd=errors.drop(index="p"))


def test_a_long_frame():
    data = TaskData.from_frame(LONG, x="t", series="what", value="value", sd="se")
    assert data.tasks == ("b", "a") and equal(data.x[:, 0], [2, 1, 2, 3])
    assert equal(data.y, [[1, 4], [3, 2], [5, NAN], [NAN, 6]]), "two readings of b at t = 2 are two rows"
    assert equal(data.sd, [[0.1, 0.4], [0.3, 0.2], [0.5, NAN], [NAN, 0.6]])
    assert "1 value of a series at an input it had already" in data.notes[0]
    left = TaskData.from_frame(LONG.assign(std_err=1.0, by="Kim"), x="t", series="what", value="value")
    assert {"se", "std_err"} == {n.split(":")[0] for n in left.notes if "looks like standard errors of value" in n}
    assert "std_err: looks like standard errors of value; left out; sd='std_err' uses it" in left.notes
    assert "by: not used; left out" in left.notes
    assert TaskData.from_frame(LONG, x="t", series="what", value="value", sd=0.5).sd[3].tolist()[1] == 0.5
    assert TaskData.from_frame(LONG, x="t", series="what", value="value", tasks=["a"]).y.shape == (3, 1)


DATES = {
    "an index": (WEEKLY, None),
    "a zone": (WEEKLY.tz_localize("Europe/Berlin"), None),
    "periods": (WEEKLY.to_period("W-SUN"), None),
    "text": (WEEKLY.set_axis(WEEKS.strftime("%Y-%m-%d")), None),
    "a column": (WEEKLY.reset_index(), "week"),
    "a column of text": (WEEKLY.reset_index().astype({"week": str}), "week"),
}


@pytest.mark.parametrize("name", DATES)
def test_dates_in_every_form(name):
    frame, x = DATES[name]
    data = TaskData.from_frame(frame, x=x)
    assert equal(data.x[:, 0], 7 * np.arange(12)) and data.calendar.unit == "days"
    assert data.calendar.label == "days since 2019-01-07" and any(data.calendar.label in note for note in data.notes)
    if x is None:
        pd.testing.assert_frame_equal(data.to_frame(), frame)
    else:
        assert (data.to_frame().index == WEEKS).all()


def test_year_and_quarter_or_month():
    frame = pd.DataFrame({"year": [2019, 2019, 2020], "quarter": [1, 4, 2], "month": [2, 12, 7], "a": [1.0, 2, 3]})
    assert equal(TaskData.from_frame(frame, ["year", "quarter"], "a").x[:, 0], [2019, 2019.75, 2020.25])
    data = TaskData.from_frame(frame, ["year", "month"], "a")
    assert list(data.to_frame().index.strftime("%Y-%m-%d")) == ["2019-02-01", "2019-12-01", "2020-07-01"]
    with pytest.raises(TableError, match=r"column 'quarter', row 1: 2019 has no quarter 5"):
        TaskData.from_frame(frame.assign(quarter=[1, 5, 2]), ["year", "quarter"], "a")


def test_order_and_index_are_the_users():
    mixed = WEEKLY.iloc[[4, 0, 11, 2]]
    data = TaskData.from_frame(mixed)
    assert equal(data.x[:, 0], [0, -28, 49, -14] + np.array(28.0)) and data.index.equals(mixed.index)
    asked = TaskData.from_frame(FRAME.assign(b=[10, 20, NAN]).drop(columns="a_se").replace(3.5, NAN), x="x")
    assert len(asked.y) == 3 and not asked.observed[2].any(), "a row without values is a question"


def test_to_frame_gives_back_what_from_frame_took():
    data = TaskData.from_frame(FRAME.set_axis(["p", "q", "r"]), x="x", sd={"a": "a_se"})
    back = data.to_frame()
    assert list(back.columns) == ["x", "a [m]", "b", "a_se [m]"] and list(back.index) == ["p", "q", "r"]
    again = TaskData.from_frame(back, x="x", sd=["a_se"])
    assert all(equal(getattr(again, name), getattr(data, name)) for name in ("x", "y", "sd"))
    assert (again.tasks, again.units, again.x_names) == (data.tasks, data.units, data.x_names)
    place = pd.DataFrame({"longitude": [1.0, 2], "latitude": [4.0, 3], "a": [5.0, 6]})
    table = TaskData.from_frame(place, x=["longitude", "latitude"])
    assert list(table.to_frame().index.names) == ["longitude", "latitude"] == list(table.x_names)
    assert equal(TaskData.from_frame(table.to_frame()).x, table.x)


BAD = {
    "text among tasks": (
        {"x": "x", "tasks": ["a", "w"]},
        "column 'w', row 1: 'about 2' is not a number; mend it, or name the columns that hold numbers with tasks=",
    ),
    "text among numbers": ({"x": "x"}, "column 'w', row 1: 'about 2' is not a number"),
    "no such column": ({"x": "time"}, "x: 'time' is no column; pass one of 'x', 'a', 'w'"),
    "no task": ({"x": "time", "tasks": ["a", "b"]}, "tasks: 'b' is no column; pass one of 'x', 'a', 'w'"),
    "errors of a task that is not there": ({"x": "x", "tasks": "a", "sd": {"b": 0.1}}, "sd: 'b' is no column"),
    "a calendar that is none": ({"x": "x", "tasks": "a", "calendar": "days"}, "calendar: is a str; pass that of a"),
    "series alone": ({"x": "x", "series": "w"}, "series, value: one is not given; name both columns"),
    "an unknown unit": ({"x": "x", "tasks": "a", "units": {"b": "m"}}, "units: 'b' is not one of the tasks"),
    "errors of nobody": ({"x": "x", "tasks": "a", "sd": ["x"]}, "sd: 'x' does not say whose errors it holds"),
    "errors of no task": ({"x": "x", "tasks": "a", "sd": {"x": "a"}}, "sd: 'x' is not one of the tasks"),
    "x with a hole": ({"x": "h", "tasks": "a"}, "column 'h', row 2: is missing, 1 in all"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_frames_get_one_sentence(name):
    call, sentence = BAD[name]
    frame = pd.DataFrame({"x": [1, 2, 3], "a": [1.0, 2, 3], "w": [1, "about 2", 3], "h": [1, 2, NAN]})
    frame = frame if name == "x with a hole" else frame.drop(columns="h")
    with pytest.raises(TableError) as error:
        TaskData.from_frame(frame, **call)
    assert sentence in str(error.value)


def test_frames_that_are_no_table():
    frame = pd.DataFrame({"x": [1, 2, 3], "a": [1.0, 2, 3]})
    for one, call, sentence in (
        ([1], {}, "frame: is a list; pass a pandas DataFrame"),
        (frame.set_axis(["a", "a"], axis=1), {}, "frame: has two columns named 'a'"),
        (frame[:0], {}, "frame: has no rows"),
        (frame.assign(a=[1.0, np.inf, 2]), {"x": "x"}, "column 'a', row 1: is infinite"),
        (frame.set_axis(["a (m)", "a (ft)"], axis=1), {"x": "a"}, "x: 'a' is the name of several columns"),
        (frame, {"x": []}, "x: is an empty list"),
        (frame, {"x": "x", "sd": frame[["x"]].set_axis(["b"], axis=1)}, "sd: 'b' is not one of the tasks; name some"),
    ):
        with pytest.raises(TableError, match=f"^{sentence}"):
            TaskData.from_frame(one, **call)
    assert TaskData.from_frame(frame.assign(b=None), x="x").notes == ("b: empty; left out",)


def test_answers_have_the_index_and_the_calendar_of_their_rows():
    data = TaskData.from_frame(WEEKLY)
    fitted = at_parameters(icm(data))
    later = WEEKS[-2:] + pd.Timedelta(days=10)
    numbers = data.calendar.to_numbers(later)
    by_date = predict(fitted, later)
    assert torch.equal(by_date.mean, predict(fitted, numbers).mean)
    assert by_date.index is None and (by_date.to_frame().index == later).all()
    for of in (lambda x: parts(fitted, x)[0], lambda x: latent_functions(fitted, x)):
        assert torch.equal(of(later).mean, of(numbers).mean) and (of(later).to_frame().index == later).all()
    assert torch.equal(sample(fitted, later, 2, seed=0), sample(fitted, numbers, 2, seed=0))
    filled = impute(fitted)
    for answer in (filled, leave_out(fitted)):
        assert answer.index.equals(WEEKS) and answer.calendar == data.calendar
    frame = filled.to_frame()
    assert list(frame.columns) == [(t, v) for t in ("level [m]", "flow") for v in ("mean", "sd")]
    assert equal(frame[("level [m]", "sd")], filled.sd[:, 0]) and equal(frame[("flow", "mean")], WEEKLY["flow"])
    further = TaskData(
        WEEKS + pd.Timedelta(days=100), WEEKLY.to_numpy(), data.tasks, data.units, calendar=data.calendar
    )
    assert (impute(fitted, further).to_frame().index == WEEKS + pd.Timedelta(days=100)).all()
    with pytest.raises(ValueError, match="table: its input is days since 2019-04-17, that of the fit days since 2019"):
        impute(fitted, TaskData.from_frame(WEEKLY.set_axis(WEEKS + pd.Timedelta(days=100))))


def test_hide_takes_dates():
    data = TaskData.from_frame(WEEKLY)
    hidden = data.hide("flow", "2019-02-01", pd.Timestamp("2019-02-20"))[1]
    assert hidden.observed.nonzero()[:, 0].tolist() == [4, 5, 6]
    assert data.hide("flow", "2019", "2019")[1].observed[:, 1].all(), "a year from its start to its end"
    zoned = TaskData.from_frame(WEEKLY.tz_localize("Europe/Berlin"))
    assert zoned.hide("flow", "2018", "2019")[1].observed[:, 1].all()
    year = TaskData.from_frame(pd.DataFrame({"a": range(36)}, pd.date_range("2019-01-01", periods=36, freq="MS")))
    assert year.hide("a", "2020", "2020")[1].observed[:, 0].nonzero()[:, 0].tolist() == list(range(12, 24))
    for ends, said in (
        (("2019-03-01", "2019-02-01"), "start: 2019-03-01 is after stop, 2019-02-01; exchange them"),
        (("2029-01-01", "2029-02-01"), "start, stop: 'flow' has no observed cell from 2029-01-01 to 2029-02-01; pass"),
        (("01/02/2019", "2019-03-01"), "start: '01/02/2019' may be day-first or month-first, and nothing tells; pass"),
        (("2019-02-01", "2019-02-30"), "stop: entry 0: '2019-02-30' is not a date; pass dates"),
        ((NAN, "2019"), "start: is missing; pass a number or a date"),
        (("2019", "9999"), "stop: '9999' is no year from 0001 to 9998; pass one of these, or a date"),
        ((1e30, 1e31), "start, stop: 'flow' has no observed cell from 1e+30 to 1e+31; pass"),
        (("2019-02-01", "soon"), "stop: 'soon' is not a date; pass dates"),
    ):
        with pytest.raises(ValueError) as error:
            data.hide("flow", *ends)
        assert said in str(error.value) and "column" not in str(error.value)


def test_figures_have_dates():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    data = TaskData.from_frame(WEEKLY)
    _, axes = plt.subplots(1, 2)
    plots.tasks(axes, impute(at_parameters(icm(data))), data)
    assert (plots.inputs(data) == WEEKS).all() and axes[0].get_xlabel() == "week"
    assert (pd.DatetimeIndex(axes[0].lines[0].get_xdata()) == WEEKS).all()
    plt.close("all")


def test_a_fit_prints_as_a_summary():
    told = repr(at_parameters(icm(TaskData.from_frame(WEEKLY)))).split("\n")
    assert told[0] == "Fit: ICM, noise: per task, icm's default (10 rows hold several values; full noise asks for 40)"
    assert told[1].startswith("  kernels: ") and told[2].endswith("nats")
    assert told[3] == "  TaskData: 12 rows, 2 tasks: level [m], flow" and len(told) == 6


def test_a_table_prints_as_a_summary():
    data = TaskData.from_frame(WEEKLY)
    assert repr(data).split("\n")[:3] == [
        "TaskData: 12 rows, 2 tasks: level [m], flow",
        "  week: 2019-01-07 to 2019-03-25 (days since 2019-01-07)",
        "  2 of 24 cells missing",
    ]
    told = repr(predict(at_parameters(icm(data)), WEEKS[:2], covariance=True)).split("\n")
    assert told[0] == "Prediction of the observed y: 2 rows, 2 tasks: level [m], flow"
    assert told[2] == "  joint covariance of 4 cells"
    assert "known standard errors: 2 cells" in repr(TaskData.from_frame(FRAME, x="x", sd=["a_se"]))


@pytest.mark.parametrize("seed", range(20))
def test_writing_and_reading_gives_the_same_numbers(seed, tmp_path):
    """Any separator, decimal mark and order of rows and columns."""
    rng = np.random.default_rng(seed)
    rows, tasks = rng.integers(4, 30), rng.integers(1, 6)
    y = rng.normal(size=(rows, tasks)) * 10.0 ** rng.integers(-3, 7, tasks)
    y[rng.random(y.shape) < 0.2] = NAN
    y[:2] = rng.normal(size=(2, tasks))
    dates = pd.date_range("2001-05-03", periods=rows, freq=str(rng.choice(["D", "h", "MS", "7D", "QS"])))
    index = dates.rename("date") if seed % 2 else pd.Index(np.sort(rng.normal(size=rows)), name="depth")
    frame = pd.DataFrame(y, index, [f"s{t} [m]" for t in range(tasks)])
    data = TaskData.from_frame(frame)
    mixed = data.to_frame().iloc[rng.permutation(rows)].reset_index()
    mixed = mixed[list(rng.permutation(mixed.columns))]
    mark, decimal = [(",", "."), (";", ","), ("\t", "."), ("|", ".")][seed % 4]
    mixed.to_csv(tmp_path / "t.csv", sep=mark, decimal=decimal, index=False)
    read = read_table(tmp_path / "t.csv")
    order = np.argsort(read.x[:, 0].numpy())
    columns = [read.task_index(task) for task in data.tasks]
    assert equal(read.x[order], data.x) and equal(read.y[order][:, columns], data.y)
    assert set(read.units) == {"m"} and read.calendar == data.calendar


def test_a_shuffled_long_file_is_the_same_table(tmp_path):
    rng = np.random.default_rng(0)
    tables = []
    for frame in (LONG, LONG.iloc[rng.permutation(6)], LONG[["se", "value", "what", "t"]]):
        frame.to_csv(tmp_path / "t.csv", index=False)
        assert errors_of(tmp_path / "t.csv", series="what") == "se"
        data = read_table(tmp_path / "t.csv", series="what", sd="se")
        cells = data.observed.nonzero().tolist()
        tables.append(
            sorted((float(data.x[i, 0]), data.tasks[t], float(data.y[i, t]), float(data.sd[i, t])) for i, t in cells)
        )
    assert tables[0] == tables[1] == tables[2] == sorted(LONG[["t", "what", "value", "se"]].itertuples(False, None))


def test_what_the_file_suggests_is_proposed_and_not_done(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,a,a_se,b\n1,1.5,.1,10\n2,-999,.2,?\n3,3.5,.1,40\n4,2.5,.1,30\n")
    assert suspected_codes(parse(path))[0] == ["?", "-999"]
    assert errors_of(path, missing=["?", "-999"]) == {"a": "a_se"}
    with pytest.raises(TableError) as error:
        read_table(path)
    assert (error.value.option, error.value.value) == ("missing", ["?"])
    data = read_table(path, missing=["?", "-999"], sd={"a": "a_se"})
    assert equal(data.y, [[1.5, 10], [NAN, NAN], [3.5, 40], [2.5, 30]]) and equal(data.sd[:, 0], [0.1, 0.2, 0.1, 0.1])


def test_a_refusal_travels():
    import pickle

    error = pickle.loads(pickle.dumps(TableError("a: is b", "pass c", "dates", ["d"])))
    assert (str(error), error.problem, error.option, error.value) == ("a: is b; pass c", "a: is b", "dates", ["d"])


def test_the_argument_that_a_refusal_marks_is_the_one_that_settles_it():
    error = TableError(f"{marked('sd')}: is a", f"name one with {marked('x', sets=True)}")
    assert (str(error), error.option) == ("sd: is a; name one with x=", "sd")
    assert TableError("column 'a': is b", f"pass {marked('missing', '?')}").option == "missing"
    assert TableError(f"{marked('series')}: is a", "name both", "value").option == "value"
    assert TableError("file is empty", "pass another").option is None
