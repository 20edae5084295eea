"""Columns of numbers that tell nothing, and values that stand far from all others."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd

from mtgp_tutorial.table.columns import far_value
from mtgp_tutorial.table.headers import errors_beside
from mtgp_tutorial.table.refusing import count


def idle_columns(
    frame: pd.DataFrame, chosen: list[Hashable], taken: list[Hashable], notes: list[str]
) -> list[Hashable]:
    """Columns of numbers that tell nothing, and a note for each."""
    idle: list[Hashable] = []
    kept = [c for c in chosen if frame[c].dtype.kind == "f"]
    beside = errors_beside(frame)
    for c in [c for c in frame if c not in taken and c not in beside.values() and frame[c].dtype.kind == "f"]:
        seen = frame[c].dropna()
        twin = next((d for d in kept if _same(frame[c], frame[d])), None)
        if not len(seen):
            why = "no value"
        elif len(seen) > 1 and seen.nunique() == 1:
            why = f"always {seen.iloc[0]:g}"
        elif twin is not None:
            why = f"equals {twin!r} wherever both have a value"
        else:
            kept.append(c)
            continue
        notes.append(f"{c}: {why}; left out")
        idle.append(c)
    return idle


def far_values(frame: pd.DataFrame) -> str | None:
    """A sentence on values such as -999 that stand far from all others of their column; None where there are none."""
    found = {c: code for c in frame if (code := far_value(frame[c])) is not None}
    if not found:
        return None
    each = [f"{c}: {code:g} stands {count(int((frame[c] == code).sum()), 'time')}" for c, code in found.items()]
    codes = list(dict.fromkeys(f"{code:g}" for code in found.values()))
    return f"{', '.join(each)}, far from all other values; kept as a value; missing={codes} reads it as missing"


def _same(a: pd.Series, b: pd.Series) -> bool:
    """Whether two columns agree wherever both have a value, nearly all of their rows."""
    both = a.notna() & b.notna()
    return (
        len(a) > 2
        and bool((a[both] == b[both]).all())
        and bool(both.sum() > 0.8 * max(a.notna().sum(), b.notna().sum()))
    )
