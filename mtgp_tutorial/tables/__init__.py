"""Your own tables: reading files, plain rules, trials and choice, a check, filling, a report."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtgp_tutorial.tables.checking import Check, check
    from mtgp_tutorial.tables.comparing import compare, fill, standard_arms
    from mtgp_tutorial.tables.files.reading import read_table
    from mtgp_tutorial.tables.forecasting import Unanswered, cutoffs, seasonal_naive
    from mtgp_tutorial.tables.mapping import explained_shares, neighbours
    from mtgp_tutorial.tables.mixtures import averaging, combining
    from mtgp_tutorial.tables.plain import plain_arms
    from mtgp_tutorial.tables.refusals import TableError
    from mtgp_tutorial.tables.seasonal import propose_season, seasonal_arms, with_trend

# where each name is looked up when it is first asked for, so that `--help` and `--version` need no PyTorch
HOMES = {
    "checking": "Check check",
    "comparing": "compare fill standard_arms",
    "files.reading": "read_table",
    "forecasting": "Unanswered cutoffs seasonal_naive",
    "mapping": "explained_shares neighbours",
    "mixtures": "averaging combining",
    "plain": "plain_arms",
    "refusals": "TableError",
    "seasonal": "propose_season seasonal_arms with_trend",
}
_HOME = {name: home for home, names in HOMES.items() for name in names.split()}
__all__ = ["read_table", "TableError", "fill", "compare", "standard_arms", "plain_arms", "averaging", "combining"]
__all__ += ["cutoffs", "seasonal_naive", "seasonal_arms", "propose_season", "with_trend", "Unanswered"]
__all__ += ["check", "Check", "explained_shares", "neighbours"]


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
