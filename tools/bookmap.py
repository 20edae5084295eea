"""Draw the map of the book, `book/_static/map.svg`: the one equation, and the chapter that teaches each of its terms.

python tools/bookmap.py
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import plain
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mtgp_tutorial.plots import COLOURS, use_style

TARGET = Path(__file__).resolve().parents[1] / "book" / "_static" / "map.svg"
GREY = "#333333"

# colours are for large letters only: on white they have a contrast of 3, and small ones need 4.5
# pieces of the equation: mathematics, colour, chapters that teach it
TERMS = [
    (r"$\mathrm{Cov}[y_s(x_i),\, y_t(x_j)]\;=\;$", GREY, []),
    (r"$\sum_q\;\;$", COLOURS[1], ["lmc"]),
    (r"$B_q[s,t]\;$", COLOURS[0], ["independent", "icm", "sharing"]),
    (r"$k_q(x_i, x_j)$", COLOURS[2], ["weights", "gp", "fitting"]),
    (r"$\;+\;[i=j]\;$", GREY, []),
    (r"$\Sigma[s,t]$", COLOURS[3], ["noise"]),
]
# numbered chapters in the order of the contents: what the row says
CHAPTERS = {
    "five": "a file with holes, filled, with a band for each value",
    "weights": "from a regression with bumps to a covariance: the kernel $k$",
    "gp": "one task: conditioning, the curve and the next reading, draws",
    "fitting": "where length-scale and noise come from: the marginal likelihood",
    "scores": "is the band as wide as the error, and is one model better than another?",
    "independent": "each $B$ is diagonal: two baselines, and the one to beat",
    "icm": "one kernel, and a full $B$: tasks speak for each other",
    "sharing": "what another task can add, and when it adds nothing",
    "lmc": "several kernels, each with a $B$ of its own",
    "noise": "what a row shares beyond the functions: the matrix $\\Sigma$",
    "table": "from a raw file to a report: why it is missing, trends, checks",
    "counts": "cells that are no measurements: a likelihood for each task",
    "next": "what to read next: the joint covariance, before a reading is made",
    "lag": "one column follows another: outside of the equation, until it is moved",
    "priors": "what averaging over hyper-parameters buys, and when nothing",
    "compare": "five models, one call, paired differences as sizes",
    "forty": "70 public tables: what fills which holes, and what is at stake",
    "cases": "six real tables: where sharing pays, where not, and who is as good",
    "speed": "the same numbers for less: splits, projections, a filter",
    "scale": "which road: many tables, long, wide, maps, more than memory holds",
    "gpu": "three lines that change, and which tables can gain",
}


def draw(titles: dict[str, str]) -> Figure:
    """The figure; titles: of the chapters, in order. Raises ValueError for chapters that have no row."""
    if list(titles) != list(CHAPTERS):
        raise ValueError(f"tools/bookmap.py knows the chapters {list(CHAPTERS)}, the contents have {list(titles)}")
    colours = {name: colour for _, colour, names in TERMS for name in names}
    figure = Figure(figsize=(6.4, 1.25 + 0.52 * len(titles)))
    renderer = FigureCanvasAgg(figure).get_renderer()
    height = figure.get_figheight()
    numbers = {name: number for number, name in enumerate(titles, 1)}
    x = 0.02
    for text, colour, names in TERMS:
        piece = figure.text(x, 1 - 0.38 / height, text, color=colour, size=18, va="center")
        box = piece.get_window_extent(renderer)
        right = box.x1 / figure.bbox.width
        if names:
            tag = ", ".join(str(numbers[name]) for name in names)
            figure.text((x + right) / 2, 1 - 0.82 / height, tag, color=colour, size=14, ha="center", weight="bold")
        x = right
    for row, (name, title) in enumerate(titles.items()):
        y = 1 - (1.25 + 0.52 * row) / height
        figure.text(0.03, y, str(numbers[name]), color=colours.get(name, GREY), size=15, weight="bold", va="center")
        figure.text(0.105, y + 0.11 / height, title, color=GREY, size=12, weight="bold", va="center")
        figure.text(0.105, y - 0.11 / height, CHAPTERS[name], color=GREY, size=11, va="center")
    return figure


def drawn() -> str:
    """The map of the contents as they are now, SVG."""
    numbered = [name for name, number in plain.documents().items() if number]
    titles = {name: plain.title(plain.read(name, plain.ROOT)) for name in numbered}
    file = io.StringIO()
    with mpl.rc_context():
        use_style()
        mpl.rcParams.update({"svg.hashsalt": "map", "figure.constrained_layout.use": False})
        draw(titles).savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def stale() -> bool:
    """Whether the stored map differs; one by another Matplotlib passes. Raises ValueError when chapters differ."""
    stored, fresh = TARGET.read_text(encoding="utf8"), drawn()
    return f"Matplotlib v{mpl.__version__}" in stored and stored != fresh


if __name__ == "__main__":
    TARGET.write_text(drawn(), encoding="utf8")
