"""Many tables: the right answer (by plain numpy) for every legal one, an error for exactly the listed ones."""

import laws
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.common import in_each_form

from mtgp_tutorial import TaskData, fit, icm, impute, independent, lmc, predict, sparse

settings.register_profile("book", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("book")


@st.composite
def tables(draw):
    """T 1 to 8, N 1 to 9, D 1 to 2, any holes, scales from 1e-6 to 1e6, now and then a constant task."""
    num_tasks, num_rows, width = draw(st.integers(1, 8)), draw(st.integers(1, 9)), draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    y = rng.normal(size=(num_rows, num_tasks))
    y = (y + rng.normal(size=num_tasks) * 3) * 10 ** rng.uniform(-6, 6, num_tasks)
    y[rng.uniform(size=y.shape) < draw(st.sampled_from([0, 0, 0.2, 0.5, 0.8]))] = np.nan
    if draw(st.integers(0, 9)) == 0:
        y[:, 0] = np.where(np.isnan(y[:, 0]), np.nan, 7.5)
    x = np.round(rng.uniform(0, 4, (num_rows, width)), draw(st.sampled_from([0, 3])))  # 0 digits: many duplicates
    return x * 10 ** rng.uniform(-6, 6), y


def expected_error(y):
    """The sentence that a table deserves, or None for a legal one."""
    columns = [column[~np.isnan(column)] for column in y.T]
    for column in columns:
        if len(column) == 0:
            return "has no observed cell"
        if len(column) > 1 and column.min() == column.max():
            return "values of task"
    if all(len(column) == 1 for column in columns):
        return "no task has two observed cells"
    return None


@given(
    tables(),
    st.sampled_from(["shared", "per task", "full", "rank 1"]),
    st.integers(0, 3),
    st.sampled_from([0.0, -6.0]),
    st.booleans(),
)
def test_right_answer_in_every_form_or_the_listed_error(xy, noise, kind, quiet, known):
    """quiet: added to the logarithm of the noise variances; -6 brings them down to the floor. known: errors are."""
    sd = np.where(np.isnan(xy[1]), np.nan, 0.1 * np.abs(xy[1]) + 1e-9) if known else None
    data = TaskData(*xy, sd=sd)

    def build():
        if kind == 2:
            return icm(data, rank=1 + data.num_tasks // 2, noise=noise)
        if kind == 3:
            return lmc(data, kernels=1 + data.num_tasks // 2, noise=noise, kappa=bool(data.num_tasks % 2))
        return independent(data, hyperparameters=("own", "shared")[kind], noise=noise)

    message = expected_error(xy[1])
    if message:
        with pytest.raises(ValueError, match=message):
            build()
        return
    for fitted in in_each_form(with_less_noise(laws.unfitted(build(), 1), quiet)):
        C, residual, cells = laws.dense_numpy(fitted)
        a, log_det = np.linalg.solve(C, residual), np.linalg.slogdet(C)[1]
        terms = [-0.5 * residual @ a, -0.5 * log_det, -0.5 * len(residual) * np.log(2 * np.pi)]
        assert abs(fitted.model.log_likelihood().item() - sum(terms)) < 1e-8 * max(map(abs, terms))
        _filled_by_numpy(fitted, C, residual, cells, data)
    places = len(data.x[data.observed.any(1)].unique(dim=0))
    bound = with_less_noise(laws.unfitted(sparse(build(), places), 1), quiet).model.log_likelihood().item()
    size = max(map(abs, terms))  # the bound's jitter is up to a ten-thousandth of the noise
    assert -5e-3 * size < bound - sum(terms) < 1e-8 * size


def with_less_noise(fitted, quiet):
    """The fit with its noise variances times exp(quiet), above the floor."""
    with torch.no_grad():
        for name, parameter in fitted.model.likelihood.named_parameters():
            if name == "task_noise_covar_factor":
                parameter.mul_(np.exp(quiet / 2))
            elif not fitted.model.kind.correlated:
                parameter.add_(quiet)
    return fitted


def _filled_by_numpy(fitted, C, residual, cells, data):
    """impute against a plain solve, cell by cell; in data units the mean is rounded once more."""
    model, filled = fitted.model, impute(fitted, noise=False)
    weights = np.linalg.solve(C, residual)
    mean, largest = model.means().numpy(), float(model.B().diagonal().max())
    unit, known = model.scale.to_unit(filled.mean).numpy(), model.terms(model.unit.x)
    for i in range(len(data.x)):
        for t in range(data.num_tasks):
            cross = np.array([sum(float(K[i, j]) * float(B[t, s]) for K, B in known) for j, s in cells])
            rounding = 1e-15 * abs(float(model.scale.mean[t] / model.scale.sd[t]))
            size = max(largest, abs(cross @ weights))
            assert abs(unit[i, t] - mean[t] - cross @ weights) < 1e-8 * size + rounding
            variance = sum(float(B[t, t]) for _, B in known) - cross @ np.linalg.solve(C, cross)
            assert abs(float(filled.variance[i, t] / model.scale.sd[t] ** 2) - variance) < 1e-8 * largest


@given(tables())
@settings(max_examples=25)
def test_every_legal_table_can_be_fitted(xy):
    if expected_error(xy[1]):
        return
    data = TaskData(*xy)
    fitted = fit(icm(data), starts=1)
    prediction = predict(fitted, data.x)
    assert prediction.mean.isfinite().all() and (prediction.variance > 0).all()
    assert np.linalg.eigvalsh(fitted.correlation).min() > 0
