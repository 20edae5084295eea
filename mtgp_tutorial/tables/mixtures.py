"""Arms of `compare` whose answers are mixtures: a fit averaged over its parameters, and several arms in equal parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lcm
from typing import Any

import torch

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fast.averaging import average, check_draws
from mtgp_tutorial.fast.mixture import Mixture, mixture
from mtgp_tutorial.fitting import fit
from mtgp_tutorial.model import Model
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.questions import prediction
from mtgp_tutorial.tables.arms import AN_ARM, Arm, answered, check_rows, in_places, mark_of, model_of, told
from mtgp_tutorial.tables.forecasting import Forecaster

MOST = 1000  # draws to which the mixtures of several arms are brought
A_MODEL = "a function that makes a model of a table, such as icm"


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

    >>> from mtgp_tutorial import icm, simulate
    >>> from mtgp_tutorial.tables import averaging, compare
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

    >>> from mtgp_tutorial import datasets, icm
    >>> from mtgp_tutorial.tables import combining, fill, plain_arms
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
        stacks = [one.components for one in answers]
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
