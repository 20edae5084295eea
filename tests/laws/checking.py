"""Residuals by loops, calibration over draws from the model itself, and sick fits that are found."""

import copy
from dataclasses import replace

import numpy as np
import torch
from gpytorch.kernels import RBFKernel

from laws.common import RANDOM, close, dense_numpy, in_each_form, models_of, table, tensor, unfitted
from mtgp_tutorial import Fit, TaskData, at_parameters, fit, icm, leave_out
from mtgp_tutorial.arguments import as_array
from mtgp_tutorial.tables import check
from mtgp_tutorial.tables.residuals import (
    compact_groups,
    drawn_weights,
    in_order,
    left_out,
    nearest_before,
    precision_root,
    whitened,
)


def law_one_step_errors_are_each_cell_against_those_before_it():
    """By conditioning one cell at a time on the dense covariance; the root is its Cholesky factor, in every form."""
    rng = RANDOM(80)
    plain, errors = (replace(data, x=data.x[[3, 0, 6, 2, 5, 1, 4]]) for data in (table(rng), table(rng, known=True)))
    for fitted in (*models_of(plain), *in_each_form(unfitted(icm(errors, rank=2), 2))):
        shuffled, cells = fitted.model.data, in_order(fitted)
        pairs = list(zip(*(one.tolist() for one in cells)))
        assert pairs == sorted(pairs, key=lambda cell: (float(shuffled.x[cell[0], 0]), cell[1]))
        C, r, named = dense_numpy(fitted)
        at = [named.index(cell) for cell in pairs]
        C, r = C[np.ix_(at, at)], r[at]
        U = precision_root(fitted, cells)
        close(U @ U.mT @ tensor(C), np.eye(len(C)), 1e-7)
        close(U.tril(-1), np.zeros_like(C))
        expected = []
        for n in range(len(r)):
            weights = np.linalg.solve(C[:n, :n], C[:n, n]) if n else np.zeros(0)
            expected.append((r[n] - weights @ r[:n]) / np.sqrt(C[n, n] - weights @ C[:n, n]))
        close(whitened(fitted, cells, torch.zeros(len(r)), 1, 0)[0], expected, 1e-6)


def law_left_out_residuals_are_those_of_leave_out():
    """Alone and in blocks; the weights of draws have the covariance C^-1."""
    for fitted in models_of(table(RANDOM(81))):
        data, cells = fitted.model.data, in_order(fitted)
        U, weights = precision_root(fitted, cells), fitted.conditioned().weights[cells][:, None]
        labels = torch.arange(data.y.numel()).reshape(data.y.shape) % 4
        for found, by in ((left_out(U, weights), "cell"), (left_out(U, weights, labels[cells]), labels)):
            left = leave_out(fitted, by)
            close(found[:, 0], ((data.y - left.mean) / left.sd)[cells], 1e-6)
    draws = drawn_weights(U, 40_000, seed=3)
    scale = (U @ U.mT).diagonal().sqrt()
    close(draws @ draws.mT / 40_000 / torch.outer(scale, scale), (U @ U.mT) / torch.outer(scale, scale), 0.03)


def law_a_neighbour_is_the_nearest_cell_before_it():
    """Of two inputs by loops, in units of their ranges; "x" is the first of them."""
    rng = RANDOM(113)
    data = TaskData(rng.uniform(size=(9, 2)) * [1, 50], rng.normal(size=(9, 2)))
    cells, x = check(at_parameters(icm(data)), draws=1).cells, data.x.numpy()
    unit = x / np.ptp(x, axis=0)
    close(cells["x"], x[cells["at"], 0], 0)
    for _, own in cells.groupby("task"):
        at, steps = own["at"].to_numpy(), own["one step"].to_numpy()
        near = [((unit[at[:k]] - unit[at[k]]) ** 2).sum(1).argmin() for k in range(1, len(at))]
        close(own["neighbour"][1:], steps[near], 0)
        assert near != list(range(len(at) - 1)) and np.isnan(own["neighbour"].iloc[0])


def law_groups_are_compact():
    x = np.array([5.0, 1, 1, 2, 3, 8, 7, 1, 9])
    assert compact_groups(x[:, None], 3).tolist() == [1, 0, 0, 0, 1, 2, 2, 0, 2]  # seven different inputs
    assert np.bincount(compact_groups(np.arange(60.0)[:, None], 6)).tolist() == [10] * 6
    assert compact_groups(np.array([[2.0], [1], [2]]), 6).tolist() == [1, 0, 1]
    grid = np.stack(np.meshgrid(np.arange(8.0), 1000 * np.arange(8.0)), -1).reshape(-1, 2)
    corners = compact_groups(grid, 4)
    for label in range(4):
        assert (np.ptp(grid[corners == label], axis=0) == [3, 3000]).all() and (corners == label).sum() == 16
    rng = RANDOM(82)
    z = rng.uniform(size=(30, 2)) * [1, 100]
    apart = ((z[:, None] - z) / np.ptp(z, axis=0)) ** 2
    expected = [-1, *(min(range(i), key=lambda j: apart[i, j].sum()) for i in range(1, 30))]
    assert nearest_before(z).tolist() == expected
    assert nearest_before(np.array([[0.0], [1], [1], [1], [3]])).tolist() == [-1, 0, 1, 2, 3]


def known(n=40, noise=(0.05, 0.2), length=0.15, off=0.0):
    """A model on [0, 1] whose parameters are set, and the covariance of its cells, row by row."""
    x = np.linspace(0, 1, n)
    data = TaskData(x, np.stack([np.sin(7 * x), np.cos(5 * x)], 1), tasks=["one", "two"], units=["m", ""])
    given = {
        "kernel.data_covar_module.lengthscale": length,
        "kernel.task_covar_module.covar_factor": [[0.9], [0.7]],
        "kernel.task_covar_module.var": [0.2, 0.4],
        "likelihood.task_noises": list(noise),
    }
    fitted = at_parameters(icm(data, noise="per task", kernel=RBFKernel()), given)
    Sigma = np.diag(noise) + off * np.sqrt(noise[0] * noise[1]) * np.array([[0, 1], [1, 0]])
    (K, B), *_ = fitted.model.terms(fitted.model.unit.x)
    return fitted, np.kron(as_array(K), as_array(B)) + np.kron(np.eye(n), Sigma)


def seen_as(fitted, y):
    """The same fit with other values y [N, T], standardised; parameters and scale as they were."""
    model = copy.deepcopy(fitted.model)
    model.unit, model.data = replace(model.unit, y=y), replace(model.data, y=model.scale.to_data(y))
    return Fit(model, fitted.priors, fitted.log_likelihood, fitted.starts)


def drawn(fitted, C, seed):
    """The fit, looking at a table drawn with mean 0 and covariance C."""
    y = np.linalg.cholesky(C) @ RANDOM([83, seed]).normal(size=len(C))
    return seen_as(fitted, tensor(y.reshape(-1, 2)))


def law_calibration_is_right_on_draws_from_the_model():
    """True parameters, a hundred tables: shares at all levels, sizes of tests, and how often any of them speaks up."""
    fitted, C = known()
    seen = [check(drawn(fitted, C, seed), draws=99, seed=seed) for seed in range(100)]
    for what, error in (("cell", 0.015), ("block", 0.035)):
        shares = np.mean([one.calibration[what] for one in seen], 0)
        close(shares, seen[0].calibration.index, error)
        low, high = (np.array([one.calibration[f"{what} {end}"] for one in seen]) for end in ("lowest", "highest"))
        inside = np.array([one.calibration[what] for one in seen])
        assert ((inside < low) | (inside > high)).mean() < 0.03  # 2 in 100, for exchangeable draws
    errors = np.array([one.cells["one step"] for one in seen])  # independent N(0, 1)
    close(errors.mean(), 0, 0.03), close((errors**2).mean(), 1, 0.04)
    for k in (1, 2, 3):
        close((errors[:, k:] * errors[:, :-k]).mean(), 0, 0.03)
    tasks = np.stack([errors[:, :-2].ravel(), errors[:, 2:].ravel()]), errors.reshape(100, 40, 2).transpose(2, 0, 1)
    close([np.mean(tasks[0][0] * tasks[0][1]), np.mean(tasks[1][0] * tasks[1][1])], [0, 0], 0.03)
    spoke = sum(any("one-step" in sentence for sentence in one.findings) for one in seen)
    assert spoke <= 4, spoke  # 1 is due


def law_a_sick_fit_is_found():
    """Noise too small and too large, two wrong length-scales, a planted outlier, noise that tasks share."""
    fitted, C = known()
    assert check(drawn(fitted, C, 0)).findings == ()

    def said(changed, covariance=C, seed=0):
        return " ".join(check(drawn(changed, covariance, seed)).findings)

    small, large = said(known(noise=(0.05 / 9, 0.2 / 9))[0]), said(known(noise=(0.5, 2.0))[0])
    assert "one: its one-step errors are larger" in small and "lie inside their 95% intervals" in small
    assert "too narrow" in small and "two: its one-step errors are smaller" in large and "too wide" in large
    for length in (0.01, 0.6):
        wrong = said(known(length=length)[0])
        assert "one: its one-step errors at neighbours are correlated" in wrong and "length-scale" in wrong
    together = said(fitted, known(off=0.9)[1])
    assert "one and two: their one-step errors in a row are correlated (+" in together
    assert 'try noise="full"' in together
    refitted = drawn(fitted, known(off=0.9)[1], 0).model.data
    refitted = check(fit(icm(refitted, noise="per task", kernel=RBFKernel())))  # B took what it could
    assert 'try noise="full"' in " ".join(refitted.findings)
    y = drawn(fitted, C, 0).model.unit.y.clone()
    y[17, 0] += 3
    outlier = check(seen_as(fitted, y))
    z = outlier.cells["z"]
    assert z.abs().idxmax() == (17, "one") and (z.abs() > 4).sum() == 1
    (sentence,) = [one for one in outlier.findings if one.startswith("one at 17: its value")]
    value = float(fitted.model.scale.to_data(y)[17, 0])
    assert f"{value:.6g} m lies {z[(17, 'one')]:.1f} standard deviations above" in sentence
