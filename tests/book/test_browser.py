"""Every built page in headless Chromium: at three widths and in two themes, with folds closed and open.

What is measured stands in look.js.
"""

import time
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH  # axe-core, with the package
from opening import OPEN_FOLDS, changed, opened

WIDTHS = (1280, 768, 390)
THEMES = ("light", "dark")
ONCE = ("pictures", "maths")  # what does not depend on the screen
EACH = ("wide", "cut", "edges", "overlaps", "small", "links", "keyboard")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Contrast takes axe nine tenths of its time, so of texts alike in tags, classes and styles up to the fourth parent it
# sees the first.
AXE_RULES = """async tags => {
    const kinds = new Map(), name = at => [at.tagName, at.getAttribute("class"), at.getAttribute("style")].join();
    for (const text of document.querySelectorAll("body :not(math, math *)")) {
        const said = [...text.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        let kind = "";
        for (let at = text, up = 0; at && up < 5; at = at.parentElement, up++) kind += name(at) + "|";
        if (said && !kinds.has(kind) && text.checkVisibility({ visibilityProperty: true })) kinds.set(kind, text);
    }
    const rules = {"label-content-name-mismatch": {enabled: true}, "color-contrast": {enabled: false}};
    const brief = {resultTypes: ["violations"], preload: false};
    const found = [await axe.run(document, {runOnly: tags, rules, ...brief}),
        await axe.run({include: [...kinds.values()]}, {runOnly: ["color-contrast"], ...brief})];
    return found.flatMap(one => one.violations).map(v => [v.id, v.nodes[0].html]);
}"""
SHIFTS = """new PerformanceObserver(list => { for (const one of list.getEntries())
    window.shifted = (window.shifted || 0) + one.value; }).observe({type: "layout-shift", buffered: true});"""
COLOURS = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.borderLeftColor]; }"
FEW_KINDS = ("book/icm", "book/references", "genindex", "search")  # for axe on two screens


def faults(page, names):
    """What look.js finds, by name."""
    found = {name: page.evaluate(f"look.{name}()") for name in names}
    return {name: list_[:5] for name, list_ in found.items() if list_}


def all_over(page):
    """The faults of one page on every screen."""
    found = {"once": faults(page, ONCE)}
    for width, theme in ((1280, "light"), (768, "light"), (390, "dark")):  # no box is measured otherwise in the dark
        changed(page, width, theme)
        found[width] = faults(page, EACH)
    page.evaluate(OPEN_FOLDS)
    for width in (1440, 320):
        changed(page, width, "light")
        found[f"{width} open"] = faults(page, EACH)
    return {screen: fault for screen, fault in found.items() if fault}


def names(book):
    """The pages, without those that only lead on."""
    return [name.removesuffix(".html") for name, page in book[1].items() if not page.select("meta[http-equiv=refresh]")]


def weighed(asked):
    """Bytes and requests of a page before its figures."""
    paths = [address.removeprefix("file://").partition("?")[0] for address in asked if address.startswith("file:")]
    files = [Path(name) for name in paths if "/_images/" not in name]
    size = sum(file.stat().st_size for file in files if file.is_file())
    return size, len(files)


@pytest.fixture(scope="session")
def seen(book, chromium):
    """page -> what was noted while it loaded, what was found on it, and its weight."""
    result = {}
    for name in names(book):
        page, notes = opened(chromium, book[0] / f"{name}.html")
        weight = weighed(notes["asked"])  # before the figures; they are asked for below, and noted in the same list
        found = all_over(page)
        result[name] = notes | {"found": found, "weight": weight}
        page.context.close()
    return result


@pytest.mark.parametrize("question", ["outside", "failed", "console", "found"])
def test_nothing_is_wrong_on_any_page(seen, question):
    """Nothing asked of the network, no request that fails, a silent console; nothing found by look.js."""
    assert {name: notes[question] for name, notes in seen.items() if notes[question]} == {}


def accessible(chromium, path, screens):
    """What axe-core finds on a page with all folds open."""
    page, _ = opened(chromium, path)
    page.evaluate(OPEN_FOLDS)
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf8"))
    found = {screen: changed(page, *screen).evaluate(AXE_RULES, RULES) for screen in screens}
    page.context.close()
    return {screen: violations for screen, violations in found.items() if violations}


@pytest.mark.parametrize("name", FEW_KINDS)
def test_axe_finds_nothing(book, chromium, name):
    assert accessible(chromium, book[0] / f"{name}.html", [(1280, "light"), (390, "dark")]) == {}


@pytest.mark.slow
def test_axe_finds_nothing_on_any_page(book, chromium):
    """Each on one screen, in turn: four kinds are on two, above."""
    screens = [(width, theme) for width in WIDTHS for theme in THEMES]
    found = {
        name: accessible(chromium, book[0] / f"{name}.html", [screens[place % 6]])
        for place, name in enumerate(sorted(names(book)))
    }
    assert {name: faults_ for name, faults_ in found.items() if faults_} == {}


def test_a_page_is_light(book, seen):
    """A page takes less than 1.1 MB and 40 requests before its figures; the search has the words of all pages."""
    found = {name: notes["weight"] for name, notes in seen.items() if name != "search"}
    assert {name: one for name, one in found.items() if one[0] >= 1.1e6 or one[1] >= 40} == {}


@pytest.mark.parametrize("name", ["book/gp", "book/icm", "book/lmc", "book/decide", "book/wrong", "index", "search"])
def test_the_page_stays_where_it_was_drawn(book, chromium, name):
    """Also where its faces come after the first paint, and a figure to play with after that."""
    page = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.add_init_script(SHIFTS)
    page.route("**/*.woff2*", lambda route: (time.sleep(0.2), route.continue_()))
    page.goto((book[0] / f"{name}.html").as_uri() + "?q=missing+values" * (name == "search"), wait_until="load")
    if name == "search":
        page.wait_for_selector("#search-results li")
    page.evaluate("() => document.fonts.ready.then(() => 0)")
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.shifted || 0") < 0.02
    page.context.close()


def test_without_scripts_links_and_boxes_have_their_colours(book, chromium):
    """What is asked of a link, a box and the ground is the same with scripts and without."""
    found = []
    for scripts in (True, False):
        page = chromium.new_context(java_script_enabled=scripts, color_scheme="light").new_page()
        page.goto((book[0] / "book" / "proofs.html").as_uri(), wait_until="load")
        found.append(
            [page.locator(one).first.evaluate(COLOURS) for one in ("article p a", ".cell_input", ".proof", "body")]
        )
        page.context.close()
    assert found[0] == found[1]
    assert found[0][0][0] == "rgb(43, 79, 163)"


def test_on_paper_a_chapter_has_its_number_and_a_formula_too(book, chromium):
    page, _ = opened(chromium, book[0] / "book" / "icm.html")
    page.emulate_media(media="print")
    titles = [title.inner_text().removesuffix("#") for title in page.locator("h1").all() if title.is_visible()]
    assert titles == ["7. The ICM: one kernel, one matrix"]
    breaks = {box.evaluate("e => getComputedStyle(e).breakInside") for box in page.locator("div.math").all()}
    assert page.locator("div.math > .eqno").count() > 2 and breaks == {"avoid"}
    folded = page.locator("details figure[id]").all()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded and all(figure.is_visible() for figure in folded)
    assert not any(code.is_visible() for code in page.locator("details:has(figure) .cell_input").all())
    page.context.close()


def test_focus_is_visible_everywhere(book, chromium):
    """Each stop of the Tab key on a page looks different with the focus on it."""
    page, _ = opened(chromium, book[0] / "book" / "icm.html")
    hidden = []
    for _ in range(60):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.outerHTML.slice(0, 80), s.outlineStyle, parseFloat(s.outlineWidth), s.boxShadow]; }"
        )
        if (style[1] == "none" or not style[2]) and style[3] == "none":
            hidden.append(style[0])
    page.context.close()
    assert hidden == []


def test_a_tap_enlarges_a_figure(book, chromium):
    page, _ = opened(chromium, book[0] / "book" / "icm.html", 390)
    image = page.locator("article a.image-reference img").first
    before = image.bounding_box()["width"]
    image.click()
    large = page.locator("#figure-view img")
    assert large.bounding_box()["width"] > 1.5 * before
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    assert not large.is_visible()
    page.context.close()


def test_an_old_address_leads_to_where_its_section_is_now(book, chromium):
    page = chromium.new_context().new_page()
    page.goto((book[0] / "book" / "gp.html").as_uri() + "#equation-nlpd", wait_until="load")
    page.wait_for_url("**/scores.html#equation-nlpd")
    assert page.evaluate("() => document.getElementById('equation-nlpd') !== null")
