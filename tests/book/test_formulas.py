"""Formulas as the build draws them: letters of other alphabets, all of them in the face of the pages."""

import html
import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
import formulas  # noqa: E402  (the folder has to be named first)


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
