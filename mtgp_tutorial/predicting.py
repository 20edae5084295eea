"""What a fitted model says about new rows (`predict`) and missing cells (`impute`), and draws of both (`sample`).

What lies behind f: its part through each kernel, and the latent functions u that W mixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial import gaussian
from mtgp_tutorial.arguments import as_array, as_matrix, as_tensor, flags, generator, listed, of_kind, swapped, whole
from mtgp_tutorial.conditioning import Conditioned, Evidence
from mtgp_tutorial.covariance import Cells, all_cells, noise_covariance, signal_covariance
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.kernels import Term, among, variances_of
from mtgp_tutorial.model import Model
from mtgp_tutorial.prediction import Prediction, check_row_labels, prediction
from mtgp_tutorial.result import Fit, fitted, of_each, same_values
from mtgp_tutorial.sites import ByTask, sizes_at, through

ROWS = 100  # of a table that are compared with all fitted rows at once


@of_each
@torch.no_grad()
def predict(
    fit: Fit, x: Any, *, noise: bool = True, covariance: bool = False, sd: Any = None, exposure: ByTask = None
) -> Prediction:
    """Predictions at new rows, which share no noise with the rows of the data (book: predict).

    Of a count y is the count, with whole numbers for a band, and f is its log rate (of yes or no, its log odds).

    Args:
        fit (Fit, or PosteriorSamples): an averaged one gives a `Mixture`.
        x (array [M, D] or [M]): the new rows.
        noise (bool): of the observed y (True) or of the latent f (False). Default: True.
        covariance (bool): also the joint [M*T, M*T]. Default: False.
        sd (array [M, T]): known standard errors of the readings that are predicted, in data units, NaN where none is
            known. Default: y has the learned noise alone.
        exposure (dict): by task, of counts at the new rows, [M] or a number; f has none. Default: 1.
    Raises:
        ValueError: for x of another width or on another device than the data, and for sd of another shape, not above 0,
            or beside noise=False; of counts also for a joint covariance of y.

    >>> from mtgp_tutorial import fit, icm, predict, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> y = predict(fitted, [0.3, 0.7])
    >>> f = predict(fitted, [0.3, 0.7], noise=False)
    >>> bool((y.sd > f.sd).all())
    True
    >>> joint = predict(fitted, [0.3, 0.7], covariance=True).covariance
    >>> tuple(joint.shape)
    (4, 4)
    """
    asked, x = x, query(fit, x)
    shape = torch.Size([len(x), fit.model.data.num_tasks])
    _check_joint(fit.model, noise, covariance)
    sizes = sizes_at(fit.model.laws, fit.model.data.tasks, exposure, x, asked)
    cells = all_cells(torch.ones(shape, dtype=torch.bool, device=x.device))
    known = of_readings(fit, sd, shape, noise, None, asked)
    mean, spread = posterior_of(fit.model, fit.conditioned(), x, cells, noise, None, covariance, known)
    variance = spread.diagonal() if covariance else spread
    joint = (cells, spread) if covariance else None
    return _in_data_units(fit, None, x, mean.reshape(shape), variance.reshape(shape), noise, joint, sizes)


@of_each
@torch.no_grad()
def impute(
    fit: Fit, table: TaskData | None = None, *, noise: bool = True, covariance: bool = False, sd: Any = None
) -> Prediction:
    """Predictions for every cell of rows that were partly observed, given all that was observed.

    The noise of a row's observed cells speaks through Sigma. With noise=True an observed cell is known: its mean is its
    value, its variance 0. (book: predict)

    Args:
        fit (Fit, or PosteriorSamples): an averaged one gives a `Mixture`.
        table (TaskData): further rows; what it holds is conditioned on as well: they are rows of their own, which share
            no noise with a fitted row at the same x. Default: the rows of the fitted data, as for the fitted table.
        noise (bool): of the observed y (True) or of the latent f (False). Default: True.
        covariance (bool): also the joint one of the missing cells, which the result's `cells` names. Default: False.
        sd (array [M, T]): as in `predict`, for the missing cells. Default: none.
    Raises:
        ValueError: for a table with other tasks or units, another width, on another device, or with a row that repeats
            a fitted one (it would count twice), and for sd as `predict` does.

    >>> from mtgp_tutorial import datasets, fit, icm, impute
    >>> seen, hidden = datasets.great_lakes().hide("Erie", 1967, 1981)
    >>> filled = impute(fit(icm(seen), starts=1))
    >>> erie = seen.task_index("Erie")
    >>> gap = hidden.observed[:, erie]
    >>> error = (filled.mean - hidden.y)[gap, erie]
    >>> bool(error.abs().max() < 0.2)  # metres
    True
    >>> bool((filled.sd[~gap, erie] == 0).all())  # what was seen is known
    True
    """
    x, y, rows, conditioned = further_rows(fit, table)
    _check_joint(fit.model, noise, covariance)
    of = fit.model.data if table is None else table
    missing, mean, variance, joint = all_cells(y.isnan()), y.clone(), torch.zeros_like(y), None
    known = of_readings(fit, sd, y.shape, noise, of)
    if covariance:
        mean[missing], spread = posterior_of(fit.model, conditioned, x, missing, noise, rows, True, known)
        variance[missing], joint = spread.diagonal(), (missing, spread)
    asked = y.isnan() if noise else torch.ones_like(y, dtype=torch.bool)
    cells = all_cells(asked & ~y.isnan() if covariance else asked)
    mean[cells], variance[cells] = posterior_of(fit.model, conditioned, x, cells, noise, rows, False, known)
    found = _in_data_units(fit, of, x, mean, variance, noise, joint, fit.model.sizes)
    return replace(found, mean=torch.where(of.y.isnan(), found.mean, of.y)) if noise else found


@of_each
@torch.no_grad()
def sample(
    fit: Fit, x: Any, num_samples: int, *, seed: int, noise: bool = False, sd: Any = None, exposure: ByTask = None
) -> Tensor:
    """Joint posterior draws [S, M, T] in data units, drawn on the CPU.

    Args:
        fit (Fit, or PosteriorSamples): what to draw from.
        x (array [M, D] or [M], or TaskData): new rows. Or a table, as `impute` takes it, with noise=True: then its
            missing cells are drawn, and what was observed stays.
        num_samples (int): S, how many draws.
        seed (int): of the draws.
        noise (bool): of the observed y (True) or of the latent f (False). Default: False.
        sd (array [M, T]): as in `predict`. Default: none.
        exposure (dict): as in `predict`, for new rows. Default: 1.
    Raises:
        ValueError: as `predict` and `impute` do, for a table with noise=False or with exposures, a number below 0 and a
            seed that is no whole number from 0 on.

    >>> import torch
    >>> from mtgp_tutorial import fit, icm, sample, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> draws = sample(fitted, [0, 0.5, 1], 5, seed=0)
    >>> again = sample(fitted, [0, 0.5, 1], 5, seed=0)
    >>> tuple(draws.shape), torch.equal(draws, again)
    ((5, 3, 2), True)
    """
    num_samples = whole("num_samples", num_samples, 0, "how many draws to make")
    model = fitted(fit).model
    rows, given, sizes = None, None, model.sizes
    if isinstance(x, TaskData):
        if not noise:
            raise ValueError("x: is a table, whose missing y are drawn; pass noise=True, or its inputs for f")
        if exposure is not None:
            raise ValueError("exposure: is given beside a table, whose rows have those of the fit; leave it out")
        (inputs, y, rows, conditioned), given = further_rows(fit, x), x.y
    else:
        inputs, conditioned = query(fit, x), fit.conditioned()
        y = torch.full((len(inputs), model.data.num_tasks), torch.nan).to(inputs)
        sizes = sizes_at(model.laws, model.data.tasks, exposure, inputs, x)
    cells, filled = all_cells(y.isnan()), y.repeat(num_samples, 1, 1)
    known = of_readings(fit, sd, y.shape, noise, None if given is None else x, x)
    own = generator(seed)
    drawn = conditioned.draws(inputs, rows if noise else None, cells, noise, num_samples, own)
    if drawn is None:
        mean, covariance = posterior_of(model, conditioned, inputs, cells, noise, rows, True, known)
        largest = float((model.B() + model.Sigma()).diagonal().max())  # rounding is the prior's, not of what is left
        drawn = gaussian.sample(mean, covariance, num_samples, seed=seed, rounding=1e-8 * largest)
    else:
        drawn = drawn + model.means()[cells[1]]
        if known is not None:  # the readings' own errors
            normals = torch.randn(drawn.shape, dtype=torch.float64, generator=own).to(drawn)
            drawn = drawn + normals * known[cells].sqrt()
    filled[:, *cells] = drawn
    draws = model.scale.to_data(filled)
    for t, law in enumerate(model.laws):
        if noise and not law.read:
            rng = np.random.default_rng([seed, t])
            draws[:, :, t] = as_tensor(law.draw(as_array(draws[:, :, t]), as_array(sizes[:, t]), rng), draws)
    return draws if given is None else torch.where(given.isnan(), draws, given)


def posterior_of(
    model: Model,
    conditioned: Conditioned,
    x: Tensor,
    cells: Cells,
    noise: bool,
    rows: Tensor | None,
    joint: bool,
    known: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Mean [k] and variances [k], or covariance [k, k], of cells of the rows x; standardised units.

    rows: which rows of the table these are, whose noise they share; None for new ones. known [M, T]: variances of the
    readings themselves, on top of Sigma's.
    """
    if len(cells[0]) == 0:
        return x.new_zeros(0), x.new_zeros(0, 0) if joint else x.new_zeros(0)
    terms, Sigma = model.kernel.terms(), model.Sigma()
    of_reading = x.new_zeros(len(cells[0])) if known is None else known[cells]
    used, place = cells[0].unique(return_inverse=True)
    x, cells = x[used], (place, cells[1])
    shared = rows[used] if noise and rows is not None else None
    mean, reduction = conditioned.posterior(x, terms, shared, cells, joint)
    mean = mean + model.means()[cells[1]]
    if not joint:
        each = [torch.outer(variances_of(kernel, x), B.diagonal()) for kernel, B in terms]
        variances = torch.stack(each).sum(0) + (Sigma.diagonal() if noise else 0.0)
        return mean, variances[cells] + of_reading - reduction
    prior = signal_covariance([(among(kernel, x), B) for kernel, B in terms], cells, cells)
    left = (prior + noise_covariance(Sigma, cells, cells) if noise else prior) - reduction + torch.diag(of_reading)
    return mean, (left + left.mT) / 2


def _in_data_units(
    fit: Fit,
    table: TaskData | None,
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    noise: bool,
    joint: tuple[Cells, Tensor] | None,
    sizes: Tensor,
) -> Prediction:
    """Wrap standardised results: mean and variance [M, T], and where it is wanted the joint covariance of cells.

    table: that of the rows; None for new ones. sizes [M, T]: exposures of counts.
    """
    scale, more = fit.model.scale, {}
    if joint is not None:
        sd = scale.sd[joint[0][1]]
        more = {"covariance": joint[1] * torch.outer(sd, sd), "cells": named(joint[0], fit.model.data.tasks)}
    # a value that is all but known may have a variance of rounding error below zero
    variance = variance.clamp_min(0) * scale.sd**2
    of = fit.model.data if table is None else table
    found = prediction(of, x, scale.to_data(mean), variance, noise, new=table is None, **more)
    return through(found, fit.model.laws, sizes)


def _check_joint(model: Model, noise: bool, covariance: bool) -> None:
    flags(noise=noise, covariance=covariance)
    if noise and covariance:
        model.normal_alone("covariance", "pass noise=False for that of f, or draw y by sample")


@of_each
@torch.no_grad()
def parts(fit: Fit, x: Any) -> Sequence[Prediction]:
    """The part of each task's latent f that runs through each kernel, without the mean, at new rows.

    Args:
        fit (Fit, or PosteriorSamples): of any model.
        x (array [M, D] or [M]): the new rows.
    Returns:
        Q predictions in data units; their means add up to that of f less the task's mean. What the data say of a part
            depends on the others: the variances do not add up. (book: lmc)
    Raises:
        ValueError: as `predict` does.

    >>> from mtgp_tutorial import fit, lmc, parts, predict, simulate
    >>> fitted = fit(lmc(simulate.two_sines(seed=1)), starts=1)
    >>> first, second = parts(fitted, [0.2, 0.8])
    >>> f = predict(fitted, [0.2, 0.8], noise=False)
    >>> rest = f.mean - first.mean - second.mean  # each task's mean
    >>> bool((rest[0] - rest[1]).abs().max() < 1e-8)
    True
    """
    x, data, sd = query(fit, x), fit.model.data, fit.model.scale.sd
    found = []
    for term in fit.model.kernel.terms():
        mean, variance = _given_data(fit, x, term, term.B.diagonal())
        part = prediction(data, x, mean * sd, variance * sd**2, False, new=True)
        found.append(through(part, fit.model.laws, fit.model.sizes))
    return found


@of_each
@torch.no_grad()
def latent_functions(fit: Fit, x: Any) -> Prediction:
    """The latent functions u_qr (prior variance 1) at new rows, one for each column of each W_q.

    A column's sign is not identified, nor are the columns of one W_q up to rotation: flip or rotate before you
    interpret. Of an averaged fit each column has the sign that is nearer to the optimum's. (book: lmc-latent)

    Args:
        fit (Fit, or PosteriorSamples): of an ICM or LMC.
        x (array [M, D] or [M]): the new rows.
    Raises:
        ValueError: as `predict` does, for independent models, which mix nothing, and for an averaged W of several
            columns, which turn from draw to draw.

    >>> from mtgp_tutorial import fit, icm, latent_functions, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> u = latent_functions(fitted, [0.2, 0.8])
    >>> u.tasks, tuple(u.mean.shape), bool((u.sd < 1).all())
    (('u1',), (2, 1), True)
    """
    x, model = query(fit, x), fit.model
    if not model.kernel.coregional:
        raise ValueError("fit: is of an independent model, which has no latent functions to mix; pass an icm or an lmc")
    found, names = [], []
    for q, (part, term) in enumerate(zip(model.kernel.coregional, model.kernel.terms())):
        W = part.task_covar_module.covar_factor  # u_q and the cells: K_q times W_q^T
        R = W.shape[1]
        found.append(_given_data(fit, x, term._replace(B=W.mT), torch.ones(R).to(x)))
        names += [f"u{q + 1}" if R == 1 else f"u{q + 1},{r + 1}" for r in range(R)]
    of = {"tasks": tuple(names), "units": ("",) * len(names)}
    mean, variance = (torch.cat(each, 1) for each in zip(*found))
    return prediction(model.data, x, mean, variance, False, new=True, **of)


def _given_data(fit: Fit, x: Tensor, term: Term, prior: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance [M, S] of S unknowns at each input, by their covariance with the cells and prior variances."""
    mean, reduction = fit.conditioned().posterior(x, [term])
    shape = (len(x), len(prior))
    prior = torch.outer(variances_of(term.kernel, x), prior)
    return mean.reshape(shape), (prior - reduction.reshape(shape)).clamp_min(0)


def query(fit: Fit, x: Any) -> Tensor:
    """Inputs as a matrix [M, D] that fits the data's width and device; dates as numbers, where the data have dates."""
    data = fitted(fit).model.data
    if isinstance(x, TaskData):
        raise ValueError("x: is a table; pass its inputs, table.x, or take impute(fit, table)")
    check_order("x", x.columns if isinstance(x, pd.DataFrame) else (), data.x_names)
    x = as_matrix(x if data.calendar is None else data.calendar.inputs(x), "x")
    if x.shape[1] != data.x.shape[1]:
        raise ValueError(f"x: has {x.shape[1]} columns, the data has {data.x.shape[1]}; pass the same inputs")
    if x.device != data.x.device:
        raise ValueError(f"x: is on {x.device}, the data on {data.x.device}; move one of them")
    if len(x) == 0 or not x.isfinite().all():
        raise ValueError("x: has no rows, or holds NaN or infinite values; pass finite inputs")
    return x


def check_order(name: str, names: Iterable[Any], wanted: Sequence[str]) -> None:
    """Columns are paired by position, so their names must not say otherwise; other names say nothing."""
    if swapped(list(map(str, names)), wanted):
        raise ValueError(
            f"{name}: has the columns {listed(names)}, and the fit {listed(wanted)}; pass them in the order of the fit"
        )


def further_rows(fit: Fit, table: TaskData | None) -> tuple[Tensor, Tensor, Tensor, Conditioned]:
    """Rows whose cells are asked for: x, standardised y, their numbers in all that is conditioned on, and that.

    They are the fitted rows, or a table's, which then are conditioned on as well.
    """
    model, start = fitted(fit).model, len(fit.model.unit.x)
    if table is not None:
        _check_tasks(fit, table)
    if table is None or _same(table, model.data):
        return model.unit.x, model.unit.y, torch.arange(start, device=model.unit.x.device), fit.conditioned()
    model.normal_alone("table", "pass none, for the rows of the fit")
    _check_further(fit, table)
    x, y = table.x, model.scale.to_unit(table.y)
    residual = torch.cat([model.residual(), y - model.means()])
    given = Evidence(torch.cat([model.unit.x, x]), residual, _variances(fit, table))
    return x, y, torch.arange(start, start + len(x), device=x.device), model.conditioned(given, solver=fit.solver)


def _variances(fit: Fit, table: TaskData) -> Tensor | None:
    """Known variances of the fitted rows and of the table's below them, standardised units; None where all are 0."""
    both = [(fit.model.data, fit.model.data.sd), (table, table.sd)]
    if all(sd is None for _, sd in both):
        return None
    each = [torch.zeros_like(data.y) if sd is None else (sd**2).nan_to_num() for data, sd in both]
    return torch.cat(each) / fit.model.scale.sd**2


def of_readings(fit: Fit, sd: Any, shape: torch.Size, noise: bool, *labelled: Any) -> Tensor | None:
    """Variances [M, T] of readings with the known errors sd, standardised units, 0 where none is known; None without.

    labelled: the table and the x of their rows. Raises ValueError for another shape, other row labels, errors not above
    0, and beside noise=False: f is not read.
    """
    flags(noise=noise)
    if sd is None:
        return None
    if not noise:
        raise ValueError("sd: is given with noise=False, and f has no error of reading; leave out one of them")
    check_order("sd", sd.columns if isinstance(sd, pd.DataFrame) else (), fit.model.data.tasks)
    check_row_labels("sd", sd, *labelled)
    values = as_matrix(sd, "sd", vector=False).to(fit.model.data.x)
    if values.shape != shape:
        raise ValueError(
            f"sd: has shape {tuple(values.shape)}; pass one of each cell that is predicted, {tuple(shape)}"
        )
    for task, law, each in zip(fit.model.data.tasks, fit.model.laws, values.T):
        if not law.read and not bool(each.isnan().all()):
            raise ValueError(f"sd: {task!r} is {law.word}, whose scatter is known; pass NaN for it")
    if bool((values <= 0).any()) or bool(values.isinf().any()):
        raise ValueError("sd: holds errors that are not above 0 or infinite; pass NaN where none is known")
    return (values / fit.model.scale.sd).nan_to_num() ** 2


def named(cells: Cells, tasks: Sequence[str]) -> pd.MultiIndex:
    """Cells by row number and task name."""
    rows, columns = cells
    return pd.MultiIndex.from_arrays([rows.tolist(), [tasks[t] for t in columns.tolist()]], names=["row", "task"])


def _check_tasks(fit: Fit, table: TaskData) -> None:
    """A table with the tasks and units of the fit, and inputs that fit."""
    data = fit.model.data
    of_kind("table", table, TaskData, "a TaskData, or nothing for the fitted table")
    if table.tasks != data.tasks:
        raise ValueError(f"table: has the tasks {table.tasks}, the fit {data.tasks}; pass the same, in this order")
    if table.units != data.units:
        raise ValueError(f"table: has the units {table.units}, the fit {data.units}; pass values in the same units")
    if table.calendar != data.calendar:
        told = [None if c is None else c.label for c in (table.calendar, data.calendar)]
        raise ValueError(
            f"table: its input is {told[0]}, that of the fit {told[1]}; make it with TaskData(dates, y, calendar=...) "
            "and the calendar of the fit's table"
        )
    check_order("table", table.x_names, data.x_names)
    query(fit, table.x)


def _check_further(fit: Fit, table: TaskData) -> None:
    """None of the further rows may be a fitted row with the same values."""
    data = fit.model.data
    x = table.x
    for start in range(0, len(x), ROWS):  # a long series has no room for all pairs of rows
        some = slice(start, start + ROWS)
        same_x = (x[some, None, :] == data.x).all(-1)
        both = table.observed[some, None, :] & data.observed
        same_y = ((table.y[some, None, :] == data.y) | ~both).all(-1) & both.any(-1)
        if bool((same_x & same_y).any()):
            row = start + int((same_x & same_y).any(1).nonzero()[0])
            raise ValueError(f"table: its row {row} repeats a fitted row; pass new rows only, or no table")


def _held(table: TaskData) -> list[Tensor]:
    """Inputs and values of a table, and the known errors of its observed cells."""
    return [table.x, table.y, *([] if table.sd is None else [table.sd.where(table.observed, torch.nan)])]


def _same(a: TaskData, b: TaskData) -> bool:
    """The same rows with the same cells and the same known errors of these."""
    one, other = _held(a), _held(b)
    return len(one) == len(other) and all(map(same_values, one, other))
