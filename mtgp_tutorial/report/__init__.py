"""From a file to a page: `python -m mtgp_tutorial report file.csv`. The core imports none of it.

The names below are for the programs repeat.py that reports write.
"""

from typing import Any

from mtgp_tutorial.report.arms import arms_for, season_of
from mtgp_tutorial.report.deciding import decide
from mtgp_tutorial.report.holes import judging, kinds_of, plan, without
from mtgp_tutorial.report.tables import prepared, write_filled
from mtgp_tutorial.report.trial_fits import try_once

__all__ = [
    "arms_for",
    "decide",
    "judging",
    "kinds_of",
    "plan",
    "prepared",
    "season_of",
    "try_once",
    "without",
    "write_filled",
]


def __getattr__(name: str) -> Any:
    """Names that programs of version 0.10 and before import; asked where nothing else has the name."""
    if name in ("deciding", "hiding", "kinds", "once", "reading", "writing"):
        raise ImportError(
            f"report.{name}: this repeat.py was written by version 0.10 or before; for a new one run "
            "`python -m mtgp_tutorial report` on the file again, with --out and a new folder"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
