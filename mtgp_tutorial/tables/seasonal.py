"""Methods of `compare` with seasons: which one the seen cells speak for, and models of what it and a line leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from gpytorch.kernels import PeriodicKernel, RBFKernel

from mtgp_tutorial.arguments import as_array, of_kind
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.model import Model, lmc
from mtgp_tutorial.tables.forecasting import NotApplicable
from mtgp_tutorial.tables.methods import (
    A_METHOD,
    Answering,
    Method,
    fingerprint_of,
    in_places,
    model_of,
    predictions_of,
)
from mtgp_tutorial.trends import Trend, UnfixedError, check_trend

WEEK, YEAR = 7.0, 365.2425  # days
QUARTER = YEAR / 4
PERIODS: dict[str, tuple[float, ...]] = {"years": (0.25, 1.0), "days": (WEEK, QUARTER, YEAR)}  # by a calendar's unit
PERIODS |= {
    unit: (day, day * WEEK, day * QUARTER, day * YEAR)
    for unit, day in (("hours", 24), ("minutes", 1440), ("seconds", 86400))
}
BLOCKS, HARMONICS = 6, (1, 2, 3, 4)  # stretches that are held out in turn; waves (a quarter is the fourth of a year)


class Season(NamedTuple):
    """What `propose_season` found: arguments of `Trend`, and the share of the squared error that it takes away."""

    season: float
    harmonics: int
    share: float


def propose_season(seen: TaskData, periods: Sequence[float] | None = None) -> Season | None:
    """The season that best predicts held-out stretches of the seen cells, beside a line; None where none does better.

    The rows in order are cut into six stretches. Each in turn is predicted by a `Trend` from the others, with a line
    alone, and with each period and one to four harmonics besides. The lowest mean error counts. It is proposed if it is
    below that of the line by more than twice the standard error of that difference over the stretches. Once is enough
    where the season has its shape in all stretches: where the correlation of the season that is predicted for a stretch
    with what the line leaves there has a mean above four times its standard error. (A swing that grows with the level
    is predicted too large at first and too small at last.) Hidden cells have no part in it, so it may be called within
    a trial.

    Args:
        seen (TaskData): its first input is a time, or periods are given.
        periods (list of float): in units of the first input. Those below two steps, or that the table does not span
            twice, are not tried. Default: a day, a week, a quarter of a year and a year, in the unit of the table's
            dates; the last two where the input is called "year".
    Raises:
        ValueError: for a table whose input is no time and no periods, and for periods that are not above 0.

    >>> import numpy as np
    >>> from mtgp_tutorial import TaskData
    >>> from mtgp_tutorial.tables import propose_season
    >>> x = np.arange(120) / 12
    >>> noise = 0.1 * np.random.default_rng(0).normal(size=(120, 2))
    >>> y = (np.sin(2 * np.pi * x) + x)[:, None] + noise
    >>> data = TaskData(x, y, x_name="year")
    >>> found = propose_season(data)
    >>> found.season, found.harmonics, round(found.share, 1)
    (1.0, 1, 1.0)
    """
    of_kind("seen", seen, TaskData, "a TaskData")
    if periods is None and not (periods := _periods(seen)):
        raise ValueError(f"periods: the input {seen.x_name!r} has no calendar; pass periods, in its unit")
    known = isinstance(periods, (Sequence, np.ndarray)) and len(periods) > 0
    if not known or not all(isinstance(period, Real) and 0 < period < np.inf for period in periods):
        raise ValueError(f"periods: is {periods!r}; pass lengths above 0, in units of the first input")
    times = seen.x[:, 0].unique()
    span, step = float(times[-1] - times[0]), float(times.diff().median()) if len(times) > 1 else np.inf
    trials = list(_stretches(seen))
    line = _left(trials, {})
    best, clear = None, False
    turns = 1.01 * (span + step) / 2  # months are not equally long: 24 of them are two years
    for period in [period for period in periods if period <= turns]:
        for harmonics in [count for count in HARMONICS if period / count >= 2 * step * (1 - 1e-9)]:
            left = _left(trials, {"season": float(period), "harmonics": harmonics})
            if line is not None and left is not None:
                before, after = (np.array([np.nanmean(z**2) for z in each]) for each in (line, left))
                share = float(1 - after.mean() / before.mean())
                if best is None or share > best.share:
                    best = Season(float(period), harmonics, share)
                    clear = _clear(before - after, np.array(list(map(_alike, line, left))))
    return best if clear else None


def season_of(seen: TaskData) -> Season | None:
    """The season that held-out stretches of the seen cells speak for; None without one, and where x is no time."""
    periods = _periods(seen)
    return propose_season(seen, periods) if periods and seen.x.shape[1] == 1 else None


def _clear(gained: np.ndarray, alike: np.ndarray) -> bool:
    """Whether the error falls by two standard errors, or by one with its shape in all stretches; both are [BLOCKS]."""

    def above(values: np.ndarray, times: float) -> bool:
        return bool(values.mean() > times * values.std(ddof=1) / np.sqrt(len(values)))

    return above(gained, 2) or (above(gained, 1) and above(alike, 4))


def _periods(seen: TaskData) -> Sequence[float]:
    """Those of the calendar's unit; none where x is no time."""
    unit = seen.calendar.unit if seen.calendar is not None else "years" if seen.x_name.lower() == "year" else ""
    return PERIODS.get(unit, ())


def _stretches(seen: TaskData) -> Iterator[tuple[TaskData, TaskData]]:
    """The rows without one stretch, and that stretch, in turn; a stretch without values has none."""
    order = as_array(seen.x[:, 0]).argsort(kind="stable")
    for rows in np.array_split(order, BLOCKS):
        held = np.zeros(len(order), dtype=bool)
        held[rows] = True
        if bool(seen.observed[held].any()):
            yield take(seen, ~held), take(seen, held)


def _left(trials: Sequence[tuple[TaskData, TaskData]], season: dict[str, Any]) -> list[np.ndarray] | None:
    """What trends of the rest leave of each stretch [M, T], in sd of the tasks; None where a trend is not fixed."""
    try:
        trends = [Trend(rest, **season) for rest, _ in trials]
    except UnfixedError:  # a stretch without which a task has too few values for its line or season
        return None
    left = [(held.y - trend.at(held.x)) / rest.scale().sd for trend, (rest, held) in zip(trends, trials)]
    return list(map(as_array, left)) if len(left) > 1 else None


def _alike(line: np.ndarray, left: np.ndarray) -> float:
    """Correlation of what a line leaves [M, T] with what the season takes of it, mean of the tasks with two values."""
    seen = ~np.isnan(line)
    count = seen.sum(0)
    a, b = (np.where(seen, z, 0.0) for z in (line, line - left))
    a, b = (np.where(seen, z - z.sum(0) / np.maximum(count, 1), 0.0) for z in (a, b))
    norm = np.sqrt((a**2).sum(0) * (b**2).sum(0))
    found = np.where(norm > 0, (a * b).sum(0) / np.where(norm > 0, norm, 1.0), 0.0)[count > 1]
    return float(found.mean()) if len(found) else 0.0


def with_trend(
    build: Method, *, line: bool = True, season: float | None = None, harmonics: int = 1, **options: Any
) -> Callable[[TaskData], Answering]:
    """A method for `compare`: another one of what a `Trend` of the seen cells leaves; its answers have the trend again.

    Variances are those of the other method, without the trend's own error; a model is fitted when it is asked.
    What the method makes of a seen table raises NotApplicable where the cells do not fix the trend, and ValueError as
    `Trend` does.

    Args:
        build (function): an entry of its methods, such as icm, one of `plain_methods`, or what `linear_pool` returned.
        line (bool): as for `Trend`. Default: True.
        season (float): as for `Trend`. Default: no season.
        harmonics (int): as for `Trend`. Default: 1.
        **options: for `fit`.

    >>> from mtgp_tutorial import datasets, icm
    >>> from mtgp_tutorial.tables import cutoffs, with_trend
    >>> method = with_trend(icm, line=True, starts=1)
    >>> trials = cutoffs(datasets.great_lakes(), horizon=2, count=4)
    >>> seen, hidden = trials(trials.labels[0])
    >>> tuple(method(seen).forecast(hidden).mean.shape)
    (2, 4)
    """
    of_kind("build", build, Callable, A_METHOD)  # type: ignore[arg-type]
    check_trend(line, season, harmonics)

    def detrended(seen: TaskData) -> Answering:
        try:
            trend = Trend(seen, line=line, season=season, harmonics=harmonics)
        except UnfixedError as error:
            raise NotApplicable(str(error)) from None
        try:
            model = model_of(build, trend.remove(seen), "build")
        except ValueError as error:
            if not isinstance(error, NotApplicable) and isinstance(whole := build(seen), Model):
                whole.normal_alone("with_trend")  # less its trend a count is none
            raise
        started = fingerprint_of(model, options)
        mark = None if started is None else started + in_places(trend.numbers)
        return Answering(lambda hidden: trend.restore(predictions_of(model, hidden, options)), mark)

    return detrended


def changing(seen: TaskData, season: float, noise: str = "per task") -> Model:
    """An ICM with a season that may change as a term of its own, by a PeriodicKernel times an RBFKernel."""
    turn = PeriodicKernel().double()
    turn.period_length = season
    turn.raw_period_length.requires_grad_(False)
    return lmc(seen, kernels=[turn * RBFKernel(), None], noise=noise)
