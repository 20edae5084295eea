"""The study of the report on twelve tables: what is hidden, and how answers are matched to the truth."""

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
