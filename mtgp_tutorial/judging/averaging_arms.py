"""Averaged fits as arms of `compare`, beside the fits that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mtgp_tutorial.answers.predicting import impute, predict
from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.fits.averaging import average
from mtgp_tutorial.fits.fitting import fit
from mtgp_tutorial.fits.flat import objective
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction

A_MODEL = "a function that makes a model of a table, such as icm"


def averaging(
    build: Callable[[TaskData], Model], *, draws: int = 80, runs: int = 4, seed: int = 0, **options: Any
) -> Callable[[TaskData], AveragedArm]:
    """An arm for `compare`: the model fitted, then averaged over the posterior of its parameters.

    build: makes a model of a table, such as icm. draws, runs, seed: as for `average`; options go to `fit`. Its answers
    are mixtures, and scored as such; a joint NLPD it has not.

    >>> from mtgp_tutorial import averaging, compare, icm, simulate
    >>> def trial(seed):
    ...     return simulate.two_sines(seed=seed).hide("sine", 0.4, 0.6)
    >>> arms = {"plug-in": icm, "averaged": averaging(icm)}
    >>> compare(trial, [1], arms)["arm"].tolist()
    ['plug-in', 'averaged']
    """
    of_kind("build", build, Callable, A_MODEL)  # type: ignore[arg-type]
    how = {"draws": draws, "runs": runs, "seed": seed}
    return lambda seen: AveragedArm(build(seen), how, options)


class AveragedArm:
    """A model that is fitted and averaged when it is asked. mark: see `Forecaster`."""

    def __init__(self, model: Model, how: dict[str, Any], options: dict[str, Any]):
        of_kind("build", model, Model, A_MODEL)
        self.model, self.how, self.options = model, how, options
        with torch.no_grad():
            self.mark = float(objective(model, True)) + sum((k + 1) * number for k, number in enumerate(how.values()))

    def forecast(self, hidden: TaskData) -> Prediction:
        """Mixtures of y at the rows of `hidden`."""
        found = average(fit(self.model, **self.options), **self.how)
        sd = hidden.sd if self.model.data.sd is not None else None
        same = torch.equal(self.model.data.x, hidden.x)
        return impute(found, sd=sd) if same else predict(found, hidden.x, sd=sd)
