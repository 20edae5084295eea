"""The three families of models: independent GPs, the ICM, the LMC.

Models that are fitted by the collapsed bound, and where its inducing inputs stand.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from gpytorch.kernels import Kernel
from torch import Tensor

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.kernels import ICMKernel, IndependentKernel, LMCKernel, scaled, unit_kernel
from mtgp_tutorial.model import Model
from mtgp_tutorial.priors import input_spread
from mtgp_tutorial.arrays import as_matrix
from mtgp_tutorial.data import TaskData


def independent(data: TaskData, *, hyper: str = "own", noise: str = "per task", kernel: Kernel | None = None) -> Model:
    """One GP for each task (book: one-equation).

    Args:
        data (TaskData): the table.
        hyper (str): "own" or "shared": kernel parameters and signal variance of its own, or in common. Default: "own".
        noise (str): "shared", "per task", "full", or "none" where all errors are known. Default: "per task".
        kernel (Kernel): a GPyTorch kernel of the inputs with variance 1. Default: RBFKernel().
    Raises:
        ValueError: for unknown words, unusable kernels and tables that cannot be standardised.

    >>> from gpytorch.kernels import MaternKernel
    >>> from mtgp_tutorial import fit, independent, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> kernel = MaternKernel(nu=2.5)
    >>> fitted = fit(independent(data, hyper="shared", kernel=kernel))
    >>> fitted.correlation.round(3).to_numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if hyper not in ("own", "shared"):
        raise ValueError(f"hyper: {hyper!r} is neither 'own' nor 'shared'; pass one of these")
    base = unit_kernel(kernel, _checked(data).x)
    copies = [scaled(copy.deepcopy(base)) for _ in data.tasks]
    return Model(data, IndependentKernel(copies if hyper == "own" else copies[:1] * len(copies)), noise)


def icm(data: TaskData, *, rank: int = 1, noise: str | None = None, kernel: Kernel | None = None) -> Model:
    """Intrinsic coregionalization model: one kernel, B = W W^T + diag(kappa) (book: icm).

    Args:
        data (TaskData): the table.
        rank (int): R, the columns of W [T, R]. Default: 1.
        noise (str): "shared", "per task", "full", or "none" where all errors are known. Default: "full" from 40 rows on
            that hold several values, and ten of them for each task; below that, "per task".
        kernel (Kernel): a GPyTorch kernel of the inputs with variance 1. Default: RBFKernel().
    Raises:
        ValueError: for a rank below 1 or above T, unknown words, unusable kernels, tables that have no scale.

    >>> from mtgp_tutorial import datasets, fit, icm, simulate
    >>> sines = simulate.two_sines(seed=1)
    >>> icm(sines).noise, icm(datasets.great_lakes()).noise
    ('per task', 'full')
    >>> fitted = fit(icm(sines, noise="full"))
    >>> bool(fitted.correlation.loc["sine", "lagged sine"] > 0.5)
    True
    >>> fitted.Sigma.shape
    (2, 2)
    """
    rank = _checked_rank(rank, _checked(data).num_tasks)
    return Model(
        data,
        ICMKernel(unit_kernel(kernel, data.x), data.num_tasks, rank),
        usual_noise(data)[0] if noise is None else noise,
    )


def lmc(
    data: TaskData,
    *,
    kernels: int | Sequence[Kernel] = 2,
    rank: int | Sequence[int] = 1,
    own: bool = True,
    noise: str = "per task",
) -> Model:
    """Linear model of coregionalization: several kernels, B_q = W_q W_q^T + diag(kappa_q) for each (book: lmc).

    Args:
        data (TaskData): the table.
        kernels (int or list of Q Kernel): their number Q (of RBFKernel()), or GPyTorch kernels with variance 1.
            Default: 2.
        rank (int or list of Q int): of each W_q. Default: 1.
        own (bool): False sets every kappa to 0 (with rank 1: the semiparametric latent factor model). Default: True.
        noise (str): "shared", "per task", "full", or "none" where all errors are known. Default: "per task".
    Raises:
        ValueError: as `icm` does, and for no kernels or ranks that do not fit.

    >>> from gpytorch.kernels import MaternKernel, RBFKernel
    >>> from mtgp_tutorial import fit, lmc, simulate
    >>> kernels = [RBFKernel(), MaternKernel(nu=1.5)]
    >>> model = lmc(simulate.two_sines(seed=1), kernels=kernels)
    >>> fitted = fit(model, starts=1)
    >>> len(fitted.Bs), fitted.shares.sum(axis=1).round(6).tolist()
    (2, [1.0, 1.0])
    """
    chosen: Any = kernels
    if isinstance(kernels, Integral) and not isinstance(kernels, bool):
        chosen = [None] * int(kernels)
    if isinstance(chosen, str) or not isinstance(chosen, Sequence) or len(chosen) == 0:
        raise ValueError(f"kernels: is {kernels!r}; pass their number, at least 1, or a list of GPyTorch kernels")
    ranks = list(rank) if isinstance(rank, Sequence) else [rank] * len(chosen)
    if len(ranks) != len(chosen):
        raise ValueError(f"rank: has {len(ranks)} entries for {len(chosen)} kernels; pass one number, or one for each")
    num_tasks = _checked(data).num_tasks
    ranks = [_checked_rank(one, num_tasks) for one in ranks]
    return Model(data, LMCKernel([unit_kernel(one, data.x) for one in chosen], num_tasks, ranks, own), noise)


ROWS, ROWS_A_TASK = 40, 10  # that hold several values; full noise of fewer has bands that are much too narrow


def usual_noise(data: TaskData) -> tuple[str, str]:
    """The noise that `icm` takes when told nothing, and why in a few words."""
    count, asked = int((data.observed.sum(1) > 1).sum()), max(ROWS, ROWS_A_TASK * data.num_tasks)
    return "full" if count >= asked else "per task", f"{count} rows hold several values; full noise asks for {asked}"


def _checked_rank(rank: int, num_tasks: int) -> int:
    if isinstance(rank, bool) or not isinstance(rank, Integral) or not 1 <= rank <= num_tasks:
        raise ValueError(f"rank: {rank!r} is not a whole number from 1 to T = {num_tasks}; pass one of these")
    return int(rank)


def _checked(data: TaskData) -> TaskData:
    of_kind("data", data, TaskData, "a TaskData")
    for d, width in enumerate((data.x.amax(0) - data.x.amin(0)).tolist()):
        if width and not 1e-150 < width < 1e150:
            raise ValueError(f"x: column {d} spans {width:.3g}, whose square is out of range; pass it in another unit")
    return data


def sparse(model: Model, inducing: Any = 64) -> Model:
    """A copy of the model, whose log likelihood is the collapsed lower bound through M inducing inputs.

    For any model of the book, with holes, several inputs, full noise and known standard errors; `fit`, `predict`,
    `impute`, `sample`, `parts`, `latent_functions` and saved fits take it like any other. Value and gradient cost N T
    F^2 operations with F features: M for each column of a root of each B_q, so T M for each kernel with a kappa.
    `Fit.log_likelihood` is the bound then: at most the log likelihood at the same parameters, which it becomes when
    every row's inputs are inducing ones. Bounds with other numbers of inducing inputs, or beside a log likelihood, do
    not rank models; held-out scores do. Leave-one-out, `check` and `correlation_intervals` need the exact model.
    (Titsias 2009)

    Args:
        model (Model): the exact one.
        inducing (int or array [M, D]): how many, chosen from the rows with values: quantiles of one input; of several,
            the row nearest the middle, then each time the row farthest from those chosen (in ranges of the inputs). Or
            the inputs in data units, dates where the table has dates. They stay fixed in a fit. Default: 64.
    Raises:
        ValueError: for no model, for no or too many inducing inputs (more than rows that differ), for another width and
            for values that are not finite.

    >>> from mtgp_tutorial import fit, icm, predict, simulate, sparse
    >>> model = icm(simulate.two_sines(50, seed=1))
    >>> few = fit(sparse(model, inducing=8), starts=1)
    >>> few.log_likelihood < fit(model, starts=1).log_likelihood
    True
    >>> len(few.model.inducing), len(predict(few, [0.3, 0.7]).mean)
    (8, 2)
    """
    of_kind("model", model, Model, "a model, as icm, lmc or independent make one of a table")
    rows = model.unit.x[model.unit.observed.any(1)].unique(dim=0)
    if isinstance(inducing, Integral) and not isinstance(inducing, bool):
        number, Z = int(inducing), None
    else:
        calendar = model.data.calendar
        Z = as_matrix(inducing if calendar is None else calendar.inputs(inducing), "inducing").to(rows.device)
        number = len(Z)
        if Z.shape[1] != rows.shape[1]:
            raise ValueError(
                f"inducing: has {Z.shape[1]} columns, the data {rows.shape[1]}; pass inputs like the data's"
            )
        if not bool(Z.isfinite().all()):
            raise ValueError("inducing: holds NaN or infinite values; pass finite inputs")
    if not 1 <= number <= len(rows):
        raise ValueError(
            f"inducing: asks for {number} inducing inputs, and the rows with values have {len(rows)} that differ; pass "
            f"1 to {len(rows)}"
        )
    model = copy.deepcopy(model)
    model.inducing = inducing_places(rows, number) if Z is None else Z
    return model


def inducing_places(rows: Tensor, number: int) -> Tensor:
    """Inducing inputs [M, D] among different rows [N, D], sorted: spread by quantiles, or each far from the others."""
    if rows.shape[1] == 1:
        return rows[torch.linspace(0, len(rows) - 1, number, device=rows.device).round().long()]
    unit = rows / input_spread(rows)
    apart = ((unit - unit.mean(0)) ** 2).sum(1)
    chosen = [int(apart.argmin())]
    apart = torch.full_like(apart, torch.inf)
    while len(chosen) < number:
        apart = torch.minimum(apart, ((unit - unit[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(apart.argmax()))
    return rows[chosen]
