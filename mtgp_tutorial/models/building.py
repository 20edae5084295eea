"""The three families of models: independent GPs, the ICM, the LMC."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from gpytorch.kernels import Kernel

from mtgp_tutorial.models.kernels import ICMKernel, IndependentKernel, LMCKernel, scaled, unit_kernel
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData


def independent(data: TaskData, *, hyper: str = "own", noise: str = "per task", kernel: Kernel | None = None) -> Model:
    """One GP for each task; hyper="own" or "shared": kernel parameters and signal variance of its own, or in common.

    kernel: a GPyTorch kernel of the inputs with variance 1 (default RBFKernel()); noise: "shared", "per task", "full",
    or "none" where all errors are known. Raises ValueError for unknown words, unusable kernels and tables that cannot
    be standardised. (book: one-equation)

    >>> from gpytorch.kernels import MaternKernel
    >>> from mtgp_tutorial import fit, independent, simulate
    >>> data = simulate.two_sines(seed=1)
    >>> fitted = fit(independent(data, hyper="shared", kernel=MaternKernel(nu=2.5)))
    >>> fitted.correlation.round(3).to_numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if hyper not in ("own", "shared"):
        raise ValueError(f"hyper: {hyper!r} is neither 'own' nor 'shared'; pass one of these")
    base = unit_kernel(kernel, _checked(data).x)
    copies = [scaled(copy.deepcopy(base)) for _ in data.tasks]
    return Model(data, IndependentKernel(copies if hyper == "own" else copies[:1] * len(copies)), noise)


def icm(data: TaskData, *, rank: int = 1, noise: str = "per task", kernel: Kernel | None = None) -> Model:
    """Intrinsic coregionalization model: one kernel, B = W W^T + diag(kappa), W: [T, rank] (book: icm).

    kernel: a GPyTorch kernel of the inputs with variance 1 (default RBFKernel()); noise: "shared", "per task", "full",
    or "none" where all errors are known. Raises ValueError for a rank below 1 or above T, unknown words, unusable
    kernels, tables that have no scale.

    >>> from mtgp_tutorial import fit, icm, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1), noise="full"))
    >>> bool(fitted.correlation.loc["sine", "lagged sine"] > 0.5)
    True
    >>> fitted.Sigma.shape
    (2, 2)
    """
    rank = _checked_rank(rank, _checked(data).num_tasks)
    return Model(data, ICMKernel(unit_kernel(kernel, data.x), data.num_tasks, rank), noise)


def lmc(
    data: TaskData,
    *,
    kernels: int | Sequence[Kernel] = 2,
    rank: int | Sequence[int] = 1,
    own: bool = True,
    noise: str = "per task",
) -> Model:
    """Linear model of coregionalization: several kernels, B_q = W_q W_q^T + diag(kappa_q) for each (book: lmc).

    kernels: their number Q (of RBFKernel()), or a list of Q GPyTorch kernels with variance 1; rank: of each W_q, one
    number or a list of Q; own: False sets every kappa to 0 (with rank 1: the semiparametric latent factor model);
    noise: "shared", "per task", "full", or "none" where all errors are known. Raises ValueError as `icm` does, and for
    no kernels or ranks that do not fit.

    >>> from gpytorch.kernels import MaternKernel, RBFKernel
    >>> from mtgp_tutorial import fit, lmc, simulate
    >>> model = lmc(simulate.two_sines(seed=1), kernels=[RBFKernel(), MaternKernel(nu=1.5)])
    >>> fitted = fit(model, starts=1)
    >>> len(fitted.Bs), fitted.shares.shape, fitted.shares.sum(axis=1).round(6).tolist()
    (2, (2, 2), [1.0, 1.0])
    """
    chosen: Any = kernels
    if isinstance(kernels, Integral) and not isinstance(kernels, bool):
        chosen = [None] * int(kernels)
    if isinstance(chosen, str) or not isinstance(chosen, Sequence) or len(chosen) == 0:
        raise ValueError(f"kernels: is {kernels!r}; pass their number, at least 1, or a list of GPyTorch kernels")
    ranks = list(rank) if isinstance(rank, Sequence) else [rank] * len(chosen)
    if len(ranks) != len(chosen):
        raise ValueError(f"rank: has {len(ranks)} entries for {len(chosen)} kernels; pass one number, or one for each")
    ranks = [_checked_rank(one, _checked(data).num_tasks) for one in ranks]
    return Model(data, LMCKernel([unit_kernel(one, data.x) for one in chosen], data.num_tasks, ranks, own), noise)


def _checked_rank(rank: int, num_tasks: int) -> int:
    if isinstance(rank, bool) or not isinstance(rank, Integral) or not 1 <= rank <= num_tasks:
        raise ValueError(f"rank: {rank!r} is not a whole number from 1 to T = {num_tasks}; pass one of these")
    return int(rank)


def _checked(data: TaskData) -> TaskData:
    if not isinstance(data, TaskData):
        raise ValueError(f"data: is a {type(data).__name__}; pass a TaskData")
    for d, width in enumerate((data.x.amax(0) - data.x.amin(0)).tolist()):
        if width and not 1e-150 < width < 1e150:
            raise ValueError(f"x: column {d} spans {width:.3g}, whose square is out of range; pass it in another unit")
    return data
