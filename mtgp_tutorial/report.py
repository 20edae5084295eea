"""The name that programs of earlier reports (repeat.py) ask for; it goes with the next release."""

from typing import Any

ASKED = "arms arms_for decide deciding hiding judging kinds kinds_of once plan prepared reading season_of try_all"
ASKED += " try_once write_filled writing"


def __getattr__(name: str) -> Any:
    """ImportError that says what to do."""
    if name not in ASKED.split():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(
        f"report.{name}: this repeat.py was written by an earlier version; for a new one run "
        "`python -m mtgp_tutorial report` on the file again, with --out and a new folder"
    )
