"""Sums of cells (`linear`), and which cells to read next so that what is wanted is known best (`next_cells`).

Both ask a fit for one joint covariance and nothing else. For Gaussians the value of a reading needs no reading: once
y_c is known, the variance of a sum falls by Cov[sum, y_c]^2 / Var[y_c], whatever y_c turned out to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import by_task, finite, flags, kind_of, whole
from mtgp_tutorial.covariance import all_cells, noise_covariance
from mtgp_tutorial.memory import check_memory
from mtgp_tutorial.predicting import check_order, of_readings, posterior_of, query
from mtgp_tutorial.prediction import check_row_labels
from mtgp_tutorial.result import Fit, fitted


class Sums(NamedTuple):
    """Mean [K] and joint covariance [K, K] of K sums, in data units."""

    mean: Tensor
    covariance: Tensor

    @property
    def sd(self) -> Tensor:
        """Standard deviations [K]."""
        return self.covariance.diagonal().clamp_min(0).sqrt()


@torch.no_grad()
def linear(fit: Fit, weights: Any, *, x: Any = None, noise: bool = False) -> Sums:
    """Mean and covariance of weighted sums of cells: a mean over a stretch, a difference of tasks (book: next-cells).

    Rows are those of the fitted table, followed by those of x: R = N + M.

    Args:
        fit (Fit): with normal tasks; of one model, not averaged.
        weights (array [R, T] or [K, R, T]): of one sum or of K, for values in data units.
        x (array [M, D] or [M]): new rows. Default: none.
        noise (bool): of the observed y (True), where an observed cell is known, or of the latent f (False). Default:
            False.
    Returns:
        mean [K], covariance [K, K] and sd [K] of the sums, in data units.
    Raises:
        ValueError: for weights of another shape, not finite or booleans, for x as `predict` does, and for counts.

    >>> from mtgp_tutorial import fit, icm, linear, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> both = [[[0] * 2] * 10 + [[1, -1]], [[0] * 2] * 10 + [[1, 1]]]
    >>> found = linear(fitted, both, x=[0.5])  # difference and total
    >>> tuple(found.mean.shape), tuple(found.covariance.shape)
    ((2,), (2, 2))
    >>> bool((found.sd > 0).all())
    True
    """
    flags(noise=noise)
    model = fitted(fit).model
    model.normal_alone("linear")
    inputs, y = _rows(fit, x, weights=weights)
    loads = _numbers("weights", weights, fit, len(inputs), "iuf").to(inputs).reshape(-1, *y.shape)
    unknown = (loads != 0).any(0) & (y.isnan() if noise else True)
    mean, covariance, f, _ = _joint(fit, inputs, unknown, torch.zeros_like(unknown), noise, None)
    values = model.scale.to_data(y.nan_to_num().masked_scatter(unknown, mean[f]))
    by_cell = (loads * model.scale.sd)[:, unknown]
    return Sums((loads * values).sum((1, 2)), by_cell @ covariance[f][:, f] @ by_cell.mT)


@torch.no_grad()
def next_cells(
    fit: Fit,
    wanted: Any,
    candidates: Any = None,
    *,
    x: Any = None,
    cost: Any = None,
    count: int = 1,
    noise: bool = False,
    sd: Any = None,
) -> pd.DataFrame:
    """Which cells to read, one after the other, so that the variance of what is wanted falls most per price.

    Each is the best next one, with those before it read; the best set can be a little better. Parameters are held, and
    no value is asked for: it would not change the variance. Rows are as of `linear`; a cell of a fitted row shares the
    noise of its row, a row of x is a new one. (book: next-cells)

    Args:
        fit (Fit): with normal tasks; of one exact model, not averaged.
        wanted (array [R, T] or [K, R, T]): numbers are the weights of one sum, or of K whose variances add up. Booleans
            [R, T] are cells, each in standard deviations of its column: their variances add up.
        candidates (booleans [R, T]): what can be read. Default: each cell that was not observed.
        x (array [M, D] or [M]): new rows. Default: none.
        cost (dict or array [R, T]): prices, by task or by cell, NaN where `candidates` is False. Default: 1, also of
            a task that a dict leaves out.
        count (int): how many cells; for a budget, take the lines up to which the prices add up to it. Default: 1.
        noise (bool): wanted are the observed y (True), or the latent f (False). Default: False.
        sd (array [R, T]): known standard errors of the planned readings, as in `predict`. Default: none.
    Returns:
        A line for each reading, in order: row, task, price, gain (by how much the variance falls) and left (what is
            left of it). Before the first reading it is gain + left.
    Raises:
        ValueError: for arrays of another shape, candidates that were observed, prices not above 0, more readings than
            candidates, counts and sparse models.

    >>> import numpy as np
    >>> from mtgp_tutorial import fit, icm, next_cells, simulate
    >>> fitted = fit(icm(simulate.two_sines(seed=1)))
    >>> mean = np.zeros((12, 2))
    >>> mean[10:, 0] = 1 / 2  # of the first task at two new rows
    >>> x, cost = [0.42, 0.58], {"sine": 2.0}
    >>> found = next_cells(fitted, mean, x=x, cost=cost, count=2)
    >>> found["task"].tolist(), found["price"].tolist()
    (['sine', 'sine'], [2.0, 2.0])
    """
    flags(noise=noise)
    model = fitted(fit).model
    model.normal_alone("next_cells")
    if model.bounded:
        raise ValueError("fit: has the sparse bound, for which a reading has no exact value; fit without sparse")
    inputs, y = _rows(fit, x, wanted=wanted, candidates=candidates, cost=cost)
    loads, unknown = _wanted(wanted, fit, y, noise)
    read = _candidates(candidates, fit, y)
    price = _prices(cost, fit, read)
    if whole("count", count, 1, "how many cells to read") > len(price):
        raise ValueError(f"count: asks for {count} readings, and there are {len(price)} candidates; pass fewer")
    _, C, f, c = _joint(fit, inputs, unknown, read, noise, of_readings(fit, sd, y.shape, True, model.data, x))
    X, first = (C[f][:, c], C[f][:, f]) if loads is None else (loads @ C[f][:, c], loads @ C[f][:, f] @ loads.mT)
    order, gains = _greedy(C[c][:, c], X, price, count, least=1e-12 * float(first.trace()))
    left = float(first.trace()) - np.cumsum(gains)
    rows, tasks = (one[order].tolist() for one in all_cells(read))
    found = {"row": rows, "task": [model.data.tasks[t] for t in tasks], "price": price[order].tolist()}
    return pd.DataFrame(found | {"gain": gains, "left": left.clip(0)})


def _greedy(S: Tensor, X: Tensor, price: Tensor, count: int, least: float) -> tuple[list[int], list[float]]:
    """Which readings, and what each gains. S [C, C]: their covariance, X [K, C]: the sums' with them; both change.

    A gain below least is rounding, and counts as none.
    """
    order: list[int] = []
    gains: list[float] = []
    floor, free = 1e-10 * S.diagonal(), torch.ones(len(S), dtype=torch.bool, device=S.device)
    for _ in range(count):
        variance = torch.maximum(S.diagonal(), floor)  # of what the others tell already it is rounding
        gain = (X**2).sum(0) / variance
        gain = gain.where(gain > least, 0.0)
        best = int((gain / price).where(free, -1.0).argmax())
        order, gains, free[best] = [*order, best], [*gains, float(gain[best])], False
        column = S[best] / variance[best].sqrt()
        X.addr_(X[:, best] / variance[best].sqrt(), column, alpha=-1)
        S.addr_(column, column, alpha=-1)
    return order, gains


def _joint(
    fit: Fit, x: Tensor, wanted: Tensor, read: Tensor, noise: bool, known: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean [k] and covariance [k, k], standardised units, of cells wanted and read [R, T]; where in k these stand.

    A wanted f is asked for as y of a row of its own, less the noise of that row.
    """
    model, R, N = fit.model, len(x), len(fit.model.unit.x)
    asked = torch.cat([wanted & (not noise), read | (wanted & noise)])
    cells = all_cells(asked)
    k, n = len(cells[0]), int(model.unit.observed.sum())
    what = f"candidates, wanted: {k} cells" if bool(read.any()) else f"weights: {k} cells that count"
    check_memory(6 * k**2 + 3 * k * n, what, x.device, "name fewer")
    own = torch.full((2 * R,), -1, device=x.device)
    own[R : R + N] = torch.arange(N, device=x.device)
    errors = None if known is None else torch.cat([torch.zeros_like(known), known])
    mean, covariance = posterior_of(model, fit.conditioned(), torch.cat([x, x]), cells, True, own, True, errors)
    f = cells[0][cells[0] < R], cells[1][cells[0] < R]
    covariance[: len(f[0]), : len(f[0])] -= noise_covariance(model.Sigma(), f, f)
    place = (asked.flatten().cumsum(0) - 1).reshape(2, R, -1)
    return mean, covariance, place[int(noise)][wanted], place[1][read]


def _rows(fit: Fit, x: Any, **given: Any) -> tuple[Tensor, Tensor]:
    """Inputs [R, D] and standardised y [R, T] of the fitted rows, followed by those of x, which hold no value.

    given: arguments by name, whose row labels must be theirs where they are data frames.
    """
    unit = fit.model.unit
    new = unit.x[:0] if x is None else query(fit, x)
    for name, value in given.items():
        check_row_labels(name, value if isinstance(value, pd.DataFrame) else None, fit.model.data, x)
    return torch.cat([unit.x, new]), torch.cat([unit.y, unit.y.new_full((len(new), unit.num_tasks), torch.nan)])


LARGEST = 1e100  # of a number, as it is squared
KINDS = {"b": "booleans", "i": "numbers", "u": "numbers", "f": "numbers", "U": "text"}  # by NumPy's letters
HOLDS = {"b": "booleans", "iuf": "numbers", "biuf": "numbers or booleans"}  # kinds that an argument may hold


def _numbers(
    name: str, value: Any, fit: Fit, rows: int, kinds: str, dims: tuple[int, ...] = (2, 3), of: Tensor | None = None
) -> Tensor:
    """An array of one of these kinds, [R, T] or [K, R, T]; numbers are finite, at least in the cells `of`."""
    data = fit.model.data
    check_order(name, value.columns if isinstance(value, pd.DataFrame) else (), data.tasks)
    try:
        array = np.array(value.cpu() if torch.is_tensor(value) else value)
    except ValueError:
        raise ValueError(f"{name}: has lines of unequal length; pass an array of {HOLDS[kinds]}") from None
    kind = array.dtype.kind
    if kind not in kinds:
        found = KINDS.get(kind, "objects")
        raise ValueError(f"{name}: is {kind_of(value)} of {found}; pass an array of {HOLDS[kinds]}")
    if array.ndim not in dims or array.shape[-2:] != (rows, data.num_tasks) or not array.size:
        raise ValueError(
            f"{name}: has shape {array.shape}; pass [{rows}, {data.num_tasks}], with a line for each fitted row and "
            "then for each row of x"
        )
    array = array if kind == "b" else array.astype(float)
    wrong = ~(np.abs(array) < LARGEST) & (True if of is None else of.cpu().numpy())
    if wrong.any():
        at, what = tuple(np.argwhere(wrong)[0]), "" if of is None else ", or candidates without this cell"
        raise ValueError(
            f"{name}: is {array[at]:g} at row {at[-2]} of {data.tasks[at[-1]]!r}; pass numbers up to {LARGEST:g}{what}"
        )
    return torch.as_tensor(array, device=data.x.device)


def _wanted(wanted: Any, fit: Fit, y: Tensor, noise: bool) -> tuple[Tensor | None, Tensor]:
    """Weights [K, k] of standardised cells (None: each alone, with weight 1), and which cells [R, T] these k are."""
    values = _numbers("wanted", wanted, fit, len(y), "biuf")
    cells = values.dtype == torch.bool
    if cells and values.dim() == 3:
        raise ValueError("wanted: holds booleans [K, R, T]; pass booleans [R, T], or weights")
    unknown = (values.reshape(-1, *y.shape) != 0).any(0) & (y.isnan() if noise else True)
    if not bool(unknown.any()):
        raise ValueError(f"wanted: names no cell{' that was not observed' if noise else ''}; pass some")
    if cells:
        return None, unknown
    loads = (values * fit.model.scale.sd)[..., unknown]
    return loads.reshape(-1, loads.shape[-1]), unknown


def _candidates(candidates: Any, fit: Fit, y: Tensor) -> Tensor:
    """Which cells [R, T] may be read."""
    read = y.isnan() if candidates is None else _numbers("candidates", candidates, fit, len(y), "b", (2,))
    if not bool(read.any()):
        raise ValueError("candidates: no cell is left to read; pass some, or new rows as x")
    if bool((read & ~y.isnan()).any()):
        row, task = (int(one[0]) for one in all_cells(read & ~y.isnan()))
        raise ValueError(
            f"candidates: row {row} of {fit.model.data.tasks[task]!r} was observed; pass False there, and a further "
            "reading as a row of x"
        )
    return read


def _prices(cost: Any, fit: Fit, read: Tensor) -> Tensor:
    """The price of each cell of read [R, T]; an array may hold NaN elsewhere."""
    data = fit.model.data
    if cost is None or isinstance(cost, Mapping):
        given = by_task("cost", cost, data.tasks, "")
        each = [finite("cost", given.get(task, 1.0), "a price above 0") for task in data.tasks]
        cost = np.tile(each, (len(read), 1))
    price = _numbers("cost", cost, fit, len(read), "iuf", (2,), of=read).to(data.x)[read]
    if not bool((price > 0).all()):
        raise ValueError(f"cost: holds {float(price.min()):g}; pass prices above 0")
    return price
