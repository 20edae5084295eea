"""Every built page in headless Chromium, read from disk with the network cut off, on a desktop and on a phone."""

import pytest

WIDTHS = {"desktop": 1280, "phone": 390}

# Text outside code, for traces of mathematics that nobody typeset.
PROSE = """() => {
    const body = document.body.cloneNode(true);
    body.querySelectorAll("pre, code, script, style, mjx-container").forEach(element => element.remove());
    return body.textContent;
}"""
TYPESET = "async () => { if (window.MathJax && MathJax.startup) await MathJax.startup.promise; }"
UNTYPESET = "() => [...document.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container')).length"
# MathJax draws an unknown command in red instead of calling it an error
MATHS_ERRORS = """() =>
    [...document.querySelectorAll("mjx-merror, mjx-mtext[style*=red]")].map(error => error.textContent)"""
PAGE_WIDTH = "() => document.documentElement.scrollWidth"


def is_outside(url):
    """Whether an address is not on this disk (data: and blob: are parts of the page itself)."""
    return not url.startswith(("file:", "data:", "blob:"))


def look_at(page, path):
    """Open one page and note everything that a test below asks for."""
    notes = {"requested outside": [], "failed": [], "console": []}
    page.on("console", lambda message: message.type == "error" and notes["console"].append(message.text))
    page.on("pageerror", lambda error: notes["console"].append(str(error)))
    page.on("requestfailed", lambda request: notes["failed"].append(request.url))
    page.on("request", lambda request: is_outside(request.url) and notes["requested outside"].append(request.url))
    page.route(is_outside, lambda route: route.abort())
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate(TYPESET)
    notes["maths errors"] = page.evaluate(MATHS_ERRORS)
    notes["untypeset"] = page.evaluate(UNTYPESET)
    notes["raw"] = [mark for mark in (r"\(", r"\[", "$", r"\begin{") if mark in page.evaluate(PROSE)]
    notes["width"] = page.evaluate(PAGE_WIDTH)
    return notes


@pytest.fixture(scope="session")
def seen(book, chromium):
    """(page, device) -> what was noted there."""
    html, pages = book
    notes = {}
    for name in (name for name, page in pages.items() if not page.select("meta[http-equiv=refresh]")):
        for device, width in WIDTHS.items():
            context = chromium.new_context(viewport={"width": width, "height": 844})
            notes[name, device] = look_at(context.new_page(), html / name)
            context.close()
    return notes


def where(seen, question):
    """The pages for which a note is not empty."""
    return {key: notes[question] for key, notes in seen.items() if notes[question]}


def test_nothing_is_asked_of_the_network(seen):
    assert where(seen, "requested outside") == {}


def test_no_request_fails(seen):
    assert where(seen, "failed") == {}


def test_the_console_is_silent(seen):
    assert where(seen, "console") == {}


def test_mathematics_is_typeset(seen, book):
    assert where(seen, "maths errors") == where(seen, "untypeset") == where(seen, "raw") == {}
    assert any(page.select(".math") for page in book[1].values())


def test_no_page_is_wider_than_its_screen(seen):
    assert {key: notes["width"] for key, notes in seen.items() if notes["width"] > WIDTHS[key[1]]} == {}


def test_an_old_address_leads_to_where_its_section_is_now(book, chromium):
    page = chromium.new_context().new_page()
    page.goto((book[0] / "book" / "gp.html").as_uri() + "#equation-nlpd", wait_until="load")
    page.wait_for_url("**/scores.html#equation-nlpd", timeout=5000)
    assert page.evaluate("() => document.getElementById('equation-nlpd') !== null")
