"""Open a built page in Chromium, from disk with the network cut off, and note what goes wrong on the way."""

import os
import shutil
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf8")
TYPESET = "async () => { await document.fonts.ready; }"
OPEN_FOLDS = """() => {
    document.querySelectorAll("details").forEach(fold => (fold.open = true));
    document.querySelectorAll(".toggle-hidden button.toggle-button").forEach(button => button.click());
}"""
# figures.js measures its boxes again 150 ms after a change; a later timer comes after that, however slow the machine.
# Colours pass from theme to theme in transitions, which are brought to their end (to wait for it can take for ever),
# and again, for what inherits a colour may only then begin its own.
SETTLED = """async () => {
  await new Promise(done => { dispatchEvent(new Event("resize")); setTimeout(done, 200); });
  for (let round = 0; round < 20; round++) {
    const running = document.getAnimations().filter(one => one instanceof CSSTransition);
    if (round && !running.length) break;
    running.forEach(one => one.finish());
    await new Promise(done => setTimeout(done, 50));
  }
}"""
HAS_THEME = "theme => document.documentElement.dataset.theme === theme"


def is_outside(url):
    """Whether an address is not on this disk (data: and blob: are parts of the page itself)."""
    return not url.startswith(("file:", "data:", "blob:"))


def opened(browser, path, width=1280, theme="light", **options):
    """A page with its mathematics set, and a dictionary of what was noted while it loaded."""
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": theme, **options}
    page = browser.new_context(**options).new_page()
    notes = {"outside": [], "failed": [], "console": [], "asked": []}
    page.on("console", lambda message: message.type == "error" and notes["console"].append(message.text))
    page.on("pageerror", lambda error: notes["console"].append(str(error)))
    page.on("requestfailed", lambda request: notes["failed"].append(request.url))
    page.on("request", lambda request: notes["outside" if is_outside(request.url) else "asked"].append(request.url))
    page.route(is_outside, lambda route: route.abort())
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate(TYPESET)
    page.evaluate(LOOK)
    return page, notes


def changed(page, width, theme):
    """The same page on another screen: it follows without loading again, as when a reader turns the phone."""
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(HAS_THEME, arg=theme)  # a busy page hears of it late
    page.evaluate(SETTLED)
    return page


def required():
    """Whether MTGP_REQUIRE_BROWSER=1 forbids to skip what needs a browser."""
    return os.environ.get("MTGP_REQUIRE_BROWSER") == "1"
