"""How long a figure to play with takes for a frame while it is dragged: median milliseconds of its numbers and lines.

Run after `make book`: `python tools/benchmarks/frames.py`. Up to 16 ms it is drawn sixty times a second. Times hang on
the machine; run it alone.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import sync_playwright

BUILT = Path(__file__).resolve().parents[2] / "_build" / "html" / "book"
DRAGGED = """figure => {
    const ui = figure.explore, slider = figure.querySelector("input[type=range]"), times = [];
    const handle = figure.querySelector("svg [tabindex='0']");
    for (let n = 0; n < 40; n++) {
        const up = n % 20 < 10;
        if (slider) {
            slider.stepUp(up ? 1 : -1);
            slider.dispatchEvent(new Event("input", {bubbles: true}));
        } else
            handle.dispatchEvent(new KeyboardEvent("keydown", {key: up ? "ArrowUp" : "ArrowDown", bubbles: true}));
        const before = performance.now();
        ui.drawNow();
        times.push(performance.now() - before);
    }
    return times.sort((a, b) => a - b)[20];
}"""


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for page in sorted(BUILT.glob("*.html")):
            names = re.findall(r'data-explore="(\w+)"', page.read_text(encoding="utf8"))
            shown = browser.new_page()
            shown.goto(page.as_uri())
            for name in names:
                figure = shown.locator(f".explore[data-explore={name}]").first
                print(f"{page.stem:12}{name:12}{figure.evaluate(DRAGGED):6.1f} ms", flush=True)
            shown.close()


if __name__ == "__main__":
    main()
