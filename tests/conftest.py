"""The book, built once for all tests that look at its pages."""

import pytest
from building import build
from stamp import ROOT


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The book as it stands."""
    return build(ROOT, tmp_path_factory.mktemp("book"))
