"""The study of the report on twelve tables: what is hidden, who is told what, how answers are matched to the truth."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def study():
    folders = [str(ROOT / folder) for folder in ("book/studies", "examples/forty_tables")]
    sys.path[:0] = folders
    import report_tables

    yield report_tables
    for folder in folders:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def every(study):
    """Each table and its mask; `pair` refuses another checksum than the one that was committed first."""
    return {name: study.pair(name) for name in study.TABLES}


def test_what_is_hidden_stands_in_no_file_and_all_else_does(study, every):
    for frame, mask in every.values():
        seen = study.without(frame, mask)
        names = frame.columns[-mask.shape[1] :]
        assert seen[names].isna().to_numpy()[mask].all()
        pd.testing.assert_frame_equal(seen[names].where(~mask), frame[names].where(~mask))
        assert seen[frame.columns[: -len(names)]].equals(frame[frame.columns[: -len(names)]])


def test_all_methods_are_given_one_file(study, monkeypatch, tmp_path):
    """And it has what `without` leaves; a method has no other way to the table."""
    given = {}

    def method(file, spec):
        given[file.parent.name] = file.read_text(encoding="utf8")
        return *(np.zeros((72, 2)) for _ in range(3)), None

    monkeypatch.setattr(study, "METHODS", dict.fromkeys(study.METHODS, method))
    monkeypatch.setattr(study, "ROOT", tmp_path)
    cells = [[row["cells"] for row in study.rows("lung deaths", name)] for name in study.METHODS]
    frame, mask = study.pair("lung deaths")
    assert set(given.values()) == {study.text(study.without(frame, mask))} and len(given) == 5
    assert cells == [mask.sum(0).tolist()] * 5


def test_the_truth_scores_0_and_two_columns_in_disorder_are_seen(study, every):
    for frame, mask in every.values():
        truth = frame.iloc[:, -mask.shape[1] :].to_numpy()
        right = study.scores(frame, mask, [truth] * 3)
        assert all(row["RMSE"] == row["width"] == 0 and row["coverage"] == 1 for row in right)
        shifted = [np.roll(truth, 1, 0)] * 3
        assert all(row["RMSE"] > 1e-3 for row in study.scores(frame, mask, shifted))
        if mask.shape[1] > 1:
            swapped = [np.roll(truth, 1, 1)] * 3
            assert all(row["RMSE"] > 0.01 for row in study.scores(frame, mask, swapped))
    off = truth + np.nanstd(truth, 0) * np.where(mask, 0.5, 100)  # what was seen does not count
    assert [row["RMSE"] for row in study.scores(frame, mask, [off, truth - 1, truth + 1])] == pytest.approx([0.5] * 8)
    with pytest.raises(ValueError, match="hidden cells have no answer"):
        study.scores(frame, mask, [np.where(mask, np.nan, truth)] * 3)


@pytest.mark.parametrize("whole", [False, True])
def test_the_report_is_read_by_names_and_its_rows_are_held_to_the_file(study, every, monkeypatch, tmp_path, whole):
    """With the columns of the inputs and tasks alone, or with all of the file before what was filled."""
    frame, mask = every["lung deaths"]
    seen, order = study.without(frame, mask), np.arange(len(frame))
    (tmp_path / "seen.csv").write_text(study.text(seen), encoding="utf8")

    def command(words, **_):
        folder = tmp_path / "report"
        folder.mkdir()
        extra = {f"{name} {end}": frame[name].where(mask[:, t]) + by for t, name in enumerate(frame.columns[1:])
                 for end, by in (("low", -7), ("high", 9))}  # fmt: skip
        parts = [frame, pd.DataFrame(extra)]
        pd.concat(parts if whole else [parts[0][["month"]], parts[1], parts[0][["women", "men"]]], axis=1).iloc[
            order
        ].to_csv(folder / "filled.csv", index=False)
        return subprocess.CompletedProcess(
            words, 0, "10 values are filled by the mean (“mean”). In b “ICM” was nearer.", ""
        )

    monkeypatch.setattr(study.subprocess, "run", command)
    middle, low, high, how = study.report(tmp_path / "seen.csv", study.TABLES["lung deaths"])
    truth = frame[["men", "women"]].to_numpy()
    assert how == ["mean", "mean"] and np.array_equal(middle, truth)
    for end, by in ((low, -7), (high, 9)):  # of 95 %, and here of two standard deviations
        assert np.allclose(end[mask], truth[mask] + by * 2 / 1.959964)
    order = order[::-1]
    with pytest.raises(RuntimeError, match="its rows may be in disorder"):
        study.report(tmp_path / "seen.csv", study.TABLES["lung deaths"])


def test_the_summary_by_hand(study):
    table = pd.DataFrame(
        [("a", "p", "report", 3, 1.0), ("a", "q", "report", 1, 3.0), ("b", "p", "report", 2, 1.0)]
        + [("a", "p", "line", 3, 2.0), ("a", "q", "line", 1, 6.0), ("b", "p", "line", 2, 0.5)],
        columns=["table", "column", "method", "cells", "RMSE"],
    )
    errors, ratios = study.summary(table)
    assert errors.loc["a", "report"] == pytest.approx(3**0.5) and errors.loc["b", "line"] == 0.5
    line = ratios.loc["line"]
    assert line["ratio"] == pytest.approx(1) and line["nearer"] == 1 and line["tables"] == 2
    assert np.log(line["high"]) == pytest.approx(12.7062 * np.log(2), rel=1e-4)  # t of one degree, sd log 4 / 2 ** 0.5
