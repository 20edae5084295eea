"""The book, built once for all tests that look at its pages, and a browser to look with."""

import os
import shutil

import pytest
from building import build
from stamp import ROOT

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The book as it stands."""
    return build(ROOT, tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="session")
def chromium():
    """A browser, or a skip that says why; a failure where MTGP_REQUIRE_BROWSER=1 forbids to skip."""
    if BROWSER is None:
        if os.environ.get("MTGP_REQUIRE_BROWSER") == "1":
            pytest.fail("MTGP_REQUIRE_BROWSER=1, but there is no chromium, chromium-browser or google-chrome")
        pytest.skip("no Chromium on this machine: pages were built but not opened")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
