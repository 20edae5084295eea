"""Draw `book/_static/preview.png`, the picture that other sites show beside a link to a page.

python tools/preview.py    # draws it again, from the module
"""

from __future__ import annotations

import io
import os
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ["MATPLOTLIBRC"] = str(ROOT / "tests" / "matplotlibrc")  # the figure is the book's, not the user's

import matplotlib.pyplot as plt
from gpytorch.kernels import MaternKernel

from mtgp_tutorial import datasets, fit, icm, impute, independent, plots

PICTURE = ROOT / "book" / "_static" / "preview.png"
SIZE = (1200, 630)  # pixels; the shape that is cut nowhere


def draw() -> bytes:
    """The picture as a PNG: the title, and fifteen hidden years of Lake Erie by two models."""
    lakes = datasets.great_lakes()
    seen, hidden = lakes.hide("Erie", 1967, 1981)
    gap, years, level = hidden.observed[:, 0], lakes.x[:, 0], lakes.y[:, 0]
    with plt.rc_context():
        plots.use_style()
        figure, ax = plt.subplots(figsize=(SIZE[0] / 150, SIZE[1] / 150))
        for model, colour, name in (
            (independent, "0.55", "from Erie alone"),
            (partial(icm, noise="per task"), plots.COLOURS[0], "from four lakes together"),
        ):
            filled = impute(fit(model(seen, kernel=MaternKernel(nu=1.5))))
            mean, sd = filled.mean[gap, 0], filled.sd[gap, 0]
            ax.fill_between(years[gap], mean - 2 * sd, mean + 2 * sd, color=colour, alpha=0.3, lw=0)
            ax.plot(years[gap], mean, color=colour, lw=2.5, label=name)
        ax.scatter(years[~gap], level[~gap], color="0.1", s=22, zorder=3, label="seen")
        ax.scatter(years[gap], level[gap], fc="w", ec="0.1", s=22, zorder=3, label="hidden")
        ax.set(xlim=(1947.5, 2002.5), ylim=(173.3, 175.6), xlabel="year", ylabel="level of Lake Erie [m]")
        ax.legend(fontsize=11, ncols=2, loc="upper left")
        figure.suptitle("Multi-task Gaussian processes", fontsize=19, x=0.03, ha="left")
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=150, facecolor="white", bbox_inches=None)
        plt.close(figure)
    return file.getvalue()


if __name__ == "__main__":
    PICTURE.write_bytes(draw())
