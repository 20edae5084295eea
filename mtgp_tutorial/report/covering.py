"""How many hidden cells lay in the 95 % band, and whether that is more or fewer than chance allows."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import stats

from mtgp_tutorial.report.deciding import Decision

DUE, RARE, FEWEST = 0.95, 0.01, 4  # share in the band, probability of a false word, parts of the table that it takes


class Covered(NamedTuple):
    """Hidden cells of the asked tasks, how many of them lay in the band, and "too narrow", "too wide" or nothing."""

    cells: int
    inside: int
    word: str

    @property
    def share(self) -> str:
        """In words."""
        return f"{100 * self.inside / self.cells:.0f} % of {self.cells} hidden cells lay in the 95 % band"


def covered(decision: Decision) -> Covered:
    """The band of the model that fills the table.

    Cells that were hidden together err together. A word therefore takes two tests at 1 %: binomial over the cells, and
    Student's t over the parts of the table.
    """
    of = decision.scores[decision.scores["asked"] & (decision.scores["arm"] == decision.fills)]
    of = of.assign(inside=of["coverage"] * of["cells"])
    cells, inside = int(of["cells"].sum()), round(of["inside"].sum())
    parts = of.groupby("stretch")[["inside", "cells"]].sum()
    shares = parts["inside"] / parts["cells"]
    if len(shares) < FEWEST:
        return Covered(cells, inside, "")
    away = (shares.mean() - DUE) / max(shares.std() / math.sqrt(len(shares)), 1e-12)
    if max(stats.binom.cdf(inside, cells, DUE), stats.t.cdf(away, len(shares) - 1)) < RARE:
        return Covered(cells, inside, "too narrow")
    if max(stats.binom.sf(inside - 1, cells, DUE), stats.t.sf(away, len(shares) - 1)) < RARE:
        return Covered(cells, inside, "too wide")
    return Covered(cells, inside, "")
