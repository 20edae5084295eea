"""Multi-task Gaussian processes, small and exact: the module behind the book."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mtgp_tutorial import datasets, exact, simulate
from mtgp_tutorial.answers.correlation import correlation_intervals, empirical_correlation, model_correlation
from mtgp_tutorial.answers.leaving import leave_out
from mtgp_tutorial.answers.predicting import impute, latent_functions, parts, predict, sample
from mtgp_tutorial.arguments import TableError, choose_device
from mtgp_tutorial.exact import NotPositiveDefiniteError
from mtgp_tutorial.exact.covariance import coregionalization, correlation
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.result import Fit, load, with_parameters
from mtgp_tutorial.judging import scores
from mtgp_tutorial.judging.checking import Check, check
from mtgp_tutorial.judging.claims import sentence
from mtgp_tutorial.judging.comparing import compare, fill, standard_arms
from mtgp_tutorial.judging.forecasting import Unanswered, cutoffs, seasonal_naive
from mtgp_tutorial.judging.paired import choose, paired, summarise
from mtgp_tutorial.judging.plain import plain_arms
from mtgp_tutorial.judging.seasonal import propose_season, seasonal_arms, with_trend
from mtgp_tutorial.models.building import icm, independent, lmc, sparse
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import Scale, TaskData
from mtgp_tutorial.table.prediction import Prediction
from mtgp_tutorial.table.trends import Trend, detrend

if TYPE_CHECKING:
    from mtgp_tutorial import plots
    from mtgp_tutorial.table.files.reading import read_table

__all__ = [
    "Check",
    "Fit",
    "FitError",
    "Model",
    "NotPositiveDefiniteError",
    "Unanswered",
    "Prediction",
    "Scale",
    "TableError",
    "TaskData",
    "Trend",
    "check",
    "choose",
    "choose_device",
    "compare",
    "coregionalization",
    "correlation",
    "correlation_intervals",
    "cutoffs",
    "datasets",
    "detrend",
    "empirical_correlation",
    "exact",
    "fill",
    "fit",
    "icm",
    "impute",
    "independent",
    "latent_functions",
    "leave_out",
    "lmc",
    "load",
    "model_correlation",
    "paired",
    "parts",
    "plain_arms",
    "propose_season",
    "plots",
    "predict",
    "read_table",
    "sample",
    "scores",
    "seasonal_arms",
    "seasonal_naive",
    "sentence",
    "simulate",
    "sparse",
    "standard_arms",
    "summarise",
    "with_parameters",
    "with_trend",
]
__version__ = "0.14.0"


def __getattr__(name: str) -> Any:
    """When first asked for: `plots`, as figures need matplotlib, and `read_table`, which the core does without."""
    if name == "plots":
        return import_module("mtgp_tutorial.plots")
    if name != "read_table":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from mtgp_tutorial.table.files.reading import read_table
    except ModuleNotFoundError as error:
        raise ImportError(
            f"read_table: {error}; install the whole module, or make a data frame and pass it to TaskData.from_frame"
        ) from None
    return read_table


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
