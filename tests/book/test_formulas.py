"""Formulas as the build draws them: the spaces of TeX, letters of other alphabets, and what cannot be read."""

import html
import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.errors import SphinxError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
import formulas  # noqa: E402  (the folder has to be named first)

THIN, MEDIUM, THICK = 0.167, 0.222, 0.278


def spaces(tex):
    """The widths of all spaces of a formula, in its order."""
    return [float(width) for width in re.findall(r'<mspace width="([\d.]+)em"', formulas.mathml(tex, False))]


@pytest.mark.parametrize(
    ("tex", "wanted"),
    [
        ("a = b", [THICK, THICK]),
        ("a + b", [MEDIUM, MEDIUM]),
        ("a = -b", [THICK, THICK]),  # a sign, and no difference
        (r"\log L", [THIN]),
        (r"\log(L)", []),
        (r"\log |C|", [THIN]),
        (r"\frac12\log L", [THIN, THIN]),
        (r"\tfrac12\operatorname{tr}(A)", [THIN]),
        (r"\frac{a}{b} c", []),
        (r"\tfrac12 |C|", []),
        ("n^3/3", []),
        (r"p(y \mid x)", [THICK, THICK]),
        ("k(x, y)", [THIN]),
        ("x_{a=b}", []),
    ],
)
def test_spaces_are_those_of_tex(tex, wanted):
    assert spaces(tex) == wanted


@pytest.mark.parametrize("tex, large", [(r"K \otimes B", True), (r"a \oplus b", True), ("a + b", False)])
def test_a_sign_between_two_matrices_is_no_large_operator(tex, large):
    """Firefox takes it for one in a formula that stands alone."""
    assert ('largeop="false"' in formulas.mathml(tex, True)) == large


@pytest.mark.parametrize(
    ("tex", "seen"),
    [
        (r"\mathcal{N}\mathcal{L}", "𝒩ℒ"),
        (r"\mathbb{R}\mathbb{E}", "ℝ𝔼"),
        (r"\mathbf{1}\mathbf{x}", "𝟏𝐱"),
        (r"\operatorname{diag}(B)", "diag(B)"),
    ],
)
def test_letters_of_other_alphabets_are_characters(tex, seen):
    found = formulas.mathml(tex, False)
    assert BeautifulSoup(found, "html.parser").get_text() == seen
    assert re.findall('mathvariant="(?!normal)', found) == []


@pytest.mark.parametrize(
    ("tex", "why"),
    [(r"\frac{a", "brace"), (r"\nosuchsign", "nosuchsign"), (r"\mathcal{1}", "1"), (r"\mathsf{x}", "sans-serif")],
)
def test_what_cannot_be_read_stops_the_build_and_is_named(tex, why):
    with pytest.raises(SphinxError, match=why) as refused:
        formulas.mathml(tex, False)
    assert tex in str(refused.value)


def test_every_letter_of_every_formula_is_in_the_face(book, chromium):
    """As Chromium tells which faces it drew with."""
    page = chromium.new_page()
    page.goto((book[0] / "book" / "icm.html").as_uri(), wait_until="load")
    text = "".join(sorted({one for there in book[1].values() for m in there.select("math") for one in m.get_text()}))
    signs = "".join(f"<mi>{html.escape(one)}</mi>" for one in text if not one.isspace())
    page.evaluate("signs => (document.body.innerHTML = `<math id='all'>${signs}</math>`)", signs)
    page.evaluate("() => document.fonts.ready.then(() => 0)")
    client = page.context.new_cdp_session(page)
    client.send("DOM.enable")
    client.send("CSS.enable")
    root = client.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
    node = client.send("DOM.querySelector", {"nodeId": root, "selector": "#all"})["nodeId"]
    faces = client.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert [face["familyName"] for face in faces if not face["isCustomFont"]] == [], faces
    page.close()
