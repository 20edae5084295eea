"""Draw the landing page's figure with the module, in the pages' own colours and type; and as a picture for the README.

python tools/hero.py
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from gpytorch.kernels import MaternKernel
from matplotlib.figure import Figure

from mtgp_tutorial import datasets, fit, icm, impute, independent, plots

TARGET = Path(__file__).resolve().parents[1] / "book" / "_static" / "hero.svg"
PICTURE = TARGET.with_suffix(".png")  # for README.md, and for those who show a link to a page
INK, GREY, LAKES = "#111111", "#777777", plots.COLOURS[:4]  # replaced by the page's own colours below
ALT = (
    "Levels of four lakes from 1918 to 2009. One crew reads each for two years in turn, so that Erie is read in a"
    " quarter of the years. The curve of a Gaussian process for all four follows the levels that are hidden, and nearly"
    " all lie in its band. A curve for Erie alone passes by the high water of 1929, 1986 and 1997."
)
NUMBER = re.compile(r"-?\d+\.\d+")


def draw() -> Figure:
    """What one crew read of four lakes, and what all four together, and Erie alone, make of the other years."""
    lakes = datasets.great_lakes()
    visit = torch.arange(len(lakes.x)) // 2  # two years each
    seen, hidden = lakes.split(torch.arange(4) != (visit % 4)[:, None])
    together = impute(fit(icm(seen, noise="per task", kernel=MaternKernel(nu=1.5))))
    alone = impute(fit(independent(seen, hyperparameters="shared", kernel=MaternKernel(nu=1.5))))
    figure = Figure(figsize=(5, 4.1), layout="constrained")
    axes = figure.subplots(4, sharex=True, height_ratios=(5, 1, 1, 1))
    x = lakes.x[:, 0]
    for t, (ax, colour) in enumerate(zip(axes, LAKES)):
        mean, sd, read = together.mean[:, t], together.sd[:, t], seen.observed[:, t]
        ax.fill_between(x, mean - 2 * sd, mean + 2 * sd, color=colour, alpha=0.3, lw=0)
        ax.plot(x, mean, color=colour, lw=1 if t else 2)
        if not t:
            ax.plot(x, alone.mean[:, 0], color=GREY, lw=1.3)
        ax.plot(x, hidden.y[:, t], "o", mfc="none", mec=INK, ms=1.7 if t else 3.2, mew=0.4 if t else 0.7)
        ax.plot(x[read], seen.y[read, t], "o", color=INK, ms=2.5 if t else 4.5)
        ax.spines[["top", "right", *(["bottom", "left"] if t else [])]].set_visible(False)
        ax.tick_params(colors=INK, length=3, bottom=t == 3, left=not t, labelleft=not t)
        if t:
            ax.text(1916, (mean + 2 * sd)[:30].max(), lakes.tasks[t], color=colour, va="bottom")
    ax = axes[0]
    ax.text(1951.5, 174.85, "all four together", color=LAKES[0], ha="center", va="center")
    ax.text(2000, 173.43, "95 % band", color=LAKES[0], ha="center", va="center")
    ax.text(1984, 173.78, "Erie alone", color=GREY, ha="center", va="center")
    ax.plot([1984.5, 1986.3], [173.87, 174.39], color=GREY, lw=0.6)
    ax.text(1987.2, 174.9, "hidden", color=INK, va="center")
    ax.text(1932.6, 173.33, "read", color=INK, ha="right", va="center")
    ax.text(1910, 175.2, "level of Lake Erie [m]", color=INK, va="bottom")
    ax.set(xlim=(1915, 2011), ylim=(173.2, 175.12), yticks=(173.5, 174, 174.5, 175), xticks=range(1920, 2001, 20))
    return figure


STYLE: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 11, "axes.edgecolor": GREY}


def hero() -> str:
    """The figure as SVG to stand in a page, which gives it its colours and letters."""
    file = io.StringIO()
    with mpl.rc_context({**STYLE, "svg.fonttype": "none", "svg.hashsalt": "hero", "path.simplify": False}):
        draw().savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    svg = re.sub(r"(?s)^.*?<svg", "<svg", file.getvalue())
    svg = re.sub(r"(?s)<metadata>.*?</metadata>", "", svg).replace("<svg", f'<svg role="img" aria-label="{ALT}"', 1)
    page = {INK: "currentColor", GREY: "var(--pst-color-text-muted)"}
    for colour, css in (page | {one: f"var(--t{t})" for t, one in enumerate(LAKES, 1)}).items():
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


def picture(file: Any) -> None:
    """The figure as PNG, on white."""
    with mpl.rc_context(STYLE):
        draw().savefig(file, format="png", dpi=160, metadata={"Software": None})


if __name__ == "__main__":
    picture(PICTURE)
    TARGET.write_text(hero(), encoding="utf8")
