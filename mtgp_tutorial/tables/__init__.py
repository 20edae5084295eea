"""Your own tables: reading files, plain rules, trials and choice, a check, filling, a report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# where each name is looked up when it is first asked for, so that `--help` and `--version` need no PyTorch
HOMES = {
    "checking": "Check check",
    "comparing": "compare standard_methods",
    "doors": "Filled",
    "filling": "fill",
    "forecasting": "NotApplicable cutoffs seasonal_naive",
    "frames": "filled_frame",
    "mapping": "explained_shares",
    "mixtures": "linear_pool posterior_averaging",
    "plain": "plain_methods",
    "reading": "read_table",
    "refusals": "TableError",
    "seasonal": "propose_season with_trend",
}
_HOME = {name: home for home, names in HOMES.items() for name in names.split()}
_GONE = {"seasonal_methods": "take with_trend(icm, season=...), or fill(data), which tries a season in the kernel"}
__all__ = ["read_table", "TableError", "fill", "filled_frame", "Filled", "compare", "standard_methods", "plain_methods"]
__all__ += ["posterior_averaging", "linear_pool", "cutoffs", "seasonal_naive"]
__all__ += ["propose_season", "with_trend", "NotApplicable", "check", "Check", "explained_shares"]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for."""
    if name in _GONE:
        raise ImportError(f"{name} went in 0.38.0: {_GONE[name]}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
