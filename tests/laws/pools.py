"""Methods that answer together, and the map on which a table lies before any of them is fitted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from scipy import stats

from laws.common import RANDOM, close
from laws.plain import PROFILES, outage, refused, walks, with_holes
from mtgp_tutorial import (
    FitError,
    Mixture,
    TaskData,
    fit,
    icm,
    impute,
    independent,
    predict,
    sample_posterior,
)
from mtgp_tutorial.mixture import mixture
from mtgp_tutorial.tables import (
    compare,
    explained_shares,
    fill,
    linear_pool,
    plain_methods,
    posterior_averaging,
    with_trend,
)
from mtgp_tutorial.tables.forecasting import NotApplicable

RULES = plain_methods()


def law_combined_methods_are_a_pool_in_equal_parts():
    """Distribution functions by hand; a method that is itself a mixture counts as one."""
    seen, hidden = outage(walks(41))
    cells = hidden.observed
    parts = RULES["interpolation"](seen).forecast(hidden), impute(fit(icm(seen), priors=False))
    found = linear_pool(RULES["interpolation"], icm, priors=False)(seen).forecast(hidden)
    means, sds = (np.array([getattr(one, name)[cells].numpy() for one in parts]) for name in ("mean", "sd"))
    close(found.mean[cells], means.mean(0), 1e-9)
    close(found.variance[cells], (sds**2).mean(0) + means.var(0), 1e-9)
    low, high = (end[cells].numpy() for end in found.band(0.9))
    for end, share in ((low, 0.05), (high, 0.95)):
        close(stats.norm.cdf(end, means, sds).mean(0), np.full(len(end), share), 1e-7)
    assert torch.equal(~found.mean.isnan(), cells) and torch.equal(~found.means[0].isnan(), cells) and found.noise
    assert all(torch.equal(one.probability(above=0.0).isnan(), ~cells) for one in (found, parts[0]))
    models = linear_pool(icm, independent, starts=1)(seen).forecast(hidden)  # which impute all that is missing
    assert (
        torch.equal(~models.means.isnan(), cells.expand(2, *cells.shape)) and int(seen.observed.sum()) < cells.numel()
    )
    many = linear_pool(RULES["interpolation"], posterior_averaging(icm, draws=8, chains=2, starts=1))(seen).forecast(
        hidden
    )
    alone = posterior_averaging(icm, draws=8, chains=2, starts=1)(seen).forecast(hidden)
    y = hidden.y[cells].numpy()
    half = stats.norm.cdf(y, means[0], sds[0]) / 2 + alone.cdf(hidden.y)[cells].numpy() / 2
    assert len(many.means) == 16
    close(many.cdf(hidden.y)[cells], half, 1e-9)


def law_options_and_seeds_of_mixtures_reach_their_fits():
    """Draws of the seed that was named; a single iteration is too few wherever `fit` is told so."""
    (seen, hidden), how = outage(walks(44)), {"draws": 8, "chains": 2}
    methods = {seed: posterior_averaging(icm, **how, seed=seed, starts=1)(seen) for seed in (0, 3)}
    by_hand = impute(sample_posterior(fit(icm(seen), starts=1), **how, seed=3))
    close(methods[3].forecast(hidden).means, by_hand.means, 1e-9)
    assert (
        methods[3].fingerprint
        != methods[0].fingerprint
        != posterior_averaging(icm, **how, starts=1, priors=False)(seen).fingerprint
    )
    short = {"max_iterations": 1}
    for late in (
        lambda: posterior_averaging(icm, **how, **short)(seen).forecast(hidden),
        lambda: linear_pool(RULES["interpolation"], icm, **short)(seen).forecast(hidden),
        lambda: with_trend(icm, **short)(seen).forecast(hidden),
        lambda: fill(seen, icm, **short),
    ):
        try:
            late()
        except FitError:
            continue
        raise AssertionError("an option of `fit` did not reach it")


def law_combined_methods_answer_at_new_rows_and_fill():
    """Rows that the model has not seen are predicted, not imputed; a filled table keeps what was seen in every part."""
    seen, hidden = outage(walks(42))
    gap = hidden.observed.any(1)
    rest, new = TaskData(seen.x[~gap], seen.y[~gap]), TaskData(seen.x[gap], hidden.y[gap])
    found = linear_pool(RULES["mean"], icm, starts=1)(rest).forecast(new)
    model = predict(fit(icm(rest), starts=1), new.x)
    cells = new.observed
    close(found.mean[cells], (RULES["mean"](rest).forecast(new).mean[cells] + model.mean[cells]) / 2, 1e-9)
    filled = fill(seen, linear_pool(RULES["interpolation"], RULES["regression"]))
    known = seen.observed
    assert isinstance(filled, Mixture) and bool((filled.means[:, known] == seen.y[known]).all())
    assert not bool(filled.variances[:, known].any()) and bool(filled.means.isfinite().all())
    assert torch.equal(filled.band(0.5)[0][known].round(decimals=6), seen.y[known].round(decimals=6))


def law_combined_methods_have_fingerprints_and_refused_by_name():
    seen, hidden = outage(walks(43))

    def marked(*methods):
        return linear_pool(*methods)(seen).fingerprint

    interpolation, rule = RULES["interpolation"], RULES["regression"]
    assert (
        len(
            {
                marked(interpolation, rule),
                marked(rule, interpolation),
                marked(interpolation, icm),
                marked(interpolation, independent),
            }
        )
        == 4
    )
    assert marked(interpolation, lambda data: NoMark()) is None
    lost = NoMark()
    lost.fingerprint = torch.nan
    assert np.isnan(marked(interpolation, lambda data: lost)), (
        "a mark that is no number is not one that counts for nothing"
    )
    refused("builds: 1 of them; pass two methods", lambda: linear_pool(icm), ValueError)
    odd = linear_pool(lambda data: Draws(data, 37), lambda data: Draws(data, 41))
    refused(
        "builds: their mixtures have 37 and 41 draws, and in equal parts 1,517; let them have the same number, or "
        "numbers with a common factor",
        lambda: odd(seen).forecast(hidden),
        ValueError,
    )
    no_method = linear_pool(icm, lambda data: data)
    refused("builds: is a TaskData; pass a function of a table", lambda: no_method(seen), ValueError)
    refused("seen: task 'task 1' has fewer", lambda: linear_pool(interpolation, icm)(replace(seen, y=0 * seen.y)))
    trial = {"hole": (seen, hidden)}.get
    table = compare(
        trial,
        ["hole"],
        {"both": linear_pool(interpolation, icm, starts=1), "interpolation": interpolation},
        progress=False,
    )
    assert table["CRPS"].notna().all() and table["CRPS"].nunique() == 2


def law_the_model_of_a_method_stands_on_the_rows_of_its_table():
    """Other inputs are refused by every method; rows may be left out where none of them is filled."""
    data = walks(47)
    seen, hidden = outage(data)

    def stretched(table):
        return icm(replace(table, x=10 * table.x))

    def late(table):
        return icm(replace(table, x=table.x[3:], y=table.y[3:], index=None))

    other = "its model has other rows than the table; keep them, with NaN in y"
    asked = {"hole": (seen, hidden)}.get
    refused(
        f"methods, 'odd': {other}", lambda: compare(asked, ["hole"], {"odd": stretched}, progress=False), ValueError
    )
    refused(f"methods, 'late': {other}", lambda: compare(asked, ["hole"], {"late": late}, progress=False), ValueError)
    refused(f"method: {other}", lambda: fill(seen, late), ValueError)
    refused(f"build: {other}", lambda: posterior_averaging(stretched)(seen), ValueError)
    refused(f"build: {other}", lambda: with_trend(stretched)(seen), ValueError)
    refused(f"builds: {other}", lambda: linear_pool(icm, stretched)(seen), ValueError)
    cut = len(data.x) - 5
    early, end = (replace(data, x=data.x[rows], y=data.y[rows], index=None) for rows in (slice(cut), slice(cut, None)))
    scored = compare({"end": (early, end)}.get, ["end"], {"late": late}, progress=False, starts=1)
    errors = predict(fit(late(early), starts=1), end.x).mean - end.y
    close(scored["MSE"], errors.square().mean(0), 1e-9)


class Draws:
    """A forecaster whose answer is the mixture of a line across the hole with itself."""

    def __init__(self, seen, draws):
        self.seen, self.draws = seen, draws

    def forecast(self, hidden):
        return mixture([RULES["interpolation"](self.seen).forecast(hidden)] * self.draws)


class NoMark:
    """A forecaster that has only a forecast."""

    def forecast(self, hidden):
        raise NotApplicable("hidden: no")


def law_what_other_tasks_explain_is_what_least_squares_leave():
    """Loops over cells, numpy's least squares; nothing beside a cell explains nothing."""
    data = with_holes(walks(44, 50, 4), 45, 0.15)
    seen, hidden = outage(data, 1)
    row = int(hidden.observed[:, 1].nonzero()[0, 0])
    y = seen.y.clone()
    y[row] = torch.nan
    seen = TaskData(seen.x, y, tasks=seen.tasks)
    full, left = seen.y.numpy(), []
    for i in hidden.observed[:, 1].nonzero()[:, 0].tolist():
        others = [t for t in (0, 2, 3) if not np.isnan(full[i, t])]
        if not others:
            left.append(0.0)
            continue
        rows = ~np.isnan(full[:, [1, *others]]).any(1)
        A, a = np.c_[np.ones(rows.sum()), full[rows][:, others]], np.r_[1, full[i, others]]
        b = np.linalg.lstsq(A, full[rows, 1], rcond=None)[0]
        s2 = ((full[rows, 1] - A @ b) ** 2).sum() / (len(A) - A.shape[1])
        left.append(1 - s2 * (1 + a @ np.linalg.solve(A.T @ A, a)) / np.nanvar(full[:, 1]))
    found = explained_shares(seen, hidden)
    assert found.index.tolist() == ["task 2"] and int(found["cells"].iloc[0]) == len(left) and left[0] == 0
    close(found["others"].iloc[0], np.mean(left), 1e-9)
    noise = TaskData(np.arange(25.0), RANDOM(50).normal(size=(25, 3)))
    assert explained_shares(*noise.hide("task 1", 4, 9))["others"].tolist() == [0.0]  # never below


def law_what_a_curve_explains_is_what_its_own_gp_leaves():
    """The likeliest of three kernels, its variances in dense numpy, and other values at hidden cells change nothing."""
    seen, hidden = outage(walks(46, 40, 2), low=4.0, high=5.0)
    kernels = {"matern12": MaternKernel(nu=0.5), "matern32": MaternKernel(nu=1.5), "rbf": RBFKernel()}
    fits = {name: fit(independent(seen, hyperparameters="shared", kernel=kernel)) for name, kernel in kernels.items()}
    name, best = max(fits.items(), key=lambda one: one[1].log_likelihood)
    signal, noise = float(best.B.iloc[0, 0]), float(best.Sigma.iloc[0, 0])
    at, new = seen.x[seen.observed[:, 0], 0].numpy(), hidden.x[hidden.observed[:, 0], 0].numpy()
    length = float(np.ravel(best.length_scales[0])[0])
    K, k = (signal * PROFILES[name](np.abs(np.subtract.outer(one, at)) / length) for one in (at, new))
    variance = signal + noise - (k * np.linalg.solve(K + noise * np.eye(len(at)), k.T).T).sum(1)
    share = 1 - variance.mean() / np.nanvar(seen.y[:, 0].numpy())
    found = explained_shares(seen, hidden)
    close(found.loc["task 1", "own"], share, 1e-6)
    other = explained_shares(seen, TaskData(hidden.x, hidden.y * 3 - 7, tasks=hidden.tasks))
    pd.testing.assert_frame_equal(found, other)


def law_all_missing_cells_count_unless_some_are_named():
    data = with_holes(walks(47, 40, 3), 48, 0.2)
    found = explained_shares(data)
    assert found["cells"].tolist() == (~data.observed).sum(0).tolist() and list(found.index) == list(data.tasks)
    assert ((found[["others", "own"]] >= 0) & (found[["others", "own"]] <= 1)).all(axis=None)


def law_the_map_refuses_by_name():
    seen, hidden = outage(walks(49))
    moved = TaskData(hidden.x + 1, hidden.y, tasks=hidden.tasks)
    whole = TaskData(seen.x, torch.where(seen.observed, seen.y, 0.0), tasks=seen.tasks)
    refused("seen: is an ndarray; pass a TaskData", lambda: explained_shares(np.zeros((3, 2))), ValueError)
    refused("hidden: is a float; pass a TaskData, as data.hide", lambda: explained_shares(seen, 1.0), ValueError)
    refused("hidden: has other rows than seen", lambda: explained_shares(seen, moved), ValueError)
    refused(
        "hidden: has other rows than seen, or cells that are seen", lambda: explained_shares(seen, seen), ValueError
    )
    refused("hidden: has other tasks", lambda: explained_shares(seen, TaskData(hidden.x, hidden.y[:, :2])), ValueError)
    refused("seen: has no missing cell; hide some first", lambda: explained_shares(whole), ValueError)
