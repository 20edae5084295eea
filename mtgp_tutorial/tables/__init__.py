"""Your own tables: reading files, plain rules, trials and choice, a check, filling, a report."""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtgp_tutorial.tables.checking import Check, check
    from mtgp_tutorial.tables.comparing import compare, standard_methods
    from mtgp_tutorial.tables.files.reading import read_table
    from mtgp_tutorial.tables.filling import fill
    from mtgp_tutorial.tables.forecasting import NotApplicable, cutoffs, seasonal_naive
    from mtgp_tutorial.tables.mapping import explained_shares, neighbours
    from mtgp_tutorial.tables.mixtures import linear_pool, posterior_averaging
    from mtgp_tutorial.tables.plain import plain_methods
    from mtgp_tutorial.tables.refusals import TableError
    from mtgp_tutorial.tables.seasonal import propose_season, seasonal_methods, with_trend

# where each name is looked up when it is first asked for, so that `--help` and `--version` need no PyTorch
HOMES = {
    "checking": "Check check",
    "comparing": "compare standard_methods",
    "files.reading": "read_table",
    "filling": "fill",
    "forecasting": "NotApplicable cutoffs seasonal_naive",
    "mapping": "explained_shares neighbours",
    "mixtures": "linear_pool posterior_averaging",
    "plain": "plain_methods",
    "refusals": "TableError",
    "seasonal": "propose_season seasonal_methods with_trend",
}
_HOME = {name: home for home, names in HOMES.items() for name in names.split()}
# up to version 0.22
_RENAMED = {f"{kind}_arms": f"{kind}_methods" for kind in ("standard", "plain", "seasonal")}
_RENAMED |= {"averaging": "posterior_averaging", "combining": "linear_pool", "Unanswered": "NotApplicable"}
__all__ = ["read_table", "TableError", "fill", "compare", "standard_methods", "plain_methods"]
__all__ += ["posterior_averaging", "linear_pool", "cutoffs", "seasonal_naive", "seasonal_methods"]
__all__ += ["propose_season", "with_trend", "NotApplicable", "check", "Check", "explained_shares", "neighbours"]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for."""
    if name in _RENAMED:
        warnings.warn(f"mtgp_tutorial.tables.{name}: is now called {_RENAMED[name]}", FutureWarning, stacklevel=2)
        return __getattr__(_RENAMED[name])
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
