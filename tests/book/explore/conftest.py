"""The figures to play with, opened in the book that was built once."""

import pytest
from playing import playground


@pytest.fixture(scope="session")
def playing(book, chromium):
    """Gives a figure to play with: name, address and screen -> `playing.Figure`."""
    with playground(book, chromium) as open_figure:
        yield open_figure


@pytest.fixture(scope="module")
def blank(chromium):
    """An empty page, for scripts without their figure."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
