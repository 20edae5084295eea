"""What the extensions of the look (book/_ext: markup, onesheet) make of the pages."""

import sys

import pytest
from bs4 import BeautifulSoup
from plain import ROOT  # tools/plain.py

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import markup  # noqa: E402  (the folder has to be named first)
import onesheet  # noqa: E402


def written(book):
    """The pages with an article."""
    return {name: page for name, page in book[1].items() if page.select_one("article")}


def test_a_page_links_one_sheet_that_needs_no_other(book):
    for name, page in written(book).items():
        sheets = [link["href"] for link in page.select("link[rel=stylesheet]") if "search.css" not in link["href"]]
        assert len(sheets) == 1 and ("found.css" if name == "search.html" else "book.css") in sheets[0], (name, sheets)
    text, found = ((book[0] / "_static" / sheet).read_text(encoding="utf8") for sheet in onesheet.SHEETS)
    assert len(found) < 0.65 * len(text) and found.count("explore-") < 5 < text.count("explore-")
    assert "@import" not in text and "fontawesome/" not in text
    assert ".tooltip-inner{" in text and ".bs-tooltip-auto[" in text  # a script makes the tips of buttons
    assert "Licensed under MIT (https://github.com/twbs/bootstrap" in text
    assert text.index("--bs-border-width:") < text.index(".sbt-scroll-pixel-helper") < text.index("--measure: 40rem")


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".here{color:red}.gone{color:red}", ".here{color:red}"),
        (".here .gone,.here>p{margin:0}", ".here>p{margin:0}"),
        (".here:not(.gone):hover{margin:0}", ".here:not(.gone):hover{margin:0}"),
        (":is(.gone, .here) p{margin:0}", ":is(.gone, .here) p{margin:0}"),
        ("@media print{.gone{margin:0}}", ""),
        ("@media print{.here{margin:0}}", "@media print{.here{margin:0}}"),
        ("video{margin:0}p::before{margin:0}", "p::before{margin:0}"),
        (".here{--used:1;--unused:2;margin:var(--used)}", ".here{--used:1;margin:var(--used)}"),
        ('.here{background:url("data:a;b,{}")}', '.here{background:url("data:a;b,{}")}'),
        ('@charset "UTF-8";@font-face{src:url(a)}', "@font-face{src:url(a)}"),
        (".explore-task2{margin:0}", ".explore-task2{margin:0}"),
    ],
)
def test_the_sheet_has_the_rules_of_what_is_there(css, kept):
    assert onesheet.pruned(onesheet.parsed(css), {"here", "p", "explore"}, {"--used"}) == kept


def test_what_pages_and_scripts_name_is_there(tmp_path):
    (tmp_path / "_static").mkdir()
    page = '<p class="one two" id="three">four</p><script defer src="../_static/a.js?v=1"></script>'
    (tmp_path / "a.html").write_text(page, encoding="utf8")
    (tmp_path / "_static" / "a.js").write_text('make("b", "five")', encoding="utf8")
    (tmp_path / "_static" / "no_page_has_it.js").write_text('make("b", "six")', encoding="utf8")
    found = onesheet.marks(tmp_path, "*.html")
    assert {"p", "one", "two", "three", "five", *onesheet.GIVEN} <= found
    assert not {"four", "six"} & found


def test_pictures_are_lazy_and_keep_their_place(book):
    for name, page in written(book).items():
        images = page.select("article img")
        assert all(image.get("loading") == "lazy" for image in images), name
        figures = page.select("article figure img:not([src$=svg])")
        assert all(image.get("width") and image.get("height") for image in figures), name


def test_figures_are_sharp_at_twice_the_resolution(book):
    from PIL import Image

    blurred = []
    for name, page in written(book).items():
        for image in page.select("article figure img[width]"):
            drawn = Image.open(book[0] / name.rpartition("/")[0] / image["src"]).size[0]
            blurred += [image["src"]] if drawn < 2 * int(image["width"]) - 1 else []
    assert blurred == []


def test_tables_have_one_header_row_and_cells_that_say_what_they_head(book):
    found = [(name, table) for name, page in written(book).items() for table in page.select("table.dataframe")]
    assert len(found) > 80
    for name, table in found:
        assert "table-scroll" in table.parent["class"]
        levels = any(cell.get("colspan") for cell in table.thead.find_all(["th", "td"]))
        assert levels or len(table.thead.find_all("tr")) == 1 or has_levels(table), (name, str(table.thead)[:400])
        assert all(cell.get_text(strip=True) and cell.get("scope") in {"col", "row"} for cell in table.find_all("th"))


def has_levels(table):
    """Whether the columns have names on more than one row."""
    rows = table.thead.find_all("tr")
    return all(sum(bool(cell.get_text(strip=True)) for cell in row.find_all(["th", "td"])[1:]) > 1 for row in rows[:2])


FRAME = """<table border="1" class="dataframe">
<thead><tr><th>{}</th><th>a</th></tr><tr><th>{}</th><th></th></tr></thead>
<tbody><tr><th>0</th><td>1</td></tr></tbody></table>"""


@pytest.mark.parametrize("columns, index, corner", [("", "date", "date"), ("start", "method", "method ↓ start →")])
def test_no_name_of_a_header_is_lost(columns, index, corner):
    page = BeautifulSoup(markup.TABLE.sub(markup.better, FRAME.format(columns, index)), "html.parser")
    assert [cell.get_text() for cell in page.thead.find_all("th")] == [corner, "a"]


def test_columns_of_two_levels_keep_their_rows():
    two = FRAME.format("", "").replace("<th></th></tr></thead>", "<th>b</th></tr></thead>")
    page = BeautifulSoup(markup.TABLE.sub(markup.better, two), "html.parser")
    assert [cell.get_text() for cell in page.thead.find_all("th")] == ["a", "b"]


def test_icons_of_the_theme_go_and_nothing_else():
    css = '@font-face{font-family:"Font Awesome 6 Free";src:url(x)}.fa-x:before{content:"y"}.table{color:red}'
    assert onesheet.ICONS.sub("", css) == ".table{color:red}"


def test_the_pages_have_no_markup_that_the_standard_forbids(book):
    """No paragraph in a summary or in another one, no sheet in the text, no old attribute, no id that stands twice."""
    faults = {}
    for name, page in written(book).items():
        ids = [one["id"] for one in page.article.select("[id]")]
        found = page.article.select("summary p, p p, p ol, p ul, p div, style:not(svg style), [halign], [scoped]")
        faults[name] = [str(one)[:80] for one in found] + sorted({one for one in ids if ids.count(one) > 1})
    assert {name: found for name, found in faults.items() if found} == {}


def test_an_id_that_stands_twice_stays_once():
    body = '<p id="a"></p><i id="b" class="c"></i><p id="a" class="d">id="a"</p>'
    assert markup.ids_once(body) == '<p id="a"></p><i id="b" class="c"></i><p class="d">id="a"</p>'
