"""Draw the landing page's figure and the book's logo with the module, in the pages' own colours and type.

python tools/hero.py
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from gpytorch.kernels import MaternKernel, RBFKernel
from matplotlib.figure import Figure

from mtgp_tutorial import datasets, fit, icm, impute, independent, simulate
from mtgp_tutorial.plots import COLOURS

STATIC = Path(__file__).resolve().parents[1] / "book" / "_static"
INK, GREY, TASK = "#111111", "#777777", "#4b3fa8"  # replaced by the page's own colours below
ALT = (
    "Level of Lake Erie from 1950 to 2000. From 1967 to 1981 its gauge is hidden. A Gaussian process for Erie alone"
    " falls back to the average, with a wide band; with three other lakes a narrow band follows the hidden levels."
)
LOGO_SEED = 4  # among the first 24, one whose curves are apart at 16 pixels
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


def logo() -> str:
    """Two tasks of one draw that go together and are not the same: each a curve, the first with a band."""
    B, noise = torch.tensor([[1.0, 0.8], [0.8, 1.0]]), 1e-6 * torch.eye(2)
    kernel = RBFKernel()
    kernel.lengthscale = 0.9
    x = torch.linspace(0, 4, 25)
    f = simulate.draw_icm(x, kernel, B, noise, seed=LOGO_SEED)[0].y.numpy()
    f = (f - f.min()) / (f.max() - f.min())
    across = np.linspace(2, 30, len(f))
    up = [26 - 18 * f[:, 0], 28 - 18 * f[:, 1]]

    def points(y: Any, x: Any = across) -> str:
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))

    band = points(np.r_[up[0] - 4, up[0][::-1] + 4], np.r_[across, across[::-1]])
    curves = "".join(f'<polyline points="{points(y)}" stroke="{colour}"/>' for y, colour in zip(up, COLOURS))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<polygon points="{band}" fill="{COLOURS[0]}" opacity=".25"/>'
        f'<g fill="none" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round">{curves}</g></svg>\n'
    )


DRAWN: dict[str, Callable[[], str]] = {"hero.svg": hero, "logo.svg": logo}


def same(stored: str, fresh: str) -> bool:
    """Whether two drawings differ by no more than half a point anywhere; names made from their bytes aside."""
    texts = [re.sub(r"\b[mp][0-9a-f]{10}\b", "id", text) for text in (stored, fresh)]
    if NUMBER.sub("", texts[0]) != NUMBER.sub("", texts[1]):
        return False
    old, new = (np.array(NUMBER.findall(text), dtype=float) for text in texts)
    return len(old) == len(new) and bool(np.allclose(old, new, rtol=0, atol=0.5))


def stale() -> list[str]:
    """The stored drawings that differ from what is drawn now."""
    return [name for name, drawn in DRAWN.items() if not same((STATIC / name).read_text(encoding="utf8"), drawn())]


if __name__ == "__main__":
    for name, drawn in DRAWN.items():
        (STATIC / name).write_text(drawn(), encoding="utf8")
