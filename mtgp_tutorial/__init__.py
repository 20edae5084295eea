"""Multi-task Gaussian processes, small and exact: the module behind the book.

The flat files are the book's own way through the subject: the one equation (`covariance`), Gaussian algebra
(`gaussian`, `kronecker`), what is free in a model (`kernels`, `noise`, `priors`, `model`), the fit (`starts`,
`fitting`, `result`), what it says (`predicting`, `leave_one_out`, `correlations`) and what to read next (`readings`).
`solvers` has the ways to factor a covariance, `objective` what a fit climbs, `climbing` how; `tables` is for your own
tables.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mtgp_tutorial import datasets, gaussian, kronecker, scores, simulate, tables
from mtgp_tutorial.auditing import audit
from mtgp_tutorial.comparison import choose, paired, sentence, summarise
from mtgp_tutorial.correlations import empirical_correlation, model_correlation
from mtgp_tutorial.covariance import coregionalization, correlation
from mtgp_tutorial.data import TaskData
from mtgp_tutorial.fitting import FitError, fit
from mtgp_tutorial.gaussian import NotPositiveDefiniteError
from mtgp_tutorial.inducing import sparse
from mtgp_tutorial.intervals import correlation_intervals
from mtgp_tutorial.leave_one_out import leave_out
from mtgp_tutorial.likelihoods import Bernoulli, NegativeBinomial, Poisson
from mtgp_tutorial.mixture import Mixture
from mtgp_tutorial.model import Model, icm, independent, lmc
from mtgp_tutorial.posterior_sampling import PosteriorSamples, sample_posterior
from mtgp_tutorial.predicting import impute, latent_functions, parts, predict, sample
from mtgp_tutorial.prediction import Prediction, Scale
from mtgp_tutorial.readings import linear, next_cells
from mtgp_tutorial.result import Fit, at_parameters
from mtgp_tutorial.saving import load
from mtgp_tutorial.trends import Trend, detrend

if TYPE_CHECKING:
    from mtgp_tutorial import plots

# by the groups of book/api.md
__all__ = ["TaskData", "Scale", "detrend", "Trend", "independent", "icm", "lmc", "sparse", "Model"]
__all__ += ["Poisson", "NegativeBinomial", "Bernoulli"]
__all__ += ["coregionalization", "correlation", "fit", "Fit", "sample_posterior", "PosteriorSamples"]
__all__ += ["at_parameters", "load", "FitError"]
__all__ += ["predict", "impute", "sample", "Prediction", "Mixture", "parts"]
__all__ += ["latent_functions", "empirical_correlation", "model_correlation", "leave_out", "correlation_intervals"]
__all__ += ["linear", "next_cells", "audit"]
__all__ += ["summarise", "paired", "sentence", "choose", "scores", "plots", "simulate", "datasets", "tables"]
__all__ += ["gaussian", "kronecker", "NotPositiveDefiniteError"]
__version__ = "0.44.0"


def __getattr__(name: str) -> Any:
    """`plots`, which few programs need, is imported when it is first asked for."""
    if name == "plots":
        return import_module("mtgp_tutorial.plots")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
