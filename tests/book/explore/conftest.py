"""The figures to play with, opened in the book that was built once."""

import pytest
from playing import playground


@pytest.fixture(scope="session")
def playing(book, chromium):
    """Gives a figure to play with: name, address and screen -> `playing.Figure`."""
    with playground(book, chromium) as open_figure:
        yield open_figure
