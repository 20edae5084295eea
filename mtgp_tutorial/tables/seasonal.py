"""Methods of `compare` with seasons: which one the seen cells speak for, and models of what it and a line leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from gpytorch.kernels import Kernel, PeriodicKernel, RBFKernel

from mtgp_tutorial.arguments import as_array, of_kind
from mtgp_tutorial.data import TaskData, take
from mtgp_tutorial.model import Model, icm, lmc
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.tables.forecasting import NotApplicable, check_season
from mtgp_tutorial.tables.methods import A_METHOD, Method, fingerprint_of, in_places, model_of, predictions_of
from mtgp_tutorial.trends import Trend, UnfixedError, check_trend

DAY, WEEK, YEAR = 1.0, 7.0, 365.2425  # days
QUARTER = YEAR / 4
PERIODS = {  # of a calendar's unit, in that unit
    "years": (0.25, 1.0),
    "days": (WEEK, QUARTER, YEAR),
    "hours": (24 * DAY, 24 * WEEK, 24 * QUARTER, 24 * YEAR),
    "minutes": (1440 * DAY, 1440 * WEEK, 1440 * QUARTER, 1440 * YEAR),
    "seconds": (86400 * DAY, 86400 * WEEK, 86400 * QUARTER, 86400 * YEAR),
}
BLOCKS, HARMONICS = 6, (1, 2, 3, 4)  # stretches that are held out in turn; waves (a quarter is the fourth of a year)


class Season(NamedTuple):
    """What `propose_season` found: arguments of `Trend`, and the share of the squared error that it takes away.

    errors [BLOCKS, 2]: mean squared errors of the stretches, in variances of their tasks, with a line alone and with
    the season. alike [BLOCKS]: correlation of the season that is predicted for a stretch with what the line leaves
    there, mean of the tasks.
    """

    season: float
    harmonics: int
    share: float
    errors: np.ndarray
    alike: np.ndarray


def propose_season(seen: TaskData, periods: Sequence[float] | None = None) -> Season | None:
    """The season that best predicts held-out stretches of the seen cells, beside a line; None where none does better.

    The rows in order are cut into six stretches. Each in turn is predicted by a `Trend` from the others, with a line
    alone, and with each period and one to four harmonics besides. The lowest mean error counts. It is proposed if it is
    below that of the line by more than twice the standard error of that difference over the stretches. Once is enough
    where the season has its shape in all stretches: where the mean of `alike` is above four times its standard error.
    (A swing that grows with the level is predicted too large at first and too small at last.) Hidden cells have no part
    in it, so it may be called within a trial.

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
    periods = _periods(seen) if periods is None else periods
    known = isinstance(periods, (Sequence, np.ndarray)) and len(periods) > 0
    if not known or not all(isinstance(period, Real) and 0 < period < np.inf for period in periods):
        raise ValueError(f"periods: is {periods!r}; pass lengths above 0, in units of the first input")
    times = seen.x[:, 0].unique()
    span, step = float(times[-1] - times[0]), float(times.diff().median()) if len(times) > 1 else np.inf
    trials = list(_stretches(seen))
    line = _left(trials, {})
    best: Season | None = None
    turns = 1.01 * (span + step) / 2  # months are not equally long: 24 of them are two years
    for period in [period for period in periods if period <= turns]:
        for harmonics in [count for count in HARMONICS if period / count >= 2 * step * (1 - 1e-9)]:
            left = _left(trials, {"season": float(period), "harmonics": harmonics})
            if line is not None and left is not None:
                errors = np.array([[np.nanmean(z**2) for z in pair] for pair in zip(line, left)])
                share = float(1 - errors[:, 1].mean() / errors[:, 0].mean())
                if best is None or share > best.share:
                    best = Season(float(period), harmonics, share, errors, np.array(list(map(_alike, line, left))))
    return best if best is not None and _clear(best.errors[:, 0] - best.errors[:, 1], best.alike) else None


def season_of(seen: TaskData) -> Season | None:
    """The season that held-out stretches of the seen cells speak for; None without one, and where x is no time."""
    timed = seen.calendar is not None or seen.x_name.lower() == "year"
    return propose_season(seen) if timed and seen.x.shape[1] == 1 else None


def _clear(gained: np.ndarray, alike: np.ndarray) -> bool:
    """Whether the error falls by two standard errors, or by one with its shape in all stretches; both are [BLOCKS]."""

    def above(values: np.ndarray, times: float) -> bool:
        return bool(values.mean() > times * values.std(ddof=1) / np.sqrt(len(values)))

    return above(gained, 2) or (above(gained, 1) and above(alike, 4))


def _periods(seen: TaskData) -> Sequence[float]:
    named = "years" if seen.x_name.lower() == "year" else ""
    unit = named if seen.calendar is None else seen.calendar.unit
    if unit not in PERIODS:
        raise ValueError(f"periods: the input {seen.x_name!r} has no calendar; pass periods, in its unit")
    return PERIODS[unit]


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
) -> Callable[[TaskData], Detrended]:
    """A method for `compare`: another one of what a `Trend` of the seen cells leaves; its answers have the trend again.

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
    how = {"line": line, "season": season, "harmonics": harmonics}
    return lambda seen: Detrended(seen, build, how, options)


def seasonal_methods(
    season: float | Season, *, harmonics: int | None = None, line: bool = False, kernel: Kernel | None = None
) -> dict[str, Callable[[TaskData], Model | Detrended]]:
    """Two ways to have a season, to stand beside `standard_methods` in `compare`; `choose` says which does better.

    "ICM, season in the mean": sines that repeat exactly, in the mean of each task (`with_trend`), and an ICM of
    what they leave. "ICM, season in the kernel": a season that may change from turn to turn, a PeriodicKernel of
    this period times an RBFKernel with a B of its own, and an ICM of the rest.

    Args:
        season (float or Season): a period, in units of the only input, or what `propose_season` found.
        harmonics (int): as for `Trend`. Default: those that were found, else 1.
        line (bool): as for `Trend`. Default: False.
        kernel (Kernel): of the ICM. Default: Matern 3/2, with a length-scale for each input.
    Raises:
        ValueError: for a season that is not above 0, and for None, where none was found.

    >>> from mtgp_tutorial.tables import seasonal_methods
    >>> list(seasonal_methods(1.0, harmonics=3))
    ['ICM, season in the mean', 'ICM, season in the kernel']
    """
    if season is None:
        raise ValueError("season: is None, as propose_season says where it finds none; pass a period above 0")
    found, season = (season.harmonics, season.season) if isinstance(season, Season) else (1, season)
    harmonics = found if harmonics is None else harmonics
    check_season(season)

    plain = partial(icm, noise="per task", kernel=kernel)
    mean = with_trend(plain, line=line, season=season, harmonics=harmonics)
    return {
        "ICM, season in the mean": mean,
        "ICM, season in the kernel": partial(changing, season=season, kernel=kernel),
    }


def changing(seen: TaskData, season: float, kernel: Kernel | None = None, noise: str = "per task") -> Model:
    """An ICM with a season that may change as a term of its own."""
    turn = PeriodicKernel().double()
    turn.period_length = season
    turn.raw_period_length.requires_grad_(False)
    return lmc(seen, kernels=[turn * RBFKernel(), kernel], noise=noise)


class Detrended:
    """A model, or a rule, of what a trend leaves; it is made from a seen table, and fitted when it is asked.

    fingerprint: see `Forecaster`. Raises NotApplicable where the seen cells do not fix the trend.
    """

    def __init__(self, seen: TaskData, build: Method, how: dict[str, Any], options: dict[str, Any]):
        try:
            self.trend = Trend(seen, **how)
        except UnfixedError as error:
            raise NotApplicable(str(error)) from None
        try:
            self.model, self.options = model_of(build, self.trend.remove(seen), "build"), options
        except ValueError as error:
            if not isinstance(error, NotApplicable) and isinstance(whole := build(seen), Model):
                whole.normal_alone("with_trend")  # less its trend a count is none
            raise
        started = fingerprint_of(self.model, options)
        self.fingerprint = None if started is None else started + in_places(self.trend.numbers)

    def forecast(self, hidden: TaskData) -> Prediction:
        """Predictions of y at the rows of `hidden`; variances are those of the model, without the trend's own error."""
        return self.trend.restore(predictions_of(self.model, hidden, self.options))
