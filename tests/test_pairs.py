"""Two features at once: the fill of hidden cells is near what drew them and its bands hold, or a name is refused."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import PosteriorSamples, TaskData, fit, icm, impute, sample_posterior, simulate, sparse

FEATURES = ("counts", "errors", "wide", "sparse", "long", "averaged", "labels")
REFUSED = {
    ("counts", "sparse"): "sparse: task 'task 2' is poisson",
    ("counts", "averaged"): "sample_posterior: task 'task 2' is poisson",
    ("sparse", "averaged"): "fit: is of a sparse model, whose bound is no density",
}


def drawn(features):
    """The true f [N, T], and a table of noisy values of it with a fifth of the cells missing."""
    rows, tasks = 400 if "long" in features else 60, 24 if "wide" in features else 2
    rng = np.random.default_rng(len("".join(features)))
    x = np.arange(rows) / 10
    kernel = MaternKernel(nu=1.5).double()
    kernel.lengthscale = 1.0
    w = torch.tensor(rng.choice([-1.0, 1.0], size=(tasks, 1)))
    B, Sigma = w @ w.T + 0.1 * torch.eye(tasks).double(), 0.05 * torch.eye(tasks).double()
    f, y = (table.y.numpy() for table in simulate.draw_icm(x, kernel, B, Sigma, seed=1))
    sd = None
    if "errors" in features:  # each other reading is a bad one
        sd = np.where(np.arange(rows)[:, None] % 2, 1.0, np.nan) * np.ones_like(y)
        y = y + np.nan_to_num(sd) * rng.normal(size=y.shape)
    if "counts" in features:
        f, y = f.copy(), y.copy()
        f[:, 1] += 2
        y[:, 1] = rng.poisson(np.exp(f[:, 1]))
        sd = sd if sd is None else np.where(np.arange(tasks) == 1, np.nan, sd)
    y = np.where(rng.uniform(size=y.shape) < 0.2, np.nan, y)
    index = pd.Index([f"r{n}" for n in range(rows)]) if "labels" in features else None
    return f, TaskData(x, y, sd=sd, index=index)


def answered(features, data):
    """f at all cells, by a fit of the length-scale that drew them."""
    likelihood = {"task 2": "poisson"} if "counts" in features else None
    model = icm(data, kernel=MaternKernel(nu=1.5), noise="per task", likelihood=likelihood)
    if "sparse" in features:
        model = sparse(model, len(data.x) // 2)
    fitted = fit(model, starts=1)
    if features in REFUSED:
        sample_posterior(fitted)
    if "averaged" in features:  # over the optimum, twice: the same answer
        vector = torch.nn.utils.parameters_to_vector(fitted.model.parameters()).numpy()
        fitted = PosteriorSamples(fitted, np.stack([vector, vector]), np.arange(2), 1.0, 0)
    return impute(fitted, noise=False)


PAIRS = [pair for pair in itertools.combinations(FEATURES, 2) if pair != ("wide", "long")]


@pytest.mark.parametrize("features", PAIRS, ids="-".join)
def test_two_features_give_a_fill_whose_bands_hold(features):
    f, data = drawn(features)
    if features in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[features]):
            answered(features, data)
        return
    answer = answered(features, data)
    hidden = ~data.observed.numpy()
    z = ((f - answer.mean.numpy()) / answer.sd.numpy())[hidden]
    assert (np.abs(z) < 1.96).mean() > 0.85 and (z**2).mean() < 1.7
    assert np.abs(f - answer.mean.numpy())[hidden].mean() < 0.4 * np.abs(f - f.mean(0))[hidden].mean()
    if "labels" in features:
        assert list(answer.index) == [f"r{n}" for n in range(len(f))]
