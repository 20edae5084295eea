"""A built page made fit for paper: ids unique in the book, links that say the page, answers at the end."""

from __future__ import annotations

import posixpath
from pathlib import Path

from bs4 import BeautifulSoup, Tag

# Furniture of a screen, folded code, and styles that are made for a window
DROPPED = (
    "script, style, nav, details.hide, .screen-only, .headerlink, .toctree-wrapper, .genindex-jumpbox, "
    ".sd-summary-state-marker"
)
# no page numbers for these: there would be one on every line
QUIET = ("book/references#", "book/glossary#term", "book/api#mtgp_tutorial")
MADE = BeautifulSoup("", "html.parser")  # makes new tags


def named(page: str, fragment: str) -> str:
    """The id in the book of an id in a page, or of the page."""
    return (f"{page}--{fragment}" if fragment else page).replace("/", "-")


def new(name: str, text: str = "", **attributes: str) -> Tag:
    tag = MADE.new_tag(name, attrs={key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})
    if text:
        tag.string = text
    return tag


def add_page_number(link: Tag, before: str) -> None:
    """Say behind a link on which page its target is; the browser fills in the number (pdf.js)."""
    room = new("span", before, class_="page")
    room.append(new("span", data_to=str(link["href"])[1:]))
    link.append(room)


def lead_inside(body: Tag, page: str, pages: list[str]) -> None:
    """Links between pages become links inside the file; those into another chapter say the page, for paper."""
    for link in body.select("a[href]"):
        path, _, fragment = str(link["href"]).partition("#")
        here = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)).removesuffix(".html") if path else page
        if here in ("book/preface", "index") and here not in pages:  # the landing page became the title page
            link["href"] = "#title-page"
        elif here in pages:
            link["href"] = "#" + named(here, fragment)
            if page != "genindex" and here != page and not f"{here}#{fragment}".startswith(QUIET):
                add_page_number(link, ", p. ")
        elif "://" not in path and not path.startswith("mailto:"):
            link.unwrap()  # a picture's link to itself, a file to download


def number_the_index(body: Tag) -> None:
    """Page numbers for the index; its second links are called [1] there."""
    for link in body.select("a[href^='#']"):
        text = link.string = link.get_text().partition("[")[0]
        add_page_number(link, ", " if text else "")


def move_answers(body: Tag, page: str) -> None:
    """Solutions and answers go to the end of the chapter; they and where they stood name each other's pages."""
    end = new("section", class_="answers")
    end.append(new("h2", "Answers and solutions", id=named(page, "solutions")))
    for box in body.select("div.solution, div.dropdown, details.sd-dropdown"):
        title = box.select_one("summary, .admonition-title")
        words = " ".join(title.get_text().split()) if title else ""
        if box.name == "details" and title:
            box.name, title.name = "div", "p"
        if not title or not words.startswith(("Answer", "Solution")):  # a proof: open, and where it is
            continue
        box["id"], back = named(page, f"answer-{len(end)}"), named(page, f"asked-{len(end)}")
        pointer = new("a", words.partition(" to ")[0], href=f"#{box['id']}", id=back, class_="pointer")
        add_page_number(pointer, ": p. ")
        title.append(asked := new("a", href=f"#{back}"))
        add_page_number(asked, ", p. ")
        box.replace_with(pointer)
        end.append(box)
    if len(end) > 1 and (last := body.find("section", recursive=False)):
        last.append(end)


def article(built: Path, page: str, pages: list[str]) -> Tag:
    """A page's text for the book."""
    soup = BeautifulSoup((built / f"{page}.html").read_text(encoding="utf8"), "html.parser")
    body = soup.select_one("article.bd-article")
    if body is None:
        raise SystemExit(f"{page}: no text on this page")
    for gone in body.select(DROPPED):
        gone.decompose()
    for cell in body.select("div.cell"):
        if not cell.find(True):  # all of it was folded
            cell.decompose()
    for tag in body.select("[id]"):
        tag["id"] = named(page, str(tag["id"]))
    body["id"] = named(page, "")
    for tag in body.select("[src]"):
        tag.attrs.pop("loading", None)  # "lazy" is never, on paper
        tag["src"] = "../html/" + posixpath.normpath(posixpath.join(posixpath.dirname(page), str(tag["src"])))
    lead_inside(body, page, pages)
    number_the_index(body) if page == "genindex" else move_answers(body, page)
    return body
