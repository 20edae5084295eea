"""Arms of `compare` whose answers are mixtures: a fit averaged over its parameters, and several arms in equal parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import lcm
from typing import Any

import torch
from torch import Tensor

from mtgp_tutorial.predicting import impute, predict
from mtgp_tutorial.questions import prediction
from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.fast.averaging import Averaged, average, check_draws
from mtgp_tutorial.fitting import fit
from mtgp_tutorial.fast.flat import objective
from mtgp_tutorial.result import Fit
from mtgp_tutorial.tables.forecasting import Forecaster
from mtgp_tutorial.model import Model
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.prediction import Mixture, Prediction, mixture

Arm = Callable[[TaskData], Model | Forecaster]  # an entry of the arms of `compare`
Arms = Mapping[str, Arm]
MOST = 1000  # draws to which the mixtures of several arms are brought
A_MODEL = "a function that makes a model of a table, such as icm"
AN_ARM = "a function of a table that makes a model or a forecaster, such as icm"


def averaging(
    build: Callable[[TaskData], Model], *, draws: int = 80, runs: int = 4, seed: int = 0, **options: Any
) -> Callable[[TaskData], AveragedArm]:
    """An arm for `compare`: the model fitted, then averaged over the posterior of its parameters.

    Its answers are mixtures, and scored as such; a joint NLPD it has not.

    Args:
        build (function): makes a model of a table, such as icm.
        draws (int): as for `average`. Default: 80.
        runs (int): as for `average`. Default: 4.
        seed (int): as for `average`. Default: 0.
        **options: for `fit`.

    >>> from mtgp_tutorial import averaging, compare, icm, simulate
    >>> def trial(seed):
    ...     return simulate.two_sines(seed=seed).hide("sine", 0.4, 0.6)
    >>> arms = {"plug-in": icm, "averaged": averaging(icm)}
    >>> compare(trial, [1], arms)["arm"].tolist()
    ['plug-in', 'averaged']
    """
    of_kind("build", build, Callable, A_MODEL)  # type: ignore[arg-type]
    check_draws(draws, runs, seed)
    how = {"draws": draws, "runs": runs, "seed": seed}

    def averaged(seen: TaskData) -> AveragedArm:
        arm = AveragedArm(build(seen), how, options)
        check_rows("build", arm.model, seen)
        return arm

    return averaged


class AveragedArm:
    """A model that is fitted and averaged when it is asked. mark: see `Forecaster`."""

    def __init__(self, model: Model, how: dict[str, Any], options: dict[str, Any]):
        of_kind("build", model, Model, A_MODEL)
        self.model, self.how, self.options = model, how, options
        self.mark = (mark_of(model, options) or 0.0) + in_places(list(how.values()))

    def forecast(self, hidden: TaskData) -> Prediction:
        """Mixtures of y at the rows of `hidden`."""
        return told(self.model, average(fit(self.model, **self.options), **self.how), hidden)


def combining(*builds: Arm, **options: Any) -> Callable[[TaskData], CombinedArm]:
    """An arm for `compare`: the mixture of what several arms say, in equal parts (a linear opinion pool).

    The mean is the mean of means; the band is wider where the arms disagree. `fill` takes it, too. (Stone 1961; Bates
    and Granger 1969 on means)

    Args:
        *builds (function): two or more entries of its arms; a mixture among them counts as one.
        **options: for `fit`.
    Raises:
        Unanswered: by the arm, where one of them does.
        ValueError: for fewer than two, or what is no arm; by the arm, where numbers of draws have no common multiple
            up to 1,000.

    >>> from mtgp_tutorial import combining, datasets, fill, icm
    >>> from mtgp_tutorial import plain_arms
    >>> seen, hidden = datasets.great_lakes().hide("Erie", 1950, 1961)
    >>> both = fill(combining(plain_arms()["regression + GP"], icm), seen)
    >>> tuple(both.means.shape)
    (2, 92, 4)
    """
    if len(builds) < 2:
        raise ValueError(f"builds: {len(builds)} of them; pass two arms or more")
    for build in builds:
        of_kind("builds", build, Callable, AN_ARM)  # type: ignore[arg-type]
    return lambda seen: CombinedArm([model_of(build, seen, "builds") for build in builds], options)


class CombinedArm:
    """Models and forecasters that answer together. mark: None where one of them has none (see `Forecaster`)."""

    def __init__(self, parts: Sequence[Model | Forecaster], options: dict[str, Any]):
        self.parts, self.options = parts, options
        marks = [mark_of(part, options) for part in parts]
        known = [mark for mark in marks if mark is not None]
        self.mark = in_places(known) if len(known) == len(marks) else None

    def forecast(self, hidden: TaskData) -> Mixture:
        """Mixtures of y at the cells of `hidden` that have a value, NaN at others."""
        answers = [answered(part, hidden, self.options) for part in self.parts]
        stacks = [
            (one.means, one.variances) if isinstance(one, Mixture) else (one.mean[None], one.variance[None])
            for one in answers
        ]
        counts = [len(means) for means, _ in stacks]
        most = lcm(*counts)
        if most > MOST:
            raise ValueError(
                f"builds: their mixtures have {' and '.join(map(str, counts))} draws, and in equal parts {most:,}; "
                "let them have the same number, or numbers with a common factor"
            )
        means, variances = (
            torch.cat([stack[k].repeat(most // len(stack[k]), 1, 1) for stack in stacks]) for k in (0, 1)
        )
        nothing = ~hidden.observed
        pairs = zip(means.masked_fill(nothing, torch.nan), variances.masked_fill(nothing, torch.nan))
        return mixture([prediction(hidden, hidden.x, mean, variance, True) for mean, variance in pairs])


def model_of(build: Arm, table: TaskData, name: str, *, all_rows: bool = False) -> Model | Forecaster:
    """What an arm makes of a table: a forecaster, or a model on its rows. ValueError, under this name, for others."""
    model = build(table)
    of_kind(name, model, (Model, Forecaster), AN_ARM)
    if isinstance(model, Model):
        check_rows(name, model, table, all_rows)
    return model


def check_rows(name: str, model: Model, table: TaskData, all_rows: bool = False) -> None:
    """ValueError unless the rows of a model are some of the table's (all_rows: all of them, in their order).

    A model on other inputs would be asked at rows that it does not know; one that has left rows out would not see what
    stands in those that it fills.
    """
    x = model.data.x.to(table.x.device)
    if torch.equal(x, table.x):
        return
    own, given = ({tuple(row) for row in rows.tolist()} for rows in (x, table.x))
    if not own <= given:
        raise ValueError(f"{name}: its model has rows that the table has not; keep the inputs, or make a forecaster")
    if all_rows:
        raise ValueError(f"{name}: its model has left out rows of the table, or moved them; keep them, with NaN in y")


def answered(part: Model | Forecaster, hidden: TaskData, options: dict[str, Any]) -> Prediction:
    """What an arm says of the rows of `hidden`: a forecast, or that of a model, which is fitted with these options."""
    return part.forecast(hidden) if isinstance(part, Forecaster) else told(part, fit(part, **options), hidden)


def told(model: Model, found: Fit | Averaged, hidden: TaskData, covariance: bool = False) -> Prediction:
    """Noisy values at the rows of `hidden`, by `impute` where these are the rows of the model, else by `predict`."""
    sd = hidden.sd if model.data.sd is not None else None  # a model that ignores known errors has learned them
    if torch.equal(model.data.x, hidden.x):
        return impute(found, covariance=covariance, sd=sd)
    return predict(found, hidden.x, covariance=covariance, sd=sd)


def mark_of(part: Model | Forecaster, options: dict[str, Any]) -> float | None:
    """A number that changes with a part, or None for a forecaster without one."""
    if isinstance(part, Forecaster):
        return getattr(part, "mark", None)
    with torch.no_grad():
        return float(objective(part, options.get("priors", True)))


def in_places(numbers: Tensor | list[float]) -> float:
    """The sum of numbers times their places, so that two that change places show."""
    numbers = torch.as_tensor(numbers, dtype=torch.float64).flatten()
    place = torch.arange(1, len(numbers) + 1).to(numbers)
    return float((place * numbers).sum())
