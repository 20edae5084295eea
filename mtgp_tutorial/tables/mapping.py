"""Where a table lies among those of `examples/forty_tables`, before any model of several tasks is fitted.

Two numbers for each hole: what the other tasks of its row say of it, and what its task's own curve says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import torch
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel
from torch import Tensor

from mtgp_tutorial.arguments import as_array, of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import fit
from mtgp_tutorial.model import independent
from mtgp_tutorial.predicting import impute
from mtgp_tutorial.tables.forecasting import check_columns
from mtgp_tutorial.tables.plain import Regression

KERNELS: tuple[Callable[..., Kernel], ...] = (partial(MaternKernel, nu=0.5), partial(MaternKernel, nu=1.5), RBFKernel)


def explained_shares(seen: TaskData, hidden: TaskData | None = None) -> pd.DataFrame:
    """Shares of the variance of each task that its row's other tasks, and its own curve, explain in its holes.

    Args:
        seen (TaskData): the table.
        hidden (TaskData): which cells count, on the rows of `seen` and not seen there, as `TaskData.hide` returns them.
            Their values are not used. Default: all cells that are missing.
    Returns:
        A table by task, of those with such cells. "others": 1 less the mean predictive variance of least squares on the
            tasks seen in the row (`plain_methods`, "regression"), over the task's variance; 0 for a cell beside which
            nothing is seen. "own": the same of a GP of that task, all tasks with one length-scale, with the likeliest
            of Matern 1/2, Matern 3/2 and RBF. Both speak of noisy values, and are at least 0. "cells": how many.
    Raises:
        ValueError: for a table without holes and other rows.
        NotApplicable: as `plain_methods` does.
        FitError: where a fit fails.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import explained_shares
    >>> seen, hidden = datasets.great_lakes().hide("Erie", 1950, 1961)
    >>> explained_shares(seen, hidden).round(2).to_dict("index")
    {'Erie': {'others': 0.99, 'own': 0.27, 'cells': 12}}
    """
    of_kind("seen", seen, TaskData, "a TaskData")
    if hidden is not None:
        of_kind("hidden", hidden, TaskData, "a TaskData, as data.hide returns it, or None")
        check_columns(seen, hidden)
        if not torch.equal(seen.x, hidden.x) or bool((seen.observed & hidden.observed).any()):
            raise ValueError("hidden: has other rows than seen, or cells that are seen; pass what data.hide returns")
    asked = ~seen.observed if hidden is None else hidden.observed
    if not bool(asked.any()):
        raise ValueError("seen: has no missing cell; hide some first, and pass both tables that data.hide returns")
    variances = torch.stack([seen.y[seen.observed[:, t], t].var(correction=0) for t in range(seen.num_tasks)])
    left = {"others": _beside(seen, asked, variances), "own": _curves(seen)}
    count = asked.sum(0)
    found = {
        name: as_array((1 - some.where(asked, 0.0).sum(0) / count / variances).clamp(min=0))
        for name, some in left.items()
    }
    return pd.DataFrame(found | {"cells": as_array(count)}, seen.tasks)[as_array(count > 0)]


def _beside(seen: TaskData, asked: Tensor, variances: Tensor) -> Tensor:
    """Predictive variances [N, T] of the regressions at asked cells; the task's own where nothing is seen beside."""
    zero = TaskData(seen.x, torch.where(asked, 0.0, torch.nan).to(seen.y), tasks=seen.tasks)
    found = torch.full_like(seen.y, torch.nan)
    for rows, t, said in Regression(seen).groups(zero):
        found[rows, t] = variances[t] if said is None else said[1]
    return found


def _curves(seen: TaskData) -> Tensor:
    """Predictive variances [N, T] of separate GPs with one length-scale, by the likeliest of KERNELS."""
    D = seen.x.shape[1]
    fits = [fit(independent(seen, hyperparameters="shared", kernel=kernel(ard_num_dims=D))) for kernel in KERNELS]
    return impute(max(fits, key=lambda one: one.log_likelihood)).variance
