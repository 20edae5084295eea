"""Exact Gaussian algebra on matrices, without GPyTorch."""

from mtgp_tutorial.exact.gaussian import NotPositiveDefiniteError, log_likelihood, posterior, sample
from mtgp_tutorial.exact.gaussian import checked_cholesky as cholesky
from mtgp_tutorial.exact.split import kronecker_log_likelihood, kronecker_posterior

__all__ = [
    "NotPositiveDefiniteError",
    "cholesky",
    "kronecker_log_likelihood",
    "kronecker_posterior",
    "log_likelihood",
    "posterior",
    "sample",
]
