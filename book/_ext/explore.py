"""`{explore} NAME`: a figure to play with, computed in the reader's browser by book/_static/explore/NAME.js.

    ```{explore} icm
    :twin: fig-icm-four
    :label: Two tasks of an ICM
    :state: rho=0.9&gap=4.2,7

    What to try, and what one will see. A question that playing answers.
    ```

The twin is the numbered figure before it, which shows the same at rest. Without scripts and on paper a sentence names it,
and the text here is left out. The state is written as in an address: only what differs from the figure's own start.
"""

from __future__ import annotations

import html
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

FOLDER = "explore"  # in book/_static
SHARED = ("gaussian.js", "explore.js", "plot.js")  # in this order, before the figure's own script
STILL = "Here the pages have a figure to play with, which needs scripts; {{numref}}`{twin}` shows it at rest."


class explorable(nodes.General, nodes.Element):  # noqa: N801  (docutils names nodes so)
    """The place of the live figure."""


class explorable_text(nodes.General, nodes.Element):  # noqa: N801
    """What to try: only where there is something to play with."""


class Explore(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec = {name: directives.unchanged_required for name in ("twin", "label", "state", "name")}

    def run(self):
        name = self.arguments[0]
        script = Path(self.env.srcdir) / "book" / "_static" / FOLDER / f"{name}.js"
        if not script.is_file() or not {"twin", "label"} <= self.options.keys() or not self.content:
            raise self.error(f"explore: needs {script.name}, a :twin:, a :label: and what to try")
        place = explorable("", name=name, state=self.options.get("state", ""), label=self.options["label"])
        place["ids"] = [self.options.get("name", name)]
        still = StringList([STILL.format(twin=self.options["twin"])], source=self.get_source_info()[0])
        self.state.nested_parse(still, self.content_offset, place)
        place[0]["classes"].append("explore-still")
        text = explorable_text()
        self.state.nested_parse(self.content, self.content_offset, text)
        place += text
        return [place]


def visit_html(self, node):
    data = {
        "id": node["ids"][0],
        "data-explore": node["name"],
        "data-state": node["state"],
        "data-label": node["label"],
    }
    attributes = " ".join(f'{key}="{html.escape(value)}"' for key, value in data.items())
    self.body.append(f'<div class="explore" {attributes}>\n')


def skip(self, node):
    raise nodes.SkipNode


def add_scripts(app, pagename, templatename, context, doctree):
    names = sorted({node["name"] for node in doctree.findall(explorable)}) if doctree else []
    for file in (*SHARED, *(f"{name}.js" for name in names)) if names else ():  # deferred scripts run in this order
        app.add_js_file(f"{FOLDER}/{file}", loading_method="defer")


def setup(app):
    def nothing(self, node): ...

    def close(self, node):
        self.body.append("</div>\n")

    def open_text(self, node):
        self.body.append('<div class="explore-text">\n')

    app.add_node(explorable, html=(visit_html, close), **dict.fromkeys(("latex", "text"), (nothing, nothing)))
    app.add_node(explorable_text, html=(open_text, close), **dict.fromkeys(("latex", "text"), (skip, None)))
    app.add_css_file(f"{FOLDER}/explore.css")
    app.add_directive("explore", Explore)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
