"""Draw the landing page's figure with the module, in the pages' own colours and type.

python tools/hero.py
"""

from __future__ import annotations

import io
import re
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from gpytorch.kernels import MaternKernel
from matplotlib.figure import Figure

from mtgp_tutorial import datasets, fit, icm, impute, independent

TARGET = Path(__file__).resolve().parents[1] / "book" / "_static" / "hero.svg"
INK, GREY, TASK = "#111111", "#777777", "#4b3fa8"  # replaced by the page's own colours below
ALT = (
    "Level of Lake Erie from 1950 to 2000. From 1967 to 1981 its gauge is hidden. A Gaussian process for Erie alone"
    " falls back to the average, with a wide band; with three other lakes a narrow band follows the hidden levels."
)
NUMBER = re.compile(r"-?\d+\.\d+")


def draw() -> Figure:
    """Fifteen hidden years, from Erie alone and from four lakes."""
    seen, hidden = datasets.great_lakes().hide("Erie", 1967, 1981)
    figure = Figure(figsize=(5.6, 3.5), layout="constrained")
    ax = figure.subplots()
    x = seen.x[:, 0]
    gap = (x >= 1966) & (x <= 1982)
    together = partial(icm, noise="per task")
    for build, colour, alpha, width in ((independent, GREY, 0.25, 1.3), (together, TASK, 0.4, 2.0)):
        filled = impute(fit(build(seen, kernel=MaternKernel(nu=1.5))))
        mean, sd = filled.mean[gap, 0], filled.sd[gap, 0]
        ax.fill_between(x[gap], mean - 2 * sd, mean + 2 * sd, color=colour, alpha=alpha, lw=0)
        ax.plot(x[gap], mean, color=colour, lw=width)
    ax.plot(x, seen.y[:, 0], "o-", color=INK, ms=3, lw=0.7)
    ax.plot(hidden.x[:, 0], hidden.y[:, 0], "o", mfc="none", mec=INK, ms=4.5)
    ax.text(1974, 173.42, "Erie alone", color=GREY, ha="center", va="top")
    ax.text(1971.4, 174.76, "with three other lakes", color=TASK, ha="right", va="center", weight="bold")
    ax.text(1951, 175.12, "level of Lake Erie [m]", color=INK, va="bottom")
    ax.set(xlim=(1950, 2001), ylim=(173.2, 175.25), yticks=(173.5, 174, 174.5, 175), xticks=range(1950, 2001, 10))
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(colors=INK, length=3)
    return figure


def hero() -> str:
    """The figure as SVG to stand in a page, which gives it its colours and letters."""
    style: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "hero", "font.size": 11, "axes.edgecolor": GREY}
    file = io.StringIO()
    with mpl.rc_context({**style, "path.simplify": False, "font.family": "DejaVu Sans"}):
        draw().savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    svg = re.sub(r"(?s)^.*?<svg", "<svg", file.getvalue())
    svg = re.sub(r"(?s)<metadata>.*?</metadata>", "", svg).replace("<svg", f'<svg role="img" aria-label="{ALT}"', 1)
    for colour, css in ((INK, "currentColor"), (GREY, "var(--pst-color-text-muted)"), (TASK, "var(--t1)")):
        svg = svg.replace(colour, css)
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", svg)


def same(stored: str, fresh: str) -> bool:
    """Whether two drawings differ by no more than half a point anywhere; names made from their bytes aside."""
    texts = [re.sub(r"\b[mp][0-9a-f]{10}\b", "id", text) for text in (stored, fresh)]
    if NUMBER.sub("", texts[0]) != NUMBER.sub("", texts[1]):
        return False
    old, new = (np.array(NUMBER.findall(text), dtype=float) for text in texts)
    return len(old) == len(new) and bool(np.allclose(old, new, rtol=0, atol=0.5))


def stale() -> bool:
    """Whether the stored drawing differs from what is drawn now."""
    return not same(TARGET.read_text(encoding="utf8"), hero())


if __name__ == "__main__":
    TARGET.write_text(hero(), encoding="utf8")
