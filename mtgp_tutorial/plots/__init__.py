"""Figures of the book: Axes in, Axes out. Nothing is computed here but bands, and nothing is shown."""

from mtgp_tutorial.plots.look import COLOURS as COLOURS
from mtgp_tutorial.plots.look import LINES as LINES
from mtgp_tutorial.plots.look import MARKERS as MARKERS
from mtgp_tutorial.plots.look import marker, role, style, use_style
from mtgp_tutorial.plots.panels import band, checks, differences, heatmap, inputs, tasks
from mtgp_tutorial.table.prediction import label

__all__ = [
    "band",
    "checks",
    "differences",
    "heatmap",
    "inputs",
    "label",
    "marker",
    "role",
    "style",
    "tasks",
    "use_style",
]
