"""The page of the module: every public name is there, exists, and has an example."""

import ast
import importlib
import inspect
import re
import sys
from types import ModuleType

import pytest
from stamp import ROOT

import mtgp_tutorial

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import api  # noqa: E402  (the folder has to be named first)

PAGE = (ROOT / "book" / "api.md").read_text(encoding="utf8")
DOCUMENTED = re.findall(r"^\.\. auto(\w+):: mtgp_tutorial\.([\w.]+)$", PAGE, re.MULTILINE)
MODULES = [name for name in mtgp_tutorial.__all__ if isinstance(getattr(mtgp_tutorial, name), ModuleType)]


def found(dotted):
    """What a dotted name of the package stands for."""
    thing = mtgp_tutorial
    for name in dotted.split("."):
        thing = getattr(thing, name)
    return thing


def public(module):
    """What a module offers: its `__all__`, or the functions and classes that it defines and whose names say so."""
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__ and callable(value)
    ]
    return [getattr(module, name) for name in names]


def test_every_public_name_is_on_the_page():
    there = [found(name) for _, name in DOCUMENTED]
    offered = [*public(mtgp_tutorial), *(value for name in MODULES for value in public(getattr(mtgp_tutorial, name)))]
    assert len(offered) > 60 and {"datasets", "exact", "plots", "scores", "simulate"} <= set(MODULES)
    assert [value for value in offered if not any(value is one for one in there)] == []


def test_no_name_is_on_the_page_twice():
    there = [id(found(name)) for _, name in DOCUMENTED]
    assert len(there) == len(set(there)) == PAGE.count(".. auto")


@pytest.mark.parametrize("kind, name", DOCUMENTED, ids=[name for _, name in DOCUMENTED])
def test_what_is_on_the_page_exists_and_has_an_example(kind, name):
    """The doctests of the module run the example; a module has those of its functions."""
    value = found(name)
    if isinstance(value, ModuleType):
        assert kind == "module" and value.__doc__
        return
    example = inspect.getdoc(value).partition("\n\n>>> ")[2]
    assert re.search(rf"\b{name.split('.')[-1]}\b", example) or kind == "class"
    assert example and max(map(len, example.split("\n"))) <= 100
    error = isinstance(value, type) and issubclass(value, Exception)
    assert kind == ("exception" if error else "class" if isinstance(value, type) else "function")


MARKED_UP = {
    "W_q times *x*, [M*T, M*T], |r|": r"W\_q times \*x\*, [M\*T, M\*T], \|r\|",
    "`icm` and `x`": r"\ :py:obj:`icm <mtgp_tutorial.icm>`\  and \ ``x``\ ",
    'Some "cell"s': r'Some \ ``"cell"``\ s',
    "B (book: icm).\nMore.": r"B \ :eq:`icm`\ . More.",
    "One.\n\n    a  table\n\n>>> 1 * 2\n2": "One.\n\n::\n\n    a  table\n\n>>> 1 * 2\n2",
    "One: a\n  line.\ntwo: more.": "One: a line.\n\ntwo: more.",
}


@pytest.mark.parametrize("docstring", MARKED_UP)
def test_docstrings_keep_their_characters(docstring):
    assert "\n".join(api.rewrite(docstring.split("\n"), {"icm"})).removesuffix("\n") == MARKED_UP[docstring]


def test_the_page_shows_signatures_and_examples(book):
    page = book[1]["book/api.html"]
    for _, name in DOCUMENTED:
        assert page.find(id=f"mtgp_tutorial.{name}") or page.find(id=f"module-mtgp_tutorial.{name}"), name
    assert "starts=None" in page.find(id="mtgp_tutorial.fit").get_text()
    assert page.select_one("dl.py .highlight-default, dl.py .doctest") and "[M*T, M*T]" in page.get_text()
    assert not re.search(r"\(book: |``|:eq:", page.select_one("article").get_text())


ENDINGS = ("csv", "html", "md", "npz", "py")  # of files
ELSEWHERE = ("Axes", "dask", "gpytorch", "np", "torch", "season", "trend", "trials")  # libraries, and words of examples


def test_what_docstrings_name_in_other_files_is_there():
    """A name with a point, such as `filters.adjoint` or `Fit.save`: a file or class of the module has it."""
    files = sorted((ROOT / "mtgp_tutorial").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    owners = {module.__name__.rpartition(".")[2]: module for module in modules}
    owners |= {name: value for module in modules for name, value in vars(module).items() if isinstance(value, type)}
    lost = []
    for path in files:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf8")))
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
        for text in [ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds)]:
            prose = text.partition("\n\n>>> ")[0]
            for owner, name in re.findall(r"(?<![\w./\"'])([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?![\w/])", prose):
                fields = getattr(owners.get(owner), "__annotations__", {})
                known = owner in ELSEWHERE or name in ENDINGS or name in fields or hasattr(owners.get(owner), name)
                lost += [] if known else [f"{path.name}: {owner}.{name}"]
    assert lost == []
