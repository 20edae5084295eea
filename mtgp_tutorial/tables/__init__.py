"""Your own tables: reading files, plain rules, trials and choice, a check, filling, a report."""

from typing import Any

from mtgp_tutorial.tables.calibrating import calibrated
from mtgp_tutorial.tables.checking import Check, check
from mtgp_tutorial.tables.comparing import compare, standard_methods
from mtgp_tutorial.tables.doors import Filled
from mtgp_tutorial.tables.filling import fill
from mtgp_tutorial.tables.forecasting import NotApplicable, cutoffs, seasonal_naive
from mtgp_tutorial.tables.frames import filled_frame
from mtgp_tutorial.tables.mapping import explained_shares
from mtgp_tutorial.tables.mixtures import linear_pool, posterior_averaging
from mtgp_tutorial.tables.plain import plain_methods
from mtgp_tutorial.tables.reading import read_table
from mtgp_tutorial.tables.refusals import TableError
from mtgp_tutorial.tables.seasonal import propose_season, with_trend

__all__ = ["read_table", "TableError", "fill", "filled_frame", "Filled", "compare", "standard_methods", "plain_methods"]
__all__ += ["posterior_averaging", "linear_pool", "calibrated", "cutoffs", "seasonal_naive"]
__all__ += ["propose_season", "with_trend", "NotApplicable", "check", "Check", "explained_shares"]

_GONE = {"seasonal_methods": "take with_trend(icm, season=...), or fill(data), which tries a season in the kernel"}


def __getattr__(name: str) -> Any:
    """A name that went says what replaced it."""
    if name in _GONE:
        raise ImportError(f"{name} went in 0.38.0: {_GONE[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
