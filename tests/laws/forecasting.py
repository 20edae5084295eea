"""Cut-offs hide what comes after them, and the seasonal naive forecast is what it says."""

import dataclasses
import math

import numpy as np
import pandas as pd
import torch

from laws.common import RANDOM, close
from mtgp_tutorial import TaskData, icm, impute, predict, scores
from mtgp_tutorial.fitting import fit
from mtgp_tutorial.tables import compare, cutoffs, seasonal_naive


def shuffled(rows=24, ragged=0):
    """Rows out of order, with holes, standard errors and an index; the second task ends `ragged` rows earlier."""
    rng = RANDOM(70)
    x = 2000 + np.arange(rows) / 4
    y = rng.normal(size=(rows, 2))
    y[3, 0] = y[9, 1] = np.nan
    y[rows - ragged :, 1] = np.nan
    order = rng.permutation(rows)
    index = pd.Index([f"row {i}" for i in order])
    return TaskData(x[order], y[order], ["a", "b"], sd=0.1 + np.abs(y[order]), index=index)


def law_a_cut_off_hides_what_comes_after_it():
    """Rows, standard errors and names by hand; what comes later changes nothing that was seen."""
    data = shuffled()
    trials = cutoffs(data, 4, 3)
    later = dataclasses.replace(data, y=data.y + 100 * (data.x > 2004.9), sd=data.sd + (data.x > 2004.9))
    for label in trials.labels:
        last = float(label.removeprefix("after "))
        seen, hidden = trials(label)
        x, window = data.x[:, 0], (data.x[:, 0] > last) & (data.x[:, 0] <= last + 1)
        kept = x <= last
        assert torch.equal(seen.x[:, 0], x[kept]) and list(seen.index) == list(data.index[kept.numpy()])
        close(seen.y.nan_to_num(), data.y[kept].nan_to_num(), 0)
        assert torch.equal(hidden.x, data.x[window])
        assert torch.equal(hidden.y[hidden.observed], data.y[window][data.observed[window]])
        close(hidden.sd[hidden.observed], 0.1 + hidden.y[hidden.observed].abs(), 1e-15)
        if last < 2004.9:
            again = cutoffs(later, 4, 3)(label)[0]
            close(again.y.nan_to_num(), seen.y.nan_to_num(), 0)
            close(again.sd.nan_to_num(), seen.sd.nan_to_num(), 0)
    assert trials.labels == ["after 2002.75", "after 2003.75", "after 2004.75"]
    empty = dataclasses.replace(data, y=data.y.masked_fill(data.x > 2005, torch.nan))
    assert cutoffs(empty, 4, 1).labels == ["after 2004"]  # back from the last value
    two = TaskData(np.repeat([1.0, 2, 3, 4], 2), RANDOM(1).normal(size=(8, 1)))  # readings at one time stay together
    seen, hidden = cutoffs(two, 1, 1)("after 3")
    assert seen.x.flatten().tolist() == [1, 1, 2, 2, 3, 3] and hidden.x.flatten().tolist() == [4, 4]


def law_a_seasonal_naive_forecast_is_exact_for_a_season_alone():
    """Exact for a season alone, right for white noise, and the nearest day of a year."""
    x = np.arange(40) * 0.25
    wave = TaskData(x, np.column_stack([np.sin(2 * np.pi * x), 3 + np.cos(2 * np.pi * x)]))
    seen, hidden = cutoffs(wave, 9, 1)("after 7.5")
    exact = seasonal_naive(1.0)(seen).forecast(hidden)
    close(exact.mean, hidden.y, 1e-13)
    close(exact.variance[0], 1e-4 * seen.y.var(0, correction=0), 1e-12)  # the floor of the models' noise
    noise = TaskData(np.arange(4000.0), RANDOM(3).normal(0, [1.0, 5.0], size=(4000, 2)))
    close(seasonal_naive(12)(noise).variances / torch.tensor([2.0, 50.0]), np.ones(2), 0.1)
    days = TaskData(np.arange(800.0), np.arange(800.0)[:, None])
    year = seasonal_naive(365.25)(days).forecast(TaskData([800.0, 1200.0], [[0.0], [0.0]]))
    assert year.mean.flatten().tolist() == [435, 469]  # the nearest day; two years back where one is not yet seen


def _every_pair(seen, season, reach, x, task, seasons):
    """The seen value nearest to so many seasons before each input, of two the earlier, by all pairs of rows."""
    cells = seen.x[:, 0].argsort(stable=True)
    cells = cells[seen.observed[cells, task]]
    inputs, values = seen.x[cells], seen.y[cells, task]
    away = (x[:, None, 0] - seasons * season - inputs[:, 0]).abs()
    nearest = away.min(1)
    return values[nearest.indices].where(nearest.values <= reach, torch.nan)


def law_a_seasonal_naive_forecast_equals_that_of_every_pair():
    """Rows out of order, with holes, inputs that repeat, two that are equally near, and some never seen."""
    for seed, season in ((71, 4.0), (72, 3.0), (73, 2.5), (74, 1.3), (75, 7.0)):
        rng = RANDOM(seed)
        x = rng.integers(0, 60, 150) / 2
        y = np.where(rng.random((150, 2)) < 0.4, np.nan, rng.normal(size=(150, 2)))
        far = rng.integers(-4, 90, 80) / 4
        seen, hidden = TaskData(x, y), TaskData(far, np.full((80, 2), np.nan))
        method = seasonal_naive(season)(seen)
        found, longest = method.forecast(hidden), math.ceil((far.max() - x.min() + method.reach) / season)
        for t in range(2):
            own = seen.observed[:, t]
            squares = (seen.y[own, t] - _every_pair(seen, season, method.reach, seen.x[own], t, 1)) ** 2
            assert method.variances[t] == torch.maximum(squares.nanmean(), 1e-4 * seen.y[own, t].var(correction=0))
            mean = torch.full((80,), torch.nan).double()
            variance = mean.clone()
            for k in range(1, longest + 1):
                earlier = _every_pair(seen, season, method.reach, hidden.x, t, k)
                new = mean.isnan() & ~earlier.isnan()
                mean[new], variance[new] = earlier[new], k * method.variances[t]
            close(found.mean[:, t].nan_to_num(9), mean.nan_to_num(9), 0)
            close(found.variance[:, t].nan_to_num(9), variance.nan_to_num(9), 0)
            assert 0 < int(mean.isnan().sum()) < 80


def law_a_forecaster_is_a_method_beside_models():
    """Its scores are those of its own prediction; a model's those of `predict` and of `impute`; in processes too."""
    data = shuffled()
    late = data.split((data.x > 2004) & torch.tensor([False, True]) & data.observed)
    trials = cutoffs(data, 4, 3)
    for labels, trial, answer in (
        (trials.labels, trials, lambda fitted, hidden: predict(fitted, hidden.x, sd=hidden.sd)),
        (["late"], {"late": late}.__getitem__, lambda fitted, hidden: impute(fitted, sd=hidden.sd)),
    ):
        methods = {"naive": seasonal_naive(1.0), "ICM": icm}
        results = compare(trial, labels, methods, starts=1)
        for label in labels:
            seen, hidden = trial(label)
            for method, found in (
                ("naive", seasonal_naive(1.0)(seen).forecast(hidden)),
                ("ICM", answer(fit(icm(seen), starts=1), hidden)),
            ):
                expected = scores.table(found, hidden, seen)
                rows = results[(results["trial"] == label) & (results["method"] == method)].set_index("task")
                close(rows[expected.columns], expected, 1e-9)
