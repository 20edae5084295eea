"""What a study says of the pages that show it."""

import ast
import re

import nbformat
import pytest
from stamp import ROOT  # tools/stamp.py

STUDIES = sorted((ROOT / "book" / "studies").glob("*.py"))


def loads(page, study):
    """Whether a cell of the page, or a tie of its text, asks for the study's stored rows."""
    cells = nbformat.read(ROOT / page, as_version=4).cells
    return any(re.search(rf'\b(study|difference)\("{study}(_\w+)?"', cell.source) for cell in cells)


@pytest.mark.parametrize("path", STUDIES, ids=[path.stem for path in STUDIES])
def test_a_page_that_a_study_names_shows_it(path):
    """By its file: a chapter's title changes, and what a page recomputes is said there."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf8")))
    assert not re.search(r"chapter|\bpages?\b", said, re.IGNORECASE)
    named = re.findall(r"book/\w+\.ipynb", said)
    assert [page for page in named if not loads(page, path.stem)] == []
