"""Plain rules are what textbooks say of them: dense algebra, loops over cells, and numpy's least squares."""

import dataclasses
import math
import warnings
from collections import Counter
from unittest.mock import patch

import numpy as np
import torch

from laws.common import RANDOM, close, tensor
from mtgp_tutorial import FitError, TaskData, fit, icm, impute, scores
from mtgp_tutorial.tables import compare, external_drift, fill, plain_methods, seasonal_naive
from mtgp_tutorial.tables.external_drift import best_residual, kriged, least_squares, orthonormal, restricted
from mtgp_tutorial.tables.forecasting import NotApplicable
from mtgp_tutorial.tables.plain import row_mates

NAN = float("nan")
PROFILES = {  # of the distance over the length-scale
    "matern12": lambda r: np.exp(-r),
    "matern32": lambda r: (1 + math.sqrt(3) * r) * np.exp(-math.sqrt(3) * r),
    "matern52": lambda r: (1 + math.sqrt(5) * r + 5 * r**2 / 3) * np.exp(-math.sqrt(5) * r),
    "rbf": lambda r: np.exp(-(r**2) / 2),
}


def walks(seed, rows=40, tasks=3, inputs=1):
    """Random walks that go together, on uneven inputs without order."""
    rng = RANDOM(seed)
    x = np.column_stack([np.sort(rng.uniform(0, 10, rows)), *rng.uniform(0, 3, (inputs - 1, rows))])
    common = np.cumsum(rng.normal(size=rows))
    y = 3 + np.outer(common, rng.uniform(0.5, 2, tasks)) + np.cumsum(rng.normal(0, 0.4, (rows, tasks)), 0)
    order = rng.permutation(rows)
    return TaskData(x[order], y[order] + rng.normal(0, 0.1, y.shape))


def outage(data, task=0, low=4.0, high=7.0):
    """The cells of a task within a stretch of the first input, hidden; other holes in both."""
    mask = torch.zeros_like(data.observed)
    mask[:, task] = (data.x[:, 0] > low) & (data.x[:, 0] < high)
    return data.split(mask & data.observed)


def with_holes(data, seed, share=0.2):
    y = data.y.clone()
    y[torch.as_tensor(RANDOM(seed).random(y.shape) < share)] = NAN
    return dataclasses.replace(data, y=y)


def refused(words, call, kind=NotApplicable):
    """Raises this very kind of error, and says so first."""
    try:
        call()
    except ValueError as error:
        assert type(error) is kind and str(error).startswith(words), repr(error)
    else:
        raise AssertionError(f"not refused: {words}")


def floor(seen, t):
    return 1e-4 * float(seen.y[seen.observed[:, t], t].var(correction=0))


def law_a_mean_is_the_mean_of_its_part_of_the_season():
    """Means and pooled squares by loops; a part without a value has the mean of all."""
    rng = RANDOM(80)
    x = np.arange(1950, 1962, 0.25)
    part = np.arange(48) % 4
    y = rng.normal(size=(48, 2)) + 5 * (part == 2)[:, None]
    y[part == 3, 1] = NAN  # the second task is never seen in the last quarter
    y[5, 0] = NAN
    seen, hidden = TaskData(x, y), TaskData(np.arange(1962, 1964, 0.25), np.zeros((8, 2)))
    methods = {season: plain_methods(season)["mean"](seen) for season in (1, None)}
    for season, method in methods.items():
        found = method.forecast(hidden)
        for t in range(2):
            own = [v for v in y[:, t] if not np.isnan(v)]
            groups = [[v for v, p in zip(y[:, t], part) if p == k and not np.isnan(v)] for k in range(4)]
            within = [np.sum((np.array(g) - np.mean(g)) ** 2) for g in groups if g]
            pooled = sum(within) / (len(own) - len(within))
            for i in range(8):
                group = groups[i % 4] if season else own
                variance = pooled if season and group else np.var(own, ddof=1)
                group = group or own
                close(found.mean[i, t], np.mean(group), 1e-12)
                close(found.variance[i, t], variance * (1 + 1 / len(group)), 1e-12)
    late = TaskData(np.arange(1950, 1962, 1 / 12), rng.normal(size=(144, 1)))  # x is rounded to either side of 1/12
    months = TaskData(1970 + np.arange(12) / 12, np.zeros((12, 1)))
    found = plain_methods(1)["mean"](late).forecast(months).mean[:, 0]
    close(found, [late.y[k::12].mean() for k in range(12)], 1e-12)


def law_a_bridge_is_a_brownian_motion_held_at_its_values():
    """Mean and variance against dense conditioning, within the holes and beyond both ends; doubles averaged."""
    rng = RANDOM(81)
    x = np.concatenate([rng.uniform(2, 8, 12), [3.0, 3.0]])
    y = rng.normal(size=14)
    seen = TaskData(x, y[:, None])
    at = np.unique(x)
    values = np.array([y[x == one].mean() for one in at])
    rate = np.mean(np.diff(values) ** 2 / np.diff(at))
    new = np.concatenate([[0.5, 1.0, 9.0, 11.0], rng.uniform(2, 8, 20), [3.0]])
    method, hidden = plain_methods()["interpolation"](seen), TaskData(new, np.zeros((25, 1)))
    motion = lambda a, b: rate * (abs(a)[:, None] + abs(b) - abs(a[:, None] - b)) / 2  # noqa: E731  from at[0] on
    s, z = at[1:] - at[0], new - at[0]
    gain = np.linalg.solve(motion(s, s), motion(s, z)).T
    found = method.forecast(hidden)
    close(found.mean[:, 0], values[0] + gain @ (values[1:] - values[0]), 1e-10)
    close(found.variance[:, 0], (motion(z, z) - gain @ motion(s, z)).diagonal().clip(floor(seen, 0)), 1e-10)
    close(found.variance[-1, 0], floor(seen, 0), 1e-15)  # where a value was seen


def law_an_interpolation_of_several_inputs_weighs_by_inverse_squared_distance():
    """By loops: inputs in their standard deviations, the variance by leaving out each seen input."""
    seen, hidden = outage(walks(82, 30, 2, 2))
    seen = TaskData(torch.cat([seen.x, seen.x[:3]]), torch.cat([seen.y, seen.y[:3] + 1]))
    found = plain_methods()["interpolation"](seen).forecast(hidden)
    cells = seen.observed[:, 0].numpy()
    places = sorted({tuple(row) for row in seen.x.numpy()[cells]})
    y = np.array([seen.y.numpy()[cells & (seen.x.numpy() == one).all(1), 0].mean() for one in places])
    at, width = np.array(places), np.array(places).std(0)

    def weighed(place, others):
        weights = [1 / sum(((place - at[i]) / width) ** 2) for i in others]
        return np.dot(weights, y[others]) / sum(weights)

    n = len(y)
    errors = [y[i] - weighed(at[i], [j for j in range(n) if j != i]) for i in range(n)]
    for i in hidden.observed[:, 0].nonzero()[:, 0].tolist():
        close(found.mean[i, 0], weighed(hidden.x[i].numpy(), list(range(n))), 1e-10)
        close(found.variance[i, 0], np.mean(np.square(errors)), 1e-10)
    here = TaskData(at[4:5], [[0.0, NAN]])
    close(plain_methods()["interpolation"](seen).forecast(here).mean[0, 0], y[4], 1e-12)


def law_the_season_before_is_the_seasonal_naive_forecast():
    """In holes and after the end; a cell without a season before has the interpolation."""
    rng = RANDOM(83)
    data = with_holes(TaskData(np.arange(60.0), rng.normal(size=(60, 2))), 84)
    mask = torch.zeros_like(data.observed)
    mask[:14, 0] = mask[30:40, 1] = True
    seen, hidden = data.split(mask & data.observed)
    method = plain_methods(12)["season before"](seen)
    found, naive = (
        method.forecast(hidden),
        seasonal_naive(12)(seen).forecast(dataclasses.replace(hidden, y=NAN * hidden.y)),
    )
    line, lost = plain_methods()["interpolation"](seen).forecast(hidden), naive.mean.isnan() & hidden.observed
    for name in ("mean", "variance"):
        expected = torch.where(lost, getattr(line, name), getattr(naive, name)).where(hidden.observed, torch.nan)
        assert torch.equal(getattr(found, name).nan_to_num(9), expected.nan_to_num(9))
    assert int(lost.sum()) > 3 and int((hidden.observed & ~lost).sum()) > 3


def textbook(H, y, G):
    """Mean and covariance of a prediction by least squares."""
    b = np.linalg.lstsq(H, y, rcond=None)[0]
    s2 = np.sum((y - H @ b) ** 2) / (len(y) - H.shape[1])
    return G @ b, s2 * (np.eye(len(G)) + G @ np.linalg.inv(H.T @ H) @ G.T)


def design(y):
    return np.column_stack([np.ones(len(y)), y])


def law_least_squares_are_those_of_numpy():
    """Mean and variance to 1e-10; columns that depend on others, or are constant, change nothing."""
    seen, hidden = outage(walks(85, 40, 4))
    rows, asked = seen.observed[:, 0].numpy(), hidden.observed[:, 0].numpy()
    y = seen.y.numpy()
    mean, C = textbook(design(y[rows, 1:]), y[rows, 0], design(y[asked, 1:]))
    method = plain_methods()["regression"](seen)
    found = method.forecast(hidden)
    close(found.mean[asked, 0], mean, 1e-10)
    close(found.variance[asked, 0], np.diag(C).clip(floor(seen, 0)), 1e-10)
    assert bool(found.mean[~hidden.observed].isnan().all())
    columns = seen.y[:, 1:]
    more = torch.cat([columns, 2 * columns[:, :1] - columns[:, 1:2] + 7, 0 * columns[:, :1] + 5], 1)
    again = least_squares(*_split(more, rows, seen.y[:, 0], asked))
    close(again[0], mean, 1e-8)
    close(again[1], np.diag(C), 1e-8)


def _split(columns, rows, y, asked):
    H, G = orthonormal(columns[rows], columns[asked])
    return H, y[rows], G


def _affordable(y, t, columns):
    """The rule of the docstring by sets of rows."""
    rows = {c: set(np.flatnonzero(~np.isnan(y[:, c]) & ~np.isnan(y[:, t]))) for c in columns}
    columns = list(columns)
    everywhere = set(np.flatnonzero(~np.isnan(y[:, t])))
    while columns and len(everywhere.intersection(*(rows[c] for c in columns))) - len(columns) - 1 < 3:
        columns.remove(min(columns, key=lambda c: len(rows[c])))
    return columns, sorted(everywhere.intersection(*(rows[c] for c in columns)))


def law_each_pattern_of_seen_tasks_has_its_own_regression():
    """Cell by cell with numpy, holes everywhere and few rows; cells with nothing left take the interpolation."""
    dropped = interpolated = 0
    for seed in (86, 87, 88):
        data = with_holes(walks(seed, 16, 5), seed, 0.35)
        mask = torch.as_tensor(RANDOM(seed + 9).random(data.y.shape) < 0.25)
        seen, hidden = data.split(mask & data.observed)
        method, line = plain_methods()["regression"](seen), plain_methods()["interpolation"](seen).forecast(hidden)
        found, y = method.forecast(hidden), seen.y.numpy()
        for i, t in hidden.observed.nonzero().tolist():
            there = [c for c in range(5) if c != t and not np.isnan(y[i, c])]
            columns, rows = _affordable(y, t, there)
            dropped += len(there) - len(columns)
            if columns:
                mean, C = textbook(design(y[np.ix_(rows, columns)]), y[rows, t], design(y[[i]][:, columns]))
                close(found.mean[i, t], mean[0], 1e-9)
                close(found.variance[i, t], max(C[0, 0], floor(seen, t)), 1e-9)
            else:
                interpolated += 1
                assert found.mean[i, t] == line.mean[i, t] and found.variance[i, t] == line.variance[i, t]
    assert dropped > 10 and interpolated > 3


def law_kriging_solves_the_system_with_its_drift():
    """At given parameters, against the one matrix [C H; H^T 0], for every kernel, one input and two."""
    for kernel, profile in PROFILES.items():
        for inputs in (1, 2):
            rng = RANDOM(89)
            x, new = rng.uniform(0, 5, (25, inputs)), rng.uniform(-1, 6, (7, inputs))
            H, G, y = design(rng.normal(size=(25, 2))), design(rng.normal(size=(7, 2))), rng.normal(size=25)
            length, ratio, scale = 0.8, 0.3, 2.5
            cov = lambda a, b: scale * profile(np.sqrt(((a[:, None] - b) ** 2).sum(-1)) / length)  # noqa: E731, B023
            C = cov(x, x) + scale * ratio * np.eye(25)
            system = np.block([[C, H], [H.T, np.zeros((3, 3))]])
            right = np.vstack([cov(x, new), G.T])
            weights = np.linalg.solve(system, right)
            mean = weights[:25].T @ y
            covariance = cov(new, new) + scale * ratio * np.eye(7) - right.T @ weights
            law = external_drift.Residual(kernel, length, ratio, scale, 0.0)
            found = kriged(*map(tensor, (x, H, y)), law, *map(tensor, (new, G)), joint=True)
            close(found[0], mean, 1e-8)
            close(found[1], covariance, 1e-8)
            alone = kriged(*map(tensor, (x, H, y)), law, *map(tensor, (new, G)))
            close(alone[0], mean, 1e-8)
            close(alone[1], np.diag(covariance), 1e-8)


def reml(kernel, length, ratio, x, H, y):
    """Restricted log likelihood with the best scale, and that scale, with log-determinants."""
    n, p = H.shape
    away = np.sqrt(((x[:, None] - x) ** 2).sum(-1))
    C = PROFILES[kernel](away / length) + ratio * np.eye(n)
    inverse = np.linalg.inv(C)
    P = inverse - inverse @ H @ np.linalg.solve(H.T @ inverse @ H, H.T @ inverse)
    scale = y @ P @ y / (n - p)
    log_det = lambda A: np.linalg.slogdet(A)[1]  # noqa: E731
    logs = log_det(scale * C) + log_det(H.T @ inverse @ H / scale) - log_det(H.T @ H)
    return -0.5 * ((n - p) * math.log(2 * math.pi) + logs + y @ P @ y / scale), scale


def law_the_restricted_likelihood_has_its_log_determinants():
    """Its value and scale by the formula of the textbook, and no other place of the search is higher."""
    data = walks(90, 24, 3)
    x, H, y = data.x, *_split(data.y[:, 1:], slice(None), data.y[:, 0], slice(None))[:2]
    wide = design(data.y[:, 1:].numpy())  # another basis of the same span
    N = torch.linalg.qr(H, mode="complete").Q[:, 3:]
    best = best_residual(x, H, y, list(PROFILES))
    for kernel, profile in PROFILES.items():
        for length in (0.2, 1.0, 6.0):
            values, vectors = torch.linalg.eigh(N.T @ tensor(profile(np.abs(x - x.T) / length)) @ N)
            ratios = tensor([1e-3, 0.1, 10.0])
            found = restricted(values, vectors.T @ (N.T @ y), ratios)
            for k, ratio in enumerate(ratios.tolist()):
                value, scale = reml(kernel, length, ratio, x.numpy(), wide, y.numpy())
                close(found[0][k], value, 1e-8)
                close(found[1][k], scale, 1e-8)
                assert value < best.value + 1e-9
        alone = best_residual(x, H, y, [kernel])
        value, scale = reml(kernel, alone.length, alone.ratio, x.numpy(), wide, y.numpy())
        close([alone.value, alone.scale], [value, scale], 1e-8)
        assert alone.kernel == kernel and alone.value <= best.value
        fine = np.geomspace(0.05, 15, 300)  # steps of 2 %
        places = [N.T @ tensor(profile(np.abs(x - x.T) / length)) @ N for length in fine]
        eigen = [torch.linalg.eigh(one) for one in places]
        highest = max(restricted(values, U.T @ (N.T @ y), external_drift.RATIOS)[0].max() for values, U in eigen)
        assert highest < alone.value + 0.01


def law_regression_with_a_gp_is_kriging_with_its_own_parameters():
    """The method against `kriged` at the best of kernels, then about a constant, and then the interpolation."""
    seen, hidden = outage(walks(91, 40, 3))
    method = plain_methods(kernels=("matern32", "rbf"))["regression + GP"](seen)
    found = method.forecast(hidden)
    rows, asked = seen.observed[:, 0].numpy(), hidden.observed[:, 0].numpy()
    [(key, law)] = method.residuals.items()
    assert key == (0, (1, 2)) and law.kernel in ("matern32", "rbf")
    x = seen.x.numpy() / seen.x.numpy()[rows].std(0)
    H, G = design(seen.y.numpy()[rows, 1:]), design(seen.y.numpy()[asked, 1:])
    mean, variance = kriged(*map(tensor, (x[rows], H)), seen.y[rows, 0], law, *map(tensor, (x[asked], G)))
    close(found.mean[asked, 0], mean, 1e-8)
    close(found.variance[asked, 0], variance.clamp(min=floor(seen, 0)), 1e-8)
    far = TaskData([20.0, 21.0], [[0.0, NAN, NAN]] * 2)  # rows that are not in the table
    found = method.forecast(far)
    ones, law = np.ones((int(rows.sum()), 1)), method.residuals[0, ()]
    new = far.x / seen.x[rows].std(0, correction=0)
    expected = kriged(*map(tensor, (x[rows], ones)), seen.y[rows, 0], law, new, tensor(np.ones((2, 1))))
    close(found.mean[:, 0], expected[0], 1e-8)
    close(found.variance[:, 0], expected[1], 1e-8)
    line, alone = (plain_methods()[name](seen).forecast(far).mean[:, 0] for name in ("interpolation", "regression"))
    assert torch.equal(alone, line) and not torch.equal(found.mean[:, 0], line)
    for count, takes_the_interpolation in ((15, True), (16, False)):
        short = TaskData(np.arange(float(count)), RANDOM(95).normal(size=(count, 2)))
        asked = TaskData([99.0], [[0.0, NAN]])
        line, found = (plain_methods()[name](short).forecast(asked) for name in ("interpolation", "regression + GP"))
        assert (found.mean[0, 0] == line.mean[0, 0]) == takes_the_interpolation


def law_plain_rules_know_no_hidden_value():
    """Other values in the hidden cells, known errors, rows in another order, other units: the same answers."""
    for inputs in (1, 2):
        data = with_holes(walks(92, 40, 3, inputs), 93, 0.1)
        seen, hidden = outage(data)
        order, shift, factor = RANDOM(94).permutation(40), tensor([5.0, -300.0, 1.0]), tensor([10.0, 1e-3, -2.0])
        others, errors = dataclasses.replace(hidden, y=hidden.y * 3 - 100), dataclasses.replace(seen, sd=seen.y * 0 + 1)
        mixed = TaskData(seen.x[order], seen.y[order]), TaskData(hidden.x[order], hidden.y[order])
        scaled = TaskData(seen.x, seen.y * factor + shift)
        for options in ({}, {"season": 2.0})[: 3 - inputs]:  # at two inputs nothing is a season apart
            for name, method in plain_methods(**options).items():
                found, again = method(seen).forecast(hidden), method(errors).forecast(others)
                assert torch.equal(found.mean.nan_to_num(9), again.mean.nan_to_num(9)), name
                assert torch.equal(found.variance.nan_to_num(9), again.variance.nan_to_num(9)), name
                assert torch.equal(~found.mean.isnan(), hidden.observed) and found.noise
                moved = method(mixed[0]).forecast(mixed[1])
                close(moved.mean.nan_to_num(), found.mean[order].nan_to_num(), 1e-6)
                close(moved.variance.nan_to_num(), found.variance[order].nan_to_num(), 1e-6)
                wide = method(scaled).forecast(dataclasses.replace(hidden, y=hidden.y * factor + shift))
                close(((wide.mean - shift) / factor).nan_to_num(), found.mean.nan_to_num(), 1e-6)
                close((wide.variance / factor**2).nan_to_num(), found.variance.nan_to_num(), 1e-6)


def law_noise_per_task_fills_where_full_noise_has_no_optimum():
    """With a word; and what was passed to `fit` reaches both."""
    data = with_holes(walks(98, 60, 2), 99, 0.1)
    expected = impute(fit(icm(data, noise="per task"), starts=1))

    def stuck(model, **options):
        if model.noise == "full":
            raise FitError("fit: no optimum")
        return fit(model, **options)

    with patch("mtgp_tutorial.tables.filling.fit", stuck), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = fill(data, starts=1)
    assert [str(one.message) for one in heard] == ["fill: noise per task answers, for with full noise fit: no optimum"]
    assert icm(data).noise == "full" and torch.equal(found.mean, expected.mean)
    try:
        fill(walks(98, 20, 2), max_iterations=1)
    except FitError:
        return
    raise AssertionError("an option of `fit` did not reach it")


def law_row_mates_have_the_same_inputs():
    """The row itself in a table of the same rows, doubles too; else the one row with the inputs, and none elsewhere."""
    y = RANDOM(95).normal(size=(4, 2))
    seen = TaskData([[0.0, 1], [1, 1], [2, -0.0], [2, 1]], y)
    asked = TaskData([[2.0, 1], [2, 0], [5, 5], [0, 1]], np.zeros((4, 2)))
    close(row_mates(seen, asked).nan_to_num(9), [*y[[3, 2]], [9, 9], y[0]], 0)
    twice = TaskData([1.0, 1, 2], y[:3])
    assert torch.equal(row_mates(twice, TaskData([1.0, 1, 2], 0 * y[:3])), twice.y)
    close(row_mates(twice, TaskData([1.0, 2.0], [[NAN, NAN], [0.0, NAN]]))[1], y[2], 0)
    asked = TaskData([1.0, 2.0], [[0.0, NAN]] * 2)
    refused("hidden: several seen rows have the inputs (x 1)", lambda: row_mates(twice, asked))


def law_fingerprints_tell_plain_rules_and_options_apart():
    """No two within the tolerance of a store; the same for the same rule on any table."""
    one, other = walks(97), walks(98)
    options = [{}, {"season": 2}, {"season": 3}, {"kernels": ("rbf",)}]
    marks = {}
    for option in options:
        for name, method in plain_methods(**option).items():
            assert method(one).fingerprint == method(other).fingerprint and isinstance(method(one).fingerprint, float)
            marks.setdefault(method(one).fingerprint, set()).add(name)
    told = Counter(name for names in marks.values() for name in names)  # one for each choice of its own options
    assert sum(told.values()) == len(marks)
    assert {
        "mean": 3,
        "interpolation": 1,
        "season before": 2,
        "regression": 1,
        "regression + GP": 2,
    }.items() <= told.items()
    ordered = np.sort(list(marks))
    assert (np.diff(ordered) > 1e-5 * ordered[1:]).all()
    assert plain_methods(2)["mean"](one).fingerprint == plain_methods(2.0)["mean"](one).fingerprint


def law_plain_rules_are_methods():
    """`compare` scores what they forecast; a variance is at least the floor where a regression is exact."""
    data = walks(99)
    methods = {**plain_methods(2.0), "line": plain_methods()["interpolation"]}
    results = compare(lambda t: outage(data, t), [0, 1], methods).set_index(["trial", "method"])
    assert list(results.loc[0].index) == list(methods)
    for t in range(2):
        seen, hidden = outage(data, t)
        for name, method in methods.items():
            expected = scores.table(method(seen).forecast(hidden), hidden, seen)
            close(results.loc[(t, name), list(expected)].astype(float), expected.iloc[0], 1e-9)
    exact = dataclasses.replace(data, y=torch.cat([data.y[:, :1], 2 * data.y[:, :1] + 1], 1), tasks=(), units=())
    seen, hidden = outage(exact)
    for name in ("regression", "regression + GP"):
        found = plain_methods()[name](seen).forecast(hidden)
        close(found.mean[hidden.observed], hidden.y[hidden.observed], 1e-8)
        close(found.variance[hidden.observed], hidden.y[hidden.observed] * 0 + floor(seen, 0), 1e-12)


def law_plain_rules_refuse_by_name():
    """ValueError for arguments, NotApplicable for tables, each with the name of what is wrong."""
    data = walks(100, 12, 2)
    ask = TaskData([5.0], [[0.0, 0.0]])
    few = dataclasses.replace(data, y=data.y.where(torch.arange(12)[:, None] < 1, torch.nan))
    same = dataclasses.replace(data, y=torch.cat([data.y[:, :1], 0 * data.y[:, 1:] + 3], 1))
    place = dataclasses.replace(data, x=0 * data.x)
    for wrong, name in (
        ({"season": -1}, "season"),
        ({"kernels": "rbf"}, "kernels"),
        ({"kernels": ()}, "kernels"),
        ({"kernels": None}, "kernels"),
        ({"kernels": ("rbf", "matern")}, "kernels"),
    ):
        refused(f"{name}: ", lambda: plain_methods(**wrong), ValueError)  # noqa: B023
    for method in plain_methods(2.0).values():
        for table in (few, same):
            refused("seen: ", lambda: method(table))  # noqa: B023
        refused("seen: is a DataFrame", lambda: method(data.to_frame()), ValueError)  # noqa: B023
        refused("hidden: has other tasks", lambda: method(data).forecast(TaskData([5.0], [[0.0]])), ValueError)  # noqa: B023
    for name in ("interpolation", "regression", "regression + GP"):  # all inputs are the same
        refused("seen: all ", lambda: plain_methods()[name](place).forecast(ask))  # noqa: B023
    for season in (1e-6, 1e6):
        refused("season: ", lambda: plain_methods(season)["season before"](data))  # noqa: B023
    months = plain_methods(1.0)["mean"](TaskData(np.arange(12) / 12, RANDOM(2).normal(size=(12, 2))))
    refused("season: none of its 12 parts has two values of task 'task 1'", lambda: months.forecast(ask))
    long = TaskData(np.arange(2001.0), RANDOM(1).normal(size=(2001, 1)))
    kriging, later = plain_methods()["regression + GP"](long), TaskData([3000.0], [[0.0]])
    refused("seen: a regression has 2,001 rows", lambda: kriging.forecast(later))
