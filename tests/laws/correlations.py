"""Correlation against distance: the table's by loops, the model's from the one equation."""

import itertools

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, RBFKernel

from laws.common import RANDOM, close, table, tensor, unfitted
from mtgp_tutorial import TaskData, empirical_correlation, icm, independent, lmc, model_correlation


def law_empirical_correlations_by_loops():
    """All pairs of cells at that distance, in one direction; the same row alone at 0; holes left out."""
    rng = RANDOM(50)
    x = np.array([0.0, 1, 2, 2, 3.4, 5, 6.1, 8])  # two rows at 2
    y = rng.normal(size=(8, 3)) * [1, 10, 100] + [0, 5, -7]
    y[1, 0] = y[4, 2] = y[6] = np.nan
    data, distances, width = TaskData(x, y, tasks=["a", "b", "c"]), [-2.0, -1, 0, 0.2, 1, 2, 5, 20], 0.9
    z = (y - np.nanmean(y, 0)) / np.nanstd(y, 0)
    found = empirical_correlation(data, distances, width=width)
    assert list(found.columns) == [(s, t) for s, t in itertools.combinations_with_replacement("abc", 2)]
    assert list(found.index) == distances
    for h, (s, t) in itertools.product(distances, itertools.combinations_with_replacement(range(3), 2)):
        products = [
            z[i, s] * z[j, t]
            for i, j in itertools.product(range(8), repeat=2)
            if (i == j if h == 0 else i != j and abs(x[j] - x[i] - h) <= width / 2)
        ]
        products = [value for value in products if not np.isnan(value)]
        expected = np.mean(products) if products else np.nan
        value = found.loc[h, ("abc"[s], "abc"[t])]
        assert np.isclose(value, expected, equal_nan=True), (h, s, t)
    assert np.isclose(found.loc[0, ("a", "a")], 1) and found.loc[20].isna().all()
    default = empirical_correlation(data, [0, 1, 3])
    close(default, empirical_correlation(data, [0, 1, 3], width=1.0))


def law_empirical_correlations_of_a_long_table_are_those_of_all_pairs():
    """All pairs of rows at once: the same numbers, to the bit where the rows are one block, else to rounding."""
    for rows, tolerance in ((40, 0), (1000, 0), (2300, 1e-12)):
        rng = RANDOM(52)
        x, y = rng.permutation(rows) / 2, rng.normal(size=(rows, 2)).cumsum(0)
        y[rng.random((rows, 2)) < 0.2] = np.nan
        data, h = TaskData(x, y), tensor([-2.0, 0.0, 0.5, 3.0])
        z, seen = data.standardise()[0].y.nan_to_num(), data.observed.double()
        apart, same = data.x[:, 0] - data.x, torch.eye(rows).bool()
        pairs = [(same if step == 0 else ((apart - step).abs() <= 0.25) & ~same).double() for step in h]
        expected = torch.stack([(z.mT @ one @ z) / (seen.mT @ one @ seen) for one in pairs])[:, [0, 0, 1], [0, 1, 1]]
        close(empirical_correlation(data, h, width=0.5).to_numpy(copy=True), expected, tolerance)


def law_model_correlations_are_those_of_its_observations():
    """Joint covariance of the cells of two rows, prior to any data, for each kind of model."""
    data, distances = table(RANDOM(51)), [-2.0, 0.0, 0.3, 1.7]
    for noise in ("shared", "per task", "full"):
        for model in (
            independent(data, noise=noise, kernel=MaternKernel(nu=2.5)),
            icm(data, rank=2, noise=noise),
            lmc(data, kernels=[RBFKernel(), MaternKernel(nu=1.5)], noise=noise),
        ):
            fitted = unfitted(model, 3)
            found = model_correlation(fitted, distances)
            Sigma = fitted.model.Sigma()
            for h in distances:
                two = tensor([[0.4], [0.4 + h]])
                C = sum(torch.kron(K, B) for K, B in fitted.model.terms(two))
                C = C + torch.kron(torch.tensor([[1.0, h == 0], [h == 0, 1.0]]).double(), Sigma)
                sd = C.diagonal().sqrt()
                R = (C / torch.outer(sd, sd))[:3, 3:]
                for (s, t), value in zip(itertools.combinations_with_replacement(range(3), 2), found.loc[h]):
                    close(value, R[s, t], 1e-12)
