"""First paint and layout shift of built pages over a slow line: 1.6 Mbit/s, 150 ms, no compression, at 390 pixels.

Run after `make book`: `python tools/benchmarks/first_paint.py [PAGE ...]`. Times hang on the machine; run it alone.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

BUILT = Path(__file__).resolve().parents[2] / "_build" / "html"
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 1.6e6 / 8}
NAMED = ["index", "book/five", "book/gp", "book/lmc", "book/decide"]
SHIFTS = """new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput)
    window.shifted = (window.shifted || 0) + one.value; }).observe({type: "layout-shift", buffered: true});"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Nothing."""


def heaviest(number: int) -> list[str]:
    """The pages with the most HTML."""
    pages = sorted((BUILT / "book").glob("*.html"), key=lambda page: -page.stat().st_size)
    return [f"book/{page.stem}" for page in pages[:number]]


def measured(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds to the first paint, and the layout shift until the page is loaded."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    context.new_cdp_session(page).send("Network.emulateNetworkConditions", LINE)
    page.add_init_script(SHIFTS)
    page.goto(address, wait_until="load", timeout=120_000)
    page.wait_for_timeout(500)
    found = page.evaluate(PAINT), page.evaluate("window.shifted || 0")
    context.close()
    return found


def main(names: list[str]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(BUILT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names or [*NAMED, *(page for page in heaviest(5) if page not in NAMED)]:
            paint, shift = measured(browser, f"http://127.0.0.1:{server.server_port}/{name}.html")
            print(f"{name:16s} first paint {paint:4.1f} s, layout shift {shift:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
