"""Multi-task Gaussian processes, small and exact: the module behind the book."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtgp_tutorial import datasets, exact, plots, simulate
    from mtgp_tutorial.correlations import correlation_intervals, empirical_correlation, model_correlation
    from mtgp_tutorial.leave_one_out import leave_out
    from mtgp_tutorial.predicting import impute, latent_functions, parts, predict, sample
    from mtgp_tutorial.arguments import TableError, choose_device
    from mtgp_tutorial.gaussian import NotPositiveDefiniteError
    from mtgp_tutorial.covariance import coregionalization, correlation
    from mtgp_tutorial.fast.averaging import Averaged, average
    from mtgp_tutorial.fitting import FitError, fit
    from mtgp_tutorial.result import Fit, load, with_parameters
    from mtgp_tutorial import scores
    from mtgp_tutorial.tables.checking import Check, check
    from mtgp_tutorial.tables.comparing import compare, fill, standard_arms
    from mtgp_tutorial.tables.forecasting import Unanswered, cutoffs, seasonal_naive
    from mtgp_tutorial.tables.mapping import explained_shares, neighbours
    from mtgp_tutorial.tables.mixtures import averaging, combining
    from mtgp_tutorial.comparison import choose, paired, sentence, summarise
    from mtgp_tutorial.tables.plain import plain_arms
    from mtgp_tutorial.tables.seasonal import propose_season, seasonal_arms, with_trend
    from mtgp_tutorial.building import icm, independent, lmc, sparse
    from mtgp_tutorial.model import Model
    from mtgp_tutorial.data import Scale, TaskData
    from mtgp_tutorial.tables.files.reading import read_table
    from mtgp_tutorial.prediction import Mixture, Prediction
    from mtgp_tutorial.trends import Trend, detrend

# by the groups of book/api.md
__all__ = ["read_table", "TaskData", "Scale", "detrend", "Trend", "TableError"]
__all__ += ["independent", "icm", "lmc", "sparse", "Model", "coregionalization", "correlation"]
__all__ += ["fit", "Fit", "average", "Averaged", "with_parameters", "load", "FitError", "choose_device"]
__all__ += ["predict", "impute", "sample", "Prediction", "Mixture", "parts", "latent_functions"]
__all__ += ["empirical_correlation", "model_correlation", "leave_out", "check", "Check", "correlation_intervals"]
__all__ += ["compare", "cutoffs", "seasonal_naive", "standard_arms", "plain_arms", "with_trend", "averaging"]
__all__ += ["combining", "seasonal_arms", "propose_season", "Unanswered", "summarise", "paired", "sentence", "choose"]
__all__ += ["fill", "explained_shares", "neighbours"]
__all__ += ["scores", "plots", "simulate", "datasets", "exact", "NotPositiveDefiniteError"]
__version__ = "0.21.0"

# where each public name is looked up when it is first asked for, so that `--help` and `--version` need no PyTorch
_HOMES = {
    "answers.correlation": "correlation_intervals empirical_correlation model_correlation",
    "answers.leaving": "leave_out",
    "answers.predicting": "impute latent_functions parts predict sample",
    "arguments": "TableError choose_device",
    "datasets": "datasets",
    "exact": "exact NotPositiveDefiniteError",
    "exact.covariance": "coregionalization correlation",
    "fits.averaging": "Averaged average",
    "fits.fitting": "FitError fit",
    "fits.result": "Fit load with_parameters",
    "judging.checking": "Check check",
    "judging.comparing": "compare fill standard_arms",
    "judging.forecasting": "Unanswered cutoffs seasonal_naive",
    "judging.mapping": "explained_shares neighbours",
    "judging.mixtures": "averaging combining",
    "judging.paired": "choose paired sentence summarise",
    "judging.plain": "plain_arms",
    "judging.scores": "scores",
    "judging.seasonal": "propose_season seasonal_arms with_trend",
    "models.building": "icm independent lmc sparse",
    "models.model": "Model",
    "plots": "plots",
    "simulate": "simulate",
    "table.data": "Scale TaskData",
    "table.files.reading": "read_table",
    "table.prediction": "Mixture Prediction",
    "table.trends": "Trend detrend",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_MODULES = ("datasets", "exact", "plots", "scores", "simulate")  # names of a whole file or folder


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for. ImportError for `read_table`, which the core does without."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(f"{__name__}.{_HOME[name]}")
    except ModuleNotFoundError as error:
        if name != "read_table":
            raise
        raise ImportError(
            f"read_table: {error}; install the whole module, or make a data frame and pass it to TaskData.from_frame"
        ) from None
    globals()[name] = home if name in _MODULES else getattr(home, name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
