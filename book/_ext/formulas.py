"""Formulas are drawn by the build: MathML from MathJax's own parser, which runs here and not in a browser."""

from __future__ import annotations

import atexit
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.errors import SphinxError
from sphinx.util.math import get_node_equation_number

PARTS = ("loader.js", "core.js", "adaptors/liteDOM.js", "input/tex.js")
# MathJax looks for a page, a console and a clock, and does without what it finds there.
GROUND = """globalThis.window = globalThis.global = globalThis.self = globalThis; globalThis.console = {warn() {}};
    globalThis.setTimeout = () => {}; globalThis.MathJax = {loader: {load: []}, startup: {typeset: false}};"""


@cache
def engine() -> MiniRacer:
    source = Path(distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline/static/mathjax"))
    racer = MiniRacer()
    atexit.register(racer.close)  # left to itself its thread may wait for ever as Python ends
    racer.eval(GROUND)
    for file in (*(source / part for part in PARTS), Path(__file__).with_suffix(".js")):
        racer.eval(file.read_text(encoding="utf8") + "; 0")
    return racer


@cache
def mathml(tex: str, display: bool) -> str:
    """The formula for a browser. Raises SphinxError for what TeX cannot read."""
    try:
        return engine().call("mathml", tex, display)
    except JSEvalException as error:
        why = re.search(r"Error: (.*)", str(error))
        raise SphinxError(f"This formula cannot be read: {tex}: {why[1] if why else error}") from error


def drawn(self, node: nodes.Node, display: bool) -> str:
    try:
        return mathml(node.astext(), display)
    except SphinxError as error:
        raise SphinxError(f"{self.builder.current_docname}: {error}") from error


def visit_inline(self, node: nodes.math) -> None:
    self.body.append(f'<span class="math">{drawn(self, node, False)}</span>')
    raise nodes.SkipNode


def visit_block(self, node: nodes.math_block) -> None:
    """The number stands beside the box that scrolls, so that it cuts nothing and is not torn off on paper."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(f'<div class="formula">{drawn(self, node, True)}</div>')
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("formulas", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": False}
