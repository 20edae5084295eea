"""The search page, read from disk: what a reader types leads to the section that answers, with a sentence of it."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

QUERIES = json.loads((ROOT / "tests" / "book" / "queries.json").read_text(encoding="utf8"))
# shares with an answer among the first three
FLOORS = {
    "review": 0.95,
    "fresh": 0.95,
    "words": 1.0,
    "second review": 1.0,
    "strangers": 0.95,
    "relatives": 1.0,
    "symptoms": 1.0,
    "ecologist": 0.95,
    "engineer": 0.95,
    "geostatistician": 0.95,
    "twenty": 0.95,
    "ten": 0.9,
    "another twenty": 0.95,
    "ten more": 0.9,
}
READ = """() => [...document.querySelectorAll("#search-results li")].map(li => [
    li.querySelector("a").getAttribute("href").replace("./", ""), li.innerText, li.querySelector("p").innerText,
    [...li.querySelectorAll("mark")].map(mark => mark.innerText)])"""
READY = "() => window.searchSections"  # once the words are unpacked
NOTED = "() => document.getElementById('search-note').textContent"
TYPED = [*QUERIES["review"], "TaskData.from_frame", "credible interval"]


def place(pages, address):
    """The page and the id of the section, entry or name in which an address ends; None if it ends nowhere."""
    name, _, anchor = address.partition("#")
    there = pages[name].find(id=anchor) if anchor else pages[name].select_one("article section")
    while there is not None and not (
        there.name == "dt" or (there.name == "section" and there.find(re.compile("^h[1-4]$"), recursive=False))
    ):
        there = there.parent
    return there and (name, there["id"])


def words_of(pages, address):
    """The words at a place: of a section less those below it, or of an entry and what it says."""
    name, anchor = place(pages, address)
    there = pages[name].find(id=anchor)
    texts = [there, there.find_next_sibling("dd")] if there.name == "dt" else there.children
    own = [text for text in texts if getattr(text, "name", None) != "section" or not place_of_its_own(text)]
    return set(re.findall(r"\w{4,}", " ".join(text.get_text(" ") if text.name else str(text) for text in own)))


def place_of_its_own(section):
    return section.find(re.compile("^h[1-4]$"), recursive=False) is not None


@pytest.fixture(scope="module")
def search(book, chromium):
    """A function that answers a query with a list of results, and what the page complained of."""
    page, complaints = chromium.new_page(), []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((book[0] / "search.html").as_uri(), wait_until="load")
    page.wait_for_function(READY)
    yield lambda query: page.evaluate("query => searchSections(query)", query), complaints
    page.close()


@pytest.fixture(scope="module")
def shown(book, chromium):
    """query -> the results as a reader sees them: (address, text, excerpt, marked words), and the note above them."""
    page, seen, complaints = chromium.new_page(), {}, []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for query in TYPED:
        page.goto((book[0] / "search.html").as_uri() + f"?q={query.replace(' ', '+')}", wait_until="load")
        page.wait_for_function(NOTED)
        results = page.evaluate(READ)
        seen[query] = (results, page.locator("[role=status]").inner_text())
    assert complaints == []
    page.close()
    return seen


@pytest.mark.parametrize("part", FLOORS)
def test_queries_lead_to_the_sections_that_answer(search, book, part):
    pages, missed = book[1], []
    for query, answers in QUERIES[part].items():
        wanted = {place(pages, re.sub(r"(?=#|$)", ".html", f"book/{answer}", count=1)) for answer in answers}
        assert None not in wanted, f"{query}: an answer is not in the book"
        found = [place(pages, result["address"]) for result in search[0](query)[:3]]
        if not wanted & set(found):
            missed.append((query, found))
    assert 1 - len(missed) / len(QUERIES[part]) >= FLOORS[part], missed
    assert search[1] == []


def test_every_name_of_the_module_is_found_by_itself(search, book):
    names = [name["id"].removeprefix("mtgp_tutorial.") for name in book[1]["book/api.html"].select("dt[id]")]
    first = {name: search[0](name)[0]["address"] for name in names}
    assert {name: there for name, there in first.items() if not there.endswith(f"#mtgp_tutorial.{name}")} == {}


def test_no_result_stands_twice_and_each_ends_somewhere(shown, book):
    for query, (results, note) in shown.items():
        addresses = [address for address, *_ in results]
        assert results and note, query
        assert len(addresses) == len(set(addresses)), query
        assert all(place(book[1], address) for address in addresses), query


def test_excerpts_are_of_their_sections(shown, book):
    """The words are in the section (formulas aside, which are written in letters), and no raw TeX is."""
    for query, (results, _) in shown.items():
        for address, text, excerpt, _ in results:
            assert "\\" not in text, (query, text)
            strange = set(re.findall(r"\b[a-zA-Z]{4,}\b", excerpt)) - words_of(book[1], address)
            assert not strange, (query, address, strange)
        assert any(marked for *_, marked in results[:3]), f"{query}: no word of it is marked"


@pytest.mark.parametrize(
    ("query", "note", "offered"),
    [("qqqq zzzz", "Nothing found for “qqqq zzzz”", True), ("rank", "places, the best first", False)]
    + [(query, "No place has all of these words", True) for query in QUERIES["no answer"]],
)
def test_what_the_page_says_of_its_results_and_where_else_it_leads(book, chromium, query, note, offered):
    page = chromium.new_page()
    page.goto((book[0] / "search.html").as_uri() + f"?q={query.replace(' ', '+')}", wait_until="load")
    page.wait_for_function(NOTED)
    assert note in page.locator("[role=status]").inner_text()
    assert page.locator("#search-help").is_visible() == offered
    links = {link.inner_text(): link.get_attribute("href") for link in page.locator("#search-help a").all()}
    if offered:
        assert links == {
            "glossary": "book/glossary.html",
            "index": "genindex.html",
            "Which model?": "book/decide.html",
        }
    page.close()


def test_a_browser_that_cannot_unpack_the_words_is_told_where_else_to_look(book, chromium):
    page = chromium.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto((book[0] / "search.html").as_uri() + "?q=rank", wait_until="load")
    assert "browser of 2023 or later" in page.locator("[role=status]").inner_text()
    assert page.locator("#search-help").is_visible()
    page.close()


def test_the_keyboard_reaches_the_results(book, chromium):
    page = chromium.new_page()
    page.goto((book[0] / "search.html").as_uri() + "?q=rank", wait_until="load")
    page.wait_for_function(NOTED)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('#search-results li:first-child') !== null")
    page.close()
