"""Methods of `compare` that answer by mixtures: a fit averaged over its parameters, several methods in equal parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lcm
from typing import Any

import torch

from mtgp_tutorial.arguments import of_kind
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import fit
from mtgp_tutorial.mixture import Mixture, mixture
from mtgp_tutorial.model import Model
from mtgp_tutorial.posterior_sampling import check_draws, sample_posterior
from mtgp_tutorial.prediction import Prediction
from mtgp_tutorial.questions import prediction
from mtgp_tutorial.tables.methods import (
    A_METHOD,
    Answering,
    Method,
    check_rows,
    fingerprint_of,
    in_places,
    model_of,
    predictions_at,
    predictions_of,
)

MOST = 1000  # draws to which the mixtures of several methods are brought
A_MODEL = "a function that makes a model of a table, such as icm"


def posterior_averaging(
    build: Callable[[TaskData], Model], *, draws: int = 80, chains: int = 4, seed: int = 0, **options: Any
) -> Callable[[TaskData], Answering]:
    """A method for `compare`: the model fitted, then averaged over the posterior of its parameters.

    Its answers are mixtures, and scored as such; a joint NLPD it has not.

    Args:
        build (function): makes a model of a table, such as icm.
        draws (int): as for `sample_posterior`. Default: 80.
        chains (int): as for `sample_posterior`. Default: 4.
        seed (int): as for `sample_posterior`. Default: 0.
        **options: for `fit`.

    >>> from mtgp_tutorial import icm, simulate
    >>> from mtgp_tutorial.tables import posterior_averaging, compare
    >>> def trial(seed):
    ...     return simulate.two_sines(seed=seed).hide("sine", 0.4, 0.6)
    >>> methods = {"plug-in": icm, "averaged": posterior_averaging(icm)}
    >>> compare(trial, [1], methods)["method"].tolist()
    ['plug-in', 'averaged']
    """
    of_kind("build", build, Callable, A_MODEL)  # type: ignore[arg-type]
    check_draws(draws, chains, seed)
    how: dict[str, Any] = {"draws": draws, "chains": chains, "seed": seed}

    def averaged(seen: TaskData) -> Answering:
        model = build(seen)
        of_kind("build", model, Model, A_MODEL)
        check_rows("build", model, seen)
        mark = (fingerprint_of(model, options) or 0.0) + in_places([draws, chains, seed])
        return Answering(
            lambda hidden: predictions_at(model, sample_posterior(fit(model, **options), **how), hidden), mark
        )

    return averaged


def linear_pool(*builds: Method, **options: Any) -> Callable[[TaskData], Answering]:
    """A method for `compare`: the mixture of what several methods say, in equal parts (a linear opinion pool).

    The mean is the mean of means; the band is wider where the methods disagree. `fill` takes it, too. (Stone 1961;
    Bates and Granger 1969 on means)

    Args:
        *builds (function): two or more entries of its methods; a mixture among them counts as one.
        **options: for `fit`.
    Raises:
        NotApplicable: by the method, where one of them does.
        ValueError: for fewer than two, or what is no method; by the method, where numbers of draws have no common
            multiple up to 1,000.

    >>> from mtgp_tutorial import datasets, icm
    >>> from mtgp_tutorial.tables import linear_pool, fill, plain_methods
    >>> seen, hidden = datasets.great_lakes().hide("Erie", 1950, 1961)
    >>> rule = plain_methods()["regression + GP"]
    >>> both = fill(seen, linear_pool(rule, icm))
    >>> tuple(both.means.shape)
    (2, 92, 4)
    """
    if len(builds) < 2:
        raise ValueError(f"builds: {len(builds)} of them; pass two methods or more")
    for build in builds:
        of_kind("builds", build, Callable, A_METHOD)  # type: ignore[arg-type]

    def pooled(seen: TaskData) -> Answering:
        parts = [model_of(build, seen, "builds") for build in builds]
        marks = [mark for part in parts if (mark := fingerprint_of(part, options)) is not None]
        return Answering(
            lambda hidden: pool([predictions_of(part, hidden, options) for part in parts], hidden),
            in_places(marks) if len(marks) == len(parts) else None,
        )

    return pooled


def pool(answers: Sequence[Prediction], hidden: TaskData) -> Mixture:
    """Mixtures in equal parts of y at the cells of `hidden` that have a value, NaN at others."""
    stacks = [one.components for one in answers]
    counts = [len(means) for means, _ in stacks]
    most = lcm(*counts)
    if most > MOST:
        raise ValueError(
            f"builds: their mixtures have {' and '.join(map(str, counts))} draws, and in equal parts {most:,}; "
            "let them have the same number, or numbers with a common factor"
        )
    means, variances = (
        torch.cat([one.repeat(most // len(one), 1, 1) for one in each]).where(hidden.observed, torch.nan)
        for each in zip(*stacks)
    )
    return mixture([prediction(hidden, hidden.x, *one, True) for one in zip(means, variances)])
