"""The rules that anyone tries first, as methods of `compare`: a mean, a line, the season before, a regression, kriging.

A rule groups the asked cells of a task by what speaks of them, and says their means and variances.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_tensor, of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.noise import FLOOR
from mtgp_tutorial.prediction import Prediction, prediction
from mtgp_tutorial.tables.external_drift import (
    KERNELS,
    Answer,
    Residual,
    best_residual,
    kriged,
    least_squares,
    orthonormal,
)
from mtgp_tutorial.tables.forecasting import NotApplicable, check_columns, seasonal_naive, without_values
from mtgp_tutorial.trends import check_season

Group = tuple[Tensor, int, Answer | None]  # rows of a task, and what is said of them; None: the interpolation answers
SPARE, WITH_GP = 3, 15  # rows that a regression has beyond its coefficients; and one whose residual is a GP
PARTS = 12  # of a season, at most
IN_WORDS = {  # what a rule does, for who does not know its name
    "mean": "the mean of the column, in the same part of the season where there is one",
    "interpolation": "plain interpolation between the nearest known values",
    "season before": "the value one season before",
    "regression": "a regression on the other columns",
    "regression + GP": "a regression on the other columns and a smooth function for what it leaves over",
}


def plain_methods(
    season: float | None = None, *, kernels: Sequence[str] = ("matern12", "matern32", "rbf")
) -> dict[str, Callable[[TaskData], Plain]]:
    """Rules without a model of several tasks, by name, to stand beside `standard_methods` in `compare`.

    - "mean": the mean of a task, or of its part of the season (a step of the inputs, or a twelfth of it if that is
      longer); variance of the values about it, times 1 + 1/count.
    - "interpolation": the line between the values beside a hole, the last value beyond them; variance of a Brownian
      bridge. With several inputs: means weighted by the inverse squared distance, variance by leaving out.
    - "season before" (with a season): `seasonal_naive`.
    - "regression": least squares on the other tasks that were seen in the same row, one regression for each pattern.
    - "regression + GP": the same with a GP of the inputs for its residual (kriging with external drift), by REML.

    A cell that a rule cannot answer takes the interpolation. Known standard errors have no part.

    Args:
        season (float): a period in units of the first input. Default: no season.
        kernels (list of str): among "matern12", "matern32", "matern52", "rbf"; the best by its restricted likelihood
            counts. Default: ("matern12", "matern32", "rbf").
    Raises:
        ValueError: for unknown kernels, and a season that is no period.
        NotApplicable: a ValueError, by the methods and their forecasts, where a rule can do nothing with a table.

    >>> from mtgp_tutorial import datasets
    >>> from mtgp_tutorial.tables import plain_methods
    >>> seen, hidden = datasets.great_lakes().hide("Erie", 1950, 1961)
    >>> methods = plain_methods()
    >>> list(methods)
    ['mean', 'interpolation', 'regression', 'regression + GP']
    >>> rule = methods["regression"](seen)
    >>> error = (rule.forecast(hidden).mean - hidden.y)[hidden.observed]
    >>> round(float((error**2).mean().sqrt()), 2)  # metres
    0.04
    """
    if season is not None:
        check_season(season)
        season = float(season)
    if not isinstance(kernels, Sequence) or not kernels or not {*kernels} <= {*KERNELS}:
        raise ValueError(f"kernels: is {kernels!r}; pass a tuple of some of {', '.join(map(repr, KERNELS))}")
    methods: dict[str, Callable[[TaskData], Plain]] = {
        "mean": partial(Mean, season=season),
        "interpolation": Interpolation,
    }
    if season is not None:
        methods["season before"] = partial(SeasonBefore, season=season)
    return methods | {"regression": Regression, "regression + GP": partial(Regression, kernels=tuple(kernels))}


class Plain:
    """What a method makes of a seen table: answers of one rule. fingerprint: changes with the rule and its options.

    Raises NotApplicable for a task with fewer than two different values.
    """

    def __init__(self, seen: TaskData, **options: object) -> None:
        of_kind("seen", seen, TaskData, "a TaskData")
        columns = [seen.y[seen.observed[:, t], t] for t in range(seen.num_tasks)]
        for task, y in zip(seen.tasks, columns):
            if len(y) < 2 or not float(y.max() - y.min()) > 1e-13 * float(y.abs().max()):
                raise NotApplicable(
                    f"seen: task {task!r} has fewer than two different values; leave it out of the table"
                )
        self.seen, self.floor = seen, [FLOOR * y.var(correction=0) for y in columns]
        digest = hashlib.sha256(repr((type(self).__name__, sorted(options.items()))).encode()).hexdigest()
        self.fingerprint = float(int(digest[:12], 16))

    def groups(self, asked: TaskData) -> Iterator[Group]:
        """Asked cells by their law; `asked` has 0 for each value, so none is seen."""
        for t, cells in enumerate(asked.observed.T):
            yield cells.nonzero()[:, 0], t, None

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions of y at the cells of `hidden` that have a value, NaN at others; variances are at least FLOOR of
        the task's."""
        check_columns(self.seen, hidden)
        mean, variance = torch.full_like(hidden.y, torch.nan), torch.full_like(hidden.y, torch.nan)
        for rows, t, said in self.groups(replace(without_values(hidden), sd=None)):
            if len(rows):
                found, spread = said or interpolation(self.seen, t, hidden.x[rows])
                mean[rows, t], variance[rows, t] = found, torch.maximum(spread, self.floor[t])
        return prediction(hidden, hidden.x, mean, variance, True)


class Mean(Plain):
    """A mean, or those of the parts of a season, with one variance for all; of a part without a value that of all.

    Raises NotApplicable where no part has two values.
    """

    def __init__(self, seen: TaskData, season: float | None = None) -> None:
        super().__init__(seen, season=season, parts=None)  # parts: by which stores of earlier versions know it
        steps = seen.x[:, 0].unique().diff()
        self.parts = max(1, min(PARTS, round(season / float(steps.median())))) if season and len(steps) else 1
        self.season = season or 1.0

    def groups(self, asked: TaskData) -> Iterator[Group]:
        for t, cells in enumerate(asked.observed.T):
            seen = self.seen.observed[:, t]
            own, part, y = self._part(self.seen.x[seen]), self._part(asked.x), self.seen.y[seen, t]
            known = torch.isin(part, own)
            for rows, parts in ((cells & known, self.parts), (cells & ~known, 1)):
                yield (
                    rows.nonzero()[:, 0],
                    t,
                    self._means(t, y, own % parts, part[rows] % parts) if rows.any() else None,
                )

    def _part(self, x: Tensor) -> Tensor:
        """Number of the part of the season [m]; a rounding error before its beginning belongs to it."""
        return ((x[:, 0] / self.season % 1) * self.parts + 1e-9).long() % self.parts

    def _means(self, t: int, y: Tensor, own: Tensor, new: Tensor) -> Answer:
        """The means of the parts of `new` [m], and the variance of values y [n] of the parts `own` [n] about theirs."""
        count = torch.bincount(own).to(y)
        mean, used = torch.bincount(own, y) / count, int((count > 0).sum())
        if len(y) == used:
            raise NotApplicable(
                f"season: none of its {self.parts} parts has two values of task {self.seen.tasks[t]!r}; pass another"
            )
        return mean[new], ((y - mean[own]) ** 2).sum() / (len(y) - used) * (1 + 1 / count[new])


class Interpolation(Plain):
    """Interpolation by `interpolation`."""


class SeasonBefore(Plain):
    """`seasonal_naive`, for holes too."""

    def __init__(self, seen: TaskData, season: float) -> None:
        super().__init__(seen, season=season)
        self.naive = seasonal_naive(season)(seen)

    def groups(self, asked: TaskData) -> Iterator[Group]:
        found = self.naive.forecast(replace(asked, y=torch.full_like(asked.y, torch.nan)))
        for t, cells in enumerate(asked.observed.T):
            known = cells & ~found.mean[:, t].isnan()
            yield known.nonzero()[:, 0], t, (found.mean[known, t], found.variance[known, t])
            yield (cells & ~known).nonzero()[:, 0], t, None


class Regression(Plain):
    """Least squares of a task on the others seen in its row, and with `kernels` a GP for the residual (external_drift).

    Each pattern of seen tasks has its own regression, on the rows that have all of them and the task. Where these are
    fewer than SPARE (with a GP: WITH_GP) more than its coefficients, the task that shares fewest rows with the answer
    is dropped (of equals the first), and the next. A cell with none left takes the interpolation; with a GP that alone,
    about a constant, if it has the rows. Of dependent columns the shortest solution counts, as for numpy's lstsq.
    """

    def __init__(self, seen: TaskData, kernels: tuple[str, ...] = ()) -> None:
        self.kernels, self.spare = kernels, WITH_GP if kernels else SPARE
        super().__init__(seen, kernels=kernels, spare=self.spare)
        self.residuals: dict[tuple[int, tuple[int, ...]], Residual] = {}  # by task and columns, once found

    def groups(self, asked: TaskData) -> Iterator[Group]:
        given = row_mates(self.seen, asked)
        for t, cells in enumerate(asked.observed.T):
            beside = ~given.isnan()
            beside[:, t] = False
            for pattern in beside[cells].unique(dim=0):
                rows = (cells & (beside == pattern).all(1)).nonzero()[:, 0]
                columns = self._affordable(t, pattern.nonzero()[:, 0].tolist())
                enough = bool(columns) or (self.kernels and int(self.seen.observed[:, t].sum()) > self.spare)
                yield rows, t, self._answer(t, columns, given[rows], asked.x[rows]) if enough else None

    def _affordable(self, t: int, columns: list[int]) -> tuple[int, ...]:
        """The columns that are left of some for task t."""
        observed = self.seen.observed
        while columns and int(observed[:, [t, *columns]].all(1).sum()) < len(columns) + 1 + self.spare:
            columns.remove(min(columns, key=lambda c: int((observed[:, c] & observed[:, t]).sum())))
        return tuple(columns)

    def _answer(self, t: int, columns: tuple[int, ...], given: Tensor, x: Tensor) -> Answer:
        seen = self.seen
        rows = seen.observed[:, [t, *columns]].all(1)
        y, (H, G) = seen.y[rows, t], orthonormal(seen.y[rows][:, list(columns)], given[:, list(columns)])
        if not self.kernels:
            return least_squares(H, y, G)
        at, new = inputs_in_deviations(seen.x[rows], x)
        if (t, columns) not in self.residuals:
            self.residuals[t, columns] = best_residual(at, H, y, self.kernels)
        return kriged(at, H, y, self.residuals[t, columns], new, G)


def row_mates(seen: TaskData, hidden: TaskData) -> Tensor:
    """What was seen in the row of each hidden row, [M, T], NaN where nothing was.

    Where both tables have the same inputs row by row, that is the row itself; else the row with the same inputs, and
    none where no seen row has them. Raises NotApplicable where several have those of a row with a cell.
    """
    if torch.equal(seen.x, hidden.x):
        return seen.y
    own, asked = (pd.MultiIndex.from_arrays(as_array(table.x).T) for table in (seen, hidden))
    several = asked.isin(own[own.duplicated()]) & as_array(hidden.observed.any(1))
    if several.any():
        where = ", ".join(f"{name} {value:.10g}" for name, value in zip(seen.x_names, asked[several][0]))
        raise NotApplicable(
            f"hidden: several seen rows have the inputs ({where}) of one of its rows; pass a seen table with one row "
            "for each input, or hide cells by data.split, which keeps the rows"
        )
    mates = pd.DataFrame(as_array(seen.y), own)[~own.duplicated()].reindex(asked)
    return as_tensor(mates.to_numpy(copy=True), seen.y)


def inputs_in_deviations(seen: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Seen inputs [n, D] and others [m, D] over the standard deviations of the seen ones."""
    width = seen.std(0, correction=0)
    width = torch.where(width > 0, width, 1.0)
    return seen / width, x / width


def interpolation(seen: TaskData, t: int, x: Tensor) -> Answer:
    """A Brownian motion held at the seen values, those of one input averaged; its rate: mean of squared steps / time.

    With several inputs, each in its standard deviations: mean weighted by the inverse squared distance; the variance
    is the mean square of what each seen input's value differs from that of the others. Raises NotApplicable for values
    at a single input.
    """
    cells = seen.observed[:, t]
    at, which = seen.x[cells].unique(dim=0, return_inverse=True)
    y = x.new_zeros(len(at)).index_add(0, which, seen.y[cells, t]) / torch.bincount(which).to(x)
    if len(at) < 2:
        raise NotApplicable(
            f"seen: all values of task {seen.tasks[t]!r} have the same input; an interpolation takes two inputs"
        )
    if x.shape[1] == 1:
        return _between(at[:, 0], y, x[:, 0].contiguous())
    at, new = inputs_in_deviations(at, x)
    alone = _weighted(_squares(at, at).fill_diagonal_(torch.inf), y)
    return _weighted(_squares(new, at), y), ((y - alone) ** 2).mean().expand(len(x))


def _between(at: Tensor, y: Tensor, x: Tensor) -> Answer:
    """Mean and variance of a Brownian motion that is y at the sorted inputs `at`, at inputs x [m]."""
    width = at.diff()
    low = (torch.searchsorted(at, x) - 1).clamp(0, len(at) - 2)
    share = ((x - at[low]) / width[low]).clamp(0, 1)
    beyond = (at[0] - x).clamp(min=0) + (x - at[-1]).clamp(min=0)
    spread = (y.diff() ** 2 / width).mean() * (width[low] * share * (1 - share) + beyond)
    return (1 - share) * y[low] + share * y[low + 1], spread


def _squares(x: Tensor, at: Tensor) -> Tensor:
    """Squared distances [m, n]."""
    return torch.cdist(x, at, compute_mode="donot_use_mm_for_euclid_dist") ** 2


def _weighted(squares: Tensor, y: Tensor) -> Tensor:
    """Means [m] of y [n], weighted by the inverse of squared distances [m, n]; where one of these is 0, its value."""
    nearest = squares.min(1, keepdim=True).values
    weights = torch.where(nearest > 0, nearest / squares, (squares == 0).to(y))  # relative: none overflows
    return (weights @ y) / weights.sum(1)
