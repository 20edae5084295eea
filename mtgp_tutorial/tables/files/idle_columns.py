"""Columns of numbers that tell nothing (empty, constant, a copy, a part of the dates, row numbers), and why."""

from __future__ import annotations

import re
from collections.abc import Hashable

import numpy as np
import pandas as pd

from mtgp_tutorial.arguments import listed
from mtgp_tutorial.tables.column_roles import ERRORS, PLACES
from mtgp_tutorial.tables.input_rules import KNOWN, counts, known_as
from mtgp_tutorial.tables.inputs import bare, errors_beside, words

COUNTERS = ["", *"obs id row no nr index record rec rn number nummer sample".split()]  # columns that count rows
PARTS = "year quarter month day hour minute day_of_week day_of_year".split()  # of a date, as pandas calls them
FLAG = re.compile(r"(?:.*_)?(?:flags?|status|quality|qc|qn|qf|qual|cd|code)(?:_\w+)?")


def idle_columns(
    frame: pd.DataFrame, chosen: list[Hashable], taken: list[Hashable], notes: list[str]
) -> list[Hashable]:
    """Columns of numbers that tell nothing, and a note for each, as for those that are kept and may be no readings."""
    idle: list[Hashable] = []
    beside, years = {*errors_beside(frame).values()}, _years(frame, chosen)
    twins = Twins(frame)
    for c in chosen:
        twins.of(c)
    for c in [c for c in frame if c not in taken and c not in beside and frame[c].dtype.kind == "f"]:
        why = _idle(frame, c, chosen, years, twins)
        if why is None and (look := _no_reading(frame[c])):
            notes.append(f"{c}: {look}; without={[str(c)]} leaves it out")
        if why is not None:
            notes.append(f"{c}: {why}; left out")
            idle.append(c)
    return idle


def _idle(
    frame: pd.DataFrame, c: Hashable, chosen: list[Hashable], years: pd.Series | None, twins: Twins
) -> str | None:
    """Why a column of numbers tells nothing; None where it may."""
    values, dates = frame[c], frame[chosen[0]]
    seen = values.to_numpy()[values.notna()]
    name = bare(c).replace("weekday", "day_of_week")
    if not len(seen):
        return "no value"
    if len(seen) > 1 and (seen == seen[0]).all():
        return f"always {seen[0]:g}"
    if _steps_by_one(values) and (name in COUNTERS or name in KNOWN and counts(values)):
        return "counts the rows"
    if words(c)[-1] in PLACES and len(chosen) > 1 and values.is_unique and (seen % 1 == 0).all():
        return "numbers the rows"
    if name in PARTS and dates.dtype.kind == "M" and (values == getattr(dates.dt, name)).all():
        return f"a part of {str(chosen[0])!r}"
    if years is not None and len(seen) > 9 and values.between(years - 0.05, years + 1.05).all():
        return "the input again, in years"
    twin = twins.of(c)
    return None if twin is None else f"equals {twin!r} wherever both have a value"


def _steps_by_one(values: pd.Series) -> bool:
    return len(values) > 2 and bool((np.diff(values.to_numpy()) == 1).all())


def _years(frame: pd.DataFrame, chosen: list[Hashable]) -> pd.Series | None:
    """The year of each row, where the input is dates."""
    if frame[chosen[0]].dtype.kind == "M":
        return frame[chosen[0]].dt.year
    year = next((c for c in chosen if known_as(c) == "year"), None)
    return None if year is None or len(chosen) == 1 else frame[year]


def _no_reading(values: pd.Series) -> str | None:
    """What a column of numbers seems to be that is no reading: a flag, a class, standard errors of another."""
    if bare(values.name) in ERRORS:
        return "looks like standard errors of another column"
    if len(values) >= 20 and _steps_by_one(values):
        return "counts the rows, and is no reading if that is all"
    some = np.unique(values.dropna())
    if len(values) < 20 or len(some) > 5 or (some % 1 != 0).any():
        return None
    if FLAG.fullmatch(bare(values.name)) or some.tolist() == [0, 1]:
        return f"holds {listed([f'{one:g}' for one in some])} alone, which looks like a flag, no reading"
    return None


class Twins:
    """Columns that agree with an earlier one wherever both have a value, nearly all of their rows.

    They are looked for by a few rows with the fewest holes, so that each column is compared with few others.
    """

    def __init__(self, frame: pd.DataFrame, probes: int = 16) -> None:
        self.frame = frame.loc[:, [frame[c].dtype.kind == "f" for c in frame]]
        self.values = self.frame.to_numpy()
        self.place = {c: k for k, c in enumerate(self.frame)}
        self.rows = np.argsort(np.isnan(self.values).sum(1), kind="stable")[:probes]
        self.kept: list[int] = []
        self.seen = np.empty((len(self.place), len(self.rows)))

    def of(self, c: Hashable) -> Hashable | None:
        """The first earlier column that this one equals; it is remembered where there is none."""
        if c not in self.place:
            return None
        own, seen = self.values[self.rows, self.place[c]], self.seen[: len(self.kept)]
        alike = ((seen == own) | np.isnan(seen) | np.isnan(own)).all(1)
        for k in np.flatnonzero(alike):
            if _same(self.values[:, self.place[c]], self.values[:, self.kept[k]]):
                return self.frame.columns[self.kept[k]]
        self.seen[len(self.kept)] = own
        self.kept.append(self.place[c])
        return None


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two columns agree wherever both have a value, nearly all of their rows."""
    has_a, has_b = ~np.isnan(a), ~np.isnan(b)
    both = has_a & has_b
    nearly_all = both.sum() > 0.8 * max(has_a.sum(), has_b.sum())
    return len(a) > 2 and bool(nearly_all and (a[both] == b[both]).all())
