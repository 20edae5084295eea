"""The built book, page by page: what it links to, shows and numbers. test_browser.py opens the pages."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bookmap  # tools/bookmap.py
import plain  # tools/plain.py
import pytest
import yaml
from building import build

ROOT = plain.ROOT
EXAMPLE_ADDRESS = "https://github.com/OWNER/REPO"


@pytest.fixture(scope="session", params=["", EXAMPLE_ADDRESS], ids=["no address", "address"])
def addressed(request, tmp_path_factory):
    """A copy of the book with and without a public address."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("book", "tools", "mtgp_tutorial"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_toc.yml", "genindex.md", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf8"))
    config["repository"]["url"] = request.param
    (tree / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf8")
    return request.param, tree, build(tree, tree)[1]


def chapters():
    return sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))


def test_every_chapter_is_in_the_contents():
    assert set(chapters()) <= set(plain.documents())


def test_every_page_of_the_contents_is_built(book):
    pages = book[1]
    assert {f"book/{name}.html" for name in plain.documents()} <= set(pages)
    first = pages[f"book/{next(iter(plain.documents()))}.html"]  # index.html is this page (tests/test_landing.py)
    assert pages["index.html"].article.get_text() == first.article.get_text()


def test_the_map_is_that_of_the_contents():
    """Each numbered chapter has its row, and the stored picture was drawn from these rows."""
    assert not bookmap.stale()


def test_links_inside_the_book_resolve(book):
    html, pages = book
    broken = []
    for name, page in pages.items():
        for link in page.select("a[href]"):
            target, _, anchor = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            path = Path(os.path.normpath(Path(name).parent / target)).as_posix() if target else name
            there = (html / path).is_file()
            if not there or (anchor and path in pages and not pages[path].find(id=anchor)):
                broken.append(f"{name}: {link['href']}")
    assert broken == []


def test_addresses_of_the_first_edition_lead_on(book):
    """Each fragment that a page of the first edition had is still there, or moved.js names one that is."""
    pages = {Path(name).stem: page for name, page in book[1].items() if name.startswith("book/")}
    script = (ROOT / "book" / "_static" / "moved.js").read_text(encoding="utf8")
    moved = json.loads(re.search(r"const MOVED = (\{.*?\n\});", script, re.DOTALL)[1])
    lost = []
    for name, fragments in json.loads((ROOT / "tests" / "first_edition.json").read_text()).items():
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


def test_the_log_says_whether_outputs_are_verified(addressed):
    _, tree, _ = addressed
    assert "Stored outputs: NOT verified" in (tree / "build.log").read_text(encoding="utf8")
    stamp = "import stamp; stamp.write(stamp.fingerprint())"
    subprocess.run([sys.executable, "-c", stamp], cwd=tree / "tools", check=True)
    build(tree, tree)
    assert "Stored outputs: verified" in (tree / "build.log").read_text(encoding="utf8")


def test_buttons_follow_the_address(addressed):
    address, tree, pages = addressed
    for name in chapters():
        links = [link["href"] for link in pages[f"book/{name}.html"].select("a[href]")]
        copy = f"book/plain/{name}.ipynb"
        colab = f"https://colab.research.google.com/github/OWNER/REPO/blob/main/{copy}"
        assert (tree / copy).is_file()
        assert [link for link in links if "colab" in link] == ([colab] if address else [])
        assert (EXAMPLE_ADDRESS in links) == bool(address)
        if not address:
            assert not [link for link in links if "github.com" in link and ("REPO" in link or "/None" in link)]
