"""A data frame in, data frames out: `fill`, its answer for a frame, and the imputer of scikit-learn."""

import numpy as np
import pandas as pd
import pytest

from mtgp_tutorial import TaskData, icm
from mtgp_tutorial.tables import compare, fill, filled_frame, propose_season

RNG = np.random.default_rng(1)
DATES = pd.date_range("2001-01-01", periods=30, freq="MS")
LEVEL = RNG.normal(size=30).cumsum() + 20
FRAME = pd.DataFrame({"date": DATES, "by": "Kim", "a [m]": LEVEL, "b": 2 * LEVEL + RNG.normal(size=30)})
FRAME.loc[4:8, "a [m]"] = np.nan
FRAME.loc[20, "b"] = np.nan
TABLE = TaskData.from_frame(FRAME)


def test_a_frame_is_given_back_with_its_holes_filled():
    found = fill(FRAME, "regression")
    pd.testing.assert_frame_equal(found.filled.where(FRAME.notna()), FRAME)
    assert found.filled.notna().all(axis=None)
    holes = FRAME[["a [m]", "b"]].isna()
    for one in (found.low, found.high, found.sd):
        assert one.columns.tolist() == ["a [m]", "b"] and one.index.equals(FRAME.index)
    middle = found.filled[["a [m]", "b"]]
    assert ((found.low < middle) & (middle < found.high)).equals(holes) and (found.sd > 0).equals(holes)
    assert found.to_frame().equals(found.prediction.to_frame()) and found.mean.shape == (30, 2)
    table = TaskData.from_frame(FRAME)
    assert filled_frame(table, fill(table, "regression")).equals(found.filled)
    assert [len(ax.lines) > 0 for ax in found.plot().axes] == [True, True]


def test_what_is_said_of_a_frame_reads_it():
    dated = FRAME.assign(date=DATES.strftime("%d/%m/%y"), c=-999.0)
    dated.loc[:9, "c"] = 1.0 + np.arange(10) % 3
    found = fill(dated, "mean", x="date", tasks=["b", "c"], date_format="%d/%m/%y", missing=["-999"])
    assert found.data.tasks == ("b", "c") and found.filled["c"][10:].tolist() == pytest.approx([1.9] * 20)
    assert found.filled["date"].equals(dated["date"])


REFUSED = {
    "x: goes with a data frame": lambda: fill(TABLE, x="date"),
    "method: 'kriging' is not one of 'mean'": lambda: fill(FRAME, "kriging"),
    "data: is a list; pass a TaskData or a DataFrame": lambda: fill([1]),
    "data: is a DataFrame; pass TaskData.from_frame\\(data\\)": lambda: icm(FRAME),
    "seen: is a DataFrame; pass TaskData.from_frame": lambda: propose_season(FRAME),
    "trial: is a DataFrame; .*TaskData.from_frame": lambda: compare(FRAME, [1]),
    "data: was read from no frame": lambda: filled_frame(TaskData([0, 1, 2], [[1.0], [2], [4]]), None),
    "prediction: is of other rows": lambda: filled_frame(TABLE, fill(FRAME[:20], "mean").prediction),
    "data: was read from no frame;": lambda: filled_frame(TABLE.standardise()[0], None),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_refused(said):
    with pytest.raises(ValueError, match=said):
        REFUSED[said]()


def test_a_fill_below_zero_is_said():
    count = FRAME.assign(b=np.r_[np.arange(20), np.full(10, np.nan)], c=LEVEL)
    with pytest.warns(UserWarning, match="'b' was never below 0.*logarithm or the square root.*Poisson"):
        fill(count.assign(b=count["b"].to_numpy()[::-1].copy() ** 1.0), "mean")


def test_the_imputer_fills_by_the_model_and_goes_through_a_pipeline():
    pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from mtgp_tutorial.tables.imputer import GPImputer

    values = FRAME[["a [m]", "b"]].assign(t=np.arange(30.0))
    imputer = clone(GPImputer("t", starts=1)).set_output(transform="pandas")
    found = imputer.fit_transform(values)
    pd.testing.assert_frame_equal(found.where(values.notna()), values)
    assert np.abs(found["a [m]"][4:9] - LEVEL[4:9]).max() < 1
    later = pd.DataFrame({"a [m]": [np.nan, 21.0], "b": [44.0, np.nan], "t": [30.0, 31.0]})
    after = imputer.transform(later)
    assert after.notna().all(axis=None) and abs(after["a [m]"][0] - 22) < 1.5 and abs(after["b"][1] - 42) < 3
    assert imputer.transform(values[4:9]).equals(found[4:9])
    piped = make_pipeline(GPImputer(x=2, starts=1), StandardScaler()).fit_transform(values.to_numpy())
    assert np.isfinite(piped).all()
    with pytest.raises(ValueError, match="^x: 'year' is no column of X"):
        GPImputer("year").fit(values)
    with pytest.raises(ValueError, match="^X: the input, column 't', has NaN"):
        GPImputer("t").fit(values.assign(t=np.nan))


def test_the_imputer_is_an_estimator():
    """The checks of scikit-learn, but for the one that puts NaN into the column that is the input."""
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    from mtgp_tutorial.tables.imputer import GPImputer

    told = checks.check_estimator(GPImputer(starts=1), on_fail=None, on_skip=None)
    assert len(told) > 40
    assert {one["check_name"] for one in told if one["status"] == "failed"} == {"check_estimators_pickle"}
