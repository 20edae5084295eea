"""A strip of pictures for each figure to play with: at its start, and in situations that a reader comes to. To look at.

    python tools/strips.py FOLDER                    # the pages in _build, 1280 pixels, light and dark, and 390
    python tools/strips.py FOLDER --figures lakes    # of some figures

A situation is an address, as a teacher would link to it, so that a strip is the same each time.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SCREENS = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))
STRIPS = {  # figure: its page, and what differs from its start
    "prior": ("gp", ["", "l=0.4", "kernel=2", "sd=2&l2=4"]),
    "posterior": ("gp", ["", "l=4.94&noise=0.57", "draws=1&noise=0.1", "x=-3,2&y=1,-1"]),
    "icm": ("icm", ["", "rho=0", "rho=-0.9&view=1", "gap=0,10&sd=1,2&noise=0.5"]),
    "noise": ("noise", ["", "view=0", "seen=0", "r=-0.9&rho=0.2"]),
    "transfer": ("sharing", ["", "c=0.5", "off=3", "c=0.5&kind=1&off=3,11"]),
    "lmc": ("lmc", ["", "view=2", "fast=0.15", "rho=0.9,0.9"]),
    "lakes": (
        "five",
        [
            "",
            "off=1,0,0,1",
            "off=1,1,1,1",
            "off=0,0,1,0&from=1932,1932,1994,1932&to=1943,1943,2005,1943&lake=2",
            "off=0,0,0,0",
            "off=1,1,1,1&from=1918,1950,1918,1990&to=1960,1951,2009,2009&lake=2",
        ],
    ),
    "hole": (
        "forty",
        [
            "",
            "others=2&method=0",
            "table=1&method=4",
            "table=2&others=1&method=2",
            "table=2&column=0,2,0&from=14,20,103&to=25,29,118",
        ],
    ),
    "lag": ("icm_full", ["", "delay=0", "delay=1.2", "delay=1.2&allow=1", "delay=3&l=0.5", "delay=2&noise=0.5&l=2"]),
}
GO = """(figure, address) => {
    figure.explore.change(state => Object.assign(state, structuredClone(figure.explore.start)));
    location.hash = "#explore&" + address;
    dispatchEvent(new HashChangeEvent("hashchange"));
    figure.explore.drawNow();
}"""


def strip(browser: Browser, pages: Path, name: str, width: int, theme: str) -> Image.Image:
    """All situations of a figure on one screen, side by side."""
    file, addresses = STRIPS[name]
    page = browser.new_page(viewport={"width": width, "height": 1500}, color_scheme=theme)  # type: ignore[arg-type]
    page.goto((pages / "book" / f"{file}.html").resolve().as_uri())
    figure, pictures = page.locator(f"#{name}.explore"), []
    for address in addresses:
        figure.evaluate(GO, "&".join(f"{name}.{pair}" for pair in address.split("&") if pair) or "none=0")
        page.wait_for_timeout(100)
        pictures.append(Image.open(io.BytesIO(figure.screenshot())).convert("RGB"))
    page.close()
    whole = Image.new("RGB", (sum(one.width + 20 for one in pictures), max(one.height for one in pictures)), "grey")
    left = 0
    for one in pictures:
        whole.paste(one, (left, 0))
        left += one.width + 20
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--figures", nargs="*", choices=STRIPS, default=list(STRIPS))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name in asked.figures:
            for width, theme in SCREENS:
                strip(browser, asked.pages, name, width, theme).save(asked.folder / f"{name}-{width}-{theme}.png")
        browser.close()


if __name__ == "__main__":
    main()
