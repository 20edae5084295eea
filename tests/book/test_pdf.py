"""The book on paper: nothing that a page has is lost where the pages are joined to one and printed."""

import re

import pdf  # tools/pdf.py
from bs4 import BeautifulSoup


def test_pages_are_joined_with_their_figures_and_links(book):
    whole = BeautifulSoup(pdf.joined(book[0]), "html.parser")
    ids = [marked["id"] for marked in whole.select("[id]:not(svg [id])")]
    assert len(ids) == len(set(ids)) and {"book/preface.html", "book/regimes.html"} <= set(ids)
    links = {link["href"] for link in whole.select('a[href^="#"]')}
    assert len(links) > 800 and {link[1:] for link in links} <= set(ids)
    assert all((book[0] / image["src"]).is_file() for image in whole.select("img[src]"))
    figures = {f"{name}--{figure['id']}" for name, page in book[1].items() for figure in page.select("figure[id]")}
    assert len(figures) > 80 and figures <= set(ids)
    assert all(
        fold.has_attr("open") for figure in whole.select("figure[id]") for fold in figure.find_parents("details")
    )


def test_chromium_prints_them(book, chromium, tmp_path, monkeypatch):
    (tmp_path / "html").symlink_to(book[0])
    monkeypatch.setattr(pdf, "BUILD", tmp_path)
    pdf.main()
    printed = (tmp_path / "book.pdf").read_bytes()
    assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type /Page\b", printed)) > 300
    assert not (book[0] / "whole.html").exists()
