"""How long one frame of a figure to play with takes, in milliseconds: numbers, and numbers with drawing and layout.

    python tools/benchmarks/explore.py            # on the pages in _build; 2 x 40 points, 300 grid points
    python tools/benchmarks/explore.py --slow 4   # the processor slowed so many times as well
    python tools/benchmarks/explore.py --every --pages BEFORE AFTER  # all figures, script alone, builds in turns

A frame is drawn, and the browser lays it out, before the clock stops; painting is not in it. A *value* is dragged while
factors are kept; a *hyper-parameter* makes all new. Medians and 95th percentiles over many frames, on whatever else the
machine does: the column "loop", ten million multiplications before and after, says how it fared meanwhile. "CPU" is the
mean time of the page's thread alone for one frame, and depends
less on what else runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SITUATION = """({ rows }) => {
    const ui = document.querySelector("#icm.explore").explore, all = [...Array(rows).keys()];
    const waves = t => all.map(i => 1.5 * Math.sin(i / 3 + t));
    ui.change(s => Object.assign(s, { x: all.map(i => 10 * i / rows), y1: waves(0), y2: waves(1), gap: [4, 7] }));
    ui.drawNow();
}"""
FRAMES = """({ what, frames }) => {
    const figure = document.querySelector("#icm.explore"), ui = figure.explore;
    const keep = (name, key, make) => ui.keep(name, key, make);
    const wave = k => Math.sin(k / 9);
    const change = what === "value" ? k => s => (s.y1[20] = 2 * wave(k)) : k => s => (s.rho = 0.9 * wave(k));
    const timed = act => { const began = performance.now(); act(); return performance.now() - began; };
    const loop = () => timed(() => { let v = 1; for (let i = 0; i < 1e7; i++) v *= 1.0000001; window.product = v; });
    const numbers = [], whole = [], before = loop();
    for (let k = 0; k < frames; k++) {
        ui.change(change(k));
        numbers.push(timed(() => MTGP.icm.compute(ui.state, keep)));
        ui.change(change(k + 0.5));
        whole.push(timed(() => { ui.drawNow(); figure.getBoundingClientRect(); }));  // the latter asks for the layout
    }
    const at = (list, share) => list.sort((a, b) => a - b)[Math.floor(share * list.length)];
    const [least, frame, slow] = [0, 0.5, 0.95].map(share => at(whole, share));
    return { numbers: at(numbers, 0.5), least, frame, slow, loop: (before + loop()) / 2 };
}"""
WORK = """({ what, frames }) => {
    const figure = document.querySelector("#icm.explore"), ui = figure.explore, wave = k => Math.sin(k / 9);
    for (let k = 0; k < frames; k++) {
        ui.change(what === "value" ? s => (s.y1[20] = 2 * wave(k)) : s => (s.rho = 0.9 * wave(k)));
        ui.drawNow();
        figure.getBoundingClientRect();
    }
}"""
# figure: its page, and what is dragged, as a function of a wave between -1 and 1
DRAGS = {
    "lakes": ("five", "(s, w) => (s.to[0] = 1950 + Math.round(6 * w))"),
    "prior": ("gp", "(s, w) => (s.l = 1 + 0.6 * w)"),
    "posterior": ("gp", "(s, w) => (s.l = 2 + w)"),
    "icm": ("icm", "(s, w) => (s.l = 1 + 0.6 * w)"),
    "transfer": ("sharing", "(s, w) => (s.l = 2 + w)"),
    "lmc": ("lmc", "(s, w) => (s.fast = 0.6 + 0.3 * w)"),
    "noise": ("noise", "(s, w) => (s.l = 2 + w)"),
    "lag": ("icm_full", "(s, w) => (s.delay = 1.5 + w)"),
    "hole": ("forty", "(s, w) => (s.to[0] = 40 + Math.round(6 * w))"),
}
SCRIPT = """([name, frames]) => {
    const ui = document.getElementById(name).explore, timed = act => {
        const began = performance.now(); act(); return performance.now() - began; };
    const loop = () => timed(() => { let v = 1; for (let i = 0; i < 1e7; i++) v *= 1.0000001; window.product = v; });
    const times = [], loops = [loop()];
    for (let k = 0; k < frames; k++) {
        ui.change(s => drag(s, Math.sin(k / 2)));
        times.push(timed(ui.drawNow));
    }
    loops.push(loop());
    return [times, loops].map(list => list.sort((a, b) => a - b)[list.length >> 1]);
}"""
HEAD = "| dragged | slowed | numbers | least frame | median | 95th percentile | loop | CPU | aim |"


def thread_time(client) -> float:
    """Milliseconds that the page's thread has worked."""
    metrics = client.send("Performance.getMetrics")["metrics"]
    return next(1000 * one["value"] for one in metrics if one["name"] == "TaskDuration")


def measured(page, slow: float, frames: int) -> list[str]:
    """Rows of the table for one speed of the processor."""
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable", {"timeDomain": "threadTicks"})
    client.send("Emulation.setCPUThrottlingRate", {"rate": slow})
    rows = []
    for what, aim in (("value", 8), ("hyper-parameter", 16)):
        page.evaluate(FRAMES, {"what": what, "frames": 20})  # until the compiler has seen it
        before = thread_time(client)
        page.evaluate(WORK, {"what": what, "frames": frames})
        cpu = (thread_time(client) - before) / frames
        found = page.evaluate(FRAMES, {"what": what, "frames": frames})
        times = " | ".join(f"{found[key]:.1f}" for key in ("numbers", "least", "frame", "slow", "loop"))
        rows.append(f"| {what} | {slow:g} | {times} | {cpu:.1f} | {aim if slow == 1 else {8: 33, 16: 66}[aim]} |")
    return rows


def every(browser, builds: list[Path], frames: int) -> list[str]:
    """A row for each figure: of each build the script of one frame and the loop, medians of five rounds in turns."""
    rows = []
    for name, (file, drag) in DRAGS.items():
        pages = [browser.new_page(viewport={"width": 1280, "height": 900}) for _ in builds]
        for page, build in zip(pages, builds):
            page.goto((build / "book" / f"{file}.html").resolve().as_uri())
        run = SCRIPT.replace("drag(s,", f"({drag})(s,")
        rounds = [[page.evaluate(run, [name, frames]) for page in pages] for _ in range(6)][1:]
        middle = [[sorted(one[b][part] for one in rounds)[2] for part in (0, 1)] for b in range(len(builds))]
        rows.append(f"| {name} | " + " | ".join(f"{frame:.1f} (loop {loop:.1f})" for frame, loop in middle) + " |")
        for page in pages:
            page.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, nargs="+", default=[ROOT / "_build" / "html"])
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--slow", type=float, nargs="*", default=[1, 4])
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--frames", type=int, default=120)
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        if asked.every:
            print("\n".join(every(browser, asked.pages, asked.frames)))
            return
        print(HEAD + "\n" + "|---" * 9 + "|")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((asked.pages[0] / "book" / "icm.html").resolve().as_uri())
        page.evaluate(SITUATION, {"rows": asked.rows})
        for slow in asked.slow:
            print("\n".join(measured(page, slow, asked.frames)))
        browser.close()


if __name__ == "__main__":
    main()
