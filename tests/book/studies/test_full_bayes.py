"""The sampler's density is the module's. Skips without NumPyro, which the studies of full Bayes alone need."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mtgp_tutorial import simulate
from mtgp_tutorial.objective import objective

pytest.importorskip("numpyro", reason="NumPyro is not installed: only the studies of full Bayes need it")
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "book" / "studies"))
import full_bayes  # noqa: E402


@pytest.mark.parametrize("n", [10, 30])
def test_the_density_that_is_sampled_is_that_of_the_fit_up_to_a_constant(n):
    from numpyro.infer.util import log_density

    data, rng = simulate.two_sines(n, seed=0), np.random.default_rng(0)
    draws = {"log length": np.log(0.3) + rng.normal(size=20), "mean": rng.normal(size=(20, 2))}
    draws |= {"log B": rng.normal(size=(20, 2)), "log Sigma": np.log(0.05) + rng.normal(size=(20, 2))}
    draws["half"] = rng.beta(2, 2, size=20)
    module = [float(objective(one.model, True)) for one in full_bayes.as_fits(draws, data, 1)]
    x, y = data.x[:, 0].numpy(), data.standardise()[0].y.numpy()
    points = [{name: value[i] for name, value in draws.items()} for i in range(20)]
    sampled = [float(log_density(full_bayes.bayes, (x, y), {}, point)[0]) for point in points]
    assert np.ptp(np.subtract(sampled, module)) < 1e-9 * np.abs(module).max()
