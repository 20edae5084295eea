"""report.html: one file, with its figures inside; no script, no address of anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from mtgp_tutorial.report.figures import WIDTH, as_png

Part = dict[str, Any]


def render(values: dict[str, Any]) -> str:
    """The template with these values; all of them are text, whatever stands in the file. Raises ImportError."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    place = PackageLoader("mtgp_tutorial.report", "templates")
    page = Environment(loader=place, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return page.get_template("report.html").render(values)


def picture(figure: Figure, caption: str, alt: str) -> Part:
    """A figure, what to see in it, and what it shows to those who cannot; a small one takes less of the page."""
    share = min(100, round(100 * figure.get_figwidth() / WIDTH))
    return {"kind": "picture", "address": as_png(figure), "caption": caption, "alt": alt, "share": share}


def text(words: str) -> Part:
    """A paragraph."""
    return {"kind": "text", "text": words}


def lines(words: Sequence[str]) -> Part:
    """A list."""
    return {"kind": "list", "lines": list(words)}


def code(words: str, *, wraps: bool = False) -> Part:
    """What may be typed."""
    return {"kind": "code", "text": words, "wraps": wraps}


def grid(frame: pd.DataFrame, digits: int = 3) -> Part:
    """A table; its columns of text are set to the left."""
    words = [f for f in range(frame.shape[1]) if not pd.api.types.is_numeric_dtype(frame.iloc[:, f].dtype)]
    rows = [[_cell(value, digits) for value in row] for row in frame.itertuples(index=False)]
    return {"kind": "table", "names": [str(name) for name in frame.columns], "text": words, "rows": rows}


def section(title: str, parts: Sequence[Part]) -> dict[str, Any]:
    """A heading and what stands below it."""
    return {"title": title, "parts": list(parts)}


def _cell(value: Any, digits: int) -> str:
    """A number with so many decimals; nothing where there is none."""
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.{digits}f}"
    return "" if value is pd.NA or value is None else str(value)
