"""No letter of a stored figure is too small for a phone; what is too small is noticed."""

import base64
import io

import bookmap  # tools/bookmap.py
import lettering  # tools/lettering.py
import matplotlib as mpl
import nbformat
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from stamp import ROOT

from mtgp_tutorial import plots

CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
LEAST = 8  # pixels


def stored(path):
    """The figures of a notebook, by the number of their cell."""
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield number, Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_letters_can_be_read_on_a_phone(path):
    pixels = {number: lettering.on_phone(picture) for number, picture in stored(path)}
    assert {number: size for number, size in pixels.items() if size < LEAST} == {}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_the_ground_of_figures_is_white(path):
    """Turned over on a dark page it becomes the page's own ground."""
    for number, picture in stored(path):
        right, low = picture.width - 1, picture.height - 1
        corners = [picture.convert("RGB").getpixel(place) for place in ((0, 0), (right, 0), (0, low), (right, low))]
        assert corners == 4 * [(255, 255, 255)], number


@pytest.fixture
def watched(monkeypatch):
    """A figure 6.4 inches wide, and its PNG as a watched kernel writes it."""
    monkeypatch.setattr(FigureCanvasAgg, "print_png", FigureCanvasAgg.print_png)
    lettering.watch()
    figure = Figure(figsize=(6.4, 3), dpi=200)

    def written():
        file = io.BytesIO()
        figure.savefig(file, format="png")
        return Image.open(file)

    return figure, written


@pytest.mark.parametrize("words, points", [("plain", 11.5), ("$x$", 11.5), ("$x_1$", 8.05), ("$B_{s_1}$", 5.635)])
def test_the_smallest_letter_is_found(watched, words, points):
    figure, written = watched
    figure.text(0.5, 0.5, words, size=11.5)
    figure.text(0.5, 0.2, "larger", size=14)
    assert float(written().info[lettering.KEY]) == pytest.approx(points)
    assert lettering.on_phone(written()) == pytest.approx(points * 100 / 72 * 358 / 640, rel=1e-3)


def test_letters_of_the_map_can_be_read_on_a_phone():
    titles = {name: "A chapter" for name in bookmap.CHAPTERS}
    with mpl.rc_context():
        plots.use_style()
        figure = bookmap.draw(titles)
    points = lettering.smallest(FigureCanvasAgg(figure))
    assert points * lettering.COLUMN / (72 * figure.get_figwidth()) >= LEAST
