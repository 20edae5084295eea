"""Code in sight runs when a reader copies it from the page, from top to bottom, and prints what the page shows."""

import ast
import contextlib
import io

import pytest
from plain import ROOT  # tools/plain.py
from test_chapters import cells, folded

COURSE = "five weights gp fitting scores independent icm sharing lmc noise table counts next lag priors".split()
COURSE += ["speed", "scale", "gpu", "gpytorch"]

pytestmark = pytest.mark.check


def shown(cell):
    """Stored text of a cell: what was printed, and the last value."""
    printed = "".join(output.get("text", "") for output in cell.outputs)
    values = [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"]
    return printed, *values


def ran(source, names):
    """The same of a cell that is run now, with what the cells before left."""
    tree, said, values = ast.parse(source), io.StringIO(), ()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(said):
        exec(compile(tree, "page", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "page", "eval"), names) if last else None
    if value is not None:
        values = (repr(value),)
    return said.getvalue(), *values


def copied(name):
    """Cells of code that are not folded, or are folded as *Copy first*, those of solutions among them."""

    def wanted(cell):
        return not folded(cell) or cell.metadata.get("mystnb", {}).get("code_prompt_show", "").startswith("Copy first")

    return [cell for cell in cells(name) if cell.cell_type == "code" and wanted(cell)]


def test_a_symptoms_code_runs_after_the_first_cell_alone(monkeypatch):
    """Nobody reads `wrong` from top to bottom."""
    monkeypatch.chdir(ROOT / "book")
    first, *others = copied("wrong")
    for cell in others:
        names = {"__name__": "__main__"}
        ran(first.source, names)
        assert ran(cell.source, names) == shown(cell), cell.source


@pytest.mark.parametrize("name", COURSE)
def test_code_in_sight_runs_when_copied(name, monkeypatch):
    monkeypatch.chdir(ROOT / "book")
    names = {"__name__": "__main__"}
    for cell in copied(name):
        assert ran(cell.source, names) == shown(cell), cell.source
