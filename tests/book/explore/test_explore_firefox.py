"""The figures to play with in Firefox: they say what the module says, and answer to keys there too."""

import json
from pathlib import Path

import pytest
import situations  # tools/situations.py
from firefox import FIREFOX, firefox
from playing import BROKEN, FIGURES

ASKING = Path(__file__).with_name("asking.js").read_text(encoding="utf8")
STORED = json.loads(situations.STORED.read_text(encoding="utf8"))
PLACE = "const figure = document.getElementById(arguments[0]); "

pytestmark = [pytest.mark.slow, pytest.mark.skipif(FIREFOX is None, reason="no Firefox on this machine")]


@pytest.fixture(scope="module")
def fox():
    with firefox() as running:
        yield running


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_stands_on_its_page_and_a_slider_moves_it(book, fox, name):
    fox.open(book[0] / "book" / f"{FIGURES[name]}.html")
    shapes = PLACE + "return [...figure.querySelectorAll('svg path')].map(path => path.getAttribute('d') || '');"
    before = fox.script(shapes, name)
    assert any(before) and not any(map(BROKEN.search, before))
    fox.script(
        PLACE + "(figure.querySelector('input[type=range]') || figure.querySelector('.explore-handle')).focus();", name
    )
    fox.press("\ue012")  # to the left
    fox.script(PLACE + "figure.explore.drawNow();", name)
    assert fox.script(shapes, name) != before
    assert fox.script("return document.documentElement.scrollWidth <= innerWidth;")


def test_the_kernel_says_there_too_what_the_module_says(book, fox):
    fox.open(book[0] / "book" / "icm.html")
    worst = fox.script(ASKING + "; return [window.asking.worst(arguments[0]), window.asking.laws()];", STORED)
    assert max(worst[0].values()) < 1e-8 and worst[1] == {}
