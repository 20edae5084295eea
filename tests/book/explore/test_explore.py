"""What every figure to play with does, in Chromium: controls, address, screens, themes, paper; and no harm."""

import re

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playing import BROKEN, FIGURES
from situations import ROOT

FOLDER = ROOT / "book" / "_static" / "explore"
SHARED = ["gaussian.js", "explore.js", "shapes.js", "panels.js", "plot.js"]
# What axe finds; contrast, which takes it most of its time, of one text of each kind.
AXE_RULES = """async id => {
    const kinds = new Map(), kind = at => [at.tagName, at.getAttribute("class")].join();
    for (const text of document.querySelectorAll(`#${id} .explore-live *`)) {
        const words = [...text.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        const name = [text, text.parentElement, text.parentElement.parentElement].map(kind).join();
        if (words && !kinds.has(name) && text.checkVisibility({ visibilityProperty: true })) kinds.set(name, text);
    }
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const rules = {"color-contrast": {enabled: false}};
    const found = [await axe.run("#" + id, {runOnly, rules, preload: false}),
        await axe.run({include: [...kinds.values()]}, {runOnly: ["color-contrast"], preload: false})];
    return found.flatMap(one => one.violations).map(one => [one.id, one.nodes[0].html]); }"""
COLOURS = "paths => paths.map(path => getComputedStyle(path).fill + getComputedStyle(path).stroke)"
AT_ADDRESSES = """(figure, addresses) => addresses.map(address => {
    location.hash = "#explore&" + address;
    dispatchEvent(new HashChangeEvent("hashchange"));  // the browser's own comes later
    figure.explore.drawNow();
    return [...figure.querySelectorAll("svg path")].map(path => path.getAttribute("d") || "");
})"""
SMALL_TARGETS = """figure => [...figure.querySelectorAll(
    ".explore-button, .explore-choice span, .explore-check, input[type=range]")]
    .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"""
# Each control: its name, whether the state changes by a key, and whether the page stays where it is.
MOVED = """async figure => { const found = [];
    const frames = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const press = (control, key) => {
        const slider = control.matches("input"), before = slider && control.value;
        const down = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
        if (control.dispatchEvent(down) && slider) {
            key === "ArrowLeft" ? control.stepDown() : control.stepUp();
            if (control.value !== before) control.dispatchEvent(new Event("input", {bubbles: true}));
        }
    };
    for (const control of figure.querySelectorAll("input[type=range], svg [tabindex='0']")) {
        if (!control.getClientRects().length) continue;
        control.focus({preventScroll: true});
        const [state, top] = [JSON.stringify(figure.explore.state), scrollY];
        const drawn = () => [...figure.querySelectorAll(control.matches("input") ? "svg path" : "svg")]
            .map(one => one.getAttribute("d") ?? one.innerHTML).join();
        const before = drawn();
        for (const key of ["ArrowLeft", "ArrowUp", "ArrowRight"]) {
            if (JSON.stringify(figure.explore.state) !== state) break;
            press(control, key);
            await frames();
        }
        const moved = JSON.stringify(figure.explore.state) !== state && drawn() !== before && scrollY === top;
        const value = control.matches("input, [role=slider]") ? control.ariaValueNow ?? control.value : "0";
        found.push([control.getAttribute("aria-label"), moved, value]);
    }
    return found; }"""
# Its stops of the Tab key in their order, of which part each is.
STOPS = """figure => { const places = ["bar", "stage", "beside", "keys"];
    const stops = figure.querySelectorAll(".explore-live :is(button, input, summary, [tabindex='0'])");
    return [...stops].map(stop => places.findIndex(where => stop.closest(`.explore-${where}`))); }"""
# Sliders whose name does not begin with the words in sight, and titles that something is drawn upon.
MISNAMED = """figure => [...figure.querySelectorAll(".explore-slider")].filter(label => !label.querySelector("input")
    .ariaLabel.startsWith(label.firstElementChild.firstChild.data)).map(label => label.textContent)"""
COVERED = """figure => [...figure.querySelectorAll(".explore-plot > .explore-title")].filter(title =>
    title.nextElementSibling && !title.nextElementSibling.matches(".explore-title")).map(title => title.textContent)"""
HEIGHT = """figure => { const live = figure.querySelector(".explore-live"), top = live.getBoundingClientRect().top;
    const parts = [...live.querySelectorAll("*")].filter(part => !part.closest(".explore-keys, .explore-spoken"));
    const ends = parts.filter(part => part.getClientRects().length).map(part => part.getBoundingClientRect().bottom);
    return Math.max(...ends) - top; }"""
BESIDE = """figure => { const plots = [...figure.querySelectorAll(".explore-plot")];
    const plot = plots.find(one => one.getClientRects().length);
    return [...figure.querySelectorAll(".explore-slider")].map(slider =>
        slider.getBoundingClientRect().left >= plot.getBoundingClientRect().right); }"""
# For each slider the least height of a screen that holds it and the whole of a picture that it moves.
SPANS = """figure => { const ui = figure.explore, inputs = [...figure.querySelectorAll(".explore-slider input")];
    const pictures = () => [...figure.querySelectorAll(".explore-live svg")].filter(svg => svg.getClientRects().length);
    const drawn = svg => String([...svg.querySelectorAll("path, g")]
        .flatMap(part => [part.getAttribute("d"), part.getAttribute("transform")]));
    return inputs.map(input => {
        ui.change(state => Object.assign(state, structuredClone(ui.start)));
        ui.drawNow();
        const before = pictures().map(drawn), value = input.value;
        input.stepDown();
        if (input.value === value) input.stepUp();
        input.dispatchEvent(new Event("input", {bubbles: true}));
        ui.drawNow();
        const moved = pictures().filter((svg, i) => drawn(svg) !== before[i]).map(svg => svg.getBoundingClientRect());
        const { top, bottom } = input.closest(".explore-slider").getBoundingClientRect();
        return Math.min(...moved.map(box => Math.max(bottom, box.bottom) - Math.min(top, box.top)));
    }); }"""
ALL = pytest.mark.parametrize("name", FIGURES)
LAPTOP, PHONE, HEADER = 640, 844, 48  # pixels; the header of a page stays in sight
AWAY = {"transfer": "&transfer.c=0.3"}  # where a figure starts at a bound at which nothing moves
WIDER = "document.documentElement.scrollWidth - innerWidth"
KEPT = {  # changes after which what is kept of a figure must be what a fresh computation gives
    "icm": "y1[3] = 2; rho = 0.3; y2[1] = -1; view = 1; noise = 0.5; at = 2; off = [0, 20]; x[4] = 9; sd[1] = 0.4; "
    "l = 3; gap = [1, 2]",
    "holes": "rho = 0.3; off = [1, 2, 3, 20]; assumed = 0.1; draw = 9; truth = 1",
    "hole": "to[0] = 30; others = 1; method = 2; table = 2; column[2] = 1",
    "posterior": "y[3] = 2; x[4] = 0; l = 5; draws = 1; y[1] = -1; noise = 0.5; view = 0; x.push(3), s.y.push(1)",
    "lmc": "y1[4] = 1; rho = [0.9, 0.3]; fast = 1.2; slow = 4; sd = [1, 0.5]; noise = 0.5; gap = [2, 9]; view = 1",
    "lag": "delay = 1; allow = 1; l = 1.5; delay = 0.3; noise = 0.3; allow = 0",
    "lakes": "to[0] = 1950; crew = 3; off[3] = 1; from[3] = 1940; off[0] = 0; crew = 2",
    "next": "bought.push(20); wanted = 2; stretch = [0.5, 3.5]; draw = 5; price = [1, 1]; wanted = 1; bought = [6, 19]",
}
WRITTEN_BEFORE = """async address => {
    const heard = new Promise(done => addEventListener("hashchange", done, {once: true}));
    location.hash = address;
    history.replaceState(null, "", location.pathname);
    await heard;
}"""
FAR = """(figure, changes) => {
    const ui = figure.explore, compute = MTGP[figure.dataset.explore].compute;
    const far = (a, b) => a === b || Number.isNaN(a) && Number.isNaN(b) || typeof b === "function" ? 0
        : typeof b === "number" ? Math.abs(a - b)
        : b && typeof b === "object" ? Object.keys(b).reduce((most, key) => Math.max(most, far(a[key], b[key])), 0) : 1;
    return changes.map(change => {
        ui.change(new Function("s", "s." + change));
        ui.drawNow();
        return far(compute(ui.state, (name, key, make) => ui.keep(name, key, make)), compute(ui.state));
    });
}"""


@ALL
def test_controls_address_and_reset(playing, name):
    """Each control has a name and a value, and moves what is drawn; the address says it, beside what others say there,
    and gives it back; what is seen is told when it has come to rest; Reset takes all back."""
    hash = f"#explore&other.rho=0.5{AWAY.get(name, '')}"
    figure = playing(name, hash)
    assert (figure.state == figure.start) is (name not in AWAY)
    before = figure.words()
    for label, moved, value in figure.place.evaluate(MOVED):
        assert label and moved and re.fullmatch(r"-?[\d.e-]+", value), (label, moved, value)
    there, address = figure.state, figure.address()
    assert address.startswith("#explore&other.rho=0.5&") and f"&{name}." in address
    spoken, seen = (figure.place.locator(part).text_content() for part in ("[role=status]", ".explore-words"))
    assert not BROKEN.search(spoken)
    assert figure.words() == before or re.sub(r"\s", "", spoken) == re.sub(r"\s", "", seen)
    again = playing(name, address.replace("other.rho=0.5&", ""))
    assert again.state == there
    again.press("Reset")
    assert again.state == again.start and again.page.evaluate("location.hash") == ""


def test_an_address_is_followed_though_the_figure_writes_its_own_before_it_hears_of_it(playing):
    figure = playing("hole")
    figure.page.evaluate(WRITTEN_BEFORE, "#explore&hole.others=2")
    assert figure.state["others"] == 2 and figure.address() == "#explore&hole.others=2"


@ALL
def test_a_bad_address_does_no_harm(playing, name):
    """Whatever stands for a value, of each key alone and of all at once: the figure draws what can be drawn."""
    figure, addresses = playing(name), [f"{name}.no=1&other.rho=2"]
    for value in ("", "x", "NaN", "1e999", "-1e9", "1e9", "1,2,3", "0.123456789"):
        keys = [f"{name}.{key}={value}" for key in figure.start]
        addresses += [*keys, "&".join(keys)]
    for address, shapes in zip(addresses, figure.place.evaluate(AT_ADDRESSES, addresses)):
        assert any(shapes) and not any(map(BROKEN.search, shapes)), address


@ALL
def test_it_fits_every_screen_in_both_themes(playing, name):
    """A laptop has it whole, in each state of its choices, sliders beside the plots; nothing is wider than the screen;
    nothing for axe to find; in the dark the same shapes have other colours."""
    figure = playing(name)
    paths = figure.place.locator("svg path")
    light, shapes = paths.evaluate_all(COLOURS), figure.shapes()
    figure.page.evaluate(AXE_FILE_PATH.read_text(encoding="utf8"))
    assert figure.page.evaluate(AXE_RULES, name) == []
    assert figure.place.evaluate(STOPS) == sorted(figure.place.evaluate(STOPS))
    assert figure.place.evaluate(MISNAMED) == figure.place.evaluate(COVERED) == []
    figure.screen(1280, "dark")
    assert figure.shapes() == shapes
    assert all(a != b for a, b in zip(light, paths.evaluate_all(COLOURS)))
    figure.screen(320, "dark")
    assert figure.page.evaluate(AXE_RULES, name) == figure.place.evaluate(SMALL_TARGETS) == []
    assert figure.page.evaluate(WIDER) <= 0
    figure.screen(1024)
    assert not any(figure.place.evaluate(BESIDE))
    for width in (1440, 1280):
        figure.screen(width)
        assert all(figure.place.evaluate(BESIDE)) and figure.page.evaluate(WIDER) <= 0
        for choice in [None, *figure.place.locator(".explore-bar input").all()]:
            if choice and choice.is_visible():
                choice.evaluate("choice => choice.click()")
                figure.settle()
            assert figure.place.evaluate(HEIGHT) <= LAPTOP, width


@ALL
def test_a_phone_shows_a_slider_with_a_picture_that_it_moves(playing, name):
    figure = playing(name)
    figure.screen(390)
    spans = figure.place.evaluate(SPANS)
    figure.screen(1280)
    assert all(0 < span <= PHONE - HEADER for span in spans), spans


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_what_is_computed(playing, name):
    changes = KEPT[name].split("; ")
    assert playing(name).place.evaluate(FAR, changes) == [0] * len(changes)


@pytest.mark.parametrize("name", ["icm", "hole"])
def test_who_goes_on_while_it_glides_finds_it_arrived(playing, name):
    """Reset glides to the start, from another column, too; who pressed the button by keys is still on it."""
    figure = playing(name, reduced_motion="no-preference")
    reset = figure.place.get_by_role("button", name="Reset")
    away = "value => (Array.isArray(value) ? value.map(v => v - 0.6) : value - 0.6)"
    for wait in (False, True):
        figure.place.evaluate(f"figure => figure.explore.change(s => {{ for (const k in s) s[k] = ({away})(s[k]); }})")
        assert figure.state != figure.start
        reset.focus()
        figure.page.keyboard.press("Enter")
        if wait:
            figure.rest()
        else:
            figure.place.evaluate("figure => figure.explore.change(() => {})")
        assert figure.state == figure.start
    assert reset.evaluate("button => button === document.activeElement && button.ariaDisabled === 'true'")


def test_without_scripts_there_is_a_sentence_and_on_paper_the_present_state(playing, book, chromium):
    for name, page in FIGURES.items():
        place = book[1][f"book/{page}.html"].select_one(f"#{name}.explore")
        assert len(place.select(".explore-still a")) == 1 and place.select(".explore-live") == []
    figure = playing("icm")
    figure.page.emulate_media(media="print")
    in_sight = [
        figure.place.locator(part).is_visible() for part in (".explore-live svg >> nth=0", ".explore-button >> nth=0")
    ]
    figure.page.emulate_media(media="screen")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((book[0] / "book" / "five.html").as_uri())
    in_sight += [page.locator(f"#lakes {part}").is_visible() for part in (".explore-still", ".explore-text")]
    context.close()
    assert in_sight == [True, False] * 2


def test_every_figure_is_tried():
    assert {path.name for path in FOLDER.glob("*.js")} == {*SHARED, *(f"{name}.js" for name in FIGURES)}
