"""Sums of cells and the next cells to read: by brute force, and by what is said once they are read."""

import numpy as np
import torch

from laws.common import RANDOM, close, in_each_form, models_of, table, tensor, unfitted
from mtgp_tutorial import icm, impute, linear, next_cells, predict

X = tensor([[0.7], [5.0]])  # new rows


def _left(fitted, x, loads, noise, taken, sd=None):
    """Variance of sums [K, R * T] of standardised cells, added up, once the cells taken are read: by one inverse."""
    model, x = fitted.model, torch.cat([fitted.model.unit.x, x])
    (R, T), unit = (len(x), model.data.num_tasks), model.unit
    F = sum(np.kron(K, B) for K, B in model.terms(x))
    known = np.zeros((R, T))
    if unit.sd is not None:
        known[: len(unit.y)] = np.where(unit.observed, np.nan_to_num(unit.sd.numpy()) ** 2, 0)
    if sd is not None:
        known += np.nan_to_num(sd / model.scale.sd.numpy()) ** 2 * ~_seen(fitted, R)
    Y = F + np.kron(np.eye(R), model.Sigma()) + np.diag(known.ravel())
    given = [*np.flatnonzero(_seen(fitted, R)), *taken]
    target = Y if noise else F
    rest = target - target[:, given] @ np.linalg.solve(Y[np.ix_(given, given)], target[:, given].T)
    return np.trace(loads @ rest @ loads.T)


def _seen(fitted, R):
    """Which cells [R, T] were observed."""
    return np.pad(fitted.model.unit.observed.numpy(), ((0, R - len(fitted.model.unit.y)), (0, 0)))


def _wishes(rng, fitted, R):
    """What may be wanted, and the same as loads of standardised cells."""
    T, sd = fitted.model.data.num_tasks, fitted.model.scale.sd.numpy()
    one, several = rng.normal(size=(R, T)) / sd, rng.normal(size=(2, R, T)) * (rng.random((2, R, T)) < 0.4)
    cells = rng.random((R, T)) < 0.3
    cells[-1, 0] = True
    yield one, (one * sd).reshape(1, -1)
    yield several, (several * sd).reshape(2, -1)
    yield cells, np.eye(R * T)[cells.ravel()]


def law_each_next_cell_is_the_best_by_brute_force():
    """Per price, of f and y, in fitted rows and new ones, with full noise and known errors, in every solver."""
    rng = RANDOM(540)
    for data in (table(rng), table(rng, holes=False), table(rng, known=True)):
        R, T = len(data.y) + len(X), data.num_tasks
        for number, fitted in enumerate(models_of(data)):
            noise, wishes = bool(number % 2), list(_wishes(rng, fitted, R))
            wanted, loads = wishes[number % 3]
            cost = rng.uniform(0.5, 2, (R, T))
            sd = rng.choice([0.1, 1.0], (R, T)) * data.scale().sd.numpy() if number % 4 > 1 else None
            _check_steps(fitted, wanted, loads, noise, cost, sd)


def _check_steps(fitted, wanted, loads, noise, cost, sd):
    R, T = cost.shape
    found = next_cells(fitted, wanted, x=X, cost=cost, count=2, noise=noise, sd=sd)
    candidates, taken = set(np.flatnonzero(~_seen(fitted, R))), []
    before = first = _left(fitted, X, loads, noise, [], sd)
    for line in found.itertuples():
        after = {cell: _left(fitted, X, loads, noise, [*taken, cell], sd) for cell in candidates - set(taken)}
        falls = {cell: (before - left) / cost.flat[cell] for cell, left in after.items()}
        cell = line.row * T + fitted.model.data.task_index(line.task)
        assert falls[cell] > max(falls.values()) - 1e-9 * first, (cell, falls)
        close(line.gain / first, (before - after[cell]) / first, 1e-8)
        close(line.left / first, after[cell] / first, 1e-8)
        assert line.price == cost.flat[cell]
        before, taken = after[cell], [*taken, cell]


def law_sums_are_weights_against_the_joint_covariance():
    """Of `predict` and `impute`: of new rows, of missing cells beside observed ones, which are known, and of f."""
    rng = RANDOM(543)
    for fitted in in_each_form(unfitted(icm(table(rng), rank=2, noise="full"), 5)):
        weights = rng.normal(size=(2, 9, 3)) / fitted.model.scale.sd.numpy()
        new, old = weights.copy(), weights.copy()
        new[:, :7] = old[:, 7:] = 0
        for noise in (False, True):
            said, found = predict(fitted, X, noise=noise, covariance=True), linear(fitted, new, x=X, noise=noise)
            close(found.mean, (new[:, 7:] * said.mean.numpy()).sum((1, 2)))
            rows = new[:, 7:].reshape(2, -1)
            close(found.covariance, rows @ said.covariance.numpy() @ rows.T)
            said, found = impute(fitted, noise=noise, covariance=True), linear(fitted, old, x=X, noise=noise)
            close(found.mean, (old[:, :7] * said.mean.numpy()).sum((1, 2)))
            if noise:
                missing = old[:, :7][:, fitted.model.unit.y.isnan().numpy()]
                close(found.covariance, missing @ said.covariance.numpy() @ missing.T)
        single = np.zeros((7, 3))
        single[3, 1] = 1
        found, said = linear(fitted, single), impute(fitted, noise=False)
        close([found.mean[0], found.sd[0]], [said.mean[3, 1], said.sd[3, 1]])
        everything = linear(fitted, weights, x=X)
        close(everything.covariance.diagonal().sum(), _left(fitted, X, _loads(fitted, weights), False, []))


def _loads(fitted, weights):
    return (weights * fitted.model.scale.sd.numpy()).reshape(len(weights), -1)
