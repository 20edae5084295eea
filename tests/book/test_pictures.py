"""First screens of each kind of page; a difference counts where the browser is the one they were made with.

`python tests/book/test_pictures.py` makes them again, for a change that was meant and looked at.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from building import build
from opening import BROWSER, opened
from PIL import Image, PngImagePlugin

ROOT = Path(__file__).resolve().parents[2]
PICTURES = Path(__file__).with_name("pictures")
PAGES = ("index", "book/five", "book/icm", "book/api", "book/references")
SCREENS = ((1280, "light"), (390, "dark"))
TOLERANCE = 6.0  # root mean square over all pixels, of 255; a heading that moves by a line gives 10 and more
# While the page is being laid out the theme scrolls the list of pages to the current one, or it does not: on a busy
# machine either happens, which makes 17. So the list is put at its beginning, once two frames have been drawn.
FROM_THE_TOP = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    document.querySelectorAll("div.bd-sidebar").forEach(list => (list.scrollTop = 0));
}"""
CASES = [(page, *screen) for page in PAGES for screen in SCREENS]


def place(name, width, theme):
    return PICTURES / f"{name.replace('/', '-')}-{width}-{theme}.png"


def taken(browser, html, name, width, theme):
    """A first screen as it is now."""
    page, _ = opened(browser, html / f"{name}.html", width, theme)
    page.evaluate("() => document.fonts.ready")
    page.evaluate(FROM_THE_TOP)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    page.context.close()
    return picture


@pytest.mark.slow
@pytest.mark.parametrize("name, width, theme", CASES)
def test_a_first_screen_looks_as_it_did(book, chromium, name, width, theme):
    stored, fresh = Image.open(place(name, width, theme)), taken(chromium, book[0], name, width, theme)
    assert stored.size == fresh.size
    pixels = [np.asarray(image.convert("RGB"), dtype=float) for image in (stored, fresh)]
    apart = np.sqrt(np.mean((pixels[0] - pixels[1]) ** 2))
    if apart >= TOLERANCE and stored.info["browser"] != chromium.version:
        pytest.skip(f"{apart:.1f} apart, but made with Chromium {stored.info['browser']}: this is {chromium.version}")
    assert apart < TOLERANCE


def store():
    """Take all pictures; the browser's version is written into each."""
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        html = build(ROOT, Path(folder))[0]
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        version = PngImagePlugin.PngInfo()
        version.add_text("browser", browser.version)
        for case in CASES:
            picture = taken(browser, html, *case).quantize(64)
            picture.save(place(*case), pnginfo=version, optimize=True)


if __name__ == "__main__":
    store()
