"""What every figure to play with does, in Chromium: sliders, keys, address, themes, paper, and no harm by anything."""

import re

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from opening import changed
from playing import BROKEN, FIGURES
from situations import ROOT

FOLDER = ROOT / "book" / "_static" / "explore"
SHARED = ["gaussian.js", "explore.js", "shapes.js", "panels.js", "plot.js"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
AXE_RULES = """async ([id, tags]) => (await axe.run("#" + id, {runOnly: tags, preload: false}))
    .violations.map(found => [found.id, found.nodes[0].html])"""
COLOURS = "paths => paths.map(path => getComputedStyle(path).fill + getComputedStyle(path).stroke)"
AT_ADDRESSES = """(figure, addresses) => addresses.map(address => {
    location.hash = "#explore&" + address;
    dispatchEvent(new HashChangeEvent("hashchange"));  // the browser's own comes later
    figure.explore.drawNow();
    return [...figure.querySelectorAll("svg path")].map(path => path.getAttribute("d") || "");
})"""
TARGETS = ".explore-button, .explore-choice span, .explore-check, input[type=range]"
ALL = pytest.mark.parametrize("name", FIGURES)
AWAY = {"transfer": "#explore&transfer.c=0.3"}  # where a figure starts at a bound at which nothing moves


def moved_by_keys(figure, handle, key):
    """Whether a key press on a handle changes the state, and leaves the page where it is."""
    handle.evaluate("handle => handle.focus({preventScroll: true})")
    before, top = figure.state, figure.page.evaluate("scrollY")
    figure.page.keyboard.press(key)
    return figure.state != before and figure.page.evaluate("scrollY") == top


@ALL
def test_sliders_address_and_reset(playing, name):
    """Each slider changes what is drawn, is written into the address, comes back from it, and Reset takes all back."""
    figure = playing(name, AWAY.get(name, ""))
    for slider in figure.controls().all():
        before = figure.shapes()
        assert moved_by_keys(figure, slider, "ArrowLeft") and figure.shapes() != before, slider.get_attribute(
            "aria-label"
        )
    there = figure.state
    address = figure.address()
    assert address.startswith(f"#explore&{name}.")
    again = playing(name, address)
    assert again.state == there
    again.place.get_by_role("button", name="Reset").click()
    again.rest()
    assert again.state == again.start and again.page.evaluate("location.hash") == ""


@ALL
def test_a_bad_address_does_no_harm(playing, name):
    """Whatever stands for a value, of each key alone and of all at once: the figure draws what can be drawn."""
    figure, addresses = playing(name), [f"{name}.no=1&other.rho=2"]
    for value in ("", "x", "NaN", "1e999", "-1e9", "1e9", "1,2,3", "Infinity", "0.123456789"):
        keys = [f"{name}.{key}={value}" for key in figure.start]
        addresses += [*keys, "&".join(keys)]
    for address, shapes in zip(addresses, figure.place.evaluate(AT_ADDRESSES, addresses)):
        assert any(shapes) and not any(map(BROKEN.search, shapes)), address


@ALL
def test_figures_of_one_page_share_the_address(playing, name):
    """What others wrote into it stays; an anchor of the page is no state."""
    figure = playing(name, "#explore&other.rho=0.5")
    assert figure.state == figure.start
    figure.controls().first.press("ArrowLeft")
    assert re.fullmatch(rf"#explore&other\.rho=0\.5&{name}\..+", figure.address())


@ALL
def test_handles_have_a_name_and_a_value_and_answer_to_arrows(playing, name):
    figure = playing(name)
    for handle in figure.place.locator("svg [role=slider]").all():
        assert handle.get_attribute("aria-label") and re.fullmatch(r"-?[\d.e-]+", handle.get_attribute("aria-valuenow"))
    for handle in figure.place.locator("svg [tabindex='0']").all():
        assert moved_by_keys(figure, handle, "ArrowUp"), handle.get_attribute("aria-label")


@ALL
def test_words_are_spoken_when_they_have_come_to_rest(playing, name):
    figure = playing(name)
    figure.rest()  # after what a test before this one did
    figure.controls().first.press("ArrowLeft")
    status = figure.place.locator("[role=status]").element_handle()
    figure.page.wait_for_function("status => status.textContent", arg=status)  # later on a busy machine
    figure.page.wait_for_timeout(500)
    seen, spoken = (figure.place.locator(part).text_content() for part in (".explore-words", "[role=status]"))
    assert spoken and not BROKEN.search(spoken)
    assert re.sub(r"\s", "", spoken) == re.sub(r"\s", "", seen)


@ALL
@pytest.mark.parametrize("screen", [(1280, "light"), (320, "dark")])
def test_axe_and_fingers(playing, name, screen):
    """Nothing for axe to find within the figure, nothing wider than the screen, targets of 44 pixels."""
    figure = playing(name)
    page = changed(figure.page, *screen)
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf8"))
    assert page.evaluate(AXE_RULES, [name, WCAG]) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= screen[0]
    targets = figure.place.locator(TARGETS).filter(visible=True).all()
    assert all(target.bounding_box()["height"] >= 44 for target in targets)
    changed(page, 1280, "light")


@ALL
def test_themes_are_css_alone(playing, name):
    """In the dark the same shapes have other colours."""
    figure = playing(name)
    paths = figure.place.locator("svg path")
    shapes, light = figure.shapes(), paths.evaluate_all(COLOURS)
    changed(figure.page, 1280, "dark")
    assert figure.shapes() == shapes
    dark = paths.evaluate_all(COLOURS)
    changed(figure.page, 1280, "light")
    assert all(a != b for a, b in zip(light, dark))


@pytest.mark.parametrize("name", ["icm", "lakes"])
def test_without_scripts_only_the_sentence_is_in_sight(name, book, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book[0] / "book" / f"{FIGURES[name]}.html").as_uri())
    place = page.locator(f"#{name}.explore")
    assert place.locator(".explore-still").is_visible() and not place.locator(".explore-text").is_visible()
    context.close()


@ALL
def test_without_scripts_and_on_paper_there_is_a_sentence(playing, name, book):
    place = book[1][f"book/{FIGURES[name]}.html"].select_one(f"#{name}.explore")
    assert "at rest" in place.select_one(".explore-still").get_text() and len(place.select(".explore-still a")) == 1
    assert place.select(".explore-live") == []
    figure = playing(name)
    still, live = figure.place.locator(".explore-still"), figure.place.locator(".explore-live")
    assert live.is_visible() and not still.is_visible()
    figure.page.emulate_media(media="print")
    assert still.is_visible() and not live.is_visible()
    figure.page.emulate_media(media="screen")


@pytest.mark.parametrize("name", ["icm", "lag", "next"])
def test_reset_does_not_glide_for_those_who_want_no_motion(playing, name):
    figure = playing(name, reduced_motion="reduce")
    figure.controls().first.press("ArrowLeft")
    assert figure.state != figure.start
    figure.place.get_by_role("button", name="Reset").click()
    assert figure.state == figure.start


@ALL
def test_a_question_under_a_figure_has_its_answer_in_a_fold_below(book, name):
    """On the page, and in the plain copy, where the figure is named and its text left out."""
    place = book[1][f"book/{FIGURES[name]}.html"].select_one(f"#{name}.explore")
    fold = place.find_next_sibling()
    assert "?" in place.select_one(".explore-text").get_text()
    assert fold.name == "details" and "sd-dropdown" in fold["class"] and len(fold.get_text()) > 60
    assert fold.summary.get_text(strip=True) == "An answer"
    copy = (ROOT / "book" / "plain" / f"{FIGURES[name]}.ipynb").read_text(encoding="utf8")
    figures = [other for other, page in FIGURES.items() if page == FIGURES[name]]
    assert copy.count("<summary>An answer</summary>") == len(figures)


def test_scripts_are_only_on_pages_that_have_a_figure(book):
    for name, page in book[1].items():
        scripts = page.select("script[src*='/explore/']")
        figures = sorted({place["data-explore"] for place in page.select(".explore")})
        wanted = [*SHARED, *(f"{figure}.js" for figure in figures)] if figures else []
        assert [script["src"].split("/")[-1].split("?")[0] for script in scripts] == wanted, name
        assert all(script.has_attr("defer") for script in scripts), name


def test_every_figure_is_tried_and_small():
    lines = {path.name: len(path.read_text(encoding="utf8").splitlines()) for path in FOLDER.glob("*.js")}
    assert set(lines) == {*SHARED, *(f"{name}.js" for name in FIGURES)}
    assert {name: n for name, n in lines.items() if name not in SHARED and n > 250} == {}
    assert lines["gaussian.js"] < 240
