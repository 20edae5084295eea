"""The laws that the module must obey: plain functions that assert, used by pytest and by the planted bugs.

Each is exact algebra held to rounding error, or a fact that a textbook states; none is "small after training".
"""

from importlib.util import find_spec

from laws import (
    answers,
    averaged,
    checking,
    claims,
    combined,
    core,
    correlations,
    equation,
    facts,
    fits,
    forecasting,
    forms,
    intervals,
    judging,
    keeping,
    kernels,
    known,
    labels,
    long,
    models,
    named,
    plain,
    reading,
    scans,
    seasonal,
    simulation,
    sparse,
    trends,
)
from laws.common import RANDOM, close, dense_numpy, table, tensor, unfitted

ROOMS = (
    core,
    forms,
    long,
    equation,
    kernels,
    models,
    answers,
    averaged,
    correlations,
    fits,
    judging,
    claims,
    combined,
    simulation,
    labels,
    known,
    checking,
    intervals,
    keeping,
    trends,
    forecasting,
    plain,
    seasonal,
    reading,
    scans,
    sparse,
    facts,
    named,
)
if find_spec("mtgp_tutorial.tables.report"):  # reading of files and the report; the core's laws hold without them
    from laws import extensions

    ROOMS += (extensions,)
LAWS = [law for room in ROOMS for name, law in vars(room).items() if name.startswith("law_")]

__all__ = ["LAWS", "RANDOM", "close", "dense_numpy", "table", "tensor", "unfitted"]
