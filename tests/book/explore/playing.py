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
# Its state and the page's address have been the same for half a second and some frames, however slow the machine.
RESTED = """figure => new Promise(done => {
    let last, since, frames;
    const look = now => {
        const state = JSON.stringify(figure.explore.state) + location.hash;
        if (state !== last) [last, since, frames] = [state, now, 0];
        if (++frames > 10 && now - since > 500) done();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
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
CENTRED = "plot => plot.scrollIntoView({block: 'center', behavior: 'instant'})"
BROKEN = re.compile("NaN|Infinity|undefined")


class Figure:
    """A figure on its page, and what is seen and done there."""

    def __init__(self, page, name, noted):
        self.page, self.place, self.noted = page, page.locator(f"#{name}.explore"), noted

    def settle(self):
        """Two frames, so that what was asked for is drawn."""
        self.page.evaluate(SETTLED)

    def start_from(self, hash):
        """The figure's own start, but for what an address says, with nothing left of what was done before."""
        self.place.evaluate(
            "figure => figure.explore.change(state => Object.assign(state, structuredClone(figure.explore.start)))"
        )
        self.go_to("#_", hash or "#_")
        self.place.locator(".explore-plot").first.evaluate(CENTRED)
        self.settle()

    def go_to(self, *addresses):
        self.page.evaluate(HEARD, addresses)

    def rest(self):
        """Wait until it has glided to where it goes, and the address says so."""
        self.place.evaluate(RESTED)

    @property
    def state(self):
        self.settle()
        return self.place.evaluate("figure => figure.explore.state")

    def controls(self):
        """Its sliders; where it has none, the handles that are there."""
        sliders = self.place.locator("input[type=range]")
        return sliders if sliders.count() else self.place.locator(".explore-handle:visible")

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

    def drag_point(self, name, dy):
        """Up or down, by the name that is heard."""
        self.drag(f"[aria-label='{name}']", 0, 0, dy, steps=3)
        self.settle()

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
            self.page.wait_for_timeout(rest if kind == "touchStart" else 0)
        self.page.wait_for_timeout(200)

    def memory(self):
        """Elements, listeners, and bytes of the heap."""
        client = self.page.context.new_cdp_session(self.page)
        client.send("HeapProfiler.collectGarbage")
        counts = client.send("Memory.getDOMCounters")
        return counts["nodes"], counts["jsEventListeners"], client.send("Runtime.getHeapUsage")["usedSize"]


@contextmanager
def playground(book, chromium):
    """A function of name, address and screen that gives a figure; pages stay open, and their consoles silent."""
    kept = {}

    def open_(name, hash="", width=1280, **options):
        key = (name, width, *options.items())
        if key not in kept:
            page, noted = opened(chromium, book[0] / "book" / f"{FIGURES[name]}.html", width, **options)
            kept[key] = Figure(page, name, noted)
        kept[key].start_from(hash)
        return kept[key]

    yield open_
    errors = {key: figure.noted["console"] for key, figure in kept.items() if figure.noted["console"]}
    assert errors == {}, errors
    for figure in kept.values():
        figure.page.context.close()
