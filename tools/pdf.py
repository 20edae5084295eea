"""One PDF of the whole book, from the built pages, in _build/pdf/book.pdf: `make pdf`. It needs Chromium.

All pages become one HTML file (pdf_pages.py, pdf_book.py), so that links between chapters are links inside it. Chromium
prints it; the numbers of the pages on which the targets of links fell are written into it; and so on until they stay.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pdf_book
import pdf_pages
import pikepdf
import yaml
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


def landed(pdf: pikepdf.Pdf) -> dict[str, int]:
    """The number of the page on which each link's target fell."""
    pages: dict[object, int] = {page.objgen: count for count, page in enumerate(pdf.pages, 1)}
    return {name.removeprefix("/"): pages[at[0].objgen] for name, at in pdf.Root.Dests.items()}


def printed(browser: Browser, source: Path, raw: Path) -> pikepdf.Pdf:
    """Print a file. Raises SystemExit, and names the places, if the paper would have a fault."""
    with browser.new_page() as page:
        return settled(opened(page, source), raw)


def opened(page: Page, source: Path) -> Page:
    """The file with its formulas set and what is too wide made smaller."""
    page.set_default_timeout(300_000)
    page.emulate_media(media="print")
    page.goto(source.as_uri())
    page.evaluate("document.fonts.ready.then(() => 0)")
    if faults := page.evaluate("fit()"):
        raise SystemExit("\n".join(["The PDF would have faults:", *faults]))
    return page


def settled(page: Page, raw: Path) -> pikepdf.Pdf:
    """Printed until the page numbers in it are those of its pages."""
    before: dict[str, int] = {}
    for _ in range(6):
        page.evaluate("fill", before)
        page.pdf(path=raw, prefer_css_page_size=True, print_background=True, tagged=True)
        if landed(pdf := pikepdf.open(raw)) == before:
            return pdf
        before = landed(pdf)
    raise SystemExit("The page numbers do not settle.")


def add_outline(pdf: pikepdf.Pdf, headings: list[tuple[str, str, str]]) -> None:
    """Chapters and their sections; Chromium's own outline says some titles twice."""
    where = landed(pdf)
    with pdf.open_outline() as outline:
        for level, to, title in headings:
            item = pikepdf.OutlineItem(title, where[to] - 1)
            item.is_closed = True
            (outline.root if level == "h1" else outline.root[-1].children).append(item)
    pdf.Root.PageMode = pikepdf.Name.UseOutlines


def make(built: Path, pages: list[str], about: dict[str, Any], browser: Browser) -> Path:
    """The PDF of these pages, beside the folder of the built ones."""
    out = built.parent / "pdf"
    out.mkdir(exist_ok=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]["version"]
    bodies = [pdf_pages.article(built, page, pages) for page in pages]
    (out / "book.html").write_text(pdf_book.one_file(bodies, about, version), encoding="utf8")
    pdf = printed(browser, out / "book.html", out / "raw.pdf")
    add_outline(pdf, pdf_book.headings(bodies))
    pdf.docinfo["/Author"] = about["author"]
    pikepdf.settings.set_flate_compression_level(9)  # with the next line, less than half of what Chromium wrote
    pdf.save(out / "book.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate, recompress_flate=True)
    pdf.close()
    (out / "raw.pdf").unlink()
    return out / "book.pdf"


def settings() -> tuple[list[str], dict[str, Any]]:
    """The pages of this book, and what it says about itself."""
    about, contents = (yaml.safe_load((ROOT / name).read_text(encoding="utf8")) for name in ("_config.yml", "_toc.yml"))
    return pdf_book.chapters(contents), about


def main() -> None:
    built = ROOT / "_build" / "html"
    if BROWSER is None or not (built / "index.html").exists():
        raise SystemExit("Needed: chromium, chromium-browser or google-chrome, and pages built by `make book`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        target = make(built, *settings(), browser)
    with pikepdf.open(target) as pdf:
        print(f"{target.relative_to(ROOT)}: {len(pdf.pages)} pages, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
