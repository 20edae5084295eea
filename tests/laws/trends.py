"""Trends and seasons: least squares by another way, and what is taken off is put back."""

import dataclasses
import math

import numpy as np
import torch
from gpytorch.kernels import MaternKernel, PeriodicKernel

from laws.common import RANDOM, close, tensor, unfitted
from mtgp_tutorial import TaskData, Trend, detrend, fit, icm, impute, independent, lmc, predict
from mtgp_tutorial.mixture import mixture


def seasonal(rows=30, tasks=2, width=1, far=1950.0):
    """A table with holes, a season of 1.5 and a trend in every input, far from zero."""
    rng = RANDOM(90 + width)
    x = np.column_stack([far + np.sort(rng.uniform(0, 6, rows)), *rng.uniform(0, 1, (width - 1, rows))])
    y = np.outer(np.sin(2 * np.pi * x[:, 0] / 1.5), 1 + np.arange(tasks)) + x @ rng.normal(size=(width, tasks))
    y += 0.1 * rng.normal(size=y.shape)
    y[3:7, 0] = y[20, tasks - 1] = np.nan
    return TaskData(x, y, units=["m", "kg"][:tasks], sd=np.full(y.shape, 0.1))


def law_a_trend_is_the_least_squares_fit():
    """By the normal equations with columns of another origin and scale, at seen, unseen and far inputs."""
    for width in (1, 2):
        data = seasonal(width=width)
        new = tensor([[1949.0, 0.1], [1957.5, 0.8], [2000.0, 3.0]])[:, :width]
        for line in (True, False):
            for season, harmonics in ((None, 1), (1.5, 1), (1.5, 3), (0.7, 2)):
                trend = Trend(data, line=line, season=season, harmonics=harmonics)

                def columns(x, line=line, season=season, harmonics=harmonics, width=width):
                    waves = [2 * math.pi * h * (x[:, 0] - 1950) / season for h in range(1, harmonics + 1) if season]
                    level = [np.ones(len(x)), *(x - [1953, 0.3][:width]).T[: width * line]]
                    return np.column_stack(level + [wave(turns) for turns in waves for wave in (np.sin, np.cos)])

                for t in range(2):
                    cells = data.observed[:, t].numpy()
                    A, y = columns(data.x.numpy())[cells], data.y[cells, t].numpy()
                    numbers = np.linalg.solve(A.T @ A, A.T @ y)
                    close(trend.at(data.x)[:, t], columns(data.x.numpy()) @ numbers, 1e-10)
                    close(trend.at(new)[:, t], columns(new.numpy()) @ numbers, 1e-9)
                    left = trend.remove(data).y[cells, t].numpy()
                    close(A.T @ left, np.zeros(A.shape[1]), 1e-8)  # what is left is orthogonal to every column


def law_a_wave_of_two_steps_has_one_column():
    """Four quarters are four means: two harmonics and a level on a grid with gaps; off any grid it has two."""
    rng = RANDOM(95)
    quarter = np.delete(np.arange(40), [3, 9, 10, 31])
    data = TaskData(1990 + quarter / 4, rng.normal(size=(36, 2)) + 3 * rng.normal(size=4)[quarter % 4][:, None])
    trend = Trend(data, line=False, season=1.0, harmonics=2)
    means = np.array([data.y.numpy()[quarter % 4 == q].mean(0) for q in range(4)])
    close(trend.at(data.x), means[quarter % 4], 1e-10)
    close(trend.at(tensor([[2005.25], [2010.75]])), means[[1, 3]], 1e-10)
    turns = 0.2 * math.pi  # between the inputs: level, sine and cosine of a year, and a wave with its peak at the first
    waves = np.linalg.solve(np.column_stack([np.ones(4), [1, 0, -1, 0], [0, 1, 0, -1], [1, -1, 1, -1]]), means)
    close(trend.at(tensor([[2000.1]]))[0], [1, math.cos(turns), math.sin(turns), math.cos(2 * turns)] @ waves, 1e-9)
    off = TaskData(data.x + 0.05 * (data.x == data.x.max()), data.y)
    assert len(Trend(off, line=False, season=1.0, harmonics=2).numbers) == 5 and len(trend.numbers) == 4


def law_what_a_trend_takes_it_gives_back():
    """Tables to rounding, with holes, standard errors and words as they were; means moved, variances not."""
    data = seasonal()
    seen, hidden = data.hide("task 1", 1952, 1953)
    trend = Trend(seen, season=1.5, harmonics=2)
    for table in (seen, hidden):
        left = trend.remove(table)
        back = trend.restore(left)
        assert torch.equal(left.observed, table.observed) and torch.equal(back.observed, table.observed)
        close(back.y.nan_to_num(), table.y.nan_to_num(), 1e-13)
        for field in dataclasses.fields(TaskData):
            a, b = getattr(back, field.name), getattr(table, field.name)
            if field.name == "sd":
                close(a.nan_to_num(), b.nan_to_num(), 0)
            elif field.name != "y":
                assert torch.equal(a, b) if torch.is_tensor(b) else a == b
    fitted = unfitted(icm(trend.remove(seen)), 3)
    for answer in (impute(fitted, covariance=True), predict(fitted, [1949.0, 1960.0], covariance=True)):
        back = trend.restore(answer)
        close(back.mean - answer.mean, trend.at(answer.x), 1e-12)
        for name in ("x", "variance", "tasks", "units", "noise", "covariance", "cells", "index", "calendar"):
            assert getattr(back, name) is getattr(answer, name)
    both = mixture([predict(fitted, [1949.0, 1960.0]), predict(unfitted(icm(trend.remove(seen)), 4), [1949.0, 1960.0])])
    back = trend.restore(both)
    for moved, one in ((back.mean, both.mean), (back.quantile(0.1), both.quantile(0.1))):
        close(moved - one, trend.at(both.x), 1e-9)
    known = seen.observed
    close(trend.restore(impute(fitted)).mean[known], seen.y[known], 1e-12)


def law_detrend_is_a_trend_of_lines():
    data = seasonal(width=2)
    seen, hidden = data.hide("task 1", 1952, 1953)
    for one, other in zip(detrend(seen, hidden), (seen, hidden)):
        close(one.y.nan_to_num(), Trend(seen).remove(other).y.nan_to_num(), 1e-12)


def periodic(period):
    """A periodic kernel whose period is held fixed."""
    kernel = PeriodicKernel().double()
    kernel.period_length = period
    kernel.raw_period_length.requires_grad_(False)
    return kernel


def law_a_season_may_be_a_kernel():
    """Periodic, or periodic times one that forgets: every family fits it, and a period that is held fixed stays."""
    x = np.arange(0, 3, 0.25)
    waves = np.column_stack([np.sin(2 * np.pi * x), np.cos(2 * np.pi * x) + 3])
    data = TaskData(1950 + x, waves + 0.05 * RANDOM(5).normal(size=waves.shape))
    for build in (
        lambda kernel: icm(data, kernel=kernel),
        lambda kernel: independent(data, kernel=kernel),
        lambda kernel: lmc(data, kernels=[kernel, MaternKernel(nu=1.5)]),
    ):
        model = build(periodic(1.0))
        once = fit(model, starts=1)
        seasons = [part for part in once.model.modules() if isinstance(part, PeriodicKernel)]
        assert seasons and all(abs(part.period_length.item() - 1) < 1e-12 for part in seasons)
        K, _ = once.model.terms(data.x)[0]
        close(K[0, [0, 4, 8]], np.ones(3))  # a year is as near as no time
        close(predict(once, [1953.25]).mean, [[1.0, 3.0]], 0.1)
    product = fit(icm(data, kernel=periodic(1.0) * MaternKernel(nu=2.5)), starts=1)
    own, forgets = product.model.kernel.data_covar_module.kernels
    close(own.period_length, [[1.0]], 1e-12)
    assert product.length_scales == [forgets.lengthscale.item()]
    free = PeriodicKernel().double()
    free.period_length = 1.05
    found = fit(icm(data, kernel=free), starts=1).model.kernel.data_covar_module.period_length.item()
    assert 1e-3 < abs(found - 1.05) and abs(found - 1) < 0.02  # a period that is not held fixed is fitted
