"""Sites: a count, or yes or no, as a normal reading with a target and a variance of its own, found by a few steps.

Of all normal laws of the latent g, the nearest to the posterior (in Kullback-Leibler) is what normal readings would
leave; so a count is a cell with a known variance, which every form takes. A step asks what all cells say of each, N(m,
v), and of the expected log density E of its value there:

    precision = -2 dE/dv,    target = m + (dE/dm) / precision

(conjugate-computation variational inference, Khan and Lin 2017). Where it stands still, the bound of the log likelihood
is the sites' log evidence plus sum(E - E log site), and its gradient is that of the sites' evidence with the sites held
(Adam, Chang, Khan and Solin 2021).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mtgp_tutorial.arguments import as_array, as_matrix, as_tensor, by_task, count, finite, flags
from mtgp_tutorial.covariance import Cells
from mtgp_tutorial.data import TaskData, scale_of
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.likelihoods import KINDS, CellLaw, Likelihood, NegativeBinomial, check_values, expectation
from mtgp_tutorial.prediction import Prediction, Scale, check_row_labels, passed

DISPERSION = "raw_dispersion"  # the model's parameter: logarithms, one for each task that has a dispersion
STILL, CLIMBING, NEAR = 1e-12, 1e-6, 1e-1  # nats that a step would gain: none; enough for a slope; enough for a look
MOST, LEAST = 500, 1e-8  # steps; precision of a site
DISPERSIONS = 1e-6, 100.0  # where one may start: below, it is Poisson's to rounding; above, most counts are 0
Laws = Sequence[Likelihood]
ByTask = Mapping[str, Any] | None  # an argument by task name
Factor = Callable[[Tensor, Tensor], Any]  # of values and variances [N, T]: what has value, weights, diagonal


class Column(NamedTuple):
    """The cells of a task that are no normal readings: values y, sizes and rows [n]; g is `centre` above the unit's."""

    task: int
    rows: Tensor
    y: Tensor
    size: Tensor
    centre: float


class Stand(NamedTuple):
    """Where the steps are: precisions and precisions times targets [2, n], where a step leads, what it would gain.

    bound: of the log likelihood, of which `above` lies above the evidence of the sites; slopes: by dispersions.
    """

    natural: Tensor
    aim: Tensor
    gain: float
    bound: float
    above: float
    found: Any
    slopes: Tensor


class Sites:
    """The cells of a table as solvers see them, y and variances [N, T], standardised; of counts they are found here.

    columns: the tasks that are no normal readings; without any nothing moves. steps: how often C was factored for them.
    """

    def __init__(self, y: Tensor, variances: Tensor, columns: Sequence[Column] = ()):
        self.y, self.variances, self.columns, self.steps = y, variances, columns, 0
        self.first = y, variances
        tasks = [torch.full_like(one.rows, one.task) for one in columns]
        none = torch.zeros(0, dtype=torch.long, device=y.device)
        self.cells: Cells = torch.cat([none, *(one.rows for one in columns)]), torch.cat([none, *tasks])

    def of_rows(self, kept: Tensor) -> Sites:
        """Those of some rows, among them all with a site."""
        place = torch.cumsum(kept, 0) - 1
        columns = [one._replace(rows=place[one.rows]) for one in self.columns]
        return Sites(self.y[kept], self.variances[kept], columns)

    def settle(self, factor: Factor, laws: Laws, gain: float = STILL) -> tuple[Any, float, Tensor]:
        """Find the sites: what was factored there, what the bound has above their evidence, its slope by `DISPERSION`.

        Ends where a step would gain less than `gain` nats. Without counts: None, 0 and nothing.
        """
        if not self.columns:
            return None, 0.0, self.y.new_zeros(0)
        stand = partial(self.stand, factor, laws)
        here = stand()
        if not np.isfinite(here.bound):  # far from where they were found
            self.y, self.variances = self.first
            here = stand()
        if not np.isfinite(here.bound):
            raise NotPositiveDefiniteError("sites: the bound has no value at these parameters; take others")
        here = self.climbed(here, stand, gain)
        if gain == STILL and here.gain > CLIMBING:  # a fit may pass such a place
            warnings.warn(
                f"sites: after {count(MOST, 'step')} one more would still gain {here.gain:.2g} nats, so what is said "
                f"of {laws[self.columns[0].task].word} tasks is not final; look for a mistyped count or exposure",
                stacklevel=2,
            )
        return here.found, here.above, here.slopes

    def climbed(self, here: Stand, stand: Callable[[], Stand], gain: float) -> Stand:
        """Secant steps, or where the bound falls a plain one, or ever shorter ones, until one would gain little."""
        last, size = None, 1.0
        for _ in range(MOST):
            if here.gain < gain or size < 1e-6:
                break
            step = here.aim - here.natural
            self.put(here.natural + (size * step if last is None else secant(*last, here.natural, step)))
            there = stand()
            if there.bound >= here.bound - 1e-11 * max(1.0, abs(here.bound)):
                last, here = (here.natural, step), there
            elif last is not None:
                last = None
            else:
                size /= 2
        self.put(here.natural)  # the last place may have been lower
        return here

    def put(self, natural: Tensor) -> None:
        """Set precisions, and precisions times targets [2, n]."""
        self.variances = self.variances.index_put(self.cells, 1 / natural[0])
        self.y = self.y.index_put(self.cells, natural[1] / natural[0])

    def stand(self, factor: Factor, laws: Laws) -> Stand:
        """The bound at the sites, and what a step would make of them.

        A cell's own C^-1 r and C^-1 say what all cells leave of it: with the site's variance s, g has the mean y - s
        (C^-1 r) and the variance s - s^2 C^-1.
        """
        self.steps += 1
        found = factor(self.y, self.variances)
        s, target = self.variances[self.cells], self.y[self.cells]
        mean = target - s * found.weights[self.cells]
        variance = (s * (1 - s * found.diagonal(self.cells))).clamp_min(1e-14 * s)
        value, by_mean, by_variance, slopes = self.expected(laws, mean, variance)
        of_sites = -0.5 * ((2 * torch.pi * s).log() + ((target - mean) ** 2 + variance) / s)
        above = float((value - of_sites).sum())
        precision = (-2 * by_variance).clamp_min(LEAST)
        off_mean, off_variance = by_mean - (target - mean) / s, by_variance + 0.5 / s
        gain = float((off_mean**2 * variance + 2 * off_variance**2 * variance**2).sum()) / 2
        aim = torch.stack([precision, precision * mean + by_mean])
        return Stand(torch.stack([1 / s, target / s]), aim, gain, float(found.value()) + above, above, found, slopes)

    def expected(self, laws: Laws, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """E log p(y | g) of all cells, its slopes by mean and variance [n], and those of the sum by `DISPERSION`."""
        parts, slopes = [], []
        sizes = [len(one.rows) for one in self.columns]
        for one, m, v in zip(self.columns, mean.split(sizes), variance.split(sizes)):
            law, m = laws[one.task], m + one.centre
            parts.append(law.expected(one.y, m, v, one.size))
            if isinstance(law, NegativeBinomial):
                of = partial(law.by_dispersion, one.y[:, None], size=one.size[:, None])
                slopes.append(expectation(of, m, v)[0].sum())
        value, by_mean, by_variance = (torch.cat(each) for each in zip(*parts))
        return value, by_mean, by_variance, torch.stack(slopes) if slopes else mean.new_zeros(0)


def secant(last: Tensor, taken: Tensor, natural: Tensor, step: Tensor) -> Tensor:
    """Where the steps from here and from the last place say that they would end (Anderson 1965), in half as many.

    The plain step where a precision would not stay above 0.
    """
    change = (step - taken) / natural[0]
    share = (change * step / natural[0]).sum() / (change**2).sum()
    move = step - share * (natural - last + step - taken)
    return move if bool((natural[0] + move[0] > LEAST).all()) else step


def with_dispersions(laws: Laws, raw: Tensor) -> Laws:
    """The likelihoods, with the dispersions whose logarithms stand in `raw`, in turn."""
    values = iter(raw.detach().flatten().exp().tolist())
    return [replace(law, dispersion=next(values)) if isinstance(law, NegativeBinomial) else law for law in laws]


def laws_of(likelihood: ByTask, data: TaskData) -> Laws:
    """One likelihood for each task, from a dict of some of them; the others are normal. Raises ValueError."""
    given = by_task("likelihood", likelihood, data.tasks, '{"eggs": "poisson"}')
    return [_law(task, given.get(task, "normal")) for task in data.tasks]


def _law(task: str, given: Any) -> Likelihood:
    if isinstance(given, NegativeBinomial):
        low, high = DISPERSIONS
        if not low <= finite("dispersion", given.dispersion, f"one from {low:g} to {high:g}") <= high:
            raise ValueError(
                f"dispersion: is {given.dispersion:g} for {task!r}; start from one of {low:g} to {high:g}, or take "
                "Poisson()"
            )
    if isinstance(given, Likelihood):
        flags(overdispersed=given.overdispersed)
        return given
    if not isinstance(given, str) or given not in KINDS:
        raise ValueError(
            f"likelihood: {given!r} of {task!r} is not one of {', '.join(map(repr, KINDS))}; pass one of these, or "
            "such as Poisson(exposure=...)"
        )
    return KINDS[given]()


def told(tasks: Sequence[str], laws: Laws) -> str:
    """Which tasks are no normal readings, with dispersions, as a line; empty where all are."""
    words = ["overdispersed " * bool(law.overdispersed) + law.word for law in laws]
    words = [w + f" of dispersion {law.dispersion:.2g}" * bool(law.dispersion) for w, law in zip(words, laws)]
    told = [f"{task}: {word}" for task, law, word in zip(tasks, laws, words) if not law.read]
    return f"by sites, {', '.join(told)}" if told else ""


def sizes_of(laws: Laws, data: TaskData) -> Tensor:
    """Exposures [N, T] of all cells, 1 where there are none; values are checked too. Raises ValueError."""
    sizes = torch.ones_like(data.y)
    for t, (law, task) in enumerate(zip(laws, data.tasks)):
        if law.read:
            continue
        seen, y = data.observed[:, t], data.y[:, t]
        if not bool(seen.any()):
            raise ValueError(f"y: task {task!r} has no observed cell; drop the task or add an observation")
        check_values("y", task, law, y, f", or leave {task!r} out of likelihood")
        if data.sd is not None and bool((seen & ~data.sd[:, t].isnan()).any()):
            raise ValueError(f"sd: {task!r} is {law.word}, whose scatter is known; pass NaN for it")
        if law.exposed:
            check_row_labels("exposure", law.exposure, data)
            sizes[:, t] = size_of(law.exposure, seen).to(sizes)
    return sizes


def size_of(given: Any, seen: Tensor) -> Tensor:
    """An exposure [N] for each row, of an array, series or number; NaN is 1 where nothing was seen. Or ValueError."""
    rows, seen = len(seen), seen.cpu()
    sizes = as_matrix(given if np.ndim(given) else np.full(rows, 1.0 if given is None else given), "exposure")
    if sizes.shape != (rows, 1):
        raise ValueError(f"exposure: has shape {tuple(sizes.shape)}; pass one for each of the {rows} rows")
    sizes = sizes[:, 0]
    fault = (~(sizes > 0) | sizes.isinf()) & (seen | ~sizes.isnan())
    if bool(fault.any()):
        row = int(fault.nonzero()[0])
        raise ValueError(
            f"exposure: is {sizes[row]:g} at row {row}; pass numbers above 0, or NaN where nothing was seen"
        )
    return sizes.nan_to_num(1.0)


def sizes_at(laws: Laws, tasks: Sequence[str], exposure: ByTask, x: Tensor, asked: Any) -> Tensor:
    """Exposures [M, T] of new rows x, as asked for, from a dict by task; 1 where it is silent. Raises ValueError."""
    given = by_task("exposure", exposure, tasks, '{"eggs": 2.5}')
    for task, law in zip(tasks, laws):
        if task in given and not law.exposed:
            raise ValueError(f"exposure: {task!r} is {law.word}, which has no exposure; leave it out")
        check_row_labels("exposure", given.get(task), None, asked)
    everywhere = torch.ones(len(x), dtype=torch.bool)
    return torch.stack([size_of(given.get(task), everywhere) for task in tasks], 1).to(x)


def standardised(data: TaskData, laws: Laws, sizes: Tensor) -> tuple[TaskData, Scale, Sites]:
    """The table with unit normal tasks, the way back, and its sites.

    In the place of counts stand targets of first sites. The scale of such a task is that of its latent function, less
    the centre: the latent of all its values together.
    """
    if all(law.read for law in laws):
        unit, scale = data.standardise()
        return unit, scale, Sites(unit.y, unit.y)
    y, site, columns = data.y.clone(), torch.zeros_like(data.y), []
    scale = scale_of(data, [t for t, law in enumerate(laws) if law.read])
    for t, law in enumerate(laws):
        if not law.read:
            rows = data.observed[:, t].nonzero()[:, 0]
            values, size = data.y[rows, t], sizes[rows, t]
            scale.mean[t] = law.start(values.sum(), size.sum())[0]
            y[rows, t], site[rows, t] = law.start(values, size)
            columns.append(Column(t, rows, values, size, float(scale.mean[t])))
    sd = None if data.sd is None else data.sd / scale.sd
    unit = replace(data, y=scale.to_unit(y), units=["sd"] * data.num_tasks, sd=sd, source=None)
    known = 0.0 if sd is None else (sd**2).nan_to_num().where(unit.observed, 0.0)
    return unit, scale, Sites(unit.y, site + known, columns)


def _refused(what: str) -> Any:
    return lambda found, *_: refuse_counts(what, found.tasks, found.laws)


@dataclass(frozen=True, eq=False, repr=False)
class CountPrediction(Prediction):
    """Predictions of tasks of which some are counts, or yes or no: means and variances are those of y.

    `quantile` and `band` of a count are whole numbers, and `probability` says how likely it passes one.

    Attributes:
        latent_mean (Tensor [M, T]): of the latent g of counts: the log rate, or the log odds.
        latent_variance (Tensor [M, T]): the same.
        laws (T Likelihood): of each task.
        sizes (Tensor [M, T]): exposures.
    """

    latent_mean: Tensor = field(kw_only=True)
    latent_variance: Tensor = field(kw_only=True)
    laws: Laws = field(kw_only=True)
    sizes: Tensor = field(kw_only=True)
    band_label: ClassVar[str] = "central 95.4 %"

    def _counts(self, values: Tensor, of: Callable[[CellLaw, int], np.ndarray]) -> Tensor:
        """values [M, T], with what the law of each count says in its place, unless it is known: of variance 0."""
        values = values.clone()
        for t, law in enumerate(self.laws):
            if not law.read:
                said = as_tensor(of(self.law_of(t, slice(None)), t), values)
                values[:, t] = torch.where(self.variance[:, t] == 0, values[:, t], said)
        return values

    def law_of(self, t: int, cells: Tensor | slice) -> CellLaw:
        """The law of some cells [M] of task t."""
        at = (self.latent_mean, self.latent_variance.clamp_min(1e-300), self.sizes)
        return CellLaw(self.laws[t], *(as_array(each[cells, t]) for each in at))

    def quantile(self, level: float) -> Tensor:
        """The smallest y with P(Y <= y) of at least `level`, [M, T]."""
        return self._counts(super().quantile(level), lambda law, t: law.quantile(level))

    def probability(self, above: Any) -> Tensor:
        bound = self._bounds(above)
        return self._counts(passed(self.mean, self.variance, bound), lambda law, t: 1 - law.cdf(as_array(bound[:, t])))

    def residuals(self, y: Tensor) -> Tensor:
        """How far values lie from the mean, in standard deviations [M, T]; of counts the normal quantile of their cdf.

        That is drawn, always alike, between P(Y < y) and P(Y <= y), so it is N(0, 1) where the law is right.
        """
        normal = super().residuals(y)
        for t, (task, law) in enumerate(zip(self.tasks, self.laws)):
            check_values("y", task, law, y[:, t])
        return self._counts(normal, lambda law, t: law.residuals(as_array(y[:, t]), seed=t))

    components = property(_refused("components"))
    shifted = _refused("Trend.restore")

    def log_density(self, y: Tensor) -> Tensor:
        return self._counts(super().log_density(y), lambda law, t: law.log_density(as_array(y[:, t])))

    def crps(self, y: Tensor) -> Tensor:
        return self._counts(super().crps(y), lambda law, t: law.crps(as_array(y[:, t])))


def through(found: Prediction, laws: Laws, sizes: Tensor) -> Prediction:
    """A prediction with latent counts, as one of y, or with the units of f; where the variance is 0 y is known."""
    if all(law.read for law in laws):
        return found
    if not found.noise:
        return replace(found, units=tuple(u if law.read else law.latent for u, law in zip(found.units, laws)))
    mean, variance = found.mean.clone(), found.variance.clone()
    for t, law in enumerate(laws):
        if not law.read:
            mean[:, t], spread = law.moments(mean[:, t], variance[:, t], sizes[:, t])
            variance[:, t] = torch.where(variance[:, t] == 0, 0.0, spread)
    moments = {"mean": mean, "variance": variance, "latent_mean": found.mean, "latent_variance": found.variance}
    return CountPrediction(**{**vars(found), **moments}, laws=laws, sizes=sizes)


def refuse_counts(what: str, tasks: Sequence[str], laws: Laws, advice: str = "leave the task out") -> None:
    """Raise ValueError, under this name and with this advice, where some task is not normal."""
    for task, law in zip(tasks, laws):
        if not law.read:
            raise ValueError(
                f"{what}: task {task!r} is {law.word}, and this answers for normal tasks alone so far; {advice}"
            )
