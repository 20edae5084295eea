"""The book on paper (`make pdf`): printed once and looked at; and pages with planted faults, each of which stops it."""

import re
import shutil
import subprocess
import sys

import pdf
import pikepdf
import pytest
from bs4 import BeautifulSoup
from opening import required
from PIL import Image
from stamp import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
from formulas import mathml  # noqa: E402  (the folder has to be named first)

MARGIN = 24 / 210  # of a page's width, on either side; the text begins at 27 mm
LONG = " + ".join(f"x_{{{term}}}" for term in range(40))
PLANTED = {  # name -> what is put on a page, what is said about it
    "a line of code of 300 letters": (f"<pre>{'x' * 300}</pre>", "letters below"),
    "a line that hangs out on the left": ('<p style="margin-left: -8mm">Out</p>', "too wide"),
    "a missing picture": ('<img src="../_images/none.png">', "no picture"),
    "a stretched picture": (
        '<img src="../_static/map.svg" style="width: 50mm !important; height: 50mm !important">',
        "stretched",
    ),
    "a picture of a whole page": (
        '<img src="../_static/map.svg" style="max-height: none; height: 200mm !important">',
        "half a page",
    ),
    "a link to nothing": ('<a href="#nowhere">there</a>', "no target: #book-x--nowhere"),
    "a formula that the build left in TeX": (r'<p><span class="math">\(x\)</span></p>', "formula not set"),
    "raw mathematics": (r"<p>As \(x\) grows</p>", "a backslash"),
    "a table of 60 columns": (f"<table><tr>{'<td>1234.5</td>' * 60}</tr></table>", "letters below"),
    "a displayed sum of 40 terms": (
        f'<div class="math"><div class="formula">{mathml(LONG, True)}</div></div>',
        "letters below",
    ),
    "a formula wider than its line": (f'<p><span class="math">{mathml(LONG, False)}</span></p>', "too wide"),
}


@pytest.fixture(scope="session")
def poppler():
    """Tools that read a PDF, or a skip that says why; a failure where the browser is required."""
    if not shutil.which("pdftotext"):
        (pytest.fail if required() else pytest.skip)("no pdftotext (poppler-utils) to read the paper with")


@pytest.fixture(scope="session")
def paper(book, chromium):
    """The whole book, printed."""
    return pdf.make(book[0], *pdf.settings(), chromium)


@pytest.fixture(scope="session")
def texts(paper, poppler):
    """What stands on each page, its blanks made single."""
    text = subprocess.run(["pdftotext", paper, "-"], capture_output=True, text=True, check=True).stdout
    return [" ".join(page.split()) for page in text.split("\f")[:-1]]


@pytest.fixture(scope="session")
def outline(paper):
    """Each chapter's title, first page (from 1), and sections in the same form."""
    with pikepdf.open(paper) as opened, opened.open_outline() as tree:
        pages = {page.objgen: count for count, page in enumerate(opened.pages, 1)}
        number = lambda item: pages[item.destination[0].objgen]  # noqa: E731
        return [(item.title, number(item), [(s.title, number(s)) for s in item.children]) for item in tree.root]


def test_the_outline_has_every_page_of_the_book(outline, book):
    headings = [book[1][f"{page}.html"].select_one("article.bd-article h1").get_text() for page in pdf.settings()[0]]
    assert [title for title, *_ in outline] == [heading.removesuffix("#") for heading in headings]
    assert not [title for chapter, _, sections in outline for title in (chapter, *dict(sections)) if "\\" in title]


def test_no_link_is_dead(paper):
    with pikepdf.open(paper) as opened:
        links = [link for page in opened.pages for link in page.get("/Annots", []) if link.Subtype == "/Link"]
        inside = [str(link.Dest) for link in links if "/Dest" in link]
        assert {name for name in inside if name not in opened.Root.Dests} == set()
        assert len(inside) > 1000
        assert {str(link.A.S) for link in links if "/Dest" not in link} == {"/URI"}  # nothing leads to this disk
        assert not [link for link in links if "/A" in link and "file:" in str(link.A.get("/URI"))]


def test_a_reference_to_a_chapter_names_its_page(texts, outline):
    said = 0
    for title, first, _ in outline:
        words = re.escape(re.sub(r"^\d+\. ", "", title))
        numbers = re.findall(rf"{words}, p\. (\d+)", " ".join(texts))
        assert set(numbers) <= {str(first)}, title
        said += len(numbers)
    assert said > 50


def test_answers_stand_at_the_end_and_both_sides_name_the_page(texts, outline, book):
    found = 0
    ends = [first - 1 for _, first, _ in outline[1:]] + [len(texts)]
    for (title, _, sections), end in zip(outline, ends):
        if "Answers and solutions" not in (names := [name for name, _ in sections]):
            continue
        assert names[-1] == "Answers and solutions", title
        for number in range(sections[-1][1], end + 1):
            for kind, question in re.findall(
                r"(Solution to Exercise [\d.]+\d|Answer \d), p\. (\d+)", texts[number - 1]
            ):
                pointer = kind.partition(" to ")[0]
                assert f"{pointer}: p. {number}" in texts[int(question) - 1], (title, kind)
                found += 1
    solutions = sum(len(page.select("div.solution")) for page in book[1].values())
    assert found > solutions > 50  # and the answers of the quizzes


def test_folded_code_is_left_out_and_open_code_is_there(texts, book):
    squeezed, folded, shown = "".join(texts).replace(" ", ""), [], []
    for page in book[1].values():
        for code in page.select("article pre"):
            (folded if code.find_parent("details", class_="hide") else shown).append("".join(code.get_text().split()))
    everything = "".join(shown)
    folded = {code[:60] for code in folded if len(code) > 60 and code[:60] not in everything}
    assert len(folded) > 100 and [code for code in folded if code in squeezed] == []
    shown = {code[:60] for code in shown if len(code) > 60}
    assert sum(code in squeezed for code in shown) > 0.9 * len(shown)  # some are cut by a page's foot


def test_no_ink_in_the_margins_and_no_empty_page(paper, poppler, tmp_path):
    subprocess.run(["pdftoppm", "-r", "30", "-gray", paper, tmp_path / "page"], check=True)
    inked, empty = [], []
    for path in sorted(tmp_path.glob("*.pgm")):
        page = Image.open(path).point(lambda grey: 255 if grey < 250 else 0)
        wide, high = page.size
        sides = [(0, 0, int(MARGIN * wide), high), (int((1 - MARGIN) * wide) + 1, 0, wide, high)]
        inked += [path.name for side in sides if page.crop(side).getbbox()]
        empty += [path.name] if page.crop((0, int(0.08 * high), wide, int(0.91 * high))).getbbox() is None else []
    assert (inked, empty) == ([], [])


def one_page(tmp_path, book, text):
    """A book of one page, its scripts and fonts those of the real one."""
    html = tmp_path / "html"
    (html / "book").mkdir(parents=True)
    (html / "_static").symlink_to(book[0] / "_static")
    text = f'<section id="top"><h1>One page</h1><section id="x"><h2>X</h2>{text}</section></section>'
    body = f'<article class="bd-article">{text}</article>'
    (html / "book" / "x.html").write_text(body, encoding="utf8")
    return html


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_stops_the_run_and_is_named(name, tmp_path, book, chromium):
    text, said = PLANTED[name]
    with pytest.raises(SystemExit, match=f"book-x: .*{said}"):
        pdf.make(one_page(tmp_path, book, text), ["book/x"], pdf.settings()[1], chromium)


def test_numbers_stand_beside_their_formulas_in_the_face_of_formulas(paper, chromium):
    page = chromium.new_page()
    page.emulate_media(media="print")
    page.goto((paper.parent / "book.html").as_uri())
    page.evaluate("() => document.fonts.ready.then(() => 0)")
    apart = """() => [...document.querySelectorAll(".eqno")].filter(number => {
        const one = number.getBoundingClientRect(), formula = number.parentElement.querySelector("math");
        const two = formula.getBoundingClientRect();
        return one.bottom < two.top || one.top > two.bottom || one.left < two.right - 1;
    }).map(number => number.textContent)"""
    assert page.locator(".eqno").count() > 30 and page.evaluate(apart) == []
    assert page.evaluate("() => document.fonts.check('16px Formula')")
    assert page.locator("math").first.evaluate("m => getComputedStyle(m).fontFamily").startswith("Formula")
    page.close()


def test_a_sound_page_is_printed(tmp_path, book, chromium):
    formula = f'<span class="math">{mathml("x^2", False)}</span>'
    text = f'<pre>x = 1</pre><img src="../_static/map.svg"><p><a href="#top">up</a> {formula}</p>'
    about = {**pdf.settings()[1], "author": "Ada", "copyright": "1843"}
    target = pdf.make(one_page(tmp_path, book, text), ["book/x"], about, chromium)
    assert (
        BeautifulSoup((target.parent / "book.html").read_text(), "html.parser")
        .select_one(".imprint")
        .text.startswith("Ada")
    )
    with pikepdf.open(target) as opened:
        assert str(opened.docinfo["/Author"]) == "Ada"


def test_the_landing_page_is_for_screens_where_there_is_a_page_about_the_book():
    parts = [
        {"caption": "I", "chapters": [{"file": "book/five", "sections": [{"file": "book/x"}]}, {"file": "book/about"}]}
    ]
    assert pdf.pdf_book.chapters({"root": "book/preface", "parts": parts}) == ["book/about", "book/five", "book/x"]
    assert pdf.pdf_book.chapters({"root": "book/preface", "parts": []}) == ["book/preface"]
