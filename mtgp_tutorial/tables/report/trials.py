"""What the report tries: its methods, each on every trial, fitted and stored.

The methods are the ICM, two in equal parts, plain rules, a season where the data propose one, and the models.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from gpytorch.kernels import Kernel, MaternKernel, RBFKernel

from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError
from mtgp_tutorial.model import Model
from mtgp_tutorial.noise import usual_noise
from mtgp_tutorial.tables.comparing import compare, standard_methods
from mtgp_tutorial.tables.forecasting import Forecaster, NotApplicable
from mtgp_tutorial.tables.methods import Method, Methods
from mtgp_tutorial.tables.mixtures import linear_pool
from mtgp_tutorial.tables.plain import plain_methods
from mtgp_tutorial.tables.report.holes import Trial, own_rows
from mtgp_tutorial.tables.report.options import KERNELS, stored
from mtgp_tutorial.tables.seasonal import Season, season_of, seasonal_methods, with_trend

BASELINE, ICM, FULL, LMC = "independent, shared", "ICM", "ICM, full noise", "LMC"
HALF, MEAN = "half and half", "mean"
SEASONAL = {BASELINE: "independent, season", ICM: "ICM, season"}  # one that stays, in the mean
CHANGING = {BASELINE: "independent, changing season", ICM: "ICM, changing season"}  # in the kernel
ONE_COLUMN = (MEAN, "interpolation", "season before", BASELINE, SEASONAL[BASELINE], CHANGING[BASELINE])  # see no other
DRIFT = "regression + GP"
RULES = (MEAN, "interpolation", "season before", "regression", DRIFT)
MODELS = (BASELINE, ICM, FULL, LMC, *CHANGING.values())  # those that are fitted with a parameter vector of their own
IN_WORDS = {  # what a method does, for who does not know its name
    MEAN: "the mean of the column",
    "interpolation": "plain interpolation between the nearest known values",
    "season before": "the value one season before",
    "regression": "a regression on the other columns",
    DRIFT: "a regression on the other columns and a smooth function for what it leaves over",
    BASELINE: "a smooth function for each column by itself",
    SEASONAL[BASELINE]: "a smooth curve and a season that is the same in every turn",
    CHANGING[BASELINE]: "a smooth curve and a season that changes slowly",
    ICM: "one model of all columns",
    FULL: "one model of all columns, in which the errors of a row may go together",
    SEASONAL[ICM]: "one model of all columns, with a season that is the same in every turn",
    CHANGING[ICM]: "one model of all columns, with a season that changes slowly",
    LMC: "one model of all columns, with curves of two kinds",
    HALF: "the average of one model of all columns and a regression on the other columns",
}
LONGEST = 2000  # rows up to which the residual of a regression gets a GP: it takes the cube of their number


def kernel(name: str, inputs: int) -> Kernel:
    """A kernel by its name on the command line; with several inputs, each has a length-scale of its own."""
    width, nu = inputs if inputs > 1 else None, KERNELS[name]
    return RBFKernel(ard_num_dims=width) if nu is None else MaternKernel(nu=nu, ard_num_dims=width)


def methods_for(
    data: TaskData,
    name: str,
    *,
    lmc: bool = True,
    season: Season | None = None,
    seed: int = 0,
    full: str = FULL,
) -> dict[str, Method]:
    """The methods for a table, by name, in the order in which `choose` prefers them. name: of the kernel.

    First stands what `fill` takes when it is told nothing, the ICM with its usual noise, then HALF, the regression with
    a GP and this ICM in equal parts, then the simplest. Rules read the row where tasks have rows in common, and take no
    known errors. Full noise needs such rows too, the LMC three tasks or more, and time (lmc). One column alone has
    methods of its own.

    season: what `season_of` found, or None. With one, HALF has each of its methods twice, with it taken off and
    without, and the ICM, or for one column the single GP, has two more, with a season in the mean, which stays, and in
    the kernel beside its own, where it changes (docs/decisions/seasons.md). Which season it is,
    each method proposes anew from the cells that it sees; where these speak for none HALF does without, and the others
    raise NotApplicable. seed: of the fits of methods that are no models themselves. full: what stands for FULL, also in
    HALF; with ICM the methods have noise per task, and answer instead where a fit of full noise fails (see `try_all`).
    """
    models = standard_methods(kernel(name, data.x.shape[1]))
    apart, one = own_rows(data), data.num_tasks == 1
    rules = {rule: _without_errors(build) for rule, build in plain_methods().items()}
    if season is not None:
        rules[MEAN] = _without_errors(_anew(partial(_rule, MEAN), plain_methods()[MEAN]))
        rules["season before"] = _without_errors(_anew(partial(_rule, "season before")))
    reads = not (one or apart)
    wanted = [rule for rule in RULES if rule in rules and (reads or rule in ONE_COLUMN)] + [BASELINE]
    if len(data.x) > LONGEST and DRIFT in wanted:
        wanted.remove(DRIFT)
    if not one:
        wanted.append(ICM)
    if reads:
        wanted.append(FULL)
    if lmc and data.num_tasks > 2:
        wanted.append(LMC)
    every: dict[str, Method] = {**rules, **models, FULL: models[full]}
    first = usual(data) if usual(data) in wanted else ICM
    if {DRIFT, FULL} <= set(wanted):
        wanted.insert(0, HALF)
        every[HALF] = half = linear_pool(every[DRIFT], every[first], seed=seed)
        if season is not None:
            every[HALF] = _anew(partial(_with_and_without, half, seed), half)
    if season is not None:
        model = BASELINE if one else ICM
        after = wanted.index(model) + 1
        wanted[after:after] = [SEASONAL[model], CHANGING[model]]
        every[SEASONAL[model]] = _anew(partial(_in_the_mean, models[model], seed))
        every[CHANGING[model]] = _anew(partial(_in_the_kernel, kernel(name, 1)))
    if first in wanted:  # fills unless another is ahead by more than one standard error
        wanted.remove(first)
        wanted.insert(0, first)
    return {method: every[method] for method in wanted}


def usual(data: TaskData) -> str:
    """The name of the ICM that `fill` takes for a table."""
    return FULL if usual_noise(data)[0] == "full" else ICM


def _rule(name: str, season: Season) -> Method:
    return plain_methods(season.season)[name]


def _in_the_mean(build: Method, seed: int, season: Season) -> Method:
    return with_trend(build, line=False, season=season.season, harmonics=season.harmonics, seed=seed)


def _in_the_kernel(own: Kernel, season: Season) -> Method:
    return seasonal_methods(season.season, kernel=own)["ICM, season in the kernel"]


def _with_and_without(build: Method, seed: int, season: Season) -> Method:
    """A season may help a lot, and harm a little: so both ways count the same."""
    return linear_pool(build, _in_the_mean(build, seed, season), seed=seed)


def _anew(build: Callable[[Season], Method], otherwise: Method | None = None) -> Method:
    """A method whose season is proposed by the cells that it sees; otherwise: where these speak for none."""

    def method(seen: TaskData) -> Model | Forecaster:
        found = season_of(seen)
        if found is None:
            if otherwise is None:
                raise NotApplicable("seen: its cells speak for no season")
            return otherwise(seen)
        return build(found)(seen)

    return method


def _without_errors(build: Method) -> Method:
    return lambda seen: build(replace(seen, sd=None))


TOO_FEW = "hardly a model could be fitted: the optimiser found no optimum; leave out odd columns, or rows"


def quiet(*arguments: Any, **options: Any) -> pd.DataFrame:
    """`compare`, without its warning: methods that have no answer to some trial are named on the page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return compare(*arguments, **options)


class Failed(NamedTuple):
    """A method without an answer in a trial, and why; instead: whether it answered with noise per task after all."""

    trial: str
    method: str
    why: str
    instead: bool


def try_one(
    tables: Callable[[str], tuple[TaskData, TaskData]],
    label: str,
    name: str,
    methods: Methods,
    instead: Methods,
    **options: Any,
) -> tuple[pd.DataFrame | None, Failed | None]:
    """What `compare` returns for one method on one trial, or None; and where it had no answer why, and whether the
    method of that name in `instead` answered. Such answers are stored under a name of their own."""
    try:
        return quiet(tables, [label], {name: methods[name]}, progress=False, **options), None
    except (FitError, NotApplicable) as error:
        why, fits = str(error), isinstance(error, FitError)
    for mark in (f", {name!r}: ", f" on trial {label!r}: "):  # after what `compare` says first
        why = why.rpartition(mark)[2]
    if fits and name in (HALF, FULL) and name in instead:
        try:
            own = quiet(tables, [label], {f"{name}, noise per task": instead[name]}, progress=False, **options)
            return own.assign(method=name), Failed(label, name, why, True)
        except (FitError, NotApplicable):
            pass
    return None, Failed(label, name, why, False)


def try_all(
    data: TaskData,
    trials: Sequence[Trial],
    methods: Methods,
    folder: str | Path,
    seed: int,
    jobs: int = 1,
    instead: Methods | None = None,
) -> tuple[pd.DataFrame, list[Failed]]:
    """What `compare` returns, and the answers that are missing from it, or are another method's.

    instead: methods by name, of which HALF and FULL answer where a fit of theirs fails. Each fit is kept in trials.csv
    of the folder as soon as it is done, and not done again. Raises FitError where no model has an answer to all trials.
    """
    known = {trial.label: trial for trial in trials}
    options: dict[str, Any] = {"store": Path(folder) / "trials.csv", "seed": seed}
    done, began = {label for label, _ in stored(options["store"])}, time.monotonic()

    def tables(label: str) -> tuple[TaskData, TaskData]:
        if not sys.stderr.isatty():
            print(f"  trial {label} ({len(known)} in all{_left(label, list(known), done, began)})", flush=True)
        return known[label].tables(data)

    try:
        found = quiet(tables, known, methods, jobs=jobs, **options)
        left_out = found.attrs.get("left out", {}).items()
        return found, [Failed(label, name, why, False) for (label, name), why in left_out]
    except FitError:  # what is stored is not fitted again
        pairs = [(label, name) for label in known for name in methods]
        answers = [
            try_one(lambda one: known[one].tables(data), *pair, methods, instead or {}, **options) for pair in pairs
        ]
    failed = [one for _, one in answers if one]
    if not {*MODELS} & {*methods} - {one.method for one in failed if not one.instead}:
        raise FitError(TOO_FEW)
    return pd.concat([rows for rows, _ in answers if rows is not None], ignore_index=True), failed


def _left(label: str, labels: list[str], done: set[str], began: float) -> str:
    """How long the trials from this one on take, by those that have run since; done: those of an earlier call."""
    here = labels.index(label)
    ran, left = (sum(one not in done for one in part) for part in (labels[:here], labels[here:]))
    return f"; about {in_words((time.monotonic() - began) / ran * left)} left" if ran and left else ""


def in_words(duration: float) -> str:
    """A duration as people say it."""
    if duration < 90:
        return f"{max(1, round(duration))} s"
    return f"{round(duration / 60)} min" if duration < 5400 else f"{duration / 3600:.1f} hours"
