"""Files of release 0.1 that stand elsewhere now: for one release, an import of the old name says where."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

MOVED = {
    "arrays": "table.arrays",
    "comparing": "judging.comparing",
    "covariance": "exact.covariance",
    "data": "table.data",
    "fitting": "fits.fitting",
    "kernels": "models.kernels",
    "latent": "answers.latent",
    "noise": "models.noise",
    "predicting": "answers.predicting",
    "priors": "models.priors",
    "result": "fits.result",
    "scores": "judging.scores",
    "starting": "fits.starting",
    "trends": "table.trends",
    "trials": "judging.trials",
}


class MovedFinder(MetaPathFinder):
    """Asked last, when no file of that name was found."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        package, _, old = name.rpartition(".")
        if package == __package__ and old in MOVED:  # no name= below: `from package import old` would swallow it
            raise ModuleNotFoundError(f"{name}: is now {package}.{MOVED[old]}; import it from there")
        return None


def install() -> None:
    """Add the finder once."""
    if not any(isinstance(finder, MovedFinder) for finder in sys.meta_path):
        sys.meta_path.append(MovedFinder())
