"""The studies of examples/streaming at small sizes: what each of them claims, on a table of 6000 cells."""

from pathlib import Path

import pytest

from mtgp_tutorial import datasets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small(monkeypatch):
    """Name of a study -> the table of its small version."""
    for folder in ("book/studies", "examples/streaming"):
        monkeypatch.syspath_prepend(str(ROOT / folder))
    import running

    return running.small


def same_columns(found, study):
    return list(found.columns) == list(datasets.study(study).columns)


def test_a_streamed_run_comes_near_the_best_possible(small):
    found = small("stream_million")
    (row,) = found.to_dict("records")
    assert same_columns(found, "stream_million") and row["steps"] == 3 * 22 and row["from step"] == 0
    assert row["best"] - 0.02 < row["NLPD"] < row["best"] + 0.1 and 0.85 < row["coverage"] < 1


def test_wrong_ways_are_wrong_without_a_word(small):
    found, stored = small("stream_ways"), datasets.study("stream_ways")
    assert same_columns(found, "stream_ways") and list(found["way"]) == list(stored["way"])
    right, wrong, late = found.iloc[0], found.iloc[1:-2], found["drift"].iloc[-2:]
    assert right["gradient"] < 1e-10 and right["drift"] == 0
    assert len(wrong) == 7 and (wrong["gradient"] > 0.01).all()
    assert list(wrong["drift"] > 0.001) == [True] * 3 + [False] * 4
    assert late.iloc[0] == 0 < late.iloc[1]
    assert wrong["gradient"].tolist() == pytest.approx(stored["gradient"].iloc[1:-2].tolist(), rel=0.05)
