"""The report of a data frame: the same as the command's of its file, and refusals in the words of the call."""

import numpy as np
import pandas as pd
import pytest
import torch

from mtgp_tutorial.__main__ import main
from mtgp_tutorial.tables.report import report


def frame(rows=40):
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=rows)) / 2
    found = pd.DataFrame({"a": walk + 0.1 * rng.normal(size=rows), "b": 2 * walk + 0.1 * rng.normal(size=rows)})
    found.loc[10:12, "b"] = np.nan
    return found.set_index(pd.date_range("2001-01-01", periods=rows, freq="D", name="day"))


def test_a_frame_is_filled_as_its_file_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    found = report(frame(), "mine", columns=["a", "b"], trials=2, kernel="matern52")
    assert torch.get_num_threads() == threads
    assert (
        main(["report", "mine.csv", "--out", "other", "--columns", "a,b", "--trials", "2", "--kernel", "matern52"]) == 0
    )
    for name in ("filled.csv", "trials.csv"):
        assert (tmp_path / "mine" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    np.testing.assert_array_equal(found.filled["b"].isna().sum(), 0)
    known = frame()["b"].to_numpy()
    assert np.allclose(found.filled["b"][~np.isnan(known)], known[~np.isnan(known)], rtol=1e-12)
    assert set(found.trials["trial"]) and "srcdoc=" in found._repr_html_()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": 1}, "colour: is no option; the report has columns, "),
        ({"out_": "x"}, "out_: is no option"),
        ({"trials": 1}, "--trials: '1' is not a whole number above 1"),
        ({"kernel": "sine"}, "--kernel: invalid choice: 'sine'"),
        ({"columns": ["c"]}, "--columns: 'c' is no column"),
    ],
)
def test_a_call_is_refused_in_one_sentence(options, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=said):
        report(frame(), **options)
    assert not (tmp_path / "report").exists()


def test_another_table_is_not_written_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.csv").write_text("mine", encoding="utf8")
    with pytest.raises(ValueError, match="out: report.csv holds another table; pass the name of a new folder"):
        report(frame())
    assert (tmp_path / "report.csv").read_text(encoding="utf8") == "mine"
    with pytest.raises(ValueError, match="frame: is a str; pass a DataFrame, or run python -m mtgp_tutorial report"):
        report("report.csv")
