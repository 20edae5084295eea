"""The book, built once for all tests that look at its pages."""

import os

import pytest
from building import built_once
from opening import BROWSER, required
from stamp import ROOT


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The book as it stands; one build for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return built_once(ROOT, (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "book")


@pytest.fixture(scope="session")
def chromium():
    """A browser, or a skip that says why; a failure where MTGP_REQUIRE_BROWSER=1 forbids to skip."""
    if BROWSER is None:
        if required():
            pytest.fail("MTGP_REQUIRE_BROWSER=1, but there is no chromium, chromium-browser or google-chrome")
        pytest.skip("no Chromium on this machine: pages were built but not opened")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
