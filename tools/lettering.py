"""How small the letters of a figure are: measured as Matplotlib writes it, and kept in the PNG.

`tools/notebooks.py` lets every notebook's kernel `watch`, so that each stored figure says what its smallest letter is.
`on_phone` turns that into pixels of a screen 390 pixels wide. `tests/book/test_figures.py` asks for 8.
"""

from __future__ import annotations

import functools
from typing import Any
from unittest.mock import patch

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from PIL import Image

KEY = "Smallest letter"
COLUMN = 358  # pixels of a text column on a phone
SHARPNESS = 2  # pixels of a stored figure for each of the page


def sizes(words: str, face: FontProperties, formula: bool) -> list[float]:
    """The sizes of letters in points: those of a formula have several."""
    if not formula:
        return [float(face.get_size_in_points())]
    return [float(glyph[1]) for glyph in MathTextParser("path").parse(words, 72, face).glyphs]


def smallest(canvas: Any) -> float | None:
    """The smallest letter that is drawn, in points; None without letters."""
    found: list[float] = []

    def listen(renderer: Any, gc: Any, x: Any, y: Any, s: str, prop: Any, angle: Any, ismath: Any, mtext: Any) -> None:
        found.extend(sizes(s, prop, bool(ismath)))

    with patch.object(RendererAgg, "draw_text", listen):
        canvas.draw()
    return min(found, default=None)


def on_phone(picture: Image.Image) -> float:
    """Height in pixels of the smallest letter of a stored figure, where the column is narrow.

    Raises ValueError for a figure that was not watched.
    """
    if KEY not in picture.info:
        raise ValueError("figure: does not say how small its letters are; run tools/notebooks.py")
    shrunk = min(1 / SHARPNESS, COLUMN / picture.width)
    return float(picture.info[KEY]) * picture.info["dpi"][1] / 72 * shrunk


def watch() -> None:
    """From now on each PNG that Matplotlib writes has its smallest letter, in points, beside its picture."""
    write = FigureCanvasAgg.print_png

    @functools.wraps(write)
    def and_measure(canvas: Any, target: Any, *, metadata: Any = None, **others: Any) -> None:
        size = smallest(canvas)
        found = {} if size is None else {KEY: f"{size:.3f}"}
        write(canvas, target, metadata={**found, **(metadata or {})}, **others)

    FigureCanvasAgg.print_png = and_measure  # type: ignore[assignment,method-assign]
