"""From a file to a page: `python -m mtgp_tutorial report file.csv`, or `report(frame)`. The core imports none of it.

The other names below are for the programs repeat.py that reports write.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtgp_tutorial.tables.report.deciding import decide
    from mtgp_tutorial.tables.report.holes import held_out_cells, kinds_of, plan
    from mtgp_tutorial.tables.report.notebook import report
    from mtgp_tutorial.tables.report.tables import prepared, write_filled
    from mtgp_tutorial.tables.report.trials import methods_for, season_of, try_all

__all__ = ["methods_for", "decide", "held_out_cells", "kinds_of", "plan", "prepared", "season_of", "try_all"]
__all__ += ["write_filled", "report"]

# the files of these, imported when they are first asked for: `options`, which reads the command line, needs no PyTorch
_HOMES = {
    "deciding": "decide",
    "holes": "held_out_cells kinds_of plan",
    "notebook": "report",
    "tables": "prepared write_filled",
    "trials": "methods_for season_of try_all",
}
EARLIER = (
    "report.{}: this repeat.py was written by an earlier version; for a new one run `python -m mtgp_tutorial report` "
    "on the file again, with --out and a new folder"
)
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """The names above."""
    if name in _HOME:
        globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        return globals()[name]
    if name in ("arms_for", "judging"):  # up to version 0.22
        raise ImportError(EARLIER.format(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
