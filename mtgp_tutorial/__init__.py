"""Multi-task Gaussian processes, small and exact: the module behind the book."""

from mtgp_tutorial import datasets, exact, moved, plots, simulate
from mtgp_tutorial.answers.correlating import empirical_correlation, model_correlation
from mtgp_tutorial.answers.intervals import correlation_intervals
from mtgp_tutorial.answers.latent import latent_functions, parts
from mtgp_tutorial.answers.leaving import leave_out
from mtgp_tutorial.answers.predicting import impute, predict, sample
from mtgp_tutorial.device import choose_device
from mtgp_tutorial.exact import NotPositiveDefiniteError
from mtgp_tutorial.exact.covariance import coregionalization, correlation
from mtgp_tutorial.fits.fitting import FitError, fit
from mtgp_tutorial.fits.given import with_parameters
from mtgp_tutorial.fits.keeping import load
from mtgp_tutorial.fits.result import Fit
from mtgp_tutorial.judging import scores
from mtgp_tutorial.judging.checking import Check, check
from mtgp_tutorial.judging.comparing import paired, summarise
from mtgp_tutorial.judging.forecasting import cutoffs
from mtgp_tutorial.judging.naive import seasonal_naive
from mtgp_tutorial.judging.trials import compare, standard_arms
from mtgp_tutorial.models.building import icm, independent, lmc
from mtgp_tutorial.models.inducing import sparse
from mtgp_tutorial.models.model import Model
from mtgp_tutorial.table.data import TaskData
from mtgp_tutorial.table.prediction import Prediction
from mtgp_tutorial.table.reading import read_table
from mtgp_tutorial.table.refusing import TableError
from mtgp_tutorial.table.scale import Scale
from mtgp_tutorial.table.trends import Trend, detrend

__all__ = [
    "Check",
    "Fit",
    "FitError",
    "Model",
    "NotPositiveDefiniteError",
    "Prediction",
    "Scale",
    "TableError",
    "TaskData",
    "Trend",
    "check",
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
    "plots",
    "predict",
    "read_table",
    "sample",
    "scores",
    "seasonal_naive",
    "simulate",
    "sparse",
    "standard_arms",
    "summarise",
    "with_parameters",
]
__version__ = "0.11.0"
moved.install()
