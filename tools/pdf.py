"""The book as one PDF, `_build/book.pdf`: `make pdf`. The pages of `make book` are joined, and Chromium prints them.

Left out are the reference of the module and the index, which are for looking up on a screen.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from bs4 import BeautifulSoup

BUILD = Path(__file__).parents[1] / "_build"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LEFT_OUT = ("book/api.html", "genindex.html")
HEAD = '<!DOCTYPE html><html lang="en" data-theme="light"><meta charset="utf-8"><title>{title}</title>'
HEAD += '<link rel="stylesheet" href="_static/book.css">'
HEAD += "<style>main.bd-main {{ display: block; }} article {{ break-before: page; }}</style>"


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def place(page, address=""):
    """The id on the joined page of what `address` leads to on `page`."""
    file, mark = urldefrag(urljoin(page, address))
    return f"{file}--{mark}" if mark else file


def article(html, page):
    """A page's text with its folds open; ids, links and pictures as on the joined page."""
    text = soup(html / page).select_one("article.bd-article")
    text["id"] = page
    for marked in text.select("[id]:not(svg [id])"):
        marked["id"] = place(page, f"#{marked['id']}")
    for fold in text.select("details.sd-dropdown, details.hide:has(figure)"):
        fold["open"] = ""
    for image in text.select("img"):
        image.attrs.pop("loading", None)
        image["src"] = urljoin(page, image["src"])
    for link in text.select("a[href]"):
        if "://" not in link["href"]:
            link["href"] = f"#{place(page, link['href'])}"
    return text


def joined(html):
    """All pages as one, in the order of the contents. A link to what is not there becomes plain text."""
    index = soup(html / "index.html")
    links = soup(html / "book" / "five.html").select("nav.bd-links a.internal[href]")
    pages = dict.fromkeys(urldefrag(urljoin("book/five.html", link["href"]))[0] for link in links)
    texts = [article(html, page) for page in pages if page not in LEFT_OUT and (html / page).is_file()]
    known = {marked["id"] for text in texts for marked in (text, *text.select("[id]"))}
    for text in texts:
        for link in text.select('a[href^="#"]'):
            if link["href"][1:] not in known:
                del link["href"]
    body = "".join(map(str, texts))
    return f'{HEAD.format(title=index.title.text)}<main class="bd-main">{body}</main>'


def main():
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"pdf: needs one of {', '.join(BROWSERS)}")
    whole = BUILD / "html" / "whole.html"
    whole.write_text(joined(BUILD / "html"), encoding="utf-8")
    flags = ("--headless", "--no-sandbox", "--no-pdf-header-footer", "--generate-pdf-document-outline")
    subprocess.run([browser, *flags, f"--print-to-pdf={BUILD / 'book.pdf'}", whole.as_uri()], check=True)
    whole.unlink()


if __name__ == "__main__":
    main()
