"""Open the figures to play with, in Chromium on the built pages, and play with them."""

import re
from contextlib import contextmanager

from opening import opened

# name of each figure -> page
FIGURES = {
    "icm": "icm",
    "prior": "gp",
    "readings": "gp",
    "posterior": "fitting",
    "lmc": "lmc",
    "noise": "noise",
    "transfer": "sharing",
    "lakes": "five",
    "hole": "forty",
    "lag": "lag",
    "scores": "scores",
    "next": "next",
    "covariance": "icm",
    "holes": "sharing",
}
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# Its address says its state, and that has not changed for longer than a glide takes; without motion, for some frames.
RESTED = """figure => new Promise(done => {
    const start = figure.explore.start, glides = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    let last, since, frames;
    const look = now => {
        const state = figure.explore.state, query = new URLSearchParams(location.hash.slice(1));
        const told = Object.keys(start).every(key =>
            (query.get(`${figure.id}.${key}`) ?? String(start[key])) === String(state[key]));
        if (String(Object.values(state)) !== last) [last, since, frames] = [String(Object.values(state)), now, 0];
        if (++frames > 3 && told && (!glides || now - since > 400)) done();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""
# The page has come to where it scrolls to.
STILL = """() => new Promise(done => {
    let top, frames = 0;
    const look = () => {
        [top, frames] = [scrollY, scrollY === top ? frames + 1 : 0];
        if (frames > 4) done();
        else requestAnimationFrame(look);
    };
    look();
})"""
# Its colours are those of a theme: transitions are brought to their end (to wait for it can take for ever).
COLOURED = """theme => new Promise(done => {
    const look = () => {
        const running = document.getAnimations().filter(one => one instanceof CSSTransition);
        running.forEach(one => one.finish());
        if (document.documentElement.dataset.theme === theme && !running.length) done();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(() => requestAnimationFrame(look));
})"""
# One address after the other, each when the page has heard of the one before.
HEARD = """async addresses => {
    for (const address of addresses) {
        const heard = new Promise(done => addEventListener("hashchange", done, {once: true}));
        if (location.hash === address) continue;
        location.hash = address;
        await heard;
    }
}"""
AS_AT_FIRST = """() => document.querySelectorAll(".explore-on").forEach(figure =>
    figure.explore.change(state => Object.assign(state, structuredClone(figure.explore.start))))"""
CENTRED = "plot => plot.scrollIntoView({block: 'center', behavior: 'instant'})"
BROKEN = re.compile("NaN|Infinity|undefined")


class Figure:
    """A figure on its page, and what is seen and done there."""

    def __init__(self, page, noted, name):
        self.page, self.place, self.noted = page, page.locator(f"#{name}.explore"), noted

    def settle(self):
        """Two frames, so that what was asked for is drawn."""
        self.page.evaluate(SETTLED)

    def start_from(self, hash):
        """The figure's own start, but for what an address says, with nothing left of what was done before."""
        self.page.evaluate(AS_AT_FIRST)
        self.go_to("#_", hash or "#_")
        self.place.locator(".explore-plot").first.evaluate(CENTRED)
        self.settle()

    def screen(self, width, theme="light"):
        """The same page on another screen, without loading again."""
        self.page.set_viewport_size({"width": width, "height": 844})
        self.page.emulate_media(color_scheme=theme)
        self.page.evaluate(COLOURED, theme)

    def go_to(self, *addresses):
        self.page.evaluate(HEARD, addresses)

    def rest(self):
        """Wait until it has glided to where it goes, and the address says so."""
        self.place.evaluate(RESTED)

    @property
    def state(self):
        self.settle()
        return self.place.evaluate("figure => figure.explore.state")

    @property
    def start(self):
        return self.place.evaluate("figure => figure.explore.start")

    def shapes(self):
        """All paths, as they are drawn."""
        self.settle()
        return self.place.locator("svg path").evaluate_all("paths => paths.map(path => path.getAttribute('d') || '')")

    def computed(self, what):
        """An expression of `found`, which is all numbers of the figure's picture, and of its `state`."""
        name = self.place.get_attribute("data-explore")
        return self.place.evaluate(
            f"figure => {{ const state = figure.explore.state, found = MTGP['{name}'].compute(state); return {what}; }}"
        )

    def words(self):
        self.settle()
        return self.place.locator(".explore-words").inner_text()

    def press(self, words):
        """A button, and what follows."""
        self.place.get_by_role("button", name=words, exact=True).click()
        self.rest()

    def box(self, part=".explore-back:visible", number=0):
        return self.place.locator(part).nth(number).bounding_box()

    def slide(self, label, value):
        """A slider, by the name that is heard."""
        self.place.get_by_label(label, exact=True).fill(str(value))
        self.settle()

    def address(self):
        """The page's, when the figure has come to rest."""
        self.rest()
        return self.page.evaluate("location.hash")

    def centre(self, part, number=0):
        box = self.place.locator(part).nth(number).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, part, number, dx, dy, steps=5):
        self.drag_from(*self.centre(part, number), dx, dy, steps)

    def drag_from(self, x, y, dx, dy, steps=5):
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=steps)
        self.page.mouse.up()

    def swipe(self, x, y, dx, dy, rest=0):
        """The same with a finger, which rests some milliseconds where it begins."""
        client = self.page.context.new_cdp_session(self.page)
        for kind, step in (("touchStart", 0), *(("touchMove", step) for step in range(1, 9)), ("touchEnd", None)):
            points = [] if step is None else [{"x": x + dx * step / 8, "y": y + dy * step / 8}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            self.settle()
            if rest and kind == "touchStart":
                self.page.wait_for_timeout(rest)
        self.page.evaluate(STILL)

    def memory(self):
        """Elements, listeners, and bytes of the heap."""
        client = self.page.context.new_cdp_session(self.page)
        client.send("HeapProfiler.collectGarbage")
        counts = client.send("Memory.getDOMCounters")
        return counts["nodes"], counts["jsEventListeners"], client.send("Runtime.getHeapUsage")["usedSize"]


@contextmanager
def playground(book, chromium):
    """A function of name, address and screen that gives a figure; pages stay open, and their consoles silent.

    Nothing glides unless motion is asked for: what a reader waits for, a test need not.
    """
    kept = {}

    def open_(name, hash="", width=1280, has_touch=False, reduced_motion="reduce"):
        key = (FIGURES[name], width, has_touch, reduced_motion)
        if key not in kept:
            path = book[0] / "book" / f"{FIGURES[name]}.html"
            kept[key] = opened(chromium, path, width, has_touch=has_touch, reduced_motion=reduced_motion)
        figure = Figure(*kept[key], name)
        figure.start_from(hash)
        return figure

    yield open_
    errors = {key: noted["console"] for key, (_, noted) in kept.items() if noted["console"]}
    assert errors == {}, errors
    for page, _ in kept.values():
        page.context.close()
