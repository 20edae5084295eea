"""The built book, page by page: what it links to, shows and numbers. test_browser.py opens the pages."""

import json
import os
import re
import shutil
from pathlib import Path

import bookmap  # tools/bookmap.py
import plain  # tools/plain.py
import public  # tools/public.py
import pytest
import yaml
from building import build

import mtgp_tutorial

ROOT = plain.ROOT
EXAMPLE_ADDRESS = "https://github.com/OWNER/REPO"
PAGES = "https://owner.github.io/REPO/"


@pytest.fixture(scope="session", params=["", EXAMPLE_ADDRESS], ids=["no address", "address"])
def addressed(request, book, tmp_path_factory):
    """The book as it stands where that has the address asked for, else a copy with it: address, folder, pages."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    if (config["repository"].get("url") or "") == request.param:
        return request.param, ROOT, book[0], book[1]
    tree = tmp_path_factory.mktemp("tree")
    for name in ("book", "examples", "tools", "mtgp_tutorial"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_toc.yml", "genindex.md", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, tree)
    config["repository"]["url"] = request.param
    (tree / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf8")
    public.write(tree)
    plain.write(tree)
    return request.param, tree, *build(tree, tree)


def chapters():
    return sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))


def test_the_map_is_that_of_the_contents():
    """Each numbered chapter has its row, and the stored picture was drawn from these rows."""
    assert not bookmap.stale()


def test_links_inside_the_book_resolve(book):
    html, pages = book
    ids = {name: {one["id"] for one in page.select("[id]")} for name, page in pages.items()}
    broken = []
    for name, page in pages.items():
        for link in page.select("a[href]"):
            target, _, anchor = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = Path(os.path.normpath(Path(name).parent / target)).as_posix() if target else name
            there = (html / path).is_file()
            if not there or (anchor and path in pages and anchor not in ids[path]):
                broken.append(f"{name}: {link['href']}")
    assert broken == []


def test_addresses_of_the_first_edition_lead_on(book):
    """Each page of the first edition is there, and each fragment that it had, or moved.js names one that is."""
    pages = {Path(name).stem: page for name, page in book[1].items() if name.startswith("book/")}
    script = (ROOT / "book" / "_static" / "moved.js").read_text(encoding="utf8")
    moved = json.loads(re.search(r"const MOVED = (\{.*?\n\});", script, re.DOTALL)[1])
    lost = []
    for name, fragments in json.loads((ROOT / "tests" / "book" / "first_edition.json").read_text()).items():
        lost += [name] * (name not in pages)
        for fragment in fragments:
            page, _, there = moved.get(name, {}).get(fragment, f"{name}.html#{fragment}").partition(".html#")
            if page not in pages or not pages[page].find(id=there):
                lost.append(f"{name}#{fragment}")
    assert lost == []


def test_images_have_alt_text(book):
    images = [(name, image) for name, page in book[1].items() for image in page.select("article img")]
    assert len(images) > 50
    assert [name for name, image in images if not image.get("alt") or re.search(r"\.\w{3,4}$", image["alt"])] == []


def test_numbers_of_pages_and_plain_copies_agree(book):
    """Sphinx and tools/myst.py count equations, statements, exercises and figures on their own."""
    for path, text in plain.copies().items():
        page = book[1][f"book/{path.stem}.html"]
        equations = [found.get_text().strip("#()") for found in page.select(".eqno")]
        assert equations == re.findall(r"\\tag\{([\d.]+)\}", text.replace("\\\\tag", "\\tag"))
        captions = [" ".join(found.get_text().split()) for found in page.select(".caption-number")]
        missing = [caption for caption in captions if not re.search(rf"\*{re.escape(caption)}\b", text)]
        assert missing == []


def test_buttons_follow_the_address(addressed):
    address, tree, _, pages = addressed
    for name in chapters():
        links = [link["href"] for link in pages[f"book/{name}.html"].select("a[href]")]
        copy = f"book/plain/{name}.ipynb"
        colab = f"https://colab.research.google.com/github/OWNER/REPO/blob/v{mtgp_tutorial.__version__}/{copy}"
        assert (tree / copy).is_file()
        assert [link for link in links if link.startswith("https://colab")] == (2 * [colab] if address else [])
        row = pages[f"book/{name}.html"].select_one(":is(h1, .chapter-head) + .run-it")
        beside = [(link.get_text(), link["href"]) for link in row.select(":scope > a")]
        assert beside == ([("Open in Colab", colab)] if address else [])
        assert (EXAMPLE_ADDRESS in links) == bool(address)
        assert any(link.startswith(f"{EXAMPLE_ADDRESS}/issues") for link in links) == bool(address)
        if not address:
            assert not [link for link in links if "github.com" in link and ("REPO" in link or "/None" in link)]


def test_each_notebook_says_how_to_run_it(addressed):
    """The two files that it links are there, the lines name them, and the menu of downloads says what one gets."""
    _, tree, html, pages = addressed
    wheel = f"mtgp_tutorial-{mtgp_tutorial.__version__}-py3-none-any.whl"
    for name in chapters():
        page = pages[f"book/{name}.html"]
        row = page.select_one(".run-it")
        files = [html / "book" / link["href"] for link in row.select("a[download]")]
        assert [file.name for file in files] == [f"{name}.ipynb", wheel] and all(file.is_file() for file in files)
        assert files[0].read_text(encoding="utf8") == (tree / "book" / "plain" / f"{name}.ipynb").read_text("utf8")
        assert row.pre.get_text() == f"pip install jupyterlab {wheel}\njupyter lab {name}.ipynb"
        menu = page.select_one(".dropdown-download-buttons").get_text(" ", strip=True)
        assert menu == "Notebook to run (.ipynb) Print or save (.pdf)"


def own(address):
    """Where an address of the repository, of Colab or of the pages leads: folder, path in it, fragment; else None."""
    raised = re.match(rf"{EXAMPLE_ADDRESS}/(?:blob|tree|edit)/[^/]+/(.+)", address)
    colab = re.match(rf"{public.COLAB}/OWNER/REPO/blob/v{mtgp_tutorial.__version__}/(.+)", address)
    if raised or colab:
        return "tree", (raised or colab)[1], ""
    path, _, fragment = address.removeprefix(PAGES).partition("#")
    return ("pages", path or "index.html", fragment) if address.startswith(PAGES) else None


def test_each_link_of_the_public_book_leads_somewhere(addressed):
    """Followed as text, in the pages, the plain copies, README and citation: to a file, and to an id in it."""
    address, tree, html, pages = addressed
    texts = [(html / name).read_text(encoding="utf8") for name in pages]
    texts += [path.read_text(encoding="utf8") for path in (tree / "book" / "plain").glob("*.ipynb")]
    texts += [(tree / name).read_text(encoding="utf8") for name in public.FILES]
    found = {one for text in texts for one in re.findall(r"https://[^\s\"'<>)\\]*", text)}
    places = {one: place for one in found if (place := own(one))}
    assert bool(places) == bool(address) and (not address or len(places) > 150)
    ids = {name: {one["id"] for one in page.select("[id]")} for name, page in pages.items()}
    lost = []
    for one, (folder, path, fragment) in places.items():
        there = ((tree if folder == "tree" else html) / path).exists()
        lost += [one] * (not there or bool(fragment and fragment not in ids[path]))
    assert lost == []
    colab, repository = "https://colab.research.google.com", "github.com/OWNER/REPO"
    rest = {one for one in found - set(places) if one.startswith(colab) or repository in one}
    known = {colab, f"{colab}/", EXAMPLE_ADDRESS, f"{EXAMPLE_ADDRESS}@v{mtgp_tutorial.__version__}"}
    assert {one for one in rest if one.rstrip("`") not in known and "/issues" not in one} == set()


def test_pages_say_where_they_are_once_it_is_known(addressed):
    """Canonical link and Open Graph; a description in any case."""
    address, tree, html, pages = addressed
    described = [name for name in pages if name.startswith("book/")]
    for name in described:
        page = pages[name]
        (text,) = [tag["content"] for tag in page.select("meta[name=description]")]
        assert 10 < len(text) <= 220 and not re.search(r"[\\<>]", text), (name, text)
        canonical = [link["href"] for link in page.select("link[rel=canonical]")]
        shown = {tag["property"]: tag["content"] for tag in page.select("meta[property^='og:']")}
        assert canonical == ([PAGES + name] if address else []) and len(
            page.select("meta[name='twitter:card']")
        ) == bool(address)
        if address:
            assert shown["og:url"] == PAGES + name and shown["og:description"] == text and shown["og:title"]
            assert (html / shown["og:image"].removeprefix(PAGES)).is_file()
        else:
            assert shown == {} and PAGES not in str(page)


def test_icons_of_all_buttons_are_there(addressed):
    """An icon that icons.css does not know is a black square; two come with the address only."""
    known = set(re.findall(r"\.(fa-[\w-]+) \{", (ROOT / "book" / "_static" / "icons.css").read_text(encoding="utf8")))
    sizes = {"fa-solid", "fa-regular", "fa-brands", "fa-lg", "fa-fw"}
    icons = {name for page in addressed[3].values() for icon in page.select("[class*='fa-']") for name in icon["class"]}
    assert {name for name in icons if name.startswith("fa-")} - sizes - known == set()


def test_descriptions_tell_pages_apart(book):
    described = [
        page.select_one("meta[name=description]")["content"] for name, page in book[1].items() if "book/" in name
    ]
    assert len(described) == len(set(described))
