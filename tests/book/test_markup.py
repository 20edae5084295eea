"""What the extensions of the look (book/_ext: markup) make of the pages."""


def written(book):
    """The pages with an article."""
    return {name: page for name, page in book[1].items() if page.select_one("article")}


def test_pictures_after_the_first_are_lazy_and_keep_their_place(book):
    for name, page in written(book).items():
        images = page.select("article img")
        assert [image.get("loading") for image in images] == [None, *(len(images) - 1) * ["lazy"]][: len(images)], name
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


def test_the_pages_have_no_markup_that_the_standard_forbids(book):
    """No paragraph in a summary or in another one, no sheet in the text, no old attribute, no id that stands twice."""
    faults = {}
    for name, page in written(book).items():
        ids = [one["id"] for one in page.article.select("[id]")]
        found = page.article.select("summary p, p p, p ol, p ul, p div, style:not(svg style), [halign], [scoped]")
        faults[name] = [str(one)[:80] for one in found] + sorted({one for one in ids if ids.count(one) > 1})
    assert {name: found for name, found in faults.items() if found} == {}
