"""`compare`: nothing is lost when it is interrupted, and nothing is done twice."""

import io
import sys

import pandas as pd
import pytest

from mtgp_tutorial import FitError, compare, icm, independent, simulate, standard_arms


def gap(seed):
    return simulate.two_sines(n=8, seed=seed).hide("sine", 0.6, 1)


def test_an_interrupted_run_is_resumed_and_nothing_is_lost_or_done_twice(tmp_path):
    store, calls = tmp_path / "results.csv", []

    def interrupted(data):
        calls.append("ICM")
        if len(calls) == 3:
            raise KeyboardInterrupt
        return icm(data)

    whole = compare(gap, range(3), {"alone": independent, "ICM": icm})
    with pytest.raises(KeyboardInterrupt):
        compare(gap, range(3), {"alone": independent, "ICM": interrupted}, store=store)
    kept = pd.read_csv(store)
    assert list(zip(kept["trial"], kept["arm"])) == [(0, "alone"), (0, "ICM"), (1, "alone"), (1, "ICM"), (2, "alone")]
    before = store.read_text()
    assert compare(gap, range(3), {"alone": independent, "ICM": icm}, store=store).equals(whole)
    assert store.read_text().startswith(before), "what was stored stands as it was"


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    store = tmp_path / "results.csv"
    compare(gap, [0], {"ICM": icm}, store=store)
    before = store.read_text()

    def full_disk(self, path, **options):
        path.write_text("trial,arm,ta")
        raise OSError("no space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError):
        compare(gap, [0, 1], {"ICM": icm}, store=store)
    assert store.read_text() == before


def test_a_fit_that_fails_stops_no_other_and_is_tried_again(tmp_path):
    store = tmp_path / "results.csv"
    arms = {"ICM": icm, "alone": independent}
    with pytest.raises(FitError, match="4 of 4 fits failed; the first: trial 0, 'ICM': .*has not converged"):
        compare(gap, [0, 1], arms, store=store, max_iterations=1)
    assert not store.exists()
    assert len(compare(gap, [0, 1], arms, store=store)) == 4


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    compare(gap, [0], {"ICM": icm})
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    compare(gap, [0], {"ICM": icm}, progress=False)
    assert sys.stderr.getvalue() == ""
    compare(gap, [0], {"ICM": icm})
    assert "1/1" in sys.stderr.getvalue() and "0: ICM" in sys.stderr.getvalue()


def test_the_standard_arms_are_five_models_that_fit():
    result = compare(gap, [0], starts=1)
    assert list(result["arm"]) == list(standard_arms()) and len(result) == 5
    assert result["NLPD"].notna().all() and set(result["task"]) == {"sine"}


@pytest.mark.parametrize(
    "trials, arms, message",
    [([], {"ICM": icm}, "empty"), ([1], {}, "empty"), ([1, "1"], {"ICM": icm}, "stands there twice")],
)
def test_bad_lists(trials, arms, message):
    with pytest.raises(ValueError, match=message):
        compare(gap, trials, arms)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="not a file that compare wrote"):
        compare(gap, [0], {"ICM": icm}, store=tmp_path / "other.csv")
