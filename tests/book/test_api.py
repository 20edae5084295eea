"""The page of the module: every public name is there, exists, and has an example."""

import ast
import inspect
import re
import sys
from types import ModuleType

import pytest
from stamp import ROOT

import mtgp_tutorial

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import api  # noqa: E402
import naming  # noqa: E402

PAGE = api.expanded((ROOT / "book" / "api.md").read_text(encoding="utf8"))
DOCUMENTED = re.findall(r"^\.\. auto(\w+):: mtgp_tutorial\.([\w.]+)$", PAGE, re.MULTILINE)
SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Warns):\n((?: .*\n)+)", re.MULTILINE)
ENTRY = re.compile(r"([*\w, ]+?)(?: \((.+?)\))?: (.*)")  # name (kind): what it means
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
    assert len(offered) > 60 and {"gaussian", "kronecker", "plots", "scores", "simulate", "tables"} <= set(MODULES)
    assert [value for value in offered if not any(value is one for one in there)] == []


@pytest.mark.parametrize("kind, name", DOCUMENTED, ids=[name for _, name in DOCUMENTED])
def test_what_is_on_the_page_exists_and_has_an_example(kind, name):
    """The doctests of the module run the example; a module has those of its functions."""
    value = found(name)
    if isinstance(value, ModuleType):
        assert kind == "module" and value.__doc__
        return
    example = inspect.getdoc(value).partition("\n\n>>> ")[2]
    assert re.search(rf"\b{name.split('.')[-1]}\b", example) or kind == "class"
    assert example
    error = isinstance(value, type) and issubclass(value, Exception)
    assert kind == ("exception" if error else "class" if isinstance(value, type) else "function")


def callables():
    """name -> every function and class on the page, and every method that says what it does."""
    for name in (name for kind, name in DOCUMENTED if kind != "module"):
        value = found(name)
        yield name, value
        for method, thing in vars(value).items() if isinstance(value, type) else ():
            thing = getattr(thing, "__func__", thing)  # of a class method
            if not method.startswith("_") and inspect.isfunction(thing) and thing.__doc__:
                yield f"{name}.{method}", thing


CALLABLES = dict(callables())


def said(value):
    """name -> what a docstring says of an argument, or of an attribute of what is returned."""
    texts = dict(SECTION.findall(inspect.getdoc(value).partition("\n>>> ")[0] + "\n"))
    entries = re.split(r"\n {4}(?! )", "\n" + texts.get("Args", texts.get("Attributes", "")))[1:]
    return {one[1]: one[3] for one in (ENTRY.fullmatch(" ".join(entry.split())) for entry in entries)}


def asked(value):
    """name -> its parameter, as a signature has it, less those that a base class explains."""
    if isinstance(value, type) and issubclass(value, Exception) and "__init__" not in vars(value):
        return {}
    known = {"self", "cls", *(getattr(value.__base__, "__dataclass_fields__", ()) if isinstance(value, type) else ())}
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(value).parameters.items()
    return {stars.get(one.kind, "") + name: one for name, one in parameters if name not in known}


@pytest.mark.parametrize("name", CALLABLES)
def test_each_parameter_has_a_line_in_the_order_of_the_signature(name):
    """A default that can be written down is that of the signature; None, or nothing, is told in words."""
    lines, parameters = said(CALLABLES[name]), asked(CALLABLES[name])
    assert list(lines) == list(parameters)
    for line, parameter in zip(lines.values(), parameters.values()):
        stated, default = re.search(r"Default: (.+)$", line), parameter.default
        assert (stated is None) == (default is inspect.Parameter.empty), parameter
        if stated and default not in (None, (), ""):
            assert ast.literal_eval(stated[1].removesuffix(".")) == default, parameter


def test_the_page_shows_signatures_and_examples(book):
    page = book[1]["book/api.html"]
    for _, name in DOCUMENTED:
        assert page.find(id=f"mtgp_tutorial.{name}") or page.find(id=f"module-mtgp_tutorial.{name}"), name
    assert "starts=None" in page.find(id="mtgp_tutorial.fit").get_text()
    assert page.select_one("dl.py .highlight-default, dl.py .doctest") and "[M*T, M*T]" in page.get_text()
    assert not re.search(r"\(book: |``|:eq:", page.select_one("article").get_text())


NAMES = [name for kind, name in DOCUMENTED if kind != "module"]
IN_NO_CHAPTER = set(  # or under another name, as PosteriorSamples under sample_posterior
    "plots.label datasets.dome_c PosteriorSamples Mixture Model Prediction Scale gaussian.cholesky kronecker.posterior "
    "tables.Check tables.TableError tables.NotApplicable tables.posterior_averaging tables.calibrated "
    "tables.filled_frame tables.Filled plots.inputs "
    "Bernoulli".split()
)


def test_each_entry_says_where_the_book_has_it_and_is_reached_from_there(book):
    page, alone = book[1]["book/api.html"], []
    for name in NAMES:
        line = page.find(id=f"mtgp_tutorial.{name}").find_next_sibling("dd").find(class_="in-the-book", recursive=False)
        links = line.find_all("a") if line else []
        assert len(links) <= naming.MOST
        alone += [] if links else [name]
        for link in links:
            path, _, anchor = link["href"].partition("#")
            there = book[1][f"book/{path}"].find(id=anchor or True, name="section")
            assert there.select_one(f'a[href$="api.html#mtgp_tutorial.{name}"]'), (name, path)
    named = {name for name in alone if not name.startswith("scores.")}  # a score may be there as a column
    assert named <= IN_NO_CHAPTER
